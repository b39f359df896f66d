//! How well replies are understood, measured on labelled replies: precision and recall for each kind and language.
//! `make understanding` prints it, a test holds the goals, and `docs/understanding.md` keeps the figures.

mod ask;
mod measure;
mod report;
mod row;

pub use measure::{Figures, Measured, Wrong, measure};
pub use report::report;
pub use row::{Corpus, CorpusError, Row};
