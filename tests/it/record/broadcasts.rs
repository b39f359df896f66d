//! Broadcasts and schedules as rows: what changes names what it found, and of two who change the same thing one sees it.

use super::{Ground, on_both};
use replyflow::domain::broadcast::{BroadcastId, Reentry, Refusal};
use replyflow::domain::broadcast_plan::{Audience, Content, Contents, Plan, What};
use replyflow::domain::broadcast_state::BroadcastState;
use replyflow::domain::id::ContactKey;
use replyflow::domain::mode::Mode;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::history::audit::Act;
use replyflow::history::broadcasts::pieces::{Page, Whence};
use replyflow::history::broadcasts::{self, Broadcast, BroadcastFilter, Counts, members, moves, pieces, progress};
use replyflow::history::query::Selection;
use replyflow::history::{Database, Statement};

on_both!(
    a_broadcast_is_moved_by_one_of_two,
    one_instance_works_on_it_until_its_lease_ends,
    an_audience_is_found_in_pages_and_each_is_written_once,
    pieces_are_handed_over_in_their_time_and_counted_once,
    mornings_that_are_past_come_again,
    whoever_had_it_before_is_known,
    what_did_not_leave_was_not_had,
    what_became_of_it_is_counted,
    what_is_over_goes_after_its_age,
);

