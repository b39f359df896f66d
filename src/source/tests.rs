//! What the services document, and what they might send instead.

use super::*;
use crate::config::signed::{Algorithm, Signed};
use crate::config::{Environment, Secrets, Settings};
use crate::domain::time::Millis;
use serde_json::json;

fn settings(more: &str) -> Settings {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("replyflow.toml");
    let text = format!("[project]\ncountry = \"GB\"\n[attributes]\nplan = \"text\"\nseats = \"number\"\n{more}");
    std::fs::write(&path, text).expect("written");
    Settings::load(Some(&path), &Environment::default(), Secrets::Tolerated).unwrap_or_else(|e| panic!("{e}"))
}

fn read_as(kind: &str, body: serde_json::Value) -> Result<Said, NotReadable> {
    let attributes = "[sources.s.attributes]\nplan = \"traits.plan\"\nseats = \"user_properties.seats\"";
    let settings = settings(&format!("[sources.s]\nkind = \"{kind}\"\n{attributes}\n"));
    read(&settings.sources["s"], &settings.project, body.to_string().as_bytes())
}

fn items(said: Result<Said, NotReadable>) -> Vec<Item> {
    let items: Vec<Item> = said.expect("readable").items.into_iter().map(|item| item.expect("an item")).collect();
    let kinds = [SourceKind::Mixpanel, SourceKind::Segment, SourceKind::Amplitude];
    for item in &items {
        assert!(kinds.iter().any(|kind| kind.sends(item.name.as_str())), "{} is not said to be sent", item.name);
    }
    items
}

#[test]
fn what_a_service_sends() {
    for (kind, name, sends) in [
        (SourceKind::Segment, "segment.track.order_completed", true),
        (SourceKind::Segment, "segment.track.", false),
        (SourceKind::Segment, "segment.identified", false),
        (SourceKind::Segment, "mixpanel.cohort.left", false),
        (SourceKind::Mixpanel, "mixpanel.cohort.left", true),
        (SourceKind::Mixpanel, "mixpanel.cohort.left.again", false),
        (SourceKind::Amplitude, "amplitude.event.signed_up", true),
    ] {
        assert_eq!(kind.sends(name), sends, "{name}");
    }
}

fn attribute<'i>(item: &'i Item, name: &str) -> Option<&'i Value> {
    item.contact.attributes.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value)
}

fn mixpanel_page(action: &str, members: serde_json::Value) -> serde_json::Value {
    json!({
        "action": action,
        "parameters": {
            "mixpanel_project_id": "1234", "mixpanel_cohort_name": "Lapsed", "mixpanel_cohort_id": "77",
            "mixpanel_cohort_description": "d", "mixpanel_session_id": "s1", "page_info": {"total_pages": 10, "page_count": 6},
            "members": members,
        }
    })
}

#[test]
fn mixpanel_members_enter_and_leave() {
    let member = |n: u32| {
        json!({"email": format!("a{n}@b.example"), "mixpanel_distinct_id": format!("d{n}"), "first_name": "Ann",
        "last_name": "B", "phone_number": "07700 900123"})
    };
    let all = items(read_as("mixpanel", mixpanel_page("add_members", json!([member(1), member(2)]))));
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].name.as_str(), "mixpanel.cohort.entered");
    assert_eq!(all[0].contact.phone.as_ref().map(|p| p.as_str()), Some("+447700900123"));
    assert_eq!((all[0].contact.id.as_deref(), all[0].contact.name.as_deref()), (Some("d1"), Some("Ann")));
    let data = all[0].data.to_json();
    assert_eq!(data["cohort"], json!({"id": "77", "name": "Lapsed", "description": "d", "project": "1234"}));
    assert_eq!(
        (&data["contact"]["phone"], &data["full"], &data["source"]),
        (&json!("+447700900123"), &json!(false), &json!("s"))
    );
    assert_eq!(data["member"], member(1), "every property that was sent");
    assert_ne!(all[0].id, all[1].id);
    let again = items(read_as("mixpanel", mixpanel_page("add_members", json!([member(1)]))));
    assert_eq!(again[0].id, all[0].id, "the same member of the same session");
    let left = items(read_as("mixpanel", mixpanel_page("remove_members", json!([member(1)]))));
    assert_eq!(left[0].name.as_str(), "mixpanel.cohort.left");
    assert_ne!(left[0].id, all[0].id);
    let full = items(read_as("mixpanel", mixpanel_page("members", json!([member(1)]))));
    assert_eq!((full[0].name.as_str(), &full[0].data.to_json()["full"]), ("mixpanel.cohort.entered", &json!(true)));
    assert_eq!(items(read_as("mixpanel", mixpanel_page("add_members", json!([])))), []);
}

