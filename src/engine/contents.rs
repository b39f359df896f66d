//! What a notification looks like on the channel that carries it: its text, or the template that the provider approved.

use super::channel::Route;
use super::fault::Fault;
use super::question::payload_of;
use super::record::Run;
use super::scope::View;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::message::Media;
use crate::domain::name::Name;
use crate::domain::outbound::{OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams};
use crate::domain::value::Value;
use crate::flow::definition::{Approved, ApprovedButton, ApprovedHeader, Flow, Message, Variant};
use crate::flow::expression::{EvalError, Template};
use crate::{layout, template};
use indexmap::IndexMap;

/// Whose words they are: the flow that says them, the run with its place in it if it is still there, and parameters.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'b> {
    pub flow: &'b Flow,
    pub run: Option<(&'b Run, usize)>,
    pub params: Option<&'b IndexMap<Name, Value>>,
}

/// A message as one channel gets it.
pub(super) enum Said {
    /// A text of our own, to be laid out; with what a mail has beside it.
    Own(template::Rendered, Option<Box<Letter>>),
    /// A template that the provider approved.
    Approved(OutboundContent),
}

/// What a mail has beside its text.
pub(super) struct Letter {
    subject: String,
    html: Option<String>,
    from: Option<String>,
}

impl Said {
    /// As a message by itself.
    pub(super) fn laid_out(self, route: &Route) -> Vec<OutboundContent> {
        match self {
            Said::Approved(content) => vec![content],
            Said::Own(rendered, letter) => as_mail(template::say(rendered, route.kind, route.shows), letter, None),
        }
    }
}

/// Makes a mail of a text, where it has what belongs to one. `menu`: the lines below its text, which its page lacks.
pub(super) fn as_mail(
    mut contents: Vec<OutboundContent>,
    letter: Option<Box<Letter>>,
    menu: Option<&str>,
) -> Vec<OutboundContent> {
    let Some(letter) = letter else { return contents };
    let Letter { subject, html, from } = *letter;
    let html = html.map(|html| with_menu(html, menu.unwrap_or_default()));
    match contents.last_mut() {
        Some(content @ OutboundContent::Text { .. }) => {
            let OutboundContent::Text { text } = content else { return contents };
            let text = std::mem::take(text);
            *content = OutboundContent::Email { subject, text, html, from };
        }
        None if html.is_some() => contents.push(OutboundContent::Email { subject, text: String::new(), html, from }),
        _ => {}
    }
    contents
}

/// The page with the choices of its question at its end, each on a line of its own.
fn with_menu(mut html: String, menu: &str) -> String {
    if menu.trim().is_empty() {
        return html;
    }
    let mut lines = String::with_capacity(menu.len() + 16);
    lines.push_str("<p>");
    for (i, line) in menu.trim().lines().enumerate() {
        lines.push_str(if i == 0 { "" } else { "<br>" });
        for c in line.chars() {
            match c {
                '<' => lines.push_str("&lt;"),
                '>' => lines.push_str("&gt;"),
                '&' => lines.push_str("&amp;"),
                c => lines.push(c),
            }
        }
    }
    lines.push_str("</p>");
    let end = html.to_ascii_lowercase().rfind("</body>").unwrap_or(html.len());
    html.insert_str(end, &lines);
    html
}

impl<'a> Turning<'a> {
    pub(super) fn view_of<'b>(&'b self, speaker: Speaker<'b>) -> Result<View<'b>, TurnError> {
        let view = match speaker.run {
            Some((run, depth)) => self.view(run, depth)?,
            None => self.bare_view(Some(speaker.flow)),
        };
        Ok(View { params: speaker.params, ..view })
    }

    /// A message with its values, for the channel on which it leaves. `tag` is that of the question that it asks.
    pub(super) fn said(
        &self,
        speaker: Speaker<'_>,
        message: &Message,
        route: &Route,
        tag: Option<u16>,
    ) -> Result<(Said, Option<Value>), Fault> {
        let view = self.view_of(speaker)?;
        let variant = variant(message, route.kind);
        let provider = variant.and_then(|variant| variant.provider.as_ref());
        let provider = provider.map(|fields| fields.eval(&view)).transpose().map_err(|error| Fault::eval("provider", &error))?;
        let chosen = template::choose(message, route.kind, view.language);
        let approved = variant.and_then(|variant| variant.approved.as_ref());
        if let Some(approved) = approved.filter(|_| !route.open || chosen.text.is_none()) {
            let content = content(approved, route, &view, tag).map_err(|error| Fault::eval(&approved.name, &error))?;
            return Ok((Said::Approved(content), provider));
        }
        let source = chosen.text.map_or("", |text| text.source());
        let rendered = template::render(chosen, &view).map_err(|error| Fault::eval(source, &error))?;
        let letter = match variant {
            Some(variant) if route.kind == ChannelKind::Email => Some(Box::new(letter(variant, &view)?)),
            _ => None,
        };
        Ok((Said::Own(rendered, letter), provider))
    }
}

