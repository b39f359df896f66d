//! Several instances as processes on one Redis: they share the work, come and go under load, and are replaced one by one.

mod idle;
mod joining;
mod rolling;

use crate::kill::COUNT;
use crate::support::fake_provider::{FakeProvider, Sent};
use crate::support::process::{Caller, Service, configuration, project};
use crate::support::redis::RedisServer;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};

/// More than 60 messages of one person in a minute would be a flood.
const MOMENT: Duration = Duration::from_millis(1_100);
/// How long what is waited for may take.
const REST: Duration = Duration::from_secs(60);

/// Where the instances are now.
type Doors = Arc<Mutex<Vec<Caller>>>;

/// The provider, the store and the instances on it.
struct Site {
    provider: FakeProvider,
    redis: RedisServer,
    folders: Vec<TempDir>,
    services: Vec<Service>,
    doors: Doors,
}

impl Site {
    fn new() -> Self {
        let (provider, redis) = (FakeProvider::start(), RedisServer::start());
        Site { provider, redis, folders: Vec::new(), services: Vec::new(), doors: Doors::default() }
    }

    /// Another instance with a folder of its own and this flow: the store is all that they share.
    fn join(&mut self, flow: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = format!("kind = \"redis\"\nurl = \"{}\"\nhistory = \"history.db\"", self.redis.url());
        project(folder.path(), &configuration(&store, &self.provider.url, ""), &[("flows/count.yaml", flow)]);
        self.services.push(block_in_place(|| Service::start(folder.path())));
        self.folders.push(folder);
        self.open();
    }

    /// Stops the first instance as a supervisor does; whoever writes goes elsewhere before.
    fn leave(&mut self) -> TempDir {
        self.doors.lock().expect("not poisoned").remove(0);
        let service = self.services.remove(0);
        assert!(block_in_place(|| service.stop()), "a clean stop");
        self.folders.remove(0)
    }

    fn open(&self) {
        *self.doors.lock().expect("not poisoned") = self.services.iter().map(|service| service.caller()).collect();
    }

    /// Turns that each instance has made.
    async fn turns(&self) -> Vec<f64> {
        let mut all = Vec::new();
        for service in &self.services {
            let (status, text) = service.get("/metrics").await;
            assert_eq!(status, 200, "{text}");
            let line = text.lines().find_map(|line| line.strip_prefix("replyflow_turns_total{result=\"ok\"} "));
            all.push(line.and_then(|n| n.parse().ok()).unwrap_or(0.0));
        }
        all
    }

    /// Everything that was answered, once all of it is there.
    fn answers(&self, said: &BTreeMap<usize, usize>) -> BTreeMap<usize, Vec<String>> {
        let total: usize = said.values().sum();
        let sent: Vec<Sent> = block_in_place(|| self.provider.wait(REST, |sent| sent.len() >= total));
        let mut texts: BTreeMap<usize, Vec<String>> = said.keys().map(|who| (*who, Vec::new())).collect();
        for one in sent {
            let who = said.keys().find(|who| phone(**who) == one.to).expect("somebody who wrote");
            texts.entry(*who).or_default().push(one.text);
        }
        texts
    }

    /// Stops all and says what was answered after that: nothing may follow.
    fn end(mut self) {
        let before = self.provider.sent().len();
        while !self.services.is_empty() {
            self.leave();
        }
        assert_eq!(self.provider.sent().len(), before, "something left that nobody had asked for");
    }
}

/// People who write all the time, each through another door each time, until the end.
struct Crowd {
    people: JoinSet<(usize, usize)>,
    taken: watch::Receiver<usize>,
    end: watch::Sender<bool>,
}

impl Crowd {
    fn begin(doors: &Doors, who: Range<usize>) -> Self {
        let ((told, taken), (end, ended)) = (watch::channel(0), watch::channel(false));
        let mut people = JoinSet::new();
        for who in who {
            people.spawn(write(who, Arc::clone(doors), told.clone(), ended.clone()));
        }
        Crowd { people, taken, end }
    }

    /// Waits until so many more messages were taken.
    async fn more(&mut self, n: usize) {
        let before = *self.taken.borrow_and_update();
        let more = self.taken.wait_for(|taken| *taken >= before + n);
        tokio::time::timeout(REST, more).await.expect("messages are taken").expect("people write");
    }

    /// How many messages of each were taken.
    async fn end(mut self) -> BTreeMap<usize, usize> {
        self.end.send(true).expect("people write");
        let mut said = BTreeMap::new();
        while let Some(one) = self.people.join_next().await {
            let (who, messages) = one.expect("no panic");
            said.insert(who, messages);
        }
        said
    }
}

async fn write(who: usize, doors: Doors, taken: watch::Sender<usize>, ended: watch::Receiver<bool>) -> (usize, usize) {
    let mut done = 0;
    while !*ended.borrow() {
        let (id, mut tries) = (format!("SM{who}x{}", done + 1), who + done);
        loop {
            let door = {
                let doors = doors.lock().expect("not poisoned");
                doors.get(tries % doors.len().max(1)).cloned()
            };
            tries += 1;
            let answer = match door {
                Some(door) => door.sms(&id, &phone(who), "hello").await,
                None => 0,
            };
            match answer {
                200 => break,
                // As providers do: a little later, as often as it takes.
                0 | 503 => tokio::time::sleep(Duration::from_millis(20)).await,
                other => panic!("{id} was answered {other}"),
            }
        }
        done += 1;
        taken.send_modify(|taken| *taken += 1);
        tokio::time::sleep(MOMENT).await;
    }
    (who, done)
}

fn phone(who: usize) -> String {
    format!("+4477009{:05}", 10_000 + who)
}

/// What must have been answered to somebody who wrote so often, behind each answer's beginning.
fn counted(begins: &str, n: usize) -> Vec<String> {
    (1..=n).map(|n| format!("{begins}{n}")).collect()
}
