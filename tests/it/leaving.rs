//! People who leave, with the real service: deleted so that nothing of them is left on the disk, or made one with another, while the
//! service dies again and again.

use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Caller, Service, command, configuration, project};
use crate::support::redis::RedisServer;
use replyflow::domain::id::ContactKey;
use replyflow::store::{EmbeddedStore, Inspection, Place, RedisStore, Store, StoreSettings};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const LEASES: &str = "send_lease = \"2500ms\"\nclaim_lease = \"1s\"\nhistory = \"history.db\"";
/// Pairs of people who become one, and how often the service dies meanwhile.
const PAIRS: usize = 8;
const DEATHS: usize = 6;

/// Answers each message and keeps what was written.
const KEEP: &str = r#"
flow: keep
languages: [en]
vars: { words: nothing }
start:
  - message: any
begin: answer
states:
  answer:
    say: "You wrote {{ words }}."
    go: listen
  listen:
    answer: text
    save: words
    go: { ok: answer, silence: { after: 1d, end: silent } }
"#;

/// A way to the store beside the service.
enum Ground {
    Embedded,
    Redis(RedisServer),
}

impl Ground {
    fn section(&self) -> String {
        match self {
            Ground::Embedded => format!("kind = \"embedded\"\npath = \"data\"\n{LEASES}"),
            Ground::Redis(redis) => format!("kind = \"redis\"\nurl = \"{}\"\n{LEASES}", redis.url()),
        }
    }

    fn open(&self, folder: &Path) -> Box<dyn Store> {
        match self {
            Ground::Embedded => {
                Box::new(EmbeddedStore::open_beside(&folder.join("data"), StoreSettings::default()).expect("opens"))
            }
            Ground::Redis(redis) => Box::new(RedisStore::open(&redis.url(), StoreSettings::default()).expect("opens")),
        }
    }
}

fn phone(who: usize) -> String {
    format!("+4477009{:05}", 20_000 + who)
}

/// Delivers until it is taken.
async fn write(caller: &Caller, id: &str, who: usize, text: &str) {
    let begun = Instant::now();
    while caller.sms(id, &phone(who), text).await != 200 {
        assert!(begun.elapsed() < LONG, "{id} is not taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn bytes_of(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            bytes_of(&entry, found);
        } else {
            found.push((entry.display().to_string(), std::fs::read(&entry).expect("readable")));
        }
    }
}

