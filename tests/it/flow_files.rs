//! Reading flow and notification files: a fixture for every code, the sample project, versions, limits, hostile input.

use proptest::prelude::*;
use replyflow::domain::language::Language;
use replyflow::domain::limits;
use replyflow::domain::name::Slug;
use replyflow::flow::diagnostic::Diagnostic;
use replyflow::flow::load::Sources;
use replyflow::flow::parse::{ParseContext, parse_flow, parse_notification, read_flow};
use replyflow::flow::version::Version;
use std::path::{Path, PathBuf};

fn context() -> ParseContext {
    let channel = |name| Slug::parse(name).expect("a slug");
    ParseContext { languages: vec![Language::EN], channels: vec![channel("main-sms"), channel("main-whatsapp")] }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn show(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|d| format!("{} {}:{}+{}", d.code, d.at.line, d.at.column, d.width)).collect()
}

/// A fixture: what is expected stands in its comments, `# expect CODE line:column+width`, in order; nothing expects nothing.
/// `# file NAME` names the file; else it is called as it says it is.
struct Fixture {
    path: PathBuf,
    text: String,
    file: String,
    expected: Vec<String>,
}

fn fixtures() -> Vec<Fixture> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root().join("tests/data/check")).expect("fixtures").map(|e| e.expect("entry").path()).collect();
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        let after =
            |word: &str| text.lines().filter_map(|l| l.split_once(word).map(|(_, rest)| rest.trim().to_owned())).collect();
        let (expected, files): (Vec<String>, Vec<String>) = (after("# expect "), after("# file "));
        let file = files.into_iter().next().unwrap_or_else(|| "flows/sample.yaml".to_owned());
        out.push(Fixture { path, file, expected, text });
    }
    out
}

fn diagnose(fixture: &Fixture) -> Vec<Diagnostic> {
    let notification = fixture.text.lines().any(|l| l.starts_with("notification:"));
    let (built, diagnostics) = if notification {
        let (n, d) = parse_notification(&fixture.text, &fixture.file, &context());
        (n.is_some(), d)
    } else {
        let (f, d) = parse_flow(&fixture.text, &fixture.file, &context());
        (f.is_some(), d)
    };
    assert_eq!(built, diagnostics.is_empty(), "{}: built exactly when nothing is wrong", fixture.path.display());
    diagnostics
}

