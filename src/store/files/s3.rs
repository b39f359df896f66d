//! Files in a bucket of a store that speaks S3. Requests are signed in their query (`rusty-s3`); a file is one object, put at once with its length,
//! so it is there whole or not at all. It is written to a file of this machine first: its name is known only when all of it was seen.

use super::folder::{FolderStore, pieces};
use super::{FileError, FileStore, Pieces};
use crate::config::media::BucketSettings;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode};
use rusty_s3::actions::{ListObjectsV2, S3Action};
use rusty_s3::{Bucket, Credentials, UrlStyle};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fmt, io};
use url::Url;

/// A signed request is made at once: this long it may be on its way.
const SIGNED_FOR: Duration = Duration::from_secs(300);
/// Connecting at most.
const CONNECT: Duration = Duration::from_secs(5);
/// Between two pieces of an answer, and for every answer that is short.
const READ: Duration = Duration::from_secs(20);
/// What is read of an answer that says what went wrong, and of one page of a list (at most 1,000 names).
const SHORT: usize = 4 * 1024;
const PAGE: usize = 2 * 1024 * 1024;
/// The object that a probe writes.
const PROBE: &str = "replyflow-probe";

/// Files in a bucket.
pub struct S3Store {
    bucket: Bucket,
    credentials: Credentials,
    prefix: String,
    client: Client,
    workshop: FolderStore,
    folder: PathBuf,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "S3Store({}{})", self.bucket.base_url(), self.prefix)
    }
}

