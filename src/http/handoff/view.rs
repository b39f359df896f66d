//! Hand-offs as the API shows and takes them.

use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::domain::value::{Value, rfc3339};
use crate::engine::record::{Record, Said, Waiting};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a conversation that was handed over is, and what was said since.
#[derive(Debug, Serialize, ToSchema)]
pub struct Handoff {
    /// The contact's key.
    contact: String,
    /// Whether a person has it.
    state: HandoffState,
    /// The runs that wait for a person.
    handoffs: Vec<Waits>,
    /// What was said since it was handed over, oldest first.
    messages: Vec<Message>,
    /// Messages before these that are no longer kept here.
    older: u32,
}

/// Whether a person has a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HandoffState {
    /// It was not handed over.
    None,
    /// Nobody has taken it yet.
    Awaited,
    /// A person has it.
    Taken,
}

/// A run that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Waits {
    /// The run.
    run: String,
    /// Its flow.
    flow: String,
    /// The team.
    to: String,
    /// What the flow says about it.
    #[schema(required)]
    note: Option<String>,
    /// Who has taken it.
    #[schema(required)]
    by: Option<String>,
    /// When nobody is waited for any more; null once it is taken.
    #[schema(required)]
    until: Option<String>,
}

/// What was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandoffMessage)]
pub struct Message {
    /// Its id.
    id: String,
    /// When.
    at: String,
    /// Who said it.
    from: Speaker,
    /// Which person.
    #[schema(required)]
    by: Option<String>,
    /// Over which channel.
    #[schema(required)]
    channel: Option<String>,
    /// What.
    text: String,
    /// A file or a place that came with it.
    #[schema(required, value_type = Option<serde_json::Value>)]
    media: Option<serde_json::Value>,
    /// Why it was not sent.
    #[schema(required)]
    refused: Option<String>,
}

/// Who said something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The contact.
    Contact,
    /// A person of the team.
    Person,
}

impl Handoff {
    pub(super) fn of(contact: ContactKey, record: &Record) -> Self {
        let at = |moment: Millis| rfc3339(moment - record.clock.ahead);
        let mut handoffs = Vec::new();
        let mut talk = None;
        for run in &record.runs {
            let Waiting::Person { until, taken, to, note, talk: said, .. } = &run.waiting else { continue };
            handoffs.push(Waits {
                run: run.id.to_string(),
                flow: run.flow.to_string(),
                to: to.to_string(),
                note: note.clone(),
                by: taken.clone(),
                until: taken.is_none().then(|| at(*until)),
            });
            talk.get_or_insert(said);
        }
        let state = match handoffs.iter().any(|one| one.by.is_some()) {
            true => HandoffState::Taken,
            false if handoffs.is_empty() => HandoffState::None,
            false => HandoffState::Awaited,
        };
        let message = |said: &Said| Message {
            id: said.id.to_string(),
            at: at(said.at),
            from: if said.by.is_some() { Speaker::Person } else { Speaker::Contact },
            by: said.by.clone(),
            channel: said.channel.as_ref().map(ToString::to_string),
            text: said.text.clone(),
            media: said.media.as_ref().map(Value::to_json),
            refused: said.refused.clone(),
        };
        let messages = talk.map(|talk| talk.said.iter().map(message).collect()).unwrap_or_default();
        let older = talk.map_or(0, |talk| talk.older);
        Handoff { contact: contact.to_string(), state, handoffs, messages, older }
    }
}

/// Who takes a conversation over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Who does it, for example a name or an email address.
    #[schema(min_length = 1, max_length = 128)]
    pub by: String,
    /// The caller's name of it: the same one again does nothing.
    #[schema(min_length = 1, max_length = 128)]
    pub id: Option<String>,
}

/// What a person writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Who does it, for example a name or an email address.
    #[schema(min_length = 1, max_length = 128)]
    pub by: String,
    /// What: as much as one message of the channel holds.
    #[schema(min_length = 1)]
    pub text: String,
    /// Over which channel; else over the one that the contact used last.
    pub channel: Option<String>,
    /// The caller's name of it: the same one again does nothing.
    #[schema(min_length = 1, max_length = 128)]
    pub id: Option<String>,
}

/// How a conversation is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Who does it, for example a name or an email address.
    #[schema(min_length = 1, max_length = 128)]
    pub by: String,
    /// The resolution: what the state saves.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// The caller's name of it: the same one again does nothing.
    #[schema(min_length = 1, max_length = 128)]
    pub id: Option<String>,
}

/// That something is stored and will be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Acted {
    /// What the journal calls it.
    pub id: String,
}
