//! Messages that a person answers with a tap: buttons, lists, links, a request for a place. The bounds are WhatsApp's.

use super::encode::unsupported;
use crate::domain::limits::{
    WHATSAPP_BUTTON_CHARS, WHATSAPP_BUTTONS, WHATSAPP_FOOTER_CHARS, WHATSAPP_INTERACTIVE_CHARS, WHATSAPP_ROW_CHARS, WHATSAPP_ROWS,
};
use crate::domain::message::{Choice, OutboundContent, Section};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, SendContext};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Characters of a header, and of a heading of rows.
const HEADER_CHARS: usize = 60;
const HEADING_CHARS: usize = 24;
/// Characters of what a button or row gives back.
const ID_CHARS: usize = 200;
/// Characters of the label that opens a list or a page.
const LABEL_CHARS: usize = 20;
/// Characters of a row's second line.
const DESCRIPTION_CHARS: usize = 72;

/// The JSON of such a message. The caller passes only content of this kind.
pub fn write(content: &OutboundContent, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    // Comes back as `id` in the answer; what was chosen comes back beside it.
    let named = |what: &str| context.send.map_or_else(|| what.to_owned(), |send| send.to_string());
    match content {
        OutboundContent::Buttons { text, header, footer, buttons } => {
            let mut inner = json!({ "type": "text", "text": body(text)? });
            if let Some(header) = above(header.as_deref())? {
                inner["header"] = header.into();
            }
            if let Some(footer) = below(footer.as_deref())? {
                inner["caption"] = footer.into();
            }
            count("buttons", buttons.len(), WHATSAPP_BUTTONS)?;
            let options = options(buttons, WHATSAPP_BUTTON_CHARS, &mut HashSet::new())?;
            Ok(json!({ "type": "quick_reply", "msgid": named("qr1"), "content": inner, "options": options }))
        }
        OutboundContent::List { text, header, footer, button, rows } => {
            count("rows", rows.len(), WHATSAPP_ROWS)?;
            let options = options(rows, WHATSAPP_ROW_CHARS, &mut HashSet::new())?;
            list(text, header.as_deref(), footer.as_deref(), button, vec![json!({ "options": options })], named("list1"))
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            list(text, header.as_deref(), footer.as_deref(), button, items(sections)?, named("list1"))
        }
        OutboundContent::CallToAction { text, button, url } => {
            let label = bounded("the button's label", button, LABEL_CHARS)?;
            Ok(json!({ "type": "cta_url", "body": body(text)?, "display_text": label, "url": url }))
        }
        OutboundContent::LocationRequest { text } => {
            let body = json!({ "type": "text", "text": body(text)? });
            Ok(json!({ "type": "location_request_message", "body": body, "action": { "name": "send_location" } }))
        }
        _ => unsupported("this as an interactive message", context.kind),
    }
}

fn list(
    text: &str,
    header: Option<&str>,
    footer: Option<&str>,
    button: &str,
    items: Vec<Value>,
    name: String,
) -> Result<Value, EncodeError> {
    let label = bounded("the list's label", button, LABEL_CHARS)?;
    let mut part = json!({
        "type": "list",
        "title": above(header)?.unwrap_or(""),
        "body": body(text)?,
        "msgid": name,
        "globalButtons": [{ "type": "text", "title": label }],
        "items": items,
    });
    if let Some(footer) = below(footer)? {
        part["footer"] = footer.into();
    }
    Ok(part)
}

fn items(sections: &[Section]) -> Result<Vec<Value>, EncodeError> {
    count("headings", sections.len(), WHATSAPP_ROWS)?;
    count("rows", sections.iter().map(|section| section.rows.len()).sum(), WHATSAPP_ROWS)?;
    let mut ids = HashSet::new();
    let mut out = Vec::with_capacity(sections.len());
    for section in sections {
        count("rows under a heading", section.rows.len(), WHATSAPP_ROWS)?;
        let mut item = json!({ "options": options(&section.rows, WHATSAPP_ROW_CHARS, &mut ids)? });
        match section.title.as_deref() {
            Some(title) => item["title"] = bounded("the heading", title, HEADING_CHARS)?.into(),
            None if sections.len() > 1 => return Err(EncodeError::Empty("a heading beside others")),
            None => {}
        }
        out.push(item);
    }
    Ok(out)
}

fn options<'c>(choices: &'c [Choice], max: usize, ids: &mut HashSet<&'c str>) -> Result<Vec<Value>, EncodeError> {
    let mut out = Vec::with_capacity(choices.len());
    for choice in choices {
        let id = bounded("the choice's id", &choice.id, ID_CHARS)?;
        if !ids.insert(id) {
            return Err(EncodeError::DoubleChoice);
        }
        let mut option =
            json!({ "type": "text", "title": bounded("the choice's label", &choice.title, max)?, "postbackText": id });
        if let Some(description) = choice.description.as_deref().filter(|description| !description.is_empty()) {
            option["description"] = bounded("the row's second line", description, DESCRIPTION_CHARS)?.into();
        }
        out.push(option);
    }
    Ok(out)
}

fn body(text: &str) -> Result<&str, EncodeError> {
    bounded("characters of text", text, WHATSAPP_INTERACTIVE_CHARS)
}

fn above(header: Option<&str>) -> Result<Option<&str>, EncodeError> {
    header.filter(|h| !h.is_empty()).map(|h| bounded("characters of the header", h, HEADER_CHARS)).transpose()
}

fn below(footer: Option<&str>) -> Result<Option<&str>, EncodeError> {
    footer.filter(|f| !f.is_empty()).map(|f| bounded("characters of the footer", f, WHATSAPP_FOOTER_CHARS)).transpose()
}

fn count(what: &'static str, got: usize, max: usize) -> Result<(), EncodeError> {
    match got {
        0 => Err(EncodeError::Empty(what)),
        _ if got > max => Err(EncodeError::TooLong { what, got, max }),
        _ => Ok(()),
    }
}