#[test]
fn every_fixture_says_what_it_expects() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let diagnostics = diagnose(&fixture);
        let found = show(&diagnostics);
        if found != fixture.expected {
            let said: Vec<_> = diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
            wrong.push(format!(
                "{}\n  expected {:?}\n  found    {found:?}\n  {said:#?}",
                fixture.path.display(),
                fixture.expected
            ));
        }
        for d in diagnostics {
            assert!(d.help.as_ref().is_some_and(|h| !h.is_empty()), "{}: {} has no remedy", fixture.path.display(), d.code);
            assert!(!d.message.is_empty() && d.at.line > 0 && d.at.column > 0, "{}: {d:?}", fixture.path.display());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sample_project_is_read_without_a_word() {
    let sources = Sources::read(&root()).expect("the sample project");
    assert!(sources.diagnostics.is_empty(), "{:?}", sources.diagnostics);
    for name in ["appointment", "feedback", "menu", "nps", "payment"] {
        assert!(sources.flows.contains_key(name), "{name}");
    }
    for name in sources.flows.keys() {
        let assembled = sources.assemble(name, &context()).expect("it is there");
        assert!(assembled.diagnostics.is_empty(), "{:#?}", assembled.diagnostics);
        let flow = assembled.flow.expect("a flow");
        let version = assembled.version.expect("its content");
        assert_eq!(flow.version, version.id());
        // Rebuilt from the store it is the same, and it does not need the folder.
        let stored = Version::decode(&version.encode()).expect("what was encoded");
        assert_eq!(stored, version);
        let again = stored.build(&context()).expect("the same flow");
        assert_eq!(again.version, flow.version);
        assert!(again.states.keys().eq(flow.states.keys()) && again.variables.keys().eq(flow.variables.keys()));
        assert!(again.notifications.keys().eq(flow.notifications.keys()));
    }
}

#[test]
fn the_sample_project_is_checked_without_a_word() {
    let toml = std::fs::read_to_string(root().join("replyflow.toml")).expect("the sample project");
    let sources = Sources::read(&root()).expect("the sample project");
    let checked = replyflow::flow::check::check_project(&sources, &crate::support::project::of(&toml));
    assert!(checked.diagnostics.is_empty(), "{:#?}", checked.diagnostics);
    assert_eq!(checked.flows.len(), sources.flows.len());
    assert!(sources.tests.keys().eq(sources.flows.keys()), "every sample flow has a test");
}

#[test]
fn a_version_is_its_content() {
    let sources = Sources::read(&root()).expect("the sample project");
    let version = |sources: &Sources| sources.assemble("payment", &context()).expect("there").version.expect("no mistakes");
    let first = version(&sources);
    let mut changed = sources.clone();
    let link = Slug::parse("payment_link").expect("a slug");
    changed.notifications.get_mut(&link).expect("there").text.push_str("\n# seen by Ada\n");
    assert_ne!(first.id(), version(&changed).id(), "a notification that it names is part of a version");
    let mut more = sources.clone();
    more.notifications.remove(&link);
    more.notifications.insert(Slug::parse("unused").expect("a slug"), sources.notifications[&link].clone());
    let lacking = more.assemble("payment", &context()).expect("there");
    assert!(lacking.flow.is_none() && lacking.version.is_none());
    assert_eq!(show(&lacking.diagnostics).iter().filter(|d| d.starts_with("RF411")).count(), 1);
    assert!(Version::decode(b"{}").is_err());
    assert!(Version::decode(br#"{"format":3}"#).is_err_and(|e| e.to_string().contains("newer")));
}

#[test]
fn folders_that_are_not_there_are_empty_and_files_that_are_no_text_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = Sources::read(folder.path()).expect("an empty project");
    assert!(sources.flows.is_empty() && sources.notifications.is_empty() && sources.diagnostics.is_empty());
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, bytes).expect("written");
    };
    write("flows/a.yaml", b"flow: a\ntitle: \xff\n");
    write("flows/b.yaml", b"flow: b\n");
    write("flows/b.test.yaml", b"test: b\n");
    write("flows/.hidden.yaml", b"");
    write("flows/notes.txt", b"");
    write("flows/large.yaml", "# é\n".repeat(limits::FILE_BYTES / 4).as_bytes());
    write("templates/Bad Name.yaml", b"notification: x\n");
    let sources = Sources::read(folder.path()).expect("a project");
    assert_eq!(sources.flows.keys().collect::<Vec<_>>(), ["b", "large"]);
    assert_eq!(sources.tests.keys().collect::<Vec<_>>(), ["b"]);
    let said: Vec<_> =
        sources.diagnostics.iter().map(|d| format!("{} {} {}:{}", d.code, d.file, d.at.line, d.at.column)).collect();
    assert_eq!(said, ["RF001 flows/a.yaml 2:8", "RF111 templates/Bad Name.yaml 0:0"]);
    let large = sources.assemble("large", &context()).expect("there");
    assert_eq!(show(&large.diagnostics), ["RF007 1:1+0"]);
}

/// A flow of so many states, each with a question, a condition and a text.
fn flow_of(states: usize) -> String {
    let mut text = String::from("flow: big\nlanguages: [en]\nstart: [{ keyword: go }]\nvars: { n: 0 }\nbegin: s0\nstates:\n");
    for i in 0..states {
        let next = (i + 1) % states;
        text += &format!(
            "  s{i}:\n    ask: \"Number {{{{ n + {i} }}}}?\"\n    answer: {{ choice: {{ a: Yes, b: No }} }}\n    save: n\n    go: {{ a: s{next}, b: [{{ if: n > {i}, go: s0 }}, {{ else: s{next} }}], silence: {{ after: 1h, end: x }} }}\n"
        );
    }
    text
}

#[test]
fn states_are_limited_at_n_and_n_plus_1() {
    let (flow, diagnostics) = parse_flow(&flow_of(limits::STATES), "flows/big.yaml", &context());
    assert_eq!(show(&diagnostics), Vec::<String>::new());
    assert_eq!(flow.expect("a flow").states.len(), limits::STATES);
    let (flow, diagnostics) = parse_flow(&flow_of(limits::STATES + 1), "flows/big.yaml", &context());
    assert!(flow.is_none());
    assert_eq!(diagnostics.iter().map(|d| d.code.0).collect::<Vec<_>>(), [7]);
    assert!(diagnostics[0].message.contains("1000"), "{}", diagnostics[0].message);
}

