//! What can be wrong with an expression: when it is read, and when it is evaluated. Both are closed and carry a place.

use crate::domain::limits::{
    EXPRESSION_CHARS, EXPRESSION_DEPTH, EXPRESSION_RESULT_CHARS, EXPRESSION_STEPS, VALUE_BYTES, VALUE_DEPTH,
};
use crate::domain::value::Type;
use crate::flow::diagnostic::Code;
use std::fmt;

/// What kind of mistake keeps an expression or a text from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxKind {
    /// It is not an expression.
    Grammar,
    /// `{{ }}` inside an expression.
    Braces,
    /// There is no such function, or it takes another number of values.
    Function,
    /// It is longer or deeper than allowed.
    TooLarge,
    /// The regular expression of `matches` is not valid.
    Pattern,
}

/// Why a text is not an expression. Offsets and lengths are bytes within what was given to `parse`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What kind of mistake.
    pub kind: SyntaxKind,
    /// One sentence.
    pub message: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// What to do.
    pub help: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(kind: SyntaxKind, message: impl Into<String>, offset: usize, length: usize) -> Self {
        SyntaxError { kind, message: message.into(), offset, length, help: None }
    }

    pub(super) fn grammar(message: impl Into<String>, offset: usize, length: usize) -> Self {
        SyntaxError::new(SyntaxKind::Grammar, message, offset, length)
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn moved(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }

    pub(super) fn too_long(length: usize) -> Self {
        let message = format!("The expression is longer than {EXPRESSION_CHARS} characters");
        SyntaxError::new(SyntaxKind::TooLarge, message, 0, length).help("Compute parts of it with `set` first")
    }

    pub(super) fn too_deep(offset: usize, length: usize) -> Self {
        let message = format!("The expression is nested deeper than {EXPRESSION_DEPTH}");
        SyntaxError::new(SyntaxKind::TooLarge, message, offset, length).help("Compute parts of it with `set` first")
    }

    /// The code under which the checker shows it.
    pub fn code(&self) -> Code {
        Code(match self.kind {
            SyntaxKind::Grammar => 103,
            SyntaxKind::Braces => 202,
            SyntaxKind::Function => 207,
            SyntaxKind::TooLarge => 212,
            SyntaxKind::Pattern => 306,
        })
    }
}

/// What went wrong while an expression was evaluated. Contains no value of a variable: these texts go into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvalProblem {
    /// There is no variable of this name.
    UnknownName(String),
    /// This root has no value here, for example `event` outside of a start.
    NotHere(&'static str),
    /// There are no such hours.
    UnknownHours(String),
    /// An operator that cannot take these types; `None` is nothing.
    Operator(&'static str, Option<Type>, Option<Type>),
    /// A function that cannot take this type at this place (from 1).
    Argument {
        /// The function.
        function: &'static str,
        /// Which value, from 1.
        position: usize,
        /// What it takes.
        expected: &'static [Type],
        /// What it got; `None` is nothing.
        given: Option<Type>,
    },
    /// A function's value is of the right type but cannot be used: not a currency, not a date pattern, not a regular expression.
    Unusable {
        /// The function.
        function: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Division by zero.
    DivisionByZero,
    /// A number or a moment beyond what can be represented.
    OutOfRange,
    /// A day moved by hours.
    WholeDays,
    /// More than the allowed steps.
    Steps,
    /// A text longer than allowed.
    ResultTooLong,
    /// A list or map nested deeper than allowed.
    TooDeep,
    /// A list or map larger than allowed.
    TooLarge,
    /// A `{{ }}` in a path that is empty, `.` or `..`, so that the request would go somewhere else.
    PathSegment,
}

impl fmt::Display for EvalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |t: &Option<Type>| t.map_or("nothing", Type::as_str);
        match self {
            EvalProblem::UnknownName(name) => write!(f, "there is no variable `{name}`"),
            EvalProblem::NotHere(root) => write!(f, "`{root}` has no value here"),
            EvalProblem::UnknownHours(hours) => write!(f, "there are no hours `{hours}`"),
            EvalProblem::Operator(op, left, right) => write!(f, "`{op}` cannot take {} and {}", name(left), name(right)),
            EvalProblem::Argument { function, position, expected, given } => {
                write!(f, "`{function}` takes {} as value {position}, not {}", in_words(expected), name(given))
            }
            EvalProblem::Unusable { function, reason } => write!(f, "`{function}`: {reason}"),
            EvalProblem::DivisionByZero => write!(f, "division by zero"),
            EvalProblem::OutOfRange => write!(f, "the result is out of range"),
            EvalProblem::WholeDays => write!(f, "a day can only be moved by whole days"),
            EvalProblem::Steps => write!(f, "more than {EXPRESSION_STEPS} steps"),
            EvalProblem::ResultTooLong => write!(f, "the text is longer than {EXPRESSION_RESULT_CHARS} characters"),
            EvalProblem::TooDeep => write!(f, "the value is nested deeper than {VALUE_DEPTH}"),
            EvalProblem::TooLarge => write!(f, "the value is larger than {VALUE_BYTES} bytes"),
            EvalProblem::PathSegment => write!(f, "a part of the path is empty, `.` or `..`"),
        }
    }
}

/// `text, list or map`
pub(super) fn in_words(types: &[Type]) -> String {
    let names: Vec<&str> = types.iter().map(|t| t.as_str()).collect();
    match names.split_last() {
        None => "a value".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Why an expression has no value. Offsets and lengths are bytes within its source; in a text, within the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct EvalError {
    /// What went wrong.
    pub problem: EvalProblem,
    /// Where.
    pub offset: u32,
    /// How long that place is.
    pub length: u32,
}
