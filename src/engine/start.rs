//! Beginning runs: what an entry of `start` decides, and doing it.

use super::drive::Next;
use super::record::{FirstEvent, Frame, Reply, Run, Vars, Waiting, WaitingStart};
use super::scope::View;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::broadcast::{Refusal, Sending};
use crate::domain::id::RunId;
use crate::domain::input::Callback;
use crate::domain::journal::{AlertLevel, Decision, Event};
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::flow::catalog::StartRef;
use crate::flow::definition::{Busy, Flow, Kind, Repeat, StateId, Trigger};

/// What an entry of `start` comes to.
pub(super) enum Plan<'a> {
    /// Its condition does not hold.
    No,
    /// It holds and nothing is begun.
    Ignore { reason: String, alert: bool },
    /// It begins, after these runs were interrupted and the question of this one was put aside.
    Begin { start: Beginning<'a>, interrupt: Vec<RunId>, pause: Option<RunId> },
    /// It begins when no question is open any more.
    Wait(Beginning<'a>),
}

/// A run that is to begin.
pub(super) struct Beginning<'a> {
    pub flow: &'a Flow,
    pub key: Option<String>,
    pub given: Vars,
    pub go: StateId,
    pub reply: Option<Reply>,
    /// The event that begins it, if a digest of the flow may begin with it.
    pub event: Option<Box<FirstEvent>>,
    /// Where whoever began it wants to hear what becomes of its messages.
    pub callback: Option<Box<Callback>>,
    /// The broadcast that begins it.
    pub sending: Option<Box<Sending>>,
}

impl Plan<'_> {
    /// The same, and whoever asked for it hears what becomes of the run's messages.
    pub(super) fn reporting_to(mut self, callback: Option<&Callback>) -> Self {
        if let (Plan::Begin { start, .. } | Plan::Wait(start), Some(callback)) = (&mut self, callback) {
            start.callback = Some(Box::new(callback.clone()));
        }
        self
    }

    /// What the journal says that it is.
    pub(super) fn decision(&self) -> Decision {
        match self {
            Plan::No | Plan::Ignore { .. } => Decision::StartIgnored,
            Plan::Begin { .. } => Decision::Start,
            Plan::Wait(_) => Decision::StartWaits,
        }
    }
}

