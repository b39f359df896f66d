//! The keys of the API that this instance has met. Asking the database at each request would make every answer wait for it, and would lock everybody out
//! while it is away; so a key is asked for again every two seconds while it is used, and one that was confirmed within the last hour opens while the database
//! does not answer. A key that was never confirmed here opens nothing then.

use crate::domain::api_key::{KeyId, ShownKey};
use crate::domain::time::{Millis, Span};
use crate::history::Database;
use crate::history::api_keys::{self, ApiKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// So long a key that was confirmed opens while the database does not answer.
const LATELY: Duration = Duration::from_secs(3_600);
/// The longest that the database may take to say who somebody is.
const ASK: Duration = Duration::from_secs(1);
/// How exactly it is known when a key was used last.
const NOTED: Span = Span::minutes(1);
/// Keys that are remembered at one time.
const KEYS: usize = 10_000;

/// Why a key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefused {
    /// It is nobody's, or was revoked or is over.
    Nobody,
    /// The database does not answer, and the key was not met lately.
    Unreachable,
}

/// The keys.
pub struct KeyRing {
    database: Database,
    begun: Instant,
    known: Known,
}

impl KeyRing {
    /// So long a key is believed without asking: a revocation takes effect everywhere within it.
    pub const FRESH: Duration = Duration::from_secs(2);

    /// None is known yet.
    pub fn new(database: Database) -> Self {
        KeyRing { database, begun: Instant::now(), known: Known::default() }
    }

    /// The key that this one is, if the ring knows enough to say.
    pub fn look(&self, shown: &ShownKey, now: Millis) -> Option<Result<Arc<ApiKey>, KeyRefused>> {
        match self.known.look(shown.id, self.begun.elapsed()) {
            Look::Ask => None,
            Look::Known(key) => Some(judge(shown, key, now)),
            Look::Nobody => Some(Err(KeyRefused::Nobody)),
        }
    }

    /// The same, asking the database.
    pub async fn ask(&self, shown: &ShownKey, now: Millis) -> Result<Arc<ApiKey>, KeyRefused> {
        let asked = tokio::time::timeout(ASK, api_keys::find(&self.database, shown.id)).await;
        let found = match asked {
            Ok(Ok(found)) => Ok(found.map(Arc::new)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it took too long".to_owned()),
        };
        match found {
            Ok(found) => {
                self.known.found(shown.id, found.clone(), self.begun.elapsed());
                judge(shown, found.ok_or(KeyRefused::Nobody)?, now)
            }
            Err(error) => {
                tracing::warn!(%error, "a key could not be looked up");
                let key = self.known.unreachable(shown.id, self.begun.elapsed()).ok_or(KeyRefused::Unreachable)?;
                judge(shown, key, now)
            }
        }
    }

    /// Whether this very key opened here before, as far as is remembered.
    pub fn has_met(&self, shown: &ShownKey) -> bool {
        let all = self.known.all();
        let key = all.get(&shown.id).and_then(|heard| heard.key.as_ref());
        key.is_some_and(|key| bool::from(key.hash.ct_eq(&shown.hash)))
    }

    /// Whether that a key is used now is to be written down.
    pub fn notes(&self, id: KeyId, now: Millis) -> bool {
        self.known.notes(id, now)
    }

    /// Writes down that a key is used; nobody waits for it.
    pub async fn note(&self, id: KeyId, now: Millis) {
        if let Err(error) = self.database.write(vec![api_keys::used(id, now)]).await {
            tracing::debug!(%error, "when a key was used could not be written");
        }
    }

    /// What is known of a key is out of date.
    pub fn forget(&self, id: KeyId) {
        self.known.forget(id);
    }
}

/// Whether this is the key, and opens.
fn judge(shown: &ShownKey, key: Arc<ApiKey>, now: Millis) -> Result<Arc<ApiKey>, KeyRefused> {
    let is_it = bool::from(key.hash.ct_eq(&shown.hash)) && key.mode == shown.mode;
    if is_it && key.opens(now) { Ok(key) } else { Err(KeyRefused::Nobody) }
}

/// What was heard of keys. Times are since the start.
#[derive(Debug, Default)]
struct Known(Mutex<HashMap<KeyId, Heard>>);

#[derive(Debug)]
struct Heard {
    key: Option<Arc<ApiKey>>,
    /// When the database was asked last.
    asked: Duration,
    /// When it answered last.
    confirmed: Duration,
    /// When its last use was written down.
    noted: Option<Millis>,
}

#[derive(Debug, PartialEq)]
enum Look {
    Known(Arc<ApiKey>),
    Nobody,
    Ask,
}

impl Known {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<KeyId, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known. Of those who come at one time with a key that must be asked for again, one asks; the others go on with what was known.
    fn look(&self, id: KeyId, now: Duration) -> Look {
        let mut all = self.all();
        let Some(heard) = all.get_mut(&id) else { return Look::Ask };
        if now.saturating_sub(heard.asked) >= KeyRing::FRESH {
            heard.asked = now;
            return Look::Ask;
        }
        match &heard.key {
            None => Look::Nobody,
            Some(key) if now.saturating_sub(heard.confirmed) < LATELY => Look::Known(Arc::clone(key)),
            Some(_) => Look::Ask,
        }
    }

