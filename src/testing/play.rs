//! Plays the cases of a script. Strict: a message or alert that no step expects fails the case, and so does a fake of the
//! case itself that no call uses.

use super::coverage::Coverage;
use super::expect;
use super::fake_http::matches;
use super::mismatch::{Difference, Mismatch, none_came};
use super::rewrite::Rewrite;
use super::script::{Case, Script, Step, UserSays};
use super::stage::{begin, person, speak};
use super::world::{Reports, World};
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::input::OperatorAction;
use crate::domain::name::ChannelName;
use crate::flow::catalog::Catalog;
use crate::flow::diagnostic::At;
use std::iter;
use std::sync::Arc;

/// What becomes of a text that differs from an expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// The case fails.
    Compared,
    /// It was meant to change: the case goes on, and what should be written is noted.
    Accepted,
}

/// How a case went.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its title, with the channel where it runs on several.
    pub title: String,
    /// Where the case stands.
    pub at: At,
    /// Steps that were played.
    pub steps: usize,
    /// What went wrong first.
    pub failure: Option<Failure>,
    /// Texts that differ and were accepted.
    pub rewrites: Vec<Rewrite>,
}

/// What went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// At which step.
    pub at: At,
    /// What.
    pub message: String,
    /// Both texts, where another one was expected.
    pub difference: Option<Difference>,
}

impl Failure {
    fn new(at: At, mismatch: impl Into<Mismatch>) -> Self {
        let Mismatch { message, difference } = mismatch.into();
        Failure { at, message, difference }
    }
}

/// Plays a script's cases, each on each of its channels, and notes what they went through.
pub fn play(
    script: &Script,
    catalog: &Arc<Catalog>,
    project: &Arc<Project>,
    texts: Texts,
    coverage: &mut Coverage,
) -> Vec<CaseResult> {
    let mut results = Vec::new();
    for case in &script.cases {
        let flow_channels = catalog.current(script.flow.as_str()).map(|f| f.channels.clone()).unwrap_or_default();
        let fallback = flow_channels.into_iter().next().or_else(|| project.channels.keys().next().cloned());
        let channels: Vec<Option<ChannelName>> = match (case.channels.is_empty(), &case.given.channel) {
            (false, _) => case.channels.iter().cloned().map(Some).collect(),
            (true, Some(channel)) => vec![Some(channel.clone())],
            (true, None) => vec![fallback],
        };
        for channel in &channels {
            let title = match (channel, case.channels.len()) {
                (Some(channel), 2..) => format!("{} ({channel})", case.title),
                _ => case.title.clone(),
            };
            // Only a channel that the case names is the only one that reaches the contact.
            let only = !case.channels.is_empty() || case.given.channel.is_some();
            let mut result = CaseResult { title, at: case.at, steps: 0, failure: None, rewrites: Vec::new() };
            let mut player = match Player::new(script, case, catalog, project, channel.clone(), only) {
                Ok(player) => player,
                Err(message) => {
                    result.failure = Some(Failure::new(case.at, message));
                    results.push(result);
                    continue;
                }
            };
            player.texts = texts;
            (result.steps, result.failure) = player.run(case);
            coverage.note(player.world.events());
            coverage.note_languages(std::mem::take(&mut player.world.spoken));
            result.rewrites = player.rewrites;
            results.push(result);
        }
    }
    results
}

/// Whether a step says what becomes of a message that has left, before anything else happens.
fn is_reported_on(steps: &[(At, Step)]) -> bool {
    let happens = |step: &Step| {
        matches!(
            step,
            Step::User { .. } | Step::Event { .. } | Step::Begin(_) | Step::Webhook { .. } | Step::Wait(_) | Step::WaitUntil(_)
        )
    };
    let next = steps.iter().map(|(_, step)| step).find(|step| matches!(step, Step::Status(_)) || happens(step));
    matches!(next, Some(Step::Status(_)))
}

