//! Contacts that became part of others: all that was told of them is found under whoever stays, in whatever order both tell it.

use super::entries::*;
use super::{Ground, on_both, tables};
use bytes::Bytes;
use replyflow::domain::id::ContactKey;
use replyflow::domain::id::InputId;
use replyflow::domain::input::Class;
use replyflow::domain::journal::{AttemptOutcome, Decision, Event};
use replyflow::domain::message::{DeliveryStatus, InboundContent};
use replyflow::domain::mode::Mode;
use replyflow::domain::profile::Profile;
use replyflow::domain::time::Millis;
use replyflow::history::read::{timeline, whose};
use replyflow::history::{ExportFilter, Statement, export};
use replyflow::store::{Entry, JournalId, JournalItem, JournalRecord};

on_both!(
    all_of_a_contact_is_found_under_whom_it_became_part_of,
    both_may_tell_it_in_any_order_and_any_batches,
    with_a_contact_goes_all_of_those_who_became_part_of_it,
    what_overflowed_and_what_was_imported_is_the_others_and_goes_with_them,
    words_that_were_taken_back_after_it_go_as_well,
);

const NOW: Millis = Millis(START + 1_000_000);

/// Ann has a run and words of her own, and becomes part of Ben, whose conversation goes on with it.
fn story() -> (Vec<JournalItem>, Vec<JournalItem>) {
    let (mut anns, mut bens) = (Journal::default(), Journal::default());
    let (ann, ben) = (contact("ann"), contact("ben"));
    let whole = Profile { email: Some("ann@example.com".to_owned()), phone: None, ..profile(&["hers"]) };
    anns.at(
        0,
        ann,
        vec![
            received(1, "hi", Decision::Start),
            started(7, "shop"),
            entered(7, "shop", "menu"),
            sent(1, Some(7), "which one?"),
            told(whole),
        ],
    );
    anns.at(1, ann, vec![attempted(1, 1, AttemptOutcome::Accepted)]);
    bens.items.extend(std::iter::repeat_n(anns.items[0].clone(), 10));
    bens.at(2, ben, vec![received(2, "hello", Decision::Inbox), told(profile(&["his"]))]);
    let both = Profile { email: Some("ann@example.com".to_owned()), ..profile(&["his", "hers"]) };
    bens.at(5, ben, vec![Event::TookIn { from: ann }, told(both)]);
    anns.at(6, ann, vec![Event::Merged { into: ben }]);
    bens.at(7, ben, vec![received(3, "1", Decision::Answer), left(7, "menu", "ok"), ended(7, "shop", "ordered")]);
    bens.at(8, ben, vec![reported(1, DeliveryStatus::Delivered)]);
    // What was on its way in her name.
    anns.at(9, ann, vec![attempted(1, 2, AttemptOutcome::Accepted)]);
    (anns.items, bens.items.split_off(10))
}

async fn owners(ground: &Ground, key: ContactKey) -> Vec<String> {
    let mut found = Vec::new();
    for table in replyflow::history::schema::OF_A_CONTACT {
        let n = ground.rows(&format!("SELECT 1 FROM {table} WHERE contact = $1"), &[key.into()]).await.len();
        if n > 0 {
            found.push(format!("{table} {n}"));
        }
    }
    found
}

async fn all_of_a_contact_is_found_under_whom_it_became_part_of(ground: Ground) {
    let (anns, bens) = story();
    let (ann, ben) = (contact("ann"), contact("ben"));
    let writer = ground.writer();
    writer.append(1, anns[..2].to_vec(), NOW).await.expect("written");
    writer.append(2, bens, NOW).await.expect("written");
    writer.append(1, anns[2..].to_vec(), NOW).await.expect("written");
    assert_eq!(owners(&ground, ann).await, [""; 0]);
    assert_eq!(whose(&ground.database, ann).await, Ok(ben));
    assert_eq!(whose(&ground.database, ben).await, Ok(ben));
    let messages = "SELECT text, status, attempts FROM message ORDER BY at";
    assert_eq!(ground.lines(messages).await, ["hi|received|0", "which one?|delivered|2", "hello|received|0", "1|received|0"]);
    let runs = "SELECT flow, \"end\", steps, state FROM run";
    assert_eq!(ground.lines(runs).await, ["shop|ordered|1|menu"]);
    assert_eq!(ground.lines("SELECT state, outcome FROM step").await, ["menu|ok"]);
    let people = "SELECT mode, phone, email, created_at, target FROM contact ORDER BY mode";
    let start = START;
    assert_eq!(
        ground.lines(people).await,
        [format!("live|+447700900123|ann@example.com|{start}|–"), format!("moved|–|–|{start}|{ben}")]
    );
    assert_eq!(ground.lines("SELECT tag FROM contact_tag ORDER BY tag").await, ["hers", "his"]);
    assert_eq!(
        ground.lines("SELECT address FROM contact_address ORDER BY address").await,
        ["email:ann@example.com", "phone:+447700900123"]
    );
    let shown = timeline(&ground.database, Mode::Live, ben, (None, None), None, 50).await.expect("read");
    let kinds: Vec<&str> = shown.iter().rev().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds.join(" "), "message run.started message message contact.took_in message state.left run.ended");
    let figures = "SELECT state, what, bucket, n FROM figure WHERE what <> 'took' AND n <> 0 ORDER BY state, what";
    assert_eq!(ground.lines(figures).await, ["|ended|ordered|1", "|entered||1", "menu|entered||1", "menu|left|ok|1"]);
    let mut exported = 0;
    export(&ground.database, &ExportFilter { contact: Some(ben), since: None }, |_| {
        exported += 1;
        true
    })
    .await
    .expect("read");
    assert_eq!(exported, 8, "the journal of both");
}

