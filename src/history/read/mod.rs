//! What people and other systems ask of the record. Each question is one or two statements that an index answers, however
//! much is stored; a list is read in pages, each beginning after the last item of the one before, so that what is added
//! meanwhile neither shifts nor repeats anything.

mod alerts;
mod figures;
mod interval;
mod live;
mod message;
mod moment;
mod run;
mod search;
mod select;
mod sent_as;
mod states;
mod timeline;
mod tried;
mod turns;
mod whose;

#[cfg(test)]
mod plans;

pub use alerts::{AlertFilter, AlertPlace, AlertShown, alerts};
pub use figures::{Counted, DROPPED, Figures, FiguresFilter, Group, Outcome, StateFigures, figures};
pub use interval::{Interval, wilson};
pub use live::{BATCH, Heard, KINDS, LivePlace, RunFlows, heard, kind_of, newest};
pub use message::{Message, MessageFilter, MessagePlace, STATUSES, messages};
pub use run::{RunFilter, RunPlace, RunShown, run, runs};
pub use search::{SearchScope, Terms, search};
pub use sent_as::sent_as;
pub use states::{StateCount, StateFilter, StatePlace, states};
pub use timeline::{Between, Happened, TimelinePlace, timeline};
pub use tried::{TriedFilter, TriedMessage, TriedPlace, TriedRequest, TriedShown, tried, tried_message};
pub use turns::{Call, Decided, RunTurns, Turn, turns};
pub use whose::{is_known, whose};