    fn found(&self, id: KeyId, key: Option<Arc<ApiKey>>, now: Duration) {
        let mut all = self.all();
        if all.len() >= KEYS && !all.contains_key(&id) {
            all.retain(|_, heard| heard.key.is_some() && now.saturating_sub(heard.confirmed) < LATELY);
            if all.len() >= KEYS {
                all.clear();
            }
        }
        let noted = all.get(&id).and_then(|heard| heard.noted);
        all.insert(id, Heard { key, asked: now, confirmed: now, noted });
    }

    /// The database does not answer: what was confirmed lately still holds.
    fn unreachable(&self, id: KeyId, now: Duration) -> Option<Arc<ApiKey>> {
        let all = self.all();
        let heard = all.get(&id).filter(|heard| now.saturating_sub(heard.confirmed) < LATELY)?;
        heard.key.clone()
    }

    fn notes(&self, id: KeyId, now: Millis) -> bool {
        let mut all = self.all();
        let Some(heard) = all.get_mut(&id) else { return false };
        let due = heard.noted.is_none_or(|noted| now - noted >= NOTED);
        if due {
            heard.noted = Some(now);
        }
        due
    }

    fn forget(&self, id: KeyId) {
        self.all().remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mode::Mode;
    use crate::domain::scope::Scopes;

    const ID: u64 = 7;

    fn made() -> (ShownKey, Arc<ApiKey>) {
        let (text, hash) = ShownKey::draw(Mode::Live, KeyId::of(ID), [1; 32]);
        let key = ApiKey {
            id: KeyId::of(ID),
            name: "crm".to_owned(),
            hash,
            scopes: Scopes::ADMIN,
            mode: Mode::Live,
            created_at: Millis(0),
            created_by: None,
            expires_at: Some(Millis(100)),
            last_used_at: None,
            revoked_at: None,
        };
        (ShownKey::parse(&text).expect("a key"), Arc::new(key))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn only_the_key_itself_opens_and_only_as_long_as_it_lasts() {
        let (shown, key) = made();
        assert!(judge(&shown, key.clone(), Millis(99)).is_ok());
        assert_eq!(judge(&shown, key.clone(), Millis(100)), Err(KeyRefused::Nobody), "it is over");
        let other = ShownKey { hash: [0; 32], ..shown };
        assert_eq!(judge(&other, key.clone(), Millis(0)), Err(KeyRefused::Nobody), "another secret");
        let test = ShownKey { mode: Mode::Test, ..shown };
        assert_eq!(judge(&test, key.clone(), Millis(0)), Err(KeyRefused::Nobody), "another mode");
        let revoked = Arc::new(ApiKey { revoked_at: Some(Millis(1)), ..(*key).clone() });
        assert_eq!(judge(&shown, revoked, Millis(0)), Err(KeyRefused::Nobody), "revoked");
    }

    #[tokio::test]
    async fn only_the_very_key_was_met() {
        let (shown, key) = made();
        let folder = tempfile::tempdir().expect("a folder");
        let ring = KeyRing::new(Database::open_file(&folder.path().join("history.db")).await.expect("opens"));
        assert!(!ring.has_met(&shown));
        ring.known.found(shown.id, Some(key), at(0));
        assert!(ring.has_met(&shown) && !ring.has_met(&ShownKey { hash: [0; 32], ..shown }));
        ring.known.found(shown.id, None, at(1));
        assert!(!ring.has_met(&shown), "it is nobody's any more");
    }

    #[test]
    fn a_key_is_asked_for_again_every_two_seconds_by_one_of_many() {
        let (_, key) = made();
        let (known, id) = (Known::default(), KeyId::of(ID));
        assert_eq!(known.look(id, at(0)), Look::Ask);
        known.found(id, Some(key.clone()), at(0));
        assert_eq!(known.look(id, at(1)), Look::Known(key.clone()));
        assert_eq!(known.look(id, at(2)), Look::Ask);
        assert_eq!(known.look(id, at(2)), Look::Known(key), "one asks, the others go on");
        known.found(id, None, at(2));
        assert_eq!(known.look(id, at(3)), Look::Nobody);
        assert_eq!(known.look(id, at(4)), Look::Ask, "it may have been made since");
    }

    #[test]
    fn without_the_database_who_was_met_lately_gets_in_and_nobody_else() {
        let (_, key) = made();
        let (known, id) = (Known::default(), KeyId::of(ID));
        assert_eq!(known.unreachable(id, at(0)), None);
        known.found(id, Some(key.clone()), at(10));
        assert_eq!(known.unreachable(id, at(3_609)), Some(key));
        assert_eq!(known.unreachable(id, at(3_610)), None, "an hour later");
        known.found(id, None, at(4_000));
        assert_eq!(known.unreachable(id, at(4_001)), None, "it was known to be nobody's");
    }

    #[test]
    fn the_last_use_is_written_once_a_minute() {
        let (_, key) = made();
        let (known, id) = (Known::default(), KeyId::of(ID));
        assert!(!known.notes(id, Millis(0)), "a key that nobody knows");
        known.found(id, Some(key.clone()), at(0));
        assert!(known.notes(id, Millis(0)) && !known.notes(id, Millis(59_999)));
        known.found(id, Some(key), at(1));
        assert!(!known.notes(id, Millis(59_999)) && known.notes(id, Millis(60_000)));
    }
}