async fn both_may_tell_it_in_any_order_and_any_batches(ground: Ground) {
    let (anns, bens) = story();
    let orders: [&[(u8, usize, usize)]; 5] = [
        // shard, from, to: first what one says, or the other, in one batch or in many.
        &[(1, 0, 2), (2, 0, 4), (1, 2, 4)],
        &[(1, 0, 4), (2, 0, 4)],
        &[(1, 0, 2), (2, 0, 1), (1, 2, 3), (2, 1, 4), (1, 3, 4)],
        &[(1, 0, 1), (1, 1, 2), (2, 0, 1), (2, 1, 2), (1, 2, 3), (2, 2, 3), (2, 3, 4), (1, 3, 4)],
        // Again, as a feeder does that died.
        &[(1, 0, 2), (2, 0, 2), (2, 0, 4), (1, 0, 4), (1, 0, 4)],
    ];
    let mut all = Vec::new();
    for (i, order) in orders.iter().enumerate() {
        let other = Ground::new(ground.database.dialect()).await;
        let here = if i == 0 { &ground } else { &other };
        for (shard, from, to) in *order {
            let items = if *shard == 1 { &anns } else { &bens };
            here.writer().append(*shard, items[*from..*to].to_vec(), NOW).await.expect("written");
        }
        // When it was told for the first time is not the same.
        let sql = "UPDATE contact SET created_at = 0, changed_at = 0 WHERE mode = 'moved'";
        here.database.write(vec![Statement::new(sql, [])]).await.expect("written");
        all.push(tables::dump(here).await);
    }
    for (i, tables) in all.iter().enumerate() {
        assert_eq!(&all[0], tables, "order {i}");
    }
}

async fn with_a_contact_goes_all_of_those_who_became_part_of_it(ground: Ground) {
    let (ann, ben, cem) = (contact("ann"), contact("ben"), contact("cem"));
    let (mut anns, mut bens) = story();
    let writer = ground.writer();
    let late = anns.pop().expect("what comes late");
    writer.append(1, anns, NOW).await.expect("written");
    writer.append(2, bens.clone(), NOW).await.expect("written");
    // Ben becomes part of Cem, and both are Cem then.
    let mut cems = Journal::default();
    cems.items.extend(std::iter::repeat_n(bens[0].clone(), 30));
    cems.at(20, cem, vec![received(9, "from cem", Decision::Inbox), told(profile(&[]))]);
    cems.at(21, cem, vec![Event::TookIn { from: ben }]);
    let mut more = Journal::default();
    more.items.extend(std::iter::repeat_n(bens[0].clone(), 40));
    more.at(22, ben, vec![Event::Merged { into: cem }]);
    bens = more.items.split_off(40);
    writer.append(2, bens, NOW).await.expect("written");
    writer.append(3, cems.items[30..].to_vec(), NOW).await.expect("written");
    assert_eq!((whose(&ground.database, ann).await, whose(&ground.database, ben).await), (Ok(cem), Ok(cem)));
    assert_eq!(ground.rows("SELECT 1 FROM message WHERE contact = $1", &[cem.into()]).await.len(), 5);
    // The deletion names all three, and stands with Cem.
    let first = cems.items.len();
    for who in [cem, ann, ben] {
        cems.at(30, who, vec![Event::Forgotten]);
    }
    writer.append(3, cems.items[first..].to_vec(), NOW).await.expect("written");
    writer.append(1, vec![late], NOW).await.expect("written");
    let left: Vec<String> = tables::dump(&ground).await.into_iter().filter(|line| !line.starts_with("figure")).collect();
    let of = |who: ContactKey| left.iter().filter(|line| line.contains(who.as_str())).cloned().collect::<Vec<_>>();
    for who in [ann, ben, cem] {
        let rows = of(who);
        assert!(rows.iter().all(|line| line.starts_with("entry: ") || line.contains("|gone|")), "{rows:#?}");
    }
    for words in ["which one", "hello", "from cem", "example.com", "7700900123"] {
        assert!(!left.iter().any(|line| line.contains(words)), "{words}: {left:#?}");
    }
    let kept = "SELECT count(*) FROM entry WHERE kind = 'entry'";
    assert_eq!(ground.count(kept).await, 3, "that each was deleted");
    // Somebody new at her address is new, and nobody's part.
    let mut new = Journal::default();
    new.items.extend(std::iter::repeat_n(cems.items[0].clone(), 60));
    new.at(99, ann, vec![received(50, "hello again", Decision::Inbox)]);
    writer.append(1, new.items[60..].to_vec(), NOW).await.expect("written");
    assert_eq!(whose(&ground.database, ann).await, Ok(ann));
    assert_eq!(ground.lines("SELECT mode FROM contact WHERE mode <> 'gone'").await, ["live"]);
    while writer.tidy(Millis(START + 40 * 86_400_000)).await.expect("done") {}
    assert_eq!(ground.lines("SELECT mode FROM contact").await, ["live"], "what was left of the others is too old");
}

