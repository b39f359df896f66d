//! What nobody should send: forged, repeated, oversized, cut, mangled and random requests. Each gets an error or is kept as
//! something that decides nothing; none makes an adapter panic.

use super::{File, Recorded, facts, files, judge, str_of, vectors};
use proptest::prelude::*;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::limits::WEBHOOK_BODY_BYTES;
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Adapter, Decoded, Malformed, Method, Pairs, Refused, Route, Routes, WebhookRequest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

fn routes(kind: ChannelKind) -> Routes {
    let route = Route { channel: ChannelName::parse("main").expect("a name"), kind };
    Routes::only(route.clone()).with("106540000000001", route)
}

fn decode(adapter: &Adapter, method: Method, url: &str, content_type: &str, body: &[u8]) -> Result<Vec<Decoded>, Malformed> {
    let headers = [("Content-Type", content_type)];
    let request = WebhookRequest { method, url, headers: &Pairs(&headers), body, peer: None };
    adapter.decode(&request, &routes(ChannelKind::WhatsApp))
}

const URL: &str = "https://hooks.example.org/hooks/main";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The signature vectors that are valid, with the adapter that believes them. Where a provider signs all of its body, or its form.
fn believed(files: &[File]) -> Vec<(&Value, Adapter)> {
    let all = files.iter().flat_map(|f| vectors(&f.data, "signature_vectors").iter().map(move |v| (f, v)));
    let signed = all.filter(|(f, v)| f.subject.is_signed(&Recorded::of(v)));
    let all_of_it = signed.filter(|(f, _)| f.subject.described().is_none());
    let valid = all_of_it.filter(|(_, v)| v["valid"] == json!(true) && !str_of(v, "body").is_empty());
    valid.map(|(f, v)| (v, f.subject.signed_with(v))).collect()
}

fn signature_header(recorded: &Recorded<'_>) -> usize {
    let is = |name: &str| name.eq_ignore_ascii_case("X-Twilio-Signature") || name.eq_ignore_ascii_case("X-Hub-Signature-256");
    recorded.headers.iter().position(|(name, _)| is(name)).expect("a signature")
}

#[test]
fn forged_vectors_are_refused_whichever_byte_is_changed() {
    let files = files();
    for (vector, adapter) in believed(&files) {
        let name = str_of(vector, "name");
        let mut recorded = Recorded::of(vector);
        assert_eq!(recorded.with(|r| adapter.verify(r)), Ok(()), "{name}");
        let body = recorded.body.to_vec();
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            let request = Recorded { body: &changed, url: recorded.url.clone(), headers: recorded.headers.clone(), ..recorded };
            assert_eq!(request.with(|r| adapter.verify(r)), Err(Refused::Forged), "{name}, body byte {at}");
        }
        // Repeats of a name and value say nothing new in a form, and Twilio's signature leaves them out.
        let said = |body: &[u8]| url::form_urlencoded::parse(body).into_owned().collect::<BTreeSet<_>>();
        let same = |cut: &[u8]| adapter.provider() == "twilio" && said(cut) == said(&body);
        for cut in (0..body.len()).filter(|cut| !same(&body[..*cut])) {
            let request =
                Recorded { body: &body[..cut], url: recorded.url.clone(), headers: recorded.headers.clone(), ..recorded };
            assert_eq!(request.with(|r| adapter.verify(r)), Err(Refused::Forged), "{name}, cut at {cut}");
        }
        let header = signature_header(&recorded);
        let (header_name, signature) = recorded.headers[header];
        for at in 0..signature.len() {
            let mut changed = signature.as_bytes().to_vec();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).expect("ASCII");
            let mut headers = recorded.headers.clone();
            headers[header] = (header_name, &changed);
            let request = Recorded { headers, url: recorded.url.clone(), ..recorded };
            assert_eq!(request.with(|r| adapter.verify(r)), Err(Refused::Forged), "{name}, signature byte {at}");
        }
        recorded.headers.remove(header);
        assert_eq!(recorded.with(|r| adapter.verify(r)), Err(Refused::Unsigned), "{name}");
    }
}

