//! What a file is: by its first bytes, against what its sender said. Nothing is unpacked or decoded, so nothing grows: neither an archive nor a
//! picture is larger here than its bytes.

use std::panic::catch_unwind;

/// First bytes that are looked at.
pub const HEAD: usize = 8 * 1024;

/// Characters that are kept of what a sender said.
const TOLD: usize = 100;

/// What nothing opens by itself.
pub const UNKNOWN: &str = "application/octet-stream";

/// How surely the bytes of a type are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// They always begin with its sign.
    Always,
    /// They may.
    Sometimes,
    /// They are text.
    Text,
}
use Sign::{Always, Sometimes};

/// Types that we name, with the ending of their files.
const KINDS: [(&str, &str, Sign); 26] = [
    ("image/jpeg", "jpg", Always),
    ("image/png", "png", Always),
    ("image/gif", "gif", Always),
    ("image/webp", "webp", Always),
    ("image/heic", "heic", Always),
    ("audio/ogg", "ogg", Always),
    ("audio/mpeg", "mp3", Sometimes),
    ("audio/aac", "aac", Sometimes),
    ("audio/amr", "amr", Always),
    ("audio/mp4", "m4a", Always),
    ("audio/wav", "wav", Always),
    ("video/mp4", "mp4", Always),
    ("video/3gpp", "3gp", Always),
    ("video/quicktime", "mov", Sometimes),
    ("video/webm", "webm", Always),
    ("application/pdf", "pdf", Always),
    ("application/zip", "zip", Always),
    ("text/plain", "txt", Sign::Text),
    ("text/csv", "csv", Sign::Text),
    ("text/vcard", "vcf", Sign::Text),
    ("application/msword", "doc", Always),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", Always),
    ("application/vnd.ms-excel", "xls", Always),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", Always),
    ("application/vnd.ms-powerpoint", "ppt", Always),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx", Always),
];

/// Other names of them.
const OTHER_NAMES: [(&str, &str); 17] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/heif", "image/heic"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/opus", "audio/ogg"),
    ("application/ogg", "audio/ogg"),
    ("audio/m4a", "audio/mp4"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/3gpp", "video/3gpp"),
    ("audio/amr-nb", "audio/amr"),
    ("audio/x-aac", "audio/aac"),
    ("video/x-m4v", "video/mp4"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-zip-compressed", "application/zip"),
    ("text/x-vcard", "text/vcard"),
];

/// Types whose bytes may begin alike: a container says little of what it holds.
const FAMILIES: [&[&str]; 5] = [
    &["audio/mp4", "video/mp4", "video/3gpp", "video/quicktime", "image/heic"],
    &["audio/mpeg", "audio/aac"],
    &["video/webm", "video/x-matroska"],
    &["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"],
    &[
        "application/zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ],
];

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What its sender said, in lower case and without parameters; [`UNKNOWN`] where they said nothing.
    pub told: String,
    /// What its bytes say, if they say something.
    pub seen: Option<&'static str>,
    /// Whether it is a program.
    pub program: bool,
    /// What it is kept as; nothing: its bytes are not what its sender said.
    pub kept: Option<&'static str>,
}

/// What becomes of files that are not what they are said to be, and of some kinds of files.
#[derive(Debug, Clone, Default)]
pub struct FileRules {
    /// Whether a file is refused that is not what it is said to be; otherwise it is kept as [`UNKNOWN`].
    pub refuses_strange: bool,
    /// Kinds that are never kept: see [`is_one_of`].
    pub forbidden: Vec<String>,
}

/// What a file is kept as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its type.
    pub mime: &'static str,
    /// That it is not what it was said to be.
    pub strange: Option<String>,
}

impl FileRules {
    /// What a file is kept as, or in one word why it is not.
    pub fn judge(&self, found: &Found) -> Result<Judged, &'static str> {
        if is_one_of(found, &self.forbidden) {
            return Err("forbidden");
        }
        match found.kept {
            Some(mime) => Ok(Judged { mime, strange: None }),
            None if self.refuses_strange => Err("mismatched"),
            None => {
                let seen = found.seen.unwrap_or("something else");
                Ok(Judged { mime: UNKNOWN, strange: Some(format!("said to be {}, and is {seen}", found.told)) })
            }
        }
    }
}

