//! Types before anything runs. What is not known is `any`, which agrees with everything: only what can never be right is a mistake.

use super::error::in_words;
use super::function::{Function, OfNull};
use super::node::{Call, Kind, Node};
use super::operate::arithmetic_type;
use super::scope::{KEYWORDS, Root};
use super::types::{Detail, Inferred, ProblemKind, RootType, TypeEnv, TypeProblem, compatible};
use crate::domain::value::Type;

pub(super) type Found = Result<Inferred, TypeProblem>;

const ANYTHING: Inferred = Inferred::maybe(Type::Any);

pub(super) fn infer(source: &str, node: &Node, env: &dyn TypeEnv) -> Found {
    Inference { source, env }.of(node)
}

pub(super) struct Inference<'a> {
    pub(super) source: &'a str,
    pub(super) env: &'a dyn TypeEnv,
}

impl Inference<'_> {
    pub(super) fn of(&self, node: &Node) -> Found {
        match &node.kind {
            Kind::Constant(value) => Ok(Inferred::constant(value)),
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
                Ok(Inferred { nullable, ..common(types) })
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
                Ok(common(types))
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
                let items = items.iter().map(|item| self.of(item)).collect::<Result<Vec<_>, _>>()?;
                Ok(if items.is_empty() { Inferred::of(Type::List) } else { Inferred::list(common(items)) })
            }
        }
    }

    fn unknown_variable(&self, node: &Node, name: &str) -> TypeProblem {
        let problem = self.problem(ProblemKind::UnknownVariable, node, format!("Unknown name `{name}`"));
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

    pub(super) fn not_here(&self, node: &Node, root: Root) -> TypeProblem {
        let (kind, message, help) = match root {
            Root::Event => (
                ProblemKind::EventNotHere,
                "`event` is readable only in entries of `start` and `anytime` with an event or a webhook".to_owned(),
                "Put what you need into `with` there",
            ),
            Root::Body => (ProblemKind::Reserved, "`body` is readable only in `save`".to_owned(), "Save it under a name first"),
            Root::Item => {
                (ProblemKind::Reserved, "`item` is readable only in the `label` of `pick`".to_owned(), "Use a variable")
            }
            other => (ProblemKind::Reserved, format!("`{other}` has no value here"), "Use a variable"),
        };
        with_help(self.problem(kind, node, message), help.to_owned())
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
        let first = args.first().map_or(ANYTHING, |(inferred, ..)| inferred.clone());
        let kind = match (call.function, args.len()) {
            (Function::Date, 1) => Type::Date,
            (Function::Date, _) => Type::Text,
            (Function::Abs, _) => first.kind,
            (Function::Min | Function::Max, count) if count > 1 => {
                common(args.iter().map(|(inferred, ..)| inferred.clone())).kind
            }
            _ => signature.gives,
        };
        let nullable = match signature.null {
            OfNull::Null => first.nullable,
            OfNull::Value => false,
            OfNull::Always if call.function == Function::Number => first.nullable || first.kind != Type::Number,
            // Only a text can be unreadable, only a list can be empty, and a time has no day.
            OfNull::Always => first.nullable || matches!(first.kind, Type::Text | Type::List | Type::Any | Type::Time),
        };
        let detail = match (call.function, &first.detail) {
            (Function::First | Function::Last, Detail::Items(item)) => {
                return Ok(Inferred { nullable, ..(**item).clone() });
            }
            (Function::Sort | Function::Unique, detail) => detail.clone(),
            _ => Detail::Unknown,
        };
        Ok(Inferred { kind, nullable, detail })
    }

    pub(super) fn text(&self, node: &Node) -> &str {
        self.source.get(usize::from(node.from)..usize::from(node.to)).unwrap_or(self.source)
    }

    pub(super) fn problem(&self, kind: ProblemKind, node: &Node, message: String) -> TypeProblem {
        self.between(kind, node.from, node.to, message)
    }

    pub(super) fn between(&self, kind: ProblemKind, from: u16, to: u16, message: String) -> TypeProblem {
        TypeProblem { kind, message, offset: usize::from(from), length: usize::from(to.saturating_sub(from)), help: None }
    }
}

pub(super) fn with_help(problem: TypeProblem, help: String) -> TypeProblem {
    TypeProblem { help: Some(help), ..problem }
}

/// What is any of these.
fn common(types: impl IntoIterator<Item = Inferred>) -> Inferred {
    types.into_iter().reduce(Inferred::or).unwrap_or(ANYTHING)
}

pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let distance = |other: &&str| strsim::damerau_levenshtein(&lower, &other.to_lowercase());
    let most = 1 + name.chars().count() / 4;
    known.min_by_key(distance).filter(|near| distance(near) <= most)
}

/// `a number`, `text`.
pub(super) fn a(kind: Type) -> &'static str {
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

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
