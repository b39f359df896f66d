//! Messages that leave, as no provider writes them. Adapters translate them; what one cannot send, it refuses.

use super::address::Address;
use super::message::{Card, Location, Media, MediaKind};
use super::value::Value;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One button or list row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What comes back when it is chosen.
    pub id: String,
    /// What people see.
    pub title: String,
    /// A second line; rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Rows under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading; needed if there are several.
    pub title: Option<String>,
    /// The rows.
    pub rows: Vec<Choice>,
}

/// A form to be filled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormRequest {
    /// The text.
    pub text: String,
    /// Above it.
    pub header: Option<String>,
    /// Below it.
    pub footer: Option<String>,
    /// The label that opens it.
    pub button: String,
    /// The provider's id of the form.
    pub form: String,
    /// Comes back with the answer.
    pub token: String,
    /// The first screen, if the provider does not ask us for it.
    pub screen: Option<String>,
    /// What the first screen shows.
    pub data: IndexMap<String, Value>,
}

/// What leaves to a contact. Every text is final: nothing in it is rendered again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundContent {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A file with an optional caption.
    Media {
        /// What kind.
        kind: MediaKind,
        /// The file.
        media: Media,
        /// The caption.
        caption: Option<String>,
    },
    /// Several files in one message (MMS).
    Album {
        /// The files.
        media: Vec<Media>,
        /// The text beside them.
        text: Option<String>,
    },
    /// Up to 3 reply buttons.
    Buttons {
        /// The question.
        text: String,
        /// Above it.
        header: Option<String>,
        /// Below it.
        footer: Option<String>,
        /// The buttons.
        buttons: Vec<Choice>,
    },
    /// Up to 10 rows behind one button.
    List {
        /// The question.
        text: String,
        /// Above it.
        header: Option<String>,
        /// Below it.
        footer: Option<String>,
        /// The label that opens the list.
        button: String,
        /// The rows.
        rows: Vec<Choice>,
    },
    /// Up to 10 rows under headings, behind one button.
    Sections {
        /// The question.
        text: String,
        /// Above it.
        header: Option<String>,
        /// Below it.
        footer: Option<String>,
        /// The label that opens the list.
        button: String,
        /// The headings with their rows.
        sections: Vec<Section>,
    },
    /// A button that opens a form (WhatsApp Flow).
    Form(FormRequest),
    /// A button that opens a page.
    CallToAction {
        /// The text.
        text: String,
        /// The label.
        button: String,
        /// The page.
        url: String,
    },
    /// Asks for the person's place.
    LocationRequest {
        /// The text.
        text: String,
    },
    /// A place, optionally with text.
    Location {
        /// The place.
        location: Location,
        /// The text, where the provider can send one.
        text: Option<String>,
    },
    /// Contact cards.
    Contacts(Vec<Card>),
    /// A reaction to one of the person's messages.
    Reaction {
        /// The provider's id of the message.
        message: String,
        /// The emoji.
        emoji: String,
    },
    /// A template that the provider approved.
    Template {
        /// The provider's name or id of it.
        name: String,
        /// Its language at the provider.
        language: Option<String>,
        /// Its parameters.
        params: TemplateParams,
        /// What stands above it, if that varies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<TemplateHeader>,
        /// Its buttons that vary, by their place.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<(u8, TemplateButton)>,
    },
    /// A mail.
    Email {
        /// Its subject; empty: the name of its sender.
        subject: String,
        /// What is read where HTML is not shown.
        text: String,
        /// The same as HTML, a whole document or a part of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        html: Option<String>,
        /// The sender, `Name <address>` or an address, instead of the channel's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
    /// Shows the person that we read the message.
    MarkRead {
        /// The provider's id of the message.
        message: String,
        /// Also that we are writing.
        typing: bool,
    },
}

impl OutboundContent {
    /// The files that its provider fetches.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut Media> {
        let (one, more): (Option<&mut Media>, &mut [Media]) = match self {
            OutboundContent::Media { media, .. }
            | OutboundContent::Template { header: Some(TemplateHeader::Media { media, .. }), .. } => (Some(media), &mut []),
            OutboundContent::Album { media, .. } => (None, media),
            OutboundContent::Text { .. }
            | OutboundContent::Buttons { .. }
            | OutboundContent::List { .. }
            | OutboundContent::Sections { .. }
            | OutboundContent::Form(_)
            | OutboundContent::CallToAction { .. }
            | OutboundContent::LocationRequest { .. }
            | OutboundContent::Location { .. }
            | OutboundContent::Contacts(_)
            | OutboundContent::Reaction { .. }
            | OutboundContent::Template { .. }
            | OutboundContent::Email { .. }
            | OutboundContent::MarkRead { .. } => (None, &mut []),
        };
        one.into_iter().chain(more)
    }
}

/// A parameter of an approved template that is more than text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateParam {
    /// Text.
    Text(String),
    /// Money: what is shown otherwise, ISO 4217, thousandths.
    Currency {
        /// Shown where the provider cannot format.
        fallback: String,
        /// ISO 4217.
        code: String,
        /// Amount in thousandths.
        amount_1000: i64,
    },
    /// A moment, as text.
    DateTime {
        /// What is shown.
        fallback: String,
    },
}

/// What stands above an approved template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateHeader {
    /// The text of its one parameter.
    Text(String),
    /// A file.
    Media {
        /// What kind.
        kind: MediaKind,
        /// The file.
        media: Media,
    },
    /// A place.
    Location(Location),
}

/// What varies in a button of an approved template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateButton {
    /// What comes back when it is tapped.
    Reply {
        /// What comes back.
        payload: String,
    },
    /// The end of the URL that it opens.
    Url {
        /// The end.
        suffix: String,
    },
    /// A code to copy.
    Code {
        /// The code.
        code: String,
    },
}

/// The parameters of an approved template, by place or by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateParams {
    /// In their order.
    Positional(Vec<TemplateParam>),
    /// By name.
    Named(Vec<(String, TemplateParam)>),
}

/// A message to a contact, ready for an adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outbound {
    /// The receiver.
    pub to: Address,
    /// What it is.
    pub content: OutboundContent,
    /// The provider's id of the message that this one quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// A map of fields for the provider, handed on as they are; what the adapter writes itself wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Value>,
}
