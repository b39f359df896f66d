//! The keys of a file of conversation tests.

use super::flow::SLUGS;
use super::place::{KeyForm, Kind, Lines, Named, Others, Place, Rule, Word, key};

static LANGUAGE: Kind = Kind::Either(&[Kind::Language, Kind::Word(&[Word("", "None, whatever holds for the file.")])]);
static MARKETING: Kind = Kind::Either(&[
    Kind::Boolean,
    Kind::Many(&Kind::Word(&[Word("sms", "SMS."), Word("whatsapp", "WhatsApp."), Word("email", "Email.")])),
]);
static TOPICS: Kind = Kind::Named(&Named { keys: KeyForm::Text, value: &MARKETING, lines: Lines::Fit });
static VALUES: Named = Named { keys: KeyForm::Name, value: &Kind::Value, lines: Lines::Fit };
static STEPS: Kind = Kind::List(&Kind::Map(&STEP));
static CASES: Kind = Kind::Named(&Named {
    keys: KeyForm::Text,
    value: &Kind::Either(&[Kind::List(&Kind::Map(&STEP)), Kind::Map(&CASE)]),
    lines: Lines::Apart,
});
static ANSWER: Kind = Kind::Either(&[
    Kind::Word(&[Word("timeout", "No answer comes in time."), Word("refused", "Nobody listens.")]),
    Kind::Map(&FAKE),
]);
static FAKES: Kind = Kind::Named(&Named {
    keys: KeyForm::Request,
    value: &Kind::Either(&[
        Kind::Word(&[Word("timeout", "No answer comes in time."), Word("refused", "Nobody listens.")]),
        Kind::Map(&FAKE),
        Kind::List(&ANSWER),
    ]),
    lines: Lines::Fit,
});
static SAYS: Kind = Kind::Either(&[Kind::Plain, Kind::Map(&USER)]);
static USER_KIND: Kind = Kind::Either(&[Kind::Plain, Kind::Map(&USER), Kind::Map(&BY_KIND)]);
static FILE_KIND: Kind = Kind::Many(&Kind::Either(&[Kind::Plain, Kind::Map(&FILE)]));
static BOT_KIND: Kind = Kind::Either(&[Kind::Expected, Kind::Map(&BOT)]);
static BOT_PART: Kind = Kind::Either(&[Kind::Expected, Kind::Map(&BOT)]);
static ALERT_KIND: Kind = Kind::Either(&[Kind::Expected, Kind::Map(&ALERT)]);
static TEXTS: Kind = Kind::Many(&Kind::Plain);
static WAIT_KIND: Kind = Kind::Either(&[Kind::Duration, Kind::Map(&WAIT)]);
static CONTACT_STEP: Kind = Kind::Either(&[Kind::Plain, Kind::Named(&CONTACT_FIELDS)]);
static CONTACT_FIELDS: Named = Named { keys: KeyForm::Text, value: &Kind::Value, lines: Lines::Fit };

/// A file of tests.
pub static TEST: Place = Place {
    name: "test",
    of: "a test file",
    doc: "Conversations that must go as written.",
    keys: &[
        key("test", &Kind::Slug, "The flow that is tested.").required(),
        key("note", &Kind::Plain, "Anything worth knowing, for people."),
        key("given", &Kind::Map(&GIVEN), "What holds before each case."),
        key("cases", &CASES, "The conversations by their titles.").required(),
    ],
    lines: Lines::Apart,
    ..Place::DEFAULT
};

/// What holds before a case.
pub static GIVEN: Place = Place {
    name: "given",
    of: "`given`",
    doc: "What holds before a case.",
    keys: &[
        key("now", &Kind::Instant, "When it begins."),
        key("channel", &SLUGS, "The channel on which the contact writes, or a list of those that reach it, that one first."),
        key("contact", &Kind::Map(&CONTACT), "Who the contact is."),
        key("tags", &SLUGS, "The contact's tags."),
        key("vars", &Kind::Named(&VALUES), "Values of the run's variables."),
        key("http", &FAKES, "What other systems answer."),
        key("seed", &Kind::Count(0, u64::MAX), "What decides between the arms of a split."),
    ],
    lines: Lines::Flat,
    ..Place::DEFAULT
};

