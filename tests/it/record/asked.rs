//! Questions over rows that were written by hand: pages while rows are added, what is merged, what is found, what is live.

use super::{Ground, on_both};
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, RunId, Token};
use replyflow::domain::journal::{Entry, Event};
use replyflow::domain::mode::Mode;
use replyflow::domain::name::Slug;
use replyflow::domain::time::Millis;
use replyflow::history::read::*;
use replyflow::history::{Cell, Statement};
use std::collections::BTreeSet;

on_both!(
    pages_have_no_gap_and_no_double_while_messages_are_added,
    messages_are_chosen_by_every_filter,
    a_timeline_is_merged_in_order_and_paged_to_its_end,
    words_are_found_until_they_are_gone,
    runs_are_chosen_paged_and_shown_turn_by_turn,
    figures_are_those_of_the_counters_that_are_asked_for,
    whoever_was_cut_off_hears_each_entry_once,
);

fn contact(n: usize) -> ContactKey {
    ContactKey::derive(b"s", &n.to_string())
}

fn person(n: usize, mode: Mode) -> Statement {
    let sql = "INSERT INTO contact (id, mode, created_at, changed_at) VALUES ($1, $2, 0, 0)";
    Statement::new(sql, [contact(n).into(), mode.as_str().into()])
}

fn message(id: &str, n: usize, at: i64, text: &str) -> Statement {
    let sql = "INSERT INTO message (id, contact, mode, direction, channel, text, content, status, status_at, at, run, flow, provider_id)
               VALUES ($1, $2, 'live', $3, 'main-sms', $4, '\"text\"', 'sent', $5, $5, '000000000000000a', 'shop', $6)";
    let direction = if id.starts_with('i') { "in" } else { "out" };
    Statement::new(sql, [id.into(), contact(n).into(), direction.into(), text.into(), at.into(), format!("p-{id}").into()])
}

fn happening(token: &str, idx: i64, n: usize, at: i64, kind: &str) -> Statement {
    let sql = "INSERT INTO happening (contact, token, idx, at, kind, run, detail, mode)
               VALUES ($1, $2, $3, $4, $5, '000000000000000a', '{}', $6)";
    // The second of them is a test contact.
    let mode = if n == 2 { Mode::Test } else { Mode::Live };
    Statement::new(sql, [contact(n).into(), token.into(), idx.into(), at.into(), kind.into(), mode.as_str().into()])
}

async fn pages_have_no_gap_and_no_double_while_messages_are_added(ground: Ground) {
    let database = ground.database.clone();
    // Several in one millisecond, so that the id decides.
    let first: Vec<Statement> = (0..23).map(|i| message(&format!("o{i:02}"), i % 3, (i / 5) as i64, "hello")).collect();
    database.write(first).await.expect("written");
    let filter = MessageFilter::default();
    let (mut seen, mut place, mut added) = (Vec::new(), None, 100);
    loop {
        let page = messages(&database, &filter, place.as_ref(), 4).await.expect("a page");
        let Some(last) = page.last() else { break };
        place = Some(last.place());
        seen.extend(page.into_iter().map(|message| message.id));
        // What comes meanwhile is newer, or came late with an older moment.
        database
            .write(vec![message(&format!("o{added}"), 0, 50, "new"), message(&format!("x{added}"), 0, 1, "late")])
            .await
            .expect("more");
        added += 1;
    }
    let unique: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "nothing comes twice: {seen:?}");
    for i in 0..23 {
        assert!(seen.contains(&format!("o{i:02}")), "o{i:02} is missing: {seen:?}");
    }
    assert!(
        !seen.iter().any(|id| id.starts_with("o1") && id.len() == 4),
        "what is newer than the first page is not in a later one"
    );
}

