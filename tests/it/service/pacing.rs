//! Slower after "too fast", for all instances, and no more in a day than a channel may send.

use super::echo::echo;
use super::rig::{Backend, Rig, answer, json, message};
use super::{ANN, BEN, on_every_store};
use replyflow::config::send::PairPace;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::journal::Event;
use replyflow::domain::message::Inbound;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::service::failed;

on_every_store!(
    too_fast_holds_for_every_instance_and_halves_the_rate,
    a_header_that_says_nothing_is_left_is_obeyed,
    a_day_that_is_used_up_is_kept_and_a_stand_in_takes_the_rest,
    beyond_the_day_fails_at_once_and_holds_up_nothing,
    a_reply_does_not_wait_for_what_only_broadcasts_lack,
    more_than_one_person_may_get_waits_in_order_and_keeps_nobody_else,
);

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

async fn too_fast_holds_for_every_instance_and_halves_the_rate(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    rig.script(|_| {
        let mut told = answer(429, "{}")?;
        told.headers.push(("retry-after".to_owned(), "5".to_owned()));
        Ok(told)
    });
    rig.say(ANN, "1", "one").await;
    let other = rig.another().await;
    other.receive_message(message(BEN, "2", "two")).await.expect("accepted");
    rig.tasks.run().await;
    other.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(rig.texts().len(), 1, "the other instance was not told by the provider, and keeps quiet too");
    assert!((0.5..0.51).contains(&rig.core.channel_pace(&name("main-sms"))));
    for _ in 0..8 {
        rig.pass(Span::seconds(1));
        rig.quiet().await;
    }
    assert_eq!(rig.texts().len(), 3);
    rig.pass(Span::minutes(10));
    assert_eq!(rig.core.channel_pace(&name("main-sms")), 1.0, "it comes back");
}

async fn a_header_that_says_nothing_is_left_is_obeyed(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    rig.script(|_| {
        let mut taken = answer(200, "{\"id\":\"p\"}")?;
        taken
            .headers
            .extend([("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "20")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        Ok(taken)
    });
    rig.say(ANN, "1", "one|two").await;
    rig.pass(Span::seconds(18));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one"]);
    rig.pass(Span::seconds(4));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"]);
    assert_eq!(rig.core.channel_pace(&name("main-sms")), 1.0, "nothing was refused");
}

async fn a_day_that_is_used_up_is_kept_and_a_stand_in_takes_the_rest(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.arrange = Box::new(|channels| {
            let mut backup = channels["main-sms"].clone();
            backup.name = name("backup-sms");
            channels["main-sms"].policy.per_day = Some(3);
            channels["main-sms"].policy.stand_ins = vec![name("backup-sms")];
            channels.insert(name("backup-sms"), backup);
        });
    })
    .await;
    for n in 0..5 {
        rig.say(ANN, &n.to_string(), &n.to_string()).await;
        rig.quiet().await;
    }
    let ways: Vec<String> = {
        let calls = rig.network.calls.lock().expect("not poisoned");
        calls.iter().map(|call| json(call)["channel"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(ways, ["main-sms", "main-sms", "main-sms", "backup-sms", "backup-sms"]);
    let day = rig.core.channel_day(&name("main-sms")).expect("is counted");
    assert_eq!((day.most, day.used), (3, 3));
    rig.pass(Span::hours(26));
    rig.say(ANN, "9", "again").await;
    rig.quiet().await;
    let last = rig.network.calls.lock().expect("not poisoned").last().map(|call| json(call)["channel"].clone());
    assert_eq!(last, Some("main-sms".into()), "a new day");
}

async fn beyond_the_day_fails_at_once_and_holds_up_nothing(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.arrange = Box::new(|channels| channels["main-sms"].policy.per_day = Some(1));
    })
    .await;
    rig.core.receive_message(message(ANN, "1", "one|two")).await.expect("accepted");
    let other = Inbound { channel: name("main-whatsapp"), kind: ChannelKind::WhatsApp, ..message(ANN, "2", "three") };
    rig.core.receive_message(other).await.expect("accepted");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "echo three"], "the day has no room for hours, and the other channel has");
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "message"));
    let journal = rig.journal(rig.key(ANN)).await;
    let said =
        |event: &Event| matches!(event, Event::Attempted { detail: Some(words), .. } if words == "its 1 messages a day are used");
    assert!(journal.iter().any(said), "{journal:?}");
}

async fn a_reply_does_not_wait_for_what_only_broadcasts_lack(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.arrange = Box::new(|channels| channels["main-sms"].policy.per_day = Some(20));
    })
    .await;
    for n in 0..18 {
        rig.say(&format!("+4477009{n:05}"), "1", "bulk news").await;
    }
    rig.quiet().await;
    rig.say(ANN, "1", "bulk late news").await;
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 18, "the last tenth is for conversations");
    rig.say(ANN, "2", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.texts()[18..], ["late news", "echo hi"], "in order, and at once");
    rig.say(BEN, "1", "bulk old news").await;
    rig.pass(Span::hours(3));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 20);
    rig.pass(Span::hours(23));
    rig.quiet().await;
    assert_eq!(rig.texts().last().map(String::as_str), Some("old news"), "the next day has room");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn more_than_one_person_may_get_waits_in_order_and_keeps_nobody_else(backend: Backend) {
    let pair = PairPace { every: Span::seconds(6), burst: 2 };
    let rig = Rig::with(backend, echo, |plan| _ = plan.store.pairs.insert(name("main-sms"), pair)).await;
    rig.say(ANN, "1", "a|b|c").await;
    rig.say(BEN, "2", "x|y").await;
    rig.quiet().await;
    let mut sent = rig.texts();
    sent.sort();
    assert_eq!(sent, ["a", "b", "x", "y"], "each has their own");
    rig.say(ANN, "3", "d").await;
    rig.quiet().await;
    rig.pass(Span(5_999));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 4, "nothing before its time, at no instance");
    for expected in [&["c"][..], &["c", "echo d"]] {
        rig.pass(Span::seconds(6));
        rig.quiet().await;
        assert_eq!(rig.texts()[4..], *expected, "in the order in which they were decided");
    }
    let journal = rig.journal(rig.key(ANN)).await;
    let attempts = journal.iter().filter(|e| matches!(e, replyflow::domain::journal::Event::Attempted { .. })).count();
    assert_eq!(attempts, 4, "nothing was tried in vain");
    rig.pass(Span::minutes(5));
    rig.say(ANN, "4", "e|f").await;
    assert_eq!(rig.texts()[6..], ["e", "f"], "after a rest at once");
}
