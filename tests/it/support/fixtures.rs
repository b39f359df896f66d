//! What the checker is shown in tests, and the page that is made of it: files with what is expected of them in comments.
//!
//! `tests/data/check/` is for the reader alone, `check_project/` holds single flows that are checked in a small project,
//! `check_projects/` whole projects. A name begins with the code that is meant; `.ok` behind it is a near miss.

use replyflow::domain::language::Language;
use replyflow::domain::name::Slug;
use replyflow::flow::check::check_project;
use replyflow::flow::diagnostic::Diagnostic;
use replyflow::flow::load::Sources;
use replyflow::flow::parse::{ParseContext, parse_flow, parse_notification};
use replyflow::flow::version::SourceFile;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The settings of the small project.
pub const PROJECT: &str = r#"
[project]
country = "GB"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"
[api.shop]
base_url = "https://shop.example"
methods = ["get"]
[attributes]
vip = "boolean"
"#;

/// What the fixtures of one file may name. Each is used, so that only the fixture is to blame for what is said.
pub const AROUND: [(&str, &str); 3] = [
    (
        "flows/other.yaml",
        "flow: other\nlanguages: [en]\nchannels: [main-sms]\nbegin: a\nstates:\n  a: { notify: welcome, go: b }\n  b: { notify: only_sms, end: done }\n",
    ),
    ("templates/welcome.yaml", "notification: welcome\nlanguages: [en]\ntext: Welcome!\n"),
    ("templates/only_sms.yaml", "notification: only_sms\nlanguages: [en]\nsms: Welcome!\n"),
];

/// A fixture that was checked.
pub struct Fixture {
    /// Its name without an ending: `RF303-choices`, `RF303.ok`.
    pub name: String,
    /// Everything that was said.
    pub found: Vec<Diagnostic>,
    /// The texts of its files by name, without what is expected of them.
    pub texts: BTreeMap<String, String>,
}

impl Fixture {
    /// The code that its name begins with, if it does.
    pub fn code(&self) -> Option<&str> {
        let code = self.name.get(..5)?;
        (code.starts_with("RF") && code[2..].bytes().all(|b| b.is_ascii_digit())).then_some(code)
    }
}

/// Every fixture, those of whole projects first, those of the reader last.
pub fn checked() -> Vec<Fixture> {
    let single = |path: &PathBuf| {
        let text = bare(&fs::read_to_string(path).expect("a text"));
        let around = AROUND.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let texts: BTreeMap<String, String> = around.chain([("flows/sample.yaml".to_owned(), text)]).collect();
        Fixture { name: stem(path), found: check(&texts, PROJECT), texts }
    };
    let project = |path: &PathBuf| {
        let mut texts = BTreeMap::new();
        for part in ["flows", "templates"] {
            for file in entries(&path.join(part)) {
                let name = format!("{part}/{}", file.file_name().expect("a name").to_string_lossy());
                texts.insert(name, bare(&fs::read_to_string(&file).expect("a text")));
            }
        }
        let settings = fs::read_to_string(path.join("replyflow.toml")).unwrap_or_else(|_| PROJECT.to_owned());
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let found = check(&texts, &settings);
        texts.insert("replyflow.toml".to_owned(), bare(&settings));
        Fixture { name, found, texts }
    };
    let of_reader = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a text");
        let file = text.lines().find_map(|line| line.strip_prefix("# file ")).unwrap_or("flows/sample.yaml").trim().to_owned();
        let found = read(&text, &file);
        Fixture { name: stem(path), found, texts: BTreeMap::from([(file, text)]) }
    };
    let mut all: Vec<Fixture> = entries(&data("check_project")).iter().map(single).collect();
    all.extend(entries(&data("check_projects")).iter().map(project));
    all.extend(entries(&data("check")).iter().map(of_reader));
    all
}

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

/// What is in a folder, by name; nothing if there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The text without the comments that say what is expected.
fn bare(text: &str) -> String {
    text.lines().map(|line| line.split_once("# expect ").map_or(line, |(line, _)| line.trim_end()).to_owned() + "\n").collect()
}

/// Everything that is said about the files of a project, in the order in which it is shown.
fn check(texts: &BTreeMap<String, String>, settings: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    for (file, text) in texts {
        let source = SourceFile { file: file.clone(), text: text.clone() };
        let (folder, name) = file.split_once('/').expect("a folder");
        if name.ends_with(".html") {
            sources.pages.insert(name.to_owned(), text.as_str().into());
            continue;
        }
        let stem = name.strip_suffix(".yaml").expect("a YAML file");
        match (folder, stem.strip_suffix(".test")) {
            ("templates", _) => drop(sources.notifications.insert(Slug::parse(stem).expect("a name"), source)),
            (_, Some(flow)) => drop(sources.tests.insert(flow.to_owned(), source)),
            (_, None) => drop(sources.flows.insert(stem.to_owned(), source)),
        }
    }
    let project = super::project::of(settings);
    let mut found = check_project(&sources, &project).diagnostics;
    let flows: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
    let notifications: Vec<&str> = sources.notifications.keys().map(AsRef::as_ref).collect();
    let around = replyflow::testing::Surroundings { flows: &flows, notifications: &notifications, project: &project };
    for source in sources.tests.values() {
        found.extend(replyflow::testing::check_script(&source.text, &source.file, around).1);
    }
    found
}

/// Everything that the reader says about one file.
fn read(text: &str, file: &str) -> Vec<Diagnostic> {
    let channel = |name| Slug::parse(name).expect("a name");
    let channels = vec![channel("main-sms"), channel("main-whatsapp")];
    let context = ParseContext { languages: vec![Language::EN], channels };
    match text.lines().any(|line| line.starts_with("notification:")) {
        true => parse_notification(text, file, &context).1,
        false => parse_flow(text, file, &context).1,
    }
}
