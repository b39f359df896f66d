//! `ask` and `answer`.

use super::Reader;
use super::fields::{Fields, Keys};
use super::outcome::{Ordinary, WaysOut};
use super::target::Asks;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::time::Span;
use crate::flow::definition::{Answer, Ask, ChoiceDef, Choices, Kind, Show};
use crate::flow::yaml::{Entry, Key, Node, Tree};
use crate::reply::choice::{Candidate, Options};
use indexmap::IndexMap;
use std::sync::Arc;

const TEXT: Keys = Keys { of: "`text`", known: &["min", "max", "gather"], later: &[] };
const NUMBER: Keys = Keys { of: "`number`", known: &["min", "max", "whole"], later: &[] };
const NOTHING: Keys = Keys { of: "an answer without options", known: &[], later: &[] };
const CHOICE: Keys = Keys { of: "a choice", known: &["label", "also", "help", "if"], later: &[] };

/// Answers that run.
const ANSWERS: [&str; 5] = ["text", "choice", "yes_no", "number", "any"];
/// Answers that the format has and this version does not run.
const LATER: [&str; 10] = ["choices", "pick", "date", "time", "moment", "phone", "email", "pattern", "location", "media"];
/// Outcomes that no choice can be called.
const TAKEN: [&str; 6] = ["nomatch", "silence", "undelivered", "failed", "else", "again"];

impl Reader {
    /// A question with its ways.
    pub(super) fn ask(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        let asked = fields.get("ask");
        let question = asked.and_then(|n| self.question(n));
        let answer = match fields.get("answer") {
            Some(node) => self.answer(node),
            None => Some(Answer::Text { min: None, max: None, gather: Span::default() }),
        };
        let show = fields.get("show").and_then(|n| self.show(n)).unwrap_or(Show::Auto);
        let (outcomes, troubles) = self.outcomes(state, fields, &ways_out(answer.as_ref()));
        if asked.is_some() && question.is_none() {
            return None;
        }
        Some(Kind::Ask(Ask { question, answer: answer?, show, outcomes, troubles }))
    }

    fn show(&mut self, node: &Node) -> Option<Show> {
        match self.plain(node, "show", "`auto` or `plain`", "plain")? {
            "auto" => Some(Show::Auto),
            "plain" => Some(Show::Plain),
            _ => {
                self.must_be(node, "show", "`auto` or `plain`", "plain");
                None
            }
        }
    }

    /// `answer`: a word, or a word with its options.
    fn answer(&mut self, node: &Node) -> Option<Answer> {
        const EXAMPLE: &str = "{ number: { min: 0, max: 10 } }";
        match &node.tree {
            Tree::Scalar(scalar) => self.answer_of(&scalar.text, node, None),
            Tree::Map(entries) => match entries.as_slice() {
                [Entry { key, value }] => {
                    let whole = Node { at: key.at, width: key.width, tree: node.tree.clone() };
                    self.answer_of(&key.text, &whole, Some(value))
                }
                [_, second, ..] => {
                    let help = "keep one; the options of an answer stand below it";
                    self.say_key(103, &second.key, format!("`answer` must be one answer, for example `{EXAMPLE}`"), help);
                    None
                }
                [] => {
                    self.must_be(node, "answer", "an answer", EXAMPLE);
                    None
                }
            },
            _ => {
                self.must_be(node, "answer", "an answer", EXAMPLE);
                None
            }
        }
    }

    /// The answer of this word. `node` is where it stands.
    fn answer_of(&mut self, word: &str, node: &Node, options: Option<&Node>) -> Option<Answer> {
        match word {
            "text" => self.text_answer(options),
            "number" => self.number_answer(options),
            "choice" => match options {
                Some(options) => self.choices(options).map(Answer::Choice),
                None => {
                    self.must_be(node, "choice", "a map of choices", "{ choice: { keep: Keep it, change: Change it } }");
                    None
                }
            },
            "yes_no" | "any" => {
                if let Some(options) = options {
                    self.fields(options, word, word, &NOTHING)?;
                }
                Some(if word == "any" { Answer::Any } else { Answer::YesNo })
            }
            later if LATER.contains(&later) => {
                self.later_value(node, &format!("answer: {later}"), "use `text`, `choice`, `yes_no`, `number` or `any`");
                None
            }
            _ => {
                let shown: Vec<String> = ANSWERS.iter().map(|a| format!("`{a}`")).collect();
                let message = format!("There is no answer `{word}`; there are {}", shown.join(", "));
                let help = match self.nearest(word, ANSWERS) {
                    Some(near) => format!("write `{near}`"),
                    None => format!("write one of {}", shown.join(", ")),
                };
                self.say_node(301, node, message, help);
                None
            }
        }
    }

