//! The keys of a flow's file, without its states.

use super::place::{Key, KeyForm, Kind, Lines, Named, Place, Rule, Word, key};
use super::state::{STATE, VALUES};
use super::target::{SILENCE_KIND, TARGET, alert, emit, end, go, notify, say, set, several, tag, untag};

pub(super) static LANGUAGES: Kind = Kind::Many(&Kind::Language);
pub(super) static SLUGS: Kind = Kind::Many(&Kind::Slug);

static STATES: Kind = Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Map(&STATE), lines: Lines::Apart });
pub(super) static NEEDS_KIND: Kind =
    Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Either(&[Kind::Word(TYPES), Kind::Map(&NEED)]), lines: Lines::Flat });
static VARS: Kind = Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Value, lines: Lines::Flat });
static LATE_KIND: Kind = Kind::Either(&[
    Kind::Word(&[Word("inbox", "It is shown to the team."), Word("ignore", "Nothing is done.")]),
    Kind::State,
    Kind::Map(&LATE),
]);
static KEYWORDS: Kind = Kind::Many(&Kind::Plain);
static CONTACT_KIND: Kind = Kind::Either(&[Kind::Template, Kind::Map(&CONTACT)]);

const TYPES: &[Word] = &[
    Word("text", "Any text."),
    Word("number", "A number."),
    Word("boolean", "`true` or `false`."),
    Word("date", "A day."),
    Word("time", "A time of day."),
    Word("moment", "A day and a time, anywhere on earth."),
    Word("duration", "An elapsed time."),
    Word("phone", "A phone number."),
    Word("email", "An email address."),
    Word("list", "A list."),
    Word("map", "A map of names to values."),
    Word("any", "Anything."),
];

/// A flow's file.
pub static FLOW: Place = Place {
    name: "flow",
    of: "a flow",
    doc: "One conversation.",
    keys: &[
        key("flow", &Kind::Slug, "Its name; the file has the same.").required(),
        key("title", &Kind::Plain, "What it is, for people."),
        key("note", &Kind::Plain, "Anything else worth knowing, for people."),
        key("was", &SLUGS, "Former names: links, figures and runs follow."),
        key(
            "languages",
            &LANGUAGES,
            "The languages of its texts; the first is the fallback for a text that lacks one. Without them it has the project's.",
        ),
        key("channels", &SLUGS, "Where it listens, and the order in which it speaks first. Without them: all."),
        key("needs", &NEEDS_KIND, "What a run must be given: names with their types."),
        key("vars", &VARS, "Own variables with their first values."),
        key("start", &Kind::List(&Kind::Map(&START)), "What begins a run. Without it the flow runs only as a sub-flow."),
        key("begin", &Kind::State, "The first state.").required(),
        key("anytime", &Kind::List(&Kind::Map(&ANYTIME)), "What is answered wherever a run is."),
        key("defaults", &Kind::Map(&DEFAULTS), "What trouble leads to where a state does not say."),
        key("late", &LATE_KIND, "What becomes of a reply to a question that is no longer open.").default("inbox"),
        key("interruptible", &Kind::Boolean, "Whether a keyword of another flow may take over while this one waits for a reply.")
            .default("true"),
        key("expires", &Kind::Duration, "The longest life of a run; then it ends as `expired`.").default("30d"),
        key("states", &STATES, "The states by their names.").required(),
    ],
    lines: Lines::Apart,
    ..Place::DEFAULT
};

pub(in crate::flow) static NEED: Place = Place {
    name: "need",
    of: "a need",
    doc: "What a run must be given.",
    keys: &[
        key("type", &Kind::Word(TYPES), "What it is.").default("any"),
        key("default", &Kind::Value, "Its value where none is given."),
        key("private", &Kind::Boolean, "Whether it is masked in journal and exports.").default("false"),
    ],
    ..Place::DEFAULT
};

const fn event() -> Key {
    key("event", &Kind::EventName, "An event at `POST /v1/events`, or one that a flow emits.")
}
const fn keyword() -> Key {
    key("keyword", &KEYWORDS, "A whole message, case and accents aside; `join *` takes the rest as `reply.rest`.")
}
const fn run_key() -> Key {
    key("key", &Kind::Template, "At most one live run of this flow for each key; without it: for each contact.")
}
const fn with() -> Key {
    key("with", &VALUES, "Values for `needs` and `vars`; `event` is readable here.")
}
const fn contact() -> Key {
    key("contact", &CONTACT_KIND, "Who an event is about: a phone number, or parts by which a contact is found or made.")
}

