//! Time, opting out, delivery reports, what a newer release wrote.

use super::echo::echo;
use super::rig::{Backend, Rig, answer, message};
use super::{ANN, on_every_store};
use bytes::Bytes;
use replyflow::config::{Secrets, Settings};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{InputId, SendRef, Token, Who};
use replyflow::domain::input::{Class, OperatorAction};
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::{DeliveryStatus, FailureReason};
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::provider::webhook::{Failure, OptOutScope};
use replyflow::provider::{Adapter, Method, Pairs, ProviderError, Route, Routes, StatusReport, WebhookRequest};
use replyflow::service::{Received, failed};
use replyflow::store::{Accept, Accepted, Commit, Committed, StopMask, WhenFull};

on_every_store!(
    an_alarm_wakes_the_contact_at_its_time,
    an_alarm_stands_while_messages_come_and_fall_aside,
    who_opted_out_gets_the_confirmation_and_nothing_else,
    a_failure_report_wakes_only_who_waits,
    what_a_provider_says_of_a_failure_is_kept_with_its_code,
    a_report_of_an_opt_out_opts_out_once,
    a_report_without_our_name_is_written_down,
    a_report_by_the_providers_id_alone_finds_its_message,
    a_record_of_a_newer_release_is_left_alone,
    an_operators_act_passes_once,
);

async fn an_alarm_wakes_the_contact_at_its_time(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "wake 90").await;
    rig.pass(Span::seconds(89));
    rig.quiet().await;
    assert!(rig.texts().is_empty());
    let next = rig.core.tick().await.expect("looks").next;
    assert!(next <= std::time::Duration::from_secs(1), "{next:?}");
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["awake"]);
    rig.pass(Span::days(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["awake"]);
}

async fn an_alarm_stands_while_messages_come_and_fall_aside(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "wake 90").await;
    rig.say(ANN, "2", "panic").await;
    rig.say(ANN, "3", "hi").await;
    rig.pass(Span::seconds(90));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "awake"]);
}

async fn who_opted_out_gets_the_confirmation_and_nothing_else(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.gap = Span::seconds(5)).await;
    // One message leaves, one waits behind it; then the contact opts out.
    rig.say(ANN, "1", "one|two").await;
    assert_eq!(rig.texts(), ["one"]);
    rig.say(ANN, "2", "stop").await;
    rig.say(ANN, "3", "hello?").await;
    for _ in 0..5 {
        rig.pass(Span::seconds(6));
        rig.quiet().await;
    }
    assert_eq!(rig.texts(), ["one", "confirmed"]);
    let reasons: Vec<FailureReason> = rig
        .journal(rig.key(ANN))
        .await
        .iter()
        .filter_map(|e| match e {
            Event::Attempted { outcome: AttemptOutcome::Failed { reason }, .. } => Some(*reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [FailureReason::OptedOut, FailureReason::OptedOut]);
}

pub fn report(send: Option<SendRef>, status: DeliveryStatus, failure: Option<Failure>) -> StatusReport {
    StatusReport {
        channel: ChannelName::parse("main-sms").expect("a name"),
        id: "p1".to_owned(),
        send,
        status,
        provider_status: "any".to_owned(),
        at: None,
        recipient: Some(message(ANN, "1", "").from),
        user_id: None,
        failure,
        pricing: None,
    }
}

pub fn failure(reason: FailureReason, opted_out: Option<OptOutScope>) -> Option<Failure> {
    let error = ProviderError { code: Some("131050".to_owned()), text: String::new() };
    Some(Failure { reason, retryable: false, after: None, scope: None, opted_out, error })
}

async fn sent(rig: &Rig) -> SendRef {
    let events = rig.journal(rig.key(ANN)).await;
    let effect = events.iter().rev().find_map(|e| match e {
        Event::Attempted { effect, .. } => Some(*effect),
        _ => None,
    });
    SendRef { contact: rig.key(ANN), effect: effect.expect("an attempt") }
}

async fn a_failure_report_wakes_only_who_waits(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "hi").await;
    let nobody = sent(&rig).await;
    rig.core
        .receive_report(report(Some(nobody), DeliveryStatus::Failed, failure(FailureReason::Blocked, None)))
        .await
        .expect("noted");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
    rig.say(ANN, "2", "await news").await;
    let awaited = sent(&rig).await;
    for status in [DeliveryStatus::Sent, DeliveryStatus::Delivered] {
        rig.core.receive_report(report(Some(awaited), status, None)).await.expect("noted");
    }
    for _ in 0..2 {
        let failed = report(Some(awaited), DeliveryStatus::Failed, failure(FailureReason::Blocked, None));
        rig.core.receive_report(failed).await.expect("noted");
    }
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "news", "undelivered Some(Blocked)"]);
    let journal = rig.journal(rig.key(ANN)).await;
    assert_eq!(journal.iter().filter(|e| matches!(e, Event::Reported { .. })).count(), 4, "each is written down once");
}

