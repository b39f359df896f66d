//! What a URL may not hold although every `..` of it was resolved: one that only the other side sees, behind an encoded slash.

/// How often a segment is decoded: proxies and servers in a row may each do it once.
const ROUNDS: usize = 4;

/// Whether a segment of a path becomes a way upwards where encoded slashes are decoded: `..%2fadmin`. An encoded slash alone is an
/// id that holds one.
pub fn leads_out(path: &str) -> bool {
    path.split('/').any(|segment| climbs(segment.as_bytes().to_vec()))
}

fn climbs(mut segment: Vec<u8>) -> bool {
    for _ in 0..ROUNDS {
        let mut parts = segment.split(|byte| matches!(byte, b'/' | b'\\'));
        // Some servers cut a parameter off a segment first: `..;x`.
        if parts.any(|part| part.split(|byte| *byte == b';').next() == Some(b"..")) {
            return true;
        }
        let decoded = decoded(&segment);
        if decoded == segment {
            return false;
        }
        segment = decoded;
    }
    // Nobody encodes a name so often.
    true
}

/// Once: `%2e` is a dot; what is no two hexadecimal digits behind a `%` stays.
fn decoded(segment: &[u8]) -> Vec<u8> {
    let digit = |at: usize| segment.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(segment.len());
    let mut at = 0;
    while let Some(byte) = segment.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_climbs_when_it_is_decoded_leads_out_and_an_id_with_a_slash_does_not() {
        for out in [
            "/orders/..%2fadmin",
            "/orders/%2e%2e%2Fadmin",
            "/orders/a%2f..",
            "/orders/..%5cadmin",
            "/orders/..%252fadmin",
            "/orders/%252e%252e%252fadmin",
            "/orders/..;x/admin",
            "/a/%25252525252e",
        ] {
            assert!(leads_out(out), "{out}");
        }
        for inside in ["/", "/orders/7", "/orders/a%2Fb", "/a..b/...", "/100%25", "/a%2f.b", "/%C3%BC", "/x;..", "/50%"] {
            assert!(!leads_out(inside), "{inside}");
        }
    }
}
