//! What an expression of a flow reads during a turn.

use super::record::{Frame, Record, Reply, Run};
use crate::config::project::Project;
use crate::domain::id::ContactKey;
use crate::domain::language::Language;
use crate::domain::name::Name;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::definition::{Flow, StateId};
use crate::flow::expression::{Note, Root, Scope, access};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::cell::RefCell;

/// The values that an expression sees. Everything is borrowed: making one costs nothing.
#[derive(Clone, Copy)]
pub(super) struct View<'b> {
    pub record: &'b Record,
    pub contact: ContactKey,
    pub project: &'b Project,
    pub now: Millis,
    pub zone: &'b TimeZone,
    pub language: Language,
    pub flow: Option<&'b Flow>,
    pub run: Option<&'b Run>,
    pub frame: Option<&'b Frame>,
    pub reply: Option<&'b Reply>,
    pub event: Option<&'b Value>,
    pub body: Option<&'b Value>,
    /// An item of the list of a `pick`.
    pub item: Option<&'b Value>,
    /// Parameters of a notification: they take the place of variables.
    pub params: Option<&'b IndexMap<Name, Value>>,
    pub notes: &'b RefCell<Vec<String>>,
}

impl View<'_> {
    fn contact_field(&self, field: &str) -> Option<Value> {
        match field {
            "id" => Some(Value::text(self.contact.as_str())),
            _ => self.record.field(field),
        }
    }

    fn reply_field(&self, field: &str) -> Option<Value> {
        let reply = self.reply?;
        match field {
            "text" => Some(Value::text(reply.text.as_str())),
            "channel" => Some(Value::text(reply.channel.as_str())),
            "rest" => reply.rest.as_deref().map(Value::text),
            "media" => Some(reply.media.clone().unwrap_or(Value::List(Vec::new()))),
            "groups" => reply.groups.clone(),
            "at" => Some(Value::Moment(reply.at)),
            _ => None,
        }
    }

    fn run_field(&self, field: &str) -> Option<Value> {
        let (run, flow, frame) = (self.run?, self.flow?, self.frame?);
        match field {
            "id" => Some(Value::text(run.id.to_string())),
            "flow" => Some(Value::text(flow.name.as_str())),
            "version" => Some(Value::text(frame.version.to_string())),
            "state" => Some(Value::text(flow.state_name(frame.state))),
            _ => None,
        }
    }

    fn whole(&self, fields: &[&str], of: impl Fn(&str) -> Option<Value>) -> Value {
        Value::Map(fields.iter().map(|field| ((*field).to_owned(), of(field).unwrap_or_default())).collect())
    }

    /// The message as `reply`.
    pub(super) fn whole_reply(&self) -> Value {
        self.whole(&["text", "channel", "media", "rest", "groups", "at"], |field| self.reply_field(field))
    }
}

const CONTACT: [&str; 11] =
    ["id", "external", "phone", "email", "name", "language", "timezone", "channel", "tags", "marketing", "topics"];

impl Scope for View<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, Value>> {
        if let Some(params) = self.params {
            return params.get(name).map(Cow::Borrowed);
        }
        let slot = self.flow?.slot(name)?;
        Some(match self.frame.and_then(|frame| frame.vars.get(slot)) {
            Some(value) => Cow::Borrowed(value),
            None => Cow::Owned(Value::Null),
        })
    }

    fn root(&self, root: Root) -> Option<Cow<'_, Value>> {
        match root {
            Root::Event => self.event.map(Cow::Borrowed),
            Root::Body => self.body.map(Cow::Borrowed),
            Root::Item => self.item.map(Cow::Borrowed),
            Root::Contact => {
                let mut map = self.whole(&CONTACT, |field| self.contact_field(field));
                if let Value::Map(map) = &mut map {
                    map.extend(self.record.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())));
                }
                Some(Cow::Owned(map))
            }
            Root::Reply => self.reply.map(|_| Cow::Owned(self.whole_reply())),
            Root::Run => self.run.map(|_| Cow::Owned(self.whole(&["id", "flow", "version", "state"], |f| self.run_field(f)))),
            Root::Env => Some(Cow::Owned(Value::Map(self.project.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect()))),
            Root::Visits => {
                let (flow, frame) = (self.flow?, self.frame?);
                let count = |(id, n): &(StateId, u32)| (flow.state_name(*id).to_owned(), Value::Number(f64::from(*n)));
                Some(Cow::Owned(Value::Map(frame.visits.iter().map(count).collect())))
            }
            Root::Now | Root::Today | Root::Hours => None,
        }
    }

    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        match root {
            Root::Contact => {
                let attribute = self.record.attributes.iter().find(|(name, _)| name.as_str() == field);
                match attribute {
                    Some((_, value)) => Some(Cow::Borrowed(value)),
                    None => self.contact_field(field).map(Cow::Owned),
                }
            }
            Root::Reply => self.reply_field(field).map(Cow::Owned),
            Root::Run => self.run_field(field).map(Cow::Owned),
            Root::Env => self.project.env.get(field).map(Cow::Borrowed),
            Root::Visits => {
                let id = StateId(self.flow?.states.get_index_of(field)? as u16);
                let count = self.frame?.visits.iter().find(|(state, _)| *state == id).map_or(0, |(_, n)| *n);
                Some(Cow::Owned(Value::Number(f64::from(count))))
            }
            _ => self.root(root).and_then(|value| access::field(value, field)),
        }
    }

    fn within_hours(&self, hours: &str, at: Millis) -> Option<bool> {
        let hours = self.project.hours.get(hours)?;
        let local = self.zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).ok()?);
        let day = local.date().weekday().to_monday_zero_offset() as usize;
        Some(hours.days[day].iter().any(|(from, to)| *from <= local.time() && local.time() < *to))
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn timezone(&self) -> &TimeZone {
        self.zone
    }

    fn language(&self) -> Language {
        self.language
    }

    fn note(&self, note: Note<'_>) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < crate::domain::limits::NOTES_PER_TURN {
            let text = note.to_string();
            if !notes.contains(&text) {
                notes.push(text);
            }
        }
    }
}
