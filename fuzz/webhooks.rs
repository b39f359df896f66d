//! One request to one channel, and one answer to one of its sends. Whatever they are, nothing panics, the same is read of the same, and
//! what is read can be acted upon: it is of a channel that may be spoken for, and it has what it is known by. Fed by libFuzzer, by
//! `make fuzz`, and, with a seed, by the ordinary tests.

use replyflow::domain::address::Address;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use replyflow::domain::limits::WEBHOOK_BODY_BYTES;
use replyflow::domain::message::InboundContent;
use replyflow::domain::time::Millis;
use replyflow::provider::{Adapter, Decoded, Facts, Received, Routes, Sought, WebhookRequest};

/// When it is.
const NOW: Millis = Millis(1_795_230_000_000);
/// No webhook says more things than this for each of its bytes.
const BYTES_OF_ONE: usize = 2;

/// Hands the request and the answer to everything of an adapter that reads what comes from outside.
pub fn check(adapter: &Adapter, routes: &Routes, request: &WebhookRequest<'_>, status: u16) {
    let _ = adapter.verify(request).and_then(|()| adapter.prove(request, &Facts { now: NOW, certificate: None }));
    let _ = adapter.handshake(request);
    let _ = adapter.certificate_url(request);
    decodes(adapter, routes, request);
    answers(adapter, request, status);
}

fn decodes(adapter: &Adapter, routes: &Routes, request: &WebhookRequest<'_>) {
    let name = adapter.name();
    let Ok(said) = adapter.decode(request, routes) else { return };
    assert!(adapter.decode(request, routes).as_ref() == Ok(&said), "{name}: the same is not read again");
    assert!(request.body.len() <= adapter.body_limit().max(WEBHOOK_BODY_BYTES), "{name}: too much was read");
    let most = (request.body.len() + request.url.len()) / BYTES_OF_ONE;
    assert!(said.len() <= most, "{name}: {} things of {most} bytes", said.len());
    for one in &said {
        // Whatever is logged of it.
        let _ = format!("{one:?}");
        match one {
            Decoded::Message(received) => message(adapter, received),
            Decoded::Status(report) => {
                assert!(!report.id.is_empty() || report.send.is_some(), "{name}: a report of nothing");
                assert!(!report.provider_status.is_empty(), "{name}: a report without its word");
            }
            Decoded::Complaint(complaint) => assert!(!complaint.id.is_empty(), "{name}: a complaint without an id"),
            Decoded::Subscription(asked) => assert!(!asked.topic.is_empty() && !asked.url.is_empty(), "{name}: no topic"),
            Decoded::Template(template) => assert!(!template.template.is_empty(), "{name}: a template without a name"),
            Decoded::Quality(said) => {
                assert!(!said.number.is_empty() && !said.word.is_empty(), "{name}: nothing said of no number")
            }
            Decoded::Other(_) => {}
        }
    }
}

fn message(adapter: &Adapter, received: &Received) {
    let name = adapter.name();
    let message = &received.message;
    // What a gateway of one's own does not name is named when it is taken.
    assert!(name == "http" || !message.id.is_empty(), "{name}: a message without an id takes effect twice");
    match &message.from {
        Address::Phone(_) => {}
        Address::Verbatim(text) | Address::Bsuid(text) | Address::Email(text) | Address::External(text) => {
            assert!(!text.is_empty(), "{name}: a message of nobody");
        }
    }
    match &message.content {
        InboundContent::Location(place) => {
            assert!(place.lat.is_finite() && place.lon.is_finite(), "{name}: a place that is none");
        }
        InboundContent::Media { media, .. } => media.iter().for_each(|file| drop(adapter.file(file))),
        _ => {}
    }
}

/// What its answers mean: nothing of an answer makes a refusal an acceptance without an id where others have one.
fn answers(adapter: &Adapter, request: &WebhookRequest<'_>, status: u16) {
    let outcome = adapter.classify(status, request.headers, request.body);
    assert!(
        adapter.classify(status, request.headers, request.body) == outcome,
        "{}: the same answer means two things",
        adapter.name()
    );
    let _ = adapter.checked(status, request.body);
    let (contact, to) = (ContactKey::derive(b"fuzz", "+447700900123"), Address::from_wire("+447700900123"));
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["fuzz"]))).effect(0);
    let _ = adapter.found(&Sought { send: Some(SendRef { contact, effect }), to: &to, now: NOW }, status, request.body);
    let _ = adapter.located(request.body);
}
