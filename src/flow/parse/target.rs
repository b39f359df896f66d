//! Targets: a state, a step in place, conditional ways.

use super::Reader;
use super::fields::Fields;
use crate::domain::name::Name;
use crate::flow::definition::{AgainOr, StateId, Step, Target, Then, Way};
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};

/// Whether a question is open where a target stands, so that `again` means something.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asks {
    /// Yes.
    Yes,
    /// No; the name of what asks nothing.
    No(&'static str),
}

const EXAMPLE: &str = "{ say: Goodbye, end: done }";

impl Reader {
    /// The state of this name.
    pub(super) fn state_id(&mut self, node: &Node, name: &str) -> Option<StateId> {
        let text = self.plain(node, name, "the name of a state", "welcome")?;
        if let Some(id) = self.states.get(text) {
            return Some(*id);
        }
        if !self.states_known {
            return Some(StateId(0));
        }
        let names = std::mem::take(&mut self.state_names);
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        // `call_us` beside a state `call-us`: that cannot be a name (RF111), and this way follows from it.
        if self.nearest(text, known.iter().copied()).is_some_and(|near| Name::parse(near).is_err()) {
            self.state_names = names;
            return None;
        }
        let (message, help) = self.unknown(format!("There is no state `{text}`"), text, &known);
        self.say_node(104, node, message, help);
        self.state_names = names;
        None
    }

    /// Where something leads.
    pub(super) fn target(&mut self, node: &Node, name: &str, asks: Asks) -> Option<Target> {
        match &node.tree {
            Tree::Scalar(_) => self.state_id(node, name).map(Target::State),
            Tree::List(items) => self.ways(items, node, name, asks),
            Tree::Map(_) => {
                let fields = self.fields(node, name, EXAMPLE, &keys::STEP)?;
                self.step(&fields, asks)
            }
            Tree::Broken => None,
        }
    }

    /// A step in place. One that only leads on is what it leads to.
    pub(super) fn step(&mut self, fields: &Fields<'_>, asks: Asks) -> Option<Target> {
        let actions = self.actions(fields);
        let then = self.then(fields, asks)?;
        match then {
            Then::Go(target) if actions.is_empty() => Some(target),
            then => Some(Target::Step(Box::new(Step { actions, then, at: fields.at }))),
        }
    }

    fn then(&mut self, fields: &Fields<'_>, asks: Asks) -> Option<Then> {
        let (go, end) = (fields.get("go"), fields.entry("end"));
        if let (Some(_), Some(end)) = (go, end) {
            self.say_key(113, &end.key, "A step that ends has no `go`", "leave `go` or `end` out");
        }
        let times = fields.entry("again").map(|entry| {
            if let Asks::No(what) = asks {
                let message = format!("`again` is for questions; `{what}` asks nothing");
                self.say_key(108, &entry.key, message, "lead to a state with `go`, or `end`");
                return None;
            }
            self.count(&entry.value, "again", 1, 1_000)
        });
        let go = go.map(|node| self.target(node, "go", asks));
        let end = end.map(|entry| self.name(&entry.value, "end", "done"));
        match (times, go, end) {
            (None, Some(go), _) => go.map(Then::Go),
            (None, None, Some(end)) => end.map(Then::End),
            (Some(times), Some(go), _) => Some(Then::Again { times: times? as u32, or: Box::new(AgainOr::Go(go?)) }),
            (Some(times), None, Some(end)) => Some(Then::Again { times: times? as u32, or: Box::new(AgainOr::End(end?)) }),
            (again, None, None) => {
                if !fields.refused && again != Some(None) {
                    let help = if again.is_some() {
                        "say what follows when `again` is used up, for example `end: not_understood`"
                    } else {
                        "add `go: NAME` with a state, or `end: NAME` with a name for this end"
                    };
                    self.say(109, fields.at, fields.width, "This leads nowhere: add `go` or `end`", help);
                }
                None
            }
        }
    }

    fn ways(&mut self, items: &[Node], node: &Node, name: &str, asks: Asks) -> Option<Target> {
        if items.is_empty() {
            self.say_node(6, node, format!("`{name}` is empty; leave the key out or give it a value"), "lead to a state");
            return None;
        }
        let (mut ways, mut otherwise, mut complete) = (Vec::with_capacity(items.len()), None, true);
        for (index, item) in items.iter().enumerate() {
            let Some(fields) = self.fields(item, name, "[{ if: score >= 9, go: happy }, { else: sad }]", &keys::WAY) else {
                complete = false;
                continue;
            };
            let is_else = fields.has("else") && !fields.has("if");
            complete &= !fields.refused;
            ways.extend(self.way(&fields, asks));
            if is_else && otherwise.is_none() {
                otherwise = Some(index);
                if index + 1 < items.len()
                    && let Some(entry) = fields.entry("else")
                {
                    let message = "`else` comes last; what stands below is never reached";
                    self.say_key(105, &entry.key, message, "move it to the end of the list");
                }
            }
        }
        if otherwise.is_none()
            && complete
            && let Some(last) = items.last()
        {
            let message = "None of these conditions may hold, and there is no `else`";
            self.say_node(107, last, message, "add `- else: NAME` at the end of the list");
        }
        (!ways.is_empty()).then_some(Target::Ways(ways))
    }

    fn way(&mut self, fields: &Fields<'_>, asks: Asks) -> Option<Way> {
        let at = fields.at;
        match (fields.entry("if"), fields.entry("else")) {
            (Some(condition), None) => {
                let condition = self.condition(&condition.value);
                let target = self.step(fields, asks);
                Some(Way { condition: Some(condition?), target: target?, at })
            }
            (None, Some(entry)) => {
                let beside = fields.among(&["do", "go", "end", "again", "say", "notify", "set", "tag", "untag", "emit", "alert"]);
                if let Some(other) = beside.first() {
                    let message =
                        format!("`{}` is not a key of a way with `else`: what is done stands under `else`", other.key.text);
                    self.say_key(101, &other.key, message, "write `else: { say: …, go: … }`");
                }
                let target = self.target(&entry.value, "else", asks);
                Some(Way { condition: None, target: target?, at })
            }
            (Some(_), Some(entry)) => {
                self.say_key(106, &entry.key, "This way has both `if` and `else`", "make it two ways");
                None
            }
            (None, None) => {
                if !fields.refused {
                    self.say(106, at, fields.width, "This way has neither `if` nor `else`", "add a condition: `if: …`");
                }
                let _ = self.step(fields, asks);
                None
            }
        }
    }
}
