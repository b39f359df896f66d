//! `replyflow admin stuck`: what should have been begun long ago, as a running instance sees it.

use super::super::arguments::{Format, Stuck};
use super::super::service_api::Api;
use super::super::{Project, Stop, runtime, style};
use serde_json::Value as Json;

/// What a key must be able to do.
const SCOPES: &str = "operations:read";

pub(super) fn run(project: &Project, asked: &Stuck) -> Result<(), Stop> {
    runtime()?.block_on(async {
        let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
        let query = [("older", asked.older.clone()), ("limit", asked.limit.to_string())];
        let found = api.get("/v1/stuck", &query).await?.unwrap_or_default();
        let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
        match asked.format {
            Format::Json => println!("{found}"),
            Format::Text => {
                items.iter().for_each(say);
                if items.is_empty() {
                    println!("Nothing is overdue for longer than {}.", asked.older);
                }
            }
        }
        if items.is_empty() { Ok(()) } else { Err(Stop::Found) }
    })
}

fn say(item: &Json) {
    let text = |json: &Json| json.as_str().unwrap_or("?").to_owned();
    let (contact, since, head) = (text(&item["contact"]), text(&item["since"]), &item["head"]);
    let what = match head.is_null() {
        true => "its turn".to_owned(),
        false => format!(
            "{}: {} {}, {} begun, {} in the lane",
            text(&head["set"]),
            text(&head["kind"]),
            text(&head["about"]),
            head["attempts"],
            head["waiting"]
        ),
    };
    println!("{}  since {since}  {what}\n    {}", style().paint("1", &contact), words(&text(&item["why"])));
}

/// For people.
fn words(why: &str) -> &str {
    match why {
        "not_taken" => "Nobody has taken it: does an instance run that has room? /v1/status and /metrics say more.",
        "no_channel" => {
            "The instance that was asked has no such channel: another one may, or it was taken out of replyflow.toml."
        }
        "paused" => "The channel is paused: `replyflow channel resume`.",
        "flagged" => "The provider flagged the channel's number: broadcasts wait.",
        "provider_down" => "The channel's provider fails and is left alone for a while.",
        "day_used_up" => "The channel has sent what it may in a day.",
        "gives_way" => "A broadcast's message: it gets what conversations leave of the channel's rate.",
        "rate" => "The channel's rate is used up, or its provider said that we are too fast: it leaves in its turn.",
        "dies" => "Its turn was begun again and again and never ended: the log says why a process ended.",
        "newer_release" => "A newer release wrote its record: run that release.",
        other => other,
    }
}
