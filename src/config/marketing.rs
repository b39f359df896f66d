//! How much marketing one contact gets, over all flows, and at what hours.

use super::project::{Cap, Hours, MarketingHours};
use super::section::Section;
use super::tree::Kind;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::phone::is_country;
use crate::domain::time::Span;
use indexmap::IndexMap;
use std::collections::BTreeMap;

const FORM: &str = "a number and a time such as `3 per 7 days`, `1 per 24h` or `2 per week`";

/// `[marketing]`; `hours` are those of `[hours]`.
pub(super) fn marketing(section: Section<'_>, hours: &IndexMap<Slug, Hours>) -> (Vec<Cap>, MarketingHours) {
    let known = |inner: &Section<'_>, key: &str, text: &str| {
        let found = Slug::parse(text).ok().filter(|name| hours.contains_key(name));
        if found.is_none() {
            let help = Some("It is the name of a section below [hours].".to_owned());
            inner.mistake(key, format!("there are no hours `{text}`"), help);
        }
        found
    };
    let default = section.opt_text("hours").filter(|text| !text.is_empty()).and_then(|text| known(&section, "hours", &text));
    let mut countries = BTreeMap::new();
    let listed = section.section("countries");
    for (country, node) in listed.entries() {
        match &node.kind {
            _ if country.bytes().any(|b| b.is_ascii_lowercase()) || !is_country(country) => {
                listed.mistake(country, "is not a country code of two capital letters such as GB", None);
            }
            Kind::Text(text) => {
                if let Some(name) = known(&listed, country, text) {
                    countries.insert(country.to_owned(), name);
                }
            }
            _ => listed.mistake(country, "must be the name of hours", None),
        }
    }
    (caps(section), MarketingHours { default, countries })
}

fn caps(section: Section<'_>) -> Vec<Cap> {
    let mut caps = Vec::new();
    for text in section.texts_or_text("cap") {
        match cap(&text) {
            Some(cap) => caps.push(cap),
            None => {
                let help = format!("At most {} in at most {}.", limits::MARKETING_CAP, limits::MARKETING_WINDOW);
                section.mistake("cap", format!("`{text}` must be {FORM}"), Some(help));
            }
        }
    }
    if caps.len() > limits::MARKETING_CAPS {
        section.mistake("cap", format!("has {} caps; at most {} count", caps.len(), limits::MARKETING_CAPS), None);
    }
    section.finish();
    caps
}

/// Reads `3 per 7 days`.
fn cap(text: &str) -> Option<Cap> {
    let (most, per) = text.split_once(" per ")?;
    let most = most.trim().parse::<u16>().ok().filter(|most| (1..=limits::MARKETING_CAP).contains(most))?;
    let per = time(per.trim()).filter(|per| (Span::minutes(1)..=limits::MARKETING_WINDOW).contains(per))?;
    Some(Cap { most, per })
}

/// `7 days`, `week`, `24h`. A day is 24 hours here: elapsed time, whatever the calendar says.
fn time(text: &str) -> Option<Span> {
    if let Some(span) = Span::parse(text) {
        return Some(span);
    }
    let (n, unit) = match text.split_once(' ') {
        None => (1, text),
        Some((n, unit)) => (n.parse::<u16>().ok()?, unit.trim()),
    };
    let one = match unit.strip_suffix('s').unwrap_or(unit) {
        "hour" => Span::hours(1),
        "day" => Span::days(1),
        "week" => Span::days(7),
        _ => return None,
    };
    Some(Span(one.0 * i64::from(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_read_as_people_say_them() {
        let of = |most, per| Some(Cap { most, per });
        for (text, read) in [
            ("3 per 7 days", of(3, Span::days(7))),
            ("1 per day", of(1, Span::days(1))),
            ("1 per 24h", of(1, Span::days(1))),
            ("2 per week", of(2, Span::days(7))),
            ("10 per 4 weeks", of(10, Span::days(28))),
            ("50 per 366 days", of(50, Span::days(366))),
            ("51 per 366 days", None),
            ("1 per 367 days", None),
            ("0 per day", None),
            ("1 per 1s", None),
            ("3 in 7 days", None),
            ("three per day", None),
            ("1 per month", None),
            ("1 per ", None),
            ("", None),
        ] {
            assert_eq!(cap(text), read, "{text}");
        }
    }
}
