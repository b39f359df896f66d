//! A service that was told to stop and still sends.

use crate::support::live::{GREETING, SIMULATED, Service};
use replyflow::domain::address::{Address, E164};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::domain::suppression::{Over, Put, Suppression, SuppressionReason, Withheld};
use replyflow::engine::record::Record;
use replyflow::service::suppressions::change;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_stops_follows_the_list_for_as_long_as_it_sends() {
    let config = SIMULATED.replace("[server]\n", "[server]\ndrain = \"5m\"\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let (core, channel) = (service.core(), ChannelName::parse("main-sms").expect("a name"));
    service.begin_to_stop();
    while service.get("/health/ready").await.status() != 503 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The second one comes after any look that was under way.
    for phone in ["+447700900123", "+447700900124"] {
        let phone = E164::parse(phone).expect("a number");
        let entry = Suppression {
            over: Over::All,
            what: Withheld::Everything,
            reason: SuppressionReason::Complaint,
            by: "another instance".to_owned(),
            at: core.store_now(),
            note: None,
            until: None,
        };
        let address = core.listed_as(&Address::Phone(phone.clone()));
        let put = change(core.store(), address, |list| (list.put(entry.clone()), true)).await;
        assert_eq!(put.expect("stored"), Some(Put::Added));
        let record = Record { phone: Some(phone), ..Record::default() };
        let known = async {
            while core.barred(&record).await.against((ChannelKind::Sms, &channel), false, core.store_now()).is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), known).await.expect("it is followed");
    }
}
