//! What is written is what the library reads, and what carriers send is read however they bend it.

use super::*;
use crate::config::providers::smpp::{LongMessages, ReceiptIds};
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{DeliveryStatus, FailureReason, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::webhook::Route;
use proptest::prelude::*;
use rusmpp::pdus::SubmitSm;
use std::time::Duration;

fn settings() -> SmppSettings {
    SmppSettings {
        host: "smpp.carrier.example".to_owned(),
        port: 2_775,
        tls: true,
        authorities: None,
        system_id: "shop".to_owned(),
        password: Secret::new("secret08"),
        system_type: String::new(),
        service_type: String::new(),
        apart: false,
        window: 10,
        timeout: None,
        long: LongMessages::Udh,
        join_wait: Span::seconds(5),
        receipts: true,
        receipt_ids: ReceiptIds::Same,
        enquire_every: Span::seconds(30),
        alphabet: Alphabet::Gsm,
        number: "+447700900001".to_owned(),
        country: Some("GB".to_owned()),
        source: (1, 1),
        dest: (1, 1),
    }
}

fn written(settings: &SmppSettings, text: &str) -> Vec<SubmitSm> {
    let contact = ContactKey::derive(b"s", "+447700900123");
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0);
    let channel = ChannelName::parse("sm").expect("a name");
    let context = SendContext {
        channel: &channel,
        send: Some(SendRef { contact, effect }),
        status_callback: None,
        kind: ChannelKind::Sms,
        mail: None,
        now: Millis(0),
    };
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let message = Outbound { to, content: OutboundContent::Text { text: text.to_owned() }, in_reply_to: None, provider: None };
    let adapter = Smpp(Arc::new(settings.clone()));
    let Ok(Wire::Smpp(submission)) = adapter.wire(&message, &context) else { panic!("PDUs") };
    let shown = format!("{submission:?} {adapter:?}");
    assert!(!shown.contains("secret08") && !shown.contains("447700900123"), "{shown}");
    submission.parts
}

fn octets(pdu: &SubmitSm) -> &[u8] {
    pdu.short_message().as_ref()
}

#[test]
fn a_short_text_is_one_pdu_in_the_alphabet_that_it_needs() {
    let of = |settings: &SmppSettings, text: &str| {
        let all = written(settings, text);
        assert_eq!(all.len(), 1);
        (u8::from(all[0].data_coding), octets(&all[0]).to_vec(), u8::from(all[0].esm_class), u8::from(all[0].registered_delivery))
    };
    assert_eq!(of(&settings(), "5€ @"), (0, vec![b'5', 0x1b, 0x65, b' ', 0], 0, 1));
    assert_eq!(of(&settings(), "я"), (8, vec![0x04, 0x4f], 0, 1));
    let latin = SmppSettings { alphabet: Alphabet::Latin1, receipts: false, ..settings() };
    assert_eq!(of(&latin, "ê@"), (0, vec![0xea, b'@'], 0, 0));
    let pdu = &written(&settings(), "Hi")[0];
    assert_eq!((pdu.source_addr.as_str(), pdu.destination_addr.as_str()), ("447700900001", "447700900123"));
    assert_eq!((u8::from(pdu.source_addr_ton), u8::from(pdu.dest_addr_npi), u8::from(pdu.priority_flag)), (1, 1, 0));
}

#[test]
fn a_long_text_leaves_in_the_way_that_the_carrier_wants() {
    let text = format!("{}€{}", "a".repeat(152), "b".repeat(160));
    let parts = written(&settings(), &text);
    assert_eq!(parts.len(), 3);
    let mut joined = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let (header, rest) = octets(part).split_at(6);
        assert_eq!((&header[..3], header[4], usize::from(header[5])), (&[5, 0, 3][..], 3, at + 1));
        assert_eq!((u8::from(part.esm_class), u8::from(part.registered_delivery)), (0x40, u8::from(at == 2)));
        assert!(rest.len() <= 153 && rest.last() != Some(&0x1b), "no character is cut in two");
        joined.extend_from_slice(rest);
    }
    assert_eq!(gsm::decode(&joined), text);
    assert_eq!(octets(&written(&settings(), &text)[0])[3], octets(&parts[2])[3], "the same message has the same reference");

    let sar = written(&SmppSettings { long: LongMessages::Sar, ..settings() }, &text);
    assert_eq!((sar.len(), sar[1].tlvs().len(), u8::from(sar[1].esm_class)), (3, 3, 0));
    let whole = written(&SmppSettings { long: LongMessages::Payload, ..settings() }, &text);
    assert_eq!((whole.len(), whole[0].tlvs().len(), octets(&whole[0]).len()), (1, 1, 0));
    assert_eq!(u8::from(whole[0].registered_delivery), 1);
    assert_eq!(written(&settings(), &"😀".repeat(70)).iter().map(|part| octets(part).len()).max(), Some(6 + 132));
    assert_eq!((written(&settings(), &"a".repeat(160)).len(), written(&settings(), &"a".repeat(161)).len()), (1, 2));
}

