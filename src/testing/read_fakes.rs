//! Reading what other systems answer in a test.

use super::fake_http::{Answers, Fake, FakeAnswer};
use super::read::{Reader, plain_value, target};
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};

impl Reader {
    pub(super) fn fakes(&mut self, node: &Node) -> Vec<Fake> {
        const EXAMPLE: &str = "{ GET shop/customers/*: { json: { type: power } } }";
        let mut fakes = Vec::new();
        for entry in self.entries(node, "a map from calls to answers", EXAMPLE) {
            let Some((method, api, path)) = target(&entry.key.text) else {
                let message = format!("`{}` is no call such as `GET shop/customers/*`", entry.key.text);
                self.say(103, entry.key.at, entry.key.width, message, "Write the method, the api and the path");
                continue;
            };
            let answers = match &entry.value.tree {
                Tree::List(items) => Answers::Each(items.iter().filter_map(|item| self.answer(item)).collect()),
                _ => match self.answer(&entry.value) {
                    Some(answer) => Answers::Always(answer),
                    None => continue,
                },
            };
            fakes.push(Fake { method, api, path, answers });
        }
        fakes
    }

    pub(super) fn answer(&mut self, node: &Node) -> Option<FakeAnswer> {
        match node.scalar().map(|s| &*s.text) {
            Some("timeout") => return Some(FakeAnswer::Timeout),
            Some("refused") => return Some(FakeAnswer::Refused),
            _ => {}
        }
        let (mut status, mut body, mut delay) = (200, Value::Null, Span(0));
        for entry in self.fields(node, &keys::FAKE, "an answer, `timeout` or `refused`", "{ status: 200, json: { type: power } }")
        {
            let value = &entry.value;
            match &*entry.key.text {
                "status" => {
                    let code = |t: &str| t.parse::<u16>().ok().filter(|s| (100..600).contains(s));
                    status = self.parsed(value, "a status", "404", code)?;
                }
                "json" => body = plain_value(value),
                "text" => body = Value::Text(self.text(value, "a text", "ok")?.to_owned()),
                "delay" => delay = self.parsed(value, "a duration", "3s", Span::parse)?,
                _ => {}
            }
        }
        Some(FakeAnswer::Answer { status, body, delay })
    }
}
