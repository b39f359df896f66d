//! Where files of contacts are kept: one folder, each file under a name that nobody can guess and that says nothing but its
//! kind and which files are of one contact. The same bytes of one contact have the same name, so that a fetch which is done again
//! changes nothing; all files of a contact begin alike, so that they can be found and deleted without a list of them.

pub mod kind;
pub mod links;
mod passing;

use self::kind::Found;
use super::ports::Sink;
use crate::domain::id::ContactKey;
use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Hexadecimal digits of a name: 160 bits.
const NAME_DIGITS: usize = 40;

/// Those of them that are of the contact: 64 bits.
const OWNER_DIGITS: usize = 16;

/// The place of a kept file, if this can be the name of one: 40 hexadecimal digits and an ending.
pub fn kept(folder: &Path, name: &str) -> Option<PathBuf> {
    let (digits, ending) = name.split_once('.')?;
    let hex = digits.len() == NAME_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (hex && kind::of_ending(ending).is_some()).then(|| folder.join(name))
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

    /// Deletes all files of the contact, whole ones and such as were being written, or those that were written until then; says how many
    /// there were.
    pub async fn delete_all(&self, folder: &Path, until: Option<SystemTime>) -> io::Result<u64> {
        let mut files = match tokio::fs::read_dir(folder).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            files => files?,
        };
        let mut deleted = 0;
        while let Some(file) = files.next_entry().await? {
            let name = file.file_name();
            let Some(name) = name.to_str() else { continue };
            if !name.trim_start_matches('.').starts_with(&self.digits) {
                continue;
            }
            if let Some(until) = until
                && file.metadata().await.and_then(|about| about.modified()).is_ok_and(|written| written > until)
            {
                continue;
            }
            match tokio::fs::remove_file(file.path()).await {
                Ok(()) => deleted += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
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
    folder: PathBuf,
    file: File,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
    failed: Option<io::Error>,
}

impl Keeper {
    /// Begins a file of a contact; `own` is a name that no other attempt has.
    pub async fn begin(folder: &Path, owner: &Owner, own: &str) -> io::Result<Self> {
        tokio::fs::create_dir_all(folder).await?;
        let part = folder.join(format!(".{}-{own}.part", owner.digits));
        let file = File::create(&part).await?;
        Ok(Keeper {
            owner: owner.clone(),
            part,
            folder: folder.to_owned(),
            file,
            hash: Sha256::new(),
            head: Vec::new(),
            size: 0,
            failed: None,
        })
    }

    /// Why bytes could not be written, if they could not.
    pub fn failed(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    /// What the file is that its sender called so.
    pub fn look(&self, told: &str) -> Found {
        kind::look(told, &self.head)
    }

    /// Gives the file its name, as one of this type: nobody who does not know the secret can tell it, not even from the file itself.
    pub async fn keep(mut self, mime: &str) -> io::Result<(String, u64)> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let digits = self.owner.name(&self.hash.clone().finalize());
        let name = format!("{digits}.{}", kind::ending(mime));
        tokio::fs::rename(&self.part, self.folder.join(&name)).await?;
        Ok((name, self.size))
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

    async fn keep(folder: &Path, secret: &[u8], bytes: &'static [u8], mime: &str) -> String {
        let owner = Owner::of(secret, ContactKey::derive(b"s", "ada"));
        let mut keeper = Keeper::begin(folder, &owner, "1").await.expect("a file");
        assert!(keeper.take(Bytes::from_static(bytes)).await);
        let (name, size) = keeper.keep(mime).await.expect("kept");
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
        let place = kept(folder, &name).expect("a name");
        assert_eq!(std::fs::read(place).expect("the file"), b"hello");
        assert_eq!((type_of(&name), type_of("x.bin")), ("image/jpeg", "application/octet-stream"));
        assert!(
            std::fs::read_dir(folder).expect("files").all(|f| !f.expect("a file").file_name().to_string_lossy().contains("part"))
        );
    }

    #[tokio::test]
    async fn what_was_begun_and_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let owner = Owner::of(b"s", ContactKey::derive(b"s", "ada"));
        Keeper::begin(folder.path(), &owner, "1").await.expect("a file").drop_it().await;
        assert_eq!(std::fs::read_dir(folder.path()).expect("files").count(), 0);
    }

    #[tokio::test]
    async fn the_files_of_one_contact_are_deleted_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let owner = |who: &str| Owner::of(b"s", ContactKey::derive(b"s", who));
        assert_eq!(owner("ada").delete_all(&folder.join("none"), None).await.expect("nothing to do"), 0);
        let before = SystemTime::now() - std::time::Duration::from_secs(60);
        for who in ["ada", "bob"] {
            let mut keeper = Keeper::begin(folder, &owner(who), "1").await.expect("a file");
            assert!(keeper.take(Bytes::from_static(b"the same picture")).await);
            keeper.keep("image/png").await.expect("kept");
        }
        // The service died while this was written.
        drop(Keeper::begin(folder, &owner("ada"), "2").await.expect("a file"));
        assert_eq!(owner("ada").delete_all(folder, Some(before)).await.expect("looked"), 0, "they were written since");
        assert_eq!(owner("ada").delete_all(folder, None).await.expect("deleted"), 2);
        assert_eq!(std::fs::read_dir(folder).expect("files").count(), 1, "what is bob's stays");
        assert_eq!(owner("ada").delete_all(folder, None).await.expect("again"), 0);
    }

    #[test]
    fn only_names_that_we_gave_lead_to_a_file() {
        let digits = "0123456789".repeat(4);
        assert!(kept(Path::new("/x"), &format!("{digits}.jpg")).is_some());
        for name in [
            digits.clone(),
            format!("{digits}.html"),
            format!("{digits}.jpg/../x"),
            format!("{digits}1.jpg"),
            format!("{}/.jpg", &digits[1..]),
            "../etc/passwd".to_owned(),
            format!("{}A.jpg", &digits[1..]),
        ] {
            assert_eq!(kept(Path::new("/x"), &name), None, "{name}");
        }
    }
}
