//! Reading other people's XML: the text of elements by their path. Nothing outside of the document is ever looked up, and what a
//! document declares itself stands for nothing.

use super::webhook::Malformed;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Elements that may be inside one another.
const DEPTH: usize = 64;

/// The text of the first element at `path`, `/message/head/from` or, from anywhere on, `//head/from`; without names' prefixes.
pub fn text(body: &[u8], path: &str) -> Result<Option<String>, Malformed> {
    const WRONG: Malformed = Malformed("the body is not XML");
    let (wanted, anywhere) = match path.strip_prefix("//") {
        Some(rest) => (rest, true),
        None => (path.trim_start_matches('/'), false),
    };
    let wanted: Vec<&str> = wanted.split('/').filter(|name| !name.is_empty()).collect();
    let mut reader = Reader::from_reader(body);
    let (mut open, mut said, mut seen): (Vec<String>, Option<String>, bool) = (Vec::new(), None, false);
    let is_it = |open: &[String]| match anywhere {
        true => {
            open.len() >= wanted.len() && open[open.len() - wanted.len()..].iter().map(String::as_str).eq(wanted.iter().copied())
        }
        false => open.iter().map(String::as_str).eq(wanted.iter().copied()),
    };
    let mut found = None;
    loop {
        match reader.read_event().map_err(|_| WRONG)? {
            Event::Start(tag) => {
                seen = true;
                if open.len() == DEPTH {
                    return Err(Malformed("the XML is too deep"));
                }
                open.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                if said.is_none() && found.is_none() && !wanted.is_empty() && is_it(&open) {
                    said = Some(String::new());
                }
            }
            Event::End(_) => {
                if said.is_some() && is_it(&open) {
                    found = said.take();
                }
                open.pop();
            }
            Event::Empty(_) => seen = true,
            Event::Text(text) => {
                let text = text.decode().map_err(|_| WRONG)?;
                if open.is_empty() && !text.trim().is_empty() {
                    return Err(WRONG);
                }
                if let Some(said) = &mut said {
                    said.push_str(&text);
                }
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|_| WRONG)?;
                if let Some(said) = &mut said {
                    said.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let character = match name.resolve_char_ref().map_err(|_| WRONG)? {
                    Some(c) => c.to_string(),
                    None => {
                        let name = name.decode().map_err(|_| WRONG)?;
                        quick_xml::escape::resolve_predefined_entity(&name).ok_or(WRONG)?.to_owned()
                    }
                };
                if let Some(said) = &mut said {
                    said.push_str(&character);
                }
            }
            Event::Eof if open.is_empty() && seen => return Ok(found),
            Event::Eof => return Err(WRONG),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// A text as it may stand between tags.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "<?xml version=\"1.0\"?><a:message xmlns:a=\"x\"><head><from>447700900123</from></head>\
                        <body>A &amp; B &#x2014; <![CDATA[<c>]]></body><body>other</body><none/></a:message>";

    #[test]
    fn texts_are_found_by_their_path() {
        let of = |path: &str| text(BODY.as_bytes(), path).expect("XML");
        assert_eq!(of("//message/head/from").as_deref(), Some("447700900123"));
        assert_eq!(of("/message/head/from").as_deref(), Some("447700900123"));
        assert_eq!(of("//from").as_deref(), Some("447700900123"));
        assert_eq!(of("//body").as_deref(), Some("A & B — <c>"));
        for none in ["/head/from", "//to", "", "//message/from"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }

    #[test]
    fn what_is_not_xml_is_malformed() {
        let own = "<!DOCTYPE x [<!ENTITY y \"z\">]><x>&y;</x>";
        let outside = "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]><x>&y;</x>";
        for bad in ["", "hello", "<a><b></a>", "<a>", "{}", own, outside] {
            assert!(text(bad.as_bytes(), "//x").is_err(), "{bad}");
        }
        let deep = "<a>".repeat(100_000);
        assert_eq!(text(deep.as_bytes(), "//x"), Err(Malformed("the XML is too deep")));
    }
}
