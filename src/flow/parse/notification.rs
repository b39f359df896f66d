//! A notification's file.

use super::Reader;
use super::message::OF_NOTIFICATION;
use crate::domain::message::DeliveryStatus;
use crate::flow::definition::{Category, Need, Notification};
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
        let message = self.message_of(&fields, "a notification", &OF_NOTIFICATION);
        Some(Notification {
            name: name?,
            title: title.map(str::to_owned),
            languages: if own.is_some() { self.languages.clone() } else { Vec::new() },
            needs,
            route: Vec::new(),
            until: DeliveryStatus::Sent,
            within: None,
            also: Vec::new(),
            hours: None,
            category: Category::default(),
            message: message?,
            at: root.at,
        })
    }
}
