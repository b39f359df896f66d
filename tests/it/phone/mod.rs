//! The page with a phone: its routes, and the page itself in a real browser.

mod browser;
mod page;
mod routes;
mod sight;

use crate::support::live::Service;
use std::fs;
use std::path::Path;

/// What the samples do not have: a long list, a place, a file, a private answer, words after a silence.
const TRYOUT: &str = r#"
flow: tryout
title: Everything that a phone can send
channels: [main-whatsapp]
start: [ { keyword: tryout } ]
begin: fruit
states:
  fruit:
    ask: Which fruit would you like?
    answer: { choice: { apple: Apple, pear: Pear, plum: Plum, cherry: Cherry, quince: Quince } }
    save: fruit
    go: { else: where, nomatch: { again: 1, end: lost }, silence: { after: 1h, say: Are you still there?, again: 1, end: silent }, undelivered: { end: lost } }
  where:
    ask: Where are you?
    answer: location
    save: place
    go: { ok: look, nomatch: { again: 1, end: lost }, silence: { after: 1h, end: silent }, undelivered: { end: lost } }
  look:
    ask: What does it look like?
    answer: media
    save: picture
    go: { ok: pin, nomatch: { again: 1, end: lost }, silence: { after: 1h, end: silent }, undelivered: { end: lost } }
  pin:
    ask: And your secret?
    answer: text
    save: pin
    private: true
    go: { ok: thanks, silence: { after: 1h, end: silent }, undelivered: { end: lost } }
  thanks:
    ask: Are you happy?
    answer: yes_no
    go: { yes: { say: So are we., end: happy }, no: { end: unhappy }, nomatch: { again: 1, end: lost }, silence: { after: 1h, say: We wait for you., again: 1, end: silent }, undelivered: { end: lost } }
"#;

/// The sample project with one more flow, served.
async fn samples() -> Service {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["flows", "templates"] {
        fs::create_dir_all(folder.path().join(name)).expect("made");
        for file in fs::read_dir(root.join(name)).expect("the samples") {
            let file = file.expect("a file");
            fs::copy(file.path(), folder.path().join(name).join(file.file_name())).expect("copied");
        }
    }
    fs::write(folder.path().join("flows/tryout.yaml"), TRYOUT).expect("written");
    let config = fs::read_to_string(root.join("replyflow.toml")).expect("the sample project");
    let config = format!("[server]\nlisten = \"127.0.0.1:0\"\n{config}");
    fs::write(folder.path().join("replyflow.toml"), config).expect("written");
    Service::start_in(folder).await
}