pub(super) fn contact(n: usize) -> ContactKey {
    ContactKey::derive(b"s", &n.to_string())
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

pub(super) fn plan() -> Plan {
    let content = Content { what: What::Flow(slug("sale")), with: Vec::new(), version: None };
    Plan { contents: Contents::One(content), holdout: 0, again: Reentry::Never, morning: None, rate: None }
}

pub(super) fn broadcast(n: u64, mode: Mode) -> Broadcast {
    let what = (plan(), Audience::Query("tag = vip".to_owned()));
    let made = Broadcast::new(BroadcastId::of(n), mode, format!("number {n}"), what, Millis(1_000));
    Broadcast { created_at: Millis(n as i64), created_by: "a test".to_owned(), ..made }
}

async fn made(database: &Database, n: u64) -> Broadcast {
    let broadcast = broadcast(n, Mode::Live);
    database.write(vec![broadcasts::insert(&broadcast, None)]).await.expect("written");
    broadcast
}

pub(super) async fn found(database: &Database, n: u64) -> Broadcast {
    broadcasts::find(database, BroadcastId::of(n)).await.expect("read").expect("there")
}

fn person(n: usize, mode: Mode, timezone: Option<&str>) -> Statement {
    let sql = "INSERT INTO contact (id, mode, timezone, created_at, changed_at) VALUES ($1, $2, $3, 0, 0)";
    Statement::new(sql, [contact(n).into(), mode.as_str().into(), timezone.into()])
}

async fn a_broadcast_is_moved_by_one_of_two(ground: Ground) {
    use BroadcastState::{Paused, Resolving, Running, Scheduled};
    let database = &ground.database;
    let one = made(database, 1).await;
    assert_eq!(found(database, 1).await, one, "as it was made");
    let again = Broadcast { name: "another".to_owned(), ..one.clone() };
    database.write(vec![broadcasts::insert(&again, None)]).await.expect("written");
    assert_eq!(found(database, 1).await.name, "number 1", "the same name makes nothing new");
    let id = one.id;
    let step = |from, to, at| moves::step(database, id, (from, to), Millis(at), None);
    assert!(step(Scheduled, Resolving, 2_000).await.expect("written"));
    assert!(!step(Scheduled, Resolving, 2_001).await.expect("written"), "somebody else did");
    let act = Act {
        at: Millis(3_000),
        who: "ann".to_owned(),
        key: None,
        mode: Mode::Live,
        action: "broadcast.pause".to_owned(),
        target: Some(id.to_string()),
        detail: serde_json::json!({}),
        request: None,
    };
    for (to, moves_it) in [(Paused, true), (Paused, false)] {
        let done = moves::step_noted(database, id, (Resolving, to), Millis(3_000), (&act, 7)).await.expect("written");
        assert_eq!(done, moves_it);
    }
    assert_eq!(ground.count("SELECT count(*) FROM audit").await, 1, "only what was done is written down");
    assert!(step(Paused, Scheduled, 4_000).await.expect("written"));
    assert!(step(Scheduled, Resolving, 5_000).await.expect("written"));
    assert!(step(Resolving, Running, 6_000).await.expect("written"));
    assert!(step(Running, BroadcastState::Done, 7_000).await.expect("written"));
    let done = found(database, 1).await;
    assert_eq!((done.begun_at, done.resolved_at, done.ended_at), (Some(Millis(2_000)), Some(Millis(6_000)), Some(Millis(7_000))));
    database.write(vec![broadcasts::insert(&broadcast(9, Mode::Test), None)]).await.expect("written");
    for n in 2..=5 {
        made(database, n).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let filter = BroadcastFilter { after: after.take(), ..BroadcastFilter::default() };
        let page = broadcasts::list(database, &filter, 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = Some((last.created_at.0, last.id.to_string()));
        seen.extend(page.iter().map(|one| one.created_at.0));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1], "those of one mode, the newest first");
    let filter = BroadcastFilter { state: Some(BroadcastState::Done), ..BroadcastFilter::default() };
    assert_eq!(broadcasts::list(database, &filter, 9).await.expect("a page").len(), 1);
    assert_eq!(broadcasts::live(database).await.expect("counted"), 5);
}

async fn one_instance_works_on_it_until_its_lease_ends(ground: Ground) {
    let database = &ground.database;
    let id = made(database, 1).await.id;
    assert!(moves::waiting(database, Millis(999), 9).await.expect("read").is_empty(), "its time has not come");
    assert_eq!(moves::waiting(database, Millis(1_000), 9).await.expect("read"), [id]);
    let own = |who: &'static str, at: i64| moves::own(database, id, who, Millis(at));
    assert!(own("a", 1_000).await.expect("written") && !own("b", 1_001).await.expect("written"));
    assert!(moves::waiting(database, Millis(1_001), 9).await.expect("read").is_empty(), "somebody works on it");
    assert!(own("a", 2_000).await.expect("written"), "one's own is gone on with");
    let ends = 2_000 + moves::LEASE.0;
    assert!(!own("b", ends - 1).await.expect("written") && own("b", ends).await.expect("written"));
    assert_eq!(moves::keep(database, id, "a", Millis(ends)).await.expect("written"), None, "it is another's now");
    assert_eq!(moves::keep(database, id, "b", Millis(ends)).await.expect("written"), Some(BroadcastState::Scheduled));
    moves::leave_until(database, id, "b", Millis(ends + 5)).await.expect("written");
    assert!(!own("a", ends + 4).await.expect("written") && own("a", ends + 5).await.expect("written"));
    moves::leave(database, id, "a").await.expect("written");
    assert!(own("b", 3_000).await.expect("written"));
    moves::step(database, id, (BroadcastState::Scheduled, BroadcastState::Cancelled), Millis(3_000), None)
        .await
        .expect("written");
    assert!(!own("c", i64::MAX / 2).await.expect("written"), "what is over is nobody's");
}

async fn an_audience_is_found_in_pages_and_each_is_written_once(ground: Ground) {
    let database = &ground.database;
    let mut people: Vec<Statement> = (0..10).map(|n| person(n, Mode::Live, (n % 2 == 0).then_some("Europe/Madrid"))).collect();
    people.push(person(10, Mode::Test, None));
    let row = "INSERT INTO import_row (job, n, result, contact) VALUES ('j', $1, 'created', $2)";
    people.extend([0usize, 3, 0, 10].iter().enumerate().map(|(i, n)| Statement::new(row, [i.into(), contact(*n).into()])));
    database.write(people).await.expect("written");
    let mut all: Vec<ContactKey> = (0..10).map(contact).collect();
    all.sort_unstable();
    let everybody = Whence::Query(Selection { sql: "1 = 1".to_owned(), params: Vec::new() });
    let listed = Whence::listed(all.iter().rev().chain(&all).copied().collect());
    for whence in [everybody, listed] {
        let (mut after, mut seen) = (String::new(), Vec::new());
        loop {
            let page = whence.page(database, Mode::Live, &after, 4).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = last.contact.to_string();
            seen.extend(page);
        }
        assert_eq!(seen.iter().map(|found| found.contact).collect::<Vec<_>>(), all, "each once, in order");
        assert_eq!(seen.iter().filter(|found| found.timezone.as_deref() == Some("Europe/Madrid")).count(), 5);
        assert_eq!(whence.count(database, Mode::Live).await.expect("counted"), 10);
    }
    let import = Whence::Import("j".to_owned());
    assert_eq!(import.page(database, Mode::Live, "", 9).await.expect("a page").len(), 2, "each once, and none of another mode");
    assert_eq!(import.count(database, Mode::Live).await.expect("counted"), 2);
    let id = made(database, 1).await.id;
    moves::own(database, id, "a", Millis(1_000)).await.expect("written");
    let page = |owner: &'static str, after: Option<&'static str>| Page { id, owner, after, pieces: 0 };
    let cut = [(Millis(5), all[..3].to_vec()), (Millis(9), all[3..5].to_vec())];
    assert!(!pieces::write(database, page("a", None), all[4], &cut).await.expect("written"), "it does not look for contacts yet");
    moves::step(database, id, (BroadcastState::Scheduled, BroadcastState::Resolving), Millis(1_000), None)
        .await
        .expect("written");
    assert!(!pieces::write(database, page("b", None), all[4], &cut).await.expect("written"), "another's");
    assert!(pieces::write(database, page("a", None), all[4], &cut).await.expect("written"));
    assert!(!pieces::write(database, page("a", None), all[4], &cut).await.expect("written"), "written before");
    let now = found(database, 1).await;
    assert_eq!((now.total, now.pieces, now.place), (5, 2, Some(all[4].to_string())));
    assert_eq!(ground.count("SELECT count(*) FROM broadcast_piece").await, 2);
}

async fn pieces_are_handed_over_in_their_time_and_counted_once(ground: Ground) {
    let database = &ground.database;
    let id = made(database, 1).await.id;
    moves::own(database, id, "a", Millis(1_000)).await.expect("written");
    moves::step(database, id, (BroadcastState::Scheduled, BroadcastState::Resolving), Millis(1_000), None)
        .await
        .expect("written");
    let cut = [(Millis(90), vec![contact(1), contact(2)]), (Millis(50), vec![contact(3)])];
    assert!(pieces::write(database, Page { id, owner: "a", after: None, pieces: 0 }, contact(3), &cut).await.expect("written"));
    let next = || async { pieces::next(database, id).await.expect("read") };
    let first = next().await.expect("a piece");
    assert_eq!((first.n, first.due, first.begun_at, &first.contacts[..]), (1, Millis(50), None, &[contact(3)][..]));
    pieces::begun(database, id, 1, Millis(7)).await.expect("written");
    pieces::begun(database, id, 1, Millis(8)).await.expect("written");
    assert_eq!(next().await.expect("a piece").begun_at, Some(Millis(7)), "since it was begun first");
    let rows = || vec![members::skipped(id, contact(3), Refusal::Holdout, None, Millis(9))];
    let counts = Counts { fed: 0, held: 1, gone: 0 };
    // Two instances hand it over, and both end it at the same moment.
    let ended = || pieces::ended(database, (id, 1), counts, Millis(9), rows());
    let (one, two) = tokio::join!(ended(), ended());
    one.and(two).expect("written");
    let second = next().await.expect("a piece");
    assert_eq!((second.n, second.contacts.len()), (0, 2));
    pieces::ended(database, (id, 0), Counts { fed: 1, held: 0, gone: 1 }, Millis(9), Vec::new()).await.expect("written");
    assert_eq!(next().await, None);
    let now = found(database, 1).await;
    assert_eq!((now.fed, now.held, now.gone), (1, 1, 1), "each piece is counted once");
    let held = members::list(database, id, Some(Refusal::Holdout), "", 9).await.expect("read");
    assert_eq!(held.iter().map(|member| (member.contact, member.at)).collect::<Vec<_>>(), [(contact(3), Millis(9))]);
    assert!(members::list(database, id, Some(Refusal::Capped), "", 9).await.expect("read").is_empty());
    database.write(vec![person(1, Mode::Live, None), person(2, Mode::Test, None)]).await.expect("written");
    let known = pieces::known(database, Mode::Live, &[contact(1), contact(2), contact(3)]).await.expect("read");
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [contact(1)]);
}

