//! Contacts. `Event::Profile` is the truth, the last one told wins; of entries by releases that did not tell it, it is put together from what
//! they say.

use super::{Fold, Now};
use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, consent};
use crate::domain::consent::TopicConsent;
use crate::domain::id::ContactKey;
use crate::domain::input::ContactRef;
use crate::domain::journal::Event;
use crate::domain::mail::email;
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::profile::Profile;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::history::cell::{Cell, Row, Statement};
use crate::history::error::HistoryError;

/// What is known of a contact while a batch is folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::history) struct Person {
    /// Whether they are there: there is a row of them, or will be.
    pub there: bool,
    /// Of whom they are a part.
    pub moved: Option<ContactKey>,
    /// They were a part of somebody who was deleted.
    pub gone: bool,
    pub dirty: bool,
    pub simulated: bool,
    /// Whether it is a test contact.
    pub test: bool,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub whatsapp_id: Option<String>,
    pub email: Option<String>,
    pub external: Option<String>,
    pub verbatim: Option<String>,
    pub language: Option<String>,
    pub timezone: Option<String>,
    pub channel: Option<String>,
    pub created_at: i64,
    pub changed_at: i64,
    pub last_seen: Option<i64>,
    pub last_sent: Option<i64>,
    pub stop: i64,
    pub consent: i64,
    pub dead_email: Option<String>,
    /// What has a value that was given in private, and what is wanted of topics, as JSON.
    pub private: Option<String>,
    pub topics: Option<String>,
    /// Tags and attributes as the last profile says; then single changes.
    whole: Option<Whole>,
    tags: Vec<(String, bool)>,
    attributes: Vec<(String, Value)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Whole {
    tags: Vec<String>,
    attributes: Vec<(String, Value)>,
}

/// The mode of the row of somebody who is part of another contact, and of one whose other contact was deleted.
pub(super) const MOVED: &str = "moved";
pub(super) const GONE: &str = "gone";

/// The columns that `Person::read` reads.
pub(super) const SELECT: &str =
    "SELECT simulated, name, phone, whatsapp_id, email, external, verbatim, language, timezone, channel, created_at,
    changed_at, last_seen, last_sent, stop, consent, dead_email, private, topics, mode, target FROM contact WHERE id = $1";

impl Person {
    /// The same as a part of another contact: of what is known only since when, as the other may not be known yet.
    pub(super) fn part_of(&self, into: ContactKey, at: Millis) -> Self {
        let created_at = if self.there { self.created_at } else { at.0 };
        let (last_seen, last_sent, channel) = (self.last_seen, self.last_sent, self.channel.clone());
        Person { moved: Some(into), created_at, changed_at: at.0, last_seen, last_sent, channel, ..Person::default() }
    }

    /// Who was part of one that was deleted.
    pub(super) fn gone() -> Self {
        Person { gone: true, ..Person::default() }
    }

    pub(super) fn read(row: &Row) -> Result<Self, HistoryError> {
        let text = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
        let gone = row.text(19)? == GONE;
        let moved = row.opt_text(20)?.and_then(ContactKey::parse);
        Ok(Person {
            there: moved.is_none() && !gone,
            moved,
            gone,
            simulated: row.flag(0)?,
            test: row.text(19)? == Mode::Test.as_str() && !row.flag(0)?,
            name: text(1)?,
            phone: text(2)?,
            whatsapp_id: text(3)?,
            email: text(4)?,
            external: text(5)?,
            verbatim: text(6)?,
            language: text(7)?,
            timezone: text(8)?,
            channel: text(9)?,
            created_at: row.int(10)?,
            changed_at: row.int(11)?,
            last_seen: row.opt_int(12)?,
            last_sent: row.opt_int(13)?,
            stop: row.int(14)?,
            consent: row.int(15)?,
            dead_email: text(16)?,
            private: text(17)?,
            topics: text(18)?,
            ..Person::default()
        })
    }