#[test]
fn forged_vectors_of_described_providers_are_refused_whichever_byte_is_changed() {
    for file in files().iter().filter(|f| f.subject.described().is_some_and(|described| described.covers())) {
        let valid = |v: &&Value| v["valid"] == json!(true) && !str_of(v, "body").is_empty();
        for vector in vectors(&file.data, "signature_vectors").iter().filter(valid) {
            let adapter = file.subject.signed_with(vector);
            let facts = facts(file, vector);
            let recorded = Recorded::of(vector).towards(&adapter);
            for at in 0..recorded.body.len() {
                let mut changed = recorded.body.to_vec();
                changed[at] ^= 1;
                let request =
                    Recorded { body: &changed, url: recorded.url.clone(), headers: recorded.headers.clone(), ..recorded };
                let judged = request.with(|r| judge(&adapter, r, &facts));
                assert!(judged.is_err(), "{}, body byte {at}", str_of(vector, "name"));
            }
        }
    }
}

#[test]
fn forged_vectors_of_twilio_are_refused_on_another_url_or_method() {
    let files = files();
    for (vector, adapter) in believed(&files).into_iter().filter(|(_, a)| a.provider() == "twilio") {
        let recorded = Recorded::of(vector);
        for url in
            [format!("{}x", recorded.url), recorded.url.replacen("https://", "http://", 1), recorded.url.replacen('.', "x.", 1)]
        {
            let request = Recorded { url, headers: recorded.headers.clone(), ..recorded };
            assert_eq!(request.with(|r| adapter.verify(r)), Err(Refused::Forged), "{}", str_of(vector, "name"));
        }
        let get = Recorded { method: Method::Get, url: recorded.url.clone(), headers: recorded.headers.clone(), ..recorded };
        assert_eq!(get.with(|r| adapter.verify(r)), Err(Refused::Forged));
    }
}

/// Where no time is signed, and within the time where one is, an old request is a repeat; and a repeat has the id of the first.
#[test]
fn stale_vectors_carry_the_same_ids_again() {
    for file in files() {
        for vector in vectors(&file.data, "inbound") {
            let adapter = file.subject.adapter("inbound", Some(vector));
            let recorded = Recorded::of(vector).towards(&adapter);
            let read = || recorded.with(|r| adapter.decode(r, &routes(ChannelKind::WhatsApp)));
            let ids = |all: Result<Vec<Decoded>, Malformed>| -> Vec<String> {
                let id = |d: Decoded| match d {
                    Decoded::Message(m) => m.message.id,
                    Decoded::Status(s) => s.id,
                    Decoded::Template(t) => t.template,
                    Decoded::Quality(q) => q.word,
                    Decoded::Complaint(c) => c.id,
                    Decoded::Subscription(s) => s.topic,
                    Decoded::Other(o) => o.kind,
                };
                all.expect("decoded").into_iter().map(id).collect()
            };
            let first = ids(read());
            // What a gateway does not name is named when it is taken.
            assert!(adapter.provider() == "http" || first.iter().all(|id| !id.is_empty()));
            assert_eq!(first, ids(read()));
        }
    }
}

/// Nothing that anybody acts upon. Some providers write lists, of which an empty one says nothing.
fn says_nothing(said: &Result<Vec<Decoded>, Malformed>) -> bool {
    said.as_ref().map_or(true, |all| all.iter().all(|one| matches!(one, Decoded::Other(_))))
}

#[test]
fn oversized_truncated_and_malformed_vectors_are_errors() {
    for file in files() {
        let adapter = file.subject.adapter("", None);
        let (described, forms) = (file.subject.described().is_some(), file.subject.has_forms());
        let huge = vec![b'a'; WEBHOOK_BODY_BYTES + 1];
        assert!(decode(&adapter, Method::Post, URL, JSON, &huge).is_err());
        for body in ["", " ", "{", "null", "[]", "\"x\"", "{}", "{\"entry\":1}", "%", "&&&=", "Body=x", "\u{0}", "{\"id\":\"1\"}"]
        {
            let said = decode(&adapter, Method::Post, URL, if forms { FORM } else { JSON }, body.as_bytes());
            let harmless = said.is_err() || (described && says_nothing(&said));
            assert!(harmless, "{}: {body:?}", adapter.provider());
        }
        for vector in vectors(&file.data, "inbound").iter().chain(vectors(&file.data, "status")) {
            let body = str_of(vector, "body").as_bytes();
            let json = body.starts_with(b"{") || body.starts_with(b"[");
            let content_type = if json { JSON } else { FORM };
            for cut in 0..body.len() {
                let result = decode(&adapter, Method::Post, URL, content_type, &body[..cut]);
                assert!(!json || result.is_err(), "{} cut at {cut}", str_of(vector, "name"));
            }
        }
    }
}

