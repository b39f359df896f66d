//! One conversation with the engine, as the service has it: the record is read before each turn and written after it.

use super::flows;
use replyflow::config::project::Project;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::address::{Address, E164};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, Token};
use replyflow::domain::input::{Accepted, Input};
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::mode::Mode;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::{Millis, Span};
use replyflow::engine::record::Record;
use replyflow::engine::{Context, TurnOutput, turn};
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use replyflow::flow::version::SourceFile;

/// A project with one SMS channel.
pub fn project() -> Project {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("replyflow.toml");
    std::fs::write(&file, "[project]\ncountry = \"GB\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n")
        .expect("a project");
    Settings::load(Some(&file), &Environment::new(), Secrets::Tolerated).unwrap_or_else(|e| panic!("{e}")).project
}

/// Reads and checks a flow as `serve` does, and publishes it.
pub fn load(project: &Project, name: &str, yaml: &str) -> Catalog {
    let mut sources = Sources::default();
    let source = SourceFile { file: format!("flows/{name}.yaml"), text: yaml.to_owned() };
    sources.flows.insert(name.to_owned(), source);
    let checked = check_project(&sources, project);
    assert_eq!(checked.errors(), 0, "{:#?}", checked.diagnostics);
    let current: Vec<_> = checked.flows.values().map(|(flow, _)| flow.version).collect();
    Catalog::new(checked.flows.into_values().map(|(flow, _)| flow), &current)
}

/// One input of the conversation with what it met.
pub struct Step {
    /// The record before, as it is stored.
    pub stored: Vec<u8>,
    /// The input.
    pub accepted: Accepted,
    /// The token after it.
    pub token: Token,
    /// When.
    pub now: Millis,
}

/// A contact in the middle of a conversation.
pub struct Talk<'a> {
    context: Context<'a>,
    contact: ContactKey,
    stored: Vec<u8>,
    token: Token,
    now: Millis,
    messages: usize,
}

impl<'a> Talk<'a> {
    /// A contact of whom nothing is known.
    pub fn new(catalog: &'a Catalog, project: &'a Project) -> Self {
        let contact = ContactKey::derive(b"bench", "+447700900123");
        let context = Context { catalog, project, barred: &replyflow::domain::suppression::NOT_BARRED };
        let stored = codec::encode(&Record::default());
        Talk { context, contact, stored, token: Token(1), now: Millis(1_767_225_600_000), messages: 0 }
    }

    /// A conversation that the flow's keyword has begun.
    pub fn begin(catalog: &'a Catalog, project: &'a Project, flow: &str) -> Self {
        let mut talk = Talk::new(catalog, project);
        let out = talk.say(flow);
        assert_eq!(out.effects.len(), 1, "the flow asks its first question");
        talk
    }

    /// Answers so many questions.
    pub fn answer(&mut self, answers: usize) {
        for n in 0..answers {
            let out = self.say(flows::answer(n));
            assert_eq!(out.effects.len(), 1, "an answer is followed by the next question");
        }
    }

    /// The next answers, each with the record that it meets; as many as it takes to come round once.
    pub fn round(&mut self, already: usize) -> Vec<Step> {
        self.steps((0..4).map(|i| flows::answer(already + i)))
    }

    /// These messages, each with the record that it meets.
    pub fn steps<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Vec<Step> {
        let step = |text| {
            let step = self.step(text);
            self.take(&step);
            step
        };
        texts.into_iter().map(step).collect()
    }

    fn say(&mut self, text: &str) -> TurnOutput {
        let step = self.step(text);
        self.take(&step)
    }

    fn take(&mut self, step: &Step) -> TurnOutput {
        let (stored, out) = self.run(step);
        (self.stored, self.token, self.now) = (stored, step.token, step.now);
        self.messages += 1;
        out
    }

    fn step(&self, text: &str) -> Step {
        let id = format!("SM{:032x}", self.messages);
        // Slowly enough for a person: above the limit of messages a minute nothing would be answered.
        let now = self.now + Span::seconds(10);
        let message = Inbound {
            channel: ChannelName::parse("main-sms").expect("a name"),
            kind: ChannelKind::Sms,
            from: Address::Phone(E164::parse("+447700900123").expect("a number")),
            user_id: None,
            id: id.clone(),
            at: None,
            text: text.to_owned(),
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        let id = InputId::of(DedupeHash::of(&["main-sms", &id]));
        let accepted = Accepted { id, at: now, mode: Mode::Live, input: Input::Message(Box::new(message)) };
        Step { stored: self.stored.clone(), accepted, token: self.token.after(&[id]), now }
    }

    /// What is measured: the record read, the turn, the record written.
    pub fn run(&self, step: &Step) -> (Vec<u8>, TurnOutput) {
        let mut record: Record = codec::decode(&step.stored).expect("our own record");
        let out = turn(&self.context, &mut record, step.token, self.contact, Some(&step.accepted), step.now);
        (codec::encode(&record), out.expect("a turn"))
    }
}
