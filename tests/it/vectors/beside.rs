//! What comes from others than providers of messages: analytics services, desks, whoever signs the webhook of a flow, and the certificates of
//! Amazon SNS. The same is asserted of them: nothing panics, the same is read of the same, and what is read can be acted upon.

use super::mutated::mutate::Request;
use super::mutated::{Channel, Target};
use super::{Recorded, files, str_of, vectors};
use replyflow::config::desks::DeskSettings;
use replyflow::config::project::Project;
use replyflow::config::signed::Signed;
use replyflow::config::sources::SourceSettings;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::desk::{DeskJob, DeskLine, DeskOpening, DeskTask, TalkId, TalkRef};
use replyflow::domain::id::{ContactKey, RunId};
use replyflow::domain::limits::{DESK_TEXT_BYTES, SOURCE_ITEMS};
use replyflow::domain::name::Slug;
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value as OurValue;
use replyflow::provider::desk::{self, Dialog, Step, What};
use replyflow::provider::{Adapter, Facts, Pairs};
use replyflow::source::segment::signed_part;
use replyflow::source::signature::{self, Sent};
use serde_json::{Value, json};

const NOW: Millis = Millis(1_795_230_000_000);
/// Requests of one task at a desk, at most: it looks for what may be there, page by page, and makes what is not.
const ASKS: usize = 60;
/// Characters of a person's name at a desk.
const BY: usize = 100;

const SETTINGS: &str = r#"
[project]
country = "GB"
[attributes]
plan = "text"
seats = "number"
[sources.mixpanel]
kind = "mixpanel"
[sources.segment]
kind = "segment"
attributes = { plan = "traits.plan", seats = "traits.seats" }
[sources.amplitude]
kind = "amplitude"
attributes = { plan = "user_properties.plan", seats = "user_properties.seats" }
[desks.chatwoot]
kind = "chatwoot"
base_url = "https://app.chatwoot.com"
account_id = 1
inbox_id = 5
api_token = { env = "SECRET" }
webhook_secret = { env = "SECRET" }
teams = ["payments"]
[desks.zendesk]
kind = "zendesk"
base_url = "https://acme.zendesk.com"
user = "replyflow@acme.example"
group_id = 360001234
api_token = { env = "SECRET" }
webhook_secret = { env = "SECRET" }
teams = ["repairs"]
[teams.payments]
title = "Payments"
[teams.repairs]
title = "Repairs"
[webhooks.signed.pay.gateway]
header = "X-Sig"
algorithm = "sha512"
encoding = "base64"
timestamp_header = "X-Sig-Time"
signed = "{timestamp}.{body}.{url}"
secrets = [{ env = "SECRET" }]
"#;

