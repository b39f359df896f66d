//! Alerts: what a turn raises and for whom, and what a team's record makes of it.

use super::driver::{Driver, PHONE, slug};
use crate::config::project::{AlertRules, TeamRules, Way};
use crate::domain::address::{Address, E164};
use crate::domain::alert::{About, Alerts, Raised};
use crate::domain::id::{ContactKey, EffectId};
use crate::domain::input::{Input, Reach, ReachChange};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::time::{Millis, Span};
use crate::engine::TurnOutput;
use crate::engine::alerts::of_service;
use crate::engine::effect::{Effect, Raise, Receiver, Tell};

const FLOW: &str = r#"
flow: payment
languages: [en]
start:
  - message: any
begin: ask
states:
  ask:
    ask: Card or person?
    answer: { choice: { card: Card, person: Person } }
    go:
      card: { do: [ { alert: { say: "Card {{ 17 }} refused", to: payments, level: urgent } }, { alert: "Card 18 refused" } ], go: help }
      person: help
      nomatch: { again: 1, end: unclear }
      silence: { after: 1d, end: silent }
  help:
    handoff: { to: payments, note: "wants to pay" }
    go: { ok: { end: helped }, silence: { after: 2h, end: unattended } }
"#;

fn team(ways: Vec<Way>, min_level: AlertLevel) -> TeamRules {
    TeamRules { title: None, min_level, ways }
}

fn rules() -> AlertRules {
    let mail = || vec![Way::Email(Address::Email("ops@shop.example".to_owned())), Way::Slack(0)];
    let phone = Address::Phone(E164::parse("+447700900999").expect("a number"));
    AlertRules {
        receivers: vec![slug("operations")],
        teams: [
            (slug("operations"), team(mail(), AlertLevel::Info)),
            (slug("payments"), team(vec![Way::Sms(phone)], AlertLevel::Urgent)),
            (slug("mute"), team(Vec::new(), AlertLevel::Info)),
        ]
        .into_iter()
        .collect(),
        window: Span::minutes(15),
        api: "https://bot.example".to_owned(),
    }
}

fn driver() -> Driver {
    let mut d = Driver::new(&[FLOW]);
    d.project.alerts = rules();
    d.project.teams = vec![slug("payments")];
    d
}

fn raise(out: &TurnOutput) -> Option<Raise> {
    out.effects.iter().find_map(|(_, effect)| match effect {
        Effect::Raise(raise) => Some(Raise::clone(raise)),
        _ => None,
    })
}

fn tells(out: &TurnOutput) -> Vec<Tell> {
    let tell = |(_, effect): &(EffectId, Effect)| match effect {
        Effect::Tell(tell) => Some(Tell::clone(tell)),
        _ => None,
    };
    out.effects.iter().filter_map(tell).collect()
}

#[test]
fn a_turn_raises_its_alerts_in_one_effect_for_those_who_are_to_hear() {
    let mut d = driver();
    d.user("hi");
    assert_eq!(raise(&d.last), None, "nothing to say");
    d.user("card");
    let raised = raise(&d.last).expect("raised");
    let all: Vec<(Vec<&str>, &str, Option<&str>, AlertLevel)> = raised
        .alerts
        .iter()
        .map(|(teams, raised)| {
            let state = raised.state.as_ref().map(Name::as_str);
            (teams.iter().map(|team| team.as_str()).collect(), raised.say.as_str(), state, raised.level)
        })
        .collect();
    assert_eq!(
        all,
        [
            (vec!["payments"], "Card 17 refused", Some("ask"), AlertLevel::Urgent),
            (vec!["operations"], "Card 18 refused", Some("ask"), AlertLevel::Warning),
            (vec!["payments"], "A person waits for `payments`: wants to pay", Some("help"), AlertLevel::Urgent),
        ]
    );
    let first = &raised.alerts[0].1;
    assert_eq!(first.flow.as_ref().map(|flow| flow.as_str()), Some("payment"));
    assert_eq!(first.ending.as_deref(), Some(&PHONE[PHONE.len() - 2..]), "no more of the phone than its end");
    assert_eq!(raised.alerts[2].1.about, About::Handoff);
    let mut quiet = driver();
    quiet.project.alerts = AlertRules::default();
    quiet.user("hi");
    quiet.user("card");
    assert_eq!(raise(&quiet.last), None, "nobody is told of anything");
    let mut mute = driver();
    mute.project.alerts.teams["payments"].ways.clear();
    mute.user("hi");
    mute.user("person");
    let (teams, _) = raise(&mute.last).expect("raised").alerts.remove(0);
    assert_eq!(teams, [slug("operations")], "a team without a way: the receivers");
}

