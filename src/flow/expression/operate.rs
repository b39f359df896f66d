//! Operators on values: arithmetic, equality, order. No coercion.

use super::error::EvalProblem;
use super::node::Operator;
use super::number::rounded;
use crate::domain::limits::{EXPRESSION_RESULT_CHARS, VALUE_DEPTH};
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value};
use std::cmp::Ordering;

const DAY: i64 = 86_400_000;

/// One operation. Lists and texts are made by the caller's leave: it has counted their size.
pub(super) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, EvalProblem> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    use Value::{Date, Duration, List, Moment, Number, Time};
    match (operator, left, right) {
        (_, Number(a), Number(b)) => numbers(operator, *a, *b).map(Number),
        (Add, List(a), List(b)) => Ok(List(a.iter().chain(b).cloned().collect())),
        (Add | Subtract, Duration(a), Duration(b)) => signed(operator, *b).and_then(|b| span(a.0.checked_add(b.0))).map(Duration),
        (Add | Subtract, Moment(m), Duration(d)) => shifted(operator, *m, *d).map(Moment),
        (Add, Duration(d), Moment(m)) => shifted(operator, *m, *d).map(Moment),
        (Subtract, Moment(a), Moment(b)) => span(a.0.checked_sub(b.0)).map(Duration),
        (Add | Subtract, Date(day), Duration(d)) => signed(operator, *d).and_then(|d| days(*day, d)),
        (Add, Duration(d), Date(day)) => days(*day, *d),
        (Subtract, Date(a), Date(b)) => Ok(Duration(Span(super::moment::days_between(*b, *a) * DAY))),
        (Add | Subtract, Time(t), Duration(d)) => {
            let d = signed(operator, *d)?;
            Ok(Time(t.wrapping_add(jiff::SignedDuration::from_millis(d.0))))
        }
        (Subtract, Time(a), Time(b)) => Ok(Duration(Span((a.duration_since(*b).as_millis()) as i64))),
        (Multiply, Duration(d), Number(n)) | (Multiply, Number(n), Duration(d)) => scaled(*d, *n),
        (Divide, Duration(_), Number(n)) if *n == 0.0 => Err(EvalProblem::DivisionByZero),
        (Divide, Duration(d), Number(n)) => scaled(*d, 1.0 / n),
        (Divide | Remainder, Duration(a), Duration(b)) => match operator {
            _ if b.0 == 0 => Err(EvalProblem::DivisionByZero),
            Divide => Ok(Number(rounded(a.0 as f64 / b.0 as f64))),
            _ => Ok(Duration(Span(a.0.wrapping_rem_euclid(b.0)))),
        },
        (Add, a, b) => match (a.as_text(), b.as_text()) {
            (Some(a), Some(b)) => joined(a, b).map(Value::Text),
            _ => Err(refused(operator, a, b)),
        },
        (_, a, b) => Err(refused(operator, a, b)),
    }
}

/// The type that an operation gives; `None`: it cannot take these types. The static half of `arithmetic`.
pub(super) fn arithmetic_type(operator: Operator, left: Type, right: Type) -> Option<Type> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    use Type::{Any, Date, Duration, List, Moment, Number, Text, Time};
    let plain = |t| if matches!(t, Type::Phone | Type::Email) { Text } else { t };
    Some(match (operator, plain(left), plain(right)) {
        (_, Number, Number) => Number,
        (Add, List, List) => List,
        (Add, Text, Text) => Text,
        (Add | Subtract, Duration, Duration) => Duration,
        (Add | Subtract, shifted @ (Moment | Date | Time), Duration) => shifted,
        (Add, Duration, shifted @ (Moment | Date)) => shifted,
        (Subtract, Moment, Moment) | (Subtract, Date, Date) | (Subtract, Time, Time) => Duration,
        (Multiply, Duration, Number) | (Multiply, Number, Duration) | (Divide, Duration, Number) => Duration,
        (Divide, Duration, Duration) => Number,
        (Remainder, Duration, Duration) => Duration,
        (_, Any, other) | (_, other, Any) => {
            let possible = Type::ALL.into_iter().filter(|t| *t != Any);
            let ok = other == Any
                || possible.clone().any(|t| arithmetic_type(operator, t, other).is_some())
                || possible.clone().any(|t| arithmetic_type(operator, other, t).is_some());
            return ok.then_some(Any);
        }
        _ => return None,
    })
}

fn refused(operator: Operator, left: &Value, right: &Value) -> EvalProblem {
    EvalProblem::Operator(operator.as_str(), left.kind(), right.kind())
}

fn numbers(operator: Operator, a: f64, b: f64) -> Result<f64, EvalProblem> {
    let n = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide | Operator::Remainder if b == 0.0 => return Err(EvalProblem::DivisionByZero),
        Operator::Divide => a / b,
        Operator::Remainder => a.rem_euclid(b),
    };
    if n.is_finite() { Ok(rounded(n)) } else { Err(EvalProblem::OutOfRange) }
}

