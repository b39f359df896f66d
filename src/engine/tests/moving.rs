//! Another version of a flow is published while runs are under way: they stay, go over at their next question, or end; a share of new runs begins
//! on it.

use super::driver::{Driver, MONDAY, flow};
use crate::domain::id::VersionId;
use crate::domain::input::OperatorAction;
use crate::domain::journal::Event;
use crate::domain::name::{Name, Slug};
use crate::domain::publication::OldRuns;
use crate::domain::time::Span;
use crate::engine::record::WaitingStart;
use crate::flow::catalog::{Catalog, Standing};
use crate::flow::definition::{Flow, StateId};
use std::sync::Arc;

const OLD: &str = "\
flow: shop
start: [{ keyword: shop }]
vars: { size: 5, colour: red, old_only: x }
begin: first
expires: 2d
states:
  first:
    ask: 'Old first?'
    answer: text
    save: name
    go: second
  second:
    ask: 'Old second, {{ name }}?'
    answer: text
    go: third
  third:
    ask: 'Old third?'
    answer: text
    go: { ok: { end: done } }
";

/// The second state has another name, a variable another type, one is new, and it lives a day longer.
const NEW: &str = "\
flow: shop
start: [{ keyword: shop }]
vars: { size: 5, colour: 7, fresh: '{{ 2 + 3 }}' }
begin: first
expires: 3d
states:
  first:
    ask: 'New first?'
    answer: text
    save: name
    go: other
  other:
    was: second
    ask: 'New second, {{ name }}? {{ size }} {{ colour }} {{ fresh }}'
    answer: text
    go: last
  last:
    ask: 'New third?'
    answer: text
    go: { ok: { end: done } }
";

fn version(source: &str) -> VersionId {
    flow(source).version
}

fn moved(d: &Driver) -> Vec<(VersionId, VersionId, String, Option<String>, bool)> {
    let moved = |event: &Event| match event {
        Event::Moved(moved) => {
            let was = moved.was.as_ref().map(Name::to_string);
            Some((moved.from, moved.version, moved.state.to_string(), was, moved.part))
        }
        _ => None,
    };
    d.last.events.iter().filter_map(moved).collect()
}

fn live(d: &Driver) -> Vec<(VersionId, i64)> {
    let mut live = d.last.live.clone();
    live.sort();
    live
}

#[test]
fn runs_stay_on_their_version_where_the_publication_says_so() {
    let mut d = Driver::new(&[OLD]);
    assert_eq!(d.user("shop"), ["Old first?"]);
    d.publish(flow(NEW), OldRuns::Stay, None);
    assert_eq!(d.user("Ann"), ["Old second, Ann?"]);
    assert_eq!(moved(&d), []);
    d.user("x");
    assert_eq!(d.user("y"), Vec::<String>::new());
    assert_eq!(d.user("shop"), ["New first?"], "new runs begin on the new one");
}

#[test]
fn a_run_goes_over_at_its_next_question_with_its_variables_by_name_and_type() {
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    let begun = d.record().runs[0].clone();
    d.publish(flow(NEW), OldRuns::Move, None);
    // The open question is answered as it was asked; the next one is the new version's, under its new name.
    assert_eq!(d.user("Ann"), ["New second, Ann? 5 7 5"]);
    assert_eq!(moved(&d), [(version(OLD), version(NEW), "other".to_owned(), Some("second".to_owned()), false)]);
    let mut expected = vec![(version(OLD), -1), (version(NEW), 1)];
    expected.sort();
    assert_eq!(live(&d), expected);
    let run = d.record().runs[0].clone();
    assert_eq!((run.id, run.key, run.begun), (begun.id, begun.key, begun.begun));
    assert_eq!(run.expires, begun.expires + Span::days(1), "it lives as long as the newer version says");
    assert_eq!(d.user("x"), ["New third?"]);
    assert_eq!(moved(&d), [], "once");
    d.user("y");
    assert_eq!(d.ends(), ["done"]);
    assert_eq!(live(&d), [(version(NEW), -1)]);
}

