//! The table of `docs/providers/README.md`: what each provider can do, from the adapters themselves.

use super::{Adapter, Features, Proof, Reports, Sought};
use crate::config::providers::{PROVIDERS, ProviderEntry};
use crate::config::{Environment, Secrets, Settings};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::time::Millis;

/// What stands around the table in the page.
pub const MARKS: (&str, &str) = ("<!-- table: made by `cargo run --example providers` -->", "<!-- end of the table -->");

/// The adapters of a provider's own example, one for each medium that it has: another medium than the example's is configured alike.
pub fn examples(entry: &ProviderEntry) -> Vec<(ChannelKind, Adapter)> {
    let of = |kind| Some((kind, adapter(entry, kind, &Environment::new(), Secrets::Tolerated)?));
    entry.kinds.iter().copied().filter_map(of).collect()
}

fn adapter(entry: &ProviderEntry, kind: ChannelKind, environment: &Environment, secrets: Secrets) -> Option<Adapter> {
    let read = |example: &str| {
        let text = format!("[server]\npublic_url = \"https://replies.example.com\"\n{example}");
        let settings = Settings::of(&text, environment, secrets).ok()?;
        let channel = settings.channels.values().find(|channel| channel.kind == kind)?;
        Some(Adapter::new(&channel.provider))
    };
    let word = |kind: ChannelKind| format!("kind = \"{}\"", kind.as_str());
    let others = entry.kinds.iter().map(|other| entry.example.replace(&word(*other), &word(kind)));
    read(entry.example).or_else(|| others.into_iter().find_map(|example| read(&example)))
}

/// The page with the table as it is now; nothing if it has no place for it.
pub fn page(old: &str) -> Option<String> {
    let (before, rest) = old.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n\n{}\n{}{after}", MARKS.0, table(), MARKS.1))
}

/// One row for each medium of each provider.
pub fn table() -> String {
    let mut out = String::from(
        "| `provider` | of | medium | files in | files out | buttons | lists | templates | places | reports | believed by | beside | by documents only |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for entry in PROVIDERS {
        for (kind, adapter) in examples(entry) {
            out.push_str(&row(entry, kind, &adapter));
        }
    }
    out
}

