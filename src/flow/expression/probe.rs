//! What an expression asks of the values that it reads: compared with what, taken as true or not, used as what. Whoever
//! makes up data for a flow learns from it which values take both ways of a condition.

use super::function::Function;
use super::node::{Access, Call, Comparison, Kind, Node};
use super::scope::Root;
use super::{Expression, Template, ValueTemplate};
use crate::domain::value::{Type, Value};

/// The field that stands for the items of a list.
pub const ITEM: &str = "[]";

/// A place that an expression reads: a variable or a root, then fields; `ITEM` for an item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// What is read.
    pub root: PathRoot,
    /// Fields from the outside in.
    pub fields: Vec<Box<str>>,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathRoot {
    /// A variable.
    Variable(Box<str>),
    /// `event`, `body`, `contact` …
    Root(Root),
}

/// What an expression asks of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// It is only read.
    Read,
    /// It is used as this type.
    As(Type),
    /// Whether it is true, or that it is not.
    Truth(bool),
    /// Whether it is this.
    Equal(Value),
    /// Whether it is not this.
    Unequal(Value),
    /// How it stands to this; what holds is this (0), more (1) or less (-1).
    Order(Value, i8),
    /// It is compared with what stands there.
    SameAs(Path),
    /// How many days away it is is compared with this.
    DaysAway(f64),
    /// Its length is compared with this.
    Length(f64),
    /// It is asked whether this is in it.
    Holds(Value),
    /// It is asked whether it begins or ends with this.
    Part(String),
}

/// One question to one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Which value.
    pub path: Path,
    /// What is asked.
    pub asked: Asked,
}

impl Expression {
    /// What it asks of each value that it reads; as a `condition` its own truth counts too.
    pub fn probes(&self, condition: bool) -> Vec<Probe> {
        let mut out = Vec::new();
        if condition {
            truth(&self.0.node, true, &mut out);
        } else {
            see(&self.0.node, &mut out);
        }
        out
    }

    /// The places whose value it may pass on, as it is or in another spelling.
    pub fn passes_on(&self) -> Vec<Path> {
        carried(&self.0.node)
    }
}

impl Template {
    /// The places whose value it may pass on: only if it is exactly one `{{ }}`.
    pub fn passes_on(&self) -> Vec<Path> {
        self.single().map(Expression::passes_on).unwrap_or_default()
    }
}

impl ValueTemplate {
    /// The places whose value it may pass on.
    pub fn passes_on(&self) -> Vec<Path> {
        match self {
            ValueTemplate::Text(template) => template.passes_on(),
            _ => Vec::new(),
        }
    }
}

/// The place that a node reads, if it reads one.
fn place(node: &Node) -> Option<Path> {
    match &node.kind {
        Kind::Variable(name) => Some(Path { root: PathRoot::Variable(name.clone()), fields: Vec::new() }),
        Kind::Root(Root::Now | Root::Today) => None,
        Kind::Root(root) => Some(Path { root: PathRoot::Root(*root), fields: Vec::new() }),
        Kind::Member(root, name) => Some(Path { root: PathRoot::Root(*root), fields: vec![name.clone()] }),
        Kind::Access(base, accesses) => {
            let mut path = place(base)?;
            for access in accesses {
                path.fields.push(match access {
                    Access::Field(name, _) => name.clone(),
                    Access::Index(index, _) => match &index.kind {
                        Kind::Constant(Value::Text(name)) => name.as_str().into(),
                        _ => ITEM.into(),
                    },
                });
            }
            Some(path)
        }
        _ => None,
    }
}

/// Functions that give their first value in another spelling.
fn keeps(function: Function) -> bool {
    use Function::{Abs, Date, Lower, Number, Round, Sort, Text, Title, Trim, Unique, Upper};
    matches!(function, Upper | Lower | Title | Trim | Text | Number | Round | Abs | Date | Sort | Unique)
}

/// The places whose value a node may have.
fn carried(node: &Node) -> Vec<Path> {
    match &node.kind {
        Kind::Coalesce(parts) => parts.iter().flat_map(carried).collect(),
        Kind::Choose(choices, last) => choices.iter().flat_map(|(value, _)| carried(value)).chain(carried(last)).collect(),
        Kind::Call(call) if keeps(call.function) => call.args.first().map(carried).unwrap_or_default(),
        Kind::Call(call) if matches!(call.function, Function::First | Function::Last) => {
            call.args.first().map(carried).unwrap_or_default().into_iter().map(item_of).collect()
        }
        Kind::Pipe(first, calls) if calls.iter().all(|call| keeps(call.function)) => carried(first),
        Kind::Pipe(first, calls) if calls.iter().all(|c| matches!(c.function, Function::First | Function::Last)) => {
            carried(first).into_iter().map(item_of).collect()
        }
        _ => place(node).into_iter().collect(),
    }
}

fn item_of(mut path: Path) -> Path {
    path.fields.push(ITEM.into());
    path
}

fn constant(node: &Node) -> Option<Value> {
    match &node.kind {
        Kind::Constant(value) => Some(value.clone()),
        Kind::Negate(inner) => match constant(inner)? {
            Value::Number(n) => Some(Value::Number(-n)),
            _ => None,
        },
        _ => None,
    }
}

