//! Folding, with an engine that does what the message says: `send 20` sends twenty, `hold` waits for a call, `grow` makes
//! the record too large, `panic` panics.

use super::*;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::DedupeHash;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::name::ChannelName;
use crate::domain::outbound::{Outbound, OutboundContent};
use crate::engine::effect::Send;
use crate::flow::catalog::Catalog;

fn engine(
    _: &Context<'_>,
    record: &mut Record,
    token: Token,
    _: ContactKey,
    accepted: Option<&input::Accepted>,
    now: Millis,
) -> Result<TurnOutput, TurnError> {
    let mut out = TurnOutput { alarm: Some(now + Span::hours(2)), ..TurnOutput::default() };
    let Some(input::Accepted { input: Input::Message(message), .. }) = accepted else {
        assert!(record.email.is_none(), "the alarm panics");
        return Ok(out);
    };
    let (word, n) = message.text.split_once(' ').unwrap_or((&message.text, "1"));
    match word {
        "send" => {
            let send = || {
                Effect::Send(Box::new(Send {
                    channel: message.channel.clone(),
                    kind: message.kind,
                    outbound: Outbound {
                        to: message.from.clone(),
                        content: OutboundContent::Text { text: "x".to_owned() },
                        in_reply_to: None,
                        provider: None,
                    },
                    notification: None,
                    run: None,
                    system: None,
                    awaited: false,
                    tracked: false,
                    code: false,
                    bulk: false,
                    broadcast: None,
                    marketing: false,
                    home: None,
                    quiet: None,
                    since: None,
                    at: now,
                }))
            };
            out.effects = (0..n.parse().expect("a number")).map(|i| (token.effect(i), send())).collect();
        }
        "hold" => out.hold = true,
        "grow" => record.name = Some("x".repeat(limits::RECORD_BYTES)),
        "alarm" => record.email = Some("panics".to_owned()),
        "version" => return Err(TurnError::UnknownVersion(VersionId(9))),
        _ => panic!("the test wants it"),
    }
    Ok(out)
}

