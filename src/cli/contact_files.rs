//! `replyflow contacts import` and `export`: files of contacts, through the API of a running service.

use super::arguments::{ContactsExport, ContactsImport, FileFormat, Service};
use super::service_api::{Api, answer};
use super::{Project, Stop};
use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes that are read of a file at one time.
const PIECE: usize = 64 * 1024;
/// Rows that were refused which are shown.
const SHOWN: usize = 20;
/// What a key must be able to do.
const SCOPES: &str = "contacts:read,contacts:write";
/// How often it is tried again where the service cannot be reached.
const TRIES: u32 = 30;

/// What a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Contacts,
    Suppressions,
}

impl Kind {
    /// Where it is sent.
    fn path(self) -> &'static str {
        match self {
            Kind::Contacts => "/v1/imports",
            Kind::Suppressions => "/v1/suppressions/import",
        }
    }

    /// What a key must be able to do.
    fn scopes(self) -> &'static str {
        match self {
            Kind::Contacts => SCOPES,
            Kind::Suppressions => super::suppress::SCOPES,
        }
    }

    /// What the name of an import begins with: one file may be of both.
    fn beginning(self) -> &'static str {
        match self {
            Kind::Contacts => "file",
            Kind::Suppressions => "suppressions",
        }
    }
}

/// Sends a file to the service.
pub(super) async fn import(project: &Project, asked: &ContactsImport) -> Result<(), Stop> {
    import_of(project, Kind::Contacts, asked).await
}

/// The same of a file of this kind.
pub(super) async fn import_of(project: &Project, kind: Kind, asked: &ContactsImport) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), kind.scopes())?;
    let (_, report) = take_in(&api, kind, asked, |line| println!("{line}")).await?;
    told(&api, &report, asked).await
}

/// The name of the import of a file, whose contacts are there then. What becomes of its rows is said beside what else a command says.
pub(super) async fn imported(api: &Api, file: &Path, format: Option<FileFormat>, service: &Service) -> Result<String, Stop> {
    let (file, service) = (file.to_owned(), service.clone());
    let asked = ContactsImport { file, dry_run: false, format, ignore: Vec::new(), again: false, report: None, service };
    let (job, report) = take_in(api, Kind::Contacts, &asked, |line| eprintln!("{line}")).await?;
    eprintln!("{} rows: {} refused", report["rows"], report["refused"]);
    Ok(job)
}

/// Sends a file until it is taken in: the name of its import, and what became of it. One that was taken in before stays as it is.
async fn take_in(api: &Api, kind: Kind, asked: &ContactsImport, say: fn(&str)) -> Result<(String, Json), Stop> {
    let format = asked.format.or_else(|| by_ending(&asked.file)).ok_or_else(|| {
        Stop::Unasked(
            format!("{} ends neither in .csv nor in .jsonl", asked.file.display()),
            Some("say how it is written".to_owned()),
        )
    })?;
    let (job, bytes) = named(kind, &asked.file, asked.again)?;
    let path = format!("/v1/imports/{job}");
    if !asked.dry_run {
        match api.get(&path, &[]).await? {
            Some(known) if known["state"] == "done" => {
                let at = known["created_at"].as_str().unwrap_or("before");
                say(&format!("This file was imported already ({at}); --again imports it once more."));
                return Ok((job, known));
            }
            Some(known) => eprintln!("Going on after {} rows.", known["rows"]),
            None => {}
        }
    }
    let mut query = vec![("job", job.clone()), ("format", format.as_str().to_owned()), ("dry_run", asked.dry_run.to_string())];
    if !asked.ignore.is_empty() {
        query.push(("ignore", asked.ignore.join(",")));
    }
    for attempt in 0.. {
        let progress = Progress::new(bytes);
        let body = reqwest::Body::wrap_stream(pieces(File::open(&asked.file)?, Arc::clone(&progress.sent)));
        let request = api.request(Method::POST, kind.path(), &query)?.body(body);
        let response = progress.over(request.send()).await;
        match response {
            Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE || attempt >= TRIES => {
                return Ok((job, answer(response).await?));
            }
            Err(error) if attempt >= TRIES || asked.dry_run => return Err(api.unreachable(&error)),
            // It goes on where it was, under the same name.
            Ok(_) | Err(_) => {
                eprintln!("The service cannot be reached; trying again.");
                tokio::time::sleep(Duration::from_secs(1 + u64::from(attempt.min(4)))).await;
            }
        }
    }
    Err(Stop::failed("the file was not taken"))
}

