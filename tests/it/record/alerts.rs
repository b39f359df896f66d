//! What operators were told: found by every filter and page by page, also what was written down by an earlier release.

use super::entries::*;
use super::{Ground, on_both};
use replyflow::domain::id::RunId;
use replyflow::domain::journal::{AlertLevel, Event};
use replyflow::domain::mode::Mode;
use replyflow::domain::time::Millis;
use replyflow::history::read::{AlertFilter, alerts};
use replyflow::history::{Statement, schema};

on_both!(
    alerts_are_chosen_by_every_filter,
    alerts_of_one_moment_are_paged_without_a_gap,
    alerts_of_earlier_releases_are_found_as_well,
    alerts_of_an_earlier_release_beside_this_one_are_found_as_well,
);

const NOW: Millis = Millis(START + 1_000_000);

fn alert(run: Option<u64>, say: &str, to: Option<&str>, level: AlertLevel) -> Event {
    Event::Alert { run: run.map(RunId), say: say.to_owned(), to: to.map(slug), level }
}

/// What is found, as texts.
async fn found(ground: &Ground, filter: AlertFilter) -> Vec<String> {
    alerts(&ground.database, &filter, None, 50).await.expect("read").into_iter().map(|alert| alert.text).collect()
}

async fn alerts_are_chosen_by_every_filter(ground: Ground) {
    let (mut journal, ann, ben) = (Journal::default(), contact("ann"), contact("ben"));
    journal.at(0, ann, vec![started(7, "shop"), alert(Some(7), "one", Some("payments"), AlertLevel::Urgent)]);
    journal.at(10, ben, vec![alert(None, "two", None, AlertLevel::Warning)]);
    // What looks like a field of it stands in its words.
    let words = r#"three "level":"urgent","to":"payments""#;
    journal.at(20, ann, vec![alert(Some(7), words, Some("sales"), AlertLevel::Info)]);
    journal.in_test(30, contact("tess"), vec![alert(None, "tried", Some("payments"), AlertLevel::Urgent)]);
    assert_eq!(ground.writer().append(3, journal.items, NOW).await, Ok(4));
    let all = AlertFilter::default;
    assert_eq!(found(&ground, all()).await, [words, "two", "one"], "the newest first");
    assert_eq!(found(&ground, AlertFilter { mode: Mode::Test, ..all() }).await, ["tried"]);
    assert_eq!(found(&ground, AlertFilter { level: Some(AlertLevel::Urgent), ..all() }).await, ["one"]);
    assert_eq!(found(&ground, AlertFilter { level: Some(AlertLevel::Info), ..all() }).await, [words]);
    assert_eq!(found(&ground, AlertFilter { team: Some(slug("payments")), ..all() }).await, ["one"]);
    assert_eq!(found(&ground, AlertFilter { contact: Some(ben), ..all() }).await, ["two"]);
    assert_eq!(found(&ground, AlertFilter { flow: Some("shop".to_owned()), ..all() }).await, [words, "one"]);
    let (since, until) = (Some(Millis(START + 10_000)), Some(Millis(START + 20_000)));
    assert_eq!(found(&ground, AlertFilter { since, until, ..all() }).await, ["two"]);
    let whole = alerts(&ground.database, &all(), None, 50).await.expect("read").remove(2);
    assert_eq!((whole.team.as_deref(), whole.flow.as_deref(), whole.level.as_str()), (Some("payments"), Some("shop"), "urgent"));
    assert_eq!((whole.contact, whole.run, whole.at), (ann.to_string(), Some(RunId(7).to_string()), Millis(START)));
}

async fn alerts_of_one_moment_are_paged_without_a_gap(ground: Ground) {
    let mut journal = Journal::default();
    for n in 0..5 {
        let said = (0..3).map(|i| alert(None, &format!("{n}-{i}"), None, AlertLevel::Warning)).collect();
        journal.at(0, contact(&n.to_string()), said);
    }
    assert_eq!(ground.writer().append(3, journal.items, NOW).await, Ok(5));
    let (mut seen, mut place) = (Vec::new(), None);
    loop {
        let page = alerts(&ground.database, &AlertFilter::default(), place.as_ref(), 4).await.expect("read");
        let Some(last) = page.last() else { break };
        place = Some(last.place());
        seen.extend(page.into_iter().map(|alert| alert.text));
    }
    assert_eq!(seen.len(), 15, "{seen:?}");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 15, "none twice: {seen:?}");
}

/// The layout before had neither column; what it held is told from the words of the journal.
async fn alerts_of_earlier_releases_are_found_as_well(ground: Ground) {
    let (mut journal, ann) = (Journal::default(), contact("ann"));
    let words = r#"two "level":"urgent","to":"sales""#;
    journal.at(0, ann, vec![alert(None, "one", Some("payments"), AlertLevel::Urgent)]);
    journal.at(1, ann, vec![alert(None, words, None, AlertLevel::Info)]);
    assert_eq!(ground.writer().append(3, journal.items, NOW).await, Ok(2));
    let filled = ground.lines("SELECT level, team FROM happening ORDER BY at").await;
    assert_eq!(filled, ["urgent|payments", "info|–"]);
    let step = schema::after(10).next().expect("a step").text(ground.database.dialect());
    let fill = step.split(';').find(|part| part.contains("UPDATE happening")).expect("it fills them").to_owned();
    // Statements of the record are constants; this one is of the release itself.
    let fill: &'static str = Box::leak(fill.into_boxed_str());
    ground.database.write(vec![Statement::new("UPDATE happening SET level = NULL, team = NULL", [])]).await.expect("emptied");
    assert_eq!(ground.lines("SELECT level, team FROM happening ORDER BY at").await, ["–|–", "–|–"]);
    ground.database.write(vec![Statement::new(fill, [])]).await.expect("filled");
    assert_eq!(ground.lines("SELECT level, team FROM happening ORDER BY at").await, filled);
}

/// Instances of the release before go on for a while when this one is rolled out, and fill no column that they do not know.
async fn alerts_of_an_earlier_release_beside_this_one_are_found_as_well(ground: Ground) {
    let mut journal = Journal::default();
    journal.at(0, contact("ann"), vec![alert(None, "one", Some("pay_ments"), AlertLevel::Urgent)]);
    let words = r#"two "level":"urgent","to":"pay_ments""#;
    journal.at(1, contact("ann"), vec![alert(None, words, Some("payxments"), AlertLevel::Info)]);
    assert_eq!(ground.writer().append(3, journal.items, NOW).await, Ok(2));
    ground.database.write(vec![Statement::new("UPDATE happening SET level = NULL, team = NULL", [])]).await.expect("emptied");
    let all = AlertFilter::default;
    let shown = alerts(&ground.database, &all(), None, 50).await.expect("read").remove(1);
    assert_eq!((shown.level.as_str(), shown.team.as_deref()), ("urgent", Some("pay_ments")));
    assert_eq!(found(&ground, AlertFilter { level: Some(AlertLevel::Urgent), ..all() }).await, ["one"]);
    assert_eq!(found(&ground, AlertFilter { team: Some(slug("pay_ments")), ..all() }).await, ["one"]);
}
