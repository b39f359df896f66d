//! Walking every way of a flow: the sample flows are reached whole, planted defects are found, and every way that is
//! printed as a case passes as one.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use replyflow::config::project::Project;
use replyflow::domain::name::Slug;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::definition::Flow;
use replyflow::flow::load::Sources;
use replyflow::flow::version::SourceFile;
use replyflow::testing::coverage::Coverage;
use replyflow::testing::explore::{Bounds, Exploration, Which, explore};
use replyflow::testing::{Texts, play, read_script};
use std::path::Path;
use std::sync::Arc;

struct Flows {
    catalog: Arc<Catalog>,
    project: Arc<Project>,
    flows: Vec<Arc<Flow>>,
}

impl Flows {
    fn of(sources: &Sources, project: Project) -> Flows {
        let checked = check_project(sources, &project);
        let flows: Vec<Arc<Flow>> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
        assert!(!flows.is_empty(), "{:#?}", checked.diagnostics);
        let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
        Flows { catalog: Arc::new(Catalog::new(flows.clone(), &current)), project: Arc::new(project), flows }
    }

    fn samples() -> Flows {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let toml = std::fs::read_to_string(root.join("replyflow.toml")).expect("the sample project");
        Flows::of(&Sources::read(root).expect("the sample flows"), crate::support::project::of(&toml))
    }

    fn written(flows: &[(&str, &str)]) -> Flows {
        Flows::with(flows, &[])
    }

    fn with(flows: &[(&str, &str)], notifications: &[(&str, &str)]) -> Flows {
        let mut sources = Sources::default();
        for (name, text) in flows {
            let text = format!("flow: {name}\nlanguages: [en]\n{text}");
            sources.flows.insert((*name).to_owned(), SourceFile { file: format!("flows/{name}.yaml"), text });
        }
        for (name, text) in notifications {
            let text = format!("notification: {name}\nlanguages: [en]\n{text}");
            let source = SourceFile { file: format!("templates/{name}.yaml"), text };
            sources.notifications.insert(Slug::parse(name).expect("a name"), source);
        }
        let project = "[project]\ncountry = \"GB\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n\
                       [channels.main-whatsapp]\nprovider = \"simulator\"\nkind = \"whatsapp\"\n\
                       [api.shop]\nbase_url = \"https://shop.example\"\n[attributes]\nvip = \"boolean\"\n[teams.crew]\ntitle = \"Crew\"\n";
        Flows::of(&sources, crate::support::project::of(project))
    }

    fn walk_with(&self, name: &str, bounds: &Bounds) -> Exploration {
        let flow = self.flows.iter().find(|flow| flow.name.as_str() == name).expect("the flow");
        explore(flow, &self.catalog, &self.project, &flow.channels, bounds, &mut |_| {}).expect("a walk")
    }

    fn walk(&self, name: &str) -> Exploration {
        self.walk_with(name, &Bounds::default())
    }

    /// Plays a test file; gives the titles of the cases.
    fn passes(&self, file: &str) -> Vec<String> {
        let names: Vec<&str> = self.flows.iter().map(|flow| flow.name.as_str()).collect();
        let (script, diagnostics) = read_script(file, "explored.test.yaml", &names);
        assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{file}");
        let results = play(&script.expect("a script"), &self.catalog, &self.project, Texts::Compared, &mut Coverage::default());
        for case in &results {
            assert!(case.failure.is_none(), "{}: {:?}\n{file}", case.title, case.failure);
        }
        results.into_iter().map(|case| case.title).collect()
    }

    fn case_passes(&self, found: &Exploration, which: &str) -> String {
        let case = found.case(&Which::parse(which).expect(which)).expect(which);
        let file = found.file(&[case]);
        self.passes(&file);
        file
    }
}

fn missing(found: &Exploration) -> Vec<String> {
    found.missing.iter().map(|finding| format!("{} ({})", finding.what, finding.why)).collect()
}

#[test]
fn the_sample_flows_are_reached_whole_and_end() {
    let flows = Flows::samples();
    for flow in &flows.flows {
        let found = flows.walk(flow.name.as_str());
        assert_eq!(missing(&found), [""; 0], "{}", flow.name);
        assert!(found.is_good(), "{}: {:?} {:?} {:?}", flow.name, found.endless, found.ceaseless, found.failures);
        assert_eq!(found.misread, [], "{}", flow.name);
        assert_eq!(found.stopped, [""; 0], "{}", flow.name);
    }
}

