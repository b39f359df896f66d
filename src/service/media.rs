//! Where files of contacts are kept: one folder, each file under a name that nobody can guess and that says nothing but its
//! kind. The same bytes have the same name, so that a fetch which is done again changes nothing.

use super::ports::Sink;
use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Hexadecimal digits of a name: 160 bits.
const NAME_DIGITS: usize = 40;

/// Kinds of files that we name; any other is `bin`, which nothing opens by itself.
const ENDINGS: [(&str, &str); 20] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("audio/ogg", "ogg"),
    ("audio/mpeg", "mp3"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/mp4", "m4a"),
    ("video/mp4", "mp4"),
    ("video/3gpp", "3gp"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/vcard", "vcf"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];

/// The place of a kept file, if this can be the name of one: 40 hexadecimal digits and an ending.
pub fn kept(folder: &Path, name: &str) -> Option<PathBuf> {
    let (digits, ending) = name.split_once('.')?;
    let hex = digits.len() == NAME_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let known = ending == "bin" || ENDINGS.iter().any(|(_, known)| *known == ending);
    (hex && known).then(|| folder.join(name))
}

/// The type of a kept file by its name.
pub fn type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.iter().find(|(_, known)| *known == ending).map_or("application/octet-stream", |(mime, _)| mime)
}

/// A file that is being written. Nobody sees it before it is whole.
pub(super) struct Keeper {
    part: PathBuf,
    folder: PathBuf,
    file: File,
    hash: Sha256,
    size: u64,
    failed: Option<io::Error>,
}

impl Keeper {
    /// Begins a file; `own` is a name that no other attempt has.
    pub async fn begin(folder: &Path, own: &str) -> io::Result<Self> {
        tokio::fs::create_dir_all(folder).await?;
        let part = folder.join(format!(".{own}.part"));
        let file = File::create(&part).await?;
        Ok(Keeper { part, folder: folder.to_owned(), file, hash: Sha256::new(), size: 0, failed: None })
    }

    /// Why bytes could not be written, if they could not.
    pub fn failed(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    /// Gives the file its name: nobody who does not know the secret can tell it, not even from the file itself.
    pub async fn keep(mut self, secret: &[u8], mime: &str) -> io::Result<(String, u64)> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| io::Error::other("no secret"))?;
        mac.update(b"media:");
        mac.update(&self.hash.clone().finalize());
        let digits = hex::encode(mac.finalize().into_bytes());
        let essence = mime.split(';').next().unwrap_or(mime).trim().to_ascii_lowercase();
        let ending = ENDINGS.iter().find(|(known, _)| *known == essence).map_or("bin", |(_, ending)| ending);
        let name = format!("{}.{ending}", &digits[..NAME_DIGITS]);
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
        let mut keeper = Keeper::begin(folder, "1").await.expect("a file");
        assert!(keeper.take(Bytes::from_static(bytes)).await);
        let (name, size) = keeper.keep(secret, mime).await.expect("kept");
        assert_eq!(size, bytes.len() as u64);
        name
    }

    #[tokio::test]
    async fn a_name_depends_on_the_bytes_and_on_the_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let name = keep(folder, b"s", b"hello", "image/jpeg; x=1").await;
        assert_eq!(keep(folder, b"s", b"hello", "IMAGE/JPEG").await, name);
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
        Keeper::begin(folder.path(), "1").await.expect("a file").drop_it().await;
        assert_eq!(std::fs::read_dir(folder.path()).expect("files").count(), 0);
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
