//! `replyflow admin`: what concerns the store as a whole.

mod backup;
mod check;
mod contacts;
mod drain;
mod flow;
mod stuck;
mod transfer;

use super::arguments::Admin;
use super::{Project, Stop};

pub(super) fn run(project: &Project, command: &Admin) -> Result<(), Stop> {
    match command {
        Admin::Backup(asked) => backup::make(project, asked),
        Admin::Restore(asked) => backup::put_back(project, asked),
        Admin::Contacts(asked) => contacts::run(project, asked),
        Admin::Stuck(asked) => stuck::run(project, asked),
        Admin::Drain(asked) => drain::run(project, asked),
        Admin::Flow { command } => flow::run(project, command),
        Admin::Check(asked) => check::run(project, asked),
        Admin::Move(asked) => transfer::run(project, asked),
    }
}
