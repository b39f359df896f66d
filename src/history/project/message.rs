//! Messages in both directions and how far they came. A status only rises, so that reports which come late or twice do no harm; only an
//! attempt that succeeds takes back a failure which attempts alone had told.

use super::content::words;
use super::{Fold, Now};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, RunId};
use crate::domain::journal::{AttemptOutcome, Decision, Event};
use crate::domain::message::{DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use crate::domain::sms::Segments;
use crate::history::cell::{Cell, Statement};

/// How far each status is. Between those of `DeliveryStatus` stand what only we know.
const QUEUED: i64 = 0;
const UNSURE: i64 = 1;
const SENT: i64 = 2;
const FAILED: i64 = 3;
const DELIVERED: i64 = 4;
const READ: i64 = 5;

impl Fold<'_> {
    pub(super) fn message(&mut self, now: &Now<'_>, i: usize, event: &Event) {
        match event {
            Event::Received { .. } => self.received(now, i, event),
            Event::Sent { content: OutboundContent::MarkRead { .. }, .. } => {}
            Event::Sent { .. } => self.sent(now, event),
            Event::Attempted { .. } => self.attempted(now, event),
            Event::Reported { .. } => self.reported(now, event),
            Event::Switched { effect, to, .. } => {
                let sql = "UPDATE message SET channel = $3 WHERE contact = $1 AND id = $2";
                self.out.push(Statement::new(sql, [now.contact.into(), effect.into(), to.into()]));
            }
            _ => {}
        }
    }

    fn flow_of(&self, contact: ContactKey, run: Option<RunId>) -> Cell {
        run.and_then(|run| self.runs.flow_of(contact, run)).into()
    }

    fn broadcast_of(&self, contact: ContactKey, run: Option<RunId>) -> Cell {
        run.and_then(|run| self.runs.broadcast_of(contact, run)).into()
    }

    fn received(&mut self, now: &Now<'_>, i: usize, event: &Event) {
        let Event::Received { input, channel, from, provider_id, text, content, decision, reason, .. } = event else { return };
        let run = run_after(now, i, decision);
        // A run that began before this entry is known; one that begins in it is told with its flow.
        let flow = run.map(|run| match begins(now, run) {
            Some(flow) => flow.into(),
            None => self.flow_of(now.contact, Some(run)),
        });
        let sql = "INSERT INTO message (contact, id, mode, direction, channel, kind, address, run, flow, text, content, status, rank, status_at,
                       provider_id, decision, rule, at, broadcast)
                   VALUES ($1,$2,$3,'in',$4,$5,$6,$7,$8,$9,$10,'received',0,$11,$12,$13,$14,$11,$15) ON CONFLICT DO NOTHING";
        let params: [Cell; 15] = [
            now.contact.into(),
            input.into(),
            now.mode.into(),
            channel.into(),
            self.kind_of(channel, from).map(ChannelKind::as_str).into(),
            from.reveal().into(),
            run.into(),
            flow.unwrap_or_default(),
            text.into(),
            json(content),
            now.entry.at.into(),
            provider_id.into(),
            word(decision).into(),
            reason.into(),
            self.broadcast_of(now.contact, run),
        ];
        self.out.push(Statement::new(sql, params));
        if let InboundContent::Deleted { message } = content {
            self.take_back(now.contact, message);
        }
    }

    /// The words of a message that its sender took back, and of its changes, go.
    fn take_back(&mut self, contact: ContactKey, provider_id: &str) {
        let gone = json(&InboundContent::Unsupported { kind: "deleted".to_owned() });
        let sql = "UPDATE message SET text = '', content = $3 WHERE contact = $1 AND provider_id = $2 AND direction = 'in'
                       AND content NOT LIKE '{\"deleted\"%'";
        self.out.push(Statement::new(sql, [contact.into(), provider_id.into(), gone]));
        let edited = json(&InboundContent::Edited { message: provider_id.to_owned() });
        let sql = "UPDATE message SET text = '' WHERE contact = $1 AND content = $2 AND direction = 'in'";
        self.out.push(Statement::new(sql, [contact.into(), edited]));
    }

    fn sent(&mut self, now: &Now<'_>, event: &Event) {
        let Event::Sent { effect, run, channel, kind, to, content, notification, system } = event else { return };
        let text = words(content);
        let segments = (*kind == ChannelKind::Sms).then(|| Segments::of(&text).segments.max(1));
        let (price, currency) = match self.lines.price(channel, to.reveal(), segments.unwrap_or(1)) {
            Some(price) => (Cell::from(price.amount), Cell::from(price.currency)),
            None => (Cell::Null, Cell::Null),
        };
        let sql = "INSERT INTO message (contact, id, mode, direction, channel, kind, address, run, flow, notification, system, text, content,
                       status, rank, status_at, segments, at, broadcast, price, currency)
                   VALUES ($1,$2,$3,'out',$4,$5,$6,$7,$8,$9,$10,$11,$12,'queued',0,$13,$14,$13,$15,$16,$17) ON CONFLICT DO NOTHING";
        let params: [Cell; 17] = [
            now.contact.into(),
            effect.into(),
            now.mode.into(),
            channel.into(),
            kind.as_str().into(),
            to.reveal().into(),
            (*run).into(),
            self.flow_of(now.contact, *run),
            notification.as_ref().into(),
            system.as_deref().into(),
            text.into(),
            json(content),
            now.entry.at.into(),
            segments.into(),
            self.broadcast_of(now.contact, *run),
            price,
            currency,
        ];
        self.out.push(Statement::new(sql, params));
    }

    /// An effect that is no message has no row here, and gets none.
    fn attempted(&mut self, now: &Now<'_>, event: &Event) {
        let Event::Attempted { effect, attempt, outcome, provider_id, detail, code } = event else { return };
        let superseded = AttemptOutcome::Failed { reason: FailureReason::Superseded };
        let (status, rank, reason) = match outcome {
            AttemptOutcome::Accepted => {
                let sql = "UPDATE message SET attempts = CASE WHEN attempts < $3 THEN $3 ELSE attempts END,
                               provider_id = coalesce($4, provider_id), sent_at = coalesce(sent_at, $6),
                               detail = CASE WHEN rank = 3 AND reported = 0 THEN $5 ELSE coalesce($5, detail) END,
                               status = CASE WHEN rank < 2 OR (rank = 3 AND reported = 0) THEN 'sent' ELSE status END,
                               status_at = CASE WHEN rank < 2 OR (rank = 3 AND reported = 0) THEN $6 ELSE status_at END,
                               reason = CASE WHEN rank = 3 AND reported = 0 THEN NULL ELSE reason END,
                               code = CASE WHEN rank = 3 AND reported = 0 THEN NULL ELSE code END,
                               failed_at = CASE WHEN rank = 3 AND reported = 0 THEN NULL ELSE failed_at END,
                               rank = CASE WHEN rank < 2 OR (rank = 3 AND reported = 0) THEN 2 ELSE rank END
                           WHERE contact = $1 AND id = $2";
                let (provider_id, detail) = (provider_id.as_deref(), detail.as_deref());
                let params: [Cell; 6] = [
                    now.contact.into(),
                    effect.into(),
                    (*attempt).into(),
                    provider_id.into(),
                    detail.into(),
                    now.entry.at.into(),
                ];
                self.out.push(Statement::new(sql, params));
                return;
            }
            AttemptOutcome::Retry | AttemptOutcome::RetryUnsure => ("queued", QUEUED, None),
            AttemptOutcome::Unsure => ("unsure", UNSURE, None),
            failed if *failed == superseded => ("withdrawn", FAILED, Some(FailureReason::Superseded)),
            AttemptOutcome::Failed { reason } => ("failed", FAILED, Some(*reason)),
        };
        let sql = "UPDATE message SET attempts = CASE WHEN attempts < $3 THEN $3 ELSE attempts END,
                       provider_id = coalesce($4, provider_id), detail = coalesce($5, detail),
                       status = CASE WHEN rank < $7 THEN $8 ELSE status END, status_at = CASE WHEN rank < $7 THEN $6 ELSE status_at END,
                       reason = CASE WHEN rank < $7 THEN $9 ELSE reason END, code = CASE WHEN rank < $7 THEN $10 ELSE code END,
                       failed_at = CASE WHEN rank < $7 AND $8 = 'failed' THEN $6 ELSE failed_at END,
                       rank = CASE WHEN rank < $7 THEN $7 ELSE rank END
                   WHERE contact = $1 AND id = $2";
        let params: [Cell; 10] = [
            now.contact.into(),
            effect.into(),
            (*attempt).into(),
            provider_id.as_deref().into(),
            detail.as_deref().into(),
            now.entry.at.into(),
            rank.into(),
            status.into(),
            reason.map(why).into(),
            code.as_deref().into(),
        ];
        self.out.push(Statement::new(sql, params));
    }

    fn reported(&mut self, now: &Now<'_>, event: &Event) {
        let Event::Reported { effect, status, reason, code, at, detail } = event else { return };
        let rank = match status {
            DeliveryStatus::Queued => return,
            DeliveryStatus::Sent => SENT,
            DeliveryStatus::Failed => FAILED,
            DeliveryStatus::Delivered => DELIVERED,
            DeliveryStatus::Read => READ,
        };
        // The provider's clock says when; it may go wrong, but not later than now.
        let at = at.map_or(now.entry.at, |at| at.min(now.entry.at));
        let sql = "UPDATE message SET
                       sent_at = CASE WHEN $3 = 'failed' THEN sent_at ELSE coalesce(sent_at, $5) END,
                       delivered_at = CASE WHEN $3 = 'delivered' OR $3 = 'read' THEN coalesce(delivered_at, $5) ELSE delivered_at END,
                       read_at = CASE WHEN $3 = 'read' THEN coalesce(read_at, $5) ELSE read_at END,
                       failed_at = CASE WHEN $3 = 'failed' AND rank < $4 THEN $5 ELSE failed_at END,
                       reported = CASE WHEN rank < $4 THEN 1 ELSE reported END,
                       reason = CASE WHEN rank < $4 THEN $6 ELSE reason END, code = CASE WHEN rank < $4 THEN $7 ELSE code END,
                       detail = CASE WHEN rank = 3 AND rank < $4 THEN $8 WHEN rank < $4 THEN coalesce($8, detail) ELSE detail END,
                       status_at = CASE WHEN rank < $4 THEN $5 ELSE status_at END,
                       status = CASE WHEN rank < $4 THEN $3 ELSE status END, rank = CASE WHEN rank < $4 THEN $4 ELSE rank END
                   WHERE contact = $1 AND id = $2";
        let params: [Cell; 8] = [
            now.contact.into(),
            effect.into(),
            status.as_str().into(),
            rank.into(),
            at.into(),
            reason.map(why).into(),
            code.as_deref().into(),
            detail.as_deref().into(),
        ];
        self.out.push(Statement::new(sql, params));
    }
}

