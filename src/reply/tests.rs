//! What the files of words say, phrase by phrase, through the kinds that read them.

use super::command::Command;
use super::intent::Intent;
use super::normalize::Normalized;
use super::words::{Lexicon, Section, lexicon, lexicons};
use super::yes_no;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::value::Value;
use proptest::prelude::*;

const LANGUAGES: [&str; 11] = ["en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id"];

fn language(code: &str) -> Language {
    Language::parse(code).expect("a language")
}

fn words(code: &str) -> &'static Lexicon {
    lexicon(code).expect("it is shipped")
}

fn phrases(code: &str, section: Section) -> Vec<&'static str> {
    let mut all: Vec<&str> = words(code).phrases(section).collect();
    all.sort_unstable();
    all
}

fn says(text: &str, code: &str) -> Option<bool> {
    match yes_no::understand(&Normalized::of(text), None, &[language(code)], false).ok()?.value {
        Value::Bool(yes) => Some(yes),
        other => panic!("{other:?}"),
    }
}

fn intent(text: &str, kind: ChannelKind, code: &str) -> Option<Intent> {
    Intent::of(&Normalized::of(text), kind, &[language(code)], false)
}

fn command(text: &str, code: &str) -> Option<Command> {
    Command::of(&Normalized::of(text), &[language(code)])
}

#[test]
fn every_phrase_for_yes_or_no_is_one() {
    for code in LANGUAGES {
        let sections = [(Section::Yes, true), (Section::YesLenient, true), (Section::No, false), (Section::NoLenient, false)];
        for (section, yes) in sections {
            assert!(!phrases(code, section).is_empty(), "{code} {section:?}");
            for phrase in phrases(code, section) {
                assert_eq!(says(phrase, code), Some(yes), "{code}: {phrase}");
            }
        }
    }
}

#[test]
fn what_stands_beside_an_answer_is_none() {
    let answers = [Section::Yes, Section::YesLenient, Section::No, Section::NoLenient];
    for code in LANGUAGES {
        for section in [Section::Polite, Section::Beside, Section::BesideYes, Section::BesideNo] {
            for phrase in phrases(code, section) {
                let own = [language(code)];
                let is_answer = |part: &str| lexicons(&own).any(|l| answers.iter().any(|s| l.has(*s, part)));
                if !is_answer(phrase) && (section != Section::Polite || !phrase.split(' ').any(is_answer)) {
                    assert_eq!(says(phrase, code), None, "{code}: {phrase}");
                }
            }
        }
    }
}

