//! `replyflow contacts delete|merge|compact`: on the store itself, also beside a running service.

use super::arguments::{ContactDelete, ContactMerge, Format};
use super::{Project, Stop, style};
use crate::app::{Access, open_files, open_store};
use crate::config::{Secrets, Settings};
use crate::domain::address::Address;
use crate::domain::id::ContactKey;
use crate::domain::mail;
use crate::domain::mode::Mode;
use crate::domain::phone::parse_phone;
use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use crate::history::audit::{self, Act};
use crate::history::leaving::{Written, written_of};
use crate::history::read::whose;
use crate::history::{Database, Dialect, Statement};
use crate::service;
use crate::service::failed::mode_of_contact;
use crate::service::forget::{Erased, Eraser, Receipt};
use crate::service::runtime::MachineClock;
use crate::store::{Answer, Store};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Who asks for something here, if nobody is named.
pub(super) const WHO: &str = "command line";

pub(super) async fn opened(project: &Project) -> Result<(Settings, Arc<dyn Store>), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let store = open_store(&settings.store, Access::Beside).await.map_err(Stop::failed)?;
    Ok((settings, store))
}

/// Writes the files of the store and of the history anew.
pub(super) async fn compact(project: &Project) -> Result<(), Stop> {
    let (settings, store) = opened(project).await?;
    store.compact().await.map_err(Stop::failed)?;
    println!("The store writes its files anew.");
    let record = Database::open(&settings.history).await.map_err(Stop::failed)?;
    record.compact().await.map_err(Stop::failed)?;
    if record.dialect() == Dialect::Sqlite {
        println!("The history was written anew.");
    }
    Ok(())
}

/// The contact that a person means.
async fn contact(settings: &Settings, store: &dyn Store, text: &str) -> Answer<Option<ContactKey>> {
    let secret = store.meta().await?.contact_secret;
    let of = |address: Address| Some(ContactKey::derive(&secret, &address.canonical()));
    let email = |text: &str| of(Address::Email(mail::email(text).unwrap_or_else(|| text.trim().to_lowercase())));
    let phone =
        |text: &str| parse_phone(text, settings.project.country.as_deref()).ok().and_then(|phone| of(Address::Phone(phone)));
    Ok(match text.split_once(':') {
        Some(("phone", rest)) => phone(rest),
        Some(("email", rest)) if rest.contains('@') => email(rest),
        Some(("id", rest)) if !rest.is_empty() => of(Address::External(rest.to_owned())),
        _ if text.contains('@') => email(text),
        _ => match (ContactKey::parse(text), Address::from_whatsapp(text)) {
            (Some(key), _) => Some(key),
            (None, address @ Address::Bsuid(_)) => of(address),
            (None, _) => phone(text),
        },
    })
}

/// The same where there must be one.
async fn named(settings: &Settings, store: &dyn Store, text: &str) -> Result<ContactKey, Stop> {
    let unasked = || {
        Stop::Unasked(
            "that is no phone number, no mail address, no `id:` with your own id and no key of a contact".to_owned(),
            None,
        )
    };
    contact(settings, store, text).await.map_err(Stop::failed)?.ok_or_else(unasked)
}

/// Makes a contact part of another.
pub(super) async fn merge(project: &Project, asked: &ContactMerge) -> Result<(), Stop> {
    let (settings, store) = opened(project).await?;
    let (settings, store) = (&settings, &*store);
    let (from, into) = (named(settings, store, &asked.from).await?, named(settings, store, &asked.into).await?);
    if from == into {
        return Err(Stop::Unasked("the two are one contact".to_owned(), None));
    }
    let by = asked.by.as_deref().unwrap_or(WHO);
    let record = Database::open(&settings.history).await.map_err(Stop::failed)?;
    let mode = mode_of_contact(store, into).await.map_err(Stop::failed)?;
    let now = store.now().await.map_err(Stop::failed)?;
    // What cannot be written down is not done.
    let detail = json!({ "from": from.to_string() });
    record.write(vec![act("contact.merge", (mode, into), by, detail)]).await.map_err(Stop::failed)?;
    if service::merge::ask(store, from, into, by, &format!("{from}:{into}:{}", now.0)).await.map_err(Stop::failed)? {
        println!("{from} becomes part of {into} when what was said to it has left.");
        return Ok(());
    }
    Err(Stop::failed("there is no contact that could stay"))
}

