//! What can be said of a value before anything runs: how long it plausibly is when it is written into a text, and whether
//! it can be nothing at all.

use super::function::{Function, OfNull};
use super::node::{Access, Call, Kind, Node};
use super::scope::Root;
use super::text::write_text;
use super::{Expression, ReferenceName};
use crate::domain::value::{Type, Value};

/// Characters of a number.
const NUMBER: usize = 10;
/// Characters of a date, a time or a name.
const SHORT: usize = 20;
/// Characters of any other text.
const TEXT: usize = 30;
/// Characters of an amount of money.
const MONEY: usize = 15;
/// Items of `lines`, if it does not say.
const LINES: usize = 10;

/// What is known of the values where a text stands.
pub trait Plausible {
    /// Characters of the longest plausible value of a variable.
    fn chars(&self, variable: &str) -> usize;
    /// Characters of the longest plausible field of a root.
    fn member_chars(&self, root: Root, field: &str) -> usize;
    /// Whether a field of a root can be nothing.
    fn member_lacks(&self, root: Root, field: &str) -> bool;
    /// Whether a variable is a list in which there may be nothing.
    fn is_maybe_empty_list(&self, variable: &str) -> bool;
    /// Whether a variable is a text, which may be no number and no date.
    fn is_text(&self, variable: &str) -> bool;
}

/// A part of an expression that can be nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Where it begins, in bytes of the expression.
    pub offset: usize,
    /// How long it is, in bytes.
    pub length: usize,
    /// What it reads.
    pub reads: ReferenceName,
}

/// Characters of the longest plausible value of a type.
pub fn chars_of(kind: Type) -> usize {
    match kind {
        Type::Number => NUMBER,
        Type::Boolean => 5,
        Type::Date | Type::Time | Type::Moment | Type::Duration | Type::Phone => SHORT,
        Type::Text | Type::Email | Type::List | Type::Map | Type::Any => TEXT,
    }
}

/// Characters of the longest plausible value of an expression.
pub fn chars(expression: &Expression, known: &dyn Plausible) -> usize {
    Looking { known }.chars(&expression.0.node)
}

/// The part of an expression that can be nothing, so that the whole is.
pub fn lacking(expression: &Expression, known: &dyn Plausible) -> Option<Lacking> {
    let node = Looking { known }.lacking(&expression.0.node)?;
    let reads = node.names.into_iter().next()?;
    Some(Lacking { offset: usize::from(node.from), length: usize::from(node.to - node.from), reads })
}

struct Looking<'a> {
    known: &'a dyn Plausible,
}

/// A part that can be nothing, and what it reads.
struct Part {
    from: u16,
    to: u16,
    names: Vec<ReferenceName>,
}

impl Part {
    fn of(node: &Node, name: ReferenceName) -> Option<Self> {
        Some(Part { from: node.from, to: node.to, names: vec![name] })
    }
}

