//! What would become of a broadcast: asked of the engine, contact by contact, and not made.

use super::super::{Done, Once, Query, asked, recorded};
use super::{fastest, wanted};
use crate::config::prices::Prices;
use crate::domain::limits::BROADCAST_BODY_BYTES;
use crate::domain::name::ChannelName;
use crate::domain::scope::Scope;
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::history::broadcasts::Broadcast;
use crate::history::broadcasts::pieces::Whence;
use crate::http::error::Failure;
use crate::http::person::unfit;
use crate::http::web::Web;
use crate::service::broadcast::foresee::{self, Unforeseen, forecast};
use crate::service::broadcast::{NotSaid, Unreadable, whence};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What would become of a broadcast.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastForecast)]
pub struct Forecast {
    /// How many contacts it has.
    total: u64,
    /// How many of them were looked at: in the order of their keys, which is as good as a random sample. All other numbers are of these.
    looked_at: u64,
    /// Whether these are all.
    complete: bool,
    /// How many would get it.
    gets: u64,
    /// Of them: how many as soon as no other question is open.
    waits: u64,
    /// How many are not there.
    gone: u64,
    /// How many would be passed over, by the reason, the most frequent first.
    skipped: Vec<Reason>,
    /// How many would get which arm.
    arms: BTreeMap<String, u64>,
    /// What would be sent at once, by channel and country.
    messages: Vec<Sent>,
    /// What that costs, by currency, as far as the configuration has prices; for all contacts, if not all were looked at.
    cost: Vec<Cost>,
    /// When the first one gets it.
    #[schema(required)]
    first_at: Option<String>,
    /// When the last one gets it, at the latest, if nothing else is sent.
    #[schema(required)]
    last_at: Option<String>,
}

/// A reason for which contacts would be passed over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastForecastReason)]
pub struct Reason {
    /// Which.
    reason: &'static str,
    /// How many.
    contacts: u64,
    /// Some of them.
    examples: Vec<String>,
}

/// What would be sent over a channel to a country.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastForecastMessages)]
pub struct Sent {
    /// The channel.
    channel: String,
    /// Its kind.
    kind: &'static str,
    /// The country of the numbers; null where there is none.
    #[schema(required)]
    country: Option<String>,
    /// Messages.
    messages: u64,
    /// Segments of text messages; of all others as many as messages.
    segments: u64,
    /// What one segment costs there, if it is configured.
    #[schema(required, example = "0.07")]
    price: Option<String>,
    /// In which currency.
    #[schema(required)]
    currency: Option<String>,
}

/// What would be paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BroadcastForecastCost)]
pub struct Cost {
    /// The currency.
    currency: String,
    /// How much.
    #[schema(example = "126.42")]
    amount: String,
}

/// What would become of a broadcast
///
/// The same request as for making one. Each contact's record is read and the engine decides as it would; nothing is written and nothing is sent. Says who
/// would be passed over and why, what would be sent at once, what that costs by the prices of the configuration (`[prices.CHANNEL]`), and when it would
/// be over. Of a large audience as many are looked at as fifteen seconds allow.
#[utoipa::path(post, path = "/v1/broadcasts/dry-run", tag = "Broadcasts", operation_id = "dry_run_broadcast",
    security(("key" = ["broadcasts:read"])), request_body = super::view::New,
    responses((status = 200, description = "What would become of it", body = Forecast)))]
