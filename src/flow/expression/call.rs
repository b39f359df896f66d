//! A call as it is read: the function exists, the number of values is right, what is constant is compiled.

use super::date_pattern::DatePattern;
use super::error::{SyntaxError, SyntaxKind};
use super::function::{Function, similar};
use super::money::Currency;
use super::node::{Call, Kind, Node, Prepared};
use super::parse::Parsed;
use crate::domain::limits::{PATTERN_BYTES, PATTERN_CHARS};
use crate::domain::value::Value;
use regex::{Regex, RegexBuilder};

/// `from..to` is the name, `end` where the call ends. After `|` one value more is given than stands in the brackets.
pub(super) fn call(name: &str, from: usize, to: usize, end: usize, args: Vec<Node>, piped: bool) -> Parsed<Call> {
    let Some(function) = Function::parse(name) else {
        let error = SyntaxError::new(SyntaxKind::Function, format!("There is no function `{name}`"), from, to - from);
        return Err(SyntaxError { help: similar(name), ..error });
    };
    let signature = function.signature();
    let given = args.len() + usize::from(piped);
    if !signature.allows(given) {
        let message = format!("`{name}` {}, here {} {given}", signature.count_in_words(), if given == 1 { "is" } else { "are" });
        let error = SyntaxError::new(SyntaxKind::Function, message, from, end - from);
        return Err(if piped { error.help("The value before `|` counts as the first") } else { error });
    }
    // The second value is what all that can be compiled have in common.
    let second = args.get(1 - usize::from(piped));
    let prepared = match second {
        Some(node) => prepare(function, node)?,
        None => Prepared::Nothing,
    };
    Ok(Call { function, args: args.into(), prepared, from: from as u16, to: end as u16 })
}

fn prepare(function: Function, node: &Node) -> Parsed<Prepared> {
    let Kind::Constant(Value::Text(text)) = &node.kind else { return Ok(Prepared::Nothing) };
    let (from, length) = (usize::from(node.from), usize::from(node.to - node.from));
    let wrong = |reason: String| SyntaxError::grammar(reason, from, length);
    Ok(match function {
        Function::Matches => {
            let refused = |reason| SyntaxError::new(SyntaxKind::Pattern, reason, from, length);
            Prepared::Pattern(pattern(text).map_err(refused)?)
        }
        Function::Date => Prepared::Date(DatePattern::parse(text).map_err(wrong)?),
        Function::Money => {
            Prepared::Currency(Currency::parse(text).ok_or_else(|| {
                wrong(format!("`{text}` is not a currency")).help("Write its three letters: 'EUR', 'INR', 'USD'")
            })?)
        }
        _ => Prepared::Nothing,
    })
}

/// A regular expression for a whole text. The engine takes linear time; its size is bounded here.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    if text.chars().count() > PATTERN_CHARS {
        return Err(format!("The pattern is longer than {PATTERN_CHARS} characters"));
    }
    let compile =
        |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).nest_limit(32).build();
    // Alone first: its brackets must match without those that are put around it.
    let built = compile(text).and_then(|_| compile(&format!(r"\A(?:{text})\z")));
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("The pattern is too large when compiled, more than {PATTERN_BYTES} bytes"),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
            format!("The pattern is not valid: {last}")
        }
    })
}