#[test]
fn what_was_reached_in_the_sample_flows_is_a_test_file_that_passes() {
    let flows = Flows::samples();
    for flow in &flows.flows {
        let found = flows.walk(flow.name.as_str());
        let cases = found.cases();
        let file = found.file(&cases);
        let names: Vec<&str> = flows.flows.iter().map(|flow| flow.name.as_str()).collect();
        let (script, diagnostics) = read_script(&file, "explored.test.yaml", &names);
        assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{file}");
        let mut coverage = Coverage::default();
        for case in play(&script.expect("a script"), &flows.catalog, &flows.project, Texts::Compared, &mut coverage) {
            assert!(case.failure.is_none(), "{} {}: {:?}\n{file}", flow.name, case.title, case.failure);
        }
        let covered = coverage.of(flow);
        let missed = [&covered.states.missed, &covered.outcomes.missed, &covered.choices.missed];
        assert!(missed.iter().all(|missed| missed.is_empty()), "{}: {missed:?}", flow.name);
        for which in ["longest", "slowest", "most-messages", "at-once", "unasked"] {
            flows.case_passes(&found, which);
        }
    }
}

const ASK: &str = "defaults:\n  silence: { after: 1h, end: silent }\n  undelivered: { end: undelivered }\n  nomatch: { again: 1, end: lost }\n  failed: { end: failed }\n";

#[test]
fn a_state_behind_a_condition_that_cannot_hold_is_not_reached_and_the_reason_is_said() {
    let flows = Flows::written(&[(
        "party",
        &format!(
            "start:\n  - keyword: party\n{ASK}begin: how_many\nstates:\n  how_many:\n    ask: How many are you?\n    \
             answer: {{ number: {{ min: 1, max: 20, whole: true }} }}\n    save: guests\n    go: next\n  next:\n    go:\n      \
             - if: guests > 8\n        go: large\n      - if: guests > 12 and guests < 10\n        go: odd\n      - else: small\n  \
             large: {{ say: Large., end: done }}\n  small: {{ say: Small., end: done }}\n  odd: {{ say: Odd., end: done }}\n"
        ),
    )]);
    let found = flows.walk("party");
    let missing = missing(&found);
    assert_eq!(missing.len(), 1, "{missing:?}");
    let reason = "odd (`guests > 12 and guests < 10` was never true with the values tried (guests was ";
    assert!(missing[0].starts_with(reason) && missing[0].ends_with("), in `next`)"), "{missing:?}");
    assert_eq!(found.states, (4, 5));
    assert!(!found.is_good());
    flows.case_passes(&found, "large");
    flows.case_passes(&found, "how_many:nomatch");
    assert!(found.case(&Which::parse("odd").expect("odd")).is_err());
}

#[test]
fn a_way_without_an_end_is_found() {
    let flows = Flows::written(&[(
        "trap",
        &format!(
            "start:\n  - keyword: trap\n{ASK}begin: go_in\nstates:\n  go_in:\n    ask: Shall we?\n    answer: yes_no\n    \
             go: {{ yes: first, no: {{ end: out }} }}\n  first: {{ wait: 1d, go: second }}\n  second: {{ wait: 2d, go: first }}\n"
        ),
    )]);
    let found = flows.walk("trap");
    let states: Vec<&str> = found.endless.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(states, ["first", "second"]);
    assert!(found.ceaseless.is_none(), "nothing is sent");
    assert!(!found.is_good());
    let file = flows.case_passes(&found, "second");
    assert!(file.contains("at: second"), "{file}");
}

