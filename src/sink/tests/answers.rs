//! Answers as the services document them, and answers as proxies give them.

use super::*;

fn rows(kind: SinkKind, n: u32) -> Vec<Encoded> {
    (0..n).map(|n| service(kind).row(&row(n), &Person { id: format!("u{n}"), known: n % 2 == 0 })).collect()
}

fn verdict(kind: SinkKind, status: u16, body: &str) -> Verdict {
    service(kind).verdict(status, body.as_bytes(), &rows(kind, 4))
}

fn listed(verdict: &[(usize, &str)]) -> Vec<(usize, String)> {
    verdict.iter().map(|(place, why)| (*place, (*why).to_owned())).collect()
}

#[test]
fn statuses_that_all_have() {
    for kind in [SinkKind::Mixpanel, SinkKind::Segment, SinkKind::Amplitude] {
        for status in [200, 202] {
            assert_eq!(verdict(kind, status, "whatever"), Verdict::Taken);
        }
        assert_eq!(verdict(kind, 413, ""), Verdict::TooLarge);
        for status in [429, 500, 502, 503, 504, 408] {
            assert!(matches!(verdict(kind, status, "<html>"), Verdict::Later(_)), "{kind:?} {status}");
        }
        // A wrong credential or URL is never a reason to drop anything.
        for status in [301, 302, 401, 403, 404, 405] {
            assert!(matches!(verdict(kind, status, "<html>"), Verdict::Closed(_)), "{kind:?} {status}");
        }
        assert!(matches!(verdict(kind, 400, "<html>"), Verdict::Refused(_)));
    }
}

#[test]
fn mixpanel_has_taken_what_it_does_not_name() {
    let body = r#"{"code":400,"error":"some data points in the request failed validation","num_records_imported":2,"status":"Bad Request",
        "failed_records":[{"index":0,"insert_id":"x","field":"properties.time","message":"'properties.time' is invalid: +447700900123"},
                          {"index":3,"insert_id":"y"},{"index":0,"field":"again"},{"index":99}]}"#;
    let expected = listed(&[(0, "properties.time"), (3, "not valid")]);
    assert_eq!(verdict(SinkKind::Mixpanel, 400, body), Verdict::Without(expected), "and nothing of the message is repeated");
    assert!(matches!(verdict(SinkKind::Mixpanel, 400, r#"{"failed_records":[]}"#), Verdict::Refused(_)));
}

#[test]
fn amplitude_has_taken_nothing_and_names_what_is_wrong() {
    let body = r#"{"code":400,"error":"Request missing required field","missing_field":null,
        "events_with_invalid_fields":{"time":[0,2]},"events_with_missing_fields":{"event_type":[2]},
        "events_with_invalid_id_lengths":{"user_id":[7]},"silenced_events":[3]}"#;
    let Verdict::AgainWithout(refused) = verdict(SinkKind::Amplitude, 400, body) else { panic!("named") };
    assert_eq!(refused.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2, 3]);
    let closed = r#"{"code":400,"error":"Invalid API key: 12345","missing_field":null}"#;
    assert!(matches!(verdict(SinkKind::Amplitude, 400, closed), Verdict::Closed(why) if !why.contains("12345")));
}

#[test]
fn amplitude_throttles_some_and_not_all() {
    let body = r#"{"code":429,"error":"Too many requests for some devices and users","eps_threshold":30,
        "throttled_users":{"u0":31},"throttled_devices":{"u1":32},"throttled_events":[0,1]}"#;
    assert_eq!(verdict(SinkKind::Amplitude, 429, body), Verdict::Throttled(vec![0, 1]));
    let all = r#"{"code":429,"throttled_users":{"u0":31},"throttled_events":[0,1,2,3]}"#;
    assert!(matches!(verdict(SinkKind::Amplitude, 429, all), Verdict::Later(_)));
    // u1 is over the quota of the day, u0 only over the limit of the moment.
    let spent =
        r#"{"code":429,"throttled_users":{"u0":31},"exceeded_daily_quota_devices":{"u1":500001},"throttled_events":[0,1]}"#;
    assert_eq!(verdict(SinkKind::Amplitude, 429, spent), Verdict::AgainWithout(listed(&[(1, "daily_quota")])));
}
