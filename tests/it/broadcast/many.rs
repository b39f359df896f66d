//! A broadcast of a size at which whatever is kept for each contact, and whatever is done once too often, shows.

use super::ground;
use super::real::{Asking, Counter, SALE};
use crate::support::process::{Service, configuration, project};
use replyflow::history::Database;
use replyflow::store::{EmbeddedStore, StoreSettings};
use serde_json::json;
use std::time::{Duration, Instant};

/// What the service may take in addition at the most, in MiB. Its contacts' own records are 160 bytes each in the caches of two databases.
const MEMORY: f64 = 150.0;

/// Two cores that do nothing else take a minute and a half; they have other tests to do.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// `BROADCAST_PEOPLE` says how many others.
fn contacts() -> usize {
    std::env::var("BROADCAST_PEOPLE").map_or(100_000, |n| n.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_contacts_get_it_once_each_in_bounded_memory() {
    let contacts = contacts();
    let (provider, folder, begun) = (Counter::start(), tempfile::tempdir().expect("a folder"), Instant::now());
    let store = EmbeddedStore::open(&folder.path().join("data"), StoreSettings::default()).expect("opens");
    let record = Database::open_file(&folder.path().join("data/history.db")).await.expect("opens");
    ground::make(&store, &record, contacts).await;
    drop((store, record));
    println!("{contacts} contacts, made in {:.1} s", begun.elapsed().as_secs_f64());
    let settings = configuration("kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    project(folder.path(), &settings, &[("flows/sale.yaml", SALE)]);
    let service = Service::start(folder.path());
    let asking = Asking::new(folder.path());
    let ((rest, _), begun) = (service.memory(), Instant::now());
    let path = asking.make(&service, json!({ "flow": "sale", "audience": { "query": "has phone" } })).await;
    while provider.messages() < contacts as u64 {
        if begun.elapsed() > PATIENCE {
            panic!("{} of {contacts} messages left: {}", provider.messages(), asking.get(&service, &path).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let sent = begun.elapsed();
    let whole = loop {
        let whole = asking.get(&service, &path).await;
        if whole["broadcast"]["state"] == "done" && whole["messages"]["sent"] == json!(contacts) {
            break whole;
        }
        assert!(begun.elapsed() < PATIENCE, "{whole}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    println!("sent in {:.1} s, in the record after {:.1} s", sent.as_secs_f64(), begun.elapsed().as_secs_f64());
    let (broadcast, messages) = (&whole["broadcast"], &whole["messages"]);
    assert_eq!((&broadcast["total"], &broadcast["fed"]), (&json!(contacts), &json!(contacts)), "{whole}");
    assert_eq!((&messages["began"], &messages["failed"], &whole["gone"]), (&json!(contacts), &json!(0), &json!(0)), "{whole}");
    let to = provider.people();
    assert_eq!((provider.messages(), to.len()), (contacts as u64, contacts), "one message for each");
    for n in 0..contacts {
        assert_eq!(to.get(ground::phone(n).as_str()), Some(&1), "person {n}");
    }
    let (_, most) = service.memory();
    println!("{rest:.0} MiB at rest, {most:.0} at the most");
    assert!(most - rest < MEMORY, "{rest:.0} MiB at rest, {most:.0} at the most");
    assert!(service.stop(), "a clean stop");
}