fn run(n: usize, id: &str, at: i64, broadcast: Option<BroadcastId>, arm: &str) -> Statement {
    let sql = "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, day, broadcast)
               VALUES ($1, $2, 'live', 'sale', '0000000000000001', 'main-sms', 'en', $3, $4, '2026-03-02', $5)";
    Statement::new(sql, [contact(n).into(), id.into(), arm.into(), at.into(), broadcast.map(|id| id.to_string()).into()])
}

fn message(n: usize, id: &str, direction: &str, status: &str, broadcast: BroadcastId) -> Statement {
    let sql =
        "INSERT INTO message (id, contact, mode, direction, run, flow, notification, content, status, status_at, at, broadcast)
               VALUES ($1, $2, 'live', $3, $4, 'sale', 'news', '', $5, 5, 5, $6)";
    let run = format!("r{n}");
    let of = broadcast.to_string();
    Statement::new(sql, [id.into(), contact(n).into(), direction.into(), run.into(), status.into(), of.into()])
}

async fn whoever_had_it_before_is_known(ground: Ground) {
    let database = &ground.database;
    let (this, other) = (BroadcastId::of(1), BroadcastId::of(2));
    let runs = vec![
        run(1, "r1", 100, None, ""),
        run(2, "r2", 500, Some(other), ""),
        run(3, "r3", 500, Some(this), ""),
        message(4, "m4", "out", "sent", other),
    ];
    database.write(runs).await.expect("written");
    let all: Vec<ContactKey> = (0..6).map(contact).collect();
    let been = |what: What, since, but| {
        let all = all.clone();
        async move {
            let called = [what.name().clone()];
            let found = members::been(database, (&what, &called), &all, Millis(since), but).await.expect("read");
            (0..6).filter(|n| found.contains(&contact(*n))).collect::<Vec<_>>()
        }
    };
    let flow = || What::Flow(slug("sale"));
    assert_eq!(been(flow(), 0, Some(this)).await, [1, 2], "what it did itself does not count");
    assert_eq!(been(flow(), 0, None).await, [1, 2, 3]);
    assert_eq!(been(flow(), 101, None).await, [2, 3], "long ago");
    assert!(been(What::Flow(slug("other")), 0, None).await.is_empty());
    assert_eq!(been(What::Notification(slug("news")), 0, Some(this)).await, [4]);
    database.write(vec![members::skipped(this, contact(5), Refusal::Capped, None, Millis(1))]).await.expect("written");
    let had = members::had(database, this, &all).await.expect("read");
    assert_eq!((0..6).filter(|n| had.contains(&contact(*n))).collect::<Vec<_>>(), [3, 5]);
}