/// Deletes a contact, and prints the receipt.
pub(super) async fn delete(project: &Project, asked: &ContactDelete) -> Result<(), Stop> {
    let (settings, store) = opened(project).await?;
    let (settings, store) = (&settings, &*store);
    let contact = named(settings, store, &asked.contact).await?;
    let record = Database::open(&settings.history).await.map_err(Stop::failed)?;
    let by = asked.by.as_deref().unwrap_or(WHO);
    let mode = mode_of_contact(store, contact).await.map_err(Stop::failed)?;
    let there = whose(&record, contact).await.map_err(Stop::failed)?;
    let written = written_of(&record, there).await.map_err(Stop::failed)?;
    // What cannot be written down is not done.
    record.write(vec![act("contact.delete", (mode, contact), by, json!({}))]).await.map_err(Stop::failed)?;
    let clock = MachineClock::default();
    let files = open_files(settings).map_err(Stop::failed)?;
    let eraser = Eraser { store, clock: &clock, media: Some(&*files), forgets_stops: false, suppresses: asked.suppress };
    match eraser.erase(contact, by).await.map_err(Stop::failed)? {
        Erased::Done(receipt) => {
            let mut out = json!(*receipt);
            out["at"] = rfc3339(receipt.at).into();
            out["history"] = json!(written);
            if let Err(error) = record.write(vec![act("contact.deleted", (mode, receipt.contact), by, out.clone())]).await {
                eprintln!("The receipt could not be written into the audit: {error}");
            }
            match asked.format {
                Format::Json => println!("{out}"),
                Format::Text => print(&receipt, &written),
            }
            Ok(())
        }
        Erased::Nobody => Err(Stop::failed("there is no such contact")),
        Erased::Merging => Err(Stop::with_hint(
            "the contact is just becoming one with another",
            "Ask again in a moment, while the service runs.",
        )),
    }
}

fn act(action: &str, (mode, contact): (Mode, ContactKey), by: &str, detail: Json) -> Statement {
    let (at, target) = (Millis(jiff::Timestamp::now().as_millisecond()), Some(contact.to_string()));
    let act = Act { at, who: by.to_owned(), key: None, mode, action: action.to_owned(), target, detail, request: None };
    audit::insert(&act, rand::random())
}

fn print(receipt: &Receipt, written: &Written) {
    println!("{} was deleted at {} by {}.", style().paint("1", receipt.contact.as_str()), rfc3339(receipt.at), receipt.by);
    let lines = [
        (receipt.addresses as u64, "addresses"),
        (receipt.attributes as u64, "attributes"),
        (receipt.tags as u64, "tags"),
        (receipt.runs as u64, "live runs"),
        (receipt.inputs, "messages and events that were not processed yet"),
        (receipt.messages, "messages that had not left"),
        (receipt.requests, "requests and reports that were under way"),
        (receipt.failed, "things that had failed"),
        (receipt.files, "files"),
        (receipt.suppressed as u64, "addresses that are on the suppression list now"),
        (written.messages, "messages in the history"),
        (written.runs, "runs in the history"),
        (written.happenings, "other events in the history"),
    ];
    for (n, what) in lines.into_iter().filter(|(n, _)| *n > 0) {
        println!("  {n} {what}");
    }
    if receipt.files_left {
        println!("  files are deleted as soon as the place where they are kept answers");
    }
    let kinds: Vec<&str> = receipt.opted_out.iter().map(|kind| kind.as_str()).collect();
    if !kinds.is_empty() {
        println!("Kept as a hash: that this person opted out of {}.", kinds.join(", "));
    }
}
