//! Whose number it is that a carrier wrote: with its country, or as it is dialled at home. Its type of number says which (SMPP 3.4, 5.2.5), as
//! far as carriers keep to that.

use crate::domain::address::{Address, E164};
use crate::domain::phone::{PhoneProblem, parse_phone};
use crate::provider::webhook::{Route, Routes};

/// `source_addr_ton`, `dest_addr_ton`: dialled within its country.
const NATIONAL: u8 = 2;
/// A name, though it may be of digits only.
const ALPHANUMERIC: u8 = 5;

/// Who it is. `country` is that of numbers written without one. What cannot be told is nobody's number: better a stranger than somebody else.
pub fn address(text: &str, ton: u8, country: Option<&str>) -> Address {
    let text = text.trim();
    let verbatim = || Address::Verbatim(text.to_owned());
    if ton == ALPHANUMERIC {
        return verbatim();
    }
    if let Some(dialled) = text.strip_prefix("00") {
        return E164::parse(&format!("+{dialled}")).map_or_else(verbatim, Address::Phone);
    }
    // No number with its country begins with 0, whatever its type is said to be.
    let at_home = ton == NATIONAL && !text.starts_with('+') || text.starts_with('0');
    if !at_home {
        return Address::from_wire(text);
    }
    match country.map(|country| parse_phone(text, Some(country))) {
        Some(Ok(phone)) => Address::Phone(phone),
        // No number of the country is so long: it has one of its own, whatever its type is said to be.
        Some(Err(PhoneProblem::TooLong)) if !text.starts_with('0') => Address::from_wire(text),
        Some(Err(_)) | None => verbatim(),
    }
}

/// The number of ours that something was sent to, and the channel that has it.
pub fn ours<'r>(routes: &'r Routes, text: &str, ton: u8, country: Option<&str>) -> (String, Option<&'r Route>) {
    // As it is configured: a short code may be as long as a number at home.
    let plain = Address::from_wire(text.trim()).reveal().to_owned();
    if let Some(route) = routes.find(&plain) {
        return (plain, Some(route));
    }
    let read = address(text, ton, country).reveal().to_owned();
    let route = routes.find(&read);
    (read, route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_by_its_type_and_its_country() {
        for (text, ton, country, canonical) in [
            ("447700900123", 1, Some("GB"), "+447700900123"),
            ("447700900123", 0, None, "+447700900123"),
            ("+447700900123", 2, Some("US"), "+447700900123"),
            ("00447700900123", 1, None, "+447700900123"),
            ("00447700900123", 2, Some("GB"), "+447700900123"),
            ("07700900123", 0, Some("GB"), "+447700900123"),
            ("07700900123", 1, Some("GB"), "+447700900123"),
            ("7700900123", 2, Some("GB"), "+447700900123"),
            // Of the wrong type, as some carriers write all numbers.
            ("447700900123", 2, Some("GB"), "+447700900123"),
            ("33612345678", 2, Some("GB"), "+33612345678"),
            // Not +20, which is Egypt.
            ("2025550123", 2, Some("US"), "+12025550123"),
            ("2025550123", 2, None, "raw:2025550123"),
            ("07700900123", 0, None, "raw:07700900123"),
            ("78787", 3, Some("GB"), "raw:78787"),
            ("78787", 2, Some("GB"), "raw:78787"),
            ("SHOP", 5, Some("GB"), "raw:SHOP"),
            ("447700900123", 5, Some("GB"), "raw:447700900123"),
            ("00", 0, Some("GB"), "raw:00"),
            ("", 2, Some("GB"), "raw:"),
        ] {
            assert_eq!(address(text, ton, country).canonical(), canonical, "{text} {ton} {country:?}");
        }
    }
}
