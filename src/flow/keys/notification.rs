//! The keys of a notification's file.

use super::flow::{LANGUAGES, NEEDS_KIND};
use super::message::{PROVIDER, media, name, sms, text};
use super::place::{KeyForm, Kind, Lines, Named, Place, Rule, Word, key};

static HOPS: Kind = Kind::Many(&Kind::Slug);
static TEMPLATES: Kind = Kind::List(&Kind::Template);
static WHATSAPP_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&WHATSAPP)]);
static EMAIL_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&EMAIL)]);
/// The provider's word for each language of the flow.
static APPROVED_LANGUAGES: Kind = Kind::Either(&[
    Kind::Named(&Named { keys: KeyForm::Text, value: &Kind::Plain, lines: Lines::Fit }),
    Kind::List(&Kind::Language),
]);
static IDS: Kind = Kind::Named(&Named { keys: KeyForm::Text, value: &Kind::Plain, lines: Lines::Fit });
static HEADER_KIND: Kind = Kind::Either(&[Kind::Template, Kind::Map(&HEADER)]);
static BUTTONS: Kind = Kind::List(&Kind::Either(&[Kind::Name, Kind::Map(&BUTTON)]));

/// The reports that `until` can await.
pub(super) static REPORTS: Kind = Kind::Word(&[
    Word("sent", "It left the provider."),
    Word("delivered", "It reached the device."),
    Word("read", "The person saw it."),
]);
static CATEGORY: Kind = Kind::Word(&[
    Word("service", "Something that the contact asked for or must know."),
    Word("marketing", "Advertising: sent only to contacts who agreed to it."),
    Word("code", "A code to be typed somewhere: its text is never kept."),
]);

/// A notification's file.
pub static NOTIFICATION: Place = Place {
    name: "notification",
    of: "a notification",
    doc: "One message that several flows use.",
    keys: &[
        key("notification", &Kind::Slug, "Its name; the file has the same.").required(),
        key("title", &Kind::Plain, "What it is, for people."),
        key("note", &Kind::Plain, "Anything else worth knowing, for people."),
        key("languages", &LANGUAGES, "The languages of its texts; without them it has those of the flows that name it."),
        key("needs", &NEEDS_KIND, "What its texts read: names with their types."),
        key("route", &HOPS, "Kinds of channel, or channels, that are tried in this order; else those of the flow."),
        key("until", &REPORTS, "The report with which a message of the route has succeeded.").default("sent"),
        key("within", &Kind::Duration, "How long that report is awaited before the next of the route is tried."),
        key("also", &HOPS, "Kinds of channel, or channels, on which it is sent besides the route, each for itself."),
        key("hours", &Kind::Slug, "It is held until the contact's local time is inside these hours of the configuration."),
        key("kind", &CATEGORY, "What it is to the contact and the law.").default("service"),
        key(
            "topic",
            &Kind::Slug,
            "Which topic of the configuration the marketing is about; without it the contact must want all marketing.",
        ),
        text(),
        media(),
        name(),
        sms(),
        key("whatsapp", &WHATSAPP_KIND, "What is sent by WhatsApp instead: a text, or the parts that differ."),
        key("email", &EMAIL_KIND, "What is sent by email instead: a text, or the parts that differ."),
    ],
    rules: &[Rule::AtLeastOne(&["text", "media", "sms", "whatsapp", "email"])],
    lines: Lines::Apart,
    ..Place::DEFAULT
};

pub(in crate::flow) static WHATSAPP: Place = Place {
    name: "whatsapp_of_notification",
    of: "`whatsapp`",
    doc: "What is sent by WhatsApp.",
    keys: &[
        key("text", &Kind::Texts, "The text."),
        media(),
        name(),
        key("footer", &Kind::Texts, "A small line below the text."),
        key("approved", &Kind::Map(&APPROVED), "The approved template for when the 24-hour window is closed."),
        key("provider", &PROVIDER, "Fields that are handed on to the provider as they are."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static APPROVED: Place = Place {
    name: "approved",
    of: "`approved`",
    doc: "A template that the provider approved: sent when the 24-hour window is closed, or always if there is no text.",
    keys: &[
        key("name", &Kind::Plain, "Its name at the provider.").required(),
        key("languages", &APPROVED_LANGUAGES, "The provider's word for each language in which it is approved."),
        key("params", &TEMPLATES, "Its parameters, in their order."),
        key("header", &HEADER_KIND, "What stands above its text: a value, or a file."),
        key("buttons", &BUTTONS, "Its buttons, in their order: choices of the question, or links."),
        key("ids", &IDS, "The provider's own id of it, for each channel that knows it by an id."),
    ],
    lines: Lines::Block,
    ..Place::DEFAULT
};

pub(in crate::flow) static HEADER: Place = Place {
    name: "approved_header",
    of: "`header`",
    doc: "What stands above the text of an approved template.",
    keys: &[
        key("text", &Kind::Template, "The value of its parameter."),
        key("media", &Kind::Template, "The address of a picture, film or document."),
    ],
    rules: &[Rule::ExactlyOne(&["text", "media"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static BUTTON: Place = Place {
    name: "approved_button",
    of: "a button",
    doc: "A button that opens an address.",
    keys: &[key("url", &Kind::Template, "What follows the address that was approved.").required()],
    ..Place::DEFAULT
};

pub(in crate::flow) static EMAIL: Place = Place {
    name: "email_of_notification",
    of: "`email`",
    doc: "What is sent by email.",
    keys: &[
        key("subject", &Kind::Texts, "The subject."),
        key("text", &Kind::Texts, "The text."),
        media(),
        name(),
        key("html", &Kind::Texts, "The text as HTML: a file beside this one, or one for each language."),
        key("from", &Kind::Template, "The sender's address, instead of the channel's."),
    ],
    ..Place::DEFAULT
};
