//! Who may not, and what is wrong, hears so; a request that comes again makes nothing new; schedules as they are asked for.

use super::{people, phone, start, until};
use crate::support::api::Api;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_and_each_mode_sees_its_own() {
    let (service, api) = start().await;
    people(&api, 2).await;
    let wanted = json!({ "flow": "sale", "audience": { "query": "tag = vip" } });
    let one = api.post_named("/v1/broadcasts", "spring", wanted.clone()).await;
    let two = api.post_named("/v1/broadcasts", "spring", wanted.clone()).await;
    assert_eq!((one.status, two.status, &one.json["id"]), (201, 201, &two.json["id"]));
    assert_eq!(api.get("/v1/broadcasts").await.json["items"].as_array().map(Vec::len), Some(1));
    let id = one.json["id"].as_str().expect("an id").to_owned();
    let reader = Api::keyed(&service, &["broadcasts:read"], "live").await;
    assert_eq!(reader.get(&format!("/v1/broadcasts/{id}")).await.status, 200);
    assert_eq!(reader.post("/v1/broadcasts/dry-run", wanted.clone()).await.status, 200);
    let schedule = json!({ "flow": "sale", "audience": { "query": "tag = vip" }, "every": "day", "at": "09:00" });
    for (path, body) in [
        ("/v1/broadcasts".to_owned(), wanted.clone()),
        (format!("/v1/broadcasts/{id}/pause"), json!({})),
        (format!("/v1/broadcasts/{id}/resume"), json!({})),
        (format!("/v1/broadcasts/{id}/cancel"), json!({})),
        ("/v1/schedules".to_owned(), schedule.clone()),
        ("/v1/schedules/s_1/pause".to_owned(), json!({})),
        ("/v1/schedules/s_1/resume".to_owned(), json!({})),
    ] {
        let refused = reader.post(&path, body).await;
        assert_eq!((refused.status, &refused.json["scope"]), (403, &json!("broadcasts:write")), "{path}");
    }
    let stranger = Api::keyed(&service, &["contacts:read"], "live").await;
    for path in [
        "/v1/broadcasts",
        "/v1/schedules",
        "/v1/schedules/s_1",
        &format!("/v1/broadcasts/{id}"),
        &format!("/v1/broadcasts/{id}/members"),
    ] {
        assert_eq!(stranger.get(path).await.status, 403, "{path}");
        assert_eq!(api.without_key().get(path).await.status, 401, "{path}");
    }
    let test = Api::keyed(&service, &["broadcasts:read", "broadcasts:write"], "test").await;
    assert_eq!(test.get("/v1/broadcasts").await.json["items"], json!([]));
    for path in [format!("/v1/broadcasts/{id}"), format!("/v1/broadcasts/{id}/members")] {
        assert_eq!(test.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(test.post(&format!("/v1/broadcasts/{id}/cancel"), json!({})).await.status, 404);
    let tried = test.post("/v1/broadcasts", wanted).await;
    assert_eq!(tried.status, 201);
    let tried = tried.json["id"].as_str().expect("an id").to_owned();
    let whole = until(&test, &format!("/v1/broadcasts/{tried}"), |whole| whole["broadcast"]["state"] == "done").await;
    assert_eq!(whole["broadcast"]["total"], 0, "contacts of another mode are not in it");
    assert_eq!(api.get(&format!("/v1/broadcasts/{tried}")).await.status, 404);
    let made = test.post("/v1/schedules", schedule).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(api.get("/v1/schedules").await.json["items"], json!([]));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_name_their_field() {
    let (service, api) = start().await;
    let all = || json!({ "query": "tag = vip" });
    let arm = |name: &str, share: u8| json!({ "name": name, "share": share });
    let phones: Vec<String> = (0..10_001).map(|n| format!("phone:{}", phone(n))).collect();
    for (body, field) in [
        (json!({}), "flow"),
        (json!({ "flow": "sale" }), "audience"),
        (json!({ "flow": "nothing", "audience": all() }), "flow"),
        (json!({ "notification": "nothing", "audience": all() }), "notification"),
        (json!({ "flow": "sale", "notification": "news", "audience": all() }), "notification"),
        (json!({ "flow": "survey", "audience": all() }), "with.order"),
        (json!({ "flow": "sale", "with": { "size": 1 }, "audience": all() }), "with.size"),
        (json!({ "flow": "sale", "with": [], "audience": all() }), "with"),
        (json!({ "flow": "sale", "audience": {} }), "audience"),
        (json!({ "flow": "sale", "audience": { "query": "tag = vip", "import": "x" } }), "audience"),
        (json!({ "flow": "sale", "audience": { "tag": "vip" } }), "audience"),
        (json!({ "flow": "sale", "audience": { "query": "tag =" } }), "audience.query"),
        (json!({ "flow": "sale", "audience": { "query": 7 } }), "audience.query"),
        (json!({ "flow": "sale", "audience": { "import": "nothing" } }), "audience.import"),
        (json!({ "flow": "sale", "audience": { "contacts": [] } }), "audience.contacts"),
        (json!({ "flow": "sale", "audience": { "contacts": phones } }), "audience.contacts"),
        (json!({ "flow": "sale", "audience": { "contacts": ["phone:+447700900123", "fax:1"] } }), "audience.contacts[1]"),
        (json!({ "flow": "sale", "audience": { "contacts": [7] } }), "audience.contacts[0]"),
        (json!({ "flow": "sale", "audience": all(), "at": "tomorrow" }), "at"),
        (json!({ "flow": "sale", "audience": all(), "at": "2126-01-01T00:00:00Z" }), "at"),
        (json!({ "flow": "sale", "audience": all(), "morning": "9" }), "morning"),
        (json!({ "flow": "sale", "audience": all(), "holdout": 91 }), "holdout"),
        (json!({ "flow": "sale", "audience": all(), "rate": 0 }), "rate"),
        (json!({ "flow": "sale", "audience": all(), "rate": 100_001 }), "rate"),
        (json!({ "flow": "sale", "audience": all(), "again": "sometimes" }), "again"),
        (json!({ "flow": "sale", "audience": all(), "arms": [arm("a", 99)] }), "arms"),
        (json!({ "flow": "sale", "audience": all(), "arms": [arm("a", 50), arm("b", 49)] }), "arms"),
        (json!({ "flow": "sale", "audience": all(), "arms": [arm("a", 50), arm("a", 50)] }), "arms[1].name"),
        (
            json!({ "flow": "sale", "audience": all(), "arms": [arm("a", 50), { "name": "b", "share": 50, "flow": "x" }] }),
            "arms[1].flow",
        ),
        (
            json!({ "flow": "sale", "audience": all(), "arms": [arm("a", 50), { "name": "b", "share": 50, "size": 1 }] }),
            "arms[1]",
        ),
        (json!({ "flow": "sale", "audience": all(), "name": "a\nb" }), "name"),
        (json!({ "flow": "sale", "audience": all(), "colour": "red" }), "body"),
    ] {
        for path in ["/v1/broadcasts", "/v1/broadcasts/dry-run"] {
            let answer = api.post(path, body.clone()).await;
            assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{path} {}", answer.text);
        }
    }
    for (body, field) in [
        (json!({}), "every"),
        (json!({ "every": "year", "at": "09:00" }), "every"),
        (json!({ "every": "day" }), "at"),
        (json!({ "every": "day", "at": "25:00" }), "at"),
        (json!({ "every": "day", "at": "09:00", "day": 1 }), "every"),
        (json!({ "every": "week", "at": "09:00" }), "on"),
        (json!({ "every": "week", "at": "09:00", "on": ["someday"] }), "on"),
        (json!({ "every": "month", "at": "09:00" }), "day"),
        (json!({ "every": "month", "at": "09:00", "day": 32 }), "day"),
        (json!({ "every": "day", "at": "09:00", "zone": "moon" }), "zone"),
        (json!({ "every": "day", "at": "09:00", "colour": "red" }), "body"),
    ] {
        let mut body = body;
        body["flow"] = "sale".into();
        body["audience"] = all();
        let answer = api.post("/v1/schedules", body.clone()).await;
        assert_eq!((answer.status, answer.json["field"].as_str()), (422, Some(field)), "{body} {}", answer.text);
    }
    for path in ["/v1/broadcasts/x", "/v1/broadcasts/b_0000000000000001", "/v1/broadcasts/x/members", "/v1/schedules/x"] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
    for (path, field) in
        [("/v1/broadcasts?state=odd", "state"), ("/v1/broadcasts?limit=0", "limit"), ("/v1/schedules?size=1", "query")]
    {
        assert_eq!(api.get(path).await.json["field"], field, "{path}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_made_shown_changed_paused_and_ended() {
    let (service, api) = start().await;
    let wanted = json!({ "name": "letter", "flow": "sale", "audience": { "query": "tag = vip" }, "every": "week", "on": ["thu", "mon"], "at": "09:00" });
    let made = api.post_named("/v1/schedules", "letter", wanted.clone()).await;
    assert_eq!((made.status, &made.json["on"]), (201, &json!(["mon", "thu"])), "{}", made.text);
    assert_eq!(api.post_named("/v1/schedules", "letter", wanted).await.json["id"], made.json["id"]);
    let path = format!("/v1/schedules/{}", made.json["id"].as_str().expect("an id"));
    assert!(made.json["next_at"].as_str().is_some_and(|at| at.ends_with("T09:00:00Z")), "{}", made.text);
    assert_eq!((&made.json["sends"]["again"], &made.json["zone"]), (&json!("after 0s"), &json!("project")));
    let patch = |body: Value| {
        let (api, path) = (api.clone(), path.clone());
        async move { api.send(Method::PATCH, &path, &[], body.to_string().into_bytes()).await }
    };
    let changed = patch(json!({ "every": "month", "day": 31, "zone": "contact" })).await;
    assert_eq!(
        (changed.status, &changed.json["day"], &changed.json["at"]),
        (200, &json!(31), &json!("09:00")),
        "{}",
        changed.text
    );
    let changed = patch(json!({ "name": "survey", "flow": "survey", "with": { "order": "A1" }, "audience": { "contacts": ["phone:07700900001"] } })).await;
    assert_eq!(
        (&changed.json["sends"]["flow"], &changed.json["sends"]["audience"]),
        (&json!("survey"), &json!({ "contacts": 1 })),
        "{}",
        changed.text
    );
    let changed = patch(json!({ "flow": "sale", "audience": { "query": "tag = vip" } })).await;
    assert_eq!((&changed.json["name"], &changed.json["sends"]["flow"]), (&json!("survey"), &json!("sale")), "{}", changed.text);
    assert_eq!(patch(json!({ "day": 1 })).await.json["field"], "every");
    assert_eq!(patch(json!({ "colour": 1 })).await.json["field"], "body");
    let paused = api.post(&format!("{path}/pause"), json!({})).await;
    assert!(paused.status == 200 && paused.json["next_at"].is_null() && paused.json["paused_at"].is_string(), "{}", paused.text);
    let resumed = api.post(&format!("{path}/resume"), json!({})).await;
    assert!(resumed.json["next_at"].is_string() && resumed.json["paused_at"].is_null(), "{}", resumed.text);
    assert_eq!(api.get("/v1/schedules").await.json["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(api.send(Method::DELETE, &path, &[], Vec::new()).await.status, 204);
    assert_eq!(api.send(Method::DELETE, &path, &[], Vec::new()).await.status, 404);
    assert_eq!(api.get(&path).await.status, 404);
    service.stop().await;
}
