//! Reading YAML as operators write it: every scalar as text with its place, nothing typed, nothing resolved. What the
//! format refuses (anchors, aliases, tags, a key twice, tabs, several documents) is refused here, with a remedy, and so are
//! the slips that YAML itself does not see: `{{ x }}` without quotes and prose that ends at a comma.
//!
//! The tree is the project's own: nothing above knows the parser below.

mod build;
mod node;
mod place;
mod quick;
mod refuse;
mod slip;
mod syntax;
#[cfg(test)]
mod tests;

pub use build::read;
pub use node::{Comment, Document, Entry, Key, Node, Scalar, Style, Tree, same_key};
pub use place::Places;
