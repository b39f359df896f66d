//! Functions on days and moments.

use super::{Applied, Args, unusable};
use crate::domain::value::Value;
use crate::flow::expression::date_pattern::DatePattern;
use crate::flow::expression::eval::Machine;
use crate::flow::expression::function::Function;
use crate::flow::expression::locale::locale;
use crate::flow::expression::moment::{When, days_between};
use crate::flow::expression::node::{Call, Prepared};
use crate::flow::expression::scope::NoteKind;
use std::borrow::Cow;

/// With a pattern the text of a day, a time or a moment; without one its day. Null for what is none.
pub(super) fn date<'a>(machine: &Machine<'a>, call: &Call, args: &Args<'a>) -> Applied<'a> {
    let Some(when) = when(machine, call, args) else { return Ok(Cow::Owned(Value::Null)) };
    if !args.has(1) {
        let day = when.day();
        if day.is_none() {
            machine.note(call.from, call.to, NoteKind::Unreadable("a date"));
        }
        return Ok(Cow::Owned(day.map_or(Value::Null, Value::Date)));
    }
    let names = locale(machine.scope.language()).names;
    let written = match &call.prepared {
        Prepared::Date(pattern) => when.write(pattern, names),
        _ => {
            let pattern = // The pattern is a value here: it is not repeated in an error.
            DatePattern::parse(args.text(1)).map_err(|_| unusable(Function::Date, "this is not a pattern for dates"))?;
            when.write(&pattern, names)
        }
    };
    written.map(|text| Cow::Owned(Value::Text(text))).map_err(|reason| unusable(Function::Date, reason))
}

/// Calendar days from today in the contact's zone.
pub(super) fn days_until<'a>(machine: &Machine<'a>, call: &Call, args: &Args<'a>) -> Applied<'a> {
    let Some(when) = when(machine, call, args) else { return Ok(Cow::Owned(Value::Null)) };
    let Some(day) = when.day() else {
        machine.note(call.from, call.to, NoteKind::Unreadable("a date"));
        return Ok(Cow::Owned(Value::Null));
    };
    Ok(Cow::Owned(Value::Number(days_between(machine.today()?, day) as f64)))
}

fn when(machine: &Machine<'_>, call: &Call, args: &Args<'_>) -> Option<When> {
    let when = When::of(args.get(0), machine.scope.timezone());
    if when.is_none() && *args.get(0) != Value::Null {
        machine.note(call.from, call.to, NoteKind::Unreadable("a date"));
    }
    when
}
