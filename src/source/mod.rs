//! What analytics services send to `/sources/NAME`, read as events: data in, data out, as the adapters of providers do it. A service
//! says who by properties of its own; `paths` finds the contact in them. `signature` also serves the webhooks of flows.
//!
//! | service | events |
//! |---|---|
//! | Mixpanel | `mixpanel.cohort.entered`, `mixpanel.cohort.left` |
//! | Segment | `segment.track.NAME`, `segment.identify`, `segment.page`, `segment.screen`, `segment.group` |
//! | Amplitude | `amplitude.cohort.entered`, `amplitude.cohort.left`, `amplitude.event.NAME`, `amplitude.identify` |

mod amplitude;
pub mod mixpanel;
mod paths;
pub mod segment;
pub mod signature;
#[cfg(test)]
mod tests;

use crate::config::project::Project;
use crate::config::sources::{SourceKind, SourceSettings};
use crate::domain::input::ContactRef;
use crate::domain::limits::SOURCE_ITEMS;
use crate::domain::name::EventName;
use crate::domain::value::Value;
use serde_json::{Map, Value as Json};

/// One event that a service sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub name: EventName,
    /// Its contact.
    pub contact: ContactRef,
    /// Its data, an object.
    pub data: Value,
    /// What makes it the same when it is delivered again.
    pub id: Option<String>,
}

impl Item {
    /// Whether it says something of its contact that is kept, whoever listens to it.
    pub fn tells(&self) -> bool {
        !self.contact.attributes.is_empty() || self.contact.consent.is_some()
    }
}

/// Why one of many was left out; the others count all the same. The words are labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// Nothing in it says who.
    Nobody,
    /// Its phone number cannot be read, and nothing else says who.
    UnreadablePhone,
    /// It is of a kind that begins nothing, such as an alias.
    OtherKind,
    /// It is not what the service documents.
    Unreadable,
}

impl Skipped {
    /// The word of a metric's label.
    pub fn word(self) -> &'static str {
        match self {
            Skipped::Nobody => "nobody",
            Skipped::UnreadablePhone => "unreadable_phone",
            Skipped::OtherKind => "other_kind",
            Skipped::Unreadable => "unreadable",
        }
    }
}

/// What one request said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its items in their order.
    pub items: Vec<Result<Item, Skipped>>,
    /// What Mixpanel called it: its answer says the same.
    pub action: Option<String>,
}

/// Why a request cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReadable(pub &'static str);

/// Reads what a source sent.
pub fn read(source: &SourceSettings, project: &Project, body: &[u8]) -> Result<Said, NotReadable> {
    let json: Json = serde_json::from_slice(body).map_err(|_| NotReadable("the body is not JSON"))?;
    let reader = Reader { source, project };
    let said = match source.kind {
        SourceKind::Mixpanel => mixpanel::read(&reader, json),
        SourceKind::Segment => segment::read(&reader, json),
        SourceKind::Amplitude => amplitude::read(&reader, json),
    }?;
    match said.items.len() > SOURCE_ITEMS {
        true => Err(NotReadable("it holds more items than one request may")),
        false => Ok(said),
    }
}

/// What the readers share.
struct Reader<'a> {
    source: &'a SourceSettings,
    project: &'a Project,
}

impl Reader<'_> {
    /// An item about whoever its properties name. `data` is what flows read as `event`, beside `source` and `contact`.
    fn item(&self, name: &str, properties: &Json, data: Map<String, Json>, id: Option<String>) -> Result<Item, Skipped> {
        let contact = paths::contact(&self.source.contact, properties, self.project)?;
        let mut all = Map::new();
        all.insert("source".to_owned(), self.source.name.as_str().into());
        all.insert("contact".to_owned(), described(&contact));
        all.extend(data);
        let name = EventName::parse(name).map_err(|_| Skipped::Unreadable)?;
        let id = id.map(|id| format!("{}/{id}", self.source.name));
        Ok(Item { name, contact, data: Value::from_json(Json::Object(all)), id })
    }
}

/// Who it is, as flows read it: the phone number in E.164.
fn described(contact: &ContactRef) -> Json {
    let mut all = Map::new();
    let fields = [
        ("phone", contact.phone.as_ref().map(|phone| phone.as_str())),
        ("email", contact.email.as_deref()),
        ("id", contact.id.as_deref()),
        ("name", contact.name.as_deref()),
    ];
    for (field, value) in fields {
        all.insert(field.to_owned(), value.map_or(Json::Null, Into::into));
    }
    Json::Object(all)
}

/// A name that people chose as the last part of an event's name: `Order Completed` is `order_completed`.
fn last_part(name: &str, room: usize) -> Option<String> {
    let mut out = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c.is_ascii_alphanumeric() {
            true => out.push(c),
            false if out.ends_with('_') || out.is_empty() => {}
            false => out.push('_'),
        }
    }
    let out = out.trim_end_matches('_');
    (!out.is_empty()).then(|| out.chars().take(room).collect::<String>().trim_end_matches('_').to_owned())
}

/// Characters of an event's name.
const NAME: usize = 64;

/// `segment.track.` and `Order Completed`: `segment.track.order_completed`.
fn event_name(prefix: &str, name: &str) -> Option<String> {
    last_part(name, NAME - prefix.len()).map(|last| format!("{prefix}{last}"))
}

/// These fields of an object, those that it has.
fn fields(of: &Json, wanted: &[(&str, &str)]) -> Map<String, Json> {
    let mut out = Map::new();
    for (field, named) in wanted {
        if let Some(value) = of.get(*field).filter(|value| !value.is_null()) {
            out.insert((*named).to_owned(), value.clone());
        }
    }
    out
}

/// The text of a field, also of a number.
fn text(of: &Json, field: &str) -> Option<String> {
    paths::text(of.get(field)?)
}

/// Attributes that a contact gets: those which are declared, each of its type.
type Attributes = Vec<(crate::domain::name::Name, Value)>;
