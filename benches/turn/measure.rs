//! Two pieces of work beside each other.

use allocation_counter::AllocationInfo;
use std::time::{Duration, Instant};

/// Both pieces of work in turns, so that the machine's moods meet both: medians in nanoseconds, and the median of the ratios.
/// Each is repeated so often that reading the clock costs nothing beside it.
pub fn beside(time: Duration, repeat: u32, a: &dyn Fn(), b: &dyn Fn()) -> (f64, f64, f64) {
    let once = |work: &dyn Fn()| {
        let begun = Instant::now();
        (0..repeat).for_each(|_| work());
        begun.elapsed().as_nanos() as f64 / f64::from(repeat)
    };
    let (mut of_a, mut of_b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < time || ratios.len() < 9 {
        let (a, b) = (once(a), once(b));
        of_a.push(a);
        of_b.push(b);
        ratios.push(a / b);
    }
    (median(of_a), median(of_b), median(ratios))
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What a piece of work allocates when it is done for the second time.
pub fn allocations(work: &dyn Fn()) -> AllocationInfo {
    work();
    allocation_counter::measure(work)
}
