//! What people put around an answer without changing it: "cash, please".

use super::words::{Lexicon, Section};

/// Phrases that are taken off one text: nobody is as polite as that.
const PHRASES: usize = 8;

/// A text without a phrase that stood at its end or beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Core<'a> {
    /// What is left; never empty.
    pub text: &'a str,
    /// The phrase that was taken off last.
    pub taken: &'a str,
}

/// A text without polite words at both ends.
pub(super) fn strip(text: &str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> &str {
    steps(text, lexicons, &[Section::Polite]).last().map_or(text, |core| core.text)
}

/// What is left after each phrase that is taken off: polite words at both ends, and phrases such as "I would like" at the
/// beginning; first from the end, then from the beginning.
pub(super) fn cores<'a>(text: &'a str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone) -> Vec<Core<'a>> {
    steps(text, lexicons, &[Section::LeadIn, Section::Polite])
}

fn steps<'a>(text: &'a str, lexicons: impl Iterator<Item = &'static Lexicon> + Clone, before: &[Section]) -> Vec<Core<'a>> {
    let mut cores: Vec<Core<'a>> = Vec::new();
    while cores.len() < PHRASES {
        let text = cores.last().map_or(text, |core| core.text);
        let at_end = lexicons.clone().find_map(|lexicon| lexicon.strip_end(Section::Polite, text));
        let found = at_end.or_else(|| {
            lexicons.clone().find_map(|lexicon| before.iter().find_map(|section| lexicon.strip_start(*section, text)))
        });
        let Some((taken, text)) = found else { break };
        cores.push(Core { text, taken });
    }
    cores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::words::lexicons;

    #[test]
    fn politeness_is_taken_off_and_nothing_else() {
        let core = |text| cores(text, lexicons(&[])).last().map_or(text, |core| core.text);
        assert_eq!(core("cash please"), "cash");
        assert_eq!(core("please cash thanks"), "cash");
        assert_eq!(core("ok i would like the cash please"), "cash");
        assert_eq!(core("not cash"), "not cash");
        assert_eq!(core("please"), "please");
        assert_eq!(core("please thanks"), "please");
        assert_eq!(core(""), "");
        assert_eq!(strip("the end", lexicons(&[])), "the end");
        let many = format!("cash{}", " please".repeat(PHRASES));
        assert_eq!(core(&many), "cash");
        assert_eq!(core(&format!("{many} please")), "cash please");
    }
}
