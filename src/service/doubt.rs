//! A message that may have left: its answer was lost, or whoever sent it died. What helps comes in this order: a key by which the
//! provider knows a repeat, asking the provider, the channel's policy. Never a silent repeat.

use super::core::Core;
use super::gate::Outside;
use super::metrics;
use super::ports::HttpCall;
use super::settings::Channel;
use super::verdict::End;
use crate::config::send::Unsure;
use crate::domain::id::SendRef;
use crate::domain::time::Span;
use crate::engine::effect::Send;
use crate::provider::{Found, Sought};
use crate::store::Started;
use std::time::Duration;

/// What was lost a moment ago may still be on its way: the provider is not asked before.
const ASKED_AFTER: Span = Span::seconds(10);
/// Attempts after which a provider that does not know is not asked again.
const ASKS: u8 = 6;
/// For so long after a message was decided a provider is taken to remember its key. Those that say so say a day.
const KEY_HOLDS: Span = Span::hours(1);

/// What becomes of it now.
pub(super) enum Doubt {
    /// Nothing is sent.
    Ends(End),
    /// It is sent again, and may come twice or the provider knows it by its key.
    Stays,
    /// The provider never had it.
    Lifted,
}

impl Core {
    /// Before a message is sent that may have been sent. `just_begun`: we know of the attempt, and the store does not.
    pub(super) async fn judge_doubt(
        &self,
        started: &Started,
        send: &Send,
        channel: &Channel,
        just_begun: bool,
        (timeout, out): (Duration, Outside<'_>),
    ) -> Doubt {
        if self.is_known_by_key(send, channel) {
            return Doubt::Stays;
        }
        let sought = self.sought(started, send);
        let Some(question) = channel.adapter.lookup(&sought) else { return by_policy(channel) };
        let again = |why: &str| {
            let attempt = self.attempt(started, self.aged_from(started, send));
            let rules = self.retry_rules();
            let due = rules.next(attempt.decided_at, attempt.now, attempt.number, Some(ASKED_AFTER), attempt.chance);
            due.filter(|_| attempt.number < ASKS).map(|due| Doubt::Ends(End::again(due, true, Some(why.to_owned()))))
        };
        if just_begun {
            return again("the provider is asked what became of it").unwrap_or_else(|| by_policy(channel));
        }
        let found = match out.http(HttpCall::to_provider(question, timeout)).await {
            Ok(answer) => channel.adapter.found(&sought, answer.status, &answer.body),
            Err(_) => Found::Unclear,
        };
        match found {
            // A list that was asked for this one and gives another says nothing of it.
            Found::There(accepted) if accepted.named.is_none_or(|named| named.effect == started.id) => {
                metrics::asked(channel.name.as_str(), "there");
                Doubt::Ends(End::done(accepted.id, Some("the answer was lost; the provider was asked, and has it".to_owned())))
            }
            Found::Nowhere => {
                metrics::asked(channel.name.as_str(), "nowhere");
                Doubt::Lifted
            }
            Found::Unclear | Found::There(_) => {
                metrics::asked(channel.name.as_str(), "unclear");
                again("the provider was asked what became of it, and could not say").unwrap_or_else(|| by_policy(channel))
            }
        }
    }

    /// How an attempt ends whose answer was lost, where the policy is not the first that counts; nothing where it is.
    pub(super) fn lost(&self, started: &Started, send: &Send, channel: &Channel) -> Option<End> {
        let (pause, why) = match self.is_known_by_key(send, channel) {
            true => (None, "the answer was lost; the provider knows a repeat by its key"),
            false => {
                channel.adapter.lookup(&self.sought(started, send))?;
                (Some(ASKED_AFTER), "the answer was lost; the provider is asked what became of it")
            }
        };
        let attempt = self.attempt(started, self.aged_from(started, send));
        let due = self.retry_rules().next(attempt.decided_at, attempt.now, attempt.number, pause, attempt.chance);
        Some(due.map_or_else(End::unsure, |due| End::again(due, true, Some(why.to_owned()))))
    }

    fn is_known_by_key(&self, send: &Send, channel: &Channel) -> bool {
        channel.adapter.idempotent() && self.store_now() - send.aged_from() < KEY_HOLDS
    }

    fn sought<'s>(&self, started: &Started, send: &'s Send) -> Sought<'s> {
        let name = SendRef { contact: started.lane.contact, effect: started.id };
        Sought { send: Some(name), to: &send.outbound.to, now: self.store_now() }
    }
}

fn by_policy(channel: &Channel) -> Doubt {
    match channel.policy.unsure {
        Unsure::Fail => Doubt::Ends(End::unsure()),
        Unsure::Resend => Doubt::Stays,
    }
}
