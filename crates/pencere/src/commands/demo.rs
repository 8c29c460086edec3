//! `pencere demo`: the whole country on this machine, until it is told to end.

use crate::cli::Demo;
use crate::place::Place;
use crate::ports::Ports;
use crate::wiring::{self, Role, Running, Settings};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

pub async fn run(demo: Demo) -> Result<ExitCode, String> {
    let place = Place::open(&demo.data)?;
    let settings = Settings {
        country: demo.country,
        people: demo.people,
        ports: Ports::from_base(demo.port_base),
        stores: wiring::Stores::Files,
        tokens: Vec::new(),
    };
    run_until_told(Box::pin(wiring::start(&settings, &place, &Role::ALL)), |running| show(running, demo.json)).await
}

#[expect(clippy::print_stdout, reason = "the ready line is the command's answer")]
fn show(running: &Running, json: bool) {
    if json {
        println!("{}", running.ready());
    } else {
        println!("{}", running.greeting());
    }
}

/// Runs what `start` makes until Ctrl-C or the service manager's polite word. Both are heard from the beginning: whoever reads
/// that it is ready may end it at once, and a start that is told to end is given up; the next one goes on from there.
pub async fn run_until_told(
    start: impl Future<Output = Result<Running, String>>,
    ready: impl FnOnce(&Running),
) -> Result<ExitCode, String> {
    let listen = |kind| signal(kind).map_err(|cause| format!("signals cannot be received: {cause}"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let told = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::pin!(told);
    let running = tokio::select! {
        running = start => running?,
        () = &mut told => return Ok(ExitCode::SUCCESS),
    };
    ready(&running);
    told.await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
