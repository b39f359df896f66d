//! Which variables an expression needs a value of, and what a condition says of them: what the checker asks before anything runs.

use super::Expression;
use super::Root;
use super::function::OfNull;
use super::node::{Access, Call, Comparison, Kind, Node, Operator};
use crate::domain::value::Value;

impl Expression {
    /// The variables whose value it needs, each with its byte in the source. Not those that it only asks about (`x`, `x == null`, `x.type == "a"`),
    /// that it replaces (`x ?? 1`, `len(x)`), or that it reads only where they have a value (`x and x > 1`, `x.a if x else 0`).
    pub fn demands(&self) -> Vec<(&str, usize)> {
        let mut demand = Demand { present: Vec::new(), found: Vec::new() };
        demand.value(&self.0.node);
        demand.found
    }

    /// The same where only its truth counts: as a condition.
    pub fn demands_as_condition(&self) -> Vec<(&str, usize)> {
        let mut demand = Demand { present: Vec::new(), found: Vec::new() };
        demand.truth(&self.0.node);
        demand.found
    }

    /// The variables that certainly have no value, or one that counts as false, if the condition holds (or does not).
    pub fn absent_if(&self, holds: bool) -> Vec<&str> {
        let mut out = Vec::new();
        absent(&self.0.node, holds, &mut out);
        out
    }

    /// Whether it is the present, the beginning of the present day, or so long before one of them.
    pub fn is_not_later_than_now(&self) -> bool {
        let present = |node: &Node| matches!(node.kind, Kind::Root(Root::Now | Root::Today));
        present(&self.0.node)
            || matches!(&self.0.node.kind, Kind::Arithmetic(first, rest) if present(first) && rest.iter().all(is_span_less))
    }

    /// Whether it is so long before something that comes from elsewhere: `at - 1d`.
    pub fn is_so_long_before(&self) -> bool {
        let elsewhere = |node: &Node| matches!(node.kind, Kind::Variable(_) | Kind::Access(..));
        matches!(&self.0.node.kind, Kind::Arithmetic(first, rest) if elsewhere(first) && rest.iter().all(is_span_less))
    }
}

/// `- 1d`
fn is_span_less((operator, part): &(Operator, Node)) -> bool {
    *operator == Operator::Subtract && matches!(part.kind, Kind::Constant(Value::Duration(_)))
}

/// The variables that certainly have a value if a condition holds (or does not).
fn present<'n>(node: &'n Node, holds: bool, out: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Not(inner) => present(inner, !holds, out),
        Kind::And(parts) if holds => parts.iter().for_each(|part| present(part, true, out)),
        Kind::Or(parts) if !holds => parts.iter().for_each(|part| present(part, false, out)),
        Kind::And(parts) | Kind::Or(parts) => {
            let of = |part: &'n Node| {
                let mut one = Vec::new();
                present(part, holds, &mut one);
                one
            };
            let mut all = parts.iter().map(of);
            let first = all.next().unwrap_or_default();
            let common = all.fold(first, |common, one| common.into_iter().filter(|name| one.contains(name)).collect());
            out.extend(common);
        }
        Kind::Compare(comparison, sides) => {
            let equal = match comparison {
                Comparison::Equal => holds,
                Comparison::NotEqual => !holds,
                // Nothing comes before or after what has no value.
                _ if holds => return [&sides.0, &sides.1].into_iter().for_each(|side| read(side, out)),
                _ => return,
            };
            for (side, other) in [(&sides.0, &sides.1), (&sides.1, &sides.0)] {
                let null = matches!(other.kind, Kind::Constant(Value::Null));
                if null != equal && matches!(other.kind, Kind::Constant(_)) {
                    read(side, out);
                }
            }
        }
        Kind::In { sides, negated } if holds != *negated => read(&sides.1, out),
        Kind::Within { moment, negated, .. } if holds != *negated => read(moment, out),
        _ if holds => read(node, out),
        _ => {}
    }
}

/// The variable without which a part would have no value.
fn read<'n>(node: &'n Node, out: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Variable(name) => out.push(name),
        Kind::Access(base, _) | Kind::Pipe(base, _) => read(base, out),
        Kind::Call(call) => call.args.first().into_iter().for_each(|first| read(first, out)),
        _ => {}
    }
}

fn absent<'n>(node: &'n Node, holds: bool, out: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Variable(name) if !holds => out.push(name),
        Kind::Not(inner) => absent(inner, !holds, out),
        Kind::And(parts) if holds => parts.iter().for_each(|part| absent(part, true, out)),
        Kind::Or(parts) if !holds => parts.iter().for_each(|part| absent(part, false, out)),
        Kind::Compare(comparison, sides) if comparison.is_equality() && holds == (*comparison == Comparison::Equal) => {
            for (side, other) in [(&sides.0, &sides.1), (&sides.1, &sides.0)] {
                if let (Kind::Variable(name), Kind::Constant(Value::Null)) = (&side.kind, &other.kind) {
                    out.push(name);
                }
            }
        }
        _ => {}
    }
}

struct Demand<'n> {
    /// What has a value where the walk is.
    present: Vec<&'n str>,
    found: Vec<(&'n str, usize)>,
}

