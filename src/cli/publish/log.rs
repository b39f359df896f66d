//! `replyflow publications`: who published what, when and why.

use crate::app::{Access, open_store};
use crate::cli::arguments::{Format, Publications};
use crate::cli::{Project, Stop, runtime, style};
use crate::config::Secrets;
use crate::domain::name::Slug;
use crate::domain::publication::{OldRuns, Publication};
use crate::domain::value::rfc3339;
use crate::service::release::history;
use serde_json::json;

pub(in crate::cli) fn run(project: &Project, command: &Publications) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let flow = Slug::parse(&command.flow).map_err(|bad| Stop::Unasked(bad.to_string(), None))?;
    runtime()?.block_on(async {
        let store = open_store(&settings.store, Access::Beside).await.map_err(Stop::failed)?;
        store.meta().await.map_err(Stop::failed)?;
        let log = history(&*store, &flow, None, usize::from(command.limit)).await.map_err(Stop::failed)?;
        if command.format == Format::Json {
            let line =
                |(number, said): &(u64, Publication)| json!({ "number": number, "at": rfc3339(said.at), "publication": said });
            println!("{:#}", json!({ "publications": log.iter().map(line).collect::<Vec<_>>() }));
        } else {
            log.iter().for_each(|(number, said)| println!("{}", line(*number, said)));
        }
        match log.is_empty() {
            true => Err(Stop::failed(format!("`{flow}` was never published, or only by a release that did not write it down"))),
            false => Ok(()),
        }
    })
}

fn line(number: u64, said: &Publication) -> String {
    let mut what = match (said.retired, said.trial) {
        (true, _) => "retired".to_owned(),
        (false, Some(trial)) => format!("{} for {} of new runs, {} for all others", trial.version, trial.share, said.whole),
        (false, None) => said.whole.to_string(),
    };
    if said.runs != OldRuns::Stay {
        what.push_str(&format!(", other runs {}", said.runs.as_str()));
    }
    let by = if said.by.is_empty() { "the service" } else { said.by.as_str() };
    let note = said.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    format!("{}  {}  {what}  {} by {by}{note}", style().paint("1", &number.to_string()), rfc3339(said.at), said.how.as_str())
}