    fn told(&mut self, contact: ContactKey, profile: &Profile, out: &mut Vec<Statement>) {
        self.test |= profile.test;
        let Profile { phone, user_id, email, external, verbatim, name, language, timezone, .. } = profile;
        self.phone = phone.as_ref().map(|phone| phone.as_str().to_owned());
        (self.whatsapp_id, self.email) = (user_id.clone(), email.clone());
        (self.external, self.verbatim) = (external.clone(), verbatim.clone());
        (self.name, self.timezone) = (name.clone(), timezone.clone());
        self.language = language.map(|language| language.as_str().to_owned());
        (self.stop, self.consent) = (profile.stop.into(), profile.consent.into());
        (self.dead_email, self.simulated) = (profile.dead.clone(), profile.simulated);
        let listed = |there: bool, list: serde_json::Result<String>| if there { list.ok() } else { None };
        self.private = listed(!profile.private.is_empty(), serde_json::to_string(&profile.private));
        self.topics = listed(!profile.topics.is_empty(), topics(profile));
        let reached = [
            phone.clone().map(Address::Phone),
            user_id.clone().map(Address::Bsuid),
            email.clone().map(Address::Email),
            external.clone().map(Address::External),
            verbatim.clone().map(Address::Verbatim),
        ];
        self.whole = Some(Whole {
            tags: profile.tags.iter().map(ToString::to_string).collect(),
            attributes: profile.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        });
        self.tags.clear();
        self.attributes.clear();
        // An address is whose it was told to be last: these are written in the order in which they are told.
        out.push(Statement::new("DELETE FROM contact_address WHERE contact = $1", [contact.into()]));
        let mode = self.stored();
        out.extend(reached.iter().flatten().map(|address| reached_at(mode, contact, address)));
    }

    /// In which mode its addresses are its own.
    fn stored(&self) -> Mode {
        if self.test { Mode::Test } else { Mode::Live }
    }

    /// Takes over an address, if there is none of its kind yet.
    fn heard_at(&mut self, contact: ContactKey, address: &Address, out: &mut Vec<Statement>) {
        let place = match address {
            Address::Phone(_) => &mut self.phone,
            Address::Bsuid(_) => &mut self.whatsapp_id,
            Address::Email(_) => &mut self.email,
            Address::External(_) => &mut self.external,
            Address::Verbatim(_) => &mut self.verbatim,
        };
        if place.as_deref() == Some(address.reveal()) {
            return;
        }
        if place.is_none() {
            *place = Some(address.reveal().to_owned());
        }
        out.push(reached_at(self.stored(), contact, address));
    }

