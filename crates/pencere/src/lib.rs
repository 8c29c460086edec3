//! The one binary's inside: the command line, the data directory, the wiring that joins the rooms, and the tour. No rule of
//! any part lives here.

pub mod cli;
mod commands;
pub mod place;
pub mod ports;
pub mod tour;
pub mod wiring;

use cli::{Cli, Command};
use std::process::ExitCode;

/// Runs the command; what it has to say on failure is one sentence on standard error.
pub fn run(cli: Cli) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&format!("the runtime did not start: {cause}")),
    };
    let outcome = runtime.block_on(async {
        match cli.command.unwrap_or(Command::Demo(cli.demo)) {
            Command::Demo(demo) => commands::demo::run(demo).await,
            Command::Serve(serve) => commands::serve::run(serve).await,
            Command::Tour(tour) => commands::tour::run(tour).await,
            Command::Verify(verify) => commands::verify::run(&verify),
            Command::Unseal(unseal) => commands::unseal::run(&unseal),
            Command::Central(central) => commands::central::run(central).await,
            Command::Check(check) => commands::check::run(&check).await,
            Command::Score(score) => commands::score::run(score).await,
        }
    });
    match outcome {
        Ok(code) => code,
        Err(sentence) => fail(&sentence),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn fail(sentence: &str) -> ExitCode {
    eprintln!("pencere: {sentence}");
    ExitCode::FAILURE
}

/// Warnings and errors; a country that is well is silent. The lines carry no personal data (STYLE.md).
fn log_to_stderr() {
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).finish();
    // A second call in the same process (tests) keeps the first.
    let _already = tracing::subscriber::set_global_default(lines);
}