impl S3Store {
    /// Reaches this bucket. Files are written in `workshop` first; files that lie there from before are read there.
    pub fn new(settings: &BucketSettings, workshop: PathBuf) -> Result<Self, FileError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let style = if settings.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(settings.endpoint.clone(), style, settings.bucket.clone(), settings.region.clone());
        let bucket = bucket.map_err(|error| FileError::Refused(error.to_string()))?;
        let (key, secret) = (settings.access_key.expose(), settings.secret_key.expose());
        let credentials = match &settings.session_token {
            Some(token) => Credentials::new_with_token(key, secret, token.expose()),
            None => Credentials::new(key, secret),
        };
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT);
        let client = client.read_timeout(READ).user_agent(concat!("replyflow/", env!("CARGO_PKG_VERSION")));
        // Names below `localhost` are this machine (RFC 6761, 6.3), whether its resolver knows that or not.
        let client = match bucket.base_url().host_str().filter(|host| host.ends_with(".localhost")) {
            Some(host) => client.resolve(host, (Ipv4Addr::LOCALHOST, 0).into()),
            None => client,
        };
        let client = client.build();
        let client = client.map_err(|error| FileError::Refused(error.without_url().to_string()))?;
        let prefix = settings.prefix.clone();
        Ok(S3Store { bucket, credentials, prefix, client, workshop: FolderStore::new(workshop.clone()), folder: workshop })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn signed<'a>(&'a self, action: &impl S3Action<'a>) -> Url {
        action.sign(SIGNED_FOR)
    }

    async fn put(&self, name: &str, body: Body, length: u64, mime: &str, within: Duration) -> Result<(), FileError> {
        let key = self.key(name);
        let mut action = self.bucket.put_object(Some(&self.credentials), &key);
        action.headers_mut().insert("content-type", mime);
        let request = self.client.put(self.signed(&action)).timeout(within);
        let request = request.header(CONTENT_TYPE, mime).header(CONTENT_LENGTH, length).body(body);
        done(sent(request).await?).await.map(drop)
    }

    /// The size of a file that is in the bucket itself.
    async fn size_there(&self, name: &str) -> Result<Option<u64>, FileError> {
        let key = self.key(name);
        let action = self.bucket.head_object(Some(&self.credentials), &key);
        let answer = sent(self.client.head(self.signed(&action)).timeout(READ)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let length = |answer: &Response| answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        let answer = done(answer).await?;
        length(&answer).map(Some).ok_or_else(|| FileError::Away("it does not say how large a file is".to_owned()))
    }

    async fn delete(&self, key: &str) -> Result<(), FileError> {
        let action = self.bucket.delete_object(Some(&self.credentials), key);
        let answer = sent(self.client.delete(self.signed(&action)).timeout(READ)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        done(answer).await.map(drop)
    }

    /// One page of the names that begin so, with when they were written, and where the next begins.
    async fn page(&self, beginning: &str, from: Option<String>) -> Result<(Vec<Listed>, Option<String>), FileError> {
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        action.with_prefix(self.key(beginning));
        if let Some(from) = from {
            action.with_continuation_token(from);
        }
        let answer = sent(self.client.get(self.signed(&action)).timeout(READ)).await?;
        let body = text(done(answer).await?, PAGE).await?;
        let page = ListObjectsV2::parse_response(&body).map_err(|_| FileError::Away("its list cannot be read".to_owned()))?;
        let written = |at: Option<String>| at.and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(SystemTime::from);
        let listed = page.contents.into_iter().map(|one| Listed { key: one.key, written: written(one.last_modified) }).collect();
        Ok((listed, page.next_continuation_token))
    }
}

/// An object of a list.
struct Listed {
    key: String,
    written: Option<SystemTime>,
}

#[async_trait]
impl FileStore for S3Store {
    fn workshop(&self) -> &Path {
        &self.folder
    }

    async fn keep(&self, part: &Path, name: &str, mime: &str, within: Duration) -> Result<(), FileError> {
        let file = tokio::fs::File::open(part).await?;
        let length = file.metadata().await?.len();
        self.put(name, Body::wrap_stream(pieces(file, length)), length, mime, within).await?;
        tokio::fs::remove_file(part).await.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        Ok(())
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        match self.size_there(name).await? {
            None => self.workshop.size(name).await,
            there => Ok(there),
        }
    }

    async fn read(&self, name: &str, from: u64, length: u64) -> Result<Option<Pieces>, FileError> {
        if length == 0 {
            return Ok(self.size(name).await?.map(|_| -> Pieces { Box::pin(futures_util::stream::empty()) }));
        }
        let key = self.key(name);
        let action = self.bucket.get_object(Some(&self.credentials), &key);
        let part = format!("bytes={from}-{}", from + length - 1);
        let answer = sent(self.client.get(self.signed(&action)).header(RANGE, part)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return self.workshop.read(name, from, length).await;
        }
        let answer = done(answer).await?;
        // A store that does not know parts answers with all of it.
        if answer.status() != StatusCode::PARTIAL_CONTENT && from > 0 {
            return Err(FileError::Away("it does not give parts of files".to_owned()));
        }
        let piece = |piece: reqwest::Result<Bytes>| piece.map_err(|error| io::Error::other(error.without_url()));
        Ok(Some(Box::pin(answer.bytes_stream().map(piece))))
    }

    async fn delete_beginning(&self, beginning: &str, until: Option<SystemTime>) -> Result<u64, FileError> {
        let mut deleted = self.workshop.delete_beginning(beginning, until).await?;
        let mut from = None;
        loop {
            let (listed, next) = self.page(beginning, from).await?;
            for Listed { key, written } in listed {
                if until.is_some_and(|until| written.is_some_and(|written| written > until)) {
                    continue;
                }
                self.delete(&key).await?;
                deleted += 1;
            }
            if next.is_none() {
                return Ok(deleted);
            }
            from = next;
        }
    }

    async fn own_link(&self, name: &str, mime: &str, lasts: Duration) -> Result<Option<String>, FileError> {
        if self.size_there(name).await?.is_none() {
            return Ok(None);
        }
        let key = self.key(name);
        let mut action = self.bucket.get_object(Some(&self.credentials), &key);
        action.query_mut().insert("response-content-type", mime);
        action.query_mut().insert("response-content-disposition", format!("attachment; filename=\"{name}\""));
        Ok(Some(action.sign(lasts).into()))
    }

    async fn probe(&self) -> Result<String, FileError> {
        let bytes = Bytes::from_static(PROBE.as_bytes());
        self.put(PROBE, Body::from(bytes.clone()), bytes.len() as u64, "text/plain", READ).await?;
        let size = self.size(PROBE).await?;
        let listed = self.page(PROBE, None).await?.0;
        self.delete(&self.key(PROBE)).await?;
        if size != Some(bytes.len() as u64) || listed.is_empty() {
            return Err(FileError::Away("what was written was not there".to_owned()));
        }
        Ok(format!("{}{}", self.bucket.base_url(), self.prefix))
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, FileError> {
    // The URL holds the signature.
    request.send().await.map_err(|error| FileError::Away(cause(&error.without_url())))
}

/// The innermost reason: what is around it says only that a request failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The answer, if the store did what it was asked.
async fn done(answer: Response) -> Result<Response, FileError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = text(answer, SHORT).await.unwrap_or_default();
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    let why = format!("{} {code}", status.as_u16()).trim_end().to_owned();
    Err(match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => FileError::Away(why),
        status if status.is_client_error() || status.is_redirection() => FileError::Refused(why),
        _ => FileError::Away(why),
    })
}

async fn text(mut answer: Response, most: usize) -> Result<String, FileError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| FileError::Away(cause(&error.without_url())))? {
        if body.len() + piece.len() > most {
            return Err(FileError::Away("its answer is too long".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    String::from_utf8(body).map_err(|_| FileError::Away("its answer is no text".to_owned()))
}
