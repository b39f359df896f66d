//! `make fuzz`: requests that are made of the recorded ones, to every adapter in turn, for a while each. What makes one fall over is written
//! to `tests/data/providers/found/`, where the tests run it from then on.
//!
//! `cargo run --example fuzz -- [SECONDS] [NAME …]`: a minute each unless it says so; names are those of the files of vectors.

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../tests/it/vectors/mod.rs"]
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vectors::mutated::mutate::{Dice, Request};
use vectors::mutated::{Target, found};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(60, |text| text.parse().expect("seconds"));
    let names: Vec<String> = arguments.collect();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64) | 1;
    let mut all_well = true;
    for target in Target::all() {
        if names.is_empty() || names.contains(&target.name) {
            all_well &= fuzz(&target, Duration::from_secs(seconds), seed);
        }
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether nothing was found.
fn fuzz(target: &Target, time: Duration, seed: u64) -> bool {
    let (mut dice, begun, mut times) = (Dice(seed), Instant::now(), 0u64);
    while begun.elapsed() < time {
        for _ in 0..64 {
            let (channel, request, status) = target.made(&mut dice);
            times += 1;
            if catch_unwind(AssertUnwindSafe(|| target.check(channel, &request, status))).is_err() {
                let case = format!("{:#}\n", kept(target, channel, &request, status));
                let name = hex::encode(&Sha256::digest(case.as_bytes())[..4]);
                let path = found().join(format!("{}-{name}.json", target.name));
                std::fs::create_dir_all(found()).and_then(|()| std::fs::write(&path, case)).expect("written");
                println!("{:<20} {times} requests, seed {seed}: see {}", target.name, path.display());
                return false;
            }
        }
    }
    println!("{:<20} {times} requests in {:.0} s, nothing found", target.name, begun.elapsed().as_secs_f64());
    true
}

/// A request as it is kept.
fn kept(target: &Target, channel: usize, request: &Request, status: u16) -> Value {
    json!({
        "file": target.name, "channel": channel, "status": status, "get": request.is_get, "url": request.url,
        "headers": request.headers, "body": STANDARD.encode(&request.body),
    })
}
