//! `replyflow broadcast` and `replyflow schedule`: through the API of a running service.

use super::arguments::{All, Brief, Broadcast, Format, NewBroadcast, NewSchedule, One, Schedule};
use super::service_api::{Api, answer};
use super::{Project, Stop, contact_files, style};
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

/// What a key must be able to do.
const SCOPES: &str = "broadcasts:read,broadcasts:write";
/// Items of a page.
const PAGE: usize = 200;

pub(super) fn broadcast(project: &Project, command: &Broadcast) -> Result<(), Stop> {
    super::runtime()?.block_on(async {
        match command {
            Broadcast::Create(new) => {
                let api = api(project, new.brief.service.url.as_deref())?;
                let body = wanted(&api, new).await?;
                // A request whose answer is lost can be sent again by hand: the same command makes another broadcast.
                let made = api.post("/v1/broadcasts", Some(&fresh()), &body).await?;
                told(new.brief.format, &made, |made| println!("{}", line(made)));
                Ok(())
            }
            Broadcast::DryRun(new) => {
                let api = api(project, new.brief.service.url.as_deref())?;
                let body = wanted(&api, new).await?;
                let forecast = api.post("/v1/broadcasts/dry-run", None, &body).await?;
                told(new.brief.format, &forecast, foretold);
                Ok(())
            }
            Broadcast::List(all) => list(project, "/v1/broadcasts", all, line).await,
            Broadcast::Show(one) => {
                let api = api(project, one.service.url.as_deref())?;
                let path = format!("/v1/broadcasts/{}", one.id);
                let found = api.get(&path, &[]).await?.ok_or_else(|| missing(&one.id))?;
                told(one.format, &found, progress);
                Ok(())
            }
            Broadcast::Pause(one) => act(project, "broadcasts", one, "pause", line).await,
            Broadcast::Resume(one) => act(project, "broadcasts", one, "resume", line).await,
            Broadcast::Cancel(one) => act(project, "broadcasts", one, "cancel", line).await,
        }
    })
}

pub(super) fn schedule(project: &Project, command: &Schedule) -> Result<(), Stop> {
    super::runtime()?.block_on(async {
        match command {
            Schedule::Create(new) => {
                let api = api(project, new.brief.service.url.as_deref())?;
                let body = repeated(&api, new).await?;
                let made = api.post("/v1/schedules", Some(&fresh()), &body).await?;
                told(new.brief.format, &made, |made| println!("{}", when(made)));
                Ok(())
            }
            Schedule::List(all) => list(project, "/v1/schedules", all, when).await,
            Schedule::Show(one) => {
                let api = api(project, one.service.url.as_deref())?;
                let path = format!("/v1/schedules/{}", one.id);
                let found = api.get(&path, &[]).await?.ok_or_else(|| missing(&one.id))?;
                told(one.format, &found, |found| println!("{}", when(found)));
                Ok(())
            }
            Schedule::Pause(one) => act(project, "schedules", one, "pause", when).await,
            Schedule::Resume(one) => act(project, "schedules", one, "resume", when).await,
            Schedule::Delete(one) => {
                let api = api(project, one.service.url.as_deref())?;
                let request = api.request(Method::DELETE, &format!("/v1/schedules/{}", one.id), &[])?;
                let response = request.send().await.map_err(|e| api.unreachable(&e))?;
                if response.status() == reqwest::StatusCode::NOT_FOUND {
                    return Err(missing(&one.id));
                }
                answer(response).await?;
                println!("{} is ended; its broadcasts stay", one.id);
                Ok(())
            }
        }
    })
}

fn api(project: &Project, url: Option<&str>) -> Result<Api, Stop> {
    Api::new(project, url, SCOPES)
}

fn fresh() -> String {
    format!("command-{:016x}", rand::random::<u64>())
}

fn missing(id: &str) -> Stop {
    Stop::with_hint(format!("there is no {id}"), "`replyflow broadcast list` and `replyflow schedule list` show what there is.")
}

