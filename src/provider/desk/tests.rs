//! What is asked of a desk step by step, what is found again, what its webhooks say.

use super::*;
use crate::config::project::Share;
use crate::config::secret::Secret;
use crate::domain::desk::{DeskJob, DeskLine, DeskOpening, TalkId};
use crate::domain::id::RunId;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use serde_json::json;

fn contact() -> ContactKey {
    ContactKey::derive(b"secret", "+447700900123")
}

fn name() -> String {
    TalkRef { contact: contact(), talk: TalkId(7) }.to_string()
}

fn settings(kind: DeskKind) -> DeskSettings {
    DeskSettings {
        name: Slug::parse("support").expect("a slug"),
        kind,
        base_url: "https://desk.example".to_owned(),
        api_token: Secret::new("token"),
        webhook_secrets: vec![Secret::new("an old one"), Secret::new("shh")],
        teams: Vec::new(),
        share: Share::default(),
        allow_private: false,
        timeout: Span::seconds(10),
        in_flight: 8,
        retry_first: Span::seconds(5),
        max_age: Span::hours(24),
    }
}

fn chatwoot() -> DeskSettings {
    settings(DeskKind::Chatwoot { account: 1, inbox: 5, team: Some(3) })
}

fn zendesk() -> DeskSettings {
    settings(DeskKind::Zendesk { user: "bot@acme.example".to_owned(), group: None })
}

fn line(contact: bool) -> DeskLine {
    DeskLine { id: "rf-1-0".to_owned(), contact, text: "Hello".to_owned(), at: Millis(0) }
}

fn task(conversation: Option<&str>, job: DeskJob) -> DeskTask {
    let (desk, party) = (Slug::parse("support").expect("a slug"), conversation.map(|_| "88".to_owned()));
    DeskTask { desk, talk: TalkId(7), run: RunId(1), conversation: conversation.map(str::to_owned), party, job }
}

fn opening(phone: bool) -> DeskTask {
    let phone = phone.then(|| "+447700900123".to_owned());
    let (team, name) = (Slug::parse("payments").expect("a slug"), Some("Ann".to_owned()));
    let opening = DeskOpening { team, subject: "Refund".to_owned(), name, phone, email: None, first: line(false) };
    task(None, DeskJob::Open(Box::new(opening)))
}

/// Plays the answers in order; gives the requests as `METHOD path body` and the end.
fn play(settings: &DeskSettings, task: &DeskTask, again: bool, answers: &[(u16, Json)]) -> (Vec<(String, Json)>, Option<Ended>) {
    let (mut dialog, mut step) = Dialog::begin(settings, task, contact(), again);
    let mut asked = Vec::new();
    let mut answers = answers.iter();
    loop {
        match step {
            Step::End(ended) => {
                assert_eq!(answers.next(), None, "all answers are read: {asked:?}");
                return (asked, Some(ended));
            }
            Step::Ask(ask) => {
                asked.push((format!("{} {}", ask.method, ask.path), ask.body.unwrap_or_default()));
                match answers.next() {
                    None => return (asked, None),
                    Some((status, body)) => step = dialog.next(*status, body.to_string().as_bytes()),
                }
            }
        }
    }
}

fn paths(asked: &[(String, Json)]) -> Vec<&str> {
    asked.iter().map(|(path, _)| path.as_str()).collect()
}

fn done(conversation: &str, party: Option<&str>) -> Option<Ended> {
    Some(Ended::Done { conversation: conversation.to_owned(), party: party.map(str::to_owned) })
}

#[test]
fn chatwoot_gets_a_contact_a_conversation_and_a_note() {
    let found = json!({ "payload": [] });
    let made = json!({ "payload": { "contact": { "id": 31 } } });
    let (asked, ended) = play(
        &chatwoot(),
        &opening(false),
        false,
        &[(200, found), (200, made), (200, json!({ "id": 9 })), (200, json!({ "id": 1 }))],
    );
    let person = format!("replyflow-{}", contact());
    let search = format!("GET /api/v1/accounts/1/contacts/search?q={person}");
    let expected = [
        &*search,
        "POST /api/v1/accounts/1/contacts",
        "POST /api/v1/accounts/1/conversations",
        "POST /api/v1/accounts/1/conversations/9/messages",
    ];
    assert_eq!(paths(&asked), expected);
    assert_eq!(asked[1].1, json!({ "inbox_id": 5, "identifier": person, "name": "Ann" }), "no more than may be known");
    assert_eq!(asked[2].1["custom_attributes"], json!({ "replyflow": name() }));
    assert_eq!((&asked[2].1["source_id"], &asked[2].1["team_id"]), (&json!(name()), &json!(3)));
    assert_eq!(asked[3].1, json!({ "content": "Hello", "message_type": "outgoing", "private": true, "source_id": "rf-1-0" }));
    assert_eq!(ended, done("9", None));
}

