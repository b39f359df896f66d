//! Mails that leave: what is in them, and what a server may say.

use super::{ANN, Stage, shipped, to};
use crate::support::smtp::{SmtpServer, data};

#[tokio::test]
async fn a_mail_has_what_programs_and_people_look_for() {
    let server = SmtpServer::start();
    let more = "reply_to = \"replies+{ref}@in.shop.example\"\nbounce_to = \"bounces+{ref}@in.shop.example\"\n\
                unsubscribe_mailto = \"stop@in.shop.example\"\nheaders = { X-Test = \"{ref}\" }";
    let stage = Stage::new(server.port, more);
    let service = stage.serve();
    shipped(&service, ANN).await;
    let taken = server.wait(|taken| taken.len() == 1).await;
    let mail = &taken[0];
    let (name, header) = (mail.name(), |name: &str| mail.header(name).unwrap_or_default());
    assert_eq!(mail.text(), "Was everything all right?\n1 All is fine\n2 Something is wrong");
    assert_eq!(header("Subject"), "Ihre Bestellung – «Größe»");
    assert!(mail.raw.is_ascii(), "nothing that a server from 1982 would stumble over");
    assert!(mail.raw.contains("=?utf-8?") && header("From").contains("hello@shop.example"), "{}", mail.raw);
    assert_eq!((mail.to.as_str(), mail.from.clone()), (ANN, format!("bounces+{name}@in.shop.example")));
    assert!(header("Message-ID").ends_with("@shop.example>") || header("Message-ID").ends_with("@shop.example"));
    assert!(header("Reply-To").contains(&format!("replies+{name}@in.shop.example")), "{}", mail.raw);
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Test"), name);
    let ways = header("List-Unsubscribe");
    assert!(ways.starts_with("<https://hooks.example.org/u/"), "{}", mail.raw);
    assert!(ways.ends_with(&format!("<mailto:stop@in.shop.example?subject=unsubscribe%20{name}>")), "{}", mail.raw);
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(mail.raw.contains("\nDate: ") && !mail.raw.contains("1970"), "{}", mail.raw);
    assert!(!service.log().contains(ANN), "no person in a log: {}", service.log());
}

#[tokio::test]
async fn a_server_is_asked_again_believed_or_given_up_as_it_says() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    for person in ["later-2@example.com", "reject@example.com", "full@example.com", "spam@example.com", "vanish@example.com", ANN]
    {
        shipped(&service, person).await;
    }
    let taken = server.wait(|taken| !to(taken, "later-2@example.com").is_empty() && !to(taken, ANN).is_empty()).await;
    assert_eq!(taken.len(), 2, "{taken:#?}");
    for (code, reason) in [("550 5.1.1", "invalid"), ("552 5.2.2", "unreachable"), ("554 5.7.1", "filtered")] {
        let failed = |event: &serde_json::Value| event["detail"].as_str().is_some_and(|detail| detail.starts_with(code));
        let attempt = stage.until("attempted", failed).await;
        assert_eq!(attempt["outcome"]["failed"]["reason"], reason, "{attempt}");
    }
    // An address that does not exist is known from then on: nothing is sent there again.
    stage.until("address_dead", |event| event["code"] == "550 5.1.1" && event["kind"] == "email").await;
    shipped(&service, "reject@example.com").await;
    stage.until("note", |note| note["text"].as_str().is_some_and(|text| text.contains("no channel"))).await;
    let attempts = stage.journal().iter().filter(|(_, event)| event["outcome"]["failed"]["reason"] == "invalid").count();
    assert_eq!(attempts, 1);
    // Who hung up before the content was sent is asked again.
    stage
        .until("attempted", |event| event["outcome"] == "retry" && event["detail"].as_str().is_some_and(|d| d.contains("broke")))
        .await;
}

