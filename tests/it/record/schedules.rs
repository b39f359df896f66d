//! Schedules in SQL: two instances that come at the same time make each broadcast once.

use super::broadcasts::{broadcast, contact, found, plan};
use super::{Ground, on_both};
use replyflow::domain::broadcast::BroadcastId;
use replyflow::domain::broadcast_plan::Audience;
use replyflow::domain::mode::Mode;
use replyflow::domain::schedule::{Every, Rule, Zone};
use replyflow::domain::time::{Millis, Span};
use replyflow::history::broadcasts;
use replyflow::history::broadcasts::schedules::{self, Schedule};

on_both!(a_schedule_makes_each_broadcast_once);

async fn a_schedule_makes_each_broadcast_once(ground: Ground) {
    let database = &ground.database;
    let zone = jiff::tz::TimeZone::UTC;
    let rule = Rule { every: Every::Day, time: jiff::civil::time(9, 0, 0, 0), zone: Zone::Project };
    let noon = Millis("2026-03-02T12:00:00Z".parse::<jiff::Timestamp>().expect("a moment").as_millisecond());
    let schedule = Schedule {
        id: "s_1".to_owned(),
        mode: Mode::Live,
        name: "daily".to_owned(),
        created_at: noon,
        created_by: "ann".to_owned(),
        changed_at: noon,
        paused_at: None,
        next: rule.next(&zone, noon),
        rule,
        plan: plan(),
        audience: Audience::Listed(2),
        last_at: None,
        last_broadcast: None,
        missed: 0,
    };
    let listed = [contact(1), contact(2)];
    database.write(vec![schedules::insert(&schedule, Some(&listed))]).await.expect("written");
    assert_eq!(schedules::find(database, "s_1").await.expect("read").as_ref(), Some(&schedule), "as it was made");
    let first = schedule.next.expect("a time");
    assert!(schedules::due(database, Millis(first.at.0 - 1), 9).await.expect("read").is_empty());
    assert_eq!(schedules::due(database, first.at, 9).await.expect("read").len(), 1);
    let made = broadcast(7, Mode::Live);
    let next = schedule.rule.next(&zone, first.at);
    // Two instances come at the same time.
    let advance = || schedules::advance(database, &schedule, next, Some(&made), 0);
    let (one, two) = tokio::join!(advance(), advance());
    assert_eq!([one.expect("written"), two.expect("written")].iter().filter(|first| **first).count(), 1);
    let kept = broadcasts::listed(database, made.id).await.expect("read");
    assert_eq!((kept.as_slice(), found(database, 7).await.schedule.as_deref()), (&listed[..], Some("s_1")));
    let after = schedules::find(database, "s_1").await.expect("read").expect("there");
    assert_eq!((after.next, after.last_broadcast, after.missed), (next, Some(made.id), 0));
    // A time that is left out makes nothing and is counted.
    let later = after.rule.next(&zone, next.expect("a time").at + Span::days(3));
    assert!(schedules::advance(database, &after, later, None, 3).await.expect("written"));
    let mut last = schedules::find(database, "s_1").await.expect("read").expect("there");
    assert_eq!((last.next, last.missed), (later, 3));
    // Somebody changed it in between: what was read before is not made.
    let stale = Schedule { changed_at: Millis(last.changed_at.0 - 1), ..last.clone() };
    assert!(!schedules::advance(database, &stale, None, Some(&broadcast(8, Mode::Live)), 0).await.expect("written"));
    assert_eq!(broadcasts::find(database, BroadcastId::of(8)).await.expect("read"), None);
    assert_eq!(broadcasts::live(database).await.expect("counted"), 1);
    // A change builds on what was seen; one that is paused makes nothing.
    let before = last.changed_at;
    (last.paused_at, last.changed_at) = (Some(noon), Millis(before.0 + 1));
    let changed =
        |last: Schedule| async move { database.write(vec![schedules::update(&last, before, None)]).await.expect("written") };
    assert_eq!(changed(last.clone()).await, [1]);
    assert_eq!(changed(last.clone()).await, [0]);
    assert!(schedules::due(database, Millis(i64::MAX / 2), 9).await.expect("read").is_empty());
    database.write(vec![schedules::delete("s_1")]).await.expect("written");
    assert_eq!(schedules::count(database).await.expect("counted"), 0);
}
