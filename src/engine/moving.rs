//! Runs after another version of their flow was published: going over to it at their next state, ending, and on which version a new one begins.

use super::fault::Fault;
use super::record::{Run, Vars, WaitingStart};
use super::split::place_of;
use super::start::Beginning;
use super::turning::Turning;
use crate::domain::journal::Event;
use crate::domain::publication::RunMoved;
use crate::domain::time::{Millis, Span};
use crate::flow::catalog::{Over, Published};
use crate::flow::definition::{Flow, Origin, Slot, StateId, Variable};
use crate::flow::difference::counterpart;
use crate::flow::expression::fit;

impl<'a> Turning<'a> {
    /// The state that a run enters in place of `id`, if its version was published anew and it can go over: the one that stands for it there. The
    /// run is on that version then. Where it cannot, it stays where it is and tries again at its next state.
    pub(super) fn go_over(&mut self, run: &mut Run, id: StateId) -> Result<StateId, Fault> {
        let catalog = self.catalog;
        let from = run.frame().version;
        let Some(Over::To(to)) = catalog.over(from) else { return Ok(id) };
        let to: &'a Published = to;
        let older: &'a Flow = &self.published(from)?.flow;
        let newer: &'a Flow = &to.flow;
        let name = older.state_name(id);
        let Some(state) = counterpart(older, id, newer) else {
            self.note(Some(run.id), format!("stays on version {from}: version {} has no state for `{name}`", newer.version));
            return Ok(id);
        };
        let vars = match self.carried(older, &run.frame().vars, newer)? {
            Ok(vars) => vars,
            Err(why) => {
                self.note(Some(run.id), format!("stays on version {from}: {why}"));
                return Ok(id);
            }
        };
        let longer = Span(newer.expires.0 - older.expires.0);
        let soon = self.now + Span::millis(1);
        let lasts = |end: Millis| (end + longer).max(soon);
        let depth = run.frames.len() - 1;
        let frame = run.frame_mut();
        let visits = std::mem::take(&mut frame.visits).into_iter();
        let visits = visits.filter_map(|(visited, n)| Some((counterpart(older, visited, newer)?, n)));
        frame.visits = visits.filter(|(visited, _)| to.counts(*visited)).collect();
        frame.vars = vars;
        frame.version = newer.version;
        frame.expires = frame.expires.map(lasts);
        if depth == 0 {
            run.expires = lasts(run.expires);
            run.flow = newer.name.clone();
        }
        self.count_live(from, -1);
        self.count_live(newer.version, 1);
        let now = newer.states.get_index(usize::from(state.0)).map(|(name, _)| name.clone());
        if let Some(now) = now {
            let was = older.states.get_index(usize::from(id.0)).map(|(name, _)| name.clone()).filter(|was| *was != now);
            let (run, flow, version) = (run.id, newer.name.clone(), newer.version);
            let moved = RunMoved { run, flow, from, version, state: now, was, part: depth > 0 };
            self.journal(Event::Moved(Box::new(moved)));
        }
        Ok(state)
    }

    /// The variables of a frame in another version: by name, those of another type and new ones as they begin. The inner error says why it
    /// cannot be.
    fn carried(&self, older: &Flow, vars: &Vars, newer: &'a Flow) -> Result<Result<Vars, String>, Fault> {
        let view = self.bare_view(Some(newer));
        let mut carried = Vars::default();
        for (place, (name, variable)) in newer.variables.iter().enumerate() {
            let slot = Slot(place as u16);
            if let Some(value) = older.slot(name.as_str()).and_then(|old| vars.get(old)) {
                if let Ok(value) = fit(value.clone(), variable.kind, self.zone()) {
                    carried.set(slot, value);
                    continue;
                }
                // What the contact said is not thrown away.
                if matches!(variable.origin, Origin::Saved) {
                    return Ok(Err(format!("what it has of `{name}` is no {}", variable.kind)));
                }
            }
            let first = match &variable.origin {
                Origin::Need { default: Some(first) } | Origin::Own(first) => first,
                Origin::Need { default: None } => return Ok(Err(format!("version {} needs `{name}`", newer.version))),
                Origin::Saved => continue,
            };
            let value = first.eval(&view).map_err(|error| Fault::eval(name.as_str(), &error))?;
            match fit(value, variable.kind, self.zone()) {
                Ok(value) => carried.set(slot, value),
                Err(_) => return Ok(Err(format!("`{name}` must be a {}", variable.kind))),
            }
        }
        Ok(Ok(carried))
    }

    /// Ends the runs of versions that a publication ended.
    pub(super) fn end_superseded(&mut self) {
        if !self.catalog.ends_runs() {
            return;
        }
        let catalog = self.catalog;
        let (gone, kept) = std::mem::take(&mut self.rec.waiting)
            .into_iter()
            .partition(|w| catalog.is_retired(w.flow.as_str()) && catalog.is_ended(w.flow.as_str(), w.version));
        self.rec.waiting = kept;
        let gone: Vec<WaitingStart> = gone;
        gone.iter().for_each(|waiting| self.count_live(waiting.version, -1));
        let ends = |run: &Run| run.frames.first().is_some_and(|frame| catalog.is_ended(run.flow.as_str(), frame.version));
        while let Some(place) = self.rec.runs.iter().position(ends) {
            let run = self.take(place);
            let reason = format!("another version of `{}` was published, and runs of older ones were to end", run.flow);
            self.end_run(run, "interrupted", reason);
        }
    }

    /// On which version a run begins. A start that waited while another version was published begins on that one, unless runs stay; of a version
    /// with a share, whoever is in the share. Where the other version has no place for it, it begins on its own.
    pub(super) fn on_its_version(&mut self, start: Beginning<'a>) -> Beginning<'a> {
        let catalog = self.catalog;
        let start = match catalog.over(start.flow.version) {
            Some(Over::To(to)) => self.begun_on(start, to),
            Some(Over::End) => match catalog.current_published(start.flow.name.as_str()) {
                Some(to) => self.begun_on(start, to),
                None => start,
            },
            None => start,
        };
        match catalog.trial(start.flow.version) {
            Some((to, share)) if share.holds(place_of(self.contact, to.flow.name.as_str(), to.flow.version)) => {
                self.begun_on(start, to)
            }
            _ => start,
        }
    }

    fn begun_on(&mut self, start: Beginning<'a>, to: &'a Published) -> Beginning<'a> {
        let (older, newer): (&Flow, &'a Flow) = (start.flow, &to.flow);
        // Where a run begins belongs to the version, not to what began it.
        let go = if start.go == older.begin { Some(newer.begin) } else { counterpart(older, start.go, newer) };
        let Some(go) = go else {
            self.note(None, format!("version {} of `{}` has no state for the beginning of this run", newer.version, newer.name));
            return start;
        };
        let of = |(slot, value): (Slot, &crate::domain::value::Value)| {
            let (name, _) = older.variables.get_index(usize::from(slot.0))?;
            Some((newer.slot(name.as_str())?, value.clone()))
        };
        let given: Vars = start.given.iter().filter_map(of).collect();
        let lacks = |(place, variable): (usize, &Variable)| {
            let needed = matches!(variable.origin, Origin::Need { default: None });
            needed && given.get(Slot(place as u16)).is_none()
        };
        if newer.variables.values().enumerate().any(lacks) || !matches!(self.first_values(newer, given.clone()), Ok(Ok(_))) {
            self.note(None, format!("version {} of `{}` needs values that this start does not give", newer.version, newer.name));
            return start;
        }
        Beginning { flow: newer, go, given, ..start }
    }
}
