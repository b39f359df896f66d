//! Company ABC's payments, whole: the gateway calls the flow's own webhook, the shop says what kind of customer somebody is and
//! changes an order, SMS leaves by the provider's API and mail over SMTP, the answers come back. A real Redis and a real mail server.

use crate::support::fake_provider::{FakeProvider, Sent};
use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::redis::RedisServer;
use crate::support::shop::{Mood, Shop};
use crate::support::smtp::{SmtpServer, Taken};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const FILES: [&str; 7] = [
    "flows/gateway.yaml",
    "flows/payment.yaml",
    "templates/payment_retry.yaml",
    "templates/payment_link.yaml",
    "templates/payment_reminder.yaml",
    "templates/order_confirmed.yaml",
    "templates/order_confirmed.html",
];

struct Company {
    folder: TempDir,
    provider: FakeProvider,
    shop: Shop,
    mail: SmtpServer,
    _redis: RedisServer,
}

impl Company {
    fn new() -> Self {
        let (folder, provider, redis) = (tempfile::tempdir().expect("a folder"), FakeProvider::start(), RedisServer::start());
        let (shop, mail) = (Shop::start([("C1", "regular"), ("C2", "power"), ("C3", "regular")]), SmtpServer::start());
        let store = format!(
            "kind = \"redis\"\nurl = \"{}\"\nhistory = \"history.db\"\nsend_lease = \"5s\"\nclaim_lease = \"1s\"",
            redis.url()
        );
        let more = format!(
            "[channels.main-email]\nprovider = \"smtp\"\nkind = \"email\"\nhost = \"localhost\"\nport = {}\ntls = \"none\"\n\
             from = \"ABC <orders@abc.example>\"\nper_second = 1000\nwebhook_secret = {{ env = \"TEST_MAIL_WEBHOOK\" }}\n\
             [api.shop]\nbase_url = \"{}\"\nmethods = [\"get\", \"put\"]\nallow_private = true\n[teams.payments]\ntitle = \"Payments\"\n",
            mail.port, shop.url
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let texts: Vec<(&str, String)> =
            FILES.iter().filter_map(|name| std::fs::read_to_string(root.join(name)).ok().map(|text| (*name, text))).collect();
        let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        project(folder.path(), &configuration(&store, &provider.url, &more), &files);
        Company { folder, provider, shop, mail, _redis: redis }
    }

    fn serve(&self) -> (Service, Gateway) {
        let service = Service::start(self.folder.path());
        let urls = command(self.folder.path(), &["webhooks"]);
        let path = urls.split_whitespace().find_map(|word| word.find("/flows/gateway/payments/").map(|at| word[at..].to_owned()));
        (service, Gateway { path: path.unwrap_or_else(|| panic!("the URL of the webhook: {urls}")) })
    }

    /// The texts that this phone got by SMS.
    fn texts(&self, phone: &str, n: usize) -> Vec<String> {
        let of = |sent: &[Sent]| -> Vec<String> {
            sent.iter().filter(|s| s.accepted && s.to.ends_with(phone)).map(|s| s.text.clone()).collect()
        };
        of(&self.provider.wait(LONG, |sent| of(sent).len() >= n))
    }

    /// The mails to this address.
    async fn mails(&self, to: &str, n: usize) -> Vec<Taken> {
        let all = self.mail.wait(|taken| taken.iter().filter(|mail| mail.to == to).count() >= n).await;
        all.into_iter().filter(|mail| mail.to == to).collect()
    }
}

/// The payment gateway.
struct Gateway {
    path: String,
}

impl Gateway {
    /// Reports a payment; the status of the answer.
    async fn reports(&self, service: &Service, what: &str, order: &str, customer: u8) -> u16 {
        service.raw(&self.path, "application/json", report(what, order, customer).to_string()).await.0
    }
}

fn phone(customer: u8) -> String {
    format!("+91981234567{customer}")
}

fn address(customer: u8) -> String {
    format!("customer{customer}@example.com")
}

fn report(what: &str, order: &str, customer: u8) -> Value {
    json!({
        "entity": "event",
        "event": what,
        "payload": { "payment": { "entity": {
            "id": format!("pay_{order}"), "amount": 49_900, "currency": "INR",
            "contact": phone(customer), "email": address(customer),
            "notes": { "order_id": order, "customer_id": format!("C{customer}") },
        } } },
    })
}

#[tokio::test]
async fn three_customers_pay_fail_and_pay_again() {
    let company = Company::new();
    let (service, gateway) = company.serve();
    // Customer 1 pays: SMS and mail confirm it.
    assert_eq!(gateway.reports(&service, "payment.captured", "A1", 1).await, 202);
    assert_eq!(company.texts(&phone(1), 1).len(), 1);
    let mail = &company.mails(&address(1), 1).await[0];
    assert!(mail.header("Subject").is_some_and(|subject| subject.contains("A1")), "{}", mail.raw);
    assert!(mail.text().contains("Order A1 is confirmed") && mail.raw.contains("text/html"), "{}", mail.raw);
    assert_eq!(company.shop.asked(), 0, "nobody asks what kind of customer somebody is who has paid");
    // Customer 2's payment fails, but a power user pays on delivery: the order is changed, then confirmed.
    assert_eq!(gateway.reports(&service, "payment.failed", "A2", 2).await, 202);
    let texts = company.texts(&phone(2), 1);
    assert!(texts[0].contains("Order A2 is confirmed"), "{texts:?}");
    assert_eq!(company.mails(&address(2), 1).await.len(), 1);
    assert_eq!(company.shop.changed(), [("A2".to_owned(), json!({ "payment": "cod" }))]);
    // Customer 3 is asked, takes the link, pays, and is told so.
    assert_eq!(gateway.reports(&service, "payment.failed", "A3", 3).await, 202);
    let texts = company.texts(&phone(3), 1);
    assert!(texts[0].contains("did not go through"), "{texts:?}");
    assert_eq!(service.sms("SM3", &phone(3), "pay now").await, 200);
    let texts = company.texts(&phone(3), 2);
    assert!(texts[1].contains("/pay/A3"), "{texts:?}");
    assert_eq!(gateway.reports(&service, "payment.captured", "A3", 3).await, 202);
    let texts = company.texts(&phone(3), 3);
    assert!(texts[2].contains("Order A3 is confirmed"), "{texts:?}");
    assert!(company.mails(&address(3), 1).await[0].text().contains("A3"));
    // Nothing came twice.
    assert_eq!(
        (company.texts(&phone(1), 1).len(), company.texts(&phone(2), 1).len(), company.texts(&phone(3), 3).len()),
        (1, 1, 3)
    );
    assert_eq!(company.mail.taken().len(), 3);
    let log = service.log();
    assert!(!log.contains("981234567") && !log.contains("@example.com"), "no person in a log: {log}");
    assert!(service.stop(), "a clean stop");
}

#[tokio::test]
async fn a_shop_that_is_slow_down_or_talks_nonsense_leaves_nobody_in_silence() {
    let company = Company::new();
    let (service, gateway) = company.serve();
    // Slow, but there.
    company.shop.be(Mood::Slow(Duration::from_secs(2)));
    assert_eq!(gateway.reports(&service, "payment.failed", "B2", 2).await, 202);
    let texts = company.texts(&phone(2), 1);
    assert!(texts[0].contains("Order B2 is confirmed"), "{texts:?}");
    // Nonsense: nobody knows what kind of customer this is, so they are asked how to go on.
    company.shop.be(Mood::Nonsense);
    assert_eq!(gateway.reports(&service, "payment.failed", "B1", 1).await, 202);
    let texts = company.texts(&phone(1), 1);
    assert!(texts[0].contains("did not go through"), "{texts:?}");
    // Down: the same, and cash on delivery cannot be had, so a person takes over.
    company.shop.be(Mood::Down);
    assert_eq!(gateway.reports(&service, "payment.failed", "B3", 3).await, 202);
    let texts = company.texts(&phone(3), 1);
    assert!(texts[0].contains("did not go through"), "{texts:?}");
    assert_eq!(service.sms("SM4", &phone(3), "cash").await, 200);
    let texts = company.texts(&phone(3), 2);
    assert!(texts[1].contains("B3"), "somebody is told to expect a call: {texts:?}");
    // History follows the store by a moment.
    let begun = Instant::now();
    while !command(company.folder.path(), &["journal", "export"]).contains("handoff_opened") {
        assert!(begun.elapsed() < LONG, "a person was called: {}", command(company.folder.path(), &["journal", "export"]));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.stop(), "a clean stop");
}
