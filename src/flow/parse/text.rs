//! Texts with `{{ }}`, conditions, translations; and the record of them that the checks of names and types work on.

use super::Reader;
use super::value::NamedValue;
use crate::domain::language::Language;
use crate::domain::name::{Name, Slug};
use crate::flow::definition::{Destination, Flow, Slot, StateId, Texts};
use crate::flow::diagnostic::{At, Diagnostic};
use crate::flow::expression::{Expression, SyntaxError, Template, ValueTemplate};
use crate::flow::yaml::{Entry, Node, Places, Scalar, Tree};
use std::sync::Arc;

/// Where a text stands: what can be read there besides variables, `contact`, `reply`, `env` and `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Site {
    /// `event` is readable.
    pub event: bool,
    /// `body` is readable: in `save` of this state.
    pub body: bool,
    /// `item` is readable: in `label` of `pick`.
    pub item: bool,
    /// The state.
    pub state: Option<StateId>,
    /// Where the entry of `start` or `anytime` stands, if it is in one.
    pub entry: Option<At>,
}

/// A text with `{{ }}` or a condition, and its place.
#[derive(Debug, Clone)]
pub struct Written {
    /// What it is.
    pub content: Content,
    /// What can be read in it.
    pub site: Site,
    /// Where it begins.
    pub at: At,
    /// The file, if it is not the one that was read but a page beside it.
    pub file: Option<Arc<str>>,
    places: Places,
}

/// What a text is for.
#[derive(Debug, Clone)]
pub enum Content {
    /// A condition.
    Condition(Expression),
    /// A text that is shown: a value in it is written out.
    Text(Template),
    /// A value: exactly one `{{ }}` keeps its type.
    Value(Template),
}

impl Written {
    /// The place in the file of this byte of the text or condition.
    pub fn place(&self, byte: usize) -> At {
        let text = match &self.content {
            Content::Condition(expression) => expression.source(),
            Content::Text(template) | Content::Value(template) => template.source(),
        };
        self.places.at(text, byte)
    }
}

/// A value that is given to a variable of this flow or a field of the contact.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable or field.
    pub into: Destination,
    /// The key under which it is given.
    pub by: Giver,
    /// The value.
    pub value: ValueTemplate,
    /// What can be read in it.
    pub site: Site,
    /// Where the value stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
}

/// What gives a variable a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Giver {
    /// `set`.
    Set,
    /// `with` of a start or of an entry of `anytime`.
    With,
    /// `save`, a part of the result.
    Save,
}

/// The whole result of a state's kind, given to a variable: `save: NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The variable.
    pub into: Slot,
    /// The state.
    pub state: StateId,
    /// Where the variable's name stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
}

/// A value that is handed to a notification or a sub-flow: an entry of its `with`.
#[derive(Debug, Clone)]
pub struct Handed {
    /// Whether it is a notification or a flow.
    pub to: MentionKind,
    /// Its name, and where that stands here.
    pub of: (Slug, At),
    /// The parameter or variable there, and where its name stands here.
    pub name: (Name, At, u32),
    /// The value.
    pub value: ValueTemplate,
    /// What can be read in it.
    pub site: Site,
    /// Where the value stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
}

/// The ways that a `run` decides, with their places: the ends of the sub-flow are known only where all flows are.
#[derive(Debug, Clone)]
pub struct RunWays {
    /// The state.
    pub state: StateId,
    /// Where `go` stands.
    pub at: At,
    /// The outcomes that are named, each with its place and its characters.
    pub named: Vec<(Box<str>, At, u32)>,
}

/// The name of something outside of the file, or of something that other files may name too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it names.
    pub kind: MentionKind,
    /// The name.
    pub name: Box<str>,
    /// Where it stands.
    pub at: At,
    /// Its characters.
    pub width: u32,
    /// The state in which it stands.
    pub state: Option<StateId>,
}