impl<'a> Turning<'a> {
    /// What an entry of `start` comes to now. Nothing is changed.
    pub(super) fn plan(&self, entry: &'a StartRef, event: Option<&Value>, reply: Option<&Reply>) -> Plan<'a> {
        let flow: &'a Flow = &entry.published.flow;
        let start = entry.start();
        let view = View { event, reply, ..self.bare_view(Some(flow)) };
        let wrong = |what: &str, why: String| Plan::Ignore {
            reason: format!("`{what}` of a start of `{}`: {why}", flow.name),
            alert: true,
        };
        match start.condition.as_ref().map(|condition| condition.truth(&view)).transpose() {
            Ok(Some(false)) => return Plan::No,
            Ok(_) => {}
            Err(error) => return wrong("if", error.to_string()),
        }
        if self.is_paused(&flow.name) {
            return Plan::Ignore { reason: paused(&flow.name), alert: false };
        }
        let key = match start.key.as_ref().map(|key| key.render(&view)).transpose() {
            Ok(key) => key,
            Err(error) => return wrong("key", error.to_string()),
        };
        let mut given = Vars::default();
        for (slot, value) in &start.with {
            match value.eval(&view) {
                Ok(value) => given.set(*slot, value),
                Err(error) => return wrong("with", error.to_string()),
            }
        }
        match self.first_values(flow, given.clone()) {
            Ok(Ok(_)) => {}
            Ok(Err(why)) => return wrong("with", why),
            Err(_) => return wrong("vars", "a first value has no value".to_owned()),
        }
        let same = |run: &&Run| flow.is_called(&run.flow) && run.key == key;
        let mut interrupt = Vec::new();
        if self.rec.runs.iter().any(|run| same(&run)) || self.rec.waiting.iter().any(|w| flow.is_called(&w.flow) && w.key == key)
        {
            match start.repeat {
                Repeat::Ignore => {
                    return Plan::Ignore { reason: format!("a run of `{}` for this key is live", flow.name), alert: false };
                }
                Repeat::Restart => interrupt.extend(self.rec.runs.iter().filter(same).map(|run| run.id)),
                Repeat::Another => {}
            }
        }
        let first = || match (&start.trigger, event) {
            (Trigger::Event(name), Some(data)) if self.collects(&entry.published, name) => {
                Some(Box::new(FirstEvent { name: name.clone(), at: self.came, data: data.clone() }))
            }
            _ => None,
        };
        let start_of = |given| Beginning {
            flow,
            key,
            given,
            go: start.go,
            reply: reply.cloned(),
            event: first(),
            callback: None,
            sending: None,
        };
        let busy = self.rec.runs.iter().filter(|run| !interrupt.contains(&run.id));
        let busy = busy.filter(|run| run.question().is_some() || run.is_with_person());
        // A person's conversation is not put aside and not ended by what else begins.
        let busy = busy.max_by_key(|run| run.is_with_person());
        let mut pause = None;
        // A digest says nothing yet, and what it would miss while it waits would be lost to it.
        let collects = matches!(flow.state(start.go).map(|state| &state.kind), Some(Kind::Digest(_)));
        let quietly = collects && start.busy == Busy::Wait;
        if let Some(open) = busy.filter(|_| !quietly) {
            let with_person = open.is_with_person();
            // While the parts of an answer come in, nothing gets between them; and few can keep more questions in mind.
            let answering = open.question().is_some_and(|question| question.gathered.is_some());
            match start.busy {
                Busy::Skip => {
                    let what = if with_person { "a person has the conversation of" } else { "a question of" };
                    let reason = format!("{what} `{}`{}", open.flow, if with_person { "" } else { " is open" });
                    return Plan::Ignore { reason, alert: false };
                }
                Busy::Pause if self.may_pause() && !answering && !with_person => pause = Some(open.id),
                Busy::Replace if !with_person => interrupt.push(open.id),
                _ if self.rec.waiting.len() >= limits::WAITING_STARTS => {
                    return Plan::Ignore { reason: format!("{} starts wait already", limits::WAITING_STARTS), alert: true };
                }
                _ => return Plan::Wait(start_of(given)),
            }
        }
        if self.rec.runs.len() - interrupt.len() >= limits::RUNS_PER_CONTACT {
            return Plan::Ignore { reason: format!("{} runs are live already", limits::RUNS_PER_CONTACT), alert: true };
        }
        Plan::Begin { start: start_of(given), interrupt, pause }
    }

    /// Whether somebody paused the flow: what is live goes on, and nothing begins. A test contact tries it all the same.
    pub(super) fn is_paused(&self, flow: &Slug) -> bool {
        !self.rec.test && self.catalog.is_paused(flow)
    }

    /// Does what was planned.
    pub(super) fn execute(&mut self, plan: Plan<'a>, reason: &str) -> Result<(), TurnError> {
        match plan {
            Plan::No => Ok(()),
            Plan::Ignore { reason, alert } => {
                if alert {
                    self.alert(None, format!("A run did not begin: {reason}"), AlertLevel::Warning);
                }
                Ok(())
            }
            Plan::Wait(start) => {
                self.put_off(start);
                Ok(())
            }
            Plan::Begin { start, interrupt, pause } => {
                for id in interrupt {
                    if let Some(place) = self.place_of(id) {
                        let run = self.take(place);
                        let reason = format!("`{}` began", start.flow.name);
                        self.end_run(run, "interrupted", reason);
                    }
                }
                if let Some(id) = pause {
                    self.pause(id);
                }
                let (flow, key) = (start.flow, start.key.clone());
                let (gone, kept) =
                    std::mem::take(&mut self.rec.waiting).into_iter().partition(|w| flow.is_called(&w.flow) && w.key == key);
                self.rec.waiting = kept;
                let gone: Vec<WaitingStart> = gone;
                gone.iter().for_each(|waiting| self.drop_start(waiting, Refusal::Running));
                self.begin(start, reason)
            }
        }
    }

    /// Begins a run.
    pub(super) fn begin(&mut self, start: Beginning<'a>, reason: &str) -> Result<(), TurnError> {
        let Beginning { flow, key, given, go, reply, event, callback, sending } = self.on_its_version(start);
        let vars = match self.first_values(flow, given) {
            Ok(Ok(vars)) => vars,
            Ok(Err(why)) => {
                self.alert(None, format!("A run of `{}` did not begin: {why}", flow.name), AlertLevel::Warning);
                return Ok(());
            }
            Err(super::fault::Fault::Turn(error)) => return Err(error),
            Err(super::fault::Fault::Run(why)) => {
                self.alert(None, format!("A run of `{}` did not begin: {why}", flow.name), AlertLevel::Warning);
                return Ok(());
            }
        };
        let id = self.token.run(self.begun);
        self.begun += 1;
        self.call_back(id, callback);
        let version = flow.version;
        self.journal(Event::RunStarted {
            run: id,
            flow: flow.name.clone(),
            version,
            key: key.clone(),
            reason: reason.to_owned(),
            continues: None,
            sending: sending.clone(),
        });
        self.count_live(version, 1);
        self.past_questions();
        let frame = Frame { version, state: go, vars, visits: Vec::new(), expires: None };
        let run = Run {
            id,
            flow: flow.name.clone(),
            key,
            begun: self.now,
            expires: self.now + flow.expires.max(Span::millis(1)),
            continues: None,
            frames: vec![frame],
            reply,
            waiting: Waiting::Turn,
            event,
            sending,
        };
        let place = self.rec.runs.len();
        self.drive(run, place, Next::Enter(go))
    }

    /// As long as nothing is open: asks again what was put aside, then what waits to be asked, then begins what waits to begin. What one turn cannot send
    /// without running into its limit is left for the next: the record's alarm sees that it comes at once.
    pub(super) fn ask_next(&mut self) -> Result<(), TurnError> {
        while self.out.effects.len() < limits::EFFECTS_PER_TURN / 2 && !self.rec.is_occupied() {
            if self.resume_last()? {
                continue;
            }
            if let Some(place) = self.rec.runs.iter().position(|run| run.waiting == Waiting::Turn) {
                let run = self.take(place);
                self.drive(run, place, Next::Ask)?;
            } else if !self.rec.waiting.is_empty() {
                let waiting = self.rec.waiting.remove(0);
                self.begin_waiting(waiting)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn begin_waiting(&mut self, waiting: WaitingStart) -> Result<(), TurnError> {
        let flow: &'a Flow = &self.published(waiting.version)?.flow;
        self.count_live(waiting.version, -1);
        let WaitingStart { key, vars, go, reply, event, callback, since, sending, .. } = waiting;
        let start = Beginning { flow, key, given: vars, go, reply, event, callback, sending };
        if start.sending.is_some() {
            return self.begin_put_off(start, since);
        }
        if self.is_paused(&flow.name) {
            self.note(None, format!("a start of `{0}` waited and was dropped: {1}", flow.name, paused(&flow.name)));
            return Ok(());
        }
        if since + flow.expires <= self.now {
            self.note(None, format!("a start of `{}` waited longer than the flow lives and was dropped", flow.name));
            return Ok(());
        }
        if self.rec.runs.len() >= limits::RUNS_PER_CONTACT {
            let say = format!("A run of `{}` did not begin: {} runs are live already", flow.name, limits::RUNS_PER_CONTACT);
            self.alert(None, say, AlertLevel::Warning);
            return Ok(());
        }
        self.begin(start, "it waited for an open question")
    }
}

/// Why nothing begins, in one line.
pub(super) fn paused(flow: &Slug) -> String {
    format!("`{flow}` is paused")
}
