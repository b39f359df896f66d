//! What a mail server says, and what that means. The enhanced status (RFC 3463) says more than the code, where there is one: the
//! same table reads it in answers and in bounces.

use crate::domain::message::FailureReason;
use crate::provider::send::{Accepted, SendOutcome};
use crate::provider::verdict::{Verdict, config, permanent, retry, throttle};
use crate::provider::webhook::{LimitScope, ProviderError};
use std::fmt;

/// What the server was asked when it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpStep {
    /// Nothing yet, or who we are.
    Hello,
    /// To encrypt.
    Tls,
    /// To let us in.
    Login,
    /// Whether it takes mails of this sender.
    Sender,
    /// Whether it takes mails for this receiver.
    Receiver,
    /// Whether it wants the content now.
    Data,
    /// Whether it has the content.
    Content,
}

impl SmtpStep {
    fn word(self) -> &'static str {
        match self {
            SmtpStep::Hello => "EHLO",
            SmtpStep::Tls => "STARTTLS",
            SmtpStep::Login => "AUTH",
            SmtpStep::Sender => "MAIL FROM",
            SmtpStep::Receiver => "RCPT TO",
            SmtpStep::Data => "DATA",
            SmtpStep::Content => "the content",
        }
    }
}

/// The answer that decided about a mail: the refusal of a step, or what was said to the last.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpAnswer {
    /// What was answered.
    pub step: SmtpStep,
    /// Three digits.
    pub code: u16,
    /// The words, in one line.
    pub text: String,
}

/// The words may name a person.
impl fmt::Debug for SmtpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpAnswer({:?} {})", self.step, self.code)
    }
}

/// An enhanced status: `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 3 the system, 4 the network, 5 the protocol, 6 the content, 7 policy.
    pub subject: u16,
    /// Which of these.
    pub detail: u16,
}

