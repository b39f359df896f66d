//! A WhatsApp number that changes, over real HTTP: what Meta sends, as it is kept among the vectors, and what people write afterwards.

use crate::end_to_end::ECHO;
use crate::support::fake_provider::FakeProvider;
use crate::support::live::{self, Service};
use crate::support::patience::{LONG, until};
use crate::support::sign;
use replyflow::domain::mode::Mode;
use serde_json::Value;
use std::time::UNIX_EPOCH;

const OLD: &str = "+447700900123";
const NEW: &str = "+447700900999";

fn settings(provider: &str) -> String {
    let whatsapp = live::whatsapp(provider);
    format!(
        "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://hooks.example.org\"\n{whatsapp}"
    )
}

/// What Meta sends when somebody changes their number, said some seconds ago: what is written in the same second is still theirs.
fn change_of_number() -> String {
    let file = std::fs::read_to_string("tests/data/providers/meta_whatsapp_cloud.json").expect("the vectors");
    let vectors: Value = serde_json::from_str(&file).expect("JSON");
    let is_it = |vector: &&Value| vector["name"] == "system-bsuid-change";
    let vector = vectors["inbound"].as_array().expect("a list").iter().find(is_it).expect("the vector");
    said(5, vector["body"].as_str().expect("a body"))
}

/// So many seconds ago.
fn said(ago: u64, body: &str) -> String {
    body.replace("1795229990", &(UNIX_EPOCH.elapsed().expect("after 1970").as_secs() - ago).to_string())
}

async fn meta(service: &Service, body: String) -> u16 {
    let signature = sign::meta("meta-app-secret", &body);
    let url = format!("{}/hooks/main-whatsapp", service.base);
    let request = service.client.post(url).header("X-Hub-Signature-256", signature).header("Content-Type", "application/json");
    request.body(body).send().await.expect("an answer").status().as_u16()
}

async fn writes(service: &Service, id: &str, from: &str, text: &str) -> u16 {
    meta(service, said(0, &sign::meta_text(id, &from[1..], "106540000000001", text))).await
}

/// Waits until one address leads to the contact of another.
async fn leads(service: &Service, from: &str, to: &str) {
    let core = service.core();
    let key = |address: &str| core.contact_key(Mode::Live, address);
    let leads = async || core.seen(key(from)).await.expect("looks").is_some_and(|(whose, _)| whose == key(to));
    until(&format!("{from} leads to {to}"), leads).await;
}

#[tokio::test]
async fn a_person_with_a_new_number_goes_on_where_they_were() {
    let provider = FakeProvider::start();
    let service = Service::start(&settings(&provider.url), &[("echo", ECHO)]).await;
    assert_eq!(writes(&service, "wamid.1", OLD, "hello").await, 200);
    provider.comes(LONG, |sent| sent.len() == 1).await;
    let change = change_of_number();
    for _ in 0..2 {
        assert_eq!(meta(&service, change.clone()).await, 200, "Meta may say it twice");
    }
    leads(&service, NEW, OLD).await;
    leads(&service, "bsuid:GB.2", OLD).await;
    // The new number answers the open question; the old one is somebody else's, who is asked anew.
    assert_eq!(writes(&service, "wamid.2", NEW, "that is enough").await, 200);
    let sent = provider.comes(LONG, |sent| sent.len() == 2).await;
    assert_eq!((sent[1].to.trim_start_matches('+'), sent[1].text.as_str()), (&NEW[1..], "Enough."));
    assert_eq!(writes(&service, "wamid.3", OLD, "who are you").await, 200);
    let sent = provider.comes(LONG, |sent| sent.len() == 3).await;
    assert_eq!((sent[2].to.trim_start_matches('+'), sent[2].text.as_str()), (&OLD[1..], "You wrote: who are you"));
    service.stop().await;
}
