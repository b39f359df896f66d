//! A file of rows as it streams in, and who works on its rows: contacts, or entries of the suppression list.

use super::batch::Stopped;
use super::rows::{Format, Rows, TooLong, fields, without_mark};
use crate::domain::limits::{IMPORT_BYTES, IMPORT_ROW_BYTES, IMPORT_ROWS};
use crate::http::error::Failure;
use crate::http::person::unfit;
use crate::http::web::Web;
use actix_web::web::Payload;
use bytes::Bytes;
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;

/// What comes of a file: a row with its number and the hash of what it says, or its end.
pub enum Came<R> {
    /// A row, if it can be read.
    Row(i64, i64, Result<R, Failure>),
    /// The end, after so many rows.
    End(i64),
}

/// Works on the rows of a file.
pub trait Taker: Send + 'static {
    /// A row.
    type Row: Send + 'static;
    /// Takes a row. It may wait until there are enough.
    fn take(&mut self, n: i64, mark: i64, row: Result<Self::Row, Failure>) -> impl Future<Output = Result<(), Stopped>> + Send;
    /// Does what waits: the file was cut off.
    fn work(&mut self) -> impl Future<Output = Result<(), Stopped>> + Send;
    /// The file is at its end, after so many rows.
    fn end(&mut self, rows: i64) -> impl Future<Output = Result<(), Stopped>> + Send;
}

/// A row as it stands in the file.
pub enum Said {
    /// The cells of a row of CSV.
    Cells(Vec<String>),
    /// A line of JSON.
    Line(Bytes),
}

/// The file as it comes in.
pub struct File<'a> {
    web: &'a Web,
    payload: &'a mut Payload,
    format: Format,
    rows: Rows,
    bytes: usize,
    /// What each row is hashed behind: the line of names, and what is left out.
    seed: Sha256,
}

impl<'a> File<'a> {
    /// Nothing of it is read yet.
    pub fn new(web: &'a Web, payload: &'a mut Payload, format: Format) -> Self {
        File { web, payload, format, rows: Rows::new(format), bytes: 0, seed: Sha256::new() }
    }

    /// What its rows are of: the same rows of something else are another file.
    pub fn of(mut self, what: &str) -> Self {
        self.seed.update(what);
        self
    }

    /// The next row that is not empty.
    async fn next(&mut self) -> Result<Option<Result<Bytes, TooLong>>, Failure> {
        loop {
            while let Some(row) = self.rows.next() {
                if row.as_ref().is_ok_and(|row| row.iter().all(u8::is_ascii_whitespace)) {
                    continue;
                }
                return Ok(Some(row));
            }
            match timeout(self.web.request_timeout, self.payload.next()).await {
                Err(_) => return Err(Failure::Slow),
                Ok(Some(Err(_))) => return Err(Failure::Malformed("the body was cut off")),
                Ok(None) => return Ok(self.rows.rest()),
                Ok(Some(Ok(chunk))) => {
                    self.bytes += chunk.len();
                    if self.bytes > IMPORT_BYTES {
                        return Err(Failure::TooLarge { limit: IMPORT_BYTES });
                    }
                    self.rows.push(&chunk);
                }
            }
        }
    }

    /// The line of names of a file of CSV.
    pub async fn names(&mut self, ignored: &[&str]) -> Result<Vec<String>, Failure> {
        let first =
            self.next().await?.ok_or_else(|| unfit("header", "is missing: the first line has the names of the columns"))?;
        let first = without_mark(first.map_err(|TooLong| unfit("header", "is too long"))?);
        self.rows.divided_as(&first);
        self.seed.update(&first);
        self.seed.update(ignored.join(","));
        fields(&first, self.rows.delimiter()).ok_or_else(|| unfit("header", "is not text in UTF-8"))
    }

    /// What a row says, in eight bytes.
    fn mark(&self, row: &[u8]) -> i64 {
        let hash = self.seed.clone().chain_update(b"\n").chain_update(row).finalize();
        hash.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
    }

    /// Hands over every row, read by this function.
    pub async fn send<R>(&mut self, read: impl Fn(Said) -> Result<R, Failure>, to: &Sender<Came<R>>) -> Result<(), Failure> {
        let mut n = 0i64;
        while let Some(row) = self.next().await? {
            n += 1;
            if n > IMPORT_ROWS {
                return Err(unfit("row", format!("is the last that is taken: one import has at most {IMPORT_ROWS} rows")));
            }
            let mark = self.mark(row.as_deref().unwrap_or_default());
            let said = match row {
                Err(TooLong) if self.format == Format::Csv => {
                    return Err(unfit(
                        format!("row {n}"),
                        format!("is longer than {IMPORT_ROW_BYTES} bytes: a quote may not be closed"),
                    ));
                }
                Err(TooLong) => Err(unfit("row", format!("is longer than {IMPORT_ROW_BYTES} bytes"))),
                Ok(bytes) => match self.format {
                    Format::Csv => match fields(&bytes, self.rows.delimiter()) {
                        Some(cells) => read(Said::Cells(cells)),
                        None => Err(unfit("row", "is not text in UTF-8")),
                    },
                    Format::JsonLines => read(Said::Line(without_mark(bytes))),
                },
            };
            // Who works on them has stopped: it says why.
            if to.send(Came::Row(n, mark, said)).await.is_err() {
                return Ok(());
            }
        }
        let _ = to.send(Came::End(n)).await;
        Ok(())
    }
}

/// Works on what comes until the file is at its end, or was cut off: what came of it is done then.
pub async fn worked<T: Taker>(mut taker: T, mut came: Receiver<Came<T::Row>>) -> Result<(), Stopped> {
    while let Some(came) = came.recv().await {
        match came {
            Came::Row(n, mark, row) => taker.take(n, mark, row).await?,
            Came::End(rows) => return taker.end(rows).await,
        }
    }
    taker.work().await
}

/// Reads what nobody wants, so that the caller can read the answer.
pub async fn drain(web: &Web, payload: &mut Payload) -> Result<(), Failure> {
    let mut bytes = 0usize;
    while let Ok(Some(Ok(chunk))) = timeout(web.request_timeout.min(Duration::from_secs(10)), payload.next()).await {
        bytes += chunk.len();
        if bytes > IMPORT_BYTES {
            return Err(Failure::TooLarge { limit: IMPORT_BYTES });
        }
    }
    Ok(())
}
