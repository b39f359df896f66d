//! Messages: a text, or what each kind of channel gets.

use super::action::Awaited;
use super::fields::Fields;
use super::{MentionKind, Reader};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::flow::definition::{Message, Say, Texts, Variant};
use crate::flow::expression::ValueTemplate;
use crate::flow::keys;
use crate::flow::yaml::{Entry, Node, Tree};

/// The keys by which a map is a message and not a translation.
const PARTS: [&str; 6] = ["text", "media", "name", "sms", "whatsapp", "email"];

/// What a message can say differently, by kind of channel, with the keys that stand there.
pub(super) type Kinds = [(ChannelKind, &'static keys::Place); 3];
const IN_PLACE: Kinds =
    [(ChannelKind::Sms, &keys::SMS), (ChannelKind::WhatsApp, &keys::WHATSAPP), (ChannelKind::Email, &keys::EMAIL)];
/// The same in a notification.
pub(super) const OF_NOTIFICATION: Kinds = [
    (ChannelKind::Sms, &keys::SMS),
    (ChannelKind::WhatsApp, &keys::NOTIFICATION_WHATSAPP),
    (ChannelKind::Email, &keys::NOTIFICATION_EMAIL),
];

impl Reader {
    /// What a question sends.
    pub(super) fn question(&mut self, node: &Node) -> Option<Say> {
        let Tree::Map(entries) = &node.tree else { return self.message(node, "ask").map(Say::Message) };
        if !entries.iter().any(|e| e.key.text == "notify") {
            return self.message(node, "ask").map(Say::Message);
        }
        let fields = self.fields(node, "ask", "{ notify: payment_retry }", &keys::ASK)?;
        let with = fields.get("with").map(|n| self.named_values(n, "with")).unwrap_or_default();
        let mut notify = self.notify(fields.get("notify")?, Awaited::By("ask"))?;
        let with = self.hand(MentionKind::Notification, (&notify.name, notify.at), with);
        notify.with.extend(with);
        Some(Say::Notify(notify))
    }

    /// A message in place.
    pub(super) fn message(&mut self, node: &Node, name: &str) -> Option<Message> {
        let parts = match &node.tree {
            Tree::Map(entries) => entries.iter().any(|e| PARTS.contains(&&*e.key.text)) || self.means_parts(entries),
            _ => false,
        };
        if !parts {
            let text = self.texts(node, name)?;
            return Some(Message { text: Some(text), ..Message::default() });
        }
        let fields = self.fields(node, name, "Hello", &keys::MESSAGE)?;
        self.message_of(&fields, name, &IN_PLACE)
    }

    /// Whether a map without a known key is a message with a slip of the pen, not a translation.
    fn means_parts(&mut self, entries: &[Entry]) -> bool {
        let language = |e: &Entry| Language::parse(&e.key.text).is_some_and(|l| self.languages.contains(&l));
        !entries.iter().any(language)
            && entries.iter().any(|e| e.key.text.len() > 2 && self.nearest(&e.key.text, PARTS).is_some())
    }

    /// The message that these keys make; also those of a notification.
    pub(super) fn message_of(&mut self, fields: &Fields<'_>, name: &str, kinds: &Kinds) -> Option<Message> {
        let mut message = Message {
            text: fields.get("text").and_then(|n| self.texts(n, "text")),
            media: fields.get("media").and_then(|n| self.template(n, "media", "https://example.com/map.png")),
            media_name: fields.get("name").and_then(|n| self.template(n, "name", "map.png")),
            by_kind: Vec::new(),
        };
        for (kind, place) in *kinds {
            if let Some(node) = fields.get(kind.as_str()) {
                let variant = self.variant(node, kind, place);
                message.by_kind.extend(variant.map(|variant| (kind, variant)));
            }
        }
        let says = ["text", "media", "sms", "whatsapp", "email"].iter().any(|k| fields.has(k));
        if !says && !fields.refused {
            self.missing(fields.at, fields.width, &format!("`{name}`"), "text", "text: Hello");
        }
        Some(message)
    }

    fn variant(&mut self, node: &Node, kind: ChannelKind, place: &'static keys::Place) -> Option<Variant> {
        let parts = match &node.tree {
            Tree::Map(entries) => entries.iter().any(|e| place.key(&e.key.text).is_some()),
            _ => false,
        };
        if !parts {
            let text: Texts = self.texts(node, kind.as_str())?;
            return Some(Variant { text: Some(text), ..Variant::default() });
        }
        let fields = self.fields(node, kind.as_str(), "Hello", place)?;
        // What a kind of channel does not have is not in its table.
        let get = |key: &str| place.key(key).and_then(|_| fields.get(key));
        Some(Variant {
            text: get("text").and_then(|n| self.texts(n, "text")),
            media: get("media").and_then(|n| self.template(n, "media", "https://example.com/map.png")),
            media_name: get("name").and_then(|n| self.template(n, "name", "map.png")),
            footer: get("footer").and_then(|n| self.texts(n, "footer")),
            approved: get("approved").and_then(|n| self.approved(n)),
            provider: get("provider").and_then(|n| self.provider_fields(n)),
            subject: get("subject").and_then(|n| self.texts(n, "subject")),
            html: get("html").and_then(|n| self.html(n)),
            from: get("from").and_then(|n| self.template(n, "from", "shop@example.com")),
        })
    }

    /// `provider`: fields that are handed on as they are.
    fn provider_fields(&mut self, node: &Node) -> Option<ValueTemplate> {
        self.entries(node, "provider", "{ dlt_template: \"1207160000000000001\" }")?;
        self.value(node)
    }
}
