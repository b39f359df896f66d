//! Who may use the page: a browser that shows it, and nobody in another tab of that browser. And whose conversation it shows:
//! that of a contact that the simulator plays.

use crate::domain::address::E164;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::phone::parse_phone;
use crate::engine::is_simulated;
use crate::engine::record::Record;
use crate::http::error::Failure;
use crate::http::web::Web;
use actix_web::HttpRequest;
use url::{Host, Url};

/// The header that the page's own requests carry: another site cannot send it without asking, and is not answered.
const OWN: &str = "x-replyflow-phone";

/// A request of the page that shows something.
pub(super) fn may_look(web: &Web, request: &HttpRequest) -> Result<(), Failure> {
    let own = header(request, "sec-fetch-site").is_none_or(|site| site == "same-origin");
    if own && is_our_host(web, request) { Ok(()) } else { Err(Failure::Refused) }
}

/// A request of the page that does something.
pub(super) fn may_act(web: &Web, request: &HttpRequest) -> Result<(), Failure> {
    may_look(web, request)?;
    let host = header(request, "host").unwrap_or("");
    let origin = header(request, "origin").is_none_or(|origin| origin.split_once("://").is_some_and(|(_, at)| at == host));
    if origin && header(request, OWN).is_some() { Ok(()) } else { Err(Failure::Refused) }
}

/// By the name under which the service was configured, by `localhost`, or by an address: any other name may be one that somebody
/// lets point here.
fn is_our_host(web: &Web, request: &HttpRequest) -> bool {
    let Some(host) = host(request) else { return false };
    let ours = || Url::parse(&web.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    match &host {
        Host::Domain(name) => name == "localhost" || ours().is_some_and(|ours| *name == ours),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

/// Whether the request comes from this machine, to this machine, and through nobody.
pub(super) fn is_from_here(request: &HttpRequest) -> bool {
    let peer = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    let to_here = match host(request) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let passed_on = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| header(request, name).is_some());
    peer && to_here && !passed_on
}

fn host(request: &HttpRequest) -> Option<Host<String>> {
    let host = header(request, "host")?;
    Url::parse(&format!("http://{host}/")).ok()?.host().map(|host| host.to_owned())
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// A contact as the page knows it.
pub(super) struct Simulated {
    pub phone: E164,
    pub key: ContactKey,
    /// Nothing if nobody has written yet.
    pub record: Option<Record>,
}

/// The contact with this number, if the page may know it.
pub(super) async fn contact(web: &Web, number: &str) -> Result<Simulated, Failure> {
    let phone = parse_phone(number, web.country.as_deref())
        .map_err(|problem| Failure::Invalid { field: "number", reason: problem.to_string() })?;
    let key = web.core.contact_key(Mode::Live, &crate::domain::address::Address::Phone(phone.clone()).canonical());
    let record = record(web, key).await?;
    if record.as_ref().is_some_and(|record| !is_simulated(record, &web.core.world().project)) {
        return Err(Failure::Refused);
    }
    Ok(Simulated { phone, key, record })
}

/// The contact's record.
pub(super) async fn record(web: &Web, key: ContactKey) -> Result<Option<Record>, Failure> {
    let found = web.core.store().inspect(key).await.map_err(|error| {
        tracing::warn!(%error, "a contact could not be looked at");
        Failure::Unavailable
    })?;
    let blob = found.map(|inspection| inspection.record.blob).filter(|blob| !blob.is_empty());
    let read = blob.map(|blob| Record::decode(&blob));
    read.transpose().map_err(|_| Failure::Unavailable)
}

/// A channel of the simulator.
pub(super) fn channel(web: &Web, name: &str) -> Result<ChannelName, Failure> {
    let unknown = || Failure::Invalid { field: "channel", reason: "is no channel of the simulator".to_owned() };
    let name = ChannelName::parse(name).map_err(|_| unknown())?;
    let known = web.core.world().project.channels.get(&name).is_some_and(|channel| channel.simulated);
    if known { Ok(name) } else { Err(unknown()) }
}