impl Mention {
    /// For each state of a flow the first of these names that stands in it.
    pub fn by_state<'m>(mentions: &'m [Mention], kind: MentionKind, flow: &Flow) -> Vec<Option<&'m Mention>> {
        let mut first = vec![None; flow.states.len()];
        for mention in mentions.iter().filter(|mention| mention.kind == kind) {
            if let Some(place @ None) = mention.state.and_then(|state| first.get_mut(usize::from(state.0))) {
                *place = Some(mention);
            }
        }
        first
    }
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MentionKind {
    /// A channel of the configuration.
    Channel,
    /// An api of the configuration.
    Api,
    /// A team of the configuration.
    Team,
    /// Opening hours of the configuration.
    Hours,
    /// A topic of marketing of the configuration.
    Topic,
    /// A notification in `templates/`.
    Notification,
    /// A flow that runs as a sub-flow.
    Flow,
    /// A field or attribute of the contact that `set` writes.
    Attribute,
    /// An event that begins, moves or is awaited by a run.
    Event,
    /// An event that `emit` sends.
    Emitted,
    /// A keyword of `start`, as it was written.
    Keyword,
    /// A webhook of `start`.
    Webhook,
    /// A former name of this flow.
    Former,
    /// An HTML file beside a notification.
    Page,
}

impl Reader {
    /// Records the name of something outside of the file.
    pub(super) fn mention(&mut self, kind: MentionKind, name: &str, at: At, width: u32) {
        self.mentions.push(Mention { kind, name: name.into(), at, width, state: self.site.state });
    }

    /// Records a value that a variable or a field of the contact is given.
    pub(super) fn assign(&mut self, into: Destination, by: Giver, value: &ValueTemplate, node: &Node) {
        let (value, site) = (value.clone(), self.site);
        self.assignments.push(Assignment { into, by, value, site, at: node.at, width: node.width });
    }

    /// Records the values that a notification or sub-flow is handed, and gives them as the definition has them.
    pub(super) fn hand(&mut self, to: MentionKind, of: (&Slug, At), with: Vec<NamedValue>) -> Vec<(Name, ValueTemplate)> {
        let mut out = Vec::with_capacity(with.len());
        for NamedValue { name, name_at, name_width, value, at, width } in with {
            out.push((name.clone(), value.clone()));
            let name = (name, name_at, name_width);
            self.handed.push(Handed { to, of: (of.0.clone(), of.1), name, value, site: self.site, at, width });
        }
        out
    }

    fn record(&mut self, content: Content, scalar: &Scalar, at: At) {
        self.record_in(content, scalar.places.clone(), at, None);
    }

    pub(super) fn record_in(&mut self, content: Content, places: Places, at: At, file: Option<Arc<str>>) {
        self.written.push(Written { content, site: self.site, at, file, places });
    }

    /// Says what keeps a text from being read, at the place in the file.
    fn syntax(&mut self, error: SyntaxError, scalar: &Scalar) {
        let at = scalar.places.at(&scalar.text, error.offset);
        let meant = scalar.text.get(error.offset..error.offset.saturating_add(error.length)).unwrap_or("");
        self.diagnostics.push(Diagnostic {
            code: error.code(),
            file: self.file.clone(),
            at,
            width: meant.lines().next().unwrap_or("").chars().count() as u32,
            help: Some(error.help.unwrap_or_else(|| "docs/flow-format.md shows what an expression can be".to_owned())),
            message: error.message,
        });
    }

