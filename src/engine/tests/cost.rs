//! What a turn costs: allocations of reading the record, the turn, and writing it, flat in the size of the flow and in the
//! length of the conversation; and how much it may note.

use super::driver::{Driver, flow};
use crate::domain::codec;
use crate::domain::id::{InputId, Token};
use crate::domain::input::{Accepted, Input};
use crate::domain::limits;
use crate::domain::mode::Mode;
use crate::engine::record::Record;
use crate::engine::{Context, turn};

/// A flow in which the contact goes round and round between questions, with `states` states in all.
fn round(states: usize) -> Driver {
    let mut source = String::from(
        "flow: round\nchannels: [main-sms]\nvars: { n: 0, name: '' }\nstart: [ { keyword: go } ]\nbegin: s0\nstates:\n",
    );
    for i in 0..states {
        let next = if i % 2 == 0 { i + 1 } else { i - 1 };
        let next = if next < states { next } else { 0 };
        let spare = if i + 2 < states { i + 2 } else { 0 };
        source.push_str(&format!(
            "  s{i}:\n    ask: 'Question {i}: {{{{ n }}}}?'\n    answer: {{ choice: {{ a: Pay now, b: Cash on delivery, c: Talk to us }} }}\n    save: n\n    \
             go: {{ a: s{next}, b: s{spare}, else: s0, silence: {{ after: 1d, end: silent }} }}\n"
        ));
    }
    let mut d = Driver::of(vec![flow(&source)]);
    d.user("go");
    d
}

fn allocations(d: &mut Driver) -> u64 {
    let message = Input::Message(Box::new(d.inbound("1")));
    let accepted = Accepted { id: InputId(9), at: d.now, mode: Mode::Live, input: message };
    let bytes = d.bytes().to_vec();
    let context = Context { catalog: &d.catalog, project: &d.project, barred: &crate::domain::suppression::NOT_BARRED };
    let mut written = Vec::new();
    let info = allocation_counter::measure(|| {
        let mut record: Record = codec::decode(&bytes).expect("a record");
        let out = turn(&context, &mut record, Token(7), Driver::key(), Some(&accepted), d.now);
        assert_eq!(out.map(|out| out.effects.len()), Ok(1));
        written = codec::encode(&record);
    });
    info.count_total
}

#[test]
fn a_turn_with_its_record_takes_at_most_sixty_allocations() {
    let mut small = round(10);
    let first = allocations(&mut small);
    for _ in 0..100 {
        small.wait("2s");
        small.user("1");
    }
    let later = allocations(&mut small);
    let mut large = round(1_000);
    let in_large = allocations(&mut large);
    assert!(first <= 60 && later <= 60 && in_large <= 60, "{first}, {later}, {in_large}");
}

#[test]
fn notes_of_one_turn_are_bounded() {
    let noted = |n: usize| {
        let compare = |i| format!("      - {{ if: x == {i}, alert: never }}\n");
        let list: String = (0..n).map(compare).collect();
        let flow = format!(
            "flow: many\nneeds: {{ x: {{ type: any, default: a }} }}\nstart: [ {{ keyword: go }} ]\nbegin: s\nstates:\n  s:\n    do:\n{list}    end: done\n"
        );
        let mut d = Driver::new(&[&flow]);
        d.user("go");
        d.notes().len()
    };
    assert_eq!(noted(limits::NOTES_PER_TURN), limits::NOTES_PER_TURN);
    assert_eq!(noted(limits::NOTES_PER_TURN + 1), limits::NOTES_PER_TURN);
}
