//! What people can type must choose one thing: RF303, and never an opt-out or help word: RF304.

use super::{Report, World};
use crate::domain::channel::ChannelKind;
use crate::flow::definition::{Answer, AnytimeTrigger, Ask, Choices, Flow, Kind, Show, Trigger};
use crate::flow::diagnostic::At;
use crate::reply::choice::{Candidate, Options};
use crate::reply::intent::Intent;
use crate::reply::keyword::{Keyword, Keywords};
use crate::reply::normalize::Normalized;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Checks every question with choices, and what begins or answers a run.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    // What is such a word anywhere is one on SMS: with that first, most texts are looked up once.
    let mut kinds = super::references::kinds(flow, world);
    kinds.sort_by_key(|kind| *kind != ChannelKind::Sms);
    let mut words = Words { flow, kinds: &kinds, own: own_keywords(flow), known: HashMap::new() };
    for start in &flow.starts {
        if let Trigger::Keyword(keywords) = &start.trigger {
            words.keywords(keywords, start.at, report);
        }
    }
    for entry in &flow.anytime {
        if let AnytimeTrigger::Keyword(keywords) = &entry.trigger {
            words.keywords(keywords, entry.at, report);
        }
    }
    let channels = super::said::media(flow, world);
    // Many questions share what was made of their choices.
    let mut clean: HashSet<*const Options> = HashSet::new();
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        let Some(choices) = ask.answer.choices() else { continue };
        let taps = |rows: usize| rows >= choices.list.len();
        let menu = is_several(ask) || channels.iter().any(|(_, shows)| !taps(shows.rows.max(shows.buttons)));
        collisions(flow, choices, menu && ask.show == Show::Auto && ask.question.is_some(), &mut clean, report);
        for choice in choices.list.values() {
            let labels = choice.label.by_language.iter().filter_map(|(_, label)| label.constant_text());
            let typed: BTreeSet<&str> = labels.chain(choice.also.iter().map(String::as_str)).collect();
            for text in typed {
                words.choice(text, choice.at, report);
            }
        }
    }
}

/// Several choices are a numbered menu on every channel.
fn is_several(ask: &Ask) -> bool {
    matches!(&ask.answer, Answer::Choices(several) if several.max != Some(1))
}

/// Help words that the flow answers itself reach it.
fn own_keywords(flow: &Flow) -> Keywords<()> {
    let starts = flow.starts.iter().filter_map(|start| match &start.trigger {
        Trigger::Keyword(keywords) => Some(keywords),
        _ => None,
    });
    let anytime = flow.anytime.iter().filter_map(|entry| match &entry.trigger {
        AnytimeTrigger::Keyword(keywords) => Some(keywords),
        _ => None,
    });
    Keywords::new(starts.chain(anytime).flatten().filter_map(|keyword| Some((Keyword::parse(keyword)?, ()))))
}

struct Words<'a> {
    flow: &'a Flow,
    kinds: &'a [ChannelKind],
    own: Keywords<()>,
    /// What was looked up: the same labels stand at many questions.
    known: HashMap<&'a str, Option<(ChannelKind, Intent)>>,
}

impl<'a> Words<'a> {
    fn takes(&self, text: &str) -> Option<(ChannelKind, Intent)> {
        let words = Normalized::of(text);
        let sms = self.kinds.first() == Some(&ChannelKind::Sms);
        let mut kinds = self.kinds.iter().take(if sms { 1 } else { self.kinds.len() });
        kinds.find_map(|kind| Some((*kind, Intent::takes(&words, *kind, &self.flow.languages)?)))
    }

    fn choice(&mut self, text: &'a str, at: At, report: &mut Report) {
        let taken = match self.known.get(text) {
            Some(taken) => *taken,
            None => {
                let taken = self.takes(text);
                self.known.insert(text, taken);
                taken
            }
        };
        let Some((kind, intent)) = taken else { return };
        if intent == Intent::Help && !self.own.find(&Normalized::of(text), text).is_empty() {
            return;
        }
        let what = if intent == Intent::Help { "the contact would get the help text" } else { "the contact would be opted out" };
        let message = format!("“{text}” is an opt-out or help word on {kind}; {what}");
        report.add(304, at, 0, message, "choose a label that is no such word, for example of two words");
    }

    /// A help word may be a keyword, and an opt-in word begins a flow for whoever is not opted out.
    fn keywords(&self, keywords: &[String], at: At, report: &mut Report) {
        // What takes a rest is never such a word alone.
        for text in keywords.iter().filter(|text| matches!(Keyword::parse(text), Some(Keyword::Whole(_)))) {
            if let Some((kind, Intent::OptOut)) = self.takes(text) {
                let message = format!("“{text}” is an opt-out or help word on {kind}; the contact would be opted out");
                report.add(304, at, 0, message, "choose another keyword: opt-out words come before every flow");
            }
        }
    }
}

fn collisions(flow: &Flow, choices: &Choices, numbers: bool, clean: &mut HashSet<*const Options>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    let always = choices.list.values().all(|choice| choice.condition.is_none());
    for (place, language) in flow.languages.iter().enumerate() {
        let made;
        let prepared = choices.prepared.get(place).and_then(Option::as_deref);
        if prepared.is_some_and(|options| clean.contains(&std::ptr::from_ref(options))) {
            continue;
        }
        let options = match prepared {
            Some(options) => options,
            None => {
                let candidates = choices.list.iter().map(|(id, choice)| Candidate {
                    id: id.to_string(),
                    label: choice.label.pick(*language).constant_text().unwrap_or_default().to_owned(),
                    also: choice.also.clone(),
                });
                made = Options::new(candidates.collect(), *language);
                &made
            }
        };
        let found = options.collisions();
        if found.is_empty() {
            clean.extend(prepared.map(std::ptr::from_ref));
        }
        for collision in found {
            let (one, other) = (choices.list.get_index(collision.first), choices.list.get_index(collision.second));
            let (Some((first, one)), Some((second, other))) = (one, other) else { continue };
            // Two conditions may exclude each other; and where some choices are not shown, numbers are others.
            let apart = one.condition.is_some() && other.condition.is_some();
            let shown = !collision.by_number || numbers && always;
            if !apart && shown && seen.insert(collision.clone()) {
                let message = format!("`{first}` and `{second}` are both chosen by “{}”", collision.text);
                report.add(303, other.at, 0, message, "give one of them another label or `also`");
            }
        }
    }
}
