//! Instructions, counted by valgrind: this program is started again and does one piece of work so often and some times more. The difference is the work.

use super::{audience, engine, on_sqlite};
use std::process::Command;

/// Set in the processes whose instructions are counted: the piece of work and its sizes.
pub const ROLE: &str = "GROWTH_ROLE";

/// Before what is counted: caches fill, statements are prepared.
pub const WARM: usize = 50;
/// What is counted.
pub const COUNTED: usize = 150;

/// Instructions of one piece of work. `role` is what a process does that does so many. Nothing if valgrind is not there.
pub fn instructions(role: impl Fn(usize) -> String) -> Option<f64> {
    let few = process(&role(WARM))?;
    let more = process(&role(WARM + COUNTED))?;
    Some((more - few) / COUNTED as f64)
}

fn process(role: &str) -> Option<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().ok()?);
    let out = valgrind.env(ROLE, role).output().ok()?;
    let text = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        // A figure of half of the work would be worse than none.
        eprintln!("not counted: {role}\n{text}");
        return None;
    }
    text.lines().find_map(|line| line.split_once("Collected :"))?.1.trim().parse().ok()
}

/// What a process prints that does this work by itself.
pub fn alone(role: &str) -> String {
    let program = std::env::current_exe().expect("this program");
    let out = Command::new(program).env(ROLE, role).output().expect("it starts again");
    assert!(out.status.success(), "{role}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// The other side: this process does that work.
pub fn be(role: &str) {
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["engine", states, answers, flows, channels, turns] => {
            let [states, answers, flows, channels, turns] = [states, answers, flows, channels, turns].map(number);
            engine::be(&engine::Size { states, answers, flows, channels }, turns);
        }
        ["store", work, stock, size, from, warm, times, folder] => {
            let [size, from, warm, times] = [size, from, warm, times].map(number);
            on_sqlite::be(work, stock, (size, from), (warm, times), folder);
        }
        ["audience", from, times, file] => audience::be(number(from), number(times), file),
        _ => panic!("{ROLE} is not readable: {role}"),
    }
}

fn number(word: &str) -> usize {
    word.parse().unwrap_or_else(|_| panic!("{ROLE}: {word} is no number"))
}
