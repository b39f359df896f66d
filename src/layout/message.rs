//! A message by itself: its text with what belongs to it, a file with its caption, what is too long.

use crate::config::project::Capabilities;
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::message::{Media, MediaKind};
use crate::domain::outbound::OutboundContent;
use std::borrow::Cow;

/// A message with its values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The text; empty if there is none.
    pub text: String,
    /// The URL of a file and its name.
    pub media: Option<(String, Option<String>)>,
    /// Small text below.
    pub footer: Option<String>,
}

/// A message by itself. Nothing comes out of one that is empty. A file that the channel cannot carry becomes its URL; words that it
/// cannot show beside the file follow it.
pub fn say(message: Rendered, kind: ChannelKind, shows: Capabilities) -> Vec<OutboundContent> {
    let attached = message.media.clone().filter(|(url, name)| is_carried(url, name.as_deref(), shows));
    let (text, room) = whole_message(message, kind, shows);
    let nothing = text.trim().is_empty();
    match attached {
        // What cannot stand beside the file follows it: the question is what is seen last.
        Some((url, name)) if !nothing && !words_beside(&url, name.as_deref(), shows) => {
            vec![file(url, name, None), OutboundContent::Text { text: shortened(text, room) }]
        }
        Some((url, name)) => vec![file(url, name, (!nothing).then(|| shortened(text, room)))],
        None if nothing => Vec::new(),
        None => vec![OutboundContent::Text { text: shortened(text, room) }],
    }
}

/// The text of a message before anything is cut off: with its footer, and with the URL of a file that the channel cannot
/// carry; and the characters that there are for it.
pub(super) fn whole_message(message: Rendered, kind: ChannelKind, shows: Capabilities) -> (String, usize) {
    let mut text = message.text;
    if let Some(footer) = message.footer {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&footer);
    }
    let room = match message.media {
        Some((url, name)) if is_carried(&url, name.as_deref(), shows) => room_beside(&url, name.as_deref(), kind, shows),
        Some((url, _)) => {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&url);
            room(kind)
        }
        None => room(kind),
    };
    (text, room)
}

/// The characters of what stands below the text of a question: its menu, its footer, a URL; and the characters that there are
/// for all of it, as `whole_message` writes it, without writing it.
pub(super) fn room_below(menu: &str, question: &Rendered, kind: ChannelKind, shows: Capabilities) -> (usize, usize) {
    let footer = question.footer.as_ref().map_or(0, |footer| footer.chars().count() + 2);
    let (url, room) = match &question.media {
        Some((url, name)) if is_carried(url, name.as_deref(), shows) => (0, room_beside(url, name.as_deref(), kind, shows)),
        Some((url, _)) => (url.chars().count() + 1, room(kind)),
        None => (0, room(kind)),
    };
    (menu.chars().count() + footer + url, room)
}

/// Whether this file leaves as a file; else it is its URL in the text.
fn is_carried(url: &str, name: Option<&str>, shows: Capabilities) -> bool {
    shows.carries(kind_of(name.unwrap_or(url)))
}

/// Whether this file leaves with words beside it; else they are a message of their own, or it is its URL in them.
pub fn words_beside(url: &str, name: Option<&str>, shows: Capabilities) -> bool {
    is_carried(url, name, shows) && shows.captions.beside(kind_of(name.unwrap_or(url)))
}

fn room_beside(url: &str, name: Option<&str>, kind: ChannelKind, shows: Capabilities) -> usize {
    if words_beside(url, name, shows) { caption_room(kind) } else { room(kind) }
}

pub(super) fn file(url: String, filename: Option<String>, caption: Option<String>) -> OutboundContent {
    let kind = kind_of(filename.as_deref().unwrap_or(&url));
    OutboundContent::Media { kind, media: Media { url: Some(url), filename, ..Media::default() }, caption }
}

/// What kind of file this name or URL is that of.
pub fn kind_of(name: &str) -> MediaKind {
    let path = name.split(['?', '#']).next().unwrap_or(name);
    let ending = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, ending)| ending);
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("jpg" | "jpeg" | "png" | "gif") => MediaKind::Image,
        Some("mp4" | "3gp" | "3gpp" | "mov") => MediaKind::Video,
        Some("mp3" | "ogg" | "oga" | "opus" | "aac" | "amr" | "m4a") => MediaKind::Audio,
        Some("webp") => MediaKind::Sticker,
        _ => MediaKind::Document,
    }
}

/// Characters that a text may have on this kind of channel.
fn room(kind: ChannelKind) -> usize {
    match kind {
        ChannelKind::Sms => limits::SMS_CHARS,
        ChannelKind::WhatsApp => limits::WHATSAPP_TEXT_CHARS,
        ChannelKind::Email => limits::EMAIL_TEXT_CHARS,
    }
}

/// Characters that a text beside a file may have.
fn caption_room(kind: ChannelKind) -> usize {
    match kind {
        ChannelKind::WhatsApp => limits::WHATSAPP_CAPTION_CHARS,
        ChannelKind::Sms | ChannelKind::Email => room(kind),
    }
}

/// The text as it fits beside `taken` characters; what is too long ends in `…`.
pub fn cut(text: String, kind: ChannelKind, taken: usize) -> String {
    shortened(text, room(kind).saturating_sub(taken))
}

