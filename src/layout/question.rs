//! One question on every channel: buttons, a list, a numbered menu, or the text alone.

use super::message::{Rendered, cut, file, first_chars, say};
use crate::config::project::Capabilities;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::outbound::{Choice, OutboundContent};
use std::fmt::Write as _;

/// Characters of the second line of a list row.
const ROW_HELP_CHARS: usize = 72;
/// Characters below buttons and lists.
const FOOTER_CHARS: usize = 60;

/// A question as it leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The messages, in order; the last one is the question.
    pub contents: Vec<OutboundContent>,
    /// Whether the contact sees a number before each choice.
    pub numbered: bool,
}

/// Makes the messages of a question with its choices. Where the channel cannot show them, or they do not fit, they become a
/// numbered menu if `menu`, else the text stands alone. `list_button` opens a list.
pub fn ask(
    question: Rendered,
    choices: Vec<Choice>,
    menu: bool,
    kind: ChannelKind,
    shows: Capabilities,
    list_button: &str,
) -> Asked {
    let as_buttons = fits(&question, &choices, shows.buttons.min(limits::WHATSAPP_BUTTONS), limits::WHATSAPP_BUTTON_CHARS);
    let as_list = !as_buttons && fits(&question, &choices, shows.rows.min(limits::WHATSAPP_ROWS), limits::WHATSAPP_ROW_CHARS);
    if !as_buttons && !as_list {
        return if menu && !choices.is_empty() {
            numbered(question, &choices, kind, shows)
        } else {
            alone(question, kind, shows)
        };
    }
    let mut contents = Vec::with_capacity(2);
    contents.extend(question.media.map(|(url, name)| file(url, name, None)));
    let (text, header) = (question.text, None);
    let footer = question.footer.map(|text| first_chars(&text, FOOTER_CHARS).into_owned());
    contents.push(if as_buttons {
        let buttons = choices.into_iter().map(|choice| Choice { description: None, ..choice }).collect();
        OutboundContent::Buttons { text, header, footer, buttons }
    } else {
        let short = |choice: Choice| Choice {
            description: choice.description.map(|help| first_chars(&help, ROW_HELP_CHARS).into_owned()),
            ..choice
        };
        let button = first_chars(list_button, limits::WHATSAPP_BUTTON_CHARS).into_owned();
        OutboundContent::List { text, header, footer, button, rows: choices.into_iter().map(short).collect() }
    });
    Asked { contents, numbered: false }
}

/// A question for a place: with a button that sends it, where the channel has one.
pub fn ask_place(question: Rendered, kind: ChannelKind, shows: Capabilities) -> Asked {
    let short = question.text.chars().count() <= limits::WHATSAPP_INTERACTIVE_CHARS;
    if !shows.location || !short || question.text.trim().is_empty() || question.footer.is_some() {
        return alone(question, kind, shows);
    }
    let mut contents = Vec::with_capacity(2);
    contents.extend(question.media.map(|(url, name)| file(url, name, None)));
    contents.push(OutboundContent::LocationRequest { text: question.text });
    Asked { contents, numbered: false }
}

fn fits(question: &Rendered, choices: &[Choice], most: usize, label_chars: usize) -> bool {
    let alike = |i: usize| choices[..i].iter().any(|other| other.title == choices[i].title);
    let text_fits = |text: &str, most: usize| text.len() <= most || text.chars().count() <= most;
    !choices.is_empty()
        && choices.len() <= most
        && !question.text.trim().is_empty()
        && text_fits(&question.text, limits::WHATSAPP_INTERACTIVE_CHARS)
        && choices.iter().all(|choice| !choice.title.is_empty() && text_fits(&choice.title, label_chars))
        && !(1..choices.len()).any(alike)
}

fn numbered(mut question: Rendered, choices: &[Choice], kind: ChannelKind, shows: Capabilities) -> Asked {
    let mut menu = String::with_capacity(choices.iter().map(|choice| choice.title.len() + 4).sum());
    for (i, choice) in choices.iter().enumerate() {
        // Writing to a text does not fail.
        let _ = write!(menu, "\n{} {}", i + 1, choice.title);
    }
    let footer = question.footer.as_ref().map_or(0, |footer| footer.chars().count() + 2);
    question.text = cut(question.text, kind, menu.chars().count() + footer);
    question.text.push_str(&menu);
    Asked { numbered: true, ..alone(question, kind, shows) }
}

fn alone(question: Rendered, kind: ChannelKind, shows: Capabilities) -> Asked {
    Asked { contents: say(question, kind, shows), numbered: false }
}