struct Player {
    world: World,
    flow: crate::domain::name::Slug,
    address: Address,
    channel: ChannelName,
    kind: ChannelKind,
    texts: Texts,
    rewrites: Vec<Rewrite>,
}

impl Player {
    fn new(
        script: &Script,
        case: &Case,
        catalog: &Arc<Catalog>,
        project: &Arc<Project>,
        channel: Option<ChannelName>,
        only: bool,
    ) -> Result<Self, String> {
        let channel = channel.ok_or("the project has no channel; name one under `given`")?;
        let known = || project.channels.keys().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let info =
            project.channels.get(&channel).ok_or_else(|| format!("there is no channel `{channel}`; there are {}", known()))?;
        let kind = info.kind;
        let project = if only {
            let mut narrowed = Project::clone(project);
            narrowed.channels.retain(|name, _| *name == channel || case.given.also.contains(name));
            Arc::new(narrowed)
        } else {
            project.clone()
        };
        let (world, address) = begin(&case.given, catalog, project)?;
        let world = world.reporting(Reports::InTime);
        let mut player =
            Player { world, flow: script.flow.clone(), address, channel, kind, texts: Texts::Compared, rewrites: Vec::new() };
        if let Some(vars) = &case.given.vars {
            player.begin(vars)?;
        }
        Ok(player)
    }

    fn run(&mut self, case: &Case) -> (usize, Option<Failure>) {
        let mut last = case.at;
        for (i, (at, step)) in case.steps.iter().enumerate() {
            last = *at;
            // A message that is expected and is not there may follow from one that arrived.
            let lacks = matches!(step, Step::Bot { .. }) && self.world.messages.is_empty();
            let told = match is_reported_on(&case.steps[i..]) {
                true if lacks => self.world.deliver_those_unreported().map(drop),
                true => Ok(()),
                false => self.world.deliver_unreported().map(drop),
            };
            if let Err(error) = told {
                return (i, Some(Failure::new(*at, error.to_string())));
            }
            if let Err(mismatch) = self.step(step) {
                return (i, Some(Failure::new(*at, mismatch)));
            }
        }
        let rest = self.world.deliver_unreported().map(drop).map_err(|error| error.to_string());
        let left = rest.and_then(|()| self.nothing_left()).and_then(|()| match self.world.fakes.unused().first() {
            Some(fake) => Err(format!("no call used the fake `{fake}`")),
            None => Ok(()),
        });
        (case.steps.len(), left.err().map(|message| Failure::new(last, message)))
    }

    /// Before anything new happens, everything that came must have been expected.
    fn nothing_left(&self) -> Result<(), String> {
        if let Some(message) = self.world.messages.front() {
            return Err(format!("a message that no step expects: {}", expect::quote(message.text())));
        }
        if let Some(alert) = self.world.alerts.front() {
            return Err(format!("an alert that no step expects: {}", expect::quote(alert)));
        }
        match self.world.handoffs.front() {
            Some(team) => Err(format!("a hand-off to `{team}` that no step expects")),
            None => Ok(()),
        }
    }

