//! A slip of the finger: one letter wrong, missing, doubled or swapped in a long word.

/// Letters that a word must have before a slip in it is taken for one: shorter words are too often other words.
const LETTERS: usize = 5;

/// Whether `typed` is `meant` with one slip in one word of at least five Latin letters, its first letter right.
pub(super) fn is_slip(typed: &str, meant: &str) -> bool {
    if typed.len().abs_diff(meant.len()) > 1 || typed == meant {
        return false;
    }
    let mut words = meant.split(' ');
    let mut slips = 0;
    for typed in typed.split(' ') {
        let Some(meant) = words.next() else { return false };
        if typed != meant {
            slips += 1;
            if slips > 1 || !is_slip_of_word(typed, meant) {
                return false;
            }
        }
    }
    slips == 1 && words.next().is_none()
}

/// Whether one letter more, less, different or swapped makes one text the other; for the checker, so without the care
/// that a guess needs. Numbers do not count.
pub(super) fn one_letter_apart(a: &str, b: &str) -> bool {
    let has_digit = |text: &str| text.bytes().any(|c| c.is_ascii_digit());
    is_slip(a, b) && !has_digit(a) && !has_digit(b)
}

fn is_slip_of_word(typed: &str, meant: &str) -> bool {
    let latin = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase());
    meant.len() >= LETTERS
        && latin(meant)
        && latin(typed)
        && typed.as_bytes().first() == meant.as_bytes().first()
        && strsim::osa_distance(typed, meant) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_in_a_long_word() {
        for (typed, meant) in [
            ("confrim", "confirm"),
            ("confirn", "confirm"),
            ("confim", "confirm"),
            ("confirmm", "confirm"),
            ("cash on delivary", "cash on delivery"),
        ] {
            assert!(is_slip(typed, meant), "{typed}");
        }
        for (typed, meant) in [
            ("confirm", "confirm"),
            ("cnofrim", "confirm"),
            ("cosh", "cash"),
            ("unable", "enable"),
            ("typical", "atypical"),
            ("cash in delivery", "cash on delivery"),
            ("cash delivery", "cash on delivery"),
            ("confrim pleese", "confirm please"),
            ("room 12345", "room 12346"),
            ("", "confirm"),
        ] {
            assert!(!is_slip(typed, meant), "{typed}");
        }
    }
}