/// Africa's Talking gives nothing back but its own id.
async fn a_report_by_the_providers_id_alone_finds_its_message(backend: Backend) {
    const CHANNEL: &str = "[server]\npublic_url = \"https://h.example\"\n[channels.main-sms]\nprovider = \"africastalking\"\nkind = \"sms\"\n\
        username = \"myapp\"\napi_key = { env = \"AT\" }\nwebhook_secret = { env = \"URL\" }\n";
    let secrets =
        [("AT", "key-for-tests"), ("URL", "a-secret-of-16-letters")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::of(CHANNEL, &secrets.into_iter().collect(), Secrets::Required).expect("settings");
    let adapter = Adapter::new(&settings.channels["main-sms"].provider);
    let told = adapter.clone();
    let rig =
        Rig::with(backend, echo, |plan| plan.arrange = Box::new(move |channels| channels["main-sms"].adapter = adapter)).await;
    let taken = |id: &str| {
        let one = format!(r#"{{"statusCode":101,"number":"{ANN}","messageId":"{id}","status":"Success"}}"#);
        answer(201, &format!(r#"{{"SMSMessageData":{{"Recipients":[{one}]}}}}"#))
    };
    for id in ["ATXid_1", "ATXid_2"] {
        rig.script(move |_| taken(id));
    }
    rig.say(ANN, "1", "await news").await;
    rig.quiet().await;
    let report = async |id: &str| {
        let body = format!("id={id}&status=Rejected&failureReason=UserAccountSuspended&phoneNumber=%2B{}", &ANN[1..]);
        let request = WebhookRequest {
            method: Method::Post,
            url: "https://h.example/",
            headers: &Pairs(&[]),
            body: body.as_bytes(),
            peer: None,
        };
        let route = Route { channel: ChannelName::parse("main-sms").expect("a name"), kind: ChannelKind::Sms };
        let said = told.decode(&request, &Routes::only(route)).expect("read");
        rig.core.receive(said).await.expect("stored");
        rig.quiet().await;
    };
    let sent = || rig.network.calls.lock().expect("not poisoned").len();
    report("ATXid_9").await;
    assert_eq!(sent(), 1, "nobody's message");
    report("ATXid_1").await;
    assert_eq!(sent(), 2, "who waited heard of it");
    let last =
        rig.network.calls.lock().expect("not poisoned").last().map(|call| String::from_utf8_lossy(&call.body).into_owned());
    assert!(last.as_ref().is_some_and(|body| body.contains("undelivered")), "{last:?}");
    report("ATXid_1").await;
    assert_eq!(sent(), 2, "once");
    let journal = rig.journal(rig.key(ANN)).await;
    assert_eq!(journal.iter().filter(|event| matches!(event, Event::Reported { .. })).count(), 1);
}

async fn what_a_provider_says_of_a_failure_is_kept_with_its_code(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "hi").await;
    let told = Some(Failure {
        error: ProviderError { code: Some("30003".to_owned()), text: "Unreachable\r\nhandset\u{1b}".to_owned() },
        ..failure(FailureReason::Unreachable, None).expect("a failure")
    });
    rig.core.receive_report(report(Some(sent(&rig).await), DeliveryStatus::Failed, told)).await.expect("noted");
    let refusal = r#"{"error":{"code":"EC_7","text":"no such\u0007 number","reason":"invalid"}}"#;
    rig.script(move |_| answer(400, refusal));
    rig.say(ANN, "2", "ho").await;
    rig.quiet().await;
    let journal = rig.journal(rig.key(ANN)).await;
    let words: Vec<(&str, &str)> = journal
        .iter()
        .filter_map(|event| match event {
            Event::Reported { code: Some(code), detail: Some(detail), .. } => Some((code.as_str(), detail.as_str())),
            Event::Attempted { code: Some(code), detail: Some(detail), .. } => Some((code.as_str(), detail.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(words, [("30003", "30003: Unreachable handset"), ("EC_7", "EC_7: no such number")]);
}

async fn a_report_of_an_opt_out_opts_out_once(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "hi").await;
    let send = sent(&rig).await;
    let report = report(Some(send), DeliveryStatus::Failed, failure(FailureReason::OptedOut, Some(OptOutScope::Everything)));
    for _ in 0..2 {
        rig.core.receive_report(report.clone()).await.expect("noted");
    }
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "you are out"]);
}

async fn a_report_without_our_name_is_written_down(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let nameless = report(None, DeliveryStatus::Failed, failure(FailureReason::Blocked, None));
    assert_eq!(rig.core.receive_report(nameless.clone()).await.expect("noted"), Received::Noted);
    assert!(rig.journal(rig.key(ANN)).await.is_empty(), "of nobody nothing is written down");
    rig.say(ANN, "1", "hi").await;
    assert_eq!(rig.core.receive_report(nameless).await.expect("noted"), Received::Noted);
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(matches!(journal.last(), Some(Event::Note { text, .. }) if text.contains("131050") && !text.contains("447700")));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
}

/// Writes a record as only a newer release could.
async fn a_record_of_a_newer_release_is_left_alone(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let contact = rig.key(ANN);
    let hash = replyflow::domain::id::DedupeHash::of(&["newer"]);
    let accept = Accept {
        contact,
        hash,
        class: Class::Normal,
        id: InputId::of(hash),
        body: Bytes::from_static(b"x"),
        claim: true,
        full: WhenFull::Drop,
        known: false,
    };
    let Accepted::Claimed(claim) = rig.store.accept(accept).await.expect("accepts") else { panic!("not claimed") };
    let id = claim.inputs[0].id;
    let commit = Commit {
        contact,
        expect: claim.record.token,
        new: claim.record.token.after(&[id]),
        hold: false,
        consumed: vec![id],
        set_aside: Vec::new(),
        alarm: None,
        journal: Bytes::from_static(b"newer"),
        blob: Bytes::from_static(b"\xfenewer"),
        keep: true,
        who: Who(1),
        stop: StopMask::NONE,
        lanes: Vec::new(),
        withdraw: Vec::new(),
        await_add: Vec::new(),
        await_remove: Vec::new(),
        live: Vec::new(),
    };
    assert!(matches!(rig.store.commit(commit).await.expect("commits"), Committed::Ok { .. }));
    let token = |seen: Option<replyflow::store::Inspection>| seen.map(|s| (s.record.token, s.record.tries, s.mailbox.len()));
    let before = token(rig.store.inspect(contact).await.expect("looks"));
    assert_ne!(before.map(|b| b.0), Some(Token(0)));
    rig.deliver(ANN, "1", "hi").await;
    for _ in 0..10 {
        rig.quiet().await;
        rig.pass(Span::seconds(16));
    }
    let after = token(rig.store.inspect(contact).await.expect("looks"));
    assert_eq!(after, before.map(|(token, ..)| (token, 0, 1)), "untouched, its message waits, and it does not look poisoned");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn an_operators_act_passes_once(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.toml = "[api.shop]\nbase_url = \"https://shop.example\"\n".to_owned();
    })
    .await;
    rig.script(|_| answer(500, ""));
    rig.deliver(ANN, "1", "call /orders").await;
    rig.quiet().await;
    let contact = rig.key(ANN);
    for _ in 0..2 {
        rig.core.operate(contact, OperatorAction::EndRuns, "act-1").await.expect("accepted");
        rig.quiet().await;
    }
    assert_eq!(rig.texts(), ["operator EndRuns"], "it passes the pending call, and once");
}
