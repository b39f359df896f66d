//! The vectors' canonical requests as messages. Some say less than their expected body shows (the rows of a list, a template's
//! money): what is missing is read from there.

use indexmap::IndexMap;
use replyflow::domain::address::Address;
use replyflow::domain::message::{
    Card, Choice, FormRequest, Location, Media, MediaKind, Outbound, OutboundContent, Section, TemplateButton, TemplateHeader,
    TemplateParam, TemplateParams,
};
use replyflow::domain::value::Value as OurValue;
use serde_json::{Value, json};

pub fn outbound(request: &Value, body: &Value) -> Result<Outbound, String> {
    let to = text(request, "to").unwrap_or("447700900123");
    let content = content(request, body)?;
    // A reaction names its message by the same key; it quotes nothing.
    let quotes = matches!(content, OutboundContent::Reaction { .. } | OutboundContent::MarkRead { .. });
    let in_reply_to = if quotes { None } else { owned(request, "in_reply_to") };
    Ok(Outbound { to: Address::from_whatsapp(to), content, in_reply_to, provider: None })
}

/// The body that a vector expects, in the shape of Meta's: of a list that stands in a form as JSON, what has a place there.
pub fn shown(http: &Value) -> Value {
    if let Some(json) = http.get("json") {
        return json.clone();
    }
    let is_message = |pair: &&Value| pair.get(0).and_then(Value::as_str) == Some("message");
    let written = list(http, "form").iter().find(is_message).and_then(|pair| pair.get(1)?.as_str());
    let Some(message) = written.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return Value::Null };
    let row =
        |option: &Value| json!({ "id": option["postbackText"], "title": option["title"], "description": option["description"] });
    let section =
        |item: &Value| json!({ "title": item["title"], "rows": list(item, "options").iter().map(row).collect::<Vec<_>>() });
    let sections: Vec<Value> = list(&message, "items").iter().map(section).collect();
    let action = json!({ "button": message["globalButtons"][0]["title"], "sections": sections });
    json!({ "interactive": { "header": { "text": message["title"] }, "action": action } })
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