async fn mornings_that_are_past_come_again(ground: Ground) {
    const HOUR: i64 = 3_600_000;
    let database = &ground.database;
    let id = made(database, 1).await.id;
    let piece = |n: i64, due: i64, fed: Option<i64>| {
        let sql = "INSERT INTO broadcast_piece (broadcast, n, due, contacts, fed_at) VALUES ($1, $2, $3, $4, $5)";
        Statement::new(sql, [id.to_string().into(), n.into(), due.into(), Vec::<u8>::new().into(), fed.into()])
    };
    let at = [(0, 9 * HOUR, None), (1, 33 * HOUR, None), (2, 47 * HOUR, None), (3, 60 * HOUR, None), (4, 9 * HOUR, Some(1))];
    database.write(at.map(|(n, due, fed)| piece(n, due, fed)).to_vec()).await.expect("written");
    let now = Millis(50 * HOUR);
    assert_eq!(pieces::put_off(database, id, now, Span::hours(4)).await.expect("written"), 2);
    let rows = database.read("SELECT due FROM broadcast_piece ORDER BY n", &[]).await.expect("read");
    let due: Vec<i64> = rows.iter().map(|row| row.int(0).expect("a moment") / HOUR).collect();
    assert_eq!(due, [57, 57, 47, 60, 9], "the next nine o'clock; what is a little late is not put off, nor what was handed over");
}

async fn what_did_not_leave_was_not_had(ground: Ground) {
    let database = &ground.database;
    let (cancelled, next) = (BroadcastId::of(2), BroadcastId::of(3));
    let mut rows: Vec<Statement> = (1..=4).map(|n| run(n, &format!("r{n}"), 5, Some(cancelled), "")).collect();
    rows.extend([
        message(1, "m1", "out", "sent", cancelled),
        message(2, "m2", "out", "withdrawn", cancelled),
        message(3, "m3", "out", "failed", cancelled),
        message(4, "m4", "out", "withdrawn", cancelled),
        message(4, "m5", "out", "sent", cancelled),
    ]);
    database.write(rows).await.expect("written");
    let all: Vec<ContactKey> = (0..6).map(contact).collect();
    let been = |what: What| {
        let all = all.clone();
        async move {
            let found =
                members::been(database, (&what, &[what.name().clone()]), &all, Millis(0), Some(next)).await.expect("read");
            (0..6).filter(|n| found.contains(&contact(*n))).collect::<Vec<_>>()
        }
    };
    assert_eq!(been(What::Flow(slug("sale"))).await, [1, 3, 4]);
    assert_eq!(been(What::Notification(slug("news"))).await, [1, 4]);
    let what = What::Flow(slug("spring"));
    let called = [slug("spring"), slug("sale")];
    let found = members::been(database, (&what, &called), &all, Millis(0), Some(next)).await.expect("read");
    assert_eq!(found.len(), 3, "also under a former name");
}