/// What of the calendar a node is reckoned from.
fn calendar(node: &Node) -> Option<Type> {
    match &node.kind {
        Kind::Root(Root::Now) => Some(Type::Moment),
        Kind::Root(Root::Today) => Some(Type::Date),
        Kind::Arithmetic(first, rest) => calendar(first).or_else(|| rest.iter().find_map(|(_, part)| calendar(part))),
        _ => None,
    }
}

fn ask(paths: Vec<Path>, asked: &Asked, out: &mut Vec<Probe>) {
    out.extend(paths.into_iter().map(|path| Probe { path, asked: asked.clone() }));
}

/// A node whose truth decides.
fn truth(node: &Node, wanted: bool, out: &mut Vec<Probe>) {
    match &node.kind {
        Kind::Not(inner) => truth(inner, !wanted, out),
        Kind::And(parts) | Kind::Or(parts) => parts.iter().for_each(|part| truth(part, wanted, out)),
        _ => {
            ask(carried(node), &Asked::Truth(wanted), out);
            see(node, out);
        }
    }
}

fn see(node: &Node, out: &mut Vec<Probe>) {
    match &node.kind {
        Kind::Constant(_) => {}
        Kind::Variable(_) | Kind::Root(_) | Kind::Member(..) => ask(place(node).into_iter().collect(), &Asked::Read, out),
        Kind::Access(base, accesses) => {
            match place(node) {
                Some(path) => ask(vec![path], &Asked::Read, out),
                None => see(base, out),
            }
            for access in accesses {
                if let Access::Index(index, _) = access {
                    see(index, out);
                }
            }
        }
        Kind::Negate(inner) => see(inner, out),
        Kind::Not(_) | Kind::And(_) | Kind::Or(_) => truth(node, true, out),
        Kind::Coalesce(parts) | Kind::List(parts) => parts.iter().for_each(|part| see(part, out)),
        Kind::Compare(comparison, sides) => {
            let (left, right) = (&sides.0, &sides.1);
            compared(left, right, *comparison, out);
            compared(right, left, turned(*comparison), out);
            see(left, out);
            see(right, out);
        }
        Kind::In { sides, negated } => {
            let (part, whole) = (&sides.0, &sides.1);
            let one_of = |value: Value| if *negated { Asked::Unequal(value) } else { Asked::Equal(value) };
            if let Kind::List(items) = &whole.kind {
                let values = items.iter().filter_map(constant);
                values.for_each(|value| ask(carried(part), &one_of(value), out));
            }
            if let Kind::Constant(Value::List(values)) = &whole.kind {
                values.iter().for_each(|value| ask(carried(part), &one_of(value.clone()), out));
            }
            if let Some(value) = constant(part) {
                ask(carried(whole), &Asked::Holds(value), out);
            }
            see(part, out);
            see(whole, out);
        }
        Kind::Within { moment, .. } => {
            ask(carried(moment), &Asked::As(Type::Moment), out);
            see(moment, out);
        }
        Kind::Arithmetic(first, rest) => {
            let kind = calendar(node).unwrap_or(Type::Number);
            for part in std::iter::once(&**first).chain(rest.iter().map(|(_, part)| part)) {
                ask(carried(part), &Asked::As(kind), out);
                see(part, out);
            }
        }
        Kind::Choose(choices, last) => {
            for (value, condition) in choices {
                truth(condition, true, out);
                see(value, out);
            }
            see(last, out);
        }
        Kind::Call(call) => {
            used(call, call.args.first(), call.args.get(1), out);
            call.args.iter().for_each(|arg| see(arg, out));
        }
        Kind::Pipe(first, calls) => {
            if let Some(call) = calls.first() {
                used(call, Some(first), call.args.first(), out);
            }
            see(first, out);
            calls.iter().flat_map(|call| &call.args).for_each(|arg| see(arg, out));
        }
    }
}

/// The comparison with its sides exchanged.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => comparison,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// One side of a comparison with the other.
fn compared(one: &Node, other: &Node, comparison: Comparison, out: &mut Vec<Probe>) {
    if let Some(value) = constant(other) {
        if let (Some((function, inner)), Some(n)) = (measured(one), value.as_number()) {
            let asked = if function == Function::Len { Asked::Length(n) } else { Asked::DaysAway(n) };
            ask(carried(inner), &asked, out);
            return;
        }
        let asked = match comparison {
            Comparison::Equal => Asked::Equal(value),
            Comparison::NotEqual => Asked::Unequal(value),
            Comparison::Greater => Asked::Order(value, 1),
            Comparison::Less => Asked::Order(value, -1),
            Comparison::GreaterOrEqual | Comparison::LessOrEqual => Asked::Order(value, 0),
        };
        ask(carried(one), &asked, out);
        return;
    }
    if let Some(kind) = calendar(other) {
        ask(carried(one), &Asked::As(kind), out);
        return;
    }
    for path in carried(other) {
        ask(carried(one), &Asked::SameAs(path), out);
    }
}

