//! What can be tried: the simulated channels, the languages, and how each flow begins.

use super::{desk, guard};
use crate::domain::value::Type;
use crate::flow::definition::{ContactTemplate, Flow, Kind, Origin, Start, Target, Trigger};
use crate::flow::expression::Expression;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// `GET /phone/project`
pub async fn project(web: Data<Web>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let desk = desk(&web)?;
    guard::may_look(&web, &request)?;
    let project = &web.core.world().project;
    let channels: Vec<Json> = project
        .channels
        .iter()
        .filter(|(_, channel)| channel.simulated)
        .map(|(name, channel)| json!({ "name": name.as_str(), "kind": channel.kind.as_str() }))
        .collect();
    let catalog = web.core.versions().catalog();
    let mut flows: Vec<_> = catalog.flows().cloned().collect();
    flows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut languages: Vec<String> = vec![project.language.to_string()];
    for language in flows.iter().flat_map(|flow| &flow.languages) {
        if !languages.iter().any(|known| known == language.as_str()) {
            languages.push(language.to_string());
        }
    }
    let reachable = |flow: &&std::sync::Arc<Flow>| {
        flow.channels.iter().any(|name| project.channels.get(name).is_some_and(|channel| channel.simulated))
    };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(json!({
        "country": project.country,
        "languages": languages,
        "channels": channels,
        "flows": flows.iter().filter(reachable).map(|flow| described(flow)).collect::<Vec<_>>(),
        "add": guard::is_from_here(&request) && is_writable(&desk.flows),
    })))
}

/// Whether tests can be added to the folder of flows.
pub(super) fn is_writable(folder: &std::path::Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|found| found.is_dir() && !found.permissions().readonly())
}

fn described(flow: &Flow) -> Json {
    let needs = flow.variables.iter().filter_map(|(name, variable)| match &variable.origin {
        Origin::Need { default } => {
            Some(json!({ "name": name.as_str(), "type": variable.kind.as_str(), "required": default.is_none() }))
        }
        Origin::Own(_) | Origin::Saved => None,
    });
    json!({
        "name": flow.name.as_str(),
        "title": flow.title,
        "channels": flow.channels.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "needs": needs.collect::<Vec<_>>(),
        "starts": flow.starts.iter().map(|start| begins(flow, start)).collect::<Vec<_>>(),
    })
}

fn begins(flow: &Flow, start: &Start) -> Json {
    let channels: Vec<&str> = start.channels.iter().map(|name| name.as_str()).collect();
    match &start.trigger {
        // What stands for anything is for the person to write.
        Trigger::Keyword(words) => json!({ "keywords": words, "channels": channels }),
        Trigger::AnyMessage => json!({ "any": true, "channels": channels }),
        Trigger::Event(name) => json!({ "event": name.as_str(), "fields": fields(flow, start) }),
        Trigger::Webhook(name) => json!({ "webhook": name.as_str() }),
    }
}

/// The fields of the event that a start reads, each with the type of what it is for.
fn fields(flow: &Flow, start: &Start) -> Vec<Json> {
    let mut found: BTreeMap<usize, (String, Type)> = BTreeMap::new();
    let mut see = |expression: &Expression, kind: Type| {
        for path in paths(expression.source()) {
            match found.values_mut().find(|(known, _)| *known == path) {
                Some((_, known)) if *known == Type::Any => *known = kind,
                Some(_) => {}
                None => {
                    found.insert(found.len(), (path, kind));
                }
            }
        }
    };
    if let Some(ContactTemplate { phone, email, id, name, language }) = &start.contact {
        for (template, kind) in
            [(phone, Type::Phone), (email, Type::Email), (id, Type::Text), (name, Type::Text), (language, Type::Text)]
        {
            template.iter().flat_map(|template| template.expressions()).for_each(|(_, expression)| see(expression, kind));
        }
    }
    start.key.iter().flat_map(|key| key.expressions()).for_each(|(_, expression)| see(expression, Type::Any));
    for (slot, template) in &start.with {
        let kind = flow.variables.get_index(slot.0.into()).map_or(Type::Any, |(_, variable)| variable.kind);
        template.expressions().for_each(|expression| see(expression, kind));
    }
    start.condition.iter().for_each(|expression| see(expression, Type::Any));
    let conditions = texts_compared(flow);
    found
        .into_values()
        .map(|(path, kind)| {
            let variable = start.with.iter().find(|(_, template)| {
                template.expressions().any(|expression| expression.source().trim() == format!("event.{path}"))
            });
            let name = variable.and_then(|(slot, _)| flow.variables.get_index(slot.0.into())).map(|(name, _)| name.as_str());
            let choices = name.and_then(|name| conditions.get(name)).cloned().unwrap_or_default();
            json!({ "path": path, "type": kind.as_str(), "choices": choices })
        })
        .collect()
}

/// `customer.id` of `event.customer.id`, wherever it stands in an expression.
fn paths(source: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find("event.") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + "event.".len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let path = rest[..end].trim_end_matches('.');
        if !path.is_empty() && !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            paths.push(path.to_owned());
        }
    }
    paths
}

/// The texts that a flow's conditions compare its variables with: what is worth trying.
fn texts_compared(flow: &Flow) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for state in flow.states.values() {
        let Kind::Pass(Target::Ways(ways)) = &state.kind else { continue };
        for source in ways.iter().filter_map(|way| way.condition.as_ref()).map(Expression::source) {
            let Some((name, text)) = source.split_once("==") else { continue };
            let text = text.trim();
            let quoted = text.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
            if let Some(text) = quoted.filter(|text| !text.contains(['"', '\''])) {
                found.entry(name.trim().to_owned()).or_default().push(text.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_expressions() {
        assert_eq!(paths("event.customer.id"), ["customer.id"]);
        assert_eq!(paths("event.a ?? 'x' ~ event.b_c"), ["a", "b_c"]);
        assert!(paths("my_event.a + events.b").is_empty());
    }
}
