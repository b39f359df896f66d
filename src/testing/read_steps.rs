//! Reading the steps of a case.

use super::read::{Reader, find, plain_value, target};
use super::script::{BotExpectation, PersonDoes, Step, TextExpectation, UserSays, What};
use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;
use crate::domain::input::ContactRef;
use crate::domain::language::Language;
use crate::domain::message::{DeliveryStatus, Location, Media};
use crate::domain::name::EventName;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::flow::check::nearest;
use crate::flow::diagnostic::At;
use crate::flow::keys;
use crate::flow::yaml::{Node, Tree};

impl Reader {
    pub(super) fn steps(&mut self, nodes: &[Node]) -> Vec<(At, Step)> {
        nodes.iter().filter_map(|node| Some((node.at, self.step(node)?))).collect()
    }

    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let entries = self.entries(node, "a step", "user: hi");
        let first = entries.first()?;
        // `data`, `json` and the contact of an event belong to the step beside them, wherever they stand.
        let event = entries.iter().find(|e| e.key.text == "event");
        let main = event.or_else(|| entries.iter().find(|e| !matches!(&*e.key.text, "data" | "json"))).unwrap_or(first);
        for entry in entries {
            let belongs = matches!(
                (&*main.key.text, &*entry.key.text),
                ("event" | "webhook", "data") | ("event", "contact") | ("called", "json")
            );
            if entry.key != main.key && !belongs {
                let message = format!("There is no such step: `{}` beside `{}`", entry.key.text, main.key.text);
                self.say(702, entry.key.at, entry.key.width, message, "Write each step as an item of its own");
                return None;
            }
        }
        let value = &main.value;
        Some(match &*main.key.text {
            "user" => self.user(value)?,
            "bot" => self.bot(value)?,
            "event" => {
                let name = self.parsed(value, "the name of an event", "payment.failed", |t| EventName::parse(t).ok())?;
                let data = find(entries, "data").map_or(Value::Map(Default::default()), plain_value);
                let contact = find(entries, "contact").and_then(|node| self.who(node));
                Step::Event { name, data, contact }
            }
            "begin" => Step::Begin(self.named(value)),
            "webhook" => {
                let name = self.name(value, "shop")?;
                let data = find(entries, "data").map_or(Value::Map(Default::default()), plain_value);
                Step::Webhook { name, data }
            }
            "wait" => match &value.tree {
                Tree::Map(inner) if inner.len() == 1 && inner[0].key.text == "until" => {
                    Step::WaitUntil(self.moment(&inner[0].value)?)
                }
                _ => Step::Wait(self.parsed(value, "a duration", "4h", Span::parse)?),
            },
            "http" => Step::Http(self.fakes(value)),
            "called" => {
                let text = self.text(value, "a call", "PUT shop/orders/A1")?;
                let (method, api, path) = target(text).or_else(|| {
                    self.must(value, "a call", "PUT shop/orders/A1");
                    None
                })?;
                Step::Called { method, api, path, json: find(entries, "json").map(plain_value) }
            }
            "status" => {
                let status = |t: &str| match t {
                    "sent" => Some(DeliveryStatus::Sent),
                    "delivered" => Some(DeliveryStatus::Delivered),
                    "read" => Some(DeliveryStatus::Read),
                    "failed" => Some(DeliveryStatus::Failed),
                    _ => None,
                };
                Step::Status(self.parsed(value, "`sent`, `delivered`, `read` or `failed`", "failed", status)?)
            }
            "alert" => Step::Alert(self.text_expectation(value)?),
            "person" => Step::Person(self.person(value)?),
            "handoff" => Step::Handoff(self.named_slug(value, What::Team, "support")?),
            "emit" => Step::Emit(self.parsed(value, "the name of an event", "order.done", |t| EventName::parse(t).ok())?),
            "at" => Step::At(self.name(value, "offer_link")?),
            "vars" => Step::Vars(self.named(value)),
            "contact" => {
                let entries = self.entries(value, "a map", "{ language: es }");
                entries.iter().for_each(|entry| self.field(&entry.key));
                Step::Contact(entries.iter().map(|e| (e.key.text.to_string(), plain_value(&e.value))).collect())
            }
            "tags" => Step::Tags(self.list(value).into_iter().filter_map(|n| self.slug(n, "vip")).collect()),
            "end" => Step::End(self.name(value, "done")?),
            other => {
                let near = nearest(other, &keys::TEST_STEP.names());
                let help = near.map_or("The steps are in docs/flow-format.md".to_owned(), |n| format!("Did you mean `{n}`?"));
                self.say(702, main.key.at, main.key.width, format!("There is no such step: `{other}`"), help);
                return None;
            }
        })
    }

    /// Whom an event names: a phone, or `{ phone, email, id, name, language }`.
    fn who(&mut self, node: &Node) -> Option<ContactRef> {
        const PHONE: (&str, &str) = ("a phone number", "+447700900123");
        if node.scalar().is_some() {
            let phone = self.parsed(node, PHONE.0, PHONE.1, E164::parse)?;
            return Some(ContactRef { phone: Some(phone), ..ContactRef::default() });
        }
        let mut who = ContactRef::default();
        for entry in self.fields(node, &keys::CONTACT, PHONE.0, "{ phone: \"+447700900123\" }") {
            let value = &entry.value;
            match &*entry.key.text {
                "phone" => who.phone = self.parsed(value, PHONE.0, PHONE.1, E164::parse),
                "email" => who.email = self.text(value, "an email", "ada@example.org").map(str::to_owned),
                "id" => who.id = self.text(value, "an id", "customer-7").map(str::to_owned),
                "name" => who.name = self.text(value, "a name", "Ada").map(str::to_owned),
                "language" => who.language = self.parsed(value, "a language", "en", Language::parse),
                _ => {}
            }
        }
        Some(who)
    }

    /// What a member of a team does: writes a text, resolves, or takes the conversation over.
    fn person(&mut self, node: &Node) -> Option<PersonDoes> {
        const EXAMPLE: (&str, &str) = ("a text or a map", "{ resolve: The money was sent back }");
        if let Some(scalar) = node.scalar() {
            return Some(PersonDoes::Writes(scalar.text.to_string()));
        }
        let mut does = None;
        for entry in self.fields(node, &keys::PERSON, EXAMPLE.0, EXAMPLE.1) {
            match &*entry.key.text {
                "resolve" => {
                    let note = self.text(&entry.value, "a text", "The money was sent back")?;
                    does = Some(PersonDoes::Resolves(Some(note.to_owned()).filter(|note| !note.is_empty())));
                }
                _ => {
                    self.parsed(&entry.value, "`true`", "true", |text| (text == "true").then_some(()))?;
                    does = Some(PersonDoes::Takes);
                }
            }
        }
        if does.is_none() {
            self.must(node, EXAMPLE.0, EXAMPLE.1);
        }
        does
    }

    pub(super) fn user(&mut self, node: &Node) -> Option<Step> {
        if let Tree::Map(entries) = &node.tree
            && entries.iter().all(|e| ChannelKind::parse(&e.key.text).is_some())
        {
            let mut by_kind = Vec::new();
            for entry in entries {
                if let Some(kind) = ChannelKind::parse(&entry.key.text) {
                    by_kind.push((kind, self.says(&entry.value)?));
                }
            }
            return Some(Step::User { all: None, by_kind });
        }
        Some(Step::User { all: Some(self.says(node)?), by_kind: Vec::new() })
    }

    pub(super) fn says(&mut self, node: &Node) -> Option<UserSays> {
        if let Some(scalar) = node.scalar() {
            return Some(UserSays { text: Some(scalar.text.to_string()), ..UserSays::default() });
        }
        let mut says = UserSays::default();
        for entry in self.fields(node, &keys::USER, "a text or a map", "{ press: cod }") {
            let value = &entry.value;
            match &*entry.key.text {
                "text" => says.text = self.text(value, "a text", "hello").map(str::to_owned),
                "press" => says.press = self.text(value, "the id of a choice", "cod").map(str::to_owned),
                "media" => says.media = self.list(value).into_iter().filter_map(|n| self.file(n)).collect(),
                "location" => says.location = self.location(value),
                "channel" => says.channel = self.named_slug(value, What::Channel, "main-sms"),
                _ => {}
            }
        }
        Some(says)
    }

    /// A file: its address, or `{ url, type, name }`.
    fn file(&mut self, node: &Node) -> Option<Media> {
        const WHAT: (&str, &str) = ("the address of a file", "https://example.org/a.jpg");
        if node.scalar().is_some() {
            return self.text(node, WHAT.0, WHAT.1).map(|url| Media { url: Some(url.to_owned()), ..Media::default() });
        }
        let mut file = Media::default();
        for entry in self.fields(node, &keys::FILE, WHAT.0, "{ url: \"https://example.org/a.pdf\", type: application/pdf }") {
            let value = &entry.value;
            match &*entry.key.text {
                "url" => file.url = self.text(value, WHAT.0, WHAT.1).map(str::to_owned),
                "type" => file.content_type = self.text(value, "a type of files", "application/pdf").map(str::to_owned),
                "name" => file.filename = self.text(value, "the name of a file", "a.pdf").map(str::to_owned),
                _ => {}
            }
        }
        Some(file)
    }

    pub(super) fn location(&mut self, node: &Node) -> Option<Location> {
        let known = self.fields(node, &keys::LOCATION, "a place", "{ lat: 51.5, lon: -0.12 }");
        let find = |key: &str| known.iter().find(|e| e.key.text == key).map(|e| &e.value);
        let degrees = |reader: &mut Self, key: &str| {
            let found = find(key)?;
            reader.parsed(found, "degrees", "51.5", |t| t.parse::<f64>().ok().filter(|d| d.is_finite()))
        };
        let (lat, lon) = (degrees(self, "lat"), degrees(self, "lon"));
        let text = |key: &str| find(key).and_then(Node::scalar).map(|s| s.text.to_string());
        let location = lat.zip(lon).map(|(lat, lon)| Location { lat, lon, name: text("name"), address: text("address") });
        if location.is_none() {
            self.must(node, "a place", "{ lat: 51.5, lon: -0.12 }");
        }
        location
    }

    pub(super) fn bot(&mut self, node: &Node) -> Option<Step> {
        if let Some(scalar) = node.scalar().filter(|s| s.is_plain()) {
            match &*scalar.text {
                "any" => return Some(Step::Bot { all: BotExpectation::default(), by_kind: Vec::new() }),
                "nothing" => return Some(Step::Nothing),
                _ => {}
            }
        }
        let mut by_kind = Vec::new();
        if let Tree::Map(entries) = &node.tree {
            for entry in entries {
                if let Some(kind) = ChannelKind::parse(&entry.key.text) {
                    by_kind.push((kind, self.part(&entry.value)?));
                }
            }
        }
        Some(Step::Bot { all: self.expectation(node)?, by_kind })
    }

    /// What is expected on one kind of channel.
    fn part(&mut self, node: &Node) -> Option<BotExpectation> {
        match node.scalar().filter(|scalar| scalar.is_plain()).map(|scalar| &*scalar.text) {
            Some("any") => Some(BotExpectation::default()),
            Some("nothing") => {
                self.must(node, "a text, `any` or a map, for there is one step for all kinds of channel", "any");
                None
            }
            _ => self.expectation(node),
        }
    }

    pub(super) fn expectation(&mut self, node: &Node) -> Option<BotExpectation> {
        if let Some(scalar) = node.scalar() {
            let text = TextExpectation { exact: Some(scalar.text.to_string()), has: Vec::new(), at: Some(node.at) };
            return Some(BotExpectation { text, ..BotExpectation::default() });
        }
        let mut expected = BotExpectation::default();
        for entry in self.fields(node, &keys::BOT, "a text or a map", "{ has: thank you }") {
            let value = &entry.value;
            match &*entry.key.text {
                "text" => {
                    expected.text.exact = self.text(value, "a text", "Hello").map(str::to_owned);
                    expected.text.at = Some(value.at);
                }
                "has" => expected.text.has = self.texts(value),
                "notify" => expected.notify = self.named_slug(value, What::Notification, "payment_retry"),
                "buttons" => expected.buttons = Some(self.texts(value)),
                "media" => {
                    expected.media = self.text(value, "the address of a file", "https://example.org/a.jpg").map(str::to_owned)
                }
                "channel" => expected.channel = self.named_slug(value, What::Channel, "main-sms"),
                "approved" => {
                    expected.approved = self.text(value, "the name of a template", "payment_retry_v2").map(str::to_owned)
                }
                "to" => expected.to = self.text(value, "an address", "+447700900123").map(str::to_owned),
                "system" => {
                    expected.system = self.text(value, "`opted_out`, `opted_in` or `help`", "opted_out").map(str::to_owned)
                }
                // `sms` and the like are read beside it.
                _ => {}
            }
        }
        Some(expected)
    }

    pub(super) fn texts(&mut self, node: &Node) -> Vec<String> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|n| self.text(n, "a text", "thank you").map(str::to_owned)).collect()
    }

    pub(super) fn text_expectation(&mut self, node: &Node) -> Option<TextExpectation> {
        if let Some(scalar) = node.scalar() {
            let any = scalar.is_plain() && scalar.text == "any";
            return Some(TextExpectation { exact: (!any).then(|| scalar.text.to_string()), has: Vec::new(), at: Some(node.at) });
        }
        let mut expected = TextExpectation::default();
        for entry in self.fields(node, &keys::EXPECTED_ALERT, "a text or a map", "{ has: urgent }") {
            match &*entry.key.text {
                "text" | "say" => {
                    expected.exact = self.text(&entry.value, "a text", "Urgent").map(str::to_owned);
                    expected.at = Some(entry.value.at);
                }
                "has" => expected.has = self.texts(&entry.value),
                _ => {}
            }
        }
        Some(expected)
    }
}
