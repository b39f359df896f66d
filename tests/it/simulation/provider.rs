//! The world outside: providers that deliver each message one to three times until they hear 2xx, that take sends or do not,
//! lose answers, and report late and twice; and an API that flows call.

use super::shared::{Gate, Shared};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use replyflow::domain::broadcast::BroadcastId;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, EffectId, SendRef};
use replyflow::domain::input::{Input, OperatorAction};
use replyflow::domain::message::{DeliveryStatus, FailureReason};
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Decoded, Failure, ProviderError, StatusReport};
use replyflow::service::broadcast::Handed;
use replyflow::service::ports::{HttpAnswer, HttpCall, HttpFailure, Transport};
use replyflow::service::{Core, NewEvent};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

/// Where the simulated provider's API is.
pub const PROVIDER: &str = "http://provider.test";
/// Where the API is that flows call.
pub const SHOP: &str = "http://shop.test";
/// Where reports go that events ask for.
pub const HOOKS: &str = "http://hooks.test/";
/// The channel that is down again and again, and one that may stand in for it.
pub const MAIN: &str = "main-sms";
pub const BACKUP: &str = "backup-sms";
/// What the second one may send in a day.
pub const PER_DAY: u32 = 12;
/// The channel whose sends are repeated when nobody knows; the others fail visibly.
pub const REPEATS: &str = "main-whatsapp";

/// Answers the service's requests, each in its own way.
pub struct Network(pub Arc<Shared>);

/// What the other side makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Takes it and says so.
    Taken,
    /// Takes it, and its answer never comes.
    TakenUnsaid,
    /// Never gets it, and nobody can know.
    Vanished,
    /// No connection: surely nothing was written.
    Refused,
    Overloaded,
    Throttled,
    Rejected,
}

const FATES: [(u32, Fate); 7] = [
    (70, Fate::Taken),
    (6, Fate::TakenUnsaid),
    (4, Fate::Vanished),
    (5, Fate::Refused),
    (6, Fate::Overloaded),
    (5, Fate::Throttled),
    (4, Fate::Rejected),
];

#[async_trait]
impl Transport for Network {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        // The request is written at once: between the service's look at its clock and this nobody else comes.
        let shared = &self.0;
        let fate = if shared.is_calm() { Fate::Taken } else { shared.dice().weighted(&FATES) };
        let fate = if is_down(&call, shared) { Fate::Overloaded } else { fate };
        let answer = match call.url.split_once("/asked?") {
            Some((_, name)) => self.asked(name, fate),
            None if call.url.starts_with(SHOP) => self.called(&call, fate),
            None if call.url.starts_with(HOOKS) => self.told(&call, fate),
            None => self.sent(&call, fate),
        };
        Gate::default().await;
        let timeout = i64::try_from(call.timeout.as_millis()).expect("a short time");
        let patience = if matches!(answer, Err(HttpFailure::TimeoutAfterWrite)) { timeout } else { timeout / 3 };
        let delay = if shared.is_calm() {
            0
        } else {
            i64::try_from(shared.dice().below(patience.unsigned_abs() as usize)).expect("small")
        };
        shared.sleep(delay).await;
        answer
    }
}

/// The channel on which routes begin is down again and again, for longer than they wait; the one that stands in for it is not.
fn is_down(call: &HttpCall, shared: &Shared) -> bool {
    const DOWN: i64 = 45_000;
    let times = shared.now().div_euclid(DOWN);
    let body = || serde_json::from_slice::<serde_json::Value>(&call.body).unwrap_or_default();
    !shared.is_calm() && times % 3 == 0 && !call.url.starts_with(SHOP) && body()["channel"] == MAIN
}

