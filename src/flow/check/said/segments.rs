//! RF406: an SMS of many parts. RF407: one sign that makes a whole SMS cost more.

use super::super::Report;
use super::labels::own;
use super::{Below, Known, choices_below, estimate};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::sms::{Encoding, Segments, septets};
use crate::flow::definition::{Ask, Message, Notification, Show, Texts, choose};
use crate::flow::diagnostic::At;
use crate::flow::expression::Template;
use crate::layout::{Rendered, whole};
use unicode_normalization::UnicodeNormalization;

/// Parts above which an SMS is worth a word.
const PARTS: usize = 2;
/// Different signs that are replaced; who uses more of them means them.
const SIGNS: usize = 4;
/// Languages whose own letters an SMS has room for in its small alphabet, capitals aside.
const PLAIN: [&str; 15] = ["en", "de", "it", "sv", "da", "nb", "no", "fi", "id", "ms", "sw", "so", "zu", "tl", "fil"];

/// Checks a message as an SMS, with the choices of a question below it.
pub(super) fn check(message: &Message, ask: Option<&Ask>, known: &Known<'_>, report: &mut Report) {
    let Some((kind, shows)) = known.media.iter().find(|(kind, _)| *kind == ChannelKind::Sms) else { return };
    for language in known.languages {
        let chosen = choose(message, *kind, *language);
        let Some(template) = chosen.text else { continue };
        // What has few bytes has few parts.
        let values: usize = template.expressions().map(|(_, expression)| known.values.chars(expression)).sum();
        let below = ask.map(|ask| Below::of(ask, *language, &known.values)).unwrap_or_default();
        let is_plain = template.source().is_ascii() && !below.beyond_ascii;
        let bytes = template.source().len() + values + below.bytes + 4 * below.choices;
        let most = if is_plain { Encoding::Gsm7.single() } else { Encoding::Ucs2.single() };
        // With a file it is an MMS, which has no parts.
        if bytes <= most || chosen.media.is_some() {
            continue;
        }
        let (choices, menu) = ask.map(|ask| choices_below(ask, *language, &known.values)).unwrap_or_default();
        let rendered = Rendered { text: estimate(template, &known.values), ..Rendered::default() };
        let (text, _) = whole(rendered, &choices, menu, *kind, *shows);
        let counted = Segments::of(&text);
        let texts = message.by_kind.iter().find(|(k, _)| k == kind).and_then(|(_, variant)| variant.text.as_ref());
        let Some(texts) = texts.or(message.text.as_ref()) else { continue };
        let here = own(&texts.by_language, template, *language);
        let mut parts = counted.segments;
        if counted.encoding == Encoding::Ucs2 {
            let mut pieces = vec![(texts, template)];
            let labels = ask.filter(|ask| ask.show == Show::Auto).and_then(|ask| ask.answer.choices());
            pieces.extend(
                labels.into_iter().flat_map(|choices| choices.list.values()).map(|c| (&c.label, c.label.pick(*language))),
            );
            if let Some(then) = costly_sign(&text, &pieces, *language, known, report) {
                // Without that sign it would be fine.
                parts = then;
            }
        }
        if parts > PARTS {
            let at = known.text.place(texts, here, 0);
            let with =
                if choices.is_empty() || ask.is_some_and(|ask| ask.show == Show::Plain) { "" } else { " with its choices" };
            report.add(406, at, 0, format!("This SMS has {parts} parts{with}"), shorten(counted.encoding));
        }
    }
}

/// Checks a notification as an SMS with the choices of a question of a flow below it, where it has few parts without them.
pub(super) fn check_below(notification: &Notification, at: At, ask: &Ask, known: &Known<'_>, report: &mut Report) {
    let Some((kind, shows)) = known.media.iter().find(|(kind, _)| *kind == ChannelKind::Sms) else { return };
    for language in known.languages {
        let chosen = choose(&notification.message, *kind, *language);
        let Some(template) = chosen.text.filter(|_| chosen.media.is_none()) else { continue };
        let (choices, menu) = choices_below(ask, *language, &known.values);
        let text = estimate(template, &known.values);
        if Segments::of(&text).segments > PARTS {
            continue;
        }
        let (text, _) = whole(Rendered { text, ..Rendered::default() }, &choices, menu, *kind, *shows);
        let counted = Segments::of(&text);
        if counted.segments > PARTS {
            let message = format!("This SMS has {} parts with its choices", counted.segments);
            report.add(406, at, 0, message, shorten(counted.encoding));
        }
    }
}

