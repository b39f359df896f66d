//! What analytics services are told of the journal: data in, data out. `rows` turns an entry into what happened, in names and numbers
//! only; an encoder for each service writes the requests and reads the answers; `parcels` decides what is sent again, split or dropped.
//!
//! | service | request | what makes a row the same when it comes again |
//! |---|---|---|
//! | Mixpanel | `POST /import?strict=1` | `$insert_id` |
//! | Segment | `POST /v1/batch` | `messageId` |
//! | Amplitude | `POST /2/httpapi` | `insert_id` |

mod amplitude;
mod background;
mod mixpanel;
mod parcels;
mod properties;
mod rows;
mod segment;
#[cfg(test)]
mod tests;

pub use background::Background;
pub use parcels::{Next, Parcels, Wait};
pub use rows::rows;

use crate::config::sinks::{Access, SinkKind, SinkSettings};
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value as Json};

/// One thing that happened, as every service is told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// 32 hexadecimal digits: the same whenever the entry is read again.
    pub id: String,
    /// Its name, of `domain::happening`.
    pub name: &'static str,
    /// Whose.
    pub contact: ContactKey,
    /// When.
    pub at: Millis,
    /// What more is told of it.
    pub properties: Map<String, Json>,
}

/// What a service knows a contact by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: String,
    /// Whether it is a name of the contact that other systems use too, not one that only we can make.
    pub known: bool,
}

/// A row as its service wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The row's id.
    pub id: String,
    /// Its JSON.
    pub json: Bytes,
}

/// One request. Its headers and its body hold credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub url: String,
    /// `Authorization`, if it goes there.
    pub authorization: Option<String>,
    /// The body, JSON.
    pub body: Bytes,
}

/// What a service's answer means for the rows of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has all of them.
    Taken,
    /// It refuses these, by their places and why; it has the others.
    Without(Vec<(usize, String)>),
    /// It refuses these and took none: the others are to be sent again.
    AgainWithout(Vec<(usize, String)>),
    /// It wants fewer rows at a time.
    TooLarge,
    /// It refuses the request and does not say which row is wrong.
    Refused(String),
    /// It took none: these are of somebody who is over a limit and are to come later, the others may come now.
    Throttled(Vec<usize>),
    /// It took none, for now.
    Later(String),
    /// It will not take anything before somebody acts: credentials, the URL.
    Closed(String),
}

impl Verdict {
    /// The word of a metric's label.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Taken => "taken",
            Verdict::Without(_) | Verdict::AgainWithout(_) => "partly_refused",
            Verdict::TooLarge => "too_large",
            Verdict::Refused(_) => "refused",
            Verdict::Throttled(_) => "throttled",
            Verdict::Later(_) => "later",
            Verdict::Closed(_) => "closed",
        }
    }
}

/// What one request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows.
    pub rows: usize,
    /// Bytes of the whole body.
    pub bytes: usize,
    /// Bytes of one row.
    pub row_bytes: usize,
}

/// A service with its settings.
#[derive(Debug, Clone)]
pub struct Service {
    kind: SinkKind,
    base_url: String,
    access: Access,
    rows: usize,
}

impl Service {
    /// The service of these settings.
    pub fn new(settings: &SinkSettings) -> Self {
        let SinkSettings { kind, base_url, access, batch, .. } = settings;
        Service { kind: *kind, base_url: base_url.clone(), access: access.clone(), rows: *batch }
    }

    /// What its requests may hold, a little below what it documents.
    pub fn bounds(&self) -> Bounds {
        let (bytes, row_bytes) = match self.kind {
            SinkKind::Mixpanel => mixpanel::BYTES,
            SinkKind::Segment => segment::BYTES,
            SinkKind::Amplitude => amplitude::BYTES,
        };
        Bounds { rows: self.rows, bytes, row_bytes }
    }

    /// A row as it wants it.
    pub fn row(&self, row: &Row, person: &Person) -> Encoded {
        let json = match self.kind {
            SinkKind::Mixpanel => mixpanel::row(row, person),
            SinkKind::Segment => segment::row(row, person),
            SinkKind::Amplitude => amplitude::row(row, person),
        };
        Encoded { id: row.id.clone(), json: Bytes::from(json.to_string()) }
    }

    /// The request that tells these rows.
    pub fn request(&self, rows: &[Encoded]) -> Request {
        match self.kind {
            SinkKind::Mixpanel => mixpanel::request(&self.base_url, &self.access, rows),
            SinkKind::Segment => segment::request(&self.base_url, &self.access, rows),
            SinkKind::Amplitude => amplitude::request(&self.base_url, &self.access, rows),
        }
    }

    /// What an answer to a request of these rows means.
    pub fn verdict(&self, status: u16, body: &[u8], rows: &[Encoded]) -> Verdict {
        let n = rows.len();
        match status {
            200..=299 => Verdict::Taken,
            401 | 403 => Verdict::Closed(format!("{status}: look at its credentials")),
            413 => Verdict::TooLarge,
            400 => {
                let body: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
                match self.kind {
                    SinkKind::Mixpanel => mixpanel::refusal(&body, n),
                    SinkKind::Segment => segment::refusal(),
                    SinkKind::Amplitude => amplitude::refusal(&body, n),
                }
            }
            429 if self.kind == SinkKind::Amplitude => {
                amplitude::throttled(&serde_json::from_slice(body).unwrap_or(Json::Null), rows)
            }
            408 | 425 | 429 | 500..=599 => Verdict::Later(status.to_string()),
            422 => Verdict::Refused("422".to_owned()),
            _ => Verdict::Closed(format!("{status}: look at its base_url")),
        }
    }
}

/// Rows with commas between them.
fn list(before: &str, rows: &[Encoded], after: &str) -> Bytes {
    let bytes = rows.iter().map(|row| row.json.len() + 1).sum::<usize>() + before.len() + after.len();
    let mut body = Vec::with_capacity(bytes);
    body.extend_from_slice(before.as_bytes());
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&row.json);
    }
    body.extend_from_slice(after.as_bytes());
    Bytes::from(body)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn key(access: &Access) -> &str {
    match access {
        Access::Key(key) => key.expose(),
        Access::Account { .. } => "",
    }
}

/// A field's name out of a service's answer, for a log: nothing that could be what somebody wrote.
fn field_name(name: &str) -> String {
    let kept = name.chars().take(64).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | '-'));
    kept.collect()
}
