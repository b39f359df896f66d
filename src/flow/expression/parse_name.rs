//! Names as they are read: variables, functions, roots and their fields.

use super::call::call;
use super::error::SyntaxError;
use super::node::{Kind, Node};
use super::parse::{Parsed, Parser};
use super::scope::{KEYWORDS, Root};
use super::token::Token;
use super::{Reference, ReferenceName};
use crate::domain::value::Value;

impl<'a> Parser<'a> {
    pub(super) fn named(&mut self) -> Parsed<Node> {
        let source = self.source;
        let (from, to) = self.place();
        let name = &source[from..to];
        let constant = match name {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            _ if KEYWORDS.contains(&name) => return Err(self.unexpected("a value")),
            _ => None,
        };
        self.at += 1;
        let kind = match (constant, Root::parse(name)) {
            (Some(value), _) => Kind::Constant(value),
            (None, Some(root)) => return self.root(root, from, to),
            (None, None) if self.take("(") => {
                let args = self.nested(from, |p| p.list(")"))?;
                Kind::Call(call(name, from, to, self.end_of_last(), args, false)?)
            }
            (None, None) => {
                self.refer(ReferenceName::Variable(name.into()), from);
                Kind::Variable(name.into())
            }
        };
        Ok(Node { kind, from: from as u16, to: self.end_of_last() as u16 })
    }

    /// What a root is read for decides how: one field of it, or the whole.
    fn root(&mut self, root: Root, from: usize, to: usize) -> Parsed<Node> {
        let misuse = |help: &str| {
            Err(SyntaxError::grammar(format!("`{root}` cannot stand here alone"), from, to - from).help(help.to_owned()))
        };
        if matches!(root, Root::Now | Root::Today) {
            if self.take("(") {
                self.expect(")")?;
            }
            self.refer(ReferenceName::Root(root), from);
            return Ok(Node { kind: Kind::Root(root), from: from as u16, to: self.end_of_last() as u16 });
        }
        if root == Root::Hours {
            return misuse("Ask whether a moment is inside: `now in hours.office`");
        }
        let called = root == Root::Visits && self.take("(");
        let field = if called {
            let name = self.quoted(")").ok_or_else(|| self.unexpected("the name of a state in quotes"))?;
            Some(name)
        } else if self.peek() == &Token::Symbol(".") {
            self.at += 1;
            Some(self.field_name()?.to_owned())
        } else if self.peek() == &Token::Symbol("[") {
            let back = self.at;
            self.at += 1;
            let name = self.quoted("]");
            if name.is_none() {
                self.at = back;
            }
            name
        } else {
            None
        };
        let kind = match field {
            Some(field) => {
                self.refer(ReferenceName::Member(root, field.as_str().into()), from);
                Kind::Member(root, field.into())
            }
            None if root == Root::Visits => return misuse("Name a state: `visits.STATE`"),
            None => {
                self.refer(ReferenceName::Root(root), from);
                Kind::Root(root)
            }
        };
        Ok(Node { kind, from: from as u16, to: self.end_of_last() as u16 })
    }

    /// `hours.NAME` after `in`. A slug may contain `-`, which is no minus here.
    pub(super) fn hours(&mut self) -> Parsed<Option<Box<str>>> {
        if !self.is_word(0, Root::Hours.as_str()) {
            return Ok(None);
        }
        let (from, _) = self.place();
        self.at += 1;
        let name = if self.take("[") {
            self.quoted("]").ok_or_else(|| self.unexpected("the name of the hours in quotes"))?
        } else if self.take(".") {
            let begin = self.place().0;
            self.field_name()?;
            while self.lexemes[self.at].from == self.end_of_last()
                && self.peek() == &Token::Symbol("-")
                && self.lexemes.get(self.at + 1).is_some_and(|next| {
                    next.from == self.place().1 && matches!(next.token, Token::Name | Token::Number(_) | Token::Duration(_))
                })
            {
                self.at += 2;
            }
            self.source[begin..self.end_of_last()].to_owned()
        } else {
            return Err(self.unexpected("`.` and the name of the hours"));
        };
        self.refer(ReferenceName::Member(Root::Hours, name.as_str().into()), from);
        Ok(Some(name.into()))
    }

    fn quoted(&mut self, close: &'static str) -> Option<String> {
        let Token::Text(text) = self.peek() else { return None };
        let text = text.clone();
        let closed = self.lexemes.get(self.at + 1).is_some_and(|next| next.token == Token::Symbol(close));
        if closed {
            self.at += 2;
        }
        closed.then_some(text)
    }

    pub(super) fn field_name(&mut self) -> Parsed<&'a str> {
        let source = self.source;
        let (from, to) = self.place();
        match self.peek() {
            Token::Name => {
                self.at += 1;
                Ok(&source[from..to])
            }
            Token::Number(_) | Token::Duration(_) => {
                let help = format!("Write `[{}]`, or `['…']` for a field", &source[from..to]);
                Err(self.unexpected("a name after `.`").help(help))
            }
            _ => Err(self.unexpected("a name after `.`")),
        }
    }

    fn refer(&mut self, name: ReferenceName, from: usize) {
        self.references.push(Reference { name, offset: from, length: self.end_of_last() - from });
    }
}
