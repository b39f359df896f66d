//! How large a record is. A turn that would exceed the limit ends the run that is largest, visibly; its input is not lost.

use super::effect::{Effect, Moving};
use super::record::{Errand, Kept, Purpose, Record, Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::broadcast::Refusal;
use crate::domain::codec;
use crate::domain::input::Callback;
use crate::domain::limits;
use crate::domain::outbound::OutboundContent;
use crate::domain::value::Value;
use crate::domain::way::Step;

/// Bytes of a run beside its texts and values, at most.
const RUN: usize = 256;
/// Bytes of a message whose fate is waited for, and of a notification on its way beside its values, at most.
const TRACKED: usize = 384;
/// Bytes of a record beside its runs, texts and values, at most.
const RECORD: usize = 1_024;

/// Room for what belongs to an effect beside its texts and values.
const EFFECT: usize = 8 * 1024;

/// Bytes of an effect as it waits in its lane: exact where it may be too large, else a guess from above, which saves writing it twice.
pub(super) fn effect_bytes(effect: &Effect) -> usize {
    let words = match effect {
        Effect::Send(send) => {
            let held = send.quiet.as_ref().map_or(0, |quiet| quiet.bytes());
            let provider = held + send.outbound.provider.as_ref().map_or(0, value_bytes);
            match &send.outbound.content {
                OutboundContent::Text { text } => text.len() + provider,
                OutboundContent::Email { subject, text, html, from } => {
                    let more = [html, from].into_iter().flatten().map(String::len).sum::<usize>();
                    subject.len() + text.len() + more + provider
                }
                _ => limits::EFFECT_BYTES,
            }
        }
        Effect::Post(_) | Effect::Pass(_) => limits::EFFECT_BYTES,
        // What somebody wrote may be as large as a mailbox takes.
        Effect::Move(step) if matches!(**step, Moving::GiveOn { .. }) => limits::EFFECT_BYTES,
        Effect::Hook(hook) => hook.body.len(),
        // They are bounded where they are decided.
        Effect::Call(_) | Effect::Fetch(_) | Effect::Raise(_) | Effect::Tell(_) | Effect::Desk(_) | Effect::Move(_) => 0,
    };
    let guess = EFFECT + words;
    if guess <= limits::EFFECT_BYTES { guess } else { codec::encode(effect).len() }
}

impl Turning<'_> {
    /// Makes the record fit.
    pub(super) fn bound(&mut self) -> Result<(), TurnError> {
        // Nearly every record is far below the limit: a guess from above saves writing it twice.
        if guess(self.rec) <= limits::RECORD_BYTES {
            return Ok(());
        }
        loop {
            let bytes = codec::encode(&*self.rec).len();
            if bytes <= limits::RECORD_BYTES {
                return Ok(());
            }
            // What is kept for late replies goes before anything that is under way.
            if let Some(question) = self.rec.unanswered.iter_mut().find(|question| question.kept.is_some()) {
                question.kept = None;
                self.note(None, "a late reply will not take a run up again: the record is too large");
                continue;
            }
            // A message whose run does not wait for it goes no further before a run ends for want of room.
            let words = self.rec.errands.iter().enumerate().filter(|(_, errand)| errand.purpose == Purpose::Word);
            if let Some((place, _)) = words.max_by_key(|(_, errand)| errand_bytes(errand)) {
                let errand = self.rec.errands.remove(place);
                self.way(&errand, Step::Dropped, "the record is too large");
                self.release(errand.id);
                continue;
            }
            // What was said before a hand-off, and then what waits for a desk, is in the journal too.
            if !self.rec.recent.is_empty() {
                self.rec.recent.clear();
                continue;
            }
            if self.rec.desks.iter_mut().any(|talk| talk.leave_out()) {
                continue;
            }
            if self.digest_early(bytes)? {
                continue;
            }
            let largest = self.rec.runs.iter().enumerate().max_by_key(|(_, run)| run_bytes(run)).map(|(place, _)| place);
            match largest {
                Some(place) => {
                    let run = self.take(place);
                    let why = format!("the contact's record would have {bytes} bytes, at most {}", limits::RECORD_BYTES);
                    self.fail(run, &why);
                }
                None => match self.rec.waiting.pop() {
                    Some(waiting) => {
                        self.drop_start(&waiting, Refusal::TooMany);
                        self.note(None, format!("a start of `{}` was dropped: the record is too large", waiting.flow));
                    }
                    None => return Err(TurnError::TooLarge(bytes)),
                },
            }
        }
    }
}

