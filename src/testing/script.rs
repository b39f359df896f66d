//! A test file as it is played: what is given, cases, steps.

use super::fake_http::Fake;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::TopicConsent;
use crate::domain::input::ContactRef;
use crate::domain::language::Language;
use crate::domain::message::{DeliveryStatus, Location, Media};
use crate::domain::name::{ChannelName, EventName, Name, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::diagnostic::At;

/// `flows/NAME.test.yaml`.
#[derive(Debug, Clone)]
pub struct Script {
    /// The flow that it tests.
    pub flow: Slug,
    /// The file's name for messages.
    pub file: String,
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
    /// What it names of the project, in the order of the file.
    pub names: Vec<Named>,
}

/// Something of the project that a test names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it is.
    pub what: What,
    /// The name.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
}

/// What of a project a test can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A field or attribute of a contact.
    Attribute,
    /// A notification.
    Notification,
    /// A team.
    Team,
    /// A channel.
    Channel,
    /// A topic of marketing.
    Topic,
}

/// One conversation.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its title.
    pub title: String,
    /// The file's `given` with the case's own above it.
    pub given: Given,
    /// The channels on which it runs, once on each; empty means `given.channel`.
    pub channels: Vec<ChannelName>,
    /// What happens.
    pub steps: Vec<(At, Step)>,
    /// Where it stands.
    pub at: At,
}

/// What holds before the first step.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The virtual clock.
    pub now: Option<Millis>,
    /// The only channel that reaches the contact, or the first of several: where the contact writes.
    pub channel: Option<ChannelName>,
    /// Further channels that reach the contact.
    pub also: Vec<ChannelName>,
    /// Who it is.
    pub contact: Option<ContactGiven>,
    /// Tags on the contact.
    pub tags: Option<Vec<Slug>>,
    /// The run begins at once with these values.
    pub vars: Option<Vec<(Name, Value)>>,
    /// What other systems answer, as the file says.
    pub http: Vec<Fake>,
    /// What they answer as the case says: it must be asked for.
    pub own_http: Vec<Fake>,
    /// The seed of whatever is drawn.
    pub seed: Option<u64>,
}

/// The contact of a case.
#[derive(Debug, Clone, Default)]
pub struct ContactGiven {
    /// E.164.
    pub phone: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The language.
    pub language: Option<Language>,
    /// IANA name of the time zone.
    pub timezone: Option<String>,
    /// Email.
    pub email: Option<String>,
    /// Whether it has no language, whatever the file says.
    pub no_language: bool,
    /// The kinds of channel on which it agreed to marketing.
    pub marketing: Option<Vec<ChannelKind>>,
    /// What it said of single topics of marketing.
    pub topics: Option<Vec<TopicConsent>>,
    /// Declared attributes; `null` is none, whatever the file says.
    pub attributes: Vec<(Name, Value)>,
}

impl ContactGiven {
    /// What a case says above what its file says.
    pub(super) fn over(mut self, file: ContactGiven) -> ContactGiven {
        let mut attributes = file.attributes;
        attributes.retain(|(name, _)| self.attributes.iter().all(|(own, _)| own != name));
        attributes.append(&mut self.attributes);
        ContactGiven {
            phone: self.phone.or(file.phone),
            name: self.name.or(file.name),
            language: self.language.or(file.language.filter(|_| !self.no_language)),
            timezone: self.timezone.or(file.timezone),
            email: self.email.or(file.email),
            no_language: self.no_language,
            marketing: self.marketing.or(file.marketing),
            topics: self.topics.or(file.topics),
            attributes,
        }
    }
}

