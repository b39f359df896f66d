//! What leaves, to the byte, and what answers mean.

mod answers;
mod happenings;
mod parcels;

use super::*;
use crate::config::secret::Secret;
use crate::config::sinks::{Beginning, Identity, Includes};
use crate::domain::hook::KindPattern;
use crate::domain::name::Slug;
use crate::domain::time::Span;

fn settings(kind: SinkKind, access: Access) -> SinkSettings {
    SinkSettings {
        name: Slug::parse("product").expect("a slug"),
        kind,
        access,
        base_url: "https://api.example".to_owned(),
        events: KindPattern::parse("*").into_iter().collect(),
        identity: Identity::Hash,
        secret: None,
        include: Includes::default(),
        from: Beginning::Now,
        batch: 3,
        timeout: Span::seconds(30),
        retry_first: Span::seconds(2),
    }
}

fn service(kind: SinkKind) -> Service {
    Service::new(&settings(kind, Access::Key(Secret::new("k\"1"))))
}

fn row(n: u32) -> Row {
    let mut properties = Map::new();
    properties.insert("flow".to_owned(), "payment".into());
    properties.insert("attempts".to_owned(), n.into());
    Row {
        id: format!("{n:032x}"),
        name: "run.ended",
        contact: ContactKey::derive(b"s", "a"),
        at: Millis(1_772_470_807_120),
        properties,
    }
}

fn person(known: bool) -> Person {
    Person { id: "c-9".to_owned(), known }
}

fn body(service: &Service, known: bool) -> String {
    let rows: Vec<Encoded> = [1, 2].iter().map(|n| service.row(&row(*n), &person(known))).collect();
    String::from_utf8(service.request(&rows).body.to_vec()).expect("text")
}

#[test]
fn mixpanel_is_told_as_it_documents() {
    let with_token = service(SinkKind::Mixpanel);
    let request = with_token.request(&[]);
    assert_eq!((request.url.as_str(), request.body.as_ref()), ("https://api.example/import?strict=1", &b"[]"[..]));
    assert_eq!(request.authorization.as_deref(), Some("Basic ayIxOg=="), "the token, a colon and no password");
    assert_eq!(
        body(&with_token, true),
        concat!(
            r#"[{"event":"run.ended","properties":{"flow":"payment","attempts":1,"time":1772470807120,"distinct_id":"c-9","#,
            r#""$insert_id":"00000000000000000000000000000001"}},"#,
            r#"{"event":"run.ended","properties":{"flow":"payment","attempts":2,"time":1772470807120,"distinct_id":"c-9","#,
            r#""$insert_id":"00000000000000000000000000000002"}}]"#
        )
    );
    let password = Secret::new("p");
    let account = Access::Account { project: "21 9".to_owned(), user: "u.service".to_owned(), password };
    let request = Service::new(&settings(SinkKind::Mixpanel, account)).request(&[]);
    assert_eq!(request.url, "https://api.example/import?strict=1&project_id=21+9");
    assert_eq!(request.authorization.as_deref(), Some("Basic dS5zZXJ2aWNlOnA="));
}

#[test]
fn segment_is_told_as_it_documents() {
    let service = service(SinkKind::Segment);
    let request = service.request(&[]);
    assert_eq!(
        (request.url.as_str(), request.authorization.as_deref()),
        ("https://api.example/v1/batch", Some("Basic ayIxOg=="))
    );
    assert_eq!(
        body(&service, false),
        concat!(
            r#"{"batch":[{"type":"track","messageId":"00000000000000000000000000000001","anonymousId":"c-9","event":"run.ended","#,
            r#""timestamp":"2026-03-02T17:00:07.12Z","properties":{"flow":"payment","attempts":1}},"#,
            r#"{"type":"track","messageId":"00000000000000000000000000000002","anonymousId":"c-9","event":"run.ended","#,
            r#""timestamp":"2026-03-02T17:00:07.12Z","properties":{"flow":"payment","attempts":2}}]}"#
        )
    );
    assert!(body(&service, true).contains(r#""userId":"c-9""#));
}

#[test]
fn amplitude_is_told_as_it_documents() {
    let service = service(SinkKind::Amplitude);
    let request = service.request(&[]);
    assert_eq!((request.url.as_str(), request.authorization), ("https://api.example/2/httpapi", None));
    assert_eq!(
        body(&service, true),
        concat!(
            r#"{"api_key":"k\"1","options":{"min_id_length":1},"events":["#,
            r#"{"event_type":"run.ended","user_id":"c-9","time":1772470807120,"insert_id":"00000000000000000000000000000001","#,
            r#""event_properties":{"flow":"payment","attempts":1}},"#,
            r#"{"event_type":"run.ended","user_id":"c-9","time":1772470807120,"insert_id":"00000000000000000000000000000002","#,
            r#""event_properties":{"flow":"payment","attempts":2}}]}"#
        )
    );
    assert!(body(&service, false).contains(r#""device_id":"c-9""#));
}

#[test]
fn no_request_is_larger_than_its_service_takes() {
    for (kind, most) in [(SinkKind::Mixpanel, 2_000_000), (SinkKind::Segment, 500_000), (SinkKind::Amplitude, 1_000_000)] {
        let service = Service::new(&SinkSettings { batch: 2_500, ..settings(kind, Access::Key(Secret::new("k".repeat(64)))) });
        let mut large = row(1);
        large.properties.insert("text".to_owned(), "x".repeat(20_000).into());
        let mut parcels = Parcels::new(service.bounds());
        let rows: Vec<Encoded> = (0..300).map(|_| service.row(&large, &person(true))).collect();
        assert_eq!(parcels.load(rows), Vec::new());
        let (mut sent, mut requests) = (0, 0);
        while let Some(rows) = parcels.next() {
            let body = service.request(rows).body;
            assert!(body.len() < most, "{kind:?}: {}", body.len());
            sent += rows.len();
            requests += 1;
            parcels.heard(Verdict::Taken);
        }
        assert_eq!(sent, 300);
        assert!(requests <= 300 * 20_500 / (most - 100_000) + 2, "{kind:?} {requests}: not one by one");
    }
}