#[test]
fn more_than_one_turn_tells_is_counted() {
    let many: String = (0..12)
        .map(|i| format!("        - alert: Kind {} broke\n", ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][i]))
        .collect();
    let flow = format!(
        "flow: many\nlanguages: [en]\nstart: [{{ message: any }}]\nbegin: a\nstates:\n  a:\n    do:\n{}    end: done\n",
        many.replace("        -", "      -")
    );
    let mut d = Driver::new(&[&flow]);
    d.project.alerts = rules();
    d.user("hi");
    let raised = raise(&d.last).expect("raised");
    assert_eq!(raised.alerts.len(), limits::ALERTS_PER_TURN + 1);
    let last = &raised.alerts[limits::ALERTS_PER_TURN].1;
    assert_eq!((last.about, last.say.as_str()), (About::More, "2 further alerts of one turn are in the journal alone"));
}

#[test]
fn a_refused_template_is_an_alert_with_advice() {
    let mut d = driver();
    for (code, part) in [("132015", "paused"), ("132016", "will not come back"), ("132001", "Compare its name")] {
        let what = ReachChange::TemplateRefused { template: Some("order_ready".to_owned()), code: Some(code.to_owned()) };
        let (channel, kind) = (slug("main-whatsapp"), crate::domain::channel::ChannelKind::WhatsApp);
        d.turn(Some(Input::Reach(Box::new(Reach { channel, kind, what }))));
        let say = d.alerts().pop().expect("an alert");
        assert!(say.contains("`order_ready`") && say.contains(part) && say.contains(code), "{say}");
        assert_eq!(raise(&d.last).expect("raised").alerts[0].0, [slug("operations")]);
    }
}

/// A team's record and the engine.
fn board() -> Driver {
    let mut d = Driver::new(&[]);
    d.project.alerts = rules();
    d
}

fn raised(say: &str, contact: &str, times: u32) -> Raised {
    Raised {
        about: About::Run,
        level: AlertLevel::Warning,
        flow: Some(slug("payment")),
        state: Name::parse("pay").ok(),
        say: say.to_owned(),
        contact: Some(ContactKey::derive(b"s", contact)),
        ending: Some("23".to_owned()),
        simulated: false,
        at: Millis(1_772_445_600_000),
        times,
    }
}

fn alert(d: &mut Driver, raised: Raised) -> Vec<Tell> {
    let alerts = Alerts { team: slug("operations"), raised: vec![raised] };
    tells(&d.turn(Some(Input::Alerts(Box::new(alerts)))))
}

#[test]
fn the_first_is_told_by_every_way_and_equal_ones_together_when_the_window_ends() {
    let mut d = board();
    let told = alert(&mut d, raised("Order 1 failed", "ann", 1));
    assert_eq!(told.iter().map(|tell| tell.to.medium().as_str()).collect::<Vec<_>>(), ["email", "slack"]);
    assert_eq!(told[0].subject, "[warning] payment: Order 1 failed");
    let contact = ContactKey::derive(b"s", "ann");
    assert_eq!(
        told[0].text,
        format!(
            "[warning] payment: Order 1 failed\n\nFlow: payment, state pay\n\
             Contact: {contact} (phone ending in 23)\nSince: 2026-03-02 10:00:00 UTC\n\
             What happened before: replyflow journal export --contact {contact}"
        )
    );
    let decided = d.last.events.iter().filter(|event| matches!(event, Event::Hooked { kind, .. } if kind == "alert.warning"));
    assert_eq!(decided.count(), 2, "each is in the journal");
    assert_eq!(alert(&mut d, raised("Order 2 failed", "ben", 1)), [], "equal without numbers and contact");
    assert_eq!(alert(&mut d, raised("Order 3 failed", "cay", 5)), []);
    assert_eq!(alert(&mut d, raised("Shop closed", "ann", 1)).len(), 2, "another kind is told at once");
    let end = d.last.alarm.expect("the window's end");
    d.now = end - Span::millis(1);
    assert_eq!(tells(&d.turn(None)), []);
    d.now = end;
    let told = tells(&d.turn(None));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].subject, "[warning] payment: Order 1 failed (and 6 more)");
    assert!(told[0].text.contains("It happened 6 more times in the last 15m"), "{}", told[0].text);
    assert_eq!(alert(&mut d, raised("Order 4 failed", "ann", 1)), [], "it goes on: counted for another window");
    d.now = d.last.alarm.expect("its end");
    assert_eq!(tells(&d.turn(None)).len(), 2);
    assert_eq!(d.last.alarm, None, "nothing was counted since");
    d.now = d.now + Span::minutes(16);
    assert_eq!(alert(&mut d, raised("Order 5 failed", "ann", 1)).len(), 2, "after a quiet window it is told at once");
}

