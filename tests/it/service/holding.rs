//! Channels that are held back: a number that its provider flagged keeps broadcasts, and no conversation; over one that somebody paused nothing leaves.

use super::echo::echo;
use super::rig::{Backend, Plan, Rig, answer, json, message};
use super::{ANN, BEN, on_every_store};
use bytes::Bytes;
use replyflow::domain::hold::{ChannelChange, Hold, HoldKind, channel_canonical};
use replyflow::domain::journal::Event;
use replyflow::domain::message::Inbound;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::provider::{Decoded, NumberEvent, NumberQuality};
use replyflow::service::{Core, failed, holds};
use replyflow::store::HoldKey;
use std::sync::Arc;

on_every_store!(
    a_flagged_number_keeps_broadcasts_at_every_instance_until_it_is_unflagged,
    what_is_said_again_or_late_changes_nothing,
    of_what_is_said_in_any_order_the_latest_counts_at_every_instance,
    what_an_earlier_release_held_back_is_not_ended_by_what_was_said_before,
    a_number_of_no_channel_is_told_and_holds_nothing,
    what_waits_behind_a_broadcast_goes_on_with_it,
    a_paused_channel_sends_nothing_at_any_instance_until_it_is_resumed,
    what_waits_for_a_paused_channel_fails_visibly_when_it_gets_too_old,
    a_stand_in_takes_what_a_paused_channel_does_not,
    a_broadcast_waits_as_long_as_neither_its_channel_nor_a_stand_in_may_send,
    a_long_pause_of_a_stand_in_ages_no_broadcast_and_fills_no_record,
);

/// Somebody who hears of everything.
const TEAM: &str = "[alerts]\nreceivers = [\"ops\"]\n[teams.ops]\nslack = { env = \"SLACK\" }\n";

