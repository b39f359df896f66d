//! `POST /v1/messages/preview`: what one message looks like on each channel, what it costs and whether it would be sent, and that nothing comes of asking.

use crate::support::api::Api;
use crate::support::live::{SIMULATED, Service};
use serde_json::{Value, json};

const MORE: &str = r#"
[project]
country = "GB"
[channels.main-mail]
provider = "simulator"
kind = "email"
[prices.main-sms]
currency = "EUR"
default = "0.05"
countries = { GB = "0.04" }
[marketing]
cap = ["1 per 7 days"]
"#;

const OFFER: &str = "notification: offer
kind: marketing
languages: [en, es]
needs: { what: text }
text: { en: 'New: {{ what }}. STOP ends it.', es: 'Nuevo: {{ what }}. STOP para salir.' }
whatsapp: { approved: { name: offer_1, languages: { en: en_GB, es: es }, params: ['{{ what }}'] } }
";

const NOTE: &str = "notification: note
route: [sms]
text: See you.
";

async fn service() -> (Service, Api) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("replyflow.toml", format!("{SIMULATED}{MORE}").as_str()),
        ("templates/offer.yaml", OFFER),
        ("templates/note.yaml", NOTE),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    std::fs::create_dir_all(folder.path().join("flows")).expect("made");
    let service = Service::start_in(folder).await;
    let api = Api::keyed(
        &service,
        &["contacts:read", "contacts:write", "suppressions:write", "history:read", "operations:write"],
        "live",
    )
    .await;
    (service, api)
}