impl<'n> Demand<'n> {
    /// A part that must have a value.
    fn value(&mut self, node: &'n Node) {
        match &node.kind {
            Kind::Variable(name) => {
                if !self.present.contains(&&**name) {
                    self.found.push((name, usize::from(node.from)));
                }
            }
            Kind::Constant(_) | Kind::Root(_) | Kind::Member(..) => {}
            Kind::Access(base, accesses) => {
                self.value(base);
                self.indexes(accesses);
            }
            Kind::Negate(inner) => self.value(inner),
            Kind::Coalesce(parts) => self.coalesce(parts, Self::value),
            Kind::Arithmetic(first, rest) => {
                self.value(first);
                rest.iter().for_each(|(_, part)| self.value(part));
            }
            Kind::Choose(choices, last) => {
                let outer = self.present.len();
                for (value, condition) in choices {
                    self.truth(condition);
                    let before = self.present.len();
                    present(condition, true, &mut self.present);
                    self.value(value);
                    self.present.truncate(before);
                    present(condition, false, &mut self.present);
                }
                self.value(last);
                self.present.truncate(outer);
            }
            Kind::Call(call) => self.call(call, None, Self::value),
            Kind::Pipe(first, calls) => self.pipe(first, calls, Self::value),
            Kind::List(items) => items.iter().for_each(|item| self.value(item)),
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) | Kind::In { .. } | Kind::Within { .. } => {
                self.truth(node);
            }
        }
    }

    /// A part that may have none.
    fn perhaps(&mut self, node: &'n Node) {
        match &node.kind {
            Kind::Variable(_) => {}
            Kind::Access(base, accesses) => {
                self.perhaps(base);
                self.indexes(accesses);
            }
            Kind::Call(call) => self.call(call, None, Self::perhaps),
            Kind::Pipe(first, calls) => self.pipe(first, calls, Self::perhaps),
            Kind::Coalesce(parts) => self.coalesce(parts, Self::perhaps),
            _ => self.value(node),
        }
    }

    /// A part whose truth alone counts.
    fn truth(&mut self, node: &'n Node) {
        match &node.kind {
            Kind::Not(inner) => self.truth(inner),
            Kind::And(parts) => self.parts(parts, true),
            Kind::Or(parts) => self.parts(parts, false),
            Kind::Compare(comparison, sides) if comparison.is_equality() => {
                for side in [&sides.0, &sides.1] {
                    match &side.kind {
                        Kind::Variable(_) | Kind::Access(..) => self.perhaps(side),
                        _ => self.value(side),
                    }
                }
            }
            Kind::Compare(_, sides) => {
                self.value(&sides.0);
                self.value(&sides.1);
            }
            Kind::In { sides, .. } => {
                self.perhaps(&sides.0);
                self.perhaps(&sides.1);
            }
            Kind::Within { moment, .. } => self.value(moment),
            _ => self.perhaps(node),
        }
    }

    /// Each part is looked at only where those before it left it open.
    fn parts(&mut self, parts: &'n [Node], holds: bool) {
        let outer = self.present.len();
        for part in parts {
            self.truth(part);
            present(part, holds, &mut self.present);
        }
        self.present.truncate(outer);
    }

    fn coalesce(&mut self, parts: &'n [Node], last: fn(&mut Self, &'n Node)) {
        if let Some((end, parts)) = parts.split_last() {
            parts.iter().for_each(|part| self.perhaps(part));
            last(self, end);
        }
    }

    /// A function that gives a value for nothing needs none; one that gives nothing for nothing needs one as much as its own value is needed.
    fn call(&mut self, call: &'n Call, first: Option<&'n Node>, walk: fn(&mut Self, &'n Node)) {
        let walk = if call.function.signature().null == OfNull::Value { Self::perhaps } else { walk };
        first.into_iter().chain(&call.args).for_each(|arg| walk(self, arg));
    }

    fn pipe(&mut self, first: &'n Node, calls: &'n [Call], walk: fn(&mut Self, &'n Node)) {
        // What the last call needs decides; one of those before may make something of nothing.
        let gives = calls.iter().any(|call| call.function.signature().null == OfNull::Value);
        if gives {
            self.perhaps(first)
        } else {
            walk(self, first)
        }
        for call in calls {
            call.args.iter().for_each(|arg| walk(self, arg));
        }
    }

    fn indexes(&mut self, accesses: &'n [Access]) {
        for access in accesses {
            if let Access::Index(index, _) = access {
                self.value(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> String {
        let expression = Expression::parse(source).expect("an expression");
        expression.demands().iter().map(|(name, offset)| format!("{name}{offset}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_only_asked_about_or_replaced_is_not_needed() {
        for (source, expected) in [
            ("x", "x0"),
            ("x + y", "x0 y4"),
            ("x.label", "x0"),
            ("x | upper", "x0"),
            ("upper(x) | lower", "x6"),
            ("x ?? y", "y5"),
            ("x ?? 'nobody'", ""),
            ("(date(due) | date('d MMM')) ?? 'soon'", ""),
            ("(x + 1) ?? 0", "x1"),
            ("len(x)", ""),
            ("x and x > 3", ""),
            ("x > 3", "x0"),
            ("not x or x > 3", ""),
            ("x == 3", ""),
            ("x != null and x.size > y", "y23"),
            ("x.type == 'a'", ""),
            ("'a' in x", ""),
            ("x.a if x else 'none'", ""),
            ("'none' if x == null else x.a", ""),
            ("x.a if y else z", "x0 z14"),
            ("address and lower(event.email) == lower(address)", ""),
            ("lower(event.email) == lower(address)", "address28"),
            ("[x, 1]", "x1"),
            ("list[i]", "list0 i5"),
            ("x | json", ""),
            ("lines(x, '{a}')", ""),
        ] {
            assert_eq!(of(source), expected, "{source}");
        }
    }

    #[test]
    fn a_condition_says_what_has_no_value() {
        let of = |source: &str, holds| Expression::parse(source).expect("an expression").absent_if(holds).join(" ");
        assert_eq!(of("x", false), "x");
        assert_eq!(of("x", true), "");
        assert_eq!(of("not x and y == null", true), "x y");
        assert_eq!(of("x != null", false), "x");
        assert_eq!(of("x == 3", false), "");
        assert_eq!(of("x or y", false), "x y");
    }
}
