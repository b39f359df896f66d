//! Steps as lines of a test file.

use super::Transcript;
use super::yaml::{json, quoted, text, value, word};
use crate::domain::channel::ChannelKind;
use crate::domain::consent::TopicConsent;
use crate::domain::message::{DeliveryStatus, Media};
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::domain::value::{Value, rfc3339};
use crate::testing::fake_http::{Answers, Fake, FakeAnswer};
use crate::testing::script::{BotExpectation, ContactGiven, PersonDoes, Step, TextExpectation, UserSays};
use std::fmt::Write as _;

/// An entry of `cases`.
pub(super) fn case(transcript: &Transcript, title: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = format!("{pad}{}:\n{pad}  given:\n", text(title));
    let mut given = |line: String| {
        let _ = writeln!(out, "{pad}    {line}");
    };
    given(format!("now: {}", rfc3339(transcript.now)));
    match &transcript.channels[..] {
        [] => {}
        [one] => given(format!("channel: {one}")),
        several => given(format!("channel: [{}]", several.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(", "))),
    }
    given(format!("contact: {}", contact(&transcript.contact)));
    if let Some(tags) = &transcript.tags {
        given(format!("tags: [{}]", tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ")));
    }
    if let Some(seed) = transcript.seed {
        given(format!("seed: {seed}"));
    }
    if transcript.steps.is_empty() {
        let _ = writeln!(out, "{pad}  steps: []");
        return out;
    }
    let _ = writeln!(out, "{pad}  steps:");
    for step in &transcript.steps {
        for line in lines(step) {
            let _ = writeln!(out, "{pad}    {line}");
        }
    }
    out
}

/// A step, in one line or two.
fn lines(step: &Step) -> Vec<String> {
    let one = |line: String| vec![format!("- {line}")];
    let two = |first: String, key: &str, second: String| vec![format!("- {first}"), format!("  {key}: {second}")];
    match step {
        Step::User { all, .. } => one(format!("user: {}", all.as_ref().map_or_else(|| quoted(""), says))),
        Step::Bot { all, .. } => one(format!("bot: {}", bot(all))),
        Step::Nothing => one("bot: nothing".to_owned()),
        Step::Event { name, data, contact } => {
            let mut lines = two(format!("event: {name}"), "data", value(data));
            if let Some(who) = contact {
                let given = ContactGiven {
                    phone: who.phone.as_ref().map(|phone| phone.as_str().to_owned()),
                    name: who.name.clone(),
                    language: who.language,
                    email: who.email.clone(),
                    ..ContactGiven::default()
                };
                let mut parts = contact_parts(&given);
                parts.extend(who.id.as_ref().map(|id| format!("id: {}", word(id))));
                lines.push(format!("  contact: {}", braces(parts)));
            }
            lines
        }
        Step::Begin(with) => one(format!("begin: {}", named(with))),
        Step::Webhook { name, data } => two(format!("webhook: {}", text(name.as_str())), "data", value(data)),
        Step::Wait(span) => one(format!("wait: {span}")),
        Step::WaitUntil(moment) => one(format!("wait: {{ until: {} }}", rfc3339(*moment))),
        Step::Http(fakes) => {
            let mut lines = vec!["- http:".to_owned()];
            lines.extend(fakes.iter().map(|fake| format!("    {}", offered(fake))));
            lines
        }
        Step::Called { method, api, path, json: body } => {
            let first = format!("called: {}", call(method, api.as_str(), path));
            match body {
                Some(body) => two(first, "json", value(body)),
                None => one(first),
            }
        }
        Step::Status(status) => one(format!("status: {}", status_word(*status))),
        Step::Alert(expected) => one(format!("alert: {}", expected_text(expected))),
        Step::Person(PersonDoes::Takes) => one("person: { take: true }".to_owned()),
        Step::Person(PersonDoes::Writes(said)) => one(format!("person: {}", quoted(said))),
        Step::Person(PersonDoes::Resolves(note)) => {
            one(format!("person: {{ resolve: {} }}", quoted(note.as_deref().unwrap_or_default())))
        }
        Step::Handoff(team) => one(format!("handoff: {team}")),
        Step::Emit(event) => one(format!("emit: {event}")),
        Step::At(state) => one(format!("at: {}", text(state.as_str()))),
        Step::Vars(vars) => one(format!("vars: {}", named(vars))),
        Step::Contact(fields) => {
            one(format!("contact: {}", braces(fields.iter().map(|(k, v)| format!("{}: {}", word(k), value(v))).collect())))
        }
        Step::Tags(tags) => one(format!("tags: [{}]", tags.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(", "))),
        Step::End(name) => one(format!("end: {}", text(name.as_str()))),
    }
}

fn braces(parts: Vec<String>) -> String {
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}

fn named(values: &[(Name, Value)]) -> String {
    braces(values.iter().map(|(name, v)| format!("{}: {}", word(name.as_str()), value(v))).collect())
}

fn contact(contact: &ContactGiven) -> String {
    braces(contact_parts(contact))
}

fn contact_parts(contact: &ContactGiven) -> Vec<String> {
    let mut parts = Vec::new();
    let mut put = |key: &str, value: Option<&str>| parts.extend(value.map(|value| format!("{key}: {}", word(value))));
    put("phone", contact.phone.as_deref());
    put("name", contact.name.as_deref());
    put("language", contact.language.as_ref().map(|language| language.as_str()));
    put("timezone", contact.timezone.as_deref());
    put("email", contact.email.as_deref());
    if contact.no_language {
        parts.push("language: \"\"".to_owned());
    }
    if let Some(kinds) = &contact.marketing {
        parts.push(format!("marketing: [{}]", kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")));
    }
    if let Some(topics) = contact.topics.as_ref().filter(|topics| !topics.is_empty()) {
        let topic = |said: &TopicConsent| format!("{}: [{}]", said.topic, kinds(said.yes));
        parts.push(format!("topics: {}", braces(topics.iter().map(topic).collect())));
    }
    parts.extend(contact.attributes.iter().map(|(name, v)| format!("{}: {}", word(name.as_str()), value(v))));
    parts
}

fn kinds(bits: u8) -> String {
    let named = ChannelKind::ALL.into_iter().filter(|kind| bits & kind.stop_bit() != 0);
    named.map(ChannelKind::as_str).collect::<Vec<_>>().join(", ")
}

fn says(says: &UserSays) -> String {
    let UserSays { text: words, press, media, location, channel } = says;
    if let (Some(words), None, [], None, None) = (words, press, &media[..], location, channel) {
        return text(words);
    }
    let mut parts = Vec::new();
    parts.extend(words.as_ref().map(|words| format!("text: {}", word(words))));
    parts.extend(press.as_ref().map(|id| format!("press: {}", word(id))));
    match &media[..] {
        [] => {}
        [one] => parts.push(format!("media: {}", file(one))),
        several => parts.push(format!("media: [{}]", several.iter().map(file).collect::<Vec<_>>().join(", "))),
    }
    if let Some(place) = location {
        let mut at = vec![format!("lat: {}", place.lat), format!("lon: {}", place.lon)];
        at.extend(place.name.as_ref().map(|name| format!("name: {}", word(name))));
        at.extend(place.address.as_ref().map(|address| format!("address: {}", word(address))));
        parts.push(format!("location: {}", braces(at)));
    }
    parts.extend(channel.as_ref().map(|channel| format!("channel: {channel}")));
    braces(parts)
}

fn file(file: &Media) -> String {
    let url = file.url.clone().or_else(|| file.id.clone()).unwrap_or_default();
    let mut parts = vec![format!("url: {}", quoted(&url))];
    if file.content_type.is_none() && file.filename.is_none() {
        return quoted(&url);
    }
    parts.extend(file.content_type.as_ref().map(|kind| format!("type: {}", word(kind))));
    parts.extend(file.filename.as_ref().map(|name| format!("name: {}", word(name))));
    braces(parts)
}

fn bot(expected: &BotExpectation) -> String {
    let BotExpectation { text: words, notify, buttons, media, channel, system, approved, to } = expected;
    let alone = BotExpectation { text: TextExpectation::default(), ..expected.clone() }.is_any();
    if let (true, Some(words), []) = (alone, &words.exact, &words.has[..]) {
        return match words.as_str() {
            "any" | "nothing" => quoted(words),
            words => text(words),
        };
    }
    let mut parts = text_parts(words);
    parts.extend(notify.as_ref().map(|name| format!("notify: {name}")));
    let ids = |ids: &Vec<String>| format!("buttons: [{}]", ids.iter().map(|id| word(id)).collect::<Vec<_>>().join(", "));
    parts.extend(buttons.as_ref().map(ids));
    parts.extend(media.as_ref().map(|url| format!("media: {}", quoted(url))));
    parts.extend(channel.as_ref().map(|channel| format!("channel: {channel}")));
    parts.extend(approved.as_ref().map(|name| format!("approved: {}", word(name))));
    parts.extend(to.as_ref().map(|to| format!("to: {}", quoted(to))));
    parts.extend(system.as_ref().map(|system| format!("system: {}", word(system))));
    if parts.is_empty() { "any".to_owned() } else { braces(parts) }
}

fn text_parts(expected: &TextExpectation) -> Vec<String> {
    let mut parts: Vec<String> = expected.exact.iter().map(|exact| format!("text: {}", quoted(exact))).collect();
    match &expected.has[..] {
        [] => {}
        [one] => parts.push(format!("has: {}", quoted(one))),
        several => parts.push(format!("has: [{}]", several.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(", "))),
    }
    parts
}

fn expected_text(expected: &TextExpectation) -> String {
    match (&expected.exact, &expected.has[..]) {
        (Some(exact), []) if exact == "any" => quoted(exact),
        (Some(exact), []) => text(exact),
        (None, []) => "any".to_owned(),
        _ => braces(text_parts(expected)),
    }
}

fn call(method: &str, api: &str, path: &str) -> String {
    let target = format!("{method} {api}{path}");
    let simple = |c: char| c.is_ascii_alphanumeric() || " /_-.".contains(c);
    if target.chars().all(simple) { target } else { quoted(&target) }
}

fn offered(fake: &Fake) -> String {
    let target = call(&fake.method, fake.api.as_str(), &fake.path);
    match &fake.answers {
        Answers::Always(one) => format!("{target}: {}", answer(one)),
        Answers::Each(each) => format!("{target}: [{}]", each.iter().map(answer).collect::<Vec<_>>().join(", ")),
    }
}

fn answer(answer: &FakeAnswer) -> String {
    let FakeAnswer::Answer { status, body, delay } = answer else {
        return if *answer == FakeAnswer::Timeout { "timeout" } else { "refused" }.to_owned();
    };
    let mut parts = vec![format!("status: {status}")];
    match body {
        Value::Null => {}
        Value::Text(body) => parts.push(format!("text: {}", quoted(body))),
        body => parts.push(format!("json: {}", json(&body.to_json()))),
    }
    if *delay > Span(0) {
        parts.push(format!("delay: {delay}"));
    }
    braces(parts)
}

fn status_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Queued | DeliveryStatus::Sent => "sent",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Read => "read",
        DeliveryStatus::Failed => "failed",
    }
}
