//! Every limit at N and at N + 1, and what long or deep inputs do.

use super::world::{World, json};
use crate::domain::limits::{
    EXPRESSION_CHARS, EXPRESSION_DEPTH, EXPRESSION_RESULT_CHARS, EXPRESSION_STEPS, PATTERN_BYTES, PATTERN_CHARS, VALUE_BYTES,
    VALUE_DEPTH,
};
use crate::domain::value::Value;
use crate::flow::expression::{EvalProblem, Expression, SyntaxKind, Template, ValueTemplate};

fn eval(source: &str, world: &World) -> Result<Value, EvalProblem> {
    Expression::parse(source).expect(source).eval(world).map_err(|error| error.problem)
}

fn kind_of_mistake(source: &str) -> Option<SyntaxKind> {
    Expression::parse(source).err().map(|error| error.kind)
}

#[test]
fn length_is_counted_in_characters() {
    let of = |chars: usize| format!("'{}'", "é".repeat(chars - 2));
    assert_eq!(kind_of_mistake(&of(EXPRESSION_CHARS)), None);
    assert_eq!(kind_of_mistake(&of(EXPRESSION_CHARS + 1)), Some(SyntaxKind::TooLarge));
    let error = Expression::parse(&of(EXPRESSION_CHARS + 1)).expect_err("too long");
    assert!(error.message.contains(&EXPRESSION_CHARS.to_string()), "{}", error.message);
}

#[test]
fn nesting_is_counted_wherever_it_can_be() {
    for (open, middle, close) in
        [("(", "1", ")"), ("[", "1", "]"), ("abs(", "1", ")"), ("- ", "1", ""), ("not ", "1", ""), ("x[", "1", "]")]
    {
        let of = |depth: usize| format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(kind_of_mistake(&of(EXPRESSION_DEPTH)), None, "{open}");
        assert_eq!(kind_of_mistake(&of(EXPRESSION_DEPTH + 1)), Some(SyntaxKind::TooLarge), "{open}");
    }
    let error = Expression::parse(&"(".repeat(EXPRESSION_DEPTH + 1)).expect_err("too deep");
    assert!(error.message.contains(&EXPRESSION_DEPTH.to_string()), "{}", error.message);
}

#[test]
fn depth_and_width_together_are_evaluated() {
    let depth = EXPRESSION_DEPTH;
    let source = format!("{}1{}", "not (0 or 1 + (1 if 0 ?? ".repeat(depth / 3), " else 1))".repeat(depth / 3));
    assert!(eval(&source, &World::new()).is_ok());
}

#[test]
fn long_chains_are_flat() {
    for (first, link, last, expected) in [
        ("1", "+1", "", Value::Number(500.0)),
        ("1", "*1", "", Value::Number(1.0)),
        ("nothing", "??1", "", Value::Number(1.0)),
        ("1", " or 1", "", Value::Bool(true)),
        ("1", " and 1", "", Value::Bool(true)),
        ("order", ".a", "", Value::Null),
        ("batch", "[0]", "", Value::Null),
        ("1", "|abs", "", Value::Number(1.0)),
        ("1 if 0 else ", "1 if 0 else ", "2", Value::Number(2.0)),
    ] {
        let count = if link == "+1" { 499 } else { (EXPRESSION_CHARS - first.len() - last.len()) / link.len() };
        let source = format!("{first}{}{last}", link.repeat(count));
        let value = eval(&source, &World::new());
        if link == "[0]" {
            // A map has no places.
            assert_eq!(
                value,
                Err(EvalProblem::Operator(
                    "[ ]",
                    Some(crate::domain::value::Type::Map),
                    Some(crate::domain::value::Type::Number)
                ))
            );
        } else {
            assert_eq!(value, Ok(expected), "{link}");
        }
    }
}

#[test]
fn steps_are_counted() {
    // One step for the expression, the call, the variable, the list, and each item.
    let items = |n: usize| World::new().with("list", Value::List(vec![Value::Number(1.0); n]));
    let most = EXPRESSION_STEPS as usize - 4;
    assert_eq!(eval("sum(list)", &items(most)), Ok(Value::Number(most as f64)));
    assert_eq!(eval("sum(list)", &items(most + 1)), Err(EvalProblem::Steps));
    assert!(EvalProblem::Steps.to_string().contains(&EXPRESSION_STEPS.to_string()));
    // Copies cost as much as they are large.
    let large = World::new().with("large", Value::text("x".repeat(64 * 1024)));
    let list = |n: usize| format!("[{}]", vec!["large"; n].join(","));
    assert!(eval(&list(9), &large).is_ok());
    assert_eq!(eval(&list(10), &large), Err(EvalProblem::Steps));
    for source in
        ["large in list", "list == list", "list.x", "unique(list)", "sort(list)", "list + list", "contains(list, 1)", "max(list)"]
    {
        assert_eq!(eval(source, &items(20_000).with("large", Value::Null)), Err(EvalProblem::Steps), "{source}");
    }
    assert_eq!(eval("len(list)", &items(20_000)), Ok(Value::Number(20_000.0)));
    assert_eq!(eval("last(list)", &items(20_000)), Ok(Value::Number(1.0)));
    assert_eq!(eval("split(text, 'x')", &World::new().with("text", Value::text("x".repeat(20_000)))), Err(EvalProblem::Steps));
}

