//! What adapters decode and conclude, in the words of the vectors.

use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::message::{FailureReason, InboundContent, Media};
use replyflow::domain::time::Span;
use replyflow::domain::value::Value as OurValue;
use replyflow::provider::{Decoded, Failure, LimitScope, OptOutScope, ProviderError, Received, SendOutcome, StatusReport};
use serde_json::{Map, Value, json};

/// How a provider writes phone numbers in its vectors.
#[derive(Clone, Copy)]
pub enum Phones {
    Plus,
    Digits,
}

pub fn decoded(decoded: &Decoded, phones: Phones) -> Value {
    match decoded {
        Decoded::Message(received) => message(received, phones),
        Decoded::Status(report) => status(report, phones),
        Decoded::Template(t) => json!({
            "kind": "template_status", "type": "template_status",
            "template": t.template, "language": t.language, "event": t.event, "reason": t.reason,
        }),
        Decoded::Quality(q) => json!({ "kind": "quality", "type": "quality", "event": q.word, "limit": q.limit }),
        Decoded::Complaint(c) => json!({ "kind": "complaint", "type": "complaint", "id": c.id }),
        Decoded::Subscription(s) => json!({
            "kind": "subscription", "type": "subscription_confirmation", "topic": s.topic,
            // It is the service that fetches, once the request is proven.
            "action": "GET SubscribeURL after verifying signature and TopicArn allow-list",
        }),
        Decoded::Other(o) => {
            let kind = if o.kind == "error" { "error" } else { "ignored" };
            let code = o.error.as_ref().and_then(|e| e.code.clone());
            json!({ "kind": kind, "type": kind, "status": "ignored", "id": o.id, "field": o.kind, "error_code": code })
        }
    }
}

fn address(address: &Address, phones: Phones) -> String {
    match (address, phones) {
        (Address::Phone(phone), Phones::Digits) => phone.digits().to_owned(),
        _ => address.reveal().to_owned(),
    }
}

fn message(received: &Received, phones: Phones) -> Value {
    let m = &received.message;
    let channel = match (m.kind, &m.content) {
        (ChannelKind::Sms, InboundContent::Media { .. }) => "mms",
        (kind, _) => kind.as_str(),
    };
    let mut out = json!({
        "kind": "message",
        "from": address(&m.from, phones),
        "to": received.to,
        "channel": channel,
        "id": m.id,
        "timestamp": m.at.map(|at| at.0 / 1_000),
        "text": m.text,
        "user_id": m.user_id,
        "profile_name": m.profile_name,
        "in_reply_to": m.in_reply_to,
        "forwarded": m.forwarded,
        "referral": m.referral,
        "segments": received.segments,
        "concat": received.part.as_ref().map(|p| json!({ "ref": p.reference, "part": p.number, "total": p.of })),
        "error_code": received.error.as_ref().and_then(|e| e.code.clone()),
    });
    let mut more = content(&m.content);
    if matches!(m.content, InboundContent::OptOut { .. }) && !m.text.is_empty() {
        // A word that somebody wrote and that the provider has already acted upon and answered.
        merge(&mut more, json!({ "type": "text", "provider_already_replied": true }));
    }
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    out
}

fn content(content: &InboundContent) -> Value {
    match content {
        InboundContent::Text => json!({ "type": "text" }),
        InboundContent::Media { kind, media } => {
            json!({ "type": "media", "media_kind": kind, "media": media.iter().map(file).collect::<Vec<_>>() })
        }
        InboundContent::ButtonReply { payload } => json!({ "type": "button_reply", "payload": payload }),
        InboundContent::ListReply { payload, description } => {
            json!({ "type": "list_reply", "payload": payload, "description": description })
        }
        InboundContent::FormReply { form } => {
            let form: Map<String, Value> = form.iter().map(|(k, v)| (k.clone(), OurValue::to_json(v))).collect();
            json!({ "type": "form_reply", "form": form })
        }
        InboundContent::Location(place) => json!({ "type": "location", "location": place }),
        InboundContent::Contacts(cards) => json!({ "type": "contacts", "contacts": cards }),
        InboundContent::Reaction { message, emoji } => json!({
            "type": "reaction", "emoji": emoji, "in_reply_to": message, "removed": emoji.is_none(),
            "reaction": { "message_id": message, "emoji": emoji },
        }),
        InboundContent::Edited { message } => json!({ "type": "edit", "edit": { "original_message_id": message } }),
        InboundContent::Deleted { message } => json!({ "type": "revoke", "revoke": { "original_message_id": message } }),
        InboundContent::Order { catalog, items } => {
            json!({ "type": "order", "order": { "catalog_id": catalog, "items": items } })
        }
        InboundContent::OptOut { word, scope } => json!({ "type": "opt_out", "opt_out": word, "scope": scope }),
        InboundContent::System { kind, new_user_id, new_wa_id } => {
            json!({ "type": "system", "system_type": kind, "new_user_id": new_user_id, "new_wa_id": new_wa_id })
        }
        InboundContent::RequestWelcome => json!({ "type": "request_welcome" }),
        InboundContent::Unsupported { kind } => json!({ "type": "unsupported", "wire_type": kind }),
    }
}