fn owned(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(str::to_owned)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn content(request: &Value, body: &Value) -> Result<OutboundContent, String> {
    let interactive = body.get("interactive").unwrap_or(&Value::Null);
    let action = interactive.get("action").unwrap_or(&Value::Null);
    let string = |key: &str| owned(request, key).unwrap_or_default();
    let reply_to = || owned(request, "in_reply_to").ok_or("no in_reply_to".to_owned());
    let header = owned(request, "header").or_else(|| owned(interactive.get("header")?, "text"));
    let footer = owned(request, "footer").or_else(|| owned(interactive.get("footer")?, "text"));
    Ok(match text(request, "type").unwrap_or("") {
        "text" => OutboundContent::Text { text: string("text") },
        "media" => media(request, body)?,
        "buttons" => OutboundContent::Buttons {
            text: string("text"),
            header,
            footer,
            buttons: list(request, "buttons").iter().map(pair).collect(),
        },
        "list" => OutboundContent::Sections {
            text: string("text"),
            header,
            footer,
            button: owned(request, "button").or_else(|| owned(action, "button")).unwrap_or_default(),
            sections: list(action, "sections").iter().map(section).collect(),
        },
        "cta_url" => OutboundContent::CallToAction { text: string("text"), button: string("button"), url: string("url") },
        "location_request" => OutboundContent::LocationRequest { text: string("text") },
        "location" => OutboundContent::Location {
            location: location(request.get("location").unwrap_or(&Value::Null))?,
            text: owned(request, "text"),
        },
        "contacts" => OutboundContent::Contacts(list(request, "contacts").iter().map(card).collect()),
        "reaction" => OutboundContent::Reaction { message: reply_to()?, emoji: string("emoji") },
        "mark_read" => OutboundContent::MarkRead { message: reply_to()?, typing: false },
        "typing" => OutboundContent::MarkRead { message: reply_to()?, typing: true },
        "template" => template(request, body)?,
        "flow" | "form" => OutboundContent::Form(form(request, action, header, footer)),
        other => return Err(format!("the harness knows no request of type `{other}`")),
    })
}

fn pair(value: &Value) -> Choice {
    let part = |i: usize| value.get(i).and_then(Value::as_str).unwrap_or("").to_owned();
    Choice { id: part(0), title: part(1), description: None }
}

fn section(value: &Value) -> Section {
    let row = |row: &Value| Choice {
        id: owned(row, "id").unwrap_or_default(),
        title: owned(row, "title").unwrap_or_default(),
        description: owned(row, "description"),
    };
    Section { title: owned(value, "title"), rows: list(value, "rows").iter().map(row).collect() }
}

fn location(value: &Value) -> Result<Location, String> {
    let number = |key: &str, other: &str| value.get(key).or_else(|| value.get(other)).and_then(Value::as_f64);
    match (number("lat", "latitude"), number("lon", "longitude")) {
        (Some(lat), Some(lon)) => Ok(Location { lat, lon, name: owned(value, "name"), address: owned(value, "address") }),
        _ => Err("no location".to_owned()),
    }
}

fn card(value: &Value) -> Card {
    let phones = list(value, "phones").iter().filter_map(Value::as_str).map(str::to_owned);
    Card { name: owned(value, "name").unwrap_or_default(), phones: owned(value, "phone").into_iter().chain(phones).collect() }
}

fn media_kind(word: &str) -> Option<MediaKind> {
    serde_json::from_value(word.into()).ok()
}

fn media(request: &Value, body: &Value) -> Result<OutboundContent, String> {
    let kind = text(request, "media_kind").and_then(media_kind).unwrap_or(MediaKind::Image);
    let caption = owned(request, "caption").or_else(|| owned(request, "text"));
    let part = text(body, "type").and_then(|kind| body.get(kind)).unwrap_or(&Value::Null);
    let filename = owned(request, "filename").or_else(|| owned(part, "filename"));
    let mut files: Vec<Media> = list(request, "media")
        .iter()
        .filter_map(|m| m.as_str().map(str::to_owned).or_else(|| owned(m, "url")))
        .map(|url| Media { url: Some(url), filename: filename.clone(), ..Media::default() })
        .collect();
    if let Some(id) = owned(request, "media_id") {
        files.push(Media { id: Some(id), filename, ..Media::default() });
    }
    match files.len() {
        0 => Err("no media".to_owned()),
        1 => Ok(OutboundContent::Media { kind, media: files.remove(0), caption }),
        _ => Ok(OutboundContent::Album { media: files, text: caption }),
    }
}

fn form(request: &Value, action: &Value, header: Option<String>, footer: Option<String>) -> FormRequest {
    let parameters = action.get("parameters").unwrap_or(&Value::Null);
    let payload = parameters.get("flow_action_payload").unwrap_or(&Value::Null);
    let data = match payload.get("data").cloned().map(OurValue::from_json) {
        Some(OurValue::Map(map)) => map,
        _ => IndexMap::new(),
    };
    let string = |key: &str| owned(parameters, key).unwrap_or_default();
    FormRequest {
        text: owned(request, "text").unwrap_or_default(),
        header,
        footer,
        button: string("flow_cta"),
        form: string("flow_id"),
        token: string("flow_token"),
        screen: owned(payload, "screen"),
        data,
    }
}

fn template(request: &Value, body: &Value) -> Result<OutboundContent, String> {
    let components = body.get("template").map_or(&[][..], |t| list(t, "components"));
    let of = |kind: &'static str| components.iter().filter(move |c| text(c, "type") == Some(kind));
    let params = match request.get("variables") {
        Some(Value::Array(values)) => TemplateParams::Positional(values.iter().map(plain).collect()),
        // Positions written as names: Twilio's form of them.
        Some(Value::Object(map)) => TemplateParams::Named(map.iter().map(|(k, v)| (k.clone(), plain(v))).collect()),
        _ => TemplateParams::Positional(of("body").flat_map(|c| list(c, "parameters")).map(typed).collect()),
    };
    let header = of("header").flat_map(|c| list(c, "parameters")).next().map(template_header).transpose()?;
    let buttons = of("button").map(template_button).collect::<Result<_, _>>()?;
    let name = owned(request, "template").ok_or("no template")?;
    Ok(OutboundContent::Template { name, language: owned(request, "language"), params, header, buttons })
}

fn plain(value: &Value) -> TemplateParam {
    TemplateParam::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn typed(parameter: &Value) -> TemplateParam {
    let inside = |key: &str| parameter.get(key).unwrap_or(&Value::Null);
    let fallback = |v: &Value| owned(v, "fallback_value").unwrap_or_default();
    match text(parameter, "type") {
        Some("currency") => TemplateParam::Currency {
            fallback: fallback(inside("currency")),
            code: owned(inside("currency"), "code").unwrap_or_default(),
            amount_1000: inside("currency").get("amount_1000").and_then(Value::as_i64).unwrap_or_default(),
        },
        Some("date_time") => TemplateParam::DateTime { fallback: fallback(inside("date_time")) },
        _ => TemplateParam::Text(owned(parameter, "text").unwrap_or_default()),
    }
}

fn template_header(parameter: &Value) -> Result<TemplateHeader, String> {
    let kind = text(parameter, "type").unwrap_or("");
    let inside = parameter.get(kind).unwrap_or(&Value::Null);
    match (kind, media_kind(kind)) {
        ("text", _) => Ok(TemplateHeader::Text(owned(parameter, "text").unwrap_or_default())),
        ("location", _) => location(inside).map(TemplateHeader::Location),
        (_, Some(kind)) => {
            let media = Media {
                url: owned(inside, "link"),
                id: owned(inside, "id"),
                filename: owned(inside, "filename"),
                content_type: None,
            };
            Ok(TemplateHeader::Media { kind, media })
        }
        _ => Err(format!("a template header of type `{kind}`")),
    }
}

fn template_button(component: &Value) -> Result<(u8, TemplateButton), String> {
    let index = component.get("index").and_then(|i| i.as_str()?.parse().ok()).unwrap_or(0);
    let parameter = list(component, "parameters").first().unwrap_or(&Value::Null);
    let string = |key: &str| owned(parameter, key).unwrap_or_default();
    let button = match text(component, "sub_type").unwrap_or("") {
        "quick_reply" => TemplateButton::Reply { payload: string("payload") },
        "url" => TemplateButton::Url { suffix: string("text") },
        "copy_code" => TemplateButton::Code { code: string("coupon_code") },
        other => return Err(format!("a template button of type `{other}`")),
    };
    Ok((index, button))
}
