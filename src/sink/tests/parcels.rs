//! What is sent again, split, put off and dropped. The last test plays services that behave in all ways at once.

use super::*;
use std::collections::BTreeSet;

const BOUNDS: Bounds = Bounds { rows: 4, bytes: 1_000, row_bytes: 300 };

fn some(from: usize, to: usize) -> Vec<Encoded> {
    let one = |n: usize| Encoded { id: n.to_string(), json: Bytes::from(n.to_string()) };
    (from..to).map(one).collect()
}

fn ids(rows: Option<&[Encoded]>) -> Vec<&str> {
    rows.into_iter().flatten().map(|row| row.id.as_str()).collect()
}

fn loaded(n: usize) -> Parcels {
    let mut parcels = Parcels::new(BOUNDS);
    assert_eq!(parcels.load(some(0, n)), Vec::new());
    parcels
}

fn named(places: &[usize]) -> Vec<(usize, String)> {
    places.iter().map(|place| (*place, "why".to_owned())).collect()
}

#[test]
fn rows_are_packed_in_their_order_by_number_and_bytes() {
    let mut parcels = loaded(6);
    assert_eq!(ids(parcels.next()), ["0", "1", "2", "3"]);
    assert_eq!(parcels.heard(Verdict::Taken).taken, 4);
    assert_eq!(ids(parcels.next()), ["4", "5"]);
    parcels.heard(Verdict::Taken);
    assert!(parcels.next().is_none());

    let large = |id: &str, bytes: usize| Encoded { id: id.to_owned(), json: Bytes::from(vec![b'x'; bytes]) };
    let dropped = parcels.load(vec![large("a", 300), large("b", 299), large("c", 299), large("d", 299), large("e", 299)]);
    assert_eq!(dropped, [("a".to_owned(), "too_large".to_owned())], "a comma belongs to each");
    assert_eq!(ids(parcels.next()), ["b", "c", "d"]);
}

#[test]
fn what_is_too_large_is_halved_and_alone_dropped() {
    let mut parcels = loaded(4);
    assert_eq!(parcels.heard(Verdict::TooLarge), Next::default());
    assert_eq!(ids(parcels.next()), ["0", "1"]);
    parcels.heard(Verdict::TooLarge);
    assert_eq!(ids(parcels.next()), ["0"]);
    assert_eq!(parcels.heard(Verdict::TooLarge).dropped, [("0".to_owned(), "too_large".to_owned())]);
    assert_eq!(ids(parcels.next()), ["1"]);
    parcels.heard(Verdict::Taken);
    assert_eq!(ids(parcels.next()), ["2", "3"]);
}

#[test]
fn named_rows_are_dropped_and_the_others_sent_again_where_none_was_taken() {
    let mut parcels = loaded(4);
    let next = parcels.heard(Verdict::Without(named(&[1, 3])));
    assert_eq!((next.taken, next.dropped.len(), parcels.next().is_none()), (2, 2, true));

    let mut parcels = loaded(4);
    let next = parcels.heard(Verdict::AgainWithout(named(&[0, 2])));
    assert_eq!((next.taken, ids(parcels.next())), (0, vec!["1", "3"]));
    assert_eq!(next.dropped[1].0, "2");
    assert_eq!(parcels.heard(Verdict::AgainWithout(named(&[0, 1]))).dropped.len(), 2);
    assert!(parcels.next().is_none(), "an empty request is never sent");
}

#[test]
fn a_row_that_nobody_names_is_found_tried_again_and_only_it_is_dropped() {
    let mut parcels = loaded(4);
    let (mut taken, mut dropped, mut requests) = (0, Vec::new(), 0);
    while let Some(rows) = parcels.next() {
        let bad = rows.iter().any(|row| row.id == "2");
        let next = parcels.heard(if bad { Verdict::Refused("400".to_owned()) } else { Verdict::Taken });
        taken += next.taken;
        dropped.extend(next.dropped.into_iter().map(|(id, _)| id));
        requests += 1;
    }
    assert_eq!((taken, dropped, requests), (3, vec!["2".to_owned()], 6));
}

