//! What a contact agreed to and did not, with when and how.

use super::{Fold, Now};
use crate::domain::channel::{ChannelKind, consent};
use crate::domain::journal::Event;
use crate::domain::name::Slug;
use crate::domain::value::Value;
use crate::history::cell::{Cell, Statement};

/// What was said of one kind of channel.
struct Said<'a> {
    kind: ChannelKind,
    state: &'static str,
    how: Option<&'a str>,
    by: Option<&'a str>,
    topic: Option<&'a str>,
    proof: Option<&'a str>,
    at: i64,
}

impl Fold<'_> {
    pub(super) fn consent(&mut self, now: &Now<'_>, i: usize, event: &Event) {
        let at = now.entry.at.0;
        let one = |kind, state, how| Said { kind, state, how, by: None, topic: None, proof: None, at };
        let marketing = |value: &Value, how: &'static str| -> Vec<Said<'_>> {
            // Nothing stands where the value is private.
            let Some(kinds) = Some(value).filter(|value| **value != Value::Null).and_then(consent) else { return Vec::new() };
            let state = |kind: ChannelKind| if kinds & kind.stop_bit() != 0 { "in" } else { "out" };
            ChannelKind::ALL.into_iter().map(|kind| one(kind, state(kind), Some(how))).collect()
        };
        let said = match event {
            Event::OptedOut { kind, how } => vec![one(*kind, "stopped", Some(how))],
            Event::OptedIn { kind, how } => vec![one(*kind, "in", Some(how))],
            // What single topics are wanted is in the profile; this is how it came to be so.
            Event::Consent(told) => {
                let at = told.at.map_or(at, |at| at.0);
                let said = |state| {
                    let (how, by) = (told.how.as_deref(), Some(told.by.as_str()));
                    let (topic, proof) = (told.topic.as_ref().map(Slug::as_str), told.proof.as_deref());
                    move |kind: &ChannelKind| Said { kind: *kind, state, how, by, topic, proof, at }
                };
                told.given.iter().map(said("in")).chain(told.withdrawn.iter().map(said("out"))).collect()
            }
            Event::Set { name, value, .. } if name == "contact.marketing" => marketing(value, "flow"),
            Event::ContactChanged { name, value, .. } if name == "marketing" => marketing(value, "word"),
            _ => return,
        };
        let sql =
            "INSERT INTO consent_event (contact, token, idx, kind, at, topic, state, how, by, proof) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
                   ON CONFLICT DO NOTHING";
        for Said { kind, state, how, by, topic, proof, at } in said {
            let params: [Cell; 10] = [
                now.contact.into(),
                now.entry.token.into(),
                i.into(),
                kind.as_str().into(),
                at.into(),
                topic.into(),
                state.into(),
                how.into(),
                by.into(),
                proof.into(),
            ];
            self.out.push(Statement::new(sql, params));
        }
    }
}
