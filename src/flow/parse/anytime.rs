//! `anytime`: what is answered wherever a run is.

use super::fields::Fields;
use super::target::Asks;
use super::{MentionKind, Reader, Site};
use crate::flow::definition::{Anytime, AnytimeTarget, AnytimeTrigger, Command};
use crate::flow::keys;
use crate::flow::yaml::Node;

impl Reader {
    pub(super) fn anytime(&mut self, node: &Node) -> Vec<Anytime> {
        let items = self.items(node, "anytime", "[{ keyword: menu, go: menu }]").unwrap_or_default();
        items.iter().filter_map(|item| self.anytime_entry(item)).collect()
    }

    fn anytime_entry(&mut self, node: &Node) -> Option<Anytime> {
        let fields = self.fields(node, "anytime", "{ keyword: menu, go: menu }", &keys::ANYTIME)?;
        // Where it is not clear what is answered, that is what is said.
        let written = !fields.among(&["keyword", "command"]).is_empty() && !fields.has("event");
        self.site = Site { event: !written, entry: Some(node.at), ..Site::default() };
        let trigger = self.anytime_trigger(&fields);
        let condition = fields.get("if").and_then(|n| self.condition(n));
        let target = self.anytime_target(&fields);
        self.site = Site::default();
        Some(Anytime { trigger: trigger?, condition, target: target?, at: node.at })
    }

    fn anytime_trigger(&mut self, fields: &Fields<'_>) -> Option<AnytimeTrigger> {
        let given = fields.among(&["event", "keyword", "command"]);
        if given.len() > 1 || (given.is_empty() && !fields.refused) {
            let (at, width) = given.get(1).map_or((fields.at, fields.width), |e| (e.key.at, e.key.width));
            let message = "An entry of `anytime` has exactly one of `event`, `keyword`, `command`";
            self.say(117, at, width, message, "say what it answers; make two entries of two");
            return None;
        }
        let entry = given.first()?;
        for only in fields.among(&["contact", "key", "with"]) {
            if entry.key.text != "event" {
                let message = format!("`{}` is not a key of an entry of `anytime` without `event`", only.key.text);
                self.say_key(101, &only.key, message, "leave it out");
            }
        }
        match &*entry.key.text {
            "keyword" => self.keywords(&entry.value).map(AnytimeTrigger::Keyword),
            "command" => self.command(&entry.value).map(AnytimeTrigger::Command),
            _ => {
                let name = self.event_name(&entry.value, "event");
                if let Some(name) = &name {
                    self.mention(MentionKind::Event, name.as_str(), entry.value.at, entry.value.width);
                }
                let contact = fields.get("contact").and_then(|n| self.contact(n));
                let key = fields.get("key").and_then(|n| self.template(n, "key", "\"{{ event.order_id }}\""));
                let with = fields.get("with").map(|n| self.assignments_of(n, "with")).unwrap_or_default();
                Some(AnytimeTrigger::Event { name: name?, contact, key, with })
            }
        }
    }

    fn command(&mut self, node: &Node) -> Option<Command> {
        const KIND: &str = "`back`, `menu`, `restart`, `human` or `language`";
        match self.plain(node, "command", KIND, "menu")? {
            "back" => Some(Command::Back),
            "menu" => Some(Command::Menu),
            "restart" => Some(Command::Restart),
            "human" => Some(Command::Human),
            "language" => Some(Command::Language),
            _ => {
                self.must_be(node, "command", KIND, "menu");
                None
            }
        }
    }

    fn anytime_target(&mut self, fields: &Fields<'_>) -> Option<AnytimeTarget> {
        let asks_again = fields.get("again").and_then(Node::scalar).is_some_and(|s| s.text == "true");
        if !asks_again {
            return self.step(fields, Asks::No("anytime")).map(AnytimeTarget::Target);
        }
        for other in fields.among(&["go", "end"]) {
            let message = format!("`again: true` asks the open question again; `{}` would lead on", other.key.text);
            self.say_key(113, &other.key, message, "leave one of them out");
        }
        Some(AnytimeTarget::AskAgain(self.actions(fields)))
    }
}
