//! Conversations as the journal tells them: a run of three questions, its messages with their attempts and reports.

use bytes::Bytes;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, EffectId, InputId, RunId, Token, VersionId};
use replyflow::domain::journal::{AttemptOutcome, Decision, Entry, Event};
use replyflow::domain::message::{DeliveryStatus, InboundContent, OutboundContent};
use replyflow::domain::name::{ChannelName, Name, Slug};
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::store::{JournalId, JournalItem, JournalRecord};

/// 2026-03-02 10:00 UTC.
pub const BEGIN: i64 = 1_772_445_600_000;
/// Contacts whose conversations go on side by side.
const SIDE_BY_SIDE: u64 = 500;
const STATES: [&str; 3] = ["menu", "size", "pay"];

/// The entries of so many contacts, in the order in which a busy service writes them.
pub fn of(contacts: u64) -> Vec<JournalItem> {
    let mut items = Vec::new();
    let mut token = 0;
    for first in (0..contacts).step_by(SIDE_BY_SIDE as usize) {
        for step in 0..=STATES.len() {
            for who in first..(first + SIDE_BY_SIDE).min(contacts) {
                for events in turn(who, step) {
                    token += 1;
                    let contact = ContactKey::derive(b"bench", &who.to_string());
                    let entry = Entry { contact, token: Token(token), at: Millis(BEGIN + token as i64), events };
                    let record = JournalRecord::Entry(Bytes::from(codec::encode(&entry)));
                    items.push(JournalItem { id: JournalId { time: 0, number: token }, record });
                }
            }
        }
    }
    items
}

/// What one message of a contact brings about: its turn, and then what becomes of the answer.
fn turn(who: u64, step: usize) -> Vec<Vec<Event>> {
    let run = RunId(who + 1);
    let (shop, channel) = (Slug::parse("shop").expect("a slug"), ChannelName::parse("main-sms").expect("a name"));
    let phone = Address::Phone(E164::parse(&format!("+4477{who:08}")).expect("a phone"));
    let name = |text: &str| Name::parse(text).expect("a name");
    let mut events = vec![Event::Received {
        input: InputId(who * 10 + step as u64),
        channel: channel.clone(),
        from: phone.clone(),
        provider_id: format!("SM{who}{step}"),
        text: "I would like the blue one, please".to_owned(),
        content: InboundContent::Text,
        decision: if step == 0 { Decision::Start } else { Decision::Answer },
        reason: "a label of the question".to_owned(),
        name: None,
    }];
    match step {
        0 => events.push(Event::RunStarted {
            run,
            flow: shop.clone(),
            version: VersionId(0xabc),
            key: None,
            reason: "a keyword".to_owned(),
            continues: None,
            sending: None,
        }),
        _ => {
            let state = name(STATES[step - 1]);
            events.push(Event::Set { run, name: state.to_string(), value: Value::text("blue") });
            events.push(Event::Left { run, state, outcome: "ok".to_owned(), reason: "it matched".to_owned() });
        }
    }
    let Some(next) = STATES.get(step) else {
        events.push(Event::RunEnded { run, flow: shop, end: "ordered".to_owned(), reason: "it ends".to_owned() });
        return vec![events];
    };
    let effect: EffectId = Token(who * 10 + step as u64 + 1).effect(0);
    events.push(Event::Entered { run, flow: shop, state: name(next) });
    events.push(Event::Sent {
        effect,
        run: Some(run),
        channel,
        kind: ChannelKind::Sms,
        to: phone,
        content: OutboundContent::Text { text: "Which size should it be? 1 Small 2 Medium 3 Large".to_owned() },
        notification: None,
        system: None,
    });
    let provider_id = Some(format!("PM{who}{step}"));
    let attempted =
        Event::Attempted { effect, attempt: 1, outcome: AttemptOutcome::Accepted, provider_id, detail: None, code: None };
    let reported =
        Event::Reported { effect, status: DeliveryStatus::Delivered, reason: None, code: None, at: None, detail: None };
    vec![events, vec![attempted], vec![reported]]
}
