//! What the checker is told.

use super::world::{Types, World};
use crate::domain::value::Type;
use crate::flow::expression::{Expression, Inferred, ReferenceName, Root, is_reserved};

fn infer(source: &str) -> Result<Inferred, String> {
    let expression = Expression::parse(source).expect(source);
    let found = expression.infer(&Types { event: false });
    found.map_err(|p| format!("{} at {}+{}: {}", p.kind.code(), p.offset, p.length, p.message))
}

#[test]
fn types_are_known() {
    for (source, kind, nullable) in [
        ("score", Type::Number, false),
        ("score + 1", Type::Number, false),
        ("name + 'x'", Type::Text, false),
        ("now - at", Type::Duration, false),
        ("now + 2d", Type::Moment, false),
        ("today", Type::Date, false),
        ("score >= 9 and contact.vip", Type::Boolean, false),
        ("contact.phone", Type::Phone, true),
        ("contact.phone ?? 'none'", Type::Any, false),
        ("maybe ?? 'none'", Type::Text, false),
        ("maybe | upper", Type::Text, true),
        ("order.x", Type::Any, true),
        ("batch.x", Type::List, false),
        ("batch[0]", Type::Any, true),
        ("['a', name][0]", Type::Text, true),
        ("['a', name]['a' if yes else 0]", Type::Any, true),
        ("sort(nothing).x", Type::List, true),
        ("batch.amount | sum | money('EUR')", Type::Text, false),
        ("anything + 1", Type::Any, false),
        ("'a' if yes else 'b'", Type::Text, false),
        ("'a' if yes else 1", Type::Any, false),
        ("'a' if yes else null", Type::Any, true),
        ("number(name)", Type::Number, true),
        ("number(score)", Type::Number, false),
        ("date(at)", Type::Date, false),
        ("date(name)", Type::Date, true),
        ("at | date('d')", Type::Text, false),
        ("visits.menu + 1", Type::Number, false),
        ("[1]", Type::List, false),
        ("answer.label", Type::Text, true),
        ("phone == 'x'", Type::Boolean, false),
        ("anything == 1 and nothing == null", Type::Boolean, false),
        ("now in hours.office", Type::Boolean, false),
        ("max(1, 2)", Type::Number, false),
        ("abs(span)", Type::Duration, false),
    ] {
        let found = infer(source).map(|found| (found.kind, found.nullable));
        assert_eq!(found, Ok((kind, nullable)), "{source}");
    }
}

