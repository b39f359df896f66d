//! Reading a test file: YAML with places to a script, or everything that is wrong with it (RF101, RF103, RF701, RF702).

use super::script::{Case, ContactGiven, Given, Named, Script, What};
use crate::domain::channel::{ChannelKind, consent};
use crate::domain::consent::TopicConsent;
use crate::domain::language::Language;
use crate::domain::name::{Name, Slug};
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::check::nearest;
use crate::flow::diagnostic::{At, Code, Diagnostic};
use crate::flow::keys::{self, Place};
use crate::flow::yaml::{self, Entry, Key, Node, Scalar, Tree};
use std::sync::Arc;

/// Reads a test file. `flows` are the names of the flows that exist.
pub fn read_script(source: &str, file: &str, flows: &[&str]) -> (Option<Script>, Vec<Diagnostic>) {
    let file: Arc<str> = file.into();
    let (document, found) = yaml::read(source, &file);
    let mut reader = Reader { file: file.clone(), found, names: Vec::new() };
    let script = document.and_then(|d| reader.script(&d.root, flows));
    let errors = reader.found.iter().any(|d| d.code.severity() == crate::flow::diagnostic::Severity::Error);
    (script.filter(|_| !errors), reader.found)
}

pub(super) struct Reader {
    file: Arc<str>,
    found: Vec<Diagnostic>,
    names: Vec<Named>,
}

impl Reader {
    pub(super) fn say(&mut self, code: u16, at: At, width: u32, message: impl Into<String>, help: impl Into<String>) {
        let (file, message, help) = (self.file.clone(), message.into(), Some(help.into()));
        self.found.push(Diagnostic { code: Code(code), file, at, width, message, help });
    }

    pub(super) fn must(&mut self, node: &Node, what: &str, example: &str) {
        if !node.is_broken() {
            let message = format!("This must be {what}, for example `{example}`");
            self.say(103, node.at, node.width, message, format!("Write it like `{example}`"));
        }
    }

