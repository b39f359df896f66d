//! Every way of a flow, drawn as lines.

use super::*;
use crate::flow::parse::{ParseContext, read_flow};

fn flow(source: &str) -> Flow {
    let context = ParseContext { languages: Vec::new(), channels: Vec::new() };
    let reading = read_flow(source, "flows/f.yaml", &context);
    let partial = reading.partial.unwrap_or_else(|| panic!("{:?}", reading.diagnostics));
    std::sync::Arc::unwrap_or_clone(partial)
}

/// `state outcome(decided) [steps] -> to at least..most`, one line for each way.
fn drawn(ways: &Ways<'_>) -> Vec<String> {
    let name = |to: To<'_>| match to {
        To::State(id) => ways.flow().state_name(id).to_owned(),
        To::End(end) => format!("end {end}"),
        To::Again(times) => times.map_or("again".to_owned(), |n| format!("again {n}")),
    };
    let steps = |way: &Way<'_>| {
        let steps = ways.steps(way).into_iter().map(|step| match step {
            Step::If(condition) => condition.source().to_owned(),
            Step::IfNot(condition) => format!("not({})", condition.source()),
            Step::Give(values) => format!("give {}", values.len()),
            Step::Do(actions) => format!("do {}", actions.len()),
            Step::UsedUp(n) => format!("used up {n}"),
        });
        steps.collect::<Vec<_>>().join(", ")
    };
    let entries = ways.entries().iter().flat_map(|entry| {
        let from = match entry.from {
            From::Begin => "begin",
            From::Start(_) => "start",
            From::Anytime(_) => "anytime",
            From::Late(_) => "late",
        };
        let heard = if entry.hears { "!" } else { "" };
        ways.ways_in(entry).iter().map(move |way| format!("{from}{heard} [{}] -> {}", steps(way), name(way.to)))
    });
    let states = ways.states().flat_map(|id| {
        ways.ways_out(id).map(move |(outcome, way)| {
            let most = way.most.map_or("ever".to_owned(), |most| most.to_string());
            let marks = [(outcome.hears, '!'), (!outcome.waits, '0')].into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark);
            let marks: String = marks.collect();
            let (state, outcome_name) = (ways.flow().state_name(id), &outcome.name);
            let decided = format!("{:?}", outcome.decided);
            let steps = steps(way);
            format!("{state} {outcome_name}{marks} {decided} [{steps}] {}..{most} -> {}", way.least, name(way.to))
        })
    });
    entries.chain(states).collect()
}

const FLOW: &str = r#"
flow: f
languages: [en]
vars: { n: 0 }
start:
  - keyword: go
    if: contact.name == "Ada"
    with: { n: 1 }
    go: b
  - event: x
    contact: "{{ event.phone }}"
anytime:
  - event: y
    go: [{ if: n > 1, go: c }, { else: { say: Bye, end: left } }]
  - keyword: hint
    say: It is easy.
    again: true
late: { for: 3d, say: Hello again, go: a }
defaults:
  silence: { after: 2h, end: quiet }
begin: a
states:
  a:
    ask: Which?
    answer: { choice: { one: One, two: Two } }
    go:
      one: b
      else: [{ if: n == 2, say: Two!, end: two }, { if: n == 3, go: c }, { else: b }]
      nomatch: { say: Once more, again: 1, go: [{ if: n == 4, go: c }, { else: b }] }
      silence: { after: 4h, again: 2, end: gone }
  b:
    wait: { event: z }
    go: { ok: c, silence: { after: 1d, go: d } }
  c: { split: { x: 1, y: 0 }, go: { x: d, y: b } }
  d: { call: { api: shop, get: / }, go: { ok: e, 404: e } }
  e: { answer: { pick: { from: "{{ n }}", label: "{{ item }}" } }, go: { ok: f, empty: f } }
  f: { wait: { days: 1, at: 09:00 }, go: g }
  g: { wait: { until: "{{ now }}" }, go: h }
  h: { run: { flow: other }, go: { done: i, else: i, silence: i } }
  i: { end: over }
"#;

