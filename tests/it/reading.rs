//! The routes by which people read what happened, over HTTP: right, wrong, without the right to it, page by page while more
//! happens, as files, and live with a break in between.

use crate::support::api::Api;
use crate::support::command::replyflow_in;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::patience::LONG;
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PHONE: &str = "+447700900123";
const OTHER: &str = "+447700900124";

async fn start() -> Service {
    Service::start(SIMULATED, &[("greeting", GREETING)]).await
}

/// Somebody with a key that may do this. The simulator's contacts are for tests, so the key is too.
pub fn reader(service: &Service, scope: &str, mode: &str) -> Api {
    let (made, code) =
        replyflow_in(service.folder(), &["key", "create", "reader", "--scope", scope, "--mode", mode, "--format", "json"]);
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    Api::of(service).with_key(made["secret"].as_str().expect("a secret"))
}

/// A list's items once there are so many.
async fn items(api: &Api, path: &str, n: usize) -> Vec<Value> {
    let patience = Instant::now();
    loop {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let items = answer.json["items"].as_array().expect("items").clone();
        if items.len() >= n || patience.elapsed() > LONG {
            assert!(items.len() >= n, "{path}: {n} expected: {items:#?}");
            return items;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything of a list, page by page; `between` is called after each of them.
async fn pages(api: &Api, path: &str, mut between: impl AsyncFnMut(usize)) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let answer = api.get(&format!("{path}{cursor}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        all.extend(answer.json["items"].as_array().expect("items").clone());
        match answer.json["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        between(page).await;
    }
    all
}

/// Asks the greeting's question and answers it.
async fn talk(service: &Service, phone: &str) {
    service.write("main-sms", phone, &format!("{phone}-1"), "Hello").await;
    service.shown(phone, 1).await;
    service.write("main-sms", phone, &format!("{phone}-2"), "yes").await;
    service.shown(phone, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_can_be_read_in_every_way() {
    let service = start().await;
    talk(&service, PHONE).await;
    let api = reader(&service, "history:read", "test");
    let contact = service.contact_key(PHONE);
    let messages = items(&api, &format!("/v1/messages?contact={contact}"), 4).await;
    let said: Vec<_> = messages.iter().rev().map(|one| (one["direction"].as_str(), one["text"].as_str())).collect();
    assert_eq!(said[0], (Some("in"), Some("Hello")));
    assert_eq!(said.last(), Some(&(Some("out"), Some("Thank you."))));
    let yes = messages.iter().find(|one| one["text"] == "yes").expect("the answer");
    assert_eq!((yes["decision"].as_str(), yes["flow"].as_str()), (Some("answer"), Some("greeting")));
    assert!(yes["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{yes}");
    let found = items(&api, "/v1/search?q=%22thank+you%22", 1).await;
    assert_eq!(found[0]["text"], "Thank you.");
    let runs = items(&api, "/v1/runs?flow=greeting&status=ended&end=liked", 1).await;
    let id = runs[0]["id"].as_str().expect("an id");
    let run = api.get(&format!("/v1/runs/{id}")).await;
    let turns = run.json["turns"].as_array().expect("turns").clone();
    assert_eq!(turns.len(), 2, "{}", run.text);
    assert_eq!((&turns[0]["input"][0]["text"], &turns[0]["sent"][0]["text"]), (&"Hello".into(), &"Do you like it?".into()));
    let left = turns[1]["decided"].as_array().expect("decided").iter().find(|one| one["kind"] == "state.left").expect("left");
    assert_eq!((left["state"].as_str(), left["outcome"].as_str()), (Some("hello"), Some("yes")));
    assert_eq!(left["took"], turns[1]["waited"]);
    let line = items(&api, &format!("/v1/contacts/{contact}/timeline"), 7).await;
    assert_eq!(line.iter().filter(|one| one["kind"] == "message").count(), 4, "{line:#?}");
    assert!(line.iter().any(|one| one["kind"] == "run.started") && line.iter().any(|one| one["kind"] == "run.ended"));
    let figures = api.get("/v1/flows/greeting/figures").await.json;
    assert_eq!((figures["entered"].as_i64(), figures["ended"].as_i64(), figures["open"].as_i64()), (Some(1), Some(1), Some(0)));
    assert_eq!(figures["ends"][0]["name"], "liked");
    let hello = figures["states"].as_array().expect("states").iter().find(|one| one["state"] == "hello").expect("the state");
    assert_eq!((hello["entered"].as_i64(), hello["outcomes"][0]["name"].as_str()), (Some(1), Some("yes")));
    assert_eq!(figures["channels"][0]["name"], "main-sms");
    // What is for tests is not seen by who is live.
    let live = reader(&service, "history:read", "live");
    assert!(live.get("/v1/messages").await.json["items"].as_array().expect("items").is_empty());
    assert_eq!(live.get(&format!("/v1/runs/{id}")).await.status, 404);
    assert_eq!(live.get(&format!("/v1/contacts/{contact}/timeline")).await.status, 404);
    assert_eq!(live.get("/v1/flows/greeting/figures").await.json["entered"], 0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_whole_while_people_go_on_talking_and_files_hold_everything() {
    let service = start().await;
    for n in 10..16 {
        talk(&service, &format!("+4477009001{n}")).await;
    }
    let api = reader(&service, "history:read", "test");
    let before: BTreeSet<String> =
        items(&api, "/v1/messages?limit=200", 24).await.iter().map(|one| one["id"].to_string()).collect();
    let all = pages(&api, "/v1/messages?limit=5", async |page| talk(&service, &format!("+4477009002{}", page + 10)).await).await;
    let ids: Vec<String> = all.iter().map(|one| one["id"].to_string()).collect();
    let unique: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(unique.len(), ids.len(), "nothing comes twice");
    assert!(before.is_subset(&unique), "nothing is missing");
    let count = items(&api, "/v1/runs?limit=200", 6).await.len();
    let lines = api.get("/v1/runs?format=jsonl").await;
    assert!(lines.text.lines().count() >= count && lines.text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let table = api.get("/v1/messages?format=csv").await;
    let mut read = csv::Reader::from_reader(table.text.as_bytes());
    let text = read.headers().expect("a head").iter().position(|name| name == "text").expect("a column");
    let texts: Vec<String> = read.records().map(|row| row.expect("a row")[text].to_owned()).collect();
    assert!(texts.len() >= before.len() && texts.iter().any(|text| text == "Do you like it?"), "{}", texts.len());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_name_their_field_and_rights_are_asked_for() {
    let service = start().await;
    let api = reader(&service, "history:read", "test");
    let contact = service.contact_key(PHONE);
    for (path, field) in [
        ("/v1/messages?contact=short", "contact"),
        ("/v1/messages?direction=up", "direction"),
        ("/v1/messages?status=lost", "status"),
        ("/v1/messages?since=yesterday", "since"),
        ("/v1/messages?limit=0", "limit"),
        ("/v1/messages?cursor=x", "cursor"),
        ("/v1/messages?format=xml", "format"),
        ("/v1/messages?format=csv&limit=5", "limit"),
        ("/v1/messages?chanel=main-sms", "query"),
        ("/v1/runs?status=stuck", "status"),
        ("/v1/runs?until=2026", "until"),
        ("/v1/runs/7", "id"),
        ("/v1/runs/0000000000000001?x=1", "query"),
        ("/v1/search", "q"),
        ("/v1/search?q=%3F", "q"),
        ("/v1/search?q=a&q=b", "q"),
        ("/v1/contacts/short/timeline", "id"),
        ("/v1/flows/greeting/figures?since=1.3.2026", "since"),
        ("/v1/flows/Not%20a%20flow/figures", "name"),
        ("/v1/live?kind=whatever", "kind"),
    ] {
        let answer = api.get(path).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{path}: {}", answer.text);
        assert!(answer.json["detail"].as_str().is_some_and(|detail| detail.len() > 5), "{path}: {}", answer.text);
    }
    let lost = api.send(reqwest::Method::GET, "/v1/live", &[("last-event-id", "x")], Vec::new()).await;
    assert_eq!((lost.status, lost.json["field"].as_str()), (422, Some("last-event-id")));
    assert_eq!(api.get("/v1/runs/0000000000000001").await.status, 404);
    assert_eq!(api.get(&format!("/v1/contacts/{contact}/timeline")).await.status, 404);
    assert_eq!(api.get("/v1/flows/never-ran/figures").await.json["entered"], 0);
    let other = reader(&service, "contacts:read", "test");
    for path in
        ["/v1/messages", "/v1/runs", "/v1/runs/0000000000000001", "/v1/search?q=a", "/v1/flows/greeting/figures", "/v1/live"]
    {
        let answer = other.get(path).await;
        assert_eq!((answer.status, answer.json["scope"].as_str()), (403, Some("history:read")), "{path}");
        assert_eq!(api.without_key().get(path).await.status, 401, "{path}");
    }
    assert_eq!(other.get(&format!("/v1/contacts/{contact}/timeline")).await.status, 403);
    service.stop().await;
}

/// The requests on the page for people, each as it is written there.
#[tokio::test(flavor = "multi_thread")]
async fn requests_on_the_page_are_answered() {
    let service = start().await;
    talk(&service, PHONE).await;
    let secret = secret(&service);
    let api = Api::of(&service).with_key(&secret);
    let run = items(&api, "/v1/runs?status=ended", 1).await[0]["id"].as_str().expect("an id").to_owned();
    let contact = service.contact_key(PHONE);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/history.md")).expect("the page");
    let mut tried = 0;
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let path = line.split_once("\"$URL").and_then(|(_, rest)| rest.split_once('"')).expect("a path").0;
        let path = path.replace("$CONTACT", &contact).replace("$RUN", &run);
        assert!(line.contains("-H \"Authorization: Bearer $KEY\""), "{line}");
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{line}: {}", answer.text);
        tried += 1;
    }
    assert!(tried >= 10, "{tried} requests");
    let (made, code) = replyflow_in(service.folder(), &["key", "create", "reader", "--scope", "history:read"]);
    assert_eq!(code, 0, "{made}");
    service.stop().await;
}

/// The queries on the page about contacts.
#[test]
fn queries_on_the_page_are_read() {
    use replyflow::domain::name::Name;
    use replyflow::domain::time::Millis;
    use replyflow::domain::value::Type;
    use replyflow::history::query::{ContactQuery, Terms};
    let named = [("plan", Type::Text), ("orders", Type::Number)];
    let attributes = named.into_iter().map(|(name, kind)| (Name::parse(name).expect(name), kind)).collect();
    let terms = Terms { attributes: &attributes, zone: &jiff::tz::TimeZone::UTC, now: Millis(1_773_576_000_000) };
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/queries.md")).expect("the page");
    let block = page.split_once("```query\n").and_then(|(_, rest)| rest.split_once("```")).expect("a block").0;
    assert!(block.lines().count() >= 5);
    for line in block.lines() {
        ContactQuery::parse(line, &terms).unwrap_or_else(|problem| panic!("{line}: {problem}"));
    }
    let said = ContactQuery::parse("tag = a and lats_seen > 3d", &terms).expect_err("no field").to_string();
    let shown = page.lines().find(|line| line.starts_with("column ")).expect("an error");
    assert_eq!(said.split_once(": ").map(|(_, text)| text), shown.split_once(": ").map(|(_, text)| text));
}

/// A stream that is read event by event.
struct Ear {
    stream: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    read: String,
}

impl Ear {
    async fn open(service: &Service, secret: &str, query: &str, last: Option<&str>) -> Self {
        let mut request = service.client.get(format!("{}/v1/live{query}", service.base)).bearer_auth(secret);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        Ear { stream: answer.bytes_stream().boxed(), read: String::new() }
    }

    /// The next event: its id and what it says.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_owned();
                let (kind, id, data) = (field("event: "), field("id: "), field("data: "));
                if !kind.is_empty() {
                    return (kind, id, serde_json::from_str(&data).expect("JSON"));
                }
                continue;
            }
            let part = tokio::time::timeout(LONG, self.stream.next()).await.expect("in time");
            self.read.push_str(std::str::from_utf8(&part.expect("it goes on").expect("a part")).expect("text"));
        }
    }

    /// Until so many things happened: their keys, and the last id.
    async fn happened(&mut self, n: usize) -> (Vec<(String, Value)>, String) {
        let (mut heard, mut last) = (Vec::new(), String::new());
        while heard.len() < n {
            let (kind, id, data) = self.next().await;
            assert!(!id.is_empty(), "every event says where it is");
            last = id;
            if kind == "happened" {
                heard.push((format!("{}/{}", data["token"].as_str().unwrap_or(""), data["index"]), data));
            }
        }
        (heard, last)
    }
}

fn secret(service: &Service) -> String {
    made(service)["secret"].as_str().expect("a secret").to_owned()
}

fn made(service: &Service) -> Value {
    let arguments = ["key", "create", "ear", "--scope", "history:read", "--mode", "test", "--format", "json"];
    let (made, code) = replyflow_in(service.folder(), &arguments);
    assert_eq!(code, 0, "{made}");
    serde_json::from_str::<Value>(&made).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_the_key_hears_nothing_more() {
    let service = start().await;
    let key = made(&service);
    let mut ear = Ear::open(&service, key["secret"].as_str().expect("a secret"), "", None).await;
    assert_eq!(ear.next().await.0, "open");
    let (said, code) = replyflow_in(service.folder(), &["key", "revoke", key["id"].as_str().expect("an id")]);
    assert_eq!(code, 0, "{said}");
    // The stream ends by itself, and nothing that happens afterwards is in it.
    let rest = async {
        let mut rest = Vec::new();
        while let Some(part) = ear.stream.next().await {
            rest.extend(part.expect("a part"));
        }
        String::from_utf8(rest).expect("text")
    };
    let rest = tokio::time::timeout(LONG, rest).await.expect("it ends");
    assert!(!rest.contains("happened"), "{rest}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_is_told_and_goes_on_after_a_break_without_a_gap() {
    let service = start().await;
    let secret = secret(&service);
    let mut whole = Ear::open(&service, &secret, "", None).await;
    let mut broken = Ear::open(&service, &secret, "", None).await;
    assert_eq!((whole.next().await.0, broken.next().await.0), ("open".to_owned(), "open".to_owned()));
    talk(&service, PHONE).await;
    // Cut off in the middle of an entry.
    let (first, last) = broken.happened(3).await;
    drop(broken);
    talk(&service, OTHER).await;
    let (all, _) = whole.happened(20).await;
    let mut again = Ear::open(&service, &secret, "", Some(&last)).await;
    let (rest, _) = again.happened(17).await;
    let keys = |heard: &[(String, Value)]| heard.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    assert_eq!([keys(&first), keys(&rest)].concat(), keys(&all), "without a gap and without hearing anything twice");
    assert!(all.iter().any(|(_, data)| data["kind"] == "run_started" && data["flow"] == "greeting"));
    // Only what is wanted.
    let query = format!("?contact={}&kind=sent&flow=greeting&channel=main-sms", service.contact_key(OTHER));
    let first_place = first[0].0.clone();
    assert!(!first_place.is_empty());
    let mut chosen = Ear::open(&service, &secret, &query, Some(&last)).await;
    let (sent, _) = chosen.happened(2).await;
    let texts: Vec<&Value> = sent.iter().map(|(_, data)| &data["data"]["content"]).collect();
    assert!(sent.iter().all(|(_, data)| data["kind"] == "sent" && data["contact"] == service.contact_key(OTHER)), "{texts:?}");
    service.stop().await;
}
