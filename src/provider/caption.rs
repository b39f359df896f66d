//! The words beside a file on WhatsApp. A provider takes them with a sound or a sticker, too, and shows them to nobody.

use super::meta::bounded;
use super::send::EncodeError;
use crate::config::project::Captions;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::WHATSAPP_CAPTION_CHARS;
use crate::domain::message::MediaKind;

/// The words beside a file; nothing if there are none. Words that nobody would see are refused in the provider's name: who lays
/// a message out makes them one of their own.
pub fn caption<'c>(
    provider: &'static str,
    captions: Captions,
    kind: MediaKind,
    caption: Option<&'c str>,
) -> Result<Option<&'c str>, EncodeError> {
    let Some(caption) = caption.filter(|caption| !caption.is_empty()) else { return Ok(None) };
    if !captions.beside(kind) {
        let what = match kind {
            MediaKind::Audio => "words beside a sound",
            MediaKind::Sticker => "words beside a sticker",
            MediaKind::Video => "words beside a film",
            MediaKind::Image | MediaKind::Document => "words beside a document",
        };
        return Err(EncodeError::Unsupported { provider, what, kind: ChannelKind::WhatsApp });
    }
    bounded("characters of the caption", caption, WHATSAPP_CAPTION_CHARS).map(Some)
}

/// The same where words can stand beside pictures, films and documents.
pub fn seen<'c>(provider: &'static str, kind: MediaKind, words: Option<&'c str>) -> Result<Option<&'c str>, EncodeError> {
    caption(provider, Captions::Seen, kind, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_or_refused() {
        let of = |kind, words: &str| seen("X", kind, Some(words)).map(|words| words.map(str::len));
        for kind in [MediaKind::Image, MediaKind::Video, MediaKind::Document] {
            assert_eq!(of(kind, "abc"), Ok(Some(3)), "{kind:?}");
        }
        for kind in [MediaKind::Audio, MediaKind::Sticker] {
            assert!(matches!(of(kind, "abc"), Err(EncodeError::Unsupported { provider: "X", .. })), "{kind:?}");
            assert_eq!((of(kind, ""), seen("X", kind, None)), (Ok(None), Ok(None)), "{kind:?}");
        }
        assert!(caption("X", Captions::Pictures, MediaKind::Document, Some("abc")).is_err());
        let long = "x".repeat(WHATSAPP_CAPTION_CHARS + 1);
        assert!(matches!(of(MediaKind::Image, &long), Err(EncodeError::TooLong { .. })));
    }
}
