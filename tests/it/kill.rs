//! `kill -9` of the real service under load, again and again: what a provider was told is stored is processed once and in
//! order, and what left the house may only leave again where the journal says that nobody knew.

use crate::support::fake_provider::{FakeProvider, Sent};
use crate::support::patience::{LONG, patient};
use crate::support::process::{Caller, Service, TWILIO_TOKEN, command, configuration, project};
use crate::support::redis::RedisServer;
use crate::support::sign;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// People who write all the time, each the next message a moment after the one before was taken: more than 60 in a minute
/// would be a flood.
const PEOPLE: usize = 200;
const MOMENT: Duration = Duration::from_millis(1_100);
/// Deaths; and what at least happens between two of them: messages that are taken, sends that leave.
const DEATHS: usize = 9;
const TAKEN: usize = 60;
const LEFT: usize = 60;
/// Between two looks at the end, each of which starts a process.
const LOOK: Duration = Duration::from_millis(200);

/// Counts a person's messages and answers each with its number, so that the record must survive everything too. The wait is
/// silent, so that an answer that fails ends nothing.
pub const COUNT: &str = r#"
flow: count
languages: [en]
vars: { n: 0 }
start:
  - message: any
begin: count
states:
  count:
    do:
      - set: { n: "{{ n + 1 }}" }
      - say: "{{ n }}"
    go: listen
  listen:
    answer: any
    go: { ok: count, silence: { after: 1d, end: silent } }
"#;

/// A second number whose lost sends are repeated; those of the first fail visibly.
pub const SECOND: &str = r#"
[channels.second-sms]
provider = "twilio"
kind = "sms"
number = "+447700900002"
account_sid = "AC00000000000000000000000000000001"
auth_token = { env = "TEST_TWILIO_TOKEN" }
base_url = "PROVIDER"
per_second = 100000
unsure = "resend"
"#;

/// Leases as short as the project's defaults for tests allow.
const LEASES: &str = "send_lease = \"2500ms\"\nclaim_lease = \"1s\"\nhistory = \"history.db\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_loses_and_repeats_nothing() {
    storm("kind = \"embedded\"\npath = \"data\"", 1, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_loses_and_repeats_nothing_also_when_it_dies_itself() {
    let mut redis = RedisServer::start_durable();
    storm(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()), 1, Some(&mut redis)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_one_redis_lose_and_repeat_nothing() {
    let redis = RedisServer::start();
    storm(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()), 2, None).await;
}

/// Where the instances are now.
type Doors = Arc<Mutex<Vec<Caller>>>;

async fn storm(store: &str, instances: usize, mut redis: Option<&mut RedisServer>) {
    let provider = FakeProvider::start();
    let second = SECOND.replace("PROVIDER", &provider.url);
    let toml = configuration(&format!("{store}\n{LEASES}"), &provider.url, &second);
    // Each instance has a folder of its own: they share nothing but the store.
    let folders: Vec<TempDir> = (0..instances).map(|_| tempfile::tempdir().expect("a folder")).collect();
    for folder in &folders {
        project(folder.path(), &toml, &[("flows/count.yaml", COUNT)]);
    }
    let mut services: Vec<Service> = folders.iter().map(|folder| Service::start(folder.path())).collect();
    let doors: Doors = Arc::new(Mutex::new(services.iter().map(|service| service.caller()).collect()));
    let (taken, mut count) = watch::channel(0usize);
    let (end, ended) = watch::channel(false);
    let mut people = JoinSet::new();
    for n in 0..PEOPLE {
        people.spawn(write(n, Arc::clone(&doors), taken.clone(), ended.clone()));
    }
    for death in 1..=DEATHS {
        let (before, left) = (*count.borrow_and_update(), provider.sent().len());
        let more = count.wait_for(|taken| *taken >= before + TAKEN);
        tokio::time::timeout(LONG, more).await.expect("messages are taken").expect("people write");
        tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() >= left + LEFT)));
        if let (Some(redis), 0) = (&mut redis, death % 3) {
            redis.kill9();
            redis.restart();
        }
        let victim = death % instances;
        services.remove(victim).kill9();
        services.insert(victim, Service::start(folders[victim].path()));
        doors.lock().expect("not poisoned")[victim] = services[victim].caller();
    }
    end.send(true).expect("people write");
    let mut said: BTreeMap<usize, usize> = BTreeMap::new();
    while let Some(one) = people.join_next().await {
        let (who, messages) = one.expect("no panic");
        said.insert(who, messages);
    }
    at_rest(folders[0].path(), &provider, &said);
    journal_holds_all(&folders, &said);
    for service in services {
        assert!(service.stop(), "a clean stop");
    }
    let journal = journal(&folders);
    judge(&said, &provider.sent(), &failed(folders[0].path()), &journal);
}