    /// The entries of a map whose keys are in the table. A key that is unknown (RF101) is said and left out.
    pub(super) fn fields<'n>(&mut self, node: &'n Node<'n>, place: &Place, what: &str, example: &str) -> Vec<&'n Entry<'n>> {
        let entries = self.entries(node, what, example);
        entries.iter().filter(|entry| self.knows(&entry.key, place)).collect()
    }

    fn knows(&mut self, key: &Key, place: &Place) -> bool {
        match place.key(&key.text) {
            Some(_) => true,
            None if place.others.is_some() => true,
            None => {
                let (of, keys) = (place.of, place.names());
                let message = match nearest(&key.text, &keys) {
                    Some(near) => format!("`{}` is not a key of {of}; did you mean `{near}`?", key.text),
                    None => format!("`{}` is not a key of {of}", key.text),
                };
                self.say(101, key.at, key.width, message, format!("The keys are {}", keys.join(", ")));
                false
            }
        }
    }

    pub(super) fn entries<'n>(&mut self, node: &'n Node<'n>, what: &str, example: &str) -> &'n [Entry<'n>] {
        match &node.tree {
            Tree::Map(entries) => entries,
            _ => {
                self.must(node, what, example);
                &[]
            }
        }
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Option<&'n str> {
        let text = node.scalar().map(|s| &*s.text);
        if text.is_none() {
            self.must(node, what, example);
        }
        text
    }

    pub(super) fn parsed<T>(&mut self, node: &Node, what: &str, example: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(node, what, example)?;
        let value = parse(text);
        if value.is_none() {
            self.must(node, what, example);
        }
        value
    }

    pub(super) fn slug(&mut self, node: &Node, example: &str) -> Option<Slug> {
        self.parsed(node, "a name of a–z, 0–9, `-` and `_`", example, |t| Slug::parse(t).ok())
    }

    /// The name of something of the project.
    pub(super) fn named_slug(&mut self, node: &Node, what: What, example: &str) -> Option<Slug> {
        let slug = self.slug(node, example)?;
        self.names.push(Named { what, name: slug.to_string(), at: node.at, width: node.width });
        Some(slug)
    }

    /// A field of a contact.
    pub(super) fn field(&mut self, key: &Key) {
        let name = key.text.to_string();
        self.names.push(Named { what: What::Attribute, name, at: key.at, width: key.width });
    }

    pub(super) fn name(&mut self, node: &Node, example: &str) -> Option<Name> {
        self.parsed(node, "a name", example, |t| Name::parse(t).ok())
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node<'n>) -> Vec<&'n Node<'n>> {
        match &node.tree {
            Tree::List(items) => items.iter().collect(),
            Tree::Broken => Vec::new(),
            _ => vec![node],
        }
    }

    pub(super) fn moment(&mut self, node: &Node) -> Option<Millis> {
        self.parsed(node, "a moment", "2026-03-02T18:00:00Z", |t| {
            t.parse::<jiff::Timestamp>().ok().map(|t| Millis(t.as_millisecond()))
        })
    }

    pub(super) fn script(&mut self, root: &Node, flows: &[&str]) -> Option<Script> {
        let (mut flow, mut given, mut cases) = (None, Given::default(), Vec::new());
        let entries = self.fields(root, &keys::TEST, "a test file", "test: NAME");
        if let Some(entry) = entries.iter().find(|e| e.key.text == "given") {
            given = self.given(&entry.value);
        }
        for entry in &entries {
            match &*entry.key.text {
                "test" => {
                    flow = self.slug(&entry.value, "payment");
                    if let Some(name) = &flow
                        && !flows.contains(&name.as_str())
                    {
                        let help = match nearest(name.as_str(), flows) {
                            Some(near) => format!("Did you mean `{near}`?"),
                            None => format!("Write flows/{name}.yaml, or name another flow"),
                        };
                        let message = format!("A test of the flow `{name}`, which does not exist");
                        self.say(701, entry.value.at, entry.value.width, message, help);
                    }
                }
                "cases" => cases = self.cases(&entry.value, &given),
                _ => {}
            }
        }
        if cases.is_empty() && !entries.iter().any(|e| e.key.text == "cases") && !root.is_broken() {
            self.say(103, root.at, 0, "A test file must have `cases`", "Add `cases:` with a title and a list of steps");
        }
        Some(Script { flow: flow?, file: self.file.to_string(), cases, names: std::mem::take(&mut self.names) })
    }

    pub(super) fn cases(&mut self, node: &Node, given: &Given) -> Vec<Case> {
        let mut cases = Vec::new();
        for entry in self.entries(node, "a map from titles to steps", "it works: [ { user: hi }, { bot: any } ]") {
            let title = entry.key.text.to_string();
            let mut case = Case { title, given: given.clone(), channels: Vec::new(), steps: Vec::new(), at: entry.key.at };
            match &entry.value.tree {
                Tree::List(steps) => case.steps = self.steps(steps),
                Tree::Map(_) => {
                    for part in self.fields(&entry.value, &keys::CASE, "a case", "{ steps: [ { user: hi } ] }") {
                        match &*part.key.text {
                            "given" => {
                                let own = self.given(&part.value);
                                merge(&mut case.given, own);
                            }
                            "channels" => {
                                let nodes = self.list(&part.value);
                                let channels = nodes.into_iter().filter_map(|n| self.named_slug(n, What::Channel, "main-sms"));
                                case.channels = channels.collect();
                            }
                            "steps" => {
                                let nodes: Vec<Node> = self.list(&part.value).into_iter().cloned().collect();
                                case.steps = self.steps(&nodes);
                            }
                            _ => {}
                        }
                    }
                }
                _ => self.must(&entry.value, "a list of steps", "[ { user: hi }, { bot: any } ]"),
            }
            cases.push(case);
        }
        cases
    }

    pub(super) fn given(&mut self, node: &Node) -> Given {
        let mut given = Given::default();
        for entry in self.fields(node, &keys::GIVEN, "a map", "{ now: 2026-03-02T18:00:00Z, channel: main-sms }") {
            let value = &entry.value;
            match &*entry.key.text {
                "now" => given.now = self.moment(value),
                "channel" => {
                    let nodes = self.list(value);
                    let mut channels = nodes.into_iter().filter_map(|n| self.named_slug(n, What::Channel, "main-sms"));
                    (given.channel, given.also) = (channels.next(), channels.collect());
                }
                "contact" => given.contact = Some(self.contact(value)),
                "tags" => given.tags = Some(self.list(value).into_iter().filter_map(|n| self.slug(n, "vip")).collect()),
                "vars" => given.vars = Some(self.named(value)),
                "http" => given.http = self.fakes(value),
                "seed" => given.seed = self.parsed(value, "a whole number", "7", |t| t.parse().ok()),
                _ => {}
            }
        }
        given
    }

    pub(super) fn contact(&mut self, node: &Node) -> ContactGiven {
        let mut contact = ContactGiven::default();
        for entry in self.fields(node, &keys::GIVEN_CONTACT, "a contact", "{ phone: \"+447700900123\" }") {
            let value = &entry.value;
            let text = |reader: &mut Self| reader.text(value, "a text", "Ada").map(str::to_owned);
            match &*entry.key.text {
                "phone" => contact.phone = text(self),
                "name" => contact.name = text(self),
                "email" => contact.email = text(self),
                "timezone" => {
                    let known = |t: &str| t.is_empty() || jiff::tz::TimeZone::get(t).is_ok();
                    let zone = |t: &str| known(t).then(|| t.to_owned());
                    contact.timezone = self.parsed(value, "a time zone", "Europe/Madrid", zone);
                }
                // Nothing, where the file says something.
                "language" if value.scalar().is_some_and(|scalar| scalar.text.is_empty()) => contact.no_language = true,
                "language" => contact.language = self.parsed(value, "a language", "en", Language::parse),
                "marketing" => contact.marketing = self.agreed(value),
                "topics" => contact.topics = Some(self.topics(value)),
                _ => match Name::parse(&entry.key.text) {
                    Ok(name) => {
                        self.field(&entry.key);
                        contact.attributes.push((name, plain_value(value)));
                    }
                    Err(bad) => self.say(111, entry.key.at, entry.key.width, bad.to_string(), "Choose another name"),
                },
            }
        }
        contact
    }

    /// The kinds of channel on which somebody agreed to marketing.
    fn agreed(&mut self, node: &Node) -> Option<Vec<ChannelKind>> {
        let bits = consent(&plain_value(node));
        if bits.is_none() {
            self.must(node, "`true`, `false` or kinds of channel", "[sms, whatsapp]");
        }
        Some(ChannelKind::ALL.into_iter().filter(|kind| bits.unwrap_or(0) & kind.stop_bit() != 0).collect())
    }

    /// What somebody said of single topics of marketing.
    fn topics(&mut self, node: &Node) -> Vec<TopicConsent> {
        let mut topics = Vec::new();
        for entry in self.entries(node, "a map from topics to kinds of channel", "{ news: [sms] }") {
            let key = &entry.key;
            let Ok(topic) = Slug::parse(&key.text) else {
                self.say(111, key.at, key.width, format!("`{}` cannot be a topic", key.text), "Choose another name");
                continue;
            };
            self.names.push(Named { what: What::Topic, name: topic.to_string(), at: key.at, width: key.width });
            let Some(kinds) = self.agreed(&entry.value) else { continue };
            let mut said = TopicConsent::of(topic);
            ChannelKind::ALL.into_iter().for_each(|kind| said.say(kind, kinds.contains(&kind)));
            topics.push(said);
        }
        topics
    }

    pub(super) fn named(&mut self, node: &Node) -> Vec<(Name, Value)> {
        let mut named = Vec::new();
        for entry in self.entries(node, "a map from names to values", "{ score: 10 }") {
            match Name::parse(&entry.key.text) {
                Ok(name) => named.push((name, plain_value(&entry.value))),
                Err(bad) => self.say(111, entry.key.at, entry.key.width, bad.to_string(), "Choose another name"),
            }
        }
        named
    }
}

