//! Files as an answer: fetched before they count, one or several.

use super::driver::Driver;
use crate::domain::id::EffectId;
use crate::domain::input::{CallOutcome, Input};
use crate::domain::journal::Decision;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent, Media, MediaKind};
use crate::engine::effect::{Effect, Fetch};
use serde_json::json;

fn asking(answer: &str) -> Driver {
    let mut d = Driver::new(&[&flow_for(answer)]);
    d.user("hi");
    d
}

fn flow_for(answer: &str) -> String {
    format!(
        "flow: x\nlanguages: [en]\nstart: [{{ message: any }}]\nanytime: [{{ keyword: menu, say: 'A menu.', again: true }}]\n\
         begin: ask\nstates:\n  ask:\n    ask: A picture?\n    \
         answer: {answer}\n    save: files\n    go:\n      ok: said\n      \
         nomatch: {{ say: 'No.', again: 9, end: lost }}\n      silence: {{ after: 1d, end: silent }}\n  \
         said: {{ say: '{{{{ len(files) }}}}: {{{{ files.url | join(\" \") }}}}', end: done }}\n"
    )
}

fn file(id: &str, kind: &str) -> Media {
    Media { id: Some(id.to_owned()), content_type: Some(kind.to_owned()), ..Media::default() }
}

/// The contact sends these; what is to be fetched.
fn sends(d: &mut Driver, kind: Option<MediaKind>, media: Vec<Media>) -> Vec<(EffectId, Fetch)> {
    let message = Inbound { content: InboundContent::Media { kind, media }, ..d.inbound("") };
    d.turn(Some(Input::Message(Box::new(message))));
    let fetch = |(id, effect): &(EffectId, Effect)| match effect {
        Effect::Fetch(fetch) => Some((*id, Fetch::clone(fetch))),
        _ => None,
    };
    d.last.effects.iter().filter_map(fetch).collect()
}

fn fetched(d: &mut Driver, effect: EffectId, url: &str) -> Vec<String> {
    d.answers(effect, 200, json!({ "url": url, "type": "image/jpeg", "name": null, "size": 5 }))
}

fn picture(id: &str) -> Vec<Media> {
    vec![file(id, "image/jpeg")]
}

#[test]
fn a_file_that_is_not_what_it_was_said_to_be_is_no_answer_to_who_wants_a_type() {
    let unknown = |url: &str| json!({ "url": url, "type": "application/octet-stream", "name": null, "size": 5 });
    for (answer, said) in [
        ("{ media: { types: [image] } }", "No."),
        ("{ media: { types: [image/*, application/pdf] } }", "No."),
        ("{ media: { types: [image, document] } }", "1: /media/a"),
        ("media", "1: /media/a"),
    ] {
        let mut d = asking(answer);
        let [(effect, _)] = sends(&mut d, Some(MediaKind::Image), picture("a")).try_into().expect("one file");
        assert_eq!(d.answers(effect, 200, unknown("/media/a")), [said], "{answer}");
    }
    let mut d = asking("{ media: { types: [image], max: 2 } }");
    let both = vec![file("a", "image/jpeg"), file("b", "image/png")];
    let [(one, _), (two, _)] = sends(&mut d, None, both).try_into().expect("two files");
    assert_eq!(d.answers(one, 200, unknown("/media/a")), Vec::<String>::new());
    assert_eq!(fetched(&mut d, two, "/media/b"), ["1: /media/b"]);
}

#[test]
fn a_file_is_the_answer_once_it_is_fetched() {
    let mut d = asking("media");
    assert_eq!(d.user("wait"), ["No."]);
    let [(effect, fetch)] = sends(&mut d, Some(MediaKind::Image), picture("a")).try_into().expect("one file");
    assert_eq!((fetch.channel.as_str(), fetch.media.id.as_deref()), ("main-sms", Some("a")));
    assert_eq!((d.said().len(), d.decision().0), (0, Decision::Gathered));
    assert_eq!(d.at("x"), ["ask"]);
    assert_eq!(fetched(&mut d, effect, "/media/a"), ["1: /media/a"]);
    let files = d.last.ended[0].variables["files"].to_json();
    assert_eq!(files, json!([{ "url": "/media/a", "type": "image/jpeg", "name": null, "size": 5 }]));
}

