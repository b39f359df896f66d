//! One form for texts that people take for the same: case, accents, width, punctuation, blanks, the script of digits and
//! keycap emoji aside. Vowel signs of Hindi and others are letters and stay.

use super::character::{Marks, Role, fold, role, swallows};
use crate::domain::limits::REPLY_CHARS;
use unicode_normalization::UnicodeNormalization;

/// A text in its one form: words parted by single blanks. What is only punctuation or pictures stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Normalized {
    text: String,
    cut: bool,
    marks: Marks,
}

impl Normalized {
    /// Reads a text. Applied to its own result it changes nothing. Linear in the text, of which it reads at most
    /// [`REPLY_CHARS`] characters; a longer one is never matched as a whole, see [`Normalized::whole`].
    pub fn of(text: &str) -> Self {
        let mut scan = Scan::default();
        let mut marks = Marks::default();
        let mut chars = text.char_indices();
        for (at, c) in chars.by_ref().take(REPLY_CHARS) {
            scan.take(c, at);
            marks.see(c);
        }
        let cut = chars.next().is_some();
        scan.close();
        let out = if scan.words.is_empty() { only_punctuation(text) } else { scan.join() };
        let text = if out.is_ascii() { out } else { out.nfc().collect() };
        Normalized { text, cut, marks }
    }

    /// The one form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one form of the whole message; nothing if it was too long to be read to its end.
    pub fn whole(&self) -> Option<&str> {
        (!self.cut).then_some(self.text.as_str())
    }

    /// Its words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ').filter(|word| !word.is_empty())
    }

    /// Whether a question mark of any script stood in it.
    pub(super) fn asks(&self) -> bool {
        self.marks.asks
    }

    /// Whether a picture stood in it that agrees, such as a thumb up.
    pub(super) fn agrees(&self) -> bool {
        self.marks.agrees
    }

    /// Whether a picture stood in it that doubts, such as a shrug.
    pub(super) fn doubts(&self) -> bool {
        self.marks.doubts
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Without signs and pictures, where that leaves something else: what people type for a label such as `❌ Cancel`
    /// or `$20`.
    pub(super) fn without_signs(&self) -> Option<String> {
        let plain = |word: &&str| !word.chars().all(|c| matches!(role(c, None), Role::Sign | Role::Picture));
        let kept: Vec<&str> = self.words().filter(plain).collect();
        let less = !kept.is_empty() && kept.len() < self.words().count();
        less.then(|| kept.join(" "))
    }
}

/// The byte in `text` at which its first `words` words end; for what follows a keyword.
pub(super) fn end_of_words(text: &str, words: usize) -> Option<usize> {
    let mut scan = Scan::default();
    for (at, c) in text.char_indices().take(REPLY_CHARS) {
        scan.take(c, at);
    }
    scan.close();
    let any_text = scan.words.iter().any(|word| !word.picture);
    let kept = scan.words.iter().filter(|word| !(any_text && word.picture));
    kept.map(|word| word.end).nth(words.checked_sub(1)?)
}

/// A message without a single word: its visible characters.
fn only_punctuation(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(REPLY_CHARS) {
        fold(c, |folded| match role(folded, None) {
            Role::Blank | Role::Nothing => {}
            _ => out.push(folded),
        });
    }
    out
}

/// Joins two pictures into one.
const JOINER: char = '\u{200D}';

/// One word found by a scan.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// Its bytes in the scan's text.
    from: usize,
    to: usize,
    /// Where it ends in the source.
    end: usize,
    /// A picture, which counts only where there are no words.
    picture: bool,
    /// A picture or a sign.
    sign: bool,
}

/// Reads a text character by character into words.
#[derive(Debug, Default)]
struct Scan {
    text: String,
    words: Vec<Word>,
    /// Where the open word begins in `text`.
    open: Option<usize>,
    /// The end of the open word in the source.
    end: usize,
    /// An apostrophe was read inside a word.
    apostrophe: bool,
    /// A dash was read after a blank.
    dash: bool,
    /// A picture and then a joiner were read: another picture belongs to it.
    joined: bool,
    /// The last character was a blank, or there was none.
    after_text: bool,
}

impl Scan {
    fn take(&mut self, c: char, at: usize) {
        let end = at + c.len_utf8();
        fold(c, |folded| self.take_folded(folded, end));
    }

