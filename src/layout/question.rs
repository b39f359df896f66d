//! One question on every channel: buttons, a list, a numbered menu, or the text alone.

use super::message::{Rendered, file, first_chars, room_below, say, shortened, whole_message};
use crate::config::project::Capabilities;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::outbound::{Choice, OutboundContent};
use std::fmt::Write as _;

/// Characters of the second line of a list row.
const ROW_HELP_CHARS: usize = 72;

/// A question as it leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The messages, in order; the last one is the question.
    pub contents: Vec<OutboundContent>,
    /// Whether the contact sees a number before each choice.
    pub numbered: bool,
}

/// How choices are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Buttons below the text.
    Buttons,
    /// A list behind a button.
    List,
    /// Numbered lines as a part of the text.
    Menu,
    /// Not at all.
    Alone,
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
    let as_buttons = match form(&question.text, &choices, menu, shows) {
        Form::Buttons => true,
        Form::List => false,
        Form::Menu => return numbered(question, &choices, kind, shows),
        Form::Alone => return alone(question, kind, shows),
    };
    let mut contents = Vec::with_capacity(2);
    contents.extend(question.media.map(|(url, name)| file(url, name, None)));
    let (text, header) = (question.text, None);
    let footer = question.footer.map(|text| first_chars(&text, limits::WHATSAPP_FOOTER_CHARS).into_owned());
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

/// How a question with these choices is shown.
pub fn form(text: &str, choices: &[Choice], menu: bool, shows: Capabilities) -> Form {
    let fits = |most: usize, label_chars| choices.len() <= most && fits(text, choices, label_chars);
    if fits(shows.buttons.min(limits::WHATSAPP_BUTTONS), limits::WHATSAPP_BUTTON_CHARS) {
        Form::Buttons
    } else if fits(shows.rows.min(limits::WHATSAPP_ROWS), limits::WHATSAPP_ROW_CHARS) {
        Form::List
    } else if menu && !choices.is_empty() {
        Form::Menu
    } else {
        Form::Alone
    }
}

/// The text of a question or message before anything is cut off, and the characters that there are for it.
pub fn whole(question: Rendered, choices: &[Choice], menu: bool, kind: ChannelKind, shows: Capabilities) -> (String, usize) {
    match form("?", choices, menu, shows) {
        Form::Buttons | Form::List => (question.text, limits::WHATSAPP_INTERACTIVE_CHARS),
        Form::Menu => {
            let text = question.text + lines(choices).as_str();
            whole_message(Rendered { text, ..question }, kind, shows)
        }
        Form::Alone => whole_message(question, kind, shows),
    }
}

fn fits(text: &str, choices: &[Choice], label_chars: usize) -> bool {
    let alike = |i: usize| choices[..i].iter().any(|other| other.title == choices[i].title);
    let text_fits = |text: &str, most: usize| text.len() <= most || text.chars().count() <= most;
    !choices.is_empty()
        && !text.trim().is_empty()
        && text_fits(text, limits::WHATSAPP_INTERACTIVE_CHARS)
        && choices.iter().all(|choice| !choice.title.is_empty() && text_fits(&choice.title, label_chars))
        && !(1..choices.len()).any(alike)
}

/// The choices of a numbered menu, below its text.
fn lines(choices: &[Choice]) -> String {
    let mut menu = String::with_capacity(choices.iter().map(|choice| choice.title.len() + 4).sum());
    for (i, choice) in choices.iter().enumerate() {
        // Writing to a text does not fail.
        let _ = write!(menu, "\n{} {}", i + 1, choice.title);
    }
    menu
}

fn numbered(mut question: Rendered, choices: &[Choice], kind: ChannelKind, shows: Capabilities) -> Asked {
    let menu = lines(choices);
    // What stands below the text is never cut off, so that every choice is seen.
    let (below, room) = room_below(&menu, &question, kind, shows);
    question.text = shortened(question.text, room.saturating_sub(below));
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

    const META: Capabilities = Capabilities::WHATSAPP;
    const TEXT: Capabilities = Capabilities::NOTHING;

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
    fn a_menu_is_not_cut_off_beside_a_file() {
        for (kind, shows, room) in [
            (ChannelKind::WhatsApp, Capabilities { media: true, ..TEXT }, limits::WHATSAPP_CAPTION_CHARS),
            (ChannelKind::Sms, TEXT, limits::SMS_CHARS),
        ] {
            let media = Some(("https://x/a.png".to_owned(), None));
            let long = Rendered { media, footer: Some("Below".into()), ..question(&"x".repeat(5_000)) };
            match &ask(long, choices(3, "y"), true, kind, shows, "").contents[..] {
                [OutboundContent::Text { text } | OutboundContent::Media { caption: Some(text), .. }] => {
                    assert_eq!(text.chars().count(), room);
                    assert!(text.contains("…\n1 y0\n2 y1\n3 y2\n\nBelow"), "{}", &text[text.len() - 60..]);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_menu_beside_a_sound_follows_it_whole() {
        let media = Some(("https://x/a.mp3".to_owned(), None));
        let shows = Capabilities { buttons: 0, rows: 0, ..META };
        let long = Rendered { media, ..question(&"x".repeat(5_000)) };
        let asked = ask(long.clone(), choices(3, "y"), true, ChannelKind::WhatsApp, shows, "");
        match &asked.contents[..] {
            [OutboundContent::Media { caption: None, .. }, OutboundContent::Text { text }] => {
                assert_eq!(text.chars().count(), limits::WHATSAPP_TEXT_CHARS);
                assert!(text.ends_with("…\n1 y0\n2 y1\n3 y2"), "{}", &text[text.len() - 60..]);
            }
            other => panic!("{other:?}"),
        }
        assert!(asked.numbered);
        assert_eq!(whole(long, &choices(3, "y"), true, ChannelKind::WhatsApp, shows).1, limits::WHATSAPP_TEXT_CHARS);
    }

    #[test]
    fn a_whole_text_is_what_leaves_where_nothing_is_cut_off() {
        let full = || Rendered {
            text: "Which?".into(),
            media: Some(("https://x/a.png".into(), None)),
            footer: Some("A word below".into()),
        };
        for shows in [META, TEXT, Capabilities { media: true, ..TEXT }] {
            for (n, menu) in [(0, true), (2, true), (2, false), (5, true), (12, true)] {
                let asked = ask(full(), choices(n, "x"), menu, ChannelKind::WhatsApp, shows, "Choose");
                let sent = match asked.contents.last() {
                    Some(OutboundContent::Buttons { text, .. } | OutboundContent::List { text, .. }) => text.clone(),
                    Some(OutboundContent::Text { text }) => text.clone(),
                    Some(OutboundContent::Media { caption: Some(caption), .. }) => caption.clone(),
                    other => panic!("{other:?}"),
                };
                let (text, room) = whole(full(), &choices(n, "x"), menu, ChannelKind::WhatsApp, shows);
                assert_eq!(text, sent, "{n} {menu} {shows:?}");
                assert!(room == 1_024 || room == 4_096, "{room}");
            }
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