#[test]
fn a_service_that_refuses_everything_costs_no_row() {
    let mut parcels = Parcels::new(Bounds { rows: 100, ..BOUNDS });
    parcels.load(some(0, 64));
    let mut waits = 0;
    for _ in 0..1_000 {
        let next = parcels.heard(Verdict::Refused("400".to_owned()));
        assert_eq!(next.dropped, Vec::new());
        waits += usize::from(next.wait.is_some());
    }
    assert!(waits > 10, "it is said again and again: {waits}");
    let mut seen = BTreeSet::new();
    while let Some(rows) = parcels.next() {
        seen.extend(rows.iter().map(|row| row.id.clone()));
        assert_eq!(parcels.heard(Verdict::Taken).dropped, Vec::new(), "those that were put back are sent like all others");
    }
    assert_eq!(seen.len(), 64, "nothing is lost");
}

#[test]
fn single_rows_that_are_refused_one_after_the_other_are_no_accident_either() {
    let mut parcels = Parcels::new(BOUNDS);
    let mut dropped = 0;
    for n in 0..20 {
        if parcels.next().is_none() {
            parcels.load(some(n, n + 1));
        }
        let next = parcels.heard(Verdict::Refused("400".to_owned()));
        dropped += next.dropped.len();
        assert_eq!(next.wait.is_some(), n >= 9, "{n}");
    }
    assert_eq!(dropped, 9);
    parcels.heard(Verdict::Taken);
    parcels.load(some(50, 51));
    assert_eq!(parcels.heard(Verdict::Refused("400".to_owned())).dropped.len(), 1, "counted from the last row that was taken");
}

#[test]
fn rows_of_somebody_over_a_limit_wait_and_the_others_go_on() {
    let mut parcels = loaded(6);
    assert_eq!(parcels.heard(Verdict::Throttled(vec![0, 2])), Next::default());
    assert_eq!(ids(parcels.next()), ["1", "3"]);
    parcels.heard(Verdict::Taken);
    assert_eq!(ids(parcels.next()), ["4", "5"]);
    let next = parcels.heard(Verdict::Taken);
    assert_eq!((next.wait, ids(parcels.next())), (Some(Wait::Throttled), vec!["0", "2"]));
    assert_eq!(parcels.heard(Verdict::Later("503".to_owned())).wait, Some(Wait::Busy("503".to_owned())));
    assert_eq!(ids(parcels.next()), ["0", "2"], "the same again");
}

proptest::proptest! {
    /// Whatever a service answers, each row is taken or dropped in the end, exactly once, and only for a reason.
    #[test]
    fn every_row_ends_once(
        n in 0usize..40,
        bad in proptest::collection::btree_set(0usize..40, 0..6),
        answers in proptest::collection::vec(0u8..9, 0..200),
    ) {
        let mut parcels = loaded(n);
        let (mut taken, mut dropped) = (Vec::new(), Vec::new());
        let mut answers = answers.into_iter();
        let mut steps = 0;
        while let Some(rows) = parcels.next() {
            steps += 1;
            proptest::prop_assert!(steps < 2_000 && !rows.is_empty() && rows.len() <= BOUNDS.rows.max(10));
            let here: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
            let wrong: Vec<usize> = (0..here.len()).filter(|place| bad.contains(&here[*place].parse::<usize>().expect("a number"))).collect();
            let why = || "x".to_owned();
            let (verdict, took) = match (answers.next().unwrap_or(8), wrong.is_empty()) {
                (0, _) => (Verdict::Later(why()), Vec::new()),
                (1, _) => (Verdict::Closed(why()), Vec::new()),
                (2, _) if here.len() > 1 => (Verdict::TooLarge, Vec::new()),
                (3, _) => (Verdict::Throttled(vec![0]), Vec::new()),
                (_, true) => (Verdict::Taken, here.clone()),
                (4 | 5, false) => (Verdict::AgainWithout(wrong.iter().map(|place| (*place, why())).collect()), Vec::new()),
                (6 | 7, false) => {
                    let took = (0..here.len()).filter(|place| !wrong.contains(place)).map(|place| here[place].clone()).collect();
                    (Verdict::Without(wrong.iter().map(|place| (*place, why())).collect()), took)
                }
                (_, false) => (Verdict::Refused(why()), Vec::new()),
            };
            let next = parcels.heard(verdict);
            proptest::prop_assert_eq!(next.taken, took.len());
            taken.extend(took);
            dropped.extend(next.dropped.into_iter().map(|(id, _)| id));
        }
        let ends: BTreeSet<&String> = taken.iter().chain(&dropped).collect();
        proptest::prop_assert_eq!((ends.len(), taken.len() + dropped.len()), (n, n));
        proptest::prop_assert!(dropped.iter().all(|id| bad.contains(&id.parse::<usize>().expect("a number"))));
    }
}
