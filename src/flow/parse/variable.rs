//! The variables of a flow: `needs`, `vars` and what states `save`.

use super::Reader;
use crate::domain::name::Name;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Origin, Variable};
use crate::flow::diagnostic::At;
use crate::flow::expression::ValueTemplate;
use crate::flow::keys;
use crate::flow::yaml::{Entry, Node, Tree};

/// A need, as flows and notifications declare it.
pub(super) struct Declared {
    pub kind: Type,
    pub default: Option<ValueTemplate>,
    pub private: bool,
}

impl Reader {
    /// `needs`: each name with what it declares and where.
    pub(super) fn needs(&mut self, node: &Node) -> Vec<(Name, Declared, At)> {
        let Some(entries) = self.entries(node, "needs", "{ order_id: text }") else { return Vec::new() };
        let mut out = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let name = self.name_of_key(key);
            let declared = match &value.tree {
                Tree::Map(_) => self.need(value, &key.text),
                _ => self.type_name(value, &key.text).map(|kind| Declared { kind, default: None, private: false }),
            };
            // A need whose type cannot be read is a need all the same: what reads it is not unknown.
            let declared = declared.unwrap_or(Declared { kind: Type::Any, default: None, private: false });
            out.extend(name.map(|name| (name, declared, key.at)));
        }
        out
    }

    fn need(&mut self, node: &Node, name: &str) -> Option<Declared> {
        let fields = self.fields(node, name, "{ type: text, default: \"\" }", &keys::NEED)?;
        let kind = match fields.get("type") {
            Some(kind) => self.type_name(kind, "type").unwrap_or(Type::Any),
            None => Type::Any,
        };
        let default = fields.get("default").and_then(|value| self.value(value));
        let private = fields.get("private").and_then(|value| self.boolean(value, "private")).unwrap_or(false);
        Some(Declared { kind, default, private })
    }

    fn type_name(&mut self, node: &Node, name: &str) -> Option<Type> {
        let text = self.plain(node, name, "a type", "text")?;
        let kind = Type::parse(text);
        if kind.is_none() {
            let names = Type::ALL.map(Type::as_str);
            let message = format!("`{name}` must be a type, for example `text`");
            let (message, help) = match self.nearest(text, names) {
                Some(near) => (format!("{message}; did you mean `{near}`?"), format!("write `{near}`")),
                None => (message, format!("the types are {}", names.join(", "))),
            };
            self.say_node(103, node, message, help);
        }
        kind
    }

    /// Declares every variable of the flow, in the order of their slots.
    pub(super) fn variables(&mut self, needs: Option<&Node>, vars: Option<&Node>, states: &[Entry]) {
        for (name, declared, at) in needs.map(|node| self.needs(node)).unwrap_or_default() {
            let origin = Origin::Need { default: declared.default };
            self.variables.insert(name, Variable { kind: declared.kind, origin, private: declared.private, at });
        }
        let own = vars.and_then(|node| self.entries(node, "vars", "{ attempts: 0 }")).unwrap_or_default();
        for Entry { key, value } in own {
            let name = self.name_of_key(key);
            let first = self.value(value);
            let Some(name) = name else { continue };
            if self.variables.contains_key(&name) {
                let message = format!("The variable `{name}` stands in `needs` and in `vars`");
                self.say_key(3, key, message, "leave it out in one of them; `default` of a need is its first value");
                continue;
            }
            let first = first.unwrap_or(ValueTemplate::Constant(Value::Null));
            let kind = first.constant().and_then(Value::kind).unwrap_or(Type::Any);
            self.variables.insert(name, Variable { kind, origin: Origin::Own(first), private: false, at: key.at });
        }
        for state in states {
            self.saved(&state.value);
        }
    }

    /// The variables that a state saves. What is wrong with them is said when the state is read.
    fn saved(&mut self, state: &Node) {
        let Tree::Map(entries) = &state.tree else { return };
        let find = |name: &str| entries.iter().find(|e| e.key.text == name).map(|e| &e.value);
        let Some(save) = find("save") else { return };
        let private = find("private").and_then(Node::scalar).is_some_and(|s| s.text == "true");
        match &save.tree {
            Tree::Scalar(scalar) => {
                let kind = find("answer").map_or(Type::Any, answer_type);
                self.declare_saved(&scalar.text, kind, private, save.at);
            }
            Tree::Map(parts) => {
                for part in parts {
                    self.declare_saved(&part.key.text, Type::Any, private, part.key.at);
                }
            }
            Tree::List(_) | Tree::Broken => {}
        }
    }

    fn declare_saved(&mut self, name: &str, kind: Type, private: bool, at: At) {
        let Ok(name) = Name::parse(name) else { return };
        match self.variables.get_mut(&name) {
            None => {
                self.variables.insert(name, Variable { kind, origin: Origin::Saved, private, at });
            }
            Some(variable) => {
                variable.private |= private;
                if matches!(variable.origin, Origin::Saved) && variable.kind != kind {
                    variable.kind = Type::Any;
                }
            }
        }
    }
}

/// The type of an answer's value, as far as its word says it. A choice is more than text: it has a label.
fn answer_type(answer: &Node) -> Type {
    let word = match &answer.tree {
        Tree::Scalar(scalar) => Some(&*scalar.text),
        Tree::Map(entries) => entries.first().map(|e| &*e.key.text),
        _ => None,
    };
    match word {
        Some("text" | "pattern") => Type::Text,
        Some("choices" | "media") => Type::List,
        Some("date") => Type::Date,
        Some("time") => Type::Time,
        Some("moment") => Type::Moment,
        Some("phone") => Type::Phone,
        Some("email") => Type::Email,
        Some("location") => Type::Map,
        Some("number") => Type::Number,
        Some("yes_no") => Type::Boolean,
        _ => Type::Any,
    }
}