    fn take_folded(&mut self, c: char, end: usize) {
        let previous = self.open.and_then(|_| self.text.chars().next_back());
        let joined = std::mem::take(&mut self.joined);
        match role(c, previous) {
            Role::Nothing => {
                self.joined = joined || (c == JOINER && self.after_picture());
                return;
            }
            Role::Picture if joined => {
                self.words.last_mut().into_iter().for_each(|word| word.end = end);
            }
            Role::Word(c) => {
                self.swallow_nasal(c);
                if self.open.is_none() {
                    self.open = Some(self.text.len());
                    if self.dash && c.is_ascii_digit() {
                        self.text.push('-');
                    }
                }
                self.text.push(c);
                self.end = end;
                self.apostrophe = false;
            }
            Role::Apostrophe if self.open.is_some() && !self.apostrophe => {
                self.apostrophe = true;
                return;
            }
            Role::Dash => {
                self.close();
                self.dash = !self.after_text;
                self.after_text = true;
                return;
            }
            Role::Plus if previous.is_some_and(|p| p.is_ascii_digit()) => {
                self.text.push('+');
                self.end = end;
                self.close();
            }
            Role::Comparator | Role::Sign => self.sign(c, end, false),
            Role::Picture => self.sign(c, end, true),
            Role::Blank => {
                self.close();
                self.dash = false;
                self.after_text = false;
                return;
            }
            Role::Apostrophe | Role::Plus | Role::Punctuation => self.close(),
        }
        self.dash = false;
        self.after_text = true;
    }

    /// Whether nothing but invisible signs stands between the last word, a picture or sign, and here.
    fn after_picture(&self) -> bool {
        self.open.is_none() && self.after_text && self.words.last().is_some_and(|word| word.sign)
    }

    /// Before some consonants of Hindi a nasal with a virama is written as a dot.
    fn swallow_nasal(&mut self, c: char) {
        let Some(open) = self.open else { return };
        let Some(before) = self.text[open..].strip_suffix('\u{94D}') else { return };
        let Some(nasal) = before.chars().next_back().filter(|nasal| swallows(c, *nasal)) else { return };
        let to = open + before.len() - nasal.len_utf8();
        self.text.truncate(to);
        self.text.push('\u{902}');
    }

    /// A word of one character.
    fn sign(&mut self, c: char, end: usize, picture: bool) {
        self.close();
        let from = self.text.len();
        self.text.push(c);
        self.words.push(Word { from, to: self.text.len(), end, picture, sign: true });
    }

    fn close(&mut self) {
        if let Some(from) = self.open.take() {
            self.words.push(Word { from, to: self.text.len(), end: self.end, picture: false, sign: false });
        }
        self.apostrophe = false;
    }

