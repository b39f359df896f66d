//! `replyflow publish` and `replyflow publications`: on the store itself, also beside running services, which take over what is published.

mod log;
mod text;

pub(super) use log::run as list;

use super::arguments::{Format, Publish};
use super::render;
use super::{Project, Stop, style};
use crate::app::{Access, open_store};
use crate::config::publish::PublishFrom;
use crate::config::store::Backend;
use crate::config::{Secrets, Settings};
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::domain::publication::tidy_note;
use crate::flow::check::{Checked, check_project};
use crate::flow::definition::Flow;
use crate::flow::diagnostic::Severity;
use crate::flow::load::Sources;
use crate::flow::version::Version;
use crate::history::Database;
use crate::service::among::{Files, among};
use crate::service::release::{Order, Refused, Released, Wish, plan, release};
use crate::service::review::{Around, Review, review};
use crate::service::{Stands, read_standings, stored_version};
use crate::store::{Answer, Store};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

pub(super) fn run(project: &Project, command: &Publish) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let by = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| project.environment.get(*name)).cloned();
    let order =
        Order { by: by.unwrap_or_default(), note: command.note.as_deref().and_then(tidy_note), runs: command.runs, base: None };
    super::runtime()?.block_on(async {
        // What is published before the first start is there at the start.
        let fresh = matches!(&settings.store.backend, Backend::Embedded { folder } if !folder.exists());
        let access = if fresh { Access::Serve } else { Access::Beside };
        let store = open_store(&settings.store, access).await.map_err(Stop::failed)?;
        store.meta().await.map_err(Stop::failed)?;
        // Where runs rest is good to know; without it the store's own count is shown.
        let database = Database::open_beside(&settings.history).await.ok();
        let work = Work { settings: &settings, store: &*store, database, command, order };
        work.all().await
    })
}

struct Work<'a> {
    settings: &'a Settings,
    store: &'a dyn Store,
    database: Option<Database>,
    command: &'a Publish,
    order: Order,
}

/// One flow that is to be published.
struct Step {
    flow: Slug,
    /// Its content, where it comes from the folder.
    version: Option<Version>,
    review: Option<Review>,
    /// The publication that it builds on.
    base: u64,
    /// What the checker says of a version that was published once, if it would refuse it now.
    mistakes: Vec<String>,
}

impl Step {
    fn wish(&self, command: &Publish) -> Wish<'_> {
        match &self.version {
            Some(version) => Wish::Version(version, command.share),
            None if command.retire => Wish::Retire,
            None => Wish::Back(command.to),
        }
    }
}

