//! Everything of a contact's timeline that is no message, under the names of `domain/happening` where they have one.

use super::{Fold, Now};
use crate::domain::hold::{ChannelChange, FlowChange};
use crate::domain::journal::Event;
use crate::domain::name::Slug;
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::domain::way::Step;
use crate::history::cell::{Cell, Statement};
use serde_json::Value as Json;

impl Fold<'_> {
    pub(super) fn happening(&mut self, now: &Now<'_>, i: usize, event: &Event) {
        let Some(kind) = kind(event) else { return };
        // Of a call the journal says at its end which one it was, and at its beginning whose.
        let (sql, run): (&'static str, Cell) = match event {
            Event::CallEnded { effect, .. } => {
                let sql = "INSERT INTO happening (contact, token, idx, at, kind, run, detail, broadcast, reason, mode, level, team)
                           VALUES ($1,$2,$3,$4,$5,(SELECT c.run FROM call c WHERE c.id = $6),$7,$8,$9,$10,$11,$12) ON CONFLICT DO NOTHING";
                (sql, effect.into())
            }
            _ => {
                let sql =
                    "INSERT INTO happening (contact, token, idx, at, kind, run, detail, broadcast, reason, mode, level, team)
                           VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) ON CONFLICT DO NOTHING";
                (sql, event.run().into())
            }
        };
        let skipped = match event {
            Event::Skipped(skipped) => Some(skipped),
            _ => None,
        };
        let (level, team) = match event {
            Event::Alert { level, to, .. } => (Some(level.as_str()), to.as_ref().map(Slug::as_str)),
            _ => (None, None),
        };
        let params: [Cell; 12] = [
            now.contact.into(),
            now.entry.token.into(),
            i.into(),
            now.entry.at.into(),
            kind.into(),
            run,
            detail(event).into(),
            skipped.map(|skipped| skipped.broadcast.to_string()).into(),
            skipped.map(|skipped| skipped.reason.as_str()).into(),
            now.mode.into(),
            level.into(),
            team.into(),
        ];
        self.out.push(Statement::new(sql, params));
    }
}

/// What it is called; nothing for what other tables tell: messages, steps, contacts.
fn kind(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::Received { .. }
        | Event::Sent { .. }
        | Event::Entered { .. }
        | Event::Attempted { .. }
        | Event::Reported { .. }
        | Event::Profile(_)
        // The contact that stays tells it.
        | Event::Merged { .. }
        | Event::Tried(_)
        | Event::Forgotten => return None,
        Event::Switched { .. } => "message.switched",
        Event::TookIn { .. } => "contact.took_in",
        Event::EventReceived { .. } => "event.received",
        Event::WebhookReceived { .. } => "webhook.received",
        Event::RunStarted { .. } => "run.started",
        Event::Left { .. } => "state.left",
        Event::Set { .. } => "answer.saved",
        Event::Tagged { .. } => "contact.tagged",
        Event::RunEnded { .. } => "run.ended",
        Event::Called { .. } => "call.made",
        Event::CallEnded { .. } => "call.ended",
        Event::Emitted { .. } => "event.emitted",
        Event::Alert { .. } => "alert.raised",
        Event::OptedOut { .. } => "contact.opted_out",
        Event::OptedIn { .. } => "contact.opted_in",
        Event::AddressDead { .. } => "contact.unreachable",
        Event::SetAside { .. } => "input.set_aside",
        Event::Overflow { .. } => "input.overflow",
        Event::Note { .. } => "note",
        Event::TimeMoved { .. } => "time.moved",
        Event::ContactChanged { .. } => "contact.changed",
        Event::Begun { .. } => "run.asked",
        Event::Halted { .. } => "runs.halted",
        Event::HandoffOpened(_) => "handoff.opened",
        Event::HandoffTaken(_) => "handoff.taken",
        Event::PersonWrote(_) => "handoff.message",
        Event::HandoffClosed(_) => "handoff.closed",
        Event::Hooked { .. } => "report.made",
        Event::Way(way) => match way.step {
            Step::Held { .. } => "notification.held",
            Step::Skipped => "notification.skipped",
            Step::MovedOn => "notification.moved_on",
            Step::Arrived => "notification.arrived",
            Step::UsedUp => "notification.used_up",
            Step::Dropped => "notification.dropped",
            Step::Passed => "notification.passed",
            Step::Came => "notification.came",
        },
        Event::Consent(_) => "contact.consent",
        Event::Moved(_) => "run.moved",
        Event::Skipped(_) => "broadcast.skipped",
        Event::Channel(told) => match told.what {
            ChannelChange::Flagged => "channel.flagged",
            ChannelChange::Unflagged => "channel.unflagged",
            ChannelChange::Limit => "channel.limit",
            ChannelChange::Paused => "channel.paused",
            ChannelChange::Resumed => "channel.resumed",
        },
        Event::Flow(told) => match told.what {
            FlowChange::Paused => "flow.paused",
            FlowChange::Resumed => "flow.resumed",
        },
    })
}

/// Its fields as JSON.
fn detail(event: &Event) -> Json {
    let fields = match serde_json::to_value(event) {
        Ok(Json::Object(named)) => named.into_iter().next().map(|(_, fields)| fields),
        _ => None,
    };
    let mut fields = fields.filter(Json::is_object).unwrap_or_else(|| Json::Object(serde_json::Map::new()));
    if let (Event::CallEnded { .. }, Json::Object(map)) = (event, &mut fields) {
        // It stands with the call.
        map.remove("answer");
    }
    plain(fields)
}

/// Values as other systems read them: dates, moments and choices without the marks by which the journal tells them from texts.
fn plain(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(plain).collect(),
        Json::Object(mut map) => match (map.len(), map.keys().next().map(String::as_str)) {
            (1, Some("$date" | "$time")) => map.into_values().next().unwrap_or_default(),
            (1, Some("$map")) => {
                let inner = map.remove("$map").unwrap_or_default();
                match inner {
                    Json::Object(inner) => Json::Object(inner.into_iter().map(|(key, value)| (key, plain(value))).collect()),
                    other => other,
                }
            }
            (1, Some("$at")) => map["$at"].as_i64().map_or(Json::Null, |at| rfc3339(Millis(at)).into()),
            (1, Some("$for")) => map["$for"].as_i64().map_or(Json::Null, |millis| Span(millis).to_string().into()),
            (1, Some("$choice")) => map["$choice"].get(0).cloned().unwrap_or_default(),
            _ => Json::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::RunId;
    use crate::domain::value::Value;

    #[test]
    fn values_are_told_as_people_write_them() {
        let set = |value| detail(&Event::Set { run: RunId(7), name: "plan".to_owned(), value })["value"].clone();
        assert_eq!(set(Value::Choice { id: "cod".into(), label: "Cash".into() }), "cod");
        assert_eq!(set(Value::Date(jiff::civil::date(2026, 3, 2))), "2026-03-02");
        assert_eq!(set(Value::Moment(Millis(0))), "1970-01-01T00:00:00Z");
        assert_eq!(set(Value::Duration(Span::minutes(90))), "1h30m");
        let map = [("$at".to_owned(), Value::Number(5.0))].into_iter().collect();
        assert_eq!(set(Value::Map(map)), serde_json::json!({ "$at": 5 }), "a map that only looks like one");
    }
}