fn entry(n: usize, text: &str, class: Class) -> Entry {
    let message = Inbound {
        channel: ChannelName::parse("main-sms").expect("a name"),
        kind: ChannelKind::Sms,
        from: Address::from_wire("+447700900101"),
        user_id: None,
        id: n.to_string(),
        at: None,
        text: text.to_owned(),
        content: InboundContent::Text,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    let body = Bytes::from(codec::encode(&Input::Message(Box::new(message))));
    Entry { class, id: InputId::of(DedupeHash::of(&[&n.to_string()])), accepted_at: Millis(n as i64), body }
}

fn entries(texts: &[&str]) -> Vec<Entry> {
    texts.iter().enumerate().map(|(n, text)| entry(n, text, Class::Normal)).collect()
}

fn held() -> Held {
    Held { token: Token(1), record: Record::default(), hold: false }
}

fn fold(before: &Held, inputs: &[Entry], tries: u8, most: usize) -> Result<Folded, Blocked> {
    let project = crate::config::Settings::load(None, &Default::default(), crate::config::Secrets::Tolerated);
    let project = project.expect("the defaults").project;
    let settings = ServiceSettings { fold: most, ..ServiceSettings::default() };
    let contact = ContactKey::derive(b"s", "a");
    let context = Context { catalog: &Catalog::default(), project: &project, barred: &crate::domain::suppression::NOT_BARRED };
    Folder { engine, context, settings: &settings, contact, now: Millis(100), tries }.fold(before, inputs)
}

#[test]
fn the_same_inputs_give_the_same_ids_however_they_are_folded() {
    let inputs = entries(&["send 2", "panic", "send 1", "hold", "send 3"]);
    let at_once = fold(&held(), &inputs[..3], 0, 16).expect("folds");
    let mut before = held();
    let mut ids = Vec::new();
    for input in &inputs[..3] {
        let one = fold(&before, std::slice::from_ref(input), 0, 16).expect("folds");
        ids.extend(one.effects.iter().map(|e| e.id));
        before = one.after;
    }
    assert_eq!(at_once.effects.iter().map(|e| e.id).collect::<Vec<_>>(), ids);
    assert_eq!(at_once.after.token, before.token);
    assert_eq!((at_once.consumed.len(), at_once.set_aside.len(), at_once.panicked), (3, 1, 1));
    assert_eq!(at_once.alarm, Some(Millis(100) + Span::hours(2)));
}

#[test]
fn folding_stops_when_held_at_the_limit_of_effects_and_of_inputs() {
    let inputs = entries(&["send 1", "hold", "send 1"]);
    assert_eq!(fold(&held(), &inputs, 0, 16).expect("folds").consumed.len(), 2);
    let mut urgent = inputs.clone();
    urgent[2].class = Class::Priority;
    assert_eq!(fold(&held(), &urgent, 0, 16).expect("folds").consumed.len(), 3, "a priority input passes");

    let many = entries(&["send 32", "send 32", "send 1"]);
    let folded = fold(&held(), &many, 0, 16).expect("folds");
    assert_eq!((folded.consumed.len(), folded.effects.len()), (2, limits::EFFECTS_PER_COMMIT));
    let over = entries(&["send 32", "send 33"]);
    assert_eq!(fold(&held(), &over, 0, 16).expect("folds").consumed.len(), 1);
    let alone = fold(&held(), &entries(&["send 65"]), 0, 16).expect("folds");
    assert_eq!((alone.set_aside.len(), alone.effects.len()), (1, 0), "more than a commit holds is never done");

    let crowd: Vec<Entry> = (0..20).map(|n| entry(n, "send 1", Class::Normal)).collect();
    assert_eq!(fold(&held(), &crowd, 0, 16).expect("folds").consumed.len(), limits::INPUTS_PER_CLAIM);
    assert_eq!(fold(&held(), &crowd, 3, 16).expect("folds").consumed.len(), 1, "alone, once it looks poisoned");
}

#[test]
fn what_cannot_be_done_is_set_aside_and_leaves_no_trace_in_the_record() {
    let folded = fold(&held(), &entries(&["grow", "send 1"]), 0, 16).expect("folds");
    assert_eq!((folded.set_aside.len(), folded.effects.len()), (1, 1));
    assert_eq!(folded.after.record, Record::default());
    assert_eq!(read_record(&folded.blob).expect("readable"), folded.after.record);
    let mut unreadable = entries(&["send 1"]);
    unreadable[0].body = Bytes::from_static(b"\x01\xc1");
    assert_eq!(fold(&held(), &unreadable, 0, 16).expect("folds").set_aside.len(), 1);
    let deadly = fold(&held(), &entries(&["send 1", "send 1"]), 5, 16).expect("folds");
    assert_eq!((deadly.set_aside.len(), deadly.effects.len()), (1, 0), "the first one is not even tried");
    assert_eq!(deadly.events.len(), 2, "it is said, and an alert is raised");
}

#[test]
fn what_must_wait_blocks_only_when_it_comes_first() {
    let wait = fold(&held(), &entries(&["version", "send 1"]), 0, 16);
    assert_eq!(wait.expect_err("blocked"), Blocked::Version(VersionId(9)));
    let later = fold(&held(), &entries(&["send 1", "version"]), 0, 16).expect("folds");
    assert_eq!(later.consumed.len(), 1);
    let mut newer = entries(&["send 1", "send 1"]);
    newer[1].body = Bytes::from_static(b"\xfe");
    assert_eq!(fold(&held(), &newer, 0, 16).expect("folds").consumed.len(), 1);
    assert_eq!(fold(&held(), &newer[1..], 0, 16).expect_err("blocked"), Blocked::Newer);
    assert_eq!(read_record(b"\xfe").expect_err("newer"), Blocked::Newer);
    assert!(matches!(read_record(b"\x01\xc1"), Err(Blocked::Broken(_))));
}

#[test]
fn an_alarm_that_cannot_be_processed_is_put_off_and_said() {
    let fine = fold(&held(), &[], 0, 16).expect("folds");
    assert_eq!((fine.consumed.len(), fine.alarm), (0, Some(Millis(100) + Span::hours(2))));
    assert_ne!(fine.after.token, held().token, "the token steps, or a paused worker could write");
    let mut broken = held();
    broken.record.email = Some("panics".to_owned());
    for (tries, before) in [(0, &broken), (5, &held())] {
        let put_off = fold(before, &[], tries, 16).expect("folds");
        assert_eq!(put_off.alarm, Some(Millis(100) + Span::hours(1)));
        assert!(matches!(put_off.events[..], [Event::Alert { level: AlertLevel::Urgent, .. }]));
        assert_eq!(put_off.after.record, before.record);
        assert_eq!(put_off.after.token, fine.after.token);
    }
}
