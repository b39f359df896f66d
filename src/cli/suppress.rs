//! `replyflow suppress`: the suppression list, through the API of a running service.

use super::arguments::{Format, Suppress, SuppressAdd, SuppressExport, SuppressList, SuppressRemove};
use super::contact_files::{Kind, import_of, saved};
use super::service_api::{Api, answer};
use super::{Project, Stop, style};
use crate::domain::suppression::Withheld;
use reqwest::Method;
use serde_json::{Map, Value as Json};

/// What a key must be able to do.
pub(super) const SCOPES: &str = "suppressions:read,suppressions:write,contacts:read";
const PATH: &str = "/v1/suppressions";

pub(super) fn run(project: &Project, command: &Suppress) -> Result<(), Stop> {
    super::runtime()?.block_on(async {
        match command {
            Suppress::Add(asked) => add(project, asked).await,
            Suppress::Remove(asked) => remove(project, asked).await,
            Suppress::List(asked) => list(project, asked).await,
            Suppress::Import(asked) => import_of(project, Kind::Suppressions, asked).await,
            Suppress::Export(asked) => export(project, asked).await,
        }
    })
}

async fn add(project: &Project, asked: &SuppressAdd) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
    let mut body = Map::new();
    let given = [
        ("address", Some(&asked.address)),
        ("over", Some(&asked.over)),
        ("what", Some(&asked.what)),
        ("reason", Some(&asked.reason)),
        ("note", asked.note.as_ref()),
        ("until", asked.until.as_ref()),
    ];
    for (field, value) in given {
        if let Some(value) = value {
            body.insert(field.to_owned(), value.as_str().into());
        }
    }
    let entry = api.post(PATH, None, &Json::from(body)).await?;
    println!("{}", line(&entry));
    Ok(())
}

async fn remove(project: &Project, asked: &SuppressRemove) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
    let is_id = is_entry(&asked.address);
    let ids: Vec<String> = if is_id {
        vec![asked.address.clone()]
    } else {
        let mut query = vec![("address", asked.address.clone())];
        query.extend(asked.over.iter().map(|over| ("over", over.clone())));
        let page = api.get(PATH, &query).await?.unwrap_or_default();
        page["items"].as_array().into_iter().flatten().filter_map(|entry| Some(entry["id"].as_str()?.to_owned())).collect()
    };
    if ids.is_empty() {
        return Err(Stop::failed("the address is not on the suppression list"));
    }
    for id in ids {
        let response =
            api.request(Method::DELETE, &format!("{PATH}/{id}"), &[])?.send().await.map_err(|e| api.unreachable(&e))?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Err(Stop::failed(format!("there is no entry {id}")));
        }
        if !response.status().is_success() {
            return answer(response).await.map(drop);
        }
        println!("{id} is off the suppression list");
    }
    Ok(())
}

async fn list(project: &Project, asked: &SuppressList) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
    let mut query = vec![("limit", asked.limit.to_string())];
    query.extend(asked.address.iter().map(|address| ("address", address.clone())));
    query.extend(asked.reason.iter().map(|reason| ("reason", reason.clone())));
    let page = api.get(PATH, &query).await?.unwrap_or_default();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    match asked.format {
        Format::Json => println!("{page}"),
        Format::Text if items.is_empty() => println!("Nothing of that is on the suppression list."),
        Format::Text => items.iter().for_each(|entry| println!("{}", line(entry))),
    }
    Ok(())
}

async fn export(project: &Project, asked: &SuppressExport) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
    let mut query = vec![("format", asked.format.as_str().to_owned())];
    query.extend(asked.reason.iter().map(|reason| ("reason", reason.clone())));
    saved(&api, PATH, &query, asked.output.as_deref()).await
}

/// Whether this is the id of an entry, as the list shows it, and no address: a WhatsApp id has dots, too.
fn is_entry(text: &str) -> bool {
    !text.contains('@')
        && [Withheld::Everything, Withheld::Marketing].iter().any(|what| text.ends_with(&format!(".{}", what.as_str())))
}

fn line(entry: &Json) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or("").to_owned();
    let until = entry["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
    let note = entry["note"].as_str().map(|note| format!(" · {note}")).unwrap_or_default();
    let id = style().paint("1", &text("id"));
    format!("{id}  {} · {} by {}{until}{note}", text("reason"), text("at"), text("by"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_list_shows_is_an_entry_and_an_address_is_none() {
        for id in ["3q2-7wAAAAAAAAAAAAAAAA.all.everything", "3q2-7wAAAAAAAAAAAAAAAA.channel:main-sms.marketing"] {
            assert!(is_entry(id), "{id}");
        }
        for address in ["+447700900123", "US.ENT.11815799212886844830", "GB.1349", "ann@a.b.everything"] {
            assert!(!is_entry(address), "{address}");
        }
    }
}
