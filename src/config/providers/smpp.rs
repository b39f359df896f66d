//! `provider = "smpp"`: a carrier, or anybody else who speaks SMPP 3.4, and the sender of one channel.

use super::jasmin::Alphabet;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Boolean, Duration, Secret as SecretSetting, Text, Whole, Word};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::config::smtp::is_loopback;
use crate::domain::channel::ChannelKind;
use crate::domain::time::Span;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "smpp",
    title: "SMPP 3.4",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    // We call it, and what it has to say comes over the same connection.
    is_called: false,
    guards: false,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("host", Text, ""),
        ("port", Whole, ""),
        ("tls", Word(&["starttls", "tls", "none"]), ""),
        ("tls_ca", SecretSetting, ""),
        ("allow_plain", Boolean, ""),
        ("timeout", Duration, ""),
        ("password", SecretSetting, ""),
        ("alphabet", Word(&["gsm", "latin1"]), ""),
        ("system_id", Text, "whom the carrier knows us as, at most 15 characters"),
        ("system_type", Text, "if the carrier wants one, at most 12 characters"),
        ("service_type", Text, "if the carrier wants one, at most 5 characters"),
        (
            "bind",
            Word(&["transceiver", "transmitter_receiver"]),
            "one connection for both ways, or a transmitter and a receiver; transceiver",
        ),
        ("window", Whole, "messages to the carrier that wait for its answer at one time; 10"),
        (
            "long_messages",
            Word(&["udh", "sar", "payload"]),
            "how a text of several parts leaves: with user data headers, with sar_ parameters, or whole as message_payload; udh",
        ),
        (
            "join_wait",
            Duration,
            "how long a part of a long message that came waits for the others; 5s; 0s: parts are messages of their own",
        ),
        ("receipts", Boolean, "whether delivery receipts are asked for; true"),
        (
            "receipt_ids",
            Word(&["same", "decimal", "hex"]),
            "how receipts write a message's id: as the answer did, in decimal where that was hexadecimal, or in hexadecimal where that was decimal; same",
        ),
        ("enquire_every", Duration, "how long the connection may be silent before it is asked whether it lives; 30s"),
        ("source_ton", Whole, "type of number of the sender; 1 for a number, 5 for a name, 3 for a short code"),
        ("source_npi", Whole, "numbering plan of the sender; 0 for a name, else 1"),
        ("dest_ton", Whole, "type of number of receivers; 1"),
        ("dest_npi", Whole, "numbering plan of receivers; 1"),
    ],
    example: r#"
[channels.main-sms]
provider = "smpp"
kind = "sms"
number = "+447700900001"
host = "smpp.carrier.example"
port = 3550
system_id = "myshop"
password = { env = "SMPP_PASSWORD" }
"#,
    read: |section, _, _| ProviderSettings::Smpp(Box::new(smpp(section))),
};

/// A carrier's SMPP and a sender.
#[derive(Debug, Clone)]
pub struct SmppSettings {
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection is encrypted from its first byte.
    pub tls: bool,
    /// Certificates in PEM that are believed beside those of the public authorities.
    pub authorities: Option<Secret>,
    /// Whom it knows us as.
    pub system_id: String,
    /// What proves it: at most 8 characters (SMPP 3.4, 4.1.1).
    pub password: Secret,
    /// A word that some want.
    pub system_type: String,
    /// A word that some want with each message.
    pub service_type: String,
    /// Whether a transmitter and a receiver are bound instead of a transceiver.
    pub apart: bool,
    /// Messages that wait for an answer at one time.
    pub window: usize,
    /// The longest that one message may take; else `send.timeout`.
    pub timeout: Option<Span>,
    /// How a text of several parts leaves.
    pub long: LongMessages,
    /// How long a part waits for the others.
    pub join_wait: Span,
    /// Whether receipts are asked for.
    pub receipts: bool,
    /// How receipts write ids.
    pub receipt_ids: ReceiptIds,
    /// How long there may be silence.
    pub enquire_every: Span,
    /// What octets of coding 0 are.
    pub alphabet: Alphabet,
    /// The sender.
    pub number: String,
    /// The country of numbers that the carrier writes without one: the channel's, else that of its own number, else the project's.
    pub country: Option<String>,
    /// Its type of number and numbering plan.
    pub source: (u8, u8),
    /// Those of receivers.
    pub dest: (u8, u8),
}

