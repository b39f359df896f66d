//! What happens to a connection: refused logins, answers that are lost, and silence.

use super::*;
use replyflow::config::channel::ProviderSettings;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::service::ports::Bound;
use replyflow::service::{BindTrouble, failed, probe_carrier};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_never_sent_again() {
    let stage = Stage::new(("tell", TELL), "").await;
    stage.smsc.bound(1).await;
    stage.smsc.then([Behaviour::TakeAndCut]);
    stage.tells(ANN, "Is it there?").await;
    stage.becomes(ANN, "Is it there?", "unsure").await;
    // The next one of the same person leaves over the next connection, behind it.
    stage.tells(ANN, "Good").await;
    stage.becomes(ANN, "Good", "sent").await;
    assert_eq!(texts(&stage.smsc.so_far()), ["Is it there?", "Good"]);
    let failed = failed::list(stage.service.core().store(), 10).await.expect("lists");
    assert_eq!(failed.len(), 1, "an operator looks at it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_late_still_counts() {
    let stage = Stage::new(("tell", TELL), "timeout = \"1s\"").await;
    stage.smsc.bound(1).await;
    stage.smsc.then([Behaviour::Hold]);
    stage.tells(ANN, "Is it there?").await;
    stage.becomes(ANN, "Is it there?", "unsure").await;
    let failed = || async { failed::list(stage.service.core().store(), 10).await.expect("lists").len() };
    assert_eq!(failed().await, 1);
    stage.smsc.answers().await;
    let sent = stage.becomes(ANN, "Is it there?", "sent").await;
    assert_eq!(sent["provider_id"], stage.smsc.so_far()[0].id.as_str());
    // The report is written down before the message is settled.
    let patience = Instant::now();
    while failed().await > 0 {
        assert!(patience.elapsed() < LONG, "nobody has to look at it any more");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(stage.smsc.so_far().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_late_is_not_sent_once_more() {
    let stage = Stage::new(("tell", TELL), "timeout = \"1s\"\nunsure = \"resend\"").await;
    stage.smsc.bound(1).await;
    stage.smsc.then([Behaviour::Hold, Behaviour::Hold]);
    stage.tells(ANN, "Is it there?").await;
    stage.smsc.taken(2).await;
    // The answer to the first, while that to the second is waited for.
    stage.smsc.answers().await;
    stage.becomes(ANN, "Is it there?", "sent").await;
    // The next one leaves when nothing more becomes of that.
    stage.tells(ANN, "Good").await;
    stage.becomes(ANN, "Good", "sent").await;
    assert_eq!(texts(&stage.smsc.so_far()), ["Is it there?", "Is it there?", "Good"], "no third time");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_the_carrier_lets_nobody_in() {
    let smsc = Smsc::start().await;
    smsc.denies(Some(CommandStatus::EsmeRbindfail));
    let stage = Stage::with(smsc, ("tell", TELL), "").await;
    stage.smsc.bound(1).await;
    for n in 0..3 {
        stage.tells(ANN, &format!("Message {n}")).await;
    }
    stage.smsc.bound(2).await;
    assert_eq!(stage.smsc.so_far().len(), 0);
    assert_eq!(stage.service.core().binds().iter().map(|(_, bound)| *bound).collect::<Vec<_>>(), [Bound::Nowhere]);
    assert!(stage.service.metric("replyflow_alerts_total", "{what=\"smpp\"}").await >= 1.0, "an engineer is told");
    stage.smsc.denies(None);
    assert_eq!(texts(&stage.smsc.taken(3).await), ["Message 0", "Message 1", "Message 2"]);
    stage.becomes(ANN, "Message 2", "sent").await;
    assert_eq!(stage.service.core().binds().iter().map(|(_, bound)| *bound).collect::<Vec<_>>(), [Bound::Here]);
    assert_eq!(stage.smsc.so_far().len(), 3, "each left once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_went_silent_is_left_and_found_again() {
    let stage = Stage::new(("tell", TELL), "enquire_every = \"1s\"").await;
    stage.smsc.asked().await;
    stage.smsc.is_silent(true);
    stage.smsc.bound(2).await;
    stage.smsc.is_silent(false);
    stage.tells(ANN, "Hello again").await;
    stage.becomes(ANN, "Hello again", "sent").await;
    assert_eq!(stage.smsc.so_far().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_does_not_know_the_question_whether_it_lives_is_not_left_for_that() {
    let stage = Stage::new(("tell", TELL), "enquire_every = \"1s\"").await;
    stage.smsc.nacks();
    stage.smsc.asked_times(4).await;
    assert_eq!(stage.smsc.binds(), (1, 0), "on one connection");
    stage.tells(ANN, "Hello").await;
    stage.becomes(ANN, "Hello", "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_ends_a_connection_still_answers_what_is_in_the_air() {
    let stage = Stage::new(("tell", TELL), "join_wait = \"1s\"").await;
    stage.smsc.bound(1).await;
    stage.smsc.then([Behaviour::UnbindFirst]);
    stage.tells(ANN, "Over and out").await;
    stage.becomes(ANN, "Over and out", "sent").await;
    stage.smsc.released(1).await;
    stage.smsc.bound(2).await;
    // What it delivered is stored and acknowledged before it is let go.
    let mut part = stage.smsc.delivers(part(BEN, "alone", 7, 1, 2)).await;
    stage.smsc.unbinds(2).await;
    assert_eq!(part.try_recv(), Ok(CommandStatus::EsmeRok));
    stage.smsc.bound(3).await;
    stage.tells(ANN, "Hello again").await;
    stage.becomes(ANN, "Hello again", "sent").await;
    assert_eq!(stage.smsc.so_far().len(), 2, "each left once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_has_forgotten_a_connection_gets_a_new_one() {
    let stage = Stage::new(("tell", TELL), "").await;
    stage.smsc.bound(1).await;
    stage.smsc.then([Behaviour::Refuse(CommandStatus::EsmeRinvbndsts)]);
    stage.tells(ANN, "Do you know me?").await;
    stage.smsc.bound(2).await;
    stage.becomes(ANN, "Do you know me?", "sent").await;
    assert_eq!(stage.smsc.so_far().iter().map(|one| one.accepted).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_carry_what_one_would() {
    let stage = Stage::new(("echo", ECHO), "bind = \"transmitter_receiver\"").await;
    stage.smsc.bound(2).await;
    assert_eq!(stage.smsc.deliver(written(ANN, "Hello")).await, CommandStatus::EsmeRok);
    let taken = stage.smsc.taken(1).await;
    stage.becomes(ANN, "Hello", "sent").await;
    stage.smsc.deliver(receipt(ANN, &taken[0].id, "DELIVRD")).await;
    stage.becomes(ANN, "Hello", "delivered").await;
    let smsc = stage.smsc;
    stage.service.stop().await;
    assert_eq!(smsc.binds(), (2, 2));
}

/// What `doctor` and `channel test` say of a channel.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_tried_without_sending_anything() {
    let smsc = Smsc::start().await;
    let environment: Environment = [("SMPP_PASSWORD".to_owned(), "secret08".to_owned())].into();
    let settings =
        Settings::of(&smsc.channel("main-sms"), &environment, Secrets::Required).unwrap_or_else(|wrong| panic!("{wrong}"));
    let channel = settings.channels.values().next().expect("a channel");
    let ProviderSettings::Smpp(smpp) = &channel.provider else { panic!("smpp") };
    assert_eq!(probe_carrier(smpp).await, Ok(()));
    assert_eq!((smsc.binds(), smsc.so_far().len()), ((1, 1), 0));
    smsc.denies(Some(CommandStatus::EsmeRinvpaswd));
    let refused = probe_carrier(smpp).await;
    assert_eq!(refused, Err(BindTrouble::Refused(0x0e)));
    assert_eq!(refused.map_err(|trouble| trouble.to_string()), Err("the carrier refuses the login: ESME_RINVPASWD".to_owned()));
    let mut nobody = (**smpp).clone();
    nobody.port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").port();
    assert_eq!(probe_carrier(&nobody).await, Err(BindTrouble::Connect));
    let clear = replyflow::config::providers::smpp::SmppSettings { tls: true, ..(**smpp).clone() };
    assert_eq!(probe_carrier(&clear).await, Err(BindTrouble::Tls));
}