fn joined(a: &str, b: &str) -> Result<String, EvalProblem> {
    let mut out = String::with_capacity(a.len() + b.len());
    out.push_str(a);
    out.push_str(b);
    within_limit(out)
}

/// The text, if it is not longer than a result may be.
pub(super) fn within_limit(text: String) -> Result<String, EvalProblem> {
    if text.len() > EXPRESSION_RESULT_CHARS && text.chars().count() > EXPRESSION_RESULT_CHARS {
        return Err(EvalProblem::ResultTooLong);
    }
    Ok(text)
}

fn span(millis: Option<i64>) -> Result<Span, EvalProblem> {
    millis.map(Span).ok_or(EvalProblem::OutOfRange)
}

fn signed(operator: Operator, d: Span) -> Result<Span, EvalProblem> {
    if operator == Operator::Subtract { span(d.0.checked_neg()) } else { Ok(d) }
}

fn shifted(operator: Operator, moment: Millis, by: Span) -> Result<Millis, EvalProblem> {
    let by = signed(operator, by)?;
    // What no calendar can show is no moment.
    let sum = moment.0.checked_add(by.0).filter(|millis| jiff::Timestamp::from_millisecond(*millis).is_ok());
    sum.map(Millis).ok_or(EvalProblem::OutOfRange)
}

fn days(day: jiff::civil::Date, by: Span) -> Result<Value, EvalProblem> {
    if by.0 % DAY != 0 {
        return Err(EvalProblem::WholeDays);
    }
    let moved = day.checked_add(jiff::SignedDuration::from_hours(by.0 / DAY * 24));
    moved.map(Value::Date).map_err(|_| EvalProblem::OutOfRange)
}

fn scaled(d: Span, by: f64) -> Result<Value, EvalProblem> {
    let millis = (d.0 as f64 * by).round();
    if millis.abs() < 9e15 { Ok(Value::Duration(Span(millis as i64))) } else { Err(EvalProblem::OutOfRange) }
}

/// Whether two values are equal. A choice is its id. Also inside of lists and maps.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        (a, b) => match (a.as_text(), b.as_text()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

/// The order of two values of one type that has an order.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        // A total order, whatever a scope gives: sorting must not meet a number that is not equal to itself. + 0.0 unites the zeros.
        (Value::Number(a), Value::Number(b)) => Some((a + 0.0).total_cmp(&(b + 0.0))),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Moment(a), Value::Moment(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (a, b) => Some(a.as_text()?.cmp(b.as_text()?)),
    }
}

/// Whether values of a type have an order.
pub(super) fn has_order(kind: Type) -> bool {
    !matches!(kind, Type::Boolean | Type::List | Type::Map)
}

/// How much a value is to look at or to copy: one for each part, and one for each 64 bytes of text.
pub(super) fn weight(value: &Value) -> u32 {
    let text = |len: usize| 1 + u32::try_from(len / 64).unwrap_or(u32::MAX / 2);
    match value {
        Value::Text(t) => text(t.len()),
        Value::Choice { id, label } => text(id.len() + label.len()),
        Value::List(items) => items.iter().fold(1, |sum: u32, item| sum.saturating_add(weight(item))),
        Value::Map(map) => map.values().fold(1, |sum: u32, item| sum.saturating_add(1 + weight(item))),
        _ => 1,
    }
}

/// The value, if it is not nested deeper than one that a flow makes may be.
pub(super) fn within_depth(value: Value) -> Result<Value, EvalProblem> {
    fn fits(value: &Value, left: usize) -> bool {
        match value {
            Value::List(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
            Value::Map(map) => left > 0 && map.values().all(|item| fits(item, left - 1)),
            _ => true,
        }
    }
    if fits(&value, VALUE_DEPTH) { Ok(value) } else { Err(EvalProblem::TooDeep) }
}

/// About the bytes that a value takes.
pub(super) fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => 1 + text.len(),
        Value::Choice { id, label } => 1 + id.len() + label.len(),
        Value::List(items) => 1 + items.iter().map(bytes).sum::<usize>(),
        Value::Map(map) => 1 + map.iter().map(|(key, value)| 1 + key.len() + bytes(value)).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of each type, and the operators' two halves agree on all of them.
    #[test]
    fn the_checker_knows_what_the_evaluation_does() {
        let samples = [
            Value::Bool(true),
            Value::Number(2.0),
            Value::text("x"),
            Value::List(vec![]),
            Value::Map(indexmap::IndexMap::new()),
            Value::Date(jiff::civil::date(2026, 3, 2)),
            Value::Time(jiff::civil::time(1, 0, 0, 0)),
            Value::Moment(Millis(5)),
            Value::Duration(Span::days(1)),
        ];
        for operator in [Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide, Operator::Remainder] {
            for left in &samples {
                for right in &samples {
                    let (l, r) = (left.kind().expect("a type"), right.kind().expect("a type"));
                    let predicted = arithmetic_type(operator, l, r);
                    let actual = arithmetic(operator, left, right).ok().and_then(|v| v.kind());
                    assert_eq!(predicted, actual, "{l} {} {r}", operator.as_str());
                }
            }
        }
    }
}
