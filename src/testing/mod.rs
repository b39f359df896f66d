//! Conversation tests: the engine in a virtual world with a clock that is moved by hand, faked HTTP and faked delivery.
//! `replyflow test`, `replyflow chat` and the tests of the documentation all run on this.

pub mod chat;
pub mod coverage;
mod expect;
pub mod explore;
mod fake_http;
mod mismatch;
mod names;
mod outgoing;
mod play;
mod read;
mod read_fakes;
mod read_steps;
pub mod replay;
pub mod rewrite;
mod script;
mod stage;
pub mod transcript;
pub mod understanding;
pub mod why;
mod world;

pub use fake_http::{Answers, Fake, FakeAnswer, Fakes};
pub use mismatch::Difference;
pub use names::{Surroundings, check_script};
pub use outgoing::Outgoing;
pub use play::{CaseResult, Failure, Texts, play};
pub use read::read_script;
pub use script::{BotExpectation, Case, ContactGiven, Given, Script, Step, UserSays};
pub use world::{Reports, World, WorldError};
