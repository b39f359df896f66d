//! `replyflow admin drain`: an instance is taken out of work through its own API, and looked at until it is empty.

use super::super::arguments::{Drain, Format};
use super::super::service_api::Api;
use super::super::{Project, Stop, runtime};
use crate::domain::time::Span;
use serde_json::{Map, Value as Json};
use std::time::{Duration, Instant};

/// What a key must be able to do.
const SCOPES: &str = "operations:read,operations:write";
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(project: &Project, asked: &Drain) -> Result<(), Stop> {
    let wait = Span::parse(&asked.wait).filter(|wait| wait.0 >= 0);
    let wait =
        wait.ok_or_else(|| Stop::Unasked(format!("`{}` is no duration", asked.wait), Some("For example 30s or 5m.".to_owned())))?;
    runtime()?.block_on(async {
        let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
        if asked.resume {
            let instance = api.post("/v1/instance/resume", None, &Json::Object(Map::new())).await?;
            if instance["state"] != "working" {
                return Err(otherwise(asked, &instance, "it does not work again: it is being stopped"));
            }
            say(asked, &instance, "It works again.");
            return Ok(());
        }
        let mut body = Map::new();
        if let Some(reason) = &asked.reason {
            body.insert("reason".to_owned(), reason.as_str().into());
        }
        let mut instance = api.post("/v1/instance/drain", None, &Json::Object(body)).await?;
        let (begun, wait) = (Instant::now(), Duration::from_millis(wait.0.unsigned_abs()));
        while instance["state"] != "drained" && begun.elapsed() < wait {
            tokio::time::sleep(LOOK.min(wait)).await;
            instance = api.get("/v1/instance", &[]).await?.unwrap_or_default();
            if instance["state"] == "working" {
                let why = "it takes work again: it was restarted or resumed meanwhile, or --url leads to several instances";
                return Err(otherwise(asked, &instance, why));
            }
        }
        if instance["state"] == "drained" {
            say(asked, &instance, "It is empty: it may be stopped.");
            return Ok(());
        }
        let n = |what: &str| instance[what].as_u64().unwrap_or(0);
        let left = format!(
            "It takes no new work. In hand: contacts {}, messages, calls and reports {}, broadcasts {}.",
            n("contacts"),
            n("sends"),
            n("broadcasts")
        );
        say(asked, &instance, &left);
        Err(Stop::Found)
    })
}

/// It is not as it was asked to be.
fn otherwise(asked: &Drain, instance: &Json, why: &str) -> Stop {
    if asked.format == Format::Json {
        println!("{instance}");
    }
    Stop::failed(why)
}

fn say(asked: &Drain, instance: &Json, words: &str) {
    match asked.format {
        Format::Json => println!("{instance}"),
        Format::Text => println!("{words}"),
    }
}
