//! The functions: their names, how many values they take and of which types.

use crate::domain::value::Type;

/// A function of the language. `now` and `today` are roots that may also be written as calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Function {
    Len,
    Upper,
    Lower,
    Title,
    Trim,
    Replace,
    Split,
    Join,
    Number,
    Text,
    Round,
    Abs,
    Min,
    Max,
    Sum,
    First,
    Last,
    Sort,
    Unique,
    Contains,
    Starts,
    Ends,
    Matches,
    Date,
    DaysUntil,
    Money,
    Percent,
    Json,
    Hash,
    Lines,
}

/// What a function takes and gives.
pub(super) struct Signature {
    pub function: Function,
    pub name: &'static str,
    /// What it takes, in order; empty: anything.
    pub takes: &'static [&'static [Type]],
    /// How many of them must be given.
    pub required: usize,
    /// Whether the last may come any number of times.
    pub variadic: bool,
    pub gives: Type,
    /// What comes of a null as its first value.
    pub null: OfNull,
}

/// What a function gives for null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfNull {
    /// Null.
    Null,
    /// Something else, always.
    Value,
    /// It can give null for other values too.
    Always,
}

const ANY: &[Type] = &[];
const TEXT: &[Type] = &[Type::Text];
const NUMBER: &[Type] = &[Type::Number];
const LIST: &[Type] = &[Type::List];
const MANY: &[Type] = &[Type::Text, Type::List, Type::Map];
const DAY: &[Type] = &[Type::Date, Type::Moment, Type::Text];
const CALENDAR: &[Type] = &[Type::Date, Type::Moment, Type::Time, Type::Text];
const SIZE: &[Type] = &[Type::Number, Type::Duration];

const fn of(
    function: Function,
    name: &'static str,
    takes: &'static [&'static [Type]],
    required: usize,
    gives: Type,
    null: OfNull,
) -> Signature {
    Signature { function, name, takes, required, variadic: false, gives, null }
}

const fn many(function: Function, name: &'static str) -> Signature {
    Signature { function, name, takes: &[ANY], required: 1, variadic: true, gives: Type::Any, null: OfNull::Always }
}

/// In the order of `Function`, which a test holds.
const SIGNATURES: [Signature; 30] = [
    of(Function::Len, "len", &[MANY], 1, Type::Number, OfNull::Value),
    of(Function::Upper, "upper", &[TEXT], 1, Type::Text, OfNull::Null),
    of(Function::Lower, "lower", &[TEXT], 1, Type::Text, OfNull::Null),
    of(Function::Title, "title", &[TEXT], 1, Type::Text, OfNull::Null),
    of(Function::Trim, "trim", &[TEXT], 1, Type::Text, OfNull::Null),
    of(Function::Replace, "replace", &[TEXT, TEXT, TEXT], 3, Type::Text, OfNull::Null),
    of(Function::Split, "split", &[TEXT, TEXT], 2, Type::List, OfNull::Null),
    of(Function::Join, "join", &[LIST, TEXT], 1, Type::Text, OfNull::Null),
    of(Function::Number, "number", &[ANY], 1, Type::Number, OfNull::Always),
    of(Function::Text, "text", &[ANY, NUMBER], 1, Type::Text, OfNull::Value),
    of(Function::Round, "round", &[NUMBER, NUMBER], 1, Type::Number, OfNull::Null),
    of(Function::Abs, "abs", &[SIZE], 1, Type::Any, OfNull::Null),
    many(Function::Min, "min"),
    many(Function::Max, "max"),
    of(Function::Sum, "sum", &[LIST], 1, Type::Number, OfNull::Value),
    of(Function::First, "first", &[LIST], 1, Type::Any, OfNull::Always),
    of(Function::Last, "last", &[LIST], 1, Type::Any, OfNull::Always),
    of(Function::Sort, "sort", &[LIST, TEXT], 1, Type::List, OfNull::Null),
    of(Function::Unique, "unique", &[LIST], 1, Type::List, OfNull::Null),
    of(Function::Contains, "contains", &[MANY, ANY], 2, Type::Boolean, OfNull::Value),
    of(Function::Starts, "starts", &[TEXT, TEXT], 2, Type::Boolean, OfNull::Value),
    of(Function::Ends, "ends", &[TEXT, TEXT], 2, Type::Boolean, OfNull::Value),
    of(Function::Matches, "matches", &[TEXT, TEXT], 2, Type::Boolean, OfNull::Value),
    of(Function::Date, "date", &[CALENDAR, TEXT], 1, Type::Any, OfNull::Always),
    of(Function::DaysUntil, "days_until", &[DAY], 1, Type::Number, OfNull::Always),
    of(Function::Money, "money", &[NUMBER, TEXT], 2, Type::Text, OfNull::Null),
    of(Function::Percent, "percent", &[NUMBER, NUMBER], 1, Type::Text, OfNull::Null),
    of(Function::Json, "json", &[ANY], 1, Type::Text, OfNull::Value),
    of(Function::Hash, "hash", &[ANY], 1, Type::Text, OfNull::Null),
    of(Function::Lines, "lines", &[LIST, TEXT, NUMBER], 2, Type::Text, OfNull::Value),
];

