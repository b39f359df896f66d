//! Files as an answer. Each file of a message is fetched by an effect, whose result comes back as an input like that of a
//! call; the question stays open until it is there. Where several files are wanted, further ones that come within a short
//! time belong to the answer.

use super::answer::Heard;
use super::drive::{Next, Trouble};
use super::effect::{Effect, Fetch};
use super::fault::Fault;
use super::record::{File, Gathered, Question, Run};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::input::{CallOutcome, CallResult};
use crate::domain::journal::AlertLevel;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent, Media, MediaKind};
use crate::domain::value::Value;
use crate::flow::definition::FileType;
use crate::reply::Understood;

/// What a message is to a question for files.
pub(super) fn hear(question: &Question, types: &[FileType], message: &Inbound) -> Heard {
    let gathered = question.gathered.as_ref();
    if allowed(types, message).next().is_some() {
        return Heard::Files;
    }
    match gathered {
        // Whatever else comes says that there are no more, and is no wrong answer.
        Some(gathered) if gathered.is_fetching() => Heard::Part,
        Some(gathered) => Heard::answer(files_of(gathered), false, "no further file"),
        None if matches!(message.content, InboundContent::Media { .. }) => Heard::nothing("a file of another type"),
        None => Heard::nothing("no file"),
    }
}

/// The files of a message that may be an answer.
fn allowed<'m>(types: &[FileType], message: &'m Inbound) -> impl Iterator<Item = &'m Media> {
    let (kind, files): (Option<MediaKind>, &[Media]) = match &message.content {
        InboundContent::Media { kind, media } => (*kind, media),
        _ => (None, &[]),
    };
    // The provider's word for the message is that of its only file.
    let kind = kind.filter(|_| files.len() == 1);
    let files = files.iter().filter(|file| words(file) <= limits::FILE_WORDS);
    files.filter(move |file| types.is_empty() || types.iter().any(|t| is_of(file, kind, t)))
}

/// Bytes of what is said of a file: it is kept in the record.
fn words(file: &Media) -> usize {
    let texts = [&file.url, &file.id, &file.content_type, &file.filename];
    texts.into_iter().flatten().map(String::len).sum()
}

fn is_of(file: &Media, kind: Option<MediaKind>, wanted: &FileType) -> bool {
    let mime = file.content_type.as_deref().map(|t| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase());
    let parts = mime.as_deref().and_then(|mime| mime.split_once('/'));
    match wanted {
        FileType::Kind(wanted) => {
            let by_type = || parts.map(|(main, _)| kind_of(main));
            let by_name = || file.filename.as_deref().or(file.url.as_deref()).map(crate::template::kind_of);
            kind.or_else(by_type).or_else(by_name) == Some(*wanted)
        }
        FileType::Mime { main, sub } => parts.is_some_and(|(m, s)| m == main && sub.as_deref().is_none_or(|sub| sub == s)),
    }
}

/// Whether a file was kept as one of no type, and the question wants a type. Its sender had said another, or it would not have been fetched.
fn turned_out_otherwise(file: &Value, types: &[FileType]) -> bool {
    const UNKNOWN: &str = "application/octet-stream";
    let unknown = || Media { content_type: Some(UNKNOWN.to_owned()), ..Media::default() };
    let kept = if let Value::Map(file) = file { file.get("type").and_then(Value::as_text) } else { None };
    kept == Some(UNKNOWN) && !types.is_empty() && !types.iter().any(|wanted| is_of(&unknown(), None, wanted))
}

