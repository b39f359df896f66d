//! What a contact does, as a test says it.

use super::Walk;
use crate::domain::message::InboundContent;
use crate::domain::name::ChannelName;
use crate::testing::expect::choice_id;
use crate::testing::script::UserSays;

impl Walk<'_> {
    /// What the contact does in this message.
    pub(super) fn says(&mut self, channel: &ChannelName, text: String, content: &InboundContent) -> Option<UserSays> {
        let mut says =
            UserSays { channel: (self.channels.first() != Some(channel)).then(|| channel.clone()), ..UserSays::default() };
        match content {
            InboundContent::Text => says.text = Some(text),
            InboundContent::ButtonReply { payload } | InboundContent::ListReply { payload, .. } => {
                let shown = self.last_sent.as_ref().is_some_and(|(_, options)| options.contains(payload));
                if !shown {
                    self.lose(format!("a button of an earlier message was tapped: `{}`", choice_id(payload)));
                    return None;
                }
                says.press = Some(choice_id(payload).to_owned());
            }
            InboundContent::Media { media, .. } => {
                says.media.clone_from(media);
                says.text = Some(text).filter(|text| !text.is_empty());
                if media.iter().any(|file| file.url.is_none()) {
                    self.lose("a file has no address of its own".to_owned());
                }
            }
            InboundContent::Location(location) => says.location = Some(location.clone()),
            other => {
                self.lose(format!("{} cannot be written in a test", what_is(other)));
                return None;
            }
        }
        Some(says)
    }
}

fn what_is(content: &InboundContent) -> &'static str {
    match content {
        InboundContent::FormReply { .. } => "a filled form",
        InboundContent::Contacts(_) => "a contact card",
        InboundContent::Reaction { .. } => "a reaction",
        InboundContent::Edited { .. } => "a changed message",
        InboundContent::Deleted { .. } => "a message that was taken back",
        InboundContent::Order { .. } => "a basket",
        InboundContent::OptOut { .. } => "the provider's own opt-out",
        InboundContent::System { .. } => "a change of number",
        InboundContent::RequestWelcome => "a request for a welcome",
        _ => "a message of this type",
    }
}
