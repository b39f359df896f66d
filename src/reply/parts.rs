//! A reply cut where people part what they choose: at commas, lines and "and", but not inside a label.

use super::choice::{Options, Shown};
use super::normalize::Normalized;

/// Words of the longest reply that is cut into parts.
const WORDS: usize = 100;

/// What stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Blank,
    /// A comma, a line, another separator.
    Break,
    /// A dash or a point that joins two numbers: a range, a decimal, a clock time, a list; nobody knows.
    Joint,
}

/// The words of a reply and what stands before each.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The words, with single blanks between.
    text: String,
    /// Where each begins.
    starts: Vec<(usize, Before)>,
}

impl Words {
    /// Reads a reply whose one form is `whole`; nothing if it has more words than anybody needs.
    pub(super) fn of(original: &str, whole: &str) -> Option<Self> {
        let joint = if is_chain(original) { Before::Break } else { Before::Joint };
        let mut words = Words::default();
        let (mut from, mut before, mut last) = (0, Before::Break, Last::Other);
        for (at, c) in original.char_indices() {
            let (parts, next) = last.then(c, original[at + c.len_utf8()..].chars().next());
            if let Some(parts) = parts {
                let parts = if parts == Before::Joint { joint } else { parts };
                words.take(&original[from..at], before, whole);
                before = if before == Before::Break && original[from..at].trim().is_empty() { Before::Break } else { parts };
                from = at + c.len_utf8();
            }
            last = next;
        }
        words.take(&original[from..], before, whole);
        (words.starts.len() <= WORDS).then_some(words)
    }

    fn take(&mut self, part: &str, before: Before, whole: &str) {
        let part = Normalized::of(part);
        // Pictures beside words are not in the one form.
        if part.is_empty() || !whole.contains(part.as_str()) {
            return;
        }
        for (i, word) in part.words().enumerate() {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.starts.push((self.text.len(), if i == 0 { before } else { Before::Blank }));
            self.text.push_str(word);
        }
    }

    /// The parts; with `whole_labels`, separators inside a label part nothing. Nothing if two numbers are joined.
    pub(super) fn parts(&self, options: &Options, shown: Shown<'_>, whole_labels: bool) -> Option<Vec<&str>> {
        let mut cuts = Cuts { text: &self.text, parts: Vec::new(), open: None };
        let mut at = 0;
        while let Some((start, before)) = self.starts.get(at).copied() {
            match before {
                Before::Joint => return None,
                Before::Break => cuts.close(start),
                Before::Blank => {}
            }
            let rest = &self.text[start..];
            let label = options.longest_label(rest, shown).map(|bytes| (bytes, rest[..bytes].split(' ').count()));
            let inner = |words: usize| self.starts[at + 1..at + words].iter().any(|(_, before)| *before != Before::Blank);
            let joins = |bytes: usize| options.and_at(&rest[..bytes]).is_some();
            if let Some((bytes, words)) = label
                && (whole_labels || !inner(words) && !rest[..bytes].match_indices(' ').any(|(at, _)| joins(at)))
            {
                cuts.open(start);
                at += words;
                continue;
            }
            if let Some(bytes) = options.and_at(rest) {
                cuts.close(start);
                at += rest[..bytes].split(' ').count();
                continue;
            }
            if let Some(letter) = options.joined_and(rest, shown) {
                cuts.close(start);
                cuts.open(start + letter);
            }
            cuts.open(start);
            at += 1;
        }
        cuts.close(self.text.len() + 1);
        Some(cuts.parts)
    }
}

/// Three numbers or more joined by one sign, "1-3-4": a list, where "1-3" may be a range and "1/2" a choice between both.
fn is_chain(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']);
    ['-', '/', '.', '\u{2013}'].into_iter().any(|sign| {
        let mut numbers = text.split(sign).map(str::trim);
        text.split(sign).count() > 2 && numbers.all(|number| !number.is_empty() && number.chars().all(char::is_numeric))
    })
}

/// Parts of a text that are found from left to right.
struct Cuts<'t> {
    text: &'t str,
    parts: Vec<&'t str>,
    open: Option<usize>,
}

impl Cuts<'_> {
    fn open(&mut self, at: usize) {
        self.open = self.open.or(Some(at));
    }

    /// Ends the open part before the word that begins at `at`.
    fn close(&mut self, at: usize) {
        if let Some(from) = self.open.take() {
            self.parts.push(&self.text[from..at - 1]);
        }
    }
}

/// What was read before a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Digit,
    BlankAfterDigit,
    DashAfterDigit,
    Blank,
    Other,
}

impl Last {
    /// Whether the character parts two parts, and what was read now.
    fn then(self, c: char, next: Option<char>) -> (Option<Before>, Last) {
        let digit_next = next.is_some_and(char::is_numeric);
        match c {
            '.' | ':' | '/' | '\u{66B}' if self == Last::Digit && digit_next => (Some(Before::Joint), Last::Other),
            ',' | ';' | '\n' | '/' | '|' | '&' | '+' | '\u{B7}' | '\u{2022}' | '\u{60C}' | '\u{61B}' | '\u{3001}'
            | '\u{FF0C}' => (Some(Before::Break), Last::Other),
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' => match self {
                Last::Digit | Last::BlankAfterDigit if digit_next => (Some(Before::Joint), Last::Other),
                Last::Digit | Last::BlankAfterDigit => (None, Last::DashAfterDigit),
                Last::Blank if next.is_none_or(char::is_whitespace) => (Some(Before::Break), Last::Other),
                _ => (None, Last::Other),
            },
            _ if c.is_whitespace() => {
                let last = match self {
                    Last::Digit | Last::BlankAfterDigit => Last::BlankAfterDigit,
                    Last::DashAfterDigit if digit_next => return (Some(Before::Joint), Last::Other),
                    Last::DashAfterDigit => Last::DashAfterDigit,
                    _ => Last::Blank,
                };
                (None, last)
            }
            _ if c.is_numeric() => (None, Last::Digit),
            // The parts of a keycap emoji, whose digit is a number of its own.
            '\u{FE0F}' => (None, self),
            '\u{20E3}' => (Some(Before::Break), Last::Other),
            _ => (None, Last::Other),
        }
    }
}
