//! `GET /v1/flows/{name}/figures`: how a flow does.

use super::listing::unavailable;
use super::{Query, looked};
use crate::domain::name::Slug;
use crate::domain::scope::Scope;
use crate::history::read::{self, Figures, FiguresFilter};
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

/// Figures of a flow
///
/// How many runs began, where they are, which ways they went, how they ended and how long it took; by day, channel, language,
/// version and arm of a split. Shares have the bounds between which the true one lies with 95 % confidence. Runs count from
/// the day on which they began; a flow that runs inside another one counts its states here and its runs there.
#[utoipa::path(
    get, path = "/v1/flows/{name}/figures", tag = "History", operation_id = "get_figures",
    params(
        ("name" = String, Path, description = "The flow"),
        ("since" = Option<String>, Query, description = "Runs that began on this day (UTC) or later, `2026-03-01`"),
        ("until" = Option<String>, Query, description = "Runs that began on this day (UTC) or earlier"),
        ("version" = Option<String>, Query, description = "Runs of this version"),
        ("channel" = Option<String>, Query, description = "Runs that began over this channel"),
        ("language" = Option<String>, Query, description = "Runs of contacts with this language"),
        ("arm" = Option<String>, Query, description = "Runs that came through this arm of their first split, `STATE/ARM`"),
    ),
    responses(
        (status = 200, description = "The figures; all 0 for a flow that never ran", body = Figures),
    ),
    security(("key" = ["history:read"]))
)]
pub async fn get(
    web: Data<Web>,
    name: Path<String>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Failure> {
    let caller = looked(&web, &request, &mut payload, Scope::HistoryRead).await?;
    let query = Query::read(&request, &["since", "until", "version", "channel", "language", "arm"])?;
    let flow = Slug::parse(&name).map_err(|bad| Failure::Invalid { field: "name", reason: bad.reason.to_owned() })?;
    let text = |name| query.text(name).map(str::to_owned);
    let day = |name| query.parsed(name, "a day such as 2026-03-01", |text| text.parse::<jiff::civil::Date>().ok());
    let filter = FiguresFilter {
        mode: caller.mode,
        version: text("version"),
        channel: text("channel"),
        language: text("language"),
        arm: text("arm"),
        since: day("since")?,
        until: day("until")?,
    };
    let figures = read::figures(&web.record, flow.as_str(), &filter).await.map_err(|error| unavailable(&error))?;
    Ok(HttpResponse::Ok().json(figures))
}
