//! Queries over contacts: the expression language's syntax without computing. What stands on the right of a sign is a value,
//! and a bare word there is a text. Here they are only read; what fields there are, and what they mean, is `history::query`.
//!
//! ```text
//! query = and { "or" and }      and = not { "and" not }      not = "not" not | test
//! test  = "(" query ")" | "has" FIELD | FIELD | FIELD sign value | FIELD ["not"] "in" "(" value { "," value } ")"
//!       | ("contains" | "starts" | "ends") "(" FIELD "," value ")"
//! sign  = "=" | "==" | "!=" | "<" | "<=" | ">" | ">="
//! ```

mod token;

#[cfg(test)]
mod tests;

use super::error::{SyntaxError, SyntaxKind};
use super::node::Comparison;
use super::parse::{Parsed, Parser};
use super::token::Token;
use crate::domain::limits::{QUERY_CHARS, QUERY_TESTS};
use crate::domain::time::Span;

/// A part of a query and the bytes of the source from which it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryNode {
    /// What it is.
    pub kind: QueryKind,
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
}

/// What a part of a query is.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryKind {
    /// All of them hold.
    And(Box<[QueryNode]>),
    /// One of them holds.
    Or(Box<[QueryNode]>),
    /// It does not hold.
    Not(Box<QueryNode>),
    /// A field beside a value.
    Compare(QueryWord, Comparison, QueryValue),
    /// A field that is one of several.
    In {
        /// The field.
        field: QueryWord,
        /// What it may be.
        values: Box<[QueryValue]>,
        /// Whether it is none of them.
        negated: bool,
    },
    /// A function of texts.
    Call(QueryFunction, QueryWord, QueryValue),
    /// Whether it has a value.
    Has(QueryWord),
    /// A field alone: whether it is true.
    Alone(QueryWord),
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryWord {
    /// As it was written.
    pub text: Box<str>,
    /// Where it begins, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryValue {
    /// What it is.
    pub kind: QueryLiteral,
    /// As it was written; without its quotes if it had any.
    pub word: QueryWord,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryLiteral {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `5`, `-1.5`
    Number(f64),
    /// `30d`
    Duration(Span),
    /// In quotes.
    Text,
    /// A bare word: a text, or a day or moment where such a thing is compared.
    Word,
}

/// A function of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryFunction {
    /// It stands somewhere inside.
    Contains,
    /// It stands at the beginning.
    Starts,
    /// It stands at the end.
    Ends,
}

/// Words that are no fields and no texts without quotes.
const RESERVED: [&str; 8] = ["and", "or", "not", "in", "has", "null", "true", "false"];

impl QueryFunction {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "contains" => QueryFunction::Contains,
            "starts" | "starts_with" => QueryFunction::Starts,
            "ends" | "ends_with" => QueryFunction::Ends,
            _ => return None,
        })
    }
}

impl QueryNode {
    /// Reads a query. Offsets of errors are bytes within it.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        if source.chars().count() > QUERY_CHARS {
            let message = format!("The query is longer than {QUERY_CHARS} characters");
            return Err(SyntaxError::new(SyntaxKind::TooLarge, message, 0, source.len()));
        }
        let mut reader = Reader { parser: Parser::of(source, token::tokenize(source)?), tests: 0 };
        if reader.parser.peek() == &Token::End {
            return Err(SyntaxError::grammar("The query is empty", 0, source.len()).help("For example `tag = vip`"));
        }
        let node = reader.or().and_then(|node| reader.end().map(|()| node));
        node.map_err(of_a_query)
    }
}

/// What expressions and queries have in common calls itself an expression.
fn of_a_query(error: SyntaxError) -> SyntaxError {
    let message = error.message.replace("The expression ", "The query ");
    let help =
        if message.contains("nested deeper") { Some("Leave out brackets that are not needed".to_owned()) } else { error.help };
    SyntaxError { message, help, ..error }
}

struct Reader<'a> {
    parser: Parser<'a>,
    tests: usize,
}

