//! `/v1/keys`: who may call the API. A secret is shown once, to whoever made the key; only its hash is kept.

use super::{BODY, Done, Fields, Once, Page, Query, asked, audit, looked, recorded};
use crate::domain::api_key::{KeyId, ShownKey};
use crate::domain::mode::Mode;
use crate::domain::scope::{Scope, Scopes};
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::history::Database;
use crate::history::api_keys::{self, After, ApiKey};
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Characters of a key's name.
pub const NAME: usize = 100;
/// The longest that a key can be made for.
pub const LONGEST: Span = Span::days(3_660);

/// A key of the API, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Key {
    /// Its name for machines: the third part of the key.
    id: String,
    /// Its name for people.
    name: String,
    /// What it is for.
    mode: KeyMode,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// Whether it opens something now.
    state: KeyState,
    /// When it was made.
    created_at: String,
    /// Who made it: a key, or the command line.
    #[schema(required)]
    created_by: Option<String>,
    /// From when on it opens nothing.
    #[schema(required)]
    expires_at: Option<String>,
    /// When it was used last, to about a minute.
    #[schema(required)]
    last_used_at: Option<String>,
    /// When it was revoked.
    #[schema(required)]
    revoked_at: Option<String>,
}

/// Whether something is meant or tried.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyMode {
    /// It reaches people.
    Live,
    /// It never reaches a real provider.
    Test,
}

/// Whether a key opens something.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may do: no more than the key that makes it.
    #[schema(min_items = 1, max_items = 20, example = json!(["contacts:read", "events:write"]))]
    pub scopes: Vec<String>,
    /// What it is for; live if nothing is said.
    pub mode: Option<KeyMode>,
    /// How long it opens something, such as `90d`; if nothing is said, as long as the key that makes it.
    #[schema(example = "90d")]
    pub expires: Option<String>,
}

/// A key that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeKey {
    /// The key.
    key: Key,
    /// What callers show: it is said once, and null when the same request comes again.
    #[schema(required, example = "rf_live_4f1d0c2b3a495867_…")]
    secret: Option<String>,
}

impl Key {
    fn of(key: &ApiKey, now: Millis) -> Self {
        let state = match key.revoked_at {
            Some(_) => KeyState::Revoked,
            None if key.opens(now) => KeyState::Active,
            None => KeyState::Expired,
        };
        Key {
            id: key.id.to_string(),
            name: key.name.clone(),
            mode: if key.mode == Mode::Live { KeyMode::Live } else { KeyMode::Test },
            scopes: key.scopes.words(),
            state,
            created_at: rfc3339(key.created_at),
            created_by: key.created_by.clone(),
            expires_at: key.expires_at.map(rfc3339),
            last_used_at: key.last_used_at.map(rfc3339),
            revoked_at: key.revoked_at.map(rfc3339),
        }
    }
}

/// Which keys a caller sees: one for test sees those for test.
fn seen(caller: &Caller) -> Option<Mode> {
    (caller.mode == Mode::Test).then_some(Mode::Test)
}

/// The keys, the newest first
#[utoipa::path(get, path = "/v1/keys", tag = "Keys", operation_id = "list_keys", security(("key" = ["keys:write"])),
    params(("limit" = Option<u16>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = Page<Key>)))]
pub async fn list(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::KeysWrite).await?;
    let query = Query::read(&request, &["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor::<After>()?);
    let (record, mode) = (web.record.clone(), seen(&caller));
    let keys = recorded(&web, async move { api_keys::list(&record, mode, after.as_ref(), limit + 1).await }).await?;
    let now = web.core.store_now();
    let page = Page::cut(keys, limit, |key| (key.created_at.0, key.id.to_string()));
    Ok(HttpResponse::Ok().json(page.map(|key| Key::of(&key, now))))
}

/// One key
#[utoipa::path(get, path = "/v1/keys/{id}", tag = "Keys", operation_id = "get_key", security(("key" = ["keys:write"])),
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, description = "It", body = Key), (status = 404, description = "No such key")))]
pub async fn show(web: Data<Web>, id: Path<String>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::KeysWrite).await?;
    Query::read(&request, &[])?;
    let (record, id) = (web.record.clone(), id_of(&id)?);
    let key = recorded(&web, async move { api_keys::find(&record, id).await }).await?;
    let key = key.filter(|key| seen(&caller).is_none_or(|mode| key.mode == mode)).ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok().json(Key::of(&key, web.core.store_now())))
}