fn file(media: &Media) -> Value {
    json!({ "url": media.url, "id": media.id, "content_type": media.content_type, "filename": media.filename })
}

fn status(report: &StatusReport, phones: Phones) -> Value {
    let mut out = json!({
        "kind": "status",
        "id": report.id,
        "status": report.status,
        "provider_status": report.provider_status,
        "timestamp": report.at.map(|at| at.0 / 1_000),
        "to": report.recipient.as_ref().map(|a| address(a, phones)),
        "user_id": report.user_id,
        "client_ref": report.send.map(|s| s.to_string()),
        "pricing_category": report.pricing.as_ref().map(|p| p.category.clone()),
        "billable": report.pricing.as_ref().map(|p| p.billable),
    });
    if let Some(Failure { reason, retryable, after, scope, opted_out, error }) = &report.failure {
        merge(&mut out, error_of(error));
        out["retryable"] = (*retryable).into();
        out["reason"] = reason_word(*reason, *retryable, *after);
        out["retry_after_hint_s"] = seconds(*after);
        out["scope"] = scope.map(scope_word).into();
        out["mark_opted_out"] = opted_out.map_or(Value::Null, opt_out_word);
    }
    out
}

pub fn outcome(outcome: &SendOutcome) -> Value {
    let mut out = json!({ "outcome": outcome.name() });
    match outcome {
        SendOutcome::Accepted(a) => {
            merge(&mut out, json!({ "id": a.id, "user_id": a.user_id, "wa_id": a.wa_id, "held": a.held }));
        }
        SendOutcome::Rejected { reason, error, opted_out } => {
            merge(&mut out, error_of(error));
            out["retryable"] = false.into();
            out["reason"] = reason_word(*reason, false, None);
            out["mark_opted_out"] = opted_out.map_or(Value::Null, opt_out_word);
        }
        SendOutcome::Throttled { after, scope, error } => {
            merge(&mut out, error_of(error));
            out["retryable"] = true.into();
            out["scope"] = scope_word(*scope).into();
            out["min_delay_s"] = seconds(*after);
            out["min_delay_ms"] = after.map(|span| span.0).into();
        }
        SendOutcome::Retry { after, error, .. } => {
            merge(&mut out, error_of(error));
            out["retryable"] = true.into();
            out["min_delay_s"] = seconds(*after);
        }
        SendOutcome::Unknown => {}
        SendOutcome::Misconfigured { error, .. } => {
            merge(&mut out, error_of(error));
            out["retryable"] = false.into();
        }
    }
    out
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn error_of(error: &ProviderError) -> Value {
    json!({ "error_code": error.code })
}

fn seconds(span: Option<Span>) -> Value {
    span.map(|s| s.0 / 1_000).into()
}

fn reason_word(reason: FailureReason, retryable: bool, after: Option<Span>) -> Value {
    match reason {
        FailureReason::WindowClosed => "outside_service_window".into(),
        FailureReason::Limit if !retryable && after.is_some() => "marketing_cap".into(),
        other => json!(other),
    }
}

fn scope_word(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Pair => "pair",
        LimitScope::Number => "number",
        LimitScope::Account => "waba",
        LimitScope::App => "app",
    }
}

fn opt_out_word(scope: OptOutScope) -> Value {
    match scope {
        OptOutScope::Everything => true.into(),
        OptOutScope::Marketing => "marketing".into(),
    }
}

/// Whether everything that is listed in `expected` is in `actual`; the path of the first difference if not.
pub fn differs(expected: &Value, actual: &Value, path: &str) -> Option<String> {
    let unequal = || Some(format!("{path}: expected {expected}, got {actual}"));
    match (expected, actual) {
        (Value::Object(wanted), _) => {
            let mut keys = wanted.iter().filter(|(key, _)| *key != "note");
            keys.find_map(|(key, value)| differs(value, actual.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}")))
        }
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            wanted.iter().zip(got).enumerate().find_map(|(i, (w, g))| differs(w, g, &format!("{path}[{i}]")))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        // Some say that nothing is wrong.
        (Value::String(none), Value::Null) if none == "0" && path.ends_with(".error_code") => None,
        // A removed reaction is written either way.
        (Value::String(empty), Value::Null) | (Value::Null, Value::String(empty)) if empty.is_empty() => None,
        _ if expected == actual => None,
        _ => unequal(),
    }
}
