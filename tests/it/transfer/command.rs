//! `replyflow admin move` as people call it.

use crate::support::command::replyflow_in;
use crate::support::redis::RedisServer;
use std::path::Path;
use tempfile::TempDir;

const CHANNEL: &str = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";

/// A project whose embedded store has one contact in it, left there by a service that ran.
async fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("replyflow.toml"), CHANNEL).expect("written");
    let settings = replyflow::store::StoreSettings::default();
    let store = replyflow::store::EmbeddedStore::open(&folder.path().join("data"), settings).expect("opens");
    use crate::conformance::world::{contact, input};
    use replyflow::store::Store as _;
    store.accept(input(contact(1), "m1")).await.expect("accepts");
    drop(store);
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (String, i32) {
    replyflow_in(folder, arguments)
}

#[tokio::test]
async fn a_store_is_moved_by_the_command() {
    let folder = project().await;
    let server = RedisServer::start();
    let url = server.url();
    let (output, code) = run(folder.path(), &["admin", "move", "--to", url.trim_end_matches('/')]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("1  contacts\n") && output.contains("1  mailboxes\n") && output.contains("Both stores are the same"),
        "{output}"
    );
    // Nothing starts on the old one, and it says where the new one is.
    let (output, code) = run(folder.path(), &["failed", "list"]);
    assert!(code == 1 && output.contains("moved into another store"), "{output}");
    let (output, code) = run(folder.path(), &["admin", "move", "--to", url.trim_end_matches('/')]);
    assert!(code == 1 && output.contains("was moved into Redis at 127.0.0.1") && output.contains("[store]"), "{output}");
    // Back again, from a project that names Redis; into a file's [store].
    let back = tempfile::tempdir().expect("a folder");
    std::fs::write(back.path().join("replyflow.toml"), format!("{CHANNEL}[store]\nkind = \"redis\"\nurl = \"{url}\"\n"))
        .expect("written");
    std::fs::write(back.path().join("new.toml"), "[store]\npath = \"kept\"\n").expect("written");
    let (output, code) = run(back.path(), &["admin", "move", "--to", "new.toml", "--format", "json"]);
    assert_eq!(code, 0, "{output}");
    let json: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((&json["things"]["contacts"], &json["things"]["mailboxes"]), (&1.into(), &1.into()));
    assert!(back.path().join("kept/replyflow.db").is_file());
    let (output, code) = run(back.path(), &["admin", "move", "--give-up"]);
    assert!(code == 0 && output.contains("can be used again"), "{output}");
    let (output, code) = run(back.path(), &["failed", "list"]);
    assert!(code == 0 && output.contains("Nothing has failed"), "{output}");
}

#[tokio::test]
async fn what_cannot_be_moved_is_said_in_a_line_with_a_hint() {
    let folder = project().await;
    for (arguments, code, says) in [
        (&["admin", "move"][..], 2, "--to"),
        (&["admin", "move", "--to", "data"], 2, "the store is there already"),
        (&["admin", "move", "--to", "redis://user:secret@localhost"], 2, "--to"),
        (&["admin", "move", "--to", "10.0.0.5:6379"], 2, "does not look like a folder"),
        (&["admin", "move", "--to", "new.yaml"], 2, "does not look like a folder"),
        (&["admin", "move", "--to", "missing.toml"], 2, "there is no file missing.toml"),
        (&["admin", "move", "--to", "redis://127.0.0.1:1"], 1, "the store that it is to be moved into"),
    ] {
        let (output, ended) = run(folder.path(), arguments);
        assert!(ended == code && output.contains(says), "{arguments:?}: {ended}: {output}");
        assert!(!output.contains("secret@"), "{output}");
    }
}