/// How a text of several parts leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongMessages {
    /// In parts with a user data header each (3GPP 23.040, 9.2.3.24.1): what every carrier takes.
    Udh,
    /// In parts with the `sar_` parameters (SMPP 3.4, 5.3.2.22 to 24).
    Sar,
    /// Whole, as `message_payload` (SMPP 3.4, 5.3.2.32).
    Payload,
}

/// How receipts write the id that the answer to the message gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptIds {
    /// As the answer did.
    Same,
    /// In decimal, where the answer had it in hexadecimal.
    Decimal,
    /// In hexadecimal, where the answer had it in decimal.
    Hex,
}

fn smpp(section: &Section<'_>) -> SmppSettings {
    const LONG: [(&str, LongMessages); 3] =
        [("udh", LongMessages::Udh), ("sar", LongMessages::Sar), ("payload", LongMessages::Payload)];
    const IDS: [(&str, ReceiptIds); 3] = [("same", ReceiptIds::Same), ("decimal", ReceiptIds::Decimal), ("hex", ReceiptIds::Hex)];
    const BINDS: [(&str, bool); 2] = [("transceiver", false), ("transmitter_receiver", true)];
    const ALPHABETS: [(&str, Alphabet); 2] = [("gsm", Alphabet::Gsm), ("latin1", Alphabet::Latin1)];
    let host = section.parsed("host", "the name or address of the carrier", String::new(), crate::config::smtp::host);
    let tls = tls(section, &host);
    let number = section.parsed("number", FORM, String::new(), sender);
    let (source_ton, source_npi) = kind_of(&number);
    SmppSettings {
        port: whole(section, "port", (1, 65_535), if tls { 3_550 } else { 2_775 }),
        authorities: section.opt_secret("tls_ca").filter(|pem| !pem.is_empty()),
        system_id: section.parsed("system_id", "1 to 15 plain characters", String::new(), |text| plain(text, 15)),
        password: password(section),
        system_type: section.opt_parsed("system_type", "1 to 12 plain characters", |text| plain(text, 12)).unwrap_or_default(),
        service_type: section.opt_parsed("service_type", "1 to 5 plain characters", |text| plain(text, 5)).unwrap_or_default(),
        apart: section.opt_word("bind", &BINDS).unwrap_or(false),
        window: whole(section, "window", (1, 1_000), 10),
        timeout: section.has("timeout").then(|| section.span("timeout", Span::seconds(1), Span::minutes(2))).or_else(|| {
            section.opt_text("timeout");
            None
        }),
        long: section.opt_word("long_messages", &LONG).unwrap_or(LongMessages::Udh),
        join_wait: span(section, "join_wait", (Span::millis(0), Span::seconds(30)), Span::seconds(5)),
        receipts: match section.has("receipts") {
            true => section.boolean("receipts"),
            false => {
                section.opt_text("receipts");
                true
            }
        },
        receipt_ids: section.opt_word("receipt_ids", &IDS).unwrap_or(ReceiptIds::Same),
        enquire_every: span(section, "enquire_every", (Span::seconds(1), Span::minutes(10)), Span::seconds(30)),
        alphabet: section.opt_word("alphabet", &ALPHABETS).unwrap_or(Alphabet::Gsm),
        source: (whole(section, "source_ton", (0, 6), source_ton), whole(section, "source_npi", (0, 18), source_npi)),
        dest: (whole(section, "dest_ton", (0, 6), 1), whole(section, "dest_npi", (0, 18), 1)),
        host,
        tls,
        number,
        // Told afterwards: it is not the provider's own.
        country: None,
    }
}

fn tls(section: &Section<'_>, host: &str) -> bool {
    const TLS: [(&str, Option<bool>); 3] = [("tls", Some(true)), ("none", Some(false)), ("starttls", None)];
    let plain = section.boolean("allow_plain");
    match section.opt_word("tls", &TLS).unwrap_or(Some(true)) {
        None => {
            section.mistake("tls", "`starttls` is for mail; SMPP is encrypted from its first byte (`tls`) or not at all", None);
            true
        }
        Some(false) if !plain && !is_loopback(host) => {
            let help =
                "Use `tls`; or set allow_plain = true, where the network between the two is yours, such as a VPN to the carrier.";
            section.mistake("tls", "`none` sends messages and the password in the clear", Some(help.to_owned()));
            false
        }
        Some(tls) => tls,
    }
}

