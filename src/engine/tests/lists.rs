//! Several choices, and items of lists.

use super::driver::Driver;
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::value::Value;
use serde_json::json;

const TOPPINGS: &str = "\
flow: x
languages: [en]
start: [{ message: any }]
begin: ask
states:
  ask:
    ask: Which toppings?
    answer:
      choices: { of: { ham: Ham, egg: Egg, olives: { label: Olives, also: [olive] } }, max: 2 }
    save: toppings
    go:
      ok: said
      nomatch: { say: 'One or two of these.', again: 9, end: lost }
  said: { say: \"{{ toppings.label | join(' and ') }}\", end: done }
";

const MENU: &str = "\n1 Ham\n2 Egg\n3 Olives";

#[test]
fn several_choices_are_a_menu_on_every_channel() {
    for kind in [ChannelKind::Sms, ChannelKind::WhatsApp] {
        let mut d = Driver::new(&[TOPPINGS]);
        d.kind = kind;
        assert_eq!(d.user("hi"), [format!("Which toppings?{MENU}")], "{kind}: a tap would make one and send it off");
        assert_eq!(d.user("pineapple"), [format!("One or two of these.{MENU}")]);
        assert_eq!(d.user("1, 2, 3"), [format!("One or two of these.{MENU}")], "more than `max`");
        assert_eq!(d.user("1, olive"), ["Ham and Olives"]);
        assert_eq!(d.last.ended[0].variables["toppings"].to_json(), json!(["ham", "olives"]));
    }
}

#[test]
fn one_of_several_choices_is_buttons_and_still_a_list() {
    let mut d = Driver::new(&[&TOPPINGS.replace("max: 2", "max: 1")]);
    d.kind = ChannelKind::WhatsApp;
    d.user("hi");
    assert_eq!(d.buttons().len(), 3);
    let egg = d.buttons()[1].0.clone();
    assert_eq!(d.press(&egg), ["Egg"]);
    assert_eq!(d.last.ended[0].variables["toppings"].to_json(), json!(["egg"]));
}

const SLOTS: &str = "\
flow: x
languages: [en]
vars: { slots: [] }
start: [{ event: offer, contact: '{{ event.phone }}', with: { slots: '{{ event.slots }}' } }]
anytime: [{ keyword: sold out, set: { slots: [] }, again: true }]
begin: ask
states:
  ask:
    ask: When does it suit you?
    answer: { pick: { from: '{{ slots }}', label: '{{ item.day }} at {{ item.time }}', max: 3 } }
    save: slot
    go:
      ok: said
      empty: { say: 'Nothing is free.', end: none }
      nomatch: { say: 'One of these, please.', again: 9, end: lost }
  said: { say: 'See you on {{ slot.day }} ({{ slot.id }}).', end: done }
";

fn offer(n: usize) -> serde_json::Value {
    let days = ["Monday", "Tuesday", "Friday", "Sunday"];
    let slots: Vec<_> = (0..n).map(|i| json!({ "id": i * 7, "day": days[i], "time": "10:00" })).collect();
    json!({ "phone": super::driver::PHONE, "slots": slots })
}

#[test]
fn an_item_is_picked_by_its_place_or_its_label() {
    let mut d = Driver::new(&[SLOTS]);
    let menu = "\n1 Monday at 10:00\n2 Tuesday at 10:00\n3 Friday at 10:00";
    assert_eq!(d.event("offer", offer(4)), [format!("When does it suit you?{menu}")], "the fourth is over `max`");
    assert_eq!(d.user("4"), [format!("One of these, please.{menu}")]);
    assert_eq!(d.user("2"), ["See you on Tuesday (7)."]);
    assert_eq!(d.last.ended[0].variables["slot"].to_json(), json!({ "id": 7, "day": "Tuesday", "time": "10:00" }));
    d.event("offer", offer(2));
    assert_eq!(d.user("monday at 10:00"), ["See you on Monday (0)."]);
}

#[test]
fn items_are_buttons_that_carry_their_place() {
    let mut d = Driver::new(&[SLOTS]);
    d.kind = ChannelKind::WhatsApp;
    d.change(|record| record.hear(&super::driver::slug("main-whatsapp"), super::driver::MONDAY));
    d.event("offer", offer(3));
    let buttons = d.buttons();
    assert_eq!(buttons.len(), 3);
    assert!(buttons[2].0.starts_with("3~"), "{buttons:?}");
    assert_eq!(d.press(&buttons[2].0), ["See you on Friday (14)."]);
}

#[test]
fn what_is_picked_is_the_item_as_it_was_shown() {
    let mut d = Driver::new(&[SLOTS]);
    d.event("offer", offer(2));
    assert_eq!(d.user("sold out"), ["When does it suit you?\n1 Monday at 10:00\n2 Tuesday at 10:00"]);
    assert_eq!(d.var("x", "slots"), json!([]));
    assert_eq!(d.user("1"), ["See you on Monday (0)."]);
}

#[test]
fn an_empty_list_is_not_asked_about() {
    let mut d = Driver::new(&[SLOTS]);
    assert_eq!(d.event("offer", offer(0)), ["Nothing is free."]);
    assert_eq!(d.ends(), ["none"]);
    assert_eq!(d.event("offer", json!({ "phone": super::driver::PHONE })), ["Nothing is free."], "nothing is an empty list");
    let unseen = json!({ "phone": super::driver::PHONE, "slots": [{ "id": 1 }] });
    let mut d = Driver::new(&[&SLOTS.replace("{{ item.day }} at {{ item.time }}", "{{ item.day }}")]);
    assert_eq!(d.event("offer", unseen), ["Nothing is free."], "an item without a label cannot be seen");
    let strange = json!({ "phone": super::driver::PHONE, "slots": "many" });
    let mut d = Driver::new(&[&SLOTS.replace("vars: { slots: [] }", "vars: { slots: null }")]);
    assert_eq!(d.event("offer", strange), Vec::<String>::new());
    assert_eq!(d.ends(), ["failed"], "a text is no list");
}

#[test]
fn items_count_towards_the_size_of_the_record() {
    let mut d = Driver::new(&[SLOTS]);
    let long = "x".repeat(limits::RECORD_BYTES / 4);
    let slot = json!({ "id": 1, "day": "Monday", "time": "10:00", "note": long });
    let data = json!({ "phone": super::driver::PHONE, "slots": [slot.clone(), slot] });
    d.event("offer", data);
    assert_eq!(d.ends(), ["failed"], "in the variable and once more in the question");
    assert!(d.bytes().len() <= limits::RECORD_BYTES);
}

#[test]
fn a_list_may_stand_in_the_flow() {
    let flow = SLOTS.replace("from: '{{ slots }}', label: '{{ item.day }} at {{ item.time }}'", "from: [red, 7, white]");
    let mut d = Driver::new(&[&flow]);
    assert_eq!(d.event("offer", offer(0)), ["When does it suit you?\n1 red\n2 7\n3 white"]);
    d.user("white");
    assert_eq!(d.last.ended[0].variables["slot"], Value::text("white"));
}

#[test]
fn conditions_may_leave_fewer_choices_than_are_wanted() {
    let flow = TOPPINGS.replace("max: 2", "min: 2").replace("egg: Egg", "egg: { label: Egg, if: contact.vip }");
    let mut d =
        Driver::new(&[&flow.replace("olives: { label: Olives, also: [olive] }", "olives: { label: Olives, if: contact.vip }")]);
    assert_eq!(d.user("hi"), ["Which toppings?\n1 Ham"]);
    assert_eq!(d.user("1"), ["Ham"]);
}
