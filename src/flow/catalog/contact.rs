//! Whose mailboxes an event goes to: the contact that it names, and the one that each entry of a flow reads out of its data.
//! The edge asks before it stores the event, the engine asks again before it acts: both get the same answer.

use super::{Catalog, StartRef};
use crate::config::project::Project;
use crate::domain::input::ContactRef;
use crate::domain::language::Language;
use crate::domain::mail::personal_email;
use crate::domain::name::EventName;
use crate::domain::phone::parse_phone;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::definition::{AnytimeTrigger, ContactTemplate, Receiver};
use crate::flow::expression::{Expression, ReferenceName, Root, Scope, Template};
use std::borrow::Cow;
use std::fmt;

/// Characters of an email or of a caller's id.
const ID_CHARS: usize = 254;
/// Characters of a name.
const NAME_CHARS: usize = 200;

/// What of an event cannot be read as a contact. Holds nothing of the event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where the flow looked: `event.customer.phone`.
    pub field: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.reason)
    }
}

impl std::error::Error for FieldProblem {}

impl Catalog {
    /// The contacts whom an event concerns, each once, the one that it names first. Empty: it names none and no flow says
    /// where one is. An address that cannot be read is the caller's mistake, unless the event itself names its contact.
    pub fn event_contacts(
        &self,
        project: &Project,
        name: &EventName,
        data: &Value,
        named: Option<&ContactRef>,
    ) -> Result<Vec<ContactRef>, FieldProblem> {
        let scope = EventScope { data, project };
        let mut found: Vec<ContactRef> = named.into_iter().cloned().collect();
        let mut see = |condition: Option<&Expression>, contact: Option<&ContactTemplate>| {
            let Some(contact) = contact else { return Ok(()) };
            // An entry that cannot hold for this event does not look for its contact.
            if !can_hold(condition, &scope) {
                return Ok(());
            }
            match read_contact(contact, &scope, project) {
                Ok(contact) if found.iter().any(|known| known.address() == contact.address()) => Ok(()),
                Ok(contact) => {
                    found.push(contact);
                    Ok(())
                }
                Err(_) if named.is_some() => Ok(()),
                Err(problem) => Err(problem),
            }
        };
        for entry in self.starts_by_event(name) {
            see(entry.start().condition.as_ref(), entry.start().contact.as_ref())?;
        }
        for anytime in self.anytime.get(name).into_iter().flatten() {
            let entry = &anytime.published.flow.anytime[anytime.index];
            if let AnytimeTrigger::Event { contact, .. } = &entry.trigger {
                see(entry.condition.as_ref(), contact.as_ref())?;
            }
        }
        Ok(found)
    }
}

/// The contacts whom a call of a webhook concerns, each once: those whom the entries that can hold name. Empty where none can
/// hold. An address that cannot be read is the caller's mistake.
pub fn webhook_contacts(starts: &[&StartRef], project: &Project, data: &Value) -> Result<Vec<ContactRef>, FieldProblem> {
    let scope = EventScope { data, project };
    let mut found: Vec<ContactRef> = Vec::new();
    for start in starts.iter().map(|entry| entry.start()) {
        let Some(contact) = start.contact.as_ref().filter(|_| can_hold(start.condition.as_ref(), &scope)) else { continue };
        let contact = read_contact(contact, &scope, project)?;
        if found.iter().all(|known| known.address() != contact.address()) {
            found.push(contact);
        }
    }
    Ok(found)
}

/// Whether an entry with this condition may hold for an event, as far as the event alone decides it.
fn can_hold(condition: Option<&Expression>, scope: &EventScope<'_>) -> bool {
    let decided = condition.filter(|condition| condition.names().iter().all(|r| readable_here(&r.name)));
    decided.is_none_or(|condition| condition.truth(scope) != Ok(false))
}

