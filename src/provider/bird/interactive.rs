//! Messages that a person answers with a tap. Bird's names differ from WhatsApp's; the lengths are WhatsApp's, and labels may not repeat.

use super::encode::unsupported;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{
    WHATSAPP_BUTTON_CHARS, WHATSAPP_BUTTONS, WHATSAPP_FOOTER_CHARS, WHATSAPP_INTERACTIVE_CHARS, WHATSAPP_ROW_CHARS, WHATSAPP_ROWS,
};
use crate::domain::message::{Choice, OutboundContent, Section};
use crate::provider::meta::bounded;
use crate::provider::send::EncodeError;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Characters of a header.
const HEADER_CHARS: usize = 60;
/// Characters of a button's handle.
const BUTTON_ID_CHARS: usize = 256;
/// Characters of a row's handle.
const ROW_ID_CHARS: usize = 200;
/// Characters of a row's second line.
const ROW_DESCRIPTION_CHARS: usize = 72;
/// Characters of a heading.
const SECTION_CHARS: usize = 24;

/// What stands under `interactive`.
pub fn write(content: &OutboundContent, kind: ChannelKind) -> Result<Value, EncodeError> {
    match content {
        OutboundContent::Buttons { text, header, footer, buttons } => {
            let mut out = frame("button", text, header.as_deref(), footer.as_deref())?;
            out["buttons"] = self::buttons(buttons)?;
            Ok(out)
        }
        OutboundContent::List { text, header, footer, button, rows } => {
            let mut out = frame("list", text, header.as_deref(), footer.as_deref())?;
            // A menu without headings has one all the same: its own label.
            let all = Section { title: Some(button.clone()), rows: rows.clone() };
            out["list"] = list(button, std::slice::from_ref(&all))?;
            Ok(out)
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            let mut out = frame("list", text, header.as_deref(), footer.as_deref())?;
            out["list"] = list(button, sections)?;
            Ok(out)
        }
        OutboundContent::CallToAction { text, button, url } => {
            let mut out = frame("cta_url", text, None, None)?;
            out["cta_url"] = json!({ "text": bounded("the button's label", button, WHATSAPP_BUTTON_CHARS)?, "url": url });
            Ok(out)
        }
        OutboundContent::LocationRequest { text } => frame("location_request_message", text, None, None),
        _ => unsupported("this as an interactive message", kind),
    }
}

fn frame(kind: &str, text: &str, header: Option<&str>, footer: Option<&str>) -> Result<Value, EncodeError> {
    let mut out = json!({ "type": kind, "body_text": bounded("characters of text", text, WHATSAPP_INTERACTIVE_CHARS)? });
    if let Some(header) = header.filter(|h| !h.is_empty()) {
        out["header"] = json!({ "type": "text", "text": bounded("characters of the header", header, HEADER_CHARS)? });
    }
    if let Some(footer) = footer.filter(|f| !f.is_empty()) {
        out["footer_text"] = bounded("characters of the footer", footer, WHATSAPP_FOOTER_CHARS)?.into();
    }
    Ok(out)
}

fn buttons(buttons: &[Choice]) -> Result<Value, EncodeError> {
    count("buttons", buttons.len(), WHATSAPP_BUTTONS)?;
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(buttons.len());
    for button in buttons {
        let slug = bounded("the button's id", &button.id, BUTTON_ID_CHARS)?;
        let text = bounded("the button's label", &button.title, WHATSAPP_BUTTON_CHARS)?;
        once(&mut seen, slug)?;
        out.push(json!({ "type": "quick_reply", "quick_reply": { "slug": slug, "text": text } }));
    }
    Ok(out.into())
}

fn list(button: &str, sections: &[Section]) -> Result<Value, EncodeError> {
    count("headings", sections.len(), WHATSAPP_ROWS)?;
    count("rows", sections.iter().map(|s| s.rows.len()).sum(), WHATSAPP_ROWS)?;
    let label = bounded("the list's label", button, WHATSAPP_BUTTON_CHARS)?;
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(sections.len());
    for section in sections {
        let title = match section.title.as_deref() {
            Some(title) => bounded("the heading", title, SECTION_CHARS)?,
            None if sections.len() > 1 => return Err(EncodeError::Empty("a heading beside others")),
            None => label,
        };
        let mut rows = Vec::with_capacity(section.rows.len());
        for row in &section.rows {
            let slug = bounded("the row's id", &row.id, ROW_ID_CHARS)?;
            once(&mut seen, slug)?;
            let mut written = json!({ "slug": slug, "text": bounded("the row's label", &row.title, WHATSAPP_ROW_CHARS)? });
            if let Some(description) = row.description.as_deref().filter(|d| !d.is_empty()) {
                written["description"] = bounded("the row's second line", description, ROW_DESCRIPTION_CHARS)?.into();
            }
            rows.push(written);
        }
        out.push(json!({ "title": title, "rows": rows }));
    }
    Ok(json!({ "button_text": label, "sections": out }))
}

fn count(what: &'static str, got: usize, max: usize) -> Result<(), EncodeError> {
    match got {
        0 => Err(EncodeError::Empty(what)),
        _ if got > max => Err(EncodeError::TooLong { what, got, max }),
        _ => Ok(()),
    }
}

fn once<'c>(seen: &mut HashSet<&'c str>, id: &'c str) -> Result<(), EncodeError> {
    if seen.insert(id) { Ok(()) } else { Err(EncodeError::DoubleChoice) }
}
