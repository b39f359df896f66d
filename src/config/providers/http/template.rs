//! What is sent to a gateway, as an operator writes it: text with `{{…}}` where the message goes.

/// A piece of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The receiver: `+447700900123`.
    To,
    /// The receiver in digits.
    ToDigits,
    /// Our number.
    From,
    /// Our number in digits.
    FromDigits,
    /// The text.
    Text,
    /// Our name of the send, which reports may give back.
    Id,
    /// The channel's name.
    Channel,
    /// Where reports go.
    Callback,
    /// The URL of the first file.
    Media,
    /// The URLs of all files: a list in JSON, with commas between them elsewhere.
    MediaList,
}

const NAMES: [(&str, Variable); 10] = [
    ("to", Variable::To),
    ("to_digits", Variable::ToDigits),
    ("from", Variable::From),
    ("from_digits", Variable::FromDigits),
    ("text", Variable::Text),
    ("id", Variable::Id),
    ("channel", Variable::Channel),
    ("callback", Variable::Callback),
    ("media", Variable::Media),
    ("media_list", Variable::MediaList),
];

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// A piece of the message, written as the place wants it.
    Variable(Variable),
    /// One of the channel's secrets by its name, written so too.
    Secret(String),
}

/// Text with pieces of the message in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Reads `to={{to}}&text={{text}}`; nothing if there is something unknown between braces.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}")?;
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            parts.push(match name.trim().strip_prefix("secret.") {
                Some(secret) => Part::Secret(secret.to_owned()),
                None => Part::Variable(NAMES.iter().find(|(known, _)| *known == name.trim())?.1),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Some(Template(parts))
    }

    /// Whether any of these is in it.
    pub fn has(&self, wanted: &[Variable]) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Variable(variable) if wanted.contains(variable)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read() {
        let of = |text: &str| Template::parse(text).map(|t| t.0);
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(
            of("a={{to}}&b={{ text }}"),
            Some(vec![literal("a="), Part::Variable(Variable::To), literal("&b="), Part::Variable(Variable::Text),])
        );
        assert_eq!(of(r#"{"a":{"b":1}}"#), Some(vec![literal(r#"{"a":{"b":1}}"#)]));
        assert_eq!(of("{{secret.key}}"), Some(vec![Part::Secret("key".to_owned())]));
        assert_eq!(of(""), Some(Vec::new()));
        assert_eq!((of("{{nobody}}"), of("{{to")), (None, None));
    }
}
