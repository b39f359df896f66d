//! Functions on lists.

use super::text::Builder;
use super::{Applied, Args, unusable};
use crate::domain::value::{Type, Value};
use crate::flow::expression::access::field;
use crate::flow::expression::error::EvalProblem;
use crate::flow::expression::eval::Machine;
use crate::flow::expression::function::Function;
use crate::flow::expression::number::rounded;
use crate::flow::expression::operate::{has_order, order};
use crate::flow::expression::text::write_text;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Characters of a text, items of a list, entries of a map, 0 for nothing.
pub(super) fn len(value: &Value) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        other => other.as_text().map_or(0, |text| text.chars().count()),
    }
}

/// Items that are nothing are left out.
pub(super) fn join<'a>(args: &Args<'a>) -> Applied<'a> {
    let between = if args.has(1) { args.text(1) } else { ", " };
    let mut out = Builder::new();
    let mut text = String::new();
    for (i, item) in args.list(0).iter().filter(|item| **item != Value::Null).enumerate() {
        if i > 0 {
            out.push(between)?;
        }
        text.clear();
        write_text(item, &mut text);
        out.push(&text)?;
    }
    Ok(out.done())
}

pub(super) fn sum<'a>(args: &Args<'a>) -> Applied<'a> {
    let mut sum = 0.0;
    for item in args.list(0) {
        match item {
            Value::Null => {}
            Value::Number(n) => sum = rounded(sum + n),
            other => return Err(unusable(Function::Sum, format!("an item is a {}, not a number", name(other)))),
        }
    }
    if sum.is_finite() { Ok(Cow::Owned(Value::Number(sum))) } else { Err(EvalProblem::OutOfRange) }
}

/// By the items, or by a field of them; nothing comes last. Equal ones keep their order.
pub(super) fn sort<'a>(machine: &mut Machine<'a>, mut args: Args<'a>) -> Applied<'a> {
    let by = args.has(1).then(|| args.text(1).to_owned());
    let list = args.take(0);
    let Value::List(items) = machine.own(list)? else { return Ok(Cow::Owned(Value::Null)) };
    let key = |item: &Value| match &by {
        Some(name) => field(Cow::Borrowed(item), name).map_or(Value::Null, Cow::into_owned),
        None => item.clone(),
    };
    let mut keyed: Vec<(Value, Value)> = items.into_iter().map(|item| (key(&item), item)).collect();
    one_order(Function::Sort, keyed.iter().map(|(key, _)| key))?;
    keyed.sort_by(|(a, _), (b, _)| match (a == &Value::Null, b == &Value::Null) {
        (false, false) => order(a, b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    });
    Ok(Cow::Owned(Value::List(keyed.into_iter().map(|(_, item)| item).collect())))
}

/// The first of equal items.
pub(super) fn unique<'a>(machine: &mut Machine<'a>, mut args: Args<'a>) -> Applied<'a> {
    let list = args.take(0);
    let Value::List(mut items) = machine.own(list)? else { return Ok(Cow::Owned(Value::Null)) };
    // The stored form tells types apart that look alike as JSON; a choice is its id.
    let key = |item: &Value| match item.as_text() {
        Some(text) => serde_json::to_string(text),
        None => serde_json::to_string(item),
    };
    let mut seen = HashSet::with_capacity(items.len());
    items.retain(|item| key(item).map_or(true, |key| seen.insert(key)));
    Ok(Cow::Owned(Value::List(items)))
}

/// The smallest or largest of the values, or of the items of the one list. Nothing is left out.
pub(super) fn extreme<'a>(machine: &mut Machine<'a>, function: Function, mut args: Args<'a>) -> Applied<'a> {
    let wanted = if function == Function::Min { Ordering::Less } else { Ordering::Greater };
    if args.values.len() == 1 && matches!(args.get(0), Value::List(_)) {
        let items = args.list(0);
        machine.spend(items.len())?;
        one_order(function, items.iter())?;
        let mut best: Option<&Value> = None;
        for item in items.iter().filter(|item| **item != Value::Null) {
            if best.is_none_or(|best| order(item, best) == Some(wanted)) {
                best = Some(item);
            }
        }
        return Ok(Cow::Owned(best.cloned().unwrap_or_default()));
    }
    one_order(function, args.values.iter().map(|value| &**value))?;
    let mut best: Option<usize> = None;
    for (i, value) in args.values.iter().enumerate().filter(|(_, value)| ***value != Value::Null) {
        if best.is_none_or(|best| order(value, args.get(best)) == Some(wanted)) {
            best = Some(i);
        }
    }
    Ok(best.map(|i| args.take(i)).unwrap_or_default())
}

/// All of one type that has an order, nothing aside.
fn one_order<'v>(function: Function, values: impl Iterator<Item = &'v Value>) -> Result<(), EvalProblem> {
    let mut first: Option<Type> = None;
    for kind in values.filter_map(Value::kind) {
        if !has_order(kind) {
            return Err(unusable(function, format!("a {kind} has no order")));
        }
        match first {
            Some(first) if first != kind => return Err(unusable(function, format!("{first} and {kind} have no order"))),
            _ => first = Some(kind),
        }
    }
    Ok(())
}

/// Prints a list, one line an item. In the pattern `{name}` is a field and `{}` the item itself; nothing else is special.
/// What is beyond the number of lines is counted in the last one: `… +3`.
pub(super) fn lines<'a>(machine: &mut Machine<'a>, args: &Args<'a>) -> Applied<'a> {
    let (items, pattern) = (args.list(0), args.text(1));
    let most = if args.has(2) { args.number(2) } else { f64::INFINITY };
    if most < 1.0 || most.is_nan() {
        return Err(unusable(Function::Lines, "the number of lines is at least 1"));
    }
    let shown = items.len().min(if most.is_finite() { most as usize } else { usize::MAX });
    machine.spend(shown)?;
    let mut out = Builder::new();
    let mut text = String::new();
    for (i, item) in items.iter().take(shown).enumerate() {
        if i > 0 {
            out.push("\n")?;
        }
        let mut rest = pattern;
        while let Some((before, name, after)) = placeholder(rest) {
            machine.spend(1)?;
            out.push(before)?;
            text.clear();
            let mut parts = name.split('.').filter(|part| !part.is_empty());
            let value = parts.try_fold(Cow::Borrowed(item), field);
            if let Some(value) = value {
                write_text(&value, &mut text);
            }
            out.push(&text)?;
            rest = after;
        }
        out.push(rest)?;
    }
    if shown < items.len() {
        out.push(&format!("\n… +{}", items.len() - shown))?;
    }
    Ok(out.done())
}

/// What stands before the next `{name}`, the name, what stands after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    Some((&text[..open], text[open + 1..close].trim(), &text[close + 1..]))
}

fn name(value: &Value) -> &'static str {
    value.kind().map_or("nothing", Type::as_str)
}
