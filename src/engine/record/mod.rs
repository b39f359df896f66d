//! What is stored of a contact: who it is, where it is reached, its live runs. Everything that a turn needs and nothing
//! else; read and written in every turn, so names are one letter and what is absent costs nothing. Fields are only added,
//! each with a default: a newer release reads what an older one wrote. See `domain::codec` for the byte in front.

mod board;
mod clock;
mod compact;
mod consent;
mod desk;
mod leaving;
mod mode;
mod profile;
mod question;
mod run;
mod take_in;
mod talk;
mod topics;
mod tracked;
mod unanswered;
mod vars;
mod who;

pub use board::{Board, Window};
pub use clock::{Clock, Goal};
pub use consent::Withdrew;
pub use desk::{DeskTalk, Farewell, Recent};
pub use question::{File, Gathered, Question};
pub use run::{FirstEvent, Frame, Reply, Run, Waiting, WaitingStart};
pub use take_in::TakenIn;
pub use talk::{Said, Talk};
pub use topics::Preference;
pub use tracked::{CalledBack, Errand, GivenUp, Only, Purpose, Stage, Tracked};
pub use unanswered::{Kept, Unanswered};
pub use vars::Vars;

use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, InputId, RunId};
use crate::domain::input::Callback;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::catalog::Catalog;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

fn no(b: &bool) -> bool {
    !*b
}

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

