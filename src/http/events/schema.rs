//! Events as the API's document describes them. `read` is what reads them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// One event, or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Posted {
    /// One.
    One(Box<Event>),
    /// A list.
    List(Vec<Event>),
    /// A list with its name.
    Named(Named),
}

/// A list of events with its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The events.
    #[schema(min_items = 1, max_items = 1000)]
    pub events: Vec<Event>,
}

/// What happened elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name.
    #[schema(example = "order.delivered")]
    pub event: String,
    /// Whom it concerns; else the flows that wait for it know where in `data` that stands.
    pub contact: Option<Whom>,
    /// What it says.
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Json>>,
    /// Its id: the same event again takes no effect.
    pub id: Option<Id>,
    /// Where the sender hears what becomes of the messages.
    pub callback: Option<Callback>,
}

/// An id: text of 1 to 256 bytes or a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Id {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// A phone number, or what is known of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Whom {
    /// A phone number.
    #[schema(example = "+447700900123")]
    Phone(String),
    /// At least one of `phone`, `email`, `id`.
    Contact(Box<Contact>),
}

/// A person.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EventContact)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A phone number.
    #[schema(example = "+447700900123")]
    pub phone: Option<String>,
    /// An email address.
    pub email: Option<String>,
    /// The sender's own id of the person.
    #[schema(min_length = 1, max_length = 256)]
    pub id: Option<String>,
    /// A name.
    #[schema(min_length = 1, max_length = 256)]
    pub name: Option<String>,
    /// A language such as `en` or `pt-BR`.
    pub language: Option<String>,
    /// Declared attributes; null takes one away.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Map<String, Json>>,
    /// What the person agreed to.
    pub consent: Option<Consent>,
}

/// What a person agreed to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Of marketing: true or false for all kinds of channel, a list of those on which they agreed, or an answer for each.
    #[schema(value_type = Option<Value>)]
    pub marketing: Option<Json>,
    /// The same for each topic of the project.
    #[schema(value_type = Option<Object>)]
    pub topics: Option<Map<String, Json>>,
    /// When.
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// How.
    #[schema(max_length = 256)]
    pub how: Option<String>,
    /// What shows it.
    pub proof: Option<String>,
}

/// A URL, or a URL with what comes back with each report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Callback {
    /// A URL below a prefix that `[callbacks]` allows.
    Url(String),
    /// The same with more.
    Full(Box<FullCallback>),
}

/// A URL with what comes back with each report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FullCallback {
    /// A URL below a prefix that `[callbacks]` allows.
    pub url: String,
    /// The sender's id.
    pub id: Option<Id>,
    /// The sender's own data.
    #[schema(value_type = Option<Value>)]
    pub data: Option<Json>,
}

/// What became of an event or of a list that is stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Told {
    /// Of one.
    One {
        /// Its id: the sender's or ours.
        id: String,
    },
    /// Of a list.
    List(Results),
}

/// What became of each event of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Results {
    /// In the order in which they came.
    pub results: Vec<Became>,
}

/// What became of one event of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Became {
    /// 202 if it is stored, else as it would be answered alone.
    pub status: u16,
    /// Its id, if it is stored.
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// What is wrong with it.
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// Why.
    #[schema(nullable = false)]
    pub detail: Option<String>,
}
