//! Types before anything runs. What is not known is `any`, which agrees with everything: only what can never be right is a mistake.

use super::error::in_words;
use super::function::{Function, OfNull};
use super::node::{Access, Call, Comparison, Kind, Node};
use super::operate::{arithmetic_type, has_order};
use super::scope::{KEYWORDS, Root};
use super::types::{Inferred, MemberType, ProblemKind, RootType, TypeEnv, TypeProblem, compatible};
use crate::domain::value::{Type, Value};

type Found = Result<Inferred, TypeProblem>;

const ANYTHING: Inferred = Inferred::maybe(Type::Any);

pub(super) fn infer(source: &str, node: &Node, env: &dyn TypeEnv) -> Found {
    Inference { source, env }.of(node)
}

struct Inference<'a> {
    source: &'a str,
    env: &'a dyn TypeEnv,
}

impl Inference<'_> {
    fn of(&self, node: &Node) -> Found {
        match &node.kind {
            Kind::Constant(value) => Ok(value.kind().map_or(ANYTHING, Inferred::of)),
            Kind::Variable(name) => self.env.variable(name).ok_or_else(|| self.unknown_variable(node, name)),
            Kind::Root(root) => self.root(node, *root),
            Kind::Member(root, name) => self.member(node, *root, name),
            Kind::Access(base, accesses) => self.access(base, accesses),
            Kind::Negate(inner) => {
                let kind = self.of(inner)?;
                match kind.kind {
                    Type::Number | Type::Duration | Type::Any => Ok(Inferred::of(kind.kind)),
                    other => Err(self.problem(ProblemKind::Types, inner, format!("`-` cannot take {}", a(other)))),
                }
            }
            Kind::Not(inner) => self.of(inner).map(|_| Inferred::of(Type::Boolean)),
            Kind::And(parts) | Kind::Or(parts) => {
                parts.iter().try_for_each(|part| self.of(part).map(drop))?;
                Ok(Inferred::of(Type::Boolean))
            }
            Kind::Coalesce(parts) => {
                let types = parts.iter().map(|part| self.of(part)).collect::<Result<Vec<_>, _>>()?;
                let nullable = types.iter().all(|t| t.nullable);
                Ok(Inferred { kind: common(types.iter().map(|t| t.kind)), nullable })
            }
            Kind::Compare(comparison, sides) => self.compare(node, *comparison, sides),
            Kind::In { sides, .. } => self.inside(node, sides),
            Kind::Within { moment, hours, .. } => self.within(node, moment, hours),
            Kind::Arithmetic(first, rest) => {
                let mut kind = self.of(first)?.kind;
                for (operator, part) in rest {
                    let right = self.of(part)?.kind;
                    kind = arithmetic_type(*operator, kind, right).ok_or_else(|| {
                        let message = format!("`{}` cannot take {} and {}", operator.as_str(), a(kind), a(right));
                        let text = kind == Type::Text || right == Type::Text;
                        let help = "`number(x)` makes a number of a text, `text(x)` a text of a number";
                        let problem = self.between(ProblemKind::Types, node.from, part.to, message);
                        if text { with_help(problem, help.to_owned()) } else { problem }
                    })?;
                }
                Ok(Inferred::of(kind))
            }
            Kind::Choose(choices, last) => {
                let mut types = vec![self.of(last)?];
                for (value, condition) in choices {
                    self.of(condition)?;
                    types.push(self.of(value)?);
                }
                Ok(Inferred { kind: common(types.iter().map(|t| t.kind)), nullable: types.iter().any(|t| t.nullable) })
            }
            Kind::Call(call) => self.call(call, None),
            Kind::Pipe(first, calls) => {
                let mut before = (self.of(first)?, first.from, first.to);
                for call in calls {
                    before = (self.call(call, Some(before))?, first.from, call.to);
                }
                Ok(before.0)
            }
            Kind::List(items) => {
                items.iter().try_for_each(|item| self.of(item).map(drop))?;
                Ok(Inferred::of(Type::List))
            }
        }
    }

    fn unknown_variable(&self, node: &Node, name: &str) -> TypeProblem {
        let problem = self.problem(ProblemKind::UnknownName, node, format!("Unknown name `{name}`"));
        let lower = name.to_lowercase();
        let help = match nearest(name, self.env.variables().into_iter()) {
            _ if KEYWORDS.contains(&lower.as_str()) => format!("Write `{lower}`"),
            Some(near) => format!("Did you mean `{near}`?"),
            None if Function::parse(name).is_some() => format!("`{name}` is a function: write `{name}(…)`"),
            None => "Declare it under `needs` or `vars`, or `save` it; a text stands in quotes".to_owned(),
        };
        with_help(problem, help)
    }

    fn root(&self, node: &Node, root: Root) -> Found {
        match root {
            Root::Now => Ok(Inferred::of(Type::Moment)),
            Root::Today => Ok(Inferred::of(Type::Date)),
            other => match self.env.root(other) {
                RootType::Known(inferred) => Ok(inferred),
                RootType::NotHere => Err(self.not_here(node, other)),
            },
        }
    }

    fn not_here(&self, node: &Node, root: Root) -> TypeProblem {
        let (kind, message, help) = match root {
            Root::Event => (
                ProblemKind::EventNotHere,
                "`event` is readable only in `start` and `anytime`".to_owned(),
                "Put what you need into `with`",
            ),
            Root::Body => (ProblemKind::Reserved, "`body` is readable only in `save`".to_owned(), "Save it under a name first"),
            Root::Item => {
                (ProblemKind::Reserved, "`item` is readable only in the `label` of `pick`".to_owned(), "Use a variable")
            }
            other => (ProblemKind::Reserved, format!("`{other}` has no value here"), "Use a variable"),
        };
        with_help(self.problem(kind, node, message), help.to_owned())
    }

    fn member(&self, node: &Node, root: Root, name: &str) -> Found {
        let asked = !matches!(root, Root::Visits | Root::Hours);
        if asked && self.env.root(root) == RootType::NotHere {
            return Err(self.not_here(node, root));
        }
        let known = match self.env.member(root, name) {
            MemberType::Known(inferred) => return Ok(inferred),
            MemberType::Unknown(known) => known,
        };
        let (kind, message, help) = match root {
            Root::Contact => (
                ProblemKind::UnknownAttribute,
                format!("`contact.{name}` is not an attribute of this project"),
                "Declare it under `[attributes]`",
            ),
            Root::Visits => (ProblemKind::UnknownState, format!("There is no state `{name}`"), "Name a state of this flow"),
            Root::Hours => (ProblemKind::UnknownHours, format!("There are no hours `{name}`"), "Declare them under `[hours]`"),
            Root::Env => (ProblemKind::UnknownName, format!("Unknown name `env.{name}`"), "Declare it under `[env]`"),
            other => (ProblemKind::UnknownName, format!("Unknown name `{other}.{name}`"), "Look at the list of roots"),
        };
        let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("Did you mean `{root}.{near}`?"));
        Err(with_help(self.problem(kind, node, message), near.unwrap_or_else(|| help.to_owned())))
    }

    fn access(&self, base: &Node, accesses: &[Access]) -> Found {
        let Inferred { mut kind, mut nullable } = self.of(base)?;
        for access in accesses {
            let by_name = match access {
                Access::Field(name, _) => Some(&**name),
                Access::Index(Node { kind: Kind::Constant(Value::Text(name)), .. }, _) => Some(name.as_str()),
                Access::Index(index, _) => {
                    let by = self.of(index)?.kind;
                    if !compatible(by, Type::Number) && !compatible(by, Type::Text) {
                        let message = format!("`[ ]` takes a number or a text, not {}", a(by));
                        return Err(self.problem(ProblemKind::Types, index, message));
                    }
                    None
                }
            };
            (kind, nullable) = match (kind, by_name) {
                (Type::List, Some(_)) => (Type::List, nullable),
                (Type::List | Type::Map | Type::Any, _) => (Type::Any, true),
                // The answer to a choice is a text that also knows its label.
                (Type::Text, Some("label" | "id")) => (Type::Text, true),
                (other, Some(name)) => {
                    let message = format!("{} has no field `{name}`", capital(a(other)));
                    return Err(self.between(ProblemKind::Types, base.from, access.to(), message));
                }
                (other, None) => {
                    let message = format!("{} has no items", capital(a(other)));
                    return Err(self.between(ProblemKind::Types, base.from, access.to(), message));
                }
            };
        }
        Ok(Inferred { kind, nullable })
    }

    fn compare(&self, node: &Node, comparison: Comparison, sides: &(Node, Node)) -> Found {
        let (left, right) = (self.of(&sides.0)?.kind, self.of(&sides.1)?.kind);
        if !compatible(left, right) {
            let message = format!("`{}` compares {} with {}; they are never equal", self.text(node), a(left), a(right));
            let problem = self.problem(ProblemKind::Types, node, message);
            let help = match (left, right) {
                (Type::Text, Type::Number) | (Type::Number, Type::Text) => Some("`number(x)` makes a number of a text"),
                (Type::Date, Type::Moment) | (Type::Moment, Type::Date) => Some("`date(x)` is the day of a moment"),
                _ => None,
            };
            return Err(TypeProblem { help: help.map(str::to_owned), ..problem });
        }
        let unordered = [left, right].into_iter().find(|kind| !has_order(*kind));
        if let Some(kind) = unordered.filter(|_| !comparison.is_equality()) {
            let message = format!("`{}` compares what has no order: {}", self.text(node), a(kind));
            return Err(self.problem(ProblemKind::Types, node, message));
        }
        Ok(Inferred::of(Type::Boolean))
    }

    fn inside(&self, node: &Node, sides: &(Node, Node)) -> Found {
        let (part, whole) = (self.of(&sides.0)?.kind, self.of(&sides.1)?.kind);
        let possible = match whole {
            Type::List | Type::Any => true,
            Type::Map | Type::Text | Type::Phone | Type::Email => compatible(part, Type::Text),
            _ => false,
        };
        if !possible {
            let message = format!("`{}` looks for {} in {}; it is never there", self.text(node), a(part), a(whole));
            return Err(self.problem(ProblemKind::Types, node, message));
        }
        Ok(Inferred::of(Type::Boolean))
    }

    fn within(&self, node: &Node, moment: &Node, hours: &str) -> Found {
        let kind = self.of(moment)?.kind;
        if !compatible(kind, Type::Moment) {
            let message = format!("`hours.{hours}` are hours for a moment, not for {}", a(kind));
            return Err(with_help(self.problem(ProblemKind::Types, moment, message), "Ask `now in hours.…`".to_owned()));
        }
        self.member(node, Root::Hours, hours)?;
        Ok(Inferred::of(Type::Boolean))
    }

    fn call(&self, call: &Call, piped: Option<(Inferred, u16, u16)>) -> Found {
        let signature = call.function.signature();
        let mut args: Vec<(Inferred, u16, u16)> = piped.into_iter().collect();
        for arg in &call.args {
            args.push((self.of(arg)?, arg.from, arg.to));
        }
        for (i, (given, from, to)) in args.iter().enumerate() {
            let takes = signature.takes.get(i).copied().unwrap_or(&[]);
            if !takes.is_empty() && !takes.iter().any(|t| compatible(*t, given.kind)) {
                let message = format!("`{}` takes {}, not {}", signature.name, in_words(takes), a(given.kind));
                let problem = self.between(ProblemKind::Argument, *from, *to, message);
                let number = given.kind == Type::Text && takes.contains(&Type::Number);
                return Err(if number { with_help(problem, "`number(x)` makes a number of a text".to_owned()) } else { problem });
            }
        }
        let first = args.first().map_or(ANYTHING, |(inferred, ..)| *inferred);
        let kind = match (call.function, args.len()) {
            (Function::Date, 1) => Type::Date,
            (Function::Date, _) => Type::Text,
            (Function::Abs, _) => first.kind,
            (Function::Min | Function::Max, count) if count > 1 => common(args.iter().map(|(inferred, ..)| inferred.kind)),
            _ => signature.gives,
        };
        let nullable = match signature.null {
            OfNull::Null => first.nullable,
            OfNull::Value => false,
            OfNull::Always if call.function == Function::Number => first.nullable || first.kind != Type::Number,
            // Only a text can be unreadable, only a list can be empty, and a time has no day.
            OfNull::Always => first.nullable || matches!(first.kind, Type::Text | Type::List | Type::Any | Type::Time),
        };
        Ok(Inferred { kind, nullable })
    }

    fn text(&self, node: &Node) -> &str {
        self.source.get(usize::from(node.from)..usize::from(node.to)).unwrap_or(self.source)
    }

    fn problem(&self, kind: ProblemKind, node: &Node, message: String) -> TypeProblem {
        self.between(kind, node.from, node.to, message)
    }

    fn between(&self, kind: ProblemKind, from: u16, to: u16, message: String) -> TypeProblem {
        TypeProblem { kind, message, offset: usize::from(from), length: usize::from(to.saturating_sub(from)), help: None }
    }
}

fn with_help(problem: TypeProblem, help: String) -> TypeProblem {
    TypeProblem { help: Some(help), ..problem }
}

/// The one type of all, else `any`.
fn common(mut types: impl Iterator<Item = Type>) -> Type {
    let first = types.next().unwrap_or(Type::Any);
    if types.all(|t| t == first) { first } else { Type::Any }
}

fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let distance = |other: &&str| strsim::damerau_levenshtein(&lower, &other.to_lowercase());
    let most = 1 + name.chars().count() / 4;
    known.min_by_key(distance).filter(|near| distance(near) <= most)
}

/// `a number`, `text`.
fn a(kind: Type) -> &'static str {
    match kind {
        Type::Text => "a text",
        Type::Number => "a number",
        Type::Boolean => "a boolean",
        Type::Date => "a date",
        Type::Time => "a time",
        Type::Moment => "a moment",
        Type::Duration => "a duration",
        Type::Phone => "a phone number",
        Type::Email => "an email address",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Any => "any value",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
