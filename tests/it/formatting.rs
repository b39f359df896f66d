//! `replyflow fmt`: every file of the project, of its documentation and of its fixtures keeps its meaning, and the command does
//! what it says.

use crate::support::command::replyflow_in;
use proptest::prelude::*;
use replyflow::domain::language::Language;
use replyflow::domain::name::Slug;
use replyflow::flow::parse::{Pages, ParseContext, read_flow, read_notification};
use replyflow::flow::write::{Unformatted, format};
use replyflow::testing::read_script;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn yaml_files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            yaml_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            out.push(path);
        }
    }
}

/// Every text of this repository that is a file of the format: samples, fixtures, examples of the documentation.
pub fn corpus() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in ["flows", "templates", "tests/data"] {
        yaml_files(&root().join(folder), &mut paths);
    }
    let mut all: Vec<(String, String)> = paths
        .into_iter()
        .filter_map(|path| Some((path.strip_prefix(root()).ok()?.display().to_string(), fs::read_to_string(&path).ok()?)))
        .collect();
    let mut pages: Vec<PathBuf> = fs::read_dir(root().join("docs")).expect("docs").map(|e| e.expect("an entry").path()).collect();
    pages.push(root().join("README.md"));
    for page in pages.iter().filter(|page| page.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(page).expect("a page");
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => open = Some((info.strip_prefix("yaml ").unwrap_or("").trim().to_owned(), String::new())),
                (Some(_), Some(_)) => all.extend(open.take().filter(|(name, _)| name.ends_with(".yaml"))),
                (Some((_, text)), None) => *text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
    }
    assert!(all.len() > 150, "{} files", all.len());
    all
}

fn context() -> ParseContext {
    ParseContext { languages: vec![Language::EN], channels: vec![Slug::parse("main-sms").expect("a name")] }
}

