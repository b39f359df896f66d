//! Two contacts become one: who says what to whom, and what the one that stays makes of both records.

use super::driver::{Driver, MONDAY, language, slug};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, EffectId, Token};
use crate::domain::input::Input;
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::merge::{Blob, Merge};
use crate::domain::name::Name;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::{Heard, Record, Withdrew};

pub fn other() -> ContactKey {
    ContactKey::derive(b"test", "bsuid:GB.1")
}

pub fn third() -> ContactKey {
    ContactKey::derive(b"test", "email:ann@example.com")
}

fn flow(name: &str) -> String {
    format!(
        "\
flow: {name}
start:
  - keyword: {name}
begin: ask
states:
  ask:
    ask: Which one, {name}?
    answer: text
    go: {{ ok: {{ say: 'Thank you for {name}', end: done }}, silence: {{ after: 2h, end: silent }} }}
"
    )
}

pub fn driver() -> Driver {
    let flows = ["a", "b", "c"].map(flow);
    Driver::new(&flows.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn step(driver: &mut Driver, step: Merge) -> Vec<Moving> {
    driver.turn(Some(Input::Merge(Box::new(step))));
    let moving = |(_, effect): &(EffectId, Effect)| match effect {
        Effect::Move(step) => Some((**step).clone()),
        _ => None,
    };
    driver.last.effects.iter().filter_map(moving).collect()
}

pub fn take(from: ContactKey) -> Merge {
    Merge::Take { from, by: "an operator".to_owned() }
}

pub fn come(into: ContactKey) -> Merge {
    Merge::Come { into, asked: Driver::key(), simulated: true, test: false }
}

pub fn arrived(from: &Driver) -> Merge {
    let awaited = from.record().runs.iter().filter_map(|run| run.question()?.awaited).collect();
    Merge::Arrived { from: other(), asked: other(), record: Blob(from.bytes().to_vec()), awaited }
}

#[test]
fn whoever_is_asked_first_waits_for_the_other() {
    let mut stays = driver();
    let invited = step(&mut stays, take(other()));
    assert_eq!(invited, [Moving::Invite { from: other(), simulated: true, test: false }]);
    assert_eq!(stays.record().coming, [other()]);
    assert_eq!(step(&mut stays, take(other())), invited, "asked again it asks again");
    assert_eq!(stays.record().coming, [other()]);
    // As long as somebody is coming it goes nowhere itself.
    let refused = step(&mut stays, come(third()));
    assert!(
        matches!(&refused[..], [Moving::Refuse { to, asked, .. }] if *to == third() && *asked == Driver::key()),
        "{refused:?}"
    );
    assert_eq!(stays.record().leaving, None);
    step(&mut stays, Merge::Refused { asked: other(), why: "it does not want to".to_owned() });
    assert!(stays.record().coming.is_empty());
    assert!(stays.alerts()[0].contains("it does not want to"), "{:?}", stays.alerts());
    step(&mut stays, Merge::Refused { asked: other(), why: "again".to_owned() });
    assert!(stays.alerts().is_empty(), "told once");
    assert!(step(&mut stays, take(Driver::key())).is_empty(), "with itself it is one");
}

#[test]
fn whoever_goes_holds_still_and_goes_to_one_place() {
    let mut goes = driver();
    goes.user("a");
    let go = Moving::Go { into: other(), asked: Driver::key() };
    assert_eq!(step(&mut goes, come(other())), vec![go.clone()]);
    assert!(goes.last.hold, "what it is told waits");
    assert!(step(&mut goes, come(other())).is_empty(), "it is on its way");
    assert!(matches!(&step(&mut goes, come(third()))[..], [Moving::Refuse { to, .. }] if *to == third()));
    assert!(step(&mut goes, take(third())).is_empty(), "nobody comes to who leaves");
    assert_eq!(step(&mut goes, Merge::Again), [go]);
    step(&mut goes, Merge::Stay { why: "no".to_owned() });
    assert!(!goes.last.hold && goes.record().leaving.is_none());
    assert_eq!(goes.user("red"), ["Thank you for a"], "as if nothing had been");
    assert!(step(&mut goes, Merge::Again).is_empty());
    // Nobody real becomes part of somebody simulated.
    let real = Merge::Come { into: other(), asked: Driver::key(), simulated: false, test: false };
    assert!(matches!(&step(&mut goes, real)[..], [Moving::Refuse { .. }]));
    // Nor does anybody who is none become part of a test contact, and the other way round.
    let tried = Merge::Come { into: other(), asked: Driver::key(), simulated: true, test: true };
    assert!(matches!(&step(&mut goes, tried.clone())[..], [Moving::Refuse { .. }]));
    goes.change(|record| record.test = true);
    assert!(matches!(&step(&mut goes, come(other()))[..], [Moving::Refuse { .. }]));
    assert!(matches!(&step(&mut goes, tried)[..], [Moving::Go { .. }]));
}

#[test]
fn a_clock_that_was_moved_is_no_ones_else() {
    let mut stays = driver();
    stays.change(|record| record.clock.ahead = crate::domain::time::Span::hours(1));
    assert!(step(&mut stays, take(other())).is_empty());
    assert!(matches!(&step(&mut stays, come(other()))[..], [Moving::Refuse { .. }]));
}

#[test]
fn an_open_question_waits_until_the_other_one_is_answered() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("a");
    stays.user("b");
    stays.change(|record| record.coming = vec![other()]);
    step(&mut stays, arrived(&goes));
    assert!(stays.last.events.contains(&Event::TookIn { from: other() }));
    assert_eq!((stays.record().coming, stays.record().merged), (vec![other()], vec![other()]), "its mailbox is on the way");
    assert_eq!(stays.record().runs.len(), 2);
    assert_eq!(stays.last.live.iter().map(|(_, n)| n).sum::<i64>(), 1, "counted here from now on");
    assert!(stays.last.effects.is_empty(), "nothing is said because of it");
    assert!(
        goes.record().runs[0]
            .question()
            .and_then(|question| question.awaited)
            .is_some_and(|id| stays.last.await_add.contains(&id))
    );
    step(&mut stays, Merge::Linked { address: other(), stop: 0 });
    assert!(stays.record().coming.is_empty(), "all of it is here");
    assert_eq!(stays.user("red"), ["Thank you for b", "Which one, a?"], "now it is asked again");
    assert_eq!(stays.user("blue"), ["Thank you for a"]);
    assert!(stays.record().runs.is_empty());
}

#[test]
fn a_question_stays_open_where_no_other_is() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("a");
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.user("blue"), ["Thank you for a"]);
    // A contact who began nothing yet.
    let nothing = Merge::Arrived { from: third(), asked: third(), record: Blob(Vec::new()), awaited: Vec::new() };
    step(&mut stays, nothing);
    assert_eq!(stays.record().merged, [other(), third()]);
    let broken = Merge::Arrived { from: third(), asked: third(), record: Blob(vec![1, 0xff]), awaited: Vec::new() };
    assert!(stays.try_turn(Some(Input::Merge(Box::new(broken)))).is_err(), "set aside for an operator, not lost");
}