fn kind_of(main: &str) -> MediaKind {
    match main {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

fn files_of(gathered: &Gathered) -> Value {
    let there = gathered.files.iter().filter(|file| file.fetch.is_none());
    Value::List(there.map(|file| file.value.clone()).collect())
}

impl<'a> Turning<'a> {
    /// Takes the files of a message; a message without one says that there are no more.
    pub(super) fn gather_files(&mut self, run: &mut Run, message: &Inbound, types: &[FileType], max: usize) -> Result<(), Fault> {
        let taken = run.question().and_then(|question| question.gathered.as_ref());
        let (had, done) = taken.map_or((0, false), |gathered| (gathered.files.len(), gathered.done));
        let room = if done { 0 } else { max.saturating_sub(had) };
        let mut files = Vec::new();
        for media in allowed(types, message).take(room) {
            let fetch = Fetch { run: run.id, channel: message.channel.clone(), media: media.clone(), at: self.store_now() };
            let fetch = Some(self.effect(Effect::Fetch(Box::new(fetch)))?);
            files.push(File { fetch, value: super::reply::file(media) });
        }
        let now = self.now;
        let Some(question) = run.question_mut() else { return Ok(()) };
        let gathered = question.gathered.get_or_insert_with(Gathered::default);
        if files.is_empty() {
            gathered.done = true;
        } else {
            gathered.lost = now + limits::FETCH_LOST;
            gathered.until = now + limits::FILES_GATHER;
        }
        gathered.files.extend(files);
        gathered.done |= gathered.files.len() >= max;
        Ok(())
    }

    /// The result of fetching a file, if a question waits for it. One that was put aside keeps it until it is asked again.
    pub(super) fn fetched(&mut self, result: &CallResult) -> Result<bool, TurnError> {
        let waits = |file: &File| file.fetch == Some(result.effect);
        let gathered = |run: &Run| run.asked().and_then(|question| question.gathered.as_ref().map(|g| g.files.iter().any(waits)));
        let Some(place) = self.rec.runs.iter().position(|run| gathered(run) == Some(true)) else { return Ok(false) };
        let mut run = self.take(place);
        let why = match &result.outcome {
            CallOutcome::Answered { body, .. } => {
                self.note(Some(run.id), "a file was fetched");
                let files = run.asked_mut().and_then(|question| question.gathered.as_mut()).map(|g| &mut g.files);
                if let Some(file) = files.into_iter().flatten().find(|file| waits(file)) {
                    *file = File { fetch: None, value: body.clone() };
                }
                None
            }
            CallOutcome::Failed { why } => Some(why),
        };
        if let Some(why) = why {
            let say = format!("A file that a contact sent to `{}` could not be fetched: {why}", run.flow);
            self.note(Some(run.id), format!("a file could not be fetched: {why}"));
            self.alert(Some(run.id), say, AlertLevel::Warning);
            if let Some(gathered) = run.asked_mut().and_then(|question| question.gathered.as_mut()) {
                gathered.files.retain(|file| !waits(file));
            }
        }
        let now = self.now;
        let complete = run.question().and_then(|question| question.gathered.as_ref()).is_some_and(|gathered| {
            !gathered.is_fetching() && (gathered.done || gathered.files.is_empty() || gathered.until <= now)
        });
        if !complete {
            self.rec.runs.insert(place, run);
            return Ok(true);
        }
        match self.gathered(&mut run) {
            Ok(next) => self.drive(run, place, next)?,
            Err(fault) => self.faulted(run, fault)?,
        }
        Ok(true)
    }

    /// What came is the answer; files that were not fetched by now are not part of it.
    pub(super) fn answered_files(&self, run: &Run, mut gathered: Gathered, types: &[FileType]) -> Result<Next<'a>, Fault> {
        let lost = gathered.files.iter().filter(|file| file.fetch.is_some()).count();
        let all = gathered.files.len();
        gathered.files.retain(|file| file.fetch.is_some() || !turned_out_otherwise(&file.value, types));
        let other = all - gathered.files.len();
        let value = files_of(&gathered);
        let count = if let Value::List(files) = &value { files.len() } else { 0 };
        if count == 0 {
            let reason = if other > 0 { "a file that is not what it is said to be" } else { "no file could be fetched" };
            return Ok(Next::Trouble { trouble: Trouble::NoMatch, reason: reason.to_owned() });
        }
        let mut reason = format!("files: {count}");
        for (n, what) in [(lost, "not fetched"), (other, "not what they are said to be")] {
            if n > 0 {
                reason.push_str(&format!("; {what}: {n}"));
            }
        }
        self.answered(run, Understood { value, exact: true, reason })
    }
}
