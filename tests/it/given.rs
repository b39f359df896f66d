//! What a test file gives: the contact, its consent, fakes; and how what stands in a case goes above what stands in the file.

use indexmap::IndexMap;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::message::{DeliveryStatus, InboundContent};
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use replyflow::flow::version::SourceFile;
use replyflow::testing::coverage::Coverage;
use replyflow::testing::transcript::{About, Transcript, append};
use replyflow::testing::{Reports, Texts, World, play, read_script};
use std::sync::Arc;

const PROJECT: &str = "[project]\ncountry = \"GB\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n\
                       [channels.main-whatsapp]\nprovider = \"simulator\"\nkind = \"whatsapp\"\n\
                       [api.shop]\nbase_url = \"https://shop.example\"\n[attributes]\nvip = \"boolean\"\n";

/// The flow `a`, and the notification `n` if there is one.
fn catalog(flow: &str, notification: &str) -> (Arc<Catalog>, Arc<replyflow::config::project::Project>) {
    let source = |file: &str, text: String| SourceFile { file: file.to_owned(), text };
    let mut sources = Sources::default();
    let text = format!("flow: a\nlanguages: [en]\nchannels: [main-sms, main-whatsapp]\n{flow}");
    sources.flows.insert("a".to_owned(), source("flows/a.yaml", text));
    if !notification.is_empty() {
        let text = format!("notification: n\nlanguages: [en]\n{notification}");
        sources.notifications.insert(Slug::parse("n").expect("a name"), source("templates/n.yaml", text));
    }
    let project = crate::support::project::of(PROJECT);
    let checked = check_project(&sources, &project);
    let flows: Vec<_> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    assert_eq!(flows.len(), 1, "{:#?}", checked.diagnostics);
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    (Arc::new(Catalog::new(flows, &current)), Arc::new(project))
}

/// How the cases of a test file go: what failed, by their titles.
fn cases(flow: &str, notification: &str, tests: &str) -> IndexMap<String, Option<String>> {
    let (catalog, project) = catalog(flow, notification);
    let (script, found) = read_script(tests, "flows/a.test.yaml", &["a"]);
    assert!(found.is_empty(), "{found:#?}");
    let results = play(&script.expect("a script"), &catalog, &project, Texts::Compared, &mut Coverage::default());
    results.into_iter().map(|case| (case.title, case.failure.map(|failure| failure.message))).collect()
}

const PLAIN: &str = "start: [{ keyword: go }]\nbegin: w\nstates:\n  w: { say: \"Hi, {{ contact.name ?? 'you' }}\", end: done }\n";

#[test]
fn consent_can_be_given() {
    let flow = "start: [{ keyword: go }]\ndefaults: { undelivered: { end: refused } }\nbegin: w\nstates:\n  \
                w: { deliver: { notify: n }, go: { ok: { end: arrived } } }\n";
    let tests = "test: a
cases:
  agreed:
    given: { contact: { marketing: [sms] } }
    steps: [{ user: go }, { bot: any }, { end: arrived }, { contact: { marketing: [sms] } }]
  agreed to all:
    given: { contact: { marketing: true } }
    steps: [{ user: go }, { bot: any }, { end: arrived }]
  agreed elsewhere:
    given: { channel: main-sms, contact: { marketing: whatsapp } }
    steps: [{ user: go }, { end: refused }]
  never asked:
    steps: [{ user: go }, { end: refused }]
";
    let found = cases(flow, "kind: marketing\ntext: \"News! Reply STOP to end\"\n", tests);
    assert!(found.values().all(Option::is_none), "{found:#?}");
}

#[test]
fn a_fake_of_the_case_must_be_used_and_one_of_the_file_need_not() {
    let tests = "test: a
given: { http: { GET shop/x: { status: 200 } } }
cases:
  of the file: [{ user: go }, { bot: any }, { end: done }]
  of the case:
    given: { http: { GET shop/y: { status: 200 } } }
    steps: [{ user: go }, { bot: any }, { end: done }]
";
    let found = cases(PLAIN, "", tests);
    assert_eq!(found["of the file"], None);
    assert_eq!(found["of the case"].as_deref(), Some("no call used the fake `GET shop/y`"));
}