#[test]
fn a_state_without_a_counterpart_leaves_the_run_and_the_next_one_takes_it_over() {
    let narrow = NEW.replace("    was: second\n", "").replace("  last:\n", "  third:\n").replace("go: last", "go: third");
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    d.publish(flow(&narrow), OldRuns::Move, None);
    assert_eq!(d.user("Ann"), ["Old second, Ann?"]);
    assert_eq!(moved(&d), []);
    assert!(d.notes().iter().any(|note| note.contains("has no state for `second`")), "{:?}", d.notes());
    assert_eq!(d.user("x"), ["New third?"]);
    assert_eq!(moved(&d), [(version(OLD), version(&narrow), "third".to_owned(), None, false)]);
}

#[test]
fn a_version_that_needs_what_a_run_does_not_have_is_not_gone_over_to() {
    let needs = NEW.replace("vars: {", "needs: { order: text }\nvars: {");
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    d.publish(flow(&needs), OldRuns::Move, None);
    assert_eq!(d.user("Ann"), ["Old second, Ann?"]);
    assert!(d.notes().iter().any(|note| note.contains("needs `order`")), "{:?}", d.notes());
}

#[test]
fn timers_are_those_of_the_new_version() {
    let timed = |source: &str, after: &str| {
        source.replace("begin: first\n", &format!("begin: first\ndefaults: {{ silence: {{ after: {after}, end: silent }} }}\n"))
    };
    let mut d = Driver::new(&[&timed(OLD, "1h")]);
    d.user("shop");
    d.publish(flow(&timed(NEW, "5h")), OldRuns::Move, None);
    d.user("Ann");
    d.wait("4h");
    assert_eq!(d.record().runs.len(), 1);
    d.wait("2h");
    assert_eq!(d.record().runs.len(), 0);
}

#[test]
fn a_flow_with_another_name_takes_its_runs_over() {
    let renamed = NEW.replace("flow: shop", "flow: store\nwas: shop");
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    d.publish(flow(&renamed), OldRuns::Move, None);
    assert_eq!(d.user("Ann"), ["New second, Ann? 5 7 5"]);
    assert_eq!(d.record().runs[0].flow, Slug::parse("store").expect("a name"));
}

#[test]
fn the_frame_of_a_sub_flow_goes_over_by_its_own_flow_and_the_run_when_it_comes_back() {
    const OUTER: &str = "\
flow: outer
start: [{ keyword: outer }]
begin: inside
states:
  inside:
    run: { flow: shop }
    go: { else: after }
  after:
    ask: 'Old after?'
    answer: text
    go: { ok: { end: done } }
";
    let mut d = Driver::new(&[OLD, OUTER]);
    d.user("outer");
    let shop = flow(NEW);
    let whole = |flow: &Flow, runs| Standing { whole: flow.version, trial: None, runs, retired: false };
    let outer = flow(&OUTER.replace("Old", "New"));
    let fresh = [whole(&shop, OldRuns::Move), whole(&outer, OldRuns::Move)];
    let fresh = Catalog::standing([shop, outer].map(Arc::new), fresh.to_vec());
    d.catalog = d.catalog.with_current(&fresh, 256);
    assert_eq!(d.user("Ann"), ["New second, Ann? 5 7 5"]);
    assert_eq!(moved(&d), [(version(OLD), version(NEW), "other".to_owned(), Some("second".to_owned()), true)]);
    assert_eq!(d.record().runs[0].frames.iter().map(|f| f.version).collect::<Vec<_>>(), [version(OUTER), version(NEW)]);
    d.user("x");
    assert_eq!(d.user("y"), ["New after?"]);
    assert_eq!(moved(&d).iter().map(|m| (m.2.as_str(), m.4)).collect::<Vec<_>>(), [("after", false)]);
    d.user("z");
    let mut total: Vec<(VersionId, i64)> = live(&d);
    total.retain(|(_, n)| *n != 0);
    assert_eq!(total, [(version(&OUTER.replace("Old", "New")), -1)]);
}

