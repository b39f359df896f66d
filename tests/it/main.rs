//! All integration tests in one binary, so that the service is linked once.

mod checker;
mod cli;
mod conformance;
mod documentation;
mod embedded_store;
mod end_to_end;
mod expressions;
mod files;
mod flow_files;
mod hostile_replies;
mod http_api;
mod http_hooks;
mod kill;
mod layers;
mod moving_time;
mod questions;
mod redis_store;
mod reload;
mod replies;
mod samples;
mod service;
mod simulation;
mod support;
mod test_command;
mod understanding;
mod vectors;
