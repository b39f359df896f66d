//! Messages that a carrier brings again, and those that only look so.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_after_a_break_takes_effect_once() {
    let stage = Stage::new(("tell", TELL), "").await;
    assert_eq!(stage.smsc.loses(written(ANN, "Only once")).await, CommandStatus::EsmeRok);
    stage.smsc.bound(2).await;
    assert_eq!(stage.smsc.deliver(written(ANN, "Only once")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.deliver(written(ANN, "Twice")).await, CommandStatus::EsmeRok);
    // On the same connection the same words are said twice.
    assert_eq!(stage.smsc.deliver(written(ANN, "Twice")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.deliver(written(ANN, "The end")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.heard(ANN, "The end").await, ["Only once", "The end", "Twice", "Twice"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_after_a_break_are_another_message_if_a_message_of_ours_was_answered_since() {
    let stage = Stage::new(("tell", TELL), "").await;
    assert_eq!(stage.smsc.deliver(written(ANN, "1")).await, CommandStatus::EsmeRok);
    // This leaves behind our acknowledgement: who answers it has read that.
    stage.tells(ANN, "And now?").await;
    stage.becomes(ANN, "And now?", "sent").await;
    stage.smsc.cut();
    stage.smsc.bound(2).await;
    assert_eq!(stage.smsc.deliver(written(ANN, "1")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.deliver(written(ANN, "The end")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.heard(ANN, "The end").await, ["1", "1", "The end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_carrier_is_asked_whether_it_has_read_what_nothing_else_shows() {
    // Not for its silence: that is asked about after 30 seconds.
    let stage = Stage::new(("tell", TELL), "").await;
    assert_eq!(stage.smsc.deliver(written(ANN, "1")).await, CommandStatus::EsmeRok);
    stage.smsc.asked().await;
    stage.smsc.cut();
    stage.smsc.bound(2).await;
    for text in ["2", "1", "The end"] {
        assert_eq!(stage.smsc.deliver(written(ANN, text)).await, CommandStatus::EsmeRok);
    }
    assert_eq!(stage.heard(ANN, "The end").await, ["1", "1", "2", "The end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_that_comes_again_is_the_same_by_its_reference() {
    let stage = Stage::new(("tell", TELL), "").await;
    // As after a break at another instance, which remembers nothing of it; the next one has another reference.
    for reference in [7, 7, 8] {
        let first = stage.smsc.delivers(part(ANN, "Half of it, ", reference, 1, 2)).await;
        assert_eq!(stage.smsc.deliver(part(ANN, "and the rest", reference, 2, 2)).await, CommandStatus::EsmeRok);
        assert_eq!(first.await, Ok(CommandStatus::EsmeRok));
    }
    assert_eq!(stage.smsc.deliver(written(ANN, "The end")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.heard(ANN, "The end").await, ["Half of it, and the rest", "Half of it, and the rest", "The end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_comes_again_alone_is_no_message() {
    let stage = Stage::new(("tell", TELL), "join_wait = \"1s\"").await;
    let first = stage.smsc.delivers(part(ANN, "Half of it, ", 7, 1, 2)).await;
    // The first acknowledgement is read, the second is lost.
    assert_eq!(stage.smsc.loses(part(ANN, "and the rest", 7, 2, 2)).await, CommandStatus::EsmeRok);
    assert_eq!(first.await, Ok(CommandStatus::EsmeRok));
    stage.smsc.bound(2).await;
    assert_eq!(stage.smsc.deliver(part(ANN, "and the rest", 7, 2, 2)).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.deliver(written(ANN, "The end")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.heard(ANN, "The end").await, ["Half of it, and the rest", "The end"]);
}
