//! A store is looked through while it is in use: what is sound is not complained of, what was damaged is found, and what nobody looks at is
//! looked at again.

use super::busy::fill;
use crate::conformance::world::{Backend, World, contact, least, sms};
use crate::support::command::replyflow_in;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::redis::RedisServer;
use crate::support::redis_cluster::run;
use replyflow::domain::time::Span;
use replyflow::service::consistency::{Found, Remedy, Walk, mend};
use replyflow::store::transfer::{Name, Transfer};
use replyflow::store::{EmbeddedStore, Lane, LaneKey, RedisStore};
use std::sync::Arc;

/// The store of a world, beside it.
async fn beside(world: &World) -> Arc<dyn Transfer> {
    match &world.redis {
        Some(server) => Arc::new(RedisStore::connect_to_move(&least(server).await, world.settings.clone()).expect("opens")),
        None => Arc::new(EmbeddedStore::open_beside(world.folder.path(), world.settings.clone()).expect("opens")),
    }
}

/// What is found wrong, but for records, which are no records in these tests.
async fn wrong(store: &dyn Transfer, older: Span) -> Vec<Found> {
    let mut walk = Walk::from("", older);
    while walk.place().is_some() {
        walk.next(store).await.expect("looks");
    }
    assert!(walk.kinds["contacts"] > 300, "{:?}", walk.kinds);
    let found = walk.again(store).await.expect("looks again");
    found.into_iter().filter(|found| found.remedy != Remedy::Newer).collect()
}

/// The same operation behind the back of either store.
async fn damage(world: &World, redis: &[Vec<String>], sql: &str) {
    match &world.redis {
        Some(server) => at_redis(server, redis).await,
        None => {
            let db = rusqlite::Connection::open(world.folder.path().join("replyflow.db")).expect("opens");
            db.execute_batch(sql).expect("written");
        }
    }
}

