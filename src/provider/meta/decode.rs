//! The envelope of Meta's webhooks: entries, changes, and for each the channel of its number. Nothing in a batch makes the rest of
//! it fail: what is not understood is kept beside what is.

use super::{content, errors, status};
use crate::domain::address::Address;
use crate::domain::message::{Inbound, InboundContent, Referral};
use crate::provider::json;
use crate::provider::webhook::{
    Decoded, Malformed, Method, NumberEvent, NumberQuality, Other, Received, Route, Routes, TemplateStatus, WebhookRequest,
};
use serde_json::Value;

/// The longest word or number of Meta's that is handed on as it is.
const WORD: usize = 60;

/// Everything in this request, in its order.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Meta's events come by POST"));
    }
    read(&json::object(request.body)?, routes)
}

/// Everything in this body, in its order.
pub fn read(body: &Value, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let entries = body.get("entry").and_then(Value::as_array).ok_or(Malformed("there is no `entry`"))?;
    if json::text(body, "object") != Some("whatsapp_business_account") {
        return Ok(vec![other("unknown_object", None)]);
    }
    let mut out = Vec::new();
    let changes = entries.iter().flat_map(|entry| json::list(entry, "changes").iter().map(move |change| (entry, change)));
    for (entry, change) in changes {
        let value = change.get("value").unwrap_or(&Value::Null);
        match json::text(change, "field") {
            Some("messages") => messages(value, routes, &mut out),
            Some("user_preferences") => preferences(value, routes, &mut out),
            Some("message_template_status_update") => out.push(template(value)),
            Some("phone_number_quality_update") => out.push(quality(entry, value, routes)),
            field => out.push(other(field.unwrap_or("no_field"), None)),
        }
    }
    Ok(out)
}

/// Something that is kept and decides nothing.
pub fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

/// Our number's id and its channel.
fn target<'v, 'r>(value: &'v Value, routes: &'r Routes) -> Option<(&'v str, &'r Route)> {
    let number = json::text(value.get("metadata")?, "phone_number_id")?;
    Some((number, routes.find(number)?))
}

fn messages(value: &Value, routes: &Routes, out: &mut Vec<Decoded>) {
    let Some((number, route)) = target(value, routes) else {
        let about = ["messages", "statuses"].into_iter().flat_map(|key| json::list(value, key));
        let before = out.len();
        out.extend(about.map(|item| other("unknown_number", json::text(item, "id"))));
        if out.len() == before {
            out.push(other("unknown_number", None));
        }
        return;
    };
    let contacts = json::list(value, "contacts");
    out.extend(json::list(value, "messages").iter().map(|m| message(m, contacts, number, route)));
    out.extend(json::list(value, "statuses").iter().map(|s| status::report(s, route)));
    // Errors of the number itself, not of one message.
    out.extend(
        json::list(value, "errors")
            .iter()
            .map(|e| Decoded::Other(Other { kind: "error".to_owned(), id: None, error: Some(errors::error(e)) })),
    );
}

fn message(message: &Value, contacts: &[Value], number: &str, route: &Route) -> Decoded {
    let Some(id) = json::text(message, "id") else { return other("message_without_id", None) };
    if json::text(message, "group_id").is_some() {
        // A reply to a group's member alone would surprise both.
        return other("group_message", Some(id));
    }
    let person = person(message, contacts);
    let user = json::text(message, "from_user_id").or_else(|| person.and_then(|p| json::text(p, "user_id")));
    let phone = json::text(message, "from").or_else(|| person.and_then(|p| json::text(p, "wa_id")));
    // People with a username may show no phone: `from` is absent then, not empty.
    let Some(from) = phone.or(user).map(Address::from_whatsapp) else { return other("message_without_sender", Some(id)) };
    let user_id = match (&from, user) {
        (_, Some(user)) => Some(user.to_owned()),
        (Address::Bsuid(user), None) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content::read(message);
    let context = message.get("context").unwrap_or(&Value::Null);
    let is = |key: &str| context.get(key).and_then(Value::as_bool) == Some(true);
    let received = Received {
        message: Inbound {
            channel: route.channel.clone(),
            kind: route.kind,
            from,
            user_id,
            id: id.to_owned(),
            at: json::moment(message, "timestamp"),
            text,
            content,
            profile_name: person.and_then(|p| json::owned(p.get("profile")?, "name")),
            in_reply_to: json::owned(context, "id"),
            answers: None,
            forwarded: is("forwarded") || is("frequently_forwarded"),
            referral: message.get("referral").map(|r| Referral {
                source_id: json::owned(r, "source_id"),
                source_type: json::owned(r, "source_type"),
                ctwa_clid: json::owned(r, "ctwa_clid"),
            }),
        },
        to: number.to_owned(),
        segments: None,
        part: None,
        error: json::list(message, "errors").first().map(errors::error),
    };
    Decoded::Message(Box::new(received))
}

/// Who of `contacts` wrote the message. A single contact is its writer even where neither id is repeated in the message.
fn person<'v>(message: &Value, contacts: &'v [Value]) -> Option<&'v Value> {
    let same = |c: &&Value, ours: &str, theirs: &str| matches!((json::text(message, ours), json::text(c, theirs)), (Some(a), Some(b)) if a == b);
    let found = contacts.iter().find(|c| same(c, "from", "wa_id") || same(c, "from_user_id", "user_id"));
    let nameless = json::text(message, "from").is_none() && json::text(message, "from_user_id").is_none();
    found.or_else(|| contacts.first().filter(|_| contacts.len() == 1 && nameless))
}