#[test]
fn hostile_files_take_linear_time() {
    let size = limits::FILE_BYTES - 200;
    let head = "flow: big\nbegin: a\nstates:\n";
    let pieces = [
        "{{ ",
        "[",
        "{a: b, c, ",
        "a: b\n",
        "- ",
        "? ",
        "&a ",
        "*a ",
        "\"",
        "'",
        "\t",
        "#x\n",
        "a, ",
        "{a",
        "<<: ",
        "|\n",
        "\\",
        "!x ",
        ": ",
        "  a: { go: b }\n",
        "  a: {go: [{if: x}]}\n",
        "[{{ a }},",
        "{{ a }},",
    ];
    for piece in pieces {
        for head in ["", head] {
            let source = head.to_owned() + piece.repeat(size / piece.len()).as_str();
            let begin = std::time::Instant::now();
            let _ = read_flow(&source, "flows/big.yaml", &context());
            assert!(begin.elapsed().as_secs() < 60, "{piece:?} took {:?}", begin.elapsed());
        }
    }
    // Many states that lead to states that do not exist, each of which looks for what was meant.
    let mut source = head.to_owned();
    (0..1000).for_each(|i| {
        source += &format!("  state_number_{i}: {{ say: x, go: [{{ if: a, go: stat_number_{i}_ }}, {{ else: nowhere_{i} }}] }}\n")
    });
    let begin = std::time::Instant::now();
    let reading = read_flow(&source, "flows/big.yaml", &context());
    assert!(reading.diagnostics.len() >= 2000);
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    // Many variables, and as many values for variables that do not exist.
    let lines = |name: &str| (0..7_000).map(|i| format!("{name}{i}: 1, ")).collect::<String>();
    let source =
        format!("flow: big\nvars: {{ {} }}\nbegin: a\nstates: {{ a: {{ set: {{ {} }}, end: x }} }}\n", lines("v"), lines("w"));
    assert!(source.len() < limits::FILE_BYTES);
    let begin = std::time::Instant::now();
    let reading = read_flow(&source, "flows/big.yaml", &context());
    assert_eq!(reading.diagnostics.len(), 7_000);
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

fn mutated() -> impl Strategy<Value = String> {
    let mut samples = Vec::new();
    for folder in ["flows", "templates", "tests/data/check"] {
        let paths = std::fs::read_dir(root().join(folder)).expect("a folder").map(|e| e.expect("entry").path());
        let mut paths: Vec<PathBuf> = paths.filter(|p: &PathBuf| p.extension() == Some(Path::new("yaml").as_os_str())).collect();
        paths.sort();
        samples.extend(paths.into_iter().map(|p| std::fs::read_to_string(p).expect("a text")));
    }
    let bits = vec![
        "", "{", "}", "{{", "}}", "[", "]", ":", ",", "\n", "  ", "\"", "'", "- ", "go", "again", "é", "if", "else", "0", "#",
    ];
    let edit = (any::<prop::sample::Index>(), 0..4usize, prop::sample::select(bits));
    (prop::sample::select(samples), prop::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, remove, insert) in edits {
            let at = place.index(chars.len() + 1);
            let to = (at + remove).min(chars.len());
            chars.splice(at..to, insert.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_flow_panics_the_reader_and_every_mistake_has_a_place(source in mutated()) {
        let lines = source.split('\n').count();
        for reading in [read_flow(&source, "flows/x.yaml", &context()).diagnostics, parse_notification(&source, "x.yaml", &context()).1] {
            for pair in reading.windows(2) {
                prop_assert!(pair[0].at <= pair[1].at);
            }
            for d in reading {
                prop_assert!(d.at.line >= 1 && d.at.line as usize <= lines + 1 && d.at.column >= 1, "{d:?}");
                prop_assert!(d.help.is_some());
            }
        }
    }
}

#[test]
fn a_call_and_a_run_have_the_limits_that_are_written_down() {
    let read = |call: &str, more: &str| {
        let text = format!(
            "flow: sample\n{more}start: [ {{ keyword: go }} ]\nbegin: s\nstates:\n  s: {{ call: {{ api: shop, get: /x{call} }}, go: {{ ok: {{ end: done }} }} }}\n"
        );
        parse_flow(&text, "flows/sample.yaml", &context()).0
    };
    let call = |flow: &replyflow::flow::definition::Flow| match &flow.states[0].kind {
        replyflow::flow::definition::Kind::Call(call) => (call.timeout, call.retry),
        other => panic!("{other:?}"),
    };
    let plain = read("", "").expect("a flow");
    assert_eq!(call(&plain), (limits::CALL_TIMEOUT, limits::CALL_RETRIES));
    assert_eq!(plain.expires, limits::RUN_EXPIRES);
    let most =
        read(&format!(", timeout: {}, retry: {}", limits::CALL_TIMEOUT_MAX, limits::CALL_RETRIES_MAX), "").expect("a flow");
    assert_eq!(call(&most), (limits::CALL_TIMEOUT_MAX, limits::CALL_RETRIES_MAX));
    assert!(read(&format!(", timeout: {}s", limits::CALL_TIMEOUT_MAX.0 / 1_000 + 1), "").is_none());
    assert!(read(&format!(", retry: {}", limits::CALL_RETRIES_MAX + 1), "").is_none());
}
