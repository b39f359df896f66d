//! Flows of any size, and what people answer to them.

use std::fmt::Write as _;

/// A flow that asks in a circle: a choice, a number, a text, yes or no, and again, each answer into the same four variables.
pub fn circle(name: &str, states: usize) -> String {
    let mut yaml = format!(
        "flow: {name}\nlanguages: [en]\nchannels: [main-sms]\nvars: {{ name: you }}\nstart: [{{ keyword: {name} }}]\n\
         defaults:\n  nomatch: {{ again: 2, end: lost }}\n  silence: {{ after: 12h, end: silent }}\n  \
         undelivered: {{ end: undelivered }}\nbegin: s0\nstates:\n"
    );
    for state in 0..states {
        let next = (state + 1) % states;
        let (ask, answer, save) = match state % 4 {
            0 => ("Which colour, {{ name }}?", "{ choice: { red: Red, green: Green, blue: Blue } }", "colour"),
            1 => ("How many, {{ name }}?", "{ number: { min: 1, max: 120, whole: true } }", "count"),
            2 => ("Who is it for?", "{ text: { min: 2 } }", "name"),
            _ => ("{{ count }} for {{ name }}?", "yes_no", "sure"),
        };
        let go = match state % 4 {
            3 => format!("{{ yes: s{next}, no: s{next} }}"),
            _ => format!("s{next}"),
        };
        let _ = writeln!(yaml, "  s{state}:\n    ask: \"{ask}\"\n    answer: {answer}\n    save: {save}\n    go: {go}");
    }
    yaml
}

/// The answer number `n`, from 0.
pub fn answer(n: usize) -> &'static str {
    ["green", "34", "Ann Lovelace", "yes"][n % 4]
}
