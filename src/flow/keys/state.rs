//! The keys of a state and of its kinds, without answers.

use super::answer::ANSWER_KIND;
use super::flow::{failed, nomatch, silence, undelivered};
use super::message::{ASK_KIND, MESSAGE_KIND};
use super::notification::REPORTS;
use super::place::{Key, KeyForm, Kind, Lines, Named, Others, Place, Rule, Word, key};
use super::target::{NOTIFY_KIND, ONE_ACTION, TARGET, alert, emit, notify, say, set, several, tag, untag};

/// Values by names that people chose.
pub(super) static VALUES: Kind = Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Value, lines: Lines::Fit });

static SAVE: Kind =
    Kind::Either(&[Kind::Name, Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Value, lines: Lines::Fit })]);
static SPLIT: Kind = Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Count(0, 1_000_000), lines: Lines::Fit });
static NAMES: Kind = Kind::Many(&Kind::Name);
static WAIT_KIND: Kind = Kind::Either(&[Kind::Duration, Kind::Map(&WAIT)]);
static GO: Kind = Kind::Either(&[Kind::State, Kind::Map(&OUTCOMES), Kind::List(&Kind::Map(&super::target::WAY))]);
static TEXT_PAIRS: Kind = Kind::Named(&Named { keys: KeyForm::Text, value: &Kind::Template, lines: Lines::Fit });
static SHOW: Kind = Kind::Word(&[
    Word("auto", "Buttons, a list or a numbered menu, as the channel can."),
    Word("plain", "The text names the answers itself."),
]);

pub(in crate::flow) static STATE: Place = Place {
    name: "state",
    of: "a state",
    doc: "One named place in a flow: what is done on entering it, what is awaited, where each outcome leads.",
    keys: &[
        say(),
        notify(),
        set(),
        tag(),
        untag(),
        emit(),
        alert(),
        several(),
        key("ask", &ASK_KIND, "A question: it is sent, and a reply is awaited."),
        key("answer", &ANSWER_KIND, "What is expected as the reply.").default("text"),
        key("show", &SHOW, "How the choices are shown.").default("auto"),
        key("call", &Kind::Map(&CALL), "A request to an api of the configuration."),
        key("wait", &WAIT_KIND, "Time, a moment or an event is awaited."),
        key("split", &SPLIT, "Arms with their weights; a contact always takes the same one."),
        key("deliver", &Kind::Map(&DELIVER), "A notification with a criterion of success."),
        key("run", &Kind::Map(&RUN), "Another flow as a part of this one."),
        key("digest", &Kind::Map(&DIGEST), "Events collected over a time."),
        key("handoff", &Kind::Either(&[Kind::Slug, Kind::Map(&HANDOFF)]), "The conversation goes to a person of a team."),
        key("save", &SAVE, "The variable that gets the result of the kind, or variables with parts of it."),
        key("private", &Kind::Boolean, "Whether what is saved, and the reply, are masked in journal and exports.")
            .default("false"),
        key("go", &GO, "Where it leads: a state, a way for each outcome, or ways with conditions."),
        key("end", &Kind::Name, "The run is over, with this result; instead of a kind and `go`."),
        key("was", &NAMES, "Former names: runs of older versions can be moved here."),
        key("note", &Kind::Plain, "Anything worth knowing, for people."),
    ],
    rules: &[
        ONE_ACTION,
        Rule::AtMostOne(&["ask", "call", "wait", "split", "deliver", "run", "digest", "handoff"]),
        Rule::AtMostOne(&["answer", "call", "wait", "split", "deliver", "run", "digest", "handoff"]),
        Rule::Without("end", &["go", "ask", "answer", "call", "wait", "split", "deliver", "run", "digest", "handoff"]),
        Rule::AtLeastOne(&["go", "end"]),
        Rule::Needs("show", &["ask", "answer"]),
        Rule::Needs("save", &["ask", "answer", "call", "wait", "split", "deliver", "run", "digest", "handoff"]),
    ],
    lines: Lines::Small,
    ..Place::DEFAULT
};

const fn otherwise() -> Key {
    key("else", &TARGET, "Every ordinary outcome that is not named.")
}

