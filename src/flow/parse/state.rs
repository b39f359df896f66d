//! A state: its actions, its kind, its ways.

use super::fields::Fields;
use super::outcome::WaysOut;
use super::target::Asks;
use super::{Giver, Reader, Saved};
use crate::domain::name::Name;
use crate::flow::definition::{Destination, Kind, Outcomes, Save, State, Target, Troubles};
use crate::flow::keys;
use crate::flow::yaml::{Key, Node, Tree};

/// The keys of kinds that run; `answer` is part of `ask`.
const KINDS: [&str; 8] = ["ask", "call", "wait", "split", "deliver", "run", "digest", "handoff"];

impl Reader {
    /// A state. What is wrong is said; the state stands for itself all the same, so that others keep their places.
    pub(super) fn state(&mut self, key: &Key, node: &Node) -> State {
        let mut state = State {
            actions: Vec::new(),
            kind: Kind::Pass(Target::Ways(Vec::new())),
            save: None,
            private: false,
            was: Vec::new(),
            note: None,
            at: key.at,
        };
        let Some(fields) = self.fields(node, &key.text, "{ say: Hello, end: done }", &keys::STATE) else { return state };
        let fields = fields.at_key(key);
        state.actions = self.actions(&fields);
        state.private = fields.get("private").and_then(|n| self.boolean(n, "private")).unwrap_or(false);
        state.note = fields.get("note").and_then(|n| self.plain(n, "note", "a text", "Ask Ada first")).map(str::to_owned);
        if let Some(was) = fields.get("was") {
            for former in self.one_or_many(was) {
                state.was.extend(self.name(former, "was", "old_name"));
            }
        }
        let kinds = kinds(&fields);
        if let Some(second) = kinds.get(1) {
            let message = format!("A state has one kind; here are `{}` and `{}`", kinds[0].text, second.text);
            self.say_key(112, second, message, "make the second one a state of its own and lead to it with `go`");
        }
        // Of several, which is said above, one counts whatever their order is.
        let kind = match kinds.iter().min_by_key(|k| KINDS.iter().position(|name| *name == &*k.text)) {
            None => self.no_kind(key, &fields),
            Some(kind) => {
                self.end_beside(&fields, Some(kind));
                match &*kind.text {
                    "call" => self.call(key, &fields),
                    "wait" => self.wait(key, &fields),
                    "split" => self.split(key, &fields),
                    "deliver" => self.deliver(key, &fields),
                    "run" => self.run(key, &fields),
                    "digest" => self.digest(key, &fields),
                    "handoff" => self.handoff(key, &fields),
                    _ => self.ask(key, &fields),
                }
            }
        };
        self.only_with(&fields, "show", kinds.iter().any(|k| matches!(&*k.text, "ask" | "answer")), "`ask`");
        self.only_with(&fields, "save", !kinds.is_empty() || fields.refused, "a kind");
        if let Some(save) = fields.get("save") {
            self.site.body = true;
            state.save = self.save(save);
            self.site.body = false;
        }
        if let Some(kind) = kind {
            state.kind = kind;
        }
        state
    }

    /// RF101: a key that means something only beside another.
    fn only_with(&mut self, fields: &Fields<'_>, name: &str, there: bool, other: &str) {
        if let Some(entry) = fields.entry(name).filter(|_| !there) {
            let message = format!("`{name}` is not a key of a state without {other}");
            self.say_key(101, &entry.key, message, "leave it out");
        }
    }

    /// RF113: `end` beside what leads on.
    fn end_beside(&mut self, fields: &Fields<'_>, kind: Option<&Key>) {
        let Some(end) = fields.entry("end") else { return };
        let other = kind.map(|k| &*k.text).or(fields.has("go").then_some("go"));
        if let Some(other) = other {
            let help = format!("leave `end` or `{other}` out");
            self.say_key(113, &end.key, "A state that ends has neither a kind nor `go`", help);
        }
    }

    /// A state that only does something: it leads on, or the run is over.
    fn no_kind(&mut self, key: &Key, fields: &Fields<'_>) -> Option<Kind> {
        self.end_beside(fields, None);
        let end = fields.get("end").map(|n| self.name(n, "end", "done"));
        let Some(go) = fields.entry("go") else {
            if end.is_none() && !fields.refused {
                let help = "add `go: NAME` with a state, or `end: NAME` with a name for this end";
                self.say_key(109, key, "This leads nowhere: add `go` or `end`", help);
            }
            return end.flatten().map(Kind::End);
        };
        if let Tree::Map(_) = &go.value.tree {
            if !fields.refused && end.is_none() {
                let help = "name a state or write a list of conditions; a kind is `ask`, `call`, `wait`, `split`, `deliver`, `run`, `digest` or `handoff`";
                self.say_key(114, &go.key, "Outcomes need a kind; this state has none", help);
            }
            // The targets are read so that their own mistakes are not missed.
            let out = WaysOut { ordinary: super::outcome::Ordinary::Unknown, troubles: Vec::new(), asks: Asks::No("this state") };
            let _: (Outcomes, Troubles) = self.outcomes(key, fields, &out);
            return None;
        }
        match end {
            Some(end) => end.map(Kind::End),
            None => self.target(&go.value, "go", Asks::No("this state")).map(Kind::Pass),
        }
    }

    fn save(&mut self, node: &Node) -> Option<Save> {
        let Tree::Map(entries) = &node.tree else {
            let name: Name = self.name(node, "save", "customer")?;
            let into = self.slot(name.as_str(), node.at, node.width)?;
            let (at, width) = (node.at, node.width);
            self.saves.extend(self.site.state.map(|state| Saved { into, state, at, width }));
            return Some(Save::Whole(into));
        };
        let mut parts = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = self.name_of_key(&entry.key);
            let value = self.value(&entry.value);
            let Some((name, value)) = name.zip(value) else { continue };
            if let Some(slot) = self.slot(name.as_str(), entry.key.at, entry.key.width) {
                self.assign(Destination::Variable(slot), Giver::Save, &value, &entry.value);
                parts.push((slot, value));
            }
        }
        Some(Save::Parts(parts))
    }
}

/// The keys of the kinds that a state has, in the order of the file. `answer` stands for `ask` where it stands alone.
fn kinds<'n>(fields: &Fields<'n>) -> Vec<&'n Key<'n>> {
    let mut kinds: Vec<&Key> = fields.among(&KINDS).into_iter().map(|e| &e.key).collect();
    if !fields.has("ask") {
        kinds.extend(fields.entry("answer").map(|e| &e.key));
    }
    kinds.sort_by_key(|k| k.at);
    kinds
}
