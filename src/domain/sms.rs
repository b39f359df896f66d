//! How many parts an SMS has. Carriers count septets of the GSM 7-bit alphabet, or UTF-16 units as soon as one character
//! is not in it. A part has a little less room than a single message, and no character is split over two.

/// The alphabet in which a text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// GSM 03.38, seven bits a character, fourteen for those of the extension table.
    Gsm7,
    /// UTF-16, for everything else.
    Ucs2,
}

impl Encoding {
    /// `GSM-7`, `UCS-2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Gsm7 => "GSM-7",
            Encoding::Ucs2 => "UCS-2",
        }
    }

    /// Units of a message that has one part.
    pub fn single(self) -> usize {
        match self {
            Encoding::Gsm7 => 160,
            Encoding::Ucs2 => 70,
        }
    }

    /// Units of each part of a longer one, whose header takes six octets.
    pub fn part(self) -> usize {
        match self {
            Encoding::Gsm7 => 153,
            Encoding::Ucs2 => 67,
        }
    }
}

/// A text as carriers count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// Its alphabet.
    pub encoding: Encoding,
    /// Septets or UTF-16 units.
    pub units: usize,
    /// Parts; none for an empty text.
    pub segments: usize,
    /// The first character that needs UCS-2, if one does.
    pub forced_by: Option<char>,
}

impl Segments {
    /// Counts a text.
    pub fn of(text: &str) -> Self {
        let forced_by = text.chars().find(|c| septets(*c).is_none());
        let encoding = if forced_by.is_some() { Encoding::Ucs2 } else { Encoding::Gsm7 };
        Segments::counted(text, encoding, forced_by)
    }

    /// The same text if every character that needs UCS-2 were replaced by one that does not: what it would cost.
    pub fn if_gsm7(text: &str) -> Self {
        Segments::counted(text, Encoding::Gsm7, None)
    }

    fn counted(text: &str, encoding: Encoding, forced_by: Option<char>) -> Self {
        let (mut units, mut parts, mut in_part) = (0, 0, 0);
        for c in text.chars() {
            let size = match encoding {
                Encoding::Gsm7 => septets(c).unwrap_or(1),
                Encoding::Ucs2 => c.len_utf16(),
            };
            units += size;
            if parts == 0 || in_part + size > encoding.part() {
                parts += 1;
                in_part = 0;
            }
            in_part += size;
        }
        let segments = if units == 0 {
            0
        } else if units <= encoding.single() {
            1
        } else {
            parts
        };
        Segments { encoding, units, segments, forced_by }
    }
}

/// The text with typographic characters replaced by those of the GSM 7-bit alphabet that mean the same; nothing if that would not spare a
/// single part: then the text stays as it was written. Letters are never replaced.
pub fn smart(text: &str) -> Option<String> {
    Segments::of(text).forced_by?;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match replacement(c) {
            Some(instead) => plain.push_str(instead),
            None => plain.push(c),
        }
    }
    let (before, after) = (Segments::of(text), Segments::of(&plain));
    (after.forced_by.is_none() && after.segments <= before.segments).then_some(plain)
}

