//! What kind of file a MIME type is.

use crate::domain::message::MediaKind;

/// The kind of a MIME type; what is neither picture, film nor sound is a document.
pub fn kind(content_type: &str) -> MediaKind {
    match content_type.split('/').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_the_first_word() {
        assert_eq!(kind("image/jpeg"), MediaKind::Image);
        assert_eq!(kind("Video/MP4; codecs=x"), MediaKind::Video);
        assert_eq!(kind("audio/ogg"), MediaKind::Audio);
        for other in ["application/pdf", "text/vcard", ""] {
            assert_eq!(kind(other), MediaKind::Document, "{other}");
        }
    }
}
