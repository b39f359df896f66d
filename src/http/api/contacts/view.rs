//! A contact as callers see it. What was given in private has its name there and not its value.

use crate::domain::channel::ChannelKind;
use crate::domain::consent::TopicConsent;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::value::rfc3339;
use crate::engine::record::Record;
use crate::service::Found;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a contact wants, by kind of channel.
pub type Kinds = BTreeMap<&'static str, bool>;

/// A contact.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct Contact {
    /// Its key: what the service calls it.
    pub id: String,
    /// Whether it is meant or tried: `live` or `test`.
    #[schema(value_type = String)]
    pub mode: &'static str,
    /// The phone number, E.164.
    #[schema(required)]
    pub phone: Option<String>,
    /// The email address.
    #[schema(required)]
    pub email: Option<String>,
    /// Whether nothing arrives at the email address any more.
    pub email_dead: bool,
    /// Your own id of it.
    #[schema(required)]
    pub external_id: Option<String>,
    /// WhatsApp's id of a person whose number is not shown.
    #[schema(required)]
    pub whatsapp_id: Option<String>,
    /// The name.
    #[schema(required)]
    pub name: Option<String>,
    /// The language.
    #[schema(required)]
    pub language: Option<String>,
    /// IANA name of the time zone.
    #[schema(required)]
    pub timezone: Option<String>,
    /// The channel on which it wrote last.
    #[schema(required)]
    pub channel: Option<String>,
    /// When it wrote last.
    #[schema(required)]
    pub last_seen: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Declared attributes that have a value.
    #[schema(value_type = Object)]
    pub attributes: Map<String, Json>,
    /// What has a value that was given in private: names of attributes, and `name`.
    pub private: Vec<String>,
    /// Kinds of channel over which it wants no message at all.
    #[schema(value_type = Vec<String>)]
    pub stopped: Vec<&'static str>,
    /// Whether it agreed to marketing, for each kind of channel.
    #[schema(value_type = Object)]
    pub marketing: Kinds,
    /// Kinds of channel over which it said no to marketing.
    #[schema(value_type = Vec<String>)]
    pub refused: Vec<&'static str>,
    /// What it said of single topics of marketing, for each kind of channel of which it said something.
    #[schema(value_type = Object)]
    pub topics: BTreeMap<String, Kinds>,
}

/// Of which mode a contact is.
pub fn mode_of(record: &Record) -> Mode {
    record.mode()
}

impl Contact {
    /// As it is stored.
    pub fn of(found: &Found) -> Self {
        Self::with(found.key, &found.record)
    }

    fn with(key: ContactKey, record: &Record) -> Self {
        let profile = record.profile();
        let heard = record.heard.iter().map(|heard| heard.at).max();
        let words = |bits: u8| ChannelKind::ALL.into_iter().filter(move |kind| bits & kind.stop_bit() != 0);
        Contact {
            id: key.to_string(),
            mode: mode_of(record).as_str(),
            phone: profile.phone.map(|phone| phone.as_str().to_owned()),
            email_dead: profile.email.is_some() && profile.dead == profile.email,
            email: profile.email,
            external_id: profile.external,
            whatsapp_id: profile.user_id,
            name: profile.name,
            language: profile.language.map(|language| language.as_str().to_owned()),
            timezone: profile.timezone,
            channel: record.last_channel().map(ToString::to_string),
            last_seen: heard.map(|at| rfc3339(at - record.clock.ahead)),
            tags: profile.tags.iter().map(ToString::to_string).collect(),
            attributes: profile.attributes.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect(),
            private: profile.private.iter().map(ToString::to_string).collect(),
            stopped: words(profile.stop).map(ChannelKind::as_str).collect(),
            marketing: ChannelKind::ALL.iter().map(|kind| (kind.as_str(), profile.consent & kind.stop_bit() != 0)).collect(),
            refused: ChannelKind::ALL.into_iter().filter(|kind| record.refused(*kind)).map(ChannelKind::as_str).collect(),
            topics: profile.topics.iter().map(|said| (said.topic.to_string(), kinds(said))).collect(),
        }
    }
}

fn kinds(said: &TopicConsent) -> Kinds {
    let one = |kind: ChannelKind| match kind.stop_bit() {
        bit if said.yes & bit != 0 => Some((kind.as_str(), true)),
        bit if said.no & bit != 0 => Some((kind.as_str(), false)),
        _ => None,
    };
    ChannelKind::ALL.into_iter().filter_map(one).collect()
}