#[test]
fn stop_ends_what_is_under_way_on_both_sides() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("STOP");
    stays.user("b");
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.ends(), ["opted_out"]);
    assert!(stays.record().is_stopped(ChannelKind::Sms));
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("a");
    stays.user("STOP");
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.ends(), ["opted_out"]);
    assert!(stays.record().runs.is_empty());
    assert_eq!(stays.last.live.iter().map(|(_, n)| n).sum::<i64>(), 0);
    // Both said so: nothing more happens.
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("STOP");
    stays.user("STOP");
    step(&mut stays, arrived(&goes));
    assert!(stays.ends().is_empty());
}

#[test]
fn runs_for_which_there_is_no_room_end() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("a");
    stays.user("b");
    let many = |record: &mut Record| {
        let run = record.runs[0].clone();
        record.runs = (0..15)
            .map(|n| {
                let mut run = run.clone();
                run.id = crate::domain::id::RunId(run.id.0.wrapping_add(n));
                run.waiting = crate::engine::record::Waiting::Turn;
                run
            })
            .collect();
    };
    goes.change(many);
    stays.change(|record| {
        many(record);
        record.runs.iter_mut().for_each(|run| run.id.0 ^= 1 << 63);
    });
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.ends().len(), 30 - limits::RUNS_PER_CONTACT);
    assert_eq!(stays.last.live.iter().map(|(_, n)| n).sum::<i64>(), 20 - 15);
}

