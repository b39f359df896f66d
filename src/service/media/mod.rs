//! Files of contacts: each is kept under a name that nobody can guess and that says nothing but its kind and which files are of one contact. The
//! same bytes of one contact have the same name, so that a fetch which is done again changes nothing; all files of a contact begin alike, so that
//! they can be found and deleted without a list of them. Where they are kept is a matter of `store::files`.

pub mod kind;
pub mod links;
pub mod owed;
mod passing;

use self::kind::Found;
use super::ports::Sink;
use crate::domain::id::ContactKey;
use crate::store::files::{FileError, FileStore};
use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Hexadecimal digits of a name: 160 bits.
const NAME_DIGITS: usize = 40;

/// Those of them that are of the contact: 64 bits.
const OWNER_DIGITS: usize = 16;

/// Whether this can be the name of a kept file: 40 hexadecimal digits and an ending.
pub fn is_name(name: &str) -> bool {
    let Some((digits, ending)) = name.split_once('.') else { return false };
    let hex = digits.len() == NAME_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hex && kind::of_ending(ending).is_some()
}

/// The type of a kept file by its name.
pub fn type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    kind::of_ending(ending).unwrap_or(kind::UNKNOWN)
}

/// Whose files: how their names begin, and the secret that they are made with.
#[derive(Clone)]
pub struct Owner {
    digits: String,
    secret: Vec<u8>,
    contact: ContactKey,
}

impl Owner {
    /// The files of a contact.
    pub fn of(secret: &[u8], contact: ContactKey) -> Self {
        let digits = digits(secret, &[b"media of:", contact.as_str().as_bytes()], OWNER_DIGITS);
        Owner { digits, secret: secret.to_vec(), contact }
    }

    /// How the names of the contact's files begin.
    pub fn beginning(&self) -> &str {
        &self.digits
    }

    /// The name of the file of this hash, without its ending.
    fn name(&self, hash: &[u8]) -> String {
        let own = digits(&self.secret, &[b"media:", self.contact.as_str().as_bytes(), hash], NAME_DIGITS - OWNER_DIGITS);
        format!("{}{own}", self.digits)
    }
}

fn digits(secret: &[u8], parts: &[&[u8]], n: usize) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    let mut digits = hex::encode(mac.finalize().into_bytes());
    digits.truncate(n);
    digits
}

/// A file that is being written. Nobody sees it before it is whole.
pub(super) struct Keeper {
    owner: Owner,
    part: PathBuf,
    file: File,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
    failed: Option<io::Error>,
}

impl Keeper {
    /// Begins a file of a contact; `own` is a name that no other attempt has.
    pub async fn begin(files: &dyn FileStore, owner: &Owner, own: &str) -> io::Result<Self> {
        let folder = files.workshop();
        tokio::fs::create_dir_all(folder).await?;
        let part = folder.join(format!(".{}-{own}.part", owner.digits));
        let file = File::create(&part).await?;
        Ok(Keeper { owner: owner.clone(), part, file, hash: Sha256::new(), head: Vec::new(), size: 0, failed: None })
    }

    /// Why bytes could not be written, if they could not.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// What the file is that its sender called so.
    pub fn look(&self, told: &str) -> Found {
        kind::look(told, &self.head)
    }

    /// Keeps the file as one of this type: nobody who does not know the secret can tell its name, not even from the file itself.
    pub async fn keep(mut self, files: &dyn FileStore, mime: &str, within: Duration) -> Result<(String, u64), FileError> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let digits = self.owner.name(&self.hash.clone().finalize());
        let name = format!("{digits}.{}", kind::ending(mime));
        match files.keep(&self.part, &name, mime, within).await {
            Ok(()) => Ok((name, self.size)),
            Err(error) => {
                self.drop_it().await;
                Err(error)
            }
        }
    }

    /// Leaves nothing behind.
    pub async fn drop_it(self) {
        if let Err(error) = tokio::fs::remove_file(&self.part).await {
            tracing::warn!(%error, "a part of a file could not be removed");
        }
    }
}

#[async_trait]
impl Sink for Keeper {
    async fn take(&mut self, bytes: Bytes) -> bool {
        self.hash.update(&bytes);
        self.head.extend_from_slice(&bytes[..bytes.len().min(kind::HEAD - self.head.len())]);
        self.size += bytes.len() as u64;
        match self.file.write_all(&bytes).await {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::files::FolderStore;
    use std::path::Path;

    const SOON: Duration = Duration::from_secs(5);

    async fn keep(folder: &Path, secret: &[u8], bytes: &'static [u8], mime: &str) -> String {
        let (files, owner) = (FolderStore::new(folder.to_owned()), Owner::of(secret, ContactKey::derive(b"s", "ada")));
        let mut keeper = Keeper::begin(&files, &owner, "1").await.expect("a file");
        assert!(keeper.take(Bytes::from_static(bytes)).await);
        let (name, size) = keeper.keep(&files, mime, SOON).await.expect("kept");
        assert_eq!(size, bytes.len() as u64);
        name
    }

    #[tokio::test]
    async fn a_name_depends_on_the_bytes_and_on_the_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let name = keep(folder, b"s", b"hello", "image/jpeg").await;
        assert_eq!(keep(folder, b"s", b"hello", "image/jpeg").await, name);
        assert_ne!(keep(folder, b"t", b"hello", "image/jpeg").await, name);
        assert_ne!(keep(folder, b"s", b"hallo", "image/jpeg").await, name);
        assert!(keep(folder, b"s", b"x", "text/html").await.ends_with(".bin"), "nothing that a browser runs");
        assert!(is_name(&name));
        assert_eq!(std::fs::read(folder.join(&name)).expect("the file"), b"hello");
        assert_eq!((type_of(&name), type_of("x.bin")), ("image/jpeg", "application/octet-stream"));
        assert!(
            std::fs::read_dir(folder).expect("files").all(|f| !f.expect("a file").file_name().to_string_lossy().contains("part"))
        );
    }

    #[tokio::test]
    async fn what_was_begun_and_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (files, owner) = (FolderStore::new(folder.path().to_owned()), Owner::of(b"s", ContactKey::derive(b"s", "ada")));
        Keeper::begin(&files, &owner, "1").await.expect("a file").drop_it().await;
        assert_eq!(std::fs::read_dir(folder.path()).expect("files").count(), 0);
    }

    #[test]
    fn only_names_that_we_gave_are_names() {
        let digits = "0123456789".repeat(4);
        assert!(is_name(&format!("{digits}.jpg")) && is_name(&format!("{digits}.bin")));
        for name in [
            digits.clone(),
            format!("{digits}.html"),
            format!("{digits}.jpg/../x"),
            format!("{digits}1.jpg"),
            format!("{}/.jpg", &digits[1..]),
            "../etc/passwd".to_owned(),
            format!("{}A.jpg", &digits[1..]),
        ] {
            assert!(!is_name(&name), "{name}");
        }
    }
}
