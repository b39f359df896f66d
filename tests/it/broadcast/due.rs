//! A running service sees a schedule whose time has come: its broadcast is made once and done.

use super::{MORE, SALE, done, phone, until};
use crate::support::api::{Api, record};
use crate::support::live::{SIMULATED, Service};
use crate::support::postgres::{self, PostgresDatabase};
use crate::support::redis::RedisServer;
use replyflow::history::{Database, Statement};
use serde_json::{Value, json};

const PEOPLE: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_whose_time_has_come_makes_a_broadcast_that_is_done() {
    let service = Service::start(&format!("{SIMULATED}{MORE}"), &[("sale", SALE)]).await;
    let database = record(&service).await;
    let broadcast = comes(&[&service], &database).await;
    for n in 0..PEOPLE {
        assert_eq!(service.shown(&phone(n), 1).await, ["Sale!"], "one message for each: {broadcast}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_one_redis_and_one_postgres_make_it_once() {
    let (redis, database) = (RedisServer::start(), PostgresDatabase::new().await);
    let config = format!(
        "{SIMULATED}{MORE}\n[store]\nkind = \"redis\"\nurl = \"{}\"\n[history]\npostgres = \"{}\"\npool = 4\ntls = \"off\"\n",
        redis.url(),
        database.url
    );
    let one = Service::start(&config, &[("sale", SALE)]).await;
    let two = Service::start(&config, &[("sale", SALE)]).await;
    let record = Database::open(&postgres::settings(&database.url)).await.expect("opens");
    comes(&[&one, &two], &record).await;
    one.stop().await;
    two.stop().await;
}

/// Lets the time of a schedule come on these instances of one service; its broadcast when it is done.
async fn comes(instances: &[&Service], record: &Database) -> Value {
    let api = Api::keyed_in(record, instances[0], &["admin"], "live").await;
    for n in 0..PEOPLE {
        let made = api.post("/v1/contacts", json!({ "phone": phone(n), "tags": ["vip"] })).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    until(&api, "/v1/contacts?query=tag%20%3D%20vip", |page| page["items"].as_array().map_or(0, Vec::len) == PEOPLE).await;
    let daily =
        |name: &str| json!({ "name": name, "flow": "sale", "audience": { "query": "tag = vip" }, "every": "day", "at": "09:00" });
    let mut ids = Vec::new();
    for name in ["daily", "paused"] {
        let made = api.post("/v1/schedules", daily(name)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        ids.push(made.json["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(api.post(&format!("/v1/schedules/{}/pause", ids[1]), json!({})).await.status, 200);
    assert_eq!(api.get("/v1/broadcasts").await.json["items"], json!([]), "their time has not come");

    // What is nine o'clock tomorrow was a minute ago, for both.
    let now = jiff::Timestamp::now();
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let come = "UPDATE schedule SET next_at = $1, next_date = $2";
    let written = record.write(vec![Statement::new(come, [(now.as_millisecond() - 60_000).into(), date.into()])]).await;
    written.expect("written");

    let of_daily = format!("/v1/broadcasts?schedule={}", ids[0]);
    let made = until(&api, &of_daily, |page| page["items"].as_array().is_some_and(|all| !all.is_empty())).await;
    let id = made["items"][0]["id"].as_str().expect("an id").to_owned();
    let whole = done(&api, &id, PEOPLE as i64).await;
    assert_eq!((&whole["broadcast"]["total"], &whole["messages"]["sent"]), (&json!(PEOPLE), &json!(PEOPLE)), "{whole}");
    let all = api.get("/v1/broadcasts").await.json;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "once, and nothing of the one that is paused: {all}");
    let after = api.get(&format!("/v1/schedules/{}", ids[0])).await.json;
    assert_eq!(after["last_broadcast"], json!(id), "{after}");
    let next: jiff::Timestamp = after["next_at"].as_str().expect("a moment").parse().expect("a moment");
    assert!(next > now, "and again tomorrow: {after}");
    whole
}
