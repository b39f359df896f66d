//! From what was written to what is meant: each field is found, each value gets the type of its field.

use super::Terms;
use super::condition::{Condition, Kinds, NumberTest, Order, TextTest};
use super::field::{Field, find, nearest};
use super::problem::QueryProblem;
use super::when;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::name::Slug;
use crate::domain::value::{Type, Value};
use crate::flow::expression::query::{QueryFunction, QueryKind, QueryLiteral, QueryNode, QueryValue, QueryWord};
use crate::flow::expression::{Comparison, fit};

pub(super) type Resolved<T> = Result<T, QueryProblem>;

pub(super) fn resolve(source: &str, node: &QueryNode, terms: &Terms<'_>) -> Resolved<Condition> {
    Resolver { source, terms }.condition(node)
}

pub(super) struct Resolver<'a> {
    pub source: &'a str,
    pub terms: &'a Terms<'a>,
}

impl Resolver<'_> {
    fn condition(&self, node: &QueryNode) -> Resolved<Condition> {
        let all = |nodes: &[QueryNode]| nodes.iter().map(|node| self.condition(node)).collect::<Resolved<Vec<_>>>();
        match &node.kind {
            QueryKind::And(parts) => all(parts).map(Condition::And),
            QueryKind::Or(parts) => all(parts).map(Condition::Or),
            QueryKind::Not(inner) => self.condition(inner).map(not),
            QueryKind::Has(field) => Ok(present(self.field(field)?)),
            QueryKind::Alone(word) => self.alone(word, self.field(word)?),
            QueryKind::Call(function, field, value) => self.call(*function, field, value),
            QueryKind::In { field, values, negated } => {
                let found = self.among(field, self.field(field)?, values)?;
                Ok(if *negated { not(found) } else { found })
            }
            QueryKind::Compare(word, sign, value) => {
                let field = self.field(word)?;
                match (sign, &value.kind) {
                    (Comparison::Equal, QueryLiteral::Null) => Ok(not(present(field))),
                    (Comparison::NotEqual, QueryLiteral::Null) => Ok(present(field)),
                    (Comparison::Equal, _) => self.among(word, field, std::slice::from_ref(value)),
                    (Comparison::NotEqual, _) => self.among(word, field, std::slice::from_ref(value)).map(not),
                    (Comparison::Less, _) => self.order(word, field, Order::Less, value),
                    (Comparison::LessOrEqual, _) => self.order(word, field, Order::LessOrEqual, value),
                    (Comparison::Greater, _) => self.order(word, field, Order::Greater, value),
                    (Comparison::GreaterOrEqual, _) => self.order(word, field, Order::GreaterOrEqual, value),
                }
            }
        }
    }

    fn field(&self, word: &QueryWord) -> Resolved<Field> {
        find(self.source, word, self.terms)
    }

    pub fn wrong<T>(&self, word: &QueryWord, message: impl Into<String>, help: impl Into<String>) -> Resolved<T> {
        Err(QueryProblem::at(self.source, word.from, message).help(help))
    }

    /// A field that stands alone is true or false.
    fn alone(&self, word: &QueryWord, field: Field) -> Resolved<Condition> {
        match field {
            Field::Attribute(name, Type::Boolean) => Ok(Condition::Text(name, TextTest::Equal(["true".to_owned()].into()))),
            Field::Simulated => Ok(Condition::Simulated),
            Field::Kinds(kinds) => Ok(Condition::Kinds(kinds, every_kind())),
            _ => {
                let help = format!("Compare it, as in `{0} = …`, or write `has {0}`", word.text);
                self.wrong(word, format!("`{}` alone is neither true nor false", word.text), help)
            }
        }
    }

    /// The field is one of the values.
    fn among(&self, word: &QueryWord, field: Field, values: &[QueryValue]) -> Resolved<Condition> {
        if let Some(null) = values.iter().find(|value| value.kind == QueryLiteral::Null) {
            return self.wrong(&null.word, "`null` cannot stand in a list", format!("Write `{} = null`", word.text));
        }
        let texts =
            || values.iter().map(|value| self.text(&field, value)).collect::<Resolved<Box<[String]>>>().map(TextTest::Equal);
        let any = |make: &dyn Fn(&QueryValue) -> Resolved<Condition>| {
            let mut all = values.iter().map(make).collect::<Resolved<Vec<_>>>()?;
            Ok(if all.len() == 1 { all.swap_remove(0) } else { Condition::Or(all) })
        };
        match &field {
            Field::Column(column) => texts().map(|test| Condition::Column(*column, test)),
            Field::Tag => texts().map(Condition::Tag),
            Field::InFlow => any(&|value| match value.kind {
                QueryLiteral::Bool(yes) => Ok(negated_unless(yes, Condition::Flow(TextTest::Present))),
                _ => self.text(&field, value).map(|text| Condition::Flow(TextTest::Equal([text].into()))),
            }),
            Field::Moment(which) => any(&|value| when::equal(self, *which, value)),
            Field::Kinds(kinds) => any(&|value| self.kind(*kinds, value)),
            Field::Simulated => any(&|value| self.boolean(value).map(|yes| negated_unless(yes, Condition::Simulated))),
            Field::Attribute(name, Type::Number | Type::Duration) => {
                let numbers = values.iter().map(|value| self.number(&field, value)).collect::<Resolved<Box<[f64]>>>()?;
                Ok(Condition::Number(name.clone(), NumberTest::Equal(numbers)))
            }
            Field::Attribute(name, Type::Moment) => any(&|value| when::attribute_equal(self, name, value)),
            Field::Attribute(_, Type::List | Type::Map) => self.wrong(word, "A list or map cannot be compared", "Write `has …`"),
            Field::Attribute(name, _) => texts().map(|test| Condition::Text(name.clone(), test)),
        }
    }

    fn order(&self, word: &QueryWord, field: Field, order: Order, value: &QueryValue) -> Resolved<Condition> {
        if value.kind == QueryLiteral::Null {
            return self.wrong(&value.word, "`null` has no order", "Write `= null` or `!= null`");
        }
        match &field {
            Field::Moment(which) => when::order(self, *which, order, value),
            Field::Attribute(name, Type::Moment) => when::attribute_order(self, name, order, value),
            Field::Attribute(name, Type::Number | Type::Duration) => {
                Ok(Condition::Number(name.clone(), NumberTest::Order(order, self.number(&field, value)?)))
            }
            Field::Attribute(name, Type::Date) => {
                let text = match value.kind {
                    QueryLiteral::Duration(span) => return when::day_order(self, name, order, span),
                    _ => self.text(&field, value)?,
                };
                Ok(Condition::Text(name.clone(), TextTest::Order(order, text)))
            }
            Field::Attribute(name, Type::Text | Type::Time | Type::Phone | Type::Email | Type::Any) => {
                Ok(Condition::Text(name.clone(), TextTest::Order(order, self.text(&field, value)?)))
            }
            Field::Column(column) => Ok(Condition::Column(*column, TextTest::Order(order, self.text(&field, value)?))),
            Field::Tag | Field::InFlow | Field::Kinds(_) | Field::Simulated | Field::Attribute(..) => {
                self.wrong(word, format!("`{}` has no order", word.text), "Compare it with `=`, `!=` or `in (…)`")
            }
        }
    }

    fn call(&self, function: QueryFunction, word: &QueryWord, value: &QueryValue) -> Resolved<Condition> {
        let text = match value.kind {
            QueryLiteral::Null => String::new(),
            _ => value.word.text.to_string(),
        };
        if text.is_empty() {
            return self.wrong(&value.word, "There is nothing to look for", "Write a text of at least one character");
        }
        let test = match function {
            QueryFunction::Contains => TextTest::Contains(text),
            QueryFunction::Starts => TextTest::Starts(text),
            QueryFunction::Ends => TextTest::Ends(text),
        };
        match self.field(word)? {
            Field::Column(column) => Ok(Condition::Column(column, test)),
            Field::Tag => Ok(Condition::Tag(test)),
            Field::InFlow => Ok(Condition::Flow(test)),
            Field::Attribute(name, Type::Text | Type::Phone | Type::Email | Type::Any) => Ok(Condition::Text(name, test)),
            _ => self.wrong(word, format!("`{}` is no text", word.text), "Compare it with `=`, `<` or `>`"),
        }
    }

    /// The value as a text of this field. What can never be equal to it is a mistake, not an empty answer.
    fn text(&self, field: &Field, value: &QueryValue) -> Resolved<String> {
        use super::condition::Column;
        let text = &*value.word.text;
        let refuse = |what: &str, help: &str| self.wrong(&value.word, format!("`{text}` is not {what}"), help);
        match field {
            Field::Column(Column::Language) if Language::parse(text).is_none() => {
                refuse("a language code", "For example `en` or `pt-BR`")
            }
            Field::Column(Column::Phone) if !text.starts_with('+') => {
                refuse("a phone number", "With its country, as in `+447700900123`")
            }
            Field::Column(Column::Email | Column::DeadEmail) | Field::Attribute(_, Type::Email) => Ok(text.to_lowercase()),
            Field::Tag if Slug::parse(text).is_err() => refuse("a tag", "Tags are written `big-spender`"),
            Field::InFlow if Slug::parse(text).is_err() => refuse("the name of a flow", "Flows are written `order-status`"),
            Field::Attribute(_, Type::Boolean) => self.boolean(value).map(|yes| yes.to_string()),
            Field::Attribute(_, kind @ (Type::Date | Type::Time)) => match fit(Value::text(text), *kind, self.terms.zone) {
                Ok(read) => Ok(super::stored(&read).map(|stored| stored.text).unwrap_or_default()),
                Err(_) if *kind == Type::Date => refuse("a date", "For example `2026-03-01`"),
                Err(_) => refuse("a time", "For example `10:30`"),
            },
            _ => Ok(text.to_owned()),
        }
    }

    fn boolean(&self, value: &QueryValue) -> Resolved<bool> {
        match value.kind {
            QueryLiteral::Bool(yes) => Ok(yes),
            _ => self.wrong(&value.word, format!("`{}` is neither true nor false", value.word.text), "Write `true` or `false`"),
        }
    }

    fn number(&self, field: &Field, value: &QueryValue) -> Resolved<f64> {
        match (&value.kind, field) {
            (QueryLiteral::Duration(span), Field::Attribute(_, Type::Duration)) => Ok(span.0 as f64),
            (_, Field::Attribute(_, Type::Duration)) => {
                self.wrong(&value.word, format!("`{}` is no duration", value.word.text), "For example `1h30m` or `2d`")
            }
            (QueryLiteral::Number(n), _) => Ok(*n),
            _ => self.wrong(&value.word, format!("`{}` is no number", value.word.text), "For example `5` or `-1.5`"),
        }
    }

    fn kind(&self, kinds: Kinds, value: &QueryValue) -> Resolved<Condition> {
        if let QueryLiteral::Bool(yes) = value.kind {
            return Ok(negated_unless(yes, Condition::Kinds(kinds, every_kind())));
        }
        match ChannelKind::parse(&value.word.text) {
            Some(kind) => Ok(Condition::Kinds(kinds, kind.stop_bit())),
            None => {
                let near = nearest(&value.word.text, ChannelKind::ALL.iter().map(|kind| kind.as_str()));
                let help =
                    near.map_or("There are `sms`, `whatsapp` and `email`".to_owned(), |near| format!("Did you mean `{near}`?"));
                self.wrong(&value.word, format!("`{}` is no kind of channel", value.word.text), help)
            }
        }
    }
}

pub(super) fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

fn negated_unless(yes: bool, condition: Condition) -> Condition {
    if yes { condition } else { not(condition) }
}

fn every_kind() -> u8 {
    ChannelKind::ALL.iter().fold(0, |bits, kind| bits | kind.stop_bit())
}

fn present(field: Field) -> Condition {
    match field {
        Field::Column(column) => Condition::Column(column, TextTest::Present),
        Field::Tag => Condition::Tag(TextTest::Present),
        Field::InFlow => Condition::Flow(TextTest::Present),
        Field::Moment(which) => Condition::Moment(which, Default::default()),
        Field::Kinds(kinds) => Condition::Kinds(kinds, every_kind()),
        Field::Simulated => Condition::Simulated,
        Field::Attribute(name, _) => Condition::Text(name, TextTest::Present),
    }
}
