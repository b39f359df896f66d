//! Where files of contacts are kept: one suite over a folder and over a bucket that speaks S3.

use crate::support::bucket::{ACCESS, BucketServer, SECRET};
use crate::support::patience::LONG;
use futures_util::StreamExt;
use replyflow::config::media::BucketSettings;
use replyflow::config::secret::Secret;
use replyflow::store::files::{FileError, FileStore, FolderStore, Pieces, S3Store};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A store, and what it lives in.
struct Place {
    files: Box<dyn FileStore>,
    workshop: TempDir,
    bucket: Option<BucketServer>,
}

impl Place {
    fn folder() -> Self {
        let workshop = tempfile::tempdir().expect("a folder");
        Place { files: Box::new(FolderStore::new(workshop.path().to_owned())), workshop, bucket: None }
    }

    async fn bucket() -> Self {
        let (workshop, bucket) = (tempfile::tempdir().expect("a folder"), BucketServer::start().await);
        let files = Box::new(S3Store::new(&settings(&bucket), workshop.path().to_owned()).expect("a bucket"));
        Place { files, workshop, bucket: Some(bucket) }
    }

    fn written(&self, part: &str, bytes: &[u8]) -> PathBuf {
        let part = self.files.workshop().join(part);
        std::fs::write(&part, bytes).expect("written");
        part
    }

    async fn kept(&self, name: &str, bytes: &[u8]) {
        let part = self.written(&format!(".{name}.part"), bytes);
        self.files.keep(&part, name, "image/jpeg", LONG).await.expect("kept");
        assert!(!part.exists(), "nothing is left in the workshop");
    }

    async fn bytes(&self, name: &str, from: u64, length: u64) -> Option<Vec<u8>> {
        match self.files.read(name, from, length).await.expect("an answer") {
            None => None,
            Some(pieces) => Some(all(pieces).await),
        }
    }
}

fn settings(bucket: &BucketServer) -> BucketSettings {
    BucketSettings {
        bucket: "files".to_owned(),
        region: "eu-central-1".to_owned(),
        endpoint: url::Url::parse(&bucket.url).expect("a URL"),
        prefix: "talk/".to_owned(),
        path_style: true,
        access_key: Secret::new(ACCESS),
        secret_key: Secret::new(SECRET),
        session_token: None,
    }
}

async fn all(mut pieces: Pieces) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece.expect("a piece"));
    }
    bytes
}

macro_rules! on_every_place {
    ($($test:ident,)+) => {
        mod folder {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Place::folder()).await;
            })+
        }
        mod bucket {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Place::bucket().await).await;
            })+
        }
    };
}

on_every_place!(
    what_is_kept_can_be_read_whole_and_in_parts,
    what_is_not_there_is_not_there,
    what_is_kept_again_is_the_same,
    all_that_begins_alike_goes_and_nothing_else,
    what_is_newer_stays,
    a_large_file_is_the_same_afterwards,
    a_probe_leaves_nothing,
);

async fn what_is_kept_can_be_read_whole_and_in_parts(place: Place) {
    place.kept("aa01.jpg", b"0123456789").await;
    assert_eq!(place.files.size("aa01.jpg").await.expect("an answer"), Some(10));
    for (from, length, bytes) in [(0, 10, "0123456789"), (3, 4, "3456"), (9, 1, "9"), (0, 0, "")] {
        assert_eq!(place.bytes("aa01.jpg", from, length).await.as_deref(), Some(bytes.as_bytes()), "{from} {length}");
    }
}

async fn what_is_not_there_is_not_there(place: Place) {
    assert_eq!(place.files.size("aa01.jpg").await.expect("an answer"), None);
    for length in [0, 5] {
        assert!(place.bytes("aa01.jpg", 0, length).await.is_none());
    }
    assert_eq!(place.files.delete_beginning("aa", None).await.expect("nothing to do"), 0);
    let part = place.files.workshop().join(".never.part");
    assert!(place.files.keep(&part, "aa01.jpg", "image/jpeg", LONG).await.is_err(), "there was no such part");
    assert_eq!(place.files.size("aa01.jpg").await.expect("an answer"), None);
}

async fn what_is_kept_again_is_the_same(place: Place) {
    for _ in 0..2 {
        place.kept("aa01.jpg", b"0123456789").await;
    }
    assert_eq!(place.bytes("aa01.jpg", 0, 10).await.as_deref(), Some(b"0123456789".as_slice()));
    assert_eq!(place.files.delete_beginning("aa01", None).await.expect("deleted"), 1);
}