fn replacement(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{02BC}' | '`' | '\u{B4}' => "'",
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => "\"",
        '\u{2039}' => "<",
        '\u{203A}' => ">",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' => "-",
        '\u{2026}' => "...",
        '\u{2022}' | '\u{B7}' => "*",
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' | '\t' => " ",
        '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => "",
        _ => return None,
    })
}

/// Septets of a character in the GSM 7-bit alphabet: one in the basic table, two in its extension.
pub fn septets(c: char) -> Option<usize> {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '\n' | '\r' => Some(1),
        '!' | '"' | '#' | '$' | '%' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | '-' | '.' | '/' => Some(1),
        ':' | ';' | '<' | '=' | '>' | '?' | '@' | '_' | '¡' | '¿' | '£' | '¥' | '¤' | '§' => Some(1),
        'à' | 'ä' | 'å' | 'æ' | 'è' | 'é' | 'ì' | 'ñ' | 'ò' | 'ö' | 'ø' | 'ù' | 'ü' | 'ß' => Some(1),
        'Ä' | 'Å' | 'Æ' | 'Ç' | 'É' | 'Ñ' | 'Ö' | 'Ø' | 'Ü' => Some(1),
        'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize)]
    struct File {
        gsm7_basic: Vec<String>,
        gsm7_extension: BTreeMap<String, String>,
        limits: BTreeMap<String, serde_json::Value>,
        segments: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        text: String,
        encoding: String,
        units: usize,
        segments: usize,
    }

    fn vectors() -> File {
        serde_json::from_str(include_str!("../../tests/data/providers/sms_encoding.json")).expect("the vectors")
    }

    fn count(text: &str) -> (Encoding, usize, usize) {
        let counted = Segments::of(text);
        (counted.encoding, counted.units, counted.segments)
    }

    #[test]
    fn the_segment_vectors_hold() {
        let cases = vectors().segments;
        assert!(cases.len() >= 16);
        for case in cases {
            let counted = Segments::of(&case.text);
            let expected = (case.encoding.as_str(), case.units, case.segments);
            assert_eq!((counted.encoding.as_str(), counted.units, counted.segments), expected, "{}", case.name);
        }
    }

    #[test]
    fn the_alphabet_of_the_vectors_is_ours() {
        let file = vectors();
        let one = |text: &String| text.chars().next().expect("a character");
        let basic: Vec<char> = file.gsm7_basic.iter().map(one).collect();
        let extension: Vec<char> = file.gsm7_extension.values().map(one).collect();
        for c in '\0'..=char::MAX {
            // The escape to the extension table has a place in the basic one but is no character.
            let expected = match c {
                '\u{1b}' => None,
                _ if basic.contains(&c) => Some(1),
                _ if extension.contains(&c) => Some(2),
                _ => None,
            };
            assert_eq!(septets(c), expected, "{c:?}");
        }
        for (name, encoding) in [("gsm7", Encoding::Gsm7), ("ucs2", Encoding::Ucs2)] {
            assert_eq!(file.limits[&format!("{name}_single")], encoding.single());
            assert_eq!(file.limits[&format!("{name}_part")], encoding.part());
        }
    }

    #[test]
    fn no_character_is_split_over_two_parts() {
        // 152 septets, then one of two septets: it goes to the second part as a whole.
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(count(&text), (Encoding::Gsm7, 306, 3));
        assert_eq!(count(&format!("{}{}", "a".repeat(304), "€")), (Encoding::Gsm7, 306, 2));
        // 66 units, then a surrogate pair.
        let text = format!("{}😀{}", "я".repeat(66), "я".repeat(66));
        assert_eq!(count(&text), (Encoding::Ucs2, 134, 3));
        assert_eq!(count(&format!("{}{}", "я".repeat(132), "😀")), (Encoding::Ucs2, 134, 2));
        assert_eq!(count(&format!("{}{}", "я".repeat(133), "😀")), (Encoding::Ucs2, 135, 3));
        assert_eq!(count(&"😀".repeat(35)), (Encoding::Ucs2, 70, 1));
        assert_eq!(count(&"😀".repeat(36)), (Encoding::Ucs2, 72, 2));
        assert_eq!(count(&"😀".repeat(67)), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn typographic_characters_are_replaced_where_that_spares_something() {
        for (text, plain) in [
            ("It’s “here” – now…", Some("It's \"here\" - now...")),
            ("10\u{A0}000\u{202F}€ • soft\u{AD}ly", Some("10 000 € * softly")),
            ("plain", None),
            ("It’s ça", None),
            ("Привет…", None),
        ] {
            assert_eq!(smart(text).as_deref(), plain, "{text}");
        }
        let long = format!("{}’", "a".repeat(150));
        assert_eq!((Segments::of(&long).segments, smart(&long).map(|text| Segments::of(&text).segments)), (3, Some(1)));
        // Three dots for one can be a part more: then nothing is gained.
        assert_eq!(smart(&"…".repeat(60)), None);
    }

    #[test]
    fn the_character_that_costs_more_is_named() {
        let text = format!("It’s {}", "a".repeat(150));
        let counted = Segments::of(&text);
        assert_eq!((counted.forced_by, counted.segments), (Some('’'), 3));
        assert_eq!(Segments::if_gsm7(&text).segments, 1);
        assert_eq!(Segments::of("plain").forced_by, None);
    }
}
