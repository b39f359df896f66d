//! `replyflow graph FLOW`: the flow as a picture.

mod sketch;
mod svg;
mod words;

use super::arguments::Graph;
use super::check::{Place, Read};
use super::{Project, Stop, flows};
use crate::config::Secrets;
use crate::domain::language::Language;
use std::io::Write as _;

pub(super) fn run(project: &Project, graph: &Graph) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let (paths, name) = flows::named(&graph.flow);
    let Read { sources, checked } = Place::of(&settings, &paths)?.read(&settings)?;
    let flow = flows::find(&sources, &checked, &name)?;
    let language = match graph.language.as_deref() {
        None => flow.languages.first().copied().unwrap_or(Language::EN),
        Some(code) => Language::parse(code)
            .ok_or_else(|| Stop::failed(format!("`{code}` is not the code of a language, such as en or pt-BR")).into_unasked())?,
    };
    let drawing = svg::svg(&sketch::sketch(flow, language, graph.all));
    match &graph.output {
        None => std::io::stdout().write_all(drawing.as_bytes())?,
        Some(path) => std::fs::write(path, drawing).map_err(|e| Stop::failed(format!("{}: {e}", path.display())))?,
    }
    Ok(())
}