#[test]
fn who_the_person_is_comes_from_the_one_that_stays_and_the_other_fills_gaps() {
    let name = |text: &str| Name::parse(text).expect("a name");
    let mut stays = Record {
        name: Some("Ann".to_owned()),
        tags: vec![slug("vip")],
        attributes: vec![(name("city"), Value::text("Leeds"))],
        heard: vec![Heard { channel: slug("main-sms"), at: Millis(5) }],
        ..Record::default()
    };
    let other = Record {
        name: Some("A.".to_owned()),
        email: Some("ann@example.com".to_owned()),
        language: Some(language("es")),
        tags: vec![slug("new"), slug("vip")],
        attributes: vec![(name("city"), Value::text("York")), (name("plan"), Value::text("gold"))],
        heard: vec![Heard { channel: slug("main-sms"), at: Millis(3) }, Heard { channel: slug("main-whatsapp"), at: Millis(9) }],
        merged: vec![third()],
        ..Record::default()
    };
    stays.take_in(other, MONDAY);
    assert_eq!((stays.name.as_deref(), stays.email.as_deref()), (Some("Ann"), Some("ann@example.com")));
    assert_eq!((stays.language, stays.tags), (Some(language("es")), vec![slug("vip"), slug("new")]));
    assert_eq!(stays.attributes, [(name("city"), Value::text("Leeds")), (name("plan"), Value::text("gold"))]);
    assert_eq!(stays.heard.iter().map(|heard| heard.at).collect::<Vec<_>>(), [Millis(5), Millis(9)]);
    assert_eq!(stays.merged, [third()]);
}

#[test]
fn a_yes_counts_only_if_the_other_never_said_no() {
    let (yes, no, silent) = (
        Record { consent: ChannelKind::Sms.stop_bit(), ..Record::default() },
        Record { withdrew: vec![Withdrew { kind: ChannelKind::Sms, at: Millis(7) }], ..Record::default() },
        Record::default(),
    );
    let stopped = Record { stop: ChannelKind::Sms.stop_bit(), ..Record::default() };
    let cases = [
        (&yes, &yes, true),
        (&yes, &silent, true),
        (&silent, &yes, true),
        (&yes, &no, false),
        (&no, &yes, false),
        (&yes, &stopped, false),
        (&stopped, &yes, false),
        (&silent, &silent, false),
        (&no, &no, false),
    ];
    for (n, (stays, other, agreed)) in cases.into_iter().enumerate() {
        let mut record = stays.clone();
        record.take_in(other.clone(), MONDAY);
        assert_eq!(record.agreed().count() == 1, agreed, "case {n}");
        let stopped = stays.stop | other.stop != 0;
        assert_eq!(record.is_stopped(ChannelKind::Sms), stopped, "case {n}");
    }
    // A yes after a no of one's own is a yes.
    let again = Record { consent: ChannelKind::Sms.stop_bit(), ..no };
    let mut record = again.clone();
    record.take_in(silent, MONDAY);
    assert_eq!(record.agreed().count(), 1);
}

#[test]
fn only_so_much_is_kept_of_both() {
    let tracked = |n: u64| crate::engine::record::Tracked {
        effect: Token(n).effect(0),
        run: None,
        flow: None,
        notification: None,
        channel: slug("main-sms"),
        kind: ChannelKind::Sms,
        at: Millis(i64::try_from(n).expect("small")),
        status: crate::domain::message::DeliveryStatus::Queued,
        reason: None,
        errand: None,
        code: None,
        watched: true,
        untold: 0,
        replied: false,
        unsure: false,
        parts: Vec::new(),
    };
    let most = limits::TRACKED as u64;
    let mut stays = Record { tracked: (0..most).map(tracked).collect(), ..Record::default() };
    let other = Record { tracked: (most..most + 3).map(tracked).collect(), ..Record::default() };
    let taken = stays.take_in(other, MONDAY);
    assert_eq!((stays.tracked.len(), taken.untracked), (limits::TRACKED, (0..3).map(|n| Token(n).effect(0)).collect::<Vec<_>>()));
    let mut full = Record::default();
    for n in 0..limits::MERGED + 5 {
        let merged = vec![ContactKey::derive(b"test", &n.to_string())];
        full.take_in(Record { merged, ..Record::default() }, MONDAY);
    }
    assert_eq!(full.merged.len(), limits::MERGED);
}
