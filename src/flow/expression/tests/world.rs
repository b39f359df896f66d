//! A scope and a type environment for the tests: a contact in Madrid on Monday, 2026-03-02, 19:00 local time.

use crate::domain::language::Language;
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value};
use crate::flow::expression::{Inferred, MemberType, Note, Root, RootType, Scope, TypeEnv};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::cell::RefCell;

/// 2026-03-02T18:00:00Z
pub(super) const NOW: Millis = Millis(1_772_474_400_000);

pub(super) struct World {
    pub variables: IndexMap<String, Value>,
    pub contact: Value,
    pub event: Option<Value>,
    pub language: Language,
    pub notes: RefCell<Vec<String>>,
    zone: TimeZone,
}

pub(super) fn json(text: &str) -> Value {
    Value::from_json(serde_json::from_str(text).expect("json"))
}

impl World {
    pub fn new() -> Self {
        let batch = json(
            r#"[{"fund":"Alpha","amount":500,"more":{"x":1}},{"fund":"Beta","amount":1000.5,"more":{"x":2}},{"amount":null}]"#,
        );
        let variables = [
            ("score", Value::Number(9.0)),
            ("amount", Value::Number(1500.0)),
            ("tiny", Value::Number(0.1)),
            ("zero", Value::Number(0.0)),
            ("name", Value::text("ana maría")),
            ("empty", Value::text("")),
            ("nothing", Value::Null),
            ("yes", Value::Bool(true)),
            ("batch", batch),
            ("words", json(r#"["b","a","c","a"]"#)),
            ("numbers", json("[3,1,2]")),
            ("order", json(r#"{"id":"A1","items":[{"sku":"x"}],"first-name":"Eva","_id":7,"if":true}"#)),
            ("answer", Value::Choice { id: "cod".into(), label: "Cash on delivery".into() }),
            ("day", Value::Date(jiff::civil::date(2026, 3, 5))),
            ("clock", Value::Time(jiff::civil::time(10, 30, 0, 0))),
            ("at", Value::Moment(Millis(NOW.0 - 3 * 86_400_000))),
            ("span", Value::Duration(Span::minutes(90))),
            ("größe", Value::Number(1.0)),
            ("नाम", Value::text("Asha")),
            ("date", Value::text("a variable called date")),
        ];
        World {
            variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            contact: json(r#"{"phone":"+34600000001","vip":true,"tags":["gold","es"],"language":null}"#),
            event: None,
            language: Language::EN,
            notes: RefCell::default(),
            zone: TimeZone::get("Europe/Madrid").expect("bundled"),
        }
    }

    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.variables.insert(name.to_owned(), value);
        self
    }
}

impl Scope for World {
    fn variable(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.variables.get(name).map(Cow::Borrowed)
    }

    fn root(&self, root: Root) -> Option<Cow<'_, Value>> {
        match root {
            Root::Contact => Some(Cow::Borrowed(&self.contact)),
            Root::Event => self.event.as_ref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        match (root, field) {
            (Root::Visits, "menu") => Some(Cow::Owned(Value::Number(3.0))),
            (Root::Env, "PAY_URL") => Some(Cow::Owned(Value::text("https://pay.example"))),
            (root, field) => self.root(root).and_then(|value| crate::flow::expression::access::field(value, field)),
        }
    }

    fn within_hours(&self, hours: &str, _at: Millis) -> Option<bool> {
        match hours {
            "office" => Some(true),
            "night-2" => Some(false),
            _ => None,
        }
    }

    fn now(&self) -> Millis {
        NOW
    }

    fn timezone(&self) -> &TimeZone {
        &self.zone
    }

    fn language(&self) -> Language {
        self.language
    }

    fn note(&self, note: Note<'_>) {
        self.notes.borrow_mut().push(note.to_string());
    }
}

/// The types of the world above; `contact.vip` and `hours.office` exist.
pub(super) struct Types {
    pub event: bool,
}

impl TypeEnv for Types {
    fn variable(&self, name: &str) -> Option<Inferred> {
        Some(match name {
            "anything" => Inferred::maybe(Type::Any),
            "phone" => Inferred::of(Type::Phone),
            "maybe" => Inferred::maybe(Type::Text),
            "nothing" => Inferred::maybe(Type::Any),
            "answer" => Inferred::of(Type::Text),
            name => Inferred::of(World::new().variables.get(name)?.kind()?),
        })
    }

    fn root(&self, root: Root) -> RootType {
        match root {
            Root::Event if self.event => RootType::Known(Inferred::maybe(Type::Any)),
            Root::Contact | Root::Env | Root::Run | Root::Reply => RootType::Known(Inferred::of(Type::Map)),
            _ => RootType::NotHere,
        }
    }

    fn member(&self, root: Root, field: &str) -> MemberType {
        match (root, field) {
            (Root::Contact, "vip") => MemberType::Known(Inferred::maybe(Type::Boolean)),
            (Root::Contact, "phone") => MemberType::Known(Inferred::maybe(Type::Phone)),
            (Root::Visits, "menu") => MemberType::Known(Inferred::of(Type::Number)),
            (Root::Hours, "office") => MemberType::Known(Inferred::of(Type::Boolean)),
            (Root::Event, _) => MemberType::Known(Inferred::maybe(Type::Any)),
            (Root::Contact, _) => MemberType::Unknown(vec!["vip".into(), "phone".into()]),
            _ => MemberType::Unknown(vec![]),
        }
    }

    fn variables(&self) -> Vec<&str> {
        vec!["score", "amount", "name"]
    }
}
