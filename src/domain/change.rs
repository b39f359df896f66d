//! What an operator, or a program through the API, changes of what is known of a contact.

use super::address::E164;
use super::consent::Consent;
use super::language::Language;
use super::name::{Name, Slug};
use super::value::Value;
use serde::{Deserialize, Serialize};

/// What becomes of one thing that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is forgotten.
    Clear,
    /// It is this from now on.
    To(T),
}

impl<T> Edit<T> {
    /// Whether it stays as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Edit::Keep)
    }

    /// What it is afterwards, if it was `now`.
    pub fn over<'a>(&'a self, now: Option<&'a T>) -> Option<&'a T> {
        match self {
            Edit::Keep => now,
            Edit::Clear => None,
            Edit::To(value) => Some(value),
        }
    }
}

/// A change of a contact. What it does not name stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ContactChange {
    /// Who changes it, as the caller names them.
    pub by: String,
    /// Whether a contact that begins with it is one to try things with, as one that a simulator plays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// A phone number, where none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<E164>,
    /// An email address; it takes the place of the one that is known.
    #[serde(default, skip_serializing_if = "Edit::is_keep")]
    pub email: Edit<String>,
    /// The caller's own id, where none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Edit::is_keep")]
    pub name: Edit<String>,
    /// Language.
    #[serde(default, skip_serializing_if = "Edit::is_keep")]
    pub language: Edit<Language>,
    /// IANA name of the time zone.
    #[serde(default, skip_serializing_if = "Edit::is_keep")]
    pub timezone: Edit<String>,
    /// Declared attributes, each of its type; nothing takes one away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Name, Value)>,
    /// Tags that are put on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Slug>,
    /// Tags that are taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<Slug>,
    /// Kinds of channel over which the contact wants no message any more, as somebody tells: `ChannelKind::stop_bit`. It is never taken away by this.
    #[serde(default, skip_serializing_if = "no_bits")]
    pub stop: u8,
    /// What the contact consents to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Box<Consent>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn no_bits(bits: &u8) -> bool {
    *bits == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::input::{Input, OperatorAction};

    #[test]
    fn a_change_is_read_as_it_was_written_and_one_of_nothing_is_small() {
        let change = ContactChange {
            by: "ann".to_owned(),
            email: Edit::Clear,
            name: Edit::To("Ann".to_owned()),
            attributes: vec![(Name::parse("vip").expect("a name"), Value::Null)],
            ..ContactChange::default()
        };
        for change in [change, ContactChange { by: "ann".to_owned(), ..ContactChange::default() }] {
            let input = Input::Operator(OperatorAction::Change(Box::new(change)));
            let bytes = crate::domain::codec::encode(&input);
            assert_eq!(crate::domain::codec::decode::<Input>(&bytes).expect("read"), input);
        }
    }
}
