//! Notifications, and the kinds of state that deliver, collect and hand over.

use super::{Pages, ParseContext, read_flow, read_notification};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::flow::definition::{ApprovedButton, ApprovedHeader, Category, Hop, Kind, Notification, Variant};
use std::sync::Arc;

fn context() -> ParseContext {
    ParseContext { languages: vec![Language::EN], channels: vec![Slug::parse("main-sms").expect("a name")] }
}

fn said(source: &str, pages: &Pages) -> (Option<Arc<Notification>>, Vec<String>) {
    let reading = read_notification(source, "templates/x.yaml", &context(), pages);
    (reading.partial, reading.diagnostics.iter().map(|d| format!("{}:{} {}", d.file, d.at.line, d.code)).collect())
}

fn variant(notification: &Notification, kind: ChannelKind) -> &Variant {
    &notification.message.by_kind.iter().find(|(k, _)| *k == kind).expect("a variant").1
}

#[test]
fn every_key_of_a_notification_is_read() {
    let pages = Pages::from([("x.html".to_owned(), "<p>{{ amount }}</p>".into()), ("y.html".to_owned(), "<p>".into())]);
    let source = r#"
notification: x
languages: [en, pt-BR]
needs: { amount: number }
route: [whatsapp, main-sms]
until: read
within: 7d
also: email
hours: waking
kind: marketing
text: { en: Hello, pt-BR: Oi }
sms: { text: { en: Hi, pt-BR: Oi }, provider: { dlt: "007", n: 7, to: "{{ amount }}" } }
whatsapp:
  approved:
    name: x_1
    params: ["{{ amount }}", fixed]
    header: { media: "https://x.example/{{ amount }}.png" }
    buttons: [yes, { url: "{{ amount }}" }]
    ids: { main-whatsapp: HX1 }
email:
  subject: { en: Hello, pt-BR: Oi }
  html: { pt-BR: y.html, en: x.html }
  from: x@shop.example
"#;
    let (notification, found) = said(source, &pages);
    assert_eq!(found, Vec::<String>::new());
    let n = notification.expect("a notification");
    assert_eq!(n.route, [Hop::Kind(ChannelKind::WhatsApp), Hop::Channel(Slug::parse("main-sms").expect("a name"))]);
    assert_eq!(
        (n.until, n.within, &n.also[..]),
        (DeliveryStatus::Read, Some(Span::days(7)), &[Hop::Kind(ChannelKind::Email)][..])
    );
    assert_eq!((n.hours.as_ref().map(Slug::as_str), n.category), (Some("waking"), Category::Marketing));
    let provider = variant(&n, ChannelKind::Sms).provider.as_ref().expect("fields");
    assert_eq!(provider.templates().len(), 1, "only the last of them is computed");
    let approved = variant(&n, ChannelKind::WhatsApp).approved.as_ref().expect("a template");
    let words: Vec<&str> = ["en", "pt-BR", "pt", "fr"]
        .into_iter()
        .map(|l| approved.language(Language::parse(l).expect("a language")).unwrap_or("-"))
        .collect();
    assert_eq!(words, ["en", "pt_BR", "pt_BR", "-"]);
    assert_eq!((approved.name.as_str(), approved.params.len(), approved.ids[0].1.as_str()), ("x_1", 2, "HX1"));
    assert!(matches!(&approved.header, Some(ApprovedHeader::Media(_))));
    assert!(matches!(&approved.buttons[..], [ApprovedButton::Choice(id), ApprovedButton::Url(_)] if id == "yes"));
    assert_eq!(approved.templates().count(), 4);
    let email = variant(&n, ChannelKind::Email);
    let html = email.html.as_ref().expect("a page");
    assert_eq!(html.by_language[0].0, Language::EN, "the fallback is the first language");
    assert_eq!(html.pick(Language::parse("pt").expect("a language")).source(), "<p>");
    assert!(email.subject.is_some() && email.from.is_some());
}

#[test]
fn what_is_not_said_is_the_default() {
    let (notification, _) = said("notification: x\ntext: Hello\n", &Pages::new());
    let n = notification.expect("a notification");
    assert!(n.route.is_empty() && n.also.is_empty() && n.hours.is_none() && n.within.is_none());
    assert_eq!((n.until, n.category), (DeliveryStatus::Sent, Category::Service));
}

