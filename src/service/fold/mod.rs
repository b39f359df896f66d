//! Turns of one contact, up to the point where they are committed: inputs in, one commit out. No I/O. A turn that panics or
//! cannot be done costs its input, never the contact.

use super::core::Engine;
use super::settings::ServiceSettings;
use crate::domain::alert::{raise_set, tell_set};
use crate::domain::codec::{self, DecodeError};
use crate::domain::desk::desk_set;
use crate::domain::id::{ContactKey, EffectId, InputId, Token, VersionId};
use crate::domain::input::{self, Class, Input};
use crate::domain::journal::{AlertLevel, AttemptOutcome, Event};
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::engine::alerts::of_service;
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::Record;
use crate::engine::{Context, TurnError, TurnOutput};
use crate::store::{Entry, NewEffect, WorkSet};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A contact's record as a worker holds it between two commits.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its version.
    pub token: Token,
    /// The record, read.
    pub record: Record,
    /// Whether a call is pending.
    pub hold: bool,
}

/// What is folded into one commit.
#[derive(Debug)]
pub struct Folded {
    /// The record afterwards.
    pub after: Held,
    /// It, encoded.
    pub blob: Bytes,
    /// Inputs that were consumed, in order.
    pub consumed: Vec<InputId>,
    /// Those of them that could not be processed.
    pub set_aside: Vec<InputId>,
    /// Effects in the order in which they were decided.
    pub effects: Vec<NewEffect>,
    /// What happened.
    pub events: Vec<Event>,
    /// When the contact must be looked at again.
    pub alarm: Option<Millis>,
    /// Changes of live runs.
    pub live: Vec<(VersionId, i64)>,
    /// Messages that are given up if they have not left.
    pub withdraw: Vec<EffectId>,
    /// Effects whose delivery a run awaits from now on.
    pub await_add: Vec<EffectId>,
    /// Effects whose delivery is no longer awaited.
    pub await_remove: Vec<EffectId>,
    /// Turns that panicked.
    pub panicked: u64,
}

/// Why nothing can be committed now.
#[derive(Debug, PartialEq, Eq)]
pub enum Blocked {
    /// This version must be loaded first.
    Version(VersionId),
    /// Record or input was written by a newer release.
    Newer,
    /// The record is damaged: an engineer must look.
    Broken(String),
}

/// Reads a record as it lies in the store.
pub fn read_record(blob: &[u8]) -> Result<Record, Blocked> {
    if blob.is_empty() {
        return Ok(Record::default());
    }
    Record::decode(blob).map_err(|error| match error {
        DecodeError::Newer(_) => Blocked::Newer,
        DecodeError::Broken(why) => Blocked::Broken(why),
    })
}

/// An effect as it waits in its lane: that of a test contact in a form in which nothing of it leaves (`service::gate`). Every effect of a
/// contact is written here.
fn as_stored(mode: Mode, id: EffectId, effect: &Effect) -> NewEffect {
    let set = match effect {
        Effect::Send(send) if send.bulk => WorkSet::Bulk(send.channel.clone()),
        Effect::Send(send) => WorkSet::Talk(send.channel.clone()),
        Effect::Call(_) | Effect::Fetch(_) => WorkSet::Call,
        Effect::Post(_) | Effect::Pass(_) => WorkSet::Post,
        Effect::Move(step) => match **step {
            // Behind all that was said before.
            Moving::Go { .. } | Moving::GiveOn { urgent: false, .. } => WorkSet::Move,
            Moving::Invite { .. } | Moving::Refuse { .. } | Moving::Lead { .. } | Moving::GiveOn { urgent: true, .. } => {
                WorkSet::Post
            }
        },
        // Its name was checked when the configuration was read.
        Effect::Desk(desk) => WorkSet::Hook(desk_set(&desk.task.desk).unwrap_or_else(|| desk.task.desk.clone())),
        Effect::Hook(hook) => WorkSet::Hook(hook.endpoint.clone()),
        Effect::Raise(_) => WorkSet::Hook(raise_set()),
        Effect::Tell(tell) => WorkSet::Hook(tell_set(tell.to.medium())),
    };
    NewEffect { id, set, body: Bytes::from(codec::encode_in(mode, effect)) }
}

