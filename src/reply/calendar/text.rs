//! Every way to read a reply from its first token to its last.

use super::grammar::Grammar;
use super::piece::{Piece, Reading};
use super::sections::Meaning;
use super::tokens::Kind;
use super::words::vocabulary;
use crate::domain::language::Language;
use crate::reply::Setting;
use crate::reply::normalize::Normalized;
use crate::reply::words::{Lexicon, Section, lexicon};

/// Steps after which a text that can be read in ever more ways is given up.
const STEPS: usize = 4_000;
/// Words of the longest polite phrase.
const POLITE_WORDS: usize = 6;

/// Every way to read a reply: with the words of the question's language, and where those do not suffice with English
/// words besides.
pub(in crate::reply) fn read(original: &str, setting: &Setting<'_>) -> Vec<Reading> {
    let own = setting.language;
    let first = readings(original, setting, &[own]);
    if !first.is_empty() || own.base() == "en" || doubts(original, own) {
        return first;
    }
    readings(original, setting, &[own, Language::EN])
}

/// Whether a word of the language stands there that turns a reply around or makes it uncertain: "of" is "or" in Dutch,
/// whatever it is in English.
fn doubts(original: &str, language: Language) -> bool {
    const DOUBT: [Section; 5] = [Section::Or, Section::Not, Section::Question, Section::Doubt, Section::Condition];
    let Some(lexicon) = lexicon(language.base()) else { return false };
    let text = Normalized::of(original);
    DOUBT.iter().any(|section| lexicon.occurs(*section, text.as_str()))
}

fn readings(original: &str, setting: &Setting<'_>, languages: &[Language]) -> Vec<Reading> {
    let vocabularies: Vec<_> = languages.iter().map(|language| vocabulary(*language)).collect();
    let lexicons: Vec<_> = languages.iter().filter_map(|language| lexicon(language.base())).collect();
    let Some(mut grammar) = Grammar::of(original, &vocabularies, &lexicons) else { return Vec::new() };
    let english = setting.language.base() == "en";
    grammar.clock_24 = vocabularies.first().is_some_and(|vocabulary| vocabulary.habits.clock_24.is_usual(setting.country));
    grammar.english = english;
    grammar.month_first = english && setting.country == Some("US");
    let polite: Vec<_> = languages.iter().chain([&Language::EN]).filter_map(|language| lexicon(language.base())).collect();
    let count = grammar.tokens.len();
    let mut walk = Walk {
        courtesy: courtesy(&grammar, &polite),
        grammar,
        pieces: vec![None; count],
        seen: vec![Vec::new(); count],
        steps: STEPS,
        found: Vec::new(),
    };
    walk.from(0, &Reading::default(), false);
    if walk.steps == 0 { Vec::new() } else { walk.found }
}

/// A phrase that changes nothing, and whether it may stand only at the beginning or only at the end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Courtesy {
    end: usize,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Beginning,
    Anywhere,
    End,
}