#[tokio::test]
async fn a_lost_answer_is_unsure_and_never_repeated() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    shipped(&service, "drop@example.com").await;
    let attempt = stage.until("attempted", |event| event["outcome"] == "unsure").await;
    assert!(attempt["detail"].as_str().is_some(), "{attempt}");
    shipped(&service, ANN).await;
    let taken = server.wait(|taken| !to(taken, ANN).is_empty()).await;
    assert_eq!(to(&taken, "drop@example.com").len(), 1, "it arrived once, and nobody knows");
    let list = crate::support::process::command(stage.folder.path(), &["failed", "list"]);
    assert!(list.contains("message") && !list.contains("drop@example.com"), "{list}");
}

#[tokio::test]
async fn starttls_and_a_login_are_used_and_never_done_without() {
    let server = SmtpServer::start_encrypted("replyflow", "smtp-password-for-tests");
    let authority = format!("tls_ca = {{ file = \"{}\" }}", data().join("cert.pem").display());
    let login = "username = \"replyflow\"\npassword = { env = \"TEST_SMTP_PASSWORD\" }";
    let stage = Stage::new(server.port, &format!("tls = \"starttls\"\n{authority}\n{login}"));
    let doctor = |stage: &Stage| {
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            crate::support::process::command(stage.folder.path(), &["doctor"])
        }));
        run.unwrap_or_else(|error| error.downcast_ref::<String>().cloned().unwrap_or_default())
    };
    let service = stage.serve();
    shipped(&service, ANN).await;
    let taken = server.wait(|taken| taken.len() == 1).await;
    assert_eq!((taken[0].encrypted, taken[0].user.as_deref()), (true, Some("replyflow")));
    assert!(doctor(&stage).contains("takes our mails"), "{}", doctor(&stage));

    // A password that is refused is an operator's business, not the contact's.
    let wrong = Stage::new(
        server.port,
        &format!("tls = \"starttls\"\n{authority}\nusername = \"replyflow\"\npassword = {{ env = \"TEST_MAIL_WEBHOOK\" }}"),
    );
    let service = wrong.serve();
    shipped(&service, ANN).await;
    let attempt = wrong.until("attempted", |event| event["detail"].as_str().is_some_and(|d| d.starts_with("535"))).await;
    assert_eq!(attempt["outcome"]["failed"]["reason"], "configuration", "{attempt}");
    assert!(!service.log().contains("smtp-password") && !service.log().contains(super::SECRET), "{}", service.log());
    assert!(doctor(&wrong).contains("535"), "{}", doctor(&wrong));

    // A certificate that nobody vouches for is not believed: nothing is said over it.
    let unknown = Stage::new(server.port, &format!("tls = \"starttls\"\n{login}"));
    let service = unknown.serve();
    shipped(&service, ANN).await;
    unknown.until("attempted", |event| event["detail"].as_str().is_some_and(|d| d.contains("could not be encrypted"))).await;

    // And a server that cannot encrypt is not talked to.
    let plain = SmtpServer::start();
    let naked = Stage::new(plain.port, &format!("tls = \"starttls\"\n{login}"));
    let service = naked.serve();
    shipped(&service, ANN).await;
    let attempt = naked.until("attempted", |event| event["detail"].as_str().is_some_and(|d| d.contains("no STARTTLS"))).await;
    assert_eq!(attempt["outcome"]["failed"]["reason"], "configuration", "{attempt}");
    assert_eq!((server.taken().len(), plain.taken().len()), (1, 0));
}

#[tokio::test]
async fn many_mails_share_few_connections_and_keep_to_the_rate() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    stage.slow_down("per_second = 20\nburst = 5");
    let service = stage.serve();
    let begun = std::time::Instant::now();
    for n in 0..45 {
        shipped(&service, &format!("person{n}@example.com")).await;
    }
    let taken = server.wait(|taken| taken.len() == 45).await;
    let names: std::collections::BTreeSet<String> = taken.iter().map(|mail| mail.name()).collect();
    assert_eq!(names.len(), 45);
    assert!(begun.elapsed().as_millis() >= 1_700, "40 beyond the burst at 20 a second: {:?}", begun.elapsed());
}
