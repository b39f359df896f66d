//! Questions and what is expected as their answer.

use super::{Outcomes, Say, Texts, Troubles};
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::expression::Expression;
use crate::reply::choice::Options;
use indexmap::IndexMap;
use std::sync::Arc;

/// `ask` and `answer`.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What is sent; nothing awaits silently.
    pub question: Option<Say>,
    /// What is expected.
    pub answer: Answer,
    /// Buttons, list, menu, or nothing.
    pub show: Show,
    /// Ordinary outcomes.
    pub outcomes: Outcomes,
    /// Trouble that the state decides itself.
    pub troubles: Troubles,
}

/// How the answers of a question are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// As the channel can.
    Auto,
    /// The text names them itself.
    Plain,
}

/// What is expected as an answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Any text within the limits.
    Text {
        /// Fewest characters.
        min: Option<usize>,
        /// Most characters; the default does not make `nomatch`.
        max: Option<usize>,
        /// How long further messages still belong to it.
        gather: Span,
    },
    /// One of these.
    Choice(Choices),
    /// Yes or no.
    YesNo,
    /// A number.
    Number {
        /// Smallest.
        min: Option<f64>,
        /// Largest.
        max: Option<f64>,
        /// Without decimals.
        whole: bool,
    },
    /// Whatever comes.
    Any,
}

/// The choices of a question.
#[derive(Debug, Clone)]
pub struct Choices {
    /// In the order in which people see them.
    pub list: IndexMap<Name, ChoiceDef>,
    /// For each language of the flow, in its order, what the understanding of replies works on. Built when the flow is
    /// loaded, for choices whose labels hold no `{{ }}`; others are built when the question is asked.
    pub prepared: Vec<Option<Arc<Options>>>,
}

/// One choice.
#[derive(Debug, Clone)]
pub struct ChoiceDef {
    /// What people see.
    pub label: Texts,
    /// What else chooses it, in every language.
    pub also: Vec<String>,
    /// A second line in lists.
    pub help: Option<Texts>,
    /// Shown and matched only if this holds.
    pub condition: Option<Expression>,
    /// Where it stands.
    pub at: At,
}