fn settings() -> Settings {
    let environment: Environment = [("SECRET".to_owned(), "whsec_b2xkb2xkb2xkb2xkb2xkb2xk".to_owned())].into_iter().collect();
    let schemes = ["stripe", "shopify", "github", "standard"]
        .map(|scheme| format!("[webhooks.signed.pay.{scheme}]\nscheme = \"{scheme}\"\nsecrets = [{{ env = \"SECRET\" }}]\n"));
    Settings::of(&format!("{SETTINGS}{}", schemes.concat()), &environment, Secrets::Tolerated)
        .unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn posted(headers: &[(&str, &str)], body: &Value) -> Request {
    let typed = [("Content-Type", "application/json")];
    let headers = headers.iter().chain(&typed).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let url = "https://hooks.example.org/x".to_owned();
    Request { is_get: false, url, headers: headers.collect(), body: body.to_string().into_bytes() }
}

/// All of them.
pub fn all() -> Vec<Target> {
    vec![sources(), desks(), signed(), certificates()]
}

fn sources() -> Target {
    let member =
        json!({ "phone_number": "+447700900123", "email": "a@b.example", "mixpanel_distinct_id": "s", "first_name": "Ann" });
    let page = |action: &str| {
        json!({ "action": action, "parameters": { "mixpanel_project_id": "1234", "mixpanel_cohort_name": "Lapsed", "mixpanel_cohort_id": "77",
            "mixpanel_session_id": "s1", "page_info": { "total_pages": 10, "page_count": 6 }, "members": [member, member] } })
    };
    let track = json!({ "type": "track", "event": "Order Completed!", "userId": "u1", "messageId": "m1", "timestamp": "2026-01-01T00:00:00Z",
        "properties": { "revenue": 25.5 }, "context": { "traits": { "phone": "+447700900123" } } });
    let identify = json!({ "type": "identify", "userId": "u1", "messageId": "m2", "traits": { "email": "A@b.example", "plan": "pro", "seats": 3 } });
    let pages = [
        page("members"),
        page("add_members"),
        page("remove_members"),
        json!([track, identify]),
        json!({ "batch": [track, identify], "sentAt": "x" }),
        track,
        identify,
        json!({ "cohort_name": "My Test Cohort", "cohort_id": "7khm89cz", "in_cohort": true, "computed_time": "1692206763", "message_id": "9::enter::0",
            "users": [{ "user_id": "one@b.example", "user_properties": { "phone": "+447700900123", "seats": 3 } }, { "user_id": "two" }] }),
        json!({ "event_type": "Checkout Started", "user_id": "u1", "$insert_id": "i1", "event_time": "2022-10-24 20:07:32.123",
            "event_properties": { "total": 5 }, "user_properties": { "email": "a@b.example" } }),
        json!({ "user_id": "u1", "user_properties": { "$set": { "seats": 4, "email": "a@b.example" } } }),
    ];
    let settings = settings();
    let of = |source: &SourceSettings| {
        let (source, project) = (source.clone(), settings.project.clone());
        Box::new(move |request: &Request, _| source_reads(&source, &project, &request.body)) as Channel
    };
    let channels = settings.sources.values().map(of).collect();
    Target { name: "sources".to_owned(), channels, pool: pages.iter().map(|page| posted(&[], page)).collect() }
}

fn source_reads(source: &SourceSettings, project: &Project, body: &[u8]) {
    let name = &source.name;
    let (part, _) = signed_part(body);
    assert!(part.len() <= body.len(), "{name}: more is signed than was sent");
    let read = replyflow::source::read(source, project, body);
    assert!(replyflow::source::read(source, project, body) == read, "{name}: the same is not read again");
    let Ok(said) = read else { return };
    assert!(said.items.len() <= SOURCE_ITEMS, "{name}: too much of one request");
    for item in said.items.into_iter().flatten() {
        let _ = format!("{item:?}");
        assert!(source.kind.sends(item.name.as_str()), "{name}: {} is not said to be sent", item.name);
        assert!(item.contact.address().is_some(), "{name}: an event of nobody");
        assert!(matches!(item.data, OurValue::Map(_)), "{name}: data that no flow can read");
        assert!(item.id.as_deref() != Some(""), "{name}: a name that is none");
    }
}

fn talk() -> TalkRef {
    TalkRef { contact: ContactKey::derive(b"fuzz", "+447700900123"), talk: TalkId(7) }
}

fn desks() -> Target {
    let name = talk().to_string();
    let user = json!({ "id": 1, "name": "Ann", "type": "user" });
    let mut pages = vec![
        json!({ "event": "message_created", "id": 501, "content": "This is Ann.", "message_type": "outgoing", "private": false, "sender": user,
            "conversation": { "id": 9, "contact_inbox": { "source_id": name }, "custom_attributes": {} } }),
        json!({ "event": "conversation_status_changed", "id": 9, "status": "resolved", "custom_attributes": { "replyflow": name },
            "meta": { "assignee": { "name": "Ann" } } }),
        // What they answer.
        json!({ "id": 9, "payload": [{ "id": 9, "identifier": "x", "custom_attributes": { "replyflow": name } }], "meta": { "count": 1 } }),
        json!({ "payload": { "contact": { "id": 88, "contact_inboxes": [{ "source_id": name, "inbox": { "id": 5 } }] } } }),
        json!({ "users": [{ "id": 88, "external_id": "x" }], "tickets": [{ "id": 35, "external_id": name, "requester_id": 88 }], "count": 1,
            "meta": { "has_more": true, "after_cursor": "c" } }),
        json!({ "ticket": { "id": 35, "status": "open" }, "user": { "id": 88 }, "audit": { "id": 1 } }),
    ];
    for (kind, event) in [
        ("status_changed", json!({ "current": "SOLVED", "previous": "OPEN" })),
        (
            "comment_added",
            json!({ "comment": { "id": 44, "body": "Hi", "is_public": true, "author": { "id": 1, "is_staff": true, "name": "Ann" } } }),
        ),
    ] {
        pages.push(json!({ "type": format!("zen:event-type:ticket.{kind}"), "event": event,
            "detail": { "id": "35", "external_id": name, "actor_id": "12" } }));
    }
    let signed = [
        ("X-Chatwoot-Timestamp", "1795229980"),
        ("X-Chatwoot-Signature", "sha256=00"),
        ("X-Zendesk-Webhook-Signature", "AAAA"),
        ("X-Zendesk-Webhook-Signature-Timestamp", "2026-11-21T03:00:00Z"),
    ];
    let of = |desk: &DeskSettings| {
        let desk = desk.clone();
        Box::new(move |request: &Request, status| {
            let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            let _ = desk::verify(&desk, &Pairs(&headers), &request.body, NOW);
            desk_says(&desk, &request.body);
            desk_answers(&desk, status, &request.body);
        }) as Channel
    };
    let channels = settings().desks.values().map(of).collect();
    Target { name: "desks".to_owned(), channels, pool: pages.iter().map(|page| posted(&signed, page)).collect() }
}

fn desk_says(settings: &DeskSettings, body: &[u8]) {
    let name = &settings.name;
    let Ok(said) = desk::decode(settings, body) else { return };
    assert!(desk::decode(settings, body).as_ref() == Ok(&said), "{name}: the same is not read again");
    let Some(said) = said else { return };
    assert!(!said.id.is_empty() && !said.conversation.is_empty(), "{name}: it takes effect twice, or nowhere");
    assert!((1..=BY).contains(&said.by.chars().count()), "{name}: said by {:?}", said.by);
    if let What::Wrote(text) = said.what {
        assert!(text.len() <= DESK_TEXT_BYTES, "{name}: {} bytes of text", text.len());
    }
}

/// A task whose every request is answered with this comes to an end.
fn desk_answers(settings: &DeskSettings, status: u16, body: &[u8]) {
    let _ = desk::probed(settings, status, body);
    let line = DeskLine { id: "rf-1-0".to_owned(), contact: true, text: "Hello".to_owned(), at: NOW };
    let team = Slug::parse("payments").expect("a slug");
    let opening = DeskOpening {
        team,
        subject: "Refund".to_owned(),
        name: Some("Ann".to_owned()),
        phone: None,
        email: None,
        first: line.clone(),
    };
    let jobs = [
        (None, DeskJob::Open(Box::new(opening))),
        (Some("9"), DeskJob::Say(line.clone())),
        (Some("9"), DeskJob::Close { line, resolve: true }),
    ];
    for (conversation, job) in jobs {
        let (desk, conversation) = (settings.name.clone(), conversation.map(str::to_owned));
        let party = conversation.as_ref().map(|_| "88".to_owned());
        let task = DeskTask { desk, talk: talk().talk, run: RunId(1), conversation, party, job };
        for again in [false, true] {
            let (mut dialog, mut step) = Dialog::begin(settings, &task, talk().contact, again);
            let mut asked = 0;
            while let Step::Ask(ask) = &step {
                assert!(
                    ask.path.starts_with('/') && !ask.path.contains(char::is_whitespace),
                    "{}: {:?}",
                    settings.name,
                    ask.path
                );
                asked += 1;
                assert!(asked <= ASKS, "{}: a task without an end", settings.name);
                step = dialog.next(status, body);
            }
        }
    }
}

fn signed() -> Target {
    let headers = [
        ("Stripe-Signature", "t=1795229990,v1=00,v1=ff"),
        ("X-Shopify-Hmac-Sha256", "AAAA"),
        ("X-Hub-Signature-256", "sha256=00"),
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1795229990"),
        ("webhook-signature", "v1,AAAA v1,BBBB"),
        ("X-Sig", "AAAA"),
        ("X-Sig-Time", "1795229990"),
    ];
    let pool = vec![posted(&headers, &json!({ "id": "evt_1", "amount": 49900 }))];
    let of = |how: &Signed| {
        let how = how.clone();
        Box::new(move |request: &Request, _| {
            let header = |name: &str| {
                let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.as_str())
            };
            let sent = Sent { header: &header, body: &request.body, url: &request.url, now: NOW };
            let judged = signature::verify(&how, &sent);
            assert!(judged.is_err(), "believed without the key");
            assert!(signature::verify(&how, &sent) == judged, "the same is judged in two ways");
        }) as Channel
    };
    Target { name: "signed".to_owned(), channels: settings().webhooks.signed.values().map(of).collect(), pool }
}

