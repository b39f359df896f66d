//! The keys of a notification's file.

use super::flow::{LANGUAGES, NEEDS_KIND};
use super::message::{email, media, name, sms, text, whatsapp};
use super::place::{Kind, Lines, Place, Rule, key};

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
        key("route", &Kind::Value, "The channels that are tried, in this order.").later(),
        key("until", &Kind::Value, "The report that ends the route.").later(),
        key("within", &Kind::Value, "When the next channel of the route is tried.").later(),
        key("also", &Kind::Value, "Channels that it is sent on besides.").later(),
        key("hours", &Kind::Value, "Opening hours inside which it is sent.").later(),
        key("kind", &Kind::Value, "What it is to the law: service, marketing, code.").later(),
        text(),
        media(),
        name(),
        sms(),
        whatsapp(),
        email(),
    ],
    rules: &[Rule::AtLeastOne(&["text", "media", "sms", "whatsapp"])],
    lines: Lines::Apart,
    ..Place::DEFAULT
};
