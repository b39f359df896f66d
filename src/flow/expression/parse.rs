//! From words to a tree, by recursive descent. Each precedence is read in a loop; only brackets, arguments and prefixes
//! nest, and those are counted.

use super::Reference;
use super::call::call;
use super::error::SyntaxError;
use super::node::{Access, Comparison, Kind, Node, Operator};
use super::scope::KEYWORDS;
use super::token::{Lexeme, Token, tokenize};
use crate::domain::limits::{EXPRESSION_CHARS, EXPRESSION_DEPTH};
use crate::domain::value::Value;

pub(super) type Parsed<T> = Result<T, SyntaxError>;

pub(super) fn parse(source: &str) -> Parsed<(Node, Vec<Reference>)> {
    // A character has at most 4 bytes: most texts need no counting.
    if source.len() > EXPRESSION_CHARS && source.chars().count() > EXPRESSION_CHARS {
        return Err(SyntaxError::too_long(source.len()));
    }
    let mut parser = Parser::of(source, tokenize(source)?);
    if parser.peek() == &Token::End {
        return Err(SyntaxError::grammar("The expression is empty", 0, source.len()));
    }
    // Most expressions are one name or one value: they need none of the levels.
    let is_one = parser.lexemes.len() == 2 && !matches!(parser.peek(), Token::Symbol(_)) && !parser.is_word(0, "not");
    let node = if is_one { parser.primary()? } else { parser.whole()? };
    parser.end()?;
    Ok((node, parser.references))
}

pub(super) struct Parser<'a> {
    pub(super) source: &'a str,
    pub(super) lexemes: Vec<Lexeme>,
    pub(super) at: usize,
    depth: usize,
    pub(super) references: Vec<Reference>,
}

impl<'a> Parser<'a> {
    pub(super) fn of(source: &'a str, lexemes: Vec<Lexeme>) -> Self {
        Parser { source, lexemes, at: 0, depth: 0, references: Vec::with_capacity(1) }
    }

    /// A whole expression, as it stands in brackets too: `x if c else y | f`.
    pub fn whole(&mut self) -> Parsed<Node> {
        let first = self.choose()?;
        let mut calls = Vec::new();
        while self.take("|") {
            let (from, to) = self.place();
            if self.peek() != &Token::Name {
                return Err(self.unexpected("a function after `|`"));
            }
            let name = &self.source[from..to];
            self.at += 1;
            let args = if self.take("(") { self.nested(from, |p| p.list(")"))? } else { Vec::new() };
            calls.push(call(name, from, to, self.end_of_last(), args, true)?);
        }
        let (from, to) = (first.from, self.end_of_last() as u16);
        Ok(if calls.is_empty() { first } else { Node { kind: Kind::Pipe(Box::new(first), calls.into()), from, to } })
    }

    fn choose(&mut self) -> Parsed<Node> {
        let mut value = self.coalesce()?;
        let from = value.from;
        let mut choices = Vec::new();
        while self.word("if") {
            let condition = self.coalesce()?;
            if !self.word("else") {
                return Err(self.unexpected("`else`").help("Write `x if condition else y`"));
            }
            choices.push((value, condition));
            value = self.coalesce()?;
        }
        let to = value.to;
        Ok(if choices.is_empty() { value } else { Node { kind: Kind::Choose(choices.into(), Box::new(value)), from, to } })
    }

    fn coalesce(&mut self) -> Parsed<Node> {
        self.chain(Self::or, |p| p.take("??"), Kind::Coalesce)
    }

    fn or(&mut self) -> Parsed<Node> {
        self.chain(Self::and, |p| p.word("or"), Kind::Or)
    }

    fn and(&mut self) -> Parsed<Node> {
        self.chain(Self::not, |p| p.word("and"), Kind::And)
    }