pub(in crate::flow) static START: Place = Place {
    name: "start",
    of: "a start",
    doc: "What begins a run.",
    keys: &[
        event(),
        key("webhook", &Kind::Name, "Any JSON or form that is sent to the flow's webhook of this name; readable as `event`."),
        keyword(),
        key(
            "message",
            &Kind::Word(&[Word("any", "Every message that nothing else wants.")]),
            "Every message that nothing else wants, on the entry's channels.",
        ),
        key("if", &Kind::Condition, "A condition on `event`, `contact`, `env`; the first entry that holds begins the run."),
        key("channels", &SLUGS, "Only on these channels of the flow."),
        contact(),
        run_key(),
        key(
            "repeat",
            &Kind::Word(&[
                Word("ignore", "Nothing happens."),
                Word("restart", "The live run ends, a new one begins."),
                Word("another", "Another run begins beside it."),
            ]),
            "A second start for a key that has a live run.",
        )
        .default("ignore"),
        key(
            "busy",
            &Kind::Word(&[
                Word("wait", "This run asks after it."),
                Word("pause", "The open question is put aside and asked again afterwards."),
                Word("replace", "The other run ends as `interrupted`."),
                Word("skip", "Nothing begins."),
            ]),
            "What to do while the contact has an open question of another run. A keyword pauses it, all others wait.",
        ),
        with(),
        key("go", &Kind::State, "Another first state than `begin`."),
    ],
    rules: &[Rule::ExactlyOne(&["event", "webhook", "keyword", "message"])],
    lines: Lines::Block,
    ..Place::DEFAULT
};

/// By what a contact is found or made.
pub static CONTACT: Place = Place {
    name: "contact",
    of: "a contact",
    doc: "By what a contact is found or made.",
    keys: &[
        key("phone", &Kind::Template, "The phone number."),
        key("email", &Kind::Template, "The email address."),
        key("id", &Kind::Template, "The caller's own id."),
        key("name", &Kind::Template, "The name."),
        key("language", &Kind::Template, "The language."),
    ],
    rules: &[Rule::AtLeastOne(&["phone", "email", "id"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static ANYTIME: Place = Place {
    name: "anytime",
    of: "an entry of `anytime`",
    doc: "What is answered wherever a run is.",
    keys: &[
        event(),
        keyword(),
        key(
            "command",
            &Kind::Word(&[
                Word("back", "To the question before."),
                Word("menu", "To the beginning."),
                Word("restart", "Begin again."),
                Word("human", "To a person."),
                Word("language", "Another language."),
            ]),
            "Something that people ask of every service, in their own words.",
        ),
        contact(),
        key("key", &Kind::Template, "Only the run that was begun with this key."),
        with(),
        key("if", &Kind::Condition, "Only if this holds."),
        say(),
        notify(),
        set(),
        tag(),
        untag(),
        emit(),
        alert(),
        several(),
        key(
            "again",
            &Kind::Either(&[Kind::Boolean, Kind::Count(1, 1_000)]),
            "`true`: afterwards the open question is asked again.",
        ),
        go(),
        end(),
    ],
    rules: &[Rule::ExactlyOne(&["event", "keyword", "command"])],
    lines: Lines::Block,
    ..Place::DEFAULT
};

pub(in crate::flow) static DEFAULTS: Place = Place {
    name: "defaults",
    of: "`defaults`",
    doc: "What trouble leads to where a state does not say.",
    keys: &[nomatch(), silence(), undelivered(), failed()],
    lines: Lines::Flat,
    ..Place::DEFAULT
};

pub(super) const fn nomatch() -> Key {
    key("nomatch", &TARGET, "The reply is none that was asked for.")
}
pub(super) const fn silence() -> Key {
    key("silence", &SILENCE_KIND, "Nobody answers within `after`.")
}
pub(super) const fn undelivered() -> Key {
    key("undelivered", &TARGET, "The message could not be delivered.")
}
pub(super) const fn failed() -> Key {
    key("failed", &TARGET, "The call, or the sub-flow, failed.")
}

pub(in crate::flow) static LATE: Place = Place {
    name: "late",
    of: "`late`",
    doc: "How a late reply is taken up.",
    keys: &[
        key("for", &Kind::Duration, "How long after the question was closed; at most 30 days.").default("1d"),
        say(),
        notify(),
        set(),
        tag(),
        untag(),
        emit(),
        alert(),
        several(),
        key("go", &Kind::State, "Where a new run begins, with the variables as they were."),
    ],
    ..Place::DEFAULT
};
