//! Marketing that waited for longer than its hours lasted: it leaves inside of them, and holds up nothing meanwhile.

use super::echo::echo;
use super::rig::{Backend, Rig, answer};
use super::{ANN, on_every_store};
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::FailureReason;
use replyflow::domain::time::Span;
use replyflow::engine::turn;
use replyflow::flow::load::Sources;
use replyflow::service::failed;
use std::path::Path;

on_every_store!(
    what_did_not_leave_in_time_leaves_in_the_next_hours_and_holds_up_nothing,
    what_its_contact_does_not_hold_fails_visibly,
);

/// It begins at midnight; marketing may be sent for a minute.
const TOML: &str = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n
[hours.night]\nmon = \"00:00-00:01\"\ntue = \"00:00-00:01\"\nwed = \"00:00-00:01\"\nthu = \"00:00-00:01\"\n
fri = \"00:00-00:01\"\nsat = \"00:00-00:01\"\nsun = \"00:00-00:01\"\n
[marketing]\nhours = \"night\"\n";
const NEWS: &str = "flow: news\nchannels: [main-sms]\nstart: [ { keyword: news } ]\nbegin: a
states: { a: { do: [ { set: { contact.marketing: true } }, { notify: note } ], end: done } }\n";
const HELLO: &str =
    "flow: hello\nchannels: [main-sms]\nstart: [ { keyword: hello } ]\nbegin: a\nstates: { a: { say: Hello, end: done } }\n";
const NOTE: &str = "notification: note\nkind: marketing\ntext: News. STOP ends it.\n";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

async fn rig(backend: Backend, note: &str) -> Rig {
    let rig = Rig::with(backend, turn, |plan| plan.toml = TOML.to_owned()).await;
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("flows/news.yaml", NEWS), ("flows/hello.yaml", HELLO), ("templates/note.yaml", note)] {
        write(folder.path(), name, text);
    }
    let sources = Sources::read(folder.path()).expect("reads");
    let publication = rig.core.publish_folder(&sources).await.expect("publishes");
    assert_eq!(publication.checked.errors(), 0, "{:?}", publication.checked.diagnostics);
    rig
}

fn too_fast(rig: &Rig) {
    rig.script(|_| {
        let mut told = answer(429, "{}")?;
        told.headers.push(("retry-after".to_owned(), "120".to_owned()));
        Ok(told)
    });
}

async fn what_did_not_leave_in_time_leaves_in_the_next_hours_and_holds_up_nothing(backend: Backend) {
    let rig = rig(backend, NOTE).await;
    too_fast(&rig);
    rig.say(ANN, "1", "news").await;
    assert_eq!(rig.texts(), ["News. STOP ends it."], "the provider did not take it");
    rig.pass(Span::seconds(125));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1, "the minute is over");
    rig.say(ANN, "2", "hello").await;
    rig.quiet().await;
    assert_eq!(rig.texts()[1..], ["Hello"], "the conversation goes on");
    rig.pass(Span::hours(23));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 2);
    rig.pass(Span::minutes(58));
    rig.quiet().await;
    assert_eq!(rig.texts()[2..], ["News. STOP ends it."]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "nobody has to look after it");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn what_its_contact_does_not_hold_fails_visibly(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.toml = TOML.to_owned()).await;
    too_fast(&rig);
    rig.say(ANN, "1", "night news").await;
    rig.pass(Span::seconds(125));
    rig.quiet().await;
    assert_eq!((rig.texts().len(), failed::list(&*rig.store, 10).await.expect("lists").len()), (1, 1));
    let said = |event: &Event| {
        let reason = AttemptOutcome::Failed { reason: FailureReason::Limit };
        matches!(event, Event::Attempted { outcome, detail: Some(words), .. } if *outcome == reason && words.contains("`night`"))
    };
    assert!(rig.journal(rig.key(ANN)).await.iter().any(said));
}
