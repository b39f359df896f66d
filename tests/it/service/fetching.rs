//! Files of contacts: fetched like calls, so that their end always comes back, and kept once however often they are fetched.

use super::echo::echo;
use super::rig::{Backend, Plan, Rig, answer};
use super::{ANN, on_every_store};
use crate::support::patience::LONG;
use regex::Regex;
use replyflow::config::channel::{ProviderSettings, TwilioSettings};
use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::config::secret::Secret;
use replyflow::domain::time::{Millis, Span};
use replyflow::history::{Database, Lines, Writer, owed};
use replyflow::provider::Adapter;
use replyflow::service::forget::Erased;
use replyflow::service::media::Owner;
use replyflow::service::ports::{HttpFailure, Reach};
use replyflow::service::{FileSettings, failed};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tempfile::TempDir;

on_every_store!(
    a_file_is_fetched_and_kept,
    a_file_is_tried_again_and_then_given_up,
    what_will_not_pass_is_not_tried_again,
    a_crash_while_a_file_is_fetched_keeps_it_once,
    a_disk_that_is_full_for_a_while_loses_nothing,
    files_of_the_deleted_are_remembered_by_the_record_and_deleted_when_their_place_is_back,
);

const NAME: &str = "https://talk.example/media/";

async fn rig(backend: Backend) -> (Rig, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let rig = Rig::with(backend, echo, |plan| twilio(plan, &folder.path().join("media"))).await;
    (rig, folder)
}

fn twilio(plan: &mut Plan, folder: &Path) {
    plan.settings.files = Some(FileSettings::folder(folder.to_owned(), "https://talk.example"));
    let whatsapp = Adapter::new(&ProviderSettings::Twilio(TwilioSettings {
        account_sid: "AC1".to_owned(),
        auth_token: Secret::new("token"),
        second_auth_token: None,
        api_key: None,
        signing_keys: Vec::new(),
        from: "+447700900001".to_owned(),
        base_url: "https://api.twilio.com".to_owned(),
    }));
    plan.arrange = Box::new(move |channels| channels["main-whatsapp"].adapter = whatsapp);
}

/// What the flow heard, with the names of files for the links to them.
fn heard(rig: &Rig) -> Vec<String> {
    let signed = Regex::new(r"\?until=[1-9][0-9]{9}&sig=[A-Za-z0-9_-]{22} ").expect("an expression");
    let heard = |text: String| text.starts_with("heard").then(|| signed.replace(&text, " ").into_owned());
    rig.texts().into_iter().filter_map(heard).collect()
}

/// The files that lie there.
fn kept(folder: &TempDir) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(folder.path().join("media")) else { return Vec::new() };
    files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
}

fn asked(rig: &Rig) -> usize {
    let calls = rig.network.calls.lock().expect("not poisoned");
    calls.iter().filter(|call| call.url.starts_with("https://api.twilio.com/ME")).count()
}

async fn passes(rig: &Rig, times: usize) {
    for _ in 0..times {
        rig.quiet().await;
        rig.pass(Span::seconds(35));
    }
}

async fn a_file_is_fetched_and_kept(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    rig.script(|call| {
        assert_eq!((call.method, call.url.as_str()), ("GET", "https://api.twilio.com/ME1"));
        assert!(call.headers.iter().any(|(name, value)| name == "Authorization" && value.starts_with("Basic ")));
        assert_eq!(call.reach, Reach::Anywhere, "an engineer configured it");
        answer(200, "12345")
    });
    rig.say(ANN, "1", "file /ME1").await;
    let [file] = kept(&folder).try_into().expect("one file");
    assert_eq!(heard(&rig), [format!("heard {NAME}{file} 5 after 1")]);
    // The same file again is the same file.
    rig.script(|_| answer(200, "12345"));
    rig.say(ANN, "2", "file /ME2").await;
    assert_eq!(kept(&folder), [file]);
}

async fn a_file_is_tried_again_and_then_given_up(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    for _ in 0..5 {
        rig.script(|_| answer(503, ""));
    }
    rig.deliver(ANN, "1", "file /ME1").await;
    passes(&rig, 8).await;
    assert_eq!((heard(&rig), asked(&rig)), (vec!["heard 5xx after 5".to_owned()], 5));
    assert_eq!(kept(&folder), Vec::<String>::new(), "nothing half-written");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "the flow decides what a missing file means");
}