fn row(entry: &ProviderEntry, kind: ChannelKind, adapter: &Adapter) -> String {
    let f: Features = adapter.features();
    let yes = |is: bool| if is { "yes" } else { "–" };
    let reports = match f.reports {
        Reports::None => "–",
        Reports::AtProvider => "URL entered there",
        Reports::WithEach => "URL with each message",
        Reports::OverBind => "over the connection",
    };
    let proof = match f.proof {
        Proof::Nothing => "nothing",
        Proof::Signature(words) => words,
        Proof::Guard => "a secret in the URL; login, header and addresses if set",
        Proof::Bind => "our own login there",
    };
    let beside: Vec<&str> = [
        (adapter.check(Millis(0)).is_some(), "credentials can be tested"),
        (adapter.idempotent(), "a repeat is recognised"),
        (finds_lost(adapter), "a lost send can be asked for"),
        (adapter.brings_again(), "comes again for an hour and longer"),
    ]
    .into_iter()
    .filter_map(|(has, words)| has.then_some(words))
    .collect();
    let documented = if f.documented_only.is_empty() { "–".to_owned() } else { f.documented_only.join(", ") };
    let beside = if beside.is_empty() { "–".to_owned() } else { beside.join(", ") };
    let cells = [
        format!("`{}`", entry.name),
        format!("[{}]({})", entry.title, page_of(entry.name)),
        kind.as_str().to_owned(),
        yes(f.media_in).to_owned(),
        yes(f.media_out).to_owned(),
        yes(f.buttons).to_owned(),
        yes(f.lists).to_owned(),
        yes(f.templates).to_owned(),
        // No text message is a place.
        yes(f.location && kind != ChannelKind::Sms).to_owned(),
        reports.to_owned(),
        proof.to_owned(),
        beside,
        documented,
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// The page that says what to click there.
fn page_of(name: &str) -> String {
    match name {
        "smtp" => "../email.md".to_owned(),
        "simulator" => "../trying.md".to_owned(),
        name => format!("{name}.md"),
    }
}

/// Whether the provider knows a message by our name of it.
fn finds_lost(adapter: &Adapter) -> bool {
    let contact = ContactKey::derive(b"table", "+447700900123");
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["table"]))).effect(0);
    let to = Address::from_wire("+447700900123");
    adapter.lookup(&Sought { send: Some(SendRef { contact, effect }), to: &to, now: Millis(0) }).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{Choice, Media, MediaKind, Outbound, OutboundContent};
    use crate::domain::name::ChannelName;
    use crate::provider::webhook::{Method, Pairs, Route};
    use crate::provider::{Routes, SendContext, TransportError, WebhookRequest};

    #[test]
    fn the_table_of_the_page_is_of_this_release() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers/README.md");
        let old = std::fs::read_to_string(path).expect("the page");
        let new = page(&old).expect("marks around the table");
        assert!(
            old == new,
            "docs/providers/README.md is out of date: write it again with `cargo run --example providers`\n{}",
            table()
        );
    }

    #[test]
    fn every_provider_has_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers");
        for entry in PROVIDERS {
            assert!(folder.join(page_of(entry.name)).is_file(), "docs/providers/{}", page_of(entry.name));
        }
    }

    /// Every adapter with secrets of its own: each variable of its example is set.
    fn adapters() -> Vec<(&'static ProviderEntry, ChannelKind, Adapter, Vec<String>)> {
        let of = |(entry, kind): (&'static ProviderEntry, ChannelKind)| {
            let names: Vec<&str> = entry.example.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let value = |name: &str| format!("hidden-value-of-{}", name.to_lowercase().replace('_', "-"));
            let environment: Environment = names.iter().map(|name| ((*name).to_owned(), value(name))).collect();
            // Tolerated: a key in PEM or Base64 cannot be made up here, and its reader says so.
            let adapter = adapter(entry, kind, &environment, Secrets::Required)
                .or_else(|| adapter(entry, kind, &Environment::new(), Secrets::Tolerated));
            let adapter = adapter.unwrap_or_else(|| panic!("{}: no {kind} channel is like its example", entry.name));
            (entry, kind, adapter, names.iter().map(|name| value(name)).collect())
        };
        PROVIDERS.iter().flat_map(|entry| entry.kinds.iter().map(move |kind| (entry, *kind))).map(of).collect()
    }

    fn outbound(content: OutboundContent, kind: ChannelKind) -> Outbound {
        let to = match kind {
            ChannelKind::Email => Address::Email("ann@example.com".to_owned()),
            ChannelKind::Sms | ChannelKind::WhatsApp => Address::from_wire("+447700900123"),
        };
        Outbound { to, content, in_reply_to: None, provider: None }
    }

    fn choices() -> Vec<Choice> {
        vec![Choice { id: "y".into(), title: "Yes".into(), description: None }]
    }

    #[test]
    fn every_adapter_can_do_what_its_row_says_and_shows_no_secret() {
        let channel = ChannelName::parse("main").expect("a name");
        for (entry, kind, adapter, secrets) in adapters() {
            assert_eq!(adapter.name(), entry.name);
            let context = SendContext {
                channel: &channel,
                send: None,
                status_callback: Some("https://replies.example.com/hooks/main/status"),
                kind,
                mail: None,
                now: Millis(1_795_230_000_000),
            };
            let can = |content: OutboundContent| adapter.encode(&outbound(content, kind), &context);
            if adapter.speaks_http() {
                let text = can(OutboundContent::Text { text: "Hello".into() });
                let text = text.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
                let shown = format!("{adapter:?} {text:?} {:?}", adapter.account());
                for secret in &secrets {
                    assert!(!shown.contains(secret.as_str()), "{}: a secret can be read in {shown}", entry.name);
                }
            }
            let features = adapter.features();
            let media = Media { url: Some("https://f.example/a.jpg".into()), ..Media::default() };
            let file = OutboundContent::Media { kind: MediaKind::Image, media, caption: None };
            let (text, header, footer) = ("Sure?".to_owned(), None, None);
            let buttons = OutboundContent::Buttons { text: text.clone(), header: None, footer: None, buttons: choices() };
            let list = OutboundContent::List { text, header, footer, button: "Choose".into(), rows: choices() };
            for (says, content, what) in
                [(features.media_out, file, "media_out"), (features.buttons, buttons, "buttons"), (features.lists, list, "lists")]
            {
                // What a row denies, a flow must not rely on; what cannot be written must not be promised.
                if says && adapter.speaks_http() {
                    assert!(can(content).is_ok(), "{} {kind}: {what}", entry.name);
                }
            }
            assert!(!matches!(features.proof, Proof::Guard) || adapter.guard().is_some(), "{}", entry.name);
            // Who signs nothing has a secret in its URL, and who has one says that it has these settings.
            assert!(adapter.guard().is_none() || (entry.guards && adapter.has_secret_url()), "{}", entry.name);
        }
    }

    #[test]
    fn no_adapter_believes_or_falls_over_what_nobody_signed() {
        let route = |kind| Route { channel: ChannelName::parse("main").expect("a name"), kind };
        let bodies: [&[u8]; 8] = [
            b"",
            b"{}",
            b"[]",
            b"null",
            b"a=b",
            b"<x/>",
            b"\xff\xfe\x00",
            br#"{"type":"Notification","messages":[{}],"data":{}}"#,
        ];
        for (entry, kind, adapter, _) in adapters() {
            for method in [Method::Get, Method::Post] {
                for content_type in ["", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/xml"] {
                    for body in bodies {
                        for url in
                            ["https://h.example/hooks/main", "https://h.example/hooks/main/wrong-secret-wrong/status?id=1&x"]
                        {
                            let headers = [("Content-Type", content_type), ("Authorization", "Bearer a.b.c")];
                            let request = WebhookRequest { method, url, headers: &Pairs(&headers), body, peer: None };
                            let _ = adapter.decode(&request, &Routes::only(route(kind)));
                            let _ = adapter.handshake(&request);
                            let _ = adapter.certificate_url(&request);
                            assert!(entry.name == "simulator" || adapter.verify(&request).is_err(), "{}", entry.name);
                        }
                    }
                }
            }
            let large = vec![b'x'; adapter.body_limit() + 1];
            let url = "https://h.example/hooks/main";
            let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: &large, peer: None };
            assert!(adapter.decode(&request, &Routes::only(route(kind))).is_err(), "{}: too large", entry.name);
        }
    }

    #[test]
    fn statuses_are_told_apart_by_every_adapter() {
        for (entry, _, adapter, _) in adapters().into_iter().filter(|(_, _, adapter, _)| adapter.speaks_http()) {
            let name = |status| adapter.classify(status, &Pairs(&[]), b"").name();
            assert_eq!(name(429), "throttled", "{}", entry.name);
            assert!(matches!(name(500), "retry" | "unknown"), "{}", entry.name);
            assert!(matches!(name(503), "retry" | "unknown"), "{}", entry.name);
            assert_eq!(name(401), "config_error", "{}", entry.name);
            for status in [502, 504, 520, 522, 524, 527] {
                for body in [&b""[..], b"<html>"] {
                    let outcome = adapter.classify(status, &Pairs(&[]), body).name();
                    // Who knows a repeat by its key may be asked again.
                    let again = adapter.idempotent() && outcome == "retry";
                    // Nobody stands between us and the simulator.
                    let ours = entry.name == "simulator";
                    assert!(outcome == "unknown" || again || ours, "{}: {status} is {outcome}", entry.name);
                }
            }
            for status in [0, 100, 204, 302, 400, 404, 418, 599, 999] {
                let _ = name(status);
            }
            for garbage in [&b"\xff"[..], b"{", b"[1]", b"<html>", b"{\"error\":[],\"id\":{}}"] {
                let _ = adapter.classify(200, &Pairs(&[]), garbage);
            }
        }
        assert_eq!(crate::provider::SendOutcome::of_transport(TransportError::Lost).name(), "unknown");
    }
}
