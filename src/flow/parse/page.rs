//! `html`: pages that stand in files beside the notification.

use super::text::Content;
use super::{MentionKind, Reader};
use crate::domain::language::Language;
use crate::domain::limits;
use crate::flow::definition::Html;
use crate::flow::diagnostic::At;
use crate::flow::expression::Template;
use crate::flow::yaml::{Entry, Node, Places, Tree};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pages beside the notifications, by the names of their files.
pub type Pages = BTreeMap<String, Arc<str>>;

const EXAMPLE: &str = "order_confirmed.html";

impl Reader {
    /// The name of a file beside this one, or one for each language.
    pub(super) fn html(&mut self, node: &Node) -> Option<Html> {
        let by_language = match &node.tree {
            Tree::Map(entries) => {
                let mut pages = Vec::with_capacity(entries.len());
                for Entry { key, value } in entries {
                    let known = Language::parse(&key.text).filter(|l| self.any_language || self.languages.contains(l));
                    if known.is_none() {
                        let message = format!("`{}` is not a language of this notification", key.text);
                        self.say_key(401, key, message, "add it to `languages`, or leave the file out");
                    }
                    pages.extend(known.zip(self.page(value)));
                }
                pages.sort_by_key(|(language, _)| self.languages.iter().position(|l| l == language).unwrap_or(usize::MAX));
                pages
            }
            _ => self.page(node).map(|page| (self.first_language(), page)).into_iter().collect(),
        };
        (!by_language.is_empty()).then_some(Html { by_language, at: node.at })
    }

    fn page(&mut self, node: &Node) -> Option<Template> {
        const KIND: &str = "the name of an HTML file beside this one";
        let name = self.plain(node, "html", KIND, EXAMPLE)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !name.ends_with(".html") || name.starts_with('.') || !name.chars().all(plain) {
            self.must_be(node, "html", KIND, EXAMPLE);
            return None;
        }
        self.mention(MentionKind::Page, name, node.at, node.width);
        let Some(text) = self.pages.get(name).cloned() else {
            let names: Vec<String> = self.pages.keys().cloned().collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (message, help) = self.unknown(format!("There is no file `{name}` beside this notification"), name, &names);
            self.say_node(418, node, message, help);
            return None;
        };
        if text.len() > limits::PAGE_BYTES {
            let message = format!("The file `{name}` is larger than {} KiB", limits::PAGE_BYTES / 1024);
            self.say_node(418, node, message, "shorten it, and link pictures instead of putting them into it");
            return None;
        }
        let file: Arc<str> = match self.file.rsplit_once(['/', '\\']) {
            Some((folder, _)) => format!("{folder}/{name}").into(),
            None => name.into(),
        };
        match Template::parse(&text) {
            Ok(page) => {
                if !page.is_constant() {
                    self.record_page(Content::Text(page.clone()), &file);
                }
                Some(page)
            }
            Err(error) => {
                let own = std::mem::replace(&mut self.file, file);
                let at = Places::of_file().at(&text, error.offset);
                let help = error.help.clone().unwrap_or_else(|| "docs/flow-format.md shows what an expression can be".to_owned());
                self.say(error.code().0, at, error.length as u32, error.message, help);
                self.file = own;
                None
            }
        }
    }

    fn record_page(&mut self, content: Content, file: &Arc<str>) {
        let at = At { line: 1, column: 1 };
        self.record_in(content, Places::of_file(), at, Some(file.clone()));
    }
}