#[test]
fn a_member_who_cannot_be_reached_does_not_stop_the_others() {
    let members = json!([{"phone_number": "call me"}, {"x": 1}, 7, {"phone_number": "call me", "email": "A@B.example"}]);
    let said = read_as("mixpanel", mixpanel_page("members", members)).expect("readable");
    let results: Vec<_> = said.items.iter().map(|item| item.as_ref().map(|item| item.contact.email.clone())).collect();
    let email = Some("a@b.example".to_owned());
    assert_eq!(results, [Err(&Skipped::UnreadablePhone), Err(&Skipped::Nobody), Err(&Skipped::Unreadable), Ok(email)]);
    assert_eq!(said.action.as_deref(), Some("members"), "its answer names it");
    for wrong in [json!([]), json!({"action": "x"}), json!({"action": "members"}), mixpanel_page("members", json!({}))] {
        assert!(read_as("mixpanel", wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn segment_messages_alone_and_in_both_kinds_of_batch() {
    let track = json!({"type": "track", "event": "Order Completed!", "userId": "u1", "messageId": "m1", "timestamp": "2026-01-01T00:00:00Z",
        "properties": {"revenue": 25.5}, "context": {"traits": {"phone": "+447700900123"}, "ip": "10.0.0.1"}});
    let identify = json!({"type": "identify", "userId": "u1", "messageId": "m2",
        "traits": {"email": "A@b.example", "name": "Ann", "plan": "pro", "user_properties": 1}});
    let alone = items(read_as("segment", track.clone()));
    assert_eq!(alone[0].name.as_str(), "segment.track.order_completed");
    assert_eq!(alone[0].id.as_deref(), Some("s/m1"));
    let data = alone[0].data.to_json();
    assert_eq!((&data["properties"]["revenue"], &data["name"]), (&json!(25.5), &json!("Order Completed!")));
    assert_eq!(data["traits"]["phone"], "+447700900123");
    assert!(!data.to_string().contains("10.0.0.1"), "the rest of the context stays out");
    for batch in [json!([track, identify]), json!({"batch": [track, identify], "sentAt": "x"})] {
        let both = items(read_as("segment", batch));
        assert_eq!((both[0].name.as_str(), both[1].name.as_str()), ("segment.track.order_completed", "segment.identify"));
        assert_eq!(both[1].contact.email.as_deref(), Some("a@b.example"));
        assert_eq!(attribute(&both[1], "plan"), Some(&Value::text("pro")));
        assert_eq!(attribute(&both[1], "seats"), None, "not sent");
    }
    let others = json!([{"type": "alias", "userId": "u1"}, {"type": "track", "userId": "u1"}, {"type": "track", "event": "!!", "userId": "u"}]);
    let said = read_as("segment", others).expect("readable");
    assert_eq!(said.items, [Err(Skipped::OtherKind), Err(Skipped::Unreadable), Err(Skipped::Unreadable)]);
    let long = json!({"type": "track", "event": "x".repeat(200), "userId": "u1"});
    assert_eq!(items(read_as("segment", long))[0].name.as_str().len(), 64);
}

#[test]
fn what_segment_signs_is_the_body_or_the_first_message_of_a_batch() {
    use segment::signed_part;
    let one = br#" {"type": "track"}"#;
    assert_eq!(signed_part(one), (&one[..], true));
    let (first, whole) = signed_part(br#"[{"a": 1,"b":[2]} , {"c": 3}]"#);
    assert_eq!((first, whole), (&br#"{"a": 1,"b":[2]}"#[..], false));
    assert_eq!(signed_part(b"[]"), (&b"[]"[..], true));
    assert_eq!(signed_part(b"[7"), (&b"[7"[..], true));
}

#[test]
fn amplitude_cohorts_events_and_users() {
    let cohort = |inside: bool| {
        json!({"cohort_name": "My Test Cohort", "cohort_id": "7khm89cz", "in_cohort": inside,
        "computed_time": "1692206763", "message_id": "9baaa88f::enter::0",
        "users": [{"user_id": "one@b.example", "user_properties": {"phone": "+447700900123", "seats": 3}}, {"user_id": "two"}]})
    };
    let entered = items(read_as("amplitude", cohort(true)));
    assert_eq!((entered.len(), entered[0].name.as_str()), (2, "amplitude.cohort.entered"));
    assert_eq!(attribute(&entered[0], "seats"), Some(&Value::Number(3.0)));
    assert_eq!(entered[0].data.to_json()["cohort"], json!({"id": "7khm89cz", "name": "My Test Cohort"}));
    assert_ne!(entered[0].id, entered[1].id);
    assert_eq!(items(read_as("amplitude", cohort(false)))[0].name.as_str(), "amplitude.cohort.left");
    let event = json!({"event_type": "Checkout Started", "user_id": "u1", "$insert_id": "i1", "event_time": "2022-10-24 20:07:32.123",
        "event_properties": {"total": 5}, "user_properties": {"email": "a@b.example"}});
    let read = items(read_as("amplitude", event));
    assert_eq!((read[0].name.as_str(), read[0].id.as_deref()), ("amplitude.event.checkout_started", Some("s/i1")));
    assert_eq!(read[0].data.to_json()["properties"], json!({"total": 5}));
    let user = json!({"user_id": "u1", "user_properties": {"$set": {"seats": 4, "email": "a@b.example"}}});
    let read = items(read_as("amplitude", user));
    assert_eq!(read[0].name.as_str(), "amplitude.identify");
    assert_eq!(attribute(&read[0], "seats"), Some(&Value::Number(4.0)));
    let wrong = json!({"cohort_id": "c", "users": [{"user_id": "u"}]});
    assert_eq!(read_as("amplitude", wrong).expect("readable").items, [Err(Skipped::Unreadable)]);
}

#[test]
fn one_request_holds_so_many_items_and_no_more() {
    let page = |n: usize| json!(vec![json!({"type": "alias"}); n]);
    assert!(read_as("segment", page(SOURCE_ITEMS)).is_ok());
    assert!(read_as("segment", page(SOURCE_ITEMS + 1)).is_err());
}

#[test]
fn paths_lead_through_names_with_dots() {
    let root = json!({"a.b": {"c": "1"}, "a": {"b": {"c": "2", "d": "3"}, "x.y": 4}});
    let found = |path: &str| paths::find(&root, path).and_then(paths::text);
    assert_eq!(found("a.b.c").as_deref(), Some("1"), "the longest name that is there");
    assert_eq!(found("a.x.y").as_deref(), Some("4"));
    assert_eq!(found("a.q"), None);
}

/// Every scheme with a signature that was made as it is documented, by other code than that which checks it.
#[test]
fn each_scheme_is_believed_and_nothing_else_is() {
    const BODY: &str = r#"{"id":"evt_1","amount":49900}"#;
    const NOW: i64 = 1_795_000_000;
    let of = |scheme: &str| {
        let text = format!(
            "[webhooks.signed.pay.gateway]\nscheme = \"{scheme}\"\nsecrets = [{{ file = \"old\" }}, {{ file = \"new\" }}]\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = if scheme == "standard" {
            ("whsec_b2xkb2xkb2xkb2xk", "whsec_bmV3bmV3bmV3bmV3")
        } else {
            ("oldoldoldold", "newnewnewnew")
        };
        std::fs::write(folder.path().join("old"), old).expect("written");
        std::fs::write(folder.path().join("new"), new).expect("written");
        let path = folder.path().join("replyflow.toml");
        std::fs::write(&path, text).expect("written");
        let settings = Settings::load(Some(&path), &Environment::default(), Secrets::Required).unwrap_or_else(|e| panic!("{e}"));
        settings.webhooks.signed.into_values().next().expect("one")
    };
    let mac = |key: &str, message: &str| signature::sign(Algorithm::Sha256, key.as_bytes(), message.as_bytes());
    let base64 = |bytes: Vec<u8>| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let check = |how: &Signed, headers: &[(&str, String)], body: &str| {
        let header = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        let url = "https://replies.example/flows/pay/gateway/s";
        signature::verify(how, &signature::Sent { header: &header, body: body.as_bytes(), url, now: Millis(NOW * 1_000) })
    };
    for key in ["oldoldoldold", "newnewnewnew"] {
        let stripe = |at: i64| format!("t={at},v1={},v0=abc", hex::encode(mac(key, &format!("{at}.{BODY}"))));
        let standard = |at: i64| {
            let signed = base64(mac(key, &format!("msg_1.{at}.{BODY}")));
            vec![
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", at.to_string()),
                ("webhook-signature", format!("v1,AAAA v1,{signed}")),
            ]
        };
        let plain = mac(key, BODY);
        let cases: Vec<(&str, Vec<(&str, String)>)> = vec![
            ("stripe", vec![("Stripe-Signature", stripe(NOW - 299))]),
            ("shopify", vec![("X-Shopify-Hmac-SHA256", base64(plain.clone()))]),
            ("razorpay", vec![("X-Razorpay-Signature", hex::encode(&plain))]),
            ("github", vec![("X-Hub-Signature-256", format!("sha256={}", hex::encode(&plain)))]),
            ("standard", standard(NOW + 299)),
        ];
        for (scheme, headers) in &cases {
            let how = of(scheme);
            assert_eq!(check(&how, headers, BODY), Ok(()), "{scheme} {key}");
            assert_eq!(check(&how, headers, &BODY.replace("49900", "1")), Err(signature::Unbelieved::Forged), "{scheme}");
            assert_eq!(check(&how, &[], BODY), Err(signature::Unbelieved::Unsigned), "{scheme}");
        }
        let old = vec![("Stripe-Signature", stripe(NOW - 301))];
        assert_eq!(check(&of("stripe"), &old, BODY), Err(signature::Unbelieved::Stale));
        assert_eq!(check(&of("standard"), &standard(NOW + 301), BODY), Err(signature::Unbelieved::Stale));
        let moved = vec![("Stripe-Signature", stripe(NOW - 10).replace(&format!("t={}", NOW - 10), &format!("t={NOW}")))];
        assert_eq!(check(&of("stripe"), &moved, BODY), Err(signature::Unbelieved::Forged), "the time is signed");
        let unprefixed = vec![("X-Hub-Signature-256", hex::encode(&plain))];
        assert_eq!(check(&of("github"), &unprefixed, BODY), Err(signature::Unbelieved::Forged));
    }
    // A published vector: RFC 4231, case 2, and RFC 2202, case 2.
    let vector = |algorithm| hex::encode(signature::sign(algorithm, b"Jefe", b"what do ya want for nothing?"));
    assert_eq!(vector(Algorithm::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(vector(Algorithm::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert!(vector(Algorithm::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"));
}

#[test]
fn consent_is_read_where_the_settings_say_and_only_if_it_is_one() {
    let settings = settings(
        "[sources.s]\nkind = \"segment\"\n[sources.s.consent]\nmarketing = \"traits.news\"\nemail = \"traits.mails\"\nat = \"traits.news_at\"\n",
    );
    let consent = |traits: serde_json::Value| {
        let body = json!({"type": "identify", "userId": "u1", "traits": traits});
        let said = read(&settings.sources["s"], &settings.project, body.to_string().as_bytes());
        items(said).remove(0).contact.consent.map(|consent| (consent.yes, consent.no, consent.at))
    };
    assert_eq!(consent(json!({"news": true})), Some((7, 0, None)));
    let each = json!({"news": "True", "mails": false, "news_at": "2026-03-02T10:00:00Z"});
    assert_eq!(consent(each), Some((3, 4, Some(Millis(1_772_445_600_000)))));
    for nothing in [json!({}), json!({"news": "maybe"}), json!({"news": 1}), json!({"news": null})] {
        assert_eq!(consent(nothing), None);
    }
}