/// Looks at the first bytes, up to [`HEAD`], of what its sender called so.
pub fn look(told: &str, head: &[u8]) -> Found {
    let told = essence(told);
    // The bytes are chosen by somebody outside: a mistake of the library is no type rather than an end.
    let (seen, program) = catch_unwind(|| (seen(head), infer::is_app(head))).unwrap_or((None, false));
    let kept = match KINDS.iter().find(|(mime, _, _)| *mime == named(&told)) {
        _ if program => None,
        // Nothing was said that could be wrong.
        None => Some(seen.and_then(of_ours).unwrap_or(UNKNOWN)),
        Some((mime, _, sign)) => {
            let fits = match (sign, seen) {
                (Sign::Text, seen) => seen.is_none() && is_text(head),
                (Always, None) => false,
                (Sometimes, None) => true,
                (_, Some(seen)) => seen == *mime || FAMILIES.iter().any(|family| family.contains(&seen) && family.contains(mime)),
            };
            fits.then_some(*mime)
        }
    };
    Found { told, seen, program, kept }
}

/// Whether these words say that it is this type, or no type that is kept as such.
pub fn is_named(told: &str, mime: &str) -> bool {
    let told = essence(told);
    named(&told) == mime || (mime == UNKNOWN && of_ours(named(&told)).is_none())
}

/// The ending of the file of a type.
pub fn ending(mime: &str) -> &'static str {
    KINDS.iter().find(|(known, _, _)| *known == mime).map_or("bin", |(_, ending, _)| ending)
}

/// The type of a file with this ending, if it is one of ours.
pub fn of_ending(ending: &str) -> Option<&'static str> {
    let known = KINDS.iter().find(|(_, known, _)| *known == ending).map(|(mime, _, _)| *mime);
    known.or((ending == "bin").then_some(UNKNOWN))
}

/// Whether a type is one of these: `image/*`, `application/zip`, `programs`.
pub fn is_one_of(found: &Found, patterns: &[String]) -> bool {
    let types = || [Some(found.told.as_str()), found.seen].into_iter().flatten();
    patterns.iter().any(|pattern| match pattern.strip_suffix("/*") {
        _ if pattern == "programs" => found.program,
        Some(main) => types().any(|mime| mime.split('/').next() == Some(main)),
        None => types().any(|mime| mime == pattern || named(mime) == pattern),
    })
}

/// What the bytes say, with what the library does not know: speech in wide band, films of other makers, and a PDF behind blank lines.
fn seen(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"#!AMR") {
        return Some("audio/amr");
    }
    let known = infer::get(head).map(|kind| named(kind.mime_type()));
    known.or_else(|| (head.get(4..8) == Some(b"ftyp")).then_some("video/mp4")).or_else(|| {
        let begin = &head[..head.len().min(1024)];
        begin.windows(5).any(|five| five == b"%PDF-").then_some("application/pdf")
    })
}

fn essence(told: &str) -> String {
    let essence: String = told.split(';').next().unwrap_or(told).trim().chars().take(TOLD).collect();
    let essence = essence.to_ascii_lowercase();
    if essence.is_empty() { UNKNOWN.to_owned() } else { essence }
}

/// A type by the name that we use for it.
fn named(mime: &str) -> &str {
    OTHER_NAMES.iter().find(|(other, _)| *other == mime).map_or(mime, |(_, name)| *name)
}

fn of_ours(mime: &str) -> Option<&'static str> {
    KINDS.iter().find(|(known, _, _)| *known == mime).map(|(mime, _, _)| *mime)
}