impl Network {
    /// A message to a person.
    fn sent(&self, call: &HttpCall, fate: Fate) -> Result<HttpAnswer, HttpFailure> {
        let body: serde_json::Value = serde_json::from_slice(&call.body).expect("the simulator's own form");
        let text = |key: &str| body.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let send = SendRef::parse(&text("effect")).expect("each message carries its name");
        let channel = ChannelName::parse(&text("channel")).expect("a channel");
        let arrived = matches!(fate, Fate::Taken | Fate::TakenUnsaid);
        let may_have = arrived || fate == Fate::Vanished;
        let repeats = channel.as_str() == REPEATS;
        if let Err(broken) = self.0.truth().leaves_over(send.effect, channel.as_str(), may_have, self.0.now()) {
            self.0.violate(broken);
        }
        if repeats && let Err(broken) = self.0.truth().one_person(send.contact, self.0.now()) {
            self.0.violate(broken);
        }
        self.write(send.effect, fate, may_have, repeats, &text("text"));
        let id = format!("p{}", send.effect);
        if arrived {
            self.0.truth().arrived.insert(send.effect);
            self.report(send, channel, &id);
        }
        let body = match fate {
            // The provider knows of an opt-out that we never heard of.
            Fate::Rejected if self.0.mishap(200) => r#"{"error":{"reason":"opted_out"}}"#.to_owned(),
            _ => format!("{{\"id\":\"{id}\"}}"),
        };
        answer(fate, &body, &self.0)
    }

    /// Somebody asks what became of a message.
    fn asked(&self, name: &str, fate: Fate) -> Result<HttpAnswer, HttpFailure> {
        let effect = SendRef::parse(name).expect("our name of a message").effect;
        self.0.note(|| format!("HTTP asked for {effect} {fate:?}"));
        if fate != Fate::Taken {
            return answer(if fate == Fate::Rejected { Fate::Overloaded } else { fate }, "", &self.0);
        }
        let mut truth = self.0.truth();
        let status = if truth.arrived.contains(&effect) { 200 } else { 404 };
        if status == 404 {
            truth.never_had(effect);
        }
        truth.count(if status == 200 { "asked, and it had arrived" } else { "asked, and it had not" });
        Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::from(format!("p{effect}")) })
    }

    /// A call of a flow. Whatever was answered, the API may have acted.
    fn called(&self, call: &HttpCall, fate: Fate) -> Result<HttpAnswer, HttpFailure> {
        let key = call.headers.iter().find(|(name, _)| name == "Idempotency-Key").map(|(_, value)| value.as_str());
        let effect = key.and_then(EffectId::parse).expect("each call has its key");
        self.write(effect, fate, fate != Fate::Refused, true, &call.url);
        answer(fate, r#"{"status":"open"}"#, &self.0)
    }

    /// A report to whoever asked for it. To hear it twice does them no harm.
    fn told(&self, call: &HttpCall, fate: Fate) -> Result<HttpAnswer, HttpFailure> {
        let id = call.headers.iter().find(|(name, _)| name == "webhook-id").map(|(_, value)| value.as_str());
        let effect = id.and_then(EffectId::parse).expect("each report has its name");
        self.0.note(|| format!("HTTP {effect} report {fate:?}"));
        if fate != Fate::Refused {
            let may_act = matches!(fate, Fate::Taken | Fate::TakenUnsaid | Fate::Vanished);
            let rule = self.0.truth().told_elsewhere(effect, may_act, self.0.now());
            if let Err(broken) = rule {
                self.0.violate(broken);
            }
        }
        answer(fate, "", &self.0)
    }

    fn write(&self, effect: EffectId, fate: Fate, may_act: bool, repeats: bool, what: &str) {
        self.0.note(|| format!("HTTP {effect} `{what}` {fate:?}"));
        if fate == Fate::Refused {
            return;
        }
        let rule = {
            let mut truth = self.0.truth();
            truth.count("HTTP requests");
            truth.written(effect, may_act, repeats, self.0.now())
        };
        if let Err(broken) = rule {
            self.0.violate(broken);
        }
    }

    /// What became of the message, told late and perhaps twice.
    fn report(&self, send: SendRef, channel: ChannelName, id: &str) {
        let shared = &self.0;
        let last = if shared.mishap(100) { DeliveryStatus::Failed } else { DeliveryStatus::Delivered };
        for status in [DeliveryStatus::Sent, last] {
            if shared.mishap(300) {
                continue;
            }
            let failure = (status == DeliveryStatus::Failed).then(|| Failure {
                reason: FailureReason::Unreachable,
                retryable: false,
                after: None,
                scope: None,
                opted_out: None,
                error: ProviderError::default(),
            });
            let report = StatusReport {
                channel: channel.clone(),
                id: id.to_owned(),
                send: Some(send),
                status,
                provider_status: format!("{status:?}"),
                at: None,
                recipient: None,
                user_id: None,
                failure,
                pricing: None,
            };
            let copies = shared.dice().one(&[1, 1, 2]);
            deliver(shared, &format!("report {status:?}"), vec![Decoded::Status(Box::new(report))], copies, 60_000);
        }
    }
}

