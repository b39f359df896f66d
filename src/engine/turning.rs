//! What a turn works with: the record, the output so far, and the few things that every part of the engine needs.

use super::broadcast::Tried;
use super::channel::Route;
use super::effect::{Effect, Quiet, Send, System};
use super::fault::Fault;
use super::record::{Record, Reply, Run, Tracked};
use super::report::Told;
use super::scope::View;
use super::turn::{Context, TurnError, TurnOutput};
use super::weight::effect_bytes;
use crate::config::project::Project;
use crate::domain::broadcast::BroadcastId;
use crate::domain::channel::ChannelKind;
use crate::domain::desk::TalkId;
use crate::domain::id::{ContactKey, EffectId, RunId, Token, VersionId};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::Slug;
use crate::domain::outbound::{Outbound, OutboundContent};
use crate::domain::suppression::Barred;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::catalog::{Catalog, Published};
use crate::flow::definition::Flow;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::cell::{OnceCell, RefCell};
use std::sync::LazyLock;

/// One turn while it is computed.
pub(super) struct Turning<'a> {
    pub catalog: &'a Catalog,
    pub project: &'a Project,
    pub barred: &'a Barred,
    pub token: Token,
    pub contact: ContactKey,
    /// The present moment by the contact's own clock, never before that of the last turn.
    pub now: Millis,
    pub rec: &'a mut Record,
    pub out: TurnOutput,
    /// When what is worked on was accepted, by the contact's own clock.
    pub came: Millis,
    /// Runs that began in this turn.
    pub begun: usize,
    /// States that the run at work entered in this turn.
    pub entered: usize,
    /// Notifications that were sent off in this turn.
    pub sent_off: usize,
    pub notes: RefCell<Vec<String>>,
    /// The run that speaks, and what its mails are about where they do not say so themselves.
    pub about: Option<(RunId, String)>,
    /// The hand-off at whose desk a person does what this turn does.
    pub at_desk: Option<TalkId>,
    /// Lines for desks that this turn made.
    pub desk_lines: usize,
    /// The event that an entry of `anytime` takes: readable until a state is entered.
    pub taken_event: Option<Box<Value>>,
    /// What stands against what a broadcast says, while that is tried.
    pub tried: Option<Tried>,
    /// The notification on its way that was counted as marketing last in this turn.
    pub counted: Option<u64>,
    zone: OnceCell<Option<TimeZone>>,
}

