//! `replyflow admin`: what concerns the store as a whole.

mod backup;
mod check;
mod transfer;

use super::arguments::Admin;
use super::{Project, Stop};

pub(super) fn run(project: &Project, command: &Admin) -> Result<(), Stop> {
    match command {
        Admin::Backup(asked) => backup::make(project, asked),
        Admin::Restore(asked) => backup::put_back(project, asked),
        Admin::Check(asked) => check::run(project, asked),
        Admin::Move(asked) => transfer::run(project, asked),
    }
}
