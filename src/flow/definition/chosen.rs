//! Which parts of a message or notification a kind of channel gets, in which language.

use super::Message;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::flow::expression::Template;

/// The parts of a message for one kind of channel in one language.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chosen<'a> {
    /// The text.
    pub text: Option<&'a Template>,
    /// The URL of a file.
    pub media: Option<&'a Template>,
    /// The file's name.
    pub media_name: Option<&'a Template>,
    /// Small text below.
    pub footer: Option<&'a Template>,
}

/// Chooses the parts: what the kind of channel says replaces what is said for all.
pub fn choose(message: &Message, kind: ChannelKind, language: Language) -> Chosen<'_> {
    let own = message.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, variant)| variant);
    let text = own.and_then(|v| v.text.as_ref()).or(message.text.as_ref());
    Chosen {
        text: text.map(|texts| texts.pick(language)),
        media: own.and_then(|v| v.media.as_ref()).or(message.media.as_ref()),
        media_name: own.and_then(|v| v.media_name.as_ref()).or(message.media_name.as_ref()),
        footer: own.and_then(|v| v.footer.as_ref()).map(|texts| texts.pick(language)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::definition::{Texts, Variant};
    use crate::flow::diagnostic::At;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        let one = |(l, t): &(&str, &str)| (Language::parse(l).expect("a language"), Template::parse(t).expect("a text"));
        Texts { by_language: pairs.iter().map(one).collect(), at: At::default() }
    }

    #[test]
    fn a_kind_replaces_what_it_names_and_nothing_else() {
        let message = Message {
            text: Some(texts(&[("en", "long"), ("hi", "लंबा")])),
            media: Some(Template::parse("https://x/y.png").expect("a text")),
            media_name: None,
            by_kind: vec![(ChannelKind::Sms, Variant { text: Some(texts(&[("en", "short")])), ..Variant::default() })],
        };
        let of = |kind, language: &str| {
            let chosen = choose(&message, kind, Language::parse(language).expect("a language"));
            (chosen.text.map(|t| t.source().to_owned()), chosen.media.is_some())
        };
        assert_eq!(of(ChannelKind::Sms, "hi"), (Some("short".into()), true));
        assert_eq!(of(ChannelKind::WhatsApp, "hi"), (Some("लंबा".into()), true));
        assert_eq!(of(ChannelKind::WhatsApp, "en-GB"), (Some("long".into()), true));
    }
}
