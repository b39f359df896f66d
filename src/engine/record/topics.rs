//! What the contact said of single topics of marketing. A word on one topic is stronger than one on marketing as a whole, until a no to all of it
//! takes every yes back.

use super::{Record, Withdrew};
use crate::domain::channel::ChannelKind;
use crate::domain::consent::TopicConsent;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use serde::{Deserialize, Serialize};

/// What was said of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// The topic.
    #[serde(rename = "t")]
    pub topic: Slug,
    /// Kinds of channel on which the contact wants it: `ChannelKind::stop_bit`.
    #[serde(rename = "y", default, skip_serializing_if = "super::no_bits")]
    pub yes: u8,
    /// Where and since when the contact does not want it.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub no: Vec<Withdrew>,
}

impl Preference {
    fn no_on(&self, kind: ChannelKind) -> Option<&Withdrew> {
        self.no.iter().find(|no| no.kind == kind)
    }

    /// What was said so at this moment.
    pub fn of(said: &TopicConsent, at: Millis) -> Self {
        let no = ChannelKind::ALL.into_iter().filter(|kind| said.no & kind.stop_bit() != 0);
        Preference { topic: said.topic.clone(), yes: said.yes, no: no.map(|kind| Withdrew { kind, at }).collect() }
    }

    /// The same without moments.
    pub fn consent(&self) -> TopicConsent {
        let no = self.no.iter().fold(0, |bits, no| bits | no.kind.stop_bit());
        TopicConsent { topic: self.topic.clone(), yes: self.yes, no }
    }
}

impl Record {
    fn preference(&self, topic: &Slug) -> Option<&Preference> {
        self.topics.iter().find(|preference| preference.topic == *topic)
    }

    fn preference_mut(&mut self, topic: &Slug) -> &mut Preference {
        let place = self.topics.iter().position(|preference| preference.topic == *topic).unwrap_or_else(|| {
            self.topics.push(Preference { topic: topic.clone(), yes: 0, no: Vec::new() });
            self.topics.len() - 1
        });
        &mut self.topics[place]
    }

    /// What was said of topics, as flows read it: the kinds of channel on which each is wanted.
    pub(super) fn topics_field(&self) -> Value {
        let wanted = |own: &Preference| {
            let kinds = ChannelKind::ALL.into_iter().filter(|kind| own.yes & kind.stop_bit() != 0);
            (own.topic.to_string(), Value::List(kinds.map(|kind| Value::text(kind.as_str())).collect()))
        };
        Value::Map(self.topics.iter().map(wanted).collect())
    }

    /// Whether the contact wants marketing on this kind of channel: of a topic, or as a whole.
    pub fn wants(&self, kind: ChannelKind, topic: Option<&Slug>) -> bool {
        let own = topic.and_then(|topic| self.preference(topic));
        match own {
            Some(own) if own.yes & kind.stop_bit() != 0 => true,
            Some(own) if own.no_on(kind).is_some() => false,
            _ => self.consent & kind.stop_bit() != 0,
        }
    }

    /// What was said of a topic on this kind of channel, if anything was.
    pub(in crate::engine) fn said_of(&self, topic: &Slug, kind: ChannelKind) -> Option<bool> {
        let own = self.preference(topic)?;
        let yes = own.yes & kind.stop_bit() != 0;
        (yes || own.no_on(kind).is_some()).then_some(yes)
    }

    /// The contact does not want this topic on this kind of channel.
    pub(in crate::engine) fn refuses(&mut self, topic: &Slug, kind: ChannelKind, at: Millis) {
        let own = self.preference_mut(topic);
        own.yes &= !kind.stop_bit();
        own.no.retain(|no| no.kind != kind);
        own.no.push(Withdrew { kind, at });
    }

    /// The contact wants this topic on this kind of channel.
    pub(in crate::engine) fn asks_for(&mut self, topic: &Slug, kind: ChannelKind) {
        let own = self.preference_mut(topic);
        own.yes |= kind.stop_bit();
        own.no.retain(|no| no.kind != kind);
    }

    /// Whether a yes to a topic that was said then, or nobody knows when, still counts: neither a no to it nor one to all is newer.
    pub(in crate::engine) fn may_ask_for(&self, topic: &Slug, kind: ChannelKind, said: Option<Millis>) -> bool {
        let own = self.preference(topic).and_then(|own| own.no_on(kind));
        self.may_consent(kind, said) && own.is_none_or(|no| said.is_some_and(|said| said > no.at))
    }

    /// Whether there is a topic that the contact wants on this kind of channel.
    pub(in crate::engine) fn wants_a_topic(&self, kind: ChannelKind) -> bool {
        self.topics.iter().any(|own| own.yes & kind.stop_bit() != 0)
    }

    /// A no to all marketing on this kind of channel: no yes to a topic outlives it.
    pub(super) fn wants_no_topic(&mut self, kind: ChannelKind) {
        self.wants_only_topics(kind, &[]);
    }

    /// The same, but for topics that were asked for by whoever said no.
    pub(super) fn wants_only_topics(&mut self, kind: ChannelKind, asked: &[Preference]) {
        let bit = kind.stop_bit();
        for own in &mut self.topics {
            if !asked.iter().any(|asked| asked.topic == own.topic && asked.yes & bit != 0) {
                own.yes &= !bit;
            }
        }
        self.topics.retain(|own| own.yes != 0 || !own.no.is_empty());
    }
}