    /// Where texts may change, notes one that did instead of failing.
    fn accept(&mut self, compared: Result<(), Mismatch>) -> Result<(), Mismatch> {
        match compared {
            Err(Mismatch { difference: Some(Difference { expected, came, at: Some(at) }), .. })
                if self.texts == Texts::Accepted =>
            {
                self.rewrites.push(Rewrite { at, expected, came });
                Ok(())
            }
            other => other,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Mismatch> {
        match step {
            Step::User { all, by_kind } => {
                self.nothing_left()?;
                let own = by_kind.iter().find(|(kind, _)| *kind == self.kind).map(|(_, says)| says);
                let says = own.or(all.as_ref()).ok_or_else(|| format!("this step says nothing for {}", self.kind))?;
                Ok(self.user(says)?)
            }
            Step::Bot { all, by_kind } => {
                let came = self.world.messages.pop_front().ok_or_else(|| none_came(self.world.events()))?;
                let own = by_kind.iter().find(|(kind, _)| *kind == came.kind).map(|(_, own)| own);
                expect::receiver(all, &came, self.is_own(&came.to))?;
                for expected in iter::once(all).chain(own) {
                    self.accept(expect::text(&expected.text, came.text()))?;
                    expect::besides_text(expected, &came)?;
                }
                Ok(())
            }
            Step::Nothing => Ok(self.nothing_left()?),
            Step::Event { name, data, contact } => {
                self.nothing_left()?;
                self.world.event(name.clone(), data.clone(), contact.clone()).map_err(|e| e.to_string().into())
            }
            Step::Begin(vars) => {
                self.nothing_left()?;
                Ok(self.begin(vars)?)
            }
            Step::Webhook { name, data } => {
                self.nothing_left()?;
                let flow = self.flow.clone();
                self.world.webhook(&flow, name, data.clone()).map_err(|e| e.to_string().into())
            }
            Step::Wait(span) => {
                self.nothing_left()?;
                self.world.wait(*span).map_err(|e| e.to_string().into())
            }
            Step::WaitUntil(moment) => {
                self.nothing_left()?;
                if *moment < self.world.now() {
                    return Err("this moment is past".into());
                }
                self.world.wait_until(*moment).map_err(|e| e.to_string().into())
            }
            Step::Http(fakes) => {
                self.world.fakes.add(fakes, true);
                Ok(())
            }
            Step::Called { method, api, path, json } => self.called(method, api.as_str(), path, json.as_ref()),
            Step::Status(status) => {
                self.nothing_left()?;
                match self.world.report(&self.address, *status) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("there was no message to report on".into()),
                    Err(e) => Err(e.to_string().into()),
                }
            }
            Step::Alert(expected) => {
                let came = self.world.alerts.pop_front().ok_or("expected an alert, none came")?;
                self.accept(expect::text(expected, &came))
            }
            Step::Person(does) => {
                self.nothing_left()?;
                Ok(person(&mut self.world, &self.address, does)?)
            }
            Step::Handoff(team) => match self.world.handoffs.pop_front() {
                Some(came) if came == *team => Ok(()),
                Some(came) => Err(format!("expected a hand-off to `{team}`, the conversation went to `{came}`").into()),
                None => Err(format!("expected a hand-off to `{team}`, none came").into()),
            },
            Step::Emit(event) => match self.world.emitted.pop_front() {
                Some((came, _)) if came == *event => Ok(()),
                Some((came, _)) => Err(format!("expected the event `{event}`, `{came}` was emitted").into()),
                None => Err(format!("expected the event `{event}`, none was emitted").into()),
            },
            Step::At(state) => {
                let here = self.positions();
                match here.iter().any(|(name, _)| name == state.as_str()) {
                    true => Ok(()),
                    false if here.is_empty() => Err(format!("expected the run at `{state}`, no run is live").into()),
                    false => Err(format!("expected the run at `{state}`, it is at `{}`", here[0].0).into()),
                }
            }
            Step::Vars(wanted) => Ok(self.variables(wanted)?),
            Step::Contact(wanted) => Ok(self.contact(wanted)?),
            Step::Tags(wanted) => {
                let record = self.world.record(&self.address).unwrap_or_default();
                let list = |tags: &[crate::domain::name::Slug]| {
                    let mut tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
                    tags.sort();
                    tags.join(", ")
                };
                let (wanted, found) = (list(wanted), list(&record.tags));
                match wanted == found {
                    true => Ok(()),
                    false => Err(format!("expected the tags [{wanted}], the contact has [{found}]").into()),
                }
            }
            Step::End(name) => {
                let ended = std::mem::take(&mut self.world.ended);
                let own = ended.iter().rev().find(|e| e.flow == self.flow).or(ended.back());
                match own {
                    Some(e) if e.end == name.as_str() => {
                        self.world.ended = ended;
                        Ok(())
                    }
                    Some(e) => Err(format!("expected the end `{name}`, it ended as `{}`: {}", e.end, e.reason).into()),
                    None => {
                        let here = self.positions();
                        let place = here.first().map_or("no run is live".to_owned(), |(s, _)| format!("it is at `{s}`"));
                        Err(format!("expected the end `{name}`, but the run is not over; {place}").into())
                    }
                }
            }
        }
    }

    /// Whether the contact of the case is reached at this address.
    fn is_own(&self, to: &Address) -> bool {
        let record = self.world.record(&self.address).unwrap_or_default();
        *to == self.address || ChannelKind::ALL.iter().any(|kind| record.address(*kind).as_ref() == Some(to))
    }

    fn begin(&mut self, vars: &[(crate::domain::name::Name, crate::domain::value::Value)]) -> Result<(), String> {
        let begin = OperatorAction::Begin { flow: self.flow.clone(), with: vars.to_vec(), sending: None };
        self.world.operator(&self.address, begin).map_err(|e| e.to_string())
    }

    fn user(&mut self, says: &UserSays) -> Result<(), String> {
        let channel = says.channel.clone().unwrap_or_else(|| self.channel.clone());
        speak(&mut self.world, &self.address, &channel, says)
    }

    fn called(
        &mut self,
        method: &str,
        api: &str,
        path: &str,
        json: Option<&crate::domain::value::Value>,
    ) -> Result<(), Mismatch> {
        let fits = |c: &super::world::Called| c.method == method && c.api.as_str() == api && matches(path, &c.path);
        let Some(place) = self.world.called.iter().position(fits) else {
            let made: Vec<String> = self.world.called.iter().map(|c| format!("{} {}{}", c.method, c.api, c.path)).collect();
            let made = if made.is_empty() { "none was made".to_owned() } else { format!("made were {}", made.join(", ")) };
            return Err(format!("expected the call {method} {api}{path}, {made}").into());
        };
        let call = self.world.called.remove(place);
        match (json, call) {
            (Some(wanted), Some(call)) if Some(wanted.to_json()) != call.json => {
                let sent = call.json.as_ref().map_or("no JSON".to_owned(), serde_json::Value::to_string);
                let message = format!("expected the body {}\n     sent {sent}", wanted.to_json());
                let pretty = |json: &serde_json::Value| format!("{json:#}");
                let came = call.json.as_ref().map_or(sent, pretty);
                Err(Mismatch::of(message, &pretty(&wanted.to_json()), &came, None))
            }
            _ => Ok(()),
        }
    }

    /// Where the live runs of the tested flow rest, with their variables; runs of other flows after them.
    fn positions(&self) -> Vec<(String, indexmap::IndexMap<String, crate::domain::value::Value>)> {
        let Some(record) = self.world.record(&self.address) else { return Vec::new() };
        record.positions(self.world.catalog(), self.flow.as_str())
    }

    fn variables(&self, wanted: &[(crate::domain::name::Name, crate::domain::value::Value)]) -> Result<(), String> {
        let live = self.positions().into_iter().next().map(|(_, vars)| vars);
        let ended = || self.world.ended.iter().rev().find(|e| e.flow == self.flow).map(|e| e.variables.clone());
        let vars = live.or_else(ended).ok_or("no run is live and none has ended")?;
        for (name, value) in wanted {
            let found = vars.get(name.as_str()).ok_or_else(|| format!("the flow has no variable `{name}`"))?;
            if !expect::value(value, found) {
                return Err(format!("expected `{name}` to be {}, it is {}", value.to_json(), found.to_json()));
            }
        }
        Ok(())
    }

    fn contact(&self, wanted: &[(String, crate::domain::value::Value)]) -> Result<(), String> {
        let record = self.world.record(&self.address).unwrap_or_default();
        for (field, value) in wanted {
            let found = record.field(field).unwrap_or_default();
            if !expect::value(value, &found) {
                return Err(format!("expected contact.{field} to be {}, it is {}", value.to_json(), found.to_json()));
            }
        }
        Ok(())
    }
}
