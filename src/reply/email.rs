//! `email`: one email address.

use super::normalize::Normalized;
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::value::Value;

/// Reads an email address.
pub fn understand(original: &str, text: &Normalized, language: Language) -> Understanding {
    let _ = (text, language);
    let address = original.trim();
    match address.split_once('@') {
        Some((local, domain)) if !local.is_empty() && domain.contains('.') && !address.contains(char::is_whitespace) => {
            Understood::exact(Value::text(format!("{local}@{}", domain.to_lowercase())), "an email address")
        }
        _ => NotUnderstood::because("not an email address"),
    }
}
