//! Publishing without fear: the command, what running services make of it, live runs that stay, go over or end, a share first, and the way back.

use crate::support::command::replyflow_in;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::LONG;
use crate::support::redis::RedisServer;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Two questions; the words tell the versions apart.
fn talk(word: &str) -> String {
    format!(
        "flow: talk\nlanguages: [en]\nchannels: [main-sms]\nstart: [{{ keyword: talk }}]\nbegin: first\n\
         defaults: {{ silence: {{ after: 1h, end: silent }}, undelivered: {{ end: undelivered }} }}\nstates:\n  \
         first:\n    ask: First {word}?\n    answer: any\n    go: second\n  \
         second:\n    ask: Second {word}?\n    answer: any\n    go: {{ ok: {{ end: done }} }}\n"
    )
}

fn call() -> String {
    format!("{SIMULATED}\n[publish]\nfrom = \"call\"\n")
}

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("flows/talk.yaml"), text).expect("written");
}

fn publish(folder: &Path, more: &[&str]) -> String {
    let (out, code) = replyflow_in(folder, &[&["publish", "--yes"], more].concat());
    assert_eq!(code, 0, "{more:?}: {out}");
    out
}

/// Somebody new begins until the answer is this; their number.
async fn begins(service: &Service, n: &mut u32, word: &str) -> String {
    let begun = Instant::now();
    loop {
        *n += 1;
        let from = format!("+4477009{n:05}");
        assert_eq!(service.write("main-sms", &from, &format!("m{n}"), "talk").await.status(), 200);
        // Nothing is answered as long as nothing is published.
        let said = tokio::time::timeout(Duration::from_secs(2), service.shown(&from, 1)).await;
        if said.as_ref().is_ok_and(|said| said[0] == format!("First {word}?")) {
            return from;
        }
        assert!(begun.elapsed() < LONG, "still {said:?}, not {word}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_by_the_command_runs_within_seconds_and_live_runs_go_as_it_says() {
    let service = Service::start(&call(), &[("talk", &talk("one"))]).await;
    let (folder, mut n) = (service.folder().to_path_buf(), 0);
    let (out, code) = replyflow_in(&folder, &["publish", "--dry-run"]);
    assert_eq!((code, out.contains("It was never published.")), (0, true), "{out}");
    let (out, code) = replyflow_in(&folder, &["publish"]);
    assert_eq!((code, out.contains("talk")), (2, true), "nobody is there to ask: {out}");
    assert!(publish(&folder, &["--note", "the first one"]).contains("publication 1"));
    let (stays, moves) = (begins(&service, &mut n, "one").await, begins(&service, &mut n, "one").await);
    assert_eq!(publish(&folder, &[]), "Nothing to publish: every flow runs as the folder has it.\n");

    // The folder alone changes nothing.
    write(&folder, &talk("two"));
    let (out, code) = replyflow_in(&folder, &["publish", "--dry-run", "talk"]);
    assert_eq!(code, 0, "{out}");
    for words in ["2 texts changed", "- First one?", "+ First two?", "2 live runs on", "stay on their version"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let third = begins(&service, &mut n, "one").await;
    publish(&folder, &["talk"]);
    begins(&service, &mut n, "two").await;
    service.write("main-sms", &stays, "s1", "x").await;
    assert_eq!(service.shown(&stays, 2).await[1], "Second one?", "it stays on its version");

    write(&folder, &talk("three"));
    publish(&folder, &["talk", "--runs", "move", "--note", "everybody gets it"]);
    begins(&service, &mut n, "three").await;
    service.write("main-sms", &moves, "g1", "x").await;
    assert_eq!(service.shown(&moves, 2).await[1], "Second three?", "it goes over at its next question");

    // Back: the version before, and whoever is on the one that is left goes over too.
    let out = publish(&folder, &["--rollback", "talk", "--runs", "move", "--note", "too many"]);
    assert!(out.contains("publication 4"), "{out}");
    begins(&service, &mut n, "two").await;
    service.write("main-sms", &third, "t1", "x").await;
    assert_eq!(service.shown(&third, 2).await[1], "Second two?");

    let (out, code) = replyflow_in(&folder, &["publications", "talk"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{out}");
    for words in ["the first one", "everybody gets it", "other runs move", "rollback by", "too many"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let (out, _) = replyflow_in(&folder, &["publications", "talk", "--format", "json"]);
    let log: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(log["publications"][0]["publication"]["how"], "rollback");
    assert_eq!(replyflow_in(&folder, &["publications", "nobody"]).1, 1);

    publish(&folder, &["--retire", "talk"]);
    let begun = Instant::now();
    loop {
        n += 1;
        let from = format!("+4477009{n:05}");
        service.write("main-sms", &from, &format!("r{n}"), "talk").await;
        if tokio::time::timeout(Duration::from_millis(1_500), service.shown(&from, 1)).await.is_err() {
            break;
        }
        assert!(begun.elapsed() < LONG, "runs still begin");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_new_runs_is_the_same_people_and_is_raised_and_taken_back() {
    let service = Service::start(&call(), &[("talk", &talk("one"))]).await;
    let (folder, mut n) = (service.folder().to_path_buf(), 0);
    let (out, code) = replyflow_in(&folder, &["publish", "talk", "--yes", "--share", "50%"]);
    assert_eq!((code, out.contains("needs a version for all others")), (1, true), "{out}");
    publish(&folder, &[]);
    begins(&service, &mut n, "one").await;
    write(&folder, &talk("two"));
    let (out, code) = replyflow_in(&folder, &["publish", "talk", "--yes", "--share", "50%", "--runs", "move"]);
    assert_eq!((code, out.contains("stay on their version")), (2, true), "{out}");
    assert!(publish(&folder, &["talk", "--share", "50%"]).contains("50 % of new runs"));
    begins(&service, &mut n, "two").await;
    let mut of: Vec<(String, String)> = Vec::new();
    for _ in 0..16 {
        n += 1;
        let from = format!("+4477009{n:05}");
        service.write("main-sms", &from, &format!("a{n}"), "talk").await;
        of.push((from.clone(), service.shown(&from, 1).await[0].clone()));
    }
    assert!(of.iter().any(|(_, said)| said == "First one?") && of.iter().any(|(_, said)| said == "First two?"), "{of:?}");
    // The same person again: the same way.
    for (i, (from, said)) in of.iter().take(4).enumerate() {
        for (j, text) in ["x", "y", "talk"].into_iter().enumerate() {
            service.write("main-sms", from, &format!("b{i}{j}"), text).await;
        }
        assert_eq!(service.shown(from, 3).await[2], *said);
    }
    let tried = replyflow_in(&folder, &["publish", "--rollback", "talk", "--dry-run"]).0;
    assert!(tried.contains("First one?") && !tried.contains("Nothing changes"), "what the share had goes: {tried}");
    publish(&folder, &["--rollback", "talk"]);
    let out = replyflow_in(&folder, &["publications", "talk", "--limit", "1"]).0;
    assert!(out.contains("rollback") && !out.contains("of new runs"), "{out}");
    let (twos, begun) = (of.iter().find(|(_, said)| said == "First two?").expect("one"), Instant::now());
    loop {
        n += 1;
        let said = begins(&service, &mut n, "one").await;
        assert!(!said.is_empty());
        // Whoever was in the share begins on the whole version again.
        for text in ["p", "q", "talk"] {
            service.write("main-sms", &twos.0, &format!("c{n}{text}"), text).await;
        }
        if service.shown(&twos.0, 3).await.last().is_some_and(|said| said == "First one?")
            || begun.elapsed() > Duration::from_secs(5)
        {
            break;
        }
    }
    publish(&folder, &["talk"]);
    begins(&service, &mut n, "two").await;
    service.stop().await;
}

#[test]
fn mistakes_are_shown_and_nothing_is_published() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("flows")).expect("made");
    fs::write(folder.path().join("replyflow.toml"), call()).expect("written");
    write(folder.path(), &talk("one").replace("go: second", "go: nowhere"));
    fs::write(
        folder.path().join("flows/fine.yaml"),
        talk("x").replace("flow: talk", "flow: fine").replace("keyword: talk", "keyword: fine"),
    )
    .expect("written");
    let (out, code) = replyflow_in(folder.path(), &["publish", "--yes"]);
    assert_eq!((code, out.contains("RF104")), (1, true), "{out}");
    assert!(out.contains("mistakes in talk"), "{out}");
    assert_eq!(replyflow_in(folder.path(), &["publications", "fine"]).1, 1, "the sound one neither");
    assert_eq!(replyflow_in(folder.path(), &["publish", "--yes", "fine"]).1, 0, "unless it is named");
    let (out, code) = replyflow_in(folder.path(), &["publish", "--yes", "lost"]);
    assert_eq!((code, out.contains("There are: fine, talk")), (2, true), "{out}");
    let (out, code) = replyflow_in(folder.path(), &["publish", "--yes", "--rollback", "fine"]);
    assert_eq!((code, out.contains("no version before")), (1, true), "{out}");
    let (out, code) = replyflow_in(folder.path(), &["publish", "--dry-run", "fine", "--format", "json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &json["flows"]), (0, &serde_json::json!([])));
}

/// The channel that the version before speaks over was given up since.
#[test]
fn what_could_not_be_published_any_more_is_said_before_it_is_gone_back_to() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("flows")).expect("made");
    let config = folder.path().join("replyflow.toml");
    let old = "[channels.old-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    fs::write(&config, format!("{}{old}", call())).expect("written");
    write(folder.path(), &talk("one").replace("[main-sms]", "[main-sms, old-sms]"));
    publish(folder.path(), &[]);
    write(folder.path(), &talk("two"));
    publish(folder.path(), &[]);
    let back = ["publish", "--rollback", "talk", "--dry-run"];
    let (out, code) = replyflow_in(folder.path(), &back);
    assert!(code == 0 && !out.contains("mistakes"), "{out}");
    fs::write(&config, call()).expect("written");
    let (out, code) = replyflow_in(folder.path(), &back);
    assert!(
        code == 0 && out.contains("old-sms") && out.contains("flows/talk.yaml:3") && out.contains("has these mistakes"),
        "{out}"
    );
    let (out, _) = replyflow_in(folder.path(), &[&back[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert!(json["flows"][0]["mistakes"][0].as_str().is_some_and(|said| said.contains("old-sms")), "{out}");
    // Whoever says yes to it knows.
    assert!(publish(folder.path(), &["--rollback", "talk"]).contains("publication 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_on_one_redis_take_a_publication() {
    let redis = RedisServer::start();
    let config = format!("{}\n[store]\nkind = \"redis\"\nurl = \"{}\"\n", call(), redis.url());
    let (one, two) = (Service::start(&config, &[("talk", &talk("one"))]).await, Service::start(&config, &[]).await);
    let (mut n, mut m) = (0, 5_000);
    publish(one.folder(), &[]);
    begins(&one, &mut n, "one").await;
    begins(&two, &mut m, "one").await;
    write(one.folder(), &talk("two"));
    publish(one.folder(), &["--note", "both"]);
    begins(&two, &mut m, "two").await;
    begins(&one, &mut n, "two").await;
    let (a, b) = (one.stop().await, two.stop().await);
    // It is there for whoever starts later, whatever is in their folder.
    let three = Service::start(&config, &[]).await;
    begins(&three, &mut m, "two").await;
    three.stop().await;
    drop((a, b));
}