/// The longest polite phrase that begins at each token.
fn courtesy(grammar: &Grammar, lexicons: &[&'static Lexicon]) -> Vec<Vec<Courtesy>> {
    let at = |from: usize| {
        let mut found = Vec::new();
        let mut text = String::new();
        for (index, token) in grammar.tokens[from..].iter().take(POLITE_WORDS).enumerate() {
            if token.kind != Kind::Word {
                break;
            }
            if index > 0 {
                text.push(' ');
            }
            text.push_str(&token.text);
            let has = |section| lexicons.iter().any(|lexicon| lexicon.has(section, &text));
            let end = from + index + 1;
            if has(Section::Polite) {
                found.push(Courtesy { end, place: Place::Anywhere });
            } else if has(Section::LeadIn) {
                found.push(Courtesy { end, place: Place::Beginning });
            }
        }
        for (meaning, end) in grammar.all(from, Some) {
            match meaning {
                Meaning::Before => found.push(Courtesy { end, place: Place::Beginning }),
                Meaning::After => found.push(Courtesy { end, place: Place::End }),
                _ => {}
            }
        }
        found
    };
    (0..grammar.tokens.len()).map(at).collect()
}

/// The search.
struct Walk {
    grammar: Grammar,
    courtesy: Vec<Vec<Courtesy>>,
    /// The pieces that begin at each token, once they were sought.
    pieces: Vec<Option<Vec<(Piece, usize)>>>,
    /// What was already read up to each token: read on from there once.
    seen: Vec<Vec<(Reading, bool)>>,
    steps: usize,
    found: Vec<Reading>,
}

impl Walk {
    /// Reads on from a token. `ending`: a phrase was read after which only politeness may follow.
    fn from(&mut self, at: usize, reading: &Reading, ending: bool) {
        if self.steps == 0 {
            return;
        }
        self.steps -= 1;
        if at >= self.grammar.tokens.len() {
            if !reading.pieces.is_empty() && whole(&reading.pieces) && !self.found.contains(reading) {
                self.found.push(reading.clone());
            }
            return;
        }
        if self.seen[at].iter().any(|(seen, ended)| seen == reading && *ended == ending) {
            return;
        }
        self.seen[at].push((reading.clone(), ending));
        let begun = !reading.pieces.is_empty();
        for courtesy in self.courtesy[at].clone() {
            let fits = match courtesy.place {
                Place::Beginning => !begun,
                Place::Anywhere => true,
                Place::End => begun,
            };
            if fits && !(begun && self.names_hours(at)) && !self.says_more(at, courtesy) {
                let polite = Reading { courtesy: true, ..reading.clone() };
                self.from(courtesy.end, &polite, ending || courtesy.place == Place::End);
            }
        }
        if let Some(end) = self.filler(at) {
            self.from(end, reading, ending);
        }
        if ending {
            return;
        }
        if self.pieces[at].is_none() {
            self.pieces[at] = Some(self.sought(at));
        }
        for (piece, end) in self.pieces[at].clone().unwrap_or_default() {
            if fits(&reading.pieces, &piece) {
                let mut longer = reading.clone();
                longer.pieces.push(piece);
                self.from(end, &longer, false);
            }
        }
    }

    /// Whether a part of the day stands at a token: "10 pagi kak" is no good morning.
    fn names_hours(&self, at: usize) -> bool {
        self.grammar.one(at, |meaning| matches!(meaning, Meaning::Part(_)).then_some(())).is_some()
    }

    /// Whether what may stand before any other answer says more before a day or a time: "voor 5 uur" is before five.
    fn says_more(&self, at: usize, courtesy: Courtesy) -> bool {
        let more = |meaning| match meaning {
            Meaning::MinutesThenHour(_)
            | Meaning::MinutesOrRange(_)
            | Meaning::HourThenMinutes(_)
            | Meaning::Which(_)
            | Meaning::In
            | Meaning::Ago
            | Meaning::From => Some(()),
            _ => None,
        };
        // "por la mañana" is no "por" and "la mañana".
        if self.grammar.one(at, Some).is_some_and(|(_, end)| end > courtesy.end) {
            return true;
        }
        courtesy.place == Place::Beginning && self.grammar.one(at, more).is_some_and(|(_, end)| end == courtesy.end)
    }

    /// A token that stands between pieces and means nothing.
    fn filler(&self, at: usize) -> Option<usize> {
        let token = self.grammar.tokens.get(at)?;
        let next = self.grammar.tokens.get(at + 1);
        let between_figures = token.glued && next.is_some_and(|next| next.glued && next.number().is_some());
        match token.kind {
            Kind::Sign(',' | '.' | ';') if !between_figures => Some(at + 1),
            Kind::Sign(':') if next.is_some_and(|next| !next.glued) => Some(at + 1),
            Kind::Sign('-') if !token.glued && next.is_some_and(|next| !next.glued) => Some(at + 1),
            // 2026-03-05T10:30
            Kind::Word if token.text == "t" && token.glued && next.is_some_and(|next| next.glued && next.number().is_some()) => {
                Some(at + 1)
            }
            Kind::Word => self.grammar.end_of(at, Meaning::Small).or_else(|| self.grammar.end_of(at, Meaning::DayBefore)),
            _ => None,
        }
    }

    fn sought(&self, at: usize) -> Vec<(Piece, usize)> {
        let grammar = &self.grammar;
        let mut found = grammar.days(at);
        found.extend(grammar.spans(at));
        found.extend(grammar.clocks(at).into_iter().map(|(clock, end)| (Piece::Clock(clock), end)));
        found.extend(grammar.all(at, |meaning| match meaning {
            Meaning::Part(hours) => Some(Piece::Part(hours)),
            Meaning::Now => Some(Piece::Now),
            Meaning::WeekLater => Some(Piece::WeekLater),
            Meaning::LaterToday => Some(Piece::LaterToday),
            Meaning::Zone(minutes) => Some(Piece::Zone(minutes)),
            _ => None,
        }));
        found
    }
}

/// Whether the pieces make sense together: a bare number is a day of the month only beside a weekday or a month, and
/// "Friday week" is a week later, while "next Friday week" is not said.
fn whole(pieces: &[Piece]) -> bool {
    let bare = pieces.iter().any(|piece| matches!(piece, Piece::DayOfMonth { marked: false, .. }));
    let beside = |piece: &Piece| matches!(piece, Piece::Weekday(..) | Piece::WeekdayPart(..) | Piece::Month(_));
    let later = pieces.contains(&Piece::WeekLater);
    let which = pieces.iter().any(|piece| matches!(piece, Piece::Weekday(Some(_), _)));
    (!bare || pieces.iter().any(beside)) && !(later && which)
}

/// Whether a piece may stand beside those already read: each kind once.
fn fits(pieces: &[Piece], piece: &Piece) -> bool {
    let same = |other: &&Piece| match (other, piece) {
        // "Tomorrow, tomorrow!"
        (Piece::Day(..), Piece::Day(..)) => *other != piece,
        _ => std::mem::discriminant(*other) == std::mem::discriminant(piece),
    };
    !pieces.iter().any(|other| same(&other))
}
