//! Numbers: rounding to what people can see, decimals, and grouping by language.

use super::locale::NumberStyle;

/// A number as it is after arithmetic: 15 significant digits, so that 0.1 + 0.2 is 0.3. Never -0.
pub(super) fn rounded(n: f64) -> f64 {
    if n.fract() == 0.0 && n.abs() < 1e15 {
        return n + 0.0;
    }
    // The shortest text of 15 digits is exact by construction; a sum of powers would not be.
    format!("{n:.14e}").parse().unwrap_or(n)
}

/// The most decimals that can be asked for.
pub(super) const DECIMALS: f64 = 10.0;

/// Rounded half away from zero, as on paper: 2.675 to two decimals is 2.68.
pub(super) fn round_to(n: f64, decimals: u32) -> f64 {
    let factor = 10f64.powi(decimals as i32);
    let scaled = rounded(n * factor);
    if scaled.is_finite() { rounded(scaled.round() / factor) } else { n }
}

/// With exactly so many decimals, grouped as the language does. Digits are 0–9 in every language.
pub(super) fn grouped(n: f64, decimals: u32, style: &NumberStyle) -> String {
    let (digits, decimals) = (units(n, decimals), decimals as usize);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut out = String::with_capacity(digits.len() + digits.len() / 2 + 1);
    // What rounds to zero has no sign.
    if n < 0.0 && digits.bytes().any(|b| b != b'0') {
        out.push('-');
    }
    let size = if style.indian { 2 } else { 3 };
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len() - i;
        let boundary = left == 3 || (left > 3 && (left - 3).is_multiple_of(size));
        if i > 0 && boundary && whole.len() >= 3 + style.min_group {
            out.push(style.group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(style.decimal);
        out.push_str(fraction);
    }
    out
}

/// The digits of a number without its sign and its point, of which the last ones are decimals; at least one stands before them.
fn units(n: f64, decimals: u32) -> String {
    let scaled = rounded(n.abs() * 10f64.powi(decimals as i32)).round();
    let width = decimals as usize + 1;
    if scaled < 1e15 {
        return format!("{:0width$}", scaled as u64);
    }
    // Beyond 15 digits there are no decimals to round.
    format!("{:.*}", decimals as usize, n.abs()).replace('.', "")
}

/// A number written as in JSON, with digits of any script; nothing is guessed about separators.
pub(super) fn read_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['-', '+', '−']).unwrap_or(text);
    let mut plain = String::with_capacity(text.len());
    if text.starts_with(['-', '−']) {
        plain.push('-');
    }
    if unsigned.is_empty() || unsigned.len() > 400 {
        return None;
    }
    let mut points = 0;
    for (i, c) in unsigned.char_indices() {
        match digit(c) {
            Some(d) => plain.push(char::from(b'0' + d)),
            None if c == '.' && i > 0 && i + 1 < unsigned.len() => {
                points += 1;
                plain.push('.');
            }
            None => return None,
        }
    }
    plain.parse::<f64>().ok().filter(|n| points < 2 && n.is_finite()).map(rounded)
}

/// The value of a decimal digit: each script has its ten in a row.
fn digit(c: char) -> Option<u8> {
    const ZEROS: [u32; 16] =
        [0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0x1040, 0xFF10];
    let c = u32::from(c);
    ZEROS.iter().find_map(|zero| c.checked_sub(*zero).filter(|d| *d < 10)).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::super::locale::locale;
    use super::*;
    use crate::domain::language::Language;

    fn in_language(n: f64, decimals: u32, language: &str) -> String {
        grouped(n, decimals, &locale(Language::parse(language).expect("a language")).number)
    }

    #[test]
    fn arithmetic_shows_no_binary_noise() {
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(1.1 * 3.0), 3.3);
        assert_eq!(rounded(-0.0).to_bits(), 0);
        assert_eq!(rounded(1e300), 1e300);
        assert_eq!(round_to(2.675, 2), 2.68);
        assert_eq!(round_to(-2.5, 0), -3.0);
        assert_eq!(round_to(1.005, 2), 1.01);
        assert_eq!(round_to(1e300, 10), 1e300);
    }

    #[test]
    fn languages_group_in_their_way() {
        for (language, expected) in [
            ("en", "1,234,567.50"),
            ("es", "1.234.567,50"),
            ("fr", "1 234 567,50"),
            ("de", "1.234.567,50"),
            ("pt", "1.234.567,50"),
            ("it", "1.234.567,50"),
            ("nl", "1.234.567,50"),
            ("hi", "12,34,567.50"),
            ("en-IN", "12,34,567.50"),
            ("ar", "1,234,567.50"),
            ("sw", "1,234,567.50"),
            ("id", "1.234.567,50"),
            ("de-CH", "1’234’567.50"),
            ("es-MX", "1,234,567.50"),
            ("xx", "1,234,567.50"),
        ] {
            assert_eq!(in_language(1_234_567.5, 2, language), expected, "{language}");
        }
        assert_eq!(in_language(1500.0, 0, "es"), "1500");
        assert_eq!(in_language(15000.0, 0, "es"), "15.000");
        assert_eq!(in_language(-0.4, 0, "en"), "0");
        assert_eq!(in_language(-999.0, 0, "en"), "-999");
        assert_eq!(in_language(123_456_789.0, 0, "hi"), "12,34,56,789");
        assert_eq!(in_language(1234.0, 0, "hi"), "1,234");
    }

    #[test]
    fn numbers_are_read_as_in_json() {
        for (text, number) in [("12", 12.0), (" -0.5 ", -0.5), ("+7", 7.0), ("१२", 12.0), ("٣.٥", 3.5), ("007", 7.0)] {
            assert_eq!(read_number(text), Some(number), "{text}");
        }
        for text in ["", "-", "1,5", "1.2.3", ".5", "5.", "1e5", "12a", "NaN", "inf", "--1", "1 000"] {
            assert_eq!(read_number(text), None, "{text}");
        }
        assert_eq!(read_number(&"9".repeat(399)), None);
    }
}
