//! What it costs to believe and to read a webhook, for each provider, beside Twilio's: the recorded requests of
//! `tests/data/providers/`, with the adapters that the configuration beside them describes. Beside them a `deliver_sm`, which needs no
//! belief: it comes over a connection that is logged in.
//!
//! `WEBHOOKS_MILLIS` (default 200) says how long each is measured.

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../tests/it/vectors/mod.rs"]
mod vectors;

use bytes::Bytes;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::provider::smpp::{Deliver, Frame, Heard};
use replyflow::provider::{Adapter, Facts, Route, Routes};
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
    rows.insert("smpp", smpp(span));
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

/// A short text as a carrier delivers it by SMPP: from the PDU behind its length to the message.
fn smpp(span: Duration) -> Row {
    const CHANNEL: &str = "[channels.main]\nprovider = \"smpp\"\nkind = \"sms\"\nnumber = \"+447700900001\"\n\
        host = \"smpp.carrier.example\"\nsystem_id = \"shop\"\npassword = { env = \"PASSWORD\" }\n";
    let environment: Environment = [("PASSWORD".to_owned(), "secret08".to_owned())].into();
    let settings = Settings::of(CHANNEL, &environment, Secrets::Required).unwrap_or_else(|wrong| panic!("{wrong}"));
    let channel = settings.channels.values().next().expect("a channel");
    let adapter = Adapter::new(&channel.provider);
    let smpp = adapter.smpp().expect("speaks SMPP");
    let here = Route { channel: channel.name.clone(), kind: channel.kind };
    let routes = Routes::only(here.clone()).with("+447700900001", here);
    let text = b"Yes, please.";
    let mut pdu = vec![0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1];
    pdu.extend_from_slice(b"\0\x01\x01447700900123\0\x01\x01447700900001\0\0\0\0\0\0\0\0\0\0");
    pdu.push(u8::try_from(text.len()).expect("short"));
    pdu.extend_from_slice(text);
    let pdu = Bytes::from(pdu);
    let decode = micros(span, || {
        let frame = Frame::read(pdu.clone()).expect("a header");
        let deliver = Deliver::read(frame.body).expect("reads");
        let Heard::Whole(written) = smpp.hear(&deliver, &routes) else { panic!("a message") };
        smpp.message(&[written], "1".to_owned(), None, &routes)
    });
    Row { verify: None, decode: Some(decode), bytes: pdu.len() }
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
