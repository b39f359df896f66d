//! RF403: a label that is too long for a button or a row of a list. RF404: more choices than a list has rows.

use super::super::Report;
use super::{Known, Medium};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::flow::definition::{Answer, Ask, Choices, Show};
use crate::flow::expression::Template;

/// Checks the labels of a question on the channels that show buttons and lists.
pub(super) fn check(ask: &Ask, known: &Known<'_>, report: &mut Report) {
    let taps = |(kind, shows): &Medium| *kind == ChannelKind::WhatsApp && shows.rows > 0;
    if ask.show == Show::Plain || ask.question.is_none() || !known.media.iter().any(taps) {
        return;
    }
    let rows = limits::WHATSAPP_ROWS;
    match &ask.answer {
        // Several are chosen by writing them: never buttons, never a list.
        Answer::Choices(several) if several.max != Some(1) => {}
        Answer::Pick(pick) if pick.max > rows => {
            let message = format!("WhatsApp lists {rows} choices; with {} this becomes a numbered menu", pick.max);
            report.add(404, pick.at, 0, message, format!("lower `max` to {rows}, or write `show: plain`"));
        }
        answer => {
            let Some(choices) = answer.choices() else { return };
            let certain = choices.list.values().filter(|choice| choice.condition.is_none()).count();
            if certain > rows {
                let at = choices.list.get_index(rows).map(|(_, choice)| choice.at).unwrap_or_default();
                let message = format!("WhatsApp lists {rows} choices; with {certain} this becomes a numbered menu");
                report.add(404, at, 0, message, "ask in two steps, or leave it as a menu with `show: plain`");
            } else if choices.list.len() <= rows {
                labels(choices, known, report);
            }
        }
    }
}

fn labels(choices: &Choices, known: &Known<'_>, report: &mut Report) {
    let count = choices.list.len();
    let (most, what) = match count <= limits::WHATSAPP_BUTTONS {
        true => (limits::WHATSAPP_BUTTON_CHARS, "A button"),
        false => (limits::WHATSAPP_ROW_CHARS, "With more than 3 choices a list row"),
    };
    for language in known.languages {
        // What the program makes of them today: a list if that has room for all of them.
        let mut longest = 0;
        for choice in choices.list.values() {
            longest = longest.max(fixed_chars(choice.label.pick(*language)));
        }
        if longest <= most {
            continue;
        }
        let instead = match longest <= limits::WHATSAPP_ROW_CHARS {
            true => "a list",
            false => "a numbered menu",
        };
        for choice in choices.list.values() {
            let template = choice.label.pick(*language);
            let chars = fixed_chars(template);
            if chars > most {
                let at = known.text.place(&choice.label, own(&choice.label.by_language, template, *language), 0);
                let message = format!("{what} has {most} characters, this label {chars}");
                let help = format!("shorten it; as it is, the choices are shown as {instead}");
                report.add(403, at, 0, message, help);
            }
        }
    }
}

/// The language in which a picked text is written.
pub(super) fn own(by_language: &[(Language, Template)], picked: &Template, language: Language) -> Language {
    by_language.iter().find(|(_, template)| std::ptr::eq(template, picked)).map_or(language, |(own, _)| *own)
}

/// Characters that a label has whatever its values are.
fn fixed_chars(label: &Template) -> usize {
    label.parts().flatten().map(|text| text.chars().count()).sum()
}
