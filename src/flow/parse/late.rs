//! `late`: what a flow does about a reply to a question that is no longer open.

use super::Reader;
use crate::domain::limits;
use crate::flow::definition::{Late, LateTarget};
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};

const KIND: &str = "`inbox`, `ignore` or a target";

impl Reader {
    pub(super) fn late(&mut self, node: &Node) -> Option<Late> {
        match &node.tree {
            Tree::Scalar(scalar) => match &*scalar.text {
                "inbox" => Some(Late::Inbox),
                "ignore" => Some(Late::Ignore),
                other if self.states.contains_key(other) => {
                    let go = self.state_id(node, "late")?;
                    Some(Late::Target(LateTarget { within: limits::LATE_FOR, actions: Vec::new(), go: Some(go) }))
                }
                _ => {
                    self.must_be(node, "late", KIND, "inbox");
                    None
                }
            },
            Tree::Map(_) => self.late_target(node),
            Tree::List(_) => {
                self.must_be(node, "late", KIND, "{ for: 3d, go: offer_link }");
                None
            }
            Tree::Broken => None,
        }
    }

    fn late_target(&mut self, node: &Node) -> Option<Late> {
        let fields = self.fields(node, "late", "{ for: 3d, go: offer_link }", &keys::LATE)?;
        let within = fields.get("for").and_then(|n| {
            let span = self.duration(n, "for")?;
            if span.0 == 0 || span > limits::LATE_FOR_MAX {
                self.must_be(n, "for", &format!("a duration of at most {}", limits::LATE_FOR_MAX), "3d");
                return None;
            }
            Some(span)
        });
        let actions = self.actions(&fields);
        let go = fields.get("go").map(|n| self.state_id(n, "go"));
        if go.is_none() && actions.is_empty() && !fields.refused {
            let help = "add `go: NAME` with a state, `say: …`, or write `late: ignore`";
            self.say(109, node.at, node.width, "This leads nowhere: add `go` or something to say", help);
            return None;
        }
        Some(Late::Target(LateTarget { within: within.unwrap_or(limits::LATE_FOR), actions, go: go.flatten() }))
    }
}