    fn chain(
        &mut self,
        part: fn(&mut Self) -> Parsed<Node>,
        more: fn(&mut Self) -> bool,
        make: fn(Box<[Node]>) -> Kind,
    ) -> Parsed<Node> {
        let first = part(self)?;
        if !more(self) {
            return Ok(first);
        }
        let from = first.from;
        let mut parts = vec![first, part(self)?];
        while more(self) {
            parts.push(part(self)?);
        }
        let to = parts[parts.len() - 1].to;
        Ok(Node { kind: make(parts.into()), from, to })
    }

    fn not(&mut self) -> Parsed<Node> {
        let (from, _) = self.place();
        if !self.word("not") {
            return self.comparison();
        }
        let inner = self.nested(from, Self::not)?;
        let to = inner.to;
        Ok(Node { kind: Kind::Not(Box::new(inner)), from: from as u16, to })
    }

    fn comparison(&mut self) -> Parsed<Node> {
        let left = self.sum()?;
        let from = left.from;
        let kind = match self.comparator() {
            None => return Ok(left),
            Some(Comparator::Compare(op)) => Kind::Compare(op, Box::new((left, self.sum()?))),
            Some(Comparator::In { negated }) => match self.hours()? {
                Some(hours) => Kind::Within { moment: Box::new(left), hours, negated },
                None => Kind::In { sides: Box::new((left, self.sum()?)), negated },
            },
        };
        let (at, to) = self.place();
        if self.comparator().is_some() {
            let error = SyntaxError::grammar("A second comparison in a row", at, to - at);
            return Err(error.help("Compare twice and join with `and`: `a < b and b < c`"));
        }
        Ok(Node { kind, from, to: self.end_of_last() as u16 })
    }

