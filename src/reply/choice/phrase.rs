//! What stands around a choice: phrases that change nothing, and phrases that turn an answer around.

use crate::reply::words::{Lexicon, Section, Sections};

/// What a phrase does to the choice beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: "I would like", "works for me".
    Around,
    /// Nothing, and a question may still begin after it.
    Polite,
    /// It spoils the reply, for this reason.
    Spoils(&'static str),
}

/// Sections of which no word may stand beside a choice, whatever else it means.
pub(super) const SPOILING: [Section; 7] =
    [Section::Not, Section::Or, Section::Doubt, Section::Condition, Section::Question, Section::Beyond, Section::BeforeTime];

const ASKS: Effect = Effect::Spoils("it asks a question");

/// A phrase with which a text begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phrase {
    pub bytes: usize,
    pub effect: Effect,
}

/// Where in the reply a phrase stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// Something that may be a choice stands before it.
    pub after_something: bool,
    /// Only politeness stands before it.
    pub at_start: bool,
}

/// The longest phrase with which a text begins, in the first of the lexicons that has one as long.
/// It has at most so many bytes.
pub(super) fn begin(
    text: &str,
    position: Position,
    most: usize,
    lexicons: impl Iterator<Item = &'static Lexicon>,
) -> Option<Phrase> {
    let phrases = lexicons.flat_map(|lexicon| lexicon.at_start(text)).filter(|(bytes, _)| *bytes <= most);
    let phrases = phrases.filter_map(|(bytes, sections)| Some(Phrase { bytes, effect: effect(sections, position)? }));
    let longest = phrases.reduce(|best, next| if next.bytes > best.bytes { next } else { best });
    // One word alone is the beginning of a label rather than that of a question.
    longest.filter(|phrase| phrase.bytes < text.len() || phrase.effect != ASKS)
}

/// What stands beside choices is known best, and what spoils a reply goes before politeness.
fn effect(sections: Sections, position: Position) -> Option<Effect> {
    let beside = if position.after_something { Section::AfterChoice } else { Section::BeforeChoice };
    let ordered = [
        (beside, Effect::Around),
        (Section::Place, Effect::Around),
        (Section::Beyond, Effect::Spoils("it says more than a choice, or less")),
        (Section::Not, Effect::Spoils("it says no to something")),
        (Section::Or, Effect::Spoils("it leaves two possibilities")),
        (Section::Doubt, Effect::Spoils("it is in doubt")),
        (Section::Condition, Effect::Spoils("it sets a condition")),
        (Section::Polite, Effect::Polite),
        (Section::LeadIn, Effect::Around),
        (Section::And, Effect::Around),
    ];
    let found = ordered.into_iter().find(|(section, _)| sections.has(*section)).map(|(_, effect)| effect);
    found.or_else(|| (position.at_start && sections.has(Section::Question)).then_some(ASKS))
}

/// Whether the text ends with words that make a number after them a time or an amount: "at", "a las".
pub(super) fn announces_time(before: &str, mut lexicons: impl Iterator<Item = &'static Lexicon>) -> bool {
    let text = before.trim_end();
    lexicons.any(|lexicon| lexicon.has(Section::BeforeTime, text) || lexicon.strip_end(Section::BeforeTime, text).is_some())
}
