//! What the routes of test say no to.

use super::stage::{PHONE, Stage, writes};
use crate::support::api::Api;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn each_route_says_what_is_wrong_with_a_request() {
    let stage = Stage::start("").await;
    let api = stage.test(&["conversations:write", "history:read"]).await;
    let message = |change: Value| {
        let mut body = json!({ "channel": "main-sms", "from": PHONE, "text": "hello" });
        for (field, value) in change.as_object().expect("fields") {
            body[field] = value.clone();
        }
        body
    };
    for (path, body, status, field) in [
        ("/v1/test/messages", json!({}), 422, "channel"),
        ("/v1/test/messages", message(json!({ "channel": "nobody" })), 422, "channel"),
        ("/v1/test/messages", message(json!({ "from": null })), 422, "from"),
        ("/v1/test/messages", message(json!({ "from": "ann" })), 422, "body"),
        ("/v1/test/messages", message(json!({ "text": null })), 422, "body"),
        ("/v1/test/messages", message(json!({ "choice": "a" })), 422, "body"),
        ("/v1/test/messages", message(json!({ "more": 1 })), 422, "body"),
        ("/v1/test/messages", json!([]), 400, ""),
        ("/v1/test/reports", json!({ "status": "read" }), 422, "message"),
        ("/v1/test/reports", json!({ "message": "x", "status": "lost" }), 422, "status"),
        ("/v1/test/reports", json!({ "message": "x", "status": "read", "reason": "blocked" }), 422, "reason"),
        ("/v1/test/reports", json!({ "message": "x", "status": "failed", "reason": "odd" }), 422, "reason"),
        ("/v1/test/reports", json!({ "message": "x", "status": "read" }), 404, ""),
        ("/v1/test/reports", json!({ "message": "00112233445566778899", "status": "read" }), 404, ""),
        ("/v1/test/time", json!({ "by": "1h" }), 422, "contact"),
        ("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "soon" }), 422, "by"),
        ("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "0s" }), 422, "by"),
        ("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "9999 days" }), 422, "by"),
        ("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "1h" }), 404, ""),
    ] {
        let answer = api.post(path, body.clone()).await;
        assert_eq!(
            (answer.status, answer.json["field"].as_str().unwrap_or("")),
            (status, field),
            "{path} {body}: {}",
            answer.text
        );
    }
    for (query, field) in [("kind=fax", "kind"), ("since=yesterday", "since"), ("contact=x", "contact"), ("odd=1", "query")] {
        let answer = api.get(&format!("/v1/test/sent?{query}")).await;
        assert_eq!((answer.status, &answer.json["field"]), (422, &json!(field)), "{query}: {}", answer.text);
    }
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_for_test_or_has_not_the_scope_is_refused() {
    let stage = Stage::start("").await;
    let live = Api::admin(&stage.service).await;
    let other = stage.test(&["flows:read"]).await;
    let bodies = [
        ("/v1/test/messages", json!({ "channel": "main-sms", "from": PHONE, "text": "hello" })),
        ("/v1/test/reports", json!({ "message": "00112233445566778899", "status": "read" })),
        ("/v1/test/time", json!({ "contact": format!("phone:{PHONE}"), "by": "1h" })),
    ];
    for (path, body) in bodies {
        assert_eq!(live.post(path, body.clone()).await.status, 409, "{path}");
        assert_eq!(live.without_key().post(path, body.clone()).await.status, 401, "{path}");
        let refused = other.post(path, body).await;
        assert_eq!((refused.status, &refused.json["scope"]), (403, &json!("conversations:write")), "{path}: {}", refused.text);
    }
    assert_eq!(live.get("/v1/test/sent").await.status, 409);
    assert_eq!(live.without_key().get("/v1/test/sent").await.status, 401);
    assert_eq!(other.get("/v1/test/sent").await.status, 403);
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_test_has_limits_as_any_other_and_names_of_requests_are_its_own() {
    let stage = Stage::start("[server.rates]\nkey = 2\n").await;
    let api = stage.test(&["conversations:write"]).await;
    let mut limited = 0;
    for n in 0..10 {
        let body = json!({ "channel": "main-sms", "from": PHONE, "text": "hello", "id": n.to_string() });
        limited += usize::from(api.post("/v1/test/messages", body).await.status == 429);
    }
    assert!(limited > 0, "it may ask as often as it likes");
    let other = stage.test(&["conversations:write"]).await;
    let body = json!({ "channel": "main-sms", "from": PHONE, "text": "hello" });
    let first = other.post_named("/v1/test/messages", "once", body.clone()).await;
    let again = other.post_named("/v1/test/messages", "once", body).await;
    assert_eq!((first.status, &first.json), (202, &again.json));
    let another = stage.test(&["conversations:write"]).await;
    let answer =
        another.post_named("/v1/test/messages", "once", json!({ "channel": "main-sms", "from": PHONE, "text": "x" })).await;
    assert_eq!(answer.status, 202, "a name belongs to its key: {}", answer.text);
    writes(&stage.test(&["conversations:write"]).await, "main-sms", PHONE, "hello").await;
    stage.service.stop().await;
}
