//! Forms in which hosted mail services post what came in: in parts, or encoded like a URL.

use super::parse::Came;
use crate::provider::webhook::Malformed;

/// Bytes of a form that are read: its texts come before what is attached.
const FORM_BYTES: usize = 1024 * 1024;
/// Fields that are read.
const FIELDS: usize = 200;

/// The fields of a form that are texts.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form by its content type; nothing if it is none.
    pub fn read(content_type: &str, body: &[u8]) -> Option<Result<Self, Malformed>> {
        let kind = content_type.split(';').next().unwrap_or("").trim();
        let body = &body[..body.len().min(FORM_BYTES)];
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Some(Ok(Form(url::form_urlencoded::parse(body).into_owned().take(FIELDS).collect())));
        }
        kind.eq_ignore_ascii_case("multipart/form-data").then(|| Self::of_parts(content_type, body))
    }

    /// A form in parts is written like a mail in parts (RFC 7578 builds on RFC 2046), and read like one.
    fn of_parts(content_type: &str, body: &[u8]) -> Result<Self, Malformed> {
        if content_type.chars().any(char::is_control) {
            return Err(Malformed("the type of the form cannot be read"));
        }
        let mut mail = format!("Content-Type: {content_type}\r\n\r\n").into_bytes();
        mail.extend_from_slice(body);
        let came = Came::parse(&mail)?;
        let mut fields = Vec::new();
        for part in came.message.parts.iter().skip(1).take(FIELDS) {
            let disposition = part.headers.iter().find(|header| header.name() == "Content-Disposition");
            let disposition = disposition.and_then(|header| header.value.as_content_type());
            let Some(name) = disposition.and_then(|disposition| disposition.attribute("name")) else { continue };
            if disposition.is_some_and(|disposition| disposition.attribute("filename").is_none()) {
                let text = String::from_utf8_lossy(part.contents()).into_owned();
                fields.push((name.to_owned(), text.strip_suffix("\r\n").map(str::to_owned).unwrap_or(text)));
            }
        }
        Ok(Form(fields))
    }

    /// A field that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_parts_is_read_with_its_texts() {
        let body = "--xYz\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nAda <ada@example.org>\r\n--xYz\r\n\
                    Content-Disposition: form-data; name=\"text\"\r\n\r\nZwei Zeilen: grün\r\nund 👍\r\n--xYz\r\n\
                    Content-Disposition: form-data; name=\"attachment1\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nx\r\n--xYz--\r\n";
        let form = Form::read("multipart/form-data; boundary=xYz", body.as_bytes()).expect("a form").expect("readable");
        assert_eq!(form.get("from"), Some("Ada <ada@example.org>"));
        assert_eq!(form.get("text"), Some("Zwei Zeilen: grün\r\nund 👍"));
        assert_eq!(form.get("attachment1"), None, "files are not taken");
        assert!(Form::read("application/json", b"{}").is_none());
        let form = Form::read("application/x-www-form-urlencoded", b"from=a%40b&empty=+").expect("a form").expect("readable");
        assert_eq!((form.get("From"), form.get("empty")), (Some("a@b"), None));
    }

    #[test]
    fn a_form_that_is_none_is_no_panic() {
        for (kind, body) in [
            ("multipart/form-data", &b"--x\r\n"[..]),
            ("multipart/form-data; boundary=", b""),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--"),
            ("multipart/form-data; boundary=x", b"\xff\xfe--x--x--x"),
        ] {
            let form = Form::read(kind, body).expect("by its type");
            assert!(form.is_err() || form.is_ok_and(|form| form.get("from").is_none()), "{kind}");
        }
    }
}
