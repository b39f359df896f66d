//! The fuzz target for webhooks, run with a seed over what providers really send; and what was found with it before.

#[path = "../../../fuzz/mutate.rs"]
pub mod mutate;
#[path = "../../../fuzz/webhooks.rs"]
pub mod webhooks;

use super::{File, Recorded, files, str_of, vectors};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mutate::{Dice, Request, mutated};
use replyflow::provider::{Adapter, Method, Routes};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Requests that are made of each file here; `make fuzz` makes millions.
const REQUESTS: usize = 300;

/// One provider's channels and what was recorded of it.
pub struct Target {
    /// The name of its file.
    pub name: String,
    pub channels: Vec<(Adapter, Routes)>,
    pub pool: Vec<Request>,
}

impl Target {
    pub fn of(file: &File) -> Self {
        let name = file.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lists = ["inbound", "status", "signature_vectors"];
        let mut pool: Vec<Request> = Vec::new();
        let channels = file.subject.every();
        for vector in lists.iter().flat_map(|list| vectors(&file.data, list)) {
            for (adapter, _) in &channels {
                pool.push(owned(&Recorded::of(vector).towards(adapter)));
            }
        }
        for response in vectors(&file.data, "send").iter().flat_map(|send| vectors(send, "responses")) {
            pool.push(owned(&Recorded::of(response)));
        }
        Target { name, channels, pool }
    }

    /// One request for one channel.
    pub fn made(&self, dice: &mut Dice) -> (usize, Request, u16) {
        let status = [200, 200, 201, 400, 401, 404, 429, 500][dice.roll(8)];
        (dice.roll(self.channels.len()), mutated(dice, &self.pool), status)
    }

    pub fn check(&self, channel: usize, request: &Request, status: u16) {
        let (adapter, routes) = &self.channels[channel];
        request.with(|request| webhooks::check(adapter, routes, request, status));
    }
}

fn owned(recorded: &Recorded<'_>) -> Request {
    Request {
        is_get: recorded.method == Method::Get,
        url: recorded.url.clone(),
        headers: recorded.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: recorded.body.to_vec(),
    }
}

/// Where requests lie that an adapter fell over.
pub fn found() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/providers/found")
}

#[test]
fn vectors_that_are_mutated_never_panic_and_what_is_read_of_them_can_be_acted_upon() {
    for target in files().iter().map(Target::of) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for _ in 0..REQUESTS {
            let (channel, request, status) = target.made(&mut dice);
            target.check(channel, &request, status);
        }
    }
}

#[test]
fn vectors_that_were_found_before_are_harmless() {
    let targets: Vec<Target> = files().iter().map(Target::of).collect();
    let cases = std::fs::read_dir(found()).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    for path in cases.filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("a case")).expect("JSON");
        let target = targets.iter().find(|target| target.name == str_of(&case, "file")).expect("its provider");
        let request = Request {
            is_get: case["get"] == json!(true),
            url: str_of(&case, "url").to_owned(),
            headers: serde_json::from_value(case["headers"].clone()).expect("headers"),
            body: STANDARD.decode(str_of(&case, "body")).expect("Base64"),
        };
        let number = |key: &str| case[key].as_u64().expect("a number");
        target.check(number("channel") as usize, &request, number("status") as u16);
    }
}