fn letter(variant: &Variant, view: &View<'_>) -> Result<Letter, Fault> {
    let render = |template: &Template| template.render(view).map_err(|error| Fault::eval(template.source(), &error));
    let html = variant.html.as_ref().map(|html| html.pick(view.language));
    let page = |html: &Template| html.render_html(view).map_err(|error| Fault::eval("html", &error));
    Ok(Letter {
        subject: variant.subject.as_ref().map(|subject| render(subject.pick(view.language))).transpose()?.unwrap_or_default(),
        html: html.map(page).transpose()?,
        from: variant.from.as_ref().map(render).transpose()?.filter(|from| !from.trim().is_empty()),
    })
}

/// What a message says differently on this kind of channel.
pub(super) fn variant(message: &Message, kind: ChannelKind) -> Option<&Variant> {
    message.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, variant)| variant)
}

fn content(approved: &Approved, route: &Route, view: &View<'_>, tag: Option<u16>) -> Result<OutboundContent, EvalError> {
    let own = approved.ids.iter().find(|(channel, _)| *channel == route.channel).map(|(_, id)| id);
    let language = provider_language(approved, view.language);
    let params = approved.params.iter().map(|param| Ok(TemplateParam::Text(one_line(param.render(view)?))));
    let header = match &approved.header {
        None => None,
        Some(ApprovedHeader::Text(text)) => Some(TemplateHeader::Text(one_line(text.render(view)?))),
        Some(ApprovedHeader::Media(url)) => {
            let url = url.render(view)?;
            Some(TemplateHeader::Media { kind: layout::kind_of(&url), media: Media { url: Some(url), ..Media::default() } })
        }
    };
    let button = |(place, button): (usize, &ApprovedButton)| {
        let button = match button {
            ApprovedButton::Choice(id) => {
                TemplateButton::Reply { payload: tag.map_or_else(|| id.clone(), |tag| payload_of(id, tag)) }
            }
            ApprovedButton::Url(suffix) => TemplateButton::Url { suffix: suffix.render(view)? },
        };
        // WhatsApp has ten buttons at most.
        Ok((u8::try_from(place).unwrap_or(u8::MAX), button))
    };
    Ok(OutboundContent::Template {
        name: own.unwrap_or(&approved.name).clone(),
        language: language.map(str::to_owned),
        params: TemplateParams::Positional(params.collect::<Result<_, EvalError>>()?),
        header,
        buttons: approved.buttons.iter().enumerate().map(button).collect::<Result<_, EvalError>>()?,
    })
}

/// The provider's word for the contact's language, else for the first in which it is approved.
fn provider_language(approved: &Approved, language: Language) -> Option<&str> {
    approved.language(language).or_else(|| approved.languages.first().map(|(_, word)| word.as_str()))
}

/// A parameter as WhatsApp takes it: without line breaks and tabs, and never more than four blanks together.
fn one_line(text: String) -> String {
    let plain = |c: char| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
    if !text.contains(['\n', '\r', '\t']) && !text.contains("     ") {
        return text;
    }
    let mut blanks = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(plain) {
        blanks = if c == ' ' { blanks + 1 } else { 0 };
        if blanks <= 4 {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_the_choices_of_its_question_at_its_end() {
        assert_eq!(with_menu("<BODY>x</BODY>".to_owned(), "\n1 A & b\n2 <c>"), "<BODY>x<p>1 A &amp; b<br>2 &lt;c&gt;</p></BODY>");
        assert_eq!(with_menu("<p>x</p>".to_owned(), ""), "<p>x</p>");
    }

    #[test]
    fn a_parameter_is_one_line_with_at_most_four_blanks_together() {
        assert_eq!(one_line("a b".to_owned()), "a b");
        assert_eq!(one_line("a\r\n\tb".to_owned()), "a   b");
        assert_eq!(one_line("a     b".to_owned()), "a    b");
        assert_eq!(one_line("a    b".to_owned()), "a    b");
    }
}
