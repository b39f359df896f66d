//! The store in front of the real one: it lets others go first, sometimes loses what it was asked or what it answered, and
//! tells the truth to whoever checks.

use super::ground::Door;
use super::shared::{Gate, Shared};
use super::truth::{Rule, Truth};
use async_trait::async_trait;
use bytes::Bytes;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, Token, VersionId, Who};
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::store::*;
use std::fmt::Debug;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Contact keys must be the same in every run of a seed.
pub const SECRET: &[u8; 32] = b"the same in each run of one seed";

/// One instance's way to the store.
pub struct SimStore {
    pub shared: Arc<Shared>,
    pub runtime: Arc<Runtime>,
    pub door: Arc<Door>,
}

impl SimStore {
    fn inner(&self) -> Arc<dyn Store> {
        self.door.store()
    }

    /// Lets others go first; the request may get lost.
    async fn ask(&self, what: &'static str) -> Answer<()> {
        Gate::default().await;
        if self.shared.mishap(self.shared.chaos.lose / 2) {
            self.shared.note(|| format!("{what} lost before it was done"));
            return Err(StoreError::Unavailable("lost on the way there".to_owned()));
        }
        Ok(())
    }

    /// The answer may get lost; others go first.
    async fn answer<T: Debug>(&self, what: &str, answer: Answer<T>) -> Answer<T> {
        if let Err(StoreError::Bug(why) | StoreError::Layout(why)) = &answer {
            self.shared.violate(format!("{what}: the store says {why}"));
        }
        let lost = self.shared.mishap(self.shared.chaos.lose / 2);
        if lost {
            self.shared.note(|| format!("{what} answer lost"));
            self.shared.truth().count("lost answers");
        }
        Gate::default().await;
        if lost { Err(StoreError::Unavailable("lost on the way back".to_owned())) } else { answer }
    }

    /// What was really done.
    fn truth<T>(&self, answer: &Answer<T>, told: impl FnOnce(&mut Truth, &T) -> (String, Rule)) {
        let Ok(answer) = answer else { return };
        let (line, rule) = told(&mut self.shared.truth(), answer);
        self.shared.note(|| line);
        if let Err(broken) = rule {
            self.shared.violate(broken);
        }
    }
}

