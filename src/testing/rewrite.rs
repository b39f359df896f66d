//! Writing texts into a test file in place of others that were meant to change, and touching nothing else.

use crate::flow::diagnostic::At;
use crate::flow::write::{double_quoted, needs_escape};
use crate::flow::yaml::{self, Node, Style, Tree};
use std::sync::Arc;

/// A text that should stand in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Where the text stands that is there now.
    pub at: At,
    /// What it says.
    pub expected: String,
    /// What it should say.
    pub came: String,
}

/// Why a text was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// The same case plays on several channels, and they say different texts.
    #[error("channels say different texts here; write them as `sms:` and `whatsapp:`")]
    Differs,
    /// It stands in a way that cannot be written over.
    #[error("this text cannot be replaced; change it by hand")]
    Shape,
}

/// The file with these texts in the place of the old ones, and what could not be written.
pub fn rewrite(source: &str, rewrites: &[Rewrite]) -> (String, Vec<Rewrite>, Vec<(At, NotWritten)>) {
    let mut wanted: Vec<&Rewrite> = rewrites.iter().collect();
    // From the end to the beginning, so that the places of those before stay true.
    wanted.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.came.cmp(&b.came)));
    wanted.dedup();
    let (mut text, mut written, mut refused) = (source.to_owned(), Vec::new(), Vec::new());
    for group in wanted.chunk_by(|a, b| a.at == b.at) {
        let [one] = group else {
            refused.push((group[0].at, NotWritten::Differs));
            continue;
        };
        match replace(&text, one) {
            Some(changed) => {
                text = changed;
                written.push((*one).clone());
            }
            None => refused.push((one.at, NotWritten::Shape)),
        }
    }
    written.reverse();
    refused.reverse();
    (text, written, refused)
}

/// The file with one text replaced, if afterwards everything reads as before but this.
fn replace(source: &str, rewrite: &Rewrite) -> Option<String> {
    let root = tree(source)?;
    let node = scalar_at(&root, rewrite.at)?;
    let (begin, end) = extent(source, node)?;
    let mut expected = texts(&root);
    expected.iter_mut().filter(|(at, _)| *at == Some(rewrite.at)).for_each(|(_, text)| text.clone_from(&rewrite.came));
    let good = |written: &str| {
        let changed = format!("{}{written}{}", &source[..begin], &source[end..]);
        let same = |root: Node| texts(&root).iter().map(|(_, t)| t).eq(expected.iter().map(|(_, t)| t));
        tree(&changed).is_some_and(same).then_some(changed)
    };
    let plain = node.scalar().is_some_and(|s| s.style == Style::Plain) && can_be_plain(&rewrite.came);
    plain.then(|| good(&rewrite.came)).flatten().or_else(|| good(&double_quoted(&rewrite.came, needs_escape)))
}

fn tree(source: &str) -> Option<Node<'_>> {
    let (document, found) = yaml::read(source, &Arc::from("test"));
    document.filter(|_| found.is_empty()).map(|document| document.root)
}

fn scalar_at<'n, 's>(node: &'n Node<'s>, at: At) -> Option<&'n Node<'s>> {
    match &node.tree {
        Tree::Scalar(_) => (node.at == at).then_some(node),
        Tree::List(items) => items.iter().find_map(|item| scalar_at(item, at)),
        Tree::Map(entries) => entries.iter().find_map(|entry| scalar_at(&entry.value, at)),
        Tree::Broken => None,
    }
}

/// Every key and text of a file in its order, texts with their place.
fn texts(node: &Node) -> Vec<(Option<At>, String)> {
    match &node.tree {
        // `any` and "any" are not the same.
        Tree::Scalar(scalar) if scalar.is_plain() && matches!(&*scalar.text, "any" | "nothing") => {
            vec![(Some(node.at), format!("plain {}", scalar.text))]
        }
        Tree::Scalar(scalar) => vec![(Some(node.at), scalar.text.to_string())],
        Tree::List(items) => items.iter().flat_map(texts).collect(),
        Tree::Map(entries) => {
            entries.iter().flat_map(|e| std::iter::once((None, e.key.text.to_string())).chain(texts(&e.value))).collect()
        }
        Tree::Broken => Vec::new(),
    }
}

/// From the first to behind the last byte of a text in its file, with its quotes.
fn extent(source: &str, node: &Node) -> Option<(usize, usize)> {
    let (first, end) = (byte_of(source, node.at)?, byte_of(source, node.end)?);
    let begin = match node.scalar()?.style {
        Style::Plain | Style::Quoted => first,
        Style::Literal | Style::Folded => header(source, first)?,
    };
    let text = source.get(begin..end)?;
    Some((begin, begin + text.trim_end().len()))
}

