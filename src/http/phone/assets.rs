//! The files of the page, as they are in `page/`: no build step, nothing from elsewhere.

use super::desk;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

/// Only our own files run, and nothing may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Each file with its type. A test of the page asks for every one that another names.
const FILES: &[(&str, &str, &str)] = &[
    ("phone.css", "text/css; charset=utf-8", include_str!("page/phone.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("main.js", SCRIPT, include_str!("page/main.js")),
    ("conversation.js", SCRIPT, include_str!("page/conversation.js")),
    ("bubbles.js", SCRIPT, include_str!("page/bubbles.js")),
    ("composer.js", SCRIPT, include_str!("page/composer.js")),
    ("starts.js", SCRIPT, include_str!("page/starts.js")),
    ("panel.js", SCRIPT, include_str!("page/panel.js")),
    ("words.js", SCRIPT, include_str!("page/words.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("server.js", SCRIPT, include_str!("page/server.js")),
    ("saving.js", SCRIPT, include_str!("page/saving.js")),
    ("numbers.js", SCRIPT, include_str!("page/numbers.js")),
];

/// `GET /phone`
pub async fn page(web: Data<Web>) -> Result<HttpResponse, Failure> {
    desk(&web)?;
    Ok(file("text/html; charset=utf-8", include_str!("page/index.html")))
}

/// `GET /phone/assets/NAME`
pub async fn asset(web: Data<Web>, name: Path<String>) -> Result<HttpResponse, Failure> {
    desk(&web)?;
    let found = FILES.iter().find(|(known, ..)| *known == name.as_str());
    found.map(|(_, kind, text)| file(kind, text)).ok_or(Failure::NotFound)
}

fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), microphone=()"))
        // They change with the binary, whose release the browser does not know.
        .insert_header(("Cache-Control", "no-cache"))
        .body(text)
}
