//! Analytics services are told what happens by the real service over real HTTP: each row once as far as their ids go, whatever they answer and
//! whoever dies, and nobody waits for them.

use crate::support::analytics::{Analytics, Mood, Told};
use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::redis::RedisServer;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tempfile::TempDir;

const EMBEDDED: &str = "kind = \"embedded\"\npath = \"data\"";
const LEASES: &str = "history = \"history.db\"\nsend_lease = \"3s\"\nclaim_lease = \"1s\"";
const MIXPANEL: &str = "/import";
const SEGMENT: &str = "/v1/batch";
const AMPLITUDE: &str = "/2/httpapi";
const ECHO: &str = r#"
flow: echo
languages: [en]
start:
  - message: any
  - event: known
    contact: { phone: "{{ event.phone }}", id: "{{ event.id }}" }
begin: ask
states:
  ask:
    ask: "Write again."
    answer: any
    save: { plan: gold, pin: "{{ reply.text }}" }
    go: { ok: ask, silence: { after: 1d, end: silent } }
"#;

struct Stage {
    folder: TempDir,
    provider: FakeProvider,
    analytics: Analytics,
}

/// A section of a sink. Pauses are short.
fn sink(name: &str, url: &str, more: &str) -> String {
    format!(
        "[sinks.{name}]\nkey = {{ env = \"TEST_EVENTS_KEY\" }}\nbase_url = \"{url}\"\ntimeout = \"1s\"\nretry_first = \"50ms\"\n{more}\n"
    )
}

impl Stage {
    /// With these sinks, each a name and what more is said of it.
    fn new(sinks: &[(&str, &str)]) -> Self {
        let stage = Stage {
            folder: tempfile::tempdir().expect("a folder"),
            provider: FakeProvider::start(),
            analytics: Analytics::start(),
        };
        stage.configure(sinks);
        stage
    }

    fn configure(&self, sinks: &[(&str, &str)]) {
        let more: String = sinks.iter().map(|(name, more)| sink(name, &self.analytics.url, more)).collect();
        let toml = configuration(&format!("{EMBEDDED}\n{LEASES}"), &self.provider.url, &more);
        project(self.folder.path(), &toml, &[("flows/echo.yaml", ECHO)]);
    }

    fn serve(&self) -> Service {
        Service::start(self.folder.path())
    }
}

fn person(n: usize) -> String {
    format!("+4474001{n:05}")
}

fn named<'a>(told: &'a [Told], name: &str) -> Vec<&'a Told> {
    told.iter().filter(|told| told.name == name).collect()
}

fn ids(told: &[Told]) -> BTreeSet<&str> {
    told.iter().map(|told| told.id.as_str()).collect()
}

