//! A backlog of broadcasts and the conversations beside it, on a clock that the test moves.

use super::echo::echo;
use super::rig::{Backend, Rig, answer, json, message};
use super::{BEN, on_every_store};
use crate::support::patience::LONG;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::message::Inbound;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::service::ports::HttpCall;
use tokio::sync::watch;

on_every_store!(
    a_reply_is_not_slowed_by_a_backlog_of_broadcasts,
    a_broadcast_gets_its_tenth_beside_any_number_of_replies,
    a_reply_takes_along_what_its_contact_waits_for,
    a_provider_that_does_not_answer_leaves_other_channels_their_slots,
    a_system_that_does_not_answer_leaves_messages_their_slots,
);

async fn backlog(rig: &Rig, n: usize) {
    for i in 0..n {
        let from = format!("+4477009{i:05}");
        rig.core.receive_message(message(&from, "1", &format!("bulk news {i}"))).await.expect("accepted");
    }
    rig.tasks.run().await;
}

fn news(rig: &Rig) -> usize {
    rig.texts().iter().filter(|text| text.starts_with("news")).count()
}

async fn a_reply_is_not_slowed_by_a_backlog_of_broadcasts(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    backlog(&rig, 300).await;
    let mut replies = 0;
    for step in 0..100 {
        rig.pass(Span(100));
        rig.quiet().await;
        if step % 3 == 0 {
            replies += 1;
            rig.say(&format!("+4477008{step:05}"), "1", "hi").await;
            let said = rig.texts().iter().filter(|text| *text == "echo hi").count();
            assert_eq!(said, replies, "it leaves at the moment at which it was decided");
        }
    }
    let sent = news(&rig);
    assert!((60..=75).contains(&sent), "{sent}: what {replies} replies leave of 100 permits");
}

async fn a_broadcast_gets_its_tenth_beside_any_number_of_replies(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    backlog(&rig, 60).await;
    rig.quiet().await;
    let before = (news(&rig), rig.texts().len());
    for step in 0..200 {
        for n in 0..2 {
            rig.core.receive_message(message(&format!("+447700{n}{step:05}"), "1", "hi")).await.expect("accepted");
        }
        rig.pass(Span(100));
        rig.quiet().await;
    }
    let (sent, all) = (news(&rig) - before.0, rig.texts().len() - before.1);
    assert!((19..=22).contains(&sent), "{sent} in 20 seconds of 10 permits");
    assert!((195..=206).contains(&all), "{all}: the rate is kept");
}

async fn a_reply_takes_along_what_its_contact_waits_for(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    backlog(&rig, 30).await;
    rig.quiet().await;
    // Which of them left is chance; one that waits answers.
    let waits = |i: &usize| !rig.texts().contains(&format!("news {i}"));
    let someone = (0..30).find(waits).expect("there are more of them than permits");
    let (from, news_for_them) = (format!("+4477009{someone:05}"), format!("news {someone}"));
    rig.say(&from, "2", "hi").await;
    rig.quiet().await;
    let texts = rig.texts();
    assert_eq!(texts[texts.len() - 2..], [news_for_them.as_str(), "echo hi"]);
    assert!(rig.is_at_rest(rig.key(&from)).await);
    for _ in 0..40 {
        rig.pass(Span(100));
        rig.quiet().await;
    }
    assert_eq!(news(&rig), 30, "and the others leave when it is their turn");
}

/// Requests that these are stay without an answer until the test ends that.
fn hang(rig: &Rig, these: fn(&HttpCall) -> bool) -> watch::Sender<bool> {
    let (end, ended) = watch::channel(false);
    for _ in 0..40 {
        let mut ended = ended.clone();
        rig.script_slowly(move |call| {
            Box::pin(async move {
                if these(&call) {
                    ended.wait_for(|ended| *ended).await.expect("the test ends it");
                }
                answer(200, r#"{"id":"p"}"#)
            })
        });
    }
    end
}

/// Works until this was sent, then lets go what hangs.
async fn sent_meanwhile(rig: &Rig, text: &str, end: watch::Sender<bool>) {
    let sent = async {
        while !rig.texts().iter().any(|sent| sent == text) {
            tokio::task::yield_now().await;
        }
    };
    let sent = async {
        let in_time = tokio::time::timeout(LONG, sent).await;
        end.send_replace(true);
        assert!(in_time.is_ok(), "`{text}` waits for what hangs: {:?}", rig.texts());
    };
    tokio::join!(sent, rig.quiet());
}

async fn a_provider_that_does_not_answer_leaves_other_channels_their_slots(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.settings.send.in_flight = 8).await;
    let end = hang(&rig, |call| json(call)["channel"] == "main-sms");
    for n in 0..12 {
        rig.deliver(&format!("+4477009{n:05}"), "1", "hi").await;
    }
    let channel = ChannelName::parse("main-whatsapp").expect("a name");
    let other = Inbound { channel, kind: ChannelKind::WhatsApp, ..message(BEN, "1", "there") };
    rig.core.receive_message(other).await.expect("accepted");
    sent_meanwhile(&rig, "echo there", end).await;
    assert_eq!(rig.texts().len(), 13, "and then all leave");
}

async fn a_system_that_does_not_answer_leaves_messages_their_slots(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.settings.send.in_flight = 8;
        plan.toml = "[api.shop]\nbase_url = \"https://shop.example/api\"\npaths = [\"/orders\"]\n".to_owned();
    })
    .await;
    let end = hang(&rig, |call| call.url.starts_with("https://shop.example"));
    for n in 0..12 {
        rig.deliver(&format!("+4477009{n:05}"), "1", "call /orders").await;
    }
    rig.deliver(BEN, "1", "there").await;
    sent_meanwhile(&rig, "echo there", end).await;
}