/// A definition without its places: what it means.
fn without_places(shown: &str) -> String {
    let mut out = String::with_capacity(shown.len());
    let mut rest = shown;
    while let Some(at) = rest.find("At {") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The words of a definition in an order of their own: some of its maps have none.
fn words(shown: &str) -> String {
    let mut words: Vec<&str> = shown.split([',', '{', '}', '[', ']', '(', ')']).map(str::trim).collect();
    words.sort_unstable();
    words.join(" ")
}

/// What a file means, as its reader understands it; and the codes of what is wrong with it.
fn meaning(source: &str, file: &str) -> (String, Vec<u16>) {
    let place = replyflow::flow::write::read(source, &file.into()).map_or("", |(_, place)| place.name);
    let (shown, mut found) = if place == "notification" {
        let reading = read_notification(source, file, &context(), &Pages::new());
        (format!("{:?}", reading.partial), reading.diagnostics)
    } else if place == "test" {
        let flows: Vec<&str> = Vec::new();
        let (script, found) = read_script(source, file, &flows);
        (format!("{script:?}"), found)
    } else {
        let reading = read_flow(source, file, &context());
        (format!("{:?}", reading.partial), reading.diagnostics)
    };
    found.sort_by_key(|d| d.code);
    (words(&without_places(&shown)), found.iter().map(|d| d.code.0).collect())
}

fn formatted(source: &str, file: &str) -> Option<String> {
    match format(source, file) {
        Ok(text) => Some(text),
        Err(Unformatted::Unreadable(_)) => None,
        Err(Unformatted::Unsafe) => panic!("{file} could not be written"),
    }
}

/// The comments of a file, in any order.
fn comments(source: &str, file: &str) -> Vec<String> {
    let (document, _) = replyflow::flow::yaml::read(source, &file.into());
    let mut all: Vec<String> = document.expect("a document").comments.iter().map(|c| c.text.trim_end().to_owned()).collect();
    all.sort();
    all
}

#[test]
fn every_file_keeps_its_meaning_and_its_comments_and_the_form_is_final() {
    let mut readable = 0;
    for (file, source) in corpus() {
        let Some(once) = formatted(&source, &file) else { continue };
        readable += 1;
        assert_eq!(formatted(&once, &file).as_deref(), Some(once.as_str()), "{file}: the form is not final");
        assert_eq!(comments(&source, &file), comments(&once, &file), "{file}");
        assert_eq!(meaning(&source, &file), meaning(&once, &file), "{file}\n{once}");
        assert!(once.lines().all(|line| line.trim_end() == line), "{file}: blanks at the end of a line");
    }
    assert!(readable > 140, "{readable}");
}

#[test]
fn samples_are_formatted() {
    for folder in ["flows", "templates"] {
        let mut paths = Vec::new();
        yaml_files(&root().join(folder), &mut paths);
        for path in paths {
            let source = fs::read_to_string(&path).expect("a file");
            assert_eq!(formatted(&source, "x.yaml").as_deref(), Some(source.as_str()), "{}", path.display());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Lines of real files in another order, with others left out or twice, and bytes changed: nothing panics, and what can be
    /// formatted means the same afterwards.
    #[test]
    fn mangled_files_keep_their_meaning(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6u8), 1..6),
        noise in prop::sample::select(vec!["#", ":", "\"", "'", "{", "}", "- ", "\t", "\r\n", "é", "|", ", ", " # x\n", "\u{feff}", "\\"]),
    ) {
        let corpus = corpus();
        let (file, source) = &corpus[which.index(corpus.len())];
        let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
        for (one, other, what) in cuts {
            if lines.is_empty() {
                break;
            }
            let (a, b) = (one.index(lines.len()), other.index(lines.len()));
            match what {
                0 => lines.swap(a, b),
                1 => drop(lines.remove(a)),
                2 => lines.insert(b, lines[a].clone()),
                3 => lines[a] = format!("  {}", lines[a]),
                4 => {
                    let at = lines[a].char_indices().map(|(i, _)| i).nth(b).unwrap_or(0);
                    lines[a].insert_str(at, noise);
                }
                _ => lines[a] = format!("# {}", lines[a]),
            }
        }
        let source = lines.join("\n");
        if let Some(once) = formatted(&source, file) {
            prop_assert_eq!(formatted(&once, file), Some(once.clone()));
            prop_assert_eq!(meaning(&source, file), meaning(&once, file), "{}", source);
            prop_assert_eq!(comments(&source, file), comments(&once, file));
        }
    }
}

/// Two of what there may be one of is said; which of them counts does not hang on their order, so that a file means the same
/// after it was formatted.
#[test]
fn what_is_given_twice_means_the_same_in_any_order() {
    let twice = [
        ("wait: 2h", "ask: Which one?"),
        ("call: { get: /a }", "wait: 2h"),
        ("do: [{ say: Hello, tag: vip }]", "go: b"),
        ("do: [{ tag: vip, say: Hello }]", "go: b"),
        ("call: { get: /a, post: /b, json: { a: 1 }, text: Hello }", "go: b"),
        ("call: { text: Hello, json: { a: 1 }, post: /b, get: /a }", "go: b"),
    ];
    for (one, other) in twice {
        let file = |first: &str, second: &str| {
            format!("flow: fine\nbegin: a\nstates:\n  a:\n    {first}\n    {second}\n  b: {{ end: done }}\n")
        };
        let (there, back) = (file(one, other), file(other, one));
        assert_eq!(meaning(&there, "x.yaml").0, meaning(&back, "x.yaml").0, "{there}");
        let formatted = formatted(&there, "x.yaml").expect("readable");
        assert_eq!(meaning(&there, "x.yaml"), meaning(&formatted, "x.yaml"), "{there}\n{formatted}");
    }
}

const UNTIDY: &str = "flow: fine\nbegin: said\n\n\nstates:\n  said: {end: done, say: 'Hello'}   # hi\n";
const TIDY: &str = "flow: fine\nbegin: said\n\nstates:\n  said: { say: Hello, end: done }  # hi\n";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("flows")).expect("made");
    fs::write(folder.path().join("replyflow.toml"), "").expect("written");
    fs::write(folder.path().join("flows/fine.yaml"), UNTIDY).expect("written");
    folder
}

#[test]
fn fmt_says_what_it_would_change_and_changes_it() {
    let folder = project();
    let file = folder.path().join("flows/fine.yaml");
    let (output, code) = replyflow_in(folder.path(), &["fmt", "--check"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.starts_with("flows/fine.yaml\n"), "{output}");
    assert!(output.contains("+  said: { say: Hello, end: done }  # hi") && output.contains("1 file not formatted"), "{output}");
    assert_eq!(fs::read_to_string(&file).expect("read"), UNTIDY, "--check changes nothing");
    let (output, code) = replyflow_in(folder.path(), &["fmt"]);
    assert_eq!((output.as_str(), code), ("flows/fine.yaml\n1 file formatted\n", 0));
    assert_eq!(fs::read_to_string(&file).expect("read"), TIDY);
    let (output, code) = replyflow_in(folder.path(), &["fmt", "--check", "flows"]);
    assert_eq!((output.as_str(), code), ("1 file, nothing to format\n", 0));
}

#[test]
fn fmt_leaves_what_cannot_be_read() {
    let folder = project();
    let broken = "flow: broken\nstates: {{ x }}\n";
    fs::write(folder.path().join("flows/broken.yaml"), broken).expect("written");
    let (output, code) = replyflow_in(folder.path(), &["fmt"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("RF004") && output.contains("1 file formatted, 1 file left as it is"), "{output}");
    assert_eq!(fs::read_to_string(folder.path().join("flows/broken.yaml")).expect("read"), broken);
    let (output, code) = replyflow_in(folder.path(), &["fmt", "nothing.yaml"]);
    assert_eq!((code, output.lines().count()), (1, 1), "{output}");
}
