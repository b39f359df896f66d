//! One bind for several instances: whoever has it sends for all, and leaves it to another one when it is drained.

use super::*;
use crate::support::redis::RedisServer;
use replyflow::service::ports::Bound;

async fn becomes(service: &Service, bound: Bound) {
    let patience = Instant::now();
    while service.core().binds().iter().any(|(_, now)| *now != bound) {
        assert!(patience.elapsed() < LONG, "{:?} is to be {bound:?}", service.core().binds());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn tells(service: &Service, text: &str) {
    let body = json!({ "event": "tell.go", "data": { "phone": ANN, "text": text } });
    let api = Api::keyed(service, &["events:write"], "live").await;
    let answer = api.post("/v1/events", body).await;
    assert!(answer.status < 300, "{} {}", answer.status, answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bind_is_enough_for_two_instances_and_a_drained_one_leaves_it() {
    let redis = tokio::task::block_in_place(RedisServer::start);
    let smsc = Smsc::start().await;
    smsc.has_binds(1);
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n\
         [store]\nkind = \"redis\"\nurl = \"{}\"\n{}",
        redis.url(),
        smsc.channel("main-sms")
    );
    let first = Service::start_knowing(&config, &[("tell", TELL)], &[PASSWORD]).await;
    becomes(&first, Bound::Here).await;
    let second = Service::start_knowing(&config, &[("tell", TELL)], &[PASSWORD]).await;
    // It knows why it is not let in, and keeps out of the way.
    becomes(&second, Bound::Elsewhere).await;
    smsc.bound(3).await;
    tells(&second, "One").await;
    assert_eq!(texts(&smsc.taken(1).await), ["One"]);

    assert!(first.core().drain("ann", None));
    becomes(&second, Bound::Here).await;
    assert_eq!(smsc.binds().1, 1, "it said goodbye");
    becomes(&first, Bound::Elsewhere).await;
    tells(&second, "Two").await;
    assert_eq!(texts(&smsc.taken(2).await), ["One", "Two"]);

    let tried = smsc.binds().0;
    assert!(first.core().work_again());
    smsc.bound(tried + 1).await;
    becomes(&first, Bound::Elsewhere).await;
    tells(&first, "Three").await;
    assert_eq!(texts(&smsc.taken(3).await), ["One", "Two", "Three"]);
    second.stop().await;
    becomes(&first, Bound::Here).await;
    tells(&first, "Four").await;
    assert_eq!(texts(&smsc.taken(4).await)[3], "Four");
    first.stop().await;
}
