//! The routes of the page: who may use them, whose conversations they show, how the stream goes on.

use super::samples;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::patience::LONG;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const ADA: &str = "+447700900123";
/// Two channels: one of the simulator and one of a provider.
const MIXED: &str = r#"
[server]
listen = "127.0.0.1:0"
public_url = "https://hooks.example.org"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.real-sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000001"
auth_token = { env = "TWILIO_AUTH_TOKEN" }
base_url = "http://127.0.0.1:9"
"#;

async fn act(service: &Service, what: &str, body: &Value) -> Response {
    let request = service.client.post(format!("{}/phone/{what}", service.base)).header("X-Replyflow-Phone", "1");
    request.body(body.to_string()).send().await.expect("an answer")
}

async fn detail(answer: Response) -> String {
    let body: Value = answer.json().await.expect("JSON");
    body["detail"].as_str().unwrap_or("").to_owned()
}

/// A stream that is read event by event.
struct Listening {
    response: Response,
    rest: String,
    /// The last state that was said: it may come before or after the message that it led to.
    state: Value,
}

impl Listening {
    async fn begin(service: &Service, number: &str, last: Option<&str>) -> Self {
        let url = format!("{}/phone/stream?number={}", service.base, number.replace('+', "%2B"));
        let mut request = service.client.get(url);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listening { response, rest: String::new(), state: Value::Null }
    }

    /// The next event: its name, its id and its data. `None` at the end.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some(end) = self.rest.find("\n\n") {
                let block: String = self.rest.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim().to_owned());
                if let (Some(event), Some(data)) = (field("event:"), field("data:")) {
                    return Some((event, field("id:").unwrap_or_default(), serde_json::from_str(&data).expect("JSON")));
                }
                continue;
            }
            let piece = tokio::time::timeout(LONG, self.response.chunk()).await.expect("something is said");
            self.rest.push_str(std::str::from_utf8(&piece.ok()??).expect("text"));
        }
    }

    /// Reads until an event of this name fits.
    async fn until(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> (String, Value, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let next = self.next().await;
            let (event, id, data) = next.unwrap_or_else(|| panic!("the stream ended before `{name}`, after {before:?}"));
            if event == "state" {
                self.state = data.clone();
            }
            if event == name && fits(&data) {
                return (id, data, before);
            }
            before.push(event);
        }
    }
}

impl Listening {
    /// Reads until the conversation stands so.
    async fn stands(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if !fits(&self.state) {
            self.until("state", fits).await;
        }
        self.state.clone()
    }
}

fn text_is<'t>(text: &'t str) -> impl Fn(&Value) -> bool + 't {
    move |data| data["text"].as_str() == Some(text)
}

