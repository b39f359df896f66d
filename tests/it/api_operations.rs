//! What the service knows, over the API: flows, notifications, conversations, hand-offs, channels, what failed, settings.

use crate::support::api::{Answer, Api, KEY, record};
use crate::support::live::{GREETING, SIMULATED, Service};
use replyflow::history::Statement;
use serde_json::{Value, json};

const PHONE: &str = "+447700900123";

const ORDERS: &str = r#"
flow: orders
was: parcels
title: Orders
needs: { order: text, amount: { type: number, default: 1 } }
start:
  - { event: order.paid, contact: "{{ event.phone }}", with: { order: "{{ event.order }}" } }
  - { keyword: [order, parcel], with: { order: unknown } }
begin: told
states:
  told: { notify: { name: paid, with: { order: "{{ order }}" } }, go: rated }
  rated:
    ask: Is all well?
    answer: yes_no
    go: { yes: { end: good }, no: { end: bad }, nomatch: { again: 1, end: odd }, silence: { after: 1h, end: silent } }
"#;
const PAID: &str = "notification: paid\nkind: service\nneeds: { order: text }\ntext: \"Order {{ order }} is paid.\"\n";

async fn start() -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!(
        "{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n[teams.help]\ntitle = \"Help\"\n[env]\nsign = \"hidden-sign\"\n"
    );
    for (name, text) in [
        ("replyflow.toml", config.as_str()),
        ("flows/greeting.yaml", GREETING),
        ("flows/orders.yaml", ORDERS),
        ("templates/paid.yaml", PAID),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    Service::start_in(folder).await
}

