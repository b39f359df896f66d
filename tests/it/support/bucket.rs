//! A bucket of a store that speaks S3 (`s3s-fs`, over a folder) on a free port: it checks signatures, and knows one key.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::host::SingleDomain;
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
    path_style: bool,
}

impl BucketServer {
    /// With one empty bucket, `files`, which is a part of the path.
    pub async fn start() -> Self {
        Self::start_in(None).await
    }

    /// The same where the bucket is a part of the host: `files.localhost`.
    pub async fn start_as_host() -> Self {
        Self::start_in(Some("localhost")).await
    }

    async fn start_in(domain: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("files")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        if let Some(domain) = domain {
            service.set_host(SingleDomain::new(&format!("{domain}:{port}")).expect("a domain"));
        }
        let service = service.build();
        let url = format!("http://{}:{port}", domain.unwrap_or("127.0.0.1"));
        let serving = tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            while let Ok((socket, _)) = listener.accept().await {
                let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        BucketServer { url, folder, serving, path_style: domain.is_none() }
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
            "[media.s3]\nbucket = \"files\"\nregion = \"eu-central-1\"\nendpoint = \"{}\"\nprefix = \"talk/\"\npath_style = {}\n\
             access_key = {{ env = \"MEDIA_ACCESS_KEY\" }}\nsecret_key = {{ env = \"MEDIA_SECRET_KEY\" }}\n",
            self.url, self.path_style
        )
    }
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
