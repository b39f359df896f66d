//! Fields of values and of roots, and comparisons: where more than the type is known, what can never hold is a mistake.

use super::infer::{Found, Inference, a, capital, nearest, with_help};
use super::node::{Access, Comparison, Kind, Node};
use super::operate::has_order;
use super::scope::Root;
use super::types::{Detail, Inferred, MemberType, ProblemKind, RootType, TypeProblem, compatible};
use crate::domain::value::{Type, Value};

/// Texts that are shown of what something can be.
const SHOWN: usize = 6;

impl Inference<'_> {
    pub(super) fn member(&self, node: &Node, root: Root, name: &str) -> Found {
        let asked = !matches!(root, Root::Visits | Root::Hours);
        if asked && self.env.root(root) == RootType::NotHere {
            return Err(self.not_here(node, root));
        }
        if let (Root::Event | Root::Body | Root::Item, RootType::Known(whole)) = (root, self.env.root(root)) {
            return self.field(whole, name, (node.from, node.to), root.as_str());
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

    pub(super) fn access(&self, base: &Node, accesses: &[Access]) -> Found {
        let mut found = self.of(base)?;
        let mut to = base.to;
        for access in accesses {
            let mut by = Type::Text;
            let by_name = match access {
                Access::Field(name, _) => Some(&**name),
                Access::Index(Node { kind: Kind::Constant(Value::Text(name)), .. }, _) => Some(name.as_str()),
                Access::Index(index, _) => {
                    by = self.of(index)?.kind;
                    if !compatible(by, Type::Number) && !compatible(by, Type::Text) {
                        let message = format!("`[ ]` takes a number or a text, not {}", a(by));
                        return Err(self.problem(ProblemKind::Types, index, message));
                    }
                    None
                }
            };
            let shown = self.source.get(usize::from(base.from)..usize::from(to)).unwrap_or(self.source);
            to = access.to();
            found = match by_name {
                Some(name) => self.field(found, name, (base.from, to), shown)?,
                None => self.item(found, by, (base.from, to))?,
            };
        }
        Ok(found)
    }

    /// The item at a place, or a field whose name is computed: of a list that is again a list.
    fn item(&self, whole: Inferred, by: Type, place: (u16, u16)) -> Found {
        match (whole.kind, whole.detail) {
            (Type::List, Detail::Items(item)) if by == Type::Number => Ok((*item).clone().or_null()),
            (Type::List | Type::Map | Type::Any, _) => Ok(Inferred::maybe(Type::Any)),
            (other, _) => {
                let message = format!("{} has no items", capital(a(other)));
                Err(self.between(ProblemKind::Types, place.0, place.1, message))
            }
        }
    }

    /// A field of what is written as `shown`.
    fn field(&self, whole: Inferred, name: &str, place: (u16, u16), shown: &str) -> Found {
        let nullable = whole.nullable;
        let or_null = |found: Inferred| if nullable { found.or_null() } else { found };
        match (whole.kind, whole.detail) {
            // A field of a list is the list of that field.
            (Type::List, Detail::Items(item)) => {
                let field = self.field((*item).clone(), name, place, shown)?;
                Ok(or_null(Inferred::list(field)))
            }
            (Type::List, _) => Ok(or_null(Inferred::of(Type::List))),
            (Type::Map, Detail::Fields(fields)) => match fields.get(name) {
                Some(field) => Ok(or_null(field.clone())),
                None => Err(self.no_field(name, place, shown, fields.keys().map(AsRef::as_ref).collect())),
            },
            (Type::Map, Detail::Open(fields)) => {
                Ok(fields.get(name).map_or(Inferred::maybe(Type::Any), |field| or_null(field.clone())))
            }
            (Type::Map | Type::Any, _) => Ok(Inferred::maybe(Type::Any)),
            // The answer to a choice is a text that also knows its label.
            (Type::Text, detail @ Detail::Among(_)) if name == "id" => Ok(Inferred { kind: Type::Text, nullable, detail }),
            (Type::Text, _) if matches!(name, "label" | "id") => Ok(Inferred::maybe(Type::Text)),
            (other, _) => {
                let message = format!("{} has no field `{name}`", capital(a(other)));
                Err(self.between(ProblemKind::Types, place.0, place.1, message))
            }
        }
    }

    fn no_field(&self, name: &str, place: (u16, u16), shown: &str, known: Vec<&str>) -> TypeProblem {
        let problem = self.between(ProblemKind::UnknownName, place.0, place.1, format!("`{shown}` has no field `{name}`"));
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("Did you mean `{shown}.{near}`?"),
            None if known.is_empty() => "It has no fields".to_owned(),
            None => format!("It has {}", listed(known.iter().copied(), "and")),
        };
        with_help(problem, help)
    }

    pub(super) fn compare(&self, node: &Node, comparison: Comparison, sides: &(Node, Node)) -> Found {
        let (left, right) = (self.of(&sides.0)?, self.of(&sides.1)?);
        let known = compatible(left.kind, right.kind);
        if !known || (comparison.is_equality() && !left.can_equal(&right)) {
            let (first, second) =
                if known { (one_of(&left), one_of(&right)) } else { (a(left.kind).into(), a(right.kind).into()) };
            let message = format!("`{}` compares {first} with {second}; they are never equal", self.text(node));
            let problem = self.problem(ProblemKind::Types, node, message);
            return Err(TypeProblem { help: never_equal(self.text(&sides.0), &left, self.text(&sides.1), &right), ..problem });
        }
        let unordered = [left.kind, right.kind].into_iter().find(|kind| !has_order(*kind));
        if let Some(kind) = unordered.filter(|_| !comparison.is_equality()) {
            let message = format!("`{}` compares what has no order: {}", self.text(node), a(kind));
            return Err(self.problem(ProblemKind::Types, node, message));
        }
        Ok(Inferred::of(Type::Boolean))
    }

    pub(super) fn inside(&self, node: &Node, sides: &(Node, Node)) -> Found {
        let (sought, among) = (self.of(&sides.0)?, self.of(&sides.1)?);
        if let Detail::Items(item) = &among.detail {
            self.never_inside(node, &sides.1, &sought, item)?;
        }
        let (part, whole) = (sought.kind, among.kind);
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

    /// Each text of a list that is written out must be one that can be, and a list must hold what is looked for.
    fn never_inside(&self, node: &Node, list: &Node, sought: &Inferred, item: &Inferred) -> Result<(), TypeProblem> {
        if let Kind::List(items) = &list.kind {
            for item in items.iter() {
                let found = self.of(item)?;
                // Null among others is asked for on purpose.
                if !sought.can_equal(&found) {
                    let message = format!("`{}` is never {}", self.text(node), one_of(&found));
                    let problem = self.problem(ProblemKind::Types, item, message);
                    return Err(TypeProblem { help: never_equal("", sought, self.text(item), &found), ..problem });
                }
            }
        } else if !sought.can_equal(item) {
            let message =
                format!("`{}` looks for {} in a list of {}; it is never there", self.text(node), one_of(sought), one_of(item));
            let problem = self.problem(ProblemKind::Types, node, message);
            return Err(TypeProblem { help: never_equal("", sought, "", item), ..problem });
        }
        Ok(())
    }
}

/// "`link`, `cod` or `human`", else the type.
fn one_of(found: &Inferred) -> String {
    match &found.detail {
        Detail::Among(texts) => listed(texts.iter().map(AsRef::as_ref), "or"),
        _ => a(found.kind).to_owned(),
    }
}

fn listed<'n>(texts: impl Iterator<Item = &'n str>, last: &str) -> String {
    let mut shown: Vec<String> = texts.map(|text| format!("`{text}`")).collect();
    if shown.len() > SHOWN {
        shown.truncate(SHOWN);
        return format!("{}, …", shown.join(", "));
    }
    match shown.pop() {
        Some(only) if shown.is_empty() => only,
        Some(end) => format!("{} {last} {end}", shown.join(", ")),
        None => String::new(),
    }
}

