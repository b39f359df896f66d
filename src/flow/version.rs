//! What a published version is made of: the flow's file and the files of the notifications that it names, with the pages
//! beside them, byte for byte.
//! It is stored as JSON and rebuilt from the store without the folder that it came from.

use super::definition::{Flow, Notification};
use super::diagnostic::{Code, Diagnostic, Severity};
use super::parse::{MentionKind, Pages, ParseContext, Reading, read_flow, read_notification};
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The content of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The version of this format.
    format: u8,
    /// The flow's name.
    name: Slug,
    /// The flow's file.
    flow: String,
    /// The files of the notifications that it names.
    notifications: BTreeMap<Slug, String>,
    /// The HTML files that those notifications name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pages: BTreeMap<String, String>,
}

/// Why stored content is no version.
#[derive(Debug, thiserror::Error)]
pub enum BadVersion {
    /// It is not what `encode` writes.
    #[error("the stored version cannot be read")]
    Encoding(#[from] serde_json::Error),
    /// It was written by a newer Replyflow.
    #[error("the stored version has the format {0}, newer than this Replyflow knows")]
    Newer(u8),
    /// Its files are refused. A published version was accepted once, so this Replyflow reads something differently.
    #[error("the stored version of the flow `{name}` is refused: {first}")]
    Refused {
        /// The flow.
        name: Slug,
        /// The first mistake.
        first: String,
        /// All of them.
        diagnostics: Vec<Diagnostic>,
    },
}

/// A flow with notifications.
const FORMAT: u8 = 1;
/// The same with pages, which what knew only the first cannot read. A version without pages stays what it was.
const WITH_PAGES: u8 = 2;

/// A file that was read from a folder or a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name as people know it.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

/// A flow that was put together from its files.
#[derive(Debug)]
pub struct Assembled {
    /// The flow; `None` where a diagnostic is an error.
    pub flow: Option<Arc<Flow>>,
    /// Its content; `None` where `flow` is.
    pub version: Option<Version>,
    /// All mistakes of the flow's file, then of each notification's, each in its order.
    pub diagnostics: Vec<Diagnostic>,
    /// What the checks of names and types work on.
    pub reading: Reading<Flow>,
    /// The same for each notification that it names.
    pub notifications: BTreeMap<Slug, Reading<Notification>>,
}

/// Puts a flow together with the notifications that it names. A notification that it names and that does not exist is RF411.
/// `pages` are the HTML files beside the notifications.
pub fn assemble(
    flow: &SourceFile,
    notifications: &BTreeMap<Slug, SourceFile>,
    pages: &Pages,
    context: &ParseContext,
) -> Assembled {
    let mut reading = read_flow(&flow.text, &flow.file, context);
    let context = ParseContext {
        languages: reading.partial.as_ref().map_or_else(|| context.languages.clone(), |f| f.languages.clone()),
        channels: context.channels.clone(),
    };
    let mut diagnostics = Vec::new();
    let mut read: BTreeMap<Slug, Reading<Notification>> = BTreeMap::new();
    let mut sources = BTreeMap::new();
    let mut lacking = Vec::new();
    for mention in reading.mentions.iter().filter(|m| m.kind == MentionKind::Notification) {
        let Ok(name) = Slug::parse(&mention.name) else { continue };
        if read.contains_key(&name) {
            continue;
        }
        let Some(source) = notifications.get(&name) else {
            lacking.push(Diagnostic {
                code: Code(411),
                file: flow.file.as_str().into(),
                at: mention.at,
                width: mention.width,
                message: format!("There is no notification `{name}`"),
                help: Some(format!("write it as `templates/{name}.yaml`, or name one that exists")),
            });
            continue;
        };
        let notification = read_notification(&source.text, &source.file, &context, pages);
        diagnostics.extend(notification.diagnostics.iter().cloned());
        sources.insert(name.clone(), source.text.clone());
        read.insert(name, notification);
    }
    reading.diagnostics.extend(lacking);
    reading.diagnostics.sort_by_key(|d| d.at);
    let broken = reading.has_errors() || read.values().any(Reading::has_errors);
    diagnostics.splice(0..0, reading.diagnostics.iter().cloned());
    let mut version = None;
    // Nobody else has the flow yet, so nothing is copied.
    if let Some(partial) = reading.partial.as_mut().map(Arc::make_mut) {
        let kept = read.iter().filter_map(|(name, r)| Some((name.clone(), r.partial.clone()?)));
        partial.notifications = kept.collect();
        if !broken {
            let named = read.values().flat_map(|r| &r.mentions).filter(|m| m.kind == MentionKind::Page);
            let named = named.filter_map(|m| pages.get_key_value(&*m.name));
            let pages: BTreeMap<String, String> = named.map(|(name, text)| (name.clone(), text.to_string())).collect();
            let format = if pages.is_empty() { FORMAT } else { WITH_PAGES };
            let (name, flow) = (partial.name.clone(), flow.text.clone());
            let made = Version { format, name, flow, notifications: sources, pages };
            partial.version = made.id();
            version = Some(made);
        }
    }
    let whole = reading.partial.clone().filter(|_| version.is_some());
    Assembled { flow: whole, version, diagnostics, reading, notifications: read }
}

impl Version {
    /// Its id: the hash of its content.
    pub fn id(&self) -> VersionId {
        // The same bytes as `encode` gives.
        VersionId::written(|hash| serde_json::to_writer(hash, self))
    }

