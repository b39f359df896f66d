//! Whether a condition holds for one contact, without a database: what the SQL is held against.

use super::condition::{Column, Condition, Kinds, Moment, NumberTest, Range, TextTest};
use super::stored;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::profile::Profile;
use crate::domain::time::Millis;

/// What is known of a contact.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who it is.
    pub profile: &'a Profile,
    /// The channel that it used last.
    pub channel: Option<&'a ChannelName>,
    /// When it was first known.
    pub created: Millis,
    /// When it wrote last.
    pub last_seen: Option<Millis>,
    /// When it was written to last.
    pub last_sent: Option<Millis>,
    /// The flows in which it is.
    pub flows: &'a [Slug],
}

pub(super) fn holds(condition: &Condition, facts: &Facts<'_>) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds(part, facts)),
        Condition::Or(parts) => parts.iter().any(|part| holds(part, facts)),
        Condition::Not(inner) => !holds(inner, facts),
        Condition::Column(column, test) => column_of(*column, facts).is_some_and(|text| text_holds(test, text)),
        Condition::Tag(test) => facts.profile.tags.iter().any(|tag| text_holds(test, tag.as_str())),
        Condition::Flow(test) => facts.flows.iter().any(|flow| text_holds(test, flow.as_str())),
        Condition::Text(name, test) => attribute(facts, name.as_str()).is_some_and(|value| text_holds(test, &value.text)),
        Condition::Number(name, test) => {
            attribute(facts, name.as_str()).and_then(|value| value.number).is_some_and(|number| number_holds(test, number))
        }
        Condition::Moment(which, range) => moment_of(*which, facts).is_some_and(|at| range_holds(*range, at.0)),
        Condition::Kinds(kinds, bits) => {
            let mask = match kinds {
                Kinds::Stopped => facts.profile.stop,
                Kinds::Consent => facts.profile.consent,
            };
            mask & bits != 0
        }
        Condition::Simulated => facts.profile.simulated,
    }
}

fn column_of<'a>(column: Column, facts: &Facts<'a>) -> Option<&'a str> {
    let profile = facts.profile;
    match column {
        Column::Name => profile.name.as_deref(),
        Column::Phone => profile.phone.as_ref().map(|phone| phone.as_str()),
        Column::UserId => profile.user_id.as_deref(),
        Column::Email => profile.email.as_deref(),
        Column::External => profile.external.as_deref(),
        Column::Verbatim => profile.verbatim.as_deref(),
        Column::Language => profile.language.as_ref().map(|language| language.as_str()),
        Column::Timezone => profile.timezone.as_deref(),
        Column::Channel => facts.channel.map(ChannelName::as_str),
        Column::DeadEmail => profile.dead.as_deref(),
    }
}

fn moment_of(which: Moment, facts: &Facts<'_>) -> Option<Millis> {
    match which {
        Moment::LastSeen => facts.last_seen,
        Moment::LastSent => facts.last_sent,
        Moment::Created => Some(facts.created),
    }
}

fn attribute(facts: &Facts<'_>, name: &str) -> Option<super::Stored> {
    facts.profile.attributes.iter().find(|(known, _)| known.as_str() == name).and_then(|(_, value)| stored(value))
}

fn text_holds(test: &TextTest, text: &str) -> bool {
    match test {
        TextTest::Present => true,
        TextTest::Equal(values) => values.iter().any(|value| value == text),
        TextTest::Order(order, value) => order.holds(text.cmp(value.as_str())),
        TextTest::Contains(part) => text.contains(part.as_str()),
        TextTest::Starts(part) => text.starts_with(part.as_str()),
        TextTest::Ends(part) => text.ends_with(part.as_str()),
    }
}

fn number_holds(test: &NumberTest, number: f64) -> bool {
    match test {
        NumberTest::Equal(values) => values.contains(&number),
        NumberTest::Order(order, value) => number.partial_cmp(value).is_some_and(|found| order.holds(found)),
    }
}

fn range_holds(range: Range, at: i64) -> bool {
    range.from.is_none_or(|from| from <= at) && range.until.is_none_or(|until| at < until)
}