async fn what_is_over_goes_after_its_age(ground: Ground) {
    let database = &ground.database;
    let writer = ground.writer();
    let day = Span::days(1).0;
    for n in 1..=3 {
        let id = made(database, n).await.id;
        let mut rows = vec![members::skipped(id, contact(n as usize), Refusal::Capped, None, Millis(1))];
        let sql = "INSERT INTO broadcast_piece (broadcast, n, due, contacts) VALUES ($1, 0, 0, $2)";
        rows.push(Statement::new(sql, [id.to_string().into(), vec![0_u8; 16].into()]));
        database.write(rows).await.expect("written");
        let (from, to) = (BroadcastState::Scheduled, BroadcastState::Cancelled);
        let at = Millis(n as i64 * 100 * day);
        // The third is not over.
        assert!(n == 3 || moves::step(database, id, (from, to), at, None).await.expect("written"));
    }
    assert_eq!(moves::cancelled(database, 9).await.expect("read"), [BroadcastId::of(2), BroadcastId::of(1)]);
    let left = async |now: i64| -> Vec<i64> {
        while writer.tidy(Millis(now)).await.expect("done") {}
        let mut left = Vec::new();
        for table in ["broadcast", "broadcast_member", "broadcast_piece"] {
            let rows = database.read(&format!("SELECT count(*) FROM {table}"), &[]).await.expect("read");
            left.push(rows[0].int(0).expect("a number"));
        }
        left
    };
    assert_eq!(left(100 * day).await, [3, 3, 3]);
    assert_eq!(left(102 * day).await, [3, 3, 2], "of one that is over the contacts are not needed any more");
    // Runs are kept for 400 days, and with them who got nothing.
    assert_eq!(left(501 * day).await, [3, 2, 1]);
    assert_eq!(left(501 * day).await, [2, 2, 1], "it goes when nothing of it is left");
    assert_eq!(left(9_000 * day).await[1], 1);
    assert_eq!(left(9_000 * day).await, [1, 1, 1], "what is not over stays");
}

async fn what_became_of_it_is_counted(ground: Ground) {
    let database = &ground.database;
    let broadcast = made(database, 1).await;
    let (id, other) = (broadcast.id, BroadcastId::of(2));
    let mut rows: Vec<Statement> =
        (1..=4).map(|n| run(n, &format!("r{n}"), 5, Some(id), if n < 3 { "a" } else { "b" })).collect();
    rows.extend([
        message(1, "m1", "out", "read", id),
        message(2, "m2", "out", "delivered", id),
        message(3, "m3", "out", "failed", id),
        message(4, "m4", "out", "queued", id),
        message(4, "m8", "out", "withdrawn", id),
        message(1, "m5", "in", "received", id),
        message(1, "m6", "in", "received", id),
        message(9, "m7", "out", "sent", other),
        members::skipped(id, contact(5), Refusal::Capped, Some("3 per 7d"), Millis(1)),
        members::skipped(id, contact(5), Refusal::Busy, None, Millis(2)),
        members::skipped(id, contact(6), Refusal::Holdout, None, Millis(1)),
    ]);
    database.write(rows).await.expect("written");
    let seen = progress::progress(database, &broadcast, true).await.expect("counted");
    assert_eq!(seen.skipped.into_iter().collect::<Vec<_>>(), [("capped", 1), ("holdout", 1)], "the first reason stays");
    let tally = |t: progress::Tally| [t.began, t.waiting, t.sent, t.delivered, t.read, t.failed, t.withdrawn, t.answered];
    assert_eq!(tally(seen.all), [4, 1, 2, 2, 1, 1, 1, 1]);
    assert_eq!(tally(seen.arms["a"]), [2, 0, 2, 2, 1, 0, 0, 1]);
    assert_eq!(tally(seen.arms["b"]), [2, 1, 0, 0, 0, 1, 1, 0]);
}
