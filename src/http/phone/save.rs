//! A conversation on the page as the case of a test file: to read, to copy, and on the same machine to put beside its flow.

use super::{act, describe, desk, guard};
use crate::domain::name::Slug;
use crate::http::error::Failure;
use crate::http::web::Web;
use crate::testing::transcript::{About, Appended, Transcript, append, file_of};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Mutex;

/// Characters of a title.
const TITLE: usize = 120;
/// Files are read, changed and written one at a time.
static WRITING: Mutex<()> = Mutex::new(());

#[derive(Debug, Deserialize)]
struct Asked {
    number: String,
    flow: String,
    title: String,
}

struct Saved {
    transcript: Transcript,
    title: String,
    file: PathBuf,
}

/// `POST /phone/save`: `{number, flow, title}`; gives the YAML of a file with this case, and what could not be written down.
pub async fn save(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let saved = saved(&web, &request, payload).await?;
    let Appended { source, title, .. } = file_of(&saved.transcript, &saved.title);
    let name = saved.file.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(HttpResponse::Ok().json(json!({ "yaml": source, "title": title, "file": name, "lost": saved.transcript.lost })))
}

/// `POST /phone/add`: the same, put into the file of the flow's tests. Only for who sits at the machine.
pub async fn add(web: Data<Web>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    let saved = saved(&web, &request, payload).await?;
    if !guard::is_from_here(&request) || !describe::is_writable(&desk(&web)?.flows) {
        return Err(Failure::Refused);
    }
    let file = saved.file.display().to_string();
    let written = web.engine.spawn_blocking(move || write(&saved)).await.map_err(|_| Failure::Unavailable)?;
    let Appended { title, line, .. } = written.map_err(|reason| act::invalid("flow", reason))?;
    Ok(HttpResponse::Ok().json(json!({ "file": file, "title": title, "line": line })))
}

async fn saved(web: &Web, request: &HttpRequest, payload: Payload) -> Result<Saved, Failure> {
    let asked: Asked = act::read(web, request, payload).await?;
    let flow = Slug::parse(&asked.flow).map_err(|bad| act::invalid("flow", bad.reason))?;
    // Only the name of a flow that is there becomes part of a path.
    if web.core.versions().catalog().current(flow.as_str()).is_none() {
        return Err(act::invalid("flow", "there is none of this name"));
    }
    let title = asked.title.trim().to_owned();
    if title.is_empty() || title.chars().count() > TITLE || title.chars().any(char::is_control) {
        return Err(act::invalid("title", format!("is no line of 1 to {TITLE} characters")));
    }
    let person = guard::contact(web, &asked.number).await?;
    let heard = web.core.overheard(person.key, 0);
    let transcript = Transcript::of(heard.iter().map(|one| &*one.entry), &About::flow(flow.clone()));
    if transcript.is_empty() {
        return Err(act::invalid("number", "nothing was said yet"));
    }
    let file = desk(web)?.flows.join(format!("{flow}.test.yaml"));
    Ok(Saved { transcript, title, file })
}

/// The new file replaces the old one in one step: nobody reads half of it.
fn write(saved: &Saved) -> Result<Appended, String> {
    let _one_at_a_time = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = match std::fs::read_to_string(&saved.file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("its tests cannot be read: {}", error.kind())),
    };
    let appended = match before {
        Some(text) => append(&text, &saved.transcript, &saved.title).map_err(|error| error.to_string())?,
        None => file_of(&saved.transcript, &saved.title),
    };
    let fresh = saved.file.with_extension("yaml.new");
    let replaced = std::fs::write(&fresh, &appended.source).and_then(|()| std::fs::rename(&fresh, &saved.file));
    replaced.map_err(|error| format!("its tests cannot be written: {}", error.kind()))?;
    Ok(appended)
}
