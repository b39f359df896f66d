//! What a desk is told of a turn, read out of what the journal says of it.

use super::super::record::Recent;
use super::super::turning::Turning;
use crate::domain::handoff::HandoffOpened;
use crate::domain::id::RunId;
use crate::domain::journal::{Decision, Event};
use crate::domain::message::InboundContent;
use crate::domain::outbound::OutboundContent;

/// What a turn did that a desk is told.
pub(super) enum Told {
    Opened(HandoffOpened),
    Contact(String),
    /// A person wrote, here or at this desk; why it was not sent.
    Wrote {
        by: String,
        text: String,
        refused: Option<String>,
    },
    Taken {
        run: RunId,
        by: String,
    },
    Closed {
        run: RunId,
        outcome: String,
        by: Option<String>,
        note: Option<String>,
    },
    Recent(Recent),
}

impl Turning<'_> {
    /// What a desk is told of this, if anything.
    pub(super) fn told(&self, event: &Event) -> Option<Told> {
        Some(match event {
            Event::HandoffOpened(opened) => Told::Opened((**opened).clone()),
            Event::HandoffTaken(taken) => Told::Taken { run: taken.run, by: taken.by.clone() },
            Event::HandoffClosed(closed) => Told::Closed {
                run: closed.run,
                outcome: closed.outcome.clone(),
                by: closed.by.clone(),
                note: closed.note.clone(),
            },
            Event::PersonWrote(wrote) => {
                let sent = self.out.events.iter().find_map(|event| match event {
                    Event::Sent { effect, content, .. } if Some(*effect) == wrote.effect => Some(plain(content)),
                    _ => None,
                });
                Told::Wrote { by: wrote.by.clone(), text: sent.unwrap_or_default().to_owned(), refused: wrote.refused.clone() }
            }
            Event::Received { decision: Decision::Person, text, content, .. } => Told::Contact(said(text, content)),
            Event::Received { text, content, decision, .. } if *decision != Decision::Ignored => {
                Told::Recent(Recent { contact: true, text: said(text, content), at: self.now })
            }
            Event::Sent { content, .. } => Told::Recent(Recent { contact: false, text: plain(content).to_owned(), at: self.now }),
            _ => return None,
        })
    }
}

/// What a message of the contact says, with what is not text in words.
fn said(text: &str, content: &InboundContent) -> String {
    let kind = match content {
        InboundContent::Media { media, .. } => {
            let names: Vec<String> = media
                .iter()
                .map(|file| {
                    let name = file.filename.as_deref().or(file.content_type.as_deref());
                    name.map_or_else(|| "a file".to_owned(), |name| format!("a file, {name}"))
                })
                .collect();
            names.join("] [")
        }
        InboundContent::Location(place) => format!("a place: {}, {}", place.lat, place.lon),
        InboundContent::Text if text.is_empty() => "not shown".to_owned(),
        _ => return text.to_owned(),
    };
    if text.is_empty() { format!("[{kind}]") } else { format!("{text}\n[{kind}]") }
}

/// The words of a message that was sent.
fn plain(content: &OutboundContent) -> &str {
    match content {
        OutboundContent::Text { text }
        | OutboundContent::Email { text, .. }
        | OutboundContent::Buttons { text, .. }
        | OutboundContent::List { text, .. }
        | OutboundContent::Sections { text, .. }
        | OutboundContent::CallToAction { text, .. }
        | OutboundContent::LocationRequest { text } => text,
        OutboundContent::Media { caption: Some(text), .. } | OutboundContent::Album { text: Some(text), .. } => text,
        OutboundContent::Template { name, .. } => name,
        _ => "",
    }
}
