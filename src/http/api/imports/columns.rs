//! What a row says: columns by their names, each cell as the API of contacts would have it. An empty cell says nothing.

use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::name::Name;
use crate::domain::value::Type;
use crate::http::api::listing::plain;
use crate::http::error::Failure;
use crate::http::person::{excerpt, unfit};
use serde_json::{Map, Value as Json};

/// Columns of an export that say nothing to an import.
const ONLY_SHOWN: [&str; 8] = ["mode", "whatsapp_id", "channel", "last_seen", "email_dead", "private", "created", "refused"];

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
enum Column {
    /// A text that stands under this key.
    Text(&'static str),
    /// The service's own key of a contact.
    Contact,
    /// Tags that are put on.
    Tags,
    /// Tags that are taken off.
    Untag,
    /// An attribute.
    Attribute(Name, Type),
    /// Kinds of channel over which they want nothing any more.
    Stopped,
    /// Consent to marketing.
    Marketing,
    /// Consent to a topic.
    Topic(String),
    /// When, how, or with what proof it was given.
    Consent(&'static str),
    /// Nothing that matters here.
    Nothing,
}

/// The columns of a file, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns(Vec<Column>);

/// A row as a body of the API, and whom it means if it names no address.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The fields.
    pub fields: Map<String, Json>,
    /// The key of a contact that is here.
    pub contact: Option<String>,
}

impl Columns {
    /// Reads the line of names. `ignored` are names of columns that say nothing here.
    pub fn read(names: &[String], project: &Project, ignored: &[&str]) -> Result<Self, Failure> {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = match ignored.contains(&name.as_str()) {
                true => Column::Nothing,
                false => column(name, project).ok_or_else(|| {
                    let known = "phone, email, external_id, name, language, timezone, tags, untag, marketing, topic.NAME, consent_at, \
                                 consent_how, consent_proof, and the project's attributes";
                    let what = format!("`{}` is no column that is known: there are {known}", excerpt(name));
                    unfit("header", format!("{what}; name it in `ignore` to leave it out"))
                })?,
            };
            if column != Column::Nothing && columns.contains(&column) {
                return Err(unfit("header", format!("`{}` is there twice", excerpt(name))));
            }
            columns.push(column);
        }
        let names_somebody =
            |column: &Column| matches!(column, Column::Text("phone" | "email" | "external_id") | Column::Contact);
        match columns.iter().any(names_somebody) {
            true => Ok(Columns(columns)),
            false => Err(unfit("header", "names nobody: one of the columns phone, email, external_id is needed")),
        }
    }

    /// Reads the cells of a row.
    pub fn row(&self, cells: Vec<String>) -> Result<Row, Failure> {
        if cells.len() != self.0.len() {
            return Err(unfit("row", format!("has {} fields and not {}", cells.len(), self.0.len())));
        }
        let mut row = Row { fields: Map::new(), contact: None };
        let (mut attributes, mut consent, mut topics) = (Map::new(), Map::new(), Map::new());
        let mut tags = [Vec::new(), Vec::new()];
        for (column, cell) in self.0.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let cell = plain(&cell).to_owned();
            match column {
                Column::Nothing => {}
                Column::Contact => row.contact = Some(cell),
                Column::Text(key) => drop(row.fields.insert((*key).to_owned(), cell.into())),
                Column::Tags => tags[0] = words(&cell),
                Column::Untag => tags[1] = words(&cell),
                Column::Attribute(name, kind) => drop(attributes.insert(name.to_string(), typed(cell, *kind))),
                Column::Stopped => drop(row.fields.insert("stopped".to_owned(), words(&cell).into())),
                Column::Marketing => drop(consent.insert("marketing".to_owned(), kinds(&cell, "marketing")?)),
                Column::Topic(topic) => drop(topics.insert(topic.clone(), kinds(&cell, &format!("topic.{topic}"))?)),
                Column::Consent(key) => drop(consent.insert((*key).to_owned(), cell.into())),
            }
        }
        if !attributes.is_empty() {
            row.fields.insert("attributes".to_owned(), attributes.into());
        }
        if tags.iter().any(|tags| !tags.is_empty()) {
            let [add, remove] = tags;
            row.fields.insert("tags".to_owned(), serde_json::json!({ "add": add, "remove": remove }));
        }
        if !topics.is_empty() {
            consent.insert("topics".to_owned(), topics.into());
        }
        // When and how alone say nothing: the row is one of somebody who was not asked.
        if consent.contains_key("marketing") || consent.contains_key("topics") {
            row.fields.insert("consent".to_owned(), consent.into());
        }
        Ok(row)
    }
}

/// Reads a line of JSON: a body of the API, or a line of an export.
pub fn line(line: &[u8]) -> Result<Row, Failure> {
    let json: Json = serde_json::from_slice(line).map_err(|_| unfit("row", "is not JSON"))?;
    let Json::Object(mut fields) = json else { return Err(unfit("row", "is JSON but no object")) };
    ONLY_SHOWN.iter().for_each(|name| drop(fields.remove(*name)));
    let contact = match fields.remove("id") {
        Some(Json::String(id)) => Some(id),
        _ => None,
    };
    Ok(Row { fields, contact })
}

