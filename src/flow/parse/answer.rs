//! Answers with limits: texts, numbers, days and times, phone numbers, patterns, files.

use super::Reader;
use super::fields::Fields;
use super::text::Content;
use crate::domain::limits;
use crate::domain::message::MediaKind;
use crate::domain::phone;
use crate::domain::time::Span;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Answer, Between, Bound, FileType};
use crate::flow::expression::{ValueTemplate, fit};
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};
use crate::reply::pattern::Pattern;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// The kinds of files by the words for them.
const FILES: [(&str, MediaKind); 5] = [
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

impl Reader {
    pub(super) fn text_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let (mut min, mut max, mut gather) = (None, None, Span::default());
        if let Some(options) = options {
            let fields = self.fields(options, "text", "{ text: { max: 80 } }", &keys::TEXT)?;
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

    pub(super) fn number_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let (mut min, mut max, mut whole) = (None, None, false);
        if let Some(options) = options {
            let fields = self.fields(options, "number", "{ number: { min: 0, max: 10 } }", &keys::NUMBER)?;
            min = fields.get("min").and_then(|n| self.number(n, "min"));
            max = fields.get("max").and_then(|n| self.number(n, "max"));
            whole = fields.get("whole").and_then(|n| self.boolean(n, "whole")).unwrap_or(false);
            if matches!((min, max), (Some(min), Some(max)) if min > max) {
                self.min_above_max(&fields);
            }
        }
        Some(Answer::Number { min, max, whole })
    }

    /// RF307.
    pub(super) fn min_above_max(&mut self, fields: &Fields<'_>) {
        if let Some(min) = fields.entry("min") {
            self.say_key(307, &min.key, "`min` is greater than `max`", "change one of them");
        }
    }

    /// `date`, `time`, `moment`: what is wanted, with the first and the last.
    pub(super) fn between(&mut self, kind: Type, options: Option<&Node>) -> Option<Between> {
        let Some(options) = options else { return Some(Between::default()) };
        let (name, keys, example) = match kind {
            Type::Date => ("date", &keys::DATE, "{ date: { min: \"{{ today }}\" } }"),
            Type::Time => ("time", &keys::TIME, "{ time: { min: 10:00, max: 18:00 } }"),
            _ => ("moment", &keys::MOMENT, "{ moment: { min: \"{{ now }}\" } }"),
        };
        let fields = self.fields(options, name, example, keys)?;
        let min = fields.get("min").map(|n| self.bound(n, "min", kind));
        let max = fields.get("max").map(|n| self.bound(n, "max", kind));
        // One that could not be read was said; without it the answer would take what it must not.
        let (min, max) = (flip(min)?, flip(max)?);
        let order = |bound: &Option<Bound>, last| bound.as_ref().and_then(|b| b.value.constant()).and_then(|v| order(v, last));
        if matches!((order(&min, false), order(&max, true)), (Some(min), Some(max)) if min > max) {
            self.min_above_max(&fields);
        }
        Some(Between { min, max })
    }

    fn bound(&mut self, node: &Node, name: &str, kind: Type) -> Option<Bound> {
        let (what, example) = match kind {
            Type::Date => ("a day", "2026-12-31"),
            Type::Time => ("a clock time", "10:00"),
            _ => ("a moment", "2026-12-31T10:00"),
        };
        let Tree::Scalar(scalar) = &node.tree else {
            self.must_be(node, name, what, example);
            return None;
        };
        let template = self.template_of(scalar, node.at, Content::Value)?;
        let Some(text) = template.constant_text() else {
            if template.single().is_none() {
                self.must_be(node, name, what, example);
                return None;
            }
            return Some(Bound { value: ValueTemplate::Text(template), at: node.at });
        };
        let value = fixed(text, kind);
        match text.trim() {
            word @ ("today" | "now") => {
                let message = format!("`{name}` must be {what}, for example `{example}`");
                self.say_node(103, node, message, format!("write `\"{{{{ {word} }}}}\"`: this is the word"));
            }
            _ if value.is_none() => self.must_be(node, name, what, example),
            _ => {}
        }
        value.map(|value| Bound { value: ValueTemplate::Constant(value), at: node.at })
    }

    pub(super) fn phone_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let Some(options) = options else { return Some(Answer::Phone { country: None }) };
        let fields = self.fields(options, "phone", "{ phone: { country: GB } }", &keys::PHONE)?;
        let Some(node) = fields.get("country") else { return Some(Answer::Phone { country: None }) };
        const KIND: &str = "a country code of two capital letters";
        let text = self.plain(node, "country", KIND, "GB")?;
        if !text.bytes().all(|b| b.is_ascii_uppercase()) || !phone::is_country(text) {
            self.must_be(node, "country", KIND, "GB");
            return None;
        }
        Some(Answer::Phone { country: Some(text.to_owned()) })
    }

    /// `pattern`: a regular expression that describes the whole message. `node` is where the word stands.
    pub(super) fn pattern_answer(&mut self, node: &Node, options: Option<&Node>) -> Option<Answer> {
        const EXAMPLE: &str = "{ pattern: '[A-Z]{2}[0-9]{6}' }";
        let Some(Tree::Scalar(scalar)) = options.map(|options| &options.tree) else {
            self.must_be(options.unwrap_or(node), "pattern", "a regular expression", EXAMPLE);
            return None;
        };
        match Pattern::compile(&scalar.text) {
            Ok(pattern) => Some(Answer::Pattern(Arc::new(pattern))),
            Err(error) => {
                let text = &scalar.text;
                let byte = text.char_indices().nth(error.position.unwrap_or(0)).map_or(text.len(), |(byte, _)| byte);
                let at = scalar.places.at(text, byte);
                let help = "docs/flow-format.md says what a pattern can be";
                self.say(306, at, 0, error.message, help);
                None
            }
        }
    }

    pub(super) fn media_answer(&mut self, options: Option<&Node>) -> Option<Answer> {
        let (mut types, mut max) = (Vec::new(), 1);
        if let Some(options) = options {
            let fields = self.fields(options, "media", "{ media: { types: [image], max: 3 } }", &keys::MEDIA)?;
            for item in fields.get("types").map(|n| self.one_or_many(n)).unwrap_or_default() {
                types.push(self.file_type(item)?);
            }
            if let Some(node) = fields.get("max") {
                max = self.count(node, "max", 1, limits::ANSWER_FILES as u64)? as usize;
            }
        }
        Some(Answer::Media { types, max })
    }

    fn file_type(&mut self, node: &Node) -> Option<FileType> {
        const KIND: &str = "`image`, `video`, `audio`, `document`, `sticker` or a type such as `application/pdf`";
        let text = self.plain(node, "types", KIND, "[image, application/pdf]")?;
        let found = FILES.iter().find(|(word, _)| *word == text).map(|(_, kind)| FileType::Kind(*kind));
        let found = found.or_else(|| mime(text));
        if found.is_none() {
            self.must_be(node, "types", KIND, "[image, application/pdf]");
        }
        found
    }
}