#[test]
fn limits_of_notifications_hold_at_their_last_value_and_not_beyond() {
    let of = |lines: &str| said(&format!("notification: x\nlanguages: [en]\ntext: Hello\n{lines}\n"), &Pages::new()).1;
    let list = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<Vec<_>>().join(", ");
    let route = |n| of(&format!("route: [{}]", list(n, &|i| format!("c{i}"))));
    let params = |n| of(&format!("whatsapp: {{ approved: {{ name: y, params: [{}] }} }}", list(n, &|i| i.to_string())));
    let buttons = |n| of(&format!("whatsapp: {{ approved: {{ name: y, buttons: [{}] }} }}", list(n, &|i| format!("b{i}"))));
    assert!(route(limits::ROUTE_HOPS).is_empty() && params(limits::APPROVED_PARAMS).is_empty());
    assert!(buttons(limits::APPROVED_BUTTONS).is_empty());
    for found in [route(limits::ROUTE_HOPS + 1), params(limits::APPROVED_PARAMS + 1), buttons(limits::APPROVED_BUTTONS + 1)] {
        assert_eq!(found, ["templates/x.yaml:4 RF103"]);
    }
    for (value, good) in [("1s", true), ("7d", true), ("999ms", false), ("8d", false)] {
        assert_eq!(of(&format!("within: {value}")).is_empty(), good, "{value}");
    }
    for wrong in ["until: queued", "until: failed", "kind: promo", "route: []", "also: [sms, sms]", "hours: 8 to 20"] {
        assert_eq!(of(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn a_page_stands_beside_its_notification_and_is_not_too_large() {
    let of = |name: &str, length: usize| {
        let pages = Pages::from([("x.html".to_owned(), "x".repeat(length).into())]);
        said(&format!("notification: x\ntext: Hello\nemail: {{ subject: Hello, html: {name} }}\n"), &pages).1
    };
    assert_eq!(of("x.html", limits::PAGE_BYTES), Vec::<String>::new());
    assert_eq!(of("x.html", limits::PAGE_BYTES + 1), ["templates/x.yaml:3 RF418"]);
    assert_eq!(of("y.html", 1), ["templates/x.yaml:3 RF418"]);
    for name in ["../x.html", "/x.html", "x.txt", ".html"] {
        assert_eq!(of(name, 1), ["templates/x.yaml:3 RF103"], "{name}");
    }
    let pages = Pages::from([("x.html".to_owned(), "<p>\n  {{ amount + }}\n".into())]);
    let source = "notification: x\ntext: Hello\nemail: { subject: Hello, html: x.html }\n";
    assert_eq!(said(source, &pages).1, ["templates/x.html:2 RF103"]);
}

#[test]
fn deliveries_digests_and_handoffs_are_read_within_their_limits() {
    let of = |kind: &str| {
        let source = format!(
            "flow: x\nlanguages: [en]\nstart: []\nbegin: a\nstates:\n  a:\n    {kind}\n    go: {{ ok: {{ end: done }} }}\n"
        );
        let reading = read_flow(&source, "flows/x.yaml", &context());
        let codes: Vec<u16> = reading.diagnostics.iter().map(|d| d.code.0).collect();
        (reading.partial.map(|flow| flow.states[0].kind.clone()), codes)
    };
    let (kind, found) = of("deliver: { notify: { name: n, with: { a: 1 } }, with: { b: 2 } }");
    assert_eq!(found, [0u16; 0]);
    let Some(Kind::Deliver(deliver)) = kind else { panic!("a delivery") };
    assert_eq!((deliver.until, deliver.within), (DeliveryStatus::Delivered, limits::DELIVER_WITHIN));
    assert_eq!(deliver.notify.with.len(), 2);
    let (kind, found) = of("digest: { event: a.b, for: 1h }");
    assert_eq!(found, [0u16; 0]);
    let Some(Kind::Digest(digest)) = kind else { panic!("a digest") };
    assert_eq!((digest.window, digest.max, digest.extend), (Span::hours(1), limits::DIGEST_ITEMS, None));
    for (digest, good) in [
        ("for: 1s", true),
        ("for: 7d, max: 1, extend: 7d", true),
        ("for: 1h, max: 100, extend: 1h", true),
        ("for: 999ms", false),
        ("for: 8d", false),
        ("for: 1h, max: 0", false),
        ("for: 1h, max: 101", false),
        ("for: 1h, extend: 61m", false),
        ("for: 1h, extend: 0s", false),
        ("max: 3", false),
    ] {
        let found = of(&format!("digest: {{ event: a.b, {digest} }}")).1;
        assert_eq!(found.is_empty(), good, "{digest}: {found:?}");
    }
    let (kind, found) = of("handoff: { to: payments, note: Help, say: { text: Wait, sms: W } }");
    assert_eq!(found, [0u16; 0]);
    let Some(Kind::Handoff(handoff)) = kind else { panic!("a handoff") };
    assert!(handoff.note.is_some() && handoff.say.is_some_and(|say| say.by_kind.len() == 1));
    assert_eq!([of("handoff: { note: Help }").1, of("handoff: [payments]").1, of("deliver: n").1], [[103], [103], [103]]);
    let (kind, found) = of("handoff: payments");
    let Some(Kind::Handoff(handoff)) = kind else { panic!("a handoff: {found:?}") };
    assert!(found.is_empty() && handoff.to.as_str() == "payments" && handoff.note.is_none() && handoff.say.is_none());
    assert_eq!(of("handoff: Payments Team").1.len(), 1, "no name of a team");
}
