//! `approved`: the template that a provider approved.

use super::fields::Fields;
use super::{MentionKind, Reader};
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::flow::definition::{Approved, ApprovedButton, ApprovedHeader};
use crate::flow::expression::Template;
use crate::flow::keys;
use crate::flow::yaml::{Entry, Node, Tree};

const EXAMPLE: &str = "{ name: payment_retry_v2, languages: { en: en_US } }";

impl Reader {
    pub(super) fn approved(&mut self, node: &Node) -> Option<Approved> {
        let fields = self.fields(node, "approved", EXAMPLE, &keys::APPROVED)?;
        let name = match fields.get("name") {
            Some(n) => self.provider_word(n, "name", "payment_retry_v2"),
            None => {
                if !fields.refused {
                    self.missing(node.at, node.width, "`approved`", "name", "name: payment_retry_v2");
                }
                None
            }
        };
        let languages = self.approved_languages(node, &fields);
        let params = fields.get("params").map(|n| self.params(n)).unwrap_or_default();
        let header = fields.get("header").and_then(|n| self.header(n));
        let buttons = fields.get("buttons").map(|n| self.buttons(n)).unwrap_or_default();
        let ids = fields.get("ids").map(|n| self.ids(n)).unwrap_or_default();
        Some(Approved { name: name?, languages: languages?, params, header, buttons, ids, at: node.at })
    }

    /// A word of the provider: nothing is known of it but that it is one.
    fn provider_word(&mut self, node: &Node, name: &str, example: &str) -> Option<String> {
        const KIND: &str = "the provider's word for it";
        let text = self.plain(node, name, KIND, example)?;
        if text.is_empty() || text.contains(char::is_whitespace) || text.len() > limits::PROVIDER_WORD_BYTES {
            self.must_be(node, name, KIND, example);
            return None;
        }
        Some(text.to_owned())
    }

    /// `languages`: the provider's word for each; without it the languages of the notification, as the provider writes them.
    fn approved_languages(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Vec<(Language, String)>> {
        let usual = |language: Language| (language, language.as_str().replace('-', "_"));
        let Some(given) = fields.get("languages") else {
            if !self.any_language {
                return Some(self.languages.iter().copied().map(usual).collect());
            }
            if !fields.refused {
                self.missing(node.at, node.width, "`approved`", "languages", "languages: { en: en_US }");
            }
            return None;
        };
        let mut found = Vec::new();
        match &given.tree {
            Tree::Map(entries) => {
                for Entry { key, value } in entries {
                    let word = self.provider_word(value, &key.text, "en_US");
                    let language = self.known_language(&key.text);
                    if language.is_none() {
                        let help = "add it to `languages`, or leave it out";
                        self.say_key(401, key, format!("`{}` is not a language of this notification", key.text), help);
                    }
                    found.extend(language.zip(word));
                }
            }
            _ => {
                for item in self.one_or_many(given) {
                    let Some(text) = self.plain(item, "languages", "a map of languages", "{ en: en_US }") else { continue };
                    match self.known_language(text) {
                        Some(language) => found.push(usual(language)),
                        None => {
                            let help = "add it to `languages` of the file, or leave it out";
                            self.say_node(401, item, format!("`{text}` is not a language of this notification"), help);
                        }
                    }
                }
            }
        }
        if found.is_empty() {
            // What was refused was said; the template is one all the same.
            found.extend(self.languages.iter().copied().map(usual));
        }
        Some(found)
    }

    fn known_language(&self, text: &str) -> Option<Language> {
        Language::parse(text).filter(|language| self.any_language || self.languages.contains(language))
    }

    fn params(&mut self, node: &Node) -> Vec<Template> {
        let items = self.items(node, "params", "[\"{{ order_id }}\"]").unwrap_or_default();
        if let Some(more) = items.get(limits::APPROVED_PARAMS) {
            self.must_be(more, "params", &format!("at most {} values", limits::APPROVED_PARAMS), "[\"{{ order_id }}\"]");
        }
        items.iter().take(limits::APPROVED_PARAMS).filter_map(|n| self.template(n, "params", "\"{{ order_id }}\"")).collect()
    }

    fn header(&mut self, node: &Node) -> Option<ApprovedHeader> {
        const EXAMPLE: &str = "{ media: https://example.com/map.png }";
        let Tree::Map(_) = &node.tree else {
            return self.template(node, "header", "\"{{ order_id }}\"").map(ApprovedHeader::Text);
        };
        let fields = self.fields(node, "header", EXAMPLE, &keys::APPROVED_HEADER)?;
        match (fields.get("text"), fields.get("media")) {
            (Some(text), None) => self.template(text, "text", "\"{{ order_id }}\"").map(ApprovedHeader::Text),
            (None, Some(media)) => self.template(media, "media", "https://example.com/map.png").map(ApprovedHeader::Media),
            (text, _) => {
                if text.is_some() || !fields.refused {
                    self.must_be(node, "header", "either `text` or `media`", EXAMPLE);
                }
                None
            }
        }
    }

    fn buttons(&mut self, node: &Node) -> Vec<ApprovedButton> {
        const EXAMPLE: &str = "[yes, no]";
        let items = self.items(node, "buttons", EXAMPLE).unwrap_or_default();
        if let Some(more) = items.get(limits::APPROVED_BUTTONS) {
            self.must_be(more, "buttons", &format!("at most {} buttons", limits::APPROVED_BUTTONS), EXAMPLE);
        }
        let mut buttons = Vec::with_capacity(items.len());
        for item in items.iter().take(limits::APPROVED_BUTTONS) {
            let Tree::Map(_) = &item.tree else {
                buttons.extend(self.name(item, "buttons", "yes").map(|id| ApprovedButton::Choice(id.to_string())));
                continue;
            };
            let Some(fields) = self.fields(item, "buttons", "{ url: \"{{ order_id }}\" }", &keys::APPROVED_BUTTON) else {
                continue;
            };
            match fields.get("url") {
                Some(url) => buttons.extend(self.template(url, "url", "\"{{ order_id }}\"").map(ApprovedButton::Url)),
                None if fields.refused => {}
                None => self.missing(item.at, item.width, "a button", "url", "url: \"{{ order_id }}\""),
            }
        }
        buttons
    }

    /// `ids`: the provider's own id for each channel.
    fn ids(&mut self, node: &Node) -> Vec<(ChannelName, String)> {
        let entries = self.entries(node, "ids", "{ main-whatsapp: HX0123 }").unwrap_or_default();
        let mut ids = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let id = self.provider_word(value, &key.text, "HX0123");
            let channel = self.slug_of_key(key);
            if let Some(channel) = &channel {
                self.mention(MentionKind::Channel, channel.as_str(), key.at, key.width);
            }
            ids.extend(channel.zip(id));
        }
        ids
    }
}
