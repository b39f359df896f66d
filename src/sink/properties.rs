//! The properties of one thing that happened: names, words and numbers. What people wrote, their addresses and values only where
//! the configuration names them.

use super::background::{Background, Message};
use crate::config::sinks::Includes;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{EffectId, RunId};
use crate::domain::message::{InboundContent, OutboundContent};
use crate::domain::name::Slug;
use crate::domain::value::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// The longest text of a property: Mixpanel keeps 255 bytes of one, Segment wants an event below 32 KB.
const TEXT_CHARS: usize = 1_000;

/// Properties that are being put together.
pub(super) struct Properties<'a> {
    pub map: Map<String, Json>,
    background: &'a Background,
    include: &'a Includes,
}

impl<'a> Properties<'a> {
    pub fn new(background: &'a Background, include: &'a Includes) -> Self {
        Properties { map: Map::new(), background, include }
    }

    /// A name or number; nothing is left out.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.map.insert(name.to_owned(), value);
        }
        self
    }

    /// A word of a closed list.
    pub fn word(self, name: &str, word: &impl Serialize) -> Self {
        let word = serde_json::to_value(word).ok().filter(Json::is_string);
        self.with(name, word.unwrap_or(Json::Null))
    }

    /// A run and its flow.
    pub fn run(self, run: &RunId) -> Self {
        let flow = self.background.flow(run).map(|flow| Json::from(flow.as_str()));
        let with_run = self.with("run", run.to_string());
        match with_run.map.contains_key("flow") {
            true => with_run,
            false => with_run.with("flow", flow.unwrap_or(Json::Null)),
        }
    }

    /// The same where there may be none.
    pub fn maybe_run(self, run: Option<&RunId>) -> Self {
        match run {
            Some(run) => self.run(run),
            None => self,
        }
    }

    /// A message and what is known of it.
    pub fn message(self, effect: &EffectId) -> Self {
        let known = self.background.message(effect).cloned();
        let named = self.with("message", effect.to_string());
        let Some(Message { run, channel, kind, notification }) = known else { return named };
        named
            .with("channel", channel.as_str())
            .medium(kind)
            .with("notification", notification.as_ref().map(Slug::as_str))
            .maybe_run(run.as_ref())
    }

    /// Whether the effect is known to be a message.
    pub fn is_message(&self, effect: &EffectId) -> bool {
        self.background.message(effect).is_some()
    }

    /// Whether nothing is known of an effect.
    pub fn is_unknown(&self, effect: &EffectId) -> bool {
        self.background.is_unknown(effect)
    }

    /// The api of a call and its run.
    pub fn call(self, effect: &EffectId) -> Self {
        match self.background.call(effect).map(|(run, api)| (*run, api.clone())) {
            Some((run, api)) => self.with("api", api.as_str()).run(&run),
            None => self,
        }
    }

    pub fn medium(self, kind: ChannelKind) -> Self {
        self.with("medium", kind.as_str())
    }

    /// What somebody wrote, if it is wanted.
    pub fn text(self, text: &str) -> Self {
        match self.include.text && !text.is_empty() {
            true => self.with("text", short(text)),
            false => self,
        }
    }

    /// Where somebody is reached, if it is wanted.
    pub fn address(self, address: &Address) -> Self {
        match self.include.address {
            true => self.with("address", address.reveal()),
            false => self,
        }
    }

    /// A value that was saved under a name, if it is wanted. What is private is nothing in the journal.
    pub fn value(self, name: &str, value: &Value) -> Self {
        match self.include.values.iter().any(|wanted| wanted == name) {
            true => self.with("value", plain(value)),
            false => self,
        }
    }

    /// The wanted fields of an event's data.
    pub fn fields(mut self, data: Option<&Value>) -> Self {
        if let Some(Value::Map(fields)) = data {
            for name in &self.include.fields {
                let value = fields.get(name).map_or(Json::Null, plain);
                self = self.with(&format!("event_{name}"), value);
            }
        }
        self
    }
}

/// What a message that came is, in a word.
pub(super) fn content(content: &InboundContent) -> &'static str {
    match content {
        InboundContent::Text => "text",
        InboundContent::Media { .. } => "media",
        InboundContent::ButtonReply { .. } => "button",
        InboundContent::ListReply { .. } => "list",
        InboundContent::FormReply { .. } => "form",
        InboundContent::Location(_) => "location",
        InboundContent::Contacts(_) => "contacts",
        InboundContent::Reaction { .. } => "reaction",
        InboundContent::Edited { .. } => "edited",
        InboundContent::Deleted { .. } => "deleted",
        InboundContent::Order { .. } => "order",
        InboundContent::OptOut { .. } => "opt_out",
        InboundContent::System { .. } => "system",
        InboundContent::RequestWelcome => "welcome",
        InboundContent::Unsupported { .. } => "unsupported",
    }
}

/// What a message that leaves says.
pub(super) fn said(content: &OutboundContent) -> &str {
    match content {
        OutboundContent::Text { text }
        | OutboundContent::Buttons { text, .. }
        | OutboundContent::List { text, .. }
        | OutboundContent::Sections { text, .. }
        | OutboundContent::CallToAction { text, .. }
        | OutboundContent::LocationRequest { text }
        | OutboundContent::Email { text, .. } => text,
        OutboundContent::Media { caption: text, .. }
        | OutboundContent::Album { text, .. }
        | OutboundContent::Location { text, .. } => text.as_deref().unwrap_or(""),
        OutboundContent::Form(form) => &form.text,
        OutboundContent::Contacts(_)
        | OutboundContent::Reaction { .. }
        | OutboundContent::Template { .. }
        | OutboundContent::MarkRead { .. } => "",
    }
}

/// A value as services read it: texts are cut, what is nested stands as JSON in a text.
fn plain(value: &Value) -> Json {
    match value {
        Value::Choice { id, .. } => id.as_str().into(),
        Value::Map(_) | Value::List(_) => short(&value.to_json().to_string()),
        value => match value.to_json() {
            Json::String(text) => short(&text),
            other => other,
        },
    }
}

fn short(text: &str) -> Json {
    text.chars().take(TEXT_CHARS).collect::<String>().into()
}
