//! Moving the clock of a simulated contact: to its next timer, which fires at its own moment, and on from there, one step a
//! turn, until the goal is reached. So the conversation goes as it would if the time had passed.

use super::record::{Goal, Record};
use super::turn::TurnError;
use super::turning::Turning;
use crate::config::project::{ChannelInfo, Project};
use crate::domain::broadcast::Refusal;
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};

/// Whether a contact is one that a simulator plays: everything that was ever said with it went over channels of the simulator.
/// Where every channel is simulated, so is every contact.
pub fn is_simulated(record: &Record, project: &Project) -> bool {
    let all = || !project.channels.is_empty() && project.channels.values().all(|channel| channel.simulated);
    record.simulated || all()
}

impl Turning<'_> {
    /// The present moment by the store's clock: for what leaves the turn.
    pub(super) fn store_now(&self) -> Millis {
        self.now - self.rec.clock.ahead
    }

    pub(super) fn is_simulated_channel(&self, channel: &ChannelName) -> bool {
        self.project.channels.get(channel).is_some_and(|channel| channel.simulated)
    }

    /// Whether the contact may be reached over this channel: whoever a simulator plays over those of the simulator alone, whatever number
    /// was typed in there.
    pub(super) fn may_reach(&self, channel: &ChannelInfo) -> bool {
        channel.simulated || !self.rec.simulated
    }

    /// Notes over which channel somebody writes: whoever writes first over the simulator is simulated until a real channel is
    /// used. The first message of a record comes before everything else that could be in it. What was tried ends with that.
    pub(super) fn meet_on(&mut self, channel: &ChannelName) {
        let simulated = !self.rec.test && self.is_simulated_channel(channel);
        let new = || self.rec.address_is_unknown() && self.rec.runs.is_empty() && self.rec.waiting.is_empty();
        let played = self.rec.simulated;
        self.rec.simulated = simulated && (played || new());
        if played && !self.rec.simulated {
            self.leave_trial();
        }
    }

    /// What somebody else said in the place of the contact is nobody's word: no consent, no name. What they did not want stays.
    fn leave_trial(&mut self) {
        for run in std::mem::take(&mut self.rec.runs) {
            self.end_run(run, "interrupted", "it was begun with somebody whom a simulator played".to_owned());
        }
        for waiting in std::mem::take(&mut self.rec.waiting) {
            self.drop_start(&waiting, Refusal::Ended);
        }
        self.rec.forget_said();
        self.note(None, "the contact is no longer one whom a simulator plays: what was tried is over");
    }

    /// Begins to move the clock; the turns that follow at once do it.
    pub(super) fn move_time(&mut self, by: Span) {
        let clock = self.rec.clock;
        let from = clock.goal.map_or(self.now, |goal| goal.until);
        let until = from + by;
        let refused = if !self.rec.test && !is_simulated(self.rec, self.project) {
            Some(
                "only a test contact, and one that is known over simulated channels alone, has a clock that can be moved"
                    .to_owned(),
            )
        } else if by <= Span::millis(0) {
            Some("time only goes on".to_owned())
        } else if by > limits::MOVE_TIME {
            Some(format!("{by} is more than {}", limits::MOVE_TIME))
        } else if until - self.store_now() > limits::TIME_AHEAD {
            Some(format!("the clock would be more than {} ahead", limits::TIME_AHEAD))
        } else {
            None
        };
        match refused {
            Some(why) => self.note(None, format!("The clock was not moved: {why}.")),
            None => self.rec.clock.goal = Some(Goal { until, steps: limits::TIMERS_PER_MOVE }),
        }
    }

    /// One step: to the next timer or to the goal, whatever comes first, and what is due there.
    pub(super) fn move_on(&mut self) -> Result<(), TurnError> {
        // What is due already comes first, and a call that is pending may be what the next timer depends on.
        if !self.rec.hold() {
            self.step_on();
        }
        self.fire_due(self.now, limits::EFFECTS_PER_TURN / 2)?;
        self.forget_unanswered(self.now);
        Ok(())
    }

    fn step_on(&mut self) {
        let Some(goal) = self.rec.clock.goal else { return };
        let next = self.rec.next_timer().unwrap_or(goal.until);
        let to = next.min(goal.until).max(self.now);
        if to > self.now {
            let by = to - self.now;
            self.rec.clock.ahead.0 += by.0;
            self.now = to;
            self.rec.last = to;
            self.journal(Event::TimeMoved { by });
        }
        self.rec.clock.goal = match goal.steps.checked_sub(1) {
            _ if self.now >= goal.until => None,
            Some(steps) if steps > 0 => Some(Goal { steps, ..goal }),
            _ => {
                let most = limits::TIMERS_PER_MOVE;
                self.note(None, format!("The clock stopped on its way: it met {most} timers."));
                None
            }
        };
    }

    /// Moves the clock all the way before an input that comes after it, as far as one turn can; gives the moment of the input.
    pub(super) fn arrive(&mut self, at: Millis) -> Result<Millis, TurnError> {
        if self.rec.clock.goal.is_none() {
            return Ok(at);
        }
        while self.rec.clock.goal.is_some() && !self.rec.hold() && self.out.effects.len() < limits::EFFECTS_PER_TURN / 2 {
            self.move_on()?;
            self.ask_next()?;
        }
        Ok(self.now)
    }
}