/// The text as it fits into so many characters.
pub(super) fn shortened(text: String, room: usize) -> String {
    // Bytes are at least characters: most texts need no counting.
    if text.len() <= room || text.chars().count() <= room {
        return text;
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The beginning of a text, at most so many characters.
pub(super) fn first_chars(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(most.saturating_sub(1)).chain(['…']).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::project::Captions;

    const FILES: Capabilities = Capabilities { captions: Captions::Seen, ..Capabilities::FILES };

    fn text(text: &str) -> Rendered {
        Rendered { text: text.to_owned(), ..Rendered::default() }
    }

    #[test]
    fn an_empty_message_is_none() {
        assert_eq!(say(text("  \n"), ChannelKind::Sms, FILES), []);
        assert_eq!(say(text("hi"), ChannelKind::Sms, FILES), [OutboundContent::Text { text: "hi".into() }]);
    }

    #[test]
    fn a_text_is_cut_at_what_the_channel_takes_and_not_before() {
        for (kind, most) in [(ChannelKind::Sms, limits::SMS_CHARS), (ChannelKind::WhatsApp, limits::WHATSAPP_TEXT_CHARS)] {
            let fits = "ü".repeat(most);
            assert_eq!(cut(fits.clone(), kind, 0), fits);
            let long = cut(format!("{fits}ü"), kind, 0);
            assert_eq!((long.chars().count(), long.ends_with('…')), (most, true));
        }
    }

    #[test]
    fn a_caption_is_cut_at_what_the_channel_takes_beside_a_file() {
        for (kind, most) in [(ChannelKind::Sms, limits::SMS_CHARS), (ChannelKind::WhatsApp, limits::WHATSAPP_CAPTION_CHARS)] {
            for (chars, left) in [(most, most), (most + 1, most)] {
                let media = Some(("https://x/a.png".into(), None));
                let said = say(Rendered { text: "ü".repeat(chars), media, footer: None }, kind, FILES);
                match &said[..] {
                    [OutboundContent::Media { caption: Some(caption), .. }] => assert_eq!(caption.chars().count(), left),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn words_that_cannot_stand_beside_a_file_follow_it() {
        let said = |file: &str, name: Option<&str>, chars: usize, shows| {
            let media = Some((format!("https://x/{file}"), name.map(str::to_owned)));
            say(Rendered { text: "ü".repeat(chars), media, footer: None }, ChannelKind::WhatsApp, shows)
        };
        let pictures = Capabilities { captions: Captions::Pictures, ..FILES };
        for (file, name, shows) in
            [("a.ogg", None, FILES), ("b.webp", None, FILES), ("c.pdf", Some("c.mp3"), FILES), ("d.pdf", None, pictures)]
        {
            // The text has the room of a text, not that of a caption.
            for (chars, left) in [(3, 3), (limits::WHATSAPP_TEXT_CHARS + 1, limits::WHATSAPP_TEXT_CHARS)] {
                match &said(file, name, chars, shows)[..] {
                    [OutboundContent::Media { caption: None, .. }, OutboundContent::Text { text }] => {
                        assert_eq!(text.chars().count(), left, "{file}");
                    }
                    other => panic!("{file}: {other:?}"),
                }
            }
            assert_eq!(said(file, name, 0, shows).len(), 1, "a file alone");
        }
        for (file, shows) in [("a.png", pictures), ("a.pdf", FILES), ("a.ogg", Capabilities::FILES)] {
            assert!(matches!(&said(file, None, 3, shows)[..], [OutboundContent::Media { caption: Some(_), .. }]), "{file}");
        }
    }

    #[test]
    fn a_file_is_shown_as_what_it_is_or_as_its_url() {
        let message = || Rendered { text: "Look".into(), media: Some(("https://x/a.PNG?v=2".into(), None)), footer: None };
        match &say(message(), ChannelKind::WhatsApp, FILES)[..] {
            [OutboundContent::Media { kind: MediaKind::Image, caption: Some(caption), .. }] => assert_eq!(caption, "Look"),
            other => panic!("{other:?}"),
        }
        let none = Capabilities::default();
        let url = OutboundContent::Text { text: "Look\nhttps://x/a.PNG?v=2".into() };
        assert_eq!(say(message(), ChannelKind::Sms, none), [url]);
        // Where there is only MMS, what is no MMS is a link, whose characters are paid.
        let mms = Capabilities { mms_alone: true, ..Capabilities::FILES };
        let phone = |text| crate::domain::address::Address::from_wire(text);
        let sent = |file: &str, to| {
            let media = Some((format!("https://x/{file}"), None));
            say(Rendered { text: "Look".into(), media, footer: None }, ChannelKind::Sms, mms.to(&phone(to)))
        };
        assert!(matches!(&sent("a.png", "+15550100123")[..], [OutboundContent::Media { caption: Some(_), .. }]));
        for (file, to) in [("a.pdf", "+15550100123"), ("a.png", "+447700900123"), ("a.png", "15550")] {
            assert_eq!(sent(file, to), [OutboundContent::Text { text: format!("Look\nhttps://x/{file}") }], "{file} to {to}");
        }
        assert_eq!(kind_of("https://x.com/file"), MediaKind::Document);
        assert_eq!(kind_of("voice.ogg"), MediaKind::Audio);
    }
}
