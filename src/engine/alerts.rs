//! Alerts on their way to teams: what a turn says to operators, and that a person waits, becomes one effect of the same commit.
//! It brings each team's share into the team's own mailbox; nothing of it touches the contact's record or lane.

use super::effect::{Effect, Raise};
use super::turning::Turning;
use crate::config::project::{AlertRules, Project};
use crate::domain::alert::{About, Raised};
use crate::domain::id::{ContactKey, EffectId, RunId, Token};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::name::{Name, Slug};
use crate::domain::time::Millis;

impl AlertRules {
    /// Whether anybody is told of anything.
    pub fn is_silent(&self) -> bool {
        self.teams.values().all(|team| team.ways.is_empty())
    }

    /// The teams that hear of an alert: the one that it names if that can be told, else the receivers; each only from its
    /// level on.
    pub fn hearers(&self, to: Option<&Slug>, level: AlertLevel) -> Vec<Slug> {
        let has_way = |name: &&Slug| self.teams.get(*name).is_some_and(|team| !team.ways.is_empty());
        let named: Vec<&Slug> = to.filter(has_way).into_iter().collect();
        let all = if named.is_empty() { self.receivers.iter().filter(has_way).collect() } else { named };
        let hears = |name: &&&Slug| self.teams.get(**name).is_some_and(|team| team.min_level <= level);
        all.iter().filter(hears).map(|name| (*name).clone()).collect()
    }
}

/// What the service itself has to say of a contact whose turn could not be made. Its effect is the first of that token: such a
/// turn has no others.
pub fn of_service(
    project: &Project,
    contact: ContactKey,
    token: Token,
    say: &str,
    level: AlertLevel,
    at: Millis,
) -> Option<(EffectId, Effect)> {
    let teams = project.alerts.hearers(None, level);
    if teams.is_empty() {
        return None;
    }
    let raised = Raised {
        about: About::SetAside,
        level,
        flow: None,
        state: None,
        say: Raised::cut(say),
        contact: Some(contact),
        ending: None,
        simulated: false,
        at,
        times: 1,
    };
    Some((token.effect(0), Effect::Raise(Box::new(Raise { alerts: vec![(teams, raised)], at }))))
}

impl Turning<'_> {
    /// Brings what this turn said to operators on its way. Always fits: one effect above the turn's own limit.
    pub(super) fn raise(&mut self) {
        if self.project.alerts.is_silent() {
            return;
        }
        let mut alerts: Vec<(Vec<Slug>, Raised)> = Vec::new();
        let mut above = 0;
        for place in 0..self.out.events.len() {
            let Some((to, raised)) = self.raised(place) else { continue };
            let teams = self.project.alerts.hearers(to.as_ref(), raised.level);
            if teams.is_empty() {
                continue;
            }
            let key = raised.key();
            let known = alerts.iter().position(|(of, known)| *of == teams && known.key() == key);
            match known {
                Some(place) => alerts[place].1.times = alerts[place].1.times.saturating_add(1),
                None if alerts.len() < limits::ALERTS_PER_TURN => alerts.push((teams, raised)),
                None => above += 1,
            }
        }
        if let (true, Some((teams, first))) = (above > 0, alerts.first()) {
            let say = format!("{above} further alerts of one turn are in the journal alone");
            let rest = Raised { about: About::More, flow: None, state: None, say, times: 1, ..first.clone() };
            alerts.push((teams.clone(), rest));
        }
        if !alerts.is_empty() {
            let (id, at) = (self.next_effect(), self.store_now());
            self.out.effects.push((id, Effect::Raise(Box::new(Raise { alerts, at }))));
        }
    }

    /// What one event of this turn says to operators, and to which team.
    fn raised(&self, place: usize) -> Option<(Option<Slug>, Raised)> {
        let (about, run, say, to, level) = match &self.out.events[place] {
            Event::Alert { run, say, to, level } => {
                let about = if run.is_some() { About::Run } else { About::Contact };
                (about, *run, say.clone(), to.clone(), *level)
            }
            Event::HandoffOpened(opened) => {
                let note = opened.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
                let say = format!("A person waits for {}{note}", self.title_of(&opened.to));
                (About::Handoff, Some(opened.run), say, Some(opened.to.clone()), AlertLevel::Urgent)
            }
            _ => return None,
        };
        let (flow, state) = run.map(|run| self.place_in(run, place)).unwrap_or_default();
        let digits = self.rec.phone.as_ref().map(|phone| phone.digits());
        let raised = Raised {
            about,
            level,
            flow,
            state,
            say: Raised::cut(&say),
            contact: Some(self.contact),
            ending: digits.and_then(|digits| digits.get(digits.len() - 2..)).map(str::to_owned),
            simulated: self.rec.simulated,
            at: self.store_now(),
            times: 1,
        };
        Some((to, raised))
    }

    fn title_of(&self, team: &Slug) -> String {
        let title = self.project.alerts.teams.get(team).and_then(|team| team.title.clone());
        title.unwrap_or_else(|| format!("`{team}`"))
    }

    /// Where a run was when something was said: where this turn led it before, else where it stands.
    fn place_in(&self, run: RunId, before: usize) -> (Option<Slug>, Option<Name>) {
        let mut state = None;
        for event in self.out.events[..before].iter().rev() {
            match event {
                Event::Entered { run: of, flow, state } if *of == run => return (Some(flow.clone()), Some(state.clone())),
                Event::Left { run: of, state: left, .. } if *of == run => {
                    state.get_or_insert_with(|| left.clone());
                }
                _ => {}
            }
        }
        if let Some(live) = self.rec.runs.iter().find(|live| live.id == run) {
            let flow = self.inner_flow(live).ok();
            let now = flow.and_then(|flow| flow.states.get_index(live.frame().state.0 as usize)).map(|(name, _)| name.clone());
            return (flow.map(|flow| flow.name.clone()), state.or(now));
        }
        let ended = self.out.events.iter().find_map(|event| match event {
            Event::RunEnded { run: of, flow, .. } if *of == run => Some(flow.clone()),
            _ => None,
        });
        (ended, state)
    }
}
