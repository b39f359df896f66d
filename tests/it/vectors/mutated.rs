//! The fuzz target for webhooks, run with a seed over what providers really send; and what was found with it before.

#[path = "../../../fuzz/mutate.rs"]
pub mod mutate;
#[path = "../../../fuzz/webhooks.rs"]
pub mod webhooks;

use super::{File, Recorded, beside, carriers, files, str_of, vectors};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mutate::{Dice, Request, mutated};
use replyflow::config::providers::PROVIDERS;
use replyflow::domain::name::ChannelName;
use replyflow::provider::table::examples;
use replyflow::provider::{Adapter, Method, Route, Routes};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Requests that are made of each file here; `make fuzz` makes millions.
const REQUESTS: usize = 300;

/// What a request is handed to, with the status that an answer would have.
pub type Channel = Box<dyn Fn(&Request, u16)>;

/// One provider's channels and what was recorded of it.
pub struct Target {
    /// The name of its file.
    pub name: String,
    pub channels: Vec<Channel>,
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
        Target { name, channels: channels.into_iter().map(reads).collect(), pool }
    }

    /// Every provider that was recorded, mail, carriers, and whoever else sends us something.
    pub fn all() -> Vec<Self> {
        files().iter().map(Target::of).chain([Target::mail(), carriers::smpp()]).chain(beside::all()).collect()
    }

    /// Mail, as servers and services hand it on: mails themselves, with and without a form around them, and what services say in JSON.
    fn mail() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/providers");
        let url = "https://hooks.example.org/hooks/mail/a-secret-of-16-letters";
        let request = |kind: &str, body: Vec<u8>| Request {
            is_get: false,
            url: url.to_owned(),
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body,
        };
        let mut pool = Vec::new();
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder.join("email")).expect("mails").map(|entry| entry.expect("a mail").path()).collect();
        paths.sort();
        for path in paths {
            let body = std::fs::read(&path).expect("readable");
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("eml") => {
                    let raw = String::from_utf8_lossy(&body).into_owned();
                    let form = |fields: &[(&str, &str)]| {
                        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                        request("application/x-www-form-urlencoded", form.into_bytes())
                    };
                    pool.push(form(&[
                        ("email", &raw),
                        ("from", "ann@example.com"),
                        ("to", "hello@shop.example"),
                        ("charsets", "{}"),
                    ]));
                    let signed = [("timestamp", "1795230000"), ("token", "t"), ("signature", "s")];
                    let said = [("recipient", "hello@shop.example"), ("sender", "ann@example.com"), ("body-plain", &*raw)];
                    pool.push(form(&[&said[..], &signed[..]].concat()));
                    pool.push(request("message/rfc822", body));
                }
                _ => pool.push(request("application/json", body)),
            }
        }
        let text = std::fs::read_to_string(folder.join("email.json")).expect("the file");
        let data: Value = serde_json::from_str(&text).expect("JSON");
        for vector in vectors(&data, "signature_vectors").iter().chain(vectors(&data, "inbound")) {
            let mut recorded = owned(&Recorded::of(vector));
            if !recorded.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                recorded.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            }
            pool.push(recorded);
        }
        let entry = PROVIDERS.iter().find(|entry| entry.name == "smtp").expect("mail is a provider");
        let channels = examples(entry).into_iter().map(|(kind, adapter)| {
            let route = Route { channel: ChannelName::parse("mail").expect("a name"), kind };
            let routes = adapter.routes(route, []);
            reads((adapter, routes))
        });
        Target { name: "email".to_owned(), channels: channels.collect(), pool }
    }

    /// One request for one channel.
    pub fn made(&self, dice: &mut Dice) -> (usize, Request, u16) {
        let status = [200, 200, 201, 400, 401, 404, 429, 500][dice.roll(8)];
        (dice.roll(self.channels.len()), mutated(dice, &self.pool), status)
    }

    pub fn check(&self, channel: usize, request: &Request, status: u16) {
        self.channels[channel](request, status);
    }
}

fn reads((adapter, routes): (Adapter, Routes)) -> Channel {
    Box::new(move |request: &Request, status| request.with(|request| webhooks::check(&adapter, &routes, request, status)))
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
    for target in Target::all() {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for _ in 0..REQUESTS {
            let (channel, request, status) = target.made(&mut dice);
            target.check(channel, &request, status);
        }
    }
}

#[test]
fn vectors_that_were_found_before_are_harmless() {
    let targets = Target::all();
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
