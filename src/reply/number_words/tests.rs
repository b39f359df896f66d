//! Numbers in words, language by language.

use super::*;
use crate::reply::words::{lexicon, lexicons};

fn number(text: &str, language: &str) -> Option<f64> {
    cardinal(crate::reply::normalize::Normalized::of(text).as_str(), lexicon(language).into_iter())
}

#[test]
fn a_number_is_found_at_the_beginning() {
    let begin = |text| begin(text, lexicons(&[])).map(|read| (read.value, read.rest));
    assert_eq!(begin("twenty one hours"), Some((21.0, "hours")));
    assert_eq!(begin("2 hours"), Some((2.0, "hours")));
    assert_eq!(begin("five"), Some((5.0, "")));
    assert_eq!(begin("hours"), None);
    assert_eq!(begin(""), None);
    assert_eq!(cardinal("twenty one", lexicons(&[])), Some(21.0));
    assert_eq!(cardinal("21 hours", lexicons(&[])), None);
    assert_eq!(ordinal("second", lexicons(&[])), Some(2));
}