#[test]
fn a_contact_of_a_case_stands_above_that_of_the_file_field_by_field() {
    let tests = "test: a
given: { channel: main-sms, contact: { phone: \"+447700900999\", name: Ada, language: en, vip: true } }
cases:
  as in the file:
    given: { contact: { timezone: Europe/London } }
    steps: [{ user: go }, { bot: \"Hi, Ada\" }, { contact: { phone: \"+447700900999\", language: en, timezone: Europe/London, vip: true } }]
  another name:
    given: { contact: { name: Bob, vip: false } }
    steps: [{ user: go }, { bot: \"Hi, Bob\" }, { contact: { phone: \"+447700900999\", vip: false } }]
  nobody:
    given: { contact: { name: \"\", language: \"\", vip: null } }
    steps: [{ user: go }, { bot: \"Hi, you\" }, { contact: { name: null, language: null, vip: null } }]
";
    let found = cases(PLAIN, "", tests);
    assert!(found.values().all(Option::is_none), "{found:#?}");
}

#[test]
fn any_message_of_one_kind_of_channel() {
    let tests = "test: a
cases:
  on both:
    channels: [main-sms, main-whatsapp]
    steps: [{ user: go }, { bot: { sms: any, whatsapp: \"Hi, you\" } }, { end: done }]
";
    let found = cases(PLAIN, "", tests);
    assert!(found.values().all(Option::is_none), "{found:#?}");
    let nothing = "test: a\ncases:\n  x: [{ user: go }, { bot: { sms: nothing } }]\n";
    let (_, found) = read_script(nothing, "flows/a.test.yaml", &["a"]);
    assert_eq!(found.iter().map(|d| d.code.0).collect::<Vec<_>>(), [103]);
}

const READ: &str = "start: [{ keyword: go }]\nbegin: w\nstates:\n  w:\n    \
                    deliver: { notify: n, until: read, within: 1h }\n    go: { ok: { end: read }, undelivered: { end: unread } }\n";

/// A conversation in which this is reported of the only message, and then two hours pass.
fn reported(statuses: &[DeliveryStatus]) -> (Transcript, Vec<String>) {
    let (catalog, project) = catalog(READ, "text: hello\n");
    let who = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let mut world = World::new(catalog.clone(), project.clone(), Millis(1_772_445_600_000)).reporting(Reports::Never);
    let channel = ChannelName::parse("main-sms").expect("a channel");
    world.write(&who, &channel, "go".to_owned(), InboundContent::Text).expect("written");
    for status in statuses {
        world.wait(Span::minutes(5)).expect("waited");
        world.report(&who, *status).expect("reported");
    }
    world.wait(Span::hours(2)).expect("waited");
    let ends = world.ended.iter().map(|ended| ended.end.clone()).collect();
    (Transcript::of(&world.journal, &About::flow(Slug::parse("a").expect("a name"))), ends)
}

#[test]
fn a_message_that_was_read_is_read_in_the_test_that_is_kept() {
    use DeliveryStatus::{Delivered, Read, Sent};
    // The file says of its contact what does not hold for this one.
    let file = "test: a\ngiven: { contact: { name: Ada, language: en, vip: true } }\ncases:\n  none: []\n";
    for (statuses, end, step) in [
        (&[Sent, Delivered, Read][..], "read", "- status: read"),
        (&[Delivered], "unread", "- status: delivered"),
        (&[Sent], "unread", "- status: sent"),
    ] {
        let (transcript, ends) = reported(statuses);
        assert_eq!(ends, [end]);
        assert!(transcript.lost.is_empty(), "{:?}", transcript.lost);
        let kept = append(file, &transcript, "kept").expect("appended").source;
        assert_eq!(kept.matches("- status:").count(), 1, "{kept}");
        assert!(kept.contains(step) && kept.contains(&format!("- end: {end}")), "{kept}");
        let found = cases(READ, "text: hello\n", &kept);
        assert_eq!(found["kept"], None, "{kept}");
    }
}