/// Files below a folder in which one of these words stands.
fn files_with(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    bytes_of(folder, &mut files);
    let holds = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    files.into_iter().filter(|(_, bytes)| words.iter().any(|word| holds(bytes, word))).map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_person_is_found_nowhere_on_the_disk() {
    let provider = FakeProvider::start();
    let folder = tempfile::tempdir().expect("a folder");
    let toml = configuration(&Ground::Embedded.section(), &provider.url, "");
    project(folder.path(), &toml, &[("flows/keep.yaml", KEEP)]);
    let service = Service::start(folder.path());
    let caller = service.caller();
    let (ann, ben) = (phone(1), phone(2));
    for (n, text) in ["marmalade one", "marmalade two", "marmalade three"].into_iter().enumerate() {
        write(&caller, &format!("SM1x{n}"), 1, text).await;
    }
    write(&caller, "SM2x1", 2, "porridge").await;
    let answered = |sent: &[crate::support::fake_provider::Sent]| sent.len() >= 4;
    tokio::task::block_in_place(|| drop(provider.wait(LONG, answered)));
    write(&caller, "SM1x9", 1, "STOP").await;
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() >= 5)));
    let media = folder.path().join("data/media");
    std::fs::create_dir_all(&media).expect("a folder");
    let store = Ground::Embedded.open(folder.path());
    let secret = store.meta().await.expect("answers").contact_secret;
    let owner = replyflow::service::media::Owner::of(&secret, ContactKey::derive(&secret, &ann));
    std::fs::write(media.join(format!(".{}-left.part", owner.beginning())), "marmalade in a picture").expect("written");
    assert!(!files_with(folder.path(), &["marmalade", &ann[1..]]).is_empty(), "it is there before");

    let receipt = command(folder.path(), &["contacts", "delete", &ann, "--by", "ada", "--format", "json"]);
    assert!(!receipt.contains("marmalade") && !receipt.contains(&ann[1..]), "{receipt}");
    let receipt: Value = serde_json::from_str(&receipt).expect("JSON");
    assert_eq!(
        (&receipt["by"], &receipt["files"], &receipt["opted_out"]),
        (&"ada".into(), &1.into(), &serde_json::json!(["sms"]))
    );
    // What the provider delivers again brings nobody back, and nothing is said.
    let before = provider.sent().len();
    for n in [0, 1, 2, 9] {
        write(&caller, &format!("SM1x{n}"), 1, "marmalade again").await;
    }
    // A message of somebody else shows that the service has come so far.
    write(&caller, "SM2x2", 2, "porridge again").await;
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() > before)));
    assert_eq!(provider.sent().len(), before + 1);
    assert!(store.inspect(ContactKey::derive(&secret, &ann)).await.expect("answers").is_none());
    drop(store);
    assert!(service.stop(), "a clean stop");
    // A stop copies the journal to the end; whatever the deletion left elsewhere went before.
    command(folder.path(), &["contacts", "compact"]);
    assert_eq!(files_with(folder.path(), &["marmalade", &ann[1..]]), [""; 0]);
    assert!(!files_with(folder.path(), &["porridge", &ben[1..]]).is_empty(), "others are kept");

    // Whoever comes again is not written to before they say that they want it.
    let service = Service::start(folder.path());
    let caller = service.caller();
    let before = provider.sent().len();
    write(&caller, "SM1x20", 1, "hello").await;
    write(&caller, "SM2x3", 2, "porridge").await;
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() > before)));
    write(&caller, "SM1x21", 1, "START").await;
    tokio::task::block_in_place(|| drop(provider.wait(LONG, |sent| sent.len() > before + 1)));
    let said: Vec<String> = provider.sent()[before..].iter().filter(|one| one.to == ann).map(|one| one.text.clone()).collect();
    assert_eq!(said.len(), 1, "only that they are in again: {said:?}");
    assert!(service.stop(), "a clean stop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_merges_and_deletes_although_the_service_dies() {
    storm(Ground::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_merges_and_deletes_although_the_service_dies() {
    storm(Ground::Redis(RedisServer::start())).await;
}

/// The two of a pair: the first becomes part of the second.
fn pair(n: usize) -> (usize, usize) {
    (n * 2 + 10, n * 2 + 11)
}

async fn storm(ground: Ground) {
    let provider = FakeProvider::start();
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path(), &configuration(&ground.section(), &provider.url, ""), &[("flows/keep.yaml", KEEP)]);
    let mut service = Service::start(folder.path());
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for n in 0..PAIRS {
        for who in [pair(n).0, pair(n).1] {
            write(&service.caller(), &format!("SM{who}x1"), who, "first").await;
            said.insert(format!("SM{who}x1"), who);
        }
    }
    for death in 0..DEATHS {
        for n in (0..PAIRS).filter(|n| n % DEATHS == death) {
            let (from, into) = pair(n);
            command(folder.path(), &["contacts", "merge", &phone(from), &phone(into)]);
        }
        let caller = service.caller();
        for n in 0..PAIRS {
            let (from, into) = pair(n);
            for who in [from, into] {
                let id = format!("SM{who}x{}", death + 2);
                write(&caller, &id, who, "more").await;
                said.insert(id, who);
            }
        }
        // Somewhere in the steps: another place at each death.
        tokio::time::sleep(Duration::from_millis(137 * death as u64)).await;
        service.kill9();
        service = Service::start(folder.path());
    }
    let store = ground.open(folder.path());
    let secret = store.meta().await.expect("answers").contact_secret;
    let key = move |who: usize| ContactKey::derive(&secret, &phone(who));
    let begun = Instant::now();
    for n in 0..PAIRS {
        let (from, into) = pair(n);
        loop {
            let look = async |who| store.inspect(key(who)).await.expect("answers");
            let (there, here) = (look(from).await, look(into).await);
            let rests = |seen: &Option<Inspection>| seen.as_ref().is_some_and(|s| s.mailbox.is_empty() && s.lane.is_empty());
            if there.as_ref().is_some_and(|seen| seen.place == Place::Moved(key(into))) && rests(&there) && rests(&here) {
                break;
            }
            assert!(begun.elapsed() < LONG, "pair {n} is not one: {there:?} {here:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // Everything is delivered once more, to both: nothing of it is heard again.
    for (id, who) in &said {
        write(&service.caller(), id, *who, "again").await;
    }
    // Half of the pairs are deleted, by either address, and the service dies over it.
    for n in 0..PAIRS / 2 {
        let (from, into) = pair(n);
        command(folder.path(), &["contacts", "delete", &phone(if n % 2 == 0 { from } else { into })]);
    }
    let journal = heard(folder.path());
    service.kill9();
    service = Service::start(folder.path());
    for (id, who) in &said {
        write(&service.caller(), id, *who, "again").await;
    }
    for n in 0..PAIRS / 2 {
        let (_, into) = pair(n);
        assert!(store.inspect(key(into)).await.expect("answers").is_none(), "pair {n} is back");
    }
    drop(store);
    assert!(service.stop(), "a clean stop");
    let after = heard(folder.path());
    for (id, who) in &said {
        let n = (who - 10) / 2;
        let times = after.get(id).copied().unwrap_or(0);
        if n < PAIRS / 2 {
            assert!(times <= 1, "{id} was heard {times} times");
        } else {
            assert_eq!(times, 1, "{id} was heard {times} times; before the last death {:?}", journal.get(id));
        }
    }
    recorded(&folder.path().join("history.db"), key);
}

/// The record has everything of a pair under the one that stayed, and nothing of whoever was deleted.
fn recorded(file: &Path, key: impl Fn(usize) -> ContactKey) {
    let history = rusqlite::Connection::open(file).expect("opens");
    let count = |sql: &str, who: usize| {
        let of = key(who);
        history.query_row(sql, [of.as_str()], |row| row.get::<_, i64>(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    for n in 0..PAIRS {
        let (from, into) = pair(n);
        for table in replyflow::history::schema::OF_A_CONTACT {
            let sql = format!("SELECT count(*) FROM {table} WHERE contact = ?1");
            assert_eq!(count(&sql, from), 0, "{table} of the one that went, pair {n}");
            assert!(n >= PAIRS / 2 || count(&sql, into) == 0, "{table} of somebody who was deleted, pair {n}");
        }
        if n >= PAIRS / 2 {
            let heard = "SELECT count(*) FROM message WHERE contact = ?1 AND direction = 'in'";
            assert_eq!(count(heard, into), 2 * (DEATHS as i64 + 1), "pair {n}");
            let waiting = "SELECT count(*) FROM run WHERE contact = ?1 AND ended_at IS NULL AND state = 'listen'";
            assert!(count(waiting, into) >= 1, "pair {n}");
            let leads = "SELECT count(*) FROM contact WHERE id = ?1 AND mode = 'moved' AND target IS NOT NULL";
            assert_eq!(count(leads, from), 1, "pair {n}");
        }
    }
}

/// How often each message was heard, as the journal has it.
fn heard(folder: &Path) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for line in command(folder, &["journal", "export"]).lines() {
        let entry: Value = serde_json::from_str(line).expect("a line of JSON");
        for event in entry["events"].as_array().into_iter().flatten() {
            if let Some(id) = event["received"]["provider_id"].as_str() {
                *heard.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    heard
}
