//! Notifications that are sent by themselves: which version does it, and that every instance can.

use super::rig::{Backend, Rig};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::broadcast::{BroadcastId, Sending};
use replyflow::domain::id::VersionId;
use replyflow::domain::input::OperatorAction;
use replyflow::domain::journal::Event;
use replyflow::domain::name::{Name, Slug};
use replyflow::domain::value::Value;
use replyflow::engine::turn;
use replyflow::flow::load::Sources;
use replyflow::service::NoticeError;
use std::path::Path;

on_every_store!(
    a_notification_of_the_folder_is_sent_by_itself_and_its_text_stays,
    a_notification_of_a_published_flow_is_sent_where_there_is_no_folder,
    what_cannot_be_sent_is_said,
);

const NOTE: &str = "notification: note\nneeds: { what: text }\ntext: New {{ what }}.\n";
const SHOP: &str = "flow: shop\nstart: [ { keyword: shop } ]\nbegin: a\nstates: { a: { notify: { name: note, with: { what: shoes } }, end: done } }\n";
const TOML: &str = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

async fn publish(rig: &Rig, folder: &Path) {
    let sources = Sources::read(folder).expect("reads");
    let publication = rig.core.publish_folder(&sources).await.expect("publishes");
    assert_eq!(publication.checked.errors(), 0, "{:?}", publication.checked.diagnostics);
}

fn notify(version: VersionId, what: &str) -> OperatorAction {
    let with = vec![(Name::parse("what").expect("a name"), Value::text(what))];
    let sending = Some(Box::new(Sending::by(BroadcastId::of(1))));
    OperatorAction::Notify { notification: slug("note"), version, with, sending }
}

async fn a_notification_of_the_folder_is_sent_by_itself_and_its_text_stays(backend: Backend) {
    let rig = Rig::with(backend, turn, |plan| plan.toml = TOML.to_owned()).await;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "templates/note.yaml", NOTE);
    publish(&rig, folder.path()).await;
    let flow = rig.core.notice(&slug("note")).await.expect("there");
    assert_eq!((flow.name.as_str(), flow.variables.len()), ("notify-note", 1));
    assert!(rig.core.versions().catalog().current("notify-note").is_none(), "it is in no list of flows");
    for (contact, id) in [(ANN, "1"), (BEN, "2")] {
        rig.say(contact, id, "hello").await;
    }
    rig.core.operate(rig.key(ANN), notify(flow.version, "hats"), "1").await.expect("stored");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["New hats."]);
    // The file changes: what was named before is as it was, also on an instance that never saw either.
    write(folder.path(), "templates/note.yaml", &NOTE.replace("New", "Brand new"));
    publish(&rig, folder.path()).await;
    let newer = rig.core.notice(&slug("note")).await.expect("there");
    assert_ne!(newer.version, flow.version);
    let other = rig.another_without_flows().await;
    other.operate(rig.key(BEN), notify(flow.version, "hats"), "1").await.expect("stored");
    rig.quiet().await;
    other.operate(rig.key(BEN), notify(newer.version, "hats"), "2").await.expect("stored");
    rig.quiet().await;
    assert_eq!(rig.texts()[1..], ["New hats.", "Brand new hats."]);
    let journal = rig.journal(rig.key(BEN)).await;
    let runs = journal.iter().filter(|event| matches!(event, Event::RunEnded { end, .. } if end == "sent")).count();
    assert_eq!(runs, 2);
    assert!(rig.is_at_rest(rig.key(BEN)).await);
}

async fn a_notification_of_a_published_flow_is_sent_where_there_is_no_folder(backend: Backend) {
    let rig = Rig::with(backend, turn, |plan| plan.toml = TOML.to_owned()).await;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "templates/note.yaml", NOTE);
    write(folder.path(), "flows/shop.yaml", SHOP);
    publish(&rig, folder.path()).await;
    let here = rig.core.notice(&slug("note")).await.expect("there");
    let other = rig.another_without_flows().await;
    assert!(matches!(other.notice(&slug("note")).await, Err(NoticeError::Unknown(_))), "no flow names it there");
    other.follow_publications().await.expect("looks");
    assert_eq!(other.notice(&slug("note")).await.expect("there").version, here.version, "the same files, the same version");
}

async fn what_cannot_be_sent_is_said(backend: Backend) {
    let rig = Rig::with(backend, turn, |plan| plan.toml = TOML.to_owned()).await;
    let unknown = rig.core.notice(&slug("note")).await;
    assert!(matches!(unknown, Err(NoticeError::Unknown(_))), "{unknown:?}");
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "templates/note.yaml", &NOTE.replace("}}", ""));
    let sources = Sources::read(folder.path()).expect("reads");
    rig.core.publish_folder(&sources).await.expect("publishes what is right");
    let broken = rig.core.notice(&slug("note")).await;
    assert!(matches!(broken, Err(NoticeError::Unknown(_))), "{broken:?}");
}
