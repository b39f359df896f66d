//! Who gets a message of the contact. In this order: opt-out, opt-in and help words; the person who has taken the conversation
//! over or is awaited; the open question, exactly; commands
//! and keywords of `anytime`; the open question, leniently; another flow's start keyword; `nomatch`. With nothing open: a
//! start keyword, the rule for late replies, the flow that takes any message, else the inbox. Each decision is journaled.

use super::answer::{Heard, payload_of};
use super::anytime::Taken;
use super::drive::{Next, Trouble};
use super::fault::Fault;
use super::opt::Word;
use super::record::{Reply, Run};
use super::start::Plan;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::InputId;
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::flow::catalog::StartRef;
use crate::reply::intent::Intent;
use crate::reply::keyword::Hit;
use crate::reply::normalize::Normalized;

/// A message that is being decided on.
pub(super) struct Came<'m> {
    pub input: InputId,
    pub at: Millis,
    pub message: &'m Inbound,
    pub words: Normalized,
    /// Whether the person's name became known by it.
    pub named: bool,
}

impl<'a> Turning<'a> {
    /// Decides on a message and does what follows.
    pub(super) fn message(&mut self, input: InputId, at: Millis, message: &Inbound) -> Result<(), TurnError> {
        let mut came = Came { input, at, message, words: Normalized::of(&message.text), named: false };
        self.meet_on(&message.channel);
        if self.is_of_another(at, message) {
            return Ok(());
        }
        self.meet_writer(message);
        if message.at.is_some_and(|sent| at - (sent + self.rec.clock.ahead) > limits::MESSAGE_AGE) {
            self.received(&came, Decision::TooOld, "older than duplicates can be told", false);
            return Ok(());
        }
        match &message.content {
            InboundContent::Reaction { .. } => {
                self.received(&came, Decision::Ignored, "a reaction answers nothing", false);
                return Ok(());
            }
            InboundContent::System { .. } => {
                self.number_changed(&came);
                return Ok(());
            }
            InboundContent::Deleted { .. } => {
                self.received(&came, Decision::Ignored, "an earlier message was taken back; what it did stays", false);
                return Ok(());
            }
            // What the earlier message did is done: the words are for the operators. Only STOP counts whenever it is said.
            InboundContent::Edited { .. } => {
                if !self.obey_word(&came) {
                    self.received(
                        &came,
                        Decision::Ignored,
                        "an earlier message was changed; what it did stays",
                        self.is_private(),
                    );
                }
                return Ok(());
            }
            InboundContent::OptOut { .. } => {}
            _ => {
                self.rec.hear(&message.channel, at);
                self.is_heard();
                if self.rec.name.is_none() {
                    self.rec.name.clone_from(&message.profile_name);
                    came.named = self.rec.name.is_some();
                }
            }
        }
        // A tapped button is first of all an answer; its label may look like a word for us. Any other message is looked at
        // for such a word before anything is loaded: STOP works whatever else does not.
        let tapped = payload_of(message).is_some();
        if !tapped && self.obey_word(&came) {
            return Ok(());
        }
        if self.rec.is_with_person() && !matches!(message.content, InboundContent::OptOut { .. }) {
            if tapped && self.obey_word(&came) {
                return Ok(());
            }
            return if self.dropped_as_flood(&came) { Ok(()) } else { self.for_person(&came) };
        }
        let aside = match self.quoted_aside(message)? {
            None => self.tapped_aside(message)?,
            quoted => quoted,
        };
        if let Some(id) = aside {
            self.turn_to(id)?;
        } else if self.late_quote(&came)? {
            return Ok(());
        }
        let open = self.open_on(&message.channel)?;
        let mut heard = None;
        if tapped {
            if let Some(place) = open {
                heard = Some(self.heard(place, &came)?);
            }
            let is_answer = matches!(&heard, Some(Heard::Answer(understood)) if understood.exact);
            if !is_answer && self.obey_word(&came) {
                return Ok(());
            }
        }
        if matches!(message.content, InboundContent::OptOut { .. }) {
            self.received(&came, Decision::Ignored, "the provider's own word changes nothing here", false);
            return Ok(());
        }
        if self.dropped_as_flood(&came) {
            return Ok(());
        }
        let question = open.and_then(|place| self.rec.runs[place].question()).and_then(|question| question.awaited);
        self.replied_to(message.answers, question);
        match open {
            Some(place) => self.with_question(&came, place, heard),
            None => self.with_nothing_open(&came),
        }
    }

