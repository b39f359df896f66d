//! Texts with `{{ }}` and trees of them.

use super::world::{Types, World, json};
use crate::domain::limits::{EXPRESSION_RESULT_CHARS, PAGE_CHARS};
use crate::domain::value::{Type, Value};
use crate::flow::expression::{EvalProblem, Expression, ReferenceName, Template, ValueTemplate};

fn template(source: &str) -> Template {
    Template::parse(source).expect(source)
}

fn render(source: &str) -> String {
    template(source).render(&World::new()).expect(source)
}

#[test]
fn texts_are_rendered() {
    for (source, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("{{ name }}", "ana maría"),
        ("{{name}}", "ana maría"),
        ("Hi {{ name | title }}, {{ amount | money('INR') }}!", "Hi Ana María, ₹1,500.00!"),
        ("{{ amount }}", "1500"),
        ("{{ nothing }}", ""),
        ("[{{ order.missing.deep }}]", "[]"),
        ("{{ yes }} {{ 1 > 2 }}", "true false"),
        ("{{ answer }}", "cod"),
        ("{{ answer.label }}", "Cash on delivery"),
        ("{{ words }}", "b, a, c, a"),
        ("{{ order.items }}", r#"{"sku":"x"}"#),
        ("{{ day }} {{ clock }} {{ at }} {{ span }}", "2026-03-05 10:30 2026-02-27T18:00:00Z 1h30m"),
        ("{{ '}}' }}{{ \"{{\" }}", "}}{{"),
        ("{{ lines(words, '{}') }}", "b\na\nc\na"),
        ("}} { } {x}", "}} { } {x}"),
        ("{{ 'a' }}{{ 'b' }}", "ab"),
        ("₹{{ tiny }}₹", "₹0.1₹"),
        ("{{ 1000000 * 1000000 }}", "1000000000000"),
        ("{{ 0 - 0 }}", "0"),
    ] {
        assert_eq!(render(source), expected, "{source}");
    }
}

#[test]
fn nothing_that_is_put_into_a_page_is_a_tag() {
    let world = World::new().with("name", Value::text("<a href='x' b=\"y\">&amp;"));
    let page = template("<p title=\"{{ name }}\">{{ name }}&amp;</p>").render_html(&world).expect("a page");
    let escaped = "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;";
    assert_eq!(page, format!("<p title=\"{escaped}\">{escaped}&amp;</p>"));
    let long = "x".repeat(EXPRESSION_RESULT_CHARS) + "{{ amount }}";
    assert!(template(&long).render(&world).is_err() && template(&long).render_html(&world).is_ok());
    assert!(template(&("x".repeat(PAGE_CHARS) + "{{ amount }}")).render_html(&world).is_err());
}

#[test]
fn what_was_rendered_is_not_rendered_again() {
    let world = World::new().with("name", Value::text("{{ amount }}"));
    assert_eq!(template("{{ name }}").render(&world).as_deref(), Ok("{{ amount }}"));
    let list = World::new().with("words", json(r#"["{x}"]"#));
    assert_eq!(template("{{ lines(words, '{}') }}").render(&list).as_deref(), Ok("{x}"));
}

#[test]
fn mistakes_stand_where_they_are_in_the_text() {
    for (source, offset, message) in [
        ("Hi {{ name", 3, "This `{{` is not closed"),
        ("Hi {{ }}", 3, "There is nothing between `{{` and `}}`"),
        ("Hi {{ name name }}", 11, "`name` cannot stand here"),
        ("₹{{ uper(name) }}", 6, "There is no function `uper`"),
        ("{{ name }} {{ a && b }}", 16, "There is no `&&`"),
        ("{{ it's }} x", 5, "This text is not closed"),
        ("{{ {{ name }} }}", 3, "This is already an expression; leave out `{{ }}`"),
    ] {
        let error = Template::parse(source).expect_err(source);
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{source}");
        assert!(source.is_char_boundary(error.offset));
    }
    let error = template("Hi {{ name }}, {{ missing }}").render(&World::new()).expect_err("no such variable");
    assert_eq!((error.offset, error.length), (18, 7));
    let problem = template("Hi {{ name }}, {{ missing }}").infer(&Types { event: false }).expect_err("no such variable");
    assert_eq!((problem.offset, problem.length), (18, 7));
}

#[test]
fn a_text_that_is_one_value_keeps_its_type() {
    let world = World::new();
    let value = |source: &str| template(source).eval_value(&world).expect(source);
    assert_eq!(value("{{ amount }}"), Value::Number(1500.0));
    assert_eq!(value("{{ nothing }}"), Value::Null);
    assert_eq!(value("{{ numbers }}"), json("[3,1,2]"));
    assert_eq!(value("{{ amount }} "), Value::text("1500 "));
    assert_eq!(value("{{ amount }}{{ nothing }}"), Value::text("1500"));
    assert_eq!(value("1500"), Value::text("1500"));
}

#[test]
fn constants_are_known() {
    let constant = template("a }} b");
    assert!(constant.is_constant());
    assert_eq!(constant.constant_text(), Some("a }} b"));
    assert_eq!(constant.expressions().count(), 0);
    let other = template("₹{{ name }} {{ amount }}");
    assert!(!other.is_constant());
    let places: Vec<_> = other.expressions().map(|(at, e)| (at, e.source().to_owned())).collect();
    assert_eq!(places, [(6, "name".to_owned()), (17, "amount".to_owned())]);
    let names: Vec<_> = other.names().map(|name| (name.offset, name.length)).collect();
    assert_eq!(names, [(6, 4), (17, 6)]);
    let parts: Vec<_> = other.parts().map(|part| part.map_err(Expression::source)).collect();
    assert_eq!(parts, [Ok("₹"), Err("name"), Ok(" "), Err("amount")]);
}

#[test]
fn values_in_urls_are_encoded_as_one_part() {
    let encoded = |source: &str, name: &str| {
        let world = World::new().with("name", Value::text(name));
        template(source).render_percent_encoded(&world)
    };
    assert_eq!(encoded("/orders/{{ name }}", "a/b?c=ü&d#%").as_deref(), Ok("/orders/a%2Fb%3Fc%3D%C3%BC%26d%23%25"));
    assert_eq!(encoded("/a b/{{ name }}", "~x-y_z.1").as_deref(), Ok("/a b/~x-y_z.1"), "constants stay as they are");
    assert_eq!(encoded("{{ name }}", "..").as_deref(), Ok(".."), "a query may be anything");
    assert_eq!(encoded("/x?q={{ name }}", "").as_deref(), Ok("/x?q="));
    assert_eq!(encoded("/plain", "").as_deref(), Ok("/plain"));
    assert_eq!(encoded("/v{{ name }}/x", "").as_deref(), Ok("/v/x"));
    for (source, name) in [
        ("/orders/{{ name }}", ""),
        ("/orders/{{ name }}", "."),
        ("/orders/{{ name }}/items", ".."),
        ("/orders/.{{ name }}", "."),
        ("/orders/{{ name }}{{ name }}?x", ""),
        ("/orders/{{ name }}?x", ".."),
    ] {
        let error = encoded(source, name).expect_err(source);
        assert_eq!(error.problem, EvalProblem::PathSegment, "{source}");
        assert_eq!(error.length, 4);
    }
}

#[test]
fn a_rendered_text_is_bounded() {
    let world = World::new().with("name", Value::text("é".repeat(EXPRESSION_RESULT_CHARS - 1)));
    assert_eq!(template("{{ name }}x").render(&world).expect("at the limit").chars().count(), EXPRESSION_RESULT_CHARS);
    for source in ["{{ name }}xx", "xx{{ name }}", "{{ name }}{{ name }}"] {
        assert_eq!(template(source).render(&world).expect_err("above").problem, EvalProblem::ResultTooLong, "{source}");
    }
    let long = "x".repeat(EXPRESSION_RESULT_CHARS + 1);
    assert_eq!(template(&long).render(&world).as_deref(), Ok(long.as_str()), "a constant is bounded by its file");
}

#[test]
fn trees_are_evaluated_with_their_types() {
    let text = |source: &str| ValueTemplate::text(template(source));
    let tree = ValueTemplate::map(vec![
        ("id".to_owned(), text("{{ order.id }}")),
        ("amount".to_owned(), text("{{ amount }}")),
        ("note".to_owned(), text("for {{ name }}")),
        (
            "list".to_owned(),
            ValueTemplate::list(vec![text("x"), text("{{ nothing }}"), ValueTemplate::Constant(Value::Bool(true))]),
        ),
    ]);
    let value = tree.eval(&World::new()).expect("a value");
    assert_eq!(value.to_json().to_string(), r#"{"id":"A1","amount":1500,"note":"for ana maría","list":["x",null,true]}"#);
    assert_eq!(tree.templates().len(), 4);
    assert_eq!(tree.expressions().count(), 4);
    let names: Vec<_> = tree.names().map(|name| name.name).collect();
    assert_eq!(names[0], ReferenceName::Variable("order".into()));
    assert_eq!(tree.infer(&Types { event: false }).map(|t| t.kind), Ok(Type::Map));
    let constant = ValueTemplate::list(vec![text("x"), ValueTemplate::map(vec![("a".to_owned(), text("b"))])]);
    assert_eq!(constant.constant(), Some(&json(r#"["x",{"a":"b"}]"#)));
    let wrong = ValueTemplate::list(vec![text("{{ missing }}")]);
    assert!(wrong.eval(&World::new()).is_err());
    assert!(wrong.infer(&Types { event: false }).is_err());
}
