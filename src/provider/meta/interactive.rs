//! Messages that a person answers with a tap: buttons, lists, forms, links, a request for a place.

use super::encode::bounded;
use crate::domain::limits::{
    WHATSAPP_BUTTON_CHARS, WHATSAPP_BUTTONS, WHATSAPP_INTERACTIVE_CHARS, WHATSAPP_ROW_CHARS, WHATSAPP_ROWS,
};
use crate::domain::message::{Choice, FormRequest, OutboundContent, Section};
use crate::provider::send::EncodeError;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Characters of a header, and of a footer.
const HEADER_CHARS: usize = 60;
/// Characters of a button's id.
const BUTTON_ID_CHARS: usize = 256;
/// Characters of the label that opens a list or a page.
const LABEL_CHARS: usize = 20;
/// Characters of the label that opens a form.
const FORM_LABEL_CHARS: usize = 30;
/// Characters of a row's id.
const ROW_ID_CHARS: usize = 200;
/// Characters of a row's second line.
const ROW_DESCRIPTION_CHARS: usize = 72;
/// Characters of a heading.
const SECTION_CHARS: usize = 24;

/// What stands under `interactive`. The caller passes only content of this kind.
pub fn write(content: &OutboundContent) -> Result<Value, EncodeError> {
    match content {
        OutboundContent::Buttons { text, header, footer, buttons } => {
            frame("button", header.as_deref(), text, footer.as_deref(), self::buttons(buttons)?)
        }
        OutboundContent::List { text, header, footer, button, rows } => {
            let rows = self::rows(rows, &mut HashSet::new())?;
            frame("list", header.as_deref(), text, footer.as_deref(), list(button, vec![json!({ "rows": rows })])?)
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            frame("list", header.as_deref(), text, footer.as_deref(), list(button, self::sections(sections)?)?)
        }
        OutboundContent::Form(form) => {
            frame("flow", form.header.as_deref(), &form.text, form.footer.as_deref(), self::form(form)?)
        }
        OutboundContent::CallToAction { text, button, url } => {
            let parameters = json!({ "display_text": bounded("the button's label", button, LABEL_CHARS)?, "url": url });
            frame("cta_url", None, text, None, json!({ "name": "cta_url", "parameters": parameters }))
        }
        OutboundContent::LocationRequest { text } => {
            frame("location_request_message", None, text, None, json!({ "name": "send_location" }))
        }
        _ => super::encode::unsupported("this as an interactive message", crate::domain::channel::ChannelKind::WhatsApp),
    }
}

fn frame(kind: &str, header: Option<&str>, text: &str, footer: Option<&str>, action: Value) -> Result<Value, EncodeError> {
    let mut out = Map::new();
    out.insert("type".to_owned(), kind.into());
    if let Some(header) = header.filter(|h| !h.is_empty()) {
        out.insert(
            "header".to_owned(),
            json!({ "type": "text", "text": bounded("characters of the header", header, HEADER_CHARS)? }),
        );
    }
    out.insert("body".to_owned(), json!({ "text": bounded("characters of text", text, WHATSAPP_INTERACTIVE_CHARS)? }));
    if let Some(footer) = footer.filter(|f| !f.is_empty()) {
        out.insert("footer".to_owned(), json!({ "text": bounded("characters of the footer", footer, HEADER_CHARS)? }));
    }
    out.insert("action".to_owned(), action);
    Ok(Value::Object(out))
}

fn buttons(buttons: &[Choice]) -> Result<Value, EncodeError> {
    count("buttons", buttons.len(), WHATSAPP_BUTTONS)?;
    let mut ids = HashSet::new();
    let mut out = Vec::with_capacity(buttons.len());
    for button in buttons {
        let id = unique(&mut ids, bounded("the button's id", &button.id, BUTTON_ID_CHARS)?)?;
        let title = bounded("the button's label", &button.title, WHATSAPP_BUTTON_CHARS)?;
        out.push(json!({ "type": "reply", "reply": { "id": id, "title": title } }));
    }
    Ok(json!({ "buttons": out }))
}

fn list(button: &str, sections: Vec<Value>) -> Result<Value, EncodeError> {
    Ok(json!({ "button": bounded("the list's label", button, LABEL_CHARS)?, "sections": sections }))
}

fn rows<'c>(rows: &'c [Choice], ids: &mut HashSet<&'c str>) -> Result<Vec<Value>, EncodeError> {
    count("rows", rows.len(), WHATSAPP_ROWS)?;
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let id = unique(ids, bounded("the row's id", &row.id, ROW_ID_CHARS)?)?;
        let mut written = json!({ "id": id, "title": bounded("the row's label", &row.title, WHATSAPP_ROW_CHARS)? });
        if let Some(description) = row.description.as_deref().filter(|d| !d.is_empty()) {
            written["description"] = bounded("the row's second line", description, ROW_DESCRIPTION_CHARS)?.into();
        }
        out.push(written);
    }
    Ok(out)
}

fn sections(sections: &[Section]) -> Result<Vec<Value>, EncodeError> {
    count("headings", sections.len(), WHATSAPP_ROWS)?;
    count("rows", sections.iter().map(|s| s.rows.len()).sum(), WHATSAPP_ROWS)?;
    let mut ids = HashSet::new();
    let mut out = Vec::with_capacity(sections.len());
    for section in sections {
        let rows = rows(&section.rows, &mut ids)?;
        out.push(match section.title.as_deref() {
            Some(title) => json!({ "title": bounded("the heading", title, SECTION_CHARS)?, "rows": rows }),
            None if sections.len() > 1 => return Err(EncodeError::Empty("a heading beside others")),
            None => json!({ "rows": rows }),
        });
    }
    Ok(out)
}

fn form(form: &FormRequest) -> Result<Value, EncodeError> {
    let mut parameters = json!({
        "flow_message_version": "3",
        "flow_token": form.token,
        "flow_id": bounded("the form's id", &form.form, BUTTON_ID_CHARS)?,
        "flow_cta": bounded("the form's label", &form.button, FORM_LABEL_CHARS)?,
        "flow_action": if form.screen.is_some() { "navigate" } else { "data_exchange" },
    });
    if let Some(screen) = &form.screen {
        let data: Map<String, Value> = form.data.iter().map(|(k, v)| (k.clone(), v.to_json())).collect();
        let mut payload = json!({ "screen": screen });
        if !data.is_empty() {
            payload["data"] = Value::Object(data);
        }
        parameters["flow_action_payload"] = payload;
    }
    Ok(json!({ "name": "flow", "parameters": parameters }))
}

fn count(what: &'static str, got: usize, max: usize) -> Result<(), EncodeError> {
    match got {
        0 => Err(EncodeError::Empty(what)),
        _ if got > max => Err(EncodeError::TooLong { what, got, max }),
        _ => Ok(()),
    }
}

fn unique<'c>(ids: &mut HashSet<&'c str>, id: &'c str) -> Result<&'c str, EncodeError> {
    if ids.insert(id) { Ok(id) } else { Err(EncodeError::DoubleChoice) }
}
