//! What it costs to believe and to read a webhook, for each provider, beside Twilio's: the recorded requests of
//! `tests/data/providers/`, with the adapters that the configuration beside them describes.
//!
//! `WEBHOOKS_MILLIS` (default 200) says how long each is measured.

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../tests/it/vectors/mod.rs"]
mod vectors;

use replyflow::provider::{Facts, Routes};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};
use vectors::{File, Recorded, facts, files, str_of};

/// Microseconds of each; of the first recorded request that is good for it.
#[derive(Default)]
struct Row {
    verify: Option<f64>,
    decode: Option<f64>,
    bytes: usize,
}

fn main() {
    let millis = std::env::var("WEBHOOKS_MILLIS").map_or(200, |n| n.parse().expect("a number"));
    let span = Duration::from_millis(millis);
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    for file in files() {
        signed(&file, span, &mut rows);
        read(&file, span, &mut rows);
    }
    let sum = |row: &Row| Some(row.verify? + row.decode?);
    let twilio = rows.get("twilio").and_then(sum).expect("Twilio");
    println!("{:<16} {:>10} {:>10} {:>8} {:>10}", "provider", "verify µs", "decode µs", "bytes", "of Twilio");
    for (name, row) in &rows {
        let of = |time: Option<f64>| time.map_or("–".to_owned(), |time| format!("{time:.2}"));
        let ratio = sum(row).map_or("–".to_owned(), |sum| format!("{:.2}", sum / twilio));
        println!("{name:<16} {:>10} {:>10} {:>8} {ratio:>10}", of(row.verify), of(row.decode), row.bytes);
    }
}

/// Those that their provider signs, as far as it does.
fn signed(file: &File, span: Duration, rows: &mut BTreeMap<&'static str, Row>) {
    for vector in vectors::vectors(&file.data, "signature_vectors").iter().filter(|v| v["valid"] == json!(true)) {
        let adapter = file.subject.signed_with(vector);
        let row = rows.entry(adapter.name()).or_default();
        if row.verify.is_none() && !str_of(vector, "body").is_empty() {
            let facts: Facts<'_> = facts(file, vector);
            row.verify = Some(Recorded::of(vector).towards(&adapter).with(|request| {
                micros(span, || adapter.verify(request).and_then(|()| adapter.prove(request, &facts)).expect("believed"))
            }));
        }
    }
}

/// What is in them; and what a secret in the URL costs where nothing is signed.
fn read(file: &File, span: Duration, rows: &mut BTreeMap<&'static str, Row>) {
    for vector in vectors::vectors(&file.data, "inbound") {
        let adapter = file.subject.adapter("inbound", Some(vector));
        let row = rows.entry(adapter.name()).or_default();
        let expected: Vec<&Value> = vector.get("expect").into_iter().collect();
        let routes: Routes = file.subject.routes("inbound", vector, &expected);
        Recorded::of(vector).towards(&adapter).with(|request| {
            if row.decode.is_none() {
                row.bytes = request.body.len() + request.url.split_once('?').map_or(0, |(_, query)| query.len());
                row.decode = Some(micros(span, || adapter.decode(request, &routes).expect("read")));
            }
            if row.verify.is_none() && adapter.guard().is_some() {
                row.verify = Some(micros(span, || adapter.verify(request).expect("believed")));
            }
        });
    }
}

/// The best of several rounds, for one run.
fn micros<T>(span: Duration, mut run: impl FnMut() -> T) -> f64 {
    const ROUNDS: u32 = 8;
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (begun, mut times) = (Instant::now(), 0u32);
        while begun.elapsed() < span / ROUNDS {
            for _ in 0..16 {
                black_box(run());
            }
            times += 16;
        }
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    }
    best
}