/// One step.
#[derive(Debug, Clone)]
pub enum Step {
    /// The contact writes.
    User {
        /// On channels that are not named.
        all: Option<UserSays>,
        /// By kind of channel.
        by_kind: Vec<(ChannelKind, UserSays)>,
    },
    /// The next message.
    Bot {
        /// On every channel.
        all: BotExpectation,
        /// Besides, by kind of channel.
        by_kind: Vec<(ChannelKind, BotExpectation)>,
    },
    /// No message is waiting.
    Nothing,
    /// Something happens elsewhere.
    Event {
        /// Its name.
        name: EventName,
        /// Its data.
        data: Value,
        /// The contact whom it names beside its data.
        contact: Option<ContactRef>,
    },
    /// An operator begins a run of the tested flow with these values.
    Begin(Vec<(Name, Value)>),
    /// Another system calls the webhook of the tested flow.
    Webhook {
        /// Its name.
        name: Name,
        /// What it sends.
        data: Value,
    },
    /// Time passes.
    Wait(Span),
    /// Time passes up to a moment.
    WaitUntil(Millis),
    /// From here other systems answer so.
    Http(Vec<Fake>),
    /// A call that must have been made.
    Called {
        /// `PUT`.
        method: String,
        /// The api.
        api: Slug,
        /// The path, `*` for anything.
        path: String,
        /// The body.
        json: Option<Value>,
    },
    /// A delivery report for the last message.
    Status(DeliveryStatus),
    /// The next alert.
    Alert(TextExpectation),
    /// A member of a team does something with the conversation that was handed over.
    Person(PersonDoes),
    /// The conversation was handed over to this team.
    Handoff(Slug),
    /// An emitted event.
    Emit(EventName),
    /// The state in which the run rests.
    At(Name),
    /// Variables of the run.
    Vars(Vec<(Name, Value)>),
    /// Fields of the contact.
    Contact(Vec<(String, Value)>),
    /// All tags of the contact.
    Tags(Vec<Slug>),
    /// The run is over with this result.
    End(Name),
}

/// What a member of a team does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonDoes {
    /// Takes the conversation over.
    Takes,
    /// Writes to the contact.
    Writes(String),
    /// Gives the conversation back, with a note.
    Resolves(Option<String>),
}

/// What the contact does.
#[derive(Debug, Clone, Default)]
pub struct UserSays {
    /// Text or caption.
    pub text: Option<String>,
    /// The id of a choice whose button or row is tapped.
    pub press: Option<String>,
    /// Files.
    pub media: Vec<Media>,
    /// A place.
    pub location: Option<Location>,
    /// Where, if not on the case's channel.
    pub channel: Option<ChannelName>,
}

/// What a text must be.
#[derive(Debug, Clone, Default)]
pub struct TextExpectation {
    /// Exactly this.
    pub exact: Option<String>,
    /// All of these somewhere in it.
    pub has: Vec<String>,
    /// Where `exact` stands in the file.
    pub at: Option<At>,
}

/// What a message must be. Everything that is named must hold; nothing named is `any`.
#[derive(Debug, Clone, Default)]
pub struct BotExpectation {
    /// Its text.
    pub text: TextExpectation,
    /// The notification that it comes from.
    pub notify: Option<Slug>,
    /// The ids of its buttons or rows.
    pub buttons: Option<Vec<String>>,
    /// The URL of its file.
    pub media: Option<String>,
    /// Its channel.
    pub channel: Option<ChannelName>,
    /// `opted_out`, `opted_in`, `help`: the service itself speaks.
    pub system: Option<String>,
    /// The name of the approved template that it is.
    pub approved: Option<String>,
    /// The address that it goes to, where that is not the contact's.
    pub to: Option<String>,
}

impl BotExpectation {
    /// Whether it asks for nothing in particular.
    pub fn is_any(&self) -> bool {
        let BotExpectation { text, notify, buttons, media, channel, system, approved, to } = self;
        let words = text.exact.is_none() && text.has.is_empty();
        let rest = buttons.is_none() && media.is_none() && channel.is_none() && system.is_none() && approved.is_none();
        words && rest && notify.is_none() && to.is_none()
    }
}
