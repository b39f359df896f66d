//! Messages that left, as tests, chats and explanations look at them.

use super::expect::choice_id;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::EffectId;
use crate::domain::message::{OutboundContent, TemplateButton};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::engine::effect::Send;

/// A message that left.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its effect.
    pub effect: EffectId,
    /// When.
    pub at: Millis,
    /// Over which channel.
    pub channel: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// To whom.
    pub to: Address,
    /// What.
    pub content: OutboundContent,
    /// The notification that it comes from.
    pub notification: Option<Slug>,
    /// `opted_out` and so on, when the service itself speaks.
    pub system: Option<String>,
}

impl Outgoing {
    /// A message that the engine decided.
    pub(super) fn of(effect: EffectId, at: Millis, send: Send) -> Self {
        Outgoing {
            effect,
            at,
            channel: send.channel,
            kind: send.kind,
            to: send.outbound.to,
            content: send.outbound.content,
            notification: send.notification,
            system: send.system.map(|s| s.as_str().to_owned()),
        }
    }

    /// The text, caption or question.
    pub fn text(&self) -> &str {
        text_of(&self.content)
    }

    /// Buttons or rows: what comes back when one is chosen, and its title.
    pub fn options(&self) -> Vec<(&str, &str)> {
        options_of(&self.content)
    }
}

/// Buttons or rows of a message: what comes back when one is chosen, and its title.
pub(super) fn options_of<'c>(content: &'c OutboundContent) -> Vec<(&'c str, &'c str)> {
    match content {
        OutboundContent::Buttons { buttons, .. } => buttons.iter().map(|b| (b.id.as_str(), b.title.as_str())).collect(),
        OutboundContent::Template { buttons, .. } => {
            let reply = |(_, button): &'c (u8, TemplateButton)| match button {
                TemplateButton::Reply { payload } => Some((payload.as_str(), choice_id(payload))),
                TemplateButton::Url { .. } | TemplateButton::Code { .. } => None,
            };
            buttons.iter().filter_map(reply).collect()
        }
        OutboundContent::List { rows, .. } => rows.iter().map(|r| (r.id.as_str(), r.title.as_str())).collect(),
        _ => Vec::new(),
    }
}

/// The text, caption or question of a message.
pub(super) fn text_of(content: &OutboundContent) -> &str {
    match content {
        OutboundContent::Text { text }
        | OutboundContent::Buttons { text, .. }
        | OutboundContent::List { text, .. }
        | OutboundContent::Email { text, .. }
        | OutboundContent::CallToAction { text, .. }
        | OutboundContent::LocationRequest { text } => text,
        OutboundContent::Media { caption, .. } => caption.as_deref().unwrap_or(""),
        OutboundContent::Location { text, .. } => text.as_deref().unwrap_or(""),
        _ => "",
    }
}
