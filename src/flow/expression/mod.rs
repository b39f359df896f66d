//! Expressions and texts with `{{ }}`: read once when a flow is loaded, then evaluated without parsing. Everything is
//! bounded by `domain::limits`; nothing here reads a clock, a file or the network.
//!
//! The way of an expression: `token` words ▸ `parse` a tree (`node`), with `call` for functions ▸ `infer` types for the
//! checker ▸ `eval` a value, with `operate` for operators and `apply` for functions. `template` and `value_template` are texts
//! and trees that hold expressions.

pub mod access;
mod apply;
mod call;
mod date_pattern;
mod demand;
mod error;
mod eval;
mod function;
mod infer;
mod infer_fields;
mod locale;
mod moment;
mod money;
mod node;
mod number;
mod operate;
mod parse;
mod parse_name;
mod plausible;
pub mod probe;
pub mod query;
mod scope;
mod template;
mod text;
mod token;
mod types;
mod value_template;

#[cfg(test)]
mod tests;

pub use error::{EvalError, EvalProblem, SyntaxError, SyntaxKind};
pub use moment::fit;
pub use node::Comparison;
pub use plausible::{Lacking, Plausible, chars, chars_of, lacking};
pub use scope::{KEYWORDS, Note, NoteKind, Root, Scope, is_reserved};
pub use template::Template;
pub use text::write_text;
pub use types::{Detail, Inferred, MemberType, ProblemKind, RootType, TypeEnv, TypeProblem, compatible};
pub use value_template::ValueTemplate;

use crate::domain::value::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// An expression, compiled. It is read once and kept by several: a clone shares it.
#[derive(Debug, Clone)]
pub struct Expression(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: Box<str>,
    node: node::Node,
    references: Box<[Reference]>,
}

/// A name that an expression reads, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is read.
    pub name: ReferenceName,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub length: usize,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReferenceName {
    /// A variable.
    Variable(Box<str>),
    /// A root as a whole: `event`, `now`.
    Root(Root),
    /// One field of a root: `contact.x`, `visits.STATE`, `hours.office`.
    Member(Root, Box<str>),
}

impl Expression {
    /// Compiles an expression. Offsets of errors are bytes within it.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        let (node, references) = parse::parse(source)?;
        Ok(Expression(Arc::new(Compiled { source: source.into(), node, references: references.into() })))
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What copies of one reading have in common, to find them by.
    pub fn identity(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Every name that it reads, in order.
    pub fn names(&self) -> &[Reference] {
        &self.0.references
    }

    /// Its value.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        self.eval_ref(scope).map(Cow::into_owned)
    }

    /// Its value, borrowed where it only stands for one that exists.
    pub fn eval_ref<'a>(&'a self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, EvalError> {
        eval::Machine::new(&self.0.source, scope).eval(&self.0.node)
    }

    /// Whether it holds, as a condition.
    pub fn truth(&self, scope: &dyn Scope) -> Result<bool, EvalError> {
        eval::Machine::new(&self.0.source, scope).holds(&self.0.node)
    }

    /// Its type, or the first mistake that types show.
    pub fn infer(&self, env: &dyn TypeEnv) -> Result<Inferred, TypeProblem> {
        infer::infer(&self.0.source, &self.0.node, env)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Expression {}
