//! The measurements of the exchange beside a floor of the same run: CPU by process accounting, latency, memory. Printed as
//! measured, and never a test. Run through `cargo xtask bench exchange [--json]`.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod authority;
mod country;
mod floor;
mod load;
mod logged;
mod measure;
mod process;
mod question;
mod row;
mod rows;
mod soak;
mod stream;
mod world;

use std::path::Path;
use std::process::ExitCode;

/// As in the product.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["role", role, file] => serve(role, Path::new(file)).await,
        ["soak", options @ ..] => return soaked(soak::run(&soak::Options::read(options)).await),
        options => rows::measure_all(&rows::Options::read(options)).await,
    }
    ExitCode::SUCCESS
}

fn soaked(outcome: Result<String, String>) -> ExitCode {
    let succeeded = outcome.is_ok();
    println!("{}", outcome.unwrap_or_else(|why| format!("FAILED: {why}")));
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One of the measured processes.
async fn serve(role: &str, file: &Path) {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let specification = std::fs::read(file).expect("a specification");
    let world = || serde_json::from_slice::<world::World>(&specification).expect("a world");
    match role {
        "a" | "b" => floor::serve(serde_json::from_slice(&specification).expect("a floor"), role).await,
        "echo" => world().serve_echo().await,
        "world" => Box::pin(world().serve()).await,
        "asker" => Box::pin(world().serve_security_server("asker")).await,
        "keeper" => Box::pin(world().serve_security_server("keeper")).await,
        "asking" => soak::ask_until_told(world()).await,
        other => panic!("there is no role {other}"),
    }
}