#[test]
fn every_way_is_there_with_what_lies_on_it() {
    let flow = flow(FLOW);
    let ways = Ways::of(&flow);
    insta::assert_snapshot!(drawn(&ways).join("\n"), @r#"
    begin [] -> a
    start! [contact.name == "Ada", give 1] -> b
    start [] -> a
    anytime [n > 1] -> c
    anytime [not(n > 1), do 1] -> end left
    anytime! [do 1] -> again
    late! [do 1] -> a
    a one! State [] 0s..4h -> b
    a two! Else [n == 2, do 1] 0s..4h -> end two
    a two! Else [not(n == 2), n == 3] 0s..4h -> c
    a two! Else [not(n == 2), not(n == 3)] 0s..4h -> b
    a nomatch! State [do 1] 0s..4h -> again 1
    a nomatch! State [used up 1, n == 4] 0s..4h -> c
    a nomatch! State [used up 1, not(n == 4)] 0s..4h -> b
    a silence State [] 4h..8h -> again 2
    a silence State [used up 2] 4h..12h -> end gone
    a undelivered BuiltIn [] 0s..4h -> end undelivered
    b ok State [] 0s..1d -> c
    b silence State [] 1d..1d -> d
    c x0 State [] 0s..0s -> d
    c y0 State [] 0s..0s -> b
    d ok State [] 0s..2m -> e
    d 404 State [] 0s..2m -> e
    d failed BuiltIn [] 0s..2m -> end failed
    e ok! State [] 0s..2h -> f
    e empty0 State [] 0s..0s -> f
    e nomatch! BuiltIn [] 0s..2h -> again 2
    e nomatch! BuiltIn [used up 2] 0s..2h -> end not_understood
    e silence Defaults [] 2h..2h -> end quiet
    f ok Else [] 8h..1d10h -> g
    g ok Else [] 0s..ever -> h
    h done State [] 0s..ever -> i
    h else Else [] 0s..ever -> i
    h silence State [] 0s..ever -> i
    h failed BuiltIn [] 0s..ever -> end failed
    i 0 State [] 0s..0s -> end over
    "#);
    assert!(ways.reached().iter().all(|reached| *reached));
}

fn project(sources: &[&str]) -> std::collections::BTreeMap<crate::domain::name::Slug, std::sync::Arc<Flow>> {
    sources.iter().map(|source| flow(source)).map(|flow| (flow.name.clone(), std::sync::Arc::new(flow))).collect()
}

#[test]
fn the_outcomes_of_a_sub_flow_are_its_ends_and_say_whether_they_wait() {
    let asks = "flow: asks\nwas: asked\nlanguages: [en]\nbegin: a\nstates:\n  a: { go: [{ if: now in hours.x, go: b }, { else: { end: closed } }] }\n  b: { ask: Well?, go: { ok: { end: told } } }\n";
    let calls = "flow: calls\nlanguages: [en]\nbegin: a\nstates:\n  a: { run: { flow: asked }, go: { told: a, else: { end: nobody } } }\n";
    let round = "flow: round\nlanguages: [en]\nbegin: a\nstates:\n  a: { run: { flow: round }, go: { else: { end: done } } }\n";
    let flows = project(&[asks, calls, round]);
    let subs = Subs::of(&flows);
    let ends = |name: &str| subs.get(name).map(|sub| sub.ends.iter().map(|(n, end)| (n.clone(), end.waits)).collect::<Vec<_>>());
    let own = |list: &[(&str, bool)]| Some(list.iter().map(|(n, waits)| ((*n).to_owned(), *waits)).collect::<Vec<_>>());
    assert_eq!(ends("asks"), own(&[("closed", false), ("silent", true), ("told", true), ("undelivered", true)]));
    assert_eq!(ends("asked"), ends("asks"), "by a former name");
    assert_eq!(ends("calls"), own(&[("failed", true), ("nobody", false), ("undelivered", true)]));
    assert_eq!(ends("round"), None, "what goes in a circle has no known ends");
    let calls = &flows[&crate::domain::name::Slug::parse("calls").expect("a name")];
    let lines = drawn(&Ways::among(calls, &subs));
    insta::assert_snapshot!(lines.join("\n"), @"
    begin [] -> a
    a closed0 Else [] 0s..ever -> end nobody
    a silent Else [] 0s..ever -> end nobody
    a told State [] 0s..ever -> a
    a undelivered BuiltIn [] 0s..ever -> end undelivered
    a failed BuiltIn [] 0s..ever -> end failed
    ");
}

#[test]
fn parts_that_go_round_and_the_shortest_way_in_them_are_found() {
    let edges: [&[u16]; 7] = [&[1], &[2, 3], &[0], &[4, 9], &[3], &[5], &[]];
    let next = |at: StateId| edges[usize::from(at.0)].iter().map(|id| StateId(*id));
    let parts = components(7, next);
    let mut sorted: Vec<Vec<u16>> = parts.iter().map(|part| part.iter().map(|id| id.0).collect()).collect();
    sorted.iter_mut().for_each(|part| part.sort_unstable());
    assert_eq!(sorted, [vec![3, 4], vec![0, 1, 2], vec![5], vec![6]], "what is led to comes first");
    let way =
        |from, to| shortest_way(7, StateId(from), StateId(to), next).map(|way| way.iter().map(|id| id.0).collect::<Vec<_>>());
    assert_eq!(way(0, 0), Some(vec![0, 1, 2, 0]));
    assert_eq!(way(2, 4), Some(vec![2, 0, 1, 3, 4]));
    assert_eq!(way(5, 5), Some(vec![5, 5]));
    assert_eq!(way(6, 6), None);
    assert_eq!(way(3, 0), None);
}

proptest::proptest! {
    #[test]
    fn parts_are_what_leads_there_and_back(edges in proptest::collection::vec((0..12u16, 0..12u16), 0..30)) {
        let next = |at: StateId| edges.iter().filter(move |(from, _)| *from == at.0).map(|(_, to)| StateId(*to)).collect::<Vec<_>>().into_iter();
        let parts = components(12, next);
        let place = |id: u16| parts.iter().position(|part| part.contains(&StateId(id)));
        let leads = |a: u16, b: u16| shortest_way(12, StateId(a), StateId(b), next).is_some();
        proptest::prop_assert_eq!(parts.iter().map(<[StateId]>::len).sum::<usize>(), 12);
        for a in 0..12 {
            for b in 0..12 {
                proptest::prop_assert_eq!(place(a) == place(b), a == b || leads(a, b) && leads(b, a));
            }
        }
    }
}