#[test]
fn every_way_to_make_a_text_is_bounded() {
    let of = |chars: usize| {
        World::new()
            .with("text", Value::text("é".repeat(chars)))
            .with("list", Value::List(vec![Value::text("é".repeat(chars)), Value::text("é")]))
    };
    let (fits, over) = (of(EXPRESSION_RESULT_CHARS - 2), of(EXPRESSION_RESULT_CHARS - 1));
    for source in [
        "text + 'xx'",
        "join(list, 'x')",
        "replace(text + 'x', 'x', 'xx')",
        "json(text)",
        "lines(list, '{}')",
        "text([text, ''])",
    ] {
        assert!(eval(source, &fits).is_ok(), "{source}");
        assert_eq!(eval(source, &over), Err(EvalProblem::ResultTooLong), "{source}");
    }
    for source in ["upper(text)", "lower(text)", "title(text)", "text(text)"] {
        assert!(eval(source, &of(EXPRESSION_RESULT_CHARS)).is_ok(), "{source}");
        assert_eq!(eval(source, &of(EXPRESSION_RESULT_CHARS + 1)), Err(EvalProblem::ResultTooLong), "{source}");
    }
    let blow = World::new().with("text", Value::text("x".repeat(9_999)));
    assert_eq!(eval("replace(text, 'x', text)", &blow), Err(EvalProblem::ResultTooLong));
    assert!(EvalProblem::ResultTooLong.to_string().contains(&EXPRESSION_RESULT_CHARS.to_string()));
}

#[test]
fn patterns_are_bounded_whoever_wrote_them() {
    let of = |chars: usize| World::new().with("pattern", Value::text("x".repeat(chars)));
    assert_eq!(eval("matches('a', pattern)", &of(PATTERN_CHARS)), Ok(Value::Bool(false)));
    assert!(matches!(eval("matches('a', pattern)", &of(PATTERN_CHARS + 1)), Err(EvalProblem::Unusable { .. })));
    let large = World::new().with("pattern", Value::text(r"(\w{90}){90}"));
    match eval("matches('a', pattern)", &large) {
        Err(EvalProblem::Unusable { reason, .. }) => assert!(reason.contains(&PATTERN_BYTES.to_string()), "{reason}"),
        other => panic!("{other:?}"),
    }
    // What takes other engines exponential time.
    let world = World::new().with("text", Value::text(format!("{}!", "a".repeat(5_000))));
    assert_eq!(eval("matches(text, '(a+)+')", &world), Ok(Value::Bool(false)));
    let many = vec!["matches(name, name)"; 21].join(" and ");
    let all = many.replace(" and ", ",");
    assert_eq!(eval(&format!("[{all}]"), &World::new()), Err(EvalProblem::Steps));
}

#[test]
fn values_that_a_flow_makes_are_bounded() {
    let nested = |depth: usize| (1..depth).fold(Value::List(vec![]), |inner, _| Value::List(vec![inner]));
    let wrap = ValueTemplate::list(vec![ValueTemplate::text(Template::parse("{{ x }}").expect("a text"))]);
    let at = World::new().with("x", nested(VALUE_DEPTH - 1));
    let above = World::new().with("x", nested(VALUE_DEPTH));
    assert!(eval("[x]", &at).is_ok() && wrap.eval(&at).is_ok());
    assert_eq!(eval("[x]", &above), Err(EvalProblem::TooDeep));
    assert_eq!(wrap.eval(&above).expect_err("too deep").problem, EvalProblem::TooDeep);
    assert!(EvalProblem::TooDeep.to_string().contains(&VALUE_DEPTH.to_string()));
    let of = |bytes: usize| World::new().with("x", Value::text("x".repeat(bytes - 1)));
    assert!(wrap.eval(&of(VALUE_BYTES)).is_ok());
    assert_eq!(wrap.eval(&of(VALUE_BYTES + 1)).expect_err("too large").problem, EvalProblem::TooLarge);
    assert!(EvalProblem::TooLarge.to_string().contains(&VALUE_BYTES.to_string()));
}

#[test]
fn numbers_stay_finite() {
    let world = World::new().with("big", Value::Number(1e308)).with("list", json("[1e308, 1e308]"));
    for source in ["big * 10", "big + big", "sum(list)", "big / 0.001", "percent(big)"] {
        assert_eq!(eval(source, &world), Err(EvalProblem::OutOfRange), "{source}");
    }
    assert_eq!(kind_of_mistake(&"9".repeat(400)), Some(SyntaxKind::Grammar));
    for source in ["now + 520w * 1000000", "today + 520w * 100000", "(now - at) * 1000000000000"] {
        assert_eq!(eval(source, &world), Err(EvalProblem::OutOfRange), "{source}");
    }
}

#[test]
fn notes_say_what_an_author_may_not_expect() {
    let notes = |source: &str| {
        let world = World::new();
        let _ = eval(source, &world);
        world.notes.into_inner()
    };
    assert_eq!(notes("yes and '1' == score"), ["`'1' == score` compares text with number"]);
    assert_eq!(notes("nothing < 5"), ["`nothing < 5` compares nothing with number"]);
    assert_eq!(notes("number('x')"), ["`number('x')` could not be read as a number"]);
    assert_eq!(notes("'soon' | date"), ["`date` could not be read as a date"]);
    assert_eq!(notes("score.x"), ["`score.x` asks for a field of a number"]);
    assert_eq!(notes("1 in name"), ["`1 in name` compares number with text"]);
    assert!(notes("score == 9 and nothing == null and nothing.x == 1 and answer == 'cod'").is_empty());
}
