//! `go` of a state by outcome, and `defaults`: what each outcome and trouble leads to.

use super::Reader;
use super::action::ACTIONS;
use super::fields::Fields;
use super::target::Asks;
use crate::flow::definition::{Outcomes, Silence, Target, Troubles};
use crate::flow::keys;
use crate::flow::yaml::{Entry, Key, Node, Tree};

/// The words for trouble.
pub(super) const TROUBLES: [&str; 4] = ["nomatch", "silence", "undelivered", "failed"];

/// The ways out of a kind.
pub(super) struct WaysOut {
    /// Those that are not trouble.
    pub ordinary: Ordinary,
    /// The troubles that it can have.
    pub troubles: Vec<&'static str>,
    /// Whether `again` means something.
    pub asks: Asks,
}

/// The ordinary outcomes of a kind.
pub(super) enum Ordinary {
    /// Exactly these, and each must be decided.
    Listed(Vec<String>),
    /// `ok`, and any status.
    Statuses,
    /// Any name: the ends of another flow.
    Ends,
    /// Not known, because what decides them was refused: nothing is said about them.
    Unknown,
}

impl Ordinary {
    fn takes(&self, outcome: &str) -> bool {
        match self {
            Ordinary::Listed(names) => names.iter().any(|n| n == outcome),
            Ordinary::Statuses => outcome == "ok" || is_status(outcome),
            Ordinary::Ends | Ordinary::Unknown => true,
        }
    }

    /// The outcomes without a way.
    fn undecided(&self, decided: &Outcomes) -> Vec<String> {
        match self {
            Ordinary::Listed(names) => names.iter().filter(|n| !decided.named.contains_key(*n)).cloned().collect(),
            Ordinary::Statuses if !decided.named.contains_key("ok") => vec!["ok".to_owned()],
            _ => Vec::new(),
        }
    }

    fn shown(&self) -> Vec<&str> {
        match self {
            Ordinary::Listed(names) => names.iter().map(String::as_str).collect(),
            Ordinary::Statuses => vec!["ok", "404", "4xx"],
            Ordinary::Ends | Ordinary::Unknown => Vec::new(),
        }
    }
}

/// `404`, `4xx`.
fn is_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 3 && (b'1'..=b'5').contains(&bytes[0]) && (&bytes[1..] == b"xx" || bytes[1..].iter().all(u8::is_ascii_digit))
}

impl Reader {
    /// What `go` of a state with a kind decides.
    pub(super) fn outcomes(&mut self, state: &Key, fields: &Fields<'_>, out: &WaysOut) -> (Outcomes, Troubles) {
        let (mut outcomes, mut troubles) = (Outcomes::default(), Troubles::default());
        let Some(go) = fields.entry("go") else {
            if !fields.refused && !fields.has("end") {
                let help = "add `go: NAME` with a state, or `go` with a way for each outcome";
                self.say_key(109, state, "This leads nowhere: add `go` or `end`", help);
            }
            return (outcomes, troubles);
        };
        let Tree::Map(entries) = &go.value.tree else {
            outcomes.other = self.target(&go.value, "go", out.asks);
            return (outcomes, troubles);
        };
        let (mut strange, mut otherwise) = (false, false);
        outcomes.named.reserve_exact(entries.len());
        for Entry { key, value } in entries {
            let name = &*key.text;
            if out.troubles.contains(&name) {
                self.trouble(&mut troubles, name, value, out.asks);
            } else if name == "else" {
                otherwise = true;
                outcomes.other = self.target(value, "else", out.asks);
            } else if !TROUBLES.contains(&name) && out.ordinary.takes(name) {
                // An outcome whose way is wrong is decided all the same, only not to anywhere.
                let target = self.target(value, name, out.asks).unwrap_or(Target::Ways(Vec::new()));
                outcomes.named.insert(name.to_owned(), target);
            } else {
                strange = true;
                self.strange_outcome(state, key, out);
            }
        }
        if !otherwise && !strange && !fields.refused {
            let lacking = out.ordinary.undecided(&outcomes);
            if let Some(first) = lacking.first() {
                let message = match lacking.as_slice() {
                    [only] => format!("The outcome `{only}` of `{}` is not decided", state.text),
                    several => {
                        let shown: Vec<String> = several.iter().map(|o| format!("`{o}`")).collect();
                        format!("The outcomes {} of `{}` are not decided", shown.join(", "), state.text)
                    }
                };
                let help = format!("add `{first}: NAME`, or `else: NAME` for all that are not named");
                self.say_key(116, &go.key, message, help);
            }
        }
        (outcomes, troubles)
    }

    fn strange_outcome(&mut self, state: &Key, key: &Key, out: &WaysOut) {
        let has: Vec<&str> = out.ordinary.shown().into_iter().chain(out.troubles.iter().copied()).collect();
        let shown: Vec<String> = has.iter().take(12).map(|n| format!("`{n}`")).collect();
        let more = if has.len() > 12 { ", …" } else { "" };
        let message = format!("`{}` has no outcome `{}`; it has {}{more}", state.text, key.text, shown.join(", "));
        let help = if ACTIONS.contains(&&*key.text) || ["go", "end", "do", "again"].contains(&&*key.text) {
            "a step in place stands under an outcome: `go: { else: { say: …, go: … } }`".to_owned()
        } else {
            match self.nearest(&key.text, has.iter().copied()) {
                Some(near) => format!("write `{near}`"),
                None => "leave it out, or use `else` for all that are not named".to_owned(),
            }
        };
        self.say_key(115, key, message, help);
    }

    fn trouble(&mut self, troubles: &mut Troubles, name: &str, value: &Node, asks: Asks) {
        // A message that could not be sent is not sent again, and what failed asks nothing.
        match name {
            "nomatch" => troubles.nomatch = self.target(value, name, asks),
            "silence" => troubles.silence = self.silence(value, asks),
            "undelivered" => troubles.undelivered = self.target(value, name, Asks::No("undelivered")),
            _ => troubles.failed = self.target(value, name, Asks::No("failed")),
        }
    }

    /// `silence`: a target with `after`; each of them may stand alone.
    fn silence(&mut self, node: &Node, asks: Asks) -> Option<Silence> {
        let Tree::Map(entries) = &node.tree else {
            let target = self.target(node, "silence", asks)?;
            return Some(Silence { after: None, target: Some(target) });
        };
        let only_after = entries.len() == 1 && entries[0].key.text == "after";
        let fields = self.fields(node, "silence", "{ after: 4h, end: silent }", &keys::SILENCE)?;
        let after = fields.get("after").and_then(|n| self.duration(n, "after"));
        let target = if only_after { None } else { self.step(&fields, asks) };
        Some(Silence { after, target })
    }

    /// `defaults`.
    pub(super) fn default_troubles(&mut self, node: &Node) -> Troubles {
        let mut troubles = Troubles::default();
        let Some(entries) = self.entries(node, "defaults", "{ silence: { after: 4h, end: silent } }") else { return troubles };
        for Entry { key, value } in entries {
            if keys::DEFAULTS.knows(&key.text) {
                self.trouble(&mut troubles, &key.text, value, Asks::Yes);
            } else {
                let message = format!("`{}` is not a key of `defaults`", key.text);
                let (message, help) = self.unknown(message, &key.text, &keys::DEFAULTS.names());
                self.say_key(101, key, message, help);
            }
        }
        troubles
    }
}