/// The header in which a certificate comes here, so that it is mangled too.
const CERTIFICATE: &str = "certificate";

fn certificates() -> Target {
    let (mut pool, mut channels): (Vec<Request>, Vec<Channel>) = (Vec::new(), Vec::new());
    for file in files() {
        for vector in vectors(&file.data, "signature_vectors").iter().filter(|vector| vector.get("certificate_pem").is_some()) {
            let recorded = Recorded::of(vector);
            let headers = [(CERTIFICATE.to_owned(), str_of(vector, "certificate_pem").to_owned())];
            pool.push(Request {
                is_get: false,
                url: recorded.url.clone(),
                headers: headers.into(),
                body: recorded.body.to_vec(),
            });
            let adapter = file.subject.signed_with(vector);
            channels.push(Box::new(move |request: &Request, _| proves(&adapter, request)));
        }
    }
    Target { name: "certificates".to_owned(), channels, pool }
}

fn proves(adapter: &Adapter, request: &Request) {
    let pem = request.headers.iter().find(|(name, _)| name == CERTIFICATE).map(|(_, pem)| pem.as_bytes());
    request.with(|request| {
        let judge = || adapter.verify(request).and_then(|()| adapter.prove(request, &Facts { now: NOW, certificate: pem }));
        let _ = adapter.certificate_url(request);
        assert!(judge() == judge(), "{}: the same is judged in two ways", adapter.name());
    });
}