fn guess(record: &Record) -> usize {
    let attributes: usize = record.attributes.iter().map(|(name, value)| 8 + name.as_str().len() + value_bytes(value)).sum();
    let runs: usize = record.runs.iter().map(run_bytes).sum();
    let waiting: usize = record.waiting.iter().map(|w| RUN + w.vars.iter().map(|(_, v)| 8 + value_bytes(v)).sum::<usize>()).sum();
    let waiting_replies: usize = record.waiting.iter().filter_map(|w| w.reply.as_ref()).map(reply_bytes).sum();
    let keys: usize = record.waiting.iter().filter_map(|w| w.key.as_ref()).map(String::len).sum();
    let texts = [&record.user_id, &record.email, &record.external, &record.verbatim, &record.name, &record.timezone];
    let texts: usize = texts.into_iter().flatten().map(|text| text.len() + 8).sum();
    let kept: usize = record.unanswered.iter().filter_map(|question| question.kept.as_ref()).map(|kept| kept_bytes(kept)).sum();
    let lists = (record.merged.len() + record.coming.len()) * 24
        + record.tags.len() * 66
        + record.heard.len() * 96
        + record.unanswered.len() * 96
        + record.acts.len() * 20
        + (record.left.len() + record.former.len()) * 80;
    let tracked = record.tracked.len() * 384
        + record.given_up.len() * 64
        + record.callbacks.iter().map(|called| callback_bytes(&called.callback)).sum::<usize>();
    let to_come = record.waiting.iter().filter_map(|waiting| waiting.callback.as_ref());
    let to_come = to_come.map(|callback| callback_bytes(callback)).sum::<usize>();
    let on_their_way: usize = record.errands.iter().map(errand_bytes).sum();
    let desks: usize = record.desks.iter().map(|talk| talk.bytes()).sum();
    let recent: usize = record.recent.iter().map(|recent| 24 + recent.text.len()).sum();
    RECORD
        + desks
        + recent
        + attributes
        + runs
        + waiting
        + waiting_replies
        + keys
        + texts
        + lists
        + kept
        + tracked
        + to_come
        + on_their_way
}

fn errand_bytes(errand: &Errand) -> usize {
    TRACKED + errand.params.iter().map(value_bytes).sum::<usize>()
}

fn run_bytes(run: &Run) -> usize {
    let frame = |frame: &super::record::Frame| {
        let vars: usize = frame.vars.iter().map(|(_, value)| 8 + value_bytes(value)).sum();
        64 + vars + frame.visits.len() * 10
    };
    let question = run.asked().map_or(0, |question| {
        let labels: usize = question.labels.iter().map(|label| label.len() + 5).sum();
        let file = |file: &super::record::File| 24 + value_bytes(&file.value);
        let gathered = |g: &super::record::Gathered| 32 + g.text.len() + g.files.iter().map(file).sum::<usize>();
        let gathered = question.gathered.as_ref().map_or(0, gathered);
        let items: usize = question.items.iter().map(value_bytes).sum();
        labels + gathered + items + question.visible.as_ref().map_or(0, |visible| visible.len() * 3)
    });
    let held = match &run.waiting {
        Waiting::Held { value, .. } => value_bytes(value),
        Waiting::Digest { items, .. } => items.iter().map(value_bytes).sum(),
        Waiting::Person { taken, note, talk, .. } => {
            talk.bytes() + [taken, note].into_iter().flatten().map(String::len).sum::<usize>()
        }
        _ => 0,
    };
    let held = held + run.event.as_ref().map_or(0, |event| 80 + value_bytes(&event.data));
    let key = run.key.as_ref().map_or(0, String::len);
    RUN + held + run.frames.iter().map(frame).sum::<usize>() + question + key + run.reply.as_ref().map_or(0, reply_bytes)
}

fn kept_bytes(kept: &Kept) -> usize {
    let vars: usize = kept.vars.iter().map(|(_, value)| 8 + value_bytes(value)).sum();
    let callback = kept.callback.as_ref().map_or(0, |callback| callback_bytes(callback));
    64 + vars + kept.key.as_ref().map_or(0, String::len) + callback
}

fn callback_bytes(callback: &Callback) -> usize {
    48 + callback.url.len()
        + callback.id.as_ref().map_or(0, String::len)
        + callback.data.as_ref().map_or(0, value_bytes)
        + callback.json.as_ref().map_or(0, String::len)
}

fn reply_bytes(reply: &super::record::Reply) -> usize {
    let rest = reply.rest.as_ref().map_or(0, String::len);
    128 + reply.text.len() + rest + [&reply.media, &reply.groups].into_iter().flatten().map(value_bytes).sum::<usize>()
}

/// Bytes of a value in the store, about.
pub(super) fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(_) => 9,
        Value::Text(text) => text.len() + 5,
        Value::List(items) => 5 + items.iter().map(value_bytes).sum::<usize>(),
        Value::Map(map) => 16 + map.iter().map(|(name, value)| name.len() + 5 + value_bytes(value)).sum::<usize>(),
        Value::Date(_) | Value::Time(_) | Value::Moment(_) | Value::Duration(_) => 40,
        Value::Choice { id, label } => 24 + id.len() + label.len(),
    }
}
