//! What people can set off in a run: small flows, each for one thing that must survive everything, and the words that begin
//! them.

use super::shared::broken;
use bytes::Bytes;
use replyflow::config::project::Project;
use replyflow::domain::id::{ContactKey, Token, VersionId};
use replyflow::domain::input::{Accepted, Input};
use replyflow::domain::message::DeliveryStatus;
use replyflow::domain::name::Slug;
use replyflow::domain::time::Millis;
use replyflow::engine::record::Record;
use replyflow::engine::{Context, TurnError, TurnOutput, is_priority, turn};
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::parse_context;
use replyflow::flow::version::{SourceFile, assemble};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What people write, by weight.
pub const TEXTS: [(u32, &str); 11] = [
    (8, "hello"),
    (5, "call"),
    (4, "wait"),
    (4, "many"),
    (3, "tell"),
    (2, "agent"),
    (4, "route"),
    (1, "HELP"),
    (2, "STOP"),
    (2, "START"),
    (1, "panic"),
];

/// A question that is answered, or not, or does not arrive.
const CHAT: &str = r#"
flow: chat
title: A short conversation
languages: [en]
start:
  - message: any
begin: open
states:
  open:
    say: Hello.
    ask: What can we do for you?
    answer: text
    save: wish
    go:
      ok: thank
      silence: { after: 20s, say: Are you still there?, end: silent }
      undelivered: { end: undelivered }
  thank:
    say: "You wrote {{ wish }}."
    end: done
"#;

/// A call, behind which replies wait.
const CALL: &str = r#"
flow: order
title: A call to another system
languages: [en]
start:
  - keyword: [call, call *]
begin: look
states:
  look:
    say: One moment.
    call: { api: shop, get: /orders/1, timeout: 2s, retry: 2 }
    go:
      ok: { say: It is on its way., end: done }
      failed: { say: We cannot see it now., end: failed }
"#;

/// Time that passes.
const WAIT: &str = r#"
flow: later
title: An answer that comes later
languages: [en]
start:
  - keyword: [wait, wait *]
begin: first
states:
  first:
    say: Later.
    wait: 30s
    go: second
  second:
    say: Now.
    end: done
"#;

/// Several messages at once.
const MANY: &str = r#"
flow: many
title: Several messages
languages: [en]
start:
  - keyword: [many, many *]
begin: first
states:
  first:
    say: [One., Two., Three., Four.]
    end: done
"#;

/// An event from outside, and one that a flow makes of it.
const SHIPPED: &str = r#"
flow: shipped
title: An order was shipped
languages: [en]
start:
  - event: order.shipped
    contact: "{{ event.phone }}"
  - keyword: [tell, tell *]
begin: first
states:
  first:
    do:
      - say: It was shipped.
      - emit: { event: order.noticed, data: { phone: "{{ contact.phone }}" } }
    end: done
"#;

/// What the flow above sets off.
const NOTICED: &str = r#"
flow: noticed
title: Somebody noticed
languages: [en]
start:
  - event: order.noticed
    contact: "{{ event.phone }}"
begin: first
states:
  first:
    say: You noticed.
    end: done
"#;

/// Several events in one message.
const BATCH: &str = r#"
flow: batch
title: What was shipped lately
languages: [en]
start:
  - event: order.shipped
    contact: "{{ event.phone }}"
    key: batch
begin: collect
states:
  collect:
    digest: { event: order.shipped, for: 40s, max: 3, extend: 15s }
    save: all
    go: tell
  tell:
    say: "Shipped of late: {{ len(all) }}"
    end: told
"#;

/// A conversation that a person takes over, or nobody does.
const AGENT: &str = r#"
flow: agent
title: A person
languages: [en]
start:
  - keyword: [agent, agent *]
begin: hand
states:
  hand:
    handoff: { to: help, say: Somebody comes. }
    save: note
    go:
      ok: { say: "They said: {{ note }}", end: handled }
      silence: { after: 25s, say: Nobody came., end: unattended }
"#;

