//! Who calls: the address of the connection, or what proxies of ours say about who connected to them.

use actix_web::HttpRequest;
use core::net::IpAddr;
use ipnet::IpNet;

/// Addresses of one request that are looked at, from the nearest on.
const HOPS: usize = 32;

/// The nearest address that is no proxy of ours. What others write into `X-Forwarded-For` is what they please: it is read from its
/// end, and only as far as our own proxies wrote it.
pub fn peer(request: &HttpRequest, proxies: &[IpNet]) -> Option<IpAddr> {
    let said = request.headers().get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or(""));
    nearest(request.peer_addr()?.ip(), &said.collect::<Vec<_>>().join(","), proxies)
}

fn nearest(connected: IpAddr, forwarded: &str, proxies: &[IpNet]) -> Option<IpAddr> {
    let is_ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut here = connected.to_canonical();
    for hop in forwarded.rsplit(',').take(HOPS) {
        if !is_ours(&here) {
            return Some(here);
        }
        if hop.trim().is_empty() {
            return Some(here);
        }
        // One of ours wrote something that nobody can read: then nobody knows.
        here = address(hop.trim())?;
    }
    Some(here)
}

/// An address, also as some proxies write it: with a port, in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.split(']').next()?.parse().ok();
    let with_port = || text.parse::<core::net::SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(with_port).or_else(bare).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let proxies = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a net"));
        let of = |connected: &str, forwarded: &str| {
            nearest(connected.parse().expect("an address"), forwarded, &proxies).map(|ip| ip.to_string())
        };
        for (connected, forwarded, expected) in [
            ("192.0.2.1", "", Some("192.0.2.1")),
            ("192.0.2.1", "198.51.100.1", Some("192.0.2.1")),
            ("10.0.0.1", "", Some("10.0.0.1")),
            ("10.0.0.1", "198.51.100.1", Some("198.51.100.1")),
            ("10.0.0.1", "203.0.113.9, 198.51.100.1", Some("198.51.100.1")),
            ("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", Some("198.51.100.1")),
            ("::ffff:10.0.0.1", "[2001:db8::1]:443", Some("2001:db8::1")),
            ("::1", "198.51.100.1:5060", Some("198.51.100.1")),
            ("10.0.0.1", "unknown", None),
            ("10.0.0.1", "10.0.0.3", Some("10.0.0.3")),
        ] {
            assert_eq!(of(connected, forwarded).as_deref(), expected, "{connected} {forwarded}");
        }
    }
}
