//! What holds for every input.

use super::world::{Types, World};
use crate::domain::limits::EXPRESSION_RESULT_CHARS;
use crate::domain::value::Value;
use crate::flow::expression::{Expression, Template};
use proptest::prelude::*;

/// Texts made of the words of the language: far more of them are expressions than of random characters.
fn wordy() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "score",
        "name",
        "batch",
        "order",
        "nothing",
        "answer",
        "at",
        "day",
        "clock",
        "span",
        "contact.vip",
        "contact",
        "event",
        "now",
        "today",
        "visits.menu",
        "hours.office",
        "and",
        "or",
        "not",
        "in",
        "if",
        "else",
        "true",
        "null",
        "==",
        "!=",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "??",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "|",
        ".x",
        ".fund",
        "[0]",
        "1",
        "0.5",
        "2d",
        "'a'",
        "\"b\"",
        "''",
        "upper",
        "len(",
        "sum",
        "join(",
        "date('d')",
        "money('EUR')",
        "max(",
        "sort",
        "replace(",
        "matches('a+')",
        "lines(batch, '{}')",
        "text",
        "round",
        "'",
        "{{",
        "}}",
        "é",
        "½",
        "\\",
        "=",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.join(" "))
}

/// Expressions that can be read, with everything in them.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "score",
        "amount",
        "tiny",
        "name",
        "empty",
        "nothing",
        "yes",
        "batch",
        "words",
        "numbers",
        "order",
        "answer",
        "day",
        "clock",
        "at",
        "span",
        "now",
        "today",
        "contact.tags",
        "visits.menu",
        "1",
        "0",
        "2.5",
        "'a'",
        "'-'",
        "2d",
        "30m",
        "null",
        "true",
        "[]",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 3, |inner| {
        let operator =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "and", "or", "??", "in", "not in"]);
        let function = prop::sample::select(vec![
            "len",
            "upper",
            "trim",
            "number",
            "text",
            "round",
            "abs",
            "min",
            "max",
            "sum",
            "first",
            "last",
            "sort",
            "unique",
            "json",
            "hash",
            "date",
            "days_until",
            "percent",
            "join",
        ]);
        let two = prop::sample::select(vec![
            "join", "split", "contains", "starts", "ends", "matches", "lines", "sort", "max", "date", "money",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (two, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("({a}) | {f}({b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) if ({b}) else ({c})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}).amount")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
    })
}

fn has_broken_number(value: &Value) -> bool {
    match value {
        Value::Number(n) => !n.is_finite() || (*n == 0.0 && n.is_sign_negative()),
        Value::List(items) => items.iter().any(has_broken_number),
        Value::Map(map) => map.values().any(has_broken_number),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(source in prop_oneof![any::<String>(), wordy()]) {
        match Expression::parse(&source) {
            Ok(expression) => {
                let world = World::new();
                let _ = expression.eval(&world);
                let _ = expression.truth(&world);
                let _ = expression.infer(&Types { event: true });
                for name in expression.names() {
                    prop_assert!(source.get(name.offset..name.offset + name.length).is_some());
                }
            }
            Err(error) => prop_assert!(source.get(error.offset..error.offset + error.length).is_some(), "{:?}", error),
        }
        if let Err(error) = Template::parse(&source) {
            prop_assert!(source.get(error.offset..error.offset + error.length).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn types_tell_the_truth(source in expression()) {
        let Ok(expression) = Expression::parse(&source) else { return Ok(()) };
        let world = World::new();
        let types = Types { event: false };
        let Ok(value) = expression.eval(&world) else { return Ok(()) };
        prop_assert!(!has_broken_number(&value), "{source}");
        prop_assert_eq!(expression.truth(&world), Ok(value.is_true()));
        if let Ok(inferred) = expression.infer(&types) {
            match value.kind() {
                Some(kind) => prop_assert!(inferred.fits(kind), "{} is {}, not {}", source, kind, inferred.kind),
                None => prop_assert!(inferred.nullable, "{} is null", source),
            }
        }
    }

    #[test]
    fn what_was_written_is_read_alike(source in expression()) {
        let Ok(expression) = Expression::parse(&source) else { return Ok(()) };
        let again = Expression::parse(expression.source()).expect("it was read once");
        let world = World::new();
        prop_assert_eq!(expression.eval(&world), again.eval(&world));
        // Inside of a text it is the same expression, at the place where it stands.
        let text = format!("a {{{{ {source} }}}} b");
        let template = Template::parse(&text).expect("a text");
        prop_assert_eq!(template.expressions().map(|(at, e)| (at, e.source().to_owned())).collect::<Vec<_>>(), vec![(5, source.clone())]);
    }

    #[test]
    fn texts_without_braces_are_as_they_were(source in "[^{]*") {
        let template = Template::parse(&source).expect("nothing to read");
        prop_assert_eq!(template.render(&World::new()), Ok(source));
    }

    #[test]
    fn what_is_rendered_is_bounded_and_never_read_again(value in any::<String>(), times in 1usize..400) {
        let world = World::new().with("name", Value::text(value.repeat(times)));
        let template = Template::parse("<{{ name }}|{{ name }}>").expect("a text");
        match template.render(&world) {
            Ok(text) => {
                prop_assert!(text.chars().count() <= EXPRESSION_RESULT_CHARS);
                let value = value.repeat(times);
                prop_assert_eq!(text, format!("<{value}|{value}>"));
            }
            Err(_) => prop_assert!(value.repeat(times).chars().count() * 2 + 3 > EXPRESSION_RESULT_CHARS),
        }
    }

    #[test]
    fn encoded_values_never_leave_their_part(value in any::<String>()) {
        let world = World::new().with("name", Value::text(value.clone()));
        let template = Template::parse("/a/{{ name }}/b").expect("a text");
        if let Ok(path) = template.render_percent_encoded(&world) {
            prop_assert_eq!(path.matches('/').count(), 3);
            prop_assert!(path.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#'));
            let url = url::Url::parse(&format!("https://x.example{path}")).expect("a URL");
            prop_assert_eq!(url.path(), path.as_str());
        }
    }
}