async fn what_overflowed_and_what_was_imported_is_the_others_and_goes_with_them(ground: Ground) {
    let (ann, ben) = (contact("ann"), contact("ben"));
    let mut journal = Journal::default();
    journal.at(0, ann, vec![received(1, "hi", Decision::Inbox)]);
    journal.at(1, ben, vec![received(2, "hello", Decision::Inbox), Event::TookIn { from: ann }]);
    let entry = Entry { class: Class::Normal, id: InputId(9), accepted_at: Millis(START), body: Bytes::from_static(b"x") };
    let overflow = JournalRecord::Overflow { contact: ann, entry };
    journal.items.push(JournalItem { id: JournalId { time: 0, number: 3 }, record: overflow });
    let row = "INSERT INTO import_row (job, n, result, contact, mark) VALUES ('people', 1, 'created', $1, 7)";
    ground.database.write(vec![Statement::new(row, [ben.into()])]).await.expect("written");
    let writer = ground.writer();
    writer.append(0, journal.items[..2].to_vec(), NOW).await.expect("written");
    writer.append(0, journal.items[2..].to_vec(), NOW).await.expect("written");
    let of = "SELECT contact FROM happening WHERE kind = 'input.overflow'";
    assert_eq!(ground.lines(of).await, [ben.to_string()]);
    journal.at(9, ben, vec![Event::Forgotten]);
    writer.append(0, journal.items[3..].to_vec(), NOW).await.expect("written");
    assert_eq!(ground.count("SELECT count(*) FROM happening").await, 0);
    assert_eq!(ground.lines("SELECT result, contact, mark FROM import_row").await, ["created|–|–"]);
}

async fn words_that_were_taken_back_after_it_go_as_well(ground: Ground) {
    let (ann, ben) = (contact("ann"), contact("ben"));
    let mut journal = Journal::default();
    journal.at(0, ann, vec![received_as(1, "wamid.1", "my secret", InboundContent::Text, Decision::Inbox)]);
    journal.at(1, ben, vec![received(2, "stays", Decision::Inbox)]);
    journal.at(2, ben, vec![Event::TookIn { from: ann }]);
    let delete = InboundContent::Deleted { message: "wamid.1".to_owned() };
    journal.at(3, ben, vec![received_as(4, "wamid.4", "", delete, Decision::Ignored)]);
    let writer = ground.writer();
    writer.append(0, journal.items[..1].to_vec(), NOW).await.expect("written");
    // In the same batch: the database does not know yet that she is part of him.
    writer.append(0, journal.items[1..].to_vec(), NOW).await.expect("written");
    let all = tables::dump(&ground).await;
    assert_eq!(ground.lines("SELECT text FROM message WHERE text <> ''").await, ["stays"]);
    let mut exported = String::new();
    export(&ground.database, &ExportFilter::default(), |entry| {
        exported.push_str(&entry.json.to_string());
        true
    })
    .await
    .expect("read");
    assert!(!exported.contains("secret") && exported.contains("stays"), "{all:#?}");
}
