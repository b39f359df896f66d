//! Who gets a message or a webhook: a keyword that an earlier start takes (RF506), any message of a channel (RF507), a webhook
//! or an event of the same flow (RF511). An entry with `if` takes only what it wants: what comes after it may have the rest.

use super::across::{Across, File};
use crate::domain::name::ChannelName;
use crate::flow::definition::{ContactTemplate, Start, Trigger};
use crate::flow::diagnostic::At;
use crate::flow::expression::Template;
use crate::flow::parse::{Mention, MentionKind};
use crate::reply::keyword::Keyword;
use std::collections::HashMap;

/// Who takes something for good.
#[derive(Clone, Copy)]
struct Taker<'a> {
    file: &'a File<'a>,
    /// The place of the entry in `start`.
    index: usize,
    at: At,
}

impl Taker<'_> {
    /// "`payment` (flows/payment.yaml:12)", or the line in the same file.
    fn name(&self, from: &File<'_>) -> String {
        if std::ptr::eq(self.file, from) {
            return format!("the start on line {}", self.at.line);
        }
        format!("`{}` ({}:{})", self.file.flow.name, self.file.name, self.at.line)
    }
}

/// Checks the starts of all flows, in the order in which a message is offered to them.
pub(super) fn check(files: &[File<'_>], across: &mut Across) {
    let mut keywords: HashMap<(Keyword, &ChannelName), Taker<'_>> = HashMap::new();
    let mut any: HashMap<&ChannelName, Taker<'_>> = HashMap::new();
    for file in files {
        for (index, start) in file.flow.starts.iter().enumerate() {
            match &start.trigger {
                Trigger::Keyword(words) => keyword(file, index, start, words, &mut keywords, across),
                Trigger::AnyMessage => {
                    let mut said = false;
                    for channel in &start.channels {
                        let taker = any.get(channel).copied();
                        if let Some(first) = taker.filter(|first| first.index != index || !std::ptr::eq(first.file, file)) {
                            if !said {
                                let who = if std::ptr::eq(first.file, file) { "starts" } else { "flows" };
                                let message = format!("Two {who} take any message on `{channel}`; {} has it", first.name(file));
                                across.add(file, 507, start.at, 0, message, "narrow one by `channels` or `if`, or take one away");
                            }
                            said = true;
                        } else if start.condition.is_none() {
                            any.insert(channel, Taker { file, index, at: start.at });
                        }
                    }
                }
                Trigger::Webhook(_) | Trigger::Event(_) => again(file, index, start, across),
            }
        }
    }
}

fn keyword<'a>(
    file: &'a File<'a>,
    index: usize,
    start: &'a Start,
    words: &[String],
    taken: &mut HashMap<(Keyword, &'a ChannelName), Taker<'a>>,
    across: &mut Across,
) {
    for word in words {
        let Some(keyword) = Keyword::parse(word) else { continue };
        let (at, width) = place(file, start, word);
        let mut said = false;
        for channel in &start.channels {
            let taker = taken.get(&(keyword.clone(), channel)).copied();
            match taker {
                // The same word twice in one list takes nothing from anybody.
                Some(first) if std::ptr::eq(first.file, file) && first.index == index => {}
                Some(first) => {
                    if !said {
                        let who = if std::ptr::eq(first.file, file) { "starts" } else { "flows" };
                        let message = format!("Two {who} take the keyword “{word}” on `{channel}`; {} has it", first.name(file));
                        across.add(file, 506, at, width, message, "choose another word, or narrow one by `channels` or `if`");
                    }
                    said = true;
                }
                None if start.condition.is_none() => {
                    taken.insert((keyword.clone(), channel), Taker { file, index, at });
                }
                None => {}
            }
        }
    }
}

/// Where a keyword stands: behind the beginning of its start.
fn place(file: &File<'_>, start: &Start, word: &str) -> (At, u32) {
    let is = |m: &&Mention| m.kind == MentionKind::Keyword && &*m.name == word && m.at >= start.at;
    file.reading.mentions.iter().find(is).map_or((start.at, 0), |m| (m.at, m.width))
}

/// RF511: an earlier entry of the flow for the same webhook or event takes all of them.
fn again(file: &File<'_>, index: usize, start: &Start, across: &mut Across) {
    let same = |other: &&Start| {
        let trigger = match (&other.trigger, &start.trigger) {
            (Trigger::Webhook(a), Trigger::Webhook(b)) => a == b,
            (Trigger::Event(a), Trigger::Event(b)) => a == b,
            _ => false,
        };
        trigger && other.condition.is_none() && same_contact(other.contact.as_ref(), start.contact.as_ref())
    };
    let Some(first) = file.flow.starts[..index].iter().find(same) else { return };
    let what = match &start.trigger {
        Trigger::Webhook(name) => format!("call of the webhook `{name}`"),
        Trigger::Event(name) => format!("event `{name}`"),
        _ => return,
    };
    let message = format!("This start never begins a run: the one on line {} takes every {what}", first.at.line);
    across.add(file, 511, start.at, 0, message, "give the first an `if`, or take one away");
}

/// Whether two entries look for the contact at the same place: entries for different contacts do not compete.
fn same_contact(a: Option<&ContactTemplate>, b: Option<&ContactTemplate>) -> bool {
    let source = |template: &Option<Template>| template.as_ref().map(|t| t.source().to_owned());
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    source(&a.phone) == source(&b.phone) && source(&a.email) == source(&b.email) && source(&a.id) == source(&b.id)
}
