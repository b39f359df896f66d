//! `call`, `wait`, `run`.

use super::fields::Fields;
use super::outcome::{Ordinary, TROUBLES, WaysOut};
use super::target::Asks;
use super::{MentionKind, Reader, RunWays};
use crate::domain::limits;
use crate::flow::definition::{Call, CallBody, Kind, RunFlow, Wait, WaitFor};
use crate::flow::expression::Template;
use crate::flow::keys;
use crate::flow::yaml::{Entry, Key, Node, Tree};

const METHODS: [(&str, &str); 5] = [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];
const CALL_EXAMPLE: &str = "{ api: shop, get: /orders }";

impl Reader {
    pub(super) fn call(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        let node = fields.get("call")?;
        let request = self.fields(node, "call", CALL_EXAMPLE, &keys::CALL).and_then(|call| self.request(&call));
        let out = WaysOut { ordinary: Ordinary::Statuses, troubles: vec!["failed"], asks: Asks::No("call") };
        let (outcomes, troubles) = self.outcomes(state, fields, &out);
        request.map(|request| Kind::Call(Box::new(Call { outcomes, troubles, ..request })))
    }

    /// The request, without its ways.
    fn request(&mut self, fields: &Fields<'_>) -> Option<Call> {
        let api = match fields.get("api") {
            Some(node) => {
                let api = self.slug(node, "api", "shop");
                if let Some(api) = &api {
                    self.mention(MentionKind::Api, api.as_str(), node.at, node.width);
                }
                api
            }
            None => {
                if !fields.refused {
                    self.missing(fields.at, fields.width, "`call`", "api", "api: shop");
                }
                None
            }
        };
        let target = self.method(fields);
        let query = fields.get("query").map(|n| self.pairs(n, "query")).unwrap_or_default();
        let headers = fields.get("headers").map(|n| self.pairs(n, "headers")).unwrap_or_default();
        let body = self.body(fields);
        let timeout = fields.get("timeout").and_then(|n| {
            let span = self.duration(n, "timeout")?;
            if span > limits::CALL_TIMEOUT_MAX || span.0 == 0 {
                self.must_be(n, "timeout", &format!("a duration of at most {}", limits::CALL_TIMEOUT_MAX), "10s");
                return None;
            }
            Some(span)
        });
        let retry = fields.get("retry").and_then(|n| self.count(n, "retry", 0, u64::from(limits::CALL_RETRIES_MAX)));
        let (method, path) = target?;
        Some(Call {
            api: api?,
            method,
            path,
            query,
            headers,
            body,
            timeout: timeout.unwrap_or(limits::CALL_TIMEOUT),
            retry: retry.map_or(limits::CALL_RETRIES, |n| n as u8),
            outcomes: Default::default(),
            troubles: Default::default(),
        })
    }

    fn method(&mut self, fields: &Fields<'_>) -> Option<(&'static str, Template)> {
        let methods = METHODS.map(|(key, _)| key);
        let given = fields.among(&methods);
        if let Some(second) = given.get(1) {
            let help = "make two states of two requests";
            self.say_key(103, &second.key, format!("`call` must be one request, for example `{CALL_EXAMPLE}`"), help);
        }
        let Some(entry) = fields.first_among(&methods) else {
            if !fields.refused {
                self.missing(fields.at, fields.width, "`call`", "get", "get: /orders");
            }
            return None;
        };
        let path = self.template(&entry.value, &entry.key.text, "/orders/{{ order_id }}")?;
        if !path.source().starts_with('/') {
            let name = &entry.key.text;
            self.must_be(&entry.value, name, "a path that begins with `/`", "/orders/{{ order_id }}");
            return None;
        }
        METHODS.iter().find(|(key, _)| *key == entry.key.text).map(|(_, method)| (*method, path))
    }

