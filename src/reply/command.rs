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

    type Rows = &'static [(&'static str, Option<Command>)];

    /// For each language: messages and the command that they are.
    const REPLIES: &[(&str, Rows)] = &[
        (
            "en",
            &[
                ("go back", Some(Command::Back)),
                ("previous question", Some(Command::Back)),
                ("I'd like to go back one step", Some(Command::Back)),
                ("can i talk to a real person please", Some(Command::Human)),
                ("I want to speak to an agent", Some(Command::Human)),
                ("agent", Some(Command::Human)),
                ("let me talk to someone", Some(Command::Human)),
                ("start over please", Some(Command::Restart)),
                ("main menu", Some(Command::Menu)),
                ("take me back to the main menu", Some(Command::Menu)),
                ("change the language", Some(Command::Language)),
                ("call me back", None),
                ("back pain", None),
                ("the agent was rude", None),
                ("what languages do you speak", None),
                ("is the menu vegan", None),
                ("0", None),
                ("i need help from a human", None),
                ("come back later", None),
                ("restart my phone", None),
            ],
        ),
        (
            "es",
            &[
                ("quiero hablar con una persona", Some(Command::Human)),
                ("puedo hablar con un asesor?", Some(Command::Human)),
                ("volver atrás", Some(Command::Back)),
                ("menú principal por favor", Some(Command::Menu)),
                ("empezar de nuevo", Some(Command::Restart)),
                ("cambiar idioma", Some(Command::Language)),
                ("vuelvo mañana", None),
                ("dolor atrás", None),
                ("el menú del día", None),
            ],
        ),
        (
            "fr",
            &[
                ("je veux parler à un conseiller", Some(Command::Human)),
                ("retour", Some(Command::Back)),
                ("recommencer svp", Some(Command::Restart)),
                ("changer de langue", Some(Command::Language)),
                ("menu enfant", None),
                ("retour du colis", None),
            ],
        ),
        (
            "de",
            &[
                ("ich möchte mit einem menschen sprechen", Some(Command::Human)),
                ("zurück", Some(Command::Back)),
                ("von vorne", Some(Command::Restart)),
                ("sprache ändern bitte", Some(Command::Language)),
                ("zurück am montag", None),
                ("hauptmenü bitte", Some(Command::Menu)),
            ],
        ),
        (
            "pt",
            &[
                ("quero falar com um atendente", Some(Command::Human)),
                ("voltar", Some(Command::Back)),
                ("começar de novo", Some(Command::Restart)),
                ("mudar idioma", Some(Command::Language)),
                ("volto amanhã", None),
            ],
        ),
        (
            "it",
            &[
                ("vorrei parlare con un operatore", Some(Command::Human)),
                ("torna indietro", Some(Command::Back)),
                ("ricominciare", Some(Command::Restart)),
                ("cambia lingua", Some(Command::Language)),
                ("menù del giorno", None),
            ],
        ),
        (
            "nl",
            &[
                ("ik wil een medewerker spreken", Some(Command::Human)),
                ("ga terug", Some(Command::Back)),
                ("opnieuw beginnen", Some(Command::Restart)),
                ("andere taal graag", Some(Command::Language)),
                ("bel me terug", None),
            ],
        ),
        (
            "hi",
            &[
                ("kisi se baat karni hai", Some(Command::Human)),
                ("पीछे जाओ", Some(Command::Back)),
                ("फिर से शुरू करो", Some(Command::Restart)),
                ("bhasha badlo", Some(Command::Language)),
                ("main menu", Some(Command::Menu)),
                ("वापस कब आएगा", None),
            ],
        ),
        (
            "ar",
            &[
                ("اريد التحدث مع موظف", Some(Command::Human)),
                ("رجوع", Some(Command::Back)),
                ("القائمة الرئيسية", Some(Command::Menu)),
                ("ابدأ من جديد", Some(Command::Restart)),
                ("تغيير اللغة لو سمحت", Some(Command::Language)),
                ("ارجع البضاعة", None),
            ],
        ),
        (
            "sw",
            &[
                ("nataka kuongea na mtu", Some(Command::Human)),
                ("rudi nyuma", Some(Command::Back)),
                ("anza upya", Some(Command::Restart)),
                ("badilisha lugha", Some(Command::Language)),
                ("nitarudi kesho", None),
            ],
        ),
        (
            "id",
            &[
                ("mau bicara dengan cs", Some(Command::Human)),
                ("kembali", Some(Command::Back)),
                ("ulang dari awal", Some(Command::Restart)),
                ("ganti bahasa dong", Some(Command::Language)),
                ("kembali besok", None),
            ],
        ),
    ];

    #[test]
    fn every_language_commands_in_its_own_way() {
        for (code, rows) in REPLIES {
            let language = [Language::parse(code).expect("a language")];
            for (text, expected) in *rows {
                assert_eq!(Command::of(&Normalized::of(text), &language), *expected, "{code}: {text}");
            }
        }
    }
}
