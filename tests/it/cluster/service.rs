//! The whole service on a cluster: people all over it are answered in order, and `doctor` looks at each of its primaries.

use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::redis_cluster::RedisCluster;
use std::collections::BTreeMap;

const PEOPLE: usize = 24;
const FLOW: &str = "flow: circle\nlanguages: [en]\nstart: [message: any]\nbegin: asked\nstates:\n  asked:\n    ask: \"You wrote {{ reply.text }}\"\n    \
                    answer: any\n    go: { ok: asked, silence: { after: 1h, end: silent } }\n";

#[tokio::test(flavor = "multi_thread")]
async fn people_all_over_a_cluster_are_answered_in_order() {
    let cluster = RedisCluster::start(&[]).await;
    let (folder, provider) = (tempfile::tempdir().expect("a folder"), FakeProvider::start());
    let store = format!("{}\nhistory = \"history.db\"", cluster.toml());
    project(folder.path(), &configuration(&store, &provider.url, ""), &[("flows/circle.yaml", FLOW)]);
    let service = Service::start(folder.path());
    for round in 0..3 {
        for person in 0..PEOPLE {
            let (id, number) = (format!("SM{round}-{person}"), format!("+4477009{person:05}"));
            assert_eq!(service.sms(&id, &number, &format!("{round}")).await, 200);
        }
        provider.wait(LONG, |sent| sent.len() >= (round + 1) * PEOPLE);
    }
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sent in provider.wait(LONG, |sent| sent.len() >= 3 * PEOPLE) {
        texts.entry(sent.to).or_default().push(sent.text);
    }
    assert_eq!(texts.len(), PEOPLE);
    assert!(texts.values().all(|texts| *texts == ["You wrote 0", "You wrote 1", "You wrote 2"]), "{texts:?}");
    let records: Vec<Vec<String>> = cluster.at_primaries(&["KEYS", "rf1:r:*"]).await;
    assert!(records.iter().all(|keys| !keys.is_empty()), "every primary has some");
    let said = command(folder.path(), &["doctor"]);
    assert!(said.contains("3 primaries"), "{said}");
    assert!(service.stop(), "a clean stop");
}
