//! What the functions do. One file for each family; the types of their values are checked here, once for all.

mod list;
mod number;
mod text;
mod time;

use super::error::EvalProblem;
use super::eval::{Machine, size};
use super::function::{Function, OfNull};
use super::node::Call;
use crate::domain::value::{Type, Value};
use std::borrow::Cow;

pub(super) type Applied<'a> = Result<Cow<'a, Value>, EvalProblem>;

/// The values of a call, of the types that its signature says.
pub(super) struct Args<'a> {
    values: Vec<Cow<'a, Value>>,
}

impl<'a> Args<'a> {
    fn get(&self, i: usize) -> &Value {
        self.values.get(i).map_or(&Value::Null, |value| value)
    }

    fn has(&self, i: usize) -> bool {
        i < self.values.len()
    }

    fn text(&self, i: usize) -> &str {
        self.get(i).as_text().unwrap_or("")
    }

    fn number(&self, i: usize) -> f64 {
        self.get(i).as_number().unwrap_or(0.0)
    }

    fn list(&self, i: usize) -> &[Value] {
        match self.get(i) {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value itself, where the function passes it on.
    fn take(&mut self, i: usize) -> Cow<'a, Value> {
        self.values.get_mut(i).map(std::mem::take).unwrap_or_default()
    }

    /// A number of decimals.
    fn decimals(&self, i: usize, function: Function) -> Result<u32, EvalProblem> {
        let n = self.number(i);
        if n.fract() == 0.0 && (0.0..=super::number::DECIMALS).contains(&n) {
            return Ok(n as u32);
        }
        Err(unusable(function, format!("decimals are a whole number from 0 to {}", super::number::DECIMALS)))
    }
}

pub(super) fn apply<'a>(machine: &mut Machine<'a>, call: &'a Call, values: Vec<Cow<'a, Value>>) -> Applied<'a> {
    let signature = call.function.signature();
    for (i, value) in values.iter().enumerate() {
        let takes: &'static [Type] = signature.takes.get(i).copied().unwrap_or(&[]);
        let fits = match value.kind() {
            _ if takes.is_empty() => true,
            None => i == 0,
            Some(kind) => takes.contains(&kind),
        };
        if !fits {
            let (function, position) = (signature.name, i + 1);
            return Err(EvalProblem::Argument { function, position, expected: takes, given: value.kind() });
        }
    }
    let mut args = Args { values };
    if signature.null == OfNull::Null && *args.get(0) == Value::Null {
        return Ok(Cow::Owned(Value::Null));
    }
    if takes_whole(call.function) {
        machine.spend(args.values.iter().map(|value| size(value)).sum())?;
    }
    match call.function {
        Function::Len => Ok(Cow::Owned(Value::Number(list::len(args.get(0)) as f64))),
        Function::Upper | Function::Lower | Function::Title | Function::Trim => text::change_case(call.function, args),
        Function::Replace => text::replace(&args),
        Function::Split => text::split(machine, &args),
        Function::Text => text::text(machine, &args),
        Function::Starts => Ok(yes(args.text(0).starts_with(args.text(1)) && *args.get(0) != Value::Null)),
        Function::Ends => Ok(yes(args.text(0).ends_with(args.text(1)) && *args.get(0) != Value::Null)),
        Function::Matches => text::matches(machine, call, &args),
        Function::Json => text::json(&args),
        Function::Hash => text::hash(&args),
        Function::Contains => machine.contains(call.from, call.to, args.get(0), args.get(1)).map(yes),
        Function::Join => list::join(&args),
        Function::Sum => list::sum(&args),
        Function::First => Ok(super::access::item(args.take(0), 0.0).unwrap_or_default()),
        Function::Last => Ok(super::access::item(args.take(0), -1.0).unwrap_or_default()),
        Function::Sort => list::sort(machine, args),
        Function::Unique => list::unique(machine, args),
        Function::Min | Function::Max => list::extreme(machine, call.function, args),
        Function::Lines => list::lines(machine, &args),
        Function::Number => number::number(machine, call, args),
        Function::Round => number::round(&args),
        Function::Abs => number::abs(&args),
        Function::Money => number::money(machine, call, &args),
        Function::Percent => number::percent(machine, &args),
        Function::Date => time::date(machine, call, &args),
        Function::DaysUntil => time::days_until(machine, call, &args),
    }
}

/// Whether a function looks at all of its values. The others look at items, which they count themselves, or at one.
fn takes_whole(function: Function) -> bool {
    !matches!(
        function,
        Function::Len | Function::First | Function::Last | Function::Lines | Function::Contains | Function::Min | Function::Max
    )
}

fn yes(holds: bool) -> Cow<'static, Value> {
    Cow::Owned(Value::Bool(holds))
}

fn unusable(function: Function, reason: impl Into<String>) -> EvalProblem {
    EvalProblem::Unusable { function: function.as_str(), reason: reason.into() }
}