/// Make a key
///
/// It can do no more than the key that makes it and lasts no longer, and a key for test makes only keys for test.
#[utoipa::path(post, path = "/v1/keys", tag = "Keys", operation_id = "create_key", security(("key" = ["keys:write"])),
    request_body = NewKey,
    responses((status = 201, description = "It is made; its secret is not shown again", body = MadeKey)))]
pub async fn create(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::KeysWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let name = fields.needed("name", 4 * NAME, "what people call the key")?;
    let words = fields.texts("scopes", 64)?.ok_or_else(|| invalid("scopes", "is missing: what the key may do"))?;
    let mode = fields.text("mode", 16)?;
    let expires = fields.text("expires", 32)?;
    fields.finish()?;
    let now = web.core.store_now();
    let asked = Asked::read(&name, words.iter().map(String::as_str), mode.as_deref(), expires.as_deref())
        .map_err(|(field, reason)| invalid(field, reason))?;
    if caller.mode == Mode::Test && asked.mode == Mode::Live {
        return Err(invalid("mode", "a key for test makes only keys for test"));
    }
    if let Some(word) = caller.scopes.lacks(asked.scopes) {
        return Err(invalid("scopes", format!("a key gives only what it has itself, and yours has not `{word}`")));
    }
    let (mut key, secret) = asked.draw(now, &caller.holder());
    if let Some(ends) = caller.ends {
        if expires.is_some() && key.expires_at.is_some_and(|end| end > ends) {
            return Err(invalid(
                "expires",
                format!("a key makes none that lasts longer than itself, and yours ends at {}", rfc3339(ends)),
            ));
        }
        key.expires_at = Some(key.expires_at.map_or(ends, |end| end.min(ends)));
    }
    let detail =
        json!({ "name": key.name, "scopes": key.scopes.words(), "mode": key.mode, "expires_at": key.expires_at.map(rfc3339) });
    let act = audit::act(&web, &caller, "key.create", Some(key.id.to_string()), detail);
    let record = web.record.clone();
    let work = async move {
        let statements = vec![api_keys::insert(&key), crate::history::audit::insert(&act, rand::random())];
        record.write(statements).await.map_err(unwritten)?;
        let key = Key::of(&key, now);
        let made = MadeKey { key: key.clone(), secret: Some(secret) };
        Ok(Done::new(StatusCode::CREATED, made).again(MadeKey { key, secret: None }))
    };
    once.answer(&web, work).await
}

/// Revoke a key
///
/// It opens nothing any more, on every instance within seconds.
#[utoipa::path(post, path = "/v1/keys/{id}/revoke", tag = "Keys", operation_id = "revoke_key", security(("key" = ["keys:write"])),
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, description = "It is revoked", body = Key), (status = 404, description = "No such key")))]
pub async fn revoke(
    web: Data<Web>,
    id: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::KeysWrite, BODY).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    Fields::read(&body)?.finish()?;
    let id = id_of(&id)?;
    let now = web.core.store_now();
    let act = audit::act(&web, &caller, "key.revoke", Some(id.to_string()), json!({}));
    let (record, ring, mode) = (web.record.clone(), std::sync::Arc::clone(&web.ring), seen(&caller));
    let work = async move {
        let found = api_keys::find(&record, id).await.map_err(unwritten)?;
        let found = found.filter(|key| mode.is_none_or(|mode| key.mode == mode)).ok_or(Failure::NotFound)?;
        let key = if found.revoked_at.is_some() { found } else { end(&record, id, now, &act).await?.ok_or(Failure::NotFound)? };
        ring.forget(id);
        Ok(Done::new(StatusCode::OK, Key::of(&key, now)))
    };
    once.answer(&web, work).await
}

