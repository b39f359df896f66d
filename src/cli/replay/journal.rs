//! The lines of `replyflow journal export`, one entry after the other.

use crate::cli::Stop;
use crate::domain::journal::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a terminal is told how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// A journal while it is read.
pub(super) struct Journal {
    lines: Box<dyn BufRead>,
    line: String,
    number: usize,
    /// Bytes that were read, of how many.
    read: (u64, Option<u64>),
    /// When the terminal was told last, if there is one.
    told: Option<Instant>,
    /// Entries that were read.
    pub entries: usize,
    /// Entries that another release wrote and the journal's reader could not read.
    pub unreadable: usize,
}

impl Journal {
    pub(super) fn open(path: &Path) -> Result<Self, Stop> {
        let (lines, size): (Box<dyn BufRead>, _) = if path.as_os_str() == "-" {
            (Box::new(BufReader::new(std::io::stdin())), None)
        } else {
            let wrong = |e| {
                let hint = "Write it with: replyflow journal export > journal.jsonl";
                Stop::with_hint(format!("{}: {e}", path.display()), hint).into_unasked()
            };
            let file = File::open(path).map_err(wrong)?;
            let size = file.metadata().ok().map(|meta| meta.len());
            (Box::new(BufReader::with_capacity(1 << 16, file)), size)
        };
        let told = std::io::stderr().is_terminal().then(Instant::now);
        Ok(Journal { lines, line: String::new(), number: 0, read: (0, size), told, entries: 0, unreadable: 0 })
    }

    /// The next entry; nothing at the end.
    pub(super) fn next(&mut self, conversations: usize) -> Result<Option<Entry>, Stop> {
        loop {
            self.line.clear();
            let bytes = self.lines.read_line(&mut self.line).map_err(|e| self.wrong(&e.to_string()))?;
            self.read.0 += bytes as u64;
            self.number += 1;
            if bytes == 0 {
                self.tell(None);
                return Ok(None);
            }
            self.tell(Some(conversations));
            if self.line.trim().is_empty() {
                continue;
            }
            if let Ok(entry) = serde_json::from_str(&self.line) {
                self.entries += 1;
                return Ok(Some(entry));
            }
            let other: serde_json::Value = serde_json::from_str(&self.line).map_err(|e| self.wrong(&e.to_string()))?;
            match ["overflow", "unreadable", "events"].iter().any(|key| other.get(key).is_some()) {
                true => self.unreadable += 1,
                false => return Err(self.wrong("it has no events")),
            }
        }
    }

    fn wrong(&self, why: &str) -> Stop {
        let hint = "A journal is what `replyflow journal export` writes: one JSON object in each line.";
        Stop::with_hint(format!("line {} is no entry of a journal: {why}", self.number), hint).into_unasked()
    }

    /// How far it is, on a terminal; at the end the line is taken away.
    fn tell(&mut self, conversations: Option<usize>) {
        let Some(told) = &mut self.told else { return };
        let mut out = std::io::stderr();
        let _ = match (conversations, self.read) {
            (None, _) => write!(out, "\r\u{1b}[K"),
            (Some(_), _) if told.elapsed() < TOLD_EVERY => return,
            (Some(n), (read, Some(size))) if size > 0 => {
                write!(out, "\r\u{1b}[K{} %, {n} conversations", read.saturating_mul(100) / size)
            }
            (Some(n), _) => write!(out, "\r\u{1b}[K{} entries, {n} conversations", self.entries),
        };
        let _ = out.flush();
        *told = Instant::now();
    }
}