/// What became of the file.
async fn told(api: &Api, report: &Json, asked: &ContactsImport) -> Result<(), Stop> {
    let would = if asked.dry_run { "would be " } else { "" };
    let count = |field: &str| report[field].as_i64().unwrap_or(0);
    let (created, changed, same, refused) = (count("created"), count("changed"), count("same"), count("refused"));
    println!(
        "{} rows: {created} {would}created, {changed} {would}changed, {same} the same, {refused} {would}refused",
        count("rows")
    );
    for problem in report["problems"].as_array().into_iter().flatten().take(SHOWN) {
        println!("  row {}: {} {}", problem["row"], text(&problem["field"]), text(&problem["reason"]));
    }
    if refused as usize > SHOWN {
        println!("  and {} more; --report FILE writes all", refused as usize - SHOWN);
    }
    if let Some(file) = &asked.report {
        written(api, text(&report["id"]), file).await?;
    }
    if refused > 0 { Err(Stop::Found) } else { Ok(()) }
}

/// Writes the rows that were refused.
async fn written(api: &Api, job: &str, file: &Path) -> Result<(), Stop> {
    let mut out = csv::Writer::from_path(file).map_err(|e| Stop::failed(format!("{}: {e}", file.display())))?;
    out.write_record(["row", "field", "reason"]).map_err(Stop::failed)?;
    let path = format!("/v1/imports/{job}/rows");
    let mut query = vec![("result", "refused".to_owned()), ("limit", "200".to_owned())];
    loop {
        let page = api.get(&path, &query).await?.unwrap_or_default();
        for row in page["items"].as_array().into_iter().flatten() {
            out.write_record([&row["row"].to_string(), text(&row["field"]), text(&row["reason"])]).map_err(Stop::failed)?;
        }
        query.truncate(2);
        match page["next"].as_str() {
            Some(next) => query.push(("cursor", next.to_owned())),
            None => break,
        }
    }
    out.flush()?;
    Ok(())
}

/// Takes contacts out of the service.
pub(super) async fn export(project: &Project, asked: &ContactsExport) -> Result<(), Stop> {
    let api = Api::new(project, asked.service.url.as_deref(), SCOPES)?;
    let mut query = vec![("format", asked.format.as_str().to_owned())];
    query.extend(asked.query.iter().map(|text| ("query", text.clone())));
    saved(&api, "/v1/contacts/export", &query, asked.output.as_deref()).await
}

/// Takes a file out of the service, as it comes.
pub(super) async fn saved(api: &Api, path: &str, query: &[(&str, String)], output: Option<&Path>) -> Result<(), Stop> {
    let response = api.request(Method::GET, path, query)?.send().await.map_err(|e| api.unreachable(&e))?;
    if !response.status().is_success() {
        return answer(response).await.map(drop);
    }
    let mut out: Box<dyn std::io::Write> = match output {
        Some(file) => Box::new(File::create(file).map_err(|e| Stop::failed(format!("{}: {e}", file.display())))?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece.map_err(|e| Stop::failed(format!("the export was cut off: {e}")))?)?;
    }
    out.flush()?;
    Ok(())
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or("")
}

fn by_ending(file: &Path) -> Option<FileFormat> {
    match file.extension()?.to_str()?.to_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(FileFormat::Csv),
        "jsonl" | "ndjson" => Some(FileFormat::Jsonl),
        _ => None,
    }
}

/// A name for the import of a file, by what is in it, and its size: the same file goes on where it was cut off.
fn named(kind: Kind, file: &Path, again: bool) -> Result<(String, u64), Stop> {
    let mut read = File::open(file).map_err(|e| Stop::Unasked(format!("{}: {e}", file.display()), None))?;
    let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        match read.read(&mut piece)? {
            0 => break,
            n => {
                hash.update(&piece[..n]);
                bytes += n as u64;
            }
        }
    }
    let fresh = if again { format!("-{:08x}", rand::random::<u32>()) } else { String::new() };
    Ok((format!("{}-{}{fresh}", kind.beginning(), hex::encode(&hash.finalize()[..12])), bytes))
}

/// A file in pieces; `sent` counts what was taken.
fn pieces(file: File, sent: Arc<AtomicU64>) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    futures_util::stream::unfold((file, sent), |(mut file, sent)| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece);
        match read {
            Ok(0) => None,
            Ok(n) => {
                sent.fetch_add(n as u64, Ordering::Relaxed);
                piece.truncate(n);
                Some((Ok(piece), (file, sent)))
            }
            Err(error) => Some((Err(error), (file, sent))),
        }
    })
}

/// How much of a file was taken, on a terminal.
struct Progress {
    sent: Arc<AtomicU64>,
    all: u64,
    shown: bool,
}

impl Progress {
    fn new(all: u64) -> Self {
        Progress { sent: Arc::default(), all: all.max(1), shown: std::io::stderr().is_terminal() }
    }

    async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                done = &mut work => {
                    if self.shown {
                        eprint!("\r\x1b[K");
                    }
                    return done;
                }
                _ = tick.tick() => if self.shown {
                    let sent = self.sent.load(Ordering::Relaxed);
                    eprint!("\r{:>3} % after {} s", sent.min(self.all) * 100 / self.all, begun.elapsed().as_secs());
                    let _ = std::io::stderr().flush();
                },
            }
        }
    }
}
