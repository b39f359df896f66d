//! What stands in a message for people to read and to search, whatever its form.

use crate::domain::message::OutboundContent;
use crate::domain::outbound::{TemplateParam, TemplateParams};

/// The words of a message that leaves.
pub fn words(content: &OutboundContent) -> String {
    match content {
        OutboundContent::Text { text }
        | OutboundContent::Buttons { text, .. }
        | OutboundContent::List { text, .. }
        | OutboundContent::Sections { text, .. }
        | OutboundContent::CallToAction { text, .. } => text.clone(),
        OutboundContent::Media { caption, .. } => caption.clone().unwrap_or_default(),
        OutboundContent::Album { text, .. } => text.clone().unwrap_or_default(),
        OutboundContent::Form(form) => form.text.clone(),
        OutboundContent::Email { subject, text, .. } if subject.is_empty() => text.clone(),
        OutboundContent::Email { subject, text, .. } => format!("{subject}\n{text}"),
        OutboundContent::LocationRequest { text } => text.clone(),
        OutboundContent::Location { text, .. } => text.clone().unwrap_or_default(),
        OutboundContent::Reaction { emoji, .. } => emoji.clone(),
        // The words of the template itself are at the provider: what was put into them is known here.
        OutboundContent::Template { params, .. } => {
            let param = |param: &TemplateParam| match param {
                TemplateParam::Text(text) => text.clone(),
                TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback.clone(),
            };
            let all: Vec<String> = match params {
                TemplateParams::Positional(all) => all.iter().map(param).collect(),
                TemplateParams::Named(all) => all.iter().map(|(_, given)| param(given)).collect(),
            };
            all.join(" · ")
        }
        OutboundContent::Contacts(_) | OutboundContent::MarkRead { .. } => String::new(),
    }
}
