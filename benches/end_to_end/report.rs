//! What is printed of a phase of load.

use crate::user::Outcome;
use hdrhistogram::Histogram;

/// The heads of the columns of `row`. The record is the thread that writes it into SQLite. The rest is this process: generator and provider. What Redis did is for each message, too.
pub fn head(store: &str) {
    println!(
        "\nThe service on {store:29}  messages    CPU µs   of it µs    CPU µs               reply, ms              answer, ms  service    Redis  scripts  commands     bytes  bytes"
    );
    println!(
        "                                              a second   service   record  the rest     p50     p99   p99.9     p50     p99   p99.9      MiB   CPU µs                           in  out"
    );
}

/// One phase; `resident` is the memory of the service at its end, in MiB.
pub fn row(what: &str, outcome: &Outcome, resident: f64) {
    let costs = &outcome.costs;
    print!("  {what:42}  {:8.0}  {:8.1} {:8.1}  {:8.1}", outcome.rate, costs.service, costs.record, costs.generator);
    times(&outcome.reply);
    times(&outcome.ack);
    print!("  {resident:7.1}");
    if let Some((cpu, told)) = &costs.redis {
        print!("  {cpu:7.1}  {:7.2}  {:8.2}  {:8.0}  {:.0}", told.scripts, told.commands, told.bytes_in, told.bytes_out);
    }
    println!();
}

fn times(histogram: &Histogram<u64>) {
    let ms = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e3;
    print!(" {:7.2} {:7.2} {:7.2}", ms(0.5), ms(0.99), ms(0.999));
}

/// What went wrong in any of the phases.
#[derive(Default)]
pub struct Faults {
    wrong: u64,
    lost: u64,
    unexpected: u64,
}

impl Faults {
    /// Counts those of a phase, and the messages that nobody waited for.
    pub fn add(&mut self, outcome: &Outcome, unexpected: u64) {
        self.wrong += outcome.wrong;
        self.lost += outcome.lost;
        self.unexpected += unexpected;
    }

    /// Says how many, and shows the end of the service's log if there were any.
    pub fn print(&self, log: &str) {
        println!("  replies wrong, lost, unexpected                     {}, {}, {}", self.wrong, self.lost, self.unexpected);
        if self.wrong + self.lost + self.unexpected > 0 {
            println!("{log}");
        }
    }
}
