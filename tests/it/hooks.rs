//! Reports to other systems by the real service over real HTTP: signed, again after a failure, given up visibly, and none lost
//! when the service dies.

use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::receiver::{Answer, Receiver};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const STORE: &str = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"\nsend_lease = \"4s\"\nclaim_lease = \"1s\"";
const ECHO: &str = r#"
flow: echo
languages: [en]
start:
  - message: any
begin: ask
states:
  ask:
    ask: "You wrote: {{ reply.text }}"
    answer: any
    go: { ok: ask, silence: { after: 1d, end: silent } }
"#;

struct Stage {
    folder: TempDir,
    provider: FakeProvider,
    receiver: Receiver,
}

impl Stage {
    /// The endpoints `crm` and `log`, at `/crm` and `/log`.
    fn new(more: &str) -> Self {
        let (folder, provider, receiver) = (tempfile::tempdir().expect("a folder"), FakeProvider::start(), Receiver::start());
        let endpoint = |name: &str| {
            let url = &receiver.url;
            format!(
                "[endpoints.{name}]\nurl = \"{url}/{name}\"\nevents = [\"message.*\"]\nallow_private = true\n\
                 secrets = [{{ env = \"TEST_HOOK_SECRET\" }}]\ntimeout = \"3s\"\nretry_first = \"100ms\"\nin_flight = 10\n"
            )
        };
        let more = format!("{}{}{more}", endpoint("crm"), endpoint("log"));
        project(folder.path(), &configuration(STORE, &provider.url, &more), &[("flows/echo.yaml", ECHO)]);
        Stage { folder, provider, receiver }
    }

    fn serve(&self) -> Service {
        Service::start(self.folder.path())
    }
}

fn person(n: usize) -> String {
    format!("+4474001{n:05}")
}

#[tokio::test]
async fn reports_are_signed_and_tell_each_step_once() {
    let stage = Stage::new("");
    let service = stage.serve();
    assert_eq!(service.sms("SM1", &person(1), "hello").await, 200);
    let came = stage.receiver.wait("/crm", |came| came.len() >= 2);
    let kinds: BTreeSet<&str> = came.iter().map(|c| c.kind()).collect();
    assert_eq!(kinds, ["message.queued", "message.sent"].into());
    assert!(came.iter().all(|c| c.signed), "{came:#?}");
    assert_eq!(came[0].body["data"]["contact"]["phone"], person(1));
    assert_eq!(came[0].body["data"]["flow"], "echo");
    assert_eq!(service.sms("SM2", &person(1), "again").await, 200);
    let came = stage.receiver.wait("/crm", |came| came.len() >= 5);
    assert_eq!(came.iter().filter(|c| c.kind() == "message.replied").count(), 1, "{came:#?}");
    assert_eq!(came.iter().map(|c| &c.id).collect::<BTreeSet<_>>().len(), 5, "each is a report of its own");
    let log = service.log();
    assert!(!log.contains("4474001") && !log.contains("whsec") && !log.contains("MfKQ"), "{log}");
}

#[tokio::test]
async fn an_endpoint_that_is_down_holds_up_nobody_and_hears_all_later() {
    let stage = Stage::new("");
    stage.receiver.answers("/crm", Answer::Silence);
    let service = stage.serve();
    for n in 0..10 {
        assert_eq!(service.sms(&format!("SM{n}"), &person(n), "hello").await, 200);
    }
    stage.provider.wait(LONG, |sent| sent.len() == 10);
    let fine = stage.receiver.wait("/log", |came| came.len() >= 20);
    assert_eq!(fine.len(), 20, "none twice where nothing failed");
    for answer in [Answer::Status(500), Answer::Redirect(format!("{}/log", stage.receiver.url)), Answer::Later(429, "1")] {
        stage.receiver.answers("/crm", answer);
        let before = stage.receiver.came("/crm").len();
        stage.receiver.wait("/crm", |came| came.len() > before);
    }
    assert_eq!(stage.receiver.came("/log").len(), 20, "a redirect is not followed");
    let healed = stage.receiver.came("/crm").len();
    stage.receiver.answers("/crm", Answer::Huge);
    let all = stage.receiver.wait("/crm", |came| {
        let after: BTreeSet<_> = came[healed.min(came.len())..].iter().map(|c| &c.id).collect();
        after.len() == 20
    });
    let bodies: BTreeMap<&str, BTreeSet<String>> = all.iter().fold(BTreeMap::new(), |mut map, came| {
        map.entry(came.id.as_str()).or_insert_with(BTreeSet::new).insert(came.body.to_string());
        map
    });
    assert_eq!(bodies.len(), 20, "a repetition has the same id");
    assert!(bodies.values().all(|bodies| bodies.len() == 1) && all.iter().all(|c| c.signed), "and the same body");
}

