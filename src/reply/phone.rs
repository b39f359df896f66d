//! `phone`: one phone number, as E.164.

use super::normalize::Normalized;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::phone::parse_phone;
use crate::domain::value::Value;

/// Reads a phone number. `country` (`GB`) is that of numbers written without one.
pub fn understand(original: &str, text: &Normalized, country: Option<&str>, language: Language) -> Understanding {
    let _ = (text, language);
    match parse_phone(original, country) {
        Ok(phone) => Understood::exact(Value::text(phone.as_str()), "a phone number"),
        Err(problem) => NotUnderstood::because(problem.to_string()),
    }
}