    /// The flow's name.
    pub fn name(&self) -> &Slug {
        &self.name
    }

    /// Its files, by where they stand in a project: the flow's, then those of its notifications and their pages.
    pub fn files(&self) -> impl Iterator<Item = (String, &str)> {
        let flow = std::iter::once((format!("flows/{}.yaml", self.name), self.flow.as_str()));
        let notifications = self.notifications.iter().map(|(name, text)| (format!("templates/{name}.yaml"), text.as_str()));
        let pages = self.pages.iter().map(|(name, text)| (format!("templates/{name}"), text.as_str()));
        flow.chain(notifications).chain(pages)
    }

    /// The text of the flow's file.
    pub fn flow(&self) -> &str {
        &self.flow
    }

    /// The texts of the notifications that it names.
    pub fn notifications(&self) -> &BTreeMap<Slug, String> {
        &self.notifications
    }

    /// The HTML files that those notifications name.
    pub fn pages(&self) -> &BTreeMap<String, String> {
        &self.pages
    }

    /// The content as it is stored. The same files always give the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Every line break and quote takes a byte more.
        let texts = self.flow.len() + self.notifications.values().map(String::len).sum::<usize>();
        let mut content = Vec::with_capacity(texts + texts / 6 + 256);
        // Nothing in it can fail to be JSON.
        match serde_json::to_writer(&mut content, self) {
            Ok(()) => content,
            Err(_) => Vec::new(),
        }
    }

    /// Reads what `encode` wrote.
    pub fn decode(content: &[u8]) -> Result<Self, BadVersion> {
        #[derive(Deserialize)]
        struct Header {
            format: u8,
        }
        let header: Header = serde_json::from_slice(content)?;
        if header.format > WITH_PAGES {
            return Err(BadVersion::Newer(header.format));
        }
        Ok(serde_json::from_slice(content)?)
    }

    /// The flow as it runs. `context` stands in where the file is silent, as it did when the version was published.
    pub fn build(&self, context: &ParseContext) -> Result<Flow, BadVersion> {
        let flow = SourceFile { file: format!("flows/{}.yaml", self.name), text: self.flow.clone() };
        let notifications = self
            .notifications
            .iter()
            .map(|(name, text)| (name.clone(), SourceFile { file: format!("templates/{name}.yaml"), text: text.clone() }))
            .collect();
        let pages = self.pages.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        let Assembled { flow, diagnostics, reading, .. } = assemble(&flow, &notifications, &pages, context);
        drop(reading);
        flow.map(Arc::unwrap_or_clone).ok_or_else(|| BadVersion::Refused {
            name: self.name.clone(),
            first: diagnostics
                .iter()
                .find(|d| d.code.severity() == Severity::Error)
                .map_or_else(String::new, |d| format!("{} {}", d.code, d.message)),
            diagnostics,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    fn context() -> ParseContext {
        ParseContext { languages: vec![Language::EN], channels: Vec::new() }
    }

    fn version(email: &str, page: &str) -> Version {
        let file = |file: &str, text: String| SourceFile { file: file.to_owned(), text };
        let flow = "flow: x\nstart: []\nbegin: a\nstates:\n  a: { notify: n, end: done }\n".to_owned();
        let notification = format!("notification: n\ntext: Hello\n{email}");
        let notifications = [(Slug::parse("n").expect("a name"), file("templates/n.yaml", notification))];
        let pages = Pages::from([("n.html".to_owned(), page.into()), ("other.html".to_owned(), "other".into())]);
        let made = assemble(&file("flows/x.yaml", flow), &notifications.into(), &pages, &context());
        made.version.unwrap_or_else(|| panic!("{:?}", made.diagnostics))
    }

    #[test]
    fn pages_belong_to_a_version_that_names_them_and_change_nothing_of_others() {
        const MAIL: &str = "email: { subject: Hello, html: n.html }\n";
        let (with, without) = (version(MAIL, "<p>1</p>"), version("", "<p>1</p>"));
        assert_ne!(version(MAIL, "<p>2</p>").id(), with.id());
        assert_eq!(version("", "<p>2</p>").id(), without.id());
        let text = String::from_utf8(with.encode()).expect("JSON");
        assert!(text.starts_with("{\"format\":2,") && text.contains("<p>1</p>") && !text.contains("other"), "{text}");
        let text = String::from_utf8(without.encode()).expect("JSON");
        assert!(text.starts_with("{\"format\":1,") && !text.contains("pages"), "{text}");
        let read = Version::decode(&with.encode()).expect("a version");
        assert_eq!(read, with);
        let flow = read.build(&context()).expect("a flow");
        let html = flow.notifications[0].message.by_kind[0].1.html.as_ref().expect("a page");
        assert_eq!(html.by_language[0].1.source(), "<p>1</p>");
    }
}