#[tokio::test]
async fn what_is_gone_is_given_up_visibly_and_an_operator_can_send_it_again() {
    let stage = Stage::new("");
    stage.receiver.answers("/crm", Answer::Status(410));
    let service = stage.serve();
    assert_eq!(service.sms("SM1", &person(1), "hello").await, 200);
    stage.receiver.wait("/crm", |came| came.len() == 2);
    let listed = || command(stage.folder.path(), &["failed", "list"]);
    let begun = std::time::Instant::now();
    let failed = loop {
        let failed = listed();
        if failed.matches(" to crm").count() == 2 {
            break failed;
        }
        assert!(begun.elapsed() < LONG, "{failed}");
    };
    assert!(failed.contains("message.queued to crm") && !failed.contains("74001"), "{failed}");
    assert_eq!(stage.receiver.came("/crm").len(), 2, "once each");
    stage.receiver.answers("/crm", Answer::Status(204));
    let ids = failed.lines().filter(|line| line.contains(" to crm"));
    let ids: Vec<&str> = ids.filter_map(|line| line.split_whitespace().find(|word| word.len() == 43)).collect();
    assert_eq!(ids.len(), 2, "{failed}");
    for id in ids {
        command(stage.folder.path(), &["failed", "retry", id]);
    }
    let came = stage.receiver.wait("/crm", |came| came.len() == 4);
    assert_eq!(came.iter().map(|c| &c.id).collect::<BTreeSet<_>>().len(), 2, "under the same ids");
    assert!(!listed().contains(" to crm"));
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_report_is_lost_or_decided_twice_when_the_service_is_killed() {
    let stage = Stage::new("");
    let mut service = stage.serve();
    let mut sent = 0;
    for death in 0..5 {
        for _ in 0..12 {
            if service.sms(&format!("SM{sent}"), &person(sent), "hello").await == 200 {
                sent += 1;
            }
        }
        // Some reports are out, some wait, some are in the air.
        let before = death * 12;
        stage.receiver.wait("/crm", |came| came.len() > before);
        service.kill9();
        service = stage.serve();
    }
    let told = |path: &str, kind: &str| {
        let mut by_message: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for came in stage.receiver.came(path).iter().filter(|came| came.kind() == kind) {
            let message = came.body["data"]["message"].as_str().expect("a message").to_owned();
            by_message.entry(message).or_default().insert(came.id.clone());
        }
        by_message
    };
    for path in ["/crm", "/log"] {
        let all = |came: &[crate::support::receiver::Came]| {
            let queued = came.iter().filter(|c| c.kind() == "message.queued").map(|c| &c.body["data"]["message"]);
            queued.map(ToString::to_string).collect::<BTreeSet<_>>().len() == sent
        };
        stage.receiver.wait(path, all);
        let queued = told(path, "message.queued");
        assert!(queued.values().all(|ids| ids.len() == 1), "decided once, however often it was sent: {queued:?}");
        let left = told(path, "message.sent");
        assert!(left.values().all(|ids| ids.len() == 1), "{left:?}");
    }
    drop(service);
}
