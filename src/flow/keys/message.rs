//! Messages.

use super::place::{Key, KeyForm, Kind, Lines, Named, Place, Rule, key};
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
const fn email() -> Key {
    key("email", &EMAIL_KIND, "What is sent by email instead: a text, or the parts that differ.")
}
const fn provider() -> Key {
    key("provider", &PROVIDER, "Fields that are handed on to the provider as they are.")
}

static SMS_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&SMS)]);
static EMAIL_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&EMAIL)]);
pub(super) static PROVIDER: Kind = Kind::Named(&Named { keys: KeyForm::Text, value: &Kind::Value, lines: Lines::Fit });
static WHATSAPP_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&WHATSAPP)]);

pub(in crate::flow) static MESSAGE: Place = Place {
    name: "message",
    of: "a message",
    doc: "A message: what is sent on every channel, and what each kind of channel gets instead.",
    keys: &[text(), media(), name(), sms(), whatsapp(), email()],
    rules: &[Rule::AtLeastOne(&["text", "media", "sms", "whatsapp", "email"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static SMS: Place = Place {
    name: "sms",
    of: "`sms`",
    doc: "What is sent by SMS.",
    keys: &[key("text", &Kind::Texts, "The text."), media(), name(), provider()],
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
        provider(),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static EMAIL: Place = Place {
    name: "email",
    of: "`email`",
    doc: "What is sent by email.",
    keys: &[
        key("subject", &Kind::Texts, "The subject."),
        key("text", &Kind::Texts, "The text."),
        media(),
        name(),
        key("from", &Kind::Template, "The sender's address, instead of the channel's."),
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
    ],
    lines: Lines::Fit,
    ..Place::DEFAULT
};