async fn messages_are_chosen_by_every_filter(ground: Ground) {
    let database = ground.database.clone();
    let mut rows = vec![message("i1", 1, 10, "a"), message("o2", 1, 20, "b"), message("o3", 2, 30, "c")];
    rows.push(Statement::new("UPDATE message SET status = 'failed', channel = 'mail', flow = 'other' WHERE id = 'o3'", []));
    rows.push(message("t4", 2, 40, "d"));
    rows.push(Statement::new("UPDATE message SET mode = 'test' WHERE id = 't4'", []));
    database.write(rows).await.expect("written");
    let found = async |filter: MessageFilter| {
        let found = messages(&database, &filter, None, 10).await.expect("a page");
        found.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    let all = MessageFilter::default;
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found(all()).await, ["o3", "o2", "i1"]);
    assert_eq!(found(MessageFilter { mode: Mode::Test, ..all() }).await, ["t4"]);
    assert_eq!(found(MessageFilter { contact: Some(contact(1)), ..all() }).await, ["o2", "i1"]);
    assert_eq!(found(MessageFilter { direction: some("in"), ..all() }).await, ["i1"]);
    assert_eq!(found(MessageFilter { status: some("failed"), ..all() }).await, ["o3"]);
    assert_eq!(found(MessageFilter { channel: some("mail"), ..all() }).await, ["o3"]);
    assert_eq!(found(MessageFilter { flow: some("shop"), ..all() }).await, ["o2", "i1"]);
    assert_eq!(found(MessageFilter { provider_id: some("p-i1"), ..all() }).await, ["i1"]);
    assert_eq!(found(MessageFilter { since: Some(Millis(20)), until: Some(Millis(30)), ..all() }).await, ["o2"]);
}

async fn a_timeline_is_merged_in_order_and_paged_to_its_end(ground: Ground) {
    let database = ground.database.clone();
    let mut rows = vec![person(1, Mode::Live), person(2, Mode::Test)];
    for at in 0..6 {
        rows.push(message(&format!("i{at}"), 1, at, "hello"));
        rows.extend((0..11).map(|idx| happening(&format!("t{at}"), idx, 1, at, "answer.saved")));
        rows.push(message(&format!("o{at}"), 1, at, "welcome"));
    }
    rows.push(happening("x", 0, 2, 3, "run.started"));
    database.write(rows).await.expect("written");
    let (mut seen, mut place) = (Vec::new(), None);
    loop {
        let page = timeline(&database, Mode::Live, contact(1), (None, None), place.as_ref(), 7).await.expect("a page");
        let Some(last) = page.last() else { break };
        place = Some(last.place());
        seen.extend(page.into_iter().map(|one| (one.at.0, one.id)));
    }
    // Backwards: what was sent, what was decided in its order, what came.
    let moment = |at: i64| {
        let decided = (0..11).rev().map(move |idx| (at, format!("t{at}-{idx}")));
        std::iter::once((at, format!("o{at}"))).chain(decided).chain(std::iter::once((at, format!("i{at}"))))
    };
    let expected: Vec<(i64, String)> = (0..6).rev().flat_map(moment).collect();
    assert_eq!(seen, expected);
    let between = (Some(Millis(2)), Some(Millis(4)));
    let some = timeline(&database, Mode::Live, contact(1), between, None, 100).await.expect("a page");
    assert_eq!(some.len(), 26);
    assert!(
        timeline(&database, Mode::Live, contact(2), (None, None), None, 9).await.expect("a page").is_empty(),
        "it is for tests"
    );
    assert!(is_known(&database, Mode::Test, contact(2)).await.expect("known"));
    assert!(!is_known(&database, Mode::Live, contact(2)).await.expect("known"));
}

