//! What an answer is given must be of the type that it needs (RF103), and the channels must be able to carry it (RF310).

use super::place::Text;
use super::{Report, World};
use crate::domain::channel::ChannelKind;
use crate::domain::value::Type;
use crate::flow::definition::{Answer, Flow, Kind};
use crate::flow::diagnostic::At;
use crate::flow::expression::{TypeEnv, ValueTemplate};

/// Checks the types of the list of a `pick` and of the ends of days, times and moments.
pub(super) fn types(answer: &Answer, env: &dyn TypeEnv, report: &mut Report) {
    let mut must = |value: &ValueTemplate, at: At, name: &str, what: &str, types: &[Type]| {
        // A mistake within the expression was said at its own place.
        let Ok(found) = value.infer(env) else { return };
        if found.kind != Type::Any && !types.contains(&found.kind) {
            let message = format!("`{name}` must be {what}, this is a {}", found.kind);
            report.add(103, at, 0, message, format!("write an expression that gives {what}"));
        }
    };
    if let Answer::Pick(pick) = answer {
        must(&pick.from, pick.at, "from", "a list", &[Type::List]);
    }
    // A day or moment that came from another system is a text.
    let (what, types): (_, &[Type]) = match answer {
        Answer::Time(_) => ("a clock time", &[Type::Time, Type::Moment, Type::Text]),
        Answer::Date(_) => ("a day", &[Type::Date, Type::Moment, Type::Text]),
        _ => ("a moment", &[Type::Date, Type::Moment, Type::Text]),
    };
    let Some(between) = answer.between() else { return };
    for (name, bound) in [("min", &between.min), ("max", &between.max)] {
        if let Some(bound) = bound {
            must(&bound.value, bound.at, name, what, types);
        }
    }
}

/// Warns of questions that cannot be answered on one of the flow's channels.
pub(super) fn check(text: &Text<'_>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    if !super::references::kinds(flow, world).contains(&ChannelKind::Sms) {
        return;
    }
    for state in flow.states.values() {
        if matches!(&state.kind, Kind::Ask(ask) if matches!(ask.answer, Answer::Location)) {
            let message = "A place cannot be sent over sms: every reply there is `nomatch`";
            let help = "leave the sms channels out of `channels`, or let `nomatch` lead to a question for the address";
            let at = text.key_of(state.at, "answer").unwrap_or(state.at);
            report.add(310, at, 0, message, help);
        }
    }
}
