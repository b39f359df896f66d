//! What carriers say by SMPP: PDUs that the tests made up after the specification, mutated. Nothing panics, the same is read of the same, and
//! what is read can be acted upon.

use super::mutated::mutate::Request;
use super::mutated::{Channel, Target};
use bytes::Bytes;
use replyflow::config::providers::PROVIDERS;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::provider::smpp::{Deliver, Frame, Heard, Joiner, Smpp, Written, classify, message_id};
use replyflow::provider::table::examples;
use replyflow::provider::{Decoded, Route, Routes};
use std::time::Duration;

/// A `deliver_sm` (SMPP 3.4, 4.6.1) without its length.
fn deliver(class: u8, coding: u8, content: &[u8], parameters: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7];
    out.extend(b"\0\x01\x01447700900123\0\x01\x01447700900001\0");
    out.extend([class, 0, 0, 0, 0, 0, 0, coding, 0, u8::try_from(content.len()).expect("short")]);
    out.extend([content, parameters].concat());
    out
}

fn pool() -> Vec<Vec<u8>> {
    let receipt = b"id:0123456789 sub:001 dlvrd:001 submit date:2611221012 done date:2611221013 stat:DELIVRD err:000 text:Hello";
    let long: Vec<u8> = "long".encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        deliver(0, 0, b"hello", b""),
        deliver(0, 8, &long, b""),
        deliver(0x40, 0, &[b"\x05\x00\x03\x2a\x02\x01".as_slice(), b"the first"].concat(), b""),
        deliver(0x40, 8, &[b"\x06\x08\x04\x00\x2a\x02\x02".as_slice(), &long].concat(), b""),
        deliver(0, 0, b"a part", b"\x02\x0c\x00\x02\x00\x2a\x02\x0e\x00\x01\x02\x02\x0f\x00\x01\x01"),
        deliver(0, 0, b"", b"\x04\x24\x00\x05hello"),
        deliver(4, 0, receipt, b"\x00\x1e\x00\x0b0123456789\0\x04\x27\x00\x01\x02"),
        [&[0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9][..], b"0123456789\0"].concat(),
    ]
}

fn harmless(written: &Written, smpp: &Smpp, routes: &Routes) {
    let read = || smpp.message(std::slice::from_ref(written), "1".to_owned(), None, routes);
    assert!(read() == read(), "the same is not read again");
    if let Decoded::Message(received) = read() {
        assert!(!received.message.id.is_empty(), "a message without an id takes effect twice");
    }
}

fn check(octets: Bytes, status: u16, smpp: &Smpp, routes: &Routes) {
    let Some(frame) = Frame::read(octets) else { return };
    let _ = format!("{frame:?} {:?}", classify(u32::from(status), message_id(&frame.body)));
    let Some(said) = Deliver::read(frame.body.clone()) else { return };
    assert!(Deliver::read(frame.body) == Some(said.clone()), "the same is not read again");
    match smpp.hear(&said, routes) {
        Heard::Report(_) => {}
        Heard::Whole(written) => harmless(&written, smpp, routes),
        Heard::Part(piece, written) => {
            harmless(&written, smpp, routes);
            let mut joiner = Joiner::new(Duration::from_secs(5));
            let _ = joiner.take(piece, written, (), Duration::ZERO);
            assert!(joiner.due(Duration::from_secs(6)).len() <= 1 && joiner.next().is_none(), "nobody waits for ever");
        }
    }
}

/// The channels that speak it.
pub fn smpp() -> Target {
    let entry = PROVIDERS.iter().find(|entry| entry.name == "smpp").expect("SMPP is a provider");
    let channels = examples(entry).into_iter().map(|(_, adapter)| {
        let here = Route { channel: ChannelName::parse("carrier").expect("a name"), kind: ChannelKind::Sms };
        let routes = Routes::only(here.clone()).with("+447700900001", here);
        let checks = move |request: &Request, status| {
            let smpp = adapter.smpp().expect("an adapter of SMPP");
            check(Bytes::from(request.body.clone()), status, smpp, &routes);
        };
        Box::new(checks) as Channel
    });
    let request = |body| Request { is_get: false, url: String::new(), headers: Vec::new(), body };
    Target { name: "smpp".to_owned(), channels: channels.collect(), pool: pool().into_iter().map(request).collect() }
}