    fn adopt(&mut self, contact: ContactKey, who: &ContactRef, out: &mut Vec<Statement>) {
        let reached = [
            who.phone.clone().map(Address::Phone),
            who.user_id.clone().map(Address::Bsuid),
            who.email.clone().map(Address::Email),
            who.id.clone().map(Address::External),
        ];
        reached.iter().flatten().for_each(|address| self.heard_at(contact, address, out));
        self.name = self.name.take().or_else(|| who.name.clone());
        self.language = self.language.take().or_else(|| who.language.map(|language| language.as_str().to_owned()));
        self.attributes.extend(who.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())));
    }

    fn set(&mut self, name: &str, value: &Value) {
        let text = value.as_text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        match name {
            "name" => self.name = text,
            "email" => self.email = text.map(|text| email(&text).unwrap_or_else(|| text.to_lowercase())),
            "language" => self.language = text,
            "timezone" => self.timezone = text,
            // Nothing stands where the value is private.
            "marketing" if *value != Value::Null => self.consent = consent(value).map_or(self.consent, i64::from),
            "marketing" => {}
            _ => self.attributes.push((name.to_owned(), value.clone())),
        }
    }

    pub(super) fn write(&self, contact: ContactKey, out: &mut Vec<Statement>) {
        if self.dirty && self.there {
            self.write_row(contact, out);
        }
    }

    /// The row, and what belongs to it.
    pub(super) fn write_row(&self, contact: ContactKey, out: &mut Vec<Statement>) {
        let sql = "INSERT INTO contact (id, mode, simulated, name, phone, whatsapp_id, email, external, verbatim, language, timezone, channel,
                       created_at, changed_at, last_seen, last_sent, stop, consent, dead_email, private, topics, target)
                   VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)
                   ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, simulated = excluded.simulated, name = excluded.name,
                       phone = excluded.phone, whatsapp_id = excluded.whatsapp_id, email = excluded.email, external = excluded.external,
                       verbatim = excluded.verbatim, language = excluded.language, timezone = excluded.timezone,
                       channel = excluded.channel, created_at = excluded.created_at, changed_at = excluded.changed_at,
                       last_seen = excluded.last_seen, last_sent = excluded.last_sent, stop = excluded.stop, consent = excluded.consent,
                       dead_email = excluded.dead_email, private = excluded.private, topics = excluded.topics,
                       target = excluded.target";
        let mode = match (self.moved, self.simulated) {
            (Some(_), _) => MOVED,
            (None, true) => Mode::Test.as_str(),
            (None, false) => self.stored().as_str(),
        };
        let params: [Cell; 22] = [
            contact.into(),
            mode.into(),
            self.simulated.into(),
            self.name.as_deref().into(),
            self.phone.as_deref().into(),
            self.whatsapp_id.as_deref().into(),
            self.email.as_deref().into(),
            self.external.as_deref().into(),
            self.verbatim.as_deref().into(),
            self.language.as_deref().into(),
            self.timezone.as_deref().into(),
            self.channel.as_deref().into(),
            self.created_at.into(),
            self.changed_at.into(),
            self.last_seen.into(),
            self.last_sent.into(),
            self.stop.into(),
            self.consent.into(),
            self.dead_email.as_deref().into(),
            self.private.as_deref().into(),
            self.topics.as_deref().into(),
            self.moved.into(),
        ];
        out.push(Statement::new(sql, params));
        if let Some(whole) = &self.whole {
            out.push(Statement::new("DELETE FROM contact_tag WHERE contact = $1", [contact.into()]));
            out.push(Statement::new("DELETE FROM contact_attribute WHERE contact = $1", [contact.into()]));
            whole.tags.iter().for_each(|tag| out.push(tagged(contact, tag, true)));
            whole.attributes.iter().for_each(|(name, value)| out.push(attribute(contact, name, value)));
        }
        self.tags.iter().for_each(|(tag, on)| out.push(tagged(contact, tag, *on)));
        self.attributes.iter().for_each(|(name, value)| out.push(attribute(contact, name, value)));
    }
}

/// One address is one contact's live, and another one's in test.
fn reached_at(mode: Mode, contact: ContactKey, address: &Address) -> Statement {
    let sql = "INSERT INTO contact_address (contact, address) VALUES ($1, $2) ON CONFLICT (address) DO UPDATE SET contact = excluded.contact";
    Statement::new(
        sql,
        [
            contact.into(),
            match mode {
                Mode::Live => named(address),
                Mode::Test => format!("test:{}", named(address)),
            }
            .into(),
        ],
    )
}

/// `[{"topic", "in": [kinds], "out": [kinds]}]`
fn topics(profile: &Profile) -> serde_json::Result<String> {
    let kinds = |bits: u8| ChannelKind::ALL.into_iter().filter(|kind| bits & kind.stop_bit() != 0).collect::<Vec<_>>();
    let topic = |said: &TopicConsent| serde_json::json!({ "topic": said.topic, "in": kinds(said.yes), "out": kinds(said.no) });
    serde_json::to_string(&profile.topics.iter().map(topic).collect::<Vec<_>>())
}

fn tagged(contact: ContactKey, tag: &str, on: bool) -> Statement {
    let sql = match on {
        true => "INSERT INTO contact_tag (contact, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM contact_tag WHERE contact = $1 AND tag = $2",
    };
    Statement::new(sql, [contact.into(), tag.into()])
}

fn attribute(contact: ContactKey, name: &str, value: &Value) -> Statement {
    if *value == Value::Null {
        return Statement::new("DELETE FROM contact_attribute WHERE contact = $1 AND name = $2", [contact.into(), name.into()]);
    }
    let sql = "INSERT INTO contact_attribute (contact, name, text, number) VALUES ($1, $2, $3, $4)
               ON CONFLICT (contact, name) DO UPDATE SET text = excluded.text, number = excluded.number";
    let text = match value.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let number = match value {
        Value::Number(n) => Some(*n),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Moment(at) => Some(at.0 as f64),
        Value::Duration(span) => Some(span.0 as f64),
        // Midnight in UTC, so that days compare with moments.
        Value::Date(day) => day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond() as f64),
        _ => None,
    };
    Statement::new(sql, [contact.into(), name.into(), text.into(), number.into()])
}