pub async fn dry_run(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::BroadcastsRead, BROADCAST_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let (mut broadcast, listed) = wanted(&web, &caller, &body, once.name()).await?;
    let whence = match listed {
        Some(listed) => Whence::listed(listed),
        None => {
            let project = &web.core.world().project;
            whence(&web.record, project, &broadcast, broadcast.starts_at).await.map_err(|why| match why {
                Unreadable::Query(problem) => unfit("audience.query", problem),
                Unreadable::Database(error) => super::unwritten(error),
            })?
        }
    };
    let (db, mode, counted) = (web.record.clone(), broadcast.mode, whence.clone());
    let total = recorded(&web, async move { counted.count(&db, mode).await }).await?;
    let rate = [broadcast.plan.rate, fastest(&web, &broadcast.plan.contents).await?].into_iter().flatten().min();
    let (core, db, prices) = (Arc::clone(&web.core), web.record.clone(), web.prices.clone());
    let work = async move {
        // It says what it would say now.
        if let Err(NotSaid::Missing(why) | NotSaid::Store(why)) = core.settled(&mut broadcast.plan.contents).await {
            tracing::error!(why, "a broadcast could not be foreseen");
            return Err(Failure::Unavailable);
        }
        let seen = forecast(&core, &db, &broadcast, &whence).await.map_err(|why| match why {
            Unforeseen::Database(error) => super::unwritten(error),
            Unforeseen::Store(error) => {
                tracing::error!(%error, "a broadcast could not be foreseen");
                Failure::Unavailable
            }
        })?;
        Ok(Done::new(StatusCode::OK, told(&broadcast, seen, total, rate, &prices)))
    };
    once.answer(&web, work).await
}

fn told(
    broadcast: &Broadcast,
    seen: foresee::Forecast,
    total: u64,
    rate: Option<u32>,
    prices: &IndexMap<ChannelName, Prices>,
) -> Forecast {
    let all = |n: u64| if seen.complete { n } else { scaled(n, total, seen.looked_at) };
    let mut cost: BTreeMap<&str, u64> = BTreeMap::new();
    let mut messages = Vec::with_capacity(seen.legs.len());
    for (leg, (n, segments)) in &seen.legs {
        let table = prices.get(&leg.channel);
        let price = table.and_then(|table| table.of(leg.country.as_deref()));
        if let (Some(table), Some(price)) = (table, price) {
            let sum = cost.entry(&table.currency).or_default();
            *sum = sum.saturating_add(all(*segments).saturating_mul(price.unsigned_abs()));
        }
        messages.push(Sent {
            channel: leg.channel.to_string(),
            kind: leg.kind.as_str(),
            country: leg.country.clone(),
            messages: *n,
            segments: *segments,
            price: price.map(|price| decimal(price.unsigned_abs())),
            currency: price.and(table).map(|table| table.currency.clone()),
        });
    }
    let mut skipped: Vec<Reason> = seen
        .skipped
        .iter()
        .map(|(reason, passed)| Reason {
            reason: reason.as_str(),
            contacts: passed.n,
            examples: passed.examples.iter().map(ToString::to_string).collect(),
        })
        .collect();
    skipped.sort_by_key(|reason| std::cmp::Reverse(reason.contacts));
    // At the earliest when the last one's time has come, and no sooner than its rate allows from the beginning on.
    let takes = rate.map_or(0, |rate| all(seen.gets) * 1_000 / u64::from(rate.max(1)));
    let takes = Span::millis(i64::try_from(takes).unwrap_or(i64::MAX));
    let last = seen.last.map(|last| last.max(seen.first.unwrap_or(broadcast.starts_at) + takes));
    Forecast {
        total,
        looked_at: seen.looked_at,
        complete: seen.complete,
        gets: seen.gets,
        waits: seen.waits,
        gone: seen.gone,
        skipped,
        arms: seen.arms.iter().map(|(arm, n)| (arm.to_string(), *n)).collect(),
        messages,
        cost: cost.into_iter().map(|(currency, sum)| Cost { currency: currency.to_owned(), amount: decimal(sum) }).collect(),
        first_at: seen.first.map(rfc3339),
        last_at: last.map(|at: Millis| rfc3339(at)),
    }
}

/// What a number of a sample is of all.
fn scaled(n: u64, total: u64, sample: u64) -> u64 {
    let scaled = u128::from(n) * u128::from(total) / u128::from(sample.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Millionths as a decimal number with at least two digits behind the point.
pub fn decimal(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    let ends = text.trim_end_matches('0').len().max(text.len() - 4);
    text[..ends].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_shown_as_people_write_them() {
        for (millionths, text) in [(0, "0.00"), (70_000, "0.07"), (72_500, "0.0725"), (1, "0.000001"), (126_420_000, "126.42")] {
            assert_eq!(decimal(millionths), text);
        }
        assert_eq!((scaled(10, 1_000_000, 500), scaled(0, 7, 0)), (20_000, 0));
    }
}
