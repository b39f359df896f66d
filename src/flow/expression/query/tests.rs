//! Queries over contacts, as they are read.

use super::*;

/// The tree as text, so that a table can be read.
fn shown(node: &QueryNode) -> String {
    let value = |value: &QueryValue| match value.kind {
        QueryLiteral::Text => format!("'{}'", value.word.text),
        QueryLiteral::Null => "null".to_owned(),
        _ => format!("{:?}:{}", value.kind, value.word.text),
    };
    let all = |nodes: &[QueryNode]| nodes.iter().map(shown).collect::<Vec<_>>().join(" ");
    match &node.kind {
        QueryKind::And(parts) => format!("(and {})", all(parts)),
        QueryKind::Or(parts) => format!("(or {})", all(parts)),
        QueryKind::Not(inner) => format!("(not {})", shown(inner)),
        QueryKind::Compare(field, sign, right) => format!("{} {sign:?} {}", field.text, value(right)),
        QueryKind::In { field, values, negated } => {
            format!(
                "{} in{} [{}]",
                field.text,
                if *negated { "!" } else { "" },
                values.iter().map(value).collect::<Vec<_>>().join(" ")
            )
        }
        QueryKind::Call(function, field, right) => format!("{function:?}({} {})", field.text, value(right)),
        QueryKind::Has(field) => format!("has {}", field.text),
        QueryKind::Alone(field) => format!("{}?", field.text),
    }
}

#[test]
fn queries_are_read_as_expressions_are() {
    for (query, tree) in [
        ("tag = vip", "tag Equal Word:vip"),
        ("a = b or c = d and not e", "(or a Equal Word:b (and c Equal Word:d (not e?)))"),
        ("(a == 'x y' or b) and c != null", "(and (or a Equal 'x y' b?) c NotEqual null)"),
        ("language in (es, pt-BR)", "language in [Word:es Word:pt-BR]"),
        ("language not in ['es']", "language in! ['es']"),
        ("not not a", "(not (not a?))"),
        ("has plan and n >= -2", "(and has plan n GreaterOrEqual Number(-2.0):-2)"),
        ("last_seen>30d", "last_seen Greater Duration(Span(2592000000)):30d"),
        ("starts_with(name, Ada) or contains(name,'o')", "(or Starts(name Word:Ada) Contains(name 'o'))"),
        ("contact.plan = true", "contact.plan Equal Bool(true):true"),
    ] {
        assert_eq!(QueryNode::parse(query).map(|node| shown(&node)).as_deref(), Ok(tree), "{query}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (query, offset, message, help) in [
        ("", 0, "The query is empty", "For example"),
        ("tag =", 5, "The query ends where a value is expected", ""),
        ("tag = vip AND a", 10, "`AND` cannot stand here", "Write `and`"),
        ("tag is vip", 4, "`is` cannot stand here", "write `=`"),
        ("name = Ada Lovelace", 11, "`Lovelace` cannot stand here", "quotes"),
        ("tag in vip", 7, "`vip` stands where `(` is expected", "in (a, b)"),
        ("len(name) > 3", 0, "There is no function `len` in a query", "contains"),
        ("and tag = a", 0, "`and` stands where a field is expected", ""),
        ("(tag = a", 8, "The query ends where `)` is expected", ""),
        ("a = 1 + 2", 6, "`+` cannot stand here", ""),
        ("tag = 'a\0b'", 6, "A text cannot hold the character 0", ""),
    ] {
        let error = QueryNode::parse(query).expect_err(query);
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{query}");
        assert!(error.help.as_deref().unwrap_or("").contains(help), "{query}: {:?}", error.help);
    }
}

#[test]
fn queries_are_bounded() {
    let long = format!("tag = {}", "a".repeat(QUERY_CHARS));
    let many = vec!["a"; QUERY_TESTS + 1].join(" or ");
    let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
    for query in [long, many, deep, "not ".repeat(50)] {
        assert_eq!(QueryNode::parse(&query).map_err(|error| error.kind), Err(SyntaxKind::TooLarge), "{}", &query[..20]);
    }
    assert!(QueryNode::parse(&vec!["a"; QUERY_TESTS].join(" or ")).is_ok());
}
