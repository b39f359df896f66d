//! RF205: a value that can be nothing is written into a text that a contact reads.

use super::super::Report;
use super::Known;
use crate::domain::language::Language;
use crate::flow::definition::{Ask, Message, Notification, Texts};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Template, lacking};
use crate::flow::parse::{Content, Reading};

/// Checks every text of a message.
pub(super) fn check(message: &Message, known: &Known<'_>, report: &mut Report) {
    texts(message.text.as_ref(), known, report);
    for (_, variant) in &message.by_kind {
        texts(variant.text.as_ref(), known, report);
        texts(variant.footer.as_ref(), known, report);
        texts(variant.subject.as_ref(), known, report);
    }
}

/// Checks what a notification has beside its texts: the values of approved templates, which may not be empty, and its pages.
pub(super) fn check_parts(message: &Message, reading: &Reading<Notification>, known: &Known<'_>, report: &mut Report) {
    let approved = message.by_kind.iter().filter_map(|(_, variant)| variant.approved.as_ref());
    let parts: Vec<(At, &Template)> = approved.flat_map(|approved| approved.templates().map(|t| (approved.at, t))).collect();
    for written in &reading.written {
        let Content::Text(template) = &written.content else { continue };
        let part = parts.iter().any(|(at, part)| written.at >= *at && *part == template);
        if written.file.is_none() && !part {
            continue;
        }
        let own = written.file.clone().map(|file| std::mem::replace(&mut report.file, file));
        holes(template, known, report, |offset| written.place(offset));
        own.into_iter().for_each(|own| report.file = own);
    }
}

/// Checks the labels of a question.
pub(super) fn check_labels(ask: &Ask, known: &Known<'_>, report: &mut Report) {
    for choice in ask.answer.choices().into_iter().flat_map(|choices| choices.list.values()) {
        texts(Some(&choice.label), known, report);
        texts(choice.help.as_ref(), known, report);
    }
}

fn texts(texts: Option<&Texts>, known: &Known<'_>, report: &mut Report) {
    let Some(texts) = texts else { return };
    for (language, template) in &texts.by_language {
        if !template.is_constant() {
            text(texts, *language, template, known, report);
        }
    }
}

fn text(texts: &Texts, language: Language, template: &Template, known: &Known<'_>, report: &mut Report) {
    holes(template, known, report, |offset| known.text.place(texts, language, offset));
}

fn holes(template: &Template, known: &Known<'_>, report: &mut Report, place: impl Fn(usize) -> At) {
    for (offset, expression) in template.expressions() {
        let Some(found) = lacking(expression, &known.values) else { continue };
        let source = expression.source();
        let part = source.get(found.offset..found.offset + found.length).unwrap_or(source);
        let whole = if part == source && part.contains('|') { format!("({part})") } else { part.to_owned() };
        let at = place(offset + found.offset);
        let message = format!("`{part}` can be empty in this text");
        let width = part.chars().count() as u32;
        report.add(205, at, width, message, format!("write what stands there instead: `{whole} ?? '…'`"));
    }
}
