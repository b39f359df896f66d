//! `replyflow key create|list|revoke`: on the database itself, also beside a running service.

use super::arguments::{Format, Key};
use super::{Project, Stop, style};
use crate::config::Secrets;
use crate::domain::api_key::KeyId;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::history::api_keys::{self, ApiKey};
use crate::history::audit::{self, Act};
use crate::history::{Database, HistoryError};
use crate::http::api::keys::Asked;
use serde_json::{Value as Json, json};

/// Who changes something here, for the audit.
const WHO: &str = "command line";
/// Keys that are fetched at once.
const PAGE: usize = 200;

pub(super) fn run(project: &Project, command: &Key) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    super::runtime()?.block_on(async {
        let record = Database::open(&settings.history).await.map_err(Stop::failed)?;
        match command {
            Key::Create { name, scopes, mode, expires, format } => {
                let asked = Asked::read(name, scopes.iter().map(String::as_str), Some(mode), expires.as_deref())
                    .map_err(|(field, reason)| Stop::Unasked(format!("{field}: {reason}"), None))?;
                create(&record, &asked, *format).await
            }
            Key::List { format } => list(&record, *format).await,
            Key::Revoke { id } => {
                let known = KeyId::parse(id).ok_or_else(|| {
                    let hint = "It is the third part of the key: rf_live_ID_…; `replyflow key list` shows it.";
                    Stop::Unasked(format!("`{id}` is not the id of a key"), Some(hint.to_owned()))
                })?;
                revoke(&record, known).await
            }
        }
    })
}

fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

fn act(action: &str, id: KeyId, detail: Json) -> Act {
    let (at, target) = (now(), Some(id.to_string()));
    Act { at, who: WHO.to_owned(), key: None, mode: Mode::Live, action: action.to_owned(), target, detail, request: None }
}

async fn create(record: &Database, asked: &Asked, format: Format) -> Result<(), Stop> {
    let (key, secret) = asked.draw(now(), WHO);
    let detail =
        json!({ "name": key.name, "scopes": key.scopes.words(), "mode": key.mode, "expires_at": key.expires_at.map(rfc3339) });
    let act = act("key.create", key.id, detail);
    record.write(vec![api_keys::insert(&key), audit::insert(&act, rand::random())]).await.map_err(Stop::failed)?;
    match format {
        Format::Json => {
            let mut shown = described(&key);
            shown["secret"] = secret.into();
            println!("{shown}");
        }
        // The key alone on what can be taken up by a shell; the rest beside it.
        Format::Text => {
            println!("{secret}");
            eprintln!("{}\nThis is shown once. Callers send it as `Authorization: Bearer {}…`.", line(&key), &secret[..8]);
        }
    }
    Ok(())
}

async fn list(record: &Database, format: Format) -> Result<(), Stop> {
    let keys = all(record).await.map_err(Stop::failed)?;
    match format {
        Format::Json => println!("{}", json!({ "keys": keys.iter().map(described).collect::<Vec<_>>() })),
        Format::Text if keys.is_empty() => println!("There are no keys. `replyflow key create NAME --scope …` makes one."),
        Format::Text => keys.iter().for_each(|key| println!("{}", line(key))),
    }
    Ok(())
}

async fn all(record: &Database) -> Result<Vec<ApiKey>, HistoryError> {
    let mut keys: Vec<ApiKey> = Vec::new();
    loop {
        let after = keys.last().map(|last| (last.created_at.0, last.id.to_string()));
        let page = api_keys::list(record, None, after.as_ref(), PAGE).await?;
        let is_last = page.len() < PAGE;
        keys.extend(page);
        if is_last {
            return Ok(keys);
        }
    }
}

async fn revoke(record: &Database, id: KeyId) -> Result<(), Stop> {
    let Some(key) = api_keys::find(record, id).await.map_err(Stop::failed)? else {
        return Err(Stop::with_hint(format!("there is no key {id}"), "`replyflow key list` shows all of them."));
    };
    if key.revoked_at.is_none() {
        let act = act("key.revoke", id, json!({}));
        record.write(vec![api_keys::revoke(id, now()), audit::insert(&act, rand::random())]).await.map_err(Stop::failed)?;
    }
    println!("{id} ({}) opens nothing any more", key.name);
    Ok(())
}

fn described(key: &ApiKey) -> Json {
    json!({
        "id": key.id.to_string(), "name": key.name, "mode": key.mode, "scopes": key.scopes.words(), "state": state(key),
        "created_at": rfc3339(key.created_at), "created_by": key.created_by, "expires_at": key.expires_at.map(rfc3339),
        "last_used_at": key.last_used_at.map(rfc3339), "revoked_at": key.revoked_at.map(rfc3339),
    })
}

fn state(key: &ApiKey) -> &'static str {
    match key.revoked_at {
        Some(_) => "revoked",
        None if key.opens(now()) => "active",
        None => "expired",
    }
}

fn line(key: &ApiKey) -> String {
    let until = key.expires_at.map_or_else(|| "no end".to_owned(), |end| format!("until {}", rfc3339(end)));
    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", rfc3339(at)));
    format!(
        "{}  {}  {} · {} · {until} · {used} · {}",
        style().paint("1", &key.id.to_string()),
        key.name,
        key.mode,
        state(key),
        key.scopes
    )
}
