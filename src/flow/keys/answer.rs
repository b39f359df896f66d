//! The keys of answers.

use super::place::{KeyForm, Kind, Lines, Named, Place, Rule, Word, key};

/// What is expected as a reply: a word, or a word with its options.
pub(super) static ANSWER_KIND: Kind = Kind::Either(&[
    Kind::Word(&[
        Word("text", "Any text."),
        Word("yes_no", "Yes or no."),
        Word("number", "A number."),
        Word("date", "A day."),
        Word("time", "A time of day."),
        Word("moment", "A day and a time."),
        Word("phone", "A phone number."),
        Word("email", "An email address."),
        Word("location", "A place on the map."),
        Word("media", "A file."),
        Word("any", "Whatever comes."),
    ]),
    Kind::Map(&ANSWER),
]);

static CHOICE_MAP: Kind =
    Kind::Named(&Named { keys: KeyForm::Name, value: &Kind::Either(&[Kind::Texts, Kind::Map(&CHOICE)]), lines: Lines::Block });
static WORDS: Kind = Kind::Many(&Kind::Plain);

static ANSWER: Place = Place {
    name: "answer",
    of: "`answer`",
    doc: "What is expected as the reply, with its options.",
    keys: &[
        key("text", &Kind::Map(&TEXT), "Any text."),
        key("choice", &CHOICE_MAP, "One of these choices, in the order in which people see them."),
        key("choices", &Kind::Map(&CHOICES), "Several of these choices."),
        key("pick", &Kind::Map(&PICK), "An item of a list."),
        key("yes_no", &Kind::Map(&NOTHING), "Yes or no."),
        key("number", &Kind::Map(&NUMBER), "A number."),
        key("date", &Kind::Map(&DATE), "A day, as people write it."),
        key("time", &Kind::Map(&TIME), "A time of day, as people write it."),
        key("moment", &Kind::Map(&MOMENT), "A day and a time, as people write them."),
        key("phone", &Kind::Map(&PHONE), "A phone number."),
        key("email", &Kind::Map(&NOTHING), "An email address."),
        key("pattern", &Kind::Plain, "A regular expression that describes the whole message."),
        key("location", &Kind::Map(&NOTHING), "A place on the map."),
        key("media", &Kind::Map(&MEDIA), "A file, or several."),
        key("any", &Kind::Map(&NOTHING), "Whatever comes."),
    ],
    rules: &[Rule::ExactlyOne(&[
        "text", "choice", "choices", "pick", "yes_no", "number", "date", "time", "moment", "phone", "email", "pattern",
        "location", "media", "any",
    ])],
    ..Place::DEFAULT
};

pub(in crate::flow) static NOTHING: Place =
    Place { name: "nothing", of: "an answer without options", doc: "This answer has no options.", ..Place::DEFAULT };

pub(in crate::flow) static TEXT: Place = Place {
    name: "text_answer",
    of: "`text`",
    doc: "The options of a text.",
    keys: &[
        key("min", &Kind::Count(0, 4_096), "The fewest characters."),
        key("max", &Kind::Count(1, 4_096), "The most characters.").default("1000"),
        key("gather", &Kind::Duration, "How long further messages still belong to it.").default("0s"),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static CHOICE: Place = Place {
    name: "choice",
    of: "a choice",
    doc: "A choice with more than its label.",
    keys: &[
        key("label", &Kind::Texts, "What people see.").required(),
        key("also", &WORDS, "What they may write instead, in any language."),
        key("help", &Kind::Texts, "A line below the label, where the channel shows one."),
        key("if", &Kind::Condition, "Only if this holds."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static CHOICES: Place = Place {
    name: "choices",
    of: "`choices`",
    doc: "Several of some choices.",
    keys: &[
        key("of", &CHOICE_MAP, "The choices, in the order in which people see them.").required(),
        key("min", &Kind::Count(1, 1_000), "At least so many.").default("1"),
        key("max", &Kind::Count(1, 1_000), "At most so many. Without it: all."),
    ],
    lines: Lines::Block,
    ..Place::DEFAULT
};

pub(in crate::flow) static PICK: Place = Place {
    name: "pick",
    of: "`pick`",
    doc: "An item of a list.",
    keys: &[
        key("from", &Kind::Value, "The list.").required(),
        key("label", &Kind::Texts, "What people see of each; `item` is readable. Without it: the item itself."),
        key("max", &Kind::Count(1, 30), "At most so many items are shown.").default("10"),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static NUMBER: Place = Place {
    name: "number_answer",
    of: "`number`",
    doc: "The options of a number.",
    keys: &[
        key("min", &Kind::Number, "The smallest."),
        key("max", &Kind::Number, "The greatest."),
        key("whole", &Kind::Boolean, "Whether it has no fraction.").default("false"),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static DATE: Place = Place {
    name: "date_answer",
    of: "`date`",
    doc: "The options of a day.",
    keys: &[
        key("min", &Kind::Template, "The first: `2026-12-31` or `\"{{ today }}\"`."),
        key("max", &Kind::Template, "The last."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static TIME: Place = Place {
    name: "time_answer",
    of: "`time`",
    doc: "The options of a time of day.",
    keys: &[key("min", &Kind::Template, "The first: `10:00`."), key("max", &Kind::Template, "The last.")],
    ..Place::DEFAULT
};

pub(in crate::flow) static MOMENT: Place = Place {
    name: "moment_answer",
    of: "`moment`",
    doc: "The options of a day and time.",
    keys: &[
        key("min", &Kind::Template, "The first: `2026-12-31T10:00` or `\"{{ now }}\"`."),
        key("max", &Kind::Template, "The last."),
    ],
    ..Place::DEFAULT
};

pub(in crate::flow) static PHONE: Place = Place {
    name: "phone_answer",
    of: "`phone`",
    doc: "The options of a phone number.",
    keys: &[key("country", &Kind::Plain, "Two capital letters: how a number without `+` is read. Without it: the channel's.")],
    ..Place::DEFAULT
};

pub(in crate::flow) static MEDIA: Place = Place {
    name: "media_answer",
    of: "`media`",
    doc: "The options of a file.",
    keys: &[
        key(
            "types",
            &WORDS,
            "`image`, `video`, `audio`, `document`, `sticker`, or types such as `application/pdf`. Without it: all.",
        ),
        key("max", &Kind::Count(1, 10), "At most so many.").default("1"),
    ],
    ..Place::DEFAULT
};