#[test]
fn chatwoot_is_looked_through_before_something_is_made_again() {
    let person = format!("replyflow-{}", contact());
    let contacts = json!({ "payload": [{ "id": 30, "identifier": "another" }, { "id": 31, "identifier": person }] });
    let theirs =
        json!({ "payload": [{ "id": 8, "custom_attributes": {} }, { "id": 9, "custom_attributes": { "replyflow": name() } }] });
    let said = json!({ "payload": [{ "id": 1, "source_id": "rf-1-0" }] });
    let (asked, ended) =
        play(&chatwoot(), &opening(true), true, &[(200, contacts.clone()), (200, theirs.clone()), (200, said.clone())]);
    assert_eq!(asked.len(), 3, "nothing was made: {asked:?}");
    assert_eq!(ended, done("9", None));
    let other = json!({ "payload": [{ "id": 1, "source_id": null }] });
    let (asked, _) = play(&chatwoot(), &opening(true), true, &[(200, contacts), (200, theirs), (200, other)]);
    assert!(asked[3].0.starts_with("POST") && asked[3].0.ends_with("/9/messages"), "the note is still to be said");
    let say = task(Some("9"), DeskJob::Say(line(true)));
    assert_eq!(play(&chatwoot(), &say, true, &[(200, said)]).1, done("9", None));
    let (asked, _) = play(&chatwoot(), &say, false, &[]);
    assert_eq!((&asked[0].1["message_type"], &asked[0].1["private"]), (&json!("incoming"), &json!(false)));
}

#[test]
fn chatwoot_knows_the_person_by_phone_and_takes_one_without_it() {
    let none = json!({ "payload": [] });
    let known = json!({ "payload": [{ "id": 77, "phone_number": "+447700900123" }] });
    let (asked, _) = play(&chatwoot(), &opening(true), false, &[(200, none.clone()), (200, known)]);
    assert!(asked[1].0.ends_with("search?q=%2B447700900123"), "{asked:?}");
    assert_eq!(asked[2].1["contact_id"], json!("77"));
    let (asked, _) = play(&chatwoot(), &opening(true), false, &[(200, none.clone()), (200, none), (422, json!({}))]);
    assert_eq!((&asked[2].1["phone_number"], asked[3].1.get("phone_number")), (&json!("+447700900123"), None));
}

#[test]
fn the_end_is_said_and_resolved() {
    let close = |resolve| task(Some("9"), DeskJob::Close { line: line(false), resolve });
    let (asked, ended) = play(&chatwoot(), &close(true), false, &[(200, json!({})), (200, json!({}))]);
    assert!(asked[1].0.ends_with("/conversations/9/toggle_status"));
    assert_eq!((&asked[1].1, ended), (&json!({ "status": "resolved" }), done("9", None)));
    assert_eq!(play(&chatwoot(), &close(false), false, &[(200, json!({}))]).0.len(), 1);
    let (asked, ended) = play(&zendesk(), &close(true), false, &[(422, json!({})), (200, json!({}))]);
    assert_eq!((&asked[0].1["ticket"]["status"], asked[1].1["ticket"].get("status")), (&json!("solved"), None), "nobody has it");
    assert_eq!(ended, done("9", Some("88")));
}

#[test]
fn bad_answers_are_told_apart() {
    let say = task(Some("9"), DeskJob::Say(line(true)));
    for desk in [chatwoot(), zendesk()] {
        for status in [401, 403, 409, 429, 500, 502, 503] {
            assert_eq!(play(&desk, &say, false, &[(status, json!({}))]).1, Some(Ended::Later { status }));
        }
        for status in [400, 404, 413, 422] {
            assert!(
                matches!(play(&desk, &say, false, &[(status, json!({ "error": "Hello" }))]).1, Some(Ended::Refused(why)) if !why.contains("Hello"))
            );
        }
        let first = play(&desk, &opening(false), false, &[(404, json!({}))]).1;
        assert_eq!(first, Some(Ended::Later { status: 404 }), "the account may be configured wrongly");
        assert!(!format!("{desk:?}").contains("token\""));
    }
    let nothing = play(&zendesk(), &opening(false), false, &[(200, json!({ "user": {} }))]).1;
    assert!(matches!(nothing, Some(Ended::Refused(_))));
}