/// Where the `|` or `>` stands that a block text with this first byte belongs to. Not with a comment behind it: that would be lost.
fn header(source: &str, first: usize) -> Option<usize> {
    let before = source.get(..first)?.trim_end();
    if source[first..].starts_with(['|', '>']) {
        return Some(first);
    }
    let marks = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    marks.ends_with(['|', '>']).then(|| marks.len() - 1)
}

fn byte_of(source: &str, at: At) -> Option<usize> {
    let line = source.split_inclusive('\n').nth(at.line.checked_sub(1)? as usize)?;
    let before = line.as_ptr() as usize - source.as_ptr() as usize;
    let column = at.column.checked_sub(1)? as usize;
    let inside = line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
    Some(before + inside)
}

/// Whether a text could stand without quotes; reading it again decides.
fn can_be_plain(text: &str) -> bool {
    let first = text.chars().next();
    !text.contains('\n')
        && text.trim() == text
        && !text.contains(" #")
        && first.is_some_and(|c| c.is_alphanumeric())
        && !matches!(text, "any" | "nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "test: menu   # of the menu\ncases:\n  one:\n    - user: hi\n    - bot: Hello there.   # a greeting\n    - bot: \"Say \\\"yes\\\"\\nor no\"\n    - bot: 'It''s on'\n    - bot: { text: Bye, channel: main-sms }\n    - bot: |\n        Two\n        lines\n\n    - bot: >-\n        folded\n        text\n    - alert: urgent\n";

    /// Where the text that begins so stands.
    fn place(text: &str) -> At {
        let all = texts(&tree(FILE).expect("readable"));
        all.iter().find(|(at, t)| at.is_some() && t.starts_with(text)).and_then(|(at, _)| *at).expect("a place")
    }

    fn write(at: At, came: &str) -> String {
        let (text, written, refused) = rewrite(FILE, &[Rewrite { at, expected: String::new(), came: came.to_owned() }]);
        assert_eq!((written.len(), refused.len()), (1, 0), "{at:?} {refused:?}");
        text
    }

    #[test]
    fn a_text_is_replaced_in_its_own_way_of_writing_and_nothing_else() {
        assert_eq!(write(place("Hello there."), "Good day"), FILE.replace("Hello there.", "Good day"));
        assert_eq!(write(place("Hello there."), "any"), FILE.replace("Hello there.", "\"any\""));
        assert_eq!(write(place("Hello there."), "1: #2"), FILE.replace("Hello there.", "\"1: #2\""));
        assert_eq!(write(place("Say"), "No"), FILE.replace("\"Say \\\"yes\\\"\\nor no\"", "\"No\""));
        assert_eq!(write(place("It's"), "Off"), FILE.replace("'It''s on'", "\"Off\""));
        assert_eq!(write(place("Bye"), "Bye, you"), FILE.replace("Bye,", "\"Bye, you\","));
        assert_eq!(write(place("Two"), "One"), FILE.replace("|\n        Two\n        lines\n\n", "\"One\"\n\n"));
        assert_eq!(write(place("folded"), "a\nb"), FILE.replace(">-\n        folded\n        text\n", "\"a\\nb\"\n"));
        assert_eq!(write(place("urgent"), "later"), FILE.replace("urgent", "later"));
    }

    #[test]
    fn several_are_written_at_once_and_channels_that_disagree_are_not() {
        let at = |text: &str, came: &str| Rewrite { at: place(text), expected: String::new(), came: came.to_owned() };
        let both = [at("Hello there.", "A much longer greeting"), at("urgent", "soon"), at("urgent", "soon")];
        let (text, written, refused) = rewrite(FILE, &both);
        assert!(text.contains("A much longer greeting") && text.contains("alert: soon"), "{text}");
        assert_eq!((written.len(), refused.len()), (2, 0));
        let (text, written, refused) = rewrite(FILE, &[at("Bye", "Ciao"), at("Bye", "Adieu")]);
        assert_eq!((text.as_str(), written.len(), &refused[0].1), (FILE, 0, &NotWritten::Differs));
        let nowhere = Rewrite { at: At { line: 99, column: 1 }, expected: String::new(), came: "x".to_owned() };
        assert_eq!(rewrite(FILE, &[nowhere]).2[0].1, NotWritten::Shape);
    }

    proptest! {
        #[test]
        fn whatever_came_is_read_back_as_it_came(came in "[ -~äß€🙂\n\t'\"#:{}]{0,40}", which in 0usize..7) {
            let text = ["Hello there.", "Say", "It's", "Bye", "Two", "folded", "urgent"][which];
            let (changed, written, _) = rewrite(FILE, &[Rewrite { at: place(text), expected: String::new(), came: came.clone() }]);
            if !came.is_empty() {
                prop_assert_eq!(written.len(), 1);
                let root = tree(&changed).expect("readable");
                prop_assert!(texts(&root).iter().any(|(_, t)| *t == came), "{}", changed);
            }
        }
    }
}
