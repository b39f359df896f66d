//! What must hold while a run goes on, and when it has come to its end.

use super::run::Run;
use super::shared::{Gate, Instance, Shared};
use super::truth::{Decided, Rule, Truth};
use super::world::{CLAIM_LEASE, at_once};
use bytes::Bytes;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, EffectId, InputId, VersionId};
use replyflow::domain::input::Class;
use replyflow::domain::time::Millis;
use replyflow::engine::record::Record;
use replyflow::service::{HistoryError, HistorySink};
use replyflow::store::{FailedKey, Inspection, JournalId, JournalItem, JournalRecord, Lane, Place, SettleResult, WorkSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// History in memory: an entry that comes again stays as it is.
#[derive(Default)]
pub struct Kept(Mutex<BTreeMap<(u8, JournalId), JournalRecord>>);

#[async_trait::async_trait]
impl HistorySink for Kept {
    async fn append(&self, shard: u8, items: Vec<JournalItem>, _now: Millis) -> Result<(), HistoryError> {
        Gate::default().await;
        {
            let mut kept = self.0.lock().expect("one thread");
            for item in items {
                kept.entry((shard, item.id)).or_insert(item.record);
            }
        }
        Gate::default().await;
        Ok(())
    }
}

/// Whoever has an input that may be processed is looked at within a lease; every lane that is not empty waits in its set.
pub fn nobody_is_forgotten(run: &Run<'_>) {
    let now = run.shared.now();
    for somebody in &run.house.people {
        let Some(seen) = inspect(run, somebody.key) else { continue };
        if seen.place != Place::Here {
            continue;
        }
        let name = run.shared.truth().name(somebody.key);
        let may_go_on = seen.mailbox.iter().any(|entry| !seen.record.held || entry.class == Class::Priority);
        if may_go_on && seen.attention.is_none_or(|at| at.0 > now + CLAIM_LEASE.0) {
            run.shared.violate(format!("{name} has an input and nobody will look"));
        }
        let alarm = run.shared.truth().people[&somebody.key].alarm;
        if let (Some(alarm), at) = (alarm, seen.attention)
            && at.is_none_or(|at| at.0 > alarm.max(now + CLAIM_LEASE.0))
        {
            run.shared.violate(format!("{name} has an alarm and nobody will look"));
        }
    }
    let (waits, there) = (lanes(&run.shared.truth()), run.ground.lanes(&run.house.door));
    if waits != there {
        run.shared.violate(format!("lanes that are not empty: {waits:?}; that wait for their time: {there:?}"));
    }
}

/// Lanes that are not empty, by the set of their head.
fn lanes(truth: &Truth) -> BTreeMap<WorkSet, u64> {
    let mut lanes = BTreeMap::new();
    let open = |id: &EffectId| truth.effects.get(id).is_some_and(Decided::is_open);
    let heads = truth.people.values().filter_map(|person| person.lane.iter().find(|id| open(id)));
    let alone = truth.effects.iter().filter(|(id, effect)| effect.lane != Lane::Contact && open(id)).map(|(id, _)| id);
    for id in heads.chain(alone) {
        *lanes.entry(truth.effects[id].set.clone()).or_default() += 1;
    }
    lanes
}

fn inspect(run: &Run<'_>, contact: ContactKey) -> Option<Inspection> {
    let store = run.house.door.store();
    run.ground.runtime.block_on(store.inspect(contact)).expect("the store answers")
}

/// Everybody was deleted.
pub fn nobody_is_there(run: &Run<'_>) {
    for somebody in &run.house.people {
        if let Some(seen) = inspect(run, somebody.key).filter(|seen| !matches!(seen.place, Place::Moved(_))) {
            run.shared.violate(format!("{} is still there: {seen:?}", run.shared.truth().name(somebody.key)));
        }
    }
}

/// What keeps a run from its end.
pub fn what_is_left(run: &Run<'_>) -> String {
    let truth = run.shared.truth();
    let inputs: Vec<String> = truth
        .people
        .iter()
        .filter(|(_, person)| person.accepted.len() != person.consumed.len())
        .map(|(key, person)| format!("{} has {} inputs", truth.name(*key), person.accepted.len() - person.consumed.len()))
        .collect();
    let effects = truth.effects.values().filter(|effect| effect.is_open()).count();
    format!("{inputs:?}, {effects} effects are not settled")
}

/// Everything that can only be known at the end.
pub fn at_the_end(run: &Run<'_>) {
    nobody_is_forgotten(run);
    for somebody in &run.house.people {
        let name = run.shared.truth().name(somebody.key);
        if let Some(seen) = inspect(run, somebody.key)
            && (!seen.mailbox.is_empty() || !seen.lane.is_empty() || seen.record.held)
        {
            run.shared.violate(format!("{name} is not at rest: {seen:?}"));
        }
        if let Some(into) = inspect(run, somebody.key).and_then(|seen| leaves_for(&seen)) {
            run.shared.violate(format!("{name} never becomes part of {}", run.shared.truth().name(into)));
        }
        let rule = processed(&run.shared, somebody.key);
        if let Err(broken) = rule {
            run.shared.violate(format!("{name}: {broken}"));
        }
    }
    let settled = effects(&run.shared.truth());
    for rule in [settled, failed(run), live(run), journal(run), published(run)] {
        if let Err(broken) = rule {
            run.shared.violate(broken);
        }
    }
}

fn leaves_for(seen: &Inspection) -> Option<ContactKey> {
    let record = codec::decode::<Record>(&seen.record.blob).ok().filter(|_| seen.place == Place::Here);
    record.and_then(|record| record.leaving)
}

/// Accepted is processed: once, in order, and told.
fn processed(shared: &Shared, contact: ContactKey) -> Rule {
    let truth = shared.truth();
    let person = &truth.people[&contact];
    let of = |class: Class| person.accepted.iter().filter(move |(_, c)| *c == class).map(|(id, _)| *id);
    let priority: BTreeSet<InputId> = of(Class::Priority).collect();
    let done: Vec<InputId> = person.consumed.iter().copied().filter(|id| !priority.contains(id)).collect();
    if done != of(Class::Normal).collect::<Vec<_>>() {
        return Err(format!("accepted {:?}, processed {done:?}", of(Class::Normal).collect::<Vec<_>>()));
    }
    if person.consumed.iter().copied().filter(|id| priority.contains(id)).collect::<BTreeSet<_>>() != priority {
        return Err("what should pass others was not processed".to_owned());
    }
    let told: Vec<InputId> =
        person.consumed.iter().copied().filter(|id| person.told.contains(id) && !person.set_aside.contains(id)).collect();
    if told != person.heard {
        return Err(format!("processed {told:?}, the journal tells of {:?}", person.heard));
    }
    Ok(())
}

/// Each effect is settled once, and was tried or failed visibly.
fn effects(truth: &Truth) -> Rule {
    for (id, effect) in truth.effects.iter().filter(|(_, effect)| !effect.forgotten) {
        if effect.withdrawn {
            if !effect.settled.is_empty() || effect.left {
                return Err(format!("{id} was given up and done"));
            }
            continue;
        }
        if effect.settled.len() != 1 {
            return Err(format!("{id} is settled {} times", effect.settled.len()));
        }
        let leaves = matches!(effect.set, WorkSet::Talk(_) | WorkSet::Bulk(_) | WorkSet::Hook(_));
        if leaves && effect.settled == [SettleResult::Done] && !effect.left {
            return Err(format!("{id} is done and never left"));
        }
        if effect.set == WorkSet::Call && !truth.results.contains(id) {
            return Err(format!("the call {id} has no result"));
        }
    }
    Ok(())
}

/// What failed is there for an operator to see, and nothing else.
fn failed(run: &Run<'_>) -> Rule {
    let store = run.house.door.store();
    let list = run.ground.runtime.block_on(store.failed_list(1_000)).expect("the store answers");
    let truth = run.shared.truth();
    let (mut messages, mut inputs) = (BTreeSet::new(), BTreeSet::new());
    for item in list {
        match item.key {
            FailedKey::Effect(_, id) => messages.insert(id),
            FailedKey::Input(_, id) => inputs.insert(id),
        };
    }
    let given_up: BTreeSet<EffectId> =
        truth.effects.iter().filter(|(_, e)| e.settled == [SettleResult::Failed] && !e.forgotten).map(|(id, _)| *id).collect();
    let set_aside: BTreeSet<InputId> = truth.people.values().flat_map(|p| p.set_aside.iter().copied()).collect();
    if messages != given_up || inputs != set_aside {
        return Err(format!("failed: {given_up:?} {set_aside:?}; visible: {messages:?} {inputs:?}"));
    }
    Ok(())
}

/// What was published last is what every instance runs, as soon as it has looked.
fn published(run: &Run<'_>) -> Rule {
    let instances: Vec<Instance> = run.shared.instances().clone();
    for Instance { number, core, .. } in instances {
        at_once(core.follow_publications()).map_err(|error| format!("instance {number} cannot follow: {error}"))?;
        let catalog = core.versions().catalog();
        for (name, (_, version, _)) in &run.shared.truth().publications {
            let runs = catalog.current(name.as_str()).map(|flow| flow.version);
            if runs != Some(*version) {
                return Err(format!("instance {number} runs {runs:?} of {name}, and {version} is published"));
            }
        }
    }
    Ok(())
}

/// Live runs are counted as the records have them.
fn live(run: &Run<'_>) -> Rule {
    let mut expected: BTreeMap<VersionId, i64> = BTreeMap::new();
    for somebody in &run.house.people {
        let Some(seen) = inspect(run, somebody.key).filter(|seen| !seen.record.blob.is_empty()) else { continue };
        let record: Record = codec::decode(&seen.record.blob).map_err(|e| format!("a record is unreadable: {e}"))?;
        for (version, n) in record.live() {
            *expected.entry(version).or_default() += n;
        }
    }
    let store = run.house.door.store();
    for version in run.house.versions() {
        let counted = run.ground.runtime.block_on(store.live(version)).expect("the store answers");
        let there = expected.get(&version).copied().unwrap_or(0);
        if counted != there {
            return Err(format!("{there} runs are live on {version}, {counted} are counted"));
        }
    }
    Ok(())
}

/// One entry for each commit, settle and report that was done; none lost on its way into history, none twice.
fn journal(run: &Run<'_>) -> Rule {
    let store = run.house.door.store();
    let mut there = std::mem::take(&mut *run.kept.0.lock().expect("one thread"));
    for shard in 0..store.shards() {
        let rest = run.ground.runtime.block_on(store.read_journal(shard, JournalId::START, 100_000)).expect("the store answers");
        there.extend(rest.into_iter().map(|item| ((shard, item.id), item.record)));
    }
    let mut entries: Vec<Bytes> = there
        .into_values()
        .filter_map(|record| match record {
            JournalRecord::Entry(body) => Some(body),
            JournalRecord::Overflow { .. } => None,
        })
        .collect();
    let mut expected = run.shared.truth().journal.clone();
    entries.sort();
    expected.sort();
    if entries != expected {
        return Err(format!("{} changes were made, the journal has {} entries", expected.len(), entries.len()));
    }
    Ok(())
}