/// One worker's turns for one contact.
pub struct Folder<'a> {
    /// What decides.
    pub engine: Engine,
    /// What turns may know.
    pub context: Context<'a>,
    /// Bounds.
    pub settings: &'a ServiceSettings,
    /// The contact.
    pub contact: ContactKey,
    /// The store's clock.
    pub now: Millis,
    /// Claims without a commit: how often somebody died over this.
    pub tries: u8,
}

/// What became of one input.
enum Turned {
    Done(Box<Done>),
    SetAside { why: String, panicked: bool },
}

struct Done {
    record: Record,
    blob: Bytes,
    effects: Vec<NewEffect>,
    out: TurnOutput,
}

impl Folder<'_> {
    /// As many of the inputs as one commit can hold, or the alarm if there are none.
    pub fn fold(&self, before: &Held, inputs: &[Entry]) -> Result<Folded, Blocked> {
        let mut folded = Folded::nothing(before);
        if inputs.is_empty() {
            self.alarm(before, &mut folded)?;
            return Ok(folded);
        }
        let solo = self.tries >= self.settings.solo_from;
        let most = if solo { 1 } else { self.settings.fold.clamp(1, limits::INPUTS_PER_CLAIM) };
        for entry in inputs.iter().take(most) {
            let first = folded.consumed.is_empty();
            // One that is set aside raises an alert: it too must have room.
            if folded.effects.len() >= limits::EFFECTS_PER_COMMIT {
                break;
            }
            if !first && folded.after.hold && entry.class == Class::Normal {
                break;
            }
            let token = folded.after.token.after(&[entry.id]);
            let turned = match self.one(&folded.after, token, entry, first) {
                Ok(turned) => turned,
                // What was folded so far is committed; the next round begins with this input.
                Err(_) if !first => break,
                Err(blocked) => return Err(blocked),
            };
            match turned {
                Turned::Done(done) => {
                    if !first && folded.effects.len() + done.effects.len() > limits::EFFECTS_PER_COMMIT {
                        break;
                    }
                    // What is given up must be in its lane before.
                    if done.out.withdraw.iter().any(|id| folded.effects.iter().any(|effect| effect.id == *id)) {
                        break;
                    }
                    folded.add(*done);
                }
                Turned::SetAside { why, panicked } => {
                    // Whoever is new is of test if the input is.
                    folded.after.record.test |= codec::mode_of(&entry.body) == Mode::Test && folded.after.record.is_new();
                    self.set_aside(&mut folded, entry.id, token, why, panicked);
                }
            }
            folded.after.token = token;
            folded.consumed.push(entry.id);
        }
        if folded.set_aside.len() == folded.consumed.len() {
            // No turn said when to look again: the record did not change, so its timers still stand.
            folded.alarm = folded.after.record.alarm();
            folded.blob = Bytes::from(folded.after.record.encode());
        }
        Ok(folded)
    }

    fn one(&self, before: &Held, token: Token, entry: &Entry, first: bool) -> Result<Turned, Blocked> {
        if first && self.tries >= self.settings.set_aside_from {
            let why = format!("the service died {} times before it was done", self.tries.saturating_sub(1));
            return Ok(Turned::SetAside { why, panicked: false });
        }
        let (mode, input) = match codec::decode_in::<Input>(&entry.body) {
            Ok(read) => read,
            Err(DecodeError::Newer(_)) => return Err(Blocked::Newer),
            Err(DecodeError::Broken(why)) => {
                return Ok(Turned::SetAside { why: format!("it cannot be read: {why}"), panicked: false });
            }
        };
        let accepted = input::Accepted { id: entry.id, at: entry.accepted_at, mode, input };
        self.turn(&before.record, token, Some(&accepted))
    }

    /// A turn on a copy of the record, so that one that fails leaves nothing behind.
    fn turn(&self, record: &Record, token: Token, accepted: Option<&input::Accepted>) -> Result<Turned, Blocked> {
        let aside = |why: String, panicked| Ok(Turned::SetAside { why, panicked });
        let attempt = || {
            let mut trial = record.clone();
            (self.engine)(&self.context, &mut trial, token, self.contact, accepted, self.now).map(|out| (trial, out))
        };
        let (record, out) = match catch_unwind(AssertUnwindSafe(attempt)) {
            Ok(Ok(done)) => done,
            Ok(Err(TurnError::UnknownVersion(id))) => return Err(Blocked::Version(id)),
            Ok(Err(error)) => return aside(error.to_string(), false),
            Err(_) => return aside("the turn panicked".to_owned(), true),
        };
        let blob = record.encode();
        if blob.len() > limits::RECORD_BYTES {
            return aside(format!("the record would have {} bytes, at most {}", blob.len(), limits::RECORD_BYTES), false);
        }
        if out.effects.len() > limits::EFFECTS_PER_COMMIT {
            return aside(format!("{} effects in one turn, at most {}", out.effects.len(), limits::EFFECTS_PER_COMMIT), false);
        }
        let effects: Vec<NewEffect> = {
            let mode = record.stored_mode();
            out.effects.iter().map(|(id, effect)| as_stored(mode, *id, effect)).collect()
        };
        if let Some(large) = effects.iter().find(|effect| effect.body.len() > limits::EFFECT_BYTES) {
            return aside(format!("an effect of {} bytes, at most {}", large.body.len(), limits::EFFECT_BYTES), false);
        }
        Ok(Turned::Done(Box::new(Done { record, blob: Bytes::from(blob), effects, out })))
    }

    /// Only time has passed. If that cannot be processed, the alarm is put off, visibly: there is no input to set aside.
    fn alarm(&self, before: &Held, folded: &mut Folded) -> Result<(), Blocked> {
        let due = before.record.alarm().unwrap_or(self.now);
        let token = before.token.after_alarm(due);
        let turned = match self.tries >= self.settings.set_aside_from {
            true => Turned::SetAside { why: "the service died over it again and again".to_owned(), panicked: false },
            false => self.turn(&before.record, token, None)?,
        };
        match turned {
            Turned::Done(done) => folded.add(*done),
            Turned::SetAside { why, panicked } => {
                folded.panicked += u64::from(panicked);
                let say = format!("A timer could not be processed and is tried again in an hour: {why}");
                self.say(folded, token, say);
                folded.alarm = Some(self.now + Span::hours(1));
                folded.blob = Bytes::from(before.record.encode());
            }
        }
        folded.after.token = token;
        Ok(())
    }

    fn set_aside(&self, folded: &mut Folded, input: InputId, token: Token, why: String, panicked: bool) {
        folded.panicked += u64::from(panicked);
        let say = format!("A message could not be processed and was set aside: {why}");
        folded.events.push(Event::SetAside { input, reason: why });
        self.say(folded, token, say);
        folded.set_aside.push(input);
    }

    /// What an operator must hear at once.
    fn say(&self, folded: &mut Folded, token: Token, say: String) {
        let level = AlertLevel::Urgent;
        if let Some((id, effect)) = of_service(self.context.project, self.contact, token, &say, level, self.now) {
            folded.effects.push(as_stored(folded.after.record.stored_mode(), id, &effect));
        }
        folded.events.push(Event::Alert { run: None, say, to: None, level });
    }
}