/// How an address is named in `contact_address`: its kind and what it is; `phone:+447700900123`.
pub(super) fn named(address: &Address) -> String {
    match address {
        Address::Phone(phone) => format!("phone:{}", phone.as_str()),
        other => other.canonical(),
    }
}

impl Fold<'_> {
    /// The contact is there; the entry's own profile counts for all of it.
    pub(super) fn meet(&mut self, now: &Now<'_>) {
        let at = now.entry.at.0;
        let person = self.people.entry(now.contact).or_default();
        if !person.there {
            *person = Person { there: true, created_at: at, ..Person::default() };
        }
        person.test |= now.of == Mode::Test;
        person.dirty = true;
        if let Some(profile) = now.profile {
            person.told(now.contact, profile, &mut self.out);
            person.changed_at = at.max(person.changed_at);
        }
    }

    pub(super) fn person(&mut self, now: &Now<'_>, event: &Event) {
        let at = now.entry.at.0;
        let Some(person) = self.people.get_mut(&now.contact).filter(|person| person.there) else { return };
        match event {
            Event::Received { channel, .. } => {
                person.last_seen = person.last_seen.max(Some(at));
                person.channel = Some(channel.to_string());
            }
            Event::Sent { .. } => person.last_sent = person.last_sent.max(Some(at)),
            _ => {}
        }
        // All that follows is in the entry's profile too, and that is the truth.
        if now.profile.is_some() {
            return;
        }
        match event {
            Event::Received { from, name, .. } => {
                person.heard_at(now.contact, from, &mut self.out);
                person.name = person.name.take().or_else(|| name.clone());
            }
            Event::EventReceived { contact: Some(who), .. } => person.adopt(now.contact, who, &mut self.out),
            Event::Sent { to, .. } => person.heard_at(now.contact, to, &mut self.out),
            Event::Set { name, value, .. } => match name.strip_prefix("contact.") {
                Some(name) => person.set(name, value),
                None => return,
            },
            Event::ContactChanged { name, value, .. } => person.set(name, value),
            Event::Tagged { added, removed, .. } => {
                person.tags.extend(added.iter().map(|tag| (tag.to_string(), true)));
                person.tags.extend(removed.iter().map(|tag| (tag.to_string(), false)));
            }
            Event::OptedOut { kind, .. } => person.stop |= bit(*kind),
            Event::OptedIn { kind, .. } => person.stop &= !bit(*kind),
            Event::Consent(told) if told.topic.is_none() => {
                told.given.iter().for_each(|kind| person.consent |= bit(*kind));
                told.withdrawn.iter().for_each(|kind| person.consent &= !bit(*kind));
            }
            Event::AddressDead { kind: ChannelKind::Email, .. } => person.dead_email = person.email.clone(),
            _ => return,
        }
        person.changed_at = at.max(person.changed_at);
    }

    /// The channel that the contact used last, as far as it is known.
    pub(super) fn last_channel(&self, contact: ContactKey) -> Option<&str> {
        self.people.get(&contact)?.channel.as_deref()
    }

    /// The contact's language, as far as it is known.
    pub(super) fn language_of(&self, contact: ContactKey) -> Option<&str> {
        self.people.get(&contact)?.language.as_deref()
    }

    /// Of which kind the channel is over which somebody wrote.
    pub(super) fn kind_of(&self, channel: &ChannelName, from: &Address) -> Option<ChannelKind> {
        self.lines.kind(channel).or(match from {
            Address::Email(_) => Some(ChannelKind::Email),
            Address::Bsuid(_) => Some(ChannelKind::WhatsApp),
            Address::Phone(_) | Address::External(_) | Address::Verbatim(_) => None,
        })
    }
}

fn bit(kind: ChannelKind) -> i64 {
    i64::from(kind.stop_bit())
}
