//! The fields of a query by their names.

use super::Terms;
use super::condition::{Column, Kinds, Moment};
use super::problem::QueryProblem;
use crate::domain::name::Name;
use crate::domain::value::Type;
use crate::flow::expression::query::QueryWord;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Column(Column),
    Tag,
    InFlow,
    Moment(Moment),
    Kinds(Kinds),
    Simulated,
    Attribute(Name, Type),
}

/// Every name; where two stand for one thing, the first is shown.
const FIELDS: [(&str, Field); 23] = [
    ("name", Field::Column(Column::Name)),
    ("phone", Field::Column(Column::Phone)),
    ("whatsapp_id", Field::Column(Column::UserId)),
    ("user_id", Field::Column(Column::UserId)),
    ("email", Field::Column(Column::Email)),
    ("external", Field::Column(Column::External)),
    ("external_id", Field::Column(Column::External)),
    ("id", Field::Column(Column::External)),
    ("verbatim", Field::Column(Column::Verbatim)),
    ("language", Field::Column(Column::Language)),
    ("timezone", Field::Column(Column::Timezone)),
    ("channel", Field::Column(Column::Channel)),
    ("dead_email", Field::Column(Column::DeadEmail)),
    ("tag", Field::Tag),
    ("tags", Field::Tag),
    ("in_flow", Field::InFlow),
    ("flow", Field::InFlow),
    ("last_seen", Field::Moment(Moment::LastSeen)),
    ("last_sent", Field::Moment(Moment::LastSent)),
    ("created", Field::Moment(Moment::Created)),
    ("stopped", Field::Kinds(Kinds::Stopped)),
    ("consent", Field::Kinds(Kinds::Consent)),
    ("simulated", Field::Simulated),
];

/// Finds what a name stands for. An attribute may be written `contact.plan`, which it must where a field has its name.
pub(super) fn find(source: &str, word: &QueryWord, terms: &Terms<'_>) -> Result<Field, QueryProblem> {
    let (own, name) = match word.text.strip_prefix("contact.") {
        Some(name) => (true, name),
        None => (false, &*word.text),
    };
    let attribute = || terms.attributes.get_key_value(name).map(|(name, kind)| Field::Attribute(name.clone(), *kind));
    let field = || FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| field.clone());
    let found = if own { attribute().or_else(field) } else { field().or_else(attribute) };
    found.ok_or_else(|| {
        let problem = QueryProblem::at(source, word.from, format!("There is no field `{name}`"));
        let known = FIELDS.iter().map(|(name, _)| *name).chain(terms.attributes.keys().map(Name::as_str));
        match nearest(name, known) {
            Some(near) => problem.help(format!("Did you mean `{near}`?")),
            None => problem.help("Attributes are declared under `[attributes]`"),
        }
    })
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&lower, other);
    let near = known.map(|other| (distance(other), other)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4).map(|(_, other)| other)
}