fn column(name: &str, project: &Project) -> Option<Column> {
    let own = name.strip_prefix("attribute.").unwrap_or(name);
    if let Some((name, kind)) = project.attributes.get_key_value(own) {
        return Some(Column::Attribute(name.clone(), *kind));
    }
    let word = name.to_lowercase().replace([' ', '-'], "_");
    if let Some(topic) = word.strip_prefix("topic.").or_else(|| word.strip_prefix("topic_")) {
        let known = project.topics.keys().find(|known| known.as_str() == topic || known.as_str().replace('-', "_") == topic);
        return known.map(|topic| Column::Topic(topic.to_string()));
    }
    Some(match word.as_str() {
        "phone" | "phone_number" | "mobile" => Column::Text("phone"),
        "email" | "e_mail" | "email_address" => Column::Text("email"),
        "external_id" | "id" => Column::Text("external_id"),
        "name" => Column::Text("name"),
        "language" => Column::Text("language"),
        "timezone" | "time_zone" => Column::Text("timezone"),
        "tag" | "tags" => Column::Tags,
        "untag" => Column::Untag,
        "stopped" => Column::Stopped,
        "marketing" | "consent" => Column::Marketing,
        "consent_at" => Column::Consent("at"),
        "consent_how" => Column::Consent("how"),
        "consent_proof" => Column::Consent("proof"),
        "contact" => Column::Contact,
        shown if ONLY_SHOWN.contains(&shown) => Column::Nothing,
        _ => return None,
    })
}

fn words(cell: &str) -> Vec<String> {
    cell.split([',', ';', '|', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A cell as JSON of the attribute's type; what cannot be read is left as text, and refused as such.
fn typed(cell: String, kind: Type) -> Json {
    match kind {
        Type::Number => cell.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(cell.into(), Json::Number),
        Type::Boolean => match cell.to_lowercase().as_str() {
            "true" | "yes" | "1" => true.into(),
            "false" | "no" | "0" => false.into(),
            _ => cell.into(),
        },
        Type::List | Type::Map | Type::Any => serde_json::from_str(&cell).unwrap_or_else(|_| cell.into()),
        _ => cell.into(),
    }
}

/// `yes` and `no` are for all kinds of channel; `sms email` are those on which they agreed, `-sms` one on which they did not.
fn kinds(cell: &str, at: &str) -> Result<Json, Failure> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "all" | "1" => return Ok(true.into()),
        "false" | "no" | "none" | "0" => return Ok(false.into()),
        _ => {}
    }
    let mut said = Map::new();
    for word in words(&cell.to_lowercase()) {
        let (name, yes) = word.strip_prefix('-').map_or((word.as_str(), true), |name| (name, false));
        let kind =
            ChannelKind::parse(name).ok_or_else(|| unfit(at, "is neither yes, no nor kinds of channel such as `sms email`"))?;
        said.insert(kind.as_str().to_owned(), yes.into());
    }
    Ok(said.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, Settings};
    use crate::domain::name::Slug;
    use serde_json::json;

    fn project() -> Project {
        let settings = Settings::load(None, &Environment::default(), Secrets::Tolerated).expect("the defaults");
        let mut project = settings.project;
        for (name, kind) in [("vip", Type::Boolean), ("score", Type::Number), ("plan", Type::Text)] {
            project.attributes.insert(Name::parse(name).expect("a name"), kind);
        }
        project.topics.insert(Slug::parse("weekly-news").expect("a slug"), "News".to_owned());
        project
    }

    fn columns(names: &str) -> Result<Columns, (String, String)> {
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let told = |failure: Failure| (failure.field().unwrap_or("").to_owned(), failure.detail().unwrap_or_default());
        Columns::read(&names, &project(), &["fax"]).map_err(told)
    }

    fn row(names: &str, cells: &str) -> Result<Json, String> {
        let cells = cells.split(',').map(str::to_owned).collect();
        let read = columns(names).expect(names).row(cells);
        read.map(|row| row.fields.into()).map_err(|failure| failure.field().unwrap_or("").to_owned())
    }

    #[test]
    fn columns_are_known_by_their_names() {
        let names =
            "Phone,E-mail,id,Time zone,tags,untag,vip,attribute.score,marketing,topic.weekly-news,consent at,fax,last_seen";
        let cells = "07700 900123,a@b.example,c1,Europe/Madrid,a|b,c,yes,1.5,sms -email,no,2026-03-02T10:00:00Z,x,y";
        let expected = json!({
            "phone": "07700 900123", "email": "a@b.example", "external_id": "c1", "timezone": "Europe/Madrid",
            "attributes": { "vip": true, "score": 1.5 }, "tags": { "add": ["a", "b"], "remove": ["c"] },
            "consent": { "marketing": { "sms": true, "email": false }, "at": "2026-03-02T10:00:00Z", "topics": { "weekly-news": false } },
        });
        assert_eq!(row(names, cells), Ok(expected));
        assert_eq!(row("phone,name,consent_at", "1,,2026-03-02T10:00:00Z"), Ok(json!({ "phone": "1" })), "nothing is nothing");
        assert_eq!(
            row("phone,vip,plan", "1,perhaps,7"),
            Ok(json!({ "phone": "1", "attributes": { "vip": "perhaps", "plan": "7" } }))
        );
        assert_eq!(row("phone,name", "1"), Err("row".to_owned()));
        assert_eq!(row("phone,marketing", "1,perhaps"), Err("marketing".to_owned()));
    }

    #[test]
    fn a_file_of_nobody_and_unknown_columns_are_refused_at_once() {
        for (names, word) in
            [("name", "names nobody"), ("phone,size", "`size`"), ("phone,mobile", "twice"), ("phone,topic.x", "`topic.x`")]
        {
            let (field, reason) = columns(names).expect_err(names);
            assert_eq!(field, "header");
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_line_of_an_export_is_a_body() {
        let read = line(br#"{"id": "k", "mode": "live", "phone": "1", "last_seen": null, "tags": ["a"]}"#).expect("a row");
        assert_eq!((read.contact.as_deref(), Json::from(read.fields)), (Some("k"), json!({ "phone": "1", "tags": ["a"] })));
        for bad in ["", "{", "7", "\"x\""] {
            assert!(line(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
