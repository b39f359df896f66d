//! Conversation tests of notifications with routes: what `bot`, `status` and `wait` say of them.

use crate::support::{conversations::play_project, project};
use replyflow::testing::CaseResult;
use std::fs;
use std::path::Path;

const FLOW: &str = r#"
flow: order
channels: [main-whatsapp, main-sms]
needs: { order_id: text }
start:
  - { event: order.paid, contact: "{{ event.phone }}", with: { order_id: "{{ event.id }}" } }
begin: told
states:
  told:
    deliver: { notify: paid, until: delivered, within: 10m }
    go: { ok: ask, undelivered: { alert: "Nobody told {{ contact.phone }}", end: lost } }
  ask:
    ask: { notify: how }
    answer: { choice: { good: Good, bad: Bad } }
    go:
      good: { say: Thank you, end: good }
      bad: { end: bad }
      nomatch: { again: 1, end: odd }
      silence: { after: 1h, end: silent }
      undelivered: { end: unasked }
"#;
const PAID: &str = r#"
notification: paid
needs: { order_id: text }
route: [whatsapp, sms]
until: delivered
within: 2m
text: "Order {{ order_id }} is paid."
whatsapp: { approved: { name: paid_v1, languages: { en: en }, params: ["{{ order_id }}"] } }
"#;
const HOW: &str = r#"
notification: how
route: [whatsapp, sms]
within: 2m
until: delivered
text: "How was it?"
whatsapp: { approved: { name: how_v1, languages: { en: en }, buttons: [good, bad] } }
"#;
const HEAD: &str = r#"
test: order
given: { now: 2026-03-02T10:00:00Z }
cases:
"#;

const PAID_EVENT: &str = r#"    - event: order.paid
      data: { id: A1, phone: "+447700900123" }
"#;

fn played(cases: &str) -> Vec<CaseResult> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text.trim_start()).expect("written");
    };
    write("flows/order.yaml", FLOW);
    write("templates/paid.yaml", PAID);
    write("templates/how.yaml", HOW);
    write("flows/order.test.yaml", &format!("{HEAD}{}", cases.replace("    - PAID\n", PAID_EVENT)));
    let project = project::of(
        "[channels.main-whatsapp]\nprovider = \"simulator\"\nkind = \"whatsapp\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n",
    );
    let path: &Path = folder.path();
    play_project(path, &project).results.into_iter().flat_map(|(_, cases)| cases).collect()
}

fn failures(cases: &str) -> Vec<String> {
    played(cases).into_iter().filter_map(|case| Some(format!("{}: {}", case.title, case.failure?.message))).collect()
}

#[test]
fn routes_are_tested_like_any_conversation() {
    let cases = r#"
  delivered unless a step says otherwise:
    - PAID
    - bot: { approved: paid_v1, notify: paid, channel: main-whatsapp }
    - bot: { approved: how_v1, buttons: [good, bad] }
    - user: { press: good, channel: main-whatsapp }
    - bot: Thank you
    - end: good
  no report in time:
    - PAID
    - bot: { approved: paid_v1 }
    - status: sent
    - at: told
    - wait: 2m
    - bot: { text: "Order A1 is paid.", notify: paid, channel: main-sms }
    - bot: { approved: how_v1 }
    - wait: 1h
    - end: silent
  a failure, at once:
    - PAID
    - bot: { approved: paid_v1 }
    - status: failed
    - bot: { channel: main-sms }
    - status: failed
    - alert: any
    - end: lost
  a question moves on as well:
    - PAID
    - bot: any
    - bot: { approved: how_v1 }
    - status: failed
    - bot: "How was it?\n1 Good\n2 Bad"
    - user: { text: "2", channel: main-sms }
    - end: bad
  only a used-up route is undelivered:
    - PAID
    - bot: any
    - bot: any
    - status: sent
    - wait: 2m
    - bot: { channel: main-sms }
    - status: sent
    - wait: 2m
    - end: unasked
"#;
    assert_eq!(failures(cases), Vec::<String>::new());
}

#[test]
fn a_test_that_expects_another_way_fails() {
    let cases = r#"
  another template:
    - PAID
    - bot: { approved: paid_v2 }
  a second message that is not sent:
    - PAID
    - bot: any
    - bot: any
    - wait: 5m
    - bot: { channel: main-sms }
  one that no step expects:
    - PAID
    - bot: any
    - status: failed
    - wait: 1s
"#;
    let failures = failures(cases);
    assert_eq!(failures.len(), 3, "{failures:#?}");
    assert!(failures[0].contains("expected the approved template `paid_v2`, it is `paid_v1`"), "{failures:#?}");
    assert!(failures[1].contains("none came"), "{failures:#?}");
    assert!(failures[2].contains("a message that no step expects"), "{failures:#?}");
}