/// The body of a request for a broadcast.
async fn wanted(api: &Api, new: &NewBroadcast) -> Result<Json, Stop> {
    let mut body = brief(api, &new.brief).await?;
    put(&mut body, "at", new.at.clone());
    put(&mut body, "morning", new.morning.clone());
    Ok(body.into())
}

/// The body of a request for a schedule.
async fn repeated(api: &Api, new: &NewSchedule) -> Result<Json, Stop> {
    let mut body = brief(api, &new.brief).await?;
    put(&mut body, "every", Some(new.every.clone()));
    put(&mut body, "on", (!new.on.is_empty()).then(|| new.on.clone()));
    put(&mut body, "day", new.day);
    put(&mut body, "at", Some(new.at.clone()));
    put(&mut body, "zone", new.zone.clone());
    Ok(body.into())
}

fn put(body: &mut Map<String, Json>, field: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        body.insert(field.to_owned(), value.into());
    }
}

async fn brief(api: &Api, brief: &Brief) -> Result<Map<String, Json>, Stop> {
    let mut body = Map::new();
    put(&mut body, "name", brief.name.clone());
    put(&mut body, "flow", brief.flow.clone());
    put(&mut body, "notification", brief.notification.clone());
    put(&mut body, "rate", brief.rate);
    put(&mut body, "holdout", brief.holdout);
    put(&mut body, "again", brief.again.clone());
    let with = brief.given.iter().map(|given| pair(given)).collect::<Result<Map<_, _>, _>>()?;
    put(&mut body, "with", (!with.is_empty()).then_some(with));
    if let Some(arms) = &brief.arms {
        let arms: Json =
            serde_json::from_str(arms).map_err(|error| Stop::Unasked(format!("--arms is not JSON: {error}"), None))?;
        put(&mut body, "arms", Some(arms));
    }
    let audience = match (&brief.query, &brief.file) {
        (Some(query), _) => json!({ "query": query }),
        (None, Some(file)) => {
            let job = contact_files::imported(api, file, brief.file_format, &brief.service).await?;
            json!({ "import": job })
        }
        (None, None) => json!({ "contacts": brief.contacts }),
    };
    put(&mut body, "audience", Some(audience));
    Ok(body)
}

