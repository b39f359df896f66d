//! What the reader takes and refuses. Codes with whole files as fixtures are in `tests/data/check`.

use super::build::read_by_parser;
use super::{Node, Tree, quick, read};
use crate::domain::limits;
use crate::flow::diagnostic::Diagnostic;
use proptest::prelude::*;

fn diagnostics(source: &str) -> Vec<String> {
    let (_, diagnostics) = read(source, &"x.yaml".into());
    diagnostics.iter().map(|d: &Diagnostic| format!("{} {}:{}+{}", d.code, d.at.line, d.at.column, d.width)).collect()
}

fn show(node: &Node) -> String {
    match &node.tree {
        Tree::Scalar(s) => format!("{:?}", s.text),
        Tree::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Tree::Map(entries) => {
            let shown: Vec<_> = entries.iter().map(|e| format!("{}:{}", e.key.text, show(&e.value))).collect();
            format!("{{{}}}", shown.join(","))
        }
        Tree::Broken => "!".to_owned(),
    }
}

fn tree(source: &str) -> String {
    read(source, &"x.yaml".into()).0.map_or("-".into(), |d| show(&d.root))
}

#[test]
fn scalars_are_text_whatever_they_look_like() {
    assert_eq!(
        tree("a: yes\nb: 007\nc: 10:00\nd: +49\ne: ~\nf: null\ng: ''"),
        r#"{a:"yes",b:"007",c:"10:00",d:"+49",e:"~",f:"null",g:""}"#
    );
    assert_eq!(diagnostics("---\na: yes\n404: x\n"), Vec::<String>::new());
    assert_eq!(diagnostics("a: Hello {{ name }}, how are you?"), Vec::<String>::new());
    assert_eq!(diagnostics("a: \"{{ name }}\"\nb: [x, y]\nc: {}\nd: []"), Vec::<String>::new());
}

#[test]
fn slips_are_recognised() {
    for (source, expected) in [
        ("a: {{ x }}\nb: {{ y | money('EUR') }}", vec!["RF004 1:4+7", "RF004 2:4+22"]),
        ("a: {{ x }} and more\n", vec!["RF004 1:4+7"]),
        ("a: { say: Hello {{ x }}, end: y }", vec!["RF004 1:17+7"]),
        ("a: 'b' c {{ x }}", vec!["RF004 1:10+7"]),
        ("a: \"{{ x }}\" c", vec!["RF001 1:14+0"]),
        ("a: { say: Sorry, not now, or never, end: x }", vec!["RF005 1:16+1"]),
        ("a: { say: Sorry,\n  not now, end: x }", vec!["RF005 1:16+1"]),
        ("a: { say: \"Sorry\", not, end: x }", vec!["RF006 1:20+3"]),
        ("a:\nb: { c: , d: e }\nf:\n  - x\n  -\n", vec!["RF006 1:1+1", "RF006 2:6+1", "RF006 5:3+1"]),
        ("", vec!["RF006 1:1+0"]),
        ("# only a comment\n", vec!["RF006 1:1+0"]),
        ("a: 1\nb: 2\na: 3\n", vec!["RF003 3:1+1"]),
        (
            "a: &x 1\nb: *x\n<<: { c: d }\ne: !!str 5\nf: *unknown\n",
            vec!["RF002 1:4+2", "RF002 2:4+2", "RF002 3:1+2", "RF002 4:4+5", "RF002 5:4+8"],
        ),
        ("a: 1\n---\nb: 2\n", vec!["RF002 2:1+3"]),
        ("%YAML 1.2\n---\na: 1\n", vec!["RF002 1:1+1"]),
        ("[a, b]: c\n", vec!["RF002 1:1+1"]),
        ("a:\n\tb: c\n", vec!["RF001 2:2+0"]),
        ("a: [b,\n \tc]\n", vec!["RF001 2:2+1"]),
        ("a: b: c\n", vec!["RF001 1:5+0"]),
        ("a: 'open\n", vec!["RF001 1:4+0"]),
        ("a: |\n  x\n  \tindented by a tab, which is text\nb: \"x\n  \ty\"\n", vec![]),
        ("a: x # {{ y }}\n# {{ z }}\n", vec![]),
    ] {
        assert_eq!(diagnostics(source), expected, "{source}");
    }
}