#[test]
fn zendesk_gets_a_user_and_a_ticket_once() {
    let user = json!({ "user": { "id": 88 } });
    let (asked, ended) =
        play(&zendesk(), &opening(false), false, &[(201, user.clone()), (201, json!({ "ticket": { "id": 35 } }))]);
    assert_eq!(paths(&asked), ["POST /api/v2/users/create_or_update", "POST /api/v2/tickets"]);
    assert_eq!(asked[0].1["user"]["skip_verify_email"], json!(true));
    let ticket = &asked[1].1["ticket"];
    assert_eq!((&ticket["external_id"], &ticket["requester_id"]), (&json!(name()), &json!(88)));
    assert_eq!(ticket["comment"], json!({ "body": "Hello", "public": false }));
    assert_eq!(ended, done("35", Some("88")));
    let found = json!({ "tickets": [{ "id": 35, "external_id": name(), "requester_id": 88 }] });
    let (asked, ended) = play(&zendesk(), &opening(false), true, &[(200, found)]);
    assert_eq!((paths(&asked), ended), (vec![&*format!("GET /api/v2/tickets?external_id={}", name())], done("35", Some("88"))));
    let (asked, _) =
        play(&zendesk(), &opening(false), true, &[(200, json!({ "tickets": [{ "id": 36, "external_id": "x" }] })), (200, user)]);
    assert_eq!(asked[2].0, "POST /api/v2/tickets");
}

#[test]
fn zendesk_hears_the_customer_as_requester_and_each_line_once() {
    let say = |contact| task(Some("35"), DeskJob::Say(line(contact)));
    let comment = |task: &DeskTask| play(&zendesk(), task, false, &[]).0[0].1["ticket"]["comment"].clone();
    assert_eq!(comment(&say(true)), json!({ "body": "Hello", "public": true, "author_id": 88 }));
    assert_eq!(comment(&say(false)), json!({ "body": "Hello", "public": false }));
    let unknown = DeskTask { party: None, ..say(true) };
    assert_eq!(comment(&unknown)["public"], json!(false), "what would be ours is never public");
    let audits = json!({ "audits": [{ "metadata": { "custom": { "replyflow": "rf-1-0" } } }] });
    assert_eq!(play(&zendesk(), &say(true), true, &[(200, audits)]).1, done("35", Some("88")));
    let (asked, _) = play(&zendesk(), &say(true), true, &[(200, json!({ "audits": [] }))]);
    assert_eq!(asked[1].1["ticket"]["metadata"], json!({ "replyflow": "rf-1-0" }));
}