fn password(section: &Section<'_>) -> Secret {
    let password = section.secret("password");
    if plain(password.expose(), 8).is_none() && !password.is_empty() {
        section.mistake("password", "is longer than the 8 plain characters that SMPP has for it", None);
    }
    password
}

/// The type of number and the numbering plan of an address (SMPP 3.4, 5.2.5, 5.2.6): international, a name, or a short code.
pub fn kind_of(number: &str) -> (u8, u8) {
    match number.as_bytes().first() {
        Some(b'+') => (1, 1),
        _ if number.bytes().all(|b| b.is_ascii_digit()) => (3, 1),
        _ => (5, 0),
    }
}

fn plain(text: &str, most: usize) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= most && text.bytes().all(|b| matches!(b, b' '..=b'~'));
    fits.then(|| text.to_owned())
}

fn whole<T: TryFrom<i64>>(section: &Section<'_>, key: &'static str, (from, to): (i64, i64), instead: T) -> T {
    if !section.has(key) {
        section.opt_text(key);
        return instead;
    }
    T::try_from(section.number(key, from, to)).unwrap_or(instead)
}

fn span(section: &Section<'_>, key: &'static str, (from, to): (Span, Span), instead: Span) -> Span {
    if !section.has(key) {
        section.opt_text(key);
        return instead;
    }
    section.span(key, from, to)
}

#[cfg(test)]
mod tests {
    use crate::config::channel::ProviderSettings;
    use crate::config::{Environment, Secrets, Settings};

    fn read(lines: &str) -> Result<super::SmppSettings, String> {
        let secrets = [("GOOD", "secret08"), ("LONG", "secret-of-nine")];
        let environment: Environment = secrets.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let text = format!("[channels.s]\nprovider = \"smpp\"\nkind = \"sms\"\n{lines}\n");
        let settings = Settings::of(&text, &environment, Secrets::Required).map_err(|mistakes| mistakes.to_string())?;
        match &settings.channels.values().next().expect("a channel").provider {
            ProviderSettings::Smpp(smpp) => Ok((**smpp).clone()),
            other => panic!("{other:?}"),
        }
    }

    const ENOUGH: &str = "number = \"+447700900001\"\nhost = \"smpp.example.com\"\nsystem_id = \"shop\"";

    #[test]
    fn what_is_not_said_is_what_is_usual() {
        let smpp = read(&format!("{ENOUGH}\npassword = {{ env = \"GOOD\" }}")).expect("settings");
        assert_eq!((smpp.port, smpp.tls, smpp.window, smpp.receipts), (3_550, true, 10, true));
        assert_eq!((smpp.source, smpp.dest), ((1, 1), (1, 1)));
        let of = |number: &str| {
            let text = ENOUGH.replace("+447700900001", number);
            read(&format!("{text}\npassword = {{ env = \"GOOD\" }}\ntls = \"none\"\nallow_plain = true")).expect("settings")
        };
        assert_eq!((of("SHOP").source, of("78787").source, of("SHOP").port), ((5, 0), (3, 1), 2_775));
    }

    #[test]
    fn what_would_leak_or_never_work_is_a_mistake() {
        let password = "password = { env = \"GOOD\" }";
        for (line, part) in [
            (format!("{password}\ntls = \"none\""), "in the clear"),
            (format!("{password}\ntls = \"starttls\""), "is for mail"),
            (format!("{password}\nwindow = 0"), "from 1 to 1000"),
            (format!("{password}\nsystem_type = \"thirteen-long\""), "12 plain characters"),
            ("password = { env = \"LONG\" }".to_owned(), "8 plain characters"),
            ("password = \"secret08\"".to_owned(), "a secret may not stand in this file"),
        ] {
            let wrong = read(&format!("{ENOUGH}\n{line}")).expect_err(&line);
            assert!(wrong.contains(part), "{line}: {wrong}");
        }
    }
}
