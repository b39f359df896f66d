//! The API of a running service, as commands call it.

use super::{Project, Stop};
use crate::config::Secrets;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value as Json;
use std::time::Duration;

/// The API of a running service.
pub(super) struct Api {
    client: Client,
    base: String,
    key: String,
}

impl Api {
    /// The one that the project names, or the one at this address. `scopes` are what a key for the command may do.
    pub fn new(project: &Project, url: Option<&str>, scopes: &str) -> Result<Self, Stop> {
        let key = project.environment.get("REPLYFLOW_KEY").filter(|key| !key.is_empty()).cloned().ok_or_else(|| {
            let hint = format!("`replyflow key create NAME --scope {scopes}` makes one; put it into REPLYFLOW_KEY");
            Stop::Unasked("there is no key for the API".to_owned(), Some(hint))
        })?;
        let base = match url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", project.load(Secrets::Tolerated)?.server.listen),
        };
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build().map_err(Stop::failed)?;
        Ok(Api { client, base, key })
    }

    /// A request with the key.
    pub fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> Result<RequestBuilder, Stop> {
        let mut url =
            url::Url::parse(&format!("{}{path}", self.base)).map_err(|e| Stop::failed(format!("{}: {e}", self.base)))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.client.request(method, url).bearer_auth(&self.key))
    }

    /// What is there; nothing if there is no such thing.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Json>, Stop> {
        let response = self.request(Method::GET, path, query)?.send().await.map_err(|e| self.unreachable(&e))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(answer(response).await?))
    }

    /// Asks for something to be done. The same name makes it be done once, however often it is sent.
    pub async fn post(&self, path: &str, name: Option<&str>, body: &Json) -> Result<Json, Stop> {
        let mut request = self.request(Method::POST, path, &[])?.json(body);
        if let Some(name) = name {
            request = request.header("Idempotency-Key", name);
        }
        answer(request.send().await.map_err(|e| self.unreachable(&e))?).await
    }

    /// Nobody answers.
    pub fn unreachable(&self, error: &reqwest::Error) -> Stop {
        let hint = "start it with `replyflow serve`, or say with --url where it is";
        Stop::with_hint(format!("the service at {} cannot be reached: {error}", self.base), hint)
    }
}

/// The body of an answer, or what it says is wrong.
pub(super) async fn answer(response: Response) -> Result<Json, Stop> {
    let status = response.status();
    let json: Json = response.json().await.unwrap_or_default();
    if status.is_success() {
        return Ok(json);
    }
    let detail = json["detail"].as_str().unwrap_or("no reason was given");
    let field = json["field"].as_str().map(|field| format!("{field}: ")).unwrap_or_default();
    let what = format!("{field}{detail}");
    Err(match status {
        StatusCode::UNAUTHORIZED => Stop::with_hint("the service does not know the key in REPLYFLOW_KEY", "replyflow key list"),
        StatusCode::FORBIDDEN => Stop::failed(format!("the key may not do this: {detail}")),
        status if status.is_client_error() => Stop::Unasked(what, None),
        status => Stop::failed(format!("the service answered {status}: {what}")),
    })
}
