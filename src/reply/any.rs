//! `any`: whatever comes is the answer, never exactly, so that commands and keywords still reach the flow.

use super::{Understanding, Understood};
use crate::domain::value::Value;

/// The text as it was written.
pub fn understand(text: &str) -> Understanding {
    Understood::lenient(Value::text(text), "any message is an answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_an_answer() {
        for text in ["", "2", "  STOP by\n", "👍"] {
            let understood = understand(text).expect("an answer");
            assert_eq!(understood.value, Value::text(text));
            assert!(!understood.exact);
        }
    }
}