impl<'a> Turning<'a> {
    pub(super) fn new(context: &Context<'a>, rec: &'a mut Record, token: Token, contact: ContactKey, now: Millis) -> Turning<'a> {
        let now = (now + rec.clock.ahead).max(rec.last);
        rec.last = now;
        Turning {
            catalog: context.catalog,
            project: context.project,
            barred: context.barred,
            token,
            contact,
            now,
            came: now,
            rec,
            out: TurnOutput::default(),
            begun: 0,
            entered: 0,
            sent_off: 0,
            notes: RefCell::default(),
            about: None,
            at_desk: None,
            desk_lines: 0,
            taken_event: None,
            tried: None,
            counted: None,
            zone: OnceCell::new(),
        }
    }

    /// A version with its index; without it the turn cannot be done.
    pub(super) fn published(&self, version: VersionId) -> Result<&'a Published, TurnError> {
        let catalog: &'a Catalog = self.catalog;
        catalog.published(version).map(|published| &**published).ok_or(TurnError::UnknownVersion(version))
    }

    /// The flow of a run's frame.
    pub(super) fn flow(&self, run: &Run, depth: usize) -> Result<&'a Flow, TurnError> {
        let frame = run.frames.get(depth).ok_or(TurnError::Damaged("a run without a frame"))?;
        self.published(frame.version).map(|published| &*published.flow)
    }

    /// The innermost flow of a run.
    pub(super) fn inner_flow(&self, run: &Run) -> Result<&'a Flow, TurnError> {
        self.flow(run, run.frames.len().saturating_sub(1))
    }

    /// The zone of the contact, else of the project.
    pub(super) fn zone(&self) -> &TimeZone {
        let own = self.zone.get_or_init(|| self.rec.timezone.as_deref().and_then(zone_of));
        own.as_ref().unwrap_or(&self.project.timezone)
    }

    /// After the contact's zone was changed.
    pub(super) fn forget_zone(&mut self) {
        self.zone = OnceCell::new();
    }

    /// The language in which a flow speaks to the contact.
    pub(super) fn language(&self, flow: Option<&Flow>) -> Language {
        let first = || flow.and_then(|flow| flow.languages.first().copied());
        self.rec.language.or_else(first).unwrap_or(self.project.language)
    }

    /// What expressions see outside of a run.
    pub(super) fn bare_view<'b>(&'b self, flow: Option<&'b Flow>) -> View<'b> {
        View {
            record: self.rec,
            contact: self.contact,
            project: self.project,
            now: self.now,
            zone: self.zone(),
            language: self.language(flow),
            flow,
            run: None,
            frame: None,
            reply: None,
            event: self.taken_event.as_deref(),
            body: None,
            item: None,
            params: None,
            notes: &self.notes,
        }
    }

    /// What expressions of one of a run's flows see.
    pub(super) fn view<'b>(&'b self, run: &'b Run, depth: usize) -> Result<View<'b>, TurnError> {
        let flow = self.flow(run, depth)?;
        Ok(View { run: Some(run), frame: run.frames.get(depth), reply: run.reply.as_ref(), ..self.bare_view(Some(flow)) })
    }

    pub(super) fn journal(&mut self, event: Event) {
        self.out.events.push(event);
    }

    pub(super) fn note(&mut self, run: Option<RunId>, text: impl Into<String>) {
        self.journal(Event::Note { run, text: text.into() });
    }

    pub(super) fn alert(&mut self, run: Option<RunId>, say: String, level: AlertLevel) {
        self.journal(Event::Alert { run, say, to: None, level });
    }

    /// Puts what expressions noticed into the journal.
    pub(super) fn flush_notes(&mut self, run: Option<RunId>) {
        let notes = std::mem::take(&mut *self.notes.borrow_mut());
        notes.into_iter().for_each(|text| self.note(run, text));
    }

    /// Counts runs on a version.
    pub(super) fn count_live(&mut self, version: VersionId, by: i64) {
        match self.out.live.iter_mut().find(|(v, _)| *v == version) {
            Some((_, n)) => *n += by,
            None => self.out.live.push((version, by)),
        }
    }

    /// The id that the next effect will have.
    pub(super) fn next_effect(&self) -> EffectId {
        self.token.effect(self.out.effects.len())
    }

    pub(super) fn effect(&mut self, effect: Effect) -> Result<EffectId, Fault> {
        // What must be said to whoever opts out has a place of its own, and so has a step of two contacts that become one: without it a
        // contact that stands still would do so for ever.
        let own = match &effect {
            Effect::Send(send) => send.system.is_some(),
            Effect::Move(_) => true,
            _ => false,
        };
        if self.out.effects.len() >= limits::EFFECTS_PER_TURN + usize::from(own) {
            return Err(Fault::run(format!("more than {} effects in one turn", limits::EFFECTS_PER_TURN)));
        }
        // What no outbox takes ends the run that wants it. Were it found when the turn is written, the turn would be lost with its input,
        // and so would every later one in which a timer wants the same.
        let bytes = effect_bytes(&effect);
        if bytes > limits::EFFECT_BYTES {
            let what = effect.word();
            return Err(Fault::run(format!("{what} of {bytes} bytes, at most {} can leave", limits::EFFECT_BYTES)));
        }
        let id = self.next_effect();
        self.out.effects.push((id, effect));
        Ok(id)
    }

    /// Sends to the contact.
    pub(super) fn send(&mut self, route: &Route, content: OutboundContent, from: From<'_>) -> Result<EffectId, Fault> {
        let content = match content {
            OutboundContent::Text { text } if route.kind == ChannelKind::Email => {
                let about = self.about.as_ref().filter(|(run, _)| Some(*run) == from.run);
                let subject = about.map(|(_, title)| title.clone()).unwrap_or_default();
                OutboundContent::Email { subject, text, html: None, from: None }
            }
            content => self.as_text_message(route, content, from.system.is_some()),
        };
        let id = self.next_effect();
        let event = Event::Sent {
            effect: id,
            run: from.run,
            channel: route.channel.clone(),
            kind: route.kind,
            to: route.to.clone(),
            content: if from.code { masked() } else { content.clone() },
            notification: from.notification.cloned(),
            system: from.system.map(|system| system.as_str().to_owned()),
        };
        let watched = self.is_watched(from.run);
        let tracked = watched || from.errand.is_some();
        let send = Send {
            channel: route.channel.clone(),
            kind: route.kind,
            outbound: Outbound { to: route.to.clone(), content, in_reply_to: None, provider: from.provider.cloned() },
            notification: from.notification.cloned(),
            run: from.run,
            system: from.system,
            awaited: from.awaited,
            tracked,
            code: from.code,
            bulk: from.bulk,
            broadcast: from.broadcast,
            marketing: from.marketing,
            home: None,
            quiet: from.quiet.cloned().map(Box::new),
            at: self.store_now(),
            since: None,
        };
        self.effect(Effect::Send(Box::new(send)))?;
        self.journal(event);
        if tracked {
            self.track(Tracked {
                effect: id,
                run: from.run,
                flow: from.flow.cloned(),
                notification: from.notification.cloned(),
                channel: route.channel.clone(),
                kind: route.kind,
                at: self.now,
                status: DeliveryStatus::Queued,
                reason: None,
                errand: from.errand,
                code: None,
                watched,
                untold: if watched { Told::Queued.bit() } else { 0 },
                replied: false,
                unsure: false,
                parts: from.parts.to_vec(),
            });
        }
        Ok(id)
    }

    /// A message of the contact as expressions read it.
    pub(super) fn reply_of(&self, message: &crate::domain::message::Inbound, at: Millis, rest: Option<String>) -> Reply {
        super::reply::of(message, at, rest)
    }
}

