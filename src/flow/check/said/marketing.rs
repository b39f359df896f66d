//! RF415: advertising that does not say how to end it. docs/decisions/ says when this is quiet.

use super::super::Report;
use super::Known;
use super::labels::own;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::flow::definition::{Notification, choose};
use crate::flow::expression::Template;
use crate::reply::intent::Intent;
use crate::reply::normalize::Normalized;

/// Words of a phrase that asks for no more messages.
const PHRASE: usize = 4;
/// What a link is called that ends it, in whichever language.
const LINKS: [&str; 4] = ["unsubscribe", "opt-out", "opt out", "optout"];

/// Checks a marketing notification on the kinds of channel on which it goes: once, where the first text lacks it.
pub(super) fn check(notification: &Notification, known: &Known<'_>, report: &mut Report) {
    let message = &notification.message;
    for kind in [ChannelKind::Sms, ChannelKind::WhatsApp] {
        let own_parts = message.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, variant)| variant);
        // The text of an approved template is the provider's, and WhatsApp shows below it how to end it.
        let approved = own_parts.is_some_and(|variant| variant.approved.is_some());
        if approved || !known.media.iter().any(|(k, _)| *k == kind) {
            continue;
        }
        for language in known.languages {
            let chosen = choose(message, kind, *language);
            let Some(text) = chosen.text else { continue };
            if [Some(text), chosen.footer].into_iter().flatten().any(|text| says_how(text, kind, known.languages)) {
                continue;
            }
            let Some(texts) = own_parts.and_then(|variant| variant.text.as_ref()).or(message.text.as_ref()) else { continue };
            let at = known.text.place(texts, own(&texts.by_language, text, *language), 0);
            let message = format!("A marketing message without a way to stop: nothing in it says how, on {kind} in {language}");
            report.add(415, at, 0, message, "say it, for example “Reply STOP to end”, or link a page where people unsubscribe");
            return;
        }
    }
}

/// Whether a text names an opt-out word as one: in capitals, in quotes, or in a script that has neither; or a link.
fn says_how(text: &Template, kind: ChannelKind, languages: &[Language]) -> bool {
    let source = text.source().to_lowercase();
    if LINKS.iter().any(|link| source.contains(link)) {
        return true;
    }
    text.parts().flatten().any(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        (0..words.len()).any(|from| {
            let most = (words.len() - from).min(PHRASE);
            (1..=most).any(|count| names(&words[from..from + count], kind, languages))
        })
    })
}

/// Whether these words stand out, and are an opt-out as a whole message.
fn names(words: &[&str], kind: ChannelKind, languages: &[Language]) -> bool {
    let stands_out = |word: &str| !word.chars().any(char::is_lowercase);
    let quoted = |first: &str, last: &str| {
        const QUOTES: [char; 10] = ['"', '\'', '“', '”', '„', '«', '»', '‘', '’', '*'];
        first.starts_with(QUOTES) && last.trim_end_matches(['.', ',', '!', ')']).ends_with(QUOTES)
    };
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    (words.iter().all(|word| stands_out(word)) || quoted(first, last))
        && Intent::takes(&Normalized::of(&words.join(" ")), kind, languages) == Some(Intent::OptOut)
}
