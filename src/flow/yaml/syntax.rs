//! What the YAML parser says, in words for people who do not know YAML.

use granit_parser::ErrorKind;

/// What is wrong, to follow "This is not YAML: ", and what to do.
pub(super) fn explain(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as K;
    let (what, help) = match kind {
        K::TabNotAllowed | K::TabInBlockIndentation | K::TabInIndentation | K::TabAtBlockScalarStart | K::TabInPlainScalar => {
            (TAB, TAB_HELP)
        }
        K::MappingValueNotAllowed | K::InvalidColonPlacement | K::MappingKeyNotAllowed => (
            "a `:` stands where no key can be",
            "put quotes around a text that holds `: `, and give keys of one map the same indentation",
        ),
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => {
            ("this quote is never closed", "close it with the same kind of quote")
        }
        K::InvalidQuotedScalarIndent => {
            ("this quote is closed neither on its line nor on an indented one below", "close it with the same kind of quote")
        }
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => (
            "text follows a closing quote",
            "put the whole value into quotes; a quote inside single quotes is doubled, inside double quotes it is written `\\\"`",
        ),
        K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping | K::UnclosedFlowCollection { open: '{' } => {
            ("this `{` is never closed", "add the closing `}`")
        }
        K::UnexpectedEofFlowSequence | K::UnclosedFlowCollection { .. } => ("this `[` is never closed", "add the closing `]`"),
        K::ExpectedFlowMappingSeparator => (
            "a `,` or `}` is missing in this one-line map",
            "separate entries with `, `, close the map with `}`, and put quotes around texts with `,`, `{`, `[` or `: `",
        ),
        K::ExpectedFlowSequenceSeparator => {
            ("a `,` or `]` is missing in this one-line list", "separate items with `, ` and close the list with `]`")
        }
        K::MisplacedFlowCollectionEnd | K::MismatchedFlowCollectionEnd { .. } => (
            "this bracket closes nothing that is open",
            "close each `{` with `}` and each `[` with `]`, or put quotes around the text",
        ),
        K::ExpectedBlockMappingKey | K::ExpectedBlockSequenceEntry | K::InvalidIndentation | K::BlockSequenceEntryNotAllowed => (
            "the indentation does not fit what stands above",
            "give all keys of one map the same indentation, and put quotes around a text that begins with `{`, `[`, `*`, `&`, `!`, `%`, `@` or a quote",
        ),
        K::SimpleKeyExpected | K::InvalidSimpleKey => {
            ("this line is no `key: value`", "write `key: value`, with a space after the colon")
        }
        K::UnknownQuotedScalarEscape
        | K::InvalidQuotedScalarHexEscape
        | K::InvalidUnicodeEscape
        | K::InvalidLowSurrogate
        | K::InvalidLowSurrogateHexEscape
        | K::MissingLowSurrogate
        | K::UnpairedLowSurrogate => {
            ("this escape does not exist", "inside double quotes write `\\\\` for a backslash, or use single quotes")
        }
        K::UnexpectedCharacter { character } => {
            return (format!("no value can begin with `{}`", character.escape_default()), "put quotes around the text");
        }
        K::CommentNotSeparated | K::CommentInterceptedScalar => (
            "a comment stands in the middle of a text",
            "put the comment on a line of its own, or quotes around a text that holds ` #`",
        ),
        other => return (other.to_string(), "put quotes around texts with special characters and check the indentation"),
    };
    (what.to_owned(), help)
}

/// Said of tabs, also where YAML itself would take them.
pub(super) const TAB: &str = "a tab stands in the indentation";
/// What to do about them.
pub(super) const TAB_HELP: &str = "indent with spaces";