/// Where a message comes from.
#[derive(Clone, Copy, Default)]
pub(super) struct From<'b> {
    pub run: Option<RunId>,
    pub notification: Option<&'b Slug>,
    pub system: Option<System>,
    pub awaited: bool,
    pub flow: Option<&'b Slug>,
    /// The notification on its way that it belongs to: then it is tracked.
    pub errand: Option<u64>,
    /// The messages before it that belong to it.
    pub parts: &'b [EffectId],
    /// Fields for the provider.
    pub provider: Option<&'b Value>,
    /// Whether the journal masks it.
    pub code: bool,
    /// Whether it is marketing.
    pub marketing: bool,
    /// Whether a broadcast sends it, to somebody who was not heard since.
    pub bulk: bool,
    /// Which one.
    pub broadcast: Option<BroadcastId>,
    /// The hours that it takes along.
    pub quiet: Option<&'b Quiet>,
}

impl From<'_> {
    /// From this run.
    pub(super) fn run(run: &Run) -> Self {
        let broadcast = run.sending.as_ref().map(|sending| sending.broadcast);
        From { run: Some(run.id), bulk: run.sending.is_some(), broadcast, ..From::default() }
    }
}

/// What the journal says of a message that holds a code.
fn masked() -> OutboundContent {
    OutboundContent::Text { text: "••••••".to_owned() }
}

/// A zone by its IANA name, from the rules that are compiled in: the machine's own files would make turns differ.
pub fn zone_of(name: &str) -> Option<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).ok()
}
