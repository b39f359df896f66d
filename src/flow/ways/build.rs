//! From the definition to the graph: every target is walked here and nowhere else.

use super::{Decided, Entry, From, Link, Outcome, Step, Subs, To, Way, Ways};
use crate::domain::limits;
use crate::domain::time::Span;
use crate::flow::definition::{
    AgainOr, Answer, AnytimeTarget, AnytimeTrigger, Ask, Deliver, Flow, Handoff, Kind, Late, Outcomes, RunFlow, State, Target,
    Then, Trigger, Trouble, Troubles, Wait, WaitFor,
};
use crate::flow::diagnostic::At;
use std::borrow::Cow;

/// A clock that changes moves a calendar day by an hour.
const CLOCK_CHANGE: Span = Span::hours(1);

/// How long it takes until an outcome.
#[derive(Clone, Copy)]
struct Time {
    least: Span,
    most: Option<Span>,
}

impl Time {
    const NONE: Time = Time { least: Span::millis(0), most: Some(Span::millis(0)) };
    const ANY: Time = Time { least: Span::millis(0), most: None };

    const fn upto(most: Span) -> Self {
        Time { least: Span::millis(0), most: Some(most) }
    }

    const fn exactly(span: Span) -> Self {
        Time { least: span, most: Some(span) }
    }
}

/// What is walked below an outcome or entry.
#[derive(Clone, Copy)]
struct Here {
    at: At,
    time: Time,
    last: Option<u32>,
    /// Each question more takes the same time again.
    silence: bool,
}

/// What an outcome is, before it is known where it leads.
#[derive(Clone, Copy)]
struct About {
    waits: bool,
    hears: bool,
    time: Time,
}

pub(super) fn build<'f>(flow: &'f Flow, subs: &Subs) -> Ways<'f> {
    let ways = Ways {
        flow,
        entries: Vec::new(),
        states: Vec::with_capacity(flow.states.len()),
        outcomes: Vec::new(),
        ways: Vec::new(),
        steps: Vec::new(),
    };
    let mut builder = Builder { ways, subs };
    builder.entries(flow);
    for state in flow.states.values() {
        let begin = builder.ways.outcomes.len();
        builder.state(state);
        let end = builder.ways.outcomes.len();
        builder.ways.states.push(begin..end);
    }
    builder.ways
}

struct Builder<'f, 's> {
    ways: Ways<'f>,
    subs: &'s Subs,
}

