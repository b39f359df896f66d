//! What Amazon SNS wants fetched: the certificate of its notifications, once, and the URL that confirms a topic.

use super::echo::echo;
use super::on_every_store;
use super::rig::{Backend, Rig, answer};
use replyflow::provider::{Decoded, Subscription};
use replyflow::service::ports::{HttpFailure, Reach};

on_every_store!(
    a_certificate_is_fetched_until_it_is_there_and_then_kept,
    a_subscription_is_confirmed_at_the_url_that_came_with_it
);

const CERTIFICATE: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const CONFIRM: &str = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";

fn script(rig: &Rig, answers: Vec<Result<replyflow::service::ports::HttpAnswer, HttpFailure>>) {
    let mut script = rig.network.script.lock().expect("not poisoned");
    script.extend(
        answers.into_iter().map(|answer| -> super::rig::Answering { Box::new(move |_| Box::pin(async move { answer })) }),
    );
}

async fn a_certificate_is_fetched_until_it_is_there_and_then_kept(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    script(&rig, vec![Err(HttpFailure::Refused), answer(503, "later"), answer(200, "PEM")]);
    assert_eq!(rig.core.certificate(CERTIFICATE).await, None, "nobody is there");
    assert_eq!(rig.core.certificate(CERTIFICATE).await, None, "an error is no certificate");
    for _ in 0..2 {
        assert_eq!(rig.core.certificate(CERTIFICATE).await.as_deref(), Some(&b"PEM"[..]));
    }
    let calls = rig.network.calls.lock().expect("not poisoned");
    assert_eq!(calls.len(), 3, "what is there is not asked for again");
    for call in calls.iter() {
        assert_eq!((call.method, call.url.as_str(), call.reach), ("GET", CERTIFICATE, Reach::PublicOnly));
        assert!(call.max_answer <= 64 * 1024, "{}", call.max_answer);
    }
}

async fn a_subscription_is_confirmed_at_the_url_that_came_with_it(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let subscription =
        || Decoded::Subscription(Subscription { topic: "arn:aws:sns:eu-west-1:1:mail".to_owned(), url: CONFIRM.to_owned() });
    script(&rig, vec![answer(403, "no"), answer(200, "<ConfirmSubscriptionResponse/>")]);
    for _ in 0..2 {
        rig.core.receive(vec![subscription()]).await.expect("taken");
        rig.tasks.run().await;
    }
    let asked: Vec<String> = rig.network.calls.lock().expect("not poisoned").iter().map(|call| call.url.clone()).collect();
    assert_eq!(asked, [CONFIRM, CONFIRM], "one for each time that SNS asked, also after one that failed");
    assert!(rig.texts().is_empty(), "no conversation comes of it");
}