static OUTCOMES: Place = Place {
    name: "outcomes",
    of: "`go`",
    doc: "A way for each outcome.",
    keys: &[otherwise(), nomatch(), silence(), undelivered(), failed()],
    others: Some(&Others { named: &Named { keys: KeyForm::Outcome, value: &TARGET, lines: Lines::Flat }, first: true }),
    lines: Lines::Flat,
    ..Place::DEFAULT
};

pub(in crate::flow) static CALL: Place = Place {
    name: "call",
    of: "`call`",
    doc: "A request to an api of the configuration.",
    keys: &[
        key("api", &Kind::Slug, "An entry of the configuration: its address, credentials and limits.").required(),
        key("get", &Kind::Template, "GET this path; it begins with `/`."),
        key("post", &Kind::Template, "POST to this path; it begins with `/`."),
        key("put", &Kind::Template, "PUT to this path; it begins with `/`."),
        key("patch", &Kind::Template, "PATCH this path; it begins with `/`."),
        key("delete", &Kind::Template, "DELETE this path; it begins with `/`."),
        key("query", &TEXT_PAIRS, "What follows `?`."),
        key("headers", &TEXT_PAIRS, "Headers beside those of the configuration."),
        key("json", &Kind::Value, "The body as JSON."),
        key("form", &TEXT_PAIRS, "The body as a form."),
        key("text", &Kind::Template, "The body as text."),
        key("timeout", &Kind::Duration, "The longest that one attempt may take; at most 30s.").default("10s"),
        key("retry", &Kind::Count(0, 10), "How often it is tried again after a failure that may pass.").default("2"),
    ],
    rules: &[Rule::ExactlyOne(&["get", "post", "put", "patch", "delete"]), Rule::AtMostOne(&["json", "form", "text"])],
    ..Place::DEFAULT
};

pub(in crate::flow) static WAIT: Place = Place {
    name: "wait",
    of: "`wait`",
    doc: "Time, a moment or an event is awaited.",
    keys: &[
        key("for", &Kind::Duration, "So much time."),
        key("days", &Kind::Count(0, 3_660), "So many days of the calendar."),
        key("at", &Kind::Clock, "At this time of that day, the contact's."),
        key("until", &Kind::Template, "Until this moment; at once if it is past."),
        key("event", &Kind::EventName, "The first such event."),
        key("key", &Kind::Template, "Only an event with this key."),
        key("if", &Kind::Condition, "Only an event for which this holds."),
        key("hours", &Kind::Slug, "Then on to the next moment inside these hours of the configuration."),
    ],
    rules: &[
        Rule::ExactlyOne(&["for", "days", "until", "event"]),
        Rule::Needs("at", &["days"]),
        Rule::Needs("key", &["event"]),
        Rule::Needs("if", &["event"]),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static DELIVER: Place = Place {
    name: "deliver",
    of: "`deliver`",
    doc: "A notification with a criterion of success. Its route is used up first.",
    keys: &[
        key("notify", &NOTIFY_KIND, "The notification.").required(),
        key("with", &VALUES, "Values for what it needs; what is left out is taken from the variable of that name."),
        key("until", &REPORTS, "The report that is success.").default("delivered"),
        key("within", &Kind::Duration, "How long that report is awaited.").default("10m"),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static DIGEST: Place = Place {
    name: "digest",
    of: "`digest`",
    doc: "Events collected over a time. The event that began the run is the first.",
    keys: &[
        key("event", &Kind::EventName, "The events that are collected.").required(),
        key("key", &Kind::Template, "Only events with this key."),
        key("for", &Kind::Duration, "How long it takes at most; at most 7d.").required(),
        key("max", &Kind::Count(1, 100), "With so many it goes on at once.").default("100"),
        key("extend", &Kind::Duration, "It goes on when for so long none has come, after `for` at the latest."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static HANDOFF: Place = Place {
    name: "handoff",
    of: "`handoff`",
    doc: "The conversation goes to a person.",
    keys: &[
        key("to", &Kind::Slug, "A team of the configuration.").required(),
        key("note", &Kind::Texts, "What its members should know."),
        key("say", &MESSAGE_KIND, "What the contact is told."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static RUN: Place = Place {
    name: "run",
    of: "`run`",
    doc: "Another flow as a part of this one.",
    keys: &[key("flow", &Kind::Slug, "The flow.").required(), key("with", &VALUES, "Values for what it needs.")],
    ..Place::DEFAULT
};
