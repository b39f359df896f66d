//! The query language over contacts: `tag = vip and last_seen > 30d and language in (es, pt)`. Lists, exports and audiences
//! choose contacts by it. Its syntax is that of expressions (`flow::expression::query`); here are the fields, what they mean,
//! the SQL and, to hold that against, an evaluator.
//!
//! The way of a query: `QueryNode` ▸ `resolve` a [`Condition`] of fields and values of one type each ▸ `sql` a condition over
//! `contact c` with parameters, or `holds` for one contact. A condition is true or false and never unknown: what has no value is
//! equal to nothing, so that `not` and `!=` find contacts without it.

mod attribute;
mod condition;
mod field;
mod holds;
mod problem;
mod resolve;
mod sql;
mod when;

#[cfg(test)]
mod tests;

pub use attribute::{Stored, stored};
pub use holds::Facts;
pub use problem::QueryProblem;
pub use sql::Selection;

use super::Dialect;
use crate::domain::name::Name;
use crate::domain::time::Millis;
use crate::domain::value::Type;
use crate::flow::expression::query::QueryNode;
use condition::Condition;
use indexmap::IndexMap;
use jiff::tz::TimeZone;

/// What a query may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The declared attributes with their types.
    pub attributes: &'a IndexMap<Name, Type>,
    /// In which zone a day begins.
    pub zone: &'a TimeZone,
    /// What durations count from.
    pub now: Millis,
}

/// A query over contacts, read and understood. Durations in it are already moments: read it again to ask later.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactQuery {
    condition: Condition,
}

impl ContactQuery {
    /// Reads a query.
    pub fn parse(source: &str, terms: &Terms<'_>) -> Result<Self, QueryProblem> {
        let node = QueryNode::parse(source).map_err(|error| QueryProblem::of_syntax(source, error))?;
        resolve::resolve(source, &node, terms).map(|condition| ContactQuery { condition })
    }

    /// The query as a condition over `contact c`. Its parameters are numbered from `first` on, which is at least 1.
    pub fn selection(&self, dialect: Dialect, first: usize) -> Selection {
        sql::selection(&self.condition, dialect, first)
    }

    /// Whether it holds for a contact.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        holds::holds(&self.condition, facts)
    }
}
