//! What a test names of the project must be there: attributes of contacts (RF211), notifications (RF411), channels (RF413), teams and topics (RF505).

use super::read::read_script;
use super::script::{Named, Script, What};
use crate::config::project::Project;
use crate::flow::check::nearest;
use crate::flow::diagnostic::{Code, Diagnostic};

/// The fields that every contact has.
const FIELDS: [&str; 10] =
    ["phone", "email", "external", "name", "language", "timezone", "channel", "marketing", "topics", "tags"];

/// The project in which a test stands.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Its flows, by name.
    pub flows: &'a [&'a str],
    /// Its notifications, by name.
    pub notifications: &'a [&'a str],
    /// Its settings.
    pub project: &'a Project,
}

/// Reads a test file, and says what in it is not there.
pub fn check_script(source: &str, file: &str, around: Surroundings<'_>) -> (Option<Script>, Vec<Diagnostic>) {
    let (script, mut found) = read_script(source, file, around.flows);
    let Some(script) = script else { return (None, found) };
    found.extend(script.names.iter().filter_map(|named| missing(named, &script.file, around)));
    let sound = found.is_empty();
    (Some(script).filter(|_| sound), found)
}

fn missing(named: &Named, file: &str, around: Surroundings<'_>) -> Option<Diagnostic> {
    let (project, name) = (around.project, named.name.as_str());
    let known: Vec<&str> = match named.what {
        What::Attribute => FIELDS.into_iter().chain(project.attributes.keys().map(AsRef::as_ref)).collect(),
        What::Notification => around.notifications.to_vec(),
        What::Team => project.teams.iter().map(AsRef::as_ref).collect(),
        What::Topic => project.topics.keys().map(AsRef::as_ref).collect(),
        What::Channel => project.channels.keys().map(AsRef::as_ref).collect(),
    };
    if known.contains(&name) {
        return None;
    }
    let (code, message, place) = match named.what {
        What::Attribute => (211, format!("contact.{name} is not an attribute of this project"), "[attributes] of replyflow.toml"),
        What::Notification => (411, format!("There is no notification `{name}`"), "templates/"),
        What::Team => (505, format!("There is no team `{name}`"), "[teams.…] in replyflow.toml"),
        What::Topic => (505, format!("There is no topic `{name}`"), "[topics] of replyflow.toml"),
        What::Channel => (413, format!("There is no channel `{name}`"), "[channels.…] in replyflow.toml"),
    };
    let help = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{place} says which there are"),
    };
    Some(Diagnostic { code: Code(code), file: file.into(), at: named.at, width: named.width, message, help: Some(help) })
}