struct Given(Vec<(&'static str, String)>);

impl Headers for Given {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[test]
fn only_signed_webhooks_are_believed() {
    use base64::Engine as _;
    let now = Millis(1_795_229_990_000);
    let body = br#"{"event":"message_created"}"#;
    let mac = |parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"shh").expect("a key");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    let seconds = "1795229980";
    let chat = hex::encode(mac(&[seconds.as_bytes(), b".", body]));
    let given = |timestamp: &str, signature: String| {
        Given(vec![("X-Chatwoot-Timestamp", timestamp.to_owned()), ("X-Chatwoot-Signature", signature)])
    };
    let believed = |given: &Given, body: &[u8]| verify(&chatwoot(), given, body, now);
    assert!(believed(&given(seconds, format!("sha256={chat}")), body));
    assert!(!believed(&given(seconds, format!("sha256={chat}")), b"{}"), "another body");
    assert!(!believed(&given("1795229981", format!("sha256={chat}")), body), "another time");
    assert!(!believed(&given(seconds, chat.clone()), body) && !believed(&Given(Vec::new()), body));
    let later = Millis(now.0 + limits::DESK_FRESH.0);
    assert!(!verify(&chatwoot(), &given(seconds, format!("sha256={chat}")), body, later), "too old");
    let unsigned = DeskSettings { webhook_secrets: Vec::new(), ..chatwoot() };
    assert!(verify(&unsigned, &Given(Vec::new()), body, now), "then the URL is the proof");

    let time = "2026-11-21T05:39:50Z";
    let now = Millis(time.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    let zen = base64::engine::general_purpose::STANDARD.encode(mac(&[time.as_bytes(), body]));
    let given = |signature: &str| {
        Given(vec![
            ("X-Zendesk-Webhook-Signature-Timestamp", time.to_owned()),
            ("X-Zendesk-Webhook-Signature", signature.to_owned()),
        ])
    };
    assert!(verify(&zendesk(), &given(&zen), body, now));
    assert!(!verify(&zendesk(), &given(&zen), b"{}", now) && !verify(&zendesk(), &given(""), body, now));
    let unsigned = DeskSettings { webhook_secrets: Vec::new(), ..zendesk() };
    assert!(!verify(&unsigned, &given(&zen), body, now), "Zendesk always signs");
}

fn created(change: impl FnOnce(&mut Json)) -> Option<Incoming> {
    let mut said = json!({
        "event": "message_created", "id": 501, "content": "This is Ann.", "message_type": "outgoing", "private": false,
        "source_id": null, "sender": { "id": 1, "name": "Ann", "type": "user" },
        "conversation": { "id": 9, "contact_inbox": { "source_id": name() }, "custom_attributes": {} },
    });
    change(&mut said);
    decode(&chatwoot(), said.to_string().as_bytes()).expect("readable")
}

#[test]
fn chatwoot_says_what_an_agent_wrote_for_the_customer() {
    let wrote = created(|_| {}).expect("an agent wrote");
    assert_eq!(wrote.talk.to_string(), name());
    assert_eq!((wrote.id.as_str(), wrote.by.as_str(), wrote.conversation.as_str()), ("message/501", "Ann", "9"));
    assert_eq!(wrote.what, What::Wrote("This is Ann.".to_owned()));
    assert_eq!(created(|m| m["message_type"] = json!(1)), Some(wrote));
    let file = created(|m| {
        m["content"] = Json::Null;
        m["attachments"] = json!([{ "data_url": "https://desk.example/f" }]);
    });
    assert_eq!(file.expect("a file").what, What::Wrote("https://desk.example/f".to_owned()));
    for (key, value) in [
        ("message_type", json!("incoming")),
        ("private", json!(true)),
        ("sender", json!({ "type": "agent_bot" })),
        ("source_id", json!("rf-1-0")),
        ("content", json!(" ")),
        ("event", json!("message_updated")),
        ("conversation", json!({ "id": 9, "contact_inbox": { "source_id": "somebody else's" } })),
    ] {
        assert_eq!(created(|m| m[key] = value), None, "{key}");
    }
    let long = created(|m| m["content"] = json!("é".repeat(30_000))).expect("long");
    assert!(matches!(long.what, What::Wrote(text) if text.len() == limits::DESK_TEXT_BYTES));
}

#[test]
fn resolving_is_told_by_both() {
    let status = |status: &str| {
        let said = json!({ "event": "conversation_status_changed", "id": 9, "status": status,
            "custom_attributes": { "replyflow": name() }, "meta": { "assignee": { "name": "Ann" } } });
        decode(&chatwoot(), said.to_string().as_bytes()).expect("readable")
    };
    let resolved = status("resolved").expect("resolved");
    assert_eq!((resolved.what, resolved.by.as_str()), (What::Resolved, "Ann"));
    assert_eq!([status("open"), status("pending"), status("snoozed")], [None, None, None]);
    let event = |kind: &str, event: Json| {
        let said = json!({ "type": format!("zen:event-type:ticket.{kind}"), "event": event,
            "detail": { "id": "35", "external_id": name(), "actor_id": "12" } });
        decode(&zendesk(), said.to_string().as_bytes()).expect("readable")
    };
    assert_eq!(event("status_changed", json!({ "current": "SOLVED", "previous": "OPEN" })).expect("solved").by, "agent 12");
    assert_eq!(event("status_changed", json!({ "current": "PENDING" })), None);
    let comment = |public: bool, staff: bool| {
        let author = json!({ "id": 1, "is_staff": staff, "name": "" });
        event("comment_added", json!({ "comment": { "id": 44, "body": "Hi", "is_public": public, "author": author } }))
    };
    let wrote = comment(true, true).expect("an agent wrote");
    assert_eq!((wrote.id.as_str(), wrote.by.as_str(), wrote.what), ("comment/44", "support", What::Wrote("Hi".to_owned())));
    assert_eq!([comment(false, true), comment(true, false)], [None, None]);
    assert!(decode(&zendesk(), b"[]").is_err());
}
