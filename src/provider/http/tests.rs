//! What a described gateway does with what comes and goes.

use super::*;
use crate::config::channel::ProviderSettings;
use crate::config::{Environment, Secrets, Settings};
use crate::domain::address::Address;
use crate::domain::message::{DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::send::Accepted;
use crate::provider::webhook::{Pairs, Route};

const SECRET: &str = "a-secret-of-16-letters";

fn http(more: &str) -> Http {
    let text = format!(
        "[server]\npublic_url = \"https://h.example\"\n[channels.gw]\nprovider = \"http\"\nkind = \"sms\"\nnumber = \"+447700900001\"\n{more}"
    );
    let environment: Environment = [("W", SECRET), ("T", "Token abc"), ("P", "p&w\"d"), ("S", "signing-key")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
    let settings = Settings::of(&text, &environment, Secrets::Required).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    match &settings.channels["gw"].provider {
        ProviderSettings::Http(http) => Http((**http).clone()),
        other => panic!("{other:?}"),
    }
}

const GUARD: &str = "webhook_secret = { env = \"W\" }\n";
const SEND: &str = "[channels.gw.send]\nurl = \"https://gw.example.org/send\"\nbody = '{\"to\":{{to}},\"text\":{{text}}}'\n";

fn routes() -> Routes {
    Routes::only(Route { channel: ChannelName::parse("gw").expect("a name"), kind: ChannelKind::Sms })
}

fn sent(http: &Http, content: OutboundContent) -> Result<HttpRequest, EncodeError> {
    let channel = ChannelName::parse("gw").expect("a name");
    let callback = Some("https://h.example/hooks/gw/s/status");
    let context = SendContext {
        channel: &channel,
        send: None,
        status_callback: callback,
        kind: ChannelKind::Sms,
        mail: None,
        now: Millis(0),
    };
    http.encode(&Outbound { to: Address::from_wire("+447700900123"), content, in_reply_to: None, provider: None }, &context)
}

fn text(text: &str) -> OutboundContent {
    OutboundContent::Text { text: text.to_owned() }
}

fn posted(http: &Http, behind: &str, kind: &str, body: &str) -> Result<Vec<Decoded>, Malformed> {
    let url = format!("https://h.example/hooks/gw/{SECRET}{behind}");
    let headers = [("Content-Type", kind)];
    let request =
        WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&headers), body: body.as_bytes(), peer: None };
    http.decode(&request, &routes())
}

#[test]
fn a_message_says_nothing_but_itself_in_any_format() {
    let evil = "a\"b&c=<d>{{to}}";
    let json = sent(&http(&format!("{GUARD}{SEND}")), text(evil)).expect("JSON");
    let body: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    assert_eq!(body, serde_json::json!({ "to": "+447700900123", "text": evil }));
    let form = http(&format!(
        "{GUARD}[channels.gw.send]\nurl = \"https://gw.example.org/send\"\nformat = \"form\"\nbody = \"to={{{{to_digits}}}}&text={{{{text}}}}&pw={{{{secret.pw}}}}\"\n[channels.gw.send.secrets]\npw = {{ env = \"P\" }}\n"
    ));
    let form = sent(&form, text(evil)).expect("a form");
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&form.body).into_owned().collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(pairs, [pair("to", "447700900123"), pair("text", evil), pair("pw", "p&w\"d")]);
    let xml = http(&format!(
        "{GUARD}[channels.gw.send]\nurl = \"https://gw.example.org/send\"\nformat = \"xml\"\nbody = \"<m to='{{{{to}}}}'>{{{{text}}}}</m>\"\n"
    ));
    let xml = sent(&xml, text("a<b>&\u{0}c")).expect("XML");
    assert_eq!(&xml.body[..], b"<m to='+447700900123'>a&lt;b&gt;&amp;c</m>");
    let get = http(&format!(
        "{GUARD}[channels.gw.send]\nmethod = \"get\"\nurl = \"https://gw.example.org/send?to={{{{to}}}}&text={{{{text}}}}&dlr={{{{callback}}}}\"\nheaders = {{ Authorization = {{ env = \"T\" }} }}\n"
    ));
    let get = sent(&get, text("a&to=x")).expect("a URL");
    assert_eq!(
        get.url,
        "https://gw.example.org/send?to=%2B447700900123&text=a%26to%3Dx&dlr=https%3A%2F%2Fh.example%2Fhooks%2Fgw%2Fs%2Fstatus"
    );
    assert_eq!((get.method, get.header("authorization"), get.body.len()), (Method::Get, Some("Token abc"), 0));
    assert!(!format!("{get:?}").contains("abc"));
}

