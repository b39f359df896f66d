//! Messages that are given up before they left, and are so again if they were being sent just then.

use super::delivering::{QUESTION, asks, delivers};
use super::driver::{Driver, flow, with_notification};
use super::routes::{ROUTED, order, word};
use crate::domain::id::EffectId;
use crate::domain::input::{Delivery, Input};
use crate::domain::message::DeliveryStatus::{Delivered, Sent};
use crate::domain::message::{DeliveryStatus, FailureReason};

impl Driver {
    /// The store took it out of its lane.
    fn withdrawn(&mut self, effect: EffectId) {
        let (status, reason) = (DeliveryStatus::Failed, Some(FailureReason::Superseded));
        self.turn(Some(Input::Delivery(Delivery { effect, status, reason, code: None, unsure: false, back: None })));
    }
}

#[test]
fn what_did_not_leave_in_time_is_given_up() {
    let mut d = word(ROUTED);
    order(&mut d);
    let first = d.last_send();
    assert!(d.last.withdraw.is_empty());
    d.wait("2m");
    assert_eq!((d.over(), d.last.withdraw.clone()), (vec!["main-sms".to_owned()], vec![first]));
    d.withdrawn(first);
    assert!(d.over().is_empty() && d.record().given_up.is_empty());
    let second = d.last.withdraw.clone();
    assert!(second.is_empty(), "it is known that it did not leave");
    // One that left is none of that.
    let mut d = word(ROUTED);
    order(&mut d);
    d.report(d.last_send(), Sent);
    d.wait("2m");
    assert_eq!((d.over(), d.last.withdraw.len()), (vec!["main-sms".to_owned()], 0));
}

#[test]
fn what_was_being_sent_is_given_up_again() {
    let mut d = word(ROUTED);
    order(&mut d);
    let first = d.last_send();
    d.wait("2m");
    assert!(d.wait("14s").is_empty() && d.record().given_up.len() == 1);
    d.wait("1s");
    assert_eq!(d.last.withdraw, [first], "it may wait for its next attempt by now");
    d.report(first, Sent);
    assert!(d.record().given_up.is_empty(), "it left");
    // If nothing is heard, not for ever.
    let mut d = word(&ROUTED.replace("[whatsapp, sms, email]", "[whatsapp, sms]"));
    order(&mut d);
    d.wait("2m");
    d.wait("30m");
    assert!(d.record().given_up.is_empty());
    d.nothing_left();
}

#[test]
fn a_question_that_nobody_waits_for_is_given_up() {
    let mut d = asks(QUESTION);
    d.user("go");
    let first = d.last_send();
    d.wait("2m");
    let second = d.last_send();
    d.withdrawn(first);
    d.wait("2m");
    assert_eq!((d.ends(), d.last.withdraw.clone()), (vec!["lost"], vec![second]));
    d.withdrawn(second);
    // An answer to one gives the other up.
    let mut d = asks(QUESTION);
    d.user("go");
    d.report(d.last_send(), Sent);
    d.wait("2m");
    let second = d.last_send();
    d.user("yes");
    assert_eq!((d.ends(), d.last.withdraw.clone()), (vec!["fine"], vec![second]));
}

#[test]
fn a_success_gives_up_the_others() {
    let mut d = delivers();
    d.user("go");
    let first = d.last_send();
    d.wait("2m");
    let second = d.last_send();
    d.report(first, Delivered);
    assert_eq!((d.ends(), d.last.withdraw.clone()), (vec!["done"], vec![second]));
}

#[test]
fn what_is_opted_out_of_or_unsure() {
    let mut d = delivers();
    d.user("go");
    let first = d.last_send();
    d.user("stop");
    assert_eq!(d.last.withdraw, [first], "nothing that was on its way leaves");
    let mut d = word(ROUTED);
    order(&mut d);
    d.unsure(d.last_send());
    d.wait("2m");
    assert!(d.last.withdraw.is_empty() && d.over() == ["main-sms"], "it may have left");
}

#[test]
fn the_parts_of_a_message_are_given_up_together() {
    // A list holds no picture: the picture, then the list.
    let five = super::delivering::ASKS.replace("later: Not now", "later: Not now, c: Three, d: Four, e: Five");
    let five = five
        .replace("later: { end: later }", "later: { end: later }\n      c: { end: c }\n      d: { end: d }\n      e: { end: e }");
    let note = "notification: note\nroute: [whatsapp, sms]\nwithin: 2m\nuntil: delivered\ntext: Well?\nmedia: https://shop.example/a.png\n";
    let mut d = Driver::of(vec![with_notification(flow(&five), note)]);
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    d.user("go");
    let sent: Vec<EffectId> = d.sends().iter().map(|(id, _)| *id).collect();
    assert!(sent.len() > 1, "{:?}", d.sends());
    d.wait("2m");
    assert_eq!(d.last.withdraw, sent);
}
