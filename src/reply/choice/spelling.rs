//! Two ways to write the same words: figures and units together or apart, articles that stick to their word, clock times.

use crate::domain::language::Language;

/// Articles and prepositions that are written as one word with what follows, longest first.
fn stuck(language: Language) -> &'static [&'static str] {
    match language.base() {
        "ar" => &["وال", "بال", "فال", "كال", "لل", "ال"],
        "fr" => &["qu", "l", "d"],
        "it" => &["quell", "dell", "all", "dall", "nell", "sull", "un", "l", "d"],
        _ => &[],
    }
}

/// Letters that a word keeps without its article.
const LETTERS: usize = 2;

/// A normalised text with figures parted from letters, without such articles and with clock times written in one way, if that
/// is another text.
pub(super) fn respelled(text: &str, language: Language) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 8);
    for word in text.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        if let Some((hours, minutes)) = clock(word) {
            out.push_str(&format!("{hours}:{minutes}"));
            continue;
        }
        let mut last = None;
        for c in plain(word, language).chars() {
            if last.is_some_and(|last: char| last.is_ascii_digit() && c.is_alphabetic()) {
                out.push(' ');
            }
            out.push(c);
            last = Some(c);
        }
    }
    (out != text).then_some(out)
}

/// A clock time in figures, whatever stands between hours and minutes: "8.15", "8h15".
fn clock(word: &str) -> Option<(&str, &str)> {
    let (hours, minutes) = word.split_once(['.', 'h', ':'])?;
    let below = |text: &str, most: u8| text.bytes().all(|b| b.is_ascii_digit()) && text.parse().is_ok_and(|n: u8| n < most);
    (hours.len() <= 2 && minutes.len() == 2 && below(hours, 24) && below(minutes, 60)).then_some((hours, minutes))
}

/// The word without its article. Those of one Latin letter stand only before a vowel, where an apostrophe was.
fn plain(word: &str, language: Language) -> &str {
    let vowel = |rest: &str| !language.base().eq("ar") && rest.starts_with(['a', 'e', 'i', 'o', 'u', 'h', 'y']);
    let fits = |rest: &&str| rest.chars().count() > LETTERS && (language.base() == "ar" || vowel(rest));
    stuck(language).iter().find_map(|article| word.strip_prefix(article).filter(fits)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_parted_and_articles_taken_off() {
        for (text, language, expected) in [
            ("500mb", "en", Some("500 mb")),
            ("the 25kg one", "en", Some("the 25 kg one")),
            ("lhuile", "fr", Some("huile")),
            ("la table", "fr", None),
            ("lhuile", "en", None),
            ("dellacqua", "it", Some("acqua")),
            ("الأخبار", "ar", Some("أخبار")),
            ("بالبطاقه", "ar", Some("بطاقه")),
            ("الى", "ar", None),
            ("plan 7", "en", None),
            ("vr 8.15", "nl", Some("vr 8:15")),
            ("ven 8h45", "fr", Some("ven 8:45")),
            ("vr 8:15", "nl", None),
            ("release 8.75", "en", None),
            ("b12", "en", None),
        ] {
            let language = Language::parse(language).expect("a language");
            assert_eq!(respelled(text, language).as_deref(), expected, "{text}");
        }
    }
}
