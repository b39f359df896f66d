//! Texts that a regular expression matches, and one that it does not.

use crate::reply::pattern::Pattern;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Characters that a made-up text has at most.
const LENGTH: usize = 200;
/// What people write first if they may write anything.
const PREFERRED: [char; 6] = ['A', 'a', '0', '1', '-', ' '];
/// What a pattern seldom takes.
const STRANGE: [&str; 4] = ["?", "not that", "!!", "12 34 ab"];

/// Which of several possibilities is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taste {
    /// The first branch, as few repetitions as may be.
    Least,
    /// The last branch, more repetitions.
    More,
}

/// Texts that the pattern matches, the shortest first; each was tried.
pub(super) fn matching(pattern: &Pattern) -> Vec<String> {
    let Ok(hir) = regex_syntax::Parser::new().parse(pattern.source()) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for taste in [Taste::Least, Taste::More] {
        let mut text = String::new();
        write(&hir, taste, &mut text);
        if !found.contains(&text) && pattern.understand(&text).is_ok() {
            found.push(text);
        }
    }
    found
}

/// A text that the pattern does not match.
pub(super) fn strange(pattern: &Pattern) -> Option<&'static str> {
    STRANGE.into_iter().find(|text| pattern.understand(text).is_err())
}

fn write(hir: &Hir, taste: Taste, out: &mut String) {
    if out.len() > LENGTH {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |c: &char| class.iter().any(|range| range.start() <= *c && *c <= range.end());
            let visible = || class.iter().map(|range| range.start()).find(|c| !c.is_control() && !c.is_whitespace());
            out.extend(PREFERRED.into_iter().find(holds).or_else(visible));
        }
        HirKind::Class(Class::Bytes(class)) => {
            let first = class.iter().map(|range| char::from(range.start())).next();
            out.extend(first);
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min.saturating_add(2));
            let times = if taste == Taste::Least { repetition.min } else { most.min(repetition.min.saturating_add(4)) };
            for _ in 0..times.min(LENGTH as u32) {
                write(&repetition.sub, taste, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, taste, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, taste, out)),
        HirKind::Alternation(branches) => {
            let branch = if taste == Taste::Least { branches.first() } else { branches.last() };
            if let Some(branch) = branch {
                write(branch, taste, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_and_do_not_match() {
        for source in
            ["(?i)[a-z]{2}[0-9]{4,8}", r"([A-Z]{2})[- ]?([0-9]{4})", "yes|no thanks", r"\d+(\.\d\d)?", ".+@.+", r"\w{3,}"]
        {
            let pattern = Pattern::compile(source).expect(source);
            let texts = matching(&pattern);
            assert!(!texts.is_empty(), "{source}");
            assert!(texts.iter().all(|text| pattern.understand(text).is_ok()), "{source}: {texts:?}");
            assert!(strange(&pattern).is_none_or(|text| pattern.understand(text).is_err()));
        }
        assert_eq!(matching(&Pattern::compile("[a-z]{2}[0-9]{4,8}").expect("a pattern")), ["aa0000", "aa00000000"]);
        assert!(strange(&Pattern::compile(".*").expect("a pattern")).is_none());
    }
}