fn shorten(encoding: Encoding) -> String {
    format!("shorten it: {PARTS} parts have room for {} characters in {}", encoding.part() * PARTS, encoding.as_str())
}

/// Says which sign costs more parts, if a few signs do and all can be written otherwise; then it gives the parts without.
fn costly_sign(
    text: &str,
    pieces: &[(&Texts, &Template)],
    language: Language,
    known: &Known<'_>,
    report: &mut Report,
) -> Option<usize> {
    let mut signs: Vec<(char, String)> = Vec::new();
    for c in text.chars().filter(|c| septets(*c).is_none()) {
        if signs.iter().any(|(known, _)| *known == c) {
            continue;
        }
        let instead = instead(c, language).filter(|_| signs.len() < SIGNS)?;
        signs.push((c, instead));
    }
    let written: String = text
        .chars()
        .map(|c| signs.iter().find(|(sign, _)| *sign == c).map_or_else(|| c.to_string(), |(_, instead)| instead.clone()))
        .collect();
    let (now, then) = (Segments::of(text).segments, Segments::of(&written).segments);
    let (first, at) = first_of(&signs, pieces, language, known).filter(|_| then < now)?;
    let message = format!("“{first}” makes the whole SMS UCS-2; {now} parts instead of {then}");
    let remedies: Vec<String> = signs
        .iter()
        .map(|(sign, instead)| match &**instead {
            "" => format!("leave “{sign}” out"),
            instead => format!("write “{instead}” instead of “{sign}”"),
        })
        .collect();
    report.add(407, at, 1, message, remedies.join(", "));
    Some(then)
}

/// The first of these signs that is written in the file, and where.
fn first_of(
    signs: &[(char, String)],
    pieces: &[(&Texts, &Template)],
    language: Language,
    known: &Known<'_>,
) -> Option<(char, At)> {
    pieces.iter().find_map(|(texts, template)| {
        let mut byte = 0;
        let mut rest = template.source();
        for part in template.parts() {
            match part {
                Ok(text) => {
                    byte += rest.find(text).unwrap_or(0);
                    if let Some((i, c)) = text.char_indices().find(|(_, c)| signs.iter().any(|(sign, _)| sign == c)) {
                        let at = known.text.place(texts, own(&texts.by_language, template, language), byte + i);
                        return Some((c, at));
                    }
                    byte += text.len();
                }
                Err(expression) => byte += rest.find(expression.source()).unwrap_or(0) + expression.source().len(),
            }
            rest = template.source().get(byte..).unwrap_or("");
        }
        None
    })
}

/// What can be written for a sign without another meaning. Letters that a language needs are left alone.
fn instead(c: char, language: Language) -> Option<String> {
    let simple = match c {
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' => "'",
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => "\"",
        '‹' => "<",
        '›' => ">",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' | '●' | '▪' | '◦' | '‣' => "-",
        '→' | '➔' | '➜' | '⇒' => "->",
        '←' => "<-",
        '×' => "x",
        '\t' => " ",
        '\u{A0}' | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => " ",
        '\u{AD}' | '\u{200B}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{FE0F}' => "",
        '™' => "(TM)",
        '®' => "(R)",
        '©' => "(C)",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        _ if c.is_alphabetic() => {
            let plain: String = c.nfd().filter(|c| septets(*c).is_some()).collect();
            let known = PLAIN.contains(&language.base()) && plain.chars().count() == 1;
            return known.then_some(plain);
        }
        // Pictures: they say nothing that the words do not.
        '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' => "",
        _ => return None,
    };
    Some(simple.to_owned())
}
