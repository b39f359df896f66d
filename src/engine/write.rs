//! What a person writes to the contact: over the channel that the contact used last, through the ordinary outbox, or refused
//! in so many words.

use super::channel::Route;
use super::record::{Record, Said};
use super::turning::{From, Turning};
use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::handoff::PersonWrote;
use crate::domain::id::InputId;
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::outbound::OutboundContent;
use crate::domain::suppression::Barred;
use crate::domain::time::Millis;

/// Why a person's message is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No run has given the conversation away.
    #[error("no conversation of this contact was handed over to a person")]
    NotHandedOver,
    /// Nothing to send.
    #[error("the text is empty")]
    Empty,
    /// The channel does not take so much.
    #[error("the text has {has} characters; `{channel}` takes {most}")]
    TooLong {
        /// So many it has.
        has: usize,
        /// So many fit.
        most: usize,
        /// The channel.
        channel: ChannelName,
    },
    /// The configuration has none of this name.
    #[error("there is no channel `{0}`")]
    NoChannel(ChannelName),
    /// The contact never wrote, and no channel was named.
    #[error("the contact has not written yet: name a channel")]
    NeverWrote,
    /// The contact has no address of that kind.
    #[error("`{0}` does not reach the contact")]
    NoAddress(ChannelName),
    /// A simulator plays the contact.
    #[error("a simulator plays the contact, and `{0}` reaches people")]
    Simulated(ChannelName),
    /// The contact opted out.
    #[error("the contact opted out of {0}")]
    OptedOut(ChannelKind),
    /// Nothing is sent to the address.
    #[error("the contact's address is on the suppression list")]
    Suppressed,
    /// WhatsApp takes no free text now.
    #[error("the 24-hour window of `{0}` is closed: the contact must write first")]
    WindowClosed(ChannelName),
}

/// The way on which a person's message leaves at this moment by the contact's own clock, or why it does not.
pub fn way(
    (record, barred): (&Record, &Barred),
    project: &Project,
    text: &str,
    channel: Option<&ChannelName>,
    now: Millis,
) -> Result<ChannelName, Refused> {
    route((record, barred), project, text, channel, now).map(|route| route.channel)
}

fn route(
    (record, barred): (&Record, &Barred),
    project: &Project,
    text: &str,
    channel: Option<&ChannelName>,
    now: Millis,
) -> Result<Route, Refused> {
    if !record.is_with_person() {
        return Err(Refused::NotHandedOver);
    }
    if text.trim().is_empty() {
        return Err(Refused::Empty);
    }
    let channel = channel.or_else(|| record.last_channel()).ok_or(Refused::NeverWrote)?.clone();
    let info = project.channels.get(&channel).ok_or_else(|| Refused::NoChannel(channel.clone()))?;
    if record.simulated && !info.simulated {
        return Err(Refused::Simulated(channel));
    }
    let to = record.address(info.kind).ok_or_else(|| Refused::NoAddress(channel.clone()))?;
    if record.is_stopped(info.kind) {
        return Err(Refused::OptedOut(info.kind));
    }
    if barred.against((info.kind, &channel), false, now - record.clock.ahead).is_some() {
        return Err(Refused::Suppressed);
    }
    let most = match info.kind {
        ChannelKind::Sms => limits::SMS_CHARS,
        ChannelKind::WhatsApp | ChannelKind::Email => limits::WHATSAPP_TEXT_CHARS,
    };
    let has = text.chars().count();
    if has > most {
        return Err(Refused::TooLong { has, most, channel });
    }
    let open = || record.heard_on(channel.as_str()).is_some_and(|at| now - at < limits::WHATSAPP_WINDOW);
    if info.kind == ChannelKind::WhatsApp && !open() {
        return Err(Refused::WindowClosed(channel));
    }
    Ok(Route { channel, kind: info.kind, shows: info.shows.to(&to), to, open: true })
}

impl Turning<'_> {
    /// A person writes; whoever writes has taken the conversation over.
    pub(super) fn write(&mut self, input: InputId, by: &str, text: &str, channel: Option<&ChannelName>) {
        let run = self.rec.runs.iter().find(|run| run.is_with_person()).map(|run| run.id);
        if run.is_some() {
            self.take_over(input, by);
        }
        // Where the state is private, so is what is said there.
        let private = self.rec.runs.iter().any(|run| self.handoff_of(run).is_ok_and(|(_, _, state)| state.private));
        let sent = route((self.rec, self.barred), self.project, text, channel, self.now).map_err(|refused| refused.to_string());
        let sent = sent.and_then(|route| {
            let content = OutboundContent::Text { text: text.to_owned() };
            let from = From { run, code: private, ..From::default() };
            let id = self.send(&route, content, from).map_err(|_| "too much is sent at once".to_owned())?;
            Ok((id, route.channel))
        });
        let (effect, over, refused) = match sent {
            Ok((id, over)) => (Some(id), Some(over), None),
            Err(why) => (None, channel.cloned(), Some(why)),
        };
        let text = if private { String::new() } else { text.to_owned() };
        let id = input.to_string();
        let at = self.now;
        self.talked(Said { id, at, by: Some(by.to_owned()), channel: over, text, media: None, refused: refused.clone() });
        let (by, channel) = (by.to_owned(), channel.cloned());
        self.journal(Event::PersonWrote(Box::new(PersonWrote { input, run, by, effect, channel, refused })));
    }
}