/// Writes until the end; gives how many messages were taken. A message that was not taken is delivered again, and some that
/// were are too.
async fn write(who: usize, doors: Doors, taken: watch::Sender<usize>, ended: watch::Receiver<bool>) -> (usize, usize) {
    let mut done = 0;
    while !*ended.borrow() {
        let n = done + 1;
        let (id, path) = (format!("SM{who}x{n}"), format!("/hooks/{}", channel(who)));
        let url = format!("https://hooks.example.org{path}");
        let (from, text) = (phone(who), n.to_string());
        let (body, signature) = sign::twilio(TWILIO_TOKEN, &url, &sign::twilio_sms(&id, &from, number(who), &text));
        let begun = Instant::now();
        let mut deliveries = if n % 5 == 0 { 2 } else { 1 };
        let mut tries = who;
        while deliveries > 0 {
            let door = {
                let doors = doors.lock().expect("not poisoned");
                doors[tries % doors.len()].clone()
            };
            tries += 1;
            match door.form(&path, body.clone(), &signature).await {
                200 => deliveries -= 1,
                // As providers do: a little later, as often as it takes.
                0 | 503 => tokio::time::sleep(Duration::from_millis(20)).await,
                other => panic!("{id} was answered {other}"),
            }
            patient(begun, format_args!("{id} is taken"));
        }
        done = n;
        taken.send_modify(|taken| *taken += 1);
        tokio::time::sleep(MOMENT).await;
    }
    (who, done)
}

fn phone(who: usize) -> String {
    format!("+4477009{:05}", 10_000 + who)
}

/// The channel on which this person writes, and its number.
fn channel(who: usize) -> &'static str {
    if repeats(who) { "second-sms" } else { "main-sms" }
}

fn number(who: usize) -> &'static str {
    if repeats(who) { "+447700900002" } else { crate::support::process::OUR_SMS }
}

fn repeats(who: usize) -> bool {
    who % 2 == 1
}

/// Waits until every message that was taken is answered or has failed visibly.
fn at_rest(folder: &Path, provider: &FakeProvider, said: &BTreeMap<usize, usize>) {
    let begun = Instant::now();
    loop {
        let sent = provider.sent();
        let arrived: BTreeSet<(&str, &str)> = sent.iter().map(|s| (s.to.as_str(), s.text.as_str())).collect();
        let missing = said.values().sum::<usize>() - arrived.len();
        let effects: BTreeSet<&str> = sent.iter().filter_map(|s| s.effect.as_deref()).collect();
        let gone = failed(folder).iter().filter(|id| !effects.contains(id.as_str())).count();
        if missing == gone {
            return;
        }
        assert!(begun.elapsed() < LONG, "{missing} of {} messages did not arrive, {gone} failed", said.values().sum::<usize>());
        std::thread::sleep(LOOK);
    }
}