/// The body of a `deliver_sm` with these parameters behind it.
fn body(class: u8, coding: u8, content: &[u8], parameters: &[u8]) -> Bytes {
    let mut out = b"\0\x01\x01447700900123\0\x01\x01447700900001\0".to_vec();
    out.extend([class, 0, 0, 0, 0, 0, 0, coding, 0, u8::try_from(content.len()).expect("short")]);
    out.extend_from_slice(content);
    out.extend_from_slice(parameters);
    Bytes::from(out)
}

fn routes() -> Routes {
    let here = Route { channel: ChannelName::parse("sm").expect("a name"), kind: ChannelKind::Sms };
    Routes::only(here.clone()).with("+447700900001", here)
}

fn heard(body: Bytes) -> Heard {
    Smpp(Arc::new(settings())).hear(&Deliver::read(body).expect("reads"), &routes())
}

fn said(parts: &[Written]) -> (String, String) {
    match Smpp(Arc::new(settings())).message(parts, "1".to_owned(), None, &routes()) {
        Decoded::Message(received) => (received.message.from.reveal().to_owned(), received.message.text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_read_in_its_alphabet_and_wherever_it_stands() {
    let text = |coding, content: &[u8]| match heard(body(0, coding, content, &[])) {
        Heard::Whole(written) => said(&[written]),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(0, &[b'5', 0x1b, 0x65]), ("+447700900123".to_owned(), "5€".to_owned()));
    assert_eq!((text(3, b"caf\xe9").1, text(8, &[0x26, 0x3a]).1, text(0xf1, b"\0").1), ("café".into(), "☺".into(), "@".into()));
    // As message_payload, behind a parameter that nobody knows and before one that is cut off.
    let parameters = b"\x14\x01\0\x02ab\x04\x24\0\x02Hi\x02\x0c\0\x09x";
    let Heard::Whole(written) = heard(body(0, 0, b"", parameters)) else { panic!("a message") };
    assert_eq!(said(&[written]).1, "Hi");
    let Heard::Whole(binary) = heard(body(0, 4, b"\x01", &[])) else { panic!("a message") };
    let adapter = Smpp(Arc::new(settings()));
    let Decoded::Message(received) = adapter.message(&[binary], "1".to_owned(), None, &routes()) else { panic!("a message") };
    assert_eq!(received.message.content, InboundContent::Unsupported { kind: "coding_4".to_owned() });
    for end in 0..body(0, 0, b"Hi", &[]).len() {
        assert_eq!(Deliver::read(body(0, 0, b"Hi", &[]).slice(..end)), None, "{end}");
    }
    let elsewhere = Written {
        to: "447700900999".to_owned(),
        ..Written { from: "1".into(), to: String::new(), tons: (1, 1), octets: Bytes::new(), coding: 0, id: None }
    };
    assert!(
        matches!(adapter.message(&[elsewhere], "1".to_owned(), None, &routes()), Decoded::Other(other) if other.kind == "unknown_number")
    );
}

#[test]
fn parts_are_known_by_their_headers_and_by_parameters() {
    let piece = |class, content: &[u8], parameters: &[u8]| match heard(body(class, 8, content, parameters)) {
        Heard::Part(piece, written) => Some((piece.reference, piece.number, piece.of, written.octets.to_vec())),
        Heard::Whole(_) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(piece(0x40, &[5, 0, 3, 7, 2, 1, 0, b'a'], &[]), Some((7, 1, 2, vec![0, b'a'])));
    assert_eq!(piece(0x40, &[6, 8, 4, 1, 0, 3, 3, 0, b'a'], &[]), Some((256, 3, 3, vec![0, b'a'])));
    let sar = b"\x02\x0c\0\x02\x01\0\x02\x0e\0\x01\x02\x02\x0f\0\x01\x02";
    assert_eq!(piece(0, &[0, b'a'], sar), Some((256, 2, 2, vec![0, b'a'])));
    // A header that ends behind the content, a part beyond the last, a part of one.
    assert_eq!(piece(0x40, &[9, 0, 3], &[]), None);
    assert_eq!(piece(0x40, &[5, 0, 3, 7, 2, 3, b'a'], &[]), None);
    assert_eq!(piece(0x40, &[5, 0, 3, 7, 1, 1, b'a'], &[]), None);
}

#[test]
fn what_is_numbered_has_the_same_id_again() {
    let id = |parameters: &[u8]| match heard(body(0, 0, b"1", parameters)) {
        Heard::Whole(written) => written.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(id(b"\x02\x04\0\x02\x01\x02"), Some("r258".to_owned()));
    assert_eq!(id(b"\x02\x04\0\x02\0\0"), None, "who has none writes zero");
    assert_eq!(id(b"\x02\x04\0\x01\x07"), None);
    assert_eq!(id(b"\x02\x04\0\x02\x01\x02\0\x1e\0\x03abc"), Some("abc".to_owned()), "the carrier's own id is worth more");
}

#[test]
fn a_character_that_two_parts_share_is_whole_again() {
    let all: Vec<u8> = "a😀b".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let part = |range: std::ops::Range<usize>| Written {
        from: "447700900123".to_owned(),
        to: "447700900001".to_owned(),
        tons: (1, 1),
        octets: Bytes::copy_from_slice(&all[range]),
        coding: 8,
        id: None,
    };
    assert_eq!(said(&[part(0..4), part(4..8)]).1, "a😀b");
    let plain = Written { coding: 0, octets: Bytes::from_static(b"x"), ..part(0..2) };
    assert_eq!(said(&[plain, part(0..2)]).1, "xa");
}

#[test]
fn parts_wait_for_each_other_and_not_for_ever() {
    let at = Duration::from_secs;
    let piece = |number| Piece::new(7, number, 2).expect("a part");
    let from =
        |who: &str| Written { from: who.to_owned(), to: "1".to_owned(), tons: (1, 1), octets: Bytes::new(), coding: 0, id: None };
    let mut joiner = Joiner::new(at(5));
    assert_eq!(joiner.take(piece(2), from("a"), 1, at(0)), Joined::Waits);
    assert_eq!(joiner.take(piece(1), from("b"), 2, at(1)), Joined::Waits, "somebody else's");
    assert_eq!(joiner.take(piece(2), from("a"), 3, at(1)), Joined::Waits, "the same part again");
    let Joined::Whole(parts) = joiner.take(piece(1), from("a"), 4, at(2)) else { panic!("whole") };
    let tokens: Vec<(u8, Vec<i32>)> = parts.into_iter().map(|(piece, _, tokens)| (piece.number, tokens)).collect();
    assert_eq!(tokens, [(1, vec![4]), (2, vec![1, 3])]);
    assert_eq!((joiner.next(), joiner.due(at(5)).len()), (Some(at(6)), 0));
    assert_eq!((joiner.due(at(6)).len(), joiner.next()), (1, None));
    let mut never = Joiner::new(Duration::ZERO);
    assert!(matches!(never.take(piece(1), from("a"), 1, at(0)), Joined::Alone(..)));
    let mut full = Joiner::new(at(5));
    for n in 0..512 {
        assert_eq!(full.take(piece(1), from(&n.to_string()), n, at(0)), Joined::Waits);
    }
    assert!(matches!(full.take(piece(1), from("more"), 0, at(0)), Joined::Alone(..)));
}

#[test]
fn a_second_message_by_the_same_name_does_not_lose_a_part() {
    let at = Duration::from_secs;
    let part = |number, text: &'static str| {
        let octets = Bytes::from_static(text.as_bytes());
        let written = Written { from: "a".to_owned(), to: "1".to_owned(), tons: (1, 1), octets, coding: 0, id: None };
        (Piece::new(7, number, 2).expect("a part"), written)
    };
    let texts = |parts: &[(Piece, Written, Vec<i32>)]| -> Vec<(Vec<u8>, Vec<i32>)> {
        parts.iter().map(|(_, written, tokens)| (written.octets.to_vec(), tokens.clone())).collect()
    };
    let mut joiner = Joiner::new(at(5));
    let mut take = |(piece, written), token, now| joiner.take(piece, written, token, at(now));
    assert_eq!(take(part(1, "X1"), 1, 0), Joined::Waits);
    assert_eq!(take(part(1, "X1"), 2, 1), Joined::Waits, "the same part again");
    let Joined::Instead(older) = take(part(1, "Y1"), 3, 2) else { panic!("another message") };
    assert_eq!(texts(&older), [(b"X1".to_vec(), vec![1, 2])], "it is stored alone, and acknowledged");
    let Joined::Whole(parts) = take(part(2, "Y2"), 4, 3) else { panic!("whole") };
    assert_eq!(texts(&parts), [(b"Y1".to_vec(), vec![3]), (b"Y2".to_vec(), vec![4])]);
    assert_eq!(joiner.next(), None);
}

#[test]
fn receipts_are_read_from_parameters_and_from_texts() {
    let report = |settings: SmppSettings, class, text: &str, parameters: &[u8]| {
        let deliver = Deliver::read(body(class, 0, text.as_bytes(), parameters)).expect("reads");
        match Smpp(Arc::new(settings)).hear(&deliver, &routes()) {
            Heard::Report(Decoded::Status(report)) => (
                report.id.clone(),
                report.status,
                report.failure.map(|failure| (failure.reason, failure.error.code.unwrap_or_default())),
            ),
            Heard::Report(Decoded::Other(other)) => panic!("{}", other.kind),
            other => panic!("{other:?}"),
        }
    };
    const TEXT: &str =
        "id:0A1f sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:Hello id:x";
    assert_eq!(report(settings(), 4, TEXT, &[]), ("0A1f".to_owned(), DeliveryStatus::Delivered, None));
    let failed = report(settings(), 4, "ID:7 STAT:UNDELIVERABLE ERR:02B", &[]);
    assert_eq!(failed, ("7".to_owned(), DeliveryStatus::Failed, Some((FailureReason::Unreachable, "02B".to_owned()))));
    // Without the zero at the end, as some write it.
    let parameters = b"\0\x1e\0\x03abc\x04\x27\0\x01\x08\x04\x23\0\x03\x03\0\x0a";
    assert_eq!(
        report(settings(), 0, "", parameters),
        ("abc".to_owned(), DeliveryStatus::Failed, Some((FailureReason::Blocked, "10".to_owned())))
    );
    let decimal = SmppSettings { receipt_ids: ReceiptIds::Decimal, ..settings() };
    assert_eq!(
        report(decimal.clone(), 4, "id:0000000255 stat:DELIVRD", &[]).0,
        Smpp(Arc::new(decimal)).sent_id("FF").expect("an id")
    );
    let hex = SmppSettings { receipt_ids: ReceiptIds::Hex, ..settings() };
    assert_eq!(report(hex.clone(), 4, "id:ff stat:DELIVRD", &[]).0, Smpp(Arc::new(hex)).sent_id("0255").expect("an id"));
    let other = |class, text: &str| match heard(body(class, 0, text.as_bytes(), &[])) {
        Heard::Report(Decoded::Other(other)) => other.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (other(4, "id:1 stat:STRANGE").as_str(), other(4, "").as_str(), other(8, TEXT).as_str()),
        ("receipt_unread", "receipt_unread", "acknowledgement")
    );
}

/// The same body from and to others, with their types of number.
fn between(class: u8, (from, from_ton): (&str, u8), (to, to_ton): (&str, u8), content: &str) -> Deliver {
    let body = body(class, 0, content.as_bytes(), &[]);
    let rest = body.slice(b"\0\x01\x01447700900123\0\x01\x01447700900001\0".len()..);
    let head = [&[0, from_ton, 1][..], from.as_bytes(), &[0, to_ton, 1], to.as_bytes(), &[0]].concat();
    Deliver::read(Bytes::from([&head[..], &rest[..]].concat())).expect("reads")
}

#[test]
fn a_number_without_its_country_is_of_the_channels() {
    let from = |country: &str, from: &str, ton| {
        let adapter = Smpp(Arc::new(SmppSettings { country: Some(country.to_owned()), ..settings() }));
        let Heard::Whole(written) = adapter.hear(&between(0, (from, ton), ("07700900001", 2), "Hi"), &routes()) else {
            panic!("a message")
        };
        match adapter.message(&[written], "1".to_owned(), None, &routes()) {
            Decoded::Message(received) => received.message.from.canonical(),
            other => panic!("{other:?}"),
        }
    };
    // Read as it stands it would be somebody in Egypt.
    assert_eq!(from("US", "2025550123", 2), "+12025550123");
    assert_eq!((from("GB", "07700900123", 0), from("GB", "00447700900123", 1)), ("+447700900123".into(), "+447700900123".into()));
    assert_eq!(from("GB", "447700900123", 5), "raw:447700900123");
}

#[test]
fn a_receipt_is_of_the_channel_that_sent_the_message() {
    let other = Route { channel: ChannelName::parse("other").expect("a name"), kind: ChannelKind::Sms };
    let routes = routes().with("+447700900002", other);
    let of = |to: &str, ton| match Smpp(Arc::new(settings()))
        .hear(&between(4, ("07700900123", 2), (to, ton), "id:7 stat:DELIVRD"), &routes)
    {
        Heard::Report(Decoded::Status(report)) => {
            (report.channel.to_string(), report.recipient.map(|recipient| recipient.canonical()).unwrap_or_default())
        }
        other => panic!("{other:?}"),
    };
    let ann = || "+447700900123".to_owned();
    assert_eq!(of("447700900001", 1), ("sm".to_owned(), ann()));
    assert_eq!((of("447700900002", 1), of("7700900002", 2)), (("other".to_owned(), ann()), ("other".to_owned(), ann())));
    assert_eq!(of("447700900003", 1), ("sm".to_owned(), ann()), "nobody's: of the one whose bind it is");
}

#[test]
fn a_status_says_who_must_act() {
    for (status, name) in [
        (0x00, "accepted"),
        (0x01, "rejected"),
        (0x0a, "config_error"),
        (0x0b, "rejected"),
        (0x14, "throttled"),
        (0x45, "retry"),
        (0x58, "throttled"),
        (0xfe, "rejected"),
        (0x0433, "rejected"),
    ] {
        assert_eq!(classify(status, None).name(), name, "{status:#x}");
    }
    let SendOutcome::Rejected { reason, error, .. } = classify(0x0b, None) else { panic!("rejected") };
    assert_eq!((reason, error.code.as_deref()), (FailureReason::Invalid, Some("ESME_RINVDSTADR")));
    assert_eq!(words(0x0433), "0x00000433");
    assert_eq!(
        (message_id(&Bytes::from_static(b"12\0x")).as_deref(), message_id(&Bytes::from_static(b"12"))),
        (Some("12"), Some("12".to_owned()))
    );
    assert_eq!((message_id(&Bytes::from_static(b"\0")), message_id(&Bytes::new())), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a carrier sends is something or nothing, and never a fall.
    #[test]
    fn nothing_that_comes_is_fallen_over(
        class: u8,
        coding in prop::sample::select(vec![0u8, 1, 3, 4, 8, 0xf1]),
        content in prop::collection::vec(any::<u8>(), 0..200),
        parameters in prop::collection::vec(prop::sample::select(vec![0u8, 1, 2, 3, 4, 0x0c, 0x0e, 0x0f, 0x1e, 0x27, 0x61, 0xff]), 0..40),
        cut in 0usize..60,
    ) {
        let whole = body(class, coding, &content, &parameters);
        let _ = Deliver::read(whole.slice(..cut.min(whole.len())));
        match heard(whole) {
            Heard::Whole(written) | Heard::Part(_, written) => {
                let _ = Smpp(Arc::new(settings())).message(&[written], "1".to_owned(), None, &routes());
            }
            Heard::Report(_) => {}
        }
    }
}