async fn words_are_found_until_they_are_gone(ground: Ground) {
    let database = ground.database.clone();
    let texts =
        ["Where is my order 1234?", "My ORDER is late, refund please", "¿Dónde está mi pedido?", "order order", "", "late order"];
    database
        .write(texts.iter().enumerate().map(|(i, text)| message(&format!("i{i}"), i % 2, i as i64, text)).collect())
        .await
        .expect("written");
    let found = async |q: &str, scope: SearchScope| {
        let terms = Terms::parse(q).expect(q);
        let mut ids = Vec::new();
        let mut place = None;
        loop {
            let page = search(&database, &terms, &scope, place.as_ref(), 2).await.expect("a page");
            let Some((_, last)) = page.last() else { break };
            place = Some(*last);
            ids.extend(page.into_iter().map(|(message, _)| message.id));
        }
        ids
    };
    let any = SearchScope::default;
    assert_eq!(found("order", any()).await, ["i5", "i3", "i1", "i0"]);
    assert_eq!(found("late order", any()).await, ["i5", "i1"]);
    assert_eq!(found("\"late order\"", any()).await, ["i5"]);
    assert_eq!(found("1234", any()).await, ["i0"]);
    assert_eq!(found("está", any()).await, ["i2"]);
    assert!(found("esta", any()).await.is_empty(), "an accent counts");
    assert_eq!(found("order", SearchScope { contact: Some(contact(0)), ..any() }).await, ["i0"]);
    assert!(found("order", SearchScope { mode: Mode::Test, ..any() }).await.is_empty());
    let gone = vec![
        Statement::new("UPDATE message SET text = '' WHERE id = 'i5'", []),
        Statement::new("UPDATE message SET status = 'read' WHERE id = 'i3'", []),
        Statement::new("UPDATE message SET text = 'another word' WHERE id = 'i0'", []),
        Statement::new("DELETE FROM message WHERE id = 'i1'", []),
    ];
    database.write(gone).await.expect("written");
    assert_eq!(found("order", any()).await, ["i3"]);
    assert_eq!(found("another", any()).await, ["i0"]);
}

fn run_row(id: u64, n: usize, at: i64, ended: Option<&str>) -> Statement {
    let sql =
        "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, state, ended_at, \"end\", day)
               VALUES ($1, $2, 'live', 'shop', 'v1', 'main-sms', 'en', '', $3, 'ask', $4, $5, '2026-03-01')";
    let end_at = ended.map(|_| at + 5);
    Statement::new(sql, [contact(n).into(), RunId(id).into(), at.into(), end_at.into(), ended.into()])
}

