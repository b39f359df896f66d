//! The seeded simulation: the real service on a real store, in virtual time, one task at a time in an order that the seed
//! decides. Tasks and instances die at any await, sleep for 30 s, lose the store's answers; providers deliver twice, late and
//! out of order, and lose answers too. At every step it is checked that nothing is lost, done twice or done out of order.
//!
//! A seed is a run: `REPLYFLOW_SEED=17 cargo test simulation` makes that one again on every store, `REPLYFLOW_SEEDS=1000` makes
//! more of them.

mod check;
mod defects;
pub mod dice;
mod flows;
mod ground;
mod ports;
mod provider;
mod publish;
mod run;
mod shared;
mod store;
mod truth;
mod world;

use defects::Defect;
use ground::Ground;
use run::{Outcome, Run};
use shared::Chaos;
use std::collections::BTreeMap;
use std::ops::Range;

/// Seeds on Redis and on the embedded store, if nobody says otherwise.
const ON_REDIS: u64 = 100;
const ON_EMBEDDED: u64 = 100;
/// Seeds within which a deliberate defect must be caught.
const TO_CATCH: u64 = 8;
/// The same for one of how contacts leave: only few people do, and what is wrong shows only if something of theirs comes again.
const TO_CATCH_LEAVING: u64 = 200;
/// Seeds in which people leave all the time.
const SEEDS_OF_LEAVING: u64 = 40;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// One half of the seeds: halves run side by side.
fn seeds(all: u64, half: u64) -> Range<u64> {
    if let Some(seed) = number("REPLYFLOW_SEED") {
        return if half == 0 { seed..seed + 1 } else { 0..0 };
    }
    let all = number("REPLYFLOW_SEEDS").unwrap_or(all);
    let middle = all / 2;
    if half == 0 { 0..middle } else { middle..all }
}

/// Makes these runs; the first one that breaks a rule fails the test.
fn hold(ground: &Ground, seeds: Range<u64>) {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let made = seeds.end - seeds.start;
    for seed in seeds {
        let outcome = Run::begin(seed, ground, Chaos::USUAL).run();
        if let Some(violation) = outcome.violation {
            panic!(
                "seed {seed} on {ground}: {violation}\n\nThe end of what happened:\n{}\nTo see it again: REPLYFLOW_SEED={seed} cargo test --test it simulation::{}\n",
                outcome.story,
                ground.test()
            );
        }
        for (what, n) in outcome.counts {
            *counts.entry(what).or_default() += n;
        }
    }
    println!("{made} runs on {ground}: {counts:#?}");
    // A simulation in which nothing goes wrong proves nothing.
    if made >= 50 {
        for what in [
            "commit Stale",
            "commit Already",
            "start Taken",
            "killed",
            "lost answers",
            "repeat, known as unsure",
            "asked, and it had arrived",
            "switched to backup-sms:talk",
            "back over main-sms",
            "withdrawn",
            "broadcasts begun",
            "gives way no more",
            "reports to other systems",
            "publications",
        ] {
            assert!(counts.get(what).is_some_and(|n| *n >= made / 10), "`{what}` hardly ever happened: {counts:#?}");
        }
    }
}

/// Makes some runs twice.
fn repeats(ground: &Ground) {
    for seed in 1_000..1_003 {
        let [first, second] = [0, 1].map(|_| Run::begin(seed, ground, Chaos::USUAL).run());
        assert!(first.fingerprint == second.fingerprint, "seed {seed} on {ground}:\n{}\n{}", first.story, second.story);
    }
}

/// Makes runs until the defect is caught.
fn catch(defect: &Defect, ground: &Ground, chaos: Chaos, seeds: u64) {
    let caught = (0..seeds).find_map(|seed| {
        let Outcome { violation, .. } = Run::begin(seed, ground, chaos).run();
        violation.map(|violation| (seed, violation))
    });
    match caught {
        Some((seed, violation)) => println!("{defect}: caught with seed {seed}: {violation}"),
        None => panic!("{defect}: not caught with {seeds} seeds"),
    }
}

/// Makes runs in which people leave all the time.
fn leaves(ground: &Ground) {
    for seed in 0..SEEDS_OF_LEAVING {
        let Outcome { violation, story, .. } = Run::begin(seed, ground, Chaos::LEAVING).run();
        if let Some(violation) = violation {
            panic!("seed {seed} on {ground}, leaving: {violation}\n\nThe end of what happened:\n{story}");
        }
    }
}

mod redis {
    use super::*;

    #[test]
    fn holds_while_people_leave_all_the_time() {
        leaves(&Ground::redis(None));
    }

    #[test]
    fn every_deliberate_defect_of_leaving_is_caught() {
        for defect in defects::of_leaving() {
            catch(&defect, &Ground::redis(Some(&defect)), Chaos::LEAVING, TO_CATCH_LEAVING);
        }
    }

    #[test]
    fn holds_in_the_first_half_of_the_seeds() {
        hold(&Ground::redis(None), seeds(ON_REDIS, 0));
    }

    #[test]
    fn holds_in_the_second_half_of_the_seeds() {
        hold(&Ground::redis(None), seeds(ON_REDIS, 1));
    }

    #[test]
    fn a_seed_is_a_run() {
        repeats(&Ground::redis(None));
    }

    #[test]
    fn every_deliberate_defect_is_caught() {
        for defect in defects::in_scripts() {
            catch(&defect, &Ground::redis(Some(&defect)), Chaos::USUAL, TO_CATCH);
        }
    }

    #[test]
    fn every_deliberate_defect_of_pacing_is_caught() {
        for defect in defects::of_pacing() {
            catch(&defect, &Ground::redis(Some(&defect)), Chaos::USUAL, TO_CATCH);
        }
    }
}

mod embedded {
    use super::*;

    #[test]
    fn holds_while_people_leave_all_the_time() {
        leaves(&Ground::embedded(None));
    }

    #[test]
    fn every_deliberate_defect_of_leaving_is_caught() {
        for defect in defects::of_leaving_in_front() {
            catch(&defect, &Ground::embedded(Some(&defect)), Chaos::LEAVING, TO_CATCH_LEAVING);
        }
    }

    #[test]
    fn holds_in_the_first_half_of_the_seeds() {
        hold(&Ground::embedded(None), seeds(ON_EMBEDDED, 0));
    }

    #[test]
    fn holds_in_the_second_half_of_the_seeds() {
        hold(&Ground::embedded(None), seeds(ON_EMBEDDED, 1));
    }

    #[test]
    fn a_seed_is_a_run() {
        repeats(&Ground::embedded(None));
    }

    #[test]
    fn every_deliberate_defect_is_caught() {
        for defect in defects::in_front() {
            catch(&defect, &Ground::embedded(Some(&defect)), Chaos::USUAL, TO_CATCH);
        }
    }

    #[test]
    fn every_deliberate_defect_of_pacing_is_caught() {
        for defect in defects::of_pacing_in_front() {
            catch(&defect, &Ground::embedded(Some(&defect)), Chaos::USUAL, TO_CATCH);
        }
    }
}