    fn text_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let (mut min, mut max, mut gather) = (None, None, Span::default());
        if let Some(options) = options {
            let fields = self.fields(options, "text", "{ text: { max: 80 } }", &TEXT)?;
            let most = limits::REPLY_CHARS as u64;
            min = fields.get("min").and_then(|n| self.count(n, "min", 0, most)).map(|n| n as usize);
            max = fields.get("max").and_then(|n| self.count(n, "max", 1, most)).map(|n| n as usize);
            gather = fields.get("gather").and_then(|n| self.duration(n, "gather")).unwrap_or_default();
            if min > max && max.is_some() {
                self.min_above_max(&fields);
            }
        }
        Some(Answer::Text { min, max, gather })
    }

    fn number_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let (mut min, mut max, mut whole) = (None, None, false);
        if let Some(options) = options {
            let fields = self.fields(options, "number", "{ number: { min: 0, max: 10 } }", &NUMBER)?;
            min = fields.get("min").and_then(|n| self.number(n, "min"));
            max = fields.get("max").and_then(|n| self.number(n, "max"));
            whole = fields.get("whole").and_then(|n| self.boolean(n, "whole")).unwrap_or(false);
            if matches!((min, max), (Some(min), Some(max)) if min > max) {
                self.min_above_max(&fields);
            }
        }
        Some(Answer::Number { min, max, whole })
    }

    fn min_above_max(&mut self, fields: &Fields<'_>) {
        if let Some(min) = fields.entry("min") {
            self.say_key(307, &min.key, "`min` is greater than `max`", "change one of them");
        }
    }

    fn choices(&mut self, node: &Node) -> Option<Choices> {
        let entries = self.entries(node, "choice", "{ keep: Keep it, change: Change it }")?;
        if entries.is_empty() {
            self.say_node(308, node, "A question needs at least one choice that has no `if`", "add a choice");
            return None;
        }
        let mut list = IndexMap::with_capacity(entries.len());
        let (mut conditional, mut whole) = (true, true);
        for Entry { key, value } in entries {
            let name = self.name_of_key(key);
            if TAKEN.contains(&key.text.as_str()) {
                let message = format!("A choice cannot be called `{}`: that is an outcome", key.text);
                self.say_key(302, key, message, "give it another id; its label may be anything");
            }
            let choice = self.choice(key, value);
            // A choice that could not be read says nothing about the others.
            conditional &= choice.as_ref().is_some_and(|c| c.condition.is_some());
            whole &= name.is_some() && choice.is_some();
            list.extend(name.zip(choice));
        }
        if conditional {
            self.say_node(308, node, "A question needs at least one choice that has no `if`", "take `if` away from one of them");
        }
        if !whole {
            return None;
        }
        let prepared = self.languages.iter().map(|l| prepare(&list, *l).map(Arc::new)).collect();
        Some(Choices { list, prepared })
    }

    fn choice(&mut self, key: &Key, node: &Node) -> Option<ChoiceDef> {
        let options = matches!(&node.tree, Tree::Map(entries)
            if entries.iter().any(|e| CHOICE.known.contains(&e.key.text.as_str())));
        if !options {
            let label = self.texts(node, &key.text)?;
            return Some(ChoiceDef { label, also: Vec::new(), help: None, condition: None, at: key.at });
        }
        let fields = self.fields(node, &key.text, "Keep it", &CHOICE)?;
        let mut also = Vec::new();
        for item in fields.get("also").map(|n| self.one_or_many(n)).unwrap_or_default() {
            also.extend(self.plain(item, "also", "a list of texts", "[cash, money]").map(str::to_owned));
        }
        let help = fields.get("help").and_then(|n| self.texts(n, "help"));
        let condition = fields.get("if").and_then(|n| self.condition(n));
        let Some(label) = fields.get("label") else {
            if !fields.refused {
                self.missing(key.at, key.width, "a choice", "label", "label: Keep it");
            }
            return None;
        };
        let label = self.texts(label, "label")?;
        Some(ChoiceDef { label, also, help, condition, at: key.at })
    }
}

/// What the understanding of replies works on, for choices whose labels hold no `{{ }}` in this language.
fn prepare(list: &IndexMap<crate::domain::name::Name, ChoiceDef>, language: Language) -> Option<Options> {
    let candidates: Option<Vec<Candidate>> = list
        .iter()
        .map(|(id, choice)| {
            let label = choice.label.pick(language).constant_text()?.to_owned();
            Some(Candidate { id: id.as_str().to_owned(), label, also: choice.also.clone() })
        })
        .collect();
    candidates.map(|candidates| Options::new(candidates, language))
}

/// The outcomes of a question, as far as its answer is known.
fn ways_out(answer: Option<&Answer>) -> WaysOut {
    let ok = || Ordinary::Listed(vec!["ok".to_owned()]);
    let ordinary = match answer {
        None => Ordinary::Unknown,
        Some(Answer::Choice(choices)) => Ordinary::Listed(choices.list.keys().map(|k| k.as_str().to_owned()).collect()),
        Some(Answer::YesNo) => Ordinary::Listed(vec!["yes".to_owned(), "no".to_owned()]),
        Some(Answer::Text { .. } | Answer::Number { .. } | Answer::Any) => ok(),
    };
    // Whatever comes is an answer to `any`, and to `text` without limits.
    let all_match = matches!(answer, Some(Answer::Any | Answer::Text { min: None, max: None, .. }));
    let troubles = if all_match { vec!["silence", "undelivered"] } else { vec!["nomatch", "silence", "undelivered"] };
    WaysOut { ordinary, troubles, asks: Asks::Yes }
}
