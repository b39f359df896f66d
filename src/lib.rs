//! Replyflow: two-way conversations over SMS and WhatsApp, self-hosted. See `ARCHITECTURE.md` for the map.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod flow;
pub mod history;
pub mod http;
pub mod layout;
pub mod provider;
pub mod reply;
pub mod service;
pub mod sink;
pub mod source;
pub mod store;
pub mod template;
pub mod testing;