/// A contact as it is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The phone: the usual identity, for SMS and WhatsApp.
    #[serde(rename = "p", default, skip_serializing_if = "none")]
    pub phone: Option<E164>,
    /// WhatsApp's business-scoped user id.
    #[serde(rename = "u", default, skip_serializing_if = "none")]
    pub user_id: Option<String>,
    /// Email.
    #[serde(rename = "e", default, skip_serializing_if = "none")]
    pub email: Option<String>,
    /// The caller's own id.
    #[serde(rename = "x", default, skip_serializing_if = "none")]
    pub external: Option<String>,
    /// An address that is none of these: a short code, an alphanumeric sender.
    #[serde(rename = "v", default, skip_serializing_if = "none")]
    pub verbatim: Option<String>,
    /// Name.
    #[serde(rename = "n", default, skip_serializing_if = "none")]
    pub name: Option<String>,
    /// Language.
    #[serde(rename = "l", default, skip_serializing_if = "none")]
    pub language: Option<Language>,
    /// IANA name of the time zone.
    #[serde(rename = "z", default, skip_serializing_if = "none")]
    pub timezone: Option<String>,
    /// Tags.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Slug>,
    /// Declared attributes that have a value.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Name, Value)>,
    /// Runs whose beginner wants to hear what becomes of their messages.
    #[serde(rename = "j", default, skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<CalledBack>,
    /// Kinds of channel that the contact opted out of: `ChannelKind::stop_bit`.
    #[serde(rename = "s", default, skip_serializing_if = "no_bits")]
    pub stop: u8,
    /// Kinds of channel over which the contact was told how to opt out, where a channel says so.
    #[serde(rename = "sh", default, skip_serializing_if = "no_bits")]
    pub hinted: u8,
    /// Where and when the contact was heard last, one for each channel.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<Heard>,
    /// Live runs, the oldest first.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// Starts that wait until no question is open, the oldest first.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<WaitingStart>,
    /// The time of the last turn: time does not go back.
    #[serde(rename = "o", default)]
    pub last: Millis,
    /// Messages of the present minute.
    #[serde(rename = "m", default)]
    pub rate: Rate,
    /// Questions that were closed without an answer.
    #[serde(rename = "q", default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
    /// Its own clock. All moments in the record are by this clock.
    #[serde(rename = "k", default, skip_serializing_if = "Clock::is_plain")]
    pub clock: Clock,
    /// What persons did last, by the ids of their acts: who repeats one learns that it is done.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<InputId>,
    /// Whether it began with a message over a simulated channel, and nothing was ever said over another one.
    #[serde(rename = "y", default, skip_serializing_if = "no")]
    pub simulated: bool,
    /// Whether it is a test contact: for ever, and nothing of it leaves.
    #[serde(rename = "tt", default, skip_serializing_if = "no")]
    pub test: bool,
    /// Messages that were given up and of which it is not known yet whether they left.
    #[serde(rename = "gu", default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<GivenUp>,
    /// Messages whose fate somebody waits for, the oldest first.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub tracked: Vec<Tracked>,
    /// Notifications on their way, the oldest first.
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    pub errands: Vec<Errand>,
    /// Kinds of channel over which the contact wants marketing: `ChannelKind::stop_bit`.
    #[serde(rename = "c", default, skip_serializing_if = "no_bits")]
    pub consent: u8,
    /// The email address at which nothing arrives: it is not written to as long as it is the contact's.
    #[serde(rename = "b", default, skip_serializing_if = "none")]
    pub dead: Option<String>,
    /// The alerts of a team: then this is no contact's record.
    #[serde(rename = "al", default, skip_serializing_if = "none")]
    pub board: Option<Box<Board>>,
    /// When the contact said no to marketing, for each kind of channel on which it did.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub withdrew: Vec<Withdrew>,
    /// Hand-offs of which a desk is still to hear.
    #[serde(rename = "dk", default, skip_serializing_if = "Vec::is_empty")]
    pub desks: Vec<DeskTalk>,
    /// What was said last, where a desk may be told of it.
    #[serde(rename = "rc", default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Recent>,
    /// What the contact said of single topics of marketing.
    #[serde(rename = "tp", default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Preference>,
    /// What was given in private and is shown to nobody: attributes by their names, and `name`.
    #[serde(rename = "pv", default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Name>,
    /// Contacts that became part of this one, and other addresses that lead here.
    #[serde(rename = "mg", default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<ContactKey>,
    /// Contacts that are about to become part of this one: as long as there is one, it becomes part of no other.
    #[serde(rename = "cm", default, skip_serializing_if = "Vec::is_empty")]
    pub coming: Vec<ContactKey>,
    /// The contact that this one is about to become part of.
    #[serde(rename = "lv", default, skip_serializing_if = "none")]
    pub leaving: Option<ContactKey>,
    /// By which name the other one asked for it.
    #[serde(rename = "la", default, skip_serializing_if = "none")]
    pub asked_as: Option<ContactKey>,
    /// What the journal was told last of who the contact is, as a hash; 0: nothing yet.
    #[serde(rename = "pf", default, skip_serializing_if = "nothing_told")]
    pub told: u64,
    /// When marketing was sent to the contact, the newest last: as much of it as a cap of the project counts.
    #[serde(rename = "mk", default, skip_serializing_if = "Vec::is_empty")]
    pub marketing: Vec<Millis>,
    /// Numbers that the person had before the present one, the oldest first: who writes from one of them now is somebody else.
    #[serde(rename = "lf", default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<E164>,
    /// The same with the WhatsApp ids that they had, and since when they have them no more, as far as that is known.
    #[serde(rename = "fm", default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// Messages of the present minute that came from numbers which the person has given up.
    #[serde(rename = "gr", default, skip_serializing_if = "nothing_counted")]
    pub given: Rate,
}

/// An address that the person had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Former {
    /// A phone number or a WhatsApp id.
    #[serde(rename = "a")]
    pub address: Address,
    /// When its provider says that they got another one, by the provider's clock.
    #[serde(rename = "t", default, skip_serializing_if = "none")]
    pub at: Option<Millis>,
}

fn nothing_counted(rate: &Rate) -> bool {
    *rate == Rate::default()
}

fn nothing_told(hash: &u64) -> bool {
    *hash == 0
}

fn no_bits(bits: &u8) -> bool {
    *bits == 0
}

/// When the contact was heard last on a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The channel.
    #[serde(rename = "c")]
    pub channel: ChannelName,
    /// When, by the store's clock.
    #[serde(rename = "a")]
    pub at: Millis,
}

