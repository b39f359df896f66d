//! `replyflow health`: whether a running service takes webhooks, for whoever starts and stops it.

use super::{Project, Stop};
use crate::config::Secrets;
use reqwest::{Client, StatusCode};
use serde_json::Value as Json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Longer than the service waits for its store.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) fn run(project: &Project, url: Option<&str>) -> Result<(), Stop> {
    let base = match url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(project.load(Secrets::Tolerated)?.server.listen)),
    };
    let (status, body) = super::runtime()?.block_on(ask(&base))?;
    match status {
        StatusCode::OK => {
            println!("{base} is ready.");
            for (key, what) in
                [("flows_refused", "flows refused"), ("apis_broken", "apis down"), ("channels_broken", "channels down")]
            {
                match &body[key] {
                    Json::Array(names) if !names.is_empty() => {
                        let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
                        println!("{what}: {}", names.join(", "));
                    }
                    Json::Number(n) if n.as_u64() != Some(0) => println!("{what}: {n}"),
                    _ => {}
                }
            }
            Ok(())
        }
        status => {
            let why = body["reason"].as_str().map_or_else(|| format!("it answers {status}"), str::to_owned);
            Err(Stop::failed(format!("{base} is not ready: {why}")))
        }
    }
}

async fn ask(base: &str) -> Result<(StatusCode, Json), Stop> {
    // Whoever came first has installed the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(Stop::failed)?;
    let url = url::Url::parse(&format!("{base}/health/ready")).map_err(|error| Stop::failed(format!("{base}: {error}")))?;
    let unreachable = |error: reqwest::Error| {
        let hint = "start it with `replyflow serve`, or say with --url where it is";
        Stop::with_hint(format!("the service at {base} cannot be reached: {error}"), hint)
    };
    let response = client.get(url).send().await.map_err(unreachable)?;
    let status = response.status();
    // Something else that listens there need not speak JSON.
    Ok((status, response.json().await.unwrap_or_default()))
}

/// Where somebody on the same machine reaches what listens on all interfaces.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_here() {
        let of = |listen: &str| reachable(listen.parse().expect("an address")).to_string();
        assert_eq!(of("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(of("[::]:8080"), "[::1]:8080");
        assert_eq!(of("10.0.0.7:80"), "10.0.0.7:80");
    }
}
