//! Where files of contacts are kept: a folder, or a bucket of a store that speaks S3. One contract, held by one suite of tests: a file is there
//! whole or not at all; whoever keeps it again under its name changes nothing; all files whose names begin alike are found without a list of them.
//! Names are given by the service, and no name here is anything else.

mod folder;
mod s3;

pub use folder::FolderStore;
pub use s3::S3Store;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// The bytes of a file, piece by piece.
pub type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Why a file could not be kept, read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The folder or its disk.
    #[error("the folder of files: {0}")]
    Disk(#[from] io::Error),
    /// The bucket is away or not well: the same may pass later.
    #[error("the bucket of files: {0}")]
    Away(String),
    /// The bucket does not let us: credentials, rights, name, region.
    #[error("the bucket of files refuses us: {0}")]
    Refused(String),
}

/// Where files of contacts are kept.
#[async_trait]
pub trait FileStore: fmt::Debug + Send + Sync {
    /// The folder in which a file is written before it is kept. Parts have names that begin with a dot and the beginning of their later name.
    fn workshop(&self) -> &Path;

    /// Keeps a whole file, which is gone from the workshop afterwards. `within` is the longest that it may take.
    async fn keep(&self, part: &Path, name: &str, mime: &str, within: Duration) -> Result<(), FileError>;

    /// Its size in bytes, if there is such a file.
    async fn size(&self, name: &str) -> Result<Option<u64>, FileError>;

    /// So many of its bytes from here on, which the caller knows to be there; nothing: it is gone.
    async fn read(&self, name: &str, from: u64, length: u64) -> Result<Option<Pieces>, FileError>;

    /// Deletes all files whose names begin so, whole ones and such as were being written, or those that were written until then; says how many
    /// there were.
    async fn delete_beginning(&self, beginning: &str, until: Option<SystemTime>) -> Result<u64, FileError>;

    /// A link of the store's own with which its bytes can be fetched (GET) for so long, as an attachment of this type; nothing: the store gives none, or
    /// does not have the file itself.
    async fn own_link(&self, name: &str, mime: &str, lasts: Duration) -> Result<Option<String>, FileError>;

    /// Writes, reads and deletes a file; says where.
    async fn probe(&self) -> Result<String, FileError>;
}
