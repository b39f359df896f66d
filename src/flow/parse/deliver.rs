//! `deliver`, `digest`, `handoff`.

use super::action::Awaited;
use super::fields::Fields;
use super::outcome::{Ordinary, WaysOut};
use super::target::Asks;
use super::{MentionKind, Reader};
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::flow::definition::{Deliver, Digest, Handoff, Kind, Notify};
use crate::flow::keys;
use crate::flow::yaml::{Key, Node, Tree};

impl Reader {
    pub(super) fn deliver(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        let node = fields.get("deliver")?;
        let inner = self.fields(node, "deliver", "{ notify: payment_reminder }", &keys::DELIVER);
        let notify = inner.as_ref().and_then(|inner| self.delivered(node, inner));
        let until = inner.as_ref().and_then(|f| f.get("until")).and_then(|n| self.until(n));
        let within = inner.as_ref().and_then(|f| f.get("within")).and_then(|n| self.within(n));
        let out = ways_out("deliver", vec!["undelivered"], notify.is_some());
        let (outcomes, troubles) = self.outcomes(state, fields, &out);
        Some(Kind::Deliver(Box::new(Deliver {
            notify: notify?,
            until: until.unwrap_or(DeliveryStatus::Delivered),
            within: within.unwrap_or(limits::DELIVER_WITHIN),
            outcomes,
            troubles,
            at: node.at,
        })))
    }

    /// `notify` with the values that stand beside it.
    fn delivered(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Notify> {
        let with = fields.get("with").map(|n| self.named_values(n, "with")).unwrap_or_default();
        let Some(named) = fields.get("notify") else {
            if !fields.refused {
                self.missing(node.at, node.width, "`deliver`", "notify", "notify: payment_reminder");
            }
            return None;
        };
        let mut notify = self.notify(named, Awaited::By("deliver"))?;
        let with = self.hand(MentionKind::Notification, (&notify.name, notify.at), with);
        notify.with.extend(with);
        Some(notify)
    }

    pub(super) fn digest(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        const EXAMPLE: &str = "{ event: payment.failed, for: 1h }";
        let node = fields.get("digest")?;
        let digest = self.fields(node, "digest", EXAMPLE, &keys::DIGEST).and_then(|inner| self.collected(node, &inner));
        let (outcomes, _) = self.outcomes(state, fields, &ways_out("digest", Vec::new(), digest.is_some()));
        digest.map(|digest| Kind::Digest(Box::new(Digest { outcomes, ..digest })))
    }

    /// What is collected and for how long, without the ways.
    fn collected(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Digest> {
        let lacks = |reader: &mut Self, key: &str, example: &str| {
            if !fields.refused {
                reader.missing(node.at, node.width, "`digest`", key, example);
            }
        };
        let event = match fields.get("event") {
            Some(named) => {
                let event = self.event_name(named, "event");
                if let Some(event) = &event {
                    self.mention(MentionKind::Event, event.as_str(), named.at, named.width);
                }
                event
            }
            None => {
                lacks(self, "event", "event: payment.failed");
                None
            }
        };
        let outer = std::mem::replace(&mut self.site.event, true);
        let key = fields.get("key").and_then(|n| self.template(n, "key", "\"{{ event.order_id }}\""));
        self.site.event = outer;
        let window = match fields.get("for") {
            Some(n) => self.duration_between(n, "for", limits::DIGEST_LEAST, limits::DIGEST_WINDOW_MAX),
            None => {
                lacks(self, "for", "for: 1h");
                None
            }
        };
        let max = fields.get("max").and_then(|n| self.count(n, "max", 1, u64::from(limits::DIGEST_ITEMS)));
        let extend = fields.get("extend").and_then(|n| {
            let span = self.duration_between(n, "extend", limits::DIGEST_LEAST, limits::DIGEST_WINDOW_MAX)?;
            let longest = window.unwrap_or(Span::days(366));
            if span > longest {
                self.must_be(n, "extend", &format!("at most as long as `for`, which is {longest}"), &longest.to_string());
                return None;
            }
            Some(span)
        });
        Some(Digest {
            event: event?,
            key,
            window: window?,
            max: max.map_or(limits::DIGEST_ITEMS, |n| n as u16),
            extend,
            outcomes: Default::default(),
            at: node.at,
        })
    }

    pub(super) fn handoff(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        const EXAMPLE: &str = "{ to: support, note: Wants a refund }";
        let node = fields.get("handoff")?;
        let handoff = match &node.tree {
            // A team alone: there is nothing to say.
            Tree::Scalar(_) => self.team(node, "handoff").map(|to| given_to(to, node)),
            _ => self.fields(node, "handoff", EXAMPLE, &keys::HANDOFF).and_then(|inner| self.handed_over(node, &inner)),
        };
        let out = ways_out("handoff", vec!["silence"], handoff.is_some());
        let (outcomes, troubles) = self.outcomes(state, fields, &out);
        handoff.map(|handoff| Kind::Handoff(Box::new(Handoff { outcomes, troubles, ..handoff })))
    }

    /// To whom and with which words, without the ways.
    fn handed_over(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Handoff> {
        let note = fields.get("note").and_then(|n| self.texts(n, "note"));
        let say = fields.get("say").and_then(|n| self.message(n, "say"));
        let Some(team) = fields.get("to") else {
            if !fields.refused {
                self.missing(node.at, node.width, "`handoff`", "to", "to: support");
            }
            return None;
        };
        let to = self.team(team, "to")?;
        Some(Handoff { note, say, ..given_to(to, node) })
    }

    fn team(&mut self, node: &Node, name: &str) -> Option<Slug> {
        let to = self.slug(node, name, "support")?;
        self.mention(MentionKind::Team, to.as_str(), node.at, node.width);
        Some(to)
    }
}

fn given_to(to: Slug, node: &Node) -> Handoff {
    Handoff { to, note: None, say: None, outcomes: Default::default(), troubles: Default::default(), at: node.at }
}

/// `ok`, and trouble. Of a kind that was refused nothing is said about its ways.
fn ways_out(kind: &'static str, troubles: Vec<&'static str>, understood: bool) -> WaysOut {
    let ordinary = if understood { Ordinary::Listed(vec!["ok".to_owned()]) } else { Ordinary::Unknown };
    WaysOut { ordinary, troubles, asks: Asks::No(kind) }
}