impl Work<'_> {
    async fn all(&self) -> Result<(), Stop> {
        let names = self.command.flows.iter().map(|name| Slug::parse(name).map_err(|bad| Stop::Unasked(bad.to_string(), None)));
        let names: Vec<Slug> = names.collect::<Result<_, _>>()?;
        let standings = read_standings(self.store).await.map_err(Stop::failed)?;
        let steps = if self.command.rollback || self.command.retire {
            self.back(&names, &standings).await?
        } else {
            self.forward(&names, &standings).await?
        };
        let json = self.command.format == Format::Json;
        if steps.is_empty() {
            if json {
                say_json(&[])
            } else {
                println!("Nothing to publish: every flow runs as the folder has it.")
            }
            return Ok(());
        }
        if !json {
            for step in &steps {
                print!("{}", text::step(step.review.as_ref(), &step.flow, self.command, style()));
                if !step.mistakes.is_empty() {
                    println!("{}\n{}", step.mistakes.join("\n"), text::unsound(&step.flow));
                }
            }
            if self.settings.publish == PublishFrom::Folder {
                println!("{}", text::FOLDER);
            }
        }
        if self.command.dry_run {
            if json {
                say_json(&steps.iter().map(|step| shown(step, None)).collect::<Vec<_>>());
            }
            return Ok(());
        }
        self.ask(&steps)?;
        let mut done = Vec::new();
        for step in &steps {
            let order = Order { base: Some(step.base), ..self.order.clone() };
            let released = release(self.store, &step.flow, step.wish(self.command), &order).await.map_err(refused)?;
            if json {
                done.push(shown(step, Some(&released)));
            } else {
                println!("{}", text::done(&step.flow, &released, style()));
            }
        }
        if json {
            say_json(&done);
        }
        Ok(())
    }

    /// Flows of the folder that are to go live.
    async fn forward(&self, names: &[Slug], standings: &BTreeMap<Slug, Stands>) -> Result<Vec<Step>, Stop> {
        let settings = self.settings;
        let read = Sources::read_from(&settings.flows, &settings.templates, &settings.folder);
        let sources = read.map_err(|error| Stop::failed(format!("cannot read {}: {error}", settings.flows.display())))?;
        let mut checked = check_project(&sources, &settings.project);
        self.sound(&sources, &checked, names)?;
        let others: Vec<Arc<Flow>> = checked.flows.values().map(|(flow, _)| Arc::clone(flow)).collect();
        let around = Around { project: &settings.project, database: self.database.as_ref(), others: &others };
        let mut steps = Vec::new();
        for (name, (flow, version)) in std::mem::take(&mut checked.flows) {
            let asked = names.contains(&name);
            if !names.is_empty() && !asked {
                continue;
            }
            // Where all flows are meant, those are that changed: what somebody said of the others goes on.
            let said = standings.get(&name).map(|stands| &stands.said).filter(|_| !asked);
            if said.is_some_and(|said| said.retired || said.whole == flow.version || said.version() == flow.version) {
                continue;
            }
            let step = Step { flow: name.clone(), version: Some(version), review: None, base: 0, mistakes: Vec::new() };
            let base = match plan(self.store, &name, step.wish(self.command), &self.order).await {
                Ok((base, _)) => base,
                // What runs so already is no reason to stop where all flows are meant.
                Err(Refused::Same(_)) => continue,
                Err(why) => return Err(refused(why)),
            };
            let review = review(self.store, around, standings.get(&name), &flow).await.map_err(Stop::failed)?;
            steps.push(Step { review: Some(review), base, ..step });
        }
        Ok(steps)
    }

    /// Mistakes keep a flow from being published, and then nothing is.
    fn sound(&self, sources: &Sources, checked: &Checked, names: &[Slug]) -> Result<(), Stop> {
        let known = |name: &Slug| checked.flows.contains_key(name) || checked.refused.iter().any(|bad| bad == name.as_str());
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            let all: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
            return Err(Stop::Unasked(format!("there is no flow `{unknown}`"), Some(format!("There are: {}.", all.join(", ")))));
        }
        let meant = |bad: &&String| names.is_empty() || names.iter().any(|name| name.as_str() == bad.as_str());
        let bad: Vec<&str> = checked.refused.iter().filter(meant).map(String::as_str).collect();
        if bad.is_empty() {
            return Ok(());
        }
        let texts = sources.flows.values().chain(sources.notifications.values());
        let texts: BTreeMap<&str, &str> = texts.map(|source| (source.file.as_str(), source.text.as_str())).collect();
        for diagnostic in checked.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error) {
            eprintln!("{}", render::text(diagnostic, texts.get(&*diagnostic.file).copied(), style()));
        }
        let hint = "Nothing was published. `replyflow check` shows everything.".to_owned();
        Err(Stop::Failed(format!("mistakes in {}", bad.join(", ")), Some(hint)))
    }

    /// Flows that go back, or that are given up.
    async fn back(&self, names: &[Slug], standings: &BTreeMap<Slug, Stands>) -> Result<Vec<Step>, Stop> {
        let around = Around { project: &self.settings.project, database: self.database.as_ref(), others: &[] };
        let mut steps = Vec::new();
        for name in names {
            let mut step = Step { flow: name.clone(), version: None, review: None, base: 0, mistakes: Vec::new() };
            let planned = plan(self.store, name, step.wish(self.command), &self.order).await;
            let (base, said) = planned.map_err(refused)?;
            step.base = base;
            if !self.command.retire {
                let newer = stored_version(self.store, said.whole, &self.settings.project).await.map_err(|why| {
                    Stop::failed(format!("the version {} of `{name}` cannot be used by this release: {why}", said.whole))
                })?;
                // What is left is the share where one is taken back.
                let stands = standings.get(name).cloned().map(|mut stands| {
                    if let (None, Some(trial)) = (self.command.to, stands.said.trial) {
                        stands.said.whole = trial.version;
                    }
                    stands
                });
                step.review = Some(review(self.store, around, stands.as_ref(), &newer).await.map_err(Stop::failed)?);
                let runs = standings.get(name).is_some_and(|now| now.said.whole == said.whole && !now.said.retired);
                if !runs {
                    step.mistakes = self.mistakes(name, said.whole, standings).await.map_err(Stop::failed)?;
                }
            }
            steps.push(step);
        }
        Ok(steps)
    }

    /// What the checker says of a stored version beside what runs, if it would refuse it.
    async fn mistakes(&self, flow: &Slug, id: VersionId, standings: &BTreeMap<Slug, Stands>) -> Answer<Vec<String>> {
        let Some(content) = self.store.get_version(id).await? else { return Ok(Vec::new()) };
        let Ok(version) = Version::decode(&content) else { return Ok(Vec::new()) };
        let others = standings.values().filter(|stands| !stands.said.retired).map(|stands| stands.said.whole);
        let sources = among(self.store, Files::from(&version), flow, &others.collect::<Vec<_>>()).await?;
        let checked = check_project(&sources, &self.settings.project);
        if checked.flows.contains_key(version.name()) {
            return Ok(Vec::new());
        }
        let texts = sources.flows.values().chain(sources.notifications.values());
        let texts: BTreeMap<&str, &str> = texts.map(|source| (source.file.as_str(), source.text.as_str())).collect();
        let errors = checked.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error);
        Ok(errors.map(|d| render::text(d, texts.get(&*d.file).copied(), style())).collect())
    }

    /// Nothing happens before somebody said yes.
    fn ask(&self, steps: &[Step]) -> Result<(), Stop> {
        if self.command.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || self.command.format == Format::Json {
            let hint = "Give --yes to publish without being asked, or --dry-run to look.".to_owned();
            return Err(Stop::Unasked("there is nobody to ask".to_owned(), Some(hint)));
        }
        let what = if steps.len() == 1 { format!("`{}`", steps[0].flow) } else { format!("{} flows", steps.len()) };
        let verb = match self.command {
            Publish { retire: true, .. } => "Begin no more runs of",
            Publish { rollback: true, .. } => "Go back with",
            _ => "Publish",
        };
        print!("{verb} {what}? [y/N] ");
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Stop::failed("nothing was published")),
        }
    }
}

fn refused(why: Refused) -> Stop {
    match why {
        Refused::Store(error) => Stop::failed(error),
        Refused::ShareStays => Stop::Unasked(why.to_string(), None),
        why => Stop::failed(why),
    }
}

fn shown(step: &Step, released: Option<&Released>) -> serde_json::Value {
    let published = released.map(|released| json!({ "number": released.number, "publication": released.said }));
    json!({ "flow": step.flow, "review": step.review, "mistakes": step.mistakes, "published": published })
}

fn say_json(flows: &[serde_json::Value]) {
    println!("{:#}", json!({ "flows": flows }));
}
