//! No question reads a table from end to end: what SQLite would do for each of them.

use super::*;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::history::{Database, Dialect};

fn contact(n: usize) -> ContactKey {
    ContactKey::derive(b"s", &n.to_string())
}

async fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open_file(&folder.path().join("h.db")).await.expect("opens");
    (folder, database)
}

/// The steps of a statement.
async fn plan(database: &Database, select: &select::Select) -> Vec<String> {
    let (sql, params) = select.parts();
    let rows = database.read(&format!("EXPLAIN QUERY PLAN {sql}"), params).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.text(3).expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn every_question_goes_through_an_index() {
    let (_folder, database) = database().await;
    let (who, some) = (Some(contact(1)), |text: &str| Some(text.to_owned()));
    let after = (5, 7);
    let messages = MessageFilter::default;
    let runs = RunFilter::default;
    let run_after = (5, "x".to_owned(), "y".to_owned());
    let shown = run::tests_shown();
    let [happenings, steps, sent, calls, values] = turns::statements(&shown);
    let search =
        |scope: SearchScope| search::select(Dialect::Sqlite, &Terms::parse("a b").expect("words"), &scope, Some(&(5, 9)), 5);
    let between = (Some(Millis(1)), Some(Millis(2)));
    let line = (5, 1, "t-1".to_owned());
    let alert = (5, "c".to_owned(), "t".to_owned(), 1);
    let figures = FiguresFilter { version: some("v"), ..FiguresFilter::default() };
    let lately = FiguresFilter { since: "2026-03-02".parse().ok(), ..FiguresFilter::default() };
    let questions = [
        ("message_at", message::select(&messages(), Some(&after), 5)),
        ("message_test", message::select(&MessageFilter { mode: Mode::Test, ..messages() }, Some(&after), 5)),
        ("message_contact", message::select(&MessageFilter { contact: who, ..messages() }, Some(&after), 5)),
        ("message_flow", message::select(&MessageFilter { flow: some("f"), ..messages() }, Some(&after), 5)),
        ("message_provider", message::select(&MessageFilter { provider_id: some("p"), ..messages() }, None, 5)),
        ("message_provider", sent_as::select(&ChannelName::parse("sms").expect("a name"), "p")),
        ("message_failed", message::select(&MessageFilter { status: some("failed"), ..messages() }, Some(&after), 5)),
        ("message_broadcast", message::select(&MessageFilter { broadcast: some("b"), ..messages() }, Some(&after), 5)),
        ("run_broadcast", run::select(&RunFilter { broadcast: some("b"), ..runs() }, Some(&run_after), 5)),
        ("run_started", run::select(&runs(), Some(&run_after), 5)),
        ("run_flow", run::select(&RunFilter { flow: some("f"), ..runs() }, Some(&run_after), 5)),
        ("sqlite_autoindex_run_1", run::select(&RunFilter { contact: who, ..runs() }, Some(&run_after), 5)),
        ("run_live", run::select(&RunFilter { flow: some("f"), state: some("s"), ..runs() }, None, 5)),
        ("run_id", run::one(Mode::Live, crate::domain::id::RunId(1))),
        ("message_contact", timeline::of_messages(Mode::Live, contact(1), between, Some(&line), 5)),
        ("happening_contact", timeline::of_happenings(Mode::Live, contact(1), between, Some(&line), 5)),
        ("happening_contact", happenings),
        ("sqlite_autoindex_step_1", steps),
        ("message_contact", sent),
        ("call_run", calls),
        ("sqlite_autoindex_run_value_1", values),
        ("VIRTUAL TABLE INDEX", search(SearchScope::default())),
        ("VIRTUAL TABLE INDEX", search(SearchScope { contact: who, ..SearchScope::default() })),
        ("PRIMARY KEY (flow=? AND mode=?)", figures::by_state("f", &FiguresFilter::default())),
        ("PRIMARY KEY (flow=? AND mode=? AND day>?", figures::by_state("f", &lately)),
        ("PRIMARY KEY (flow=? AND version=?)", figures::by_state("f", &figures)),
        ("COVERING INDEX figure_whole (flow=? AND mode=?)", figures::by_group("f", &FiguresFilter::default())),
        ("COVERING INDEX run_live (flow=? AND mode=?", figures::under_way("f", &FiguresFilter::default())),
        ("COVERING INDEX run_live (flow=? AND mode=?", figures::under_way("f", &lately)),
        ("COVERING INDEX run_live", states::select(&StateFilter::default(), None, 5)),
        (
            "COVERING INDEX run_live (flow=? AND mode=?",
            states::select(&StateFilter { flow: some("f"), ..StateFilter::default() }, None, 5),
        ),
        ("tried_at", tried::select(&TriedFilter::default(), Some(&(5, "x".to_owned())), 5)),
        ("tried_contact", tried::select(&TriedFilter { contact: who, ..TriedFilter::default() }, Some(&(5, "x".to_owned())), 5)),
        ("happening_alert (mode=?)", alerts::select(&AlertFilter::default(), None, 5)),
        ("happening_alert (mode=? AND (at,contact,token,idx)<", alerts::select(&AlertFilter::default(), Some(&alert), 5)),
        ("happening_alert", alerts::select(&AlertFilter { flow: some("f"), ..AlertFilter::default() }, Some(&alert), 5)),
        ("happening_contact", alerts::select(&AlertFilter { contact: who, ..AlertFilter::default() }, Some(&alert), 5)),
        ("entry_place (shard=? AND time>?", live::select(&[(1, (5, 5)), (2, (5, 5))])),
    ];
    for (index, select) in questions {
        let steps = plan(&database, &select).await;
        assert!(steps.iter().any(|step| step.contains(index)), "{index}: {steps:#?}\n{}", select.parts().0);
        // A walk along an index in the order in which rows are shown ends with the page.
        let bad = |step: &&String| {
            let walk = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE") && !step.contains("USING");
            let derived = ["SCAN x1", "SCAN x2", "SCAN (subquery"].iter().any(|of| step.starts_with(of));
            walk && !derived
        };
        assert_eq!(steps.iter().find(bad), None, "{steps:#?}\n{}", select.parts().0);
    }
}

/// A page costs no sorting of all that there is: at most those of one moment.
#[tokio::test]
async fn lists_are_read_in_the_order_of_an_index() {
    let (_folder, database) = database().await;
    let after = (5, 7);
    for filter in [MessageFilter::default(), MessageFilter { contact: Some(contact(1)), ..MessageFilter::default() }] {
        let steps = plan(&database, &message::select(&filter, Some(&after), 5)).await;
        assert!(!steps.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY"), "{steps:#?}");
    }
}
