//! The only table from what went wrong to what is answered. Whoever forges a webhook learns nothing; whoever calls the API
//! learns which field is wrong and why (RFC 9457); nobody learns what is inside.

use super::trace;
use crate::domain::scope::Scope;
use crate::service::media::links::Closed;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No such route, channel or thing.
    #[error("not found")]
    NotFound,
    /// The route takes other methods.
    #[error("method not allowed")]
    Method,
    /// A webhook that its provider did not sign.
    #[error("refused")]
    Refused,
    /// A webhook whose provider must say user and password, and waits to be asked.
    #[error("no login")]
    NoLogin,
    /// The bearer key is missing or wrong.
    #[error("unauthorized")]
    Unauthorized,
    /// The key is one, and may not do this.
    #[error("this key has not the scope `{scope}`")]
    Forbidden {
        /// What it would need.
        scope: Scope,
    },
    /// A link to a file that does not open it.
    #[error("{0}")]
    Link(#[from] Closed),
    /// It cannot be read at all.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// It can be read; one field of it is wrong.
    #[error("invalid {field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// It can be read, and cannot be done as things stand.
    #[error("conflict: {reason}")]
    Conflict {
        /// Why.
        reason: String,
    },
    /// It can be read; something in it is wrong, at a place that it chose itself.
    #[error("unfit {at}: {reason}")]
    Unfit {
        /// The place: `data.items[2].price`.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// It is in a form that nobody reads here.
    #[error("{0}")]
    Form(&'static str),
    /// Its `Idempotency-Key` came with another body.
    #[error("this Idempotency-Key came with another body before")]
    OtherBody,
    /// The request of this `Idempotency-Key` is being worked on.
    #[error("the request of this Idempotency-Key is being worked on")]
    InProgress {
        /// When it is over at the latest.
        after: Duration,
    },
    /// The body is larger than the route takes.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// How much it takes.
        limit: usize,
    },
    /// Reading it took too long.
    #[error("reading the request took too long")]
    Slow,
    /// Too many requests.
    #[error("too many requests")]
    TooMany {
        /// When there is room again.
        after: Duration,
    },
    /// Too much at once, or the store is not there: whoever can come again should.
    #[error("unavailable")]
    Unavailable,
}

/// The media type of what went wrong.
pub const PROBLEM: &str = "application/problem+json";

/// What went wrong, for callers of the API (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says which kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What exactly is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// Where in the request it is wrong: a field of the body, a parameter or a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// The scope that the key would need.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<&'static str>,
    /// What the log calls this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<String>,
}

impl Failure {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::Method => StatusCode::METHOD_NOT_ALLOWED,
            Failure::Refused | Failure::Forbidden { .. } | Failure::Link(_) => StatusCode::FORBIDDEN,
            Failure::Unauthorized | Failure::NoLogin => StatusCode::UNAUTHORIZED,
            Failure::Malformed(_) => StatusCode::BAD_REQUEST,
            Failure::Invalid { .. } | Failure::Unfit { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Failure::Form(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Failure::Conflict { .. } | Failure::OtherBody | Failure::InProgress { .. } => StatusCode::CONFLICT,
            Failure::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Failure::Slow => StatusCode::REQUEST_TIMEOUT,
            Failure::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Failure::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the caller may know beyond the status.
    pub fn detail(&self) -> Option<String> {
        match self {
            Failure::NotFound
            | Failure::Method
            | Failure::Refused
            | Failure::NoLogin
            | Failure::Unauthorized
            | Failure::Unavailable => None,
            Failure::Invalid { reason, .. } | Failure::Unfit { reason, .. } | Failure::Conflict { reason } => {
                Some(reason.clone())
            }
            Failure::Malformed(reason) | Failure::Form(reason) => Some((*reason).to_owned()),
            Failure::TooLarge { .. }
            | Failure::Slow
            | Failure::TooMany { .. }
            | Failure::OtherBody
            | Failure::Forbidden { .. }
            | Failure::Link(_)
            | Failure::InProgress { .. } => Some(self.to_string()),
        }
    }

    /// The answer for callers of the API.
    pub fn problem(&self) -> HttpResponse {
        let status = self.status();
        let body = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            detail: self.detail(),
            field: self.field().map(str::to_owned),
            scope: if let Failure::Forbidden { scope } = self { Some(scope.as_str()) } else { None },
            request_id: trace::request_id(),
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        self.builder().insert_header((CONTENT_TYPE, PROBLEM)).body(body)
    }

    /// Which field is wrong.
    pub fn field(&self) -> Option<&str> {
        match self {
            Failure::Invalid { field, .. } => Some(field),
            Failure::Unfit { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The answer for providers: a status and nothing else. A provider that comes too often must come again, and some take
    /// 429 for the end.
    pub fn bare(&self) -> HttpResponse {
        match self {
            Failure::TooMany { .. } => Failure::Unavailable.builder().finish(),
            other => other.builder().finish(),
        }
    }

    fn builder(&self) -> HttpResponseBuilder {
        let mut builder = HttpResponse::build(self.status());
        match self {
            Failure::TooMany { after } | Failure::InProgress { after } => {
                builder.insert_header((RETRY_AFTER, after.as_secs().saturating_add(1).to_string()));
            }
            Failure::Unavailable => {
                builder.insert_header((RETRY_AFTER, "2"));
            }
            Failure::Unauthorized => {
                builder.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Failure::NoLogin => {
                builder.insert_header((WWW_AUTHENTICATE, "Basic realm=\"webhook\""));
            }
            // What is left of the body is not worth reading: the connection cannot be used again.
            Failure::TooLarge { .. } | Failure::Slow => {
                builder.force_close();
            }
            _ => {}
        }
        builder
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::{BodySize, MessageBody};

    #[test]
    fn each_failure_has_one_status_and_providers_learn_nothing_else() {
        let table: [(Failure, u16, u16); 18] = [
            (Failure::NotFound, 404, 404),
            (Failure::Method, 405, 405),
            (Failure::Refused, 403, 403),
            (Failure::Unauthorized, 401, 401),
            (Failure::NoLogin, 401, 401),
            (Failure::Forbidden { scope: Scope::KeysWrite }, 403, 403),
            (Failure::Link(Closed::Ended), 403, 403),
            (Failure::Malformed("no JSON"), 400, 400),
            (Failure::Invalid { field: "event", reason: "is missing".into() }, 422, 422),
            (Failure::Conflict { reason: "it is over".into() }, 409, 409),
            (Failure::Unfit { at: "data.x".into(), reason: "is missing".into() }, 422, 422),
            (Failure::Form("no XML"), 415, 415),
            (Failure::OtherBody, 409, 409),
            (Failure::InProgress { after: Duration::from_secs(1) }, 409, 409),
            (Failure::TooLarge { limit: 5 }, 413, 413),
            (Failure::Slow, 408, 408),
            (Failure::TooMany { after: Duration::from_millis(1_500) }, 429, 503),
            (Failure::Unavailable, 503, 503),
        ];
        for (failure, api, provider) in table {
            assert_eq!(failure.problem().status().as_u16(), api, "{failure:?}");
            let bare = failure.bare();
            assert_eq!(bare.status().as_u16(), provider, "{failure:?}");
            assert!(matches!(bare.body().size(), BodySize::None | BodySize::Sized(0)), "{failure:?}");
        }
    }
}
