//! The service with its files in a bucket that speaks S3: fetched, served through it or by the bucket, deleted with their contact.

use crate::file_links::{FLOW, configuration, said, with_a_picture};
use crate::files::{PICTURE, Provider, image, text, whatsapp};
use crate::support::bucket::{ACCESS, BucketServer, SECRET};
use crate::support::live::Service;
use crate::support::patience::LONG;
use replyflow::domain::id::ContactKey;
use reqwest::Client;
use std::process::Command;

fn with_bucket(bucket: &BucketServer, redirect: bool) -> String {
    format!("[media]\nstore = \"s3\"\nredirect = {redirect}\n{}", bucket.section())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_the_bucket_and_is_given_out_through_the_service() {
    let (provider, bucket) = (Provider::start(), BucketServer::start().await);
    let service = Service::start(&configuration(&provider.url, &with_bucket(&bucket, false)), &[("damage", FLOW)]).await;
    let link = with_a_picture(&provider, &service).await;
    let [name] = bucket.names("talk").try_into().expect("one file");
    assert!(link.starts_with(&format!("/media/{name}?")), "{link}");
    let answer = service.get(&link).await;
    assert_eq!((answer.status().as_u16(), said(&answer, "content-type")), (200, "image/jpeg".to_owned()));
    assert_eq!(said(&answer, "content-length"), PICTURE.len().to_string());
    assert_eq!(&answer.bytes().await.expect("bytes")[..], PICTURE);
    let part =
        service.client.get(format!("{}{link}", service.base)).header("range", "bytes=2-5").send().await.expect("an answer");
    assert_eq!((part.status().as_u16(), &part.bytes().await.expect("bytes")[..]), (206, &PICTURE[2..=5]));
    let key = ContactKey::parse(&service.contact_key("+447700900123")).expect("a key");
    let erased = service.core().forget(key, "test").await.expect("an answer");
    let replyflow::service::forget::Erased::Done(receipt) = erased else { panic!("there was somebody: {erased:?}") };
    assert_eq!((receipt.files, bucket.names("talk")), (1, Vec::<String>::new()));
    assert_eq!(service.get(&link).await.status(), 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_link_is_sent_on_to_the_bucket_where_that_is_wanted() {
    let (provider, bucket) = (Provider::start(), BucketServer::start().await);
    let service = Service::start(&configuration(&provider.url, &with_bucket(&bucket, true)), &[("damage", FLOW)]).await;
    let link = with_a_picture(&provider, &service).await;
    let client =
        Client::builder().no_proxy().timeout(LONG).redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let answer = client.get(format!("{}{link}", service.base)).send().await.expect("an answer");
    let there = said(&answer, "location");
    assert_eq!((answer.status().as_u16(), there.starts_with(&bucket.url)), (302, true), "{there}");
    assert_eq!(&client.get(there).send().await.expect("an answer").bytes().await.expect("bytes")[..], PICTURE);
    let asked = client.head(format!("{}{link}", service.base)).send().await.expect("an answer");
    assert_eq!(
        (asked.status().as_u16(), said(&asked, "content-length")),
        (200, PICTURE.len().to_string()),
        "its link is no link to ask with"
    );
    // As before it was moved into the bucket: it lies in the folder.
    let [name] = bucket.names("talk").try_into().expect("one file");
    std::fs::copy(bucket.path("talk").join(&name), service.folder().join("data/media").join(&name)).expect("copied");
    std::fs::remove_file(bucket.path("talk").join(&name)).expect("removed");
    let answer = client.get(format!("{}{link}", service.base)).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.bytes().await.expect("bytes")[..]), (200, PICTURE));
    let forged = format!("{}{}", service.base, link.replace("sig=", "sig=A"));
    assert_eq!(client.get(forged).send().await.expect("an answer").status(), 403, "our own link is judged first");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_may_be_a_part_of_the_host() {
    let (provider, bucket) = (Provider::start(), BucketServer::start_as_host().await);
    for redirect in [false, true] {
        let settings = configuration(&provider.url, &with_bucket(&bucket, redirect));
        assert!(settings.contains("path_style = false") && settings.contains("http://localhost:"), "{settings}");
        let service = Service::start(&settings, &[("damage", FLOW)]).await;
        provider.seen.bodies.lock().expect("not poisoned").clear();
        provider.forget();
        let link = with_a_picture(&provider, &service).await;
        let name = link.trim_start_matches("/media/").split('?').next().expect("a name").to_owned();
        assert!(bucket.names("talk").contains(&name), "{name}: {:?}", bucket.names("talk"));
        if redirect {
            let client =
                Client::builder().no_proxy().timeout(LONG).redirect(reqwest::redirect::Policy::none()).build().expect("a client");
            let there = said(&client.get(format!("{}{link}", service.base)).send().await.expect("an answer"), "location");
            assert!(there.starts_with("http://files.localhost:"), "{there}");
        } else {
            assert_eq!(&service.get(&link).await.bytes().await.expect("bytes")[..], PICTURE);
        }
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_for_a_while_loses_nothing() {
    let (provider, bucket) = (Provider::start(), BucketServer::start().await);
    let service = Service::start(&configuration(&provider.url, &with_bucket(&bucket, false)), &[("damage", FLOW)]).await;
    whatsapp(&service, "1", text("damage")).await;
    provider.texts(1).await;
    // A file stands where the names begin: nothing can be written there.
    std::fs::write(bucket.path("talk"), "").expect("written");
    whatsapp(&service, "2", image("photo")).await;
    // It is fetched again because it could not be put.
    provider.fetches("/attachment", 2).await;
    std::fs::remove_file(bucket.path("talk")).expect("removed");
    provider.texts(3).await;
    assert_eq!(bucket.names("talk").len(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_the_bucket_and_files_of_before_move_into_it() {
    let bucket = BucketServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("flows")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("data/media")).expect("a folder");
    std::fs::write(folder.path().join("replyflow.toml"), with_bucket(&bucket, false)).expect("written");
    let run = |arguments: &[&str], secret: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
        command.args(arguments).current_dir(folder.path()).env("MEDIA_ACCESS_KEY", ACCESS).env("MEDIA_SECRET_KEY", secret);
        let done = tokio::task::block_in_place(|| command.output()).expect("it runs");
        let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        (text, done.status.code())
    };
    let (fine, _) = run(&["doctor"], SECRET);
    assert!(fine.contains("was written, read, listed and emptied") && fine.contains("without encryption"), "{fine}");
    let (refused, _) = run(&["doctor"], "another");
    assert!(refused.contains("refuses us: 403") && !refused.contains("another"), "{refused}");

    let names: Vec<String> = ["a", "b", "c"].iter().map(|digit| format!("{}.jpg", digit.repeat(40))).collect();
    let media = folder.path().join("data/media");
    for name in names.iter().map(String::as_str).chain([".part", "notes.txt"]) {
        std::fs::write(media.join(name), PICTURE).expect("written");
    }
    let (said, code) = run(&["media", "move"], "another");
    assert!(code == Some(1) && said.contains("after 0 files"), "{said}");
    assert_eq!(run(&["media", "move"], SECRET), ("3 files are in the bucket.\n".to_owned(), Some(0)));
    assert_eq!(bucket.names("talk"), names);
    assert_eq!(std::fs::read(bucket.path("talk").join(&names[0])).expect("the file"), PICTURE);
    assert_eq!(std::fs::read_dir(&media).expect("a folder").count(), 2, "what is no file of a contact stays");
    assert_eq!(run(&["media", "move"], SECRET).0, "0 files are in the bucket.\n");
}
