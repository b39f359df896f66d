//! The published versions of all flows and an index of what begins or moves their runs. Immutable: a publish or a version
//! that is loaded makes a new catalog, which shares what did not change.

mod contact;
mod published;
mod standing;

pub use contact::{FieldProblem, read_contact, read_receiver, webhook_contacts};
pub use published::Published;
pub use standing::{Over, Standing};

use super::definition::{Flow, Start, Trigger};
use crate::domain::id::VersionId;
use crate::domain::language::Language;
use crate::domain::name::{ChannelName, EventName, Slug};
use crate::domain::publication::Share;
use crate::reply::keyword::{Keyword, Keywords};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Where an entry of `start` stands: a current version and the place of the entry in it.
#[derive(Debug, Clone)]
pub struct StartRef {
    /// The version.
    pub published: Arc<Published>,
    /// The place in its `starts`.
    pub index: usize,
}

impl StartRef {
    /// The entry.
    pub fn start(&self) -> &Start {
        &self.published.flow.starts[self.index]
    }
}

/// Where an entry of `anytime` stands, in whatever version.
#[derive(Debug, Clone)]
struct AnytimeRef {
    published: Arc<Published>,
    index: usize,
}

/// All flows that this instance knows.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    versions: HashMap<VersionId, Arc<Published>>,
    current: HashMap<Slug, Arc<Published>>,
    by_event: HashMap<EventName, Vec<StartRef>>,
    webhooks: HashMap<Slug, Vec<StartRef>>,
    keywords: HashMap<ChannelName, Keywords<StartRef>>,
    any_message: HashMap<ChannelName, Vec<StartRef>>,
    anytime: HashMap<EventName, Vec<AnytimeRef>>,
    languages: Vec<Language>,
    standings: Vec<Standing>,
    retired: HashMap<Slug, VersionId>,
    trials: HashMap<VersionId, (Arc<Published>, Share)>,
    over: HashMap<VersionId, Over>,
    paused: BTreeSet<Slug>,
}

impl Catalog {
    /// A catalog of these versions; `current` names those that new runs begin on, one for each flow.
    pub fn new(versions: impl IntoIterator<Item = Arc<Flow>>, current: &[VersionId]) -> Self {
        Catalog::standing(versions, current.iter().copied().map(Standing::from).collect())
    }

    /// A catalog of these versions, as they were published.
    pub fn standing(versions: impl IntoIterator<Item = Arc<Flow>>, standings: Vec<Standing>) -> Self {
        let published = versions.into_iter().map(|flow| (flow.version, Arc::new(Published::new(flow)))).collect();
        Catalog::of(published, standings)
    }

    /// The same with one more version, on which no new run begins.
    pub fn with_version(&self, flow: Arc<Flow>) -> Self {
        let mut versions = self.versions.clone();
        versions.insert(flow.version, Arc::new(Published::new(flow)));
        Catalog::of(versions, self.standings.clone()).pausing(self.paused.clone())
    }

    /// This catalog after a publish: new runs begin on what is current in `fresh`; at most `old` other versions are kept.
    pub fn with_current(&self, fresh: &Catalog, old: usize) -> Self {
        let mut versions = fresh.versions.clone();
        if self.versions.len() <= 2 * fresh.standings.len() + old {
            versions.extend(self.versions.iter().map(|(id, published)| (*id, published.clone())));
        }
        Catalog::of(versions, fresh.standings.clone()).pausing(self.paused.clone())
    }

    fn of(versions: HashMap<VersionId, Arc<Published>>, standings: Vec<Standing>) -> Self {
        let mut catalog = Catalog::default();
        for standing in &standings {
            let Some(published) = versions.get(&standing.whole) else { continue };
            if standing.retired {
                let names = [&published.flow.name].into_iter().chain(&published.flow.was);
                catalog.retired.extend(names.map(|name| (name.clone(), standing.whole)));
            } else {
                catalog.current.insert(published.flow.name.clone(), published.clone());
            }
        }
        let mut by_name: Vec<Arc<Published>> = catalog.current.values().cloned().collect();
        by_name.sort_by(|a, b| a.flow.name.cmp(&b.flow.name));
        // A former name leads to the flow unless another flow has it now.
        for published in &by_name {
            for was in &published.flow.was {
                catalog.current.entry(was.clone()).or_insert_with(|| published.clone());
            }
        }
        let mut keywords: HashMap<ChannelName, Vec<(Keyword, StartRef)>> = HashMap::new();
        for published in &by_name {
            catalog.speak(published);
            catalog.index(published, &mut keywords);
        }
        catalog.keywords = keywords.into_iter().map(|(channel, entries)| (channel, Keywords::new(entries))).collect();
        // Runs of older versions go on: what they listen to counts too.
        let mut all: Vec<&Arc<Published>> = versions.values().collect();
        all.sort_by(|a, b| (&a.flow.name, a.flow.version).cmp(&(&b.flow.name, b.flow.version)));
        for published in all {
            catalog.speak(published);
            for name in &published.listened {
                catalog.anytime.entry(name.clone()).or_default();
            }
            for (name, places) in &published.events {
                let entries = places.iter().map(|index| AnytimeRef { published: published.clone(), index: *index });
                catalog.anytime.entry(name.clone()).or_default().extend(entries);
            }
        }
        catalog.versions = versions;
        catalog.stand(standings);
        catalog
    }

