//! Questions and what is expected as their answer.

use super::{FileMap, Outcomes, Say, Texts, Troubles};
use crate::domain::message::MediaKind;
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, ValueTemplate};
use crate::reply::choice::Options;
use crate::reply::pattern::Pattern;
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
    /// Some of these.
    Choices(Several),
    /// One item of a list.
    Pick(Pick),
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
    /// A day.
    Date(Between),
    /// A time of day.
    Time(Between),
    /// A moment.
    Moment(Between),
    /// A phone number.
    Phone {
        /// ISO 3166-1 alpha-2: how numbers without their country are read; else the channel's.
        country: Option<String>,
    },
    /// An email address.
    Email,
    /// A text that a regular expression describes.
    Pattern(Arc<Pattern>),
    /// A place.
    Location,
    /// Files.
    Media {
        /// What may come; everything if empty.
        types: Vec<FileType>,
        /// Most files.
        max: usize,
    },
    /// Whatever comes.
    Any,
}

impl Answer {
    /// The choices among which one or several are made.
    pub fn choices(&self) -> Option<&Choices> {
        match self {
            Answer::Choice(choices) => Some(choices),
            Answer::Choices(several) => Some(&several.of),
            _ => None,
        }
    }

    /// The first and last of what may come, of a date, a time or a moment.
    pub fn between(&self) -> Option<&Between> {
        match self {
            Answer::Date(between) | Answer::Time(between) | Answer::Moment(between) => Some(between),
            _ => None,
        }
    }

    /// Whether any text at all is an answer, so that `nomatch` cannot be.
    pub fn takes_all(&self) -> bool {
        matches!(self, Answer::Any | Answer::Text { min: None, max: None, .. })
    }
}

/// Several of some choices.
#[derive(Debug, Clone)]
pub struct Several {
    /// Among these.
    pub of: Choices,
    /// Fewest.
    pub min: usize,
    /// Most; all if nothing is said.
    pub max: Option<usize>,
}

/// One item of a list that is known only when the question is asked.
#[derive(Debug, Clone)]
pub struct Pick {
    /// The list.
    pub from: ValueTemplate,
    /// Where the list stands.
    pub at: At,
    /// What people see of an `item`.
    pub label: Texts,
    /// Most items; further ones are not shown.
    pub max: usize,
}

/// The first and the last that may come. Both are computed when a reply is read, so that `{{ now }}` is that moment.
#[derive(Debug, Clone, Default)]
pub struct Between {
    /// The first.
    pub min: Option<Bound>,
    /// The last.
    pub max: Option<Bound>,
}

/// One end of what may come.
#[derive(Debug, Clone)]
pub struct Bound {
    /// What it is.
    pub value: ValueTemplate,
    /// Where it stands.
    pub at: At,
}

/// Which files may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileType {
    /// `image`, `document` …
    Kind(MediaKind),
    /// `application/pdf`, in lower case; `image/*` is all that begins so.
    Mime {
        /// Before the `/`.
        main: String,
        /// Behind it; any if nothing.
        sub: Option<String>,
    },
}

/// The choices of a question.
#[derive(Debug, Clone)]
pub struct Choices {
    /// In the order in which people see them.
    pub list: FileMap<Name, ChoiceDef>,
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
