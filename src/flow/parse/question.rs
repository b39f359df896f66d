//! `ask` and `answer`.

use super::Reader;
use super::fields::Fields;
use super::outcome::{Ordinary, WaysOut};
use super::target::Asks;
use crate::domain::time::Span;
use crate::domain::value::Type;
use crate::flow::definition::{Answer, Ask, Kind, Show};
use crate::flow::keys;
use crate::flow::yaml::{Entry, Key, Node, Tree};

/// Every answer.
const ANSWERS: [&str; 15] = [
    "text", "choice", "choices", "pick", "yes_no", "number", "date", "time", "moment", "phone", "email", "pattern", "location",
    "media", "any",
];

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
        Some(Kind::Ask(Box::new(Ask { question, answer: answer?, show, outcomes, troubles })))
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
                    let whole = Node { at: key.at, width: key.width, end: node.end, tree: node.tree.clone() };
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
                Some(options) => self.choices(options, "choice").map(Answer::Choice),
                None => {
                    self.must_be(node, "choice", "a map of choices", "{ choice: { keep: Keep it, change: Change it } }");
                    None
                }
            },
            "choices" => self.several(node, options),
            "pick" => self.pick(node, options),
            "date" => self.between(Type::Date, options).map(Answer::Date),
            "time" => self.between(Type::Time, options).map(Answer::Time),
            "moment" => self.between(Type::Moment, options).map(Answer::Moment),
            "phone" => self.phone_answer(options),
            "pattern" => self.pattern_answer(node, options),
            "media" => self.media_answer(options),
            "yes_no" | "email" | "location" | "any" => {
                if let Some(options) = options {
                    self.fields(options, word, word, &keys::NOTHING)?;
                }
                Some(match word {
                    "yes_no" => Answer::YesNo,
                    "email" => Answer::Email,
                    "location" => Answer::Location,
                    _ => Answer::Any,
                })
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
}

/// The outcomes of a question, as far as its answer is known.
fn ways_out(answer: Option<&Answer>) -> WaysOut {
    let listed = |names: &[&str]| Ordinary::Listed(names.iter().map(|name| (*name).to_owned()).collect());
    let ordinary = match answer {
        None => Ordinary::Unknown,
        Some(Answer::Choice(choices)) => Ordinary::Listed(choices.list.keys().map(|k| k.as_str().to_owned()).collect()),
        Some(Answer::YesNo) => listed(&["yes", "no"]),
        Some(Answer::Pick(_)) => listed(&["ok", "empty"]),
        Some(_) => listed(&["ok"]),
    };
    let all_match = answer.is_some_and(Answer::takes_all);
    let troubles = if all_match { vec!["silence", "undelivered"] } else { vec!["nomatch", "silence", "undelivered"] };
    WaysOut { ordinary, troubles, asks: Asks::Yes }
}