    fn speak(&mut self, published: &Published) {
        for language in &published.flow.languages {
            if !self.languages.contains(language) {
                self.languages.push(*language);
            }
        }
    }

    fn index(&mut self, published: &Arc<Published>, keywords: &mut HashMap<ChannelName, Vec<(Keyword, StartRef)>>) {
        for (index, start) in published.flow.starts.iter().enumerate() {
            let entry = || StartRef { published: published.clone(), index };
            let channels = if start.channels.is_empty() { &published.flow.channels } else { &start.channels };
            match &start.trigger {
                Trigger::Webhook(_) => self.webhooks.entry(published.flow.name.clone()).or_default().push(entry()),
                Trigger::Event(name) => self.by_event.entry(name.clone()).or_default().push(entry()),
                Trigger::Keyword(words) => {
                    for channel in channels {
                        let parsed = words.iter().filter_map(|word| Keyword::parse(word));
                        keywords.entry(channel.clone()).or_default().extend(parsed.map(|keyword| (keyword, entry())));
                    }
                }
                Trigger::AnyMessage => {
                    for channel in channels {
                        self.any_message.entry(channel.clone()).or_default().push(entry());
                    }
                }
            }
        }
    }

    /// The same, with these flows paused and no others.
    #[must_use]
    pub fn pausing(self, paused: BTreeSet<Slug>) -> Self {
        Catalog { paused, ..self }
    }

    /// The flows that somebody paused, by the names under which that was done.
    pub fn paused(&self) -> &BTreeSet<Slug> {
        &self.paused
    }

    /// Whether no run of this flow begins, whatever asks for one. A flow that was renamed stays paused.
    pub fn is_paused(&self, flow: &Slug) -> bool {
        self.paused_as(flow).is_some()
    }

    /// The name under which somebody paused this flow.
    pub fn paused_as(&self, flow: &Slug) -> Option<&Slug> {
        self.paused.iter().find(|name| self.called_now(name) == self.called_now(flow))
    }

    fn called_now<'n>(&'n self, name: &'n Slug) -> &'n Slug {
        self.current.get(name).map_or(name, |published| &published.flow.name)
    }

    /// A version with its index.
    pub fn published(&self, version: VersionId) -> Option<&Arc<Published>> {
        self.versions.get(&version)
    }

    /// A version.
    pub fn version(&self, version: VersionId) -> Option<&Arc<Flow>> {
        self.versions.get(&version).map(|published| &published.flow)
    }

    /// The version of a flow on which new runs begin; a former name leads there too.
    pub fn current(&self, name: &str) -> Option<&Arc<Flow>> {
        self.current.get(name).map(|published| &published.flow)
    }

    /// The version of a flow on which new runs begin, with its index.
    pub fn current_published(&self, name: &str) -> Option<&Published> {
        self.current.get(name).map(|published| &**published)
    }

    /// The current version of each flow.
    pub fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.current.iter().filter(|(name, published)| **name == published.flow.name).map(|(_, published)| &published.flow)
    }

    /// Every language of a flow in whatever version, for a share of runs or with runs left on it too: their opt-out words count.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The entries of `start` for an event, those of one flow in their order.
    pub fn starts_by_event(&self, name: &EventName) -> &[StartRef] {
        self.by_event.get(name).map_or(&[], Vec::as_slice)
    }

    /// The entries of `start` for a webhook of a flow, in their order; a former name of the flow leads there too.
    pub fn starts_by_webhook(&self, flow: &str, name: &str) -> Vec<&StartRef> {
        let Some(published) = self.current.get(flow) else { return Vec::new() };
        let of = |start: &&StartRef| matches!(&start.start().trigger, Trigger::Webhook(own) if own.as_str() == name);
        self.webhooks.get(&published.flow.name).into_iter().flatten().filter(of).collect()
    }

    /// The start keywords of a channel.
    pub fn keywords(&self, channel: &str) -> Option<&Keywords<StartRef>> {
        self.keywords.get(channel)
    }

    /// The entries that take any message of a channel; the checker allows one flow for each.
    pub fn any_message(&self, channel: &str) -> &[StartRef] {
        self.any_message.get(channel).map_or(&[], Vec::as_slice)
    }

    /// Whether any version begins, moves or awaits something by this event.
    pub fn listens(&self, name: &EventName) -> bool {
        self.anytime.contains_key(name)
    }
}
