//! What a single character means to the understanding of replies.

use unicode_normalization::char::is_combining_mark;

/// The role of a character after case and compatibility were taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Part of a word: letters, digits, vowel signs.
    Word(char),
    /// An accent or an invisible sign: as if it were not there.
    Nothing,
    /// Inside a word it is nothing, elsewhere it parts words.
    Apostrophe,
    /// Before a number it is its sign, elsewhere it parts words.
    Dash,
    /// After a number it means "or more", elsewhere it parts words.
    Plus,
    /// Changes the meaning of what stands beside it, as a word of its own: `<`, `~`.
    Comparator,
    /// A unit, or a gesture that says no: a word of its own, which a label may be typed without.
    Sign,
    /// A picture that changes nothing beside words.
    Picture,
    /// White space.
    Blank,
    /// All other characters part words.
    Punctuation,
}

/// The role of a folded character that follows `previous` in its word.
pub(super) fn role(c: char, previous: Option<char>) -> Role {
    match c {
        'a'..='z' | '0'..='9' => Role::Word(c),
        '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}' | '\u{2032}' => Role::Apostrophe,
        '-' | '\u{2010}'..='\u{2014}' | '\u{2212}' => Role::Dash,
        '+' => Role::Plus,
        '<' | '>' | '~' | '\u{2248}' | '\u{2264}' | '\u{2265}' | '\u{B1}' => Role::Comparator,
        '$' | '%' | '\u{A2}'..='\u{A5}' | '\u{B0}' | '\u{2030}' | '\u{20A0}'..='\u{20CF}' => Role::Sign,
        _ if c.is_ascii() => {
            if c.is_ascii_whitespace() || c.is_ascii_control() {
                Role::Blank
            } else {
                Role::Punctuation
            }
        }
        _ if is_accent(c, previous) || is_invisible(c) => Role::Nothing,
        _ if says_no(c) => Role::Sign,
        _ if is_picture(c) => Role::Picture,
        _ if c.is_whitespace() || c.is_control() => Role::Blank,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Role::Word(digit(c).unwrap_or(c)),
        _ => Role::Punctuation,
    }
}

/// Whether it says nothing beside words: a blank, punctuation, a dash, a picture.
pub(super) fn says_nothing(c: char) -> bool {
    matches!(role(c, None), Role::Picture | Role::Nothing | Role::Blank | Role::Punctuation | Role::Apostrophe | Role::Dash)
}

/// Case and letter variants that compatibility decomposition leaves alone. Calls `emit` for each resulting character.
pub(super) fn fold(c: char, mut emit: impl FnMut(char)) {
    if c.is_ascii() {
        return emit(c.to_ascii_lowercase());
    }
    // The sign for "number" would become the word "no".
    if c == '\u{2116}' {
        return emit(' ');
    }
    if c == '\u{1F51F}' {
        "10".chars().for_each(emit);
        return;
    }
    unicode_normalization::char::decompose_compatible(c, |part| {
        for lower in part.to_lowercase() {
            match lower {
                'ß' => "ss".chars().for_each(&mut emit),
                'æ' => "ae".chars().for_each(&mut emit),
                'œ' => "oe".chars().for_each(&mut emit),
                'ς' => emit('σ'),
                'ı' => emit('i'),
                'ø' => emit('o'),
                'ł' => emit('l'),
                'đ' => emit('d'),
                'ى' | '\u{6CC}' => emit('ي'),
                'ة' | '\u{6BE}' | '\u{6C1}' | '\u{6D5}' => emit('ه'),
                '\u{671}' => emit('ا'),
                '\u{6A9}' => emit('ك'),
                // The moon over a nasal sign is mostly left out: हाँ, हां.
                '\u{901}' => emit('\u{902}'),
                _ => emit(lower),
            }
        }
    });
}