#[test]
fn a_depth_that_would_exhaust_the_stack_is_an_error() {
    for file in files().iter().filter(|f| f.subject.adapter("", None).provider() != "twilio") {
        let deep = format!("{{\"object\":\"whatsapp_business_account\",\"entry\":{}", "[".repeat(1_000_000));
        let said = decode(&file.subject.adapter("", None), Method::Post, URL, JSON, deep.as_bytes());
        assert!(said.is_err() || (file.subject.described().is_some() && says_nothing(&said)));
    }
}

/// Every place in a JSON value.
fn places(value: &Value, here: &mut Vec<String>, out: &mut Vec<String>) {
    out.push(here.concat());
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        here.push(format!("/{}", key.replace('~', "~0").replace('/', "~1")));
        places(child, here, out);
        here.pop();
    }
}

/// Every field of every JSON vector replaced by things that do not belong there.
#[test]
fn malformed_vectors_with_any_field_replaced_never_panic() {
    let junk = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!([]),
        json!([null]),
        json!({}),
        json!({"a": []}),
    ];
    for file in files() {
        let adapter = file.subject.adapter("", None);
        for vector in vectors(&file.data, "inbound").iter().chain(vectors(&file.data, "status")) {
            let Ok(body) = serde_json::from_str::<Value>(str_of(vector, "body")) else { continue };
            let mut all = Vec::new();
            places(&body, &mut Vec::new(), &mut all);
            for place in all {
                for value in &junk {
                    let mut changed = body.clone();
                    *changed.pointer_mut(&place).expect("a place") = value.clone();
                    let result = decode(&adapter, Method::Post, URL, JSON, changed.to_string().as_bytes());
                    if let Ok(all) = result {
                        assert!(all.len() <= 8, "{place}");
                    }
                }
            }
        }
    }
}

/// One of each file, made once.
static ADAPTERS: LazyLock<Vec<Adapter>> = LazyLock::new(|| files().iter().map(|f| f.subject.adapter("", None)).collect());

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn vectors_of_random_bytes_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..400),
        query in "[ -~]{0,60}",
        status in any::<u16>(),
        signature in "[ -~]{0,80}",
    ) {
        let url = format!("{URL}?{query}");
        let signature_headers = [
            ("X-Twilio-Signature", signature.as_str()),
            ("X-Hub-Signature-256", signature.as_str()),
            ("X-Twilio-Webhooks-Signature-Settings", query.as_str()),
            ("Retry-After", signature.as_str()),
        ];
        for adapter in ADAPTERS.iter() {
            for method in [Method::Get, Method::Post] {
                for content_type in [FORM, JSON, ""] {
                    let _ = decode(adapter, method, &url, content_type, &body);
                }
                let request = WebhookRequest { method, url: &url, headers: &Pairs(&signature_headers), body: &body, peer: None };
                let _ = adapter.handshake(&request);
                if adapter.provider() != "simulator" {
                    prop_assert!(adapter.verify(&request).is_err());
                }
            }
            let _ = adapter.classify(status, &Pairs(&signature_headers), &body);
        }
    }

    #[test]
    fn vectors_of_random_forms_never_panic(
        fields in prop::collection::vec(("(MessageSid|From|To|Body|MessageStatus|SmsStatus|NumMedia|MediaUrl0|Latitude|Longitude|ErrorCode|InteractiveData|[a-z]{1,4})", ".{0,20}"), 0..12),
    ) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&fields);
        let body = form.finish();
        for adapter in ADAPTERS.iter() {
            let _ = decode(adapter, Method::Post, URL, FORM, body.as_bytes());
            let _ = decode(adapter, Method::Get, &format!("{URL}?{body}"), "", b"");
        }
    }
}