async fn end(record: &Database, id: KeyId, now: Millis, act: &crate::history::audit::Act) -> Result<Option<ApiKey>, Failure> {
    let statements = vec![api_keys::revoke(id, now), crate::history::audit::insert(act, rand::random())];
    record.write(statements).await.map_err(unwritten)?;
    api_keys::find(record, id).await.map_err(unwritten)
}

/// A key as somebody asks for it, on the command line or by the API.
#[derive(Debug)]
pub struct Asked {
    name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// What it is for.
    pub mode: Mode,
    lasts: Option<Span>,
}

impl Asked {
    /// Reads what is asked for; says which field is wrong and why.
    pub fn read<'t>(
        name: &str,
        words: impl Iterator<Item = &'t str>,
        mode: Option<&str>,
        expires: Option<&str>,
    ) -> Result<Self, (&'static str, String)> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(("name", format!("is not a line of 1 to {NAME} characters")));
        }
        let mut scopes = Scopes::NONE;
        for word in words {
            let Some(one) = Scopes::word(word) else {
                let all = Scope::ALL.map(Scope::as_str).join(", ");
                let shown: String = word.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(("scopes", format!("`{shown}` is no scope; there are {all}, and admin for all of them")));
            };
            scopes = scopes.with(one);
        }
        if scopes.is_empty() {
            return Err(("scopes", "names nothing that the key may do".to_owned()));
        }
        let mode = match mode {
            None => Mode::Live,
            Some(text) => Mode::parse(text).ok_or_else(|| ("mode", "is neither live nor test".to_owned()))?,
        };
        let lasts = match expires {
            None => None,
            Some(text) => {
                let span = Span::parse(text).filter(|span| (Span::minutes(1)..=LONGEST).contains(span));
                Some(span.ok_or_else(|| ("expires", "is not a duration from 1m to ten years, for example 90d".to_owned()))?)
            }
        };
        Ok(Asked { name: name.to_owned(), scopes, mode, lasts })
    }

    /// Makes the key from chance: what is kept, and what callers show.
    pub fn draw(&self, now: Millis, by: &str) -> (ApiKey, String) {
        let id = KeyId::of(rand::random());
        let (secret, hash) = ShownKey::draw(self.mode, id, rand::random());
        let key = ApiKey {
            id,
            name: self.name.clone(),
            hash,
            scopes: self.scopes,
            mode: self.mode,
            created_at: now,
            created_by: Some(by.to_owned()),
            expires_at: self.lasts.map(|span| now + span),
            last_used_at: None,
            revoked_at: None,
        };
        (key, secret)
    }
}

fn id_of(text: &str) -> Result<KeyId, Failure> {
    KeyId::parse(text).ok_or_else(|| invalid("id", "is not the id of a key: 16 hexadecimal digits"))
}

fn unwritten(error: crate::history::HistoryError) -> Failure {
    tracing::error!(%error, "a key could not be written");
    Failure::Unavailable
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_with_a_name_scopes_and_a_time() {
        let read = |name: &str, words: &[&str], mode, expires| Asked::read(name, words.iter().copied(), mode, expires);
        let asked = read(" crm ", &["events:write", "contacts:read"], Some("test"), Some("90d")).expect("asked");
        let (key, secret) = asked.draw(Millis(5), "command line");
        assert_eq!((key.name.as_str(), key.mode, key.expires_at), ("crm", Mode::Test, Some(Millis(5) + Span::days(90))));
        let shown = ShownKey::parse(&secret).expect("a key");
        assert_eq!((shown.id, shown.hash, shown.mode), (key.id, key.hash, Mode::Test));
        for (name, words, mode, expires, field) in [
            ("", &["admin"][..], None, None, "name"),
            ("a\nb", &["admin"], None, None, "name"),
            ("a", &[], None, None, "scopes"),
            ("a", &["contacts"], None, None, "scopes"),
            ("a", &["admin"], Some("prod"), None, "mode"),
            ("a", &["admin"], None, Some("soon"), "expires"),
            ("a", &["admin"], None, Some("1s"), "expires"),
        ] {
            assert_eq!(read(name, words, mode, expires).expect_err(field).0, field);
        }
        assert!(read(&"n".repeat(NAME + 1), &["admin"], None, None).is_err());
    }
}
