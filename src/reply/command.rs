//! Command words, which a flow may take in `anytime`. Without an entry there they are plain text.

use super::normalize::Normalized;
use super::politeness::strip;
use super::words::{Section, lexicons};
use crate::domain::language::Language;

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

    /// The command that a whole message is, politeness aside. English words always count, those of `languages` too.
    pub fn of(text: &Normalized, languages: &[Language]) -> Option<Self> {
        let words = lexicons(languages);
        let core = strip(text.whole()?, words.clone());
        Command::ALL.into_iter().find(|command| words.clone().any(|lexicon| lexicon.has(command.section(), core)))
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
