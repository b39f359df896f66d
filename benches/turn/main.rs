//! A turn with its record read and written, beside a bare `serde_json` read and write of the same record: nanoseconds,
//! allocations and, where valgrind is installed, instructions; for flows of 10, 100 and 1,000 states and after 1, 100 and
//! 900 answers. Then how long a flow of 1,000 states takes to load. Only ratios of one run mean anything.
//!
//! `TURN_BENCH_MILLIS` is the time for each figure (default 300).

mod flows;
mod measure;
mod talk;

use measure::{allocations, beside, median};
use replyflow::config::project::Project;
use replyflow::domain::codec;
use replyflow::engine::record::Record;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};
use talk::{Step, Talk, load, project};

/// States of the flow, answers before the measured ones.
const CASES: [(usize, usize); 5] = [(10, 1), (100, 1), (1_000, 1), (10, 100), (10, 900)];
/// Set in the processes whose instructions are counted: `states answers turns`.
const COUNT: &str = "TURN_BENCH_COUNT";
/// Turns between two counts.
const COUNTED: usize = 200;

fn main() {
    let project = project();
    if let Ok(order) = std::env::var(COUNT) {
        return be_counted(&project, &order);
    }
    let time = Duration::from_millis(std::env::var("TURN_BENCH_MILLIS").map_or(300, |ms| ms.parse().expect("milliseconds")));
    println!("A turn: record read, turn, record written; JSON: the same record read and written by serde_json.");
    println!("states  answers  record B  turn ns  JSON ns  ratio  turn allocs  JSON allocs  turn B  instr.  JSON instr.  ratio");
    for (states, answers) in CASES {
        let catalog = load(&project, "circle", &flows::circle("circle", states));
        let mut talk = Talk::begin(&catalog, &project, "circle");
        talk.answer(answers);
        let round = talk.round(answers);
        let json: Vec<Vec<u8>> = round.iter().map(as_json).collect();
        let turns = || round.iter().for_each(|step| drop(black_box(talk.run(black_box(step)))));
        let jsons = || json.iter().for_each(|text| bare(black_box(text)));
        let (turn, bare, ratio) = beside(time, 50, &turns, &jsons);
        let (turn_allocs, bare_allocs) = (allocations(&turns), allocations(&jsons));
        let bytes = round.iter().map(|step| step.stored.len()).sum::<usize>() / round.len();
        let n = round.len() as f64;
        print!("{states:6}  {answers:7}  {bytes:8}  {:7.0}  {:7.0}  {ratio:5.2}", turn / n, bare / n);
        let each = |info: u64| info as f64 / n;
        print!("  {:11.1}  {:11.1}", each(turn_allocs.count_total), each(bare_allocs.count_total));
        print!("  {:6.0}", each(turn_allocs.bytes_total));
        match instructions(states, answers) {
            Some((turn, bare)) => println!("  {turn:6.0}  {bare:11.0}  {:5.2}", turn / bare),
            None => println!("       –            –      –"),
        }
    }
    loading(&project, time);
}

fn as_json(step: &Step) -> Vec<u8> {
    let record: Record = codec::decode(&step.stored).expect("our own record");
    serde_json::to_vec(&record).expect("JSON")
}

fn bare(text: &[u8]) {
    let record: Record = serde_json::from_slice(text).expect("JSON");
    drop(black_box(serde_json::to_vec(&record).expect("JSON")));
}

/// What a child process does whose instructions are counted: everything up to the conversation, and then so many turns or
/// JSON rounds.
fn be_counted(project: &Project, order: &str) {
    let numbers: Vec<usize> = order.split(' ').map(|n| n.parse().expect("a number")).collect();
    let [states, answers, turns, jsons] = numbers[..] else { panic!("{COUNT} has four numbers") };
    let catalog = load(project, "circle", &flows::circle("circle", states));
    let mut talk = Talk::begin(&catalog, project, "circle");
    talk.answer(answers);
    let round = talk.round(answers);
    let json: Vec<Vec<u8>> = round.iter().map(as_json).collect();
    round.iter().cycle().take(turns).for_each(|step| drop(black_box(talk.run(black_box(step)))));
    json.iter().cycle().take(jsons).for_each(|text| bare(black_box(text)));
}

/// Instructions of one turn and of one JSON round, as valgrind counts them. Nothing if it is not installed.
fn instructions(states: usize, answers: usize) -> Option<(f64, f64)> {
    let count = |turns: usize, jsons: usize| {
        let program = std::env::current_exe().ok()?;
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        let out = valgrind.env(COUNT, format!("{states} {answers} {turns} {jsons}")).output().ok()?;
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let collected = text.lines().find_map(|line| line.split_once("Collected :"))?.1;
        collected.trim().parse::<f64>().ok()
    };
    let begin = count(0, 0)?;
    let each = |counted: f64| (counted - begin) / COUNTED as f64;
    Some((each(count(COUNTED, 0)?), each(count(0, COUNTED)?)))
}

/// Reading, checking and indexing a flow of 1,000 states.
fn loading(project: &Project, time: Duration) {
    let yaml = flows::circle("circle", 1_000);
    let work = || drop(black_box(load(project, "circle", black_box(&yaml))));
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time || times.len() < 5 {
        let begun = Instant::now();
        work();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let (info, kib) = (allocations(&work), yaml.len() / 1024);
    println!("\nLoad of a flow of 1,000 states ({kib} KiB): read, checked, indexed.");
    println!("  {:.1} ms, {} allocations, {:.1} MB at most", median(times), info.count_total, info.bytes_max as f64 / 1e6);
}