/// Reads the contact that a flow names. `Err` says which part is not readable. An empty text says that there is none
/// (`{{ event.email ?? '' }}`), which is fine where another address is there; nothing at all is a mistake.
pub fn read_contact(template: &ContactTemplate, scope: &dyn Scope, project: &Project) -> Result<ContactRef, FieldProblem> {
    let mut contact = ContactRef::default();
    let mut absent = None;
    let mut written = |template: &Option<Template>| -> Result<Option<String>, FieldProblem> {
        let Some(template) = template else { return Ok(None) };
        let text = address(template, scope)?;
        if text.is_none() {
            absent.get_or_insert_with(|| problem_of(template, "is missing".to_owned()));
        }
        Ok(text)
    };
    if let (Some(template), Some(text)) = (&template.phone, written(&template.phone)?) {
        let read = parse_phone(&text, project.country.as_deref());
        contact.phone = Some(read.map_err(|problem| problem_of(template, problem.to_string()))?);
    }
    if let (Some(template), Some(text)) = (&template.email, written(&template.email)?) {
        let email = personal_email(&text).ok_or_else(|| problem_of(template, "not an email address".to_owned()))?;
        contact.email = Some(email);
    }
    if let (Some(template), Some(text)) = (&template.id, written(&template.id)?) {
        if text.chars().count() > ID_CHARS {
            return Err(problem_of(template, format!("longer than {ID_CHARS} characters")));
        }
        contact.id = Some(text);
    }
    if contact.address().is_none()
        && let Some(problem) = absent
    {
        return Err(problem);
    }
    // A name or a language that cannot be read is no reason to refuse the event.
    let optional = |template: &Option<Template>| template.as_ref().and_then(|t| t.render(scope).ok());
    contact.name = optional(&template.name).map(|name| name.trim().chars().take(NAME_CHARS).collect());
    contact.name = contact.name.filter(|name: &String| !name.is_empty());
    contact.language = optional(&template.language).and_then(|language| Language::parse(language.trim()));
    match contact.address() {
        Some(_) => Ok(contact),
        None => Err(FieldProblem { field: "contact".to_owned(), reason: "names neither phone, email nor id".to_owned() }),
    }
}

/// Reads whom a notification goes to that does not go to the contact. `Err` says which part is not readable.
pub fn read_receiver(to: &Receiver, scope: &dyn Scope, project: &Project) -> Result<ContactRef, FieldProblem> {
    let address = match to {
        Receiver::Contact(contact) => return read_contact(contact, scope, project),
        Receiver::Address(address) => Some(address.clone()),
    };
    let mail = address.as_ref().and_then(|address| address.render(scope).ok()).is_some_and(|text| text.contains('@'));
    let (phone, email) = if mail { (None, address) } else { (address, None) };
    read_contact(&ContactTemplate { phone, email, ..ContactTemplate::default() }, scope, project)
}

/// The text of an address, nothing where it is an empty text.
fn address(template: &Template, scope: &dyn Scope) -> Result<Option<String>, FieldProblem> {
    let is_nothing = template.single().is_some_and(|one| one.eval(scope).is_ok_and(|value| value == Value::Null));
    match template.render(scope) {
        Ok(text) if text.trim().is_empty() && is_nothing => Err(problem_of(template, "is missing".to_owned())),
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) => Err(problem_of(template, error.to_string())),
    }
}

fn problem_of(template: &Template, reason: String) -> FieldProblem {
    let field = template.single().map_or_else(|| template.source(), Expression::source);
    FieldProblem { field: field.to_owned(), reason }
}

fn readable_here(name: &ReferenceName) -> bool {
    matches!(name, ReferenceName::Root(Root::Event | Root::Env) | ReferenceName::Member(Root::Event | Root::Env, _))
}

/// Where only the event is known.
struct EventScope<'a> {
    data: &'a Value,
    project: &'a Project,
}

impl Scope for EventScope<'_> {
    fn variable(&self, _name: &str) -> Option<Cow<'_, Value>> {
        None
    }

    fn root(&self, root: Root) -> Option<Cow<'_, Value>> {
        (root == Root::Event).then_some(Cow::Borrowed(self.data))
    }

    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        match root {
            Root::Env => self.project.env.get(field).map(Cow::Borrowed),
            _ => self.root(root).and_then(|value| crate::flow::expression::access::field(value, field)),
        }
    }

    fn within_hours(&self, _hours: &str, _at: Millis) -> Option<bool> {
        None
    }

    fn now(&self) -> Millis {
        Millis(0)
    }

    fn timezone(&self) -> &jiff::tz::TimeZone {
        &self.project.timezone
    }

    fn language(&self) -> Language {
        self.project.language
    }
}