#[test]
fn runs_of_older_versions_end_at_once_where_the_publication_says_so() {
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    let newer = flow(NEW);
    d.publish(newer, OldRuns::End, None);
    assert_eq!(d.operator(OperatorAction::Published { flow: Slug::parse("shop").expect("a name") }), Vec::<String>::new());
    assert_eq!(d.ends(), ["interrupted"]);
    assert_eq!(live(&d), [(version(OLD), -1)]);
    assert_eq!(d.user("shop"), ["New first?"]);
    d.operator(OperatorAction::Published { flow: Slug::parse("shop").expect("a name") });
    assert_eq!((d.ends(), d.record().runs.len()), (vec![], 1), "runs of the new one live on");
    // Also where nobody touched the contact: the next thing that happens to it ends the run before anything else.
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    d.publish(flow(NEW), OldRuns::End, None);
    assert_eq!(d.user("shop"), ["New first?"]);
    assert_eq!(d.ends(), ["interrupted"]);
}

#[test]
fn a_share_of_new_runs_begins_on_the_new_version_with_the_triggers_of_the_whole_one() {
    let trial = NEW
        .replace("keyword: shop", "keyword: buy")
        .replace("  first:\n", "  start_here:\n    was: first\n")
        .replace("begin: first", "begin: start_here");
    let begins = |share: u8| {
        let mut d = Driver::new(&[OLD]);
        d.publish(flow(&trial), OldRuns::Stay, Some(share));
        assert_eq!(d.user("buy"), Vec::<String>::new(), "its own triggers do not count yet");
        let said = d.user("shop");
        (said, d.record().runs[0].frames[0].version == version(&trial))
    };
    let of: Vec<bool> = (1..=99).map(|share| begins(share).1).collect();
    let first = of.iter().position(|on| *on).expect("somebody is in 99 %");
    assert!(of[first..].iter().all(|on| *on), "whoever is in a share is in every larger one");
    assert_eq!(begins(99), (vec!["New first?".to_owned()], true));
    if first > 0 {
        assert_eq!(begins(1), (vec!["Old first?".to_owned()], false));
    }
    // Where a run begins is the version's own, whatever it was called before.
    let elsewhere = trial.replace("    was: first\n", "");
    let mut d = Driver::new(&[OLD]);
    d.publish(flow(&elsewhere), OldRuns::Stay, Some(99));
    assert_eq!(d.user("shop"), ["New first?"]);
    // A start that leads elsewhere needs that place: without it the run begins on the whole version.
    let led = OLD.replace("[{ keyword: shop }]", "[{ keyword: shop, go: third }]");
    let mut d = Driver::new(&[&led]);
    d.publish(flow(&trial), OldRuns::Stay, Some(99));
    assert_eq!(d.user("shop"), ["Old third?"]);
}

#[test]
fn a_start_that_waited_meanwhile_begins_on_the_new_version_unless_runs_stay() {
    const OTHER: &str = "\
flow: other
start: [{ keyword: other, busy: wait }]
vars: { n: 1 }
begin: a
states:
  a:
    ask: 'Old other {{ n }}?'
    answer: text
    go: { ok: { end: done } }
";
    for (runs, said) in [(OldRuns::Stay, "Old other 1?"), (OldRuns::Move, "New other 1?"), (OldRuns::End, "New other 1?")] {
        let mut d = Driver::new(&[OLD, OTHER]);
        d.user("shop");
        d.change(|record| {
            record.waiting.push(WaitingStart {
                flow: Slug::parse("other").expect("a name"),
                version: version(OTHER),
                key: None,
                vars: Default::default(),
                go: StateId(0),
                since: MONDAY,
                reply: None,
                event: None,
                callback: None,
                sending: None,
            });
        });
        let shop = Standing::from(version(OLD));
        let newer = flow(&OTHER.replace("Old", "New"));
        let standing = Standing { whole: newer.version, trial: None, runs, retired: false };
        let fresh = Catalog::standing([flow(OLD), newer].map(Arc::new), vec![shop, standing]);
        d.catalog = d.catalog.with_current(&fresh, 256);
        d.user("Ann");
        d.user("x");
        assert_eq!(d.user("y"), [said], "{runs:?}");
    }
}

