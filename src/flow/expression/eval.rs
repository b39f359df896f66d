//! Evaluation: one walk over the tree, counted in steps. Values that exist are borrowed, not copied.

use super::access::{field, item};
use super::apply::apply;
use super::error::{EvalError, EvalProblem};
use super::moment::local;
use super::node::{Access, Call, Comparison, Kind, Node};
use super::operate::{arithmetic, equal, order, weight, within_depth};
use super::scope::{Note, NoteKind, Root, Scope};
use super::types::compatible;
use crate::domain::limits::EXPRESSION_STEPS;
use crate::domain::value::{Type, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

/// One evaluation.
pub(super) struct Machine<'a> {
    pub scope: &'a dyn Scope,
    source: &'a str,
    steps: u32,
}

impl<'a> Machine<'a> {
    pub fn new(source: &'a str, scope: &'a dyn Scope) -> Self {
        Machine { scope, source, steps: 0 }
    }

    /// Counts work that is about to be done.
    pub fn spend(&mut self, steps: usize) -> Result<(), EvalProblem> {
        self.steps = self.steps.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps > EXPRESSION_STEPS { Err(EvalProblem::Steps) } else { Ok(()) }
    }

    /// The value as one's own. A copy counts by its size.
    pub fn own(&mut self, value: Cow<'a, Value>) -> Result<Value, EvalProblem> {
        if let Cow::Borrowed(value) = &value {
            self.spend(weight(value) as usize)?;
        }
        Ok(value.into_owned())
    }

    pub fn note(&self, from: u16, to: u16, kind: NoteKind) {
        let source = self.source.get(usize::from(from)..usize::from(to)).unwrap_or(self.source);
        self.scope.note(Note { source, kind });
    }