impl<'f> Builder<'f, '_> {
    fn link(&mut self, before: Option<u32>, step: Step<'f>) -> Option<u32> {
        self.ways.steps.push(Link { before, step });
        Some(self.ways.steps.len() as u32 - 1)
    }

    fn way(&mut self, to: To<'f>, here: Here) {
        let Here { at, time, last, .. } = here;
        self.ways.ways.push(Way { to, least: time.least, most: time.most, at, last });
    }

    fn target(&mut self, target: &'f Target, here: Here) {
        match target {
            Target::State(id) => self.way(To::State(*id), here),
            Target::Ways(list) => {
                let mut before = here.last;
                for way in list {
                    let last = match &way.condition {
                        Some(condition) => self.link(before, Step::If(condition)),
                        None => before,
                    };
                    self.target(&way.target, Here { at: way.at, last, ..here });
                    // Below an `else` nothing is reached.
                    let Some(condition) = &way.condition else { break };
                    before = self.link(before, Step::IfNot(condition));
                }
            }
            Target::Step(step) => {
                let here = Here { at: step.at, ..here };
                let done = |builder: &mut Self| match step.actions.is_empty() {
                    true => here.last,
                    false => builder.link(here.last, Step::Do(&step.actions)),
                };
                match &step.then {
                    Then::Go(target) => {
                        let last = done(self);
                        self.target(target, Here { last, ..here });
                    }
                    Then::End(name) => {
                        let last = done(self);
                        self.way(To::End(name.as_str()), Here { last, ..here });
                    }
                    Then::Again { times, or } => {
                        let last = done(self);
                        let more = |n: u32| here.time.most.map(|most| Span::millis(most.0.saturating_mul(i64::from(n))));
                        let most = if here.silence { more(*times) } else { here.time.most };
                        self.way(To::Again(Some(*times)), Here { last, time: Time { most, ..here.time }, ..here });
                        let most = if here.silence { more(times.saturating_add(1)) } else { here.time.most };
                        let last = self.link(here.last, Step::UsedUp(*times));
                        let used_up = Here { last, time: Time { most, ..here.time }, ..here };
                        match &**or {
                            AgainOr::Go(target) => self.target(target, used_up),
                            AgainOr::End(name) => self.way(To::End(name.as_str()), used_up),
                        }
                    }
                }
            }
        }
    }

    fn entry(&mut self, from: From<'f>, hears: bool, walk: impl FnOnce(&mut Self)) {
        let begin = self.ways.ways.len();
        walk(self);
        let end = self.ways.ways.len();
        self.ways.entries.push(Entry { from, hears, ways: begin..end });
    }

    fn entries(&mut self, flow: &'f Flow) {
        let begin = flow.state(flow.begin).map_or_else(At::default, |state| state.at);
        let here = |at| Here { at, time: Time::NONE, last: None, silence: false };
        self.entry(From::Begin, false, |b| b.way(To::State(flow.begin), here(begin)));
        for start in &flow.starts {
            let hears = matches!(start.trigger, Trigger::Keyword(_) | Trigger::AnyMessage);
            self.entry(From::Start(start), hears, |b| {
                let mut last = start.condition.as_ref().and_then(|condition| b.link(None, Step::If(condition)));
                if !start.with.is_empty() {
                    last = b.link(last, Step::Give(&start.with));
                }
                b.way(To::State(start.go), Here { last, ..here(start.at) });
            });
        }
        for anytime in &flow.anytime {
            let hears = !matches!(anytime.trigger, AnytimeTrigger::Event { .. });
            self.entry(From::Anytime(anytime), hears, |b| {
                let mut last = anytime.condition.as_ref().and_then(|condition| b.link(None, Step::If(condition)));
                if let AnytimeTrigger::Event { with, .. } = &anytime.trigger
                    && !with.is_empty()
                {
                    last = b.link(last, Step::Give(with));
                }
                let here = Here { last, ..here(anytime.at) };
                match &anytime.target {
                    AnytimeTarget::Target(target) => b.target(target, here),
                    AnytimeTarget::AskAgain(actions) => {
                        let last = if actions.is_empty() { last } else { b.link(last, Step::Do(actions)) };
                        b.way(To::Again(None), Here { last, ..here });
                    }
                }
            });
        }
        if let Late::Target(late) = &flow.late
            && let Some(go) = late.go
        {
            let at = flow.state(go).map_or_else(At::default, |state| state.at);
            self.entry(From::Late(late), true, |b| {
                let last = if late.actions.is_empty() { None } else { b.link(None, Step::Do(&late.actions)) };
                b.way(To::State(go), Here { last, time: Time::upto(late.within), ..here(at) });
            });
        }
    }

    fn outcome(
        &mut self,
        name: Cow<'f, str>,
        trouble: Option<Trouble>,
        decided: Decided,
        about: About,
        walk: impl FnOnce(&mut Self),
    ) {
        let begin = self.ways.ways.len();
        walk(self);
        let ways = begin..self.ways.ways.len();
        let About { waits, hears, .. } = about;
        // What a state without a kind does has no result, and trouble has none.
        let saves = trouble.is_none() && !name.is_empty();
        self.ways.outcomes.push(Outcome { name, trouble, decided, waits, hears, saves, ways });
    }

    /// An ordinary outcome that the state decides by name or under `else`; one that it does not decide is an error of the file.
    fn ordinary(&mut self, name: impl Into<Cow<'f, str>>, outcomes: &'f Outcomes, about: About, at: At) {
        let name = name.into();
        let (target, decided) = match outcomes.named.get(&*name) {
            Some(target) => (Some(target), Decided::State),
            None => (outcomes.other.as_ref(), Decided::Else),
        };
        if let Some(target) = target {
            let here = Here { at, time: about.time, last: None, silence: false };
            self.outcome(name, None, decided, about, |b| b.target(target, here));
        }
    }

    fn trouble(&mut self, trouble: Trouble, own: &'f Troubles, about: About, at: At) {
        let flow = self.ways.flow;
        let here = Here { at, time: about.time, last: None, silence: trouble == Trouble::Silence };
        let (target, decided) = match own.target(trouble) {
            Some(target) => (Some(target), Decided::State),
            None => match flow.defaults.target(trouble) {
                Some(target) => (Some(target), Decided::Defaults),
                None => (None, Decided::BuiltIn),
            },
        };
        self.outcome(trouble.as_str().into(), Some(trouble), decided, about, |b| match target {
            Some(target) => b.target(target, here),
            None => {
                let mut last = None;
                // A sub-flow's `nomatch` has no question to ask again.
                if trouble == Trouble::NoMatch && about.hears {
                    b.way(To::Again(Some(Trouble::BUILT_IN_AGAIN)), here);
                    last = b.link(None, Step::UsedUp(Trouble::BUILT_IN_AGAIN));
                }
                b.way(To::End(trouble.built_in_end()), Here { last, ..here });
            }
        });
    }

    fn state(&mut self, state: &'f State) {
        let at = state.at;
        let at_once = About { waits: false, hears: false, time: Time::NONE };
        let here = Here { at, time: Time::NONE, last: None, silence: false };
        match &state.kind {
            Kind::Pass(target) => self.outcome("".into(), None, Decided::State, at_once, |b| b.target(target, here)),
            Kind::End(name) => {
                self.outcome("".into(), None, Decided::State, at_once, |b| b.way(To::End(name.as_str()), here));
            }
            Kind::Ask(ask) => self.ask(ask, at),
            Kind::Split(split) => {
                for (arm, _) in &split.arms {
                    self.ordinary(arm.as_str(), &split.outcomes, at_once, at);
                }
            }
            Kind::Call(call) => {
                let about = About { waits: true, hears: false, time: Time::upto(limits::CALL_DEADLINE) };
                self.ordinary("ok", &call.outcomes, about, at);
                for name in call.outcomes.named.keys().filter(|name| *name != "ok") {
                    self.ordinary(name.as_str(), &call.outcomes, about, at);
                }
                self.trouble(Trouble::Failed, &call.troubles, about, at);
            }
            Kind::Wait(wait) => self.wait(wait, at),
            Kind::Deliver(deliver) => self.deliver(deliver, at),
            Kind::Run(run) => self.run(run, at),
            Kind::Digest(digest) => {
                // One that is reached without a first event waits for it, however long that takes.
                let starts = &self.ways.flow.starts;
                let first = starts.iter().all(|start| matches!(&start.trigger, Trigger::Event(event) if *event == digest.event));
                let most = (first && !starts.is_empty()).then_some(digest.window);
                let time = Time { least: Span::millis(0), most };
                self.ordinary("ok", &digest.outcomes, About { waits: true, hears: false, time }, at);
            }
            Kind::Handoff(handoff) => self.handoff(handoff, at),
        }
    }

    fn ask(&mut self, ask: &'f Ask, at: At) {
        let after = ask.troubles.silence_after(&self.ways.flow.defaults);
        let heard = About { waits: true, hears: true, time: Time::upto(after) };
        match &ask.answer {
            Answer::Choice(choices) => {
                for id in choices.list.keys() {
                    self.ordinary(id.as_str(), &ask.outcomes, heard, at);
                }
            }
            Answer::YesNo => {
                self.ordinary("yes", &ask.outcomes, heard, at);
                self.ordinary("no", &ask.outcomes, heard, at);
            }
            Answer::Pick(_) => {
                self.ordinary("ok", &ask.outcomes, heard, at);
                self.ordinary("empty", &ask.outcomes, About { waits: false, hears: false, time: Time::NONE }, at);
                // Nothing was picked: what is saved loses its value.
                if let Some(outcome) = self.ways.outcomes.last_mut().filter(|outcome| outcome.name == "empty") {
                    outcome.saves = false;
                }
            }
            _ => self.ordinary("ok", &ask.outcomes, heard, at),
        }
        if !ask.answer.takes_all() || ask.troubles.nomatch.is_some() {
            self.trouble(Trouble::NoMatch, &ask.troubles, heard, at);
        }
        self.trouble(Trouble::Silence, &ask.troubles, About { hears: false, time: Time::exactly(after), ..heard }, at);
        // A reply that is awaited silently has no message that could be lost, unless the file says so.
        if ask.question.is_some() || ask.troubles.undelivered.is_some() {
            self.trouble(Trouble::Undelivered, &ask.troubles, About { hears: false, ..heard }, at);
        }
    }

    fn wait(&mut self, wait: &'f Wait, at: At) {
        let days = |n: u32| Span::hours(24 * i64::from(n));
        let less = |span: Span, by: Span| Span::millis((span.0 - by.0).max(0));
        let after = wait.troubles.silence_after(&self.ways.flow.defaults);
        let time = match &wait.until {
            WaitFor::For(span) => Time::exactly(*span),
            WaitFor::Days { days: 0, at: None } => Time::NONE,
            WaitFor::Days { days: n, at: None } => {
                Time { least: less(days(*n), CLOCK_CHANGE), most: Some(Span::millis(days(*n).0 + CLOCK_CHANGE.0)) }
            }
            WaitFor::Days { days: n, at: Some(clock) } => {
                let clock = Span::seconds(i64::from(clock.hour()) * 3_600 + i64::from(clock.minute()) * 60);
                let most = Span::millis(days(*n).0 + clock.0 + CLOCK_CHANGE.0);
                Time { least: less(most, Span::millis(days(1).0 + 2 * CLOCK_CHANGE.0)), most: Some(most) }
            }
            WaitFor::Until(_) => Time::ANY,
            WaitFor::Event { .. } => Time::upto(after),
        };
        let waits = time.most != Some(Span::millis(0)) || wait.hours.is_some();
        let most = if wait.hours.is_some() { None } else { time.most };
        self.ordinary("ok", &wait.outcomes, About { waits, hears: false, time: Time { most, ..time } }, at);
        if matches!(wait.until, WaitFor::Event { .. }) {
            let about = About { waits: true, hears: false, time: Time::exactly(after) };
            self.trouble(Trouble::Silence, &wait.troubles, about, at);
        }
    }

    fn deliver(&mut self, deliver: &'f Deliver, at: At) {
        let about = About { waits: true, hears: false, time: Time { least: Span::millis(0), most: self.longest(deliver) } };
        self.ordinary("ok", &deliver.outcomes, about, at);
        self.trouble(Trouble::Undelivered, &deliver.troubles, about, at);
    }

    /// The longest that a delivery takes: each of its route has its time, and the last has the state's. What is held for hours is not known.
    fn longest(&self, deliver: &Deliver) -> Option<Span> {
        let notification = self.ways.flow.notifications.get(&deliver.notify.name)?;
        let before = notification.route.len().saturating_sub(1) as i64;
        let each = notification.within.unwrap_or(deliver.within);
        notification.hours.is_none().then(|| Span::millis(each.0.saturating_mul(before).saturating_add(deliver.within.0)))
    }

    fn handoff(&mut self, handoff: &'f Handoff, at: At) {
        // A person hears what the contact writes; when it ends is theirs.
        let about = About { waits: true, hears: false, time: Time::ANY };
        self.ordinary("ok", &handoff.outcomes, about, at);
        let after = handoff.troubles.silence_after(&self.ways.flow.defaults);
        self.trouble(Trouble::Silence, &handoff.troubles, About { time: Time::exactly(after), ..about }, at);
    }

    fn run(&mut self, run: &'f RunFlow, at: At) {
        let about = |waits| About { waits, hears: false, time: Time::ANY };
        let subs = self.subs;
        let Some(sub) = subs.get(run.flow.as_str()) else {
            for name in run.outcomes.named.keys() {
                self.ordinary(name.as_str(), &run.outcomes, about(true), at);
            }
            self.ordinary("else", &run.outcomes, about(true), at);
            for trouble in Trouble::ALL {
                let mentioned = run.troubles.target(trouble).or(self.ways.flow.defaults.target(trouble)).is_some();
                if mentioned || trouble == Trouble::Failed {
                    self.trouble(trouble, &run.troubles, about(true), at);
                }
            }
            return;
        };
        for (name, end) in sub.ends.iter().filter(|(name, _)| Trouble::parse(name).is_none()) {
            self.ordinary(name.clone(), &run.outcomes, about(end.waits), at);
        }
        for trouble in Trouble::ALL {
            let end = sub.ends.get(trouble.as_str());
            if end.is_some() || trouble == Trouble::Failed {
                self.trouble(trouble, &run.troubles, about(end.is_none_or(|end| end.waits)), at);
            }
        }
    }
}