/// What failed visibly, by the names that it has at the provider: `CONTACT.EFFECT`.
pub fn failed(folder: &Path) -> Vec<String> {
    let list = command(folder, &["failed", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list).unwrap_or_else(|e| panic!("{e}: {list}"));
    let ids = list["failed"].as_array().expect("a list").iter();
    let name = |id: &str| id.split_once('.').map(|(effect, contact)| format!("{contact}.{effect}"));
    ids.map(|line| line["id"].as_str().and_then(name).expect("an id")).collect()
}

/// The journal in its order. Each instance copies what it comes to first; what was copied by one that died before it could
/// say so is copied by another again, under the same id.
fn journal(folders: &[TempDir]) -> Vec<Value> {
    let mut entries: BTreeMap<Vec<u64>, Value> = BTreeMap::new();
    for folder in folders {
        for line in command(folder.path(), &["journal", "export"]).lines() {
            let entry: Value = serde_json::from_str(line).expect("a line of JSON");
            let place = entry["id"].as_str().expect("an id").split(['/', '-']);
            entries.insert(place.map(|part| part.parse().expect("a number")).collect(), entry);
        }
    }
    entries.into_values().collect()
}

/// Waits until it holds every message that was taken: the copy follows what was sent.
fn journal_holds_all(folders: &[TempDir], said: &BTreeMap<usize, usize>) {
    let (begun, taken) = (Instant::now(), said.values().sum::<usize>());
    loop {
        let journal = journal(folders);
        let events = journal.iter().flat_map(|entry| entry["events"].as_array().into_iter().flatten());
        let received = events.filter(|event| event.get("received").is_some()).count();
        if received >= taken {
            return;
        }
        if begun.elapsed() > LONG {
            let heard: BTreeSet<String> = journal
                .iter()
                .flat_map(|entry| entry["events"].as_array().into_iter().flatten())
                .filter_map(|event| event.get("received")?["provider_id"].as_str().map(str::to_owned))
                .collect();
            let all = said.iter().flat_map(|(who, n)| (1..=*n).map(move |n| format!("SM{who}x{n}")));
            let missing: Vec<String> = all.filter(|id| !heard.contains(id)).collect();
            let failed = command(folders[0].path(), &["failed", "list", "--format", "json"]);
            panic!("of {taken} messages that were taken {received} are in the journal: {missing:?} are not\n{failed}");
        }
        std::thread::sleep(LOOK);
    }
}

/// What must hold of all that happened.
fn judge(said: &BTreeMap<usize, usize>, sent: &[Sent], failed: &[String], journal: &[Value]) {
    let events = || journal.iter().flat_map(|entry| entry["events"].as_array().into_iter().flatten());
    // Which attempts of an effect were begun by somebody who knew that an earlier one may have arrived: all but the first.
    let mut attempts: BTreeMap<&str, u64> = BTreeMap::new();
    for attempted in events().filter_map(|event| event.get("attempted")) {
        let (effect, n) = (attempted["effect"].as_str().expect("an id"), attempted["attempt"].as_u64().expect("a number"));
        let most = attempts.entry(effect).or_default();
        *most = (*most).max(n);
    }
    let mut heard: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for received in events().filter_map(|event| event.get("received")) {
        let id = received["provider_id"].as_str().expect("an id");
        heard.entry(id.split('x').next().unwrap_or(id)).or_default().push(id);
    }
    let mut repeated = 0;
    for (who, messages) in said {
        let expected: Vec<String> = (1..=*messages).map(|n| format!("SM{who}x{n}")).collect();
        let processed = heard.get(format!("SM{who}").as_str()).cloned().unwrap_or_default();
        assert_eq!(processed, expected, "what person {who} wrote, once and in order");
        let theirs: Vec<&Sent> = sent.iter().filter(|s| s.to == phone(*who)).collect();
        let mut first: Vec<usize> = Vec::new();
        let mut effects: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for one in &theirs {
            let n: usize = one.text.parse().expect("the number of a message");
            let effect = one.effect.as_deref().expect("each message carries its name");
            if effects.entry(n).or_default().insert(effect) {
                first.push(n);
                continue;
            }
            repeated += 1;
            assert!(repeats(*who), "message {n} of person {who} left twice over a channel that never repeats");
            let id = effect.rsplit('.').next().unwrap_or(effect);
            assert!(attempts.get(id).is_some_and(|n| *n >= 2), "message {n} of person {who} left again as if for the first time");
        }
        assert!(first.is_sorted(), "answers to person {who} left out of order: {first:?}");
        for n in 1..=*messages {
            match effects.get(&n) {
                Some(names) => assert_eq!(names.len(), 1, "message {n} of person {who} was decided twice"),
                None => assert!(!repeats(*who), "message {n} of person {who} was never answered"),
            }
        }
    }
    let total: usize = said.values().sum();
    assert!(total >= DEATHS * TAKEN);
    println!("{total} messages, {DEATHS} deaths: {} failed visibly, {repeated} left twice, known as unsure", failed.len());
}

/// Sends one notification along its route and is over.
const TOLD: &str = r#"
flow: told
languages: [en]
channels: [main-sms, second-sms]
start:
  - message: any
begin: told
states:
  told: { notify: paid, end: done }
"#;

const PAID: &str = r#"
notification: paid
route: [main-sms, second-sms]
until: delivered
within: 3s
text: It is paid.
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_goes_on_once_although_the_service_died_on_its_way() {
    let provider = FakeProvider::start();
    let second = SECOND.replace("PROVIDER", &provider.url);
    let toml = configuration(&format!("kind = \"embedded\"\npath = \"data\"\n{LEASES}"), &provider.url, &second);
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path(), &toml, &[("flows/told.yaml", TOLD), ("templates/paid.yaml", PAID)]);
    // The second channel repeats what nobody knows to have arrived: what counts is what was decided.
    let to = |sent: &[Sent], who: usize| {
        let theirs = sent.iter().filter(|one| one.to == phone(who));
        theirs.map(|one| one.effect.clone()).collect::<BTreeSet<_>>().len()
    };
    let (one, other) = (0, 2);
    let mut service = Service::start(folder.path());
    assert_eq!(service.caller().sms("SM0x1", &phone(one), "hello").await, 200);
    // It dies while the first message waits for its report, and again when the second has left.
    for messages in [1, 2] {
        tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| to(sent, one) >= messages)));
        service.kill9();
        service = Service::start(folder.path());
    }
    // Somebody else's route is the clock: when theirs is used up, nothing more can come of the first one.
    assert_eq!(service.caller().sms("SM2x1", &phone(other), "hello").await, 200);
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| to(sent, other) >= 2)));
    let sent = provider.sent();
    assert_eq!((to(&sent, one), to(&sent, other)), (2, 2), "the route has two places: {sent:?}");
    assert!(service.stop(), "a clean stop");
}
