//! Values on their way into SQL and out of it, the same for both databases.

use super::error::HistoryError;
use crate::domain::id::{ContactKey, EffectId, InputId, RunId, Token, VersionId};
use crate::domain::name::{EventName, Name, Slug};
use crate::domain::time::Millis;
use std::borrow::Cow;

/// One value: a parameter or a column of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Null,
    /// `BIGINT`: numbers, moments as milliseconds since 1970, booleans as 0 and 1.
    Int(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`; JSON too.
    Text(String),
    /// `BLOB`, `BYTEA`.
    Bytes(Vec<u8>),
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl From<&$type> for Cell {
            fn from(value: &$type) -> Self {
                Cell::Text(value.to_string())
            }
        }
        impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Cell::Text(value.to_string())
            }
        }
    )*};
}
as_text!(ContactKey, EffectId, InputId, RunId, Token, VersionId, Slug, Name, EventName, serde_json::Value);

macro_rules! as_int {
    ($($type:ty),*) => {$(
        impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Cell::Int(i64::from(value))
            }
        }
    )*};
}
as_int!(i64, i32, u32, u16, u8, bool);

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Real(value)
    }
}

impl From<Millis> for Cell {
    fn from(value: Millis) -> Self {
        Cell::Int(value.0)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Cell::Text(value)
    }
}

impl From<&String> for Cell {
    fn from(value: &String) -> Self {
        Cell::Text(value.clone())
    }
}

impl From<Vec<u8>> for Cell {
    fn from(value: Vec<u8>) -> Self {
        Cell::Bytes(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

impl Cell {
    /// A text as both databases can keep it: PostgreSQL takes no NUL.
    pub(super) fn storable(text: &str) -> Cow<'_, str> {
        if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
    }
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Cell>);

impl Row {
    /// The value of a column, by its place from 0.
    pub fn cell(&self, i: usize) -> Result<&Cell, HistoryError> {
        self.0.get(i).ok_or_else(|| HistoryError(format!("an answer has no column {i}")))
    }

    /// A number, which must be there.
    pub fn int(&self, i: usize) -> Result<i64, HistoryError> {
        self.opt_int(i)?.ok_or_else(|| unexpected(i, "a number"))
    }

    /// A number, if there is one.
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>, HistoryError> {
        match self.cell(i)? {
            Cell::Null => Ok(None),
            Cell::Int(n) => Ok(Some(*n)),
            // Sums are wider than what they add up.
            Cell::Real(n) if n.fract() == 0.0 => Ok(Some(*n as i64)),
            _ => Err(unexpected(i, "a number")),
        }
    }

    /// A number with a fraction, which must be there.
    pub fn real(&self, i: usize) -> Result<f64, HistoryError> {
        self.opt_real(i)?.ok_or_else(|| unexpected(i, "a number"))
    }

    /// A number with a fraction, if there is one.
    pub fn opt_real(&self, i: usize) -> Result<Option<f64>, HistoryError> {
        match self.cell(i)? {
            Cell::Null => Ok(None),
            Cell::Int(n) => Ok(Some(*n as f64)),
            Cell::Real(n) => Ok(Some(*n)),
            _ => Err(unexpected(i, "a number")),
        }
    }

    /// A text, which must be there.
    pub fn text(&self, i: usize) -> Result<&str, HistoryError> {
        self.opt_text(i)?.ok_or_else(|| unexpected(i, "a text"))
    }

    /// A text, if there is one.
    pub fn opt_text(&self, i: usize) -> Result<Option<&str>, HistoryError> {
        match self.cell(i)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            _ => Err(unexpected(i, "a text")),
        }
    }

    /// Bytes, which must be there.
    pub fn bytes(&self, i: usize) -> Result<&[u8], HistoryError> {
        match self.cell(i)? {
            Cell::Bytes(bytes) => Ok(bytes),
            _ => Err(unexpected(i, "bytes")),
        }
    }

    /// Bytes, if there are any.
    pub fn opt_bytes(&self, i: usize) -> Result<Option<&[u8]>, HistoryError> {
        match self.cell(i)? {
            Cell::Null => Ok(None),
            _ => self.bytes(i).map(Some),
        }
    }

    /// A moment, which must be there.
    pub fn at(&self, i: usize) -> Result<Millis, HistoryError> {
        self.int(i).map(Millis)
    }

    /// A moment, if there is one.
    pub fn opt_at(&self, i: usize) -> Result<Option<Millis>, HistoryError> {
        Ok(self.opt_int(i)?.map(Millis))
    }

    /// Whether a number is not 0.
    pub fn flag(&self, i: usize) -> Result<bool, HistoryError> {
        Ok(self.int(i)? != 0)
    }
}

fn unexpected(i: usize, what: &str) -> HistoryError {
    HistoryError(format!("column {i} of an answer is not {what}"))
}

/// One statement with its parameters, `$1` the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What; the same text for both databases.
    pub sql: Cow<'static, str>,
    /// Its parameters.
    pub params: Vec<Cell>,
}

impl Statement {
    /// A statement whose text is fixed.
    pub fn new(sql: &'static str, params: impl Into<Vec<Cell>>) -> Self {
        Statement { sql: Cow::Borrowed(sql), params: params.into() }
    }
}