/// How many messages came since when.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rate(pub Millis, pub u32);

impl Rate {
    /// Counts one more that came now, and says how many that makes in the present minute.
    pub(super) fn one_more(&mut self, at: Millis) -> u32 {
        let Rate(since, count) = *self;
        let fresh = at - since >= Span::minutes(1) || at < since;
        *self = if fresh { Rate(at, 1) } else { Rate(since, count.saturating_add(1)) };
        self.1
    }
}

impl Record {
    /// Where whoever began this run wants to hear what becomes of its messages.
    pub fn callback_of(&self, run: RunId) -> Option<&Callback> {
        self.callbacks.iter().find(|called| called.run == run).map(|called| &called.callback)
    }

    /// All who want to hear what becomes of this run's messages: whoever began it first, then those whose events it collected.
    pub fn callbacks_of(&self, run: RunId) -> impl Iterator<Item = &Callback> {
        self.callbacks.iter().filter(move |called| called.run == run).map(|called| &called.callback)
    }

    /// Where messages of a kind of channel reach the contact.
    pub fn address(&self, kind: ChannelKind) -> Option<Address> {
        let phone = || self.phone.clone().map(Address::Phone);
        match kind {
            ChannelKind::Sms => phone().or_else(|| self.verbatim.clone().map(Address::Verbatim)),
            ChannelKind::WhatsApp => phone().or_else(|| self.user_id.clone().map(Address::Bsuid)),
            ChannelKind::Email => self.email.clone().filter(|email| self.dead.as_ref() != Some(email)).map(Address::Email),
        }
    }

    /// Whether the contact opted out of this kind of channel.
    pub fn is_stopped(&self, kind: ChannelKind) -> bool {
        self.stop & kind.stop_bit() != 0
    }

    /// The kinds of channel over which the contact agreed to marketing, as flows read them.
    fn marketing(&self) -> Value {
        Value::List(self.agreed().map(|kind| Value::text(kind.as_str())).collect())
    }

    /// The kinds of channel that the contact opted out of, for the store's header.
    pub fn stop(&self) -> u8 {
        self.stop
    }

    /// Whether a call is pending, or the contact is about to become part of another: then only priority inputs are worked on.
    pub fn hold(&self) -> bool {
        self.leaving.is_some() || self.runs.iter().any(|run| matches!(run.waiting, Waiting::Call { .. }))
    }

    /// Whether nothing may be asked or begun now: a question is open, a call is pending and its run is about to go on, or the
    /// conversation is with a person.
    pub fn is_occupied(&self) -> bool {
        self.runs.iter().any(|run| matches!(run.waiting, Waiting::Reply(_) | Waiting::Call { .. } | Waiting::Person { .. }))
    }

    /// When something of a run happens by itself, by the contact's own clock. Nothing while the conversation is with a person,
    /// unless it is about that; a call that is lost must not hold the contact's messages.
    pub(super) fn alarm_of(&self, run: &Run) -> Option<Millis> {
        let goes_on = matches!(run.waiting, Waiting::Person { .. } | Waiting::Call { .. });
        (goes_on || !self.is_with_person()).then(|| run.alarm())
    }

    /// When the contact must be looked at without a new input, by the store's clock.
    pub fn alarm(&self) -> Option<Millis> {
        // While its clock is moved it is gone on with at once; a pending call is waited for, as nobody knows its answer.
        let moves = self.clock.goal.is_some() && !self.hold();
        let at = if moves { Some(Millis(self.last.0.saturating_add(1))) } else { self.next_timer() };
        at.map(|at| at - self.clock.ahead)
    }

