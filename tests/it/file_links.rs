//! Links to files that contacts sent: each is made when it leaves and ends, and what is kept opens nothing. Over real HTTP, with a stand-in for
//! Meta, which is also the shop that flows call.

use crate::files::{PICTURE, Provider, config, image, text, whatsapp};
use crate::support::live::Service;
use regex::Regex;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Seconds that may pass between the moment a link is made and our look at it.
const SLOW: i64 = 120;

pub const FLOW: &str = r#"
flow: damage
start:
  - keyword: damage
vars: { place: "" }
anytime:
  - event: forward
    say: { text: See it, media: "{{ event.picture ?? place }}" }
    again: true
  - event: show
    say: "It is at {{ place }}."
    again: true
begin: ask
states:
  ask:
    ask: A picture of it?
    answer: { media: { types: [image] } }
    save: pictures
    go:
      ok: tell
      nomatch: { say: That is no picture., again: 1, end: none }
      silence: { after: 1h, end: silent }
  tell:
    call: { api: shop, post: /messages, json: { picture: "{{ pictures[0].url }}" } }
    set: { place: "{{ pictures[0].url }}" }
    go:
      ok: rest
      failed: { say: The shop is away., end: failed }
  rest:
    ask: Thank you. Anything else?
    answer: text
    save: more
    go:
      ok: { say: "You said {{ more }}", go: rest }
      silence: { after: 20h, end: silent }
"#;

pub fn configuration(base: &str, more: &str) -> String {
    let shop = format!(
        "[api.shop]\nbase_url = \"{base}\"\nallow_private = true\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\nonly_declared = false\n{more}"
    );
    format!("{}{shop}", config(base))
}

/// The links in a text, from their path on.
pub fn links(text: &str) -> Vec<String> {
    let link = Regex::new(r"/media/[0-9a-f]{40}\.jpg\?until=[0-9]{10}&sig=[A-Za-z0-9_-]{22}").expect("an expression");
    link.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// Seconds until a link ends.
fn left(link: &str) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let until: i64 =
        link.split("until=").nth(1).and_then(|rest| rest.split('&').next()).and_then(|n| n.parse().ok()).expect("digits");
    until - i64::try_from(now).expect("small")
}

async fn event(service: &Service, name: &str, data: Value) {
    let body = json!({ "event": name, "contact": { "phone": "+447700900123" }, "data": data });
    let request = service.client.post(format!("{}/v1/events", service.base)).bearer_auth(KEY).json(&body);
    assert_eq!(request.send().await.expect("an answer").status(), 202);
}

/// What was sent to the provider or the shop that holds this, once it was; after so many others.
async fn sent(provider: &Provider, after: usize, holds: &str) -> String {
    for n in after + 1.. {
        provider.texts(n).await;
        let bodies = provider.seen.bodies.lock().expect("not poisoned");
        if bodies[n - 1].contains(holds) {
            return bodies[n - 1].clone();
        }
    }
    unreachable!("there is always a next one")
}

/// How much was sent.
fn so_far(provider: &Provider) -> usize {
    provider.seen.bodies.lock().expect("not poisoned").len()
}

/// A conversation in which a picture came: a question, a call of the shop, a question. The link that the shop has.
pub async fn with_a_picture(provider: &Provider, service: &Service) -> String {
    whatsapp(service, "1", text("damage")).await;
    provider.texts(1).await;
    whatsapp(service, "2", image("photo")).await;
    let told = sent(provider, 1, "\"picture\"").await;
    sent(provider, 2, "Thank you").await;
    let [link] = links(&told).try_into().unwrap_or_else(|_| panic!("one link: {told}"));
    link
}

