//! Messages.

use super::place::{Key, Kind, Lines, Place, Rule, key};
use super::state::VALUES;

pub(super) static MESSAGE_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&MESSAGE)]);
/// What a question sends.
pub(super) static ASK_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&MESSAGE), Kind::Map(&ASK)]);

pub(super) const fn text() -> Key {
    key("text", &Kind::Texts, "The text, for every channel that does not say otherwise.")
}
pub(super) const fn media() -> Key {
    key("media", &Kind::Template, "The address of a file that is sent with it.")
}
pub(super) const fn name() -> Key {
    key("name", &Kind::Template, "The file's name, as people see it.")
}
pub(super) const fn sms() -> Key {
    key("sms", &SMS_KIND, "What is sent by SMS instead: a text, or the parts that differ.")
}
pub(super) const fn whatsapp() -> Key {
    key("whatsapp", &WHATSAPP_KIND, "What is sent by WhatsApp instead: a text, or the parts that differ.")
}
pub(super) const fn email() -> Key {
    key("email", &Kind::Value, "What is sent by email instead.").later()
}

static SMS_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&SMS)]);
static WHATSAPP_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&WHATSAPP)]);

pub(in crate::flow) static MESSAGE: Place = Place {
    name: "message",
    of: "a message",
    doc: "A message: what is sent on every channel, and what each kind of channel gets instead.",
    keys: &[text(), media(), name(), sms(), whatsapp(), email()],
    rules: &[Rule::AtLeastOne(&["text", "media", "sms", "whatsapp"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static SMS: Place = Place {
    name: "sms",
    of: "`sms`",
    doc: "What is sent by SMS.",
    keys: &[
        key("text", &Kind::Texts, "The text."),
        media(),
        name(),
        key("provider", &Kind::Value, "Fields that are handed on to the provider as they are.").later(),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static WHATSAPP: Place = Place {
    name: "whatsapp",
    of: "`whatsapp`",
    doc: "What is sent by WhatsApp.",
    keys: &[
        key("text", &Kind::Texts, "The text."),
        media(),
        name(),
        key("footer", &Kind::Texts, "A small line below the text."),
        key("approved", &Kind::Value, "The approved template for when the 24-hour window is closed.").later(),
        key("provider", &Kind::Value, "Fields that are handed on to the provider as they are.").later(),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static ASK: Place = Place {
    name: "ask",
    of: "`ask`",
    doc: "A question that is a notification.",
    keys: &[
        key("notify", &super::target::NOTIFY_KIND, "The notification that asks.").required(),
        key("with", &VALUES, "Values for what the notification needs; what is left out is taken from the variable of that name."),
        key("to", &Kind::Value, "Another address.").later(),
    ],
    lines: Lines::Fit,
    ..Place::DEFAULT
};
