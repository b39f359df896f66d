//! Reads the description of a gateway.

use super::template::{Part, Template};
use super::{AnswerRules, ENTRY, Format, HttpSettings, InboundPlaces, Meaning, ReportPlaces, SendRules};
use crate::config::api::headers;
use crate::config::providers::guard::Guard;
use crate::config::secret::Secret;
use crate::config::section::{Secrets, Section};
use crate::config::signed::Signed;
use crate::config::tree::{Kind, Node};
use crate::domain::message::{DeliveryStatus, FailureReason};
use serde_json::Value;

const TEMPLATE: &str =
    "text in which {{…}} is one of secret.NAME, to, to_digits, from, from_digits, text, id, channel, callback, media, media_list";

pub(super) fn http(section: &Section<'_>, secrets: Secrets) -> HttpSettings {
    let signed = signature(section, secrets);
    let guard = match signed.is_some() && !section.has("webhook_secret") {
        false => Some(Guard::read(section)),
        true => {
            for (key, ..) in &Guard::SETTINGS {
                section.asks(key);
            }
            None
        }
    };
    // There is no other address than the one of the messages.
    section.asks("base_url");
    HttpSettings {
        number: section.opt_text("number").unwrap_or_default(),
        send: send(section.section("send")),
        answer: answer(section.section("answer")),
        inbound: inbound(section.section("inbound")),
        report: report(section.section("report")),
        guard,
        signed,
    }
}

fn signature(section: &Section<'_>, secrets: Secrets) -> Option<Signed> {
    let inner = section.section("signature");
    if section.has("signature") {
        return Some(Signed::read(inner, secrets));
    }
    for key in ENTRY.settings.iter().filter_map(|(key, ..)| key.strip_prefix("signature.")) {
        inner.asks(key);
    }
    None
}

fn send(section: Section<'_>) -> SendRules {
    const FORMATS: [(&str, Format); 4] =
        [("json", Format::Json), ("form", Format::Form), ("xml", Format::Xml), ("text", Format::Text)];
    let url = |text: &str| {
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        let host = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
        // Whom a message goes to never decides where it goes.
        let fixed = !host.is_empty() && !host.contains(['{', '@']);
        (is_url && fixed).then(|| Template::parse(text)).flatten()
    };
    let form = "a URL such as https://gw.example.org/send, in which {{to}}, {{text}} … may stand behind the host";
    let rules = SendRules {
        url: section.parsed("url", form, Template::default(), url),
        get: section.opt_word("method", &[("post", false), ("get", true)]).unwrap_or(false),
        format: section.opt_word("format", &FORMATS).unwrap_or(Format::Json),
        content_type: section.opt_parsed("content_type", "a type such as application/json", |text| {
            (!text.is_empty() && text.bytes().all(|b| matches!(b, b' '..=b'~'))).then(|| text.to_owned())
        }),
        body: section.opt_parsed("body", TEMPLATE, Template::parse).unwrap_or_default(),
        headers: headers(&section),
        secrets: secrets(&section),
    };
    for (key, template) in [("url", &rules.url), ("body", &rules.body)] {
        for part in &template.0 {
            if let Part::Secret(name) = part
                && !rules.secrets.iter().any(|(known, _)| known == name)
            {
                section.mistake(key, format!("names {{{{secret.{name}}}}}, which is not in `secrets`"), None);
            }
        }
    }
    if rules.format == Format::Json && !rules.get && !is_json(&rules.body) {
        let help = "Leave the quotes out: {\"to\":{{to}}}. They are written with the value.".to_owned();
        section.mistake("body", "is not JSON once something stands for {{…}}", Some(help));
    }
    if rules.get && section.has("body") {
        section.mistake("body", "does not go with method = \"get\": everything is in the URL", None);
    }
    let has = |variables: &[_]| rules.url.has(variables) || rules.body.has(variables);
    use super::template::Variable::{Text, To, ToDigits};
    if !has(&[To, ToDigits]) || !has(&[Text]) {
        section.mistake("body", "and `url` hold no {{to}} or no {{text}}: every message would be the same", None);
    }
    section.finish();
    rules
}