#[test]
fn messages_that_nobody_asked_for_are_counted() {
    let counted = |until: usize| {
        format!(
            "start:\n  - keyword: nag\nvars: {{ n: 0 }}\nbegin: tell\nstates:\n  tell:\n    do:\n      - say: Do not forget.\n      \
             - set: {{ n: \"{{{{ n + 1 }}}}\" }}\n    wait: 1h\n    go:\n      ok:\n        - if: n >= {until}\n          end: done\n        - else: tell\n"
        )
    };
    let (fifty, endless) =
        (counted(50), counted(50).replace("if: n >= 50\n          end: done", "if: n < 0\n          end: done"));
    let flows = Flows::written(&[("nag", &fifty)]);
    let found = flows.walk("nag");
    assert_eq!(found.unasked.as_ref().map(|figure| figure.amount), Some(49), "the first answers the keyword");
    assert_eq!(found.most_messages.as_ref().map(|figure| figure.amount), Some(50));
    assert_eq!(found.slowest.as_ref().map(|figure| figure.amount), Some(50 * 3_600_000));
    assert!(found.is_good(), "{:?}", missing(&found));
    let file = flows.case_passes(&found, "most-messages");
    assert_eq!(file.matches("Do not forget.").count(), 50);
    // Without a counter it goes round, and nobody can stop it.
    let round = endless.replace("      - set: { n: \"{{ n + 1 }}\" }\n", "");
    let flows = Flows::written(&[("nag", &round)]);
    let found = flows.walk("nag");
    assert!(found.ceaseless.is_some() && !found.endless.is_empty() && !found.is_good());
    // With one that nobody asks enough of, a bound stops the walk and the report says so.
    let flows = Flows::written(&[("nag", &endless)]);
    let found = flows.walk("nag");
    assert_eq!(found.stopped, ["values"]);
}

#[test]
fn a_turn_that_fails_is_found_with_its_way() {
    let flows = Flows::written(&[(
        "sum",
        &format!(
            "start:\n  - keyword: sum\n{ASK}begin: ask\nstates:\n  ask:\n    ask: How many?\n    answer: {{ number: {{ min: 0, max: 9, whole: true }} }}\n    \
             save: n\n    go: {{ ok: look }}\n  look:\n    call: {{ api: shop, get: \"/n/{{{{ n }}}}\" }}\n    save: found\n    \
             go:\n      ok:\n        - if: found.total > 3\n          go: many\n        - else: few\n      404: {{ end: none }}\n  \
             many: {{ say: \"{{{{ found.total / (n - 1) }}}}\", end: done }}\n  few: {{ say: Few., end: done }}\n"
        ),
    )]);
    let found = flows.walk("sum");
    assert_eq!(found.failures.len(), 1, "{:?}", found.failures);
    assert!(found.failures[0].what.contains("failed at `many`"), "{:?}", found.failures);
    assert!(!found.is_good());
    let file = flows.case_passes(&found, "failed:1");
    assert!(file.contains("user: \"1\"") && file.contains("end: failed"), "{file}");
    flows.case_passes(&found, "look:404");
    flows.case_passes(&found, "look:failed");
}

#[test]
fn every_kind_of_answer_is_given_at_and_beyond_its_bounds() {
    let questions = [
        ("text", "{ text: { min: 3, max: 20 } }"),
        ("several", "{ choices: { of: { a: Apples, b: Bread, c: Cheese }, min: 1, max: 2 } }"),
        ("day", "{ date: { min: \"{{ today }}\", max: \"{{ today + 30d }}\" } }"),
        ("clock", "{ time: { min: \"09:00\", max: \"17:00\" } }"),
        ("when", "{ moment: { min: \"{{ now }}\" } }"),
        ("phone", "phone"),
        ("email", "email"),
        ("code", "{ pattern: \"[A-Z]{2}-[0-9]{4}\" }"),
        ("files", "{ media: { types: [image, application/pdf], max: 2 } }"),
        ("place", "location"),
    ];
    for (state, answer) in questions {
        let text = format!(
            "channels: [main-whatsapp]\nstart:\n  - keyword: begin\n{ASK}begin: {state}\nstates:\n  {state}:\n    ask: Well?\n    answer: {answer}\n    go: {{ ok: {{ end: ok }} }}\n"
        );
        let flows = Flows::written(&[("answers", &text)]);
        let found = flows.walk("answers");
        let ends: Vec<&str> = found.ends.iter().map(|(end, _)| end.as_str()).collect();
        assert_eq!(ends, ["lost", "ok", "silent", "undelivered"], "{state}: {:?}", missing(&found));
        flows.passes(&found.file(&found.cases()));
    }
}

