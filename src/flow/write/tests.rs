//! What a file looks like afterwards.

use super::{Piece, Unformatted, format, write};
use crate::flow::keys::{FLOW, TEST};
use proptest::prelude::*;

/// The form of the states of a flow, and that it is final.
fn states(source: &str) -> String {
    let source = format!("flow: x\nbegin: a\nstates:\n{source}");
    let once = format(&source, "x.yaml").unwrap_or_else(|e| panic!("{e:?}\n{source}"));
    let twice = format(&once, "x.yaml").expect("formatted");
    assert_eq!(once, twice, "the form is not final");
    once.strip_prefix("flow: x\nbegin: a\n\nstates:\n").expect("the head").to_owned()
}

#[test]
fn keys_have_one_order() {
    let source = "states:\n  a: { end: done, say: Hi }\nbegin: a\ntitle: T\nflow: x\nstart:\n  - go: a\n    keyword: hi\n";
    let expected =
        "flow: x\ntitle: T\n\nstart:\n  - keyword: hi\n    go: a\n\nbegin: a\n\nstates:\n  a: { say: Hi, end: done }\n";
    assert_eq!(format(source, "x.yaml").expect("formatted"), expected);
    assert_eq!(
        states(
            "  a:\n    go:\n      silence: { end: z, after: 1h }\n      nomatch: b\n      else: c\n      no: d\n      yes: e\n    answer: yes_no\n    ask: Q\n"
        ),
        "  a:\n    ask: Q\n    answer: yes_no\n    go:\n      no: d\n      yes: e\n      else: c\n      nomatch: b\n      silence: { after: 1h, end: z }\n"
    );
}

#[test]
fn quotes_stand_only_where_they_are_needed() {
    for (given, expected) in [
        ("'Hello'", "Hello"),
        ("Sorry, not now", "Sorry, not now"),
        ("Hello {{ name }}", "\"Hello {{ name }}\""),
        ("'007'", "\"007\""),
        ("12", "\"12\""),
        ("yes", "yes"),
        ("\"true\"", "\"true\""),
        ("'a: b'", "\"a: b\""),
        ("'say \"hi\"'", "say \"hi\""),
        ("'say: \"hi\"'", "'say: \"hi\"'"),
        ("\"it's: \\\"hi\\\"\"", "\"it's: \\\"hi\\\"\""),
        ("\"one\\ntwo\"", "\"one\\ntwo\""),
        ("हिन्दी 👍🏽 ‍é", "हिन्दी 👍🏽 ‍é"),
        ("\"\\u202E\"", "\"\\u202E\""),
        ("'- x'", "\"- x\""),
        ("-x", "-x"),
        ("''' '", "\"' \""),
    ] {
        let shown = states(&format!("  a:\n    go: b\n    note: x\n    was: c\n    say: {given}\n"));
        let line = shown.lines().find(|line| line.contains("say:")).expect("the line");
        assert_eq!(line, format!("    say: {expected}"));
    }
    // Where a value may be more than text, quotes decide.
    assert_eq!(
        states("  a:\n    set: { a: 12, b: '12', c: 'x', d: null, e: 'null', f: 007 }\n    go: b\n"),
        "  a: { set: { a: 12, b: \"12\", c: x, d: null, e: \"null\", f: \"007\" }, go: b }\n"
    );
    let test = "test: x\n\ncases:\n  one:\n    - bot: \"any\"\n    - bot: any\n    - bot: nothing\n    - bot: 'x'\n";
    assert_eq!(format(test, "x.test.yaml").expect("formatted"), test.replace("'x'", "x"));
}

#[test]
fn what_fits_stands_on_one_line_and_prose_in_it_in_quotes() {
    assert_eq!(
        states("  a:\n    say:\n      en: Sorry, not now.\n      es: No\n    end: x\n"),
        "  a: { say: { en: \"Sorry, not now.\", es: No }, end: x }\n"
    );
    let long = "word ".repeat(22);
    assert_eq!(
        states(&format!("  a: {{ say: \"{}.\", end: x }}\n  b: {{ say: Hi, end: x }}\n", long.trim_end())),
        format!("  a:\n    say: {}.\n    end: x\n\n  b: {{ say: Hi, end: x }}\n", long.trim_end())
    );
    assert_eq!(
        states("  a: { ask: Q, answer: { choice: { x: X, y: { label: Y, also: [z] } } }, go: { x: b, y: c } }\n"),
        "  a:\n    ask: Q\n    answer:\n      choice:\n        x: X\n        y: { label: Y, also: [z] }\n    go: { x: b, y: c }\n"
    );
}

#[test]
fn comments_stay_where_they_belong() {
    let source = "\
# about the file

flow: x # the name
begin: a
states:   # all of them
  # about a
  a: { say: Hi, end: done } # short

  b:
    # why
    go: c   # there
    # the end of b
  # about c
  c:
    do:
      # first
      - say: one
      - say: two # behind
      # no more
    end: done
  # the end of the states
# the end
";
    let expected = "\
# about the file

flow: x  # the name
begin: a

states:  # all of them
  # about a
  a: { say: Hi, end: done }  # short

  b:
    # why
    go: c  # there
    # the end of b

  # about c
  c:
    do:
      # first
      - say: one
      - say: two  # behind
      # no more
    end: done
  # the end of the states
# the end
";
    assert_eq!(format(source, "x.yaml").expect("formatted"), expected);
    assert_eq!(format(expected, "x.yaml").expect("formatted"), expected);
}