/// Who the contact of a case is.
pub static CONTACT: Place = Place {
    name: "given_contact",
    of: "the contact of `given`",
    doc: "Who the contact is; any other key is an attribute.",
    keys: &[
        key("phone", &Kind::Plain, "The phone number."),
        key("name", &Kind::Plain, "The name."),
        key("email", &Kind::Plain, "The email address."),
        key("timezone", &Kind::Plain, "The time zone, such as `Europe/Madrid`."),
        key("language", &LANGUAGE, "The language."),
        key("marketing", &MARKETING, "The kinds of channel on which they agreed to marketing."),
        key("topics", &TOPICS, "What they said of single topics of marketing: the kinds of channel on which they want each."),
    ],
    others: Some(&Others { named: &VALUES, first: false }),
    ..Place::DEFAULT
};

/// A case with more than its steps.
pub static CASE: Place = Place {
    name: "case",
    of: "a case",
    doc: "A conversation with what holds before it.",
    keys: &[
        key("note", &Kind::Plain, "Anything worth knowing, for people."),
        key("given", &Kind::Map(&GIVEN), "What holds before it, beside what holds for the file."),
        key("channels", &SLUGS, "It is played once on each of these."),
        key("steps", &STEPS, "The conversation."),
    ],
    lines: Lines::Block,
    ..Place::DEFAULT
};

/// What a step can be.
const ALL: &[&str] = &[
    "contact", "event", "user", "bot", "begin", "webhook", "wait", "http", "called", "status", "person", "handoff", "alert",
    "emit", "at", "vars", "tags", "end",
];
const NOT_CONTACT: &[&str] = ALL.split_at(1).1;
const NEITHER_CONTACT_NOR_EVENT: &[&str] = ALL.split_at(2).1;

/// One step of a conversation.
pub static STEP: Place = Place {
    name: "test_step",
    of: "a step",
    doc: "One step of a conversation.",
    keys: &[
        key("user", &USER_KIND, "What the contact writes, presses or sends."),
        key("bot", &BOT_KIND, "The next message: its text, what must hold of it, `any`, or `nothing`."),
        key("event", &Kind::EventName, "Something happens elsewhere."),
        key("begin", &Kind::Named(&VALUES), "The run begins with these values of what it needs, as a sub-flow would."),
        key("webhook", &Kind::Name, "Another system calls the flow's webhook of this name."),
        key("data", &Kind::Value, "What the event or the webhook carries."),
        key("wait", &WAIT_KIND, "Time passes; every timer on the way fires at its moment."),
        key("http", &FAKES, "What other systems answer from here on."),
        key("called", &Kind::Plain, "A call that must have been made: `PUT shop/orders/A1`."),
        key("json", &Kind::Value, "What it must have carried."),
        key(
            "status",
            &Kind::Word(&[
                Word("sent", "The provider took it."),
                Word("delivered", "It arrived."),
                Word("read", "It was read."),
                Word("failed", "It could not be delivered."),
            ]),
            "A delivery report for the last message.",
        ),
        key("alert", &ALERT_KIND, "A word to your team."),
        key("emit", &Kind::EventName, "An event that the flow emits."),
        key("at", &Kind::Name, "The state in which the run is now."),
        key("vars", &Kind::Named(&VALUES), "What variables hold now."),
        key("contact", &CONTACT_STEP, "What is known of the contact now; beside `event`: whom the event names."),
        key("tags", &SLUGS, "The contact's tags now."),
        key("end", &Kind::Name, "The run is over with this result."),
        key("person", &PERSON_KIND, "A member of your team writes to the contact, takes the conversation over, or resolves it."),
        key("handoff", &Kind::Slug, "The conversation was handed over to this team."),
    ],
    rules: &[
        Rule::AtLeastOne(ALL),
        Rule::AtMostOne(NOT_CONTACT),
        Rule::Without("contact", NEITHER_CONTACT_NOR_EVENT),
        Rule::Needs("data", &["event", "webhook"]),
        Rule::Needs("json", &["called"]),
    ],
    lines: Lines::Block,
    ..Place::DEFAULT
};

static PERSON_KIND: Kind = Kind::Either(&[Kind::Plain, Kind::Map(&PERSON)]);

