//! Command words, which a flow may take in `anytime`. Without an entry there they are plain text.

use super::normalize::Normalized;
use super::phrases::{Bits, Grammar, POLITENESS};
use super::politeness::strip;
use super::words::{Section, lexicons};
use crate::domain::language::Language;

const GRAMMAR: Grammar<'static> = Grammar(&[
    (Section::Back, Command::Back.bit()),
    (Section::Menu, Command::Menu.bit()),
    (Section::Restart, Command::Restart.bit()),
    (Section::Human, Command::Human.bit()),
    (Section::Language, Command::Language.bit()),
    (Section::Polite, 0),
    (Section::LeadIn, 0),
    (Section::AskFor, 0),
]);

/// Where a slip in a long word is forgiven.
const SLIPS: [Section; 5] = [Section::Back, Section::Menu, Section::Restart, Section::Human, Section::Language];

/// A command word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// `back`
    Back,
    /// `menu`
    Menu,
    /// `restart`
    Restart,
    /// `human`
    Human,
    /// `language`
    Language,
}

impl Command {
    /// Every command.
    pub const ALL: [Command; 5] = [Command::Back, Command::Menu, Command::Restart, Command::Human, Command::Language];

    /// As operators write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Command::Back => "back",
            Command::Menu => "menu",
            Command::Restart => "restart",
            Command::Human => "human",
            Command::Language => "language",
        }
    }

    /// Reads what `as_str` writes.
    pub fn parse(text: &str) -> Option<Self> {
        Command::ALL.into_iter().find(|command| command.as_str() == text)
    }

    fn section(self) -> Section {
        match self {
            Command::Back => Section::Back,
            Command::Menu => Section::Menu,
            Command::Restart => Section::Restart,
            Command::Human => Section::Human,
            Command::Language => Section::Language,
        }
    }

    const fn bit(self) -> Bits {
        1 << self as Bits
    }

    /// The command that a whole message is, politeness and "I want to", "can I" aside. English words always count, those of
    /// `languages` too. A message that is two commands is none.
    pub fn of(text: &Normalized, languages: &[Language]) -> Option<Self> {
        let words = lexicons(languages);
        let text = GRAMMAR.respell(text.whole()?, &SLIPS, words.clone());
        // "kembali kasih" is Indonesian for "you are welcome", though "kembali" goes back.
        if POLITENESS.read(&text, words.clone(), |_, _, _| true).has(0) {
            return None;
        }
        let only = |says: &dyn Fn(Command) -> bool| {
            let mut found = Command::ALL.into_iter().filter(|command| says(*command));
            found.next().filter(|_| found.next().is_none())
        };
        // A phrase that stands in a file says what its section says, whatever its parts would.
        let core = strip(&text, words.clone());
        let listed = only(&|command| words.clone().any(|lexicon| lexicon.has(command.section(), core)));
        listed.or_else(|| {
            let readings = GRAMMAR.read(&text, words.clone(), |_, _, _| true);
            only(&|command| readings.has(command.bit()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_whole_messages() {
        let of = |text: &str| Command::of(&Normalized::of(text), &[]);
        for command in Command::ALL {
            assert_eq!(of(command.as_str()), Some(command));
            assert_eq!(of(&format!(" {}! ", command.as_str().to_uppercase())), Some(command));
            assert_eq!(Command::parse(command.as_str()), Some(command));
        }
        assert_eq!(of("menu please"), Some(Command::Menu));
        for other in ["the menu of today", "go back home", "humane", "menu 2", "", "please"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
