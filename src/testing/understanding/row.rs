//! Labelled replies: JSON lines, one file for each kind, named after it.

use serde::Deserialize;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// One labelled reply.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The language of the question.
    pub lang: String,
    /// When the reply was written, as an instant.
    #[serde(default = "now")]
    pub now: String,
    /// The contact's time zone.
    #[serde(default = "zone")]
    pub tz: String,
    /// The channel's country, ISO 3166 alpha-2.
    #[serde(default)]
    pub country: Option<String>,
    /// `sms`, `whatsapp` or `email`; matters for opt-out words.
    #[serde(default)]
    pub channel: Option<String>,
    /// What is expected, as `answer` of a flow with its texts rendered.
    pub answer: Json,
    /// What was written.
    pub reply: String,
    /// What it means; null if it must not be understood.
    #[serde(default)]
    pub expect: Json,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// Whether honest readers may differ: counted apart.
    #[serde(default)]
    pub hard: bool,
}

fn now() -> String {
    "2026-03-02T10:00:00Z".to_owned()
}

fn zone() -> String {
    "UTC".to_owned()
}

/// The replies of one folder, by kind.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The kinds in the order of their names, each with its rows.
    pub kinds: Vec<(String, Vec<Row>)>,
}

/// Why a corpus cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A folder or file.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A line.
    #[error("{0}:{1}: {2}")]
    Line(PathBuf, usize, serde_json::Error),
}

impl Corpus {
    /// Reads every `KIND.jsonl` of a folder.
    pub fn read(folder: &Path) -> Result<Self, CorpusError> {
        let failed = |error| CorpusError::File(folder.to_owned(), error);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(path);
            }
        }
        files.sort();
        let mut kinds = Vec::new();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|error| CorpusError::File(path.clone(), error))?;
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let read = |(at, line): (usize, &str)| {
                serde_json::from_str(line).map_err(|error| CorpusError::Line(path.clone(), at + 1, error))
            };
            let rows = lines.map(read).collect::<Result<Vec<Row>, _>>()?;
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            kinds.push((name, rows));
        }
        Ok(Corpus { kinds })
    }
}
