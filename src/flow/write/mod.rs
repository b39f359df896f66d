//! Writing files of the format: one output for one meaning. From text to text, or from a tree that a program has made.
//!
//! Keys stand in the order of the table (`flow::keys`), comments stay with the key below them, quotes stand only where YAML or
//! the format needs them. What is written is read again and compared before anybody gets it: a file never changes its meaning.

mod arrange;
mod comments;
mod emit;
mod inline;
mod piece;
mod scalar;
#[cfg(test)]
mod tests;

pub use piece::{Content, Piece, Remark, TextStyle};
pub use scalar::{double_quoted, needs_escape};

use super::diagnostic::{At, Code, Diagnostic};
use super::keys::{self, Kind, Place};
use super::yaml;
use std::sync::Arc;

/// Columns that a map or list may take on one line.
pub const WIDTH: usize = 120;

/// Why a file was not formatted.
#[derive(Debug)]
pub enum Unformatted {
    /// It cannot be read: what is wrong.
    Unreadable(Vec<Diagnostic>),
    /// What was written would not mean the same. A mistake of this program; the file is as it was.
    Unsafe,
}

/// Formats a flow, a notification or a file of tests. `file` is its name as people know it. Only what keeps a file from being
/// read as YAML (RF001–RF007) keeps it from being formatted.
pub fn format(source: &str, file: &str) -> Result<String, Unformatted> {
    let (piece, place) = read(source, &file.into()).map_err(Unformatted::Unreadable)?;
    for keep_folds in [true, false] {
        let arranged = arrange::arrange(piece.clone(), place, keep_folds);
        let text = emit::document(&arranged, place);
        let same = read(&text, &file.into()).is_ok_and(|(again, _)| arrange::same(&arranged, &again, place));
        if same {
            return Ok(text);
        }
    }
    Err(Unformatted::Unsafe)
}

/// Writes a tree as a file of this place: `keys::FLOW`, `keys::NOTIFICATION` or `keys::TEST`.
pub fn write(piece: Piece, place: &'static Place) -> String {
    emit::document(&arrange::arrange(piece, place, true), place)
}

/// The tree of a file with its comments.
pub fn read(source: &str, file: &Arc<str>) -> Result<(Piece, &'static Place), Vec<Diagnostic>> {
    let (document, found) = yaml::read(source, file);
    let Some(document) = document.filter(|_| found.is_empty()) else { return Err(found) };
    let lines: Vec<&str> = source.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let mut piece = Piece::of(&document.root, &lines);
    let place = match &piece.content {
        Content::Map { entries, .. } => keys::file_with(entries.iter().map(|(key, _)| key.as_str())),
        _ => None,
    };
    let Some(place) = place else {
        return Err(vec![Diagnostic {
            code: Code(103),
            file: file.clone(),
            at: At { line: 1, column: 1 },
            width: 0,
            message: "The file must have `flow`, `notification` or `test`, for example `flow: payment`".to_owned(),
            help: Some("begin it with `flow:`, `notification:` or `test:` and a name".to_owned()),
        }]);
    };
    comments::attach(&document, &lines, &mut piece);
    Ok((piece, place))
}

/// What stands under a key of a map of this kind.
fn below(map: Option<&'static Kind>, key: &str) -> &'static Kind {
    // Where nothing is known, a value may be more than text.
    static UNKNOWN: Kind = Kind::Value;
    match map {
        Some(Kind::Map(place)) => {
            let others = place.others.map(|others| others.named.value);
            place.key(key).map(|key| key.kind).or(others).unwrap_or(&UNKNOWN)
        }
        Some(Kind::Named(named)) => named.value,
        Some(Kind::Texts) => &Kind::Template,
        _ => &UNKNOWN,
    }
}

/// What the items of a list of this kind are.
fn item_of(kind: &'static Kind) -> &'static Kind {
    kind.of_list().unwrap_or(&Kind::Value)
}
