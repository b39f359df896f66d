//! `docs/expressions.md`, line by line.

use replyflow::domain::language::Language;
use replyflow::domain::limits;
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::flow::expression::{Expression, Root, Scope};
use std::borrow::Cow;

const PAGE: &str = include_str!("../../docs/expressions.md");

struct Reader {
    variables: Value,
    language: Language,
    zone: jiff::tz::TimeZone,
}

impl Scope for Reader {
    fn variable(&self, name: &str) -> Option<Cow<'_, Value>> {
        match &self.variables {
            Value::Map(map) => map.get(name).map(Cow::Borrowed),
            _ => None,
        }
    }

    fn root(&self, _root: Root) -> Option<Cow<'_, Value>> {
        None
    }

    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        match (root, field) {
            (Root::Contact, "tags") => Some(Cow::Owned(Value::List(vec![Value::text("gold")]))),
            (Root::Visits, "menu") => Some(Cow::Owned(Value::Number(3.0))),
            _ => None,
        }
    }

    fn within_hours(&self, hours: &str, _at: Millis) -> Option<bool> {
        (hours == "office").then_some(true)
    }

    fn now(&self) -> Millis {
        Millis(1_772_474_400_000)
    }

    fn timezone(&self) -> &jiff::tz::TimeZone {
        &self.zone
    }

    fn language(&self) -> Language {
        self.language
    }
}

/// The blocks of the page: what stands after the fence, and the lines.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

fn reader(language: &str) -> Reader {
    let (_, json) = blocks().find(|(fence, _)| *fence == "json").expect("the variables");
    Reader {
        variables: Value::from_json(serde_json::from_str(json).expect("JSON")),
        language: Language::parse(language).expect("a language"),
        zone: jiff::tz::TimeZone::get("Europe/Madrid").expect("bundled"),
    }
}

#[test]
fn every_line_of_the_page_holds() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (fence, lines) in blocks() {
        let Some(language) = fence.strip_prefix("expressions") else { continue };
        let reader = reader(if language.is_empty() { "en" } else { language.trim() });
        for line in lines.lines() {
            count += 1;
            let (source, expected) = line.split_once(" ⇒ ").expect(line);
            let expression = Expression::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
            let got = match expression.eval(&reader) {
                Ok(value) => value.to_json().to_string(),
                Err(error) => format!("error: {error}"),
            };
            if got != expected {
                wrong.push(format!("{source}\n  the page says {expected}\n  it is         {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count >= 90, "the page was read: {count}");
}

#[test]
fn the_page_states_the_limits() {
    let number = |n: usize| {
        let text = n.to_string();
        if text.len() > 3 { format!("{},{}", &text[..text.len() - 3], &text[text.len() - 3..]) } else { text }
    };
    let page = PAGE.split("## Limits").nth(1).expect("the section").replace('\n', " ");
    for sentence in [
        format!("at most {} characters, {} levels", number(limits::EXPRESSION_CHARS), limits::EXPRESSION_DEPTH),
        format!("{} steps", number(limits::EXPRESSION_STEPS as usize)),
        format!("at most {} characters, a list or map {} levels", number(limits::EXPRESSION_RESULT_CHARS), limits::VALUE_DEPTH),
        format!("at most {} characters and {} KiB", number(limits::PATTERN_CHARS), limits::PATTERN_BYTES / 1024),
    ] {
        assert!(page.contains(&sentence), "{sentence}");
    }
}