/// The first word of what `Debug` writes.
fn word(answer: &impl Debug) -> String {
    let text = format!("{answer:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[async_trait]
impl Store for SimStore {
    fn shards(&self) -> u8 {
        self.inner().shards()
    }

    fn hints(&self) -> Arc<Notify> {
        self.inner().hints()
    }

    async fn accept(&self, accept: Accept) -> Answer<Accepted> {
        self.ask("accept").await?;
        let answer = self.runtime.block_on(self.inner().accept(accept.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("accept {}", word(answer)));
            let line = format!("{} accept {} {:?} -> {}", truth.name(accept.contact), accept.id, accept.class, word(answer));
            (line, truth.accepted(&accept, answer))
        });
        self.answer("accept", answer).await
    }

    async fn claim(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.ask("claim").await?;
        let answer = self.runtime.block_on(self.inner().claim(contact, who));
        self.truth(&answer, |truth, answer| {
            (format!("{} claim {who} -> {}", truth.name(contact), word(answer)), truth.claimed(answer))
        });
        self.answer("claim", answer).await
    }

    async fn claim_alone(&self, contact: ContactKey, who: Who) -> Answer<Claimed> {
        self.ask("claim_alone").await?;
        let answer = self.runtime.block_on(self.inner().claim_alone(contact, who));
        self.truth(&answer, |truth, answer| {
            truth.count("claimed alone");
            (format!("{} claim_alone {who} -> {}", truth.name(contact), word(answer)), truth.claimed(answer))
        });
        self.answer("claim_alone", answer).await
    }

    async fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        self.ask("release").await?;
        let answer = self.runtime.block_on(self.inner().release(contact, token, who, pause));
        self.answer("release", answer).await
    }

    async fn commit(&self, commit: Commit) -> Answer<Committed> {
        self.ask("commit").await?;
        let answer = self.runtime.block_on(self.inner().commit(commit.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("commit {}", word(answer)));
            let line = format!(
                "{} commit {:?} effects {:?} hold {} alarm {:?} -> {}",
                truth.name(commit.contact),
                commit.consumed,
                commit.lanes.iter().flat_map(|push| &push.effects).map(|effect| effect.id).collect::<Vec<_>>(),
                commit.hold,
                commit.alarm,
                word(answer)
            );
            (line, truth.committed(&commit, answer))
        });
        self.answer("commit", answer).await
    }

    async fn look(&self, sets: &[WorkSet]) -> Answer<Look> {
        self.ask("look").await?;
        let answer = self.runtime.block_on(self.inner().look(sets));
        self.answer("look", answer).await
    }

    async fn due_contacts(&self, shard: u8, n: usize) -> Answer<DueContacts> {
        self.ask("due contacts").await?;
        let answer = self.runtime.block_on(self.inner().due_contacts(shard, n));
        self.truth(&answer, |truth, due| {
            let names: Vec<String> = due.contacts.iter().map(|contact| truth.name(*contact)).collect();
            (format!("due {names:?}"), Ok(()))
        });
        self.answer("due contacts", answer).await
    }

    async fn due_work(&self, shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        self.ask("due work").await?;
        let answer = self.runtime.block_on(self.inner().due_work(shard, set, n));
        self.truth(&answer, |truth, due| {
            let names: Vec<String> = due.lanes.iter().map(|lane| truth.name(lane.contact)).collect();
            (format!("due {set} {names:?}"), Ok(()))
        });
        self.answer("due work", answer).await
    }

    async fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        self.ask("start").await?;
        let answer = self.runtime.block_on(self.inner().start(lane, set, who, ticket));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("start {}", word(answer)));
            let what = match answer {
                StartAnswer::Ok { started, .. } => {
                    format!("{} attempt {} unsure {}", started.id, started.attempt, started.unsure)
                }
                other => word(other),
            };
            (format!("{} start {who} -> {what}", truth.name(lane.contact)), truth.start_answered(who, answer))
        });
        self.answer("start", answer).await
    }

    async fn settle(&self, settle: Settle) -> Answer<Settled> {
        self.ask("settle").await?;
        let answer = self.runtime.block_on(self.inner().settle(settle.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("settle {} {}", word(&settle.result), word(answer)));
            let line = format!(
                "{} settle {} attempt {} {:?} -> {}",
                truth.name(settle.lane.contact),
                settle.id,
                settle.attempt,
                settle.result,
                word(answer)
            );
            (line, truth.settle_answered(&settle, answer))
        });
        self.answer("settle", answer).await
    }

    async fn report(&self, report: Report) -> Answer<Reported> {
        self.ask("report").await?;
        let answer = self.runtime.block_on(self.inner().report(report.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("report {}", word(answer)));
            (
                format!("{} report on {} -> {}", truth.name(report.contact), report.effect, word(answer)),
                truth.reported(&report, answer),
            )
        });
        self.answer("report", answer).await
    }

    async fn request(&self, request: OnceRequest) -> Answer<Requested> {
        self.ask("request").await?;
        let answer = self.runtime.block_on(self.inner().request(request));
        self.answer("request", answer).await
    }

    async fn permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits> {
        self.ask("permits").await?;
        let answer = self.runtime.block_on(self.inner().permits(channel, traffic, want, rate));
        self.truth(&answer, |truth, permits| {
            let rule = truth.permitted(channel, permits.granted, rate, self.shared.now());
            (format!("{} permits of {channel}", permits.granted), rule)
        });
        self.answer("permits", answer).await
    }

    async fn slow_down(&self, slow_down: SlowDown) -> Answer<f64> {
        self.ask("slow down").await?;
        let answer = self.runtime.block_on(self.inner().slow_down(slow_down));
        self.answer("slow down", answer).await
    }

    async fn spend(&self, spend: Spend) -> Answer<Spent> {
        self.ask("spend").await?;
        let answer = self.runtime.block_on(self.inner().spend(spend));
        self.answer("spend", answer).await
    }

    async fn hold(&self, key: HoldKey, body: Bytes) -> Answer<bool> {
        self.ask("hold").await?;
        let answer = self.runtime.block_on(self.inner().hold(key, body));
        self.answer("hold", answer).await
    }

    async fn judge(&self, judgement: Judgement) -> Answer<bool> {
        self.ask("judge").await?;
        let answer = self.runtime.block_on(self.inner().judge(judgement));
        self.answer("judge", answer).await
    }

    async fn unhold(&self, key: HoldKey) -> Answer<bool> {
        self.ask("unhold").await?;
        let answer = self.runtime.block_on(self.inner().unhold(key));
        self.answer("unhold", answer).await
    }

    async fn holds(&self) -> Answer<Vec<Held>> {
        self.runtime.block_on(self.inner().holds())
    }

    async fn read_journal(&self, shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>> {
        self.ask("read journal").await?;
        let answer = self.runtime.block_on(self.inner().read_journal(shard, after, count));
        self.answer("read journal", answer).await
    }

    async fn cursor(&self, shard: u8, subscriber: &str) -> Answer<JournalId> {
        self.ask("cursor").await?;
        let answer = self.runtime.block_on(self.inner().cursor(shard, subscriber));
        self.answer("cursor", answer).await
    }

    async fn advance(&self, advance: Advance) -> Answer<Advanced> {
        self.ask("advance").await?;
        let answer = self.runtime.block_on(self.inner().advance(advance));
        self.answer("advance", answer).await
    }

    async fn failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
        self.runtime.block_on(self.inner().failed_since(since, n))
    }

    async fn failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>> {
        self.ask("failed of").await?;
        let answer = self.runtime.block_on(self.inner().failed_of(contact));
        self.answer("failed of", answer).await
    }

    async fn failed_retry(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        Gate::default().await;
        let answer = self.runtime.block_on(self.inner().failed_retry(key, journal.clone()));
        self.truth(&answer, |truth, there| {
            truth.count(if *there { "retried by an operator" } else { "retried too late" });
            (format!("an operator retries {key:?} -> {there}"), if *there { truth.retried(key, &journal) } else { Ok(()) })
        });
        Gate::default().await;
        answer
    }

    async fn failed_drop(&self, key: FailedKey, journal: Bytes) -> Answer<bool> {
        let answer = self.runtime.block_on(self.inner().failed_drop(key, journal.clone()));
        self.truth(&answer, |truth, there| {
            if *there {
                truth.dropped(key, &journal);
            }
            (format!("{key:?} is dropped -> {there}"), Ok(()))
        });
        answer
    }

    async fn put_version(&self, id: VersionId, content: Bytes) -> Answer<()> {
        self.runtime.block_on(self.inner().put_version(id, content))
    }

    async fn get_version(&self, id: VersionId) -> Answer<Option<Bytes>> {
        self.runtime.block_on(self.inner().get_version(id))
    }

    async fn publish(&self, publish: Publish) -> Answer<Published> {
        self.ask("publish").await?;
        let answer = self.runtime.block_on(self.inner().publish(publish.clone()));
        self.truth(&answer, |truth, answer| {
            let line = format!("{} {} builds on {} -> {answer:?}", publish.name, publish.version, publish.base);
            (line, truth.published(&publish, answer))
        });
        self.answer("publish", answer).await
    }

    async fn current(&self) -> Answer<Vec<Current>> {
        self.runtime.block_on(self.inner().current())
    }

    async fn publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
        self.runtime.block_on(self.inner().publications(name, before, n))
    }

    async fn published(&self) -> Answer<u64> {
        self.runtime.block_on(self.inner().published())
    }

    async fn live(&self, id: VersionId) -> Answer<i64> {
        self.runtime.block_on(self.inner().live(id))
    }

    async fn work_sets(&self) -> Answer<Vec<WorkSet>> {
        self.runtime.block_on(self.inner().work_sets())
    }

    async fn meta(&self) -> Answer<Meta> {
        let meta = self.runtime.block_on(self.inner().meta())?;
        Ok(Meta { contact_secret: Bytes::from_static(SECRET), ..meta })
    }

    async fn check(&self) -> Answer<Vec<Finding>> {
        self.runtime.block_on(self.inner().check())
    }

    async fn overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
        self.runtime.block_on(self.inner().overdue(sets, before, n))
    }

    async fn depths(&self) -> Answer<Depths> {
        self.runtime.block_on(self.inner().depths())
    }

    async fn inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>> {
        self.runtime.block_on(self.inner().inspect(contact))
    }

    async fn forget(&self, forget: Forget) -> Answer<Forgot> {
        self.ask("forget").await?;
        let answer = self.runtime.block_on(self.inner().forget(forget.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("forget {}", word(answer)));
            (format!("{} forget -> {answer:?}", truth.name(forget.contact)), truth.forgotten(&forget, answer))
        });
        self.answer("forget", answer).await
    }

    async fn own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>> {
        self.ask("own lanes").await?;
        let answer = self.runtime.block_on(self.inner().own_lanes(contact));
        self.answer("own lanes", answer).await
    }

    async fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        self.ask("suppress").await?;
        let answer = self.runtime.block_on(self.inner().suppress(address, stop));
        self.answer("suppress", answer).await
    }

    async fn suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        self.ask("suppressed").await?;
        let answer = self.runtime.block_on(self.inner().suppressed(address));
        self.answer("suppressed", answer).await
    }

    async fn list_change(&self, change: ListChange) -> Answer<ListChanged> {
        self.ask("list change").await?;
        let answer = self.runtime.block_on(self.inner().list_change(change));
        self.answer("list change", answer).await
    }

    async fn list_find(&self, address: ContactKey) -> Answer<Option<Bytes>> {
        self.ask("list find").await?;
        let answer = self.runtime.block_on(self.inner().list_find(address));
        self.answer("list find", answer).await
    }

    async fn list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
        self.runtime.block_on(self.inner().list_page(before, n))
    }

    async fn list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
        self.runtime.block_on(self.inner().list_after(after, n))
    }

    async fn list_mark(&self) -> Answer<ListMark> {
        self.runtime.block_on(self.inner().list_mark())
    }

    async fn freeze(&self, freeze: Freeze) -> Answer<Frozen> {
        self.ask("freeze").await?;
        let answer = self.runtime.block_on(self.inner().freeze(freeze.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("freeze {}", word(answer)));
            let (who, into) = (truth.name(freeze.contact), truth.name(freeze.into));
            (format!("{who} freeze into {into} -> {}", word(answer)), truth.frozen(&freeze, answer))
        });
        self.answer("freeze", answer).await
    }

    async fn remember(&self, contact: ContactKey, seen: Vec<DedupeHash>, awaited: Vec<EffectId>) -> Answer<()> {
        self.ask("remember").await?;
        let answer = self.runtime.block_on(self.inner().remember(contact, seen, awaited.clone()));
        answer.iter().for_each(|()| self.shared.truth().awaits(contact, &awaited));
        self.answer("remember", answer).await
    }

    async fn flip(&self, flip: Flip) -> Answer<Flipped> {
        self.ask("flip").await?;
        let answer = self.runtime.block_on(self.inner().flip(flip.clone()));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("flip {}", word(answer)));
            (
                format!("{} flip into {} -> {}", truth.name(flip.contact), truth.name(flip.into), word(answer)),
                truth.flipped(&flip, answer),
            )
        });
        self.answer("flip", answer).await
    }

    async fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked> {
        self.ask("link").await?;
        let answer = self.runtime.block_on(self.inner().link(address, to));
        self.truth(&answer, |truth, answer| {
            truth.count(&format!("link {}", word(answer)));
            (
                format!("{} leads to {} -> {}", truth.name(address), truth.name(to), word(answer)),
                truth.linked(address, to, answer),
            )
        });
        self.answer("link", answer).await
    }

    async fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()> {
        self.ask("unlink").await?;
        let answer = self.runtime.block_on(self.inner().unlink(address, to));
        self.truth(&answer, |truth, ()| {
            truth.unlinked(address, to);
            (format!("{} leads to {} no more", truth.name(address), truth.name(to)), Ok(()))
        });
        self.answer("unlink", answer).await
    }

    async fn compact(&self) -> Answer<()> {
        self.runtime.block_on(self.inner().compact())
    }

    async fn now(&self) -> Answer<Millis> {
        self.runtime.block_on(self.inner().now())
    }
}
