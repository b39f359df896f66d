//! Reports to an endpoint that does not take them.

use super::collecting::compiled;
use super::rig::{Backend, Plan, Rig, answer};
use super::{ANN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::FailureReason;
use replyflow::domain::name::Slug;
use replyflow::domain::time::Span;
use replyflow::engine;
use replyflow::service::failed;
use replyflow::service::ports::{HttpAnswer, HttpFailure};
use replyflow::store::WorkSet;

on_every_store!(
    an_endpoint_that_is_down_keeps_only_so_many_reports_waiting,
    reports_that_are_given_up_do_not_fill_the_list_of_what_failed,
    an_endpoint_that_asks_for_a_longer_pause_than_is_left_is_asked_once_more,
);

const ECHO: &str = "\
flow: echo
start: [ { message: any } ]
begin: told
states: { told: { say: Hello., end: told } }
";

const ENDPOINT: &str = r#"
[endpoints.crm]
url = "https://crm.example/hooks"
events = ["message.*"]
secrets = [{ env = "HOOKS" }]
max_age = "1h"
"#;

async fn rig(backend: Backend, change: impl FnOnce(&mut Plan)) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = format!("{SIMULATED}{ENDPOINT}");
        plan.secrets = [("HOOKS".to_owned(), "0123456789abcdef01234567".to_owned())].into_iter().collect();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[ECHO]);
        change(plan);
    })
    .await
}

/// What the endpoint answers to the next requests; messages leave as ever.
fn endpoint_answers(rig: &Rig, times: usize, status: u16, pause: Option<&'static str>) {
    for _ in 0..times {
        rig.script(move |call| -> Result<HttpAnswer, HttpFailure> {
            if !call.url.contains("crm.example") {
                return answer(200, "{\"id\":\"p1\"}");
            }
            let mut told = answer(status, "")?;
            told.headers.extend(pause.map(|pause| ("retry-after".to_owned(), pause.to_owned())));
            Ok(told)
        });
    }
}

fn reports(rig: &Rig) -> usize {
    rig.network.calls.lock().expect("not poisoned").iter().filter(|call| call.url.contains("crm.example")).count()
}

async fn waiting(rig: &Rig) -> u64 {
    let depths = rig.store.depths().await.expect("looks");
    rig.core.note_depths(&depths);
    let crm = WorkSet::Hook(Slug::parse("crm").expect("a slug"));
    depths.work.iter().find(|(set, _)| *set == crm).map_or(0, |(_, n)| *n)
}

async fn an_endpoint_that_is_down_keeps_only_so_many_reports_waiting(backend: Backend) {
    let rig = rig(backend, |plan| plan.settings.hooks_waiting = 4).await;
    endpoint_answers(&rig, 500, 503, None);
    for n in 0..3 {
        rig.say(ANN, &n.to_string(), "hi").await;
        rig.quiet().await;
    }
    let before = waiting(&rig).await;
    assert!(before >= 4, "{before}");
    for n in 3..6 {
        rig.say(ANN, &n.to_string(), "hi").await;
        rig.quiet().await;
    }
    assert_eq!(waiting(&rig).await, before, "no further one is kept");
    assert_eq!(rig.texts().len(), 6, "nobody else is held up");
    let dropped = |event: &&Event| {
        matches!(event, Event::Attempted { outcome: AttemptOutcome::Failed { reason: FailureReason::Limit }, .. })
    };
    assert!(rig.journal(rig.key(ANN)).await.iter().filter(dropped).count() >= 6, "and each is written down");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    // It takes reports again, and hears what comes then.
    rig.network.script.lock().expect("not poisoned").clear();
    for _ in 0..10 {
        rig.pass(Span::minutes(5));
        rig.quiet().await;
    }
    assert_eq!(waiting(&rig).await, 0);
    let heard = reports(&rig);
    rig.say(ANN, "6", "hi").await;
    rig.quiet().await;
    assert!(reports(&rig) >= heard + 2);
}

async fn reports_that_are_given_up_do_not_fill_the_list_of_what_failed(backend: Backend) {
    let rig = rig(backend, |plan| plan.settings.hooks_failed = 2).await;
    endpoint_answers(&rig, 100, 410, None);
    rig.say(ANN, "0", "hi").await;
    rig.quiet().await;
    waiting(&rig).await;
    let kept = failed::list(&*rig.store, 100).await.expect("lists").len();
    assert!(kept >= 2, "{kept}");
    let tried = reports(&rig);
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    assert!(reports(&rig) > tried, "each is tried");
    assert_eq!(failed::list(&*rig.store, 100).await.expect("lists").len(), kept);
    assert_eq!(waiting(&rig).await, 0);
}

async fn an_endpoint_that_asks_for_a_longer_pause_than_is_left_is_asked_once_more(backend: Backend) {
    let rig = rig(backend, |_| {}).await;
    endpoint_answers(&rig, 3, 503, Some("7200"));
    rig.say(ANN, "0", "hi").await;
    rig.quiet().await;
    let tried = reports(&rig);
    assert!(tried >= 1);
    assert!(failed::list(&*rig.store, 100).await.expect("lists").is_empty(), "nothing is given up at once");
    rig.network.script.lock().expect("not poisoned").clear();
    rig.pass(Span::minutes(59));
    rig.quiet().await;
    assert_eq!(reports(&rig), tried.max(reports(&rig)), "its pause is kept as long as there is time");
    rig.pass(Span::minutes(2));
    rig.quiet().await;
    assert!(reports(&rig) > tried);
    assert_eq!(waiting(&rig).await, 0);
}
