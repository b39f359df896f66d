//! What operators wait for: checking, formatting, testing, exploring a large flow, replaying what was recorded. `cargo bench --bench workshop` measures all parts, with a name behind it
//! (`-- check`) one. Only ratios of one run mean anything: each figure stands beside the same bytes read by something bare.
//!
//! `WORKSHOP_FLOWS` is the number of flows of about 1,000 states (default 100).

mod check;
mod explore;
mod flows;
mod fmt;
mod ground;
mod replay;
mod test;

use std::time::Instant;

/// The allocator of the binary, so that the figures are the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The parts by name.
const PARTS: [(&str, fn()); 5] =
    [("check", check::run), ("fmt", fmt::run), ("test", test::run), ("explore", explore::run), ("replay", replay::run)];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part();
        }
    }
}

/// Seconds that this thread has been computing, as the kernel counts them: time in which others had the processor does not
/// count. Where there is no such count, seconds on the clock.
fn cpu_seconds(begun: Instant) -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = counted.as_deref().and_then(|text| text.split(' ').next()).and_then(|first| first.parse::<f64>().ok());
    nanos.map_or_else(|| begun.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// The seconds of CPU that a piece of work takes, the least of three, and what came of it.
fn least<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let begun = Instant::now();
    let mut once = || {
        let before = cpu_seconds(begun);
        let made = work();
        (cpu_seconds(begun) - before, made)
    };
    let (mut best, mut made) = once();
    for _ in 0..2 {
        let (time, again) = once();
        best = best.min(time);
        made = again;
    }
    (best, made)
}
