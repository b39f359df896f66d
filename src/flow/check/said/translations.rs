//! RF402: a text has no translation for a language of its flow.

use super::super::walk::{Place, Visit, walk};
use super::super::{Report, World};
use super::{Saying, Words};
use crate::domain::language::Language;
use crate::flow::definition::{Act, Action, Answer, Ask, Flow, Kind, Message, Notify, Say, Texts};
use std::collections::HashSet;

/// Checks every text of a flow that contacts read. Operators' texts are in the flow's first language.
pub(super) fn check_flow(flow: &Flow, sayings: &[Saying<'_>], world: &World<'_>, report: &mut Report) {
    if flow.languages.len() < 2 {
        return;
    }
    for saying in sayings {
        let asks_language = saying.ask.is_some_and(|ask| asks_language(ask, &flow.languages));
        if let (Words::Message(message), false) = (saying.words, asks_language) {
            check_message(message, &flow.languages, report);
        }
    }
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        if !asks_language(ask, &flow.languages) {
            labels(ask, &flow.languages, report);
        }
    }
    named(flow, world, report);
}

/// Checks every text of a message.
pub(super) fn check_message(message: &Message, languages: &[Language], report: &mut Report) {
    let mut check = |texts: Option<&Texts>| {
        if let Some(texts) = texts.filter(|texts| texts.by_language.iter().any(|(_, template)| has_words(template.parts()))) {
            lacks(texts, languages, report);
        }
    };
    check(message.text.as_ref());
    for (_, variant) in &message.by_kind {
        check(variant.text.as_ref());
        check(variant.footer.as_ref());
        check(variant.subject.as_ref());
    }
    // One page stands for all languages: it may ask for `contact.language` itself.
    for html in message.by_kind.iter().filter_map(|(_, v)| v.html.as_ref()).filter(|html| html.by_language.len() > 1) {
        let has = |language: &&Language| html.by_language.iter().any(|(l, _)| l.base() == language.base());
        let lacking: Vec<&str> = languages.iter().filter(|l| !has(l)).map(Language::as_str).collect();
        if !lacking.is_empty() {
            let (first, lacking) = (html.by_language[0].0, lacking.join(", "));
            let message = format!("There is no page in {lacking}; {first} would be sent");
            report.add(402, html.at, 0, message, "name a file for it");
        }
    }
}

fn lacks(texts: &Texts, languages: &[Language], report: &mut Report) {
    let Some((first, _)) = texts.by_language.first() else { return };
    let has = |language: &Language| texts.by_language.iter().any(|(l, _)| l.base() == language.base());
    let lacking: Vec<&str> = languages.iter().filter(|language| !has(language)).map(Language::as_str).collect();
    if !lacking.is_empty() {
        let message = format!("This text has no {}; {first} would be sent", lacking.join(", "));
        let maps: Vec<String> = lacking.iter().map(|language| format!("{language}: …")).collect();
        let help = match texts.by_language.len() {
            1 => format!(
                "translate it: `{{ {first}: …, {} }}`; one that is the same everywhere is written for each",
                maps.join(", ")
            ),
            _ => format!("add `{}`", maps.join(", ")),
        };
        report.add(402, texts.at, 0, message, help);
    }
}

/// Labels of one or two names are the same in every language: cards, cities, sizes. Others are prose.
fn labels(ask: &Ask, languages: &[Language], report: &mut Report) {
    let choices = || ask.answer.choices().into_iter().flat_map(|choices| choices.list.values());
    for choice in choices() {
        let words = |texts: &Texts| texts.by_language.iter().any(|(_, template)| has_words(template.parts()));
        if choice.label.by_language.len() > 1 || is_prose(&choice.label) {
            lacks(&choice.label, languages, report);
        }
        if let Some(help) = choice.help.as_ref().filter(|help| words(help)) {
            lacks(help, languages, report);
        }
    }
    if let Answer::Pick(pick) = &ask.answer
        && pick.label.by_language.len() > 1
    {
        lacks(&pick.label, languages, report);
    }
}

/// Notifications with languages of their own that lack one of the flow's: once for each, where it is named first.
fn named(flow: &Flow, world: &World<'_>, report: &mut Report) {
    struct Named<'a>(Vec<&'a Notify>);
    impl<'a> Visit<'a> for Named<'a> {
        fn actions(&mut self, actions: &'a [Action], _: Place<'a>) {
            self.0.extend(
                actions.iter().filter_map(|action| if let Act::Notify(notify) = &action.act { Some(notify) } else { None }),
            );
        }
    }
    let mut all = Named(Vec::new());
    walk(flow, &mut all);
    all.0.extend(flow.states.values().filter_map(|state| match &state.kind {
        Kind::Ask(ask) => match &ask.question {
            Some(Say::Notify(notify)) => Some(notify),
            _ => None,
        },
        Kind::Deliver(deliver) => Some(&deliver.notify),
        _ => None,
    }));
    all.0.sort_by_key(|notify| notify.at);
    let mut seen = HashSet::new();
    for notify in all.0 {
        let Some(notification) = world.notifications.get(&notify.name) else { continue };
        let Some(first) = notification.languages.first() else { continue };
        let has = |language: &&Language| notification.languages.iter().any(|l| l.base() == language.base());
        let lacking: Vec<&str> = flow.languages.iter().filter(|l| !has(l)).map(Language::as_str).collect();
        if !lacking.is_empty() && seen.insert(&notify.name) {
            let (name, languages) = (&notify.name, lacking.join(", "));
            let message = format!("`{name}` has no {languages}; {first} would be sent");
            report.add(
                402,
                notify.at,
                0,
                message,
                format!("add {languages} to `languages` of templates/{name}.yaml and translate it"),
            );
        }
    }
}

/// Whether a label has a word behind its first that no name would have: "Talk to us", not "American Express".
fn is_prose(label: &Texts) -> bool {
    let small = |word: &str| word.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_uppercase());
    label
        .by_language
        .iter()
        .any(|(_, template)| template.parts().flatten().any(|text| text.split_whitespace().skip(1).any(small)))
}

/// A question for the language itself stands in all of them at once.
fn asks_language(ask: &Ask, languages: &[Language]) -> bool {
    let is_language = |id: &str| languages.iter().any(|language| language.as_str() == id || language.base() == id);
    ask.answer.choices().is_some_and(|choices| choices.list.keys().all(|id| is_language(id.as_str())))
}

/// Whether there is a word in it that could be translated: not "SMS", "10:30" or a picture.
fn has_words<'t, E>(parts: impl Iterator<Item = Result<&'t str, E>>) -> bool {
    parts.flatten().any(|text| {
        let may_be_address = text.bytes().any(|byte| matches!(byte, b':' | b'@'));
        let telling = |word: &str| {
            word.chars().any(|c| c.is_lowercase() || c.is_alphabetic() && !c.is_uppercase())
                && !(may_be_address && (word.contains("://") || word.contains('@')))
        };
        text.split_whitespace().any(telling)
    })
}
