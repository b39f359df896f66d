//! RF512: a section `[webhooks.signed.FLOW.NAME]` that is about no webhook. What was to be signed is then taken unsigned.

use super::nearest;
use crate::config::project::Project;
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Trigger};
use crate::flow::diagnostic::{At, Code, Diagnostic};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The file in which the sections stand.
const FILE: &str = "replyflow.toml";

/// Everything that is wrong with these sections. Of a flow whose file could not be read nothing is known.
pub(super) fn check(project: &Project, flows: &BTreeMap<Slug, Arc<Flow>>, unreadable: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for signed in &project.signed {
        let section = format!("[webhooks.signed.{}.{}]", signed.flow, signed.name);
        let flow = flows.values().find(|flow| flow.is_called(&signed.flow));
        let names: Vec<&str> = match flow {
            Some(flow) => flow.starts.iter().filter_map(|start| webhook(&start.trigger)).collect(),
            None if unreadable(signed.flow.as_str()) => continue,
            None => flows.keys().map(Slug::as_str).collect(),
        };
        let (what, wanted) = match flow {
            Some(_) if names.contains(&signed.name.as_str()) => continue,
            Some(flow) => (format!("the flow `{}` has no webhook `{}`", flow.name, signed.name), signed.name.as_str()),
            None => (format!("there is no flow `{}`", signed.flow), signed.flow.as_str()),
        };
        let help = match nearest(wanted, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give it the name of the flow and of the webhook under its `start`, or take the section away".to_owned(),
        };
        let at = At { line: signed.line, column: 1 };
        let (code, message, width) = (Code(512), format!("{section}: {what}"), section.chars().count() as u32);
        found.push(Diagnostic { code, file: FILE.into(), at, width, message, help: Some(help) });
    }
    found
}

fn webhook(trigger: &Trigger) -> Option<&str> {
    match trigger {
        Trigger::Webhook(name) => Some(name.as_str()),
        _ => None,
    }
}