fn secrets(section: &Section<'_>) -> Vec<(String, Secret)> {
    let inner = section.section("secrets");
    let named = |(name, node): (&str, &Node)| (name.to_owned(), inner.secret_of(node, &format!("{}.{name}", inner.path())));
    inner.entries().into_iter().map(named).collect()
}

/// Whether a text in each place, with its quotes, gives JSON.
fn is_json(body: &Template) -> bool {
    let filled: String = body.0.iter().map(|part| if let Part::Literal(text) = part { text.as_str() } else { "\"x\"" }).collect();
    serde_json::from_str::<Value>(&filled).is_ok()
}

fn places(section: &Section<'_>, key: &'static str) -> Vec<String> {
    let all = section.texts_or_text(key);
    all.into_iter().filter(|place| !place.is_empty()).collect()
}

fn answer(section: Section<'_>) -> AnswerRules {
    let rules = AnswerRules {
        contains: section.opt_text("contains").filter(|text| !text.is_empty()),
        id: places(&section, "id"),
        code: places(&section, "code"),
        text: places(&section, "text"),
        failures: failures(&section, "failures"),
    };
    section.finish();
    rules
}

fn inbound(section: Section<'_>) -> InboundPlaces {
    const TYPES: [(&str, &str); 3] = [("text", "text/plain"), ("json", "application/json"), ("xml", "text/xml")];
    let found = InboundPlaces {
        list: section.opt_text("list").filter(|list| !list.is_empty()),
        from: places(&section, "from"),
        to: places(&section, "to"),
        text: places(&section, "text"),
        id: places(&section, "id"),
        at: places(&section, "at"),
        media: places(&section, "media"),
        media_type: places(&section, "media_type"),
        name: places(&section, "name"),
        answer: section.opt_text("answer").unwrap_or_default(),
        answer_type: section.opt_word("answer_type", &TYPES).unwrap_or("text/plain"),
    };
    if found.from.is_empty() != found.text.is_empty() {
        section.mistake("from", "and `text` go together: both, or neither where nobody can write to this channel", None);
    }
    section.finish();
    found
}

fn report(section: Section<'_>) -> ReportPlaces {
    let found = ReportPlaces {
        list: section.opt_text("list").filter(|list| !list.is_empty()),
        id: places(&section, "id"),
        send: places(&section, "send"),
        status: places(&section, "status"),
        statuses: named(&section, "statuses", "queued, sent, delivered, read or failed", |word| {
            serde_json::from_value::<DeliveryStatus>(Value::String(word.to_owned())).ok()
        })
        .into_iter()
        .map(|(word, status)| (word.to_ascii_lowercase(), status))
        .collect(),
        code: places(&section, "code"),
        text: places(&section, "text"),
        failures: failures(&section, "failures"),
        at: places(&section, "at"),
    };
    if !found.status.is_empty() && found.id.is_empty() && found.send.is_empty() {
        section.mistake("status", "needs `id` or `send` beside it: whose status would it be?", None);
    }
    section.finish();
    found
}

fn failures(section: &Section<'_>, key: &'static str) -> Vec<(String, Meaning)> {
    let form = "unreachable, invalid, blocked, opted_out, filtered, window_closed, template, limit, balance, configuration, content, \
                unknown or retry";
    named(section, key, form, |word| match word {
        "retry" => Some(Meaning::Retry),
        "superseded" => None,
        _ => serde_json::from_value::<FailureReason>(Value::String(word.to_owned())).ok().map(Meaning::Reason),
    })
}

/// A table of words by names that the gateway chose.
fn named<T>(section: &Section<'_>, key: &'static str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<(String, T)> {
    let inner = section.section(key);
    let mut all = Vec::new();
    for (name, node) in inner.entries() {
        let value = match &node.kind {
            Kind::Text(word) => parse(word),
            _ => None,
        };
        match value {
            Some(value) => all.push((name.to_owned(), value)),
            None => inner.mistake(name, format!("must be one of {form}"), None),
        }
    }
    all
}