#[test]
fn a_share_begins_where_the_new_version_begins() {
    let greeted = OLD
        .replace("begin: first", "begin: hello")
        .replace("states:\n", "states:\n  hello:\n    say: 'Welcome'\n    go: first\n");
    let mut d = Driver::new(&[OLD]);
    d.publish(flow(&greeted), OldRuns::Stay, Some(99));
    assert_eq!(d.user("shop"), ["Welcome", "Old first?"]);
}

#[test]
fn what_was_saved_is_not_thrown_away_where_it_has_another_type() {
    let numbered = NEW.replace("    answer: text\n    save: name\n", "    answer: { number: {} }\n    save: name\n");
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    d.publish(flow(&numbered), OldRuns::Move, None);
    assert_eq!(d.user("Ann"), ["Old second, Ann?"], "it stays where its answer means something");
    assert_eq!(moved(&d), []);
}

#[test]
fn on_the_way_back_a_state_is_the_one_that_it_was() {
    let mut d = Driver::new(&[NEW]);
    assert_eq!(d.user("shop"), ["New first?"]);
    d.publish(flow(&OLD.replace("size: 5, ", "size: 5, fresh: '', ")), OldRuns::Move, None);
    assert_eq!(d.user("Ann"), ["Old second, Ann?"]);
    assert_eq!(moved(&d).first().map(|moved| moved.3.as_deref()), Some(Some("other")));
}

#[test]
fn a_flow_that_is_given_up_ends_its_runs_and_those_that_wait_to_begin_where_it_is_said() {
    let mut d = Driver::new(&[OLD]);
    d.user("shop");
    let whole = version(OLD);
    d.catalog =
        Catalog::standing([Arc::new(flow(OLD))], vec![Standing { whole, trial: None, runs: OldRuns::End, retired: true }]);
    d.user("Ann");
    assert!(d.record().runs.is_empty());
    assert_eq!(d.ends(), ["interrupted"]);
    assert_eq!(d.user("shop"), Vec::<String>::new(), "and none begins");
}

#[test]
fn opt_out_words_of_a_share_count_and_those_of_the_contacts_own_language() {
    let spanish = OLD.replace("flow: shop\n", "flow: shop\nlanguages: [en, es]\n");
    for tried in [true, false] {
        let mut d = Driver::new(&[OLD]);
        d.user("shop");
        if tried {
            d.publish(flow(&spanish), OldRuns::Stay, Some(99));
        } else {
            d.speak(crate::domain::language::Language::parse("es").expect("a language"));
        }
        d.user("BAJA");
        assert!(d.last.events.iter().any(|event| matches!(event, Event::OptedOut { .. })), "{tried}");
    }
}

#[test]
fn a_part_of_another_flow_is_in_the_share_too_where_what_is_given_fits_it() {
    const OUTER: &str = "\
flow: outer
start: [{ keyword: outer }]
begin: inside
states:
  inside:
    run: { flow: shop }
    go: { else: { end: done } }
";
    for (tried, said) in [(NEW.to_owned(), "New first?"), (NEW.replace("vars:", "needs: { who: text }\nvars:"), "Old first?")] {
        let mut d = Driver::new(&[OLD, OUTER]);
        let outer = Standing::from(version(OUTER));
        let trial = flow(&tried);
        let share = crate::domain::publication::Share::percent(99).expect("a share");
        let trial_of = crate::domain::publication::Trial { version: trial.version, share };
        let shop = Standing { trial: Some(trial_of), ..Standing::from(version(OLD)) };
        let flows = [flow(OLD), flow(OUTER), trial].map(Arc::new);
        d.catalog = Catalog::standing(flows, vec![shop, outer]);
        assert_eq!(d.user("outer"), [said]);
    }
}