    /// Does what an opt-out, opt-in or help word says, if the message is one. Help is left to a flow that answers it.
    fn obey_word(&mut self, came: &Came<'_>) -> bool {
        self.marketing_word(came.message);
        let Some(Word { intent, by_provider }) = self.word(came.message, &came.words) else { return false };
        if intent == Intent::Help && !by_provider && !self.rec.hold() && self.a_flow_takes(came) {
            return false;
        }
        let reason = if by_provider { "the provider's own handling says so" } else { intent.reason() };
        let decision = match intent {
            Intent::OptOut => Decision::OptOut,
            Intent::OptIn => Decision::OptIn,
            Intent::Help => Decision::Help,
        };
        self.received(came, decision, reason, false);
        match intent {
            Intent::OptOut => self.opt_out(came.message, by_provider),
            Intent::OptIn => self.opt_in(came.message, by_provider),
            Intent::Help => self.help(came.message, by_provider),
        }
        true
    }

    /// Whether a run is at a state whose replies are masked, so that what cannot be told apart from one must be too.
    fn is_private(&self) -> bool {
        self.rec.runs.iter().any(|run| self.state(run).is_ok_and(|(_, _, state)| state.private))
            || self.rec.unanswered.iter().any(|question| question.private)
    }

    /// The place of the run whose question is open, if its flow listens on this channel.
    fn open_on(&self, channel: &ChannelName) -> Result<Option<usize>, TurnError> {
        for (place, run) in self.rec.runs.iter().enumerate() {
            if run.question().is_some() && self.listens_on(run, channel)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Whether a run listens on a channel: its flow does, or its question was asked there.
    pub(super) fn listens_on(&self, run: &Run, channel: &ChannelName) -> Result<bool, TurnError> {
        let asked = run.asked().is_some_and(|question| question.also_on.contains(channel));
        Ok(asked || self.own_channel(self.flow(run, 0)?, channel).is_some())
    }

    fn heard(&self, place: usize, came: &Came<'_>) -> Result<Heard, TurnError> {
        match self.hear(&self.rec.runs[place], came) {
            Ok(heard) => Ok(heard),
            Err(Fault::Turn(error)) => Err(error),
            Err(Fault::Run(reason)) => Ok(Heard::Nothing(crate::reply::NotUnderstood { reason })),
        }
    }

    /// Whether a live run or a start takes this message as a keyword or command of its own.
    fn a_flow_takes(&self, came: &Came<'_>) -> bool {
        let keyword = self.catalog.keywords(came.message.channel.as_str());
        let begins = |hit: &Hit<'_, StartRef>| !self.is_paused(&hit.entry.published.flow.name);
        keyword.is_some_and(|keywords| keywords.find(&came.words, &came.message.text).iter().any(begins))
            || matches!(self.anytime_for(came), Ok(Some(_)))
    }

    fn with_question(&mut self, came: &Came<'_>, place: usize, heard: Option<Heard>) -> Result<(), TurnError> {
        let heard = match heard {
            Some(heard) => heard,
            None => self.heard(place, came)?,
        };
        let heard = match heard {
            Heard::Answer(understood) if understood.exact => return self.answer(came, place, understood),
            Heard::Files => return self.part(came, place),
            other => other,
        };
        if let Some(taken) = self.anytime_for(came)? {
            return self.take_word(came, taken);
        }
        let why = match heard {
            Heard::Answer(understood) => return self.answer(came, place, understood),
            Heard::Part | Heard::Files => return self.part(came, place),
            Heard::Nothing(not) => not.reason,
        };
        let open = &self.rec.runs[place];
        let (id, asking) = (open.id, open.flow.clone());
        if self.flow(open, 0)?.interruptible
            && let Some((plan, reason)) = self.keyword_start(came)
        {
            let reason = format!("{reason}; `{asking}` can be interrupted");
            return self.start_by_message(came, plan, &reason);
        }
        let Some(place) = self.place_of(id) else { return Ok(()) };
        let mut run = self.take(place);
        self.received_by(came, &run, Decision::NoMatch, &why)?;
        run.reply = Some(self.reply_of(came.message, came.at, None));
        self.drive(run, place, Next::Trouble { trouble: Trouble::NoMatch, reason: why })
    }

    fn answer(&mut self, came: &Came<'_>, place: usize, understood: crate::reply::Understood) -> Result<(), TurnError> {
        let mut run = self.take(place);
        self.received_by(came, &run, Decision::Answer, &understood.reason)?;
        let groups = self.groups(&run, came.message)?;
        run.reply = Some(Reply { groups, ..self.reply_of(came.message, came.at, None) });
        self.rec.unanswered.retain(|question| question.flow != run.flow);
        match self.answered(&run, understood) {
            Ok(next) => self.drive(run, place, next),
            Err(fault) => self.faulted(run, fault),
        }
    }

    fn part(&mut self, came: &Came<'_>, place: usize) -> Result<(), TurnError> {
        let mut run = self.take(place);
        self.received_by(came, &run, Decision::Gathered, "further messages may still belong to the answer")?;
        run.reply = Some(self.reply_of(came.message, came.at, None));
        self.rec.unanswered.retain(|question| question.flow != run.flow);
        match self.gather(&mut run, came.message) {
            Ok(()) => {
                // It is being answered: its notification goes no further along its route.
                self.drop_awaited(run.id, true);
                self.rec.runs.insert(place, run);
                Ok(())
            }
            Err(fault) => self.faulted(run, fault),
        }
    }

    /// A fault outside of the loop of a run.
    pub(super) fn faulted(&mut self, run: Run, fault: Fault) -> Result<(), TurnError> {
        match fault {
            Fault::Turn(error) => Err(error),
            Fault::Run(why) => {
                self.fail(run, &why);
                Ok(())
            }
        }
    }

    fn take_word(&mut self, came: &Came<'_>, taken: Taken<'a>) -> Result<(), TurnError> {
        let Some(place) = self.place_of(taken.run) else { return Ok(()) };
        let mut run = self.take(place);
        self.received_by(came, &run, Decision::Anytime, &taken.reason)?;
        run.reply = Some(self.reply_of(came.message, came.at, taken.rest.clone()));
        self.take_anytime(run, place, taken, None)
    }

    fn with_nothing_open(&mut self, came: &Came<'_>) -> Result<(), TurnError> {
        if let Some(taken) = self.anytime_for(came)? {
            return self.take_word(came, taken);
        }
        if self.rec.is_stopped(came.message.kind) {
            let reason = format!("the contact opted out of {}; nothing could be answered", came.message.kind);
            self.received(came, Decision::Inbox, &reason, false);
            return Ok(());
        }
        if let Some((plan, reason)) = self.keyword_start(came) {
            return self.start_by_message(came, plan, &reason);
        }
        if self.late_reply(came)? {
            return Ok(());
        }
        let catalog = self.catalog;
        let entries = catalog.any_message(came.message.channel.as_str());
        if let Some((plan, reason)) = self.first_plan(came, entries.iter().map(|entry| (entry, None, "any message begins"))) {
            return self.start_by_message(came, plan, &reason);
        }
        match self.paused_start(came) {
            None => self.received(came, Decision::Inbox, "nothing is open and no flow begins with it", false),
            Some(flow) => {
                let reason = format!("nothing is open, and `{flow}`, which would begin, is paused");
                self.received(came, Decision::Inbox, &reason, false);
            }
        }
        Ok(())
    }

    /// The flow that would take the message if it were not paused, for whoever wonders why it did not.
    fn paused_start(&self, came: &Came<'_>) -> Option<&'a Slug> {
        let (catalog, channel) = (self.catalog, came.message.channel.as_str());
        if catalog.paused().is_empty() {
            return None;
        }
        let hits = catalog.keywords(channel).map(|keywords| keywords.find(&came.words, &came.message.text));
        let keywords = hits.into_iter().flatten().map(|hit| (hit.entry, hit.rest));
        let mut entries = keywords.chain(catalog.any_message(channel).iter().map(|entry| (entry, None)));
        let would_begin = |(entry, rest): &(&'a StartRef, Option<String>)| {
            let reply = self.reply_of(came.message, came.at, rest.clone());
            self.is_paused(&entry.published.flow.name) && !matches!(self.plan(entry, None, Some(&reply)), Plan::No)
        };
        entries.find(would_begin).map(|(entry, _)| &entry.published.flow.name)
    }

    fn keyword_start(&self, came: &Came<'_>) -> Option<(Plan<'a>, String)> {
        let catalog = self.catalog;
        let keywords = catalog.keywords(came.message.channel.as_str())?;
        let hits = keywords.find(&came.words, &came.message.text);
        self.first_plan(came, hits.into_iter().map(|hit| (hit.entry, hit.rest, "a keyword begins")))
    }

    /// The first entry that holds. One that holds and begins nothing counts only if no other begins something.
    fn first_plan(
        &self,
        came: &Came<'_>,
        entries: impl Iterator<Item = (&'a StartRef, Option<String>, &'static str)>,
    ) -> Option<(Plan<'a>, String)> {
        for (entry, rest, what) in entries {
            let reply = self.reply_of(came.message, came.at, rest);
            match self.plan(entry, None, Some(&reply)) {
                // A keyword of the flow itself is no reason to leave an open question without an answer.
                Plan::No | Plan::Ignore { alert: false, .. } => {}
                plan => return Some((plan, format!("{what} `{}`", entry.published.flow.name))),
            }
        }
        None
    }

    fn start_by_message(&mut self, came: &Came<'_>, plan: Plan<'a>, reason: &str) -> Result<(), TurnError> {
        match &plan {
            Plan::Ignore { reason, .. } => self.received(came, Decision::StartIgnored, &reason.clone(), false),
            other => self.received(came, other.decision(), reason, false),
        }
        self.flush_notes(None);
        self.execute(plan, reason)
    }

    /// Drops a message that is one too many, visibly.
    fn dropped_as_flood(&mut self, came: &Came<'_>) -> bool {
        let flood = self.is_flood(came.at);
        if flood {
            let most = limits::CONTACT_MESSAGES_PER_MINUTE;
            self.received(came, Decision::Flooded, &format!("more than {most} messages in a minute"), false);
        }
        flood
    }

    fn is_flood(&mut self, at: Millis) -> bool {
        self.rec.rate.one_more(at) > limits::CONTACT_MESSAGES_PER_MINUTE
    }

    fn received_by(&mut self, came: &Came<'_>, run: &Run, decision: Decision, reason: &str) -> Result<(), TurnError> {
        let (_, _, state) = self.state(run)?;
        self.received(came, decision, reason, state.private && run.question().is_some());
        Ok(())
    }

    pub(super) fn received(&mut self, came: &Came<'_>, decision: Decision, reason: &str, private: bool) {
        let message = came.message;
        let (text, content) = match private {
            true => (String::new(), InboundContent::Text),
            false => (message.text.clone(), message.content.clone()),
        };
        self.journal(Event::Received {
            input: came.input,
            channel: message.channel.clone(),
            from: message.from.clone(),
            provider_id: message.id.clone(),
            text,
            content,
            decision,
            reason: reason.to_owned(),
            name: if came.named { message.profile_name.clone() } else { None },
        });
    }
}