async fn at_redis(server: &RedisServer, commands: &[Vec<String>]) {
    let mut connection = server.connection().await;
    for words in commands {
        let _: redis::Value = run(&mut connection, &words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
}

/// A key of Redis by what it is: the shard's tag is found by asking for the key's name.
async fn key(world: &World, pattern: &str) -> String {
    let Some(server) = &world.redis else { return String::new() };
    let mut connection = server.connection().await;
    let keys: Vec<String> = run(&mut connection, &["KEYS", pattern]).await;
    assert_eq!(keys.len(), 1, "{pattern}: {keys:?}");
    keys[0].clone()
}

async fn damage_is_found(backend: Backend) {
    let world = World::new(backend).await;
    let busy = fill(&world).await;
    // These versions were counted and never stored, and nothing leads to them.
    let sound = |found: &Found| !matches!(found.remedy, Remedy::Publish);
    let store = beside(&world).await;
    let found = wrong(&*store, Span::minutes(10)).await;
    assert_eq!(found.iter().filter(|found| sound(found)).collect::<Vec<_>>(), Vec::<&Found>::new());
    assert_eq!(found.len(), 2, "{found:?}");
    // What waits for long is stuck: messages that are due, a claim that lapsed.
    world.pass(Span::minutes(30));
    let stuck = wrong(&*store, Span::minutes(10)).await;
    assert!(stuck.iter().any(|found| found.name == Name::Contact(contact(1)) && found.remedy == Remedy::Waits), "{stuck:?}");
    let lane = LaneKey { contact: contact(3), lane: Lane::Contact };
    assert!(stuck.iter().any(|found| found.name == Name::Lane(lane) && found.remedy == Remedy::Waits), "{stuck:?}");
    // Damage.
    let (c1, c2, c3, c5) = (contact(1), contact(2), contact(3), contact(5));
    let tag = |key: String| key.split(['{', '}']).nth(1).unwrap_or_default().to_owned();
    let of = async |c: replyflow::domain::id::ContactKey| tag(key(&world, &format!("rf1:r:*{c}")).await);
    let (t1, t3, t5) = (of(c1).await, of(c3).await, of(c5).await);
    let t2 = of(c2).await;
    let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let redis = [
        words(format!("ZREM rf1:a:{{{t1}}} {c1}")),
        words(format!("ZREM rf1:w:{{{t3}}}:main-sms:talk {c3}")),
        words(format!("DEL rf1:r:{{{t5}}}:{c5}")),
        words(format!("DEL rf1:r:{{{t2}}}:{c2}")),
    ];
    let sql = format!(
        "UPDATE contact SET attend = NULL WHERE id = '{c1}'; DELETE FROM lane WHERE id = '{c3}'; \
         DELETE FROM contact WHERE id IN ('{c5}', '{c2}');"
    );
    damage(&world, &redis, &sql).await;
    let found = wrong(&*store, Span::days(1)).await;
    let of = |name: Name| -> Vec<Remedy> { found.iter().filter(|found| found.name == name).map(|found| found.remedy).collect() };
    assert_eq!(of(Name::Contact(c1)), [Remedy::Mend]);
    assert_eq!(of(Name::Lane(lane)), [Remedy::Mend]);
    assert_eq!(of(Name::Mailbox(c5)), [Remedy::Report], "a mailbox of nobody");
    assert_eq!(of(Name::Awaited(c5)), [Remedy::Harmless]);
    assert_eq!(of(Name::Contact(contact(6))), [Remedy::Report], "a stub that leads to nobody");
    assert!(of(Name::Contact(contact(7))).is_empty(), "one that fades may");
    for one in &found {
        assert_eq!(mend(&*store, one).await, Ok(one.remedy == Remedy::Mend), "{one:?}");
        assert_eq!(mend(&*store, one).await, Ok(false), "once");
    }
    let found = wrong(&*store, Span::days(1)).await;
    assert!(found.iter().all(|found| found.remedy != Remedy::Mend), "{found:?}");
    assert!(world.due(c1).await.contains(&c1));
    assert_eq!(world.started(c3, &sms()).await.id, busy.flying[0]);
}

#[tokio::test]
async fn damage_is_found_in_a_folder() {
    damage_is_found(Backend::Embedded).await;
}

#[tokio::test]
async fn damage_is_found_in_redis() {
    damage_is_found(Backend::Redis).await;
}

#[tokio::test]
async fn a_look_goes_on_where_it_was() {
    let world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let store = beside(&world).await;
    let mut whole = Walk::from("", Span::days(1));
    while whole.place().is_some() {
        whole.next(&*store).await.expect("looks");
    }
    let (mut place, mut contacts) = (Some(String::new()), 0);
    while let Some(from) = place {
        let mut part = Walk::from(&from, Span::days(1));
        part.next(&*store).await.expect("looks");
        contacts += part.kinds.get("contacts").copied().unwrap_or(0);
        place = part.place().map(str::to_owned);
    }
    assert_eq!(contacts, whole.kinds["contacts"]);
    assert!(Walk::from("nowhere", Span::days(1)).next(&*store).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_served_conversations_is_sound_and_its_runs_are_counted_right() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    for n in 0..20 {
        let phone = format!("+4477009{n:05}");
        service.write("main-sms", &phone, &format!("{n}a"), "hi").await;
        service.shown(&phone, 1).await;
        if n % 2 == 0 {
            service.write("main-sms", &phone, &format!("{n}b"), "yes").await;
            service.shown(&phone, 2).await;
        }
    }
    let folder = service.folder().to_owned();
    let checked = |more: &'static [&'static str]| {
        let folder = folder.clone();
        let run = move || replyflow_in(&folder, &[&["admin", "check"], more].concat());
        async move { tokio::task::spawn_blocking(run).await.expect("runs") }
    };
    let (output, code) = checked(&[]).await;
    assert!(code == 0 && output.contains("20 contacts") && output.contains("Nothing is wrong"), "beside the service: {output}");
    let (output, code) = checked(&["--runs"]).await;
    assert!(code == 1 && output.contains("another process"), "not counted while it works: {output}");
    let _kept = service.stop().await;
    let (output, code) = checked(&["--runs", "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &json["found"], &json["go_on_from"]), (0, &serde_json::json!([]), &serde_json::Value::Null));
    // A counter that is wrong is found.
    let db = rusqlite::Connection::open(folder.join("data/replyflow.db")).expect("opens");
    assert_eq!(db.execute("UPDATE live SET n = n + 1", []), Ok(1), "ten runs are live on one version");
    drop(db);
    let (output, code) = checked(&["--runs"]).await;
    assert!(code == 1 && output.contains("10 runs are live on it, and 11 are counted"), "{output}");
    let (output, code) = checked(&["--older", "soon"]).await;
    assert!(code == 2 && output.contains("no duration"), "{output}");
}