#[test]
fn what_is_written_while_a_file_is_fetched_is_no_wrong_answer() {
    let mut d = asking("media");
    let fetches = sends(&mut d, None, picture("a"));
    assert_eq!(d.user("there you are"), Vec::<String>::new());
    assert!(sends(&mut d, None, picture("b")).is_empty(), "one was wanted");
    assert_eq!(fetched(&mut d, fetches[0].0, "/media/a"), ["1: /media/a"]);
}

#[test]
fn a_file_that_cannot_be_fetched_is_no_answer_and_is_seen() {
    let mut d = asking("media");
    let fetches = sends(&mut d, None, picture("a"));
    assert_eq!(d.called(fetches[0].0, CallOutcome::Failed { why: "too_large".into() }), ["No."]);
    assert_eq!(d.alerts(), ["A file that a contact sent to `x` could not be fetched: too_large"]);
    let fetches = sends(&mut d, None, picture("b"));
    assert_eq!(fetched(&mut d, fetches[0].0, "/media/b"), ["1: /media/b"]);
}

#[test]
fn a_file_that_is_never_heard_of_again_does_not_hold_the_run() {
    let mut d = asking("media");
    sends(&mut d, None, picture("a"));
    assert_eq!(d.record().alarm(), Some(d.now + limits::FETCH_LOST));
    assert_eq!(d.wait("10m"), ["No."]);
}

#[test]
fn types_decide_what_may_come() {
    for (types, kind, mime, fits) in [
        ("[image]", Some(MediaKind::Image), "image/jpeg", true),
        ("[image]", None, "image/png; x=1", true),
        ("[image]", Some(MediaKind::Sticker), "image/webp", false),
        ("[sticker]", Some(MediaKind::Sticker), "image/webp", true),
        ("[image, document]", None, "application/pdf", true),
        ("[document]", None, "audio/ogg", false),
        ("[application/pdf]", Some(MediaKind::Document), "Application/PDF", true),
        ("[application/pdf]", Some(MediaKind::Document), "application/zip", false),
        ("['video/*']", None, "video/mp4", true),
        ("['video/*']", None, "image/gif", false),
    ] {
        let mut d = asking(&format!("{{ media: {{ types: {types} }} }}"));
        let fetches = sends(&mut d, kind, vec![file("a", mime)]);
        assert_eq!(fetches.len(), usize::from(fits), "{types} {mime}");
        if !fits {
            assert_eq!(d.decision(), (Decision::NoMatch, "a file of another type".to_owned()));
        }
    }
}

#[test]
fn several_files_are_gathered_up_to_their_number() {
    let mut d = asking("{ media: { max: 3 } }");
    let first = sends(&mut d, None, picture("a"));
    let second = sends(&mut d, None, picture("b"));
    assert_eq!(fetched(&mut d, second[0].0, "/b"), Vec::<String>::new());
    assert_eq!(fetched(&mut d, first[0].0, "/a"), Vec::<String>::new(), "a third may still come");
    let third = sends(&mut d, None, [picture("c"), picture("d")].concat());
    assert_eq!(third.len(), 1, "the fourth is over `max`");
    assert_eq!(fetched(&mut d, third[0].0, "/c"), ["3: /a /b /c"], "in the order in which they came");
}

#[test]
fn several_files_are_over_after_a_short_silence_or_with_a_word() {
    let mut d = asking("{ media: { max: 3 } }");
    let first = sends(&mut d, None, picture("a"));
    fetched(&mut d, first[0].0, "/a");
    assert_eq!(d.wait("19s"), Vec::<String>::new());
    assert_eq!(d.wait("1s"), ["1: /a"]);

    let mut d = asking("{ media: { max: 3 } }");
    let first = sends(&mut d, None, picture("a"));
    fetched(&mut d, first[0].0, "/a");
    assert_eq!(d.user("that is all"), ["1: /a"]);

    let mut d = asking("{ media: { max: 3 } }");
    let first = sends(&mut d, None, picture("a"));
    assert_eq!(d.user("that is all"), Vec::<String>::new());
    assert_eq!(fetched(&mut d, first[0].0, "/a"), ["1: /a"], "it was said before the file was there");

    let mut d = asking("{ media: { max: 3 } }");
    let first = sends(&mut d, None, picture("a"));
    fetched(&mut d, first[0].0, "/a");
    assert_eq!(d.user("menu"), ["A menu.", "A picture?"], "a keyword comes first");
    assert_eq!(d.wait("20s"), ["1: /a"]);
}