/// What a person chose in WhatsApp about our marketing. It has no id: one is made of what it says.
fn preferences(value: &Value, routes: &Routes, out: &mut Vec<Decoded>) {
    for choice in json::list(value, "user_preferences") {
        let Some((number, route)) = target(value, routes) else {
            out.push(other("unknown_number", None));
            continue;
        };
        let category = json::text(choice, "category").unwrap_or("");
        let word = match (category, json::text(choice, "value").unwrap_or("")) {
            ("marketing_messages", "stop") => "STOP",
            ("marketing_messages", "resume") => "START",
            _ => {
                out.push(other("user_preferences", None));
                continue;
            }
        };
        let user = json::text(choice, "user_id");
        let Some(wire) = json::text(choice, "wa_id").or(user) else {
            out.push(other("user_preferences", None));
            continue;
        };
        let at = json::moment(choice, "timestamp");
        let contact = json::list(value, "contacts").first();
        let message = Inbound {
            channel: route.channel.clone(),
            kind: route.kind,
            from: Address::from_whatsapp(wire),
            user_id: user.map(str::to_owned),
            id: format!("preference:{wire}:{word}:{}", at.unwrap_or_default().0),
            at,
            text: String::new(),
            content: InboundContent::OptOut { word: word.to_owned(), scope: Some("marketing".to_owned()) },
            profile_name: contact.and_then(|c| json::owned(c.get("profile")?, "name")),
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        out.push(Decoded::Message(Box::new(Received {
            message,
            to: number.to_owned(),
            segments: None,
            part: None,
            error: None,
        })));
    }
}

fn template(value: &Value) -> Decoded {
    let (Some(template), Some(event)) = (json::owned(value, "message_template_name"), json::owned(value, "event")) else {
        return other("message_template_status_update", None);
    };
    Decoded::Template(TemplateStatus {
        template,
        language: json::owned(value, "message_template_language"),
        event,
        reason: json::owned(value, "reason"),
    })
}

/// What Meta says of a number as a whole. It names the number as people see it, and no id: the channel is the one that says this number, or
/// the only one of the app. Which words there are is as documented ([K]): those that we do not know are told to operators and hold nothing.
fn quality(entry: &Value, value: &Value, routes: &Routes) -> Decoded {
    let (Some(number), Some(word)) = (json::text(value, "display_phone_number"), json::text(value, "event")) else {
        return other("phone_number_quality_update", None);
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let route = routes.find(&digits).or_else(|| routes.sole());
    let event = match word {
        "FLAGGED" => NumberEvent::Flagged,
        "UNFLAGGED" => NumberEvent::Unflagged,
        "DOWNGRADE" => NumberEvent::Lowered,
        _ => NumberEvent::Other,
    };
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(WORD).collect::<String>();
    Decoded::Quality(NumberQuality {
        channel: route.map(|route| route.channel.clone()),
        number: short(number),
        event,
        word: short(word),
        limit: json::text(value, "current_limit").map(short),
        at: json::moment(entry, "time"),
    })
}
