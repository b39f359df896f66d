//! Flows at the start, events that flows listen to, versions that only the store still has.

use super::echo::echo;
use super::rig::{Backend, Rig};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::input::ContactRef;
use replyflow::domain::name::EventName;
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::flow::load::Sources;
use replyflow::service::publisher::{Publication, Standing, publish};
use replyflow::service::{EventRefused, NewEvent, Received};
use serde_json::json;
use std::path::Path;

on_every_store!(
    a_broken_flow_goes_on_as_it_was_and_says_all_its_mistakes,
    a_run_finds_its_version_in_the_store,
    an_event_goes_to_whom_its_flow_names,
    an_event_that_reaches_nobody_is_refused,
);

const SHOP: &str = "flow: shop\nstart:\n  - event: order.delivered\n    contact: \"{{ event.customer.phone }}\"\nbegin: hello\nstates:\n  hello:\n    say: Hello\n    end: done\n";
const OTHER: &str = "flow: other\nstart:\n  - keyword: other\nbegin: a\nstates:\n  a:\n    say: A\n    end: done\n";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder.join("flows")).expect("made");
    std::fs::write(folder.join("flows").join(name), text).expect("written");
}

async fn published(rig: &Rig, folder: &Path) -> Publication {
    let sources = Sources::read(folder).expect("reads");
    publish(&*rig.store, &sources, &rig.core.world().project).await.expect("publishes")
}

async fn rig(backend: Backend) -> Rig {
    let toml = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    Rig::with(backend, echo, |plan| plan.toml = toml.to_owned()).await
}

async fn a_broken_flow_goes_on_as_it_was_and_says_all_its_mistakes(backend: Backend) {
    let rig = rig(backend).await;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "shop.yaml", SHOP);
    write(folder.path(), "other.yaml", OTHER);
    let first = published(&rig, folder.path()).await;
    assert_eq!(first.checked.errors(), 0, "{:?}", first.checked.diagnostics);
    let Standing::Published(shop) = first.flows["shop"] else { panic!("{:?}", first.flows) };

    write(folder.path(), "shop.yaml", &SHOP.replace("end: done", "go: nowhere").replace("begin: hello", "begin: hallo"));
    write(folder.path(), "new.yaml", "flow: new\nbegin: lost\nstates: {}\n");
    let second = published(&rig, folder.path()).await;
    assert!(second.checked.errors() >= 3, "{:?}", second.checked.diagnostics);
    assert!(matches!(second.flows["shop"], Standing::Before(id) if id == shop), "{:?}", second.flows);
    assert!(matches!(second.flows["other"], Standing::Unchanged(_)), "{:?}", second.flows);
    assert!(matches!(second.flows["new"], Standing::Absent), "{:?}", second.flows);
    let catalog = second.versions.catalog();
    assert_eq!(catalog.current("shop").map(|flow| flow.version), Some(shop));
    assert!(catalog.current("new").is_none());

    write(folder.path(), "shop.yaml", &SHOP.replace("Hello", "Good day"));
    let third = published(&rig, folder.path()).await;
    assert!(matches!(third.flows["shop"], Standing::Published(id) if id != shop), "{:?}", third.flows);
}

async fn a_run_finds_its_version_in_the_store(backend: Backend) {
    let rig = rig(backend).await;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "shop.yaml", SHOP);
    let Standing::Published(old) = published(&rig, folder.path()).await.flows["shop"] else { panic!("not published") };
    // This instance began without any flow; a run on the old version is met.
    rig.say(ANN, "1", &format!("need {old}")).await;
    assert_eq!(rig.texts(), ["on shop"]);
    // A version that nobody has: the contact waits, and nobody else does.
    rig.say(ANN, "2", "need 00000000000000ff").await;
    rig.say(BEN, "3", "hi").await;
    assert_eq!(rig.texts(), ["on shop", "echo hi"]);
    let waiting = rig.store.inspect(rig.key(ANN)).await.expect("looks").expect("a contact");
    assert_eq!(waiting.mailbox.len(), 1);
    for _ in 0..10 {
        rig.pass(Span::seconds(16));
        rig.quiet().await;
    }
    let waiting = rig.store.inspect(rig.key(ANN)).await.expect("looks").expect("a contact");
    assert_eq!((waiting.mailbox.len(), waiting.record.tries), (1, 0), "it still waits and does not look poisoned");
}

fn event(data: serde_json::Value, contact: Option<&str>, id: Option<&str>) -> NewEvent {
    let phone = |phone: &str| replyflow::domain::address::E164::parse(phone).expect("a phone");
    NewEvent {
        name: EventName::parse("order.delivered").expect("a name"),
        contact: contact.map(|c| ContactRef { phone: Some(phone(c)), ..ContactRef::default() }),
        data: Value::from_json(data),
        id: id.map(str::to_owned),
        callback: None,
        mode: replyflow::domain::mode::Mode::Live,
    }
}

async fn an_event_goes_to_whom_its_flow_names(backend: Backend) {
    let toml = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    let first = rig(backend).await;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "shop.yaml", SHOP);
    let catalog = published(&first, folder.path()).await.versions.catalog();
    let rig = Rig::with(backend, echo, |plan| {
        plan.toml = toml.to_owned();
        plan.catalog = (*catalog).clone();
    })
    .await;
    let data = json!({"customer": {"phone": ANN}});
    let once = event(data.clone(), None, Some("order-7"));
    assert_eq!(rig.core.receive_event(once.clone()).await.expect("stored"), [Received::Begun]);
    rig.quiet().await;
    assert_eq!(rig.core.receive_event(once).await.expect("stored"), [Received::Duplicate]);
    rig.quiet().await;
    let to = |rig: &Rig| {
        let calls = rig.network.calls.lock().expect("not poisoned");
        calls.iter().map(|c| super::rig::json(c)["to"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(to(&rig), [ANN]);
    // Named by the event itself, and somebody else by the flow: both hear of it.
    assert_eq!(rig.core.receive_event(event(data.clone(), Some(BEN), None)).await.expect("stored").len(), 2);
    // The same person twice is one.
    assert_eq!(rig.core.receive_event(event(data, Some(ANN), None)).await.expect("stored").len(), 1);
    rig.quiet().await;
    assert_eq!(to(&rig).iter().filter(|t| *t == ANN).count(), 3);
}

async fn an_event_that_reaches_nobody_is_refused(backend: Backend) {
    let first = rig(backend).await;
    let stranger = first.core.receive_event(event(json!({}), None, None)).await;
    assert_eq!(stranger, Ok(Vec::new()), "nobody knows the event: taken, counted and for nobody");
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "shop.yaml", SHOP);
    let catalog = published(&first, folder.path()).await.versions.catalog();
    let toml = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    let rig = Rig::with(backend, echo, |plan| {
        plan.toml = toml.to_owned();
        plan.catalog = (*catalog).clone();
    })
    .await;
    let nobody = rig.core.receive_event(event(json!({}), None, None)).await;
    assert!(matches!(nobody, Err(EventRefused::Contact(_))), "{nobody:?}");
    let large = event(json!({"text": "x".repeat(100_000)}), Some(ANN), None);
    assert_eq!(rig.core.receive_event(large).await, Err(EventRefused::TooLarge));
}