#[test]
fn each_person_who_waits_is_told_of() {
    let mut d = board();
    let waits =
        |contact: &str| Raised { about: About::Handoff, level: AlertLevel::Urgent, ..raised("A person waits", contact, 1) };
    let told = alert(&mut d, waits("ann"));
    let take = format!("POST https://bot.example/v1/contacts/{}/handoff/take", ContactKey::derive(b"s", "ann"));
    assert!(told[0].text.contains(&take), "{}", told[0].text);
    assert_eq!(alert(&mut d, waits("ben")).len(), 2);
    assert_eq!(alert(&mut d, waits("ann")), []);
}

#[test]
fn kinds_above_the_limit_are_told_as_one() {
    let mut d = board();
    let word = |i: usize| format!("Kind {} broke", "x".repeat(i + 1));
    for i in 0..limits::ALERT_WINDOWS {
        assert_eq!(alert(&mut d, raised(&word(i), "ann", 1)).len(), 2, "{i}");
    }
    assert_eq!(alert(&mut d, raised(&word(50), "ann", 1)), []);
    assert_eq!(alert(&mut d, raised(&word(51), "ann", 3)), []);
    d.now = d.last.alarm.expect("soon");
    let told = tells(&d.turn(None));
    assert_eq!(told[0].subject, "[warning] 4 more alerts of other kinds");
    assert_eq!(d.last.alarm, None);
}

#[test]
fn what_has_no_room_in_one_turn_is_told_in_the_next() {
    let mut d = board();
    let many = (0..20).map(|i| Way::Email(Address::Email(format!("ops{i}@shop.example")))).collect();
    d.project.alerts.teams["operations"] = team(many, AlertLevel::Info);
    let all = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"].map(|say| raised(say, "ann", 1)).into();
    let mut told = tells(&d.turn(Some(Input::Alerts(Box::new(Alerts { team: slug("operations"), raised: all })))));
    assert_eq!(told.len(), 40, "two of five fit");
    let mut turns = 0;
    while let Some(at) = d.last.alarm {
        d.now = at.max(d.now);
        told.extend(tells(&d.turn(None)));
        turns += 1;
        assert!(turns < 5, "it ends");
    }
    assert_eq!((told.len(), turns), (100, 2));
    let mut twice: Vec<_> =
        told.iter().map(|tell| (tell.subject.clone(), tell.to.clone())).map(|t| format!("{} {:?}", t.0, of(&t.1))).collect();
    twice.sort();
    twice.dedup();
    assert_eq!(twice.len(), 100, "each to each once");
}

fn of(to: &Receiver) -> String {
    match to {
        Receiver::Email(address) | Receiver::Sms(address) => address.reveal().to_owned(),
        Receiver::Slack(n) => n.to_string(),
    }
}

#[test]
fn nothing_but_alerts_happens_to_a_teams_record() {
    let mut d = Driver::new(&[FLOW]);
    d.project.alerts = rules();
    alert(&mut d, raised("Order 1 failed", "ann", 1));
    assert_eq!(d.user("hi"), Vec::<String>::new(), "who answers an alert begins no flow");
    assert!(d.record().runs.is_empty());
    let what = ReachChange::OptedOut { how: "complaint".to_owned() };
    let (channel, kind) = (slug("main-sms"), crate::domain::channel::ChannelKind::Email);
    d.turn(Some(Input::Reach(Box::new(Reach { channel, kind, what }))));
    assert_eq!(d.last.stop, 0, "a complaint about an alert stops no alerts");
    d.project.alerts.teams.shift_remove("operations");
    assert_eq!(alert(&mut d, raised("Shop closed", "ann", 1)), [], "a team that is no more");
    assert_eq!(d.last.alarm, None);
}

#[test]
fn what_the_service_says_of_a_turn_that_cannot_be_made_goes_to_the_receivers() {
    let (contact, token) = (ContactKey::derive(b"s", "ann"), crate::domain::id::Token(7));
    let mut d = board();
    let say = |d: &Driver| of_service(&d.project, contact, token, "It was set aside", AlertLevel::Urgent, Millis(0));
    let (id, effect) = say(&d).expect("told");
    assert_eq!(id, token.effect(0), "the same however often it is decided");
    let Effect::Raise(raise) = effect else { panic!("{effect:?}") };
    assert_eq!(raise.alerts[0].0, [slug("operations")]);
    let told = alert(&mut d, raise.alerts[0].1.clone());
    assert!(told[0].text.contains("replyflow failed list"), "{}", told[0].text);
    d.project.alerts.receivers.clear();
    assert_eq!(say(&d), None);
}