#[test]
fn comments_inside_brackets_open_them() {
    assert_eq!(
        states("  a: { say: Hi, # one\n    # two\n    end: done } # three\n"),
        "  # three\n  a:  # one\n    say: Hi\n    # two\n    end: done\n"
            .replace("  # three\n  a:  # one\n    say: Hi\n", "  a:  # three\n    say: Hi  # one\n")
    );
    assert_eq!(
        states("  a:\n    tag: [x, # one\n      y]\n    end: z\n"),
        "  a:\n    tag:\n      - x  # one\n      - y\n    end: z\n"
    );
}

#[test]
fn block_texts_stay_block_texts() {
    let kept = "  a:\n    say: |\n      One\n\n        two\n    note: >-\n      folded\n      on\n\n      next\n    end: done\n";
    let ordered =
        "  a:\n    say: |\n      One\n\n        two\n    end: done\n    note: >-\n      folded\n      on\n\n      next\n";
    assert_eq!(states(kept), ordered);
    assert_eq!(
        states("  a:\n    say: |  # why\n      One\n    end: done\n"),
        "  a:\n    say: |  # why\n      One\n    end: done\n"
    );
    assert_eq!(states("  a:\n    say: |+\n      One\n\n    end: done\n"), "  a: { say: \"One\\n\\n\", end: done }\n");
}

#[test]
fn lines_end_as_they_should() {
    let crlf = "flow: x\r\nbegin: a\r\nstates:\r\n  a:   { say: Hi, end: z }   \r\n\r\n\r\n";
    assert_eq!(format(crlf, "x.yaml").expect("formatted"), "flow: x\nbegin: a\n\nstates:\n  a: { say: Hi, end: z }\n");
}

#[test]
fn what_cannot_be_read_is_said() {
    for (source, code) in [("flow: x\nstates: {{ x }}\n", 4), ("a: b\n", 103), ("", 6), ("flow: x\nflow: y\n", 3)] {
        let Err(Unformatted::Unreadable(found)) = format(source, "x.yaml") else { panic!("{source}") };
        assert_eq!(found[0].code.0, code, "{source}");
    }
    // What only the checker minds is formatted.
    assert_eq!(format("flow: x\nbegn:   a\n", "x.yaml").expect("formatted"), "flow: x\nbegn: a\n");
}

#[test]
fn a_tree_is_written_without_a_file() {
    let step = |key: &str, value: Piece| Piece::map([(key.to_owned(), value)]);
    let steps = Piece::list([step("user", Piece::text("2")), step("bot", Piece::bare("any"))]);
    let cases = Piece::map([("it works".to_owned(), steps)]);
    let tree = Piece::map([("cases".to_owned(), cases), ("test".to_owned(), Piece::text("pizza"))]);
    assert_eq!(write(tree, &TEST), "test: pizza\n\ncases:\n  it works:\n    - user: \"2\"\n    - bot: any\n");
    assert_eq!(write(Piece::map([("flow".to_owned(), Piece::text("x"))]), &FLOW), "flow: x\n");
}

proptest! {
    /// Whatever is put together, in whatever style: it is formatted or refused, the form is final, and nothing panics.
    #[test]
    fn no_mixture_breaks_the_form(parts in prop::collection::vec(prop::sample::select(vec![
        "a: b\n", "  say: x\n", "  a:\n", "    go: b\n", "\n", "# c\n", "  # d\n", "      # e\n", " # f\n", "  - x\n", "    - if: y\n",
        "      go: z\n", "  b: { say: 'x, y', end: z } # g\n", "  c: [1, '2', {d: e}]\n", "  d: |\n    text\n\n", "  e: >-\n    x\n    y\n",
        "states:\n", "start:\n", "  f: \"\\u00e9\\n\"\n", "  g: 007\n", "  h: {}\n", "é", ",", "  i: [x, # h\n   y]\n", "\r\n", "\t", "{", "- ",
        "  set: { a: 12, b: '12' }\n", "? ", "  go:\n", "  do:\n", "    - say: hi\n", "    ", "x", ":", "'", "\"",
    ]), 0..40)) {
        let source = format!("flow: x\n{}", parts.concat());
        match format(&source, "x.yaml") {
            Ok(once) => {
                prop_assert_eq!(&once, &format(&once, "x.yaml").expect("formatted again"));
                prop_assert!(once.ends_with('\n') && !once.ends_with("\n\n"));
            }
            Err(Unformatted::Unreadable(found)) => prop_assert!(!found.is_empty()),
            Err(Unformatted::Unsafe) => prop_assert!(false, "not written: {}", source),
        }
    }
}
