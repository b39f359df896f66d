//! Where an outcome leads: a state, a step in place, ways with conditions; and what is done on the way.

use super::message::MESSAGE_KIND;
use super::place::{Key, KeyForm, Kind, Lines, Named, Place, Rule, Word, key};
use super::state::VALUES;

/// Where something leads.
pub(super) static TARGET: Kind = Kind::Either(&[Kind::State, Kind::Map(&STEP), Kind::List(&Kind::Map(&WAY))]);
/// The same with `after`.
pub(super) static SILENCE_KIND: Kind = Kind::Either(&[Kind::State, Kind::Map(&SILENCE), Kind::List(&Kind::Map(&WAY))]);
pub(super) static NOTIFY_KIND: Kind = Kind::Either(&[Kind::Slug, Kind::Map(&NOTIFY)]);

static SAY_KIND: Kind = Kind::Many(&MESSAGE_KIND);
static SET_KIND: Kind = Kind::Named(&Named { keys: KeyForm::Destination, value: &Kind::Value, lines: Lines::Fit });
static EMIT_KIND: Kind = Kind::Either(&[Kind::EventName, Kind::Map(&EMIT)]);
static ALERT_KIND: Kind = Kind::Either(&[Kind::Texts, Kind::Map(&ALERT)]);
static ITEMS: Kind = Kind::List(&Kind::Map(&ITEM));
static CONTACT_KIND: Kind = Kind::Either(&[Kind::Template, Kind::Map(&super::flow::CONTACT)]);

pub(super) const fn say() -> Key {
    key("say", &SAY_KIND, "A message to the contact, or a list of them.")
}
pub(super) const fn notify() -> Key {
    key("notify", &NOTIFY_KIND, "A notification to the contact.")
}
pub(super) const fn set() -> Key {
    key("set", &SET_KIND, "Values for variables, and for `contact.NAME`.")
}
pub(super) const fn tag() -> Key {
    key("tag", &super::flow::SLUGS, "Tags that the contact gets.")
}
pub(super) const fn untag() -> Key {
    key("untag", &super::flow::SLUGS, "Tags that the contact loses.")
}
pub(super) const fn emit() -> Key {
    key("emit", &EMIT_KIND, "An event, for other systems and for other flows.")
}
pub(super) const fn alert() -> Key {
    key("alert", &ALERT_KIND, "A word to your team.")
}
pub(super) const fn several() -> Key {
    key("do", &ITEMS, "Several actions, in this order.")
}
const fn again() -> Key {
    key("again", &Kind::Count(1, 1_000), "How many more times the question is asked before `go` or `end`.")
}
pub(super) const fn go() -> Key {
    key("go", &TARGET, "Where it leads.")
}
pub(super) const fn end() -> Key {
    key("end", &Kind::Name, "The run is over, with this result.")
}

/// At most one action or `do`.
pub(super) const ONE_ACTION: Rule = Rule::AtMostOne(&["say", "notify", "set", "tag", "untag", "emit", "alert", "do"]);
const LEADS_ON: [Rule; 3] = [ONE_ACTION, Rule::AtLeastOne(&["go", "end"]), Rule::AtMostOne(&["go", "end"])];

pub(in crate::flow) static STEP: Place = Place {
    name: "step",
    of: "a step",
    doc: "A small step in place: what is done, and where it leads.",
    keys: &[say(), notify(), set(), tag(), untag(), emit(), alert(), several(), again(), go(), end()],
    rules: &LEADS_ON,
    ..Place::DEFAULT
};

pub(in crate::flow) static SILENCE: Place = Place {
    name: "silence",
    of: "`silence`",
    doc: "What is done when nobody answers.",
    keys: &[
        key("after", &Kind::Duration, "How long nobody has answered."),
        say(),
        notify(),
        set(),
        tag(),
        untag(),
        emit(),
        alert(),
        several(),
        again(),
        go(),
        end(),
    ],
    rules: &[ONE_ACTION, Rule::AtMostOne(&["go", "end"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static WAY: Place = Place {
    name: "way",
    of: "a way",
    doc: "A way with its condition; the first that holds is taken.",
    keys: &[
        key("if", &Kind::Condition, "The condition of this way."),
        key("else", &TARGET, "The way where no condition above holds; it comes last."),
        say(),
        notify(),
        set(),
        tag(),
        untag(),
        emit(),
        alert(),
        several(),
        again(),
        go(),
        end(),
    ],
    rules: &[Rule::ExactlyOne(&["if", "else"]), ONE_ACTION, Rule::AtMostOne(&["go", "end"])],
    lines: Lines::Block,
    ..Place::DEFAULT
};

pub(in crate::flow) static ITEM: Place = Place {
    name: "action",
    of: "an item of `do`",
    doc: "One action.",
    keys: &[key("if", &Kind::Condition, "Only if this holds."), say(), notify(), set(), tag(), untag(), emit(), alert()],
    rules: &[Rule::ExactlyOne(&["say", "notify", "set", "tag", "untag", "emit", "alert"])],
    lines: Lines::Block,
    ..Place::DEFAULT
};

pub(in crate::flow) static NOTIFY: Place = Place {
    name: "notify",
    of: "`notify`",
    doc: "A notification with values.",
    keys: &[
        key("name", &Kind::Slug, "The notification.").required(),
        key("with", &VALUES, "Values for what it needs; what is left out is taken from the variable of that name."),
        key("to", &CONTACT_KIND, "To another address: a phone number or an email address, or who it is."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static EMIT: Place = Place {
    name: "emit",
    of: "`emit`",
    doc: "An event with data.",
    keys: &[
        key("event", &Kind::EventName, "The name of the event.").required(),
        key("data", &Kind::Value, "What it carries."),
        key("contact", &CONTACT_KIND, "Who it is about, if not this contact."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static ALERT: Place = Place {
    name: "alert",
    of: "an alert",
    doc: "A word to your team.",
    keys: &[
        key("say", &Kind::Texts, "The text.").required(),
        key("to", &Kind::Slug, "A team of the configuration."),
        key(
            "level",
            &Kind::Word(&[
                Word("info", "Good to know."),
                Word("warning", "Somebody should look."),
                Word("urgent", "Somebody must look now."),
            ]),
            "How urgent it is.",
        )
        .default("warning"),
    ],
    ..Place::DEFAULT
};
