//! The keys of a flow's file.

use super::fields::Fields;
use super::{MentionKind, Reader};
use crate::domain::id::VersionId;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::{Name, Slug};
use crate::flow::definition::{FileMap, Flow, Late, State, StateId, Troubles};
use crate::flow::keys;
use crate::flow::yaml::{Entry, Node};

impl Reader {
    /// A whole flow. Without a name, a first state or states there is none, not even a partial one.
    pub(super) fn flow(&mut self, root: &Node) -> Option<Flow> {
        let fields = self.fields(root, "a flow", "flow: payment", &keys::FLOW)?;
        let name = self.own_name(&fields, "flow");
        let title = fields.get("title").and_then(|n| self.plain(n, "title", "a text", "Our payments")).map(str::to_owned);
        if let Some(note) = fields.get("note") {
            self.plain(note, "note", "a text", "Ask Ada before changing this");
        }
        let mut was = Vec::new();
        for node in fields.get("was").map(|n| self.one_or_many(n)).unwrap_or_default() {
            let Some(former) = self.slug(node, "was", "old-name") else { continue };
            self.mention(MentionKind::Former, former.as_str(), node.at, node.width);
            was.push(former);
        }
        if let Some(languages) = fields.get("languages") {
            self.own_languages(languages);
        }
        if let Some(channels) = fields.get("channels") {
            let named = self.channel_names(channels);
            if !named.is_empty() {
                self.channels = named;
            }
        }
        let entries = self.state_entries(&fields);
        let listed = entries.unwrap_or_default();
        self.know_states(listed, entries.is_some());
        self.variables(fields.get("needs"), fields.get("vars"), listed);

        let begin = match fields.get("begin") {
            Some(node) => self.state_id(node, "begin"),
            None => {
                if !fields.refused {
                    self.missing(root.at, 0, "a flow", "begin", "begin: welcome");
                }
                None
            }
        };
        let starts = fields.get("start").map(|n| self.starts(n, begin.unwrap_or(StateId(0)))).unwrap_or_default();
        let anytime = fields.get("anytime").map(|n| self.anytime(n)).unwrap_or_default();
        let defaults = fields.get("defaults").map_or_else(Troubles::default, |n| self.default_troubles(n));
        let late = fields.get("late").and_then(|n| self.late(n)).unwrap_or(Late::Inbox);
        let interruptible = fields.get("interruptible").and_then(|n| self.boolean(n, "interruptible")).unwrap_or(true);
        let expires = fields.get("expires").and_then(|n| self.duration(n, "expires")).unwrap_or(limits::RUN_EXPIRES);
        let states = self.read_states(listed);
        let flow = Flow {
            name: name?,
            version: VersionId::of(b""),
            title,
            was,
            languages: self.languages.clone(),
            channels: self.channels.clone(),
            variables: self.variables.clone(),
            starts,
            anytime,
            begin: begin?,
            defaults,
            late,
            interruptible,
            expires,
            states,
            notifications: FileMap::default(),
        };
        if flow.states.is_empty() {
            return None;
        }
        Some(flow)
    }

    /// The name under the file's first key, which equals the file's own.
    pub(super) fn own_name(&mut self, fields: &Fields<'_>, key: &str) -> Option<Slug> {
        let Some(node) = fields.get(key) else {
            if !fields.refused {
                self.missing(fields.at, 0, "the file", key, &format!("{key}: payment"));
            }
            return None;
        };
        let name = self.slug(node, key, "payment")?;
        let file = self.file.rsplit(['/', '\\']).next().unwrap_or("");
        if let Some(stem) = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))
            && stem != name.as_str()
        {
            let message = format!("The {key} is called `{name}` but the file `{stem}`");
            let help = format!("rename the file to `{name}.yaml`, or write `{key}: {stem}`");
            self.say_node(102, node, message, help);
        }
        Some(name)
    }

    /// `languages` of a flow or notification.
    pub(super) fn own_languages(&mut self, node: &Node) {
        let mut languages: Vec<Language> = Vec::new();
        for item in self.one_or_many(node) {
            let Some(text) = self.plain(item, "languages", "a list of languages", "[en, es]") else { continue };
            match Language::parse(text) {
                Some(language) if !languages.contains(&language) => languages.push(language),
                Some(_) => {}
                None => self.must_be(item, "languages", "a list of languages", "[en, es, pt-BR]"),
            }
        }
        if !languages.is_empty() {
            self.languages = languages;
        }
    }

    /// Names of channels.
    pub(super) fn channel_names(&mut self, node: &Node) -> Vec<Slug> {
        let mut out = Vec::new();
        for item in self.one_or_many(node) {
            if let Some(name) = self.slug(item, "channels", "main-sms") {
                self.mention(MentionKind::Channel, name.as_str(), item.at, item.width);
                out.push(name);
            }
        }
        out
    }

    fn state_entries<'n>(&mut self, fields: &Fields<'n>) -> Option<&'n [Entry<'n>]> {
        match fields.get("states") {
            Some(node) => {
                let entries = self.entries(node, "states", "{ welcome: { say: Hello, end: done } }")?;
                if entries.is_empty() {
                    self.say_node(6, node, "`states` is empty; leave the key out or give it a value", "add a first state");
                }
                (!entries.is_empty()).then_some(entries)
            }
            None => {
                if !fields.refused {
                    self.missing(fields.at, 0, "a flow", "states", "states: { welcome: { say: Hello, end: done } }");
                }
                None
            }
        }
    }

    /// Learns the names of all states before any is read, so that ways can lead forward.
    fn know_states(&mut self, entries: &[Entry], readable: bool) {
        self.states_known = readable;
        let mut next = 0u16;
        for entry in entries.iter().take(limits::STATES) {
            // A state whose name is refused is still one that others may lead to.
            let id = if Name::parse(&entry.key.text).is_ok() {
                next += 1;
                StateId(next - 1)
            } else {
                StateId(0)
            };
            self.states.insert(entry.key.text.to_string(), id);
            self.state_names.push(entry.key.text.to_string());
        }
        if let Some(entry) = entries.get(limits::STATES) {
            self.states_known = false;
            let message = format!("The file has more than {} states", limits::STATES);
            self.say_key(7, &entry.key, message, "move a part of it to a sub-flow and call it with `run`");
        }
    }

    fn read_states(&mut self, entries: &[Entry]) -> FileMap<Name, State> {
        let mut states = FileMap::with_capacity_and_hasher(entries.len(), Default::default());
        for entry in entries.iter().take(limits::STATES) {
            let name = self.name_of_key(&entry.key);
            self.site.state = name.as_ref().and_then(|_| self.states.get(&*entry.key.text).copied());
            let state = self.state(&entry.key, &entry.value);
            states.extend(name.map(|name| (name, state)));
        }
        self.site.state = None;
        states
    }
}
