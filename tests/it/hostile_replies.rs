//! The fuzz target for replies, run with a seed over what people really wrote and what can be made of it: cut, joined,
//! doubled, laced with marks of every script, and as long as a reply may be. `fuzz/` runs the same with libFuzzer.

#[path = "../../fuzz/replies.rs"]
mod replies;

use replyflow::testing::understanding::Corpus;
use std::path::Path;

/// Replies that are made up.
const REPLIES: usize = 400;

/// What has been trouble in texts before: joiners, marks, digits, signs and letters that look alike, of many scripts.
const PIECES: [&str; 48] = [
    " ",
    "  ",
    "\n",
    "\t",
    "\u{a0}",
    "\u{200b}",
    "\u{200d}",
    "\u{fe0f}",
    "\u{202e}",
    "\u{301}",
    "\u{fffd}",
    "1",
    "2",
    "٢",
    "२",
    "２",
    "2️⃣",
    "½",
    "²",
    "10",
    "99999999999999999999",
    "0",
    "-",
    "–",
    "+",
    ",",
    ".",
    ":",
    "/",
    "#",
    "%",
    "€",
    "@",
    "@example.com",
    "(",
    "'",
    "?",
    "!",
    "👍",
    "👎🏽",
    "👩‍👩‍👧",
    "🙂",
    "ß",
    "İ",
    "not",
    "and",
    "or",
    "of",
];

/// A xorshift: the same replies every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides.max(1)
    }

    fn letter(&mut self) -> char {
        let from = [0x20, 0xa0, 0x370, 0x590, 0x900, 0x1100, 0x2000, 0x3040, 0xff00, 0x1f300][self.roll(10)];
        char::from_u32(from + self.roll(0x100) as u32).unwrap_or('x')
    }
}

fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replies");
    let corpus = Corpus::read(&folder).unwrap_or_else(|e| panic!("{e}"));
    corpus.kinds.into_iter().flat_map(|(_, rows)| rows).map(|row| row.reply).collect()
}

fn made_up(dice: &mut Dice, written: &[String]) -> String {
    let mut chars: Vec<char> = written[dice.roll(written.len())].chars().collect();
    for _ in 0..dice.roll(5) {
        let at = dice.roll(chars.len() + 1);
        match dice.roll(6) {
            0 => chars.truncate(at),
            1 => drop(chars.drain(..at)),
            2 => chars.insert(at, dice.letter()),
            3 => drop(chars.splice(at..at, PIECES[dice.roll(PIECES.len())].chars())),
            4 => drop(chars.splice(at..at, written[dice.roll(written.len())].chars())),
            _ => chars.extend_from_within(..at),
        }
    }
    chars.into_iter().collect()
}

#[test]
fn whatever_is_written_nothing_panics_and_what_is_understood_was_asked_for() {
    let written = corpus();
    assert!(written.len() > 400, "{} replies", written.len());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..REPLIES {
        let mut data = vec![dice.roll(256) as u8, dice.roll(256) as u8, dice.roll(256) as u8];
        data.extend(made_up(&mut dice, &written).bytes());
        replies::check(&data);
    }
}

/// The work for a reply must grow with its length and no faster. Of one as long as the service accepts, that would be seen:
/// a hundred million steps do not end within the time of a test.
#[test]
fn the_longest_replies_come_to_an_end() {
    let pieces = [
        "a", "1", "2 ", "1,", "not ", "one ", "hundred ", "👍", "🙂 ", "é", "e\u{301}", "no ", ". ", "1:", "@", "+4", "and ",
        "monday ",
    ];
    for (i, piece) in pieces.into_iter().enumerate() {
        for language in [0, 3, 8] {
            let text = piece.repeat(4_096 / piece.chars().count());
            replies::check(&[&[language, i as u8, 0xff ^ i as u8], text.as_bytes()].concat());
        }
    }
}