async fn all_that_begins_alike_goes_and_nothing_else(place: Place) {
    for name in ["aa01.jpg", "aa02.jpg", "ab01.jpg", "b.jpg"] {
        place.kept(name, b"a picture").await;
    }
    // The service died while this was written.
    let part = place.written(".aa-1.part", b"a pic");
    assert_eq!(place.files.delete_beginning("aa", None).await.expect("deleted"), 3);
    assert!(!part.exists());
    assert_eq!(place.files.size("aa02.jpg").await.expect("an answer"), None);
    for name in ["ab01.jpg", "b.jpg"] {
        assert_eq!(place.files.size(name).await.expect("an answer"), Some(9), "{name}");
    }
    assert_eq!(place.files.delete_beginning("aa", None).await.expect("again"), 0);
}

async fn what_is_newer_stays(place: Place) {
    place.kept("aa01.jpg", b"a picture").await;
    let hour = Duration::from_secs(3_600);
    assert_eq!(place.files.delete_beginning("aa", Some(SystemTime::now() - hour)).await.expect("looked"), 0);
    assert_eq!(place.files.delete_beginning("aa", Some(SystemTime::now() + hour)).await.expect("deleted"), 1);
}

async fn a_large_file_is_the_same_afterwards(place: Place) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n * 7 % 251).expect("small")).collect();
    place.kept("aa01.jpg", &bytes).await;
    assert!(place.bytes("aa01.jpg", 0, 3_000_000).await.as_ref() == Some(&bytes), "whole");
    assert!(place.bytes("aa01.jpg", 1_234_567, 1_000_000).await.as_deref() == Some(&bytes[1_234_567..2_234_567]), "a part");
}

async fn a_probe_leaves_nothing(place: Place) {
    place.files.probe().await.expect("fine");
    assert_eq!(std::fs::read_dir(place.workshop.path()).expect("a folder").count(), 0);
    let bucket = place.bucket.as_ref().map(|bucket| bucket.names("talk"));
    assert_eq!(bucket.unwrap_or_default(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_us_or_is_away_says_so_and_loses_nothing() {
    let bucket = BucketServer::start().await;
    let workshop = tempfile::tempdir().expect("a folder");
    let store = |settings: &BucketSettings| S3Store::new(settings, workshop.path().to_owned()).expect("a bucket");
    let part = workshop.path().join(".aa-1.part");
    std::fs::write(&part, "a picture").expect("written");
    let wrong = store(&BucketSettings { secret_key: Secret::new("another"), ..settings(&bucket) });
    let refused = wrong.keep(&part, "aa01.jpg", "image/jpeg", LONG).await.expect_err("refused");
    assert_eq!(refused.to_string(), "the bucket of files refuses us: 403 SignatureDoesNotMatch");
    assert!(matches!(refused, FileError::Refused(_)) && wrong.probe().await.is_err() && part.exists());
    assert!(wrong.read("aa01.jpg", 0, 5).await.is_err() && wrong.delete_beginning("aa", None).await.is_err());
    // What was in the workshop went with what was to be deleted.
    std::fs::write(&part, "a picture").expect("written");
    let nobody = url::Url::parse("http://127.0.0.1:1").expect("a URL");
    let away = store(&BucketSettings { endpoint: nobody, ..settings(&bucket) });
    let error = away.keep(&part, "aa01.jpg", "image/jpeg", LONG).await.expect_err("away");
    assert!(matches!(error, FileError::Away(_)), "{error}");
    assert!(!error.to_string().contains("Signature") && part.exists(), "{error}");
    assert_eq!(bucket.names("talk"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_gives_links_of_its_own_and_reads_what_is_still_in_the_folder() {
    let place = Place::bucket().await;
    place.kept("aa01.jpg", b"a picture").await;
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let link = place.files.own_link("aa01.jpg", "image/jpeg", Duration::from_secs(60)).await.expect("an answer").expect("a link");
    assert!(!link.contains(SECRET), "{link}");
    let answer = client.get(&link).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.bytes().await.expect("bytes").to_vec()), (200, b"a picture".to_vec()));
    let forged = link.replace("aa01.jpg?", "aa02.jpg?");
    assert_eq!(client.get(&forged).send().await.expect("an answer").status(), 403);
    place.written("bb01.jpg", b"of before");
    let none = place.files.own_link("bb01.jpg", "image/jpeg", Duration::from_secs(60)).await.expect("an answer");
    assert_eq!(none, None, "it is not in the bucket");
    assert_eq!(place.files.size("bb01.jpg").await.expect("an answer"), Some(9));
    assert_eq!(place.bytes("bb01.jpg", 3, 6).await.as_deref(), Some(b"before".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_a_list_of_a_bucket_holds_all_go() {
    let place = Place::bucket().await;
    place.kept("ab01.jpg", b"a picture").await;
    let bucket = place.bucket.as_ref().expect("a bucket");
    // As another client puts them there.
    for n in 0..1_003 {
        std::fs::write(bucket.path(&format!("talk/aa{n:04}.jpg")), "a picture").expect("written");
    }
    assert_eq!(place.files.delete_beginning("aa", None).await.expect("deleted"), 1_003);
    assert_eq!(bucket.names("talk"), ["ab01.jpg"]);
}