#[test]
fn data_that_conditions_read_is_made_up_wherever_it_comes_from() {
    let text = format!(
        "needs: {{ plan: text, level: number }}\nstart:\n  - event: order.placed\n    if: event.total > 100\n    contact: \"{{{{ event.buyer.phone }}}}\"\n    \
         key: \"{{{{ event.id }}}}\"\n    with: {{ plan: \"{{{{ event.plan | lower }}}}\", level: \"{{{{ event.level }}}}\" }}\n{ASK}begin: sort\nstates:\n  sort:\n    \
         go:\n      - if: plan == \"gold\" and level >= 3\n        go: gold\n      - if: contact.vip\n        go: vip\n      \
         - if: plan in [\"silver\", \"bronze\"]\n        go: metal\n      - else: nothing\n  gold: {{ end: gold }}\n  vip: {{ end: vip }}\n  \
         metal:\n    call: {{ api: shop, get: /items }}\n    save: found\n    go: {{ ok: pick }}\n  pick:\n    ask: Which?\n    \
         answer: {{ pick: {{ from: \"{{{{ found.items }}}}\", label: \"{{{{ item.name }}}}\" }} }}\n    save: item_taken\n    \
         go: {{ ok: arm, empty: {{ end: empty }} }}\n  arm:\n    split: {{ a: 1, b: 1 }}\n    go: {{ a: {{ end: a }}, b: parcel }}\n  \
         parcel:\n    wait: {{ event: parcel.came, if: event.good }}\n    go: {{ ok: {{ end: came }}, silence: {{ after: 2d, end: late }} }}\n  \
         nothing: {{ end: nothing }}\n"
    );
    let flows = Flows::written(&[("order", &text)]);
    let found = flows.walk("order");
    assert_eq!(missing(&found), [""; 0]);
    let ends: Vec<&str> = found.ends.iter().map(|(end, _)| end.as_str()).collect();
    let all = ["a", "came", "empty", "failed", "gold", "late", "lost", "nothing", "silent", "undelivered", "vip"];
    assert_eq!(ends, all);
    flows.passes(&found.file(&found.cases()));
}

#[test]
fn bounds_are_kept_and_said() {
    let flows = Flows::samples();
    let bounds = Bounds { turns: 40, ..Bounds::default() };
    let found = flows.walk_with("menu", &bounds);
    assert!(found.turns <= 40);
    assert_eq!(found.stopped, ["turns"]);
    let bounds = Bounds { steps: 2, ..Bounds::default() };
    let found = flows.walk_with("menu", &bounds);
    assert_eq!(found.stopped, ["steps"]);
    let bounds = Bounds { ways: 20, ..Bounds::default() };
    assert_eq!(flows.walk_with("menu", &bounds).stopped, ["ways"]);
}

#[test]
fn the_same_seed_gives_the_same_report_and_any_seed_cases_that_pass() {
    let flows = Flows::samples();
    let shown = |found: &Exploration| {
        let says = [&found.missing, &found.endless, &found.failures, &found.notes, &found.strays];
        format!(
            "{} {} {says:?} {:?} {:?} {}",
            found.turns,
            found.situations,
            found.ends,
            found.longest,
            found.file(&found.cases())
        )
    };
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let names: Vec<String> = flows.flows.iter().map(|flow| flow.name.to_string()).collect();
    let strategy = (proptest::sample::select(names), 1u64..1_000, 50usize..400);
    runner
        .run(&strategy, |(name, seed, turns)| {
            let bounds = Bounds { seed, turns, ..Bounds::default() };
            let (one, two) = (flows.walk_with(&name, &bounds), flows.walk_with(&name, &bounds));
            prop_assert_eq!(shown(&one), shown(&two));
            prop_assert!(one.turns <= turns);
            flows.passes(&one.file(&one.cases()));
            Ok(())
        })
        .expect("the same every time");
}

/// The examples of `docs/trying.md` show what the command prints.
#[test]
fn the_page_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/trying.md")).expect("the page");
    let mut shown = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or(block);
        let Some((command, output)) = block.split_once('\n') else { continue };
        let Some(words) = command.strip_prefix("$ replyflow explore ") else { continue };
        let arguments: Vec<&str> = std::iter::once("explore").chain(words.split(' ')).collect();
        let (printed, _) = crate::support::command::replyflow_in(root, &arguments);
        assert_eq!(printed.trim_end(), output.trim_end(), "{command}");
        shown += 1;
    }
    assert!(shown >= 2, "{shown} examples");
}