async fn runs_are_chosen_paged_and_shown_turn_by_turn(ground: Ground) {
    let database = ground.database.clone();
    let mut rows: Vec<Statement> =
        (1..=9).map(|i| run_row(i, (i % 2) as usize, (i / 3) as i64, (i > 4).then_some("done"))).collect();
    rows.push(run_row(10, 3, 100, Some("done")));
    for (kind, at, detail) in [
        ("run.started", 100, r#"{"run":"000000000000000a","reason":"keyword"}"#),
        ("state.left", 105, r#"{"run":"000000000000000a","state":"ask","outcome":"yes","reason":"label"}"#),
    ] {
        let sql = "INSERT INTO happening (contact, token, idx, at, kind, run, detail) VALUES ($1, $2, 0, $3, $4, '000000000000000a', $5)";
        rows.push(Statement::new(sql, [contact(3).into(), kind.into(), at.into(), kind.into(), detail.into()]));
    }
    let sql = "INSERT INTO step (contact, run, n, flow, state, entered_at, left_at, outcome) VALUES ($1, '000000000000000a', 0, 'shop', 'ask', 100, 105, 'yes')";
    rows.push(Statement::new(sql, [contact(3).into()]));
    let sql = "INSERT INTO call (id, contact, run, api, method, path, at, outcome, took) VALUES ('c', $1, '000000000000000a', 'crm', 'GET', '/x', 105, 'ok', 12)";
    rows.push(Statement::new(sql, [contact(3).into()]));
    let sql = "INSERT INTO run_value (contact, run, name, value, at) VALUES ($1, '000000000000000a', 'size', '{\"n\":1}', 105)";
    rows.push(Statement::new(sql, [contact(3).into()]));
    rows.extend([
        message("i1", 3, 100, "shop"),
        message("o1", 3, 100, "Which?"),
        message("i2", 3, 105, "Yes"),
        message("o9", 3, 900, "later"),
    ]);
    database.write(rows).await.expect("written");
    let (mut seen, mut place) = (Vec::new(), None);
    let filter = RunFilter { until: Some(Millis(50)), ..RunFilter::default() };
    loop {
        let page = runs(&database, &filter, place.as_ref(), 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        place = Some(last.place());
        seen.extend(page.into_iter().map(|run| run.id));
    }
    let expected: Vec<String> = (1..=9).rev().map(|id| RunId(id).to_string()).collect();
    assert_eq!(seen, expected);
    let count = async |filter: RunFilter| runs(&database, &filter, None, 50).await.expect("a page").len();
    let all = RunFilter::default;
    assert_eq!(count(RunFilter { open: Some(true), ..all() }).await, 4);
    assert_eq!(count(RunFilter { open: Some(false), ..all() }).await, 6);
    assert_eq!(count(RunFilter { state: Some("ask".into()), flow: Some("shop".into()), ..all() }).await, 4);
    assert_eq!(count(RunFilter { end: Some("done".into()), contact: Some(contact(1)), ..all() }).await, 3);
    assert_eq!(count(RunFilter { version: Some("v2".into()), ..all() }).await, 0);
    let shown = run(&database, Mode::Live, RunId(10)).await.expect("read").expect("there");
    assert!(run(&database, Mode::Test, RunId(10)).await.expect("read").is_none());
    let whole = turns(&database, shown).await.expect("turns");
    assert_eq!((whole.turns.len(), whole.more, &whole.values["size"]), (2, false, &serde_json::json!({ "n": 1 })));
    let [first, second] = &whole.turns[..] else { panic!("{whole:#?}") };
    assert_eq!((first.input[0].id.as_str(), first.sent[0].id.as_str(), first.waited), ("i1", "o1", None));
    assert_eq!((second.input[0].id.as_str(), second.called[0].took, second.waited), ("i2", Some(12), Some(5)));
    assert_eq!((second.decided[0].outcome.as_deref(), second.decided[0].took), (Some("yes"), Some(5)));
}

async fn figures_are_those_of_the_counters_that_are_asked_for(ground: Ground) {
    let database = ground.database.clone();
    let count = |day: &str, channel: &str, arm: &str, state: &str, what: &str, bucket: &str, n: i64| {
        let sql = "INSERT INTO figure (flow, version, day, channel, language, arm, mode, state, what, bucket, n)
                   VALUES ('shop', 'v1', $1, $2, 'en', $3, 'live', $4, $5, $6, $7)";
        Statement::new(sql, [day.into(), channel.into(), arm.into(), state.into(), what.into(), bucket.into(), n.into()])
    };
    let mut rows = Vec::new();
    for (day, channel, arm, entered, done) in
        [("2026-03-01", "a", "try/x", 6, 3), ("2026-03-02", "b", "try/y", 4, 1), ("2026-03-02", "a", "", 1, 0)]
    {
        rows.push(count(day, channel, arm, "", "entered", "", entered));
        rows.push(count(day, channel, arm, "", "ended", "done", done));
        rows.push(count(day, channel, arm, "ask", "entered", "", entered));
        rows.push(count(day, channel, arm, "ask", "left", "yes", done));
    }
    rows.extend([run_row(1, 1, 0, None), run_row(2, 2, 0, Some("done"))]);
    let sql = "INSERT INTO figure_total (flow, mode, state, what, bucket, n)
               SELECT flow, mode, state, what, bucket, CAST(SUM(n) AS BIGINT) FROM figure GROUP BY flow, mode, state, what, bucket";
    rows.push(Statement::new(sql, []));
    let sql = "INSERT INTO figure_day (flow, mode, day, state, what, bucket, n)
               SELECT flow, mode, day, state, what, bucket, CAST(SUM(n) AS BIGINT) FROM figure GROUP BY flow, mode, day, state, what, bucket";
    rows.push(Statement::new(sql, []));
    database.write(rows).await.expect("written");
    let some = FiguresFilter { version: Some("v1".into()), ..FiguresFilter::default() };
    let summed = figures(&database, "shop", &some).await.expect("figures");
    let all = figures(&database, "shop", &FiguresFilter::default()).await.expect("figures");
    assert_eq!(summed, all, "whether counters are summed up now or were before");
    assert_eq!((all.all.entered, all.all.ended, all.open), (11, 4, 1));
    assert_eq!((all.states[0].entered, all.states[0].now, all.states[0].outcomes[0].count), (11, 1, 4));
    let of = |groups: &[Group]| groups.iter().map(|group| (group.name.clone(), group.all.entered)).collect::<Vec<_>>();
    assert_eq!(of(&all.days), [("2026-03-01".into(), 6), ("2026-03-02".into(), 5)]);
    assert_eq!(of(&all.channels), [("a".into(), 7), ("b".into(), 4)]);
    assert_eq!(of(&all.arms), [("try/x".into(), 6), ("try/y".into(), 4)]);
    let interval = all.arms[0].all.ends[0].interval.expect("an interval");
    assert!(interval.low < 0.5 && interval.high > 0.5 && interval.share == 0.5, "{interval:?}");
    let day = |text: &str| Some(text.parse().expect("a day"));
    let some = FiguresFilter { since: day("2026-03-02"), channel: Some("a".into()), ..FiguresFilter::default() };
    assert_eq!(figures(&database, "shop", &some).await.expect("figures").all.entered, 1);
    let lately = FiguresFilter { since: day("2026-03-02"), until: day("2026-03-02"), ..FiguresFilter::default() };
    let again = FiguresFilter { version: Some("v1".into()), ..lately.clone() };
    let (lately, again) = (figures(&database, "shop", &lately).await, figures(&database, "shop", &again).await);
    let lately = lately.expect("figures");
    assert_eq!(lately, again.expect("figures"), "whether counters of days are summed up now or were before");
    assert_eq!((lately.all.entered, lately.states[0].entered, lately.states[0].outcomes[0].count), (5, 5, 1));
    let test = FiguresFilter { mode: Mode::Test, ..FiguresFilter::default() };
    assert_eq!(figures(&database, "shop", &test).await.expect("figures").all.entered, 0);
}

fn entry(shard: u8, number: i64, n: usize) -> Statement {
    let events = vec![
        Event::RunEnded {
            run: RunId(number as u64),
            flow: Slug::parse("shop").expect("a flow"),
            end: "done".into(),
            reason: String::new(),
        },
        Event::Note { run: None, text: format!("{shard}/{number}") },
    ];
    let body = codec::encode(&Entry { contact: contact(n), token: Token(number as u64), at: Millis(number), events });
    let sql = "INSERT INTO entry (contact, token, shard, time, number, at, kind, body, mode) VALUES ($1, $2, $3, 7, $4, $4, 'entry', $5, $6)";
    let token = format!("{shard}-{number}");
    // The first of them is a test contact.
    let mode = if n == 1 { Mode::Test } else { Mode::Live };
    let params = [contact(n).into(), token.into(), shard.into(), number.into(), Cell::Bytes(body), mode.as_str().into()];
    Statement::new(sql, params)
}

async fn whoever_was_cut_off_hears_each_entry_once(ground: Ground) {
    let database = ground.database.clone();
    let listen = async |place: &mut LivePlace| {
        let mut said = Vec::new();
        for one in heard(&database, place).await.expect("heard") {
            let entry = one.entry.clone().expect("an entry");
            said.extend(
                entry
                    .events
                    .iter()
                    .filter_map(|event| if let Event::Note { text, .. } = event { Some(text.clone()) } else { None }),
            );
            place.pass(&one);
        }
        said
    };
    let mut nothing_yet = newest(&database).await.expect("a place");
    assert!(listen(&mut nothing_yet).await.is_empty());
    database.write(vec![person(1, Mode::Test), entry(5, 1, 1), entry(5, 2, 2), entry(63, 1, 1)]).await.expect("written");
    assert_eq!(listen(&mut nothing_yet).await, ["5/1", "5/2", "63/1"]);
    let mut place = newest(&database).await.expect("a place");
    assert_eq!(place, nothing_yet);
    database.write(vec![entry(63, 2, 1), entry(5, 3, 1), entry(0, 1, 3)]).await.expect("written");
    // It travels to another instance.
    let mut place_there = LivePlace::read(&place.write()).expect("read");
    let all = heard(&database, &place).await.expect("heard");
    assert_eq!(all.iter().map(|one| one.mode).collect::<Vec<_>>(), [Some(Mode::Live), Some(Mode::Test), Some(Mode::Test)]);
    place.pass(&all[0]);
    assert_eq!(listen(&mut place).await, ["5/3", "63/2"], "a shard of which nothing was known, then the others");
    assert_eq!(listen(&mut place_there).await, ["0/1", "5/3", "63/2"]);
    assert!(listen(&mut place).await.is_empty());
    let mut flows = RunFlows::default();
    let first = all[0].entry.as_ref().expect("an entry");
    assert_eq!(flows.of(&database, first, &first.events[0]).await.expect("a flow").as_deref(), Some("shop"));
    assert_eq!(flows.of(&database, first, &first.events[1]).await.expect("none"), None);
}