    /// A map of names to texts.
    fn pairs(&mut self, node: &Node, name: &str) -> Vec<(String, Template)> {
        let Some(entries) = self.entries(node, name, "{ page: 1 }") else { return Vec::new() };
        let mut out = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            out.extend(self.template(value, &key.text, "1").map(|t| (key.text.to_string(), t)));
        }
        out
    }

    fn body(&mut self, fields: &Fields<'_>) -> CallBody {
        const BODIES: [&str; 3] = ["json", "form", "text"];
        let given = fields.among(&BODIES);
        if let Some(second) = given.get(1) {
            let help = "keep one of `json`, `form`, `text`";
            self.say_key(103, &second.key, "`call` must be given one body, for example `json: { paid: true }`", help);
        }
        let Some(entry) = fields.first_among(&BODIES) else { return CallBody::Empty };
        let body = match &*entry.key.text {
            "json" => self.value(&entry.value).map(CallBody::Json),
            "form" => Some(CallBody::Form(self.pairs(&entry.value, "form"))),
            _ => self.template(&entry.value, "text", "Hello").map(CallBody::Text),
        };
        body.unwrap_or(CallBody::Empty)
    }

    pub(super) fn wait(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        let node = fields.get("wait")?;
        let until = self.wait_for(node);
        let hours = match &node.tree {
            Tree::Map(entries) => entries.iter().find(|e| e.key.text == "hours").and_then(|entry| {
                let hours = self.slug(&entry.value, "hours", "office")?;
                self.mention(MentionKind::Hours, hours.as_str(), entry.value.at, entry.value.width);
                Some(hours)
            }),
            _ => None,
        };
        let by_event = match &node.tree {
            Tree::Map(entries) => entries.iter().any(|e| e.key.text == "event"),
            _ => false,
        };
        let troubles = if by_event { vec!["silence"] } else { Vec::new() };
        let ordinary = if until.is_some() { Ordinary::Listed(vec!["ok".to_owned()]) } else { Ordinary::Unknown };
        let (outcomes, troubles) = self.outcomes(state, fields, &WaysOut { ordinary, troubles, asks: Asks::No("wait") });
        Some(Kind::Wait(Box::new(Wait { until: until?, hours, outcomes, troubles, at: node.at })))
    }

    fn wait_for(&mut self, node: &Node) -> Option<WaitFor> {
        const EXAMPLE: &str = "{ days: 1, at: 10:00 }";
        if let Tree::Scalar(_) = &node.tree {
            return self.duration(node, "wait").map(WaitFor::For);
        }
        let fields = self.fields(node, "wait", EXAMPLE, &keys::WAIT)?;
        let given = fields.among(&["for", "days", "until", "event"]);
        if given.len() != 1 {
            if !fields.refused || given.len() > 1 {
                self.must_be(node, "wait", "a duration or one of `for`, `days`, `until`, `event`", EXAMPLE);
            }
            return None;
        }
        let entry = given.first()?;
        let kind = &*entry.key.text;
        let belongs: &[&str] = match kind {
            "days" => &["at"],
            "event" => &["key", "if"],
            _ => &[],
        };
        for other in fields.among(&["at", "key", "if"]) {
            if !belongs.contains(&&*other.key.text) {
                let message = format!("`{}` is not a key of `wait` with `{kind}`", other.key.text);
                self.say_key(101, &other.key, message, "leave it out");
            }
        }
        match kind {
            "for" => self.duration(&entry.value, "for").map(WaitFor::For),
            "days" => {
                let at = match fields.get("at") {
                    Some(n) => Some(self.clock(n, "at")?),
                    None => None,
                };
                let days = self.count(&entry.value, "days", 0, 3_660)?;
                Some(WaitFor::Days { days: days as u32, at })
            }
            "until" => self.template(&entry.value, "until", "\"{{ appointment_at }}\"").map(WaitFor::Until),
            _ => {
                let name = self.event_name(&entry.value, "event");
                if let Some(name) = &name {
                    self.mention(MentionKind::Event, name.as_str(), entry.value.at, entry.value.width);
                }
                let key = fields.get("key").and_then(|n| self.template(n, "key", "\"{{ order_id }}\""));
                let outer = std::mem::replace(&mut self.site.event, true);
                let condition = fields.get("if").and_then(|n| self.condition(n));
                self.site.event = outer;
                Some(WaitFor::Event { name: name?, key, condition })
            }
        }
    }

    fn know_run_ways(&mut self, fields: &Fields<'_>) {
        let (Some(go), Some(state)) = (fields.entry("go"), self.site.state) else { return };
        let entries: &[Entry<'_>] = if let Tree::Map(entries) = &go.value.tree { entries } else { &[] };
        let ordinary = entries.iter().map(|e| &e.key).filter(|key| key.text != "else" && !TROUBLES.contains(&&*key.text));
        let named = ordinary.map(|key| ((*key.text).into(), key.at, key.width)).collect();
        self.run_ways.push(RunWays { state, at: go.key.at, named });
    }

    pub(super) fn run(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        const EXAMPLE: &str = "{ flow: feedback }";
        let node = fields.get("run")?;
        let run = self.fields(node, "run", EXAMPLE, &keys::RUN);
        let with = run.as_ref().and_then(|r| r.get("with")).map(|n| self.named_values(n, "with")).unwrap_or_default();
        let flow = run.as_ref().and_then(|r| match r.get("flow") {
            Some(n) => {
                let flow = self.slug(n, "flow", "feedback")?;
                self.mention(MentionKind::Flow, flow.as_str(), n.at, n.width);
                Some((flow, n.at))
            }
            None => {
                if !r.refused {
                    self.missing(node.at, node.width, "`run`", "flow", "flow: feedback");
                }
                None
            }
        });
        let out = WaysOut { ordinary: Ordinary::Ends, troubles: TROUBLES.to_vec(), asks: Asks::No("run") };
        let (outcomes, troubles) = self.outcomes(state, fields, &out);
        self.know_run_ways(fields);
        let (flow, flow_at) = flow?;
        let with = self.hand(MentionKind::Flow, (&flow, flow_at), with);
        Some(Kind::Run(Box::new(RunFlow { flow, with, outcomes, troubles })))
    }
}
