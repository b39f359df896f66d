//! The count at the end, from three sides that know nothing of each other: what customers were told is stored, what the provider took, and what the
//! record in SQL holds. Accepted, processed, sent, repeated (each known as unsure), lost (none), out of order (none).

use super::journey::Journey;
use super::people::{phone, repeats};
use super::provider::{Provider, Took};
use crate::support::process::command;
use replyflow::history::{Database, Row};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long everything may take to come to rest when nothing is broken any more.
const REST: Duration = Duration::from_secs(300);
/// A process that stood still may have been about to write to the provider: what it writes then leaves within so long.
const STILL_IN_HAND: Duration = Duration::from_secs(5);

/// What one run comes to.
pub struct Case<'a> {
    /// How many messages of each person were taken.
    pub said: &'a BTreeMap<usize, usize>,
    pub provider: &'a Provider,
    pub folder: &'a Path,
    pub journey: &'a Journey,
}

/// What failed visibly.
struct Failed {
    /// `CONTACT.EFFECT` of messages.
    messages: BTreeSet<String>,
    /// Anything else: nothing of the kind may be.
    others: Vec<String>,
}

impl Case<'_> {
    fn total(&self) -> usize {
        self.said.values().sum()
    }

    fn failed(&self) -> Failed {
        let list = command(self.folder, &["failed", "list", "--format", "json"]);
        let list: Value = serde_json::from_str(&list).unwrap_or_else(|e| panic!("{e}: {list}"));
        let mut failed = Failed { messages: BTreeSet::new(), others: Vec::new() };
        for line in list["failed"].as_array().expect("a list") {
            match line["id"].as_str().and_then(|id| id.split_once('.')) {
                Some((effect, contact)) if line["kind"] == "message" => {
                    failed.messages.insert(format!("{contact}.{effect}"));
                }
                _ => failed.others.push(line.to_string()),
            }
        }
        failed
    }

    /// Waits until every message that was taken is answered or has failed visibly.
    pub async fn rest(&self) {
        let begun = Instant::now();
        loop {
            let (answered, missing) = {
                // What is asked for a while is asked first: what arrives meanwhile has arrived.
                let failed = tokio::task::block_in_place(|| self.failed());
                let took = self.provider.took();
                let arrived: BTreeSet<(&str, usize)> = took.iter().map(|one| (one.to.as_str(), one.n)).collect();
                let effects: BTreeSet<&str> = took.iter().map(|one| one.effect.as_str()).collect();
                assert!(failed.others.is_empty(), "{:?}\n{}", failed.others, self.journey.story());
                let gone = failed.messages.iter().filter(|id| !effects.contains(id.as_str())).count();
                (arrived.len(), self.total().saturating_sub(arrived.len() + gone))
            };
            if missing == 0 {
                let seconds = begun.elapsed().as_secs_f64();
                self.journey.note(format!("at rest {seconds:.1} s after the last fault: {answered} answers arrived"));
                return;
            }
            if begun.elapsed() > REST {
                let (lost, total) = (self.unanswered(), self.total());
                panic!("{missing} of {total} messages lead to nothing:\n{}\n{}", lost.join("\n"), self.journey.story());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Those who have no answer at the provider over the number that repeats, with the end of what the journal says of them.
    fn unanswered(&self) -> Vec<String> {
        let took = self.provider.took();
        let arrived: BTreeSet<(&str, usize)> = took.iter().map(|one| (one.to.as_str(), one.n)).collect();
        let waits = |who: &usize, n: usize| repeats(*who) && (1..=n).any(|n| !arrived.contains(&(phone(*who).as_str(), n)));
        let mut lines = Vec::new();
        for (who, n) in self.said.iter().filter(|(who, n)| waits(who, **n)).take(5) {
            lines.push(format!("person {who}, {}, of {n} messages", phone(*who)));
            let Some(one) = took.iter().rev().find(|one| one.to == phone(*who)) else { continue };
            let contact = one.effect.split('.').next().unwrap_or_default();
            let journal = command(self.folder, &["journal", "export", "--contact", contact]);
            let last: Vec<&str> = journal.lines().collect();
            lines.extend(last[last.len().saturating_sub(12)..].iter().map(|line| (*line).to_owned()));
        }
        lines
    }

    /// Waits until the record holds every message that was taken and every answer.
    pub async fn recorded(&self, record: &Database) {
        let begun = Instant::now();
        loop {
            let sql = "SELECT count(DISTINCT provider_id), count(*) FROM message WHERE direction = 'in'";
            let rows = read(record, sql).await;
            let known = rows.first().map_or(0, |row| row.int(0).expect("a number"));
            if usize::try_from(known).is_ok_and(|known| known >= self.total()) {
                return;
            }
            let total = self.total();
            assert!(begun.elapsed() < REST, "{known} of {total} messages are in the record\n{}", self.journey.story());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the journal says of a message.
    fn entries(&self, one: &Took) -> String {
        let (contact, effect) = one.effect.split_once('.').unwrap_or_default();
        let journal = command(self.folder, &["journal", "export", "--contact", contact]);
        let theirs: Vec<&str> = journal.lines().filter(|line| line.contains(effect)).collect();
        theirs.join("\n")
    }

    /// What must hold of all that happened.
    pub async fn judge(&self, record: &Database) {
        let story = || self.journey.story();
        let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in read(record, "SELECT provider_id FROM message WHERE direction = 'in' ORDER BY n").await {
            let id = row.text(0).expect("an id").to_owned();
            heard.entry(id.split('x').next().unwrap_or(&id).to_owned()).or_default().push(id);
        }
        // Of each answer that was decided: whether an attempt was begun by somebody who knew that an earlier one may have arrived, which is every
        // attempt but the first. Of one whose own answer never came, too, only a delivery report told.
        let mut decided: BTreeMap<String, bool> = BTreeMap::new();
        for row in read(record, "SELECT contact, id, attempts, detail FROM message WHERE direction = 'out'").await {
            let name = format!("{}.{}", row.text(0).expect("a key"), row.text(1).expect("an id"));
            let told = row.opt_text(3).expect("a text") == Some("known from a delivery report");
            decided.insert(name, told || row.int(2).expect("a number") >= 2);
        }
        let failed = self.failed();
        assert!(failed.others.is_empty(), "{:?}\n{}", failed.others, story());
        let mut by_phone: BTreeMap<&str, Vec<&Took>> = BTreeMap::new();
        let took = self.provider.took();
        for one in &took {
            by_phone.entry(&one.to).or_default().push(one);
        }
        let known = |one: &Took| decided.get(&one.effect) == Some(&true);
        let (mut repeated, mut late, mut unanswered) = (0, 0, 0);
        for (who, messages) in self.said {
            let expected: Vec<String> = (1..=*messages).map(|n| format!("SM{who}x{n}")).collect();
            let processed = heard.get(&format!("SM{who}")).cloned().unwrap_or_default();
            assert_eq!(processed, expected, "what person {who} wrote, once and in order\n{}", story());
            let (mut effects, mut last) = (BTreeMap::<usize, &str>::new(), 0);
            for one in by_phone.get(phone(*who).as_str()).into_iter().flatten() {
                let first = match effects.insert(one.n, &one.effect) {
                    None => true,
                    Some(effect) => {
                        assert_eq!(effect, one.effect, "message {} of person {who} was decided twice\n{}", one.n, story());
                        false
                    }
                };
                if !first {
                    repeated += 1;
                    let n = one.n;
                    assert!(
                        repeats(*who),
                        "message {n} of person {who} left twice over a channel that never repeats\n{}",
                        story()
                    );
                    let told = || self.entries(one);
                    assert!(
                        known(one),
                        "message {n} of person {who} left again as if for the first time\n{}\n{}",
                        story(),
                        told()
                    );
                } else if one.n < last {
                    // A process that stood still between its look at the clock and the write: no protocol over HTTP can take that back, but it
                    // must have been given up as unsure before.
                    late += 1;
                    let woken = self.journey.was_woken(STILL_IN_HAND, one.at);
                    assert!(woken && known(one), "answer {} to person {who} left after {last}\n{}", one.n, story());
                }
                last = last.max(one.n);
            }
            let missing = (1..=*messages).filter(|n| !effects.contains_key(n)).count();
            assert!(missing == 0 || !repeats(*who), "{missing} messages of person {who} were never answered\n{}", story());
            if missing > 0 {
                // Whoever has no answer at all has no name here either.
                let contact = effects.values().next().and_then(|effect| effect.split('.').next());
                let theirs = |id: &&String| {
                    contact.is_some_and(|contact| id.starts_with(contact))
                        && !effects.values().any(|effect| *effect == id.as_str())
                };
                let visible = failed.messages.iter().filter(theirs).count();
                assert!(
                    contact.is_none() || visible == missing,
                    "person {who}: {missing} missing, {visible} visible\n{}",
                    story()
                );
                unanswered += missing;
            }
        }
        let (total, decided) = (self.total(), decided.len());
        assert_eq!(decided, total, "each message leads to one answer\n{}", story());
        self.journey.note(format!(
            "accepted {total}, processed {total}, decided {decided}, arrived {}, repeated {repeated} (each known as unsure), failed visibly \
             {unanswered}, lost 0, out of order 0, late by a pause and known as unsure {late}",
            took.len()
        ));
    }
}

async fn read(record: &Database, sql: &str) -> Vec<Row> {
    record.read(sql, &[]).await.expect("read")
}