impl Looking<'_> {
    fn chars(&self, node: &Node) -> usize {
        let longest = |nodes: &[Node]| nodes.iter().map(|node| self.chars(node)).max().unwrap_or(0);
        match &node.kind {
            Kind::Constant(value) => written(value),
            Kind::Variable(name) => self.known.chars(name),
            Kind::Root(Root::Now | Root::Today) => SHORT,
            Kind::Root(_) => TEXT,
            Kind::Member(root, field) => self.known.member_chars(*root, field),
            Kind::Access(base, accesses) => match (&base.kind, &**accesses) {
                // The label of a choice is about as long as what a list shows.
                (Kind::Variable(_), [Access::Field(field, _)]) if &**field == "label" => SHORT,
                _ => TEXT,
            },
            Kind::Negate(inner) => self.chars(inner),
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) | Kind::In { .. } | Kind::Within { .. } => 5,
            Kind::Coalesce(parts) => longest(parts),
            Kind::Arithmetic(first, rest) => {
                let all = [&**first].into_iter().chain(rest.iter().map(|(_, node)| node));
                if all.map(|node| self.chars(node)).max().unwrap_or(0) <= NUMBER { NUMBER } else { SHORT }
            }
            Kind::Choose(choices, last) => {
                choices.iter().map(|(value, _)| self.chars(value)).chain([self.chars(last)]).max().unwrap_or(0)
            }
            Kind::Call(call) => self.call_chars(call, None),
            Kind::Pipe(first, calls) => calls.iter().fold(self.chars(first), |before, call| self.call_chars(call, Some(before))),
            Kind::List(items) => items.iter().map(|item| self.chars(item) + 2).sum(),
        }
    }

    fn call_chars(&self, call: &Call, piped: Option<usize>) -> usize {
        let mut args = piped.into_iter().chain(call.args.iter().map(|arg| self.chars(arg)));
        let first = args.next().unwrap_or(0);
        match call.function {
            Function::Len | Function::Number | Function::Round | Function::Abs | Function::Sum | Function::DaysUntil => NUMBER,
            Function::Contains | Function::Starts | Function::Ends | Function::Matches => 5,
            Function::Min | Function::Max => args.fold(first, usize::max),
            Function::Date => SHORT,
            Function::Money => MONEY,
            Function::Percent => NUMBER,
            Function::Join => first.max(TEXT),
            // A list of lines is as long as it is made: ten, or as many as it says.
            Function::Lines => {
                let most = call.args.last().and_then(|arg| match &arg.kind {
                    Kind::Constant(Value::Number(most)) if *most >= 0.0 => Some(*most as usize),
                    _ => None,
                });
                let line = call.args.iter().find_map(|arg| match &arg.kind {
                    Kind::Constant(Value::Text(line)) => Some(line.chars().count()),
                    _ => None,
                });
                most.unwrap_or(LINES).min(100) * (line.unwrap_or(TEXT) + 1)
            }
            _ => first,
        }
    }

    fn lacking(&self, node: &Node) -> Option<Part> {
        match &node.kind {
            Kind::Member(root, field) if self.known.member_lacks(*root, field) => {
                Part::of(node, ReferenceName::Member(*root, field.clone()))
            }
            Kind::Access(base, accesses) => self.lacking(base).or_else(|| match (&base.kind, accesses.first()) {
                (Kind::Variable(name), Some(Access::Index(at, _))) if self.known.is_maybe_empty_list(name) => match &at.kind {
                    Kind::Constant(Value::Text(_)) => None,
                    _ => Part::of(node, ReferenceName::Variable(name.clone())),
                },
                _ => None,
            }),
            Kind::Coalesce(parts) => {
                let mut all = parts.iter().map(|part| self.lacking(part)).collect::<Option<Vec<_>>>()?;
                (!all.is_empty()).then(|| all.swap_remove(0))
            }
            Kind::Choose(choices, last) => {
                // Whoever asks for it knows that it may be nothing.
                let asked = |part: &Part| choices.iter().any(|(_, condition)| part.names.iter().any(|n| reads(condition, n)));
                let values = choices.iter().map(|(value, _)| value).chain([&**last]);
                values.filter_map(|value| self.lacking(value)).find(|part| !asked(part))
            }
            Kind::Call(call) => {
                let first = call.args.first();
                self.after_call(call, first.and_then(|first| self.lacking(first)), first, node)
            }
            Kind::Pipe(first, calls) => {
                let mut part = self.lacking(first);
                for (i, call) in calls.iter().enumerate() {
                    part = self.after_call(call, part, (i == 0).then_some(&**first), node);
                }
                part
            }
            _ => None,
        }
    }

    fn after_call(&self, call: &Call, before: Option<Part>, first: Option<&Node>, whole: &Node) -> Option<Part> {
        match call.function.signature().null {
            OfNull::Value => None,
            OfNull::Null => before,
            OfNull::Always => before.or_else(|| {
                let Some(Kind::Variable(name)) = first.map(|first| &first.kind) else { return None };
                let can_be = match call.function {
                    Function::First | Function::Last => self.known.is_maybe_empty_list(name),
                    Function::Min | Function::Max => call.args.len() < 2 && self.known.is_maybe_empty_list(name),
                    _ => self.known.is_text(name),
                };
                if can_be { Part::of(whole, ReferenceName::Variable(name.clone())) } else { None }
            }),
        }
    }
}

fn written(value: &Value) -> usize {
    let mut out = String::new();
    write_text(value, &mut out);
    out.chars().count()
}

/// Whether a condition reads this name.
fn reads(node: &Node, name: &ReferenceName) -> bool {
    let any = |nodes: &[Node]| nodes.iter().any(|node| reads(node, name));
    match &node.kind {
        Kind::Constant(_) | Kind::Root(_) => false,
        Kind::Variable(variable) => matches!(name, ReferenceName::Variable(n) if n == variable),
        Kind::Member(root, field) => matches!(name, ReferenceName::Member(r, f) if r == root && f == field),
        Kind::Access(base, _) => reads(base, name),
        Kind::Negate(inner) | Kind::Not(inner) | Kind::Within { moment: inner, .. } => reads(inner, name),
        Kind::And(parts) | Kind::Or(parts) | Kind::Coalesce(parts) | Kind::List(parts) => any(parts),
        Kind::Compare(_, sides) | Kind::In { sides, .. } => reads(&sides.0, name) || reads(&sides.1, name),
        Kind::Arithmetic(first, rest) => reads(first, name) || rest.iter().any(|(_, node)| reads(node, name)),
        Kind::Choose(choices, last) => choices.iter().any(|(a, b)| reads(a, name) || reads(b, name)) || reads(last, name),
        Kind::Call(call) => any(&call.args),
        Kind::Pipe(first, calls) => reads(first, name) || calls.iter().any(|call| any(&call.args)),
    }
}
