//! Notifications: `templates/NAME.yaml`.

use super::{FileMap, Message};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::time::Span;
use crate::domain::value::Type;
use crate::flow::diagnostic::At;
use crate::flow::expression::{Template, ValueTemplate};

/// A notification: `templates/NAME.yaml`.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Its name; equals the file's.
    pub name: Slug,
    /// For people.
    pub title: Option<String>,
    /// As in a flow; empty means the flow's.
    pub languages: Vec<Language>,
    /// What must be given.
    pub needs: FileMap<Name, Need>,
    /// The channels that are tried, in this order; empty means the flow's.
    pub route: Vec<Hop>,
    /// The report with which a message of the route has succeeded.
    pub until: DeliveryStatus,
    /// How long that report is awaited before the next of the route is tried; without it only a failure leads on.
    pub within: Option<Span>,
    /// Channels on which it is sent besides the route, each for itself.
    pub also: Vec<Hop>,
    /// Held until the contact's local time is inside these hours.
    pub hours: Option<Slug>,
    /// What it is to the contact and the law.
    pub category: Category,
    /// Which topic of marketing it is about; without one the contact must have agreed to marketing as a whole.
    pub topic: Option<Slug>,
    /// What it says.
    pub message: Message,
    /// Where it stands.
    pub at: At,
}

/// A parameter of a notification.
#[derive(Debug, Clone)]
pub struct Need {
    /// Its type.
    pub kind: Type,
    /// Used when nothing is given.
    pub default: Option<ValueTemplate>,
}

/// One place of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hop {
    /// The first channel of this kind that the flow has, else the project.
    Kind(ChannelKind),
    /// This channel.
    Channel(ChannelName),
}

/// What a notification is to the contact and the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Something that the contact asked for or must know.
    #[default]
    Service,
    /// Advertising: sent only to contacts who agreed to it.
    Marketing,
    /// A code to be typed somewhere: its text is never kept.
    Code,
}

impl Category {
    /// All of them.
    pub const ALL: [Category; 3] = [Category::Service, Category::Marketing, Category::Code];

    /// Its name in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Service => "service",
            Category::Marketing => "marketing",
            Category::Code => "code",
        }
    }

    /// The category of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }
}

/// A template that the provider approved: what WhatsApp takes when the 24-hour window is closed.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Its name at the provider.
    pub name: String,
    /// The flow's languages in which it is approved, each with the provider's word for it. Never empty.
    pub languages: Vec<(Language, String)>,
    /// Its parameters, in their order.
    pub params: Vec<Template>,
    /// What stands above its text.
    pub header: Option<ApprovedHeader>,
    /// Its buttons, in their order.
    pub buttons: Vec<ApprovedButton>,
    /// The provider's own id of it for each channel, where the provider does not know it by name.
    pub ids: Vec<(ChannelName, String)>,
    /// Where it stands.
    pub at: At,
}

impl Approved {
    /// Everything in it that holds values: header, parameters, links.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let header = self.header.iter().map(|header| match header {
            ApprovedHeader::Text(text) | ApprovedHeader::Media(text) => text,
        });
        let links = self.buttons.iter().filter_map(|button| match button {
            ApprovedButton::Url(suffix) => Some(suffix),
            ApprovedButton::Choice(_) => None,
        });
        header.chain(&self.params).chain(links)
    }

    /// The provider's word for this language, or for its base language, if it is approved in it.
    pub fn language(&self, language: Language) -> Option<&str> {
        let exact = self.languages.iter().find(|(l, _)| *l == language);
        let base = || self.languages.iter().find(|(l, _)| l.base() == language.base());
        exact.or_else(base).map(|(_, word)| word.as_str())
    }
}

/// What stands above the text of an approved template.
#[derive(Debug, Clone)]
pub enum ApprovedHeader {
    /// The value of its one parameter.
    Text(Template),
    /// The address of a picture, film or document.
    Media(Template),
}

/// A button of an approved template.
#[derive(Debug, Clone)]
pub enum ApprovedButton {
    /// A quick reply: this choice of the question.
    Choice(String),
    /// A link: what follows the address that was approved.
    Url(Template),
}

/// The HTML of an email: files beside the notification. Values are escaped when it is rendered.
#[derive(Debug, Clone)]
pub struct Html {
    /// A file without a language stands for all of them and comes as the first. Never empty.
    pub by_language: Vec<(Language, Template)>,
    /// Where it stands.
    pub at: At,
}

impl Html {
    /// The page in this language, else in its base language, else the first.
    pub fn pick(&self, language: Language) -> &Template {
        let exact = self.by_language.iter().find(|(l, _)| *l == language);
        let base = || self.by_language.iter().find(|(l, _)| l.base() == language.base());
        exact.or_else(base).map_or(&self.by_language[0].1, |(_, template)| template)
    }
}