/// `name=value`: a value that is JSON is what it says, all else is text.
fn pair(given: &str) -> Result<(String, Json), Stop> {
    let (name, value) = given.split_once('=').ok_or_else(|| Stop::Unasked(format!("`{given}` is not NAME=VALUE"), None))?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

async fn act(project: &Project, of: &str, one: &One, what: &str, line: fn(&Json) -> String) -> Result<(), Stop> {
    let api = api(project, one.service.url.as_deref())?;
    let path = format!("/v1/{of}/{}/{what}", one.id);
    let request = api.request(Method::POST, &path, &[])?;
    let response = request.send().await.map_err(|e| api.unreachable(&e))?;
    if response.status() == reqwest::StatusCode::NOT_FOUND {
        return Err(missing(&one.id));
    }
    let done = answer(response).await?;
    told(one.format, &done, |done| println!("{}", line(done)));
    Ok(())
}

async fn list(project: &Project, path: &str, all: &All, line: fn(&Json) -> String) -> Result<(), Stop> {
    let api = api(project, all.service.url.as_deref())?;
    let (mut items, mut cursor): (Vec<Json>, Option<String>) = (Vec::new(), None);
    while items.len() < all.limit {
        let mut query = vec![("limit", (all.limit - items.len()).clamp(1, PAGE).to_string())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = api.get(path, &query).await?.unwrap_or_default();
        items.extend(page["items"].as_array().cloned().unwrap_or_default());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    match all.format {
        Format::Json => println!("{}", json!({ "items": items })),
        Format::Text if items.is_empty() => println!("There are none."),
        Format::Text => items.iter().for_each(|item| println!("{}", line(item))),
    }
    Ok(())
}

fn told(format: Format, json: &Json, text: impl FnOnce(&Json)) {
    match format {
        Format::Json => println!("{json}"),
        Format::Text => text(json),
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or("")
}

fn count(json: &Json) -> i64 {
    json.as_i64().unwrap_or(0)
}

/// A broadcast in a line.
fn line(broadcast: &Json) -> String {
    let of = |field: &str| count(&broadcast[field]);
    let problem = broadcast["problem"].as_str().map(|problem| format!(" · {problem}")).unwrap_or_default();
    format!(
        "{}  {}  {} · begins {} · {} of {} handed over{problem}",
        style().paint("1", text(&broadcast["id"])),
        text(&broadcast["name"]),
        text(&broadcast["state"]),
        text(&broadcast["starts_at"]),
        of("fed"),
        of("total"),
    )
}

/// A broadcast and how far it is.
fn progress(whole: &Json) {
    println!("{}", line(&whole["broadcast"]));
    let tally = |name: &str, tally: &Json| {
        let n = |field: &str| count(&tally[field]);
        println!(
            "  {name}: {} began · {} wait · {} sent · {} delivered · {} read · {} failed · {} withdrawn · {} answered",
            n("began"),
            n("waiting"),
            n("sent"),
            n("delivered"),
            n("read"),
            n("failed"),
            n("withdrawn"),
            n("answered")
        );
    };
    tally("all", &whole["messages"]);
    for (arm, of) in whole["arms"].as_object().into_iter().flatten() {
        tally(arm, of);
    }
    for (reason, n) in whole["skipped"].as_object().into_iter().flatten() {
        println!("  passed over: {} {reason}", count(n));
    }
    if count(&whole["gone"]) > 0 {
        println!("  not there: {}", count(&whole["gone"]));
    }
}

/// What would become of a broadcast.
fn foretold(forecast: &Json) {
    let of = |field: &str| count(&forecast[field]);
    let seen = if forecast["complete"] == true { String::new() } else { format!("; {} of them were looked at", of("looked_at")) };
    println!("{} contacts{seen}: {} would get it, {} of them when nothing else is open", of("total"), of("gets"), of("waits"));
    for skipped in forecast["skipped"].as_array().into_iter().flatten() {
        println!("  passed over: {} {}", count(&skipped["contacts"]), text(&skipped["reason"]));
    }
    if of("gone") > 0 {
        println!("  not there: {}", of("gone"));
    }
    for (arm, n) in forecast["arms"].as_object().into_iter().flatten() {
        println!("  arm {arm}: {}", count(n));
    }
    for sent in forecast["messages"].as_array().into_iter().flatten() {
        let country = sent["country"].as_str().map(|country| format!(" to {country}")).unwrap_or_default();
        let price = match sent["price"].as_str() {
            Some(price) => format!(" at {price} {}", text(&sent["currency"])),
            None => String::new(),
        };
        println!(
            "  {}{country}: {} messages, {} segments{price}",
            text(&sent["channel"]),
            count(&sent["messages"]),
            count(&sent["segments"])
        );
    }
    for cost in forecast["cost"].as_array().into_iter().flatten() {
        println!("  cost: {} {}", text(&cost["amount"]), text(&cost["currency"]));
    }
    if let (Some(first), Some(last)) = (forecast["first_at"].as_str(), forecast["last_at"].as_str()) {
        println!("  from {first} to {last}");
    }
}

/// A schedule in a line.
fn when(schedule: &Json) -> String {
    let on = schedule["on"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let on = match (on.is_empty(), schedule["day"].as_i64()) {
        (false, _) => format!(" on {on}"),
        (true, Some(day)) => format!(" on day {day}"),
        (true, None) => String::new(),
    };
    let next = match schedule["next_at"].as_str() {
        Some(next) => format!("next {next}"),
        None => "paused".to_owned(),
    };
    format!(
        "{}  {}  every {}{on} at {} ({}) · {next}",
        style().paint("1", text(&schedule["id"])),
        text(&schedule["name"]),
        text(&schedule["every"]),
        text(&schedule["at"]),
        if schedule["zone"] == "contact" { "each contact's zone" } else { "the project's zone" },
    )
}