#[test]
fn a_doubt_or_a_condition_is_no_answer() {
    for code in LANGUAGES {
        let own = [language(code)];
        let sections = [Section::Yes, Section::YesLenient, Section::No, Section::NoLenient];
        let is_answer = |part: &str| lexicons(&own).any(|l| sections.iter().any(|s| l.has(*s, part)));
        for phrase in phrases(code, Section::Doubt).into_iter().chain(phrases(code, Section::Condition)) {
            if !phrase.contains(' ') || is_answer(phrase) {
                continue;
            }
            assert_eq!(says(phrase, code), None, "{code}: {phrase}");
            // The longest are words; the shortest are single letters.
            let longest = |section| phrases(code, section).into_iter().max_by_key(|answer| answer.len());
            for answer in [longest(Section::Yes), longest(Section::No)].into_iter().flatten() {
                for text in [format!("{answer} {phrase}"), format!("{phrase} {answer}")] {
                    // "जी नहीं" and "हो सकता है" are "जी" and "नहीं हो सकता" too.
                    let mut parts = text.match_indices(' ').map(|(at, _)| (&text[..at], &text[at + 1..]));
                    let is_two_answers = parts.any(|(before, after)| is_answer(before) && is_answer(after));
                    if !is_answer(&text) && !is_two_answers {
                        assert_eq!(says(&text, code), None, "{code}: {text}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_phrase_for_stop_start_and_help_is_one() {
    for code in LANGUAGES {
        for kind in [ChannelKind::Sms, ChannelKind::WhatsApp] {
            let everywhere = [
                (Section::OptOut, Intent::OptOut),
                (Section::Leave, Intent::OptOut),
                (Section::OptIn, Intent::OptIn),
                (Section::Help, Intent::Help),
            ];
            for (section, meant) in everywhere {
                for phrase in phrases(code, section) {
                    assert_eq!(intent(phrase, kind, code), Some(meant), "{code} {kind}: {phrase}");
                }
            }
        }
        for (section, meant) in [(Section::OptOutSms, Intent::OptOut), (Section::HelpSms, Intent::Help)] {
            for phrase in phrases(code, section) {
                assert_eq!(intent(phrase, ChannelKind::Sms, code), Some(meant), "{code}: {phrase}");
                assert_eq!(intent(phrase, ChannelKind::WhatsApp, code), None, "{code}: {phrase} means something else too");
            }
        }
        for phrase in phrases(code, Section::BesideLeave).into_iter().chain(phrases(code, Section::AskFor)) {
            assert_ne!(intent(phrase, ChannelKind::WhatsApp, code), Some(Intent::OptOut), "{code}: {phrase}");
        }
    }
}

#[test]
fn every_phrase_for_a_command_is_that_command() {
    for code in LANGUAGES {
        let sections = [
            (Section::Back, Command::Back),
            (Section::Menu, Command::Menu),
            (Section::Restart, Command::Restart),
            (Section::Human, Command::Human),
            (Section::Language, Command::Language),
        ];
        for (section, meant) in sections {
            assert!(!phrases(code, section).is_empty(), "{code} {section:?}");
            for phrase in phrases(code, section) {
                assert_eq!(command(phrase, code), Some(meant), "{code}: {phrase}");
            }
        }
        for section in [Section::Polite, Section::Yes, Section::No] {
            for phrase in phrases(code, section) {
                assert_eq!(command(phrase, code), None, "{code}: {phrase}");
            }
        }
    }
}

/// A phrase of a section of one of the languages, as somebody may write it.
fn written(section: Section) -> impl Strategy<Value = (&'static str, String)> {
    let around = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8, 0..3_u8);
    (prop::sample::select(&LANGUAGES[..]), any::<prop::sample::Index>(), around).prop_map(move |(code, at, around)| {
        let (polite_before, polite_after, places, case) = around;
        let phrase = *at.get(&phrases(code, section));
        let phrase = match case {
            0 => phrase.to_uppercase(),
            1 => format!("“{phrase}”!!"),
            _ => phrase.to_owned(),
        };
        let polite = phrases(code, Section::Polite);
        let mut text = phrase;
        if places & 1 != 0 {
            text = format!("{}, {text}", polite_before.get(&polite));
        }
        if places & 2 != 0 {
            text = format!("{text}, {}. ", polite_after.get(&polite));
        }
        (code, text)
    })
}

proptest! {
    #[test]
    fn politeness_changes_no_yes((code, text) in written(Section::Yes)) {
        prop_assert_eq!(says(&text, code), Some(true), "{}: {}", code, text);
    }

    #[test]
    fn politeness_changes_no_no((code, text) in written(Section::No)) {
        prop_assert_eq!(says(&text, code), Some(false), "{}: {}", code, text);
    }

    #[test]
    fn politeness_misses_no_opt_out((code, text) in written(Section::OptOut)) {
        prop_assert_eq!(intent(&text, ChannelKind::WhatsApp, code), Some(Intent::OptOut), "{}: {}", code, text);
    }

    #[test]
    fn politeness_misses_no_opt_out_of_sms((code, text) in written(Section::OptOutSms)) {
        prop_assert_eq!(intent(&text, ChannelKind::Sms, code), Some(Intent::OptOut), "{}: {}", code, text);
    }

    #[test]
    fn politeness_changes_no_command((code, text) in written(Section::Human)) {
        prop_assert_eq!(command(&text, code), Some(Command::Human), "{}: {}", code, text);
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,80}", code in prop::sample::select(&LANGUAGES[..])) {
        says(&text, code);
        command(&text, code);
        intent(&text, ChannelKind::Sms, code);
    }
}

#[test]
fn the_longest_message_is_read_in_linear_time() {
    // 4,096 characters that could be parted at every word, in languages where one word has several readings.
    for (code, word) in [("es", "si "), ("es", "si puedo "), ("hi", "ji "), ("id", "ya kak "), ("en", "please "), ("en", "yess ")]
    {
        let text = word.repeat(crate::domain::limits::REPLY_CHARS / word.len());
        says(&text, code);
        command(&text, code);
        intent(&text, ChannelKind::Sms, code);
    }
}
