//! How near one text is to another: slips of the finger, told from other words as well as that can be done without a
//! dictionary.

/// Letters a word must have before one slip in it is taken for one: shorter words are too often other words.
const ONE_SLIP: usize = 4;
/// Letters a word must have before two slips in it are.
const TWO_SLIPS: usize = 8;
/// Slips in a text of several words, however many words it has.
const SLIPS: usize = 2;
/// Letters by which a word may be drawn out.
const DRAWN_OUT: usize = 8;

/// How many slips turn `meant` into `typed`, where they can be taken for slips: one in a word of four to seven letters, two
/// in a longer one; its first letter right or the first two swapped; no digit touched. A blank too many or too few is one.
/// 0 for another spelling of the same.
pub(super) fn slips(typed: &str, meant: &str) -> Option<usize> {
    if typed == meant || are_far_apart(typed, meant, DRAWN_OUT) {
        return None;
    }
    let mut sum = 0;
    let mut words = meant.split(' ');
    let pairwise = typed.split(' ').all(|typed| match words.next().and_then(|meant| slips_of_word(typed, meant)) {
        Some(slips) => {
            sum += slips;
            sum <= SLIPS
        }
        None => false,
    });
    if pairwise && words.next().is_none() {
        return Some(sum);
    }
    let initials = typed.split(' ').all(|word| word.chars().count() == 1 && word.chars().all(char::is_alphabetic));
    let long = meant.chars().filter(|c| *c != ' ').count() >= ONE_SLIP;
    ((long || initials) && is_same_but_for_blanks(typed, meant)).then_some(1)
}

/// Whether one letter more, less, different or swapped makes one text the other; for the checker. Numbers do not count.
pub(super) fn one_letter_apart(a: &str, b: &str) -> bool {
    let has_digit = |text: &str| text.bytes().any(|c| c.is_ascii_digit());
    !has_digit(a) && !has_digit(b) && distance(a, b, 1) == Some(1) && slips(a, b).is_some()
}

/// Whether that is clear from the lengths alone: a letter has at most four bytes, and a spelling may leave out a few.
fn are_far_apart(a: &str, b: &str, most: usize) -> bool {
    a.len().abs_diff(b.len()) > 4 * most + a.len().min(b.len())
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour to make one text the other; nothing
/// if it is more than `most`. The time grows with the shorter text times `most`.
pub(super) fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let spelled = |text: &str| text.chars().filter_map(spelling).collect::<Vec<char>>();
    if are_far_apart(a, b, most) {
        return None;
    }
    letters_apart(&spelled(a), &spelled(b), most)
}

/// The letters of a text: signs that only change how a letter sounds do not count, nor does what is no letter.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| spelling(*c).is_some_and(|c| c != ' ' && !is_joiner(c) && !c.is_numeric())).count()
}

fn slips_of_word(typed: &str, meant: &str) -> Option<usize> {
    if typed == meant {
        return Some(0);
    }
    let has_digit = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    if has_digit(typed) || has_digit(meant) {
        return None;
    }
    let spelled = |word: &str| word.chars().filter_map(spelling).collect::<Vec<char>>();
    let (a, b) = (spelled(typed), spelled(meant));
    let allowed = match letters(meant) {
        ..ONE_SLIP => 0,
        ONE_SLIP..TWO_SLIPS => 1,
        _ => SLIPS,
    };
    if allowed > 0 && is_drawn_out(&a) && squeezed(&a) == squeezed(&b) {
        return Some(1);
    }
    let begins_right = a.first() == b.first() || (a.len() == b.len() && a.len() > 1 && a[0] == b[1] && a[1] == b[0]);
    letters_apart(&a, &b, allowed).filter(|slips| *slips == 0 || begins_right)
}

/// A letter as it counts: spelled in the commoner of two ways, or not at all.
fn spelling(c: char) -> Option<char> {
    Some(match c {
        // Arabic: the end of feminine words and the letters that are written with or without dots and hamza; Persian keyboards.
        '\u{629}' | '\u{6C1}' => '\u{647}',
        '\u{649}' | '\u{626}' | '\u{6CC}' => '\u{64A}',
        '\u{624}' => '\u{648}',
        '\u{622}' | '\u{623}' | '\u{625}' => '\u{627}',
        '\u{6A9}' => '\u{643}',
        // Devanagari: the dot of borrowed sounds, and the two ways to write a nasal.
        '\u{93C}' => return None,
        '\u{958}' => '\u{915}',
        '\u{959}' => '\u{916}',
        '\u{95A}' => '\u{917}',
        '\u{95B}' => '\u{91C}',
        '\u{95C}' => '\u{921}',
        '\u{95D}' => '\u{922}',
        '\u{95E}' => '\u{92B}',
        '\u{901}' => '\u{902}',
        other => other,
    })
}

