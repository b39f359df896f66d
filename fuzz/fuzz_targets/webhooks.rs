//! Whatever comes to whichever provider's webhook: the first three bytes say whose, how and with which status, the next up to a newline is
//! the query, the rest the body.

#![no_main]

#[path = "../webhooks.rs"]
mod webhooks;

use libfuzzer_sys::fuzz_target;
use replyflow::config::providers::PROVIDERS;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::provider::table::examples;
use replyflow::provider::{Adapter, Method, Pairs, Route, Routes, WebhookRequest};
use std::sync::LazyLock;

const TYPES: [&str; 4] = ["application/json", "application/x-www-form-urlencoded", "text/xml", "text/plain"];
const STATUSES: [u16; 4] = [200, 400, 401, 429];

static CHANNELS: LazyLock<Vec<(Adapter, Routes)>> = LazyLock::new(|| {
    let of = |(kind, adapter): (ChannelKind, Adapter)| {
        let route = Route { channel: ChannelName::parse("main").expect("a name"), kind };
        let routes = adapter.routes(route, []);
        (adapter, routes)
    };
    PROVIDERS.iter().flat_map(examples).map(of).collect()
});

fuzz_target!(|data: &[u8]| {
    let [whose, how, status, rest @ ..] = data else { return };
    let (adapter, routes) = &CHANNELS[usize::from(*whose) % CHANNELS.len()];
    let (query, body) = rest.iter().position(|b| *b == b'\n').map_or((&[][..], rest), |at| (&rest[..at], &rest[at + 1..]));
    let url = format!("https://h.example/hooks/main/a-secret-of-16-letters?{}", String::from_utf8_lossy(query));
    let headers = [("Content-Type", TYPES[usize::from(how >> 1) % TYPES.len()])];
    let method = if how & 1 == 0 { Method::Post } else { Method::Get };
    let request = WebhookRequest { method, url: &url, headers: &Pairs(&headers), body, peer: None };
    webhooks::check(adapter, routes, &request, STATUSES[usize::from(*status) % STATUSES.len()]);
});