fn with_a_team(plan: &mut Plan) {
    plan.toml = TEAM.to_owned();
    plan.secrets.insert("SLACK".to_owned(), "https://hooks.slack.com/services/T0/B0/x".to_owned());
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

/// What Meta says of the number of `main-sms`, so long after the beginning.
async fn said(core: &Arc<Core>, event: NumberEvent, word: &str, after: Span) {
    let said = NumberQuality {
        channel: Some(name("main-sms")),
        number: "447700900100".to_owned(),
        event,
        word: word.to_owned(),
        limit: Some("TIER_10K".to_owned()),
        at: Some(core.store_now() + after),
    };
    core.receive(vec![Decoded::Quality(said)]).await.expect("is stored");
}

/// What was sent to a person.
fn texts(rig: &Rig) -> Vec<String> {
    rig.texts().into_iter().filter(|text| !text.starts_with("alerts")).collect()
}

async fn a_flagged_number_keeps_broadcasts_at_every_instance_until_it_is_unflagged(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    let other = rig.another().await;
    said(&rig.core, NumberEvent::Flagged, "FLAGGED", Span(0)).await;
    rig.say(ANN, "1", "bulk news").await;
    rig.say(BEN, "2", "hello").await;
    rig.quiet().await;
    assert_eq!(texts(&rig), ["echo hello"], "conversations go on");
    rig.pass(Span::seconds(1));
    let third = rig.another().await;
    for core in [&other, &third] {
        core.tick().await.expect("looks");
        rig.tasks.run().await;
        let hold = core.held(&name("main-sms"), HoldKind::Flagged).expect("is known");
        assert_eq!((hold.by.as_str(), hold.reason.as_deref()), ("provider", Some("TIER_10K")));
    }
    assert_eq!(texts(&rig), ["echo hello"], "neither who was there nor who came later sends it");
    for _ in 0..3 {
        rig.pass(Span::hours(1));
        rig.quiet().await;
    }
    assert_eq!(texts(&rig), ["echo hello"]);
    said(&third, NumberEvent::Unflagged, "UNFLAGGED", Span(0)).await;
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    assert_eq!(texts(&rig), ["echo hello", "news"], "it waited and was not lost");
    assert_eq!(rig.core.held(&name("main-sms"), HoldKind::Flagged), None);
    assert_eq!(told(&rig).await, [ChannelChange::Flagged, ChannelChange::Unflagged]);
}

async fn what_is_said_again_or_late_changes_nothing(backend: Backend) {
    let rig = Rig::with(backend, echo, with_a_team).await;
    for _ in 0..2 {
        said(&rig.core, NumberEvent::Flagged, "FLAGGED", Span(0)).await;
    }
    rig.quiet().await;
    assert_eq!(rig.texts(), ["alerts 1"], "a team hears of it once");
    said(&rig.core, NumberEvent::Unflagged, "UNFLAGGED", Span(-1)).await;
    said(&rig.core, NumberEvent::Lowered, "DOWNGRADE", Span(1)).await;
    rig.quiet().await;
    assert!(rig.core.held(&name("main-sms"), HoldKind::Flagged).is_some(), "what was said before it was flagged ends nothing");
    assert_eq!(rig.texts().len(), 2, "of its limit it hears, too");
}

/// What the journal tells of `main-sms`.
async fn told(rig: &Rig) -> Vec<ChannelChange> {
    let journal = rig.journal(rig.key(&channel_canonical(&name("main-sms")))).await;
    let what = |event: &Event| match event {
        Event::Channel(told) => Some(told.what),
        _ => None,
    };
    journal.iter().filter_map(what).collect()
}

async fn of_what_is_said_in_any_order_the_latest_counts_at_every_instance(backend: Backend) {
    use ChannelChange as Change;
    use NumberEvent::{Flagged, Unflagged};
    let rig = Rig::new(backend, echo).await;
    let other = rig.another().await;
    let main = name("main-sms");
    let flagged = |core: &Arc<Core>| core.held(&main, HoldKind::Flagged).is_some();
    said(&rig.core, Unflagged, "UNFLAGGED", Span::seconds(10)).await;
    said(&other, Flagged, "FLAGGED", Span::seconds(5)).await;
    assert!(!flagged(&other), "it was over when it came");
    said(&other, Flagged, "FLAGGED", Span::seconds(20)).await;
    said(&rig.core, Unflagged, "UNFLAGGED", Span::seconds(15)).await;
    said(&rig.core, Unflagged, "UNFLAGGED", Span::seconds(10)).await;
    assert!(flagged(&rig.core) && flagged(&other), "what was said before, or came twice, ends nothing");
    assert!(rig.core.resume_channel(&main, HoldKind::Flagged, "ann", None).await.expect("resumes"));
    said(&other, Flagged, "FLAGGED", Span::seconds(20)).await;
    assert!(!flagged(&other), "a person knew of that one");
    said(&other, Flagged, "FLAGGED", Span::seconds(30)).await;
    assert!(flagged(&other), "and not of this one");
    assert!(rig.core.pause_channel(&main, "ann", None).await.expect("pauses"));
    said(&rig.core, Unflagged, "UNFLAGGED", Span::seconds(40)).await;
    assert!(!flagged(&rig.core) && rig.core.held(&main, HoldKind::Paused).is_some(), "what a person began goes on");
    let expected = [Change::Unflagged, Change::Flagged, Change::Unflagged, Change::Flagged, Change::Paused, Change::Unflagged];
    assert_eq!(told(&rig).await, expected, "what came late is not told as if it was so");
}

async fn what_an_earlier_release_held_back_is_not_ended_by_what_was_said_before(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let main = name("main-sms");
    let hold = Hold { since: rig.core.store_now() + Span::seconds(20), by: "provider".to_owned(), reason: None };
    let body = Bytes::from(serde_json::to_vec(&hold).expect("writes"));
    let key = HoldKey::Channel(main.clone(), HoldKind::Flagged);
    rig.store.hold(key, body).await.expect("is held, without a mark");
    rig.pass(Span::seconds(1));
    rig.core.tick().await.expect("looks");
    said(&rig.core, NumberEvent::Unflagged, "UNFLAGGED", Span::seconds(10)).await;
    assert_eq!(rig.core.held(&main, HoldKind::Flagged), Some(hold));
    said(&rig.core, NumberEvent::Unflagged, "UNFLAGGED", Span::seconds(30)).await;
    assert_eq!(rig.core.held(&main, HoldKind::Flagged), None);
}

async fn a_number_of_no_channel_is_told_and_holds_nothing(backend: Backend) {
    let rig = Rig::with(backend, echo, with_a_team).await;
    let said = NumberQuality {
        channel: None,
        number: "15550001111".to_owned(),
        event: NumberEvent::Flagged,
        word: "FLAGGED".to_owned(),
        limit: None,
        at: None,
    };
    rig.core.receive(vec![Decoded::Quality(said)]).await.expect("is noted");
    rig.say(ANN, "1", "bulk news").await;
    rig.quiet().await;
    let mut all = rig.texts();
    all.sort();
    assert_eq!(all, ["alerts 1", "news"]);
}

async fn what_waits_behind_a_broadcast_goes_on_with_it(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    said(&rig.core, NumberEvent::Flagged, "FLAGGED", Span(0)).await;
    rig.say(ANN, "1", "bulk news").await;
    rig.quiet().await;
    assert!(texts(&rig).is_empty());
    rig.say(ANN, "2", "hello").await;
    rig.quiet().await;
    assert_eq!(texts(&rig), ["news", "echo hello"], "who writes is not kept waiting, and order holds");
}

/// The channels by which messages left, in order.
fn ways(rig: &Rig) -> Vec<String> {
    let calls = rig.network.calls.lock().expect("not poisoned");
    calls.iter().map(|call| json(call)["channel"].as_str().unwrap_or("").to_owned()).collect()
}

async fn later(rig: &Rig, span: Span) {
    rig.pass(span);
    rig.quiet().await;
}

async fn a_paused_channel_sends_nothing_at_any_instance_until_it_is_resumed(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    let other = rig.another().await;
    let main = name("main-sms");
    assert!(rig.core.pause_channel(&main, "ann", Some("a new carrier")).await.expect("pauses"));
    assert!(!rig.core.pause_channel(&main, "ben", None).await.expect("pauses"), "what stands goes on");
    rig.say(ANN, "1", "one|two").await;
    rig.say(BEN, "2", "bulk news").await;
    rig.pass(Span::seconds(1));
    other.tick().await.expect("looks");
    let hold = other.held(&main, HoldKind::Paused).expect("is known");
    assert_eq!((hold.by.as_str(), hold.reason.as_deref()), ("ann", Some("a new carrier")));
    let third = rig.another().await;
    for core in [&rig.core, &other, &third] {
        core.tick().await.expect("looks");
        rig.tasks.run().await;
    }
    later(&rig, Span::minutes(2)).await;
    assert!(rig.texts().is_empty(), "what people write comes in, and nothing leaves");
    assert!(holds::resume(&*rig.store, &main, HoldKind::Paused, "command line", None).await.expect("resumes"), "from beside");
    for _ in 0..40 {
        later(&rig, Span::seconds(1)).await;
    }
    let mut texts = rig.texts();
    assert_eq!(texts.iter().filter(|text| *text != "news").collect::<Vec<_>>(), ["one", "two"], "in order");
    texts.sort();
    assert_eq!(texts, ["news", "one", "two"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    let journal = rig.journal(rig.key(&channel_canonical(&main))).await;
    let told: Vec<(ChannelChange, &str, Option<&str>)> = journal
        .iter()
        .filter_map(|event| match event {
            Event::Channel(told) => Some((told.what, told.by.as_str(), told.reason.as_deref())),
            _ => None,
        })
        .collect();
    let expected = [(ChannelChange::Paused, "ann", Some("a new carrier")), (ChannelChange::Resumed, "command line", None)];
    assert_eq!(told, expected, "who, when and why");
}

async fn what_waits_for_a_paused_channel_fails_visibly_when_it_gets_too_old(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.core.pause_channel(&name("main-sms"), "ann", None).await.expect("pauses");
    rig.say(ANN, "1", "one").await;
    rig.say(BEN, "2", "bulk news").await;
    for _ in 0..64 {
        later(&rig, Span::seconds(15)).await;
    }
    assert!(rig.texts().is_empty());
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "message"), "of a broadcast nothing gets too old");
    rig.core.resume_channel(&name("main-sms"), HoldKind::Paused, "ann", None).await.expect("resumes");
    later(&rig, Span::seconds(1)).await;
    assert_eq!(rig.texts(), ["news"]);
}

fn with_a_backup(plan: &mut Plan) {
    plan.arrange = Box::new(|channels| {
        let mut backup = channels["main-sms"].clone();
        backup.name = name("backup-sms");
        channels["main-sms"].policy.stand_ins = vec![name("backup-sms")];
        channels.insert(name("backup-sms"), backup);
    });
}

async fn a_broadcast_waits_as_long_as_neither_its_channel_nor_a_stand_in_may_send(backend: Backend) {
    let rig = Rig::with(backend, echo, with_a_backup).await;
    for channel in ["main-sms", "backup-sms"] {
        rig.core.pause_channel(&name(channel), "ann", None).await.expect("pauses");
    }
    rig.say(BEN, "1", "bulk news").await;
    for _ in 0..64 {
        later(&rig, Span::seconds(30)).await;
    }
    assert!(texts(&rig).is_empty());
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "nothing of a broadcast gets too old by a pause");
    rig.core.resume_channel(&name("backup-sms"), HoldKind::Paused, "ann", None).await.expect("resumes");
    later(&rig, Span::seconds(31)).await;
    assert_eq!((ways(&rig), texts(&rig)), (vec!["backup-sms".to_owned()], vec!["news".to_owned()]));
}

