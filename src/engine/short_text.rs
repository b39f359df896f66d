//! What is done to text messages on their way: characters that cost twice are replaced where the channel says so, and somebody new is told
//! once how to opt out where the law wants it.

use super::channel::Route;
use super::turning::Turning;
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::outbound::OutboundContent;
use crate::domain::phone::country_of;
use crate::domain::sms::smart;
use crate::template;

impl Turning<'_> {
    /// The content as it leaves over this way. `system`: the service itself says it.
    pub(super) fn as_text_message(&mut self, route: &Route, mut content: OutboundContent, system: bool) -> OutboundContent {
        let Some(info) = self.project.channels.get(&route.channel).filter(|_| route.kind == ChannelKind::Sms) else {
            return content;
        };
        let text = match &mut content {
            OutboundContent::Text { text } => text,
            OutboundContent::Album { text: Some(text), .. } | OutboundContent::Media { caption: Some(text), .. } => text,
            _ => return content,
        };
        let wanted = !system && self.rec.hinted & route.kind.stop_bit() == 0 && !info.stop_hint.is_empty();
        if wanted && is_of(&info.stop_hint, route) {
            let language = self.rec.language.unwrap_or(self.project.language);
            let hint = template::system_text(&self.project.texts.stop_hint, language);
            // A text that it would make too long leaves without it: the next one says it.
            let fits = text.chars().count() + 1 + hint.chars().count() <= limits::SMS_CHARS;
            if !hint.is_empty() && fits {
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(hint);
                self.rec.hinted |= route.kind.stop_bit();
            }
        }
        if info.smart_encoding
            && let Some(replaced) = smart(text)
        {
            *text = replaced;
        }
        content
    }
}

/// Whether the receiver is of one of these countries.
fn is_of(countries: &[String], route: &Route) -> bool {
    let country = || country_of(route.to.reveal());
    countries.iter().any(|of| of == "*") || country().is_some_and(|country| countries.contains(&country))
}