pub(super) fn find<'n>(entries: &'n [Entry<'n>], key: &str) -> Option<&'n Node<'n>> {
    entries.iter().find(|e| e.key.text == key).map(|e| &e.value)
}

/// `METHOD api/path`.
pub(super) fn target(text: &str) -> Option<(String, Slug, String)> {
    let (method, rest) = text.split_once(' ')?;
    let (api, path) = rest.trim().split_once('/')?;
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
    known.then_some(())?;
    Some((method.to_owned(), Slug::parse(api).ok()?, format!("/{path}")))
}

/// A value as it is written: bare numbers, booleans and null are what they look like, everything else is text.
pub(super) fn plain_value(node: &Node) -> Value {
    match &node.tree {
        Tree::Scalar(scalar) => plain_scalar(scalar),
        Tree::List(items) => Value::List(items.iter().map(plain_value).collect()),
        Tree::Map(entries) => Value::Map(entries.iter().map(|e| (e.key.text.to_string(), plain_value(&e.value))).collect()),
        Tree::Broken => Value::Null,
    }
}

fn plain_scalar(scalar: &Scalar) -> Value {
    let typed = if scalar.is_plain() { crate::flow::parse::typed(&scalar.text) } else { None };
    typed.unwrap_or_else(|| Value::Text(scalar.text.to_string()))
}

fn merge(base: &mut Given, own: Given) {
    base.now = own.now.or(base.now);
    if own.channel.is_some() {
        (base.channel, base.also) = (own.channel, own.also);
    }
    base.contact = match (own.contact, base.contact.take()) {
        (Some(own), Some(file)) => Some(own.over(file)),
        (own, file) => own.or(file),
    };
    base.tags = own.tags.or(base.tags.take());
    base.vars = own.vars.or(base.vars.take());
    base.own_http.extend(own.http);
    base.seed = own.seed.or(base.seed);
}
