//! What a message says: the text for a language and kind of channel, with its values. How it looks is `layout`. Nothing
//! here sends.

mod render;

pub use crate::flow::definition::{Chosen, choose};
pub use crate::layout::{Asked, Rendered, ask, ask_place, cut, kind_of, say, yes_no_labels};
pub use render::render;

use crate::domain::language::Language;

/// The text of the service itself in this language, else in its base language, else the first.
pub fn system_text(texts: &[(Language, String)], language: Language) -> &str {
    let exact = texts.iter().find(|(l, _)| *l == language);
    let base = || texts.iter().find(|(l, _)| l.base() == language.base());
    exact.or_else(base).or(texts.first()).map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_is_the_fallback() {
        let language = |text| Language::parse(text).expect("a language");
        let texts = [(language("en"), "hello".to_owned()), (language("pt"), "olá".to_owned())];
        assert_eq!(system_text(&texts, language("pt-BR")), "olá");
        assert_eq!(system_text(&texts, language("hi")), "hello");
        assert_eq!(system_text(&[], language("hi")), "");
    }
}