#[test]
fn a_file_that_is_fetched_while_its_question_is_aside_is_its_answer_later() {
    let size = "flow: size\nlanguages: [en]\nstart: [{ keyword: size }]\ndefaults: { silence: { after: 1d, end: no } }\nbegin: a\nstates:\n  \
                a: { ask: 'Which?', answer: { choice: { s: Small, l: Large } }, go: { else: b } }\n  \
                b: { ask: 'How many?', answer: text, go: { ok: { say: 'Noted.', end: done } } }\n";
    let files = flow_for("media").replace("start: [{ message: any }]", "start: [{ keyword: hi }]");
    let mut d = Driver::of(vec![super::driver::flow(&files), super::driver::flow(size)]);
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    d.user("size");
    let small = d.buttons()[0].0.clone();
    assert_eq!(d.user("hi"), ["A picture?"]);
    let fetches = sends(&mut d, None, picture("a"));
    assert_eq!(d.press(&small), ["How many?"]);
    assert_eq!(fetched(&mut d, fetches[0].0, "/a"), Vec::<String>::new());
    assert_eq!(d.user("2"), ["Noted.", "1: /a"]);
}

#[test]
fn what_is_said_of_a_file_is_bounded() {
    for (bytes, fits) in [(limits::FILE_WORDS, true), (limits::FILE_WORDS + 1, false)] {
        let mut d = asking("media");
        let name = "x".repeat(bytes - "a".len() - "image/jpeg".len());
        let fetches = sends(&mut d, None, vec![Media { filename: Some(name), ..file("a", "image/jpeg") }]);
        assert_eq!(!fetches.is_empty(), fits, "{bytes}");
    }
    let mut d = asking(&format!("{{ media: {{ max: {} }} }}", limits::ANSWER_FILES));
    let many: Vec<Media> = (0..=limits::ANSWER_FILES).map(|i| file(&i.to_string(), "image/jpeg")).collect();
    assert_eq!(sends(&mut d, None, many).len(), limits::ANSWER_FILES);
}

#[test]
fn an_answer_that_an_older_release_gathered_is_read() {
    #[derive(serde::Serialize)]
    struct Older {
        t: &'static str,
        u: i64,
    }
    let bytes = rmp_serde::to_vec_named(&Older { t: "so far", u: 7 }).expect("bytes");
    let read: crate::engine::record::Gathered = rmp_serde::from_slice(&bytes).expect("read");
    assert_eq!((read.text.as_str(), read.alarm().0, read.done, read.files.len()), ("so far", 7, false, 0));
}

#[test]
fn only_the_beginning_of_a_long_message_is_kept() {
    let flow = "\
flow: long
start: [ { keyword: go } ]
begin: a
states:
  a: { ask: Say, answer: any, go: { ok: w, silence: { after: 1h, end: silent } } }
  w: { wait: 1h, go: { ok: { say: '{{ reply.text | len }} {{ reply.media | len }}', end: done } } }
";
    let mut d = Driver::new(&[flow]);
    for (chars, kept) in
        [(limits::KEPT_REPLY_CHARS, limits::KEPT_REPLY_CHARS), (limits::KEPT_REPLY_CHARS + 1, limits::KEPT_REPLY_CHARS)]
    {
        d.user("go");
        let media = vec![Media { url: Some("https://x/y".into()), ..Media::default() }];
        let content = InboundContent::Media { kind: None, media };
        let message = Inbound { content, ..d.inbound(&"ü".repeat(chars)) };
        d.turn(Some(Input::Message(Box::new(message))));
        assert_eq!(d.wait("1h"), [format!("{kept} 1")]);
    }
}