/// What may have been meant by a comparison that never holds.
fn never_equal(left_text: &str, left: &Inferred, right_text: &str, right: &Inferred) -> Option<String> {
    match (&left.detail, &right.detail) {
        (Detail::Among(a), Detail::Among(b)) => {
            let (wrong, known) = if b.len() == 1 { (&b[0], a) } else { (a.first()?, b) };
            return Some(match nearest(wrong, known.iter().map(AsRef::as_ref)) {
                _ if wrong.is_empty() => "Before an answer there is nothing: compare with `null`".to_owned(),
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("It can only be {}", listed(known.iter().map(AsRef::as_ref), "or")),
            });
        }
        (Detail::Among(texts), _) | (_, Detail::Among(texts)) if texts.len() == 1 => {
            let (other, shown) = if matches!(left.detail, Detail::Among(_)) { (right, right_text) } else { (left, left_text) };
            if other.kind == Type::Boolean && !shown.is_empty() {
                return Some(format!("It is true or false: write `{shown}`, or `not {shown}`"));
            }
        }
        _ => {}
    }
    match (left.kind, right.kind) {
        (Type::Text, Type::Number) | (Type::Number, Type::Text) => Some("`number(x)` makes a number of a text".to_owned()),
        (Type::Date, Type::Moment) | (Type::Moment, Type::Date) => Some("`date(x)` is the day of a moment".to_owned()),
        _ => None,
    }
}
