//! A bucket of a store that speaks S3 (`s3s-fs`, over a folder) on a free port: it checks signatures, and knows one key.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The id of the key that it knows.
pub const ACCESS: &str = "AKIDREPLYFLOW";
/// The key.
pub const SECRET: &str = "a-secret-key-of-forty-characters-or-so-ab";

/// The server and what it keeps.
pub struct BucketServer {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl BucketServer {
    /// With one empty bucket, `files`.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("files")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            while let Ok((socket, _)) = listener.accept().await {
                let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        BucketServer { url, folder, serving }
    }

    /// The names in the bucket below this.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(prefix)) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    /// Where it keeps what has this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    /// The settings that reach it.
    pub fn section(&self) -> String {
        format!(
            "[media.s3]\nbucket = \"files\"\nregion = \"eu-central-1\"\nendpoint = \"{}\"\nprefix = \"talk/\"\npath_style = true\n\
             access_key = {{ env = \"MEDIA_ACCESS_KEY\" }}\nsecret_key = {{ env = \"MEDIA_SECRET_KEY\" }}\n",
            self.url
        )
    }
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