impl Enhanced {
    /// Reads one at the beginning of a text.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.trim_start().split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = word.trim_end_matches('.').splitn(3, '.');
        let class = parts.next()?.parse().ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        let mut number = || parts.next().filter(|part| part.len() <= 3)?.parse().ok();
        Some(Enhanced { class, subject: number()?, detail: number()? })
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a server's answer means.
pub fn classify(answer: &SmtpAnswer) -> SendOutcome {
    if (200..300).contains(&answer.code) && answer.step == SmtpStep::Content {
        return SendOutcome::Accepted(Accepted::default());
    }
    let enhanced = Enhanced::parse(&answer.text);
    let code = match enhanced {
        Some(enhanced) => format!("{} {enhanced}", answer.code),
        None => answer.code.to_string(),
    };
    let error = ProviderError { code: Some(code), text: format!("to {}: {}", answer.step.word(), answer.text) };
    let verdict = match answer.code / 100 {
        4 => later(answer, enhanced),
        5 => never(answer, enhanced),
        // Before the content was taken nothing is sent, whatever this was.
        _ if answer.step != SmtpStep::Content => retry(FailureReason::Unknown),
        _ => return SendOutcome::Unknown,
    };
    verdict.outcome(error, None)
}

fn later(answer: &SmtpAnswer, enhanced: Option<Enhanced>) -> Verdict {
    let about_us = matches!(answer.step, SmtpStep::Hello | SmtpStep::Sender);
    match enhanced {
        // Too much from us, whoever it is for.
        Some(Enhanced { subject: 7, .. }) if about_us => throttle(LimitScope::Number),
        _ if answer.code == 421 => throttle(LimitScope::Number),
        // Greylisting, a full mailbox: it says nothing of other receivers.
        Some(Enhanced { subject: 1 | 2, .. }) => retry(FailureReason::Unreachable),
        _ if answer.step == SmtpStep::Receiver => retry(FailureReason::Unreachable),
        _ => retry(FailureReason::Unknown),
    }
}

fn never(answer: &SmtpAnswer, enhanced: Option<Enhanced>) -> Verdict {
    match answer.step {
        SmtpStep::Hello | SmtpStep::Tls | SmtpStep::Login => return config(FailureReason::Configuration),
        SmtpStep::Sender | SmtpStep::Receiver | SmtpStep::Data | SmtpStep::Content => {}
    }
    if matches!(answer.code, 530 | 534 | 535 | 538) {
        return config(FailureReason::Configuration);
    }
    // A server that refuses to pass our mail on refuses everybody's: it says nothing of the receiver.
    // X.1.0 and X.2.0 leave open which address they are about (RFC 3463).
    let of_address = enhanced.is_some_and(|enhanced| matches!(enhanced.subject, 1 | 2) && enhanced.detail != 0);
    if answer.step == SmtpStep::Receiver && !of_address && speaks_of_us(&answer.text) {
        return config(FailureReason::Configuration);
    }
    if let Some(reason) = enhanced.and_then(reason_of) {
        return match (answer.step, reason) {
            // An address that is refused before a receiver was named is ours.
            (SmtpStep::Sender, FailureReason::Invalid | FailureReason::Blocked) => config(FailureReason::Configuration),
            // What is refused once it was read is refused for what it says.
            (SmtpStep::Content, FailureReason::Blocked) => permanent(FailureReason::Filtered),
            _ => permanent(reason),
        };
    }
    match (answer.step, answer.code) {
        (_, 552) if answer.step == SmtpStep::Receiver => permanent(FailureReason::Unreachable),
        (_, 552) => permanent(FailureReason::Content),
        (SmtpStep::Sender, _) => config(FailureReason::Configuration),
        // It may mean that there is nobody, and many other things: without a status that says so the address stays alive.
        (SmtpStep::Receiver, 550 | 551 | 553) => permanent(FailureReason::Unreachable),
        (SmtpStep::Receiver, 554) => permanent(FailureReason::Blocked),
        (SmtpStep::Content | SmtpStep::Data, 550 | 554) => permanent(FailureReason::Filtered),
        _ => permanent(FailureReason::Unknown),
    }
}

/// Whether the words of a refusal are about who sends: `550 relay not permitted`, `554 Sender address rejected`.
fn speaks_of_us(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["relay", "sender", "authenticat", "not authorized", "not authorised", "smtp auth"].iter().any(|word| text.contains(word))
}

/// What an enhanced status of class 5 says of the receiver or the content (RFC 3463 and the registry that it began).
pub fn reason_of(enhanced: Enhanced) -> Option<FailureReason> {
    Some(match (enhanced.subject, enhanced.detail) {
        // The sender's address or its system.
        (1, 7 | 8) => FailureReason::Configuration,
        // "Other address status": it does not say whose, and servers use it of the sender.
        (1, 0) => return None,
        (1, _) => FailureReason::Invalid,
        // Mailbox disabled.
        (2, 1) => FailureReason::Invalid,
        // Mailbox full; a list that could not be expanded.
        (2, 2 | 4) => FailureReason::Unreachable,
        (2, 3) | (3, 4) => FailureReason::Content,
        (3, _) => FailureReason::Unreachable,
        (4, _) => FailureReason::Unreachable,
        (6, _) => FailureReason::Content,
        (7, _) => FailureReason::Blocked,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureReason::{Blocked, Configuration, Content, Filtered, Invalid, Unreachable};
    use SmtpStep::{Hello, Login, Receiver, Sender};

    fn of(step: SmtpStep, code: u16, text: &str) -> SendOutcome {
        classify(&SmtpAnswer { step, code, text: text.to_owned() })
    }

    #[test]
    fn only_what_took_the_content_accepts_a_mail() {
        assert_eq!(of(SmtpStep::Content, 250, "2.0.0 Ok: queued as 4F").name(), "accepted");
        assert_eq!(of(Receiver, 250, "2.1.5 Ok").name(), "retry");
        assert_eq!(of(SmtpStep::Content, 354, "go on").name(), "unknown");
    }

    #[test]
    fn what_passes_is_tried_again() {
        for (step, code, text, expected) in [
            (Receiver, 450, "4.2.0 Greylisted, come back in 5 minutes", "retry"),
            (Receiver, 452, "4.2.2 mailbox full", "retry"),
            (SmtpStep::Content, 451, "local error", "retry"),
            (Login, 454, "4.7.0 Temporary authentication failure", "retry"),
            (Sender, 451, "4.7.1 too many messages from your host", "throttled"),
            (Hello, 421, "too many connections", "throttled"),
        ] {
            assert_eq!(of(step, code, text).name(), expected, "{code} {text}");
        }
    }

    #[test]
    fn only_what_is_about_the_receiver_is_told_as_that() {
        for (step, code, text, expected) in [
            (Receiver, 450, "4.2.0 Greylisted, come back in 5 minutes", Unreachable),
            (Receiver, 451, "try again later", Unreachable),
            (SmtpStep::Content, 452, "4.2.2 mailbox full", Unreachable),
            (SmtpStep::Content, 451, "local error", FailureReason::Unknown),
            (Login, 454, "4.7.0 Temporary authentication failure", FailureReason::Unknown),
        ] {
            let SendOutcome::Retry { reason, .. } = of(step, code, text) else { panic!("{code} {text}") };
            assert_eq!(reason, expected, "{code} {text}");
        }
    }

    #[test]
    fn what_never_passes_has_its_reason() {
        let reason = |step, code, text| match of(step, code, text) {
            SendOutcome::Rejected { reason, .. } => ("rejected", reason),
            SendOutcome::Misconfigured { reason, .. } => ("config", reason),
            other => panic!("{other:?}"),
        };
        for (step, code, text, expected) in [
            (Receiver, 550, "5.1.1 <ann@example.com>: no such user", ("rejected", Invalid)),
            (Receiver, 550, "5.1.0 <hello@shop.example> sender rejected", ("config", Configuration)),
            (Receiver, 550, "5.1.0 address rejected", ("rejected", Unreachable)),
            (Receiver, 550, "no such user here", ("rejected", Unreachable)),
            (Receiver, 550, "relay not permitted", ("config", Configuration)),
            (Receiver, 550, "5.7.1 <ann@example.com>: Relay access denied", ("config", Configuration)),
            (Receiver, 554, "5.7.1 Sender address rejected", ("config", Configuration)),
            (
                Receiver,
                553,
                "sorry, that domain isn't in my list of allowed rcpthosts; authentication required",
                ("config", Configuration),
            ),
            (Receiver, 550, "5.1.1 the sender named a user that is not there", ("rejected", Invalid)),
            (Receiver, 550, "rejected for policy reasons", ("rejected", Unreachable)),
            (Receiver, 550, "5.4.4 unable to route", ("rejected", Unreachable)),
            (Receiver, 551, "not here", ("rejected", Unreachable)),
            (Receiver, 550, "5.2.1 disabled", ("rejected", Invalid)),
            (Receiver, 552, "5.2.2 over quota", ("rejected", Unreachable)),
            (Receiver, 552, "over quota", ("rejected", Unreachable)),
            (Receiver, 554, "5.7.1 listed", ("rejected", Blocked)),
            (Receiver, 556, "5.1.10 null MX", ("rejected", Invalid)),
            (SmtpStep::Content, 554, "5.7.1 looks like spam", ("rejected", Filtered)),
            (SmtpStep::Content, 554, "no thanks", ("rejected", Filtered)),
            (SmtpStep::Content, 552, "5.3.4 too big", ("rejected", Content)),
            (SmtpStep::Content, 550, "5.6.0 malformed", ("rejected", Content)),
            (Sender, 552, "too big", ("rejected", Content)),
            (Sender, 550, "5.7.60 not allowed to send as this", ("config", Configuration)),
            (Sender, 553, "who are you", ("config", Configuration)),
            (Sender, 530, "5.7.0 must issue STARTTLS first", ("config", Configuration)),
            (Login, 535, "5.7.8 authentication failed", ("config", Configuration)),
            (Hello, 554, "your address is blocked", ("config", Configuration)),
        ] {
            assert_eq!(reason(step, code, text), expected, "{code} {text}");
        }
        let SendOutcome::Rejected { error, .. } = of(Receiver, 550, "5.1.1 no") else { panic!("rejected") };
        assert_eq!((error.code.as_deref(), &*error.text), (Some("550 5.1.1"), "to RCPT TO: 5.1.1 no"));
    }

    #[test]
    fn an_enhanced_status_is_read_only_where_it_stands() {
        let read = |text| Enhanced::parse(text).map(|e| e.to_string());
        assert_eq!(read("5.1.1 no").as_deref(), Some("5.1.1"));
        assert_eq!(read(" 4.7.28. Gmail").as_deref(), Some("4.7.28"));
        for none in ["", "no 5.1.1", "5.1", "3.1.1 x", "192.168.1.1 x", "5.1111.1 x", "5..1"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