async fn what_will_not_pass_is_not_tried_again(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    rig.script(|_| answer(404, ""));
    rig.say(ANN, "1", "file /ME1").await;
    rig.script(|_| Err(HttpFailure::TooLarge { status: 200 }));
    rig.say(ANN, "2", "file /ME2").await;
    rig.script(|_| answer(401, ""));
    rig.say(ANN, "3", "file /ME3").await;
    rig.say(ANN, "4", "file .evil.example/ME4").await;
    assert_eq!(
        heard(&rig),
        ["heard gone after 1", "heard too_large after 1", "heard refused_by_provider after 1", "heard not_allowed after 1"]
    );
    assert_eq!((asked(&rig), kept(&folder).len()), (3, 0));
}

async fn a_crash_while_a_file_is_fetched_keeps_it_once(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    rig.script(|_| answer(200, "12345"));
    rig.deliver(ANN, "1", "file /ME1").await;
    rig.tasks.run_only_the_first().await;
    // The request is out; the process dies before it can say what came of it.
    let mut paused = rig.tasks.hold();
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    // The part of the file is made on another thread, which takes its time where the machine is busy.
    let patience = Instant::now();
    while asked(&rig) == 0 && patience.elapsed() < LONG {
        assert!(paused[0].as_mut().poll(context).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(asked(&rig), 1);
    drop(paused);
    rig.script(|_| answer(200, "12345"));
    rig.pass(Span::seconds(61));
    rig.quiet().await;
    let whole = kept(&folder).into_iter().filter(|name| !name.starts_with('.')).collect::<Vec<_>>();
    let [file] = whole.try_into().expect("one file");
    assert_eq!(heard(&rig), [format!("heard {NAME}{file} 5 after 2")]);
}

async fn a_disk_that_is_full_for_a_while_loses_nothing(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    // A file where the folder should be: nothing can be written there.
    std::fs::write(folder.path().join("media"), "").expect("written");
    rig.deliver(ANN, "1", "file /ME1").await;
    rig.quiet().await;
    assert_eq!((heard(&rig).len(), asked(&rig)), (0, 0));
    std::fs::remove_file(folder.path().join("media")).expect("removed");
    rig.script(|_| answer(200, "12345"));
    passes(&rig, 2).await;
    assert_eq!(kept(&folder).len(), 1);
    assert!(heard(&rig)[0].ends_with(" 5 after 2"), "{:?}", heard(&rig));
}

async fn files_of_the_deleted_are_remembered_by_the_record_and_deleted_when_their_place_is_back(backend: Backend) {
    let (rig, folder) = rig(backend).await;
    let (ann, media) = (rig.key(ANN), folder.path().join("media"));
    rig.say(ANN, "1", "hi").await;
    // In the place of the folder is something in which nothing can be looked for, nor noted.
    std::fs::write(&media, b"").expect("written");
    let erased = rig.core.forget(ann, "a test").await.expect("deleted");
    assert!(matches!(&erased, Erased::Done(receipt) if receipt.files_left), "{erased:?}");
    let config =
        HistoryConfig { backend: HistoryBackend::Sqlite { file: folder.path().join("history.db") }, keep: Keep::default() };
    let record = Database::open(&config).await.expect("opens");
    let fed = rig.core.feed_history(&Writer::new(record.clone(), Lines::default(), Keep::default())).await;
    assert_eq!(fed.failed, 0, "nothing else waits for it");
    let [(contact, Millis(until))] = owed::owed(&record, "").await.expect("read")[..] else { panic!("it is not remembered") };
    assert_eq!(contact, ann);
    assert!(rig.core.settle_files(&record).await.is_err(), "it is still away");
    // It is back, with what she sent, and with what was sent by who has begun anew under that name since.
    std::fs::remove_file(&media).expect("removed");
    std::fs::create_dir(&media).expect("made");
    let secret = rig.store.meta().await.expect("looks").contact_secret;
    let begins = Owner::of(&secret, ann).beginning().to_owned();
    let until = UNIX_EPOCH + Duration::from_millis(until.unsigned_abs());
    for (name, at) in [("before", until - Duration::from_secs(5)), ("anew", until + Duration::from_secs(5))] {
        let file = std::fs::File::create(media.join(format!("{begins}-{name}"))).expect("written");
        file.set_modified(at).expect("a time");
    }
    assert_eq!(rig.core.settle_files(&record).await.expect("settled"), 1);
    assert_eq!(kept(&folder), [format!("{begins}-anew")]);
    assert_eq!(rig.core.settle_files(&record).await.expect("settled"), 0, "it is owed no more");
}
