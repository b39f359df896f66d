//! `replyflow new NAME`: a flow and its test to begin with.

use super::arguments::{New, Template};
use super::{Project, Stop};
use crate::config::Secrets;
use crate::domain::name::Slug;
use crate::flow::load::Sources;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

pub(super) fn run(project: &Project, new: &New) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let name = Slug::parse(&new.name).map_err(|e| Stop::with_hint(e, "Such as: order-status").into_unasked())?;
    let sources = Sources::read_from(&settings.flows, &settings.templates, &settings.folder)
        .map_err(|e| Stop::failed(format!("{}: {e}", settings.flows.display())))?;
    if sources.flows.contains_key(name.as_str()) {
        return Err(Stop::with_hint(format!("there is a flow `{name}`"), "Choose another name."));
    }
    let (flow, test) = written(new.from, &name);
    fs::create_dir_all(&settings.flows).map_err(|e| Stop::failed(format!("{}: {e}", settings.flows.display())))?;
    let files = [(format!("{name}.yaml"), flow), (format!("{name}.test.yaml"), test)];
    let files = files.map(|(file, text)| (settings.flows.join(file), text));
    // Before the first is written, so that both are or none.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Stop::with_hint(format!("there is a file {}", path.display()), "It stays as it is. Choose another name."));
    }
    for (path, text) in files {
        create(&path, &text).map_err(|e| Stop::failed(format!("{}: {e}", path.display())))?;
        println!("wrote {}", path.display());
    }
    println!("\nNext: replyflow check · replyflow test · replyflow chat {name}");
    Ok(())
}

/// The flow and its test under this name.
fn written(template: Template, name: &Slug) -> (String, String) {
    let (flow, test) = match template {
        Template::Question => (include_str!("templates/question.yaml"), include_str!("templates/question.test.yaml")),
        Template::Menu => (include_str!("templates/menu.yaml"), include_str!("templates/menu.test.yaml")),
        Template::Survey => (include_str!("templates/survey.yaml"), include_str!("templates/survey.test.yaml")),
        Template::Reminder => (include_str!("templates/reminder.yaml"), include_str!("templates/reminder.test.yaml")),
    };
    // What people type has no dashes.
    let words = name.as_str().replace(['-', '_'], " ");
    let fill = |text: &str| text.replace("NAME", name.as_str()).replace("WORDS", &words);
    (fill(flow), fill(test))
}

/// Never over a file that appeared meanwhile.
fn create(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