/// `len(x)`, `days_until(x)` and what is in them.
fn measured(node: &Node) -> Option<(Function, &Node)> {
    let (function, inner) = match &node.kind {
        Kind::Call(call) => (call.function, call.args.first()?),
        Kind::Pipe(first, calls) => (calls.last().filter(|_| calls.len() == 1)?.function, &**first),
        _ => return None,
    };
    matches!(function, Function::Len | Function::DaysUntil).then_some((function, inner))
}

/// What a function asks of its first value.
fn used(call: &Call, first: Option<&Node>, second: Option<&Node>, out: &mut Vec<Probe>) {
    let Some(first) = first else { return };
    let text = || match second.and_then(constant) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let asked = match call.function {
        Function::Round | Function::Abs | Function::Money | Function::Percent => Asked::As(Type::Number),
        Function::Date | Function::DaysUntil => Asked::As(Type::Date),
        Function::Join | Function::Sum | Function::First | Function::Last | Function::Sort | Function::Unique => {
            Asked::As(Type::List)
        }
        Function::Lines => {
            for name in text().iter().flat_map(|pattern| fields_of(pattern)) {
                let paths = carried(first).into_iter().map(item_of).map(|mut path| {
                    path.fields.push(name.as_str().into());
                    path
                });
                ask(paths.collect(), &Asked::Read, out);
            }
            Asked::As(Type::List)
        }
        Function::Contains => match second.and_then(constant) {
            Some(value) => Asked::Holds(value),
            None => return,
        },
        Function::Starts | Function::Ends => match text() {
            Some(text) => Asked::Part(text),
            None => return,
        },
        _ => return,
    };
    ask(carried(first), &asked, out);
}

/// The names in `{fund}: {amount}`.
fn fields_of(pattern: &str) -> Vec<String> {
    let parts = pattern.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, condition: bool) -> Vec<String> {
        let expression = Expression::parse(source).expect(source);
        let root = |path: &Path| match &path.root {
            PathRoot::Variable(name) => name.to_string(),
            PathRoot::Root(root) => root.to_string(),
        };
        let path = |path: &Path| {
            std::iter::once(root(path)).chain(path.fields.iter().map(|f| f.to_string())).collect::<Vec<_>>().join(".")
        };
        let one = |probe: Probe| match &probe.asked {
            Asked::Read => None,
            Asked::SameAs(other) => Some(format!("{} ~ {}", path(&probe.path), path(other))),
            Asked::Equal(value) => Some(format!("{} = {}", path(&probe.path), value.to_json())),
            Asked::Unequal(value) => Some(format!("{} != {}", path(&probe.path), value.to_json())),
            Asked::Order(value, holds) => Some(format!("{} <> {} {holds:+}", path(&probe.path), value.to_json())),
            Asked::Holds(value) => Some(format!("{} holds {}", path(&probe.path), value.to_json())),
            other => Some(format!("{} {other:?}", path(&probe.path))),
        };
        expression.probes(condition).into_iter().filter_map(one).collect()
    }

    #[test]
    fn what_a_condition_asks_is_found() {
        for (source, wanted) in [
            ("customer.type == \"power\"", vec!["customer.type = \"power\""]),
            ("score >= 9 and contact.vip", vec!["score <> 9 +0", "contact.vip Truth(true)"]),
            (
                "number and upper(event.order) == number",
                vec!["number Truth(true)", "event.order ~ number", "number ~ event.order"],
            ),
            ("plan in [\"a\", \"b\"]", vec!["plan = \"a\"", "plan = \"b\""]),
            ("\"news\" in contact.tags", vec!["contact.tags holds \"news\""]),
            ("len(items) > 3", vec!["items Length(3.0)"]),
            ("(x ?? 0) < -2", vec!["x <> -2 -1"]),
            ("due < today", vec!["due As(Date)"]),
            ("now - at > 2d", vec!["at As(Moment)"]),
            ("days_until(due) <= 3", vec!["due DaysAway(3.0)", "due As(Date)"]),
            ("not done", vec!["done Truth(false)"]),
            ("kind != \"spam\" and 3 < n", vec!["kind != \"spam\"", "n <> 3 +1"]),
            ("starts(code, \"DE\")", vec!["code Part(\"DE\")"]),
        ] {
            assert_eq!(shown(source, true), wanted, "{source}");
        }
    }

    #[test]
    fn a_value_says_what_it_is_used_as() {
        assert_eq!(shown("body.total | money('EUR')", false), ["body.total As(Number)"]);
        assert_eq!(shown("lines(batch, '{fund}: {amount}', 10)", false), ["batch As(List)"]);
        let lines = Expression::parse("lines(batch, '{fund}: {amount}', 10)").expect("lines");
        let fields: Vec<_> = lines.probes(false).into_iter().map(|probe| probe.path.fields.join(".")).collect();
        assert!(fields.contains(&"[].fund".to_owned()) && fields.contains(&"[].amount".to_owned()), "{fields:?}");
        let passes = |source: &str| Expression::parse(source).expect(source).passes_on().len();
        assert_eq!((passes("upper(body.x)"), passes("a ?? b"), passes("a + 1"), passes("x | trim | lower")), (1, 2, 0, 1));
    }
}