    fn join(&self) -> String {
        let any_text = self.words.iter().any(|word| !word.picture);
        let mut out = String::with_capacity(self.text.len() + self.words.len());
        for word in self.words.iter().filter(|word| !(any_text && word.picture)) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&self.text[word.from..word.to]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn n(text: &str) -> String {
        Normalized::of(text).as_str().to_owned()
    }

    #[test]
    fn people_take_these_for_the_same() {
        for (text, expected) in [
            ("  Cash on\tDelivery!! ", "cash on delivery"),
            ("CASH-ON-DELIVERY", "cash on delivery"),
            ("Ｃａｓｈ　２", "cash 2"),
            ("Sí, señor", "si senor"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("ΟΔΟΣ", "οδοσ"),
            ("İstanbul", "istanbul"),
            ("2️⃣", "2"),
            ("②", "2"),
            ("🔟", "10"),
            ("#2.", "2"),
            ("№ 2", "2"),
            ("２", "2"),
            ("٢", "2"),
            ("२", "2"),
            ("don't", "dont"),
            ("don’t", "dont"),
            ("'quoted'", "quoted"),
            ("STOP 🛑", "stop"),
            ("👍🏽", "👍"),
            ("👍️ 👍", "👍 👍"),
            ("अभी भुगतान करें", "अभी भुगतान करें"),
            ("a\u{200B}b", "ab"),
            ("stop\u{200F}.", "stop"),
            ("ё", "е"),
            ("हाँ", "हां"),
            ("हिन्दी", "हिंदी"),
            ("बन्द", "बंद"),
            ("सम्पर्क", "संपर्क"),
            ("अन्न", "अन्न"),
            ("ज़रूर", "जरूर"),
            ("ठीक\u{200D} है।", "ठीक है"),
            ("إلغاء الإشتراك", "الغاء الاشتراك"),
            ("نَعَمْ", "نعم"),
            ("نعـــم، شكرًا!", "نعم شكرا"),
            ("خدمة", "خدمه"),
            ("على", "علي"),
            ("رئيسية", "رييسيه"),
            ("مسؤول", "مسوول"),
            ("ٱلسلام", "السلام"),
            ("کیف", "كيف"),
            ("ĳs", "ijs"),
            ("🙆🏽\u{200D}♀️", "🙆"),
            ("🤷\u{200D}♂️ 👍", "🤷 👍"),
            ("♀ ♂", "♀ ♂"),
            ("?", "?"),
            (" ?! ", "?!"),
            ("", ""),
            ("   ", ""),
        ] {
            assert_eq!(n(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_changes_the_meaning_stays() {
        for (text, expected) in [
            ("-2", "-2"),
            ("−2", "-2"),
            ("- 2", "2"),
            ("1-2", "1 2"),
            ("1 -2", "1 -2"),
            ("2+", "2+"),
            ("1+2", "1+ 2"),
            ("+2", "2"),
            ("<18", "< 18"),
            ("~2", "~ 2"),
            ("$20", "$ 20"),
            ("20%", "20 %"),
            ("cash 👎", "cash 👎"),
            ("❌ 2", "❌ 2"),
            ("2.5", "2 5"),
            ("1/2", "1 2"),
            ("½", "1 2"),
            ("2b", "2b"),
            ("мой", "мой"),
        ] {
            assert_eq!(n(text), expected, "{text:?}");
        }
        // क and कि are different words: the vowel sign is no accent.
        assert_ne!(n("क"), n("कि"));
        assert_ne!(n("हा"), n("हां"));
    }

    #[test]
    fn signs_beside_words_are_seen() {
        let marks = |text: &str| {
            let normal = Normalized::of(text);
            (normal.asks(), normal.agrees(), normal.doubts())
        };
        for text in ["yes?", "¿sí?", "نعم؟", "ｙｅｓ？", "yes ❓", "what?!"] {
            assert_eq!(marks(text), (true, false, false), "{text}");
        }
        for text in ["ok 👍🏾", "✅ yes", "✔️", "🙆\u{200D}♂️"] {
            assert_eq!(marks(text), (false, true, false), "{text}");
        }
        assert_eq!(marks("yes 🤔"), (false, false, true));
        assert_eq!(marks("yes!"), (false, false, false));
    }

    #[test]
    fn signs_can_be_left_out_of_labels() {
        assert_eq!(Normalized::of("❌ Cancel").without_signs().as_deref(), Some("cancel"));
        assert_eq!(Normalized::of("$20").without_signs().as_deref(), Some("20"));
        assert_eq!(Normalized::of("<18").without_signs(), None);
        assert_eq!(Normalized::of("👎").without_signs(), None);
        assert_eq!(Normalized::of("Cash").without_signs(), None);
    }

    #[test]
    fn a_text_at_the_limit_is_whole_and_one_over_it_is_not() {
        let at = "a".repeat(REPLY_CHARS);
        assert_eq!(Normalized::of(&at).whole(), Some(at.as_str()));
        let over = format!("{at}.");
        assert_eq!(Normalized::of(&over).whole(), None);
        assert_eq!(Normalized::of(&over).as_str(), at);
    }

    #[test]
    fn the_end_of_a_word_is_found_in_the_source() {
        assert_eq!(end_of_words("Join: AB", 1), Some(4));
        assert_eq!(end_of_words("🎉 JÖIN now", 1), Some("🎉 JÖIN".len()));
        assert_eq!(end_of_words("a b", 3), None);
        assert_eq!(end_of_words("a b", 0), None);
    }

    #[test]
    fn every_character_is_stable() {
        // The planes above are empty but for tags and private use.
        for c in ('\0'..='\u{323FF}').chain('\u{E0000}'..='\u{E01FF}') {
            let once = n(&c.to_string());
            assert_eq!(n(&once), once, "{c:?} {:x}", c as u32);
            let inside = n(&format!("a{c}b"));
            assert_eq!(n(&inside), inside, "{c:?} {:x}", c as u32);
        }
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "\\PC{0,60}") {
            let once = n(&text);
            prop_assert_eq!(n(&once), once);
        }

        #[test]
        fn twice_is_once_for_what_people_write(text in "[-a-zA-Zéßİ0-9٣२ .,'’!?+~<$👍👎❌♀️⃣\u{200D}\u{301}\u{308}ийकिनदमप्ँंइى ئآة́\u{93C}]{0,40}") {
            let once = n(&text);
            prop_assert_eq!(n(&once), once.clone());
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
        }

        #[test]
        fn the_case_means_nothing(text in "[a-zA-Zà-ÿ ]{0,40}") {
            prop_assert_eq!(n(&text.to_uppercase()), n(&text.to_lowercase()));
        }
    }
}