/// Functions of other languages, with what is meant here.
const FOREIGN: [(&str, &str); 16] = [
    ("length", "len"),
    ("size", "len"),
    ("count", "len"),
    ("uppercase", "upper"),
    ("lowercase", "lower"),
    ("capitalize", "title"),
    ("strip", "trim"),
    ("int", "number"),
    ("float", "number"),
    ("str", "text"),
    ("string", "text"),
    ("format", "date"),
    ("startswith", "starts"),
    ("endswith", "ends"),
    ("regex", "matches"),
    ("currency", "money"),
];

impl Function {
    pub fn parse(name: &str) -> Option<Self> {
        SIGNATURES.iter().find(|s| s.name == name).map(|s| s.function)
    }

    pub fn signature(self) -> &'static Signature {
        &SIGNATURES[self as usize]
    }

    pub fn as_str(self) -> &'static str {
        self.signature().name
    }
}

impl Signature {
    pub fn allows(&self, count: usize) -> bool {
        count >= self.required && (self.variadic || count <= self.takes.len())
    }

    /// "takes 1 value", "takes 1 or 2 values".
    pub fn count_in_words(&self) -> String {
        let (least, most) = (self.required, self.takes.len());
        match (self.variadic, most - least.min(most)) {
            (true, _) => format!("takes at least {least} value{}", if least == 1 { "" } else { "s" }),
            (_, 0) => format!("takes {least} value{}", if least == 1 { "" } else { "s" }),
            (_, 1) => format!("takes {least} or {most} values"),
            _ => format!("takes {least} to {most} values"),
        }
    }
}

/// What may have been meant by the name of a function that does not exist.
pub(super) fn similar(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if lower == "default" {
        return Some("Write `x ?? 'default'`".to_owned());
    }
    let named = FOREIGN.iter().find(|(foreign, _)| *foreign == lower).map(|(_, ours)| *ours);
    let close = || {
        let distance = |s: &&Signature| strsim::damerau_levenshtein(s.name, &lower);
        SIGNATURES.iter().min_by_key(distance).filter(|s| distance(s) <= 2).map(|s| s.name)
    };
    named.or_else(close).map(|ours| format!("Did you mean `{ours}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_stands_at_its_place() {
        for (i, signature) in SIGNATURES.iter().enumerate() {
            assert_eq!(signature.function as usize, i, "{}", signature.name);
            assert_eq!(Function::parse(signature.name), Some(signature.function));
            assert!(signature.required <= signature.takes.len());
        }
    }

    #[test]
    fn slips_are_understood() {
        assert_eq!(similar("uper").as_deref(), Some("Did you mean `upper`?"));
        assert_eq!(similar("length").as_deref(), Some("Did you mean `len`?"));
        assert_eq!(similar("default").as_deref(), Some("Write `x ?? 'default'`"));
        assert_eq!(similar("frobnicate"), None);
    }
}