/// What a member of a team does.
pub static PERSON: Place = Place {
    name: "person",
    of: "`person`",
    doc: "What a member of your team does with a conversation that was handed over.",
    keys: &[
        key("resolve", &Kind::Plain, "The conversation goes back to the flow, with this note; it may be empty."),
        key("take", &Kind::Boolean, "The conversation is taken over without a word."),
    ],
    ..Place::DEFAULT
};

/// What a contact sends.
pub static USER: Place = Place {
    name: "user",
    of: "`user`",
    doc: "What the contact sends, beside text.",
    keys: &[
        key("text", &Kind::Plain, "The text."),
        key("press", &Kind::Plain, "The id of the choice whose button is pressed."),
        key("media", &FILE_KIND, "Files: their addresses."),
        key("location", &Kind::Map(&LOCATION), "A place on the map."),
        key("channel", &Kind::Slug, "On this channel."),
    ],
    ..Place::DEFAULT
};

static BY_KIND: Place = Place {
    name: "user_by_kind",
    of: "`user` by kind of channel",
    doc: "What the contact sends on each kind of channel.",
    keys: &[key("sms", &SAYS, "By SMS."), key("whatsapp", &SAYS, "By WhatsApp."), key("email", &SAYS, "By email.")],
    ..Place::DEFAULT
};

/// A file that a contact sends.
pub static FILE: Place = Place {
    name: "file",
    of: "a file",
    doc: "A file.",
    keys: &[
        key("url", &Kind::Plain, "Its address."),
        key("type", &Kind::Plain, "Its type, such as `application/pdf`."),
        key("name", &Kind::Plain, "Its name."),
    ],
    ..Place::DEFAULT
};

/// A place on the map that a contact sends.
pub static LOCATION: Place = Place {
    name: "location",
    of: "a place on the map",
    doc: "A place on the map.",
    keys: &[
        key("lat", &Kind::Number, "Degrees north.").required(),
        key("lon", &Kind::Number, "Degrees east.").required(),
        key("name", &Kind::Plain, "What it is called."),
        key("address", &Kind::Plain, "Its address."),
    ],
    ..Place::DEFAULT
};

/// What must hold of a message.
pub static BOT: Place = Place {
    name: "bot",
    of: "`bot`",
    doc: "What must hold of the next message.",
    keys: &[
        key("notify", &Kind::Slug, "It is this notification."),
        key("approved", &Kind::Plain, "It is this approved template."),
        key("text", &Kind::Plain, "Its whole text."),
        key("has", &TEXTS, "What stands somewhere in its text."),
        key("buttons", &TEXTS, "The ids of the choices that it shows, in this order."),
        key("media", &Kind::Plain, "The address of its file."),
        key("channel", &Kind::Slug, "It goes out on this channel."),
        key("to", &Kind::Plain, "It goes to this address, which is not the contact's."),
        key("system", &Kind::Plain, "It is the service's own: `opted_out`, `opted_in` or `help`."),
        key("sms", &BOT_PART, "What must hold of it by SMS."),
        key("whatsapp", &BOT_PART, "What must hold of it by WhatsApp."),
        key("email", &BOT_PART, "What must hold of it by email."),
    ],
    ..Place::DEFAULT
};

/// What must hold of an alert.
pub static ALERT: Place = Place {
    name: "expected_alert",
    of: "`alert`",
    doc: "What must hold of an alert.",
    keys: &[
        key("text", &Kind::Plain, "Its whole text."),
        key("say", &Kind::Plain, "The same as `text`."),
        key("has", &TEXTS, "What stands somewhere in its text."),
    ],
    ..Place::DEFAULT
};

/// What another system answers.
pub static FAKE: Place = Place {
    name: "fake",
    of: "an answer",
    doc: "What another system answers.",
    keys: &[
        key("status", &Kind::Count(100, 599), "The status.").default("200"),
        key("json", &Kind::Value, "The body as JSON."),
        key("text", &Kind::Plain, "The body as text."),
        key("delay", &Kind::Duration, "How long it takes.").default("0s"),
    ],
    ..Place::DEFAULT
};

static WAIT: Place = Place {
    name: "test_wait",
    of: "`wait`",
    doc: "Time passes until a moment.",
    keys: &[key("until", &Kind::Instant, "The moment.").required()],
    ..Place::DEFAULT
};
