//! Receipts that reach somebody else than the instance that sent the message: a later process, or another instance.

use super::*;
use crate::support::postgres::{PostgresDatabase, settings as record_at};
use crate::support::redis::RedisServer;
use replyflow::history::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_counts_after_a_restart() {
    let stage = Stage::new(("tell", TELL), "").await;
    stage.tells(ANN, "One").await;
    stage.tells(BEN, "Two").await;
    let (one, two) = (stage.becomes(ANN, "One", "sent").await, stage.becomes(BEN, "Two", "sent").await);
    let Stage { service, smsc, .. } = stage;
    let service = Service::start_again(service.stop().await, &[PASSWORD]).await;
    let api = Api::keyed(&service, &["events:write", "history:read"], "live").await;
    let stage = Stage { service, api, smsc };
    stage.smsc.bound(2).await;
    let id = |message: &Value| message["provider_id"].as_str().expect("the carrier's id").to_owned();
    // Of a message that nobody here sent: it is looked for, and holds up nothing that people write.
    let strange = stage.smsc.delivers(receipt(ANN, "C99999", "DELIVRD")).await;
    assert_eq!(stage.smsc.deliver(receipt(ANN, &id(&one), "DELIVRD")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.deliver(receipt(BEN, &id(&two), "UNDELIV")).await, CommandStatus::EsmeRok);
    stage.becomes(ANN, "One", "delivered").await;
    assert_eq!(stage.becomes(BEN, "Two", "failed").await["reason"], "unreachable");
    assert_eq!(strange.await, Ok(CommandStatus::EsmeRok));
    assert_eq!(stage.smsc.so_far().len(), 2, "each left once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_counts_at_another_instance() {
    let redis = tokio::task::block_in_place(RedisServer::start);
    let database = PostgresDatabase::new().await;
    let record = Database::open(&record_at(&database.url)).await.expect("opens");
    let mut instances = Vec::new();
    for _ in 0..2 {
        let smsc = Smsc::start().await;
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n\
             [store]\nkind = \"redis\"\nurl = \"{}\"\n[history]\npostgres = \"{}\"\npool = 4\ntls = \"off\"\n{}",
            redis.url(),
            database.url,
            smsc.channel("main-sms")
        );
        let service = Service::start_knowing(&config, &[("tell", TELL)], &[PASSWORD]).await;
        let api = Api::keyed_in(&record, &service, &["events:write", "history:read"], "live").await;
        smsc.bound(1).await;
        instances.push(Stage { service, api, smsc });
    }
    instances[0].tells(ANN, "One").await;
    let sent = instances[0].becomes(ANN, "One", "sent").await;
    // Whichever sent it: the other one hears of it.
    let other = usize::from(!instances[0].smsc.so_far().is_empty());
    let id = sent["provider_id"].as_str().expect("the carrier's id");
    assert!(instances[other].smsc.so_far().is_empty());
    assert_eq!(instances[other].smsc.deliver(receipt(ANN, id, "DELIVRD")).await, CommandStatus::EsmeRok);
    instances[0].becomes(ANN, "One", "delivered").await;
    for stage in instances {
        stage.service.stop().await;
    }
}
