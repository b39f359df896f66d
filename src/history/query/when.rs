//! Moments and days in queries. A duration means "longer ago than": `last_seen > 30d`. A day is the whole day in the project's
//! time zone: after it is after its end, on it is anywhere inside.

use super::condition::{Condition, Moment, NumberTest, Order, Range, TextTest};
use super::resolve::{Resolved, Resolver, not};
use crate::domain::name::Name;
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value};
use crate::flow::expression::fit;
use crate::flow::expression::query::{QueryLiteral, QueryValue};
use jiff::civil::Date;

/// What a value stands for beside a moment.
enum Point {
    /// From here, until before there.
    Within(i64, i64),
    /// So long ago.
    Ago(Span),
}

pub(super) fn equal(resolver: &Resolver<'_>, which: Moment, value: &QueryValue) -> Resolved<Condition> {
    whole(resolver, value).map(|range| Condition::Moment(which, range))
}

pub(super) fn order(resolver: &Resolver<'_>, which: Moment, order: Order, value: &QueryValue) -> Resolved<Condition> {
    side(resolver, order, value).map(|range| Condition::Moment(which, range))
}

pub(super) fn attribute_equal(resolver: &Resolver<'_>, name: &Name, value: &QueryValue) -> Resolved<Condition> {
    whole(resolver, value).map(|range| of_attribute(name, range))
}

pub(super) fn attribute_order(resolver: &Resolver<'_>, name: &Name, order: Order, value: &QueryValue) -> Resolved<Condition> {
    side(resolver, order, value).map(|range| of_attribute(name, range))
}

/// A day that lies longer ago than so many days.
pub(super) fn day_order(resolver: &Resolver<'_>, name: &Name, order: Order, ago: Span) -> Resolved<Condition> {
    let then = resolver.terms.now - ago;
    let day = jiff::Timestamp::from_millisecond(then.0).map(|moment| resolver.terms.zone.to_datetime(moment).date());
    let day = day.unwrap_or(if ago.0 > 0 { Date::MIN } else { Date::MAX });
    // Longer ago is earlier.
    let order = match order {
        Order::Less => Order::Greater,
        Order::LessOrEqual => Order::GreaterOrEqual,
        Order::Greater => Order::Less,
        Order::GreaterOrEqual => Order::LessOrEqual,
    };
    Ok(Condition::Text(name.clone(), TextTest::Order(order, day.to_string())))
}

fn whole(resolver: &Resolver<'_>, value: &QueryValue) -> Resolved<Range> {
    match point(resolver, value)? {
        Point::Within(from, until) => Ok(Range { from: Some(from), until: Some(until) }),
        Point::Ago(_) => {
            let message = format!("Nothing is exactly `{}` ago", value.word.text);
            resolver.wrong(&value.word, message, "Write `>` for longer ago, `<` for more recent")
        }
    }
}

fn side(resolver: &Resolver<'_>, order: Order, value: &QueryValue) -> Resolved<Range> {
    let from = |from: i64| Range { from: Some(from), until: None };
    let until = |until: i64| Range { from: None, until: Some(until) };
    Ok(match point(resolver, value)? {
        Point::Within(begin, end) => match order {
            Order::Less => until(begin),
            Order::LessOrEqual => until(end),
            Order::Greater => from(end),
            Order::GreaterOrEqual => from(begin),
        },
        Point::Ago(span) => {
            let then = (resolver.terms.now - span).0;
            match order {
                Order::Greater => until(then),
                Order::GreaterOrEqual => until(then.saturating_add(1)),
                Order::Less => from(then.saturating_add(1)),
                Order::LessOrEqual => from(then),
            }
        }
    })
}

fn point(resolver: &Resolver<'_>, value: &QueryValue) -> Resolved<Point> {
    let (zone, text) = (resolver.terms.zone, &*value.word.text);
    let begin = |day: Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp().as_millisecond());
    match value.kind {
        QueryLiteral::Duration(span) => return Ok(Point::Ago(span)),
        QueryLiteral::Text | QueryLiteral::Word => {
            if let Ok(Value::Moment(Millis(at))) = fit(Value::text(text), Type::Moment, zone) {
                return Ok(Point::Within(at, at.saturating_add(1)));
            }
            if let Ok(Value::Date(day)) = fit(Value::text(text), Type::Date, zone)
                && let (Ok(from), Ok(until)) = (begin(day), day.tomorrow().and_then(begin))
            {
                return Ok(Point::Within(from, until));
            }
        }
        QueryLiteral::Null | QueryLiteral::Bool(_) | QueryLiteral::Number(_) => {}
    }
    let help = "Write how long ago as in `30d`, a day as in `2026-03-01`, or a moment as in `2026-03-01T10:00:00Z`";
    resolver.wrong(&value.word, format!("`{text}` is no moment"), help)
}

/// A moment that is an attribute is a number in its column.
fn of_attribute(name: &Name, range: Range) -> Condition {
    let test = |order, bound: i64| Condition::Number(name.clone(), NumberTest::Order(order, bound as f64));
    match (range.from, range.until) {
        (Some(from), Some(until)) => Condition::And(vec![test(Order::GreaterOrEqual, from), test(Order::Less, until)]),
        (Some(from), None) => test(Order::GreaterOrEqual, from),
        (None, Some(until)) => test(Order::Less, until),
        (None, None) => not(Condition::Or(Vec::new())),
    }
}
