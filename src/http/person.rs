//! What a caller says of a person, in an event and in the API of contacts: each part is read in the same way, and what is wrong names its place.

use super::error::Failure;
use crate::config::project::Project;
use crate::domain::address::E164;
use crate::domain::mail::personal_email;
use crate::domain::name::Name;
use crate::domain::phone::parse_phone;
use crate::domain::shape::{Misfit, Shape};
use crate::domain::value::Value;
use serde_json::{Map, Value as Json};

/// Something at a place that the caller chose is wrong.
pub fn unfit(at: impl Into<String>, reason: impl Into<String>) -> Failure {
    Failure::Unfit { at: at.into(), reason: reason.into() }
}

/// What does not fit a declared type.
pub fn misfit(misfit: Misfit) -> Failure {
    Failure::Unfit { at: misfit.at, reason: misfit.reason }
}

/// E.164, in the spellings that people use; without a country code only where the project has a country.
pub fn phone(text: &str, at: &str, country: Option<&str>) -> Result<E164, Failure> {
    parse_phone(text, country).map_err(|problem| unfit(at, format!("{problem}; for example +447700900123")))
}

/// An address that a person can have, in lower case.
pub fn email(text: &str, at: &str) -> Result<String, Failure> {
    personal_email(text).ok_or_else(|| unfit(at, "is not an email address"))
}

/// Attributes that the project declares, each of its type; null takes one away.
pub fn attributes(given: Map<String, Json>, place: &str, project: &Project) -> Result<Vec<(Name, Value)>, Failure> {
    let read = |(key, json): (String, Json)| {
        let at = format!("{place}.{}", excerpt(&key));
        let Some((name, kind)) = project.attributes.get_key_value(key.as_str()) else {
            return Err(unfit(at, "is not an attribute of this project"));
        };
        let value = Value::from_json(json);
        Shape::of(*kind).check(&value, &at, project.country.as_deref()).map_err(misfit)?;
        Ok((name.clone(), value))
    };
    given.into_iter().map(read).collect()
}

/// A name that a caller chose, as it may be said back.
pub fn excerpt(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(40).collect()
}
