//! Pictures that the page sends: kept in memory for as long as there is room, so that a flow and the conversation have a URL.

use super::{desk, guard};
use crate::http::body;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Bytes, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// One picture, in bytes.
const PICTURE: usize = 5 * 1024 * 1024;
/// All of them together; the oldest go.
const ALL: usize = 32 * 1024 * 1024;

/// The types that are taken, each with how its bytes begin: nothing that a browser would run.
const TYPES: [(&str, &[u8]); 4] =
    [("image/png", b"\x89PNG\r\n"), ("image/jpeg", b"\xff\xd8\xff"), ("image/gif", b"GIF8"), ("image/webp", b"RIFF")];

/// The pictures on the desk.
#[derive(Debug, Default)]
pub struct Pictures(Mutex<VecDeque<(String, &'static str, Bytes)>>);

impl Pictures {
    fn keep(&self, kind: &'static str, bytes: Bytes) -> String {
        let id = format!("{:032x}", rand::random::<u128>());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back((id.clone(), kind, bytes));
        while all.iter().map(|(_, _, bytes)| bytes.len()).sum::<usize>() > ALL {
            all.pop_front();
        }
        id
    }

    fn find(&self, id: &str) -> Option<(&'static str, Bytes)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(known, ..)| known == id).map(|(_, kind, bytes)| (*kind, bytes.clone()))
    }
}

/// `POST /phone/pictures`: the bytes; gives `{url, type}`.
pub async fn put(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let body = body::read(&mut payload, PICTURE, &web.memory, web.request_timeout).await?;
    let desk = desk(&web)?;
    guard::may_act(&web, &request)?;
    let kind = TYPES.iter().find(|(_, begin)| body.starts_with(begin)).map(|(kind, _)| *kind);
    let kind = kind.ok_or_else(|| Failure::Invalid { field: "body", reason: "is no PNG, JPEG, GIF or WebP".to_owned() })?;
    let id = desk.pictures.keep(kind, Bytes::copy_from_slice(&body));
    let url = format!("{}/phone/pictures/{id}", web.public_url);
    Ok(HttpResponse::Ok().json(json!({ "url": url, "type": kind })))
}

/// `GET /phone/pictures/ID`: whoever has the name may have the picture, and nobody can guess one.
pub async fn get(web: Data<Web>, id: Path<String>) -> Result<HttpResponse, Failure> {
    let (kind, bytes) = desk(&web)?.pictures.find(&id).ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
        .insert_header(("Cache-Control", "private, max-age=86400, immutable"))
        .body(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_bounded_and_found_by_their_name_alone() {
        let pictures = Pictures::default();
        let ids: Vec<String> = (0..8).map(|_| pictures.keep("image/png", Bytes::from(vec![0; PICTURE]))).collect();
        assert!(pictures.find(&ids[0]).is_none(), "the oldest went");
        assert!(pictures.find(&ids[7]).is_some());
        assert!(pictures.find("").is_none());
        assert_eq!(ids[1].len(), 32);
    }
}