/// A message along its route, whose reports come late, twice or never, and a word that goes on when its run is over.
const ROUTED: &str = r#"
flow: routed
title: Something that must arrive
languages: [en]
start:
  - keyword: [route, route *]
begin: first
states:
  first:
    do:
      - notify: paid
    deliver: { notify: paid, until: delivered, within: 40s }
    go:
      ok: { say: It arrived., end: done }
      undelivered: { say: It did not arrive., end: lost }
"#;

/// What it sends.
const PAID: &str = r#"
notification: paid
route: [sms, whatsapp]
until: delivered
within: 20s
text: It is paid.
whatsapp: { approved: { name: paid, languages: { en: en } } }
"#;

/// The content of a flow, as it is published.
pub struct Content {
    pub name: Slug,
    pub version: VersionId,
    pub bytes: Bytes,
}

/// The flows, compiled.
pub struct Flows {
    pub catalog: Catalog,
    pub contents: Vec<Content>,
    /// Another version of one of them.
    pub other: Content,
}

impl Flows {
    /// The version that is published when this one is current.
    pub fn instead_of(&self, current: VersionId) -> &Content {
        let first = self.contents.iter().find(|content| content.name == self.other.name);
        first.filter(|_| current == self.other.version).unwrap_or(&self.other)
    }
}

/// The flows, the same for every run.
pub fn flows(project: &Project) -> &'static Flows {
    static FLOWS: OnceLock<Flows> = OnceLock::new();
    FLOWS.get_or_init(|| compiled(project))
}

fn compiled(project: &Project) -> Flows {
    let context = parse_context(project);
    let paid = SourceFile { file: "paid.yaml".to_owned(), text: PAID.trim_start().to_owned() };
    let notifications = BTreeMap::from([(Slug::parse("paid").expect("a slug"), paid)]);
    let compile = |name: &str, text: &str| {
        let source = SourceFile { file: format!("{name}.yaml"), text: text.trim_start().to_owned() };
        let assembled = assemble(&source, &notifications, &BTreeMap::new(), &context);
        let flow = assembled.flow.unwrap_or_else(|| panic!("{name}: {:#?}", assembled.diagnostics));
        let bytes = Bytes::from(assembled.version.expect("of a flow without mistakes").encode());
        let content = Content { name: Slug::parse(name).expect("a slug"), version: flow.version, bytes };
        (flow, content)
    };
    let (flows, contents): (Vec<_>, Vec<_>) = [
        ("chat", CHAT),
        ("order", CALL),
        ("later", WAIT),
        ("many", MANY),
        ("shipped", SHIPPED),
        ("noticed", NOTICED),
        ("batch", BATCH),
        ("agent", AGENT),
        ("routed", ROUTED),
    ]
    .into_iter()
    .map(|(name, text)| compile(name, text))
    .unzip();
    let (_, other) = compile("later", &WAIT.replace("say: Now.", "say: At last."));
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    Flows { catalog: Catalog::new(flows, &current), contents, other }
}

/// The engine, with a flaw: there is a word that it cannot bear.
pub fn engine(
    context: &Context<'_>,
    record: &mut Record,
    token: Token,
    contact: ContactKey,
    accepted: Option<&Accepted>,
    now: Millis,
) -> Result<TurnOutput, TurnError> {
    if let Some(Accepted { input: Input::Message(message), .. }) = accepted {
        if record.hold() && !is_priority(message, context.catalog.languages()) {
            broken("a reply is worked on while a call is pending");
        }
        if message.text.starts_with("panic") {
            // As a panic does, without a word on the terminal.
            std::panic::resume_unwind(Box::new("the message asks for it"));
        }
    }
    let out = turn(context, record, token, contact, accepted, now);
    for errand in &record.errands {
        let of_it = record.tracked.iter().filter(|message| message.errand == Some(errand.id));
        if of_it.clone().any(|message| matches!(message.status, DeliveryStatus::Delivered | DeliveryStatus::Read)) {
            broken("a notification goes on along its route although it arrived");
        }
        if of_it.count() > 2 {
            broken("a route of two places has sent a third message");
        }
    }
    out
}
