//! What each code means, why it matters to a customer, and what to do: one table, from which `check --explain`, the rules of
//! SARIF, the severity of a diagnostic and `docs/diagnostics.md` are made. A new code is a new entry here, in the order of the
//! numbers, and a fixture with a near miss in `tests/data/`.

mod answers;
mod calls;
mod files;
mod structure;
mod texts;
mod time;
mod values;

use super::diagnostic::{Code, Severity};

/// What is to be known about a code.
#[derive(Debug)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// Why it matters to a customer, or to whoever serves one.
    pub matters: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// The codes of one hundred.
#[derive(Debug)]
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// In the order of the numbers.
    pub entries: &'static [Explanation],
}

/// Every code that can be said.
pub const GROUPS: [Group; 9] = [
    Group { title: "How a file is written", entries: files::FILES },
    Group { title: "States and ways", entries: structure::STRUCTURE },
    Group { title: "Names, values and conditions", entries: values::VALUES },
    Group { title: "Questions and answers", entries: answers::ANSWERS },
    Group { title: "Texts, notifications and channels", entries: texts::TEXTS },
    Group { title: "Calls, other flows and events", entries: calls::CALLS },
    Group { title: "Time", entries: time::TIME },
    Group { title: "Tests", entries: time::TESTS },
    Group { title: "Publishing", entries: time::PUBLISHING },
];

/// The entry of a code.
pub fn explain(code: Code) -> Option<&'static Explanation> {
    GROUPS.iter().flat_map(|group| group.entries).find(|entry| entry.code == code)
}

/// A code as people write it: `RF119`, `rf119` or `119`.
pub fn parse(text: &str) -> Option<Code> {
    let text = text.trim();
    let number = text.get(..2).filter(|start| start.eq_ignore_ascii_case("rf")).map_or(text, |_| &text[2..]);
    number.parse().ok().map(Code)
}

/// What to look at instead of a code that does not exist: its neighbours, else the page.
pub fn hint(text: &str) -> String {
    let Some(Code(wrong)) = parse(text) else { return "A code is written like RF104.".to_owned() };
    let same: Vec<String> = GROUPS
        .iter()
        .flat_map(|group| group.entries)
        .filter(|entry| entry.code.0 / 10 == wrong / 10)
        .map(|entry| entry.code.to_string())
        .collect();
    match same.is_empty() {
        true => "docs/diagnostics.md lists all codes.".to_owned(),
        false => format!("Near it there are {}; docs/diagnostics.md lists all codes.", same.join(", ")),
    }
}

/// An entry of an error: code, title, meaning, why it matters, what to do.
const fn error(code: u16, title: &'static str, means: &'static str, matters: &'static str, remedy: &'static str) -> Explanation {
    Explanation { code: Code(code), severity: Severity::Error, title, means, matters, remedy }
}

/// The same of a warning.
const fn warning(
    code: u16,
    title: &'static str,
    means: &'static str,
    matters: &'static str,
    remedy: &'static str,
) -> Explanation {
    Explanation { code: Code(code), severity: Severity::Warning, title, means, matters, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_whole() {
        let all: Vec<&Explanation> = GROUPS.iter().flat_map(|group| group.entries).collect();
        assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code), "in the order of the numbers, each once");
        for entry in all {
            for text in [entry.means, entry.matters, entry.remedy] {
                assert!(text.ends_with('.') && text.len() > 15, "{}: {text}", entry.code);
                assert!(!text.contains("  "), "{}: two blanks in {text}", entry.code);
            }
            assert!(!entry.title.ends_with('.') && entry.title.len() < 70, "{}: {}", entry.code, entry.title);
        }
    }

    #[test]
    fn codes_are_read_as_people_write_them() {
        for text in ["RF104", "rf104", "104", " RF104 "] {
            assert_eq!(parse(text), Some(Code(104)), "{text}");
        }
        assert_eq!((parse("RFx"), parse(""), parse("é"), parse("RF")), (None, None, None, None));
        assert!(hint("RF129").contains("RF120, ") && hint("RF129").contains("RF124"));
        assert!(hint("RF999").starts_with("docs/") && hint("menu").contains("RF104"));
    }
}
