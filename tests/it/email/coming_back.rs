//! What comes back: replies, bounces, complaints, and people who want no more mail.

use super::{ANN, SECRET, Stage, post, reply, shipped, to};
use crate::support::smtp::SmtpServer;
use serde_json::json;

#[tokio::test]
async fn a_reply_goes_on_with_the_conversation_once() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    // Known by phone: the mail's name leads to the contact, not the address.
    let event = json!({ "event": "parcel.shipped", "data": { "phone": "+447700900123", "email": ANN } });
    assert_eq!(service.event(event).await, 202);
    let first = server.wait(|taken| taken.len() == 1).await.remove(0);
    let url = format!("/hooks/mail/{SECRET}");
    assert_eq!(post(&service, "vacation.eml", &first.name()).await, 200, "nobody is told that a machine answered");
    let elsewhere = mail_of_somebody_else(&first.name());
    assert_eq!(service.raw(&url, "message/rfc822", elsewhere).await.0, 200);
    let answer = reply(&first, "answer-1", "Wer sind Sie?");
    assert_eq!(service.raw(&url, "message/rfc822", answer.clone()).await.0, 200);
    let taken = server.wait(|taken| taken.len() == 2).await;
    assert_eq!(taken[1].text(), "Please answer 1 or 2.\n1 All is fine\n2 Something is wrong");
    assert_eq!(service.raw(&url, "message/rfc822", answer).await.0, 200, "the same mail again");
    assert_eq!(service.raw(&url, "message/rfc822", reply(&taken[1], "answer-2", "1")).await.0, 200);
    let taken = server.wait(|taken| taken.len() == 3).await;
    assert_eq!(taken[2].text(), "Danke für «éüñ» 👍.");
    let threads: Vec<_> = taken.iter().map(|mail| mail.header("References")).collect();
    assert!(threads[0].is_some() && threads.iter().all(|thread| *thread == threads[0]), "{threads:?}");
    // Somebody else's reply to Ann's mail was not hers.
    let received = stage.until("received", |event| event["from"]["email"] == "ben@other.example").await;
    assert_eq!(received["decision"], "inbox", "{received}");
    assert_eq!(to(&server.taken(), "ben@other.example").len(), 0);
    let log = service.log();
    assert!(!log.contains(SECRET) && !log.contains("example.com"), "{log}");
}

fn mail_of_somebody_else(name: &str) -> Vec<u8> {
    super::mails::read("sent_elsewhere.eml", name)
}

#[tokio::test]
async fn a_hard_bounce_fails_the_question_and_marks_the_address_until_it_is_heard_from() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    shipped(&service, ANN).await;
    let first = server.wait(|taken| taken.len() == 1).await.remove(0);
    // Its server goes on trying: that is only written down.
    assert_eq!(post(&service, "bounce_delayed.eml", &first.name()).await, 200);
    stage.until("reported", |event| event["status"] == "sent" && event["code"] == "4.4.1").await;
    assert_eq!(post(&service, "bounce_hard.eml", &first.name()).await, 200);
    stage.until("run_ended", |event| event["end"] == "undelivered").await;
    let dead = stage.until("address_dead", |event| event["reason"] == "invalid").await;
    assert_eq!(dead["code"], "5.1.1");
    assert_eq!(post(&service, "bounce_hard.eml", &first.name()).await, 200, "again");
    shipped(&service, ANN).await;
    stage.until("note", |note| note["text"].as_str().is_some_and(|text| text.contains("no channel"))).await;
    assert_eq!(server.taken().len(), 1, "nothing is sent to a dead address");
    assert_eq!(stage.journal().iter().filter(|(name, _)| name == "address_dead").count(), 1);
    // Whoever writes from it reads there again.
    let url = format!("/hooks/mail/{SECRET}");
    assert_eq!(service.raw(&url, "message/rfc822", reply(&first, "alive", "I am back")).await.0, 200);
    stage.until("received", |event| event["text"] == "I am back").await;
    shipped(&service, ANN).await;
    server.wait(|taken| taken.len() == 2).await;
}

#[tokio::test]
async fn a_complaint_and_a_click_end_all_mail() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    for person in [ANN, "ben@example.com", "cleo@example.com"] {
        shipped(&service, person).await;
    }
    let taken = server.wait(|taken| taken.len() == 3).await;
    let of = |person: &str| to(&taken, person)[0].clone();
    assert_eq!(post(&service, "complaint.eml", &of(ANN).name()).await, 200);
    stage.until("opted_out", |event| event["kind"] == "email" && event["how"] == "complaint").await;

    let header = of("ben@example.com").header("List-Unsubscribe").expect("a header");
    let link = header.split("https://hooks.example.org").nth(1).and_then(|rest| rest.split('>').next()).expect("a link");
    let (status, page) = service.get(link).await;
    assert!(status == 200 && page.contains("<form method=\"post\">"), "{status} {page}");
    assert_eq!(service.get(&format!("{link}x")).await.0, 404);
    let forged = link.replace(".mail.", ".main-sms.");
    assert_eq!(service.raw(&forged, "application/x-www-form-urlencoded", "").await.0, 404);
    // Looking changes nothing.
    assert!(!stage.journal().iter().any(|(name, event)| name == "opted_out" && event["how"] == "link"));
    let (status, page) = service.raw(link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").await;
    assert!(status == 200 && page.contains("no more mails"), "{status} {page}");
    stage.until("opted_out", |event| event["kind"] == "email" && event["how"] == "link").await;
    assert_eq!(service.raw(link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").await.0, 200, "again");

    // By mail, as some programs do.
    let cleo = of("cleo@example.com");
    let asks = String::from_utf8(super::mails::read("unsubscribe.eml", &cleo.name())).expect("text").replace(ANN, &cleo.to);
    assert_eq!(service.raw(&format!("/hooks/mail/{SECRET}"), "message/rfc822", asks).await.0, 200);
    stage.until("opted_out", |event| event["how"] == "provider").await;

    for person in [ANN, "ben@example.com", "cleo@example.com", "dan@example.com"] {
        shipped(&service, person).await;
    }
    let taken = server.wait(|taken| !to(taken, "dan@example.com").is_empty()).await;
    assert_eq!(taken.len(), 4, "nothing to those who opted out: {taken:#?}");
}

#[tokio::test]
async fn nobody_is_believed_who_does_not_know_the_url() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    shipped(&service, ANN).await;
    let first = server.wait(|taken| taken.len() == 1).await.remove(0);
    let answer = reply(&first, "answer", "1");
    for (path, status) in [
        ("/hooks/mail/wrong-secret-wrong-secret".to_owned(), 403),
        (format!("/hooks/mail/{SECRET}x"), 403),
        ("/hooks/mail".to_owned(), 404),
        ("/hooks/mail/status".to_owned(), 404),
        (format!("/hooks/main-sms/{SECRET}"), 404),
        (format!("/hooks/nobody/{SECRET}"), 404),
    ] {
        let (got, body) = service.raw(&path, "message/rfc822", answer.clone()).await;
        assert_eq!((got, body.as_str()), (status, ""), "{path}");
    }
    let large = "x".repeat(100 * 1024);
    assert_eq!(service.raw("/hooks/mail/wrong-secret-wrong-secret", "message/rfc822", large).await.0, 413, "not even read");
    assert_eq!(service.raw(&format!("/hooks/mail/{SECRET}"), "application/json", "{").await.0, 400);
    assert_eq!(service.raw(&format!("/hooks/mail/{SECRET}"), "message/rfc822", answer).await.0, 200);
    server.wait(|taken| taken.len() == 2).await;
}
