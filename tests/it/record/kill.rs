//! `kill -9` of the services while they feed one PostgreSQL, and of PostgreSQL under load: no gap and no double in any table.

use crate::kill::COUNT;
use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::postgres::{self, PostgresServer};
use crate::support::process::{Service, configuration, project};
use crate::support::redis::RedisServer;
use replyflow::history::{Cell, Database, Row};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;

/// Rounds; in each, so many people write one message, and somebody dies meanwhile.
const ROUNDS: usize = 8;
const PEOPLE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_and_their_postgres_die_and_the_tables_have_neither_gap_nor_double() {
    let (redis, provider) = (RedisServer::start(), FakeProvider::start());
    let mut server = tokio::task::block_in_place(PostgresServer::start);
    let url = server.database().await;
    let store = format!("kind = \"redis\"\nurl = \"{}\"\nsend_lease = \"2500ms\"\nclaim_lease = \"1s\"", redis.url());
    let history = format!("[history]\npostgres = \"{url}\"\npool = 4\ntls = \"off\"\n");
    let toml = configuration(&store, &provider.url, &history);
    let folders: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().expect("a folder")).collect();
    folders.iter().for_each(|folder| project(folder.path(), &toml, &[("flows/count.yaml", COUNT)]));
    let mut services: Vec<Service> = folders.iter().map(|folder| Service::start(folder.path())).collect();

    let mut accepted = BTreeSet::new();
    for round in 0..ROUNDS {
        let callers: Vec<_> = services.iter().map(|service| service.caller()).collect();
        let write = |who: usize| {
            let caller = callers[who % 2].clone();
            async move {
                let (id, from) = (format!("SM{who}x{round}"), format!("+4477009{:05}", 20_000 + who));
                (caller.sms(&id, &from, "hello").await == 200).then_some(id)
            }
        };
        let writing: Vec<_> = (0..PEOPLE).map(|who| tokio::spawn(write(who))).collect();
        let victim = round % 3;
        if victim == 2 {
            tokio::task::block_in_place(|| {
                server.kill9();
                server.restart();
            });
        } else {
            services.remove(victim).kill9();
            services.insert(victim, Service::start(folders[victim].path()));
        }
        for one in writing {
            accepted.extend(one.await.expect("no panic"));
        }
    }
    assert!(accepted.len() > PEOPLE * ROUNDS / 2, "{}", accepted.len());

    let database = Database::open(&postgres::settings(&url)).await.expect("opens");
    let read = async |sql: &str, params: &[Cell]| -> Vec<Row> { database.read(sql, params).await.expect("read") };
    // What was accepted by one that died is worked on by the other when its lease is over.
    let known = async || -> BTreeSet<String> {
        let rows = read("SELECT provider_id FROM message WHERE direction = 'in'", &[]).await;
        rows.iter().map(|row| row.text(0).expect("an id").to_owned()).collect()
    };
    let all = async {
        while !accepted.is_subset(&known().await) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(LONG, all).await.expect("every message that was accepted is told");
    for service in services {
        assert!(service.stop(), "a clean stop");
    }
    let count = async |sql: &str| read(sql, &[]).await[0].int(0).expect("a number");
    let told = count("SELECT count(*) FROM message WHERE direction = 'in'").await;
    assert_eq!(told, count("SELECT count(DISTINCT provider_id) FROM message WHERE direction = 'in'").await, "no double");
    // A message may have been stored although its sender heard nothing of it.
    assert!(told >= accepted.len() as i64 && told <= (PEOPLE * ROUNDS) as i64);
    assert_eq!(count("SELECT count(*) FROM message WHERE direction = 'out'").await, told, "each was answered once");
    // The last value of each contact's counter is the number of their messages: every entry came, and in order.
    let wrong =
        "SELECT contact, value, (SELECT count(*) FROM message WHERE message.contact = run_value.contact AND direction = 'in')
                 FROM run_value WHERE name = 'n' AND CAST(value AS BIGINT) <>
                     (SELECT count(*) FROM message WHERE message.contact = run_value.contact AND direction = 'in')";
    assert!(read(wrong, &[]).await.is_empty());
    for (figure, rows) in [
        ("what = 'entered' AND state = ''", "SELECT count(*) FROM run"),
        ("what = 'entered' AND state = 'count'", "SELECT count(*) FROM step WHERE state = 'count'"),
        ("what = 'entered' AND state = 'listen'", "SELECT count(*) FROM step WHERE state = 'listen'"),
        ("what = 'left' AND state = 'listen'", "SELECT count(*) FROM step WHERE state = 'listen' AND left_at IS NOT NULL"),
    ] {
        let counted = count(&format!("SELECT sum(n) FROM figure WHERE {figure}")).await;
        assert_eq!(counted, count(rows).await, "{figure}");
    }
    assert_eq!(count("SELECT count(*) FROM step WHERE state = 'count'").await, told);
}
