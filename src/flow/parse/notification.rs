//! A notification's file.

use super::message::OF_NOTIFICATION;
use super::{MentionKind, Reader};
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::flow::definition::{Category, Hop, Need, Notification};
use crate::flow::keys;
use crate::flow::yaml::Node;

impl Reader {
    /// A whole notification.
    pub(super) fn notification(&mut self, root: &Node) -> Option<Notification> {
        let fields = self.fields(root, "a notification", "notification: order_confirmed", &keys::NOTIFICATION)?;
        let name = self.own_name(&fields, "notification");
        let title = fields.get("title").and_then(|n| self.plain(n, "title", "a text", "The order is confirmed"));
        if let Some(note) = fields.get("note") {
            self.plain(note, "note", "a text", "Ask Ada before changing this");
        }
        let own = fields.get("languages");
        if let Some(languages) = own {
            self.own_languages(languages);
        }
        self.any_language = own.is_none();
        let needs = fields.get("needs").map(|n| self.needs(n)).unwrap_or_default();
        let needs = needs.into_iter().map(|(name, d, _)| (name, Need { kind: d.kind, default: d.default })).collect();
        let route = fields.get("route").map(|n| self.hops(n, "route")).unwrap_or_default();
        let until = fields.get("until").and_then(|n| self.until(n));
        let within = fields.get("within").and_then(|n| self.within(n));
        let also = fields.get("also").map(|n| self.hops(n, "also")).unwrap_or_default();
        let hours = fields.get("hours").and_then(|n| self.hours(n));
        let category = fields.get("kind").and_then(|n| self.category(n)).unwrap_or_default();
        let topic = fields.get("topic").and_then(|n| self.topic(n, category));
        let message = self.message_of(&fields, "a notification", &OF_NOTIFICATION);
        Some(Notification {
            name: name?,
            title: title.map(str::to_owned),
            languages: if own.is_some() { self.languages.clone() } else { Vec::new() },
            needs,
            route,
            until: until.unwrap_or(DeliveryStatus::Sent),
            within,
            also,
            hours,
            category,
            topic,
            message: message?,
            at: root.at,
        })
    }

    /// `route` and `also`: kinds of channel, or channels, each once.
    fn hops(&mut self, node: &Node, name: &str) -> Vec<Hop> {
        let items = self.one_or_many(node);
        let mut hops = Vec::with_capacity(items.len());
        if items.is_empty() {
            self.say_node(6, node, format!("`{name}` is empty; leave the key out or give it a value"), "name a channel");
        }
        for item in items.iter().take(limits::ROUTE_HOPS) {
            let Some(slug) = self.slug(item, name, "whatsapp") else { continue };
            let hop = match ChannelKind::parse(slug.as_str()) {
                Some(kind) => Hop::Kind(kind),
                None => {
                    self.mention(MentionKind::Channel, slug.as_str(), item.at, item.width);
                    Hop::Channel(slug)
                }
            };
            if hops.contains(&hop) {
                self.must_be(item, name, "channels, each once", "[whatsapp, sms]");
            } else {
                hops.push(hop);
            }
        }
        if let Some(more) = items.get(limits::ROUTE_HOPS) {
            self.must_be(more, name, &format!("at most {} channels", limits::ROUTE_HOPS), "[whatsapp, sms]");
        }
        hops
    }

    /// `until`: the report that is success.
    pub(super) fn until(&mut self, node: &Node) -> Option<DeliveryStatus> {
        const KIND: &str = "`sent`, `delivered` or `read`";
        let status = DeliveryStatus::parse(self.plain(node, "until", KIND, "delivered")?);
        let status = status.filter(|s| !matches!(s, DeliveryStatus::Queued | DeliveryStatus::Failed));
        if status.is_none() {
            self.must_be(node, "until", KIND, "delivered");
        }
        status
    }

    /// `within`: how long a report is awaited.
    pub(super) fn within(&mut self, node: &Node) -> Option<Span> {
        self.duration_between(node, "within", Span::seconds(1), limits::REPORT_WITHIN_MAX)
    }

    /// A duration from the first to the last.
    pub(super) fn duration_between(&mut self, node: &Node, name: &str, least: Span, most: Span) -> Option<Span> {
        let span = self.duration(node, name)?;
        if span < least || span > most {
            self.must_be(node, name, &format!("a duration from {least} to {most}"), "10m");
            return None;
        }
        Some(span)
    }

    /// `hours`: an entry of the configuration.
    fn hours(&mut self, node: &Node) -> Option<Slug> {
        let hours = self.slug(node, "hours", "office")?;
        self.mention(MentionKind::Hours, hours.as_str(), node.at, node.width);
        Some(hours)
    }

    /// `topic`: an entry of the configuration; only of marketing.
    fn topic(&mut self, node: &Node, category: Category) -> Option<Slug> {
        let topic = self.slug(node, "topic", "news")?;
        if category != Category::Marketing {
            let message = "`topic` is for `kind: marketing`: nothing else needs the contact's consent";
            self.say_node(419, node, message, "add `kind: marketing`, or leave `topic` out");
            return None;
        }
        self.mention(MentionKind::Topic, topic.as_str(), node.at, node.width);
        Some(topic)
    }

    fn category(&mut self, node: &Node) -> Option<Category> {
        const KIND: &str = "`service`, `marketing` or `code`";
        let category = Category::parse(self.plain(node, "kind", KIND, "marketing")?);
        if category.is_none() {
            self.must_be(node, "kind", KIND, "marketing");
        }
        category
    }
}