async fn metric(service: &Service, name: &str) -> f64 {
    let (_, text) = service.get("/metrics").await;
    let found = text.lines().find(|line| line.starts_with(&format!("{name} ")));
    found.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_is_told_and_nothing_of_a_person_by_itself() {
    let stage = Stage::new(&[
        ("one", "kind = \"mixpanel\""),
        ("two", "kind = \"segment\"\nidentity = \"external\""),
        ("three", "kind = \"amplitude\"\nevents = [\"message.*\"]\nidentity = \"contact\""),
    ]);
    let service = stage.serve();
    assert_eq!(service.sms("SM1", &person(1), "a secret wish").await, 200);
    let all = |told: &[Told]| !named(told, "message.sent").is_empty();
    let (one, two) = (stage.analytics.wait(MIXPANEL, all), stage.analytics.wait(SEGMENT, all));
    let three = stage.analytics.wait(AMPLITUDE, all);
    assert!(three.iter().all(|told| told.name.starts_with("message.")), "{three:#?}");
    for name in ["message.received", "run.started", "state.entered", "message.queued"] {
        assert_eq!((named(&one, name).len(), named(&two, name).len()), (1, 1), "{name}");
    }
    assert_eq!(ids(&one), ids(&two), "a row has one id wherever it is told");
    assert_eq!(one.len(), ids(&one).len(), "and is told once where nothing failed");
    let sent = named(&two, "message.sent")[0];
    assert_eq!((&sent.properties["flow"], &sent.properties["channel"]), (&json!("echo"), &json!("main-sms")));
    let (hashed, contact) = (&one[0].person, &three[0].person);
    assert!(hashed.len() == 32 && contact.len() == 22 && hashed != contact, "{hashed} {contact}");
    assert_eq!((two[0].known, &two[0].person), (false, hashed), "without an id of its own the hash");

    // Saved values, none of them named; and somebody who has an id in the caller's systems.
    assert_eq!(service.sms("SM2", &person(1), "quincewood").await, 200);
    let event = json!({ "event": "known", "data": { "phone": person(2), "id": "c-9" } });
    assert_eq!(service.event(event).await, 202);
    let two = stage.analytics.wait(SEGMENT, |told| told.iter().any(|told| told.known && told.name == "message.sent"));
    assert!(two.iter().all(|told| !told.known || told.person == "c-9"));
    let saved = stage.analytics.wait(MIXPANEL, |told| named(told, "answer.saved").len() == 2);
    let saved = named(&saved, "answer.saved");
    assert_eq!(saved[0].properties["variable"], "plan");
    assert!(saved[0].properties.get("value").is_none());
    let bodies = stage.analytics.bodies();
    for private in ["secret wish", "4474001", "quincewood", "gold", "Write again"] {
        assert!(!bodies.contains(private), "{private} has left");
    }
    let log = service.log();
    assert!(!log.contains("74001") && !log.contains("events-key"), "{log}");
    assert!(metric(&service, "replyflow_sink_rows_total{sink=\"one\",result=\"sent\"}").await >= 10.0);
    let said = command(stage.folder.path(), &["doctor"]);
    assert!(said.contains("one: ") && said.contains("answers (200)") && said.contains(" 0 refused; 0 entries wait"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_is_told() {
    let more = "kind = \"segment\"\ninclude = [\"text\", \"address\", \"variables.plan\"]\nevents = [\"message.received\", \"answer.saved\"]";
    let stage = Stage::new(&[("web", more)]);
    let service = stage.serve();
    assert_eq!(service.sms("SM1", &person(1), "hello").await, 200);
    assert_eq!(service.sms("SM2", &person(1), "quincewood").await, 200);
    let told = stage.analytics.wait(SEGMENT, |told| named(told, "answer.saved").len() == 2);
    let received = named(&told, "message.received");
    assert_eq!((&received[0].properties["text"], &received[0].properties["address"]), (&json!("hello"), &json!(person(1))));
    let saved = named(&told, "answer.saved");
    assert_eq!((&saved[0].properties["value"], saved[1].properties.get("value")), (&json!("gold"), None));
    assert_eq!(told.len(), 4, "{told:#?}");
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_service_answers_it_hears_all_and_nobody_waits_for_it() {
    let stage = Stage::new(&[("down", "kind = \"mixpanel\""), ("well", "kind = \"segment\"")]);
    stage.analytics.be(Mood::Take);
    let service = stage.serve();
    // One of the two is answered in silence: which does not matter, the other goes on.
    stage.analytics.then([Mood::Silence]);
    for n in 0..10 {
        assert_eq!(service.sms(&format!("SM{n}"), &person(n), "hello").await, 200);
    }
    stage.provider.wait(LONG, |sent| sent.len() == 10);
    stage.analytics.wait_asked(|asked| asked.iter().any(|asked| asked.status == 0));
    let moods = [
        Mood::Status(503),
        Mood::Status(500),
        Mood::Limited("1"),
        Mood::TakeAndCut,
        Mood::Status(401),
        Mood::Status(302),
        Mood::Slow(Duration::from_millis(1_500)),
        Mood::Slow(Duration::from_millis(200)),
    ];
    stage.analytics.then(moods);
    for n in 10..20 {
        assert_eq!(service.sms(&format!("SM{n}"), &person(n), "hello").await, 200);
    }
    stage.provider.wait(LONG, |sent| sent.len() == 20);
    let distinct = |told: &[Told]| named(told, "message.received").iter().map(|t| t.id.clone()).collect::<BTreeSet<_>>().len();
    for path in [MIXPANEL, SEGMENT] {
        stage.analytics.wait(path, |told| distinct(told) == 20);
    }
    let asked = stage.analytics.asked();
    let limited = asked.iter().position(|asked| asked.status == 429).expect("it was limited");
    let again = asked[limited + 1..].iter().find(|a| a.path == asked[limited].path).expect("and asked again");
    assert!(again.at - asked[limited].at >= Duration::from_secs(1), "Retry-After is obeyed");
    for sink in ["down", "well"] {
        assert_eq!(metric(&service, &format!("replyflow_sink_rows_total{{sink=\"{sink}\",result=\"dropped\"}}")).await, 0.0);
    }
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_refused_is_dropped_alone_and_counted() {
    for (kind, path) in [("mixpanel", MIXPANEL), ("segment", SEGMENT), ("amplitude", AMPLITUDE)] {
        let stage = Stage::new(&[("it", &format!("kind = \"{kind}\""))]);
        stage.analytics.be(Mood::Refuse("run.started"));
        let service = stage.serve();
        for n in 0..3 {
            assert_eq!(service.sms(&format!("SM{n}"), &person(n), "hello").await, 200);
        }
        let told = stage.analytics.wait(path, |told| named(told, "message.sent").len() == 3);
        assert_eq!((named(&told, "run.started").len(), named(&told, "message.received").len()), (0, 3), "{kind}");
        assert_eq!(told.len(), ids(&told).len(), "{kind}: the others once");
        // What nobody named is tried once more after the others.
        let begun = std::time::Instant::now();
        let counted = async || metric(&service, "replyflow_sink_rows_total{sink=\"it\",result=\"dropped\"}").await >= 3.0;
        // The log is read by another thread: its line may come after the count.
        while !(counted().await && service.log().contains("a row is refused and dropped")) {
            assert!(begun.elapsed() < LONG, "{kind}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What is written down when a batch is done is there after the next one.
        assert!(service.stop());
        let said = command(stage.folder.path(), &["doctor"]);
        assert!(said.contains("3 refused"), "{kind}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_too_large_are_halved_and_limited_people_come_later() {
    let stage = Stage::new(&[("it", "kind = \"amplitude\"")]);
    stage.analytics.be(Mood::AtMost(2));
    let service = stage.serve();
    for n in 0..5 {
        assert_eq!(service.sms(&format!("SM{n}"), &person(n), "hello").await, 200);
    }
    let told = stage.analytics.wait(AMPLITUDE, |told| named(told, "message.sent").len() == 5);
    assert_eq!(told.len(), ids(&told).len());
    let asked = stage.analytics.asked();
    assert!(asked.iter().any(|asked| asked.status == 413));
    assert!(asked.iter().all(|asked| asked.rows <= 2 || asked.status != 200));
    stage.analytics.be(Mood::Take);
    stage.analytics.then([Mood::Throttle("message.received")]);
    assert_eq!(service.sms("SM9", &person(9), "hello").await, 200);
    let told = stage.analytics.wait(AMPLITUDE, |told| named(told, "message.received").len() == 6);
    let last = told.iter().rposition(|told| told.name == "message.received").expect("told");
    assert!(told[last - 1].name != "message.received", "the others went on meanwhile");
    assert_eq!(metric(&service, "replyflow_sink_rows_total{sink=\"it\",result=\"dropped\"}").await, 0.0);
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_begins_now_or_at_the_start_and_a_removed_one_anew() {
    let stage = Stage::new(&[]);
    let service = stage.serve();
    assert_eq!(service.sms("SM1", &person(1), "before").await, 200);
    stage.provider.wait(LONG, |sent| sent.len() == 1);
    assert!(service.stop(), "what was done is copied to history at the end");
    stage.configure(&[("now", "kind = \"mixpanel\""), ("start", "kind = \"segment\"\nfrom = \"start\"")]);
    let service = stage.serve();
    let told = stage.analytics.wait(SEGMENT, |told| !named(told, "message.sent").is_empty());
    assert_eq!(named(&told, "message.received").len(), 1);
    assert_eq!(service.sms("SM2", &person(2), "after").await, 200);
    // That the first message was sent may have been heard only now.
    let told = stage.analytics.wait(MIXPANEL, |told| !named(told, "message.received").is_empty());
    assert_eq!(named(&told, "message.received").len(), 1, "only what happened since: {told:#?}");
    assert!(service.stop());
    let told = stage.analytics.taken(MIXPANEL);
    stage.configure(&[]);
    assert!(stage.serve().stop());
    stage.configure(&[("now", "kind = \"mixpanel\"")]);
    assert!(stage.serve().stop());
    assert_eq!(stage.analytics.taken(MIXPANEL).len(), told.len(), "nothing is told again or after the event");
}

/// Many people write while services are killed; every row is told, and what is told twice has one id.
async fn storm(store: &str, instances: usize) {
    let (provider, analytics) = (FakeProvider::start(), Analytics::start());
    let more = sink("one", &analytics.url, "kind = \"mixpanel\"\nbatch = 20")
        + sink("two", &analytics.url, "kind = \"amplitude\"\nevents = [\"message.received\"]").as_str();
    let toml = configuration(&format!("{store}\n{LEASES}"), &provider.url, &more);
    let folders: Vec<TempDir> = (0..instances).map(|_| tempfile::tempdir().expect("a folder")).collect();
    for folder in &folders {
        project(folder.path(), &toml, &[("flows/echo.yaml", ECHO)]);
    }
    analytics.be(Mood::Slow(Duration::from_millis(30)));
    let mut services: Vec<Service> = folders.iter().map(|folder| Service::start(folder.path())).collect();
    let mut accepted = 0;
    for death in 0..5 {
        analytics.then([Mood::TakeAndCut, Mood::Status(503)]);
        for n in 0..20 {
            let service = &services[n % instances];
            if service.sms(&format!("SM{death}x{n}"), &person(death * 20 + n), "hello").await == 200 {
                accepted += 1;
            }
        }
        // Some rows are told, some wait, some are in the air.
        let before = analytics.asked().len();
        analytics.wait_asked(|asked| asked.len() >= before + 3);
        let victim = death % instances;
        services.remove(victim).kill9();
        services.insert(victim, Service::start(folders[victim].path()));
    }
    let distinct = |told: &[Told], name: &str| named(told, name).iter().map(|t| t.id.clone()).collect::<BTreeSet<_>>().len();
    for path in [MIXPANEL, AMPLITUDE] {
        analytics.wait(path, |told| distinct(told, "message.received") >= accepted);
    }
    let told = analytics
        .wait(MIXPANEL, |told| distinct(told, "run.started") >= accepted && distinct(told, "message.queued") >= accepted);
    assert_eq!(distinct(&told, "message.received"), accepted);
    assert_eq!((distinct(&told, "run.started"), distinct(&told, "message.queued")), (accepted, accepted));
    let mut same: BTreeMap<&str, &Told> = BTreeMap::new();
    for row in &told {
        let first = same.entry(&row.id).or_insert(row);
        assert_eq!((&first.name, &first.person, &first.properties["time"]), (&row.name, &row.person, &row.properties["time"]));
    }
    assert!(told.len() > same.len(), "something was told twice, or the storm was none");
    for service in services {
        assert!(service.stop(), "a clean stop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_missing_when_the_service_is_killed() {
    storm(EMBEDDED, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_missing_when_instances_on_one_redis_are_killed() {
    let redis = RedisServer::start();
    storm(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()), 2).await;
}

/// The example of the page is a configuration that works, and its table has every name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_right() {
    let page =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integrations.md")).expect("the page");
    let (_, section) = page.split_once("## Sending to analytics services").expect("the section");
    for (name, when) in replyflow::domain::happening::HAPPENINGS {
        assert!(section.contains(&format!("| `{name}` | {when} |")), "{name}");
    }
    let (example, _) = section.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).expect("an example");
    let analytics = Analytics::start();
    let mut toml = String::new();
    for line in example.lines().filter(|line| !line.starts_with("base_url")) {
        toml.push_str(line);
        toml.push('\n');
        if line.starts_with("kind") {
            toml.push_str(&format!("base_url = \"{}\"\n", analytics.url));
        }
    }
    for name in ["MIXPANEL_TOKEN", "SEGMENT_WRITE_KEY", "AMPLITUDE_API_KEY"] {
        toml = toml.replace(name, "TEST_EVENTS_KEY");
    }
    let (folder, provider) = (tempfile::tempdir().expect("a folder"), FakeProvider::start());
    let toml = configuration(&format!("{EMBEDDED}\n{LEASES}"), &provider.url, &toml);
    project(folder.path(), &toml, &[("flows/echo.yaml", ECHO)]);
    let service = Service::start(folder.path());
    for n in 0..2 {
        assert_eq!(service.sms(&format!("SM{n}"), &person(1), "hello").await, 200);
    }
    analytics.wait(MIXPANEL, |told| !named(told, "run.started").is_empty() && named(told, "message.sent").len() == 2);
    let told = analytics.wait(SEGMENT, |told| !named(told, "answer.saved").is_empty());
    assert_eq!(named(&told, "answer.saved")[0].properties["value"], "gold");
    analytics.wait(AMPLITUDE, |told| !named(told, "state.left").is_empty());
    drop(service);
}