impl Reader<'_> {
    fn or(&mut self) -> Parsed<QueryNode> {
        self.chain("or", Self::and, QueryKind::Or)
    }

    fn and(&mut self) -> Parsed<QueryNode> {
        self.chain("and", Self::not, QueryKind::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed<QueryNode>,
        make: fn(Box<[QueryNode]>) -> QueryKind,
    ) -> Parsed<QueryNode> {
        let first = part(self)?;
        if !self.parser.is_word(0, word) {
            return Ok(first);
        }
        let from = first.from;
        let mut parts = vec![first];
        while self.parser.word(word) {
            parts.push(part(self)?);
        }
        let to = parts[parts.len() - 1].to;
        Ok(QueryNode { kind: make(parts.into()), from, to })
    }

    fn not(&mut self) -> Parsed<QueryNode> {
        let (from, _) = self.parser.place();
        if !self.parser.word("not") {
            return self.test();
        }
        let inner = self.nested(from, Self::not)?;
        let to = inner.to;
        Ok(QueryNode { kind: QueryKind::Not(Box::new(inner)), from, to })
    }

    fn test(&mut self) -> Parsed<QueryNode> {
        let (from, _) = self.parser.place();
        if self.parser.take("(") {
            let inner = self.nested(from, Self::or)?;
            self.parser.expect(")")?;
            return Ok(QueryNode { from, to: self.parser.end_of_last(), ..inner });
        }
        self.tests += 1;
        if self.tests > QUERY_TESTS {
            let message = format!("The query compares more than {QUERY_TESTS} times");
            return Err(SyntaxError::new(SyntaxKind::TooLarge, message, from, 1).help("Write several values as `in (a, b, c)`"));
        }
        let kind = if self.parser.word("has") {
            QueryKind::Has(self.field()?)
        } else {
            let field = self.field()?;
            if self.parser.take("(") { self.call(&field)? } else { self.compare(field)? }
        };
        Ok(QueryNode { kind, from, to: self.parser.end_of_last() })
    }

    fn call(&mut self, name: &QueryWord) -> Parsed<QueryKind> {
        let Some(function) = QueryFunction::parse(&name.text) else {
            let message = format!("There is no function `{}` in a query", name.text);
            let error = SyntaxError::new(SyntaxKind::Function, message, name.from, name.to - name.from);
            return Err(error.help("There are `contains(field, text)`, `starts(field, text)` and `ends(field, text)`"));
        };
        let field = self.field()?;
        self.parser.expect(",")?;
        let value = self.value()?;
        self.parser.expect(")")?;
        Ok(QueryKind::Call(function, field, value))
    }

    fn compare(&mut self, field: QueryWord) -> Parsed<QueryKind> {
        let negated = self.parser.is_word(0, "not") && self.parser.is_word(1, "in");
        if negated {
            self.parser.at += 1;
        }
        if self.parser.word("in") {
            return Ok(QueryKind::In { field, values: self.values()?.into(), negated });
        }
        const SIGNS: [(&str, Comparison); 7] = [
            ("=", Comparison::Equal),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ];
        match SIGNS.iter().find(|(sign, _)| self.parser.take(sign)) {
            Some((_, sign)) => Ok(QueryKind::Compare(field, *sign, self.value()?)),
            None => Ok(QueryKind::Alone(field)),
        }
    }

    fn values(&mut self) -> Parsed<Vec<QueryValue>> {
        let close = match (self.parser.take("("), ")") {
            (true, close) => close,
            (false, _) if self.parser.take("[") => "]",
            _ => return Err(self.parser.unexpected("`(`").help("Write `in (a, b)`")),
        };
        let mut values = vec![self.value()?];
        while self.parser.take(",") {
            values.push(self.value()?);
        }
        self.parser.expect(close)?;
        Ok(values)
    }

    fn field(&mut self) -> Parsed<QueryWord> {
        let word = self.current();
        if !matches!(self.parser.peek(), Token::Name) || RESERVED.contains(&&*word.text) {
            return Err(self.parser.unexpected("a field"));
        }
        self.parser.at += 1;
        Ok(word)
    }

    fn value(&mut self) -> Parsed<QueryValue> {
        let mut word = self.current();
        let kind = match self.parser.peek() {
            Token::Number(n) => QueryLiteral::Number(*n),
            Token::Duration(span) => QueryLiteral::Duration(*span),
            Token::Text(text) => {
                word.text = text.as_str().into();
                QueryLiteral::Text
            }
            Token::Name => match &*word.text {
                "null" => QueryLiteral::Null,
                "true" => QueryLiteral::Bool(true),
                "false" => QueryLiteral::Bool(false),
                reserved if RESERVED.contains(&reserved) => return Err(self.parser.unexpected("a value")),
                _ => QueryLiteral::Word,
            },
            Token::Symbol(_) | Token::End => return Err(self.parser.unexpected("a value")),
        };
        self.parser.at += 1;
        if word.text.contains('\0') {
            return Err(SyntaxError::grammar("A text cannot hold the character 0", word.from, word.to - word.from));
        }
        Ok(QueryValue { kind, word })
    }

    fn current(&self) -> QueryWord {
        let (from, to) = self.parser.place();
        QueryWord { text: self.parser.source[from..to].into(), from, to }
    }

    fn nested<T>(&mut self, from: usize, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.parser.deeper(from)?;
        let result = read(self);
        self.parser.back();
        result
    }

    /// Nothing may follow; the usual reasons why something does.
    fn end(&self) -> Parsed<()> {
        let (from, to) = self.parser.place();
        if matches!(self.parser.peek(), Token::End) {
            return Ok(());
        }
        let found = &self.parser.source[from..to];
        let error = SyntaxError::grammar(format!("`{found}` cannot stand here"), from, to - from);
        let lower = found.to_lowercase();
        Err(if lower != found && RESERVED.contains(&lower.as_str()) {
            error.help(format!("Write `{lower}`"))
        } else if lower == "is" {
            error.help("To compare, write `=`")
        } else if self.parser.at > 1 && matches!(self.parser.peek(), Token::Name | Token::Text(_)) {
            error.help("Put a text with blanks into quotes, and join conditions with `and` or `or`")
        } else {
            error
        })
    }
}