#[test]
fn mistakes_have_a_code_and_a_place() {
    for (source, expected) in [
        ("scor + 1", "RF201 at 0+4: Unknown name `scor`"),
        ("1 + upper", "RF201 at 4+5: Unknown name `upper`"),
        ("\"1\" == 1", "RF206 at 0+8: `\"1\" == 1` compares a text with a number; they are never equal"),
        ("yes and score == name", "RF206 at 8+13: `score == name` compares a number with a text; they are never equal"),
        ("at > today", "RF206 at 0+10: `at > today` compares a moment with a date; they are never equal"),
        ("yes > false", "RF206 at 0+11: `yes > false` compares what has no order: a boolean"),
        ("name + 1", "RF206 at 0+8: `+` cannot take a text and a number"),
        ("anything * yes", "RF206 at 0+14: `*` cannot take any value and a boolean"),
        ("-name", "RF206 at 1+4: `-` cannot take a text"),
        ("score in name", "RF206 at 0+13: `score in name` looks for a number in a text; it is never there"),
        ("'a' in score", "RF206 at 0+12: `'a' in score` looks for a text in a number; it is never there"),
        ("score.x", "RF206 at 0+7: A number has no field `x`"),
        ("name[0]", "RF206 at 0+7: A text has no items"),
        ("batch[yes]", "RF206 at 6+3: `[ ]` takes a number or a text, not a boolean"),
        ("today in hours.office", "RF206 at 0+5: `hours.office` are hours for a moment, not for a date"),
        ("upper(score)", "RF207 at 6+5: `upper` takes text, not a number"),
        ("score | upper", "RF207 at 0+5: `upper` takes text, not a number"),
        ("name | len | upper", "RF207 at 0+10: `upper` takes text, not a number"),
        ("money(name, 'EUR')", "RF207 at 6+4: `money` takes number, not a text"),
        ("event.x", "RF208 at 0+7: `event` is readable only in entries of `start` and `anytime` with an event or a webhook"),
        ("body", "RF209 at 0+4: `body` is readable only in `save`"),
        ("item.x", "RF209 at 0+6: `item` is readable only in the `label` of `pick`"),
        ("contact.vipp", "RF211 at 0+12: `contact.vipp` is not an attribute of this project"),
        ("env.X", "RF201 at 0+5: Unknown name `env.X`"),
        ("visits.other", "RF104 at 0+12: There is no state `other`"),
        ("now in hours.x", "RF505 at 0+14: There are no hours `x`"),
    ] {
        assert_eq!(infer(source), Err(expected.to_owned()), "{source}");
    }
    // What is written out is known to the letter.
    assert_eq!(
        infer("'a' == 'b'").expect_err("never"),
        "RF206 at 0+10: `'a' == 'b'` compares `a` with `b`; they are never equal"
    );
    assert_eq!(infer("'a' in ['b', 'a']").expect_err("never"), "RF206 at 8+3: `'a' in ['b', 'a']` is never `b`");
    assert_eq!(infer("('a' if yes else 'b') == 'b'").map(|found| found.kind), Ok(Type::Boolean));
    assert!(infer("['a', 'b'][0] == 'c'").is_err());
    let help = |source: &str| Expression::parse(source).expect(source).infer(&Types { event: false }).expect_err(source).help;
    assert_eq!(help("scor").as_deref(), Some("Did you mean `score`?"));
    assert_eq!(help("True").as_deref(), Some("Write `true`"));
    assert_eq!(help("upper").as_deref(), Some("`upper` is a function: write `upper(…)`"));
    assert_eq!(help("contact.vipp").as_deref(), Some("Did you mean `contact.vip`?"));
    let event = Expression::parse("event.x").expect("an expression").infer(&Types { event: true });
    assert_eq!(event, Ok(Inferred::maybe(Type::Any)));
}

/// What types forbid fails or is false; what they allow may still be null, but is of the type they say.
#[test]
fn the_table_of_examples_agrees_with_the_types() {
    let (world, types) = (World::new(), Types { event: false });
    for line in include_str!("examples.txt").lines().take_while(|line| !line.starts_with('@')) {
        let Some((source, _)) = line.split_once(" ⇒ ") else { continue };
        let Ok(expression) = Expression::parse(source) else { continue };
        let (Ok(value), Ok(inferred)) = (expression.eval(&world), expression.infer(&types)) else { continue };
        match value.kind() {
            None => assert!(inferred.nullable, "{source} is null but was said never to be"),
            Some(kind) => assert!(inferred.fits(kind), "{source} is {kind}, not {}", inferred.kind),
        }
    }
}

#[test]
fn names_are_listed_with_their_places() {
    let expression =
        Expression::parse("a.b + contact.x * visits['s t'] if now in hours.x-y else event | len").expect("an expression");
    let names: Vec<_> =
        expression.names().iter().map(|r| (&expression.source()[r.offset..r.offset + r.length], r.name.clone())).collect();
    assert_eq!(
        names,
        [
            ("a", ReferenceName::Variable("a".into())),
            ("contact.x", ReferenceName::Member(Root::Contact, "x".into())),
            ("visits['s t']", ReferenceName::Member(Root::Visits, "s t".into())),
            ("now", ReferenceName::Root(Root::Now)),
            ("hours.x-y", ReferenceName::Member(Root::Hours, "x-y".into())),
            ("event", ReferenceName::Root(Root::Event)),
        ]
    );
}

#[test]
fn reserved_names_are_known() {
    for name in
        ["contact", "event", "reply", "env", "run", "now", "today", "visits", "item", "hours", "body", "and", "null", "if"]
    {
        assert!(is_reserved(name), "{name}");
    }
    for name in ["score", "date", "Contact"] {
        assert!(!is_reserved(name), "{name}");
    }
}
