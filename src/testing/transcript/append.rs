//! A case at the end of a test file that people wrote: nothing else in the file changes, not a comment, not a blank line.

use super::Transcript;
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::diagnostic::At;
use crate::flow::yaml::{self, Entry, Tree};
use crate::testing::script::ContactGiven;
use std::sync::Arc;

/// A file with one case more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The whole file.
    pub source: String,
    /// The title of the new case: that which was asked for, with a number where it was taken.
    pub title: String,
    /// The line on which the case begins, from 1.
    pub line: usize,
}

/// Why a case cannot be put into a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It cannot be read.
    #[error("the file has mistakes; `replyflow check` shows them")]
    Broken,
    /// It is for another flow.
    #[error("the file tests `{0}`")]
    OtherFlow(String),
    /// Its cases stand in one line.
    #[error("the cases of the file stand in one line; write each on lines of its own")]
    OneLine,
    /// A run begins before the first step of every case.
    #[error("`given` of the file begins a run in every case; a conversation begins with its own first step")]
    BeginsRuns,
}

/// A new test file with this conversation as its only case.
pub fn file_of(transcript: &Transcript, title: &str) -> Appended {
    let head = format!("test: {}\n\ncases:\n", transcript.flow);
    Appended { source: format!("{head}{}", transcript.case(title, 2)), title: title.to_owned(), line: 4 }
}

/// `source` with this conversation as its last case.
pub fn append(source: &str, transcript: &Transcript, title: &str) -> Result<Appended, AppendError> {
    let (document, found) = yaml::read(source, &Arc::from("test"));
    let document = document.filter(|_| found.is_empty()).ok_or(AppendError::Broken)?;
    let Tree::Map(entries) = &document.root.tree else { return Err(AppendError::Broken) };
    let entry = |key: &str| entries.iter().find(|entry| entry.key.text == key);
    match entry("test").and_then(|entry| entry.value.scalar()) {
        Some(flow) if flow.text == transcript.flow.as_str() => {}
        Some(flow) => return Err(AppendError::OtherFlow(flow.text.to_string())),
        None => return Err(AppendError::Broken),
    }
    let given = entry("given").map_or(&[][..], |entry| map(entry));
    if given.iter().any(|entry| entry.key.text == "vars") {
        return Err(AppendError::BeginsRuns);
    }
    let mut transcript = transcript.clone();
    if transcript.tags.is_none() && given.iter().any(|entry| entry.key.text == "tags") {
        transcript.tags = Some(Vec::new());
    }
    let contact = given.iter().find(|entry| entry.key.text == "contact").map_or(&[][..], |entry| map(entry));
    contact.iter().for_each(|field| take_away(&mut transcript.contact, &field.key.text));
    let Some(cases) = entry("cases") else {
        let before = with_line_end(source);
        let line = before.lines().count() + 3;
        let source = format!("{before}\ncases:\n{}", transcript.case(title, 2));
        return Ok(Appended { source, title: title.to_owned(), line });
    };
    let known = map(cases);
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return Err(AppendError::OneLine) };
    if first.key.at.line == cases.key.at.line {
        return Err(AppendError::OneLine);
    }
    let taken = |title: &str| known.iter().any(|entry| entry.key.text == title);
    let numbered = || (2..).map(|n| format!("{title} {n}")).find(|title| !taken(title));
    let title = if taken(title) { numbered().unwrap_or_else(|| title.to_owned()) } else { title.to_owned() };
    let next = entries.iter().map(|entry| entry.key.at).filter(|at| at.line > last.key.at.line).min_by_key(|at| at.line);
    Ok(insert(source, &transcript.case(&title, first.key.at.column as usize - 1), next, title))
}

/// Puts a case behind the last line of the cases: before what stands on `next`, or at the end of the file.
fn insert(source: &str, case: &str, next: Option<At>, title: String) -> Appended {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let mut end = next.map_or(lines.len(), |at| at.line as usize - 1);
    // Comments right above the next key, and blank lines, stay with what follows.
    while end > 0 && belongs_to_what_follows(lines[end - 1], next.is_some()) {
        end -= 1;
    }
    let before = with_line_end(&lines[..end].concat());
    let line = before.lines().count() + 2;
    let ending = if before.ends_with("\r\n") { "\r\n" } else { "\n" };
    let case = case.replace('\n', ending);
    let after = lines[end..].concat();
    Appended { source: format!("{before}{ending}{case}{after}"), title, line }
}

/// What the file says of its contact is not said of this one unless it holds for it.
fn take_away(contact: &mut ContactGiven, field: &str) {
    let nothing = |text: &mut Option<String>| *text = Some(text.take().unwrap_or_default());
    match field {
        "phone" => {}
        "name" => nothing(&mut contact.name),
        "email" => nothing(&mut contact.email),
        "timezone" => nothing(&mut contact.timezone),
        "language" => contact.no_language = contact.language.is_none(),
        "marketing" => contact.marketing = Some(contact.marketing.take().unwrap_or_default()),
        "topics" => contact.topics = Some(contact.topics.take().unwrap_or_default()),
        other => match Name::parse(other) {
            Ok(name) if contact.attributes.iter().all(|(known, _)| *known != name) => {
                contact.attributes.push((name, Value::Null))
            }
            _ => {}
        },
    }
}

fn belongs_to_what_follows(line: &str, something_follows: bool) -> bool {
    line.trim().is_empty() || (something_follows && line.starts_with('#'))
}

fn with_line_end(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn map<'n, 's>(entry: &'n Entry<'s>) -> &'n [Entry<'s>] {
    match &entry.value.tree {
        Tree::Map(entries) => entries,
        _ => &[],
    }
}
