//! A text as numbers, words and the signs between them. Unlike in the one form of a text, signs stay: `5.3.` is a day and
//! `5:30` is a clock time.

use crate::domain::limits::REPLY_CHARS;
use crate::reply::character::{Role, fold, role};
use unicode_normalization::UnicodeNormalization;

/// Tokens of the longest text that is read: nobody names a day with more.
const TOKENS: usize = 48;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits of any script, with their value.
    Number(u32),
    /// Letters.
    Word,
    /// A sign that is neither blank nor mere decoration.
    Sign(char),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its letters or digits in their one form, as the files of words hold them.
    pub text: String,
    /// The same without the differences in spelling that only days and times forgive.
    pub key: String,
    /// No blank stands before it.
    pub glued: bool,
}

impl Token {
    /// Its number, if it is digits.
    pub fn number(&self) -> Option<u32> {
        match self.kind {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is this sign.
    pub fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The tokens of a text; nothing where it asks, refuses, or is too long to be a day or a time.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut scan = Scan::default();
    for (at, c) in text.chars().enumerate() {
        if at == REPLY_CHARS || asks(c) || scan.tokens.len() > TOKENS {
            return None;
        }
        fold(c, |folded| scan.take(folded));
    }
    scan.close();
    (scan.tokens.len() <= TOKENS).then_some(scan.tokens)
}

/// Signs and pictures that ask or doubt.
fn asks(c: char) -> bool {
    matches!(
        c,
        '?' | '\u{BF}' | '\u{61F}' | '\u{FF1F}' | '\u{2753}' | '\u{2754}' | '\u{2047}'..='\u{2049}' | '\u{1F914}' | '\u{1F937}'
    )
}

#[derive(Debug, Default)]
struct Scan {
    tokens: Vec<Token>,
    open: String,
    /// Whether what is open are digits.
    digits: bool,
    /// No blank was read since the last token.
    glued: bool,
}

impl Scan {
    fn take(&mut self, c: char) {
        match role(c, self.open.chars().next_back()) {
            Role::Nothing => {}
            Role::Word(c) => {
                if self.digits != c.is_ascii_digit() {
                    self.close();
                    self.digits = c.is_ascii_digit();
                }
                self.open.push(c);
            }
            // "o'clock" is one word; "l'11" are two, and "5'30" is something else.
            Role::Apostrophe if !self.open.is_empty() && !self.digits => {}
            Role::Apostrophe if !self.open.is_empty() => self.sign('\''),
            Role::Apostrophe | Role::Blank | Role::Picture => self.blank(),
            Role::Dash => self.sign('-'),
            Role::Plus => self.sign('+'),
            Role::Comparator | Role::Sign => self.sign(c),
            Role::Punctuation => match c {
                '!' | '"' | '(' | ')' | '[' | ']' | '*' | '_' | '\u{A1}' | '\u{AB}' | '\u{BB}' | '\u{201C}'..='\u{201F}' => {
                    self.blank()
                }
                '\u{60C}' | '\u{3001}' => self.sign(','),
                '\u{964}' | '\u{6D4}' | '\u{3002}' => self.sign('.'),
                _ => self.sign(c),
            },
        }
    }

    fn blank(&mut self) {
        self.close();
        self.glued = false;
    }

    fn sign(&mut self, c: char) {
        self.close();
        self.push(Kind::Sign(c), String::new());
    }

    fn close(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.open);
        let text = if text.is_ascii() { text } else { text.nfc().collect() };
        let kind = match (self.digits, text.parse()) {
            (true, Ok(value)) => Kind::Number(value),
            (true, Err(_)) => Kind::Number(u32::MAX),
            (false, _) => Kind::Word,
        };
        self.push(kind, text);
    }

    fn push(&mut self, kind: Kind, text: String) {
        let key = key(&text);
        self.tokens.push(Token { kind, text, key, glued: self.glued });
        self.glued = true;
    }
}

/// A word without differences in spelling that change no day: the last letter of many Arabic words, the dots and the moon
/// of Hindi.
pub(super) fn key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let plain = text.nfd().filter(|c| !matches!(c, '\u{93C}' | '\u{654}')).map(|c| match c {
        '\u{629}' => '\u{647}',
        '\u{649}' | '\u{6CC}' => '\u{64A}',
        '\u{6A9}' => '\u{643}',
        '\u{901}' => '\u{902}',
        other => other,
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        let Some(tokens) = tokens(text) else { return "none".to_owned() };
        let one = |token: &Token| {
            let text = match token.kind {
                Kind::Sign(sign) => sign.to_string(),
                _ => token.text.clone(),
            };
            format!("{}{text}", if token.glued { "+" } else { "" })
        };
        tokens.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_text_is_cut_where_its_kind_of_character_changes() {
        for (text, expected) in [
            ("5pm", "5 +pm"),
            ("17h30", "17 +h +30"),
            ("5.3.2027", "5 +. +3 +. +2027"),
            (" Tomorrow, 17:30! ", "tomorrow +, 17 +: +30"),
            ("५ मार्च", "5 मार्च"),
            ("5️⃣ o'clock", "5 oclock"),
            ("l'11 Märzen", "l +11 marzen"),
            ("5'30", "5 +' +30"),
            ("1º", "1 +o"),
            ("٥،", "5 +,"),
            ("🙂 5", "5"),
            ("~5", "~ +5"),
            ("5?", "none"),
            ("🤔 5", "none"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_of_too_many_tokens_is_none() {
        assert!(tokens(&"a ".repeat(TOKENS)).is_some());
        assert!(tokens(&"a ".repeat(TOKENS + 1)).is_none());
        assert!(tokens(&"a".repeat(REPLY_CHARS)).is_some());
        assert!(tokens(&"a".repeat(REPLY_CHARS + 1)).is_none());
    }

    #[test]
    fn spellings_of_one_word_have_one_key() {
        let key = |text: &str| tokens(text).and_then(|tokens| tokens.first().map(|token| token.key.clone()));
        assert_eq!(key("الساعة"), key("الساعه"));
        assert_eq!(key("पाँच"), key("पांच"));
        assert_eq!(key("साढ़े"), key("साढे"));
        assert_ne!(key("कल"), key("काल"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            tokens(&text);
        }
    }
}