#[test]
fn the_command_says_how_it_went() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |arguments: &[&str]| crate::support::command::replyflow_in(root, arguments);
    let (output, code) = run(&["explore", "payment", "--format", "json", "--channel", "main-sms"]);
    let json: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &json["good"], &json["states"]["reached"]), (0, &true.into(), &json["states"]["all"]));
    let (output, code) = run(&["explore", "payment", "--max-unasked", "1"]);
    assert_eq!((code, output.contains("More than 1 messages")), (1, true), "{output}");
    for bad in
        [&["explore", "nobody"][..], &["explore", "payment", "--case", "nowhere"], &["explore", "payment", "--channel", "none"]]
    {
        let (output, code) = run(bad);
        assert_eq!(code, 2, "{bad:?} {output}");
    }
}

#[test]
fn a_person_who_comes_or_does_not_and_the_end_of_a_digest_are_ways() {
    let agent = "start: [ { keyword: person } ]\nbegin: agent\nstates:\n  agent:\n    handoff: { to: crew, say: One moment. }\n    save: note\n    go:\n      ok: [ { if: note, say: '{{ note }}', end: noted }, { else: plain } ]\n      silence: { after: 2h, end: nobody }\n  plain: { end: handled }\n";
    let batch = "start: [ { event: sold, contact: '{{ event.phone }}', key: '{{ event.shop }}' } ]\nbegin: collect\nstates:\n  collect: { digest: { event: sold, for: 1h, max: 5 }, save: all, go: many }\n  many: [ ]\n";
    let batch = batch.replace("  many: [ ]\n", "  many: { go: [ { if: len(all) > 1, say: '{{ len(all) }} were sold.', end: several }, { else: one } ] }\n  one: { end: single }\n");
    let flows = Flows::written(&[("agent", agent), ("batch", &batch)]);
    for (name, ends) in [("agent", vec!["handled", "nobody", "noted"]), ("batch", vec!["several", "single"])] {
        let found = flows.walk(name);
        let mut reached: Vec<&str> = found.ends.iter().map(|(end, _)| end.as_str()).collect();
        reached.sort_unstable();
        assert_eq!((missing(&found), reached), (Vec::new(), ends), "{name}");
        assert!(found.is_good(), "{name}: {:?} {:?}", found.endless, found.failures);
        flows.passes(&found.file(&found.cases()));
    }
}

#[test]
fn every_report_on_a_delivery_is_a_way_and_its_cases_pass_wherever_they_stop() {
    let read = "start: [ { keyword: read } ]\nbegin: w\nstates:\n  w:\n    deliver: { notify: n, until: read, within: 1h }\n    go: { ok: { end: read }, undelivered: { end: unread } }\n";
    let resting = format!(
        "start: [ {{ event: paid, contact: '{{{{ event.phone }}}}', key: '{{{{ event.id }}}}' }} ]\n{ASK}anytime: [ {{ keyword: leave, end: stopped }} ]\nbegin: w\nstates:\n  \
         w:\n    wait: {{ event: packed, if: event.ok }}\n    go: {{ ok: q, silence: {{ after: 2h, end: silent }} }}\n  \
         q: {{ deliver: {{ notify: n, within: 1h }}, go: {{ ok: look }} }}\n  look:\n    call: {{ api: shop, get: /items }}\n    go: {{ ok: again }}\n  \
         again: {{ deliver: {{ notify: n, within: 1h }}, go: {{ ok: h }} }}\n  \
         h:\n    handoff: {{ to: crew }}\n    go: {{ ok: {{ end: done }}, silence: {{ after: 2h, end: nobody }} }}\n"
    );
    let flows = Flows::with(&[("read", read), ("resting", &resting)], &[("n", "text: hello\n")]);
    let ends = |found: &Exploration| found.ends.iter().map(|(end, _)| end.clone()).collect::<Vec<_>>();
    let found = flows.walk("read");
    assert_eq!((missing(&found), ends(&found)), (Vec::new(), vec!["read".to_owned(), "unread".to_owned()]));
    let file = flows.passes(&found.file(&found.cases()));
    assert!(!file.is_empty());
    let found = flows.walk("resting");
    assert_eq!(missing(&found), [""; 0]);
    assert_eq!(ends(&found), ["done", "failed", "nobody", "silent", "stopped", "undelivered"]);
    flows.passes(&found.file(&found.cases()));
    // One way stops where the message has just left; its case goes on to where the conversation really rests.
    let case = flows.case_passes(&found, "w:ok");
    assert!(case.contains("- end: failed"), "{case}");
}
