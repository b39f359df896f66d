//! The choices of a question: one of them, some of them, or an item of a list.

use super::Reader;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::definition::{Answer, ChoiceDef, Choices, FileMap, Pick, Several, Texts};
use crate::flow::expression::{Template, ValueTemplate};
use crate::flow::keys;
use crate::flow::yaml::{Entry, Key, Node, Tree};
use crate::reply::choice::{Candidate, Options};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

const CHOICES_EXAMPLE: &str = "{ choices: { of: { ham: Ham, egg: Egg } } }";
const PICK_EXAMPLE: &str = "{ pick: { from: \"{{ slots }}\", label: \"{{ item.day }}\" } }";

/// Choices that were made ready, and what they were made of.
pub(super) struct Prepared {
    language: Language,
    of: Vec<Candidate>,
    options: Arc<Options>,
}

/// Outcomes that no choice can be called.
const TAKEN: [&str; 6] = ["nomatch", "silence", "undelivered", "failed", "else", "again"];

impl Reader {
    /// The choices of a question, in the order in which people see them.
    pub(super) fn choices(&mut self, node: &Node, key: &str) -> Option<Choices> {
        let entries = self.entries(node, key, "{ keep: Keep it, change: Change it }")?;
        if entries.is_empty() {
            self.say_node(308, node, "A question needs at least one choice that has no `if`", "add a choice");
            return None;
        }
        let mut list = FileMap::with_capacity_and_hasher(entries.len(), Default::default());
        let (mut conditional, mut whole) = (true, true);
        for Entry { key, value } in entries {
            let name = self.name_of_key(key);
            if TAKEN.contains(&&*key.text) {
                let message = format!("A choice cannot be called `{}`: that is an outcome", key.text);
                self.say_key(302, key, message, "give it another id; its label may be anything");
            }
            let choice = self.choice(key, value);
            // A choice that could not be read says nothing about the others.
            conditional &= choice.as_ref().is_some_and(|c| c.condition.is_some());
            whole &= name.is_some() && choice.is_some();
            list.extend(name.zip(choice));
        }
        if conditional {
            self.say_node(308, node, "A question needs at least one choice that has no `if`", "take `if` away from one of them");
        }
        if !whole {
            return None;
        }
        let languages = self.languages.clone();
        let prepared = languages.into_iter().map(|language| self.prepare(&list, language)).collect();
        Some(Choices { list, prepared })
    }

    fn choice(&mut self, key: &Key, node: &Node) -> Option<ChoiceDef> {
        let options = matches!(&node.tree, Tree::Map(entries)
            if entries.iter().any(|e| keys::CHOICE.knows(&e.key.text)));
        if !options {
            let label = self.texts(node, &key.text)?;
            return Some(ChoiceDef { label, also: Vec::new(), help: None, condition: None, at: key.at });
        }
        let fields = self.fields(node, &key.text, "Keep it", &keys::CHOICE)?;
        let mut also = Vec::new();
        for item in fields.get("also").map(|n| self.one_or_many(n)).unwrap_or_default() {
            also.extend(self.plain(item, "also", "a list of texts", "[cash, money]").map(str::to_owned));
        }
        let help = fields.get("help").and_then(|n| self.texts(n, "help"));
        let condition = fields.get("if").and_then(|n| self.condition(n));
        let Some(label) = fields.get("label") else {
            if !fields.refused {
                self.missing(key.at, key.width, "a choice", "label", "label: Keep it");
            }
            return None;
        };
        let label = self.texts(label, "label")?;
        Some(ChoiceDef { label, also, help, condition, at: key.at })
    }