    fn comparator(&mut self) -> Option<Comparator> {
        const SYMBOLS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ];
        if let Some((_, op)) = SYMBOLS.iter().find(|(symbol, _)| self.take(symbol)) {
            return Some(Comparator::Compare(*op));
        }
        if self.is_word(0, "not") && self.is_word(1, "in") {
            self.at += 2;
            return Some(Comparator::In { negated: true });
        }
        self.word("in").then_some(Comparator::In { negated: false })
    }

    fn sum(&mut self) -> Parsed<Node> {
        self.operators(Self::product, &[("+", Operator::Add), ("-", Operator::Subtract)])
    }

    fn product(&mut self) -> Parsed<Node> {
        let operators = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];
        self.operators(Self::unary, &operators)
    }

    fn operators(&mut self, part: fn(&mut Self) -> Parsed<Node>, operators: &[(&str, Operator)]) -> Parsed<Node> {
        let first = part(self)?;
        let from = first.from;
        let mut rest = Vec::new();
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.take(symbol)) {
            rest.push((*operator, part(self)?));
        }
        let to = self.end_of_last() as u16;
        Ok(if rest.is_empty() { first } else { Node { kind: Kind::Arithmetic(Box::new(first), rest.into()), from, to } })
    }

    fn unary(&mut self) -> Parsed<Node> {
        let (from, _) = self.place();
        if !self.take("-") {
            return self.postfix();
        }
        let inner = self.nested(from, Self::unary)?;
        let (from, to) = (from as u16, inner.to);
        let kind = match inner.kind {
            Kind::Constant(Value::Number(n)) => Kind::Constant(Value::Number(0.0 - n)),
            kind => Kind::Negate(Box::new(Node { kind, ..inner })),
        };
        Ok(Node { kind, from, to })
    }

    fn postfix(&mut self) -> Parsed<Node> {
        let base = self.primary()?;
        let mut accesses = Vec::new();
        loop {
            let (from, _) = self.place();
            if self.take(".") {
                let name = self.field_name()?.into();
                accesses.push(Access::Field(name, self.end_of_last() as u16));
            } else if self.take("[") {
                let index = self.nested(from, Self::whole)?;
                self.expect("]")?;
                accesses.push(Access::Index(index, self.end_of_last() as u16));
            } else {
                break;
            }
        }
        let (from, to) = (base.from, self.end_of_last() as u16);
        Ok(if accesses.is_empty() { base } else { Node { kind: Kind::Access(Box::new(base), accesses.into()), from, to } })
    }

    fn primary(&mut self) -> Parsed<Node> {
        let (from, _) = self.place();
        let token = self.lexemes[self.at].token.clone();
        let kind = match token {
            Token::Number(n) => Kind::Constant(Value::Number(n)),
            Token::Duration(span) => Kind::Constant(Value::Duration(span)),
            Token::Text(text) => Kind::Constant(Value::Text(text)),
            Token::Name => return self.named(),
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.nested(from, Self::whole)?;
                self.expect(")")?;
                return Ok(Node { from: from as u16, to: self.end_of_last() as u16, ..inner });
            }
            Token::Symbol("[") => {
                self.at += 1;
                Kind::List(self.nested(from, |p| p.list("]"))?.into())
            }
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        // A list has gone on to its end already.
        if !matches!(kind, Kind::List(_)) {
            self.at += 1;
        }
        Ok(Node { kind, from: from as u16, to: self.end_of_last() as u16 })
    }

    pub(super) fn list(&mut self, close: &'static str) -> Parsed<Vec<Node>> {
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(self.whole()?);
            if self.take(close) {
                return Ok(items);
            }
            if !self.take(",") {
                return Err(self.unexpected(if close == ")" { "`,` or `)`" } else { "`,` or `]`" }));
            }
        }
    }

    pub(super) fn nested<T>(&mut self, from: usize, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.deeper(from)?;
        let result = read(self);
        self.back();
        result
    }

    pub(super) fn deeper(&mut self, from: usize) -> Parsed<()> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH { Err(SyntaxError::too_deep(from, 1)) } else { Ok(()) }
    }

    pub(super) fn back(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn peek(&self) -> &Token {
        &self.lexemes[self.at].token
    }

    pub(super) fn place(&self) -> (usize, usize) {
        let lexeme = &self.lexemes[self.at];
        (lexeme.from, lexeme.to)
    }

    pub(super) fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |last| self.lexemes[last].to)
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let taken = matches!(self.peek(), Token::Symbol(s) if s.as_bytes()[0] == symbol.as_bytes()[0] && *s == symbol);
        self.at += usize::from(taken);
        taken
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        let lexeme = self.lexemes.get(self.at + ahead);
        lexeme
            .is_some_and(|l| matches!(l.token, Token::Name) && l.to - l.from == word.len() && &self.source[l.from..l.to] == word)
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let taken = self.is_word(0, word);
        self.at += usize::from(taken);
        taken
    }

    pub(super) fn expect(&mut self, symbol: &'static str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    pub(super) fn unexpected(&self, wanted: &str) -> SyntaxError {
        let (from, to) = self.place();
        match &self.source[from..to] {
            "" => SyntaxError::grammar(format!("The expression ends where {wanted} is expected"), from, 0),
            found => SyntaxError::grammar(format!("`{found}` stands where {wanted} is expected"), from, to - from),
        }
    }

    /// Nothing may follow; the usual reasons why something does.
    fn end(&mut self) -> Parsed<()> {
        let (from, to) = self.place();
        if matches!(self.peek(), Token::End) {
            return Ok(());
        }
        let found = &self.source[from..to];
        let error = SyntaxError::grammar(format!("`{found}` cannot stand here"), from, to - from);
        let piped = self.lexemes[..self.at].iter().any(|l| l.token == Token::Symbol("|"));
        let lower = found.to_lowercase();
        Err(if lower != found && KEYWORDS.contains(&lower.as_str()) {
            error.help(format!("Write `{lower}`"))
        } else if found == "is" {
            error.help("To compare, write `==`")
        } else if piped && found != ")" && found != "]" {
            error.help("`|` binds weakest: put what it belongs to into brackets, as in `(name | len) > 3`")
        } else if found == "," {
            error.help("Decimals are written with a point; several values belong into a function or a list")
        } else {
            error
        })
    }
}

enum Comparator {
    Compare(Comparison),
    In { negated: bool },
}
