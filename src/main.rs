//! The binary: what a process needs before anything else, then the command.

use clap::Parser as _;
use replyflow::cli;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::arguments::Arguments::parse();
    // Only the first provider of cryptography can be installed, and this is the first thing that a process does.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run(arguments)
}
