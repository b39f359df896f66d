//! A text with `{{ }}`. What an expression gives is put in as it is: a rendered text is never rendered again.

use super::error::{EvalError, EvalProblem, SyntaxError};
use super::scope::Scope;
use super::text::write_text;
use super::types::{Inferred, TypeEnv, TypeProblem};
use super::{Expression, Reference};
use crate::domain::limits::{EXPRESSION_RESULT_CHARS, PAGE_CHARS};
use crate::domain::value::{Type, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// A text with any number of `{{ }}`, compiled. It is read once and kept by several: a clone shares it.
#[derive(Debug, Clone)]
pub struct Template {
    source: Arc<str>,
    /// None where the text is all there is, as it mostly is.
    pieces: Option<Arc<[Piece]>>,
}

#[derive(Debug, Clone)]
enum Piece {
    /// From, to: bytes of the source.
    Text(usize, usize),
    /// Where the expression begins in the source.
    Expression(usize, Expression),
}

/// Where the next `{{` begins, from this byte on.
fn braces(source: &str, from: usize) -> Option<usize> {
    let bytes = &source.as_bytes()[from..];
    let first = bytes.iter().position(|byte| *byte == b'{')?;
    bytes[first..].windows(2).position(|two| two == b"{{").map(|place| from + first + place)
}

impl Template {
    /// Compiles a text. Offsets of errors are bytes within it.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        if !source.is_empty() && braces(source, 0).is_none() {
            return Ok(Template { source: source.into(), pieces: None });
        }
        let mut pieces = Vec::with_capacity(3);
        let mut done = 0;
        while let Some(open) = braces(source, done) {
            if open > done {
                pieces.push(Piece::Text(done, open));
            }
            let begin = open + 2;
            let close = closing(source, begin).ok_or_else(|| {
                SyntaxError::grammar("This `{{` is not closed", open, 2).help("Write `}}` where the value ends")
            })?;
            let inner = &source[begin..close];
            let start = begin + (inner.len() - inner.trim_start().len());
            if inner.trim().is_empty() {
                return Err(SyntaxError::grammar("There is nothing between `{{` and `}}`", open, close + 2 - open));
            }
            let expression = Expression::parse(inner.trim()).map_err(|error| error.moved(start))?;
            pieces.push(Piece::Expression(start, expression));
            done = close + 2;
        }
        if done < source.len() {
            pieces.push(Piece::Text(done, source.len()));
        }
        Ok(Template { source: source.into(), pieces: Some(pieces.into()) })
    }

    fn pieces(&self) -> &[Piece] {
        self.pieces.as_deref().unwrap_or_default()
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it has no `{{ }}`.
    pub fn is_constant(&self) -> bool {
        self.constant_text().is_some()
    }

    /// The text, if it has no `{{ }}`.
    pub fn constant_text(&self) -> Option<&str> {
        let constant = self.pieces().iter().all(|piece| matches!(piece, Piece::Text(..)));
        constant.then_some(&*self.source)
    }

    /// The expression, if the text is exactly one `{{ }}`.
    pub fn single(&self) -> Option<&Expression> {
        match self.pieces() {
            [Piece::Expression(_, expression)] => Some(expression),
            _ => None,
        }
    }

    /// The expressions with the place in bytes where each begins.
    pub fn expressions(&self) -> impl Iterator<Item = (usize, &Expression)> {
        self.pieces().iter().filter_map(|piece| match piece {
            Piece::Expression(offset, expression) => Some((*offset, expression)),
            Piece::Text(..) => None,
        })
    }

    /// The parts of the text: `Ok` what is written as it is, `Err` an expression.
    pub fn parts(&self) -> impl Iterator<Item = Result<&str, &Expression>> {
        let whole = if self.pieces.is_none() { Some(Ok(&*self.source)) } else { None };
        whole.into_iter().chain(self.pieces().iter().map(|piece| match piece {
            Piece::Text(from, to) => Ok(&self.source[*from..*to]),
            Piece::Expression(_, expression) => Err(expression),
        }))
    }

    /// Every name that is read; offsets are bytes within the text.
    pub fn names(&self) -> impl Iterator<Item = Reference> {
        self.expressions().flat_map(|(offset, expression)| {
            expression.names().iter().map(move |name| Reference { offset: name.offset + offset, ..name.clone() })
        })
    }

    /// The type of each expression with its place; the first mistake.
    pub fn check(&self, env: &dyn TypeEnv) -> Result<Vec<(usize, Inferred)>, TypeProblem> {
        self.expressions().map(|(offset, expression)| Ok((offset, infer_at(expression, offset, env)?))).collect()
    }

    /// The type of what `eval_value` gives.
    pub fn infer(&self, env: &dyn TypeEnv) -> Result<Inferred, TypeProblem> {
        let types = self.check(env)?;
        Ok(match (self.single(), types.first()) {
            (Some(_), Some((_, only))) => only.clone(),
            _ => Inferred::of(Type::Text),
        })
    }

    /// The text with its values.
    pub fn render(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        self.rendered(scope).map(Cow::into_owned)
    }

    /// The same without a copy where nothing is put in.
    pub fn rendered(&self, scope: &dyn Scope) -> Result<Cow<'_, str>, EvalError> {
        if let Some(text) = self.constant_text() {
            return Ok(Cow::Borrowed(text));
        }
        self.write(scope, EXPRESSION_RESULT_CHARS, write_text).map(Cow::Owned)
    }

    /// The value, if the text is exactly one `{{ }}`, else the rendered text.
    pub fn eval_value(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        match self.pieces() {
            [Piece::Expression(offset, expression)] => expression.eval(scope).map_err(|e| moved(e, *offset)),
            _ => self.render(scope).map(Value::Text),
        }
    }

    /// The text for a URL: every `{{ }}` is percent-encoded as one part. In a text that begins with `/`, a part of the
    /// path to which a `{{ }}` belongs may not be empty, `.` or `..`: the request would go to another resource.
    pub fn render_percent_encoded(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        if let Some(text) = self.constant_text() {
            return Ok(text.to_owned());
        }
        let mut dynamic = Vec::new();
        let mut plain = String::new();
        let out = self.write(scope, EXPRESSION_RESULT_CHARS, |value, out| {
            plain.clear();
            write_text(value, &mut plain);
            let from = out.len();
            percent_encode(&plain, out);
            dynamic.push((from, out.len()));
        })?;
        if self.source.starts_with('/') {
            let path = out.find(['?', '#']).unwrap_or(out.len());
            for ((from, to), (offset, expression)) in dynamic.into_iter().zip(self.expressions()) {
                if from > path {
                    break;
                }
                let begin = out[..from].rfind('/').map_or(0, |i| i + 1);
                let end = out[to..path].find('/').map_or(path, |i| to + i);
                if matches!(&out[begin..end], "" | "." | "..") {
                    let length = expression.source().len() as u32;
                    return Err(EvalError { problem: EvalProblem::PathSegment, offset: offset as u32, length });
                }
            }
        }
        Ok(out)
    }

    /// A page: what is put in is escaped, so that no value can be a tag or leave its attribute. At most `PAGE_CHARS`.
    pub fn render_html(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        let mut plain = String::new();
        self.write(scope, PAGE_CHARS, |value, out| {
            plain.clear();
            write_text(value, &mut plain);
            escape_html(&plain, out);
        })
    }

    fn write(&self, scope: &dyn Scope, most: usize, mut put: impl FnMut(&Value, &mut String)) -> Result<String, EvalError> {
        let mut out = String::with_capacity(self.source.len() + 16);
        let (mut chars, mut counted, mut last) = (0, 0, (0, 0));
        if self.pieces.is_none() {
            out.push_str(&self.source);
        }
        for piece in self.pieces() {
            match piece {
                Piece::Text(from, to) => out.push_str(&self.source[*from..*to]),
                Piece::Expression(offset, expression) => {
                    let value = expression.eval_ref(scope).map_err(|e| moved(e, *offset))?;
                    put(&value, &mut out);
                    last = (*offset, expression.source().len());
                }
            }
            // Counted piece by piece: one value alone is bounded by what a scope and one expression can hold.
            chars += out[counted..].chars().count();
            counted = out.len();
            if chars > most {
                let (offset, length) = (last.0 as u32, last.1 as u32);
                return Err(EvalError { problem: EvalProblem::ResultTooLong, offset, length });
            }
        }
        Ok(out)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Template {}

pub(super) fn infer_at(expression: &Expression, offset: usize, env: &dyn TypeEnv) -> Result<Inferred, TypeProblem> {
    expression.infer(env).map_err(|mut problem| {
        problem.offset += offset;
        problem
    })
}

fn moved(mut error: EvalError, by: usize) -> EvalError {
    error.offset += by as u32;
    error
}

/// Where the `}}` stands that closes a `{{`: not inside quotes.
fn closing(source: &str, begin: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut i, mut quote) = (begin, None);
    // Quotes, backslashes and braces are ASCII and never part of another character in UTF-8.
    while i < bytes.len() {
        match (quote, bytes[i]) {
            (Some(_), b'\\') => i += 1,
            (Some(q), b) if b == q => quote = None,
            (None, b @ (b'\'' | b'"')) => quote = Some(b),
            (None, b'}') if bytes.get(i + 1) == Some(&b'}') => return Some(i),
            _ => {}
        }
        i += 1;
    }
    // An apostrophe that was never closed: let the expression say so, up to the next `}}`.
    quote.and_then(|_| source[begin..].find("}}").map(|i| begin + i))
}

/// Everything but the unreserved characters of RFC 3986.
fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
}

/// The five signs that mean something in HTML, in its text and in quoted attributes.
fn escape_html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