async fn a_long_pause_of_a_stand_in_ages_no_broadcast_and_fills_no_record(backend: Backend) {
    let rig = Rig::with(backend, echo, with_a_backup).await;
    rig.core.pause_channel(&name("backup-sms"), "ann", None).await.expect("pauses");
    let channel = name("backup-sms");
    rig.core.receive_message(Inbound { channel, ..message(BEN, "1", "bulk news") }).await.expect("accepted");
    rig.quiet().await;
    for _ in 0..28 {
        later(&rig, Span::seconds(30)).await;
    }
    assert!(texts(&rig).is_empty());
    let looks = rig.journal(rig.key(BEN)).await.iter().filter(|event| matches!(event, Event::Attempted { .. })).count();
    assert!((2..12).contains(&looks), "{looks} looks in fourteen minutes");
    rig.core.resume_channel(&name("backup-sms"), HoldKind::Paused, "ann", None).await.expect("resumes");
    // The provider is ill at the first attempt. That is tried again as if there had been no pause.
    rig.script(|_| answer(500, "{}"));
    for _ in 0..40 {
        later(&rig, Span::seconds(30)).await;
    }
    assert_eq!(texts(&rig), ["news", "news"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_stand_in_takes_what_a_paused_channel_does_not(backend: Backend) {
    let rig = Rig::with(backend, echo, with_a_backup).await;
    rig.core.pause_channel(&name("main-sms"), "ann", None).await.expect("pauses");
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!((ways(&rig), rig.texts()), (vec!["backup-sms".to_owned(); 2], vec!["one".to_owned(), "two".to_owned()]));
    rig.core.pause_channel(&name("backup-sms"), "ann", None).await.expect("pauses");
    rig.say(ANN, "2", "three").await;
    later(&rig, Span::seconds(10)).await;
    assert_eq!(rig.texts().len(), 2, "neither of them");
    rig.core.resume_channel(&name("main-sms"), HoldKind::Paused, "ann", None).await.expect("resumes");
    later(&rig, Span::seconds(31)).await;
    assert_eq!(ways(&rig)[2..], ["main-sms"], "people go on with the number that they know");
}