    /// A condition.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Expression> {
        const EXAMPLE: &str = "score >= 9";
        let Tree::Scalar(scalar) = &node.tree else {
            self.must_be(node, "if", "a condition", EXAMPLE);
            return None;
        };
        match Expression::parse(&scalar.text) {
            Ok(expression) => {
                self.record(Content::Condition(expression.clone()), scalar, node.at);
                Some(expression)
            }
            Err(error) => {
                self.syntax(error, scalar);
                None
            }
        }
    }

    /// A text with `{{ }}`.
    pub(super) fn template(&mut self, node: &Node, name: &str, example: &str) -> Option<Template> {
        match &node.tree {
            Tree::Scalar(scalar) => self.template_of(scalar, node.at, Content::Text),
            _ => {
                self.must_be(node, name, "a text", example);
                None
            }
        }
    }

    /// A text with `{{ }}`, for this use.
    pub(super) fn template_of(&mut self, scalar: &Scalar, at: At, content: fn(Template) -> Content) -> Option<Template> {
        match Template::parse(&scalar.text) {
            Ok(template) => {
                if !template.is_constant() {
                    self.record(content(template.clone()), scalar, at);
                }
                Some(template)
            }
            Err(error) => {
                self.syntax(error, scalar);
                None
            }
        }
    }

    /// A text in one or more languages.
    pub(super) fn texts(&mut self, node: &Node, name: &str) -> Option<Texts> {
        match &node.tree {
            Tree::Scalar(scalar) if scalar.text.trim().is_empty() => {
                self.say_node(6, node, format!("`{name}` is empty; leave the key out or give it a value"), "write a text");
                None
            }
            Tree::Scalar(_) => {
                let template = self.template(node, name, "Hello")?;
                Some(Texts { by_language: vec![(self.first_language(), template)], at: node.at })
            }
            Tree::Map(entries) => self.translation(entries, node, name),
            _ => {
                self.must_be(node, name, "a text", "Hello");
                None
            }
        }
    }

    /// The language of a text that names none.
    pub(super) fn first_language(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::EN)
    }

    fn translation(&mut self, entries: &[Entry], node: &Node, name: &str) -> Option<Texts> {
        let mut by_language = Vec::with_capacity(entries.len());
        for entry in entries {
            let (key, value) = (&entry.key, &entry.value);
            match Language::parse(&key.text).filter(|l| self.any_language || self.languages.contains(l)) {
                None => {
                    let names: Vec<String> = self.languages.iter().map(|l| l.to_string()).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let shown = format!("`{}` is not a language of this flow", key.text);
                    let help = format!("the languages are {}; add it to `languages` or leave the text out", names.join(", "));
                    self.say_key(401, key, shown, help);
                }
                Some(language) => match &value.tree {
                    Tree::Scalar(scalar) if !scalar.text.trim().is_empty() => {
                        by_language.extend(self.template_of(scalar, value.at, Content::Text).map(|t| (language, t)));
                    }
                    Tree::Scalar(_) => {
                        let message = format!("`{}` is empty; leave the key out or give it a value", key.text);
                        self.say_key(6, key, message, "write a text");
                    }
                    _ => self.must_be(value, &key.text, "a text", "Hello"),
                },
            }
        }
        if entries.is_empty() {
            self.must_be(node, name, "a text", "Hello");
        }
        // The fallback of a text is its first language, in the order of the flow and not of the map.
        by_language.sort_by_key(|(language, _)| self.languages.iter().position(|l| l == language).unwrap_or(usize::MAX));
        (!by_language.is_empty()).then_some(Texts { by_language, at: node.at })
    }

    /// The slot of a variable that is written at this place; RF201 if there is none.
    pub(super) fn slot(&mut self, name: &str, at: At, width: u32) -> Option<Slot> {
        if let Some(index) = self.variables.get_index_of(name) {
            return Some(Slot(index as u16));
        }
        // Looking is not free: nothing is collected when no more will be looked for.
        let names: Vec<Name> = if self.suggestions == 0 { Vec::new() } else { self.variables.keys().cloned().collect() };
        let near = self.nearest(name, names.iter().map(Name::as_str)).map(str::to_owned);
        let declare = "declare it under `needs` or `vars`, or `save` it";
        let (message, help) = match near {
            Some(near) => (format!("Unknown name `{name}`; did you mean `{near}`?"), format!("write `{near}`, or {declare}")),
            None => (format!("Unknown name `{name}`; {declare}"), declare.to_owned()),
        };
        self.say(201, at, width, message, help);
        None
    }
}
