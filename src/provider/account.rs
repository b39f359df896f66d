//! Whose a channel is at its provider.

use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// The owner of a channel: a provider and the credentials there. Two are equal if all of it is; neither can be read from it.
#[derive(Clone)]
pub struct Account([u8; 32]);

impl Account {
    /// Of a provider, by what only the owner has there.
    pub fn new(provider: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&provider).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Account(hash.finalize().into())
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Account {}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_equal_in_all_their_parts() {
        assert_eq!(Account::new("a", &["x", "y"]), Account::new("a", &["x", "y"]));
        for other in [Account::new("b", &["x", "y"]), Account::new("a", &["xy", ""]), Account::new("a", &["x"])] {
            assert_ne!(Account::new("a", &["x", "y"]), other);
        }
        assert_eq!(format!("{:?}", Account::new("a", &["hidden"])), "Account(…)");
    }
}
