//! `replyflow test` on a large flow: steps a second, beside the same messages that are only played.

use super::ground::Ground;
use super::least;
use replyflow::domain::message::InboundContent;
use replyflow::domain::time::Span;
use replyflow::testing::coverage::Coverage;
use replyflow::testing::{Texts, play, read_script};
use std::fmt::Write as _;

/// Cases, and rounds of questions in each: a file of nearly the size that is allowed.
const CASES: usize = 150;
const ROUNDS: usize = 10;

pub fn run() {
    let ground = Ground::new();
    let name = ground.flow.name.as_str();
    let mut source = format!("test: {name}\ngiven: {{ channel: {} }}\ncases:\n", ground.channel);
    for case in 0..CASES {
        let _ = writeln!(source, "  case {case}:\n    - user: {name}\n    - bot: any");
        for round in 0..ROUNDS {
            let _ = writeln!(
                source,
                "    - user: To a shop\n    - bot: {{ has: How many }}\n    - user: \"{}\"\n    - bot: any",
                1 + round % 9
            );
            let _ = writeln!(source, "    - user: no\n    - wait: 2h\n    - bot: {{ has: How shall we send }}");
        }
    }
    let (read, script) = least(|| read_script(&source, "flows/parcel.test.yaml", &[name]).0.expect("a script"));
    let (tested, results) = least(|| {
        let mut coverage = Coverage::default();
        let results = play(&script, &ground.catalog, &ground.project, Texts::Compared, &mut coverage);
        (results, coverage.of(&ground.flow))
    });
    if let Some(failure) = results.0.iter().find_map(|case| case.failure.as_ref()) {
        panic!("{}", failure.message);
    }
    let steps: usize = results.0.iter().map(|case| case.steps).sum();
    let (played, ()) = least(|| {
        for case in 0..CASES {
            let (mut world, phone) = (ground.world(), Ground::phone(case));
            let mut say = |text: &str| {
                world.write(&phone, &ground.channel, text.to_owned(), InboundContent::Text).expect("a message");
                if text == "no" {
                    world.wait(Span::hours(2)).expect("time");
                }
            };
            say(name);
            for round in 0..ROUNDS {
                ["To a shop", &(1 + round % 9).to_string(), "no"].into_iter().for_each(&mut say);
            }
        }
    });
    println!("Test: {} cases, {steps} steps; seconds of CPU, the least of three.", results.0.len());
    println!("  the file read            {read:6.3}");
    println!("  the cases                {tested:6.3}  {:5.2} × the same messages only played", tested / played);
    println!("  {:.0} steps a second", steps as f64 / (read + tested));
}
