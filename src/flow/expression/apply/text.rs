//! Functions on texts.

use super::{Applied, Args, unusable};
use crate::domain::limits::EXPRESSION_RESULT_CHARS;
use crate::domain::value::Value;
use crate::flow::expression::call::pattern;
use crate::flow::expression::error::EvalProblem;
use crate::flow::expression::eval::Machine;
use crate::flow::expression::function::Function;
use crate::flow::expression::locale::locale;
use crate::flow::expression::node::{Call, Prepared};
use crate::flow::expression::number::grouped;
use crate::flow::expression::operate::within_limit;
use crate::flow::expression::text::write_text;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Steps of compiling a pattern that was not known at load: at most twenty in one evaluation.
const COMPILING: usize = 500;

/// A text that is built piece by piece and never longer than a result may be.
pub(super) struct Builder {
    text: String,
    chars: usize,
}

impl Builder {
    pub fn new() -> Self {
        Builder { text: String::new(), chars: 0 }
    }

    pub fn push(&mut self, piece: &str) -> Result<(), EvalProblem> {
        self.chars += piece.chars().count();
        if self.chars > EXPRESSION_RESULT_CHARS {
            return Err(EvalProblem::ResultTooLong);
        }
        self.text.push_str(piece);
        Ok(())
    }

    pub fn done(self) -> Cow<'static, Value> {
        Cow::Owned(Value::Text(self.text))
    }
}

pub(super) fn change_case<'a>(function: Function, mut args: Args<'a>) -> Applied<'a> {
    let text = args.text(0);
    let changed = match function {
        Function::Upper => text.to_uppercase(),
        Function::Lower => text.to_lowercase(),
        Function::Title => title(text),
        _ if text.trim().len() == text.len() => return Ok(args.take(0)),
        _ => text.trim().to_owned(),
    };
    within_limit(changed).map(|text| Cow::Owned(Value::Text(text)))
}

/// The first letter of each word large, the others small; a hyphen begins a word.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begins = c.is_whitespace() || c == '-';
    }
    out
}

pub(super) fn replace<'a>(args: &Args<'a>) -> Applied<'a> {
    let (text, from, to) = (args.text(0), args.text(1), args.text(2));
    if from.is_empty() {
        return Err(unusable(Function::Replace, "there is nothing to look for"));
    }
    let mut out = Builder::new();
    for (i, piece) in text.split(from).enumerate() {
        if i > 0 {
            out.push(to)?;
        }
        out.push(piece)?;
    }
    Ok(out.done())
}

pub(super) fn split<'a>(machine: &mut Machine<'a>, args: &Args<'a>) -> Applied<'a> {
    let (text, by) = (args.text(0), args.text(1));
    if by.is_empty() {
        return Err(unusable(Function::Split, "there is nothing to split by"));
    }
    let pieces = text.split(by);
    machine.spend(pieces.clone().count())?;
    Ok(Cow::Owned(Value::List(pieces.map(Value::text).collect())))
}

pub(super) fn text<'a>(machine: &Machine<'a>, args: &Args<'a>) -> Applied<'a> {
    let mut out = String::new();
    match args.get(0) {
        Value::Number(n) if args.has(1) => {
            let style = locale(machine.scope.language()).number;
            out = grouped(*n, args.decimals(1, Function::Text)?, &style);
        }
        Value::Null => {}
        _ if args.has(1) => return Err(unusable(Function::Text, "only numbers have decimals")),
        other => write_text(other, &mut out),
    }
    within_limit(out).map(|text| Cow::Owned(Value::Text(text)))
}

pub(super) fn matches<'a>(machine: &mut Machine<'a>, call: &Call, args: &Args<'a>) -> Applied<'a> {
    if *args.get(0) == Value::Null {
        return Ok(super::yes(false));
    }
    let holds = match &call.prepared {
        Prepared::Pattern(pattern) => pattern.is_match(args.text(0)),
        _ => {
            machine.spend(COMPILING)?;
            let pattern = pattern(args.text(1)).map_err(|reason| unusable(Function::Matches, reason))?;
            pattern.is_match(args.text(0))
        }
    };
    Ok(super::yes(holds))
}

pub(super) fn json<'a>(args: &Args<'a>) -> Applied<'a> {
    within_limit(args.get(0).to_json().to_string()).map(|text| Cow::Owned(Value::Text(text)))
}

/// SHA-256 in hexadecimal digits, of the text as it is or of the JSON of anything else.
pub(super) fn hash<'a>(args: &Args<'a>) -> Applied<'a> {
    let digest = match args.get(0).as_text() {
        Some(text) => Sha256::digest(text.as_bytes()),
        None => Sha256::digest(args.get(0).to_json().to_string().as_bytes()),
    };
    Ok(Cow::Owned(Value::Text(hex::encode(digest))))
}