fn answer(fate: Fate, body: &str, shared: &Shared) -> Result<HttpAnswer, HttpFailure> {
    let status = match fate {
        Fate::Taken => 200,
        Fate::Overloaded => 503,
        Fate::Throttled => 429,
        Fate::Rejected => 400,
        Fate::Refused => return Err(shared.dice().one(&[HttpFailure::Refused, HttpFailure::TimeoutBeforeWrite])),
        Fate::TakenUnsaid | Fate::Vanished => {
            return Err(shared.dice().one(&[HttpFailure::Lost, HttpFailure::TimeoutAfterWrite]));
        }
    };
    Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::copy_from_slice(body.as_bytes()) })
}

/// Delivers a webhook so many times at once, each until it is answered 2xx, each after a delay of its own.
pub fn deliver(shared: &Arc<Shared>, name: &str, said: Vec<Decoded>, copies: usize, late: usize) {
    for _ in 0..copies {
        let (all, said) = (Arc::clone(shared), said.clone());
        let first = if shared.is_calm() { 0 } else { shared.dice().below(late.max(1)) };
        let task = until_taken(all, first, move |core| {
            let said = said.clone();
            Box::pin(async move { core.receive(said).await.is_ok() })
        });
        shared.begin(name, None, Box::pin(task));
    }
}

/// Sends an event, as a caller does who repeats it until it is taken.
pub fn announce(shared: &Arc<Shared>, name: &str, event: NewEvent, copies: usize) {
    for _ in 0..copies {
        let (all, event) = (Arc::clone(shared), event.clone());
        let first = shared.dice().below(2_000);
        let task = until_taken(all, first, move |core| {
            let event = event.clone();
            Box::pin(async move { core.receive_event(event).await.is_ok() })
        });
        shared.begin(name, None, Box::pin(task));
    }
}

/// A person acts on a contact, as a caller does who repeats it until it is taken.
pub fn act(shared: &Arc<Shared>, name: &str, contact: ContactKey, action: OperatorAction, copies: usize) {
    for _ in 0..copies {
        let (all, action, id) = (Arc::clone(shared), action.clone(), name.to_owned());
        let first = shared.dice().below(2_000);
        let task = until_taken(all, first, move |core| {
            let (action, id) = (action.clone(), id.clone());
            Box::pin(async move { core.operate(contact, action, &id).await.is_ok() })
        });
        shared.begin(name, None, Box::pin(task));
    }
}

/// A feeder of a broadcast comes to somebody, or several do.
pub fn feed(shared: &Arc<Shared>, broadcast: BroadcastId, contact: ContactKey, action: OperatorAction, copies: usize) {
    let body = Bytes::from(codec::encode(&Input::Operator(action)));
    for _ in 0..copies {
        let (all, body) = (Arc::clone(shared), body.clone());
        let first = shared.dice().below(2_000);
        let task = until_taken(all, first, move |core| {
            let body = body.clone();
            Box::pin(async move { matches!(core.hand_over(broadcast, contact, body).await, Handed::Stored | Handed::Nobody) })
        });
        shared.begin(broadcast.to_string(), None, Box::pin(task));
    }
}

async fn until_taken(
    shared: Arc<Shared>,
    first: usize,
    request: impl Fn(Arc<Core>) -> BoxFuture<'static, bool> + Send + 'static,
) {
    shared.sleep(i64::try_from(first).expect("small")).await;
    loop {
        let instance = shared.an_instance();
        let mut asked = request(Arc::clone(&instance.core));
        let taken = poll_fn(|context| {
            // The instance died, or the connection broke: whatever it was doing for this request ends where it is.
            if !instance.alive.load(Ordering::SeqCst) || shared.mishap(shared.chaos.cut) {
                return Poll::Ready(false);
            }
            asked.as_mut().poll(context)
        })
        .await;
        drop(asked);
        if taken {
            return;
        }
        let pause = 200 + shared.dice().below(4_000);
        shared.sleep(i64::try_from(pause).expect("small")).await;
    }
}
