//! Mixpanel's cohort webhook: `{action, parameters: {…, page_info, members}}`. A first sync and a sync after three days of failure send
//! `members`, all of them; others `add_members` and `remove_members`, up to 1,000 a request, in pages of one session. It expects
//! `{action, status}` and repeats after 429 and 5xx, five times in a minute, then at the next half hour, from the start; other
//! 4xx pause the sync, so a member that cannot be read is left out and the request answered as taken.
//!
//! From Mixpanel's documentation (Cohort Sync, Webhooks). Not verified against the service itself: whether a repeated page has the same
//! `mixpanel_session_id`; where it has not, members come again under another id, and a flow's `key` keeps them from beginning twice.

use super::{NotReadable, Reader, Said, Skipped, fields, text};
use serde_json::{Map, Value as Json, json};

pub(super) fn read(reader: &Reader<'_>, body: Json) -> Result<Said, NotReadable> {
    let action = text(&body, "action").ok_or(NotReadable("`action` is missing"))?;
    let (name, full) = match action.as_str() {
        "members" => ("mixpanel.cohort.entered", true),
        "add_members" => ("mixpanel.cohort.entered", false),
        "remove_members" => ("mixpanel.cohort.left", false),
        _ => return Err(NotReadable("`action` is none of members, add_members, remove_members")),
    };
    let parameters = body.get("parameters").filter(|p| p.is_object()).ok_or(NotReadable("`parameters` is missing"))?;
    let cohort = text(parameters, "mixpanel_cohort_id").ok_or(NotReadable("`parameters.mixpanel_cohort_id` is missing"))?;
    let members = match parameters.get("members") {
        None | Some(Json::Null) => &[][..],
        Some(Json::Array(members)) => members,
        Some(_) => return Err(NotReadable("`parameters.members` is not a list")),
    };
    let session = text(parameters, "mixpanel_session_id");
    let about = fields(
        parameters,
        &[
            ("mixpanel_cohort_id", "id"),
            ("mixpanel_cohort_name", "name"),
            ("mixpanel_cohort_description", "description"),
            ("mixpanel_project_id", "project"),
        ],
    );
    let item = |member: &Json| {
        if !member.is_object() {
            return Err(Skipped::Unreadable);
        }
        let mut data = Map::new();
        data.insert("cohort".to_owned(), Json::Object(about.clone()));
        data.insert("full".to_owned(), full.into());
        data.insert("member".to_owned(), member.clone());
        let who = text(member, "mixpanel_distinct_id").or_else(|| text(member, "email"));
        let id = session.as_ref().zip(who).map(|(session, who)| json!([cohort, session, action, who]).to_string());
        reader.item(name, member, data, id)
    };
    Ok(Said { items: members.iter().map(item).collect(), action: Some(action) })
}

/// What Mixpanel expects to hear. `error`: what its interface shows, and an HTTP status.
pub fn answer(action: &str, error: Option<(&str, u16)>) -> String {
    match error {
        None => json!({ "action": action, "status": "success" }),
        Some((message, code)) => {
            json!({ "action": action, "status": "failure", "error": { "message": message, "code": code } })
        }
    }
    .to_string()
}