async fn ask(service: &Service, method: Method, link: &str, header: (&'static str, &str)) -> Response {
    let request = service.client.request(method, format!("{}{link}", service.base)).header(header.0, header.1);
    request.send().await.expect("an answer")
}

pub fn said(answer: &Response, header: &str) -> String {
    answer.headers().get(header).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// All bytes that lie below a folder.
fn everything_below(folder: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            everything_below(&path, into);
        } else {
            into.extend(std::fs::read(&path).expect("a file"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_has_a_link_of_now_and_what_is_kept_opens_nothing() {
    let provider = Provider::start();
    let service = Service::start(&configuration(&provider.url, ""), &[("damage", FLOW)]).await;
    let told = with_a_picture(&provider, &service).await;
    assert!((7 * 86_400 - SLOW..8 * 86_400).contains(&left(&told)), "for other systems: {told}");
    event(&service, "forward", json!({})).await;
    let seen = sent(&provider, 3, "See it").await;
    let [forwarded] = links(&seen).try_into().unwrap_or_else(|_| panic!("a picture: {seen}"));
    assert!((4 * 3_600 - SLOW..5 * 3_600).contains(&left(&forwarded)), "for a provider: {forwarded}");
    event(&service, "show", json!({})).await;
    let seen = sent(&provider, 4, "It is at").await;
    let [shown] = links(&seen).try_into().unwrap_or_else(|_| panic!("a link: {seen}"));
    assert!((7 * 86_400 - SLOW..8 * 86_400).contains(&left(&shown)), "for people: {shown}");
    let key = service.contact_key("+447700900123");
    let answer = service.client.get(format!("{}/v1/contacts/{key}/conversation", service.base)).bearer_auth(KEY);
    let answer = answer.send().await.expect("an answer").text().await.expect("text");
    let [asked, same] = links(&answer).try_into().unwrap_or_else(|_| panic!("two variables: {answer}"));
    assert_eq!(asked, same);
    assert!((3_600 - SLOW..4_200).contains(&left(&asked)), "in the API: {asked}");
    for link in [&told, &forwarded, &shown, &asked] {
        assert_eq!(&service.get(link).await.bytes().await.expect("bytes")[..], PICTURE);
    }

    // Another system hands the link on that it was given: days later it would have ended.
    let before = so_far(&provider);
    event(&service, "forward", json!({ "picture": format!("https://replies.example.com{told}") })).await;
    let seen = sent(&provider, before, "See it").await;
    assert!(links(&seen).first().is_some_and(|link| left(link) < 5 * 3_600), "made anew: {seen}");
    // A person who says one gets back what they said, even one that is kept.
    let lasting = format!("{}until=0000000000&sig={}", told.split("until=").next().unwrap_or_default(), "A".repeat(22));
    whatsapp(&service, "3", text(&format!("{told} {lasting}"))).await;
    let seen = sent(&provider, before, "You said").await;
    assert_eq!(links(&seen), [told.clone(), lasting.clone()]);

    let folder = service.stop().await;
    let mut kept = Vec::new();
    everything_below(&folder.path().join("data"), &mut kept);
    let kept = String::from_utf8_lossy(&kept).into_owned();
    let open: Vec<String> = links(&kept).into_iter().filter(|link| left(link) > 0 && *link != told).collect();
    assert_eq!(open, Vec::<String>::new(), "what is kept opens nothing, but for what the person wrote");
    assert!(links(&kept).iter().any(|link| link.contains("until=0000000000") && *link != lasting), "a lasting name is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_link_that_opens_is_told_why() {
    let provider = Provider::start();
    let service = Service::start(&configuration(&provider.url, ""), &[("damage", FLOW)]).await;
    let link = with_a_picture(&provider, &service).await;
    let bare = link.split('?').next().expect("a path").to_owned();
    let until = link.split("until=").nth(1).and_then(|rest| rest.split('&').next()).expect("digits");
    let longer = link.replace(until, "1999999999");
    let cut = &link[..link.len() - 1];
    for wrong in [bare.as_str(), &longer, cut, &link.replace("until=", "from="), &link.replace(until, "0000000000")] {
        let answer = service.get(wrong).await;
        assert_eq!(answer.status(), 403, "{wrong}");
        let problem: Value = answer.json().await.expect("a problem");
        assert!(problem["detail"].as_str().is_some_and(|why| why.contains("copy all of it")), "{problem}");
    }
    assert_eq!(service.get("/media/..%2Fstore.db").await.status(), 404);
    assert_eq!(service.post(&link, "").await.status(), 405);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_before_open_as_long_as_the_settings_say() {
    let provider = Provider::start();
    for (until, status) in [("2099-01-01", 200), ("2020-01-01", 403)] {
        let more = format!("[media]\nunsigned = \"{until}\"\n");
        let service = Service::start(&configuration(&provider.url, &more), &[("damage", FLOW)]).await;
        let name = format!("{}.jpg", "0123456789".repeat(4));
        std::fs::create_dir_all(service.folder().join("data/media")).expect("a folder");
        std::fs::write(service.folder().join("data/media").join(&name), PICTURE).expect("written");
        assert_eq!(service.get(&format!("/media/{name}")).await.status(), status);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_given_in_parts_and_not_twice() {
    let provider = Provider::start();
    let service = Service::start(&configuration(&provider.url, ""), &[("damage", FLOW)]).await;
    let link = with_a_picture(&provider, &service).await;
    let whole = service.get(&link).await;
    let tag = said(&whole, "etag");
    assert!(tag.len() == 42 && tag.starts_with('"') && said(&whole, "accept-ranges") == "bytes", "{tag}");
    assert!(said(&whole, "cache-control").starts_with("private, max-age="), "{}", said(&whole, "cache-control"));
    let head = ask(&service, Method::HEAD, &link, ("accept", "*/*")).await;
    assert_eq!(
        (head.status().as_u16(), said(&head, "content-length"), said(&head, "etag")),
        (200, PICTURE.len().to_string(), tag.clone())
    );
    assert!(head.bytes().await.expect("an end").is_empty());
    let same = ask(&service, Method::GET, &link, ("if-none-match", &tag)).await;
    assert_eq!((same.status().as_u16(), same.bytes().await.expect("an end").len()), (304, 0));
    let other = ask(&service, Method::GET, &link, ("if-none-match", "\"other\"")).await;
    assert_eq!(other.status(), 200);

    for (range, from, to) in
        [("bytes=2-5", 2, 5), ("bytes=4-", 4, PICTURE.len() - 1), ("bytes=-3", PICTURE.len() - 3, PICTURE.len() - 1)]
    {
        let part = ask(&service, Method::GET, &link, ("range", range)).await;
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(said(&part, "content-range"), format!("bytes {from}-{to}/{}", PICTURE.len()));
        assert_eq!(&part.bytes().await.expect("bytes")[..], &PICTURE[from..=to]);
    }
    let beyond = ask(&service, Method::GET, &link, ("range", "bytes=400-")).await;
    assert_eq!((beyond.status().as_u16(), said(&beyond, "content-range")), (416, format!("bytes */{}", PICTURE.len())));
    for whole in ["bytes=1-2,4-5", "lines=1-2", "nonsense"] {
        assert_eq!(ask(&service, Method::GET, &link, ("range", whole)).await.status(), 200, "{whole}");
    }
    let request = service.client.get(format!("{}{link}", service.base)).header("range", "bytes=2-5");
    for (had, status) in [(tag.as_str(), 206), ("\"other\"", 200)] {
        let answer = request.try_clone().expect("no body").header("if-range", had).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{had}");
    }
    service.stop().await;
}