    /// When the next timer falls due, by the contact's own clock.
    pub(super) fn next_timer(&self) -> Option<Millis> {
        let next = self.runs.iter().filter_map(|run| self.alarm_of(run)).min();
        // What was kept of a run goes when its time is over.
        let kept = self.unanswered.iter().filter_map(|question| question.kept.as_ref()).map(|kept| kept.until).min();
        let stands = |run: &Run| matches!(run.waiting, Waiting::Turn | Waiting::Paused { .. });
        let waits = !self.waiting.is_empty() || self.runs.iter().any(stands);
        // Something could be asked or begun: at once.
        let untold = self.tracked.iter().any(|message| message.untold != 0);
        let ended = |run: RunId| !self.runs.iter().any(|live| live.id == run && live.is_with_person());
        let untold = untold || self.desks.iter().any(|talk| talk.is_idle() || (!talk.closed && ended(talk.run)));
        let at_once = (untold || (waits && !self.is_occupied())).then_some(Millis(self.last.0.saturating_add(1)));
        let errands = self.errand_alarm().map(|(at, _)| at);
        let alerts = self.board.as_ref().and_then(|board| board.next());
        let next = next.into_iter().chain(self.no_news_from());
        next.chain(errands).chain(kept).chain(at_once).chain(alerts).chain(self.given_up_alarm()).min()
    }

    /// When the contact was heard last on a channel.
    pub fn heard_on(&self, channel: &str) -> Option<Millis> {
        self.heard.iter().find(|heard| heard.channel.as_str() == channel).map(|heard| heard.at)
    }

    /// The channel that the contact used last.
    pub fn last_channel(&self) -> Option<&ChannelName> {
        self.heard.iter().max_by_key(|heard| heard.at).map(|heard| &heard.channel)
    }

    /// Remembers a message of the contact.
    pub(super) fn hear(&mut self, channel: &ChannelName, at: Millis) {
        // The last stands last: of two that were heard in the same millisecond it is the one that was used last.
        let before = self.heard.iter().position(|heard| heard.channel == *channel).map(|place| self.heard.remove(place));
        let at = before.map_or(at, |heard| heard.at.max(at));
        self.heard.push(Heard { channel: channel.clone(), at });
    }

    /// Remembers a question that was closed without an answer, the last one of each flow.
    pub(super) fn left_unanswered(&mut self, question: Unanswered) {
        self.unanswered.retain(|q| q.flow != question.flow && q.until() > question.at);
        if self.unanswered.len() >= limits::LATE_QUESTIONS {
            self.unanswered.remove(0);
        }
        self.unanswered.push(question);
    }

    /// An attribute or built-in field as tests and people name it: `language`, `vip`.
    pub fn field(&self, name: &str) -> Option<Value> {
        let text = |text: &Option<String>| text.as_deref().map(Value::text);
        match name {
            "phone" => self.phone.as_ref().map(|phone| Value::text(phone.as_str())),
            "email" => text(&self.email),
            "external" => text(&self.external),
            "name" => text(&self.name),
            "language" => self.language.map(|language| Value::text(language.as_str())),
            "timezone" => text(&self.timezone),
            "channel" => self.last_channel().map(|channel| Value::text(channel.as_str())),
            "marketing" => Some(self.marketing()),
            "topics" => Some(self.topics_field()),
            "tags" => Some(Value::List(self.tags.iter().map(|tag| Value::text(tag.as_str())).collect())),
            _ => self.attributes.iter().find(|(n, _)| n.as_str() == name).map(|(_, value)| value.clone()),
        }
    }

    /// Where the live runs of a flow rest, with their variables by name; runs of other flows after them. Private variables
    /// are shown: this is for tests.
    pub fn positions(&self, catalog: &Catalog, flow: &str) -> Vec<(String, IndexMap<String, Value>)> {
        let mut runs: Vec<&Run> = self.runs.iter().collect();
        runs.sort_by_key(|run| run.flow.as_str() != flow);
        let place = |run: &Run| {
            let frame = run.frame();
            let flow = catalog.version(frame.version)?;
            let value = |slot: usize| frame.vars.get(crate::flow::definition::Slot(slot as u16)).cloned().unwrap_or_default();
            let variables = flow.variables.keys().enumerate().map(|(i, name)| (name.to_string(), value(i))).collect();
            Some((flow.state_name(frame.state).to_owned(), variables))
        };
        runs.into_iter().filter_map(place).collect()
    }
}