/// Vowel signs and other marks that belong to the letter before them.
pub(super) fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// The sign that joins two consonants of Devanagari, and the nasal dot: written beside a letter, none themselves.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{94D}' | '\u{902}' | '\u{903}')
}

/// Whether the two are the same without blanks, no blank parting two numbers.
fn is_same_but_for_blanks(a: &str, b: &str) -> bool {
    let parts_numbers = |text: &str| {
        text.split(' ')
            .zip(text.split(' ').skip(1))
            .any(|(left, right)| left.ends_with(|c: char| c.is_numeric()) && right.starts_with(|c: char| c.is_numeric()))
    };
    let letters = |text: &'_ str| text.chars().filter(|c| *c != ' ').filter_map(spelling).collect::<String>();
    !parts_numbers(a) && !parts_numbers(b) && letters(a) == letters(b)
}

/// "pleeease": a letter three times in a row, as nobody spells.
fn is_drawn_out(letters: &[char]) -> bool {
    letters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2])
}

fn squeezed(letters: &[char]) -> Vec<char> {
    let mut squeezed = letters.to_vec();
    squeezed.dedup();
    squeezed
}

/// Optimal string alignment, in the band of the table that can hold a distance up to `most`.
fn letters_apart(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let far = most + 1;
    let width = b.len() + 1;
    let mut before = vec![far; width];
    let mut last: Vec<usize> = (0..width).map(|j| j.min(far)).collect();
    let mut row = vec![far; width];
    for i in 1..=a.len() {
        let (from, to) = (i.saturating_sub(most).max(1), (i + most).min(b.len()));
        row.fill(far);
        row[0] = i.min(far);
        for j in from..=to {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least.min(far);
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    Some(last[b.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_are_told_from_other_words() {
        for (typed, meant, expected) in [
            ("confrim", "confirm", 1),
            ("confirn", "confirm", 1),
            ("confim", "confirm", 1),
            ("confirmm", "confirm", 1),
            ("ocnfirm", "confirm", 1),
            ("csh", "cash", 1),
            ("cosh", "cash", 1),
            ("caaaash", "cash", 1),
            ("apointmnt", "appointment", 2),
            ("cash on delivary", "cash on delivery", 1),
            ("confrim pleese", "confirm please", 2),
            ("paynow", "pay now", 1),
            ("500mb", "500 mb", 1),
            ("d l", "dl", 1),
            ("سيارة", "سياره", 0),
            ("डिलिवरी", "डिलीवरी", 1),
            ("हाँ जी", "हां जी", 0),
            ("ज़रूर", "जरूर", 0),
        ] {
            assert_eq!(slips(typed, meant), Some(expected), "{typed}");
        }
        for (typed, meant) in [
            ("confirm", "confirm"),
            ("cnofrim", "confirm"),
            ("man", "men"),
            ("unable", "enable"),
            ("typical", "atypical"),
            ("unpaid", "paid"),
            ("monday", "today"),
            ("evening", "morning"),
            ("without", "with"),
            ("except", "accept"),
            ("refuse", "refund"),
            ("cash in delivery", "cash on delivery"),
            ("cash delivery", "cash on delivery"),
            ("confrim pleese now", "confirm please"),
            ("csah on dilivary", "cash on delivery"),
            ("room 12345", "room 12346"),
            ("plan 2", "plan 1"),
            ("1 2", "12"),
            ("केश", "कैश"),
            ("دفع", "رفع"),
            ("", "confirm"),
        ] {
            assert_eq!(slips(typed, meant), None, "{typed}");
        }
    }

    #[test]
    fn letters_apart_are_counted_up_to_a_limit() {
        assert_eq!(distance("cash", "cash", 2), Some(0));
        assert_eq!(distance("cash", "csah", 2), Some(1));
        assert_eq!(distance("tuesday", "thursday", 2), Some(2));
        assert_eq!(distance("tuesday", "thursday", 1), None);
        assert_eq!(distance("", "ab", 2), Some(2));
        assert!(one_letter_apart("mainz", "maine"));
        assert!(!one_letter_apart("room 1", "room 2"));
    }

    proptest! {
        #[test]
        fn the_band_holds_every_distance_up_to_its_limit(a in "[abc]{0,8}", b in "[abc]{0,8}", most in 0usize..6) {
            let whole = strsim::osa_distance(&a, &b);
            prop_assert_eq!(distance(&a, &b, most), (whole <= most).then_some(whole));
        }
    }
}