    pub fn eval(&mut self, node: &'a Node) -> Evaluated<'a> {
        self.spend(1).map_err(at(node))?;
        match &node.kind {
            Kind::Constant(value) => Ok(Cow::Borrowed(value)),
            Kind::Variable(name) => {
                let unknown = || at(node)(EvalProblem::UnknownName(name.to_string()));
                self.scope.variable(name).ok_or_else(unknown)
            }
            Kind::Root(root) => self.root(*root).map_err(at(node)),
            Kind::Member(root, name) => Ok(self.scope.member(*root, name).unwrap_or(Cow::Owned(match root {
                Root::Visits => Value::Number(0.0),
                _ => Value::Null,
            }))),
            Kind::Access(base, accesses) => self.access(node, base, accesses),
            Kind::Negate(inner) => match *self.eval(inner)? {
                // From 0, so that there is no -0.
                Value::Number(n) => Ok(Cow::Owned(Value::Number(0.0 - n))),
                Value::Duration(span) => Ok(Cow::Owned(Value::Duration(crate::domain::time::Span(span.0.saturating_neg())))),
                ref other => Err(at(node)(EvalProblem::Argument {
                    function: "-",
                    position: 1,
                    expected: &[Type::Number, Type::Duration],
                    given: other.kind(),
                })),
            },
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) | Kind::In { .. } | Kind::Within { .. } => {
                self.decide(node).map(|holds| Cow::Owned(Value::Bool(holds)))
            }
            Kind::Coalesce(parts) => {
                let mut value = Cow::Owned(Value::Null);
                for part in parts {
                    value = self.eval(part)?;
                    if *value != Value::Null {
                        break;
                    }
                }
                Ok(value)
            }
            Kind::Arithmetic(first, rest) => {
                let mut value = self.eval(first)?;
                for (operator, part) in rest {
                    let right = self.eval(part)?;
                    // Only texts and lists are larger than one step.
                    self.spend(size(&value) + size(&right)).map_err(at(node))?;
                    value = Cow::Owned(arithmetic(*operator, &value, &right).map_err(between(node.from, part.to))?);
                }
                Ok(value)
            }
            Kind::Choose(choices, last) => {
                for (value, condition) in choices {
                    if self.holds(condition)? {
                        return self.eval(value);
                    }
                }
                self.eval(last)
            }
            Kind::Call(call) => self.call(call, None),
            Kind::Pipe(first, calls) => {
                let mut value = self.eval(first)?;
                for call in calls {
                    value = self.call(call, Some(value))?;
                }
                Ok(value)
            }
            Kind::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let value = self.eval(item)?;
                    list.push(self.own(value).map_err(at(node))?);
                }
                within_depth(Value::List(list)).map(Cow::Owned).map_err(at(node))
            }
        }
    }

    /// Whether a condition holds; without a value for it where that is not needed.
    pub fn holds(&mut self, node: &'a Node) -> Result<bool, EvalError> {
        match &node.kind {
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) | Kind::In { .. } | Kind::Within { .. } => {
                self.spend(1).map_err(at(node))?;
                self.decide(node)
            }
            _ => self.eval(node).map(|value| value.is_true()),
        }
    }

    fn decide(&mut self, node: &'a Node) -> Result<bool, EvalError> {
        match &node.kind {
            Kind::Not(inner) => self.holds(inner).map(|holds| !holds),
            Kind::And(parts) => {
                for part in parts {
                    if !self.holds(part)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Or(parts) => {
                for part in parts {
                    if self.holds(part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::Compare(comparison, sides) => self.compare(node, *comparison, sides),
            Kind::In { sides, negated } => {
                let (left, right) = (self.eval(&sides.0)?, self.eval(&sides.1)?);
                self.contains(node.from, node.to, &right, &left).map_err(at(node)).map(|inside| inside != *negated)
            }
            Kind::Within { moment, hours, negated } => {
                let inside = match *self.eval(moment)? {
                    Value::Moment(moment) => {
                        let unknown = || at(node)(EvalProblem::UnknownHours(hours.to_string()));
                        self.scope.within_hours(hours, moment).ok_or_else(unknown)?
                    }
                    ref other => {
                        self.note(node.from, node.to, NoteKind::DifferentTypes(other.kind(), Some(Type::Moment)));
                        false
                    }
                };
                Ok(inside != *negated)
            }
            // The two callers come here for the kinds above only.
            _ => self.eval(node).map(|value| value.is_true()),
        }
    }

    fn root(&mut self, root: Root) -> Result<Cow<'a, Value>, EvalProblem> {
        match root {
            Root::Now => Ok(Cow::Owned(Value::Moment(self.scope.now()))),
            Root::Today => self.today().map(|day| Cow::Owned(Value::Date(day))),
            other => self.scope.root(other).ok_or(EvalProblem::NotHere(other.as_str())),
        }
    }

    pub fn today(&self) -> Result<jiff::civil::Date, EvalProblem> {
        let now = local(self.scope.now(), self.scope.timezone());
        now.map(jiff::civil::DateTime::date).ok_or(EvalProblem::OutOfRange)
    }

    fn access(&mut self, node: &'a Node, base: &'a Node, accesses: &'a [Access]) -> Evaluated<'a> {
        let mut value = self.eval(base)?;
        for access in accesses {
            let problem = between(node.from, access.to());
            value = match access {
                Access::Field(name, to) => self.field(value, name, node.from, *to).map_err(problem)?,
                Access::Index(index, to) => {
                    let index = self.eval(index)?;
                    match &*index {
                        Value::Number(place) => match &*value {
                            Value::List(_) => item(value, *place).unwrap_or_default(),
                            Value::Null => Cow::Owned(Value::Null),
                            other => return Err(problem(EvalProblem::Operator("[ ]", other.kind(), Some(Type::Number)))),
                        },
                        other => match other.as_text() {
                            Some(name) => self.field(value, name, node.from, *to).map_err(problem)?,
                            None => return Err(problem(EvalProblem::Operator("[ ]", value.kind(), other.kind()))),
                        },
                    }
                }
            };
        }
        Ok(value)
    }

    fn field(&mut self, value: Cow<'a, Value>, name: &str, from: u16, to: u16) -> Result<Cow<'a, Value>, EvalProblem> {
        match &*value {
            Value::Null | Value::Map(_) | Value::Choice { .. } => Ok(field(value, name).unwrap_or_default()),
            Value::List(items) => {
                self.spend(items.len())?;
                let list = field(value, name).unwrap_or_default();
                self.spend(weight(&list) as usize)?;
                Ok(list)
            }
            other => {
                if let Some(kind) = other.kind() {
                    self.note(from, to, NoteKind::NoFields(kind));
                }
                Ok(Cow::Owned(Value::Null))
            }
        }
    }

    fn compare(&mut self, node: &'a Node, comparison: Comparison, sides: &'a (Node, Node)) -> Result<bool, EvalError> {
        let (left, right) = (self.eval(&sides.0)?, self.eval(&sides.1)?);
        self.spend(size(&left).min(size(&right))).map_err(at(node))?;
        let (a, b) = (left.kind(), right.kind());
        if comparison.is_equality() {
            if let (Some(known_a), Some(known_b)) = (a, b)
                && !compatible(known_a, known_b)
            {
                self.note(node.from, node.to, NoteKind::DifferentTypes(a, b));
            }
            return Ok(equal(&left, &right) == (comparison == Comparison::Equal));
        }
        let Some(order) = order(&left, &right) else {
            self.note(node.from, node.to, NoteKind::DifferentTypes(a, b));
            return Ok(false);
        };
        Ok(match comparison {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        })
    }

    /// `in` and `contains`: an item of a list, a part of a text, a name in a map. Nothing contains nothing.
    pub fn contains(&mut self, from: u16, to: u16, whole: &Value, part: &Value) -> Result<bool, EvalProblem> {
        self.spend(size(whole))?;
        match (whole, part) {
            (Value::Null, _) => Ok(false),
            (Value::List(items), part) => Ok(items.iter().any(|item| equal(item, part))),
            (whole, part) => match (whole, whole.as_text(), part.as_text()) {
                (Value::Map(map), _, Some(name)) => Ok(map.contains_key(name)),
                (_, Some(text), Some(part)) => Ok(text.contains(part)),
                _ => {
                    self.note(from, to, NoteKind::DifferentTypes(part.kind(), whole.kind()));
                    Ok(false)
                }
            },
        }
    }

    fn call(&mut self, call: &'a Call, piped: Option<Cow<'a, Value>>) -> Evaluated<'a> {
        let here = between(call.from, call.to);
        self.spend(1).map_err(between(call.from, call.to))?;
        let mut args = Vec::with_capacity(call.args.len() + 1);
        args.extend(piped);
        for arg in &call.args {
            args.push(self.eval(arg)?);
        }
        apply(self, call, args).map_err(here)
    }
}

/// The steps that a look at the whole value costs.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() / 64,
        Value::List(_) | Value::Map(_) => weight(value) as usize,
        _ => 0,
    }
}

fn at(node: &Node) -> impl FnOnce(EvalProblem) -> EvalError {
    between(node.from, node.to)
}

fn between(from: u16, to: u16) -> impl FnOnce(EvalProblem) -> EvalError {
    move |problem| EvalError { problem, offset: u32::from(from), length: u32::from(to.saturating_sub(from)) }
}