    /// `choices`: how many of which. `node` is where the word stands.
    pub(super) fn several(&mut self, node: &Node, options: Option<&Node>) -> Option<Answer> {
        let Some(options) = options else {
            self.must_be(node, "choices", "a map with `of`", CHOICES_EXAMPLE);
            return None;
        };
        if let Tree::Map(entries) = &options.tree
            && !entries.iter().any(|e| keys::CHOICES.knows(&e.key.text))
        {
            self.missing(options.at, options.width, "`choices`", "of", "of: { ham: Ham, egg: Egg }");
            return None;
        }
        let fields = self.fields(options, "choices", CHOICES_EXAMPLE, &keys::CHOICES)?;
        let Some(of) = fields.get("of") else {
            if !fields.refused {
                self.missing(node.at, node.width, "`choices`", "of", "of: { ham: Ham, egg: Egg }");
            }
            return None;
        };
        let count = match &of.tree {
            Tree::Map(entries) => entries.len().max(1) as u64,
            _ => 1,
        };
        let of = self.choices(of, "of");
        let min = fields.get("min").and_then(|n| self.count(n, "min", 1, count)).map(|n| n as usize);
        let max = fields.get("max").and_then(|n| self.count(n, "max", 1, count)).map(|n| n as usize);
        if matches!((min, max), (Some(min), Some(max)) if min > max) {
            self.min_above_max(&fields);
        }
        Some(Answer::Choices(Several { of: of?, min: min.unwrap_or(1), max }))
    }

    /// `pick`: an item of a list.
    pub(super) fn pick(&mut self, node: &Node, options: Option<&Node>) -> Option<Answer> {
        let Some(options) = options else {
            self.must_be(node, "pick", "a map with `from`", PICK_EXAMPLE);
            return None;
        };
        let fields = self.fields(options, "pick", PICK_EXAMPLE, &keys::PICK)?;
        let most = limits::PICK_ITEMS_MAX as u64;
        let max = fields.get("max").map(|n| self.count(n, "max", 1, most));
        let label = match fields.get("label") {
            Some(label) => {
                self.site.item = true;
                let label = self.texts(label, "label");
                self.site.item = false;
                label
            }
            None => Template::parse("{{ item }}")
                .ok()
                .map(|item| Texts { by_language: vec![(self.first_language(), item)], at: node.at }),
        };
        let Some(from) = fields.get("from") else {
            if !fields.refused {
                self.missing(node.at, node.width, "`pick`", "from", "from: \"{{ slots }}\"");
            }
            return None;
        };
        let value = self.value(from)?;
        if !matches!(&value, ValueTemplate::Constant(Value::List(_)) | ValueTemplate::List(_) | ValueTemplate::Text(_)) {
            self.must_be(from, "from", "a list", "\"{{ slots }}\"");
            return None;
        }
        let max = max.map_or(Some(limits::PICK_ITEMS), |max| max.map(|n| n as usize));
        Some(Answer::Pick(Pick { from: value, at: from.at, label: label?, max: max? }))
    }

    /// What the understanding of replies works on, for choices whose labels hold no `{{ }}` in this language. Questions that offer
    /// the same, as many do, share it.
    fn prepare(&mut self, list: &FileMap<Name, ChoiceDef>, language: Language) -> Option<Arc<Options>> {
        let parts: Option<Vec<(&str, &str, &[String])>> = list
            .iter()
            .map(|(id, choice)| Some((id.as_str(), choice.label.pick(language).constant_text()?, choice.also.as_slice())))
            .collect();
        let parts = parts?;
        let mut hasher = DefaultHasher::new();
        (language, &parts).hash(&mut hasher);
        let alike = self.options.entry(hasher.finish()).or_default();
        let same = |known: &&Prepared| {
            let of = |(candidate, part): (&Candidate, &(&str, &str, &[String]))| {
                (&*candidate.id, &*candidate.label, &*candidate.also) == *part
            };
            known.language == language && known.of.len() == parts.len() && known.of.iter().zip(&parts).all(of)
        };
        if let Some(known) = alike.iter().find(same) {
            return Some(Arc::clone(&known.options));
        }
        let candidate = |(id, label, also): &(&str, &str, &[String])| Candidate {
            id: (*id).into(),
            label: (*label).into(),
            also: also.to_vec(),
        };
        let of: Vec<Candidate> = parts.iter().map(candidate).collect();
        let options = Arc::new(Options::new(of.clone(), language));
        alike.push(Prepared { language, of, options: Arc::clone(&options) });
        Some(options)
    }
}
