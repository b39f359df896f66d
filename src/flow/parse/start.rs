//! `start`: what begins a run.

use super::fields::Fields;
use super::{MentionKind, Reader, Site};
use crate::flow::definition::{Busy, ContactTemplate, Repeat, Start, StateId, Trigger};
use crate::flow::expression::Template;
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};

const PHONE: &str = "\"{{ event.phone }}\"";

impl Reader {
    pub(super) fn starts(&mut self, node: &Node, begin: StateId) -> Vec<Start> {
        let items = self.items(node, "start", "[{ keyword: hello }]").unwrap_or_default();
        items.iter().filter_map(|item| self.start(item, begin)).collect()
    }

    fn start(&mut self, node: &Node, begin: StateId) -> Option<Start> {
        let fields = self.fields(node, "start", "{ keyword: hello }", &keys::START)?;
        // Where it is not clear what begins the run, that is what is said.
        let written = !fields.among(&["keyword", "message"]).is_empty() && fields.among(&["event", "webhook"]).is_empty();
        self.site = Site { event: !written, entry: Some(node.at), ..Site::default() };
        let start = self.start_of(node, &fields, begin);
        self.site = Site::default();
        start
    }

    fn start_of(&mut self, node: &Node, fields: &Fields<'_>, begin: StateId) -> Option<Start> {
        let trigger = self.start_trigger(fields);
        let is_keyword = fields.has("keyword");
        let condition = fields.get("if").and_then(|n| self.condition(n));
        let channels = fields.get("channels").map(|n| self.channel_names(n)).filter(|c| !c.is_empty());
        let contact = fields.get("contact").and_then(|n| self.contact(n));
        let from_elsewhere = match trigger {
            Some(Trigger::Event(_)) => Some("a start by `event`"),
            Some(Trigger::Webhook(_)) => Some("a start by `webhook`"),
            _ => None,
        };
        if let Some(what) = from_elsewhere
            && !fields.has("contact")
            && !fields.refused
        {
            self.missing(fields.at, fields.width, what, "contact", &format!("contact: {PHONE}"));
        }
        let key = fields.get("key").and_then(|n| self.template(n, "key", "\"{{ event.order_id }}\""));
        let repeat = fields.get("repeat").and_then(|n| self.repeat(n)).unwrap_or(Repeat::Ignore);
        let busy = fields.get("busy").and_then(|n| self.busy(n));
        let with = fields.get("with").map(|n| self.assignments_of(n, "with")).unwrap_or_default();
        let go = match fields.get("go") {
            Some(n) => self.state_id(n, "go")?,
            None => begin,
        };
        Some(Start {
            trigger: trigger?,
            condition,
            channels: channels.unwrap_or_else(|| self.channels.clone()),
            contact,
            key,
            repeat,
            busy: busy.unwrap_or(if is_keyword { Busy::Pause } else { Busy::Wait }),
            with,
            go,
            at: node.at,
        })
    }

    fn start_trigger(&mut self, fields: &Fields<'_>) -> Option<Trigger> {
        let given = fields.among(&["event", "webhook", "keyword", "message"]);
        if given.len() > 1 || (given.is_empty() && !fields.refused) {
            let (at, width) = given.get(1).map_or((fields.at, fields.width), |e| (e.key.at, e.key.width));
            let message = "A start has exactly one of `event`, `webhook`, `keyword`, `message`";
            let help = if given.is_empty() { "say what begins the run" } else { "make it two starts" };
            self.say(117, at, width, message, help);
            return None;
        }
        let entry = given.first()?;
        match &*entry.key.text {
            "event" => {
                let event = self.event_name(&entry.value, "event")?;
                self.mention(MentionKind::Event, event.as_str(), entry.value.at, entry.value.width);
                Some(Trigger::Event(event))
            }
            "webhook" => {
                let name = self.name(&entry.value, "webhook", "shop")?;
                self.mention(MentionKind::Webhook, name.as_str(), entry.value.at, entry.value.width);
                Some(Trigger::Webhook(name))
            }
            "keyword" => {
                let words = self.keywords(&entry.value)?;
                for (word, node) in words.iter().zip(self.one_or_many(&entry.value)) {
                    self.mention(MentionKind::Keyword, word, node.at, node.width);
                }
                Some(Trigger::Keyword(words))
            }
            _ => match self.plain(&entry.value, "message", "`any`", "any")? {
                "any" => Some(Trigger::AnyMessage),
                _ => {
                    self.must_be(&entry.value, "message", "`any`", "any");
                    None
                }
            },
        }
    }

    /// `keyword`: one or several whole messages.
    pub(super) fn keywords(&mut self, node: &Node) -> Option<Vec<String>> {
        let mut words = Vec::new();
        for item in self.one_or_many(node) {
            let text = self.plain(item, "keyword", "a text or a list of texts", "[pay, retry payment]")?;
            if text.trim().is_empty() || text.trim() == "*" {
                self.must_be(item, "keyword", "a text or a list of texts", "[pay, retry payment]");
                return None;
            }
            words.push(text.trim().to_owned());
        }
        if words.is_empty() {
            self.say_node(
                6,
                node,
                "`keyword` is empty; leave the key out or give it a value",
                "write the words that begin the run",
            );
        }
        (!words.is_empty()).then_some(words)
    }

    /// `contact`: who an event is about.
    pub(super) fn contact(&mut self, node: &Node) -> Option<ContactTemplate> {
        if let Tree::Scalar(_) = &node.tree {
            let phone = self.template(node, "contact", PHONE)?;
            return Some(ContactTemplate { phone: Some(phone), ..ContactTemplate::default() });
        }
        let fields = self.fields(node, "contact", PHONE, &keys::CONTACT)?;
        let mut part = |name: &str| -> Option<Template> {
            let value = fields.get(name)?;
            self.template(value, name, "\"{{ event.phone }}\"")
        };
        let contact = ContactTemplate {
            phone: part("phone"),
            email: part("email"),
            id: part("id"),
            name: part("name"),
            language: part("language"),
        };
        let reachable = ["phone", "email", "id"].iter().any(|k| fields.has(k));
        if !reachable && !fields.refused {
            self.must_be(node, "contact", "a text or a map with `phone`, `email` or `id`", PHONE);
        }
        Some(contact)
    }

    fn repeat(&mut self, node: &Node) -> Option<Repeat> {
        const KIND: &str = "`ignore`, `restart` or `another`";
        match self.plain(node, "repeat", KIND, "ignore")? {
            "ignore" => Some(Repeat::Ignore),
            "restart" => Some(Repeat::Restart),
            "another" => Some(Repeat::Another),
            _ => {
                self.must_be(node, "repeat", KIND, "ignore");
                None
            }
        }
    }

    fn busy(&mut self, node: &Node) -> Option<Busy> {
        const KIND: &str = "`wait`, `pause`, `replace` or `skip`";
        match self.plain(node, "busy", KIND, "wait")? {
            "wait" => Some(Busy::Wait),
            "replace" => Some(Busy::Replace),
            "skip" => Some(Busy::Skip),
            "pause" => Some(Busy::Pause),
            _ => {
                self.must_be(node, "busy", KIND, "wait");
                None
            }
        }
    }
}