/// Whether bytes can be the beginning of a text: of any encoding that has no control characters.
fn is_text(head: &[u8]) -> bool {
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    utf16 || !head.iter().any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";
    const EXE: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff";
    const ELF: &[u8] = b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00";

    fn kept(told: &str, head: &[u8]) -> Option<&'static str> {
        look(told, head).kept
    }

    #[test]
    fn what_is_said_and_seen_is_kept_as_that() {
        let ogg = b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00OpusHead";
        let mp4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom";
        let odd_mp4 = b"\x00\x00\x00\x18ftypzzzz\x00\x00\x00\x00zzzzzzzz";
        let zip = b"PK\x03\x04\x14\x00\x00\x00\x08\x00aaaabbbbccccdddd\x01\x00\x00\x00a";
        let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest";
        for (told, head, mime) in [
            ("image/jpeg", JPEG, "image/jpeg"),
            ("IMAGE/JPG; x=1", JPEG, "image/jpeg"),
            ("image/png", b"\x89PNG\r\n\x1a\n".as_slice(), "image/png"),
            ("image/gif", b"GIF89a", "image/gif"),
            ("image/webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
            ("audio/ogg; codecs=opus", ogg, "audio/ogg"),
            ("audio/mp4", mp4, "audio/mp4"),
            ("video/3gpp", mp4, "video/3gpp"),
            ("video/mp4", odd_mp4, "video/mp4"),
            ("audio/amr", b"#!AMR\n\x3c", "audio/amr"),
            ("audio/amr", b"#!AMR-WB\n\x3c", "audio/amr"),
            ("audio/mpeg", b"\xff\xfb\x90\x44 sound", "audio/mpeg"),
            ("audio/aac", b"\xff\xf1\x50\x80 sound", "audio/aac"),
            ("audio/mpeg", b"something else", "audio/mpeg"),
            ("application/pdf", b"%PDF-1.7", "application/pdf"),
            ("application/pdf", b"\r\n\r\n%PDF-1.4", "application/pdf"),
            ("application/zip", zip, "application/zip"),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                zip,
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("application/vnd.ms-excel", ole, "application/vnd.ms-excel"),
            ("text/plain", "Ünï\tcode\r\n".as_bytes(), "text/plain"),
            ("text/csv", b"a;b\n1;2", "text/csv"),
            ("text/vcard", b"BEGIN:VCARD", "text/vcard"),
            ("text/plain", b"", "text/plain"),
        ] {
            assert_eq!(kept(told, head), Some(mime), "{told}");
        }
    }

    #[test]
    fn what_is_not_what_it_is_said_to_be_is_noticed() {
        for (told, head) in [
            ("image/jpeg", b"<html><script>".as_slice()),
            ("image/jpeg", b"%PDF-1.7"),
            ("image/png", JPEG),
            ("image/jpeg", b"12345"),
            ("application/pdf", b""),
            ("audio/mpeg", JPEG),
            ("video/mp4", b"PK\x03\x04"),
            ("text/plain", b"a\0b"),
            ("text/plain", b"<!DOCTYPE html><p>"),
            ("text/csv", b"#!/bin/sh\n"),
            ("image/jpeg", EXE),
            ("application/octet-stream", EXE),
            ("", ELF),
        ] {
            assert_eq!(kept(told, head), None, "{told}: {head:?}");
        }
        assert!(look("", EXE).program && look("image/png", ELF).program && !look("image/jpeg", JPEG).program);
    }

    #[test]
    fn who_says_nothing_of_a_file_is_told_by_its_bytes() {
        assert_eq!(kept("", JPEG), Some("image/jpeg"));
        assert_eq!(kept("application/octet-stream", b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(kept("application/octet-stream", b"12345"), Some(UNKNOWN));
        assert_eq!(kept("text/html", b"<html>"), Some(UNKNOWN), "nothing that a browser runs");
        assert_eq!((ending("image/jpeg"), ending(UNKNOWN), ending("text/html")), ("jpg", "bin", "bin"));
        assert_eq!((of_ending("jpg"), of_ending("bin"), of_ending("html")), (Some("image/jpeg"), Some(UNKNOWN), None));
    }

    #[test]
    fn rules_say_what_becomes_of_what_is_strange() {
        let rules = |refuses_strange, forbidden: &[&str]| FileRules {
            refuses_strange,
            forbidden: forbidden.iter().map(ToString::to_string).collect(),
        };
        let strange = look("image/jpeg", b"%PDF-1.7");
        let kept = rules(false, &[]).judge(&strange).expect("kept");
        assert_eq!((kept.mime, kept.strange.as_deref()), (UNKNOWN, Some("said to be image/jpeg, and is application/pdf")));
        assert_eq!(rules(true, &[]).judge(&strange), Err("mismatched"));
        assert_eq!(rules(false, &["programs"]).judge(&look("image/png", EXE)), Err("forbidden"));
        assert_eq!(rules(true, &["programs"]).judge(&look("image/jpeg", JPEG)).map(|one| one.mime), Ok("image/jpeg"));
    }

    #[test]
    fn kinds_can_be_named_by_what_is_said_and_by_what_is_seen() {
        let is = |told: &str, head: &[u8], pattern: &str| is_one_of(&look(told, head), &[pattern.to_owned()]);
        assert!(is("image/jpeg", JPEG, "image/*") && is("", JPEG, "image/jpeg") && is("image/jpg", b"x", "image/jpeg"));
        assert!(is("image/jpeg", b"PK\x03\x04", "application/zip") && is("video/mp4", b"x", "video/*"));
        assert!(is("application/zip", EXE, "programs") && !is("application/zip", b"PK\x03\x04", "programs"));
        assert!(!is("image/jpeg", JPEG, "video/*") && !is("image/jpeg", JPEG, "image/png"));
    }

    proptest! {
        #[test]
        fn no_bytes_end_the_service(sign in 0usize..7, rest in proptest::collection::vec(any::<u8>(), 0..600), told in "[a-z]{0,6}/?[a-z]{0,6}") {
            let signs: [&[u8]; 7] = [b"", b"PK\x03\x04[Content_Types].xml", b"\0\0\0\x18ftyp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF", EXE, b"\x7fELF"];
            let head = [signs[sign], &rest].concat();
            let found = look(&told, &head);
            prop_assert!(found.kept.is_none_or(|mime| of_ending(ending(mime)) == Some(mime)));
        }
    }
}