/// The run that a message went to: the next one of which this entry tells something, before the next message.
fn run_after(now: &Now<'_>, i: usize, decision: &Decision) -> Option<RunId> {
    match decision {
        Decision::Answer
        | Decision::Gathered
        | Decision::Anytime
        | Decision::Start
        | Decision::NoMatch
        | Decision::Late
        | Decision::Person => {}
        Decision::OptOut
        | Decision::OptIn
        | Decision::Help
        | Decision::StartWaits
        | Decision::StartIgnored
        | Decision::Inbox
        | Decision::Ignored
        | Decision::Awaited
        | Decision::TooOld
        | Decision::Flooded
        | Decision::Collected => return None,
    }
    let after = now.entry.events.iter().skip(i + 1);
    after.take_while(|event| !matches!(event, Event::Received { .. })).find_map(Event::run)
}

/// The flow of a run that this entry begins.
fn begins<'e>(now: &Now<'e>, run: RunId) -> Option<&'e str> {
    now.entry.events.iter().find_map(|event| match event {
        Event::RunStarted { run: of, flow, .. } if *of == run => Some(flow.as_str()),
        _ => None,
    })
}

fn json(value: &impl serde::Serialize) -> Cell {
    serde_json::to_string(value).ok().into()
}

/// A word of a closed enum, as the journal writes it.
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn why(reason: FailureReason) -> String {
    word(&reason).unwrap_or_default()
}
