//! What a conversation is made of, as two of them are compared.

use crate::domain::journal::{Decision, Event};
use crate::domain::value::Value;
use crate::testing::expect::choice_id;
use crate::testing::outgoing::{options_of, text_of};
use serde::Serialize;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Item {
    /// The contact wrote.
    Wrote {
        /// What.
        text: String,
        /// What it was taken for.
        decision: Decision,
    },
    /// Something else came: an event, a webhook, an operator.
    Came {
        /// Its name.
        name: String,
        /// What it was taken for.
        decision: Option<Decision>,
    },
    /// A run began.
    Began {
        /// Its flow.
        flow: String,
    },
    /// A state was entered.
    Entered {
        /// Its flow.
        flow: String,
        /// The state.
        state: String,
    },
    /// A state was left.
    Left {
        /// The state.
        state: String,
        /// The outcome.
        outcome: String,
    },
    /// A variable or attribute got a value.
    Set {
        /// Which.
        name: String,
        /// The value as JSON.
        value: serde_json::Value,
    },
    /// A message left.
    Message {
        /// Its text, or the approved template.
        text: String,
        /// Ids of its buttons.
        buttons: Vec<String>,
        /// Over which channel.
        channel: String,
    },
    /// A call was made.
    Called {
        /// `GET shop/orders/A1`.
        call: String,
    },
    /// An alert was raised.
    Alert {
        /// What it says.
        say: String,
    },
    /// An event was emitted.
    Emitted {
        /// Its name.
        event: String,
    },
    /// A run is over.
    Ended {
        /// Its result.
        end: String,
        /// Why.
        reason: String,
    },
}

impl Item {
    /// What an event is in a comparison; nothing if it is none of the conversation.
    pub(super) fn of(event: &Event) -> Option<Item> {
        Some(match event {
            Event::Received { text, content, decision, .. } => {
                let what = match content {
                    crate::domain::message::InboundContent::Text => text.clone(),
                    crate::domain::message::InboundContent::ButtonReply { payload }
                    | crate::domain::message::InboundContent::ListReply { payload, .. } => format!("[{}]", choice_id(payload)),
                    crate::domain::message::InboundContent::Media { .. } => format!("(a file) {text}").trim_end().to_owned(),
                    crate::domain::message::InboundContent::Location(_) => "(a place)".to_owned(),
                    _ => text.clone(),
                };
                Item::Wrote { text: what, decision: decision.clone() }
            }
            Event::EventReceived { event, decision, .. } => {
                Item::Came { name: event.to_string(), decision: Some(decision.clone()) }
            }
            Event::WebhookReceived { name, decision, .. } => {
                Item::Came { name: format!("webhook {name}"), decision: Some(decision.clone()) }
            }
            Event::Begun { notification: Some(name), .. } => {
                Item::Came { name: format!("the notification {name} is sent by itself"), decision: None }
            }
            Event::Skipped(skipped) => {
                Item::Came { name: format!("a broadcast is passed over: {}", skipped.reason), decision: None }
            }
            Event::Begun { flow, .. } => Item::Came { name: format!("an operator begins {flow}"), decision: None },
            Event::RunStarted { flow, .. } => Item::Began { flow: flow.to_string() },
            Event::Entered { flow, state, .. } => Item::Entered { flow: flow.to_string(), state: state.to_string() },
            Event::Left { state, outcome, .. } => Item::Left { state: state.to_string(), outcome: outcome.clone() },
            Event::Set { name, value, .. } if *value != Value::Null => Item::Set { name: name.clone(), value: value.to_json() },
            Event::Sent { content, channel, notification, .. } => {
                let text = match (text_of(content), notification) {
                    ("", Some(name)) => format!("(the notification {name})"),
                    (text, _) => text.to_owned(),
                };
                let buttons = options_of(content).into_iter().map(|(id, _)| choice_id(id).to_owned()).collect();
                Item::Message { text, buttons, channel: channel.to_string() }
            }
            Event::Called { api, method, path, .. } => Item::Called { call: format!("{method} {api}{path}") },
            Event::Alert { say, .. } => Item::Alert { say: say.clone() },
            Event::Emitted { event, .. } => Item::Emitted { event: event.to_string() },
            Event::RunEnded { end, reason, .. } => Item::Ended { end: end.clone(), reason: reason.clone() },
            _ => return None,
        })
    }

    /// As one line of a conversation that people read; nothing for what happens behind it.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Item::Wrote { text, .. } => format!("> {text}"),
            Item::Came { name, .. } => format!("> ({name})"),
            Item::Message { text, buttons, .. } if buttons.is_empty() => text.clone(),
            Item::Message { text, buttons, .. } => format!("{text}\n[{}]", buttons.join("] [")),
            Item::Called { call } => format!("(calls {call})"),
            Item::Alert { say } => format!("(alert: {say})"),
            Item::Emitted { event } => format!("(event: {event})"),
            Item::Ended { end, .. } => format!("(ends as {end})"),
            Item::Left { state, outcome } => format!("({state}: {outcome})"),
            Item::Began { .. } | Item::Entered { .. } | Item::Set { .. } => return None,
        })
    }
}