/// The answer once it is as wanted.
async fn until(api: &Api, path: &str, wanted: impl Fn(&Value) -> bool) -> Answer {
    api.until(path, |answer| wanted(&answer.json)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_and_their_versions_are_shown_as_they_were_published() {
    let service = start().await;
    let api = Api::keyed(&service, &["flows:read"], "live").await;
    let first = api.get("/v1/flows?limit=1").await;
    assert_eq!(first.json["items"][0]["name"], "greeting");
    let next = first.json["next"].as_str().expect("more").to_owned();
    let second = api.get(&format!("/v1/flows?limit=1&cursor={next}")).await;
    assert_eq!((&second.json["items"][0]["name"], &second.json["next"]), (&json!("orders"), &Value::Null));
    let shown = api.get("/v1/flows/parcels").await;
    assert_eq!((shown.status, &shown.json["flow"]["name"]), (200, &json!("orders")), "by a former name: {}", shown.text);
    assert_eq!(
        shown.json["needs"],
        json!([{ "name": "order", "type": "text", "required": true }, { "name": "amount", "type": "number", "required": false }])
    );
    assert_eq!(
        shown.json["starts"][0],
        json!({ "by": "event", "names": ["order.paid"], "channels": ["main-sms", "main-whatsapp"] })
    );
    assert_eq!(shown.json["states"][1], json!({ "name": "rated", "does": "ask" }));
    assert_eq!((&shown.json["notifications"], &shown.json["live"]), (&json!(["paid"]), &json!(0)));
    let version = shown.json["flow"]["version"].as_str().expect("a version");
    let files = api.get(&format!("/v1/flows/orders/versions/{version}")).await;
    assert_eq!(files.json["current"], true, "{}", files.text);
    let texts: Vec<_> = files.json["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| (file["path"].as_str(), file["text"].as_str()))
        .collect();
    assert_eq!(texts, [(Some("flows/orders.yaml"), Some(ORDERS)), (Some("templates/paid.yaml"), Some(PAID))]);
    for path in [
        "/v1/flows/nobody",
        &format!("/v1/flows/greeting/versions/{version}"),
        "/v1/flows/orders/versions/short",
        "/v1/flows/orders/versions/0123456789abcdef",
    ] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
    let notifications = api.get("/v1/notifications").await;
    let paid = &notifications.json["items"][0];
    assert_eq!((&paid["name"], &paid["category"], &paid["flows"]), (&json!("paid"), &json!("service"), &json!(["orders"])));
    assert_eq!(paid["needs"], json!([{ "name": "order", "type": "text", "required": true }]));
    assert_eq!(api.get("/v1/notifications?flow=x").await.json["field"], "query");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_shown_begun_and_ended() {
    let service = start().await;
    let api = Api::keyed(&service, &["conversations:read", "conversations:write", "operations:read"], "test").await;
    let contact = service.contact_key(PHONE);
    let (place, runs) = (format!("/v1/contacts/{contact}/conversation"), format!("/v1/contacts/{contact}/runs"));
    assert_eq!(api.get(&place).await.status, 404, "nobody of this number is known");
    service.write("main-sms", PHONE, "1", "hi").await;
    service.shown(PHONE, 1).await;
    let answer = until(&api, &place, |json| json["runs"][0]["waits_for"] == "reply").await;
    let run = &answer.json["runs"][0];
    assert_eq!(
        (&run["flow"], &run["state"], &run["question"]["wrong"]),
        (&json!("greeting"), &json!("hello"), &json!(0)),
        "{}",
        answer.text
    );
    assert!(run["until"].is_string() && run["question"]["silence_at"].is_string());
    let ended = api.post(&format!("{runs}/end"), json!({})).await;
    assert_eq!(ended.status, 202, "{}", ended.text);
    assert_eq!(until(&api, &place, |json| json["runs"] == json!([])).await.json["runs"], json!([]));
    for (body, field) in [
        (json!({}), "flow"),
        (json!({ "flow": "nobody" }), "flow"),
        (json!({ "flow": "orders" }), "with.order"),
        (json!({ "flow": "orders", "with": [] }), "with"),
        (json!({ "flow": "orders", "with": { "order": "A1", "amount": "much" } }), "with.amount"),
        (json!({ "flow": "orders", "with": { "order": "A1", "colour": "red" } }), "with.colour"),
        (json!({ "flow": "orders", "with": { "order": "A1" }, "now": true }), "body"),
    ] {
        let answer = api.post(&runs, body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body}");
    }
    let begin = json!({ "flow": "orders", "with": { "order": "A1" } });
    let begun = api.post_named(&runs, "a-1", begin.clone()).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert_eq!(api.post_named(&runs, "a-1", begin).await.json, begun.json, "the same request again");
    assert_eq!(service.shown(PHONE, 3).await[1..], ["Order A1 is paid.", "Is all well?"]);
    let answer = until(&api, &place, |json| json["runs"][0]["waits_for"] == "reply").await;
    assert_eq!(answer.json["runs"].as_array().map(Vec::len), Some(1), "one run: {}", answer.text);
    assert_eq!(answer.json["runs"][0]["variables"]["order"], "A1");
    let audit = api.get(&format!("/v1/audit?target={contact}")).await;
    let acts: Vec<_> = audit.json["items"].as_array().expect("acts").iter().map(|act| act["action"].as_str()).collect();
    assert_eq!(acts, [Some("run.begin"), Some("runs.end")]);
    assert_eq!(api.get("/v1/contacts/short/conversation").await.json["field"], "contact");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_shown_done_again_or_dropped_and_channels_say_how_they_are() {
    let service = start().await;
    let api = Api::keyed(&service, &["operations:read", "operations:write"], "test").await;
    service
        .post(
            "/simulator/behaviour",
            json!({ "next": [{ "status": 400, "reason": "invalid" }, { "status": 400, "reason": "invalid" }] }).to_string(),
        )
        .await;
    service.write("main-sms", PHONE, "1", "hi").await;
    service.write("main-sms", "+447700900124", "1", "hi").await;
    let failed = until(&api, "/v1/failed", |json| json["items"].as_array().is_some_and(|all| all.len() == 2)).await;
    let ids: Vec<String> = failed.json["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(
        (&failed.json["items"][0]["kind"], &failed.json["items"][0]["about"]),
        (&json!("message"), &json!("over main-sms"))
    );
    let pages = api.get("/v1/failed?limit=1").await;
    let next = pages.json["next"].as_str().expect("more").to_owned();
    assert_eq!(api.get(&format!("/v1/failed?limit=1&cursor={next}")).await.json["items"][0]["id"], ids[1].as_str());
    let channels = api.get("/v1/channels").await;
    let sms = &channels.json["items"][0];
    assert_eq!((&sms["name"], &sms["provider"], &sms["simulated"]), (&json!("main-sms"), &json!("simulator"), &json!(true)));
    assert_eq!(
        (&sms["sending"]["failing"], &sms["sending"]["last_error"]["reason"]),
        (&json!(2), &json!("invalid")),
        "{}",
        channels.text
    );
    assert_eq!(until(&api, "/v1/status", |json| json["failed"] == 2).await.json["failed"], 2);
    let live = Api::keyed(&service, &["operations:write"], "live").await;
    assert_eq!(live.post(&format!("/v1/failed/{}/retry", ids[0]), json!({})).await.status, 404, "a key that is for no test");
    let again = api.post_named(&format!("/v1/failed/{}/retry", ids[0]), "again", json!({})).await;
    assert_eq!((again.status, again.json["id"].as_str()), (200, Some(ids[0].as_str())));
    let repeated = api.post_named(&format!("/v1/failed/{}/retry", ids[0]), "again", json!({})).await;
    assert_eq!(repeated.status, 200, "the same request is answered as the first time");
    assert_eq!(api.post(&format!("/v1/failed/{}/drop", ids[1]), json!({})).await.status, 200);
    assert_eq!(api.post(&format!("/v1/failed/{}/drop", ids[1]), json!({})).await.status, 404);
    assert_eq!(api.post("/v1/failed/nothing/retry", json!({})).await.status, 404);
    let sent = [service.shown(PHONE, 1), service.shown("+447700900124", 1)];
    assert!(futures_util::future::select_all(sent.map(Box::pin)).await.0 == ["Do you like it?"], "one of them was done again");
    let health = until(&api, "/v1/channels", |json| json["items"][0]["sending"]["failing"] == 0).await;
    assert!(health.json["items"][0]["sending"]["accepted_at"].is_string(), "{}", health.text);
    let audit = api.get("/v1/audit?action=failed.drop").await;
    assert_eq!(audit.json["items"][0]["target"], ids[1].as_str());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_as_they_are_in_force_without_secrets() {
    let service = start().await;
    let api = Api::keyed(&service, &["operations:read"], "test").await;
    let settings = api.get("/v1/settings").await;
    assert_eq!(settings.json["channels"]["main-sms"]["provider"], "simulator", "{}", settings.text);
    assert_eq!((&settings.json["events"]["keys"], &settings.json["env"]["sign"]), (&json!(["…"]), &json!("…")));
    assert_eq!(settings.json["server"]["rates"]["api"], 2000, "a default");
    assert!(!settings.text.contains(KEY) && !settings.text.contains("hidden"));
    let status = api.get("/v1/status").await;
    assert_eq!((&status.json["database"], &status.json["flows_refused"]), (&json!("SQLite"), &json!(0)));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_that_wait_for_persons_are_listed_by_how_long_they_wait() {
    let service = start().await;
    let api = Api::keyed(&service, &["conversations:read"], "live").await;
    let record = record(&service).await;
    let contact = |id: &str, mode: &str| {
        Statement::new(
            "INSERT INTO contact (id, mode, simulated, created_at, changed_at) VALUES ($1, $2, 0, 1, 1)",
            [id.into(), mode.into()],
        )
    };
    let open = |id: &str, team: &str, at: i64, taken: Option<i64>, closed: Option<i64>| {
        Statement::new(
            "INSERT INTO handoff (contact, run, team, opened_at, taken_at, closed_at) VALUES ($1, '0000000000000001', $2, $3, $4, $5)",
            [id.into(), team.into(), at.into(), taken.into(), closed.into()],
        )
    };
    let rows = vec![
        contact("a", "live"),
        contact("b", "live"),
        contact("c", "live"),
        contact("d", "test"),
        open("a", "help", 3_000, None, None),
        open("b", "sales", 1_000, Some(2_000), None),
        open("c", "help", 500, None, Some(600)),
        open("d", "help", 400, None, None),
    ];
    record.write(rows).await.expect("written");
    let of = async |query: &str| {
        let answer = api.get(&format!("/v1/handoffs{query}")).await;
        let contacts: Vec<String> = answer.json["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["contact"].as_str().unwrap_or("").to_owned())
            .collect();
        (contacts, answer.json["next"].as_str().map(str::to_owned))
    };
    assert_eq!(of("").await, (vec!["b".to_owned(), "a".to_owned()], None));
    assert_eq!(of("?team=help").await.0, ["a"]);
    assert_eq!((of("?taken=true").await.0, of("?taken=false").await.0), (vec!["b".to_owned()], vec!["a".to_owned()]));
    let (first, next) = of("?limit=1").await;
    assert_eq!(
        (first, of(&format!("?limit=1&cursor={}", next.expect("more"))).await.0),
        (vec!["b".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(api.get("/v1/handoffs?taken=maybe").await.json["field"], "taken");
    let test = Api::keyed(&service, &["conversations:read"], "test").await.get("/v1/handoffs").await;
    assert_eq!(test.json["items"][0]["contact"], "d", "a key for test sees what is for test");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_paused_and_resumed_by_whoever_may() {
    let service = start().await;
    let api = Api::keyed(&service, &["operations:read", "operations:write"], "live").await;
    let (pause, resume) = ("/v1/channels/main-sms/pause", "/v1/channels/main-sms/resume");
    let paused = api.post_named(pause, "once", json!({ "reason": "a new\n carrier" })).await;
    assert_eq!((paused.status, &paused.json["changed"]), (200, &json!(true)), "{}", paused.text);
    let hold = &paused.json["holds"][0];
    assert_eq!((&hold["why"], &hold["reason"]), (&json!("paused"), &json!("a new carrier")));
    assert_eq!(api.post_named(pause, "once", json!({ "reason": "a new\n carrier" })).await.json, paused.json, "the same request");
    let again = api.post(pause, json!({})).await;
    assert_eq!((&again.json["changed"], &again.json["holds"]), (&json!(false), &paused.json["holds"]), "{}", again.text);
    assert_eq!(api.get("/v1/channels").await.json["items"][0]["holds"], paused.json["holds"]);
    assert_eq!(api.post("/v1/channels/nothing/pause", json!({})).await.status, 404);
    assert_eq!(api.post(resume, json!({ "hold": "both" })).await.json["field"], "hold");
    assert_eq!(api.post(pause, json!({ "hold": "flagged" })).await.json["field"], "body", "only the provider flags");
    let resumed = api.post(resume, json!({ "reason": "it is there" })).await;
    assert_eq!((&resumed.json["changed"], &resumed.json["holds"]), (&json!(true), &json!([])), "{}", resumed.text);
    let audit = api.get("/v1/audit?action=channel.pause").await;
    assert_eq!(audit.json["items"].as_array().map(Vec::len), Some(2), "{}", audit.text);
    assert_eq!(audit.json["items"][1]["detail"]["reason"], "a new carrier");
    let reads = Api::keyed(&service, &["operations:read"], "live").await;
    assert_eq!(reads.post(pause, json!({})).await.status, 403);
    let test = Api::keyed(&service, &["operations:write"], "test").await;
    assert_eq!(test.post(pause, json!({})).await.status, 409);
    // From beside, with the same effect within about a second.
    let beside = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_replyflow"));
        let command = command.args(arguments).current_dir(service.folder()).env("EVENTS_KEY", "0123456789abcdef0123456789abcdef");
        let output = command.output().expect("the binary runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = beside(&["channel", "pause", "main-sms", "--reason", "by hand"]);
    assert!(said.contains("main-sms is paused: nothing leaves over it"), "{said}");
    let held = until(&api, "/v1/channels", |json| json["items"][0]["holds"][0]["by"] == "command line").await;
    assert_eq!(held.json["items"][0]["holds"][0]["reason"], "by hand", "{}", held.text);
    let said = beside(&["doctor"]);
    assert!(said.contains("main-sms: paused since") && said.contains("by command line (by hand)"), "{said}");
    assert!(beside(&["channel", "resume", "main-sms", "--flagged"]).contains("main-sms was not flagged"));
    assert!(beside(&["channel", "resume", "main-sms"]).contains("main-sms sends again"));
    assert!(beside(&["channel", "pause", "nothing"]).contains("there is no channel `nothing`"));
    let free = until(&api, "/v1/channels", |json| json["items"][0]["holds"] == json!([])).await;
    assert_eq!(free.json["items"][0]["holds"], json!([]));
    service.stop().await;
}