impl Folded {
    fn nothing(before: &Held) -> Self {
        Folded {
            after: before.clone(),
            blob: Bytes::new(),
            consumed: Vec::new(),
            set_aside: Vec::new(),
            effects: Vec::new(),
            events: Vec::new(),
            alarm: None,
            live: Vec::new(),
            withdraw: Vec::new(),
            await_add: Vec::new(),
            await_remove: Vec::new(),
            panicked: 0,
        }
    }

    fn add(&mut self, done: Done) {
        let Done { record, blob, effects, out } = done;
        self.after.record = record;
        self.after.hold = out.hold;
        self.blob = blob;
        self.effects.extend(effects);
        self.events.extend(out.events);
        self.alarm = out.alarm;
        for (version, n) in out.live {
            match self.live.iter_mut().find(|(v, _)| *v == version) {
                Some((_, sum)) => *sum += n,
                None => self.live.push((version, n)),
            }
        }
        self.withdraw.extend(out.withdraw);
        self.withdraw.truncate(limits::EFFECTS_PER_COMMIT);
        for id in out.await_remove {
            // Begun and ended within one commit: the store need not hear of it.
            match self.await_add.iter().position(|added| *added == id) {
                Some(place) => drop(self.await_add.remove(place)),
                None => self.await_remove.push(id),
            }
        }
        self.await_add.extend(out.await_add);
    }
}

/// What the journal says of a message that did not leave because it was given up.
pub fn given_up(effect: EffectId) -> Event {
    let detail = Some("given up before it left".to_owned());
    let outcome = AttemptOutcome::Failed { reason: FailureReason::Superseded };
    Event::Attempted { effect, attempt: 0, outcome, provider_id: None, detail, code: None }
}

#[cfg(test)]
mod tests;