/// The labels of the buttons of a yes-or-no question; none where we cannot write them.
pub fn yes_no_labels(language: Language) -> Option<[&'static str; 2]> {
    Some(match language.base() {
        "en" => ["Yes", "No"],
        "es" => ["Sí", "No"],
        "fr" => ["Oui", "Non"],
        "hi" => ["हाँ", "नहीं"],
        "de" => ["Ja", "Nein"],
        "pt" => ["Sim", "Não"],
        "it" => ["Sì", "No"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: Capabilities = Capabilities { buttons: 3, rows: 10, media: true, location: true };
    const TEXT: Capabilities = Capabilities { buttons: 0, rows: 0, media: false, location: false };

    fn choices(n: usize, label: &str) -> Vec<Choice> {
        let one = |i: usize| Choice { id: format!("c{i}"), title: format!("{label}{i}"), description: Some("more".into()) };
        (0..n).map(one).collect()
    }

    fn question(text: &str) -> Rendered {
        Rendered { text: text.to_owned(), ..Rendered::default() }
    }

    fn shape(asked: &Asked) -> &'static str {
        match asked.contents.last() {
            Some(OutboundContent::Buttons { .. }) => "buttons",
            Some(OutboundContent::List { .. }) => "list",
            Some(OutboundContent::Text { .. }) if asked.numbered => "menu",
            Some(OutboundContent::Text { .. }) => "text",
            _ => "nothing",
        }
    }

    fn on(shows: Capabilities, n: usize, label: &str) -> &'static str {
        shape(&ask(question("Which?"), choices(n, label), true, ChannelKind::WhatsApp, shows, "Choose"))
    }

    #[test]
    fn buttons_then_a_list_then_a_menu() {
        assert_eq!(on(META, 3, "x"), "buttons");
        assert_eq!(on(META, 4, "x"), "list");
        assert_eq!(on(META, 10, "x"), "list");
        assert_eq!(on(META, 11, "x"), "menu");
        assert_eq!(on(TEXT, 2, "x"), "menu");
        assert_eq!(on(META, 0, "x"), "text");
    }

    #[test]
    fn labels_that_are_too_long_move_on_to_the_next_form() {
        let label = |chars: usize| "x".repeat(chars - 1);
        assert_eq!(on(META, 3, &label(limits::WHATSAPP_BUTTON_CHARS)), "buttons");
        assert_eq!(on(META, 3, &label(limits::WHATSAPP_BUTTON_CHARS + 1)), "list");
        assert_eq!(on(META, 3, &label(limits::WHATSAPP_ROW_CHARS)), "list");
        assert_eq!(on(META, 3, &label(limits::WHATSAPP_ROW_CHARS + 1)), "menu");
    }

    #[test]
    fn a_text_that_is_too_long_for_buttons_becomes_a_menu() {
        let long = |chars: usize| question(&"x".repeat(chars));
        let of = |chars| shape(&ask(long(chars), choices(2, "y"), true, ChannelKind::WhatsApp, META, "Choose"));
        assert_eq!(of(limits::WHATSAPP_INTERACTIVE_CHARS), "buttons");
        assert_eq!(of(limits::WHATSAPP_INTERACTIVE_CHARS + 1), "menu");
    }

    #[test]
    fn a_menu_is_never_cut_off() {
        let asked = ask(question(&"x".repeat(2_000)), choices(3, "y"), true, ChannelKind::Sms, TEXT, "");
        match &asked.contents[..] {
            [OutboundContent::Text { text }] => {
                assert_eq!(text.chars().count(), limits::SMS_CHARS);
                assert!(text.ends_with("…\n1 y0\n2 y1\n3 y2"), "{}", &text[text.len() - 30..]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_menu_looks_like_the_examples() {
        let asked = ask(question("English or Español?"), choices(2, "L"), true, ChannelKind::Sms, TEXT, "");
        assert_eq!(asked.contents, [OutboundContent::Text { text: "English or Español?\n1 L0\n2 L1".into() }]);
        assert!(asked.numbered);
        let plain = ask(question("A or B?"), Vec::new(), true, ChannelKind::Sms, TEXT, "");
        assert_eq!(plain.contents, [OutboundContent::Text { text: "A or B?".into() }]);
        let yes_no = ask(question("Really?"), choices(2, "L"), false, ChannelKind::Sms, TEXT, "");
        assert_eq!((shape(&yes_no), yes_no.numbered), ("text", false));
    }

    #[test]
    fn buttons_that_read_alike_are_a_menu() {
        let same = vec![choices(1, "x").remove(0), choices(1, "x").remove(0)];
        assert_eq!(shape(&ask(question("Which?"), same, true, ChannelKind::WhatsApp, META, "Choose")), "menu");
    }

    #[test]
    fn a_file_goes_before_the_buttons() {
        let question = Rendered { media: Some(("https://x/a.png".into(), None)), ..question("This one?") };
        let asked = ask(question, choices(2, "x"), true, ChannelKind::WhatsApp, META, "Choose");
        assert!(matches!(&asked.contents[..], [OutboundContent::Media { caption: None, .. }, OutboundContent::Buttons { .. }]));
    }
}
