//! Instances that are replaced one by one, under load, by such that have a newer version of the flow.

use super::{COUNT, Crowd, Site, counted};
use std::collections::BTreeMap;

/// Messages that are taken between two changes.
const EACH: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_runs_stay_on_their_version_and_nothing_is_lost_doubled_or_overtaken() {
    let newer = COUNT.replace("say: \"{{ n }}\"", "say: \"new {{ n }}\"");
    assert_ne!(newer, COUNT);
    let mut site = Site::new();
    site.join(COUNT);
    site.join(COUNT);
    let mut before = Crowd::begin(&site.doors, 0..30);
    before.more(EACH).await;
    site.leave();
    site.join(&newer);
    // Whoever comes now meets an instance of either kind.
    let mut meanwhile = Crowd::begin(&site.doors, 30..45);
    before.more(EACH).await;
    site.leave();
    site.join(&newer);
    let mut after = Crowd::begin(&site.doors, 45..60);
    after.more(EACH / 2).await;
    meanwhile.more(1).await;
    let mut said: BTreeMap<usize, usize> = BTreeMap::new();
    for crowd in [before, meanwhile, after] {
        said.extend(crowd.end().await);
    }
    for (who, answers) in site.answers(&said) {
        let begins = match who {
            0..30 => "",
            30..45 if answers.first().is_some_and(|first| first == "1") => "",
            _ => "new ",
        };
        assert_eq!(answers, counted(begins, said[&who]), "person {who}");
    }
    site.end();
}