#[test]
fn what_was_refused_does_not_hide_the_rest() {
    assert_eq!(
        tree("a: {{ x }}\nb: { say: Sorry, not now, end: x }\nc: *x\nd: 1\nd: 2"),
        r#"{a:!,b:{say:"Sorry",end:"x"},c:!,d:"1"}"#
    );
    assert_eq!(tree("{ a: b }: c\nd: e"), r#"{d:"e"}"#);
}

#[test]
fn limits_hold_at_n_and_n_plus_1() {
    let nested = |n: usize| format!("{}x{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(diagnostics(&nested(limits::YAML_DEPTH)), Vec::<String>::new());
    assert_eq!(diagnostics(&nested(limits::YAML_DEPTH + 1)), ["RF007 1:33+0"]);
    let block = |n: usize| (0..n).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>() + " ".repeat(n).as_str() + "x";
    assert_eq!(diagnostics(&block(limits::YAML_DEPTH)), Vec::<String>::new());
    assert_eq!(diagnostics(&block(limits::YAML_DEPTH + 1)), ["RF007 33:33+0"]);
    let sized = |n: usize| format!("a: {}", "x".repeat(n - 3));
    assert_eq!(diagnostics(&sized(limits::FILE_BYTES)), Vec::<String>::new());
    assert_eq!(diagnostics(&sized(limits::FILE_BYTES + 1)), ["RF007 1:1+0"]);
    // The list itself and its items.
    let items = |n: usize| format!("[{}]", "x,".repeat(n - 1));
    assert_eq!(diagnostics(&items(limits::YAML_NODES)), Vec::<String>::new());
    assert_eq!(diagnostics(&items(limits::YAML_NODES + 1)).len(), 1);
}

#[test]
fn comments_are_kept() {
    let (document, _) = read("# first\na: 1 # behind\n# last\n", &"x.yaml".into());
    let comments = document.expect("a document").comments;
    let shown: Vec<_> = comments.iter().map(|c| (c.at.line, c.text.as_str(), c.trailing)).collect();
    assert_eq!(shown, [(1, " first", false), (2, " behind", true), (3, " last", false)]);
}

/// What is read quickly is what the parser reads, without a word. Says whether it was read quickly.
fn agree(source: &str) -> bool {
    let Some(quick) = quick::read(source) else { return false };
    let (document, diagnostics) = read_by_parser(source, &"x.yaml".into());
    assert_eq!(diagnostics, [], "{source}");
    assert_eq!(Some(quick), document, "{source}");
    true
}

#[test]
fn what_is_read_quickly_is_what_the_parser_reads() {
    for source in [
        "a: b\n",
        "a: b",
        "# one\na: b # two\n  # three\nc: # four\n  d: e\n# five",
        "a:\n  - b\n  - c: d\n    e: [f, 'g''h', { i: \"j\\n\\\"k\" }]\n  - { l: m:n, o: -1, p: [], q: {} }\nr: s t, u #v\n",
        "a:\n- b\n- c: {d: e}\nf: g\n",
        "हिन्दी: हि é 😀 # 你\nb: { é: \"ü\", c: [😀 , x ] } # y\n",
        "a : b\n'': c\n",
        "a:   \n\n\n   b:\n     c: d   \n   e: f\n",
    ] {
        let quick = agree(source);
        assert!(quick || source.contains("''"), "{source}");
    }
    for folder in ["flows", "templates", "tests/data/check", "tests/data/check_project"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).expect("files").map(|entry| entry.expect("an entry").path());
        let texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).expect("a text")).collect();
        let quick = texts.iter().filter(|text| agree(text)).count();
        assert!(quick * 2 > texts.len(), "{quick} of {} are read quickly", texts.len());
    }
}

fn ends(node: &Node, out: &mut Vec<(u32, u32)>) {
    out.push((node.end.line, node.end.column));
    match &node.tree {
        Tree::List(items) => items.iter().for_each(|n| ends(n, out)),
        Tree::Map(entries) => entries.iter().for_each(|e| ends(&e.value, out)),
        _ => {}
    }
}

#[test]
fn values_end_behind_their_last_character() {
    let (document, _) =
        read("a: x\nb: 'it''s' # c\nc: [d,\n  e] # f\ng:\n  - h\n\n\ni: |\n  j\n  k\n\nl: m\n  n\n", &"x.yaml".into());
    let mut found = Vec::new();
    ends(&document.expect("a document").root, &mut found);
    // A block text ends where the next thing can begin.
    assert_eq!(found, [(14, 4), (1, 5), (2, 11), (4, 5), (3, 6), (4, 4), (6, 6), (6, 6), (13, 1), (14, 4)]);
}

proptest! {
    #[test]
    fn no_text_panics_the_reader(source in "\\PC{0,200}") {
        let _ = read(&source, &"x.yaml".into());
    }

    #[test]
    fn no_mixture_of_yaml_panics_the_reader(parts in prop::collection::vec(prop::sample::select(vec![
        "a", ":", ": ", " ", "\n", "\n  ", "- ", "{", "}", "{{", "}}", "[", "]", ",", "\"", "'", "#", "&x ", "*x", "!t ", "|\n", ">-\n",
        "\t", "\\", "é", "हि", "---\n", "...\n", "? ", "<<", "%", "\r\n", "\u{feff}", "\u{0}", "~", "😀", "flow: x\n", "\\u00e9",
    ]), 0..60)) {
        let source = parts.concat();
        agree(&source);
        let (document, diagnostics) = read(&source, &"x.yaml".into());
        prop_assert!(document.is_some() || !diagnostics.is_empty());
        for d in diagnostics {
            prop_assert!(d.at.line as usize <= source.split('\n').count() + 1);
        }
    }

    #[test]
    fn no_mixture_of_what_flows_are_made_of_is_read_otherwise(lines in prop::collection::vec((0usize..5, prop::collection::vec(prop::sample::select(vec![
        "a", "b: ", "c:", "- ", "-", "{ ", "}", " }", "[", "]", ", ", ",", "\"", "'", "d", " # e", "#", "é", "\\n", "\\\"", "''", "-1", " ", ": ", "x: y", "{}", "'f'", "\"g\"",
        "{ h: i }", "[j, k]", "?", "|", "~", "<<: ",
    ]), 0..5)), 0..7)) {
        let source: String = lines.iter().map(|(indent, parts)| format!("{}{}\n", " ".repeat(indent * 2), parts.concat())).collect();
        agree(&source);
        agree(source.trim_end());
    }
}
