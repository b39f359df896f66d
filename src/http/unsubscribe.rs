//! `/u/{token}`: one click, and no more mail (RFC 8058). `POST` does it, and is answered when it is stored; `GET` only shows a button,
//! because programs that look for viruses open every link.

use super::body;
use super::error::Failure;
use super::web::Web;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// The longest that storing it may take.
const STORE: Duration = Duration::from_secs(10);
/// What a mail program sends, in bytes.
const FORM_BYTES: usize = 16 * 1024;

/// What the page says in one language.
struct Words {
    language: &'static str,
    title: &'static str,
    question: &'static str,
    button: &'static str,
    done: &'static str,
}

const fn words(
    language: &'static str,
    title: &'static str,
    question: &'static str,
    button: &'static str,
    done: &'static str,
) -> Words {
    Words { language, title, question, button, done }
}

const WORDS: &[Words] = &[
    words("en", "Unsubscribe", "Do you want no more mails from us?", "No more mails", "You will get no more mails from us."),
    words(
        "de",
        "Abmelden",
        "Möchten Sie keine Mails mehr von uns?",
        "Keine Mails mehr",
        "Sie bekommen keine Mails mehr von uns.",
    ),
    words(
        "es",
        "Darse de baja",
        "¿No quiere recibir más correos nuestros?",
        "No más correos",
        "No recibirá más correos nuestros.",
    ),
    words("fr", "Se désabonner", "Ne plus recevoir nos e-mails ?", "Plus d’e-mails", "Vous ne recevrez plus nos e-mails."),
    words(
        "it",
        "Annulla iscrizione",
        "Non vuole più ricevere le nostre e-mail?",
        "Basta e-mail",
        "Non riceverà più le nostre e-mail.",
    ),
    words(
        "pt",
        "Cancelar inscrição",
        "Não quer receber mais e-mails nossos?",
        "Chega de e-mails",
        "Não receberá mais e-mails nossos.",
    ),
];

/// `GET`: a page with a button.
pub async fn show(web: Data<Web>, token: Path<String>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    web.buckets.clicks.take().map_err(|after| Failure::TooMany { after })?;
    web.core.unsubscribe_token(&token).ok_or(Failure::NotFound)?;
    let words = spoken(&request);
    let form = format!("<p>{}</p><form method=\"post\"><button>{}</button></form>", words.question, words.button);
    Ok(page(words, &form))
}

/// `POST`: the contact gets no more mail.
pub async fn leave(
    web: Data<Web>,
    token: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    body::read(&mut payload, FORM_BYTES, &web.memory, web.request_timeout).await?;
    web.buckets.clicks.take().map_err(|after| Failure::TooMany { after })?;
    let who = web.core.unsubscribe_token(&token).ok_or(Failure::NotFound)?;
    let core = Arc::clone(&web.core);
    let stored = web.engine.spawn(async move { core.unsubscribe(&who).await });
    match tokio::time::timeout(STORE, stored).await {
        Ok(Ok(Ok(_))) => {
            let words = spoken(&request);
            Ok(page(words, &format!("<p>{}</p>", words.done)))
        }
        Ok(Ok(Err(error))) => {
            tracing::error!(%error, "that somebody wants no more mail could not be stored");
            Err(Failure::Unavailable)
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!("storing that somebody wants no more mail panicked or took too long");
            Err(Failure::Unavailable)
        }
    }
}

/// The words of the first language that the browser wants and we know.
fn spoken(request: &HttpRequest) -> &'static Words {
    let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let known = |word: &str| {
        let code = word.trim().get(..2)?.to_ascii_lowercase();
        WORDS.iter().find(|words| words.language == code)
    };
    wanted.split(',').take(10).find_map(known).unwrap_or(&WORDS[0])
}

/// A page that loads nothing and that nobody frames.
fn page(words: &Words, content: &str) -> HttpResponse {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    const STYLE: &str = "font:18px sans-serif;margin:15vh auto;max-width:30em;padding:1em";
    let Words { language, title, .. } = words;
    let head = format!(
        "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>"
    );
    let body = format!("<body style=\"{STYLE}\"><h1>{title}</h1>{content}</body>");
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("Cache-Control", "no-store"))
        .body(format!("<!doctype html>\n<html lang=\"{language}\"><head>{head}</head>{body}</html>\n"))
}