/// What could not be read is nothing; what is not there stays so.
fn flip<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(some) => Some(some),
    }
}

/// `application/pdf`, `image/*`.
fn mime(text: &str) -> Option<FileType> {
    let (main, sub) = text.split_once('/')?;
    let token =
        |t: &str| !t.is_empty() && t.len() <= 64 && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let sub = if sub == "*" { None } else { Some(sub.to_ascii_lowercase()) };
    let ok = token(main) && sub.as_deref().is_none_or(token);
    ok.then(|| FileType::Mime { main: main.to_ascii_lowercase(), sub })
}

/// What is written without `{{ }}`. A moment without a zone stays a text: whose local time it is shows when it is asked.
fn fixed(text: &str, kind: Type) -> Option<Value> {
    let read = |kind| fit(Value::text(text), kind, &TimeZone::UTC).ok();
    match kind {
        Type::Moment => {
            let moment = read(Type::Moment);
            let local = text.trim().parse::<jiff::Timestamp>().is_err();
            match moment {
                Some(_) if local => Some(Value::text(text)),
                Some(moment) => Some(moment),
                None => read(Type::Date),
            }
        }
        // A moment is not a day, even if one could be taken from it.
        Type::Date => read(Type::Date).filter(|_| text.trim().len() == 10),
        kind => read(kind),
    }
}

/// What two fixed ends are compared by; the last day is meant to its end.
fn order(value: &Value, last: bool) -> Option<jiff::civil::DateTime> {
    match value {
        Value::Date(day) if last => Some(day.at(23, 59, 59, 999_999_999)),
        Value::Date(day) => Some(day.at(0, 0, 0, 0)),
        Value::Time(time) => Some(jiff::civil::Date::MIN.to_datetime(*time)),
        Value::Moment(moment) => jiff::Timestamp::from_millisecond(moment.0).ok().map(|t| TimeZone::UTC.to_datetime(t)),
        Value::Text(text) => match fit(Value::text(text.as_str()), Type::Moment, &TimeZone::UTC) {
            Ok(moment @ Value::Moment(_)) => order(&moment, last),
            _ => None,
        },
        _ => None,
    }
}
