//! The examples of `docs/flow-format.md` are files: written to a folder, checked and played. An example that is out of date
//! fails here.

use crate::support::conversations::play_project;
use replyflow::config::project::Project;
use replyflow::config::{Environment, Secrets, Settings};
use std::fs;
use std::path::Path;

/// The fenced blocks of a page that name a file: ```` ```yaml flows/pizza.yaml ````, ```` ```html templates/pizza.html ````.
fn files(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let name = info.strip_prefix("yaml ").or_else(|| info.strip_prefix("html ")).unwrap_or("").trim();
                open = Some((name.to_owned(), String::new()));
            }
            (Some(_), Some("")) => found.extend(open.take().filter(|(name, _)| !name.is_empty())),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn project() -> Project {
    crate::support::project::of(
        r#"
        [project]
        country = "GB"
        [channels.main-sms]
        provider = "simulator"
        kind = "sms"
        [channels.main-whatsapp]
        provider = "simulator"
        kind = "whatsapp"
        [channels.main-email]
        provider = "simulator"
        kind = "email"
        [api.shop]
        base_url = "https://shop.example"
        [hours.office]
        mon = "09:00-17:30"
        tue = "09:00-17:30"
        wed = "09:00-17:30"
        thu = "09:00-17:30"
        fri = "09:00-17:30"
        [teams.repairs]
        title = "Repairs"
        [teams.payments]
        title = "Payments"
        [attributes]
        vip = "boolean"
        [topics]
        news = "Our weekly letter"
        "#,
    )
}

#[test]
fn the_examples_of_the_flow_format_are_right() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flow-format.md")).expect("the page");
    let files = files(&page);
    assert!(files.len() >= 15, "{} examples", files.len());
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(&name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    play_project(folder.path(), &project()).assert_good();
}

#[test]
fn the_examples_of_journeys_are_right() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/journeys.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("flows")).expect("made");
    let files = files(&page);
    assert!(files.len() >= 6, "{} examples", files.len());
    for (name, text) in files {
        fs::write(folder.path().join(&name), text).expect("written");
    }
    play_project(folder.path(), &project()).assert_good();
}

#[test]
fn the_flow_on_the_first_page_is_right() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(&page);
    assert_eq!(files.len(), 1, "one flow");
    fs::create_dir_all(folder.path().join("flows")).expect("made");
    fs::write(folder.path().join(&files[0].0), &files[0].1).expect("written");
    let test = "test: menu\ncases:\n  hours:\n    - user: hi\n    - bot: { has: What can we do for you? }\n    - user: open\n    - bot: any\n    - end: done\n";
    fs::write(folder.path().join("flows/menu.test.yaml"), test).expect("written");
    play_project(folder.path(), &project()).assert_good();
}

/// What the pages about providers tell operators to write is read as it stands.
#[test]
fn the_channels_on_the_pages_of_providers_are_right() {
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers")).expect("the pages");
    let folder = tempfile::tempdir().expect("a folder");
    let mut count = 0;
    for page in pages {
        let page = page.expect("a page").path();
        let text = fs::read_to_string(&page).expect("text");
        let blocks = text.split("\n```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        for block in blocks.filter(|block| block.contains("[channels.")) {
            let path = folder.path().join("replyflow.toml");
            fs::write(&path, block).expect("written");
            let read = Settings::load(Some(&path), &Environment::default(), Secrets::Tolerated);
            read.map(drop).unwrap_or_else(|wrong| panic!("{}: {wrong}", page.display()));
            count += 1;
        }
    }
    assert!(count >= 4, "{count} configurations");
}

/// Every key that the reader knows and that runs stands somewhere on the page.
#[test]
fn every_key_that_runs_is_on_the_page() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flow-format.md")).expect("the page");
    for key in [
        "flow",
        "title",
        "note",
        "was",
        "languages",
        "channels",
        "needs",
        "vars",
        "start",
        "begin",
        "anytime",
        "defaults",
        "late",
        "interruptible",
        "expires",
        "states",
        "event",
        "webhook",
        "keyword",
        "message",
        "if",
        "contact",
        "key",
        "repeat",
        "busy",
        "with",
        "go",
        "command",
        "say",
        "notify",
        "set",
        "tag",
        "untag",
        "emit",
        "alert",
        "do",
        "ask",
        "answer",
        "show",
        "call",
        "wait",
        "run",
        "save",
        "private",
        "end",
        "again",
        "else",
        "text",
        "choice",
        "yes_no",
        "number",
        "any",
        "label",
        "also",
        "help",
        "min",
        "max",
        "whole",
        "gather",
        "choices",
        "of",
        "pick",
        "from",
        "date",
        "time",
        "moment",
        "phone",
        "country",
        "email",
        "pattern",
        "location",
        "types",
        "api",
        "query",
        "headers",
        "json",
        "form",
        "timeout",
        "retry",
        "for",
        "days",
        "at",
        "until",
        "hours",
        "split",
        "nomatch",
        "silence",
        "undelivered",
        "failed",
        "after",
        "media",
        "name",
        "sms",
        "whatsapp",
        "footer",
        "route",
        "within",
        "kind",
        "topic",
        "provider",
        "approved",
        "params",
        "header",
        "buttons",
        "ids",
        "url",
        "subject",
        "html",
        "deliver",
        "digest",
        "extend",
        "handoff",
    ] {
        let shown = [
            format!("`{key}`"),
            format!("{key}:"),
            format!("`{key} "),
            format!(" {key}`"),
            format!("{key}, "),
            format!(" {key} "),
        ];
        assert!(shown.iter().any(|form| page.contains(form.as_str())), "`{key}` is not on the page");
    }
}
