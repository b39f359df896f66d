//! `replyflow preview`: what one message would look like, through the API of a running service.

use super::arguments::{Format, Preview};
use super::service_api::Api;
use super::{Project, Stop, style};
use serde_json::{Map, Value as Json};

/// What a key must be able to do.
const SCOPES: &str = "contacts:read";

pub(super) fn run(project: &Project, asked: &Preview) -> Result<(), Stop> {
    super::runtime()?.block_on(async {
        let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
        let seen = api.post("/v1/messages/preview", None, &body(asked)?).await?;
        match asked.format {
            Format::Json => println!("{seen}"),
            Format::Text => shown(&seen),
        }
        Ok(())
    })
}

fn body(asked: &Preview) -> Result<Json, Stop> {
    let mut body = Map::new();
    let given = [
        ("notification", &asked.notification),
        ("text", &asked.text),
        ("contact", &asked.contact),
        ("language", &asked.language),
        ("country", &asked.country),
    ];
    for (field, value) in given {
        if let Some(value) = value {
            body.insert(field.to_owned(), value.as_str().into());
        }
    }
    if asked.marketing {
        body.insert("marketing".to_owned(), true.into());
    }
    if !asked.channels.is_empty() {
        body.insert("channels".to_owned(), asked.channels.clone().into());
    }
    let mut with = Map::new();
    for pair in &asked.with {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| Stop::Unasked(format!("--with {pair}: a value is NAME=VALUE"), None))?;
        with.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
    }
    if !with.is_empty() {
        body.insert("with".to_owned(), with.into());
    }
    Ok(body.into())
}

fn shown(seen: &Json) {
    for channel in seen["channels"].as_array().into_iter().flatten() {
        println!("{}", heading(channel));
        for message in channel["messages"].as_array().into_iter().flatten() {
            if let Some(subject) = message["subject"].as_str() {
                println!("  Subject: {subject}");
            }
            if let Some(template) = message["template"].as_str() {
                println!("  Approved template {template}, with:");
            }
            message["text"].as_str().unwrap_or("").lines().for_each(|line| println!("  {line}"));
            let sms = &message["sms"];
            if let (Some(by), true) = (sms["forced_by"].as_str(), sms["segments"] != sms["segments_without"]) {
                println!("  `{by}` makes it {} segments; without it and its like: {}", sms["segments"], sms["segments_without"]);
            }
        }
        if let Some(why) = channel["too_much"].as_str() {
            println!("  The provider would not take it: {why}");
        }
    }
}

fn heading(channel: &Json) -> String {
    let name = style().paint("1", channel["channel"].as_str().unwrap_or(""));
    let mut line = name;
    if channel["kind"] == "sms" && channel["messages"].as_array().is_some_and(|messages| !messages.is_empty()) {
        line.push_str(&format!(" · {} segments", channel["segments"]));
    }
    if let (Some(price), Some(currency)) = (channel["price"].as_str(), channel["currency"].as_str()) {
        line.push_str(&format!(" · {price} {currency}"));
    }
    let verdict = &channel["verdict"];
    let word = |field: &str| verdict[field].as_str();
    match (word("result"), word("reason"), word("at")) {
        (Some("sent"), ..) => line.push_str(" · would be sent"),
        (Some("held"), ..) => line.push_str(" · would wait until the channel is resumed"),
        (Some("later"), _, Some(at)) => line.push_str(&format!(" · would be sent from {at} on")),
        (Some("busy"), ..) => line.push_str(" · would wait until nothing else is open"),
        (Some("elsewhere"), ..) => line.push_str(" · does not go there"),
        (Some(_), Some(reason), _) => {
            line.push_str(&format!(" · refused: {}", word("detail").unwrap_or(reason)));
        }
        _ => {}
    }
    line
}