#[test]
fn files_become_links_where_the_template_has_no_place_for_them() {
    let file = |url: &str| Media { url: Some(url.to_owned()), ..Media::default() };
    let album = OutboundContent::Album { media: vec![file("https://f/1"), file("https://f/2")], text: Some("Look".into()) };
    let plain = sent(&http(&format!("{GUARD}{SEND}")), album.clone()).expect("a message");
    assert!(String::from_utf8_lossy(&plain.body).contains("Look\\nhttps://f/1\\nhttps://f/2"));
    let with = http(&format!("{GUARD}{}", SEND.replace("{{text}}}", "{{text}},\"media\":{{media_list}}}")));
    let body: serde_json::Value = serde_json::from_slice(&sent(&with, album).expect("a message").body).expect("JSON");
    assert_eq!((&body["text"], &body["media"]), (&"Look".into(), &serde_json::json!(["https://f/1", "https://f/2"])));
    assert!(with.features().media_out);
    let buttons = OutboundContent::Buttons { text: "x".into(), header: None, footer: None, buttons: Vec::new() };
    assert!(sent(&with, buttons).is_err());
}

#[test]
fn answers_mean_what_the_channel_says_that_they_mean() {
    let rules = "[channels.gw.answer]\ncontains = '\"ok\":true'\nid = \"message.id\"\ncode = \"error\"\ntext = \"why\"\n\
                 failures = { E1 = \"invalid\", E2 = \"limit\", E3 = \"balance\", E4 = \"retry\", E5 = \"opted_out\" }\n";
    let http = http(&format!("{GUARD}{SEND}{rules}"));
    let of = |status, body: &str| http.classify(status, &Pairs(&[]), body.as_bytes());
    let accepted = Accepted { id: Some("7".to_owned()), ..Accepted::default() };
    assert_eq!(of(200, r#"{"ok":true,"message":{"id":7}}"#), SendOutcome::Accepted(accepted));
    for (status, body, name) in [
        (200, r#"{"ok":false}"#, "rejected"),
        (200, r#"{"error":"E1","ok":true}"#, "rejected"),
        (400, r#"{"error":"E2"}"#, "throttled"),
        (200, r#"{"error":"E3"}"#, "config_error"),
        (400, r#"{"error":"E4"}"#, "retry"),
        (200, r#"{"error":"E5"}"#, "rejected"),
        (400, "no JSON at all", "rejected"),
        (401, "", "config_error"),
        (429, "", "throttled"),
        (500, "", "retry"),
        (504, "", "unknown"),
    ] {
        assert_eq!(of(status, body).name(), name, "{status} {body}");
    }
    match of(200, r#"{"error":"E1","why":"no such number"}"#) {
        SendOutcome::Rejected { reason, error, .. } => {
            assert_eq!((reason, error.code.as_deref(), &*error.text), (FailureReason::Invalid, Some("E1"), "no such number"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_are_found_where_they_are() {
    let places = "[channels.gw.inbound]\nlist = \"messages\"\nfrom = [\"sender.number\", \"from\", \"//head/from\"]\n\
                  text = [\"text\", \"//body\"]\nid = \"id\"\nat = \"date\"\nmedia = \"files\"\n";
    let http = http(&format!("{GUARD}{SEND}{places}"));
    let one = |kind: &str, body: &str| match posted(&http, "", kind, body).expect(body).remove(0) {
        Decoded::Message(received) => received.message,
        other => panic!("{other:?}"),
    };
    let form = one("application/x-www-form-urlencoded", "from=447700900123&text=Hi+there&id=9&date=2026-11-21T03:00:00Z");
    assert_eq!((form.from.reveal(), &*form.text, &*form.id), ("+447700900123", "Hi there", "9"));
    assert_eq!(form.at, Some(Millis(1_795_230_000_000)));
    let xml = one("text/xml", "<m><head><from>447700900123</from></head><body>Hello</body></m>");
    assert_eq!((xml.from.reveal(), &*xml.text, &*xml.id), ("+447700900123", "Hello", ""));
    let body = r#"{"messages":[{"sender":{"number":"+447700900123"},"text":"a","id":1,"files":["https://f/1",{"url":"https://f/2"},"x"]},
                  {"from":"447700900124","text":"b","date":1795230000}]}"#;
    let all = posted(&http, "", "application/json", body).expect("JSON");
    let [Decoded::Message(a), Decoded::Message(b)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((a.message.id.as_str(), b.message.from.reveal()), ("1", "+447700900124"));
    assert!(matches!(&a.message.content, InboundContent::Media { media, .. } if media.len() == 2));
    assert_eq!(b.message.id.len(), 32, "named by who, what and when");
    let stopped = one("", "from=%2B447700900123");
    assert_eq!(stopped.content, InboundContent::Text);
    match posted(&http, "/stopped", "", "from=%2B447700900123").expect("a form").remove(0) {
        Decoded::Message(m) => assert!(matches!(&m.message.content, InboundContent::OptOut { word, .. } if word == "STOP")),
        other => panic!("{other:?}"),
    }
    for bad in ["{", "<a>", "{}", "text=x"] {
        assert!(posted(&http, "", "", bad).is_err(), "{bad}");
    }
}

#[test]
fn reports_are_found_by_their_url_or_their_word() {
    let places = "[channels.gw.inbound]\nfrom = \"from\"\ntext = \"text\"\nid = \"id\"\n[channels.gw.report]\nid = \"id\"\nstatus = \"dlr\"\n\
                  code = \"err\"\nstatuses = { DELIVRD = \"delivered\", UNDELIV = \"failed\" }\nfailures = { 21 = \"invalid\" }\n";
    let http = http(&format!("{GUARD}{SEND}{places}"));
    let report = |behind: &str, body: &str| match posted(&http, behind, "", body).expect(body).remove(0) {
        Decoded::Status(report) => (report.id.clone(), report.status, report.failure.map(|f| f.reason)),
        other => panic!("{other:?}"),
    };
    assert_eq!(report("", "id=m-42&dlr=delivrd"), ("m-42".into(), DeliveryStatus::Delivered, None));
    assert_eq!(report("/sent", "id=m-42"), ("m-42".into(), DeliveryStatus::Sent, None));
    assert_eq!(report("/status", "id=m-42&dlr=read"), ("m-42".into(), DeliveryStatus::Read, None));
    let failed = ("m-42".to_owned(), DeliveryStatus::Failed, Some(FailureReason::Invalid));
    assert_eq!(report("/status", "id=m-42&dlr=UNDELIV&err=21"), failed);
    assert!(matches!(posted(&http, "/status", "", "id=m-42&dlr=BUFFRD").expect("a form")[0], Decoded::Other(_)));
    assert!(posted(&http, "/status", "", "dlr=DELIVRD").is_err());
    assert!(matches!(posted(&http, "", "", "from=447700900123&text=x&id=1").expect("a form")[0], Decoded::Message(_)));
}

#[test]
fn calls_are_believed_by_their_secret_or_their_signature() {
    let signed = http(&format!(
        "{SEND}[channels.gw.signature]\nheader = \"X-Sign\"\nprefix = \"sha256=\"\nsecrets = [{{ env = \"S\" }}]\n"
    ));
    assert!(!signed.has_secret_url() && http(&format!("{GUARD}{SEND}")).has_secret_url());
    let body = b"from=1";
    let mac = hex::encode(crate::provider::proof::hmac(crate::provider::proof::Hash::Sha256, b"signing-key", &[body]));
    let judge = |header: Option<&str>, body: &[u8]| {
        let headers: Vec<(&str, &str)> = header.iter().map(|value| ("x-sign", *value)).collect();
        let headers = Pairs(&headers);
        let request =
            WebhookRequest { method: Method::Post, url: "https://h.example/hooks/gw", headers: &headers, body, peer: None };
        signed.verify(&request).and_then(|()| signed.prove(&request, &Facts { now: Millis(0), certificate: None }))
    };
    assert_eq!(judge(Some(&format!("sha256={mac}")), body), Ok(()));
    assert_eq!(judge(Some(&format!("sha256={mac}")), b"from=2"), Err(Refused::Forged));
    assert_eq!(judge(Some("sha256=00"), body), Err(Refused::Forged));
    assert_eq!(judge(None, body), Err(Refused::Unsigned));
}

/// A gateway that signs, with the body and the URL or the body alone in what it signs.
fn signing(pieces: &str) -> Http {
    http(&format!(
        "{SEND}[channels.gw.inbound]\nfrom = \"from\"\ntext = \"text\"\nid = \"id\"\n[channels.gw.report]\nid = \"id\"\nstatus = \"status\"\n\
         [channels.gw.signature]\nheader = \"X-Sign\"\nsigned = \"{pieces}\"\nsecrets = [{{ env = \"S\" }}]\n"
    ))
}

/// What a call brings, signed as it should be over these bytes.
fn called(http: &Http, method: Method, url: &str, body: &[u8], signed: &[u8]) -> Result<Vec<Decoded>, Refused> {
    let mac = hex::encode(crate::provider::proof::hmac(crate::provider::proof::Hash::Sha256, b"signing-key", &[signed]));
    let headers = [("x-sign", mac.as_str()), ("content-type", "application/json")];
    let request = WebhookRequest { method, url, headers: &Pairs(&headers), body, peer: None };
    http.verify(&request)?;
    http.prove(&request, &Facts { now: Millis(0), certificate: None })?;
    Ok(http.decode(&request, &routes()).expect("it can be read"))
}

#[test]
fn nothing_counts_that_a_signature_does_not_cover() {
    let body = br#"{"from":"+447700900123","text":"Hi","id":"7"}"#;
    let (plain, whole) = (signing("{body}"), signing("{url}{body}"));
    // The signature of an empty body fits every GET.
    let forged = "https://h.example/hooks/gw?from=%2B447700900123&text=STOP&id=new1";
    assert_eq!(called(&plain, Method::Get, forged, b"", b""), Err(Refused::Forged));
    let got = called(&whole, Method::Get, forged, b"", forged.as_bytes()).expect("the URL is signed");
    assert!(matches!(&got[..], [Decoded::Message(m)] if m.message.text == "STOP"), "{got:?}");
    // A recorded message, posted again with a query that would make a report of it.
    let again = "https://h.example/hooks/gw?status=failed&text=STOP";
    let got = called(&plain, Method::Post, again, body, body).expect("signed");
    assert!(matches!(&got[..], [Decoded::Message(m)] if m.message.text == "Hi"), "{got:?}");
    assert_eq!(called(&whole, Method::Post, again, body, body), Err(Refused::Forged));
    // Who knows the secret in the URL wrote its query too.
    let places = "[channels.gw.inbound]\nfrom = \"from\"\ntext = \"text\"\nid = \"id\"\n";
    let got =
        posted(&http(&format!("{GUARD}{SEND}{places}")), "?text=Yes", "application/json", r#"{"from":"447700900123","id":"7"}"#);
    assert!(matches!(&got.expect("read")[..], [Decoded::Message(m)] if m.message.text == "Yes"));
}

#[test]
fn what_is_written_to_another_number_is_set_aside() {
    let http = http(&format!("{GUARD}{SEND}[channels.gw.inbound]\nfrom = \"from\"\nto = \"to\"\ntext = \"text\"\nid = \"id\"\n"));
    let here = Route { channel: ChannelName::parse("gw").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(here.clone()).with(http.number(ChannelKind::Sms).expect("a number"), here);
    for (to, ours) in [("447700900001", true), ("07700900001", true), ("LINE1", true), ("447700900003", false)] {
        let body = format!(r#"{{"from":"447700900123","to":"{to}","text":"Hi","id":"7"}}"#);
        let url = format!("https://h.example/hooks/gw/{SECRET}");
        let headers = [("Content-Type", "application/json")];
        let request =
            WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&headers), body: body.as_bytes(), peer: None };
        match &http.decode(&request, &routes).expect("read")[..] {
            [Decoded::Message(_)] => assert!(ours, "{to}"),
            [Decoded::Other(other)] => assert_eq!((other.kind.as_str(), ours), ("unknown_number", false), "{to}"),
            told => panic!("{to}: {told:?}"),
        }
    }
}

#[test]
fn mistakes_in_the_description_are_found_before_it_is_used() {
    let of = |more: &str| {
        let text =
            format!("[server]\npublic_url = \"https://h.example\"\n[channels.gw]\nprovider = \"http\"\nkind = \"sms\"\n{more}");
        let environment: Environment = [("W".to_owned(), SECRET.to_owned())].into_iter().collect();
        let mistakes = Settings::of(&text, &environment, Secrets::Required).expect_err(more);
        mistakes.list.iter().map(|m| format!("{}: {}", m.key, m.message)).collect::<Vec<_>>().join("\n")
    };
    let send = |line: &str| format!("{GUARD}[channels.gw.send]\n{line}\n");
    for (more, part) in [
        (SEND.to_owned(), "webhook_secret: is missing"),
        (send("url = \"https://{{to}}.example/\"\nbody = '[{{to}},{{text}}]'"), "send.url"),
        (send("url = \"ftp://gw.example\"\nbody = '[{{to}},{{text}}]'"), "send.url"),
        (send("url = \"https://gw.example/\"\nbody = '{\"to\":\"{{to}}\",\"text\":{{text}}}'"), "is not JSON once"),
        (send("url = \"https://gw.example/\"\nbody = '{\"text\":{{text}}}'"), "no {{to}}"),
        (send("url = \"https://gw.example/\"\nbody = '[{{too}},{{text}}]'"), "send.body"),
        (send("url = \"https://gw.example/\"\nbody = '[{{to}},{{text}},{{secret.x}}]'"), "not in `secrets`"),
        (format!("{GUARD}{SEND}[channels.gw.inbound]\nfrom = \"from\""), "go together"),
        (format!("{GUARD}{SEND}[channels.gw.report]\nstatus = \"s\""), "whose status"),
        (format!("{GUARD}{SEND}[channels.gw.report]\nstatuses = {{ A = \"gone\" }}"), "must be one of queued"),
        (format!("{GUARD}{SEND}[channels.gw.answer]\nfailures = {{ A = \"bad\" }}"), "must be one of unreachable"),
    ] {
        let found = of(&more);
        assert!(found.contains(part), "{more}\n{found}");
    }
}