async fn preview(api: &Api, body: Value) -> Value {
    let answer = api.post("/v1/messages/preview", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    answer.json
}

fn on<'a>(preview: &'a Value, channel: &str) -> &'a Value {
    let channels = preview["channels"].as_array().expect("channels");
    channels.iter().find(|one| one["channel"] == channel).expect("the channel")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_counted_priced_and_its_dear_character_named() {
    let (service, api) = service().await;
    let text = format!("It’s {}", "a".repeat(150));
    let seen = preview(&api, json!({ "text": text, "country": "GB" })).await;
    let sms = on(&seen, "main-sms");
    assert_eq!((&sms["segments"], &sms["price"], &sms["currency"]), (&json!(3), &json!("0.12"), &json!("EUR")), "{sms}");
    let counted = &sms["messages"][0]["sms"];
    assert_eq!(
        counted,
        &json!({ "encoding": "UCS-2", "units": 155, "segments": 3, "forced_by": "’", "segments_without": 1 }),
        "{sms}"
    );
    assert_eq!((&sms["verdict"], &seen["over"]), (&Value::Null, &Value::Null), "nobody was named");
    let abroad = preview(&api, json!({ "text": "{{ not a value }}", "channels": ["main-sms"] })).await;
    let sms = on(&abroad, "main-sms");
    assert_eq!((&sms["messages"][0]["text"], &sms["price"]), (&json!("{{ not a value }}"), &json!("0.05")), "as it stands there");
    // Whoever has no phone has the price of no country.
    assert_eq!(api.post("/v1/contacts", json!({ "email": "cleo@shop.example" })).await.status, 201);
    let unknown = preview(&api, json!({ "text": "Hello", "contact": "email:cleo@shop.example", "channels": ["main-sms"] })).await;
    assert_eq!(on(&unknown, "main-sms")["price"], "0.05", "{unknown}");
    let long = preview(&api, json!({ "text": "a".repeat(5_000), "channels": ["main-sms", "main-whatsapp"] })).await;
    let cut = &on(&long, "main-sms")["messages"][0];
    assert_eq!((&cut["characters"], &cut["sms"]["segments"]), (&json!(1_600), &json!(24)), "it is shown as it is cut");
    assert_eq!((&cut["sms"]["forced_by"], &cut["sms"]["segments_without"]), (&json!("…"), &json!(11)));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_shown_on_each_channel_with_what_stands_against_it() {
    let (service, api) = service().await;
    let consent = json!({ "marketing": true });
    let made = json!({ "phone": "+447700900123", "email": "ann@shop.example", "language": "es", "consent": consent });
    let ann = api.post("/v1/contacts", made).await;
    assert_eq!(ann.status, 201, "{}", ann.text);
    let asked = json!({ "notification": "offer", "with": { "what": "shoes" }, "contact": "phone:+447700900123" });
    let seen = preview(&api, asked.clone()).await;
    let sms = on(&seen, "main-sms");
    assert_eq!(sms["messages"][0]["text"], "Nuevo: shoes. STOP para salir.");
    assert_eq!((&sms["verdict"]["result"], &sms["price"]), (&json!("sent"), &json!("0.04")), "{sms}");
    let whatsapp = on(&seen, "main-whatsapp");
    assert_eq!(
        (&whatsapp["messages"][0]["template"], &whatsapp["messages"][0]["form"]),
        (&json!("offer_1"), &json!("template")),
        "the window is closed: {whatsapp}"
    );
    assert!(seen["over"].is_string(), "{seen}");
    // What is paused waits.
    let paused = api.post("/v1/channels/main-sms/pause", json!({})).await;
    assert_eq!(paused.status, 200, "{}", paused.text);
    let seen = preview(&api, asked.clone()).await;
    let results = ["main-sms", "main-whatsapp"].map(|channel| on(&seen, channel)["verdict"]["result"].clone());
    assert_eq!(results, ["held", "sent"], "{seen}");
    assert_eq!(api.post("/v1/channels/main-sms/resume", json!({})).await.status, 200);
    // The list is against one channel, and the consent against all.
    let listed = api.post("/v1/suppressions", json!({ "address": "+447700900123", "over": "sms" })).await;
    assert_eq!(listed.status, 201, "{}", listed.text);
    let seen = preview(&api, asked.clone()).await;
    let verdict = &on(&seen, "main-sms")["verdict"];
    assert_eq!((&verdict["result"], &verdict["reason"]), (&json!("refused"), &json!("suppressed")), "{seen}");
    assert_eq!(on(&seen, "main-sms")["messages"][0]["text"], "Nuevo: shoes. STOP para salir.", "what it would say is shown");
    assert_eq!(seen["over"], "main-whatsapp");
    let path = "/v1/contacts/phone:+447700900123";
    let no = json!({ "consent": { "marketing": false } }).to_string().into_bytes();
    assert_eq!(api.send(reqwest::Method::PATCH, path, &[], no).await.status, 200);
    let seen = preview(&api, asked).await;
    assert_eq!((&on(&seen, "main-whatsapp")["verdict"]["reason"], &seen["over"]), (&json!("no_consent"), &Value::Null), "{seen}");
    let note = preview(&api, json!({ "notification": "note", "contact": "phone:+447700900123" })).await;
    assert_eq!(on(&note, "main-mail")["verdict"]["result"], "elsewhere", "{note}");
    // Nothing of it happened.
    let contact = api.get(path).await.json;
    let messages = api.get(&format!("/v1/messages?contact={}", contact["id"].as_str().expect("an id"))).await.json;
    assert_eq!(messages["items"], json!([]));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_names_its_field() {
    let (service, api) = service().await;
    for (body, status, field) in [
        (json!({}), 422, "notification"),
        (json!({ "notification": "none" }), 422, "notification"),
        (json!({ "notification": "note", "text": "x" }), 422, "text"),
        (json!({ "notification": "offer" }), 422, "with.what"),
        (json!({ "text": "x", "with": { "a": 1 } }), 422, "with"),
        (json!({ "text": "x", "language": "xx-yy-zz" }), 422, "language"),
        (json!({ "text": "x", "country": "xx" }), 422, "country"),
        (json!({ "text": "x", "channels": ["none"] }), 422, "channels"),
        (json!({ "text": "x", "marketing": "yes" }), 422, "marketing"),
        (json!({ "text": "x", "contact": "ann" }), 422, "id"),
        (json!({ "text": "x", "who": "ann" }), 422, "body"),
    ] {
        let answer = api.post("/v1/messages/preview", body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (status, Some(field)), "{body}: {}", answer.text);
    }
    assert_eq!(api.post("/v1/messages/preview", json!({ "text": "x", "contact": "phone:+447700900199" })).await.status, 404);
    service.stop().await;
}
