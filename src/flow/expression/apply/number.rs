//! Functions on numbers.

use super::{Applied, Args, unusable};
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::flow::expression::error::EvalProblem;
use crate::flow::expression::eval::Machine;
use crate::flow::expression::function::Function;
use crate::flow::expression::locale::locale;
use crate::flow::expression::money::Currency;
use crate::flow::expression::node::{Call, Prepared};
use crate::flow::expression::number::{grouped, read_number, round_to, rounded};
use crate::flow::expression::scope::NoteKind;
use std::borrow::Cow;

/// From a text; null where it is none.
pub(super) fn number<'a>(machine: &Machine<'a>, call: &Call, mut args: Args<'a>) -> Applied<'a> {
    let read = match args.get(0) {
        Value::Number(_) | Value::Null => return Ok(args.take(0)),
        other => other.as_text().and_then(read_number),
    };
    if read.is_none() {
        machine.note(call.from, call.to, NoteKind::Unreadable("a number"));
    }
    Ok(Cow::Owned(read.map_or(Value::Null, Value::Number)))
}

pub(super) fn round<'a>(args: &Args<'a>) -> Applied<'a> {
    let decimals = args.decimals(1, Function::Round)?;
    Ok(Cow::Owned(Value::Number(round_to(args.number(0), decimals))))
}

pub(super) fn abs<'a>(args: &Args<'a>) -> Applied<'a> {
    Ok(Cow::Owned(match args.get(0) {
        Value::Duration(span) => Value::Duration(Span(span.0.saturating_abs())),
        _ => Value::Number(args.number(0).abs()),
    }))
}

pub(super) fn money<'a>(machine: &Machine<'a>, call: &Call, args: &Args<'a>) -> Applied<'a> {
    let currency = match &call.prepared {
        Prepared::Currency(currency) => *currency,
        _ => Currency::parse(args.text(1)).ok_or_else(|| unusable(Function::Money, "not a currency of three letters"))?,
    };
    let style = locale(machine.scope.language()).number;
    Ok(Cow::Owned(Value::Text(currency.write(args.number(0), &style))))
}

pub(super) fn percent<'a>(machine: &Machine<'a>, args: &Args<'a>) -> Applied<'a> {
    let style = locale(machine.scope.language()).number;
    let hundreds = rounded(args.number(0) * 100.0);
    if !hundreds.is_finite() {
        return Err(EvalProblem::OutOfRange);
    }
    let mut out = grouped(hundreds, args.decimals(1, Function::Percent)?, &style);
    out.push_str(if style.percent_space { " %" } else { "%" });
    Ok(Cow::Owned(Value::Text(out)))
}
