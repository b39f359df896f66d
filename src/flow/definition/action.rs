//! What a state does and says: actions and messages.

use super::{Approved, ContactTemplate, Html, Slot};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::AlertLevel;
use crate::domain::language::Language;
use crate::domain::name::{EventName, Name, Slug};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, Template, ValueTemplate};

/// An action, with the condition that an item of `do` may have.
#[derive(Debug, Clone)]
pub struct Action {
    /// Only if this holds.
    pub condition: Option<Expression>,
    /// What is done.
    pub act: Act,
    /// Where it stands.
    pub at: At,
}

/// What an action does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Messages to the contact, in this order.
    Say(Vec<Message>),
    /// A notification.
    Notify(Notify),
    /// Variables and attributes; all right sides are read before any is written.
    Set(Vec<(Destination, ValueTemplate)>),
    /// Tags on the contact.
    Tag(Vec<Slug>),
    /// Tags off the contact.
    Untag(Vec<Slug>),
    /// An event for subscribers and flows.
    Emit {
        /// Its name.
        event: EventName,
        /// Its data.
        data: Option<ValueTemplate>,
        /// Who it is about; the contact itself when absent.
        contact: Option<ContactTemplate>,
    },
    /// A word to operators.
    Alert {
        /// What it says.
        say: Texts,
        /// The team.
        to: Option<Slug>,
        /// How urgent.
        level: AlertLevel,
    },
}

/// Where `set` writes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A variable.
    Variable(Slot),
    /// A built-in field or declared attribute of the contact: `contact.NAME`.
    Contact(Name),
}

/// What a question or `say` sends: a message in place, or a notification.
#[derive(Debug, Clone)]
pub enum Say {
    /// Written in place.
    Message(Message),
    /// From `templates/`.
    Notify(Notify),
}

/// `notify`.
#[derive(Debug, Clone)]
pub struct Notify {
    /// The notification; its definition is in `Flow::notifications`.
    pub name: Slug,
    /// Values for its parameters; others come from the variable of the same name.
    pub with: Vec<(Name, ValueTemplate)>,
    /// Another address than the contact's.
    pub to: Option<Box<Receiver>>,
    /// Where it stands.
    pub at: At,
}

/// Whom a notification goes to that does not go to the contact.
#[derive(Debug, Clone)]
pub enum Receiver {
    /// A phone number, or an email address if there is an `@` in it.
    Address(Template),
    /// Who it is.
    Contact(ContactTemplate),
}

impl Receiver {
    /// Everything in it that holds values.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let parts = match self {
            Receiver::Address(address) => [Some(address), None, None, None, None],
            Receiver::Contact(ContactTemplate { phone, email, id, name, language }) => {
                [phone.as_ref(), email.as_ref(), id.as_ref(), name.as_ref(), language.as_ref()]
            }
        };
        parts.into_iter().flatten()
    }
}

/// A message in place.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// For every channel that does not say otherwise.
    pub text: Option<Texts>,
    /// A file: its URL.
    pub media: Option<Template>,
    /// The file's name.
    pub media_name: Option<Template>,
    /// What a channel kind replaces.
    pub by_kind: Vec<(ChannelKind, Variant)>,
}

/// What a message or notification says differently on one kind of channel.
#[derive(Debug, Clone, Default)]
pub struct Variant {
    /// The text.
    pub text: Option<Texts>,
    /// The file.
    pub media: Option<Template>,
    /// The file's name.
    pub media_name: Option<Template>,
    /// Small text below; WhatsApp.
    pub footer: Option<Texts>,
    /// The template that the provider approved; WhatsApp, in notifications.
    pub approved: Option<Approved>,
    /// Fields that are handed on to the provider as they are: a map.
    pub provider: Option<ValueTemplate>,
    /// The subject; email.
    pub subject: Option<Texts>,
    /// The text as HTML; email, in notifications.
    pub html: Option<Html>,
    /// The sender instead of the channel's; email.
    pub from: Option<Template>,
}

/// A text in one or more languages.
#[derive(Debug, Clone)]
pub struct Texts {
    /// A text without a language comes as the flow's first language. Never empty.
    pub by_language: Vec<(Language, Template)>,
    /// Where it stands: the text, or the map of its translations. No other text of the file stands there.
    pub at: At,
}

impl Texts {
    /// The text in this language, else in its base language, else the first.
    pub fn pick(&self, language: Language) -> &Template {
        let exact = self.by_language.iter().find(|(l, _)| *l == language);
        let base = || self.by_language.iter().find(|(l, _)| l.base() == language.base());
        exact.or_else(base).map_or(&self.by_language[0].1, |(_, template)| template)
    }
}
