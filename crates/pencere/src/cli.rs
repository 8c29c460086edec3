//! The command line: one struct a command. The README's list of commands is checked against this.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// One window to government: a country's digital state in one binary.
#[derive(Debug, Parser)]
#[command(name = "pencere", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub demo: Demo,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the whole demo country on this machine (what happens without a command).
    Demo(Demo),
    /// Run chosen parts as a process of their own.
    Serve(Serve),
    /// Walk the journeys without a browser and check what must be true at the end.
    Tour(Tour),
    /// Judge a signed document, a message container or a log proof offline; exit 0 valid, 1 not.
    Verify(Verify),
    /// Open sealed archives of a message log, for an auditor.
    Unseal(Unseal),
    /// The operator's desk of the exchange's central server: anchors, partners, keys, registrations.
    Central(Central),
    /// Validate configuration, country folder, migrations, templates and links.
    Check(Check),
    /// Print the results of the country's own monitoring method.
    Score(Score),
}

#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Where all state lives; made at the first start, resumed at the next.
    #[arg(long, default_value = "./pencere-data", value_name = "DIR")]
    pub data: PathBuf,
    /// The country folder.
    #[arg(long, default_value = "countries/az", value_name = "DIR")]
    pub country: PathBuf,
    /// Size of the generated population at the first start.
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub people: u32,
    /// First of the ports that the country uses.
    #[arg(long, default_value_t = 8800, value_name = "P", value_parser = clap::value_parser!(u16).range(1024..=65_400))]
    pub port_base: u16,
    /// Print the ready line as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The parts to run, separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "ROLE")]
    pub role: Vec<crate::wiring::Role>,
    /// The configuration file (docs/CONFIGURATION.md).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Tour {
    /// The journeys to walk, separated by commas; all without it.
    #[arg(long, value_delimiter = ',', value_name = "J01,…")]
    pub journey: Vec<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Walk in the running country that uses this data directory, instead of a fresh temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The country folder.
    #[arg(long, default_value = "countries/az", value_name = "DIR")]
    pub country: PathBuf,
    /// Size of the fresh country's population.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub people: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// A signed document or message container (.asice), an archive of containers (.zip, or .zip.sealed where the keys are), or
    /// a log proof (.json).
    pub file: PathBuf,
    /// Folder of trusted certificates and log keys, or a global configuration; without it those of the data directory.
    #[arg(long, value_name = "DIR")]
    pub trust: Option<PathBuf>,
    #[arg(long, default_value = "./pencere-data", value_name = "DIR")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Unseal {
    /// Archives as a security server sealed them (.zip.sealed).
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the plain zips go.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub to: PathBuf,
    /// The folder of the server's keys, for example from a backup; without it every server's of the data directory are tried.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    #[arg(long, default_value = "./pencere-data", value_name = "DIR")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Central {
    #[command(subcommand)]
    pub task: CentralTask,
    /// The data directory of the country.
    #[arg(long, global = true, default_value = "./pencere-data", value_name = "DIR")]
    pub data: PathBuf,
    /// The country folder.
    #[arg(long, global = true, default_value = "countries/az", value_name = "DIR")]
    pub country: PathBuf,
    /// The configuration file of a country that `serve` runs: it says where data, country folder and stores are.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum CentralTask {
    /// Write the anchor by which members trust this instance, and print its hash.
    Anchor {
        /// The anchor for partners: other instances that are to be federated with this one.
        #[arg(long)]
        external: bool,
        /// The folder that it is written to.
        #[arg(long, default_value = ".", value_name = "DIR")]
        to: PathBuf,
    },
    /// List the instances that this one is federated with.
    Partners,
    /// Federate with the instance whose external anchor this is.
    Trust {
        file: PathBuf,
        /// The hash that the partner told you, by another way than the file came.
        #[arg(long, value_name = "HASH")]
        hash: Option<String>,
    },
    /// End the federation with an instance.
    Forget { instance: String },
    /// List the management requests of security servers, the newest first.
    Requests {
        /// Also those that do not wait for a decision.
        #[arg(long)]
        all: bool,
    },
    /// Say yes to a registration that waits.
    Approve { number: i64 },
    /// Say no to a registration that waits.
    Decline { number: i64 },
    /// List the keys that sign the configuration.
    Keys,
    /// First step of a rotation: make a new key and publish that it will sign.
    AnnounceKey { purpose: KeyPurpose },
    /// Second step, when no configuration counts that was published before the first: the announced key signs.
    ActivateKey {
        /// The key as `keys` lists it, or its beginning.
        key: String,
    },
    /// Last step: the key is trusted no more.
    RetireKey {
        /// The key as `keys` lists it, or its beginning.
        key: String,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum KeyPurpose {
    /// Signs the configuration for members.
    Internal,
    /// Signs the configuration for partners.
    External,
}

#[derive(Debug, Clone, Args)]
pub struct Check {
    /// The country folder.
    #[arg(long, default_value = "countries/az", value_name = "DIR")]
    pub country: PathBuf,
    /// A configuration file for `serve`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct Score {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// The running or stopped country whose evidence is scored.
    #[arg(long, default_value = "./pencere-data", value_name = "DIR")]
    pub data: PathBuf,
    /// The country folder.
    #[arg(long, default_value = "countries/az", value_name = "DIR")]
    pub country: PathBuf,
}