#[tokio::test]
async fn without_a_simulator_there_is_no_page() {
    let config = MIXED.replace("provider = \"simulator\"\nkind = \"sms\"\n[channels.real-sms]\n", "");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    for path in ["/", "/phone", "/phone/assets/main.js", "/phone/project", "/phone/stream?number=1", "/phone/pictures/1"] {
        assert_eq!(service.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(act(&service, "time", &json!({})).await.status(), StatusCode::NOT_FOUND);
    service.stop().await;
}

#[tokio::test]
async fn the_page_brings_all_its_files_and_a_strict_policy() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let page = service.get("/").await;
    assert!(page.url().path() == "/phone", "whoever opens the service finds the page");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let mut wanted: Vec<String> = vec![page.text().await.expect("text")];
    let mut seen: Vec<String> = Vec::new();
    while let Some(text) = wanted.pop() {
        assert!(!text.contains("http://") || text.contains("http://www.w3.org/2000/svg"), "nothing from elsewhere");
        for part in text.split('"').filter(|part| part.starts_with("/phone/assets/") || part.starts_with("./")) {
            let path = part.replace("./", "/phone/assets/");
            if seen.contains(&path) {
                continue;
            }
            let answer = service.get(&path).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            wanted.push(answer.text().await.expect("text"));
            seen.push(path);
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    assert_eq!(service.get("/phone/assets/../mod.rs").await.status(), StatusCode::NOT_FOUND);
    service.stop().await;
}

#[tokio::test]
async fn another_site_cannot_use_the_page() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let body = json!({ "number": ADA, "channel": "main-sms", "by": "1h" }).to_string();
    let url = format!("{}/phone/time", service.base);
    let own = |name: &str, value: &str| {
        service.client.post(&url).header("X-Replyflow-Phone", "1").header(name, value).body(body.clone()).send()
    };
    assert_eq!(own("X-Any", "1").await.expect("an answer").status(), StatusCode::ACCEPTED);
    assert_eq!(own("Origin", &service.base).await.expect("an answer").status(), StatusCode::ACCEPTED);
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Host", "evil.example"),
    ] {
        assert_eq!(own(name, value).await.expect("an answer").status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    // A form of another site cannot add the header.
    assert_eq!(service.post("/phone/time", body.clone()).await.status(), StatusCode::FORBIDDEN);
    // Nor does it see anything: a name that somebody lets point here is not ours.
    let look = service.client.get(format!("{}/phone/project", service.base)).header("Host", "evil.example");
    assert_eq!(look.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    service.stop().await;
}

#[tokio::test]
async fn a_conversation_is_heard_as_it_goes_on_and_again_from_where_it_was() {
    // Longer than anything takes here: who waited for a stream would be seen.
    let config = SIMULATED.replace("[server]", "[server]\nshutdown_timeout = \"90s\"");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let mut listening = Listening::begin(&service, ADA, None).await;
    assert_eq!(listening.next().await.expect("an event").0, "fresh");
    let (event, _, state) = listening.next().await.expect("an event");
    assert_eq!((event.as_str(), &state["runs"]), ("state", &json!([])));
    service.write("main-sms", ADA, "1", "hi").await;
    let (id, _, before) = listening.until("message", text_is("Do you like it?")).await;
    assert!(before.contains(&"entry".to_owned()), "what was decided comes first: {before:?}");
    let state = listening.stands(|state| state["runs"][0]["state"] == "hello").await;
    assert_eq!((&state["runs"][0]["flow"], &state["runs"][0]["waits"]), (&json!("greeting"), &json!("reply")));

    // Cut off; meanwhile the conversation goes on.
    drop(listening);
    service.write("main-sms", ADA, "2", "what?").await;
    service.shown(ADA, 2).await;
    let mut listening = Listening::begin(&service, ADA, Some(&id)).await;
    let (_, entry, before) = listening.until("entry", |entry| entry["events"][0].get("received").is_some()).await;
    assert!(!before.contains(&"fresh".to_owned()) && !before.contains(&"message".to_owned()), "nothing twice: {before:?}");
    let received = &entry["events"][0]["received"];
    assert_eq!((&received["text"], &received["decision"]), (&json!("what?"), &json!("no_match")));
    listening.until("message", text_is("Please say yes or no.")).await;
    // An id of another process says nothing here.
    let mut other = Listening::begin(&service, ADA, Some("SIM0.7.7")).await;
    assert_eq!(other.next().await.expect("an event").0, "fresh");
    other.until("message", text_is("Do you like it?")).await;

    // The service stops: streams end, nobody waits for them.
    let begun = std::time::Instant::now();
    let stopped = tokio::spawn(service.stop());
    listening.until("bye", |_| true).await;
    while listening.next().await.is_some() {}
    stopped.await.expect("a clean stop");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn time_passes_through_every_timer_on_the_way() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let mut listening = Listening::begin(&service, ADA, None).await;
    service.write("main-sms", ADA, "1", "hi").await;
    listening.until("message", text_is("Do you like it?")).await;
    for (by, why) in [("", "is no time"), ("0s", "is no time"), ("2y", "is no time"), ("500d", "is no time")] {
        let answer = act(&service, "time", &json!({ "number": ADA, "channel": "main-sms", "by": by })).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(detail(answer).await.contains(why), "{by}");
    }
    let answer = act(&service, "time", &json!({ "number": ADA, "channel": "main-sms", "by": "4h" })).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let ended = |entry: &Value| entry["events"].as_array().is_some_and(|all| all.iter().any(|e| e.get("run_ended").is_some()));
    let (_, entry, _) = listening.until("entry", ended).await;
    let moved = entry["events"][0]["time_moved"]["by"].as_i64().expect("the clock moved to the timer");
    assert!((3_540_000..=3_600_000).contains(&moved), "{moved}");
    let done = |state: &Value| state["moving"].is_null() && state["runs"] == json!([]) && state["ahead"] != json!(0);
    let state = listening.stands(done).await;
    let ahead = state["ahead"].as_i64().expect("a number");
    assert!((14_300_000..=14_400_000).contains(&ahead), "{ahead}");
    service.stop().await;
}

#[tokio::test]
async fn a_real_person_is_not_looked_at() {
    let flow = "flow: told\nchannels: [real-sms]\nstart: [ { event: order.sent, contact: '{{ event.phone }}' } ]\nbegin: w\nstates: { w: { wait: 1d, go: { ok: { end: done } } } }\n";
    let config = format!("{MIXED}[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&config, &[("greeting", GREETING), ("told", flow)]).await;
    // Somebody known by an event, to whom a flow will speak over the real channel. Writing in their name opens nothing.
    let real = "+447700900444";
    let event = service.client.post(format!("{}/v1/events", service.base)).bearer_auth("0123456789abcdef0123456789abcdef");
    let sent = event.json(&json!({ "event": "order.sent", "data": { "phone": real } })).send().await.expect("an answer");
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    service.write("main-sms", real, "1", "hi").await;
    service.shown(real, 1).await;
    assert_eq!(service.get("/phone/stream?number=%2B447700900444").await.status(), StatusCode::FORBIDDEN);
    for (what, more) in [
        ("time", json!({ "by": "1h" })),
        ("language", json!({ "language": "es" })),
        ("save", json!({ "flow": "greeting", "title": "x" })),
    ] {
        let mut body = json!({ "number": real, "channel": "main-sms" });
        body.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        assert_eq!(act(&service, what, &body).await.status(), StatusCode::FORBIDDEN, "{what}");
    }
    let project: Value = service.get("/phone/project").await.json().await.expect("JSON");
    assert_eq!(project["channels"], json!([{ "name": "main-sms", "kind": "sms" }]));
    assert!(project["flows"].as_array().expect("a list").iter().all(|flow| flow["name"] != "told"));
    // Who wrote first over the simulator is simulated.
    service.write("main-sms", ADA, "2", "hi").await;
    service.shown(ADA, 1).await;
    Listening::begin(&service, ADA, None).await.until("message", text_is("Do you like it?")).await;
    // A flow that may speak over the real channel is not begun from here: somebody has that number.
    let body = json!({ "number": "+447700900555", "channel": "main-sms", "flow": "greeting" });
    let answer = act(&service, "begin", &body).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(answer).await.contains("speaks on `real-sms` too"));
    let body = json!({ "number": ADA, "channel": "real-sms", "by": "1h" });
    assert_eq!(act(&service, "time", &body).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    service.stop().await;
}

#[tokio::test]
async fn pictures_are_pictures() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    let put = |bytes: Vec<u8>| {
        service.client.post(format!("{}/phone/pictures", service.base)).header("X-Replyflow-Phone", "1").body(bytes).send()
    };
    let kept: Value = put(include_bytes!("dot.png").to_vec()).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(kept["type"], "image/png");
    let picture = service.client.get(kept["url"].as_str().expect("a URL")).send().await.expect("an answer");
    assert_eq!((picture.status(), &picture.headers()["content-type"]), (StatusCode::OK, &"image/png".parse().expect("a value")));
    assert_eq!(picture.bytes().await.expect("bytes").as_ref(), include_bytes!("dot.png"));
    for (bytes, status) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
        (vec![0x89; 5 * 1024 * 1024 + 1], StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(put(bytes).await.expect("an answer").status(), status);
    }
    service.stop().await;
}

#[tokio::test]
async fn only_who_sits_at_the_machine_adds_tests() {
    let service = samples().await;
    service.write("main-sms", ADA, "1", "hi").await;
    service.shown(ADA, 1).await;
    let asked = json!({ "number": ADA, "flow": "menu", "title": "somebody says hi" });
    let saved: Value = act(&service, "save", &asked).await.json().await.expect("JSON");
    assert!(saved["yaml"].as_str().expect("text").contains("- user: hi"), "{saved}");
    let passed_on = service.client.post(format!("{}/phone/add", service.base)).header("X-Replyflow-Phone", "1");
    let answer = passed_on.header("X-Forwarded-For", "192.0.2.1").body(asked.to_string()).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "it came through a proxy");
    for (key, wrong) in [("flow", "../menu"), ("flow", "nothing"), ("title", ""), ("title", "a\nb"), ("number", "+447700900777")]
    {
        let mut asked = asked.clone();
        asked[key] = wrong.into();
        assert_eq!(act(&service, "add", &asked).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{key}: {wrong}");
    }
    let added: Value = act(&service, "add", &asked).await.json().await.expect("JSON");
    let file = std::fs::read_to_string(added["file"].as_str().expect("a path")).expect("the file");
    assert!(file.contains("somebody says hi"), "{file}");
    service.stop().await;
}
