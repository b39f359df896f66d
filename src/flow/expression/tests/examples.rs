//! The table of examples: one line an expression, what it gives, or how it fails.

use super::world::World;
use crate::domain::language::Language;
use crate::flow::expression::Expression;

const TABLE: &str = include_str!("examples.txt");

/// What an expression gives, as the table writes it.
fn outcome(source: &str, world: &World) -> String {
    let expression = match Expression::parse(source) {
        Ok(expression) => expression,
        Err(error) => return format!("{} at {}: {}", error.code(), error.offset, error.message),
    };
    match expression.eval(world) {
        Ok(value) => {
            let truth = expression.truth(world).expect("a value has a truth");
            assert_eq!(truth, value.is_true(), "{source}");
            value.to_json().to_string()
        }
        Err(error) => format!("error at {}: {error}", error.offset),
    }
}

#[test]
fn every_example_of_the_table_holds() {
    let mut world = World::new();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (number, line) in TABLE.lines().enumerate() {
        let line = line.trim_end();
        if let Some(language) = line.strip_prefix("@language ") {
            world.language = Language::parse(language).expect("a language");
        }
        if line.is_empty() || line.starts_with('#') || line.starts_with('@') {
            continue;
        }
        let Some((source, expected)) = line.split_once(" ⇒ ") else {
            wrong.push(format!("line {}: no ⇒", number + 1));
            continue;
        };
        count += 1;
        let actual = outcome(source.trim(), &world);
        if actual != expected.trim() {
            wrong.push(format!("line {}: {source}\n  expected {expected}\n  got      {actual}", number + 1));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 200, "the table was read: {count}");
}

#[test]
fn every_function_has_an_example() {
    for name in [
        "len",
        "upper",
        "lower",
        "title",
        "trim",
        "replace",
        "split",
        "join",
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
        "contains",
        "starts",
        "ends",
        "matches",
        "date",
        "days_until",
        "money",
        "percent",
        "json",
        "hash",
        "lines",
        "today",
        "now",
        "visits",
    ] {
        let used = TABLE.lines().any(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name));
        assert!(used, "{name}");
    }
}