/// Marks that people leave out when they type in a hurry. Vowel signs of Hindi and others are letters and stay.
fn is_accent(c: char, previous: Option<char>) -> bool {
    let latin_mark = matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}');
    if latin_mark {
        // й, ў and ї are letters of their own; ё is written е.
        let letter = matches!((previous, c), (Some('и' | 'у'), '\u{306}') | (Some('і'), '\u{308}'));
        return !letter;
    }
    match c {
        // Hebrew points; Arabic vowel signs and the stretching line.
        '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}' => true,
        '\u{640}' | '\u{64B}'..='\u{652}' | '\u{670}' => true,
        // Hamza and madda over a letter are mostly left out.
        '\u{653}'..='\u{655}' => true,
        // So is the dot under a Hindi letter.
        '\u{93C}' => true,
        _ => false,
    }
}

/// Joiners, variation selectors, direction marks, tags, skin tones.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}'
        | '\u{E0000}'..='\u{E01EF}')
}

/// Whether this is a consonant of Hindi with which `nasal` and a virama are one sound, so that both are mostly written as a
/// dot: हिन्दी, हिंदी.
pub(super) fn swallows(c: char, nasal: char) -> bool {
    match nasal {
        'ङ' => matches!(c, 'क'..='घ'),
        'ञ' => matches!(c, 'च'..='झ'),
        'ण' => matches!(c, 'ट'..='ढ'),
        'न' => matches!(c, 'त'..='ध'),
        'म' => matches!(c, 'प'..='भ'),
        _ => false,
    }
}

/// Signs that say something beside words, though they are no part of the one form of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Marks {
    /// A question mark.
    pub asks: bool,
    /// A thumb up, a tick.
    pub agrees: bool,
    /// A pondering or shrugging face.
    pub doubts: bool,
}

impl Marks {
    /// Looks at one character as it was written.
    pub fn see(&mut self, c: char) {
        match c {
            '?' | '\u{BF}' | '\u{61F}' | '\u{2047}'..='\u{2049}' | '\u{2753}' | '\u{2754}' | '\u{FE56}' | '\u{FF1F}' => {
                self.asks = true
            }
            '\u{1F44C}' | '\u{1F44D}' | '\u{2705}' | '\u{2611}' | '\u{2714}' | '\u{1F197}' | '\u{1F4AF}' | '\u{1F646}' => {
                self.agrees = true;
            }
            '\u{1F914}' | '\u{1F937}' | '\u{1F928}' => self.doubts = true,
            _ => {}
        }
    }
}

/// Thumbs down, crosses, no-entry signs.
fn says_no(c: char) -> bool {
    matches!(c, '\u{1F44E}' | '\u{274C}' | '\u{274E}' | '\u{2715}'..='\u{2718}' | '\u{1F6AB}' | '\u{26D4}' | '\u{1F645}')
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2500}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{1F000}'..='\u{1FAFF}')
}

/// The zeros of the scripts whose ten digits stand in a row (Unicode category Nd) and have no compatibility form.
const ZEROS: &[u32] = &[
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20, 0x1040,
    0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
    0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
    0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0,
    0x16B50, 0x16D70, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950,
];

/// The ASCII digit of a digit of any script.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = c as u32;
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    char::from_digit(code.checked_sub(zero)?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_script_are_digits() {
        for (text, expected) in [("٣", '3'), ("۳", '3'), ("३", '3'), ("৩", '3'), ("๓", '3'), ("𞥓", '3'), ("៣", '3')]
        {
            assert_eq!(text.chars().next().and_then(digit), Some(expected), "{text}");
        }
        for other in ['a', '二', 'Ⅱ', '٪', '\u{965}'] {
            assert_eq!(digit(other), None, "{other}");
        }
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 10 <= pair[1]), "sorted, no overlap");
        for zero in ZEROS {
            let ten: Vec<char> = (0..10).filter_map(|i| char::from_u32(zero + i)).collect();
            assert!(ten.iter().all(|c| c.is_numeric()), "{zero:x} begins no row of digits");
        }
    }
}
