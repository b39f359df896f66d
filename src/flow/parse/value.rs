//! Values: the places where an unquoted `12`, `true` or `null` is more than text.

use super::Reader;
use super::text::{Content, Giver};
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::definition::{Destination, Slot};
use crate::flow::diagnostic::At;
use crate::flow::expression::ValueTemplate;
use crate::flow::yaml::{Node, Tree};

/// An entry of `with` for something that is declared elsewhere.
pub(super) struct NamedValue {
    pub name: Name,
    pub name_at: At,
    pub name_width: u32,
    pub value: ValueTemplate,
    pub at: At,
    pub width: u32,
}

impl Reader {
    /// Any value. The depth of the file bounds the recursion.
    pub(super) fn value(&mut self, node: &Node) -> Option<ValueTemplate> {
        match &node.tree {
            Tree::Broken => None,
            Tree::Scalar(scalar) => {
                let typed = if scalar.is_plain() { typed(&scalar.text) } else { None };
                match typed {
                    Some(value) => Some(ValueTemplate::Constant(value)),
                    None => self.template_of(scalar, node.at, Content::Value).map(ValueTemplate::text),
                }
            }
            Tree::List(items) => {
                let values: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                values.into_iter().collect::<Option<Vec<_>>>().map(ValueTemplate::list)
            }
            Tree::Map(entries) => {
                let values: Vec<_> = entries.iter().map(|e| self.value(&e.value).map(|v| (e.key.text.to_string(), v))).collect();
                values.into_iter().collect::<Option<Vec<_>>>().map(ValueTemplate::map)
            }
        }
    }

    /// `with` of a start: values for variables of this flow.
    pub(super) fn assignments_of(&mut self, node: &Node, name: &str) -> Vec<(Slot, ValueTemplate)> {
        let Some(entries) = self.entries(node, name, "{ order_id: \"{{ event.order_id }}\" }") else { return Vec::new() };
        let mut out = Vec::with_capacity(entries.len());
        for entry in entries {
            let slot = self.slot(&entry.key.text, entry.key.at, entry.key.width);
            let value = self.value(&entry.value);
            if let (Some(slot), Some(value)) = (slot, value) {
                self.assign(Destination::Variable(slot), Giver::With, &value, &entry.value);
                out.push((slot, value));
            }
        }
        out
    }

    /// `with` of a notification or sub-flow: values by names that are declared elsewhere.
    pub(super) fn named_values(&mut self, node: &Node, name: &str) -> Vec<NamedValue> {
        let Some(entries) = self.entries(node, name, "{ order_id: \"{{ order_id }}\" }") else { return Vec::new() };
        let mut out = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = self.name_of_key(&entry.key);
            let value = self.value(&entry.value);
            let Some((name, value)) = key.zip(value) else { continue };
            let (name_at, name_width) = (entry.key.at, entry.key.width);
            out.push(NamedValue { name, name_at, name_width, value, at: entry.value.at, width: entry.value.width });
        }
        out
    }
}

/// What an unquoted scalar is where any value may stand; `None` is text.
pub fn typed(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => number(text).map(Value::Number),
    }
}

/// `12`, `-1.5`. Not `007`, `+49`, `1e5`, `.5`: those are the texts that were written.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let plain = all_digits(whole) && (whole.len() == 1 || !whole.starts_with('0')) && fraction.is_none_or(all_digits);
    // More digits than a double holds would not be what was written.
    (plain && digits.len() <= 16).then(|| text.parse::<f64>().ok()).flatten().filter(|n| n.is_finite())
}
