//! The data exchange between agencies: security servers, the central server that tells who is a member, the message log and
//! the monitoring of traffic. Wire-compatible with the field's programs (docs/EXCHANGE.md); knows no agency by name.

pub mod archive;
pub mod body;
pub mod central;
pub mod certificates;
pub mod client;
pub mod configuration;
pub mod country;
pub mod fault;
mod known;
pub mod management;
pub mod messagelog;
pub mod operator;
pub mod opmonitor;
pub mod server;
pub mod setup;

use host::store::Migration;

/// The tables of a security server's store.
pub const SERVER_MIGRATIONS: &[&[Migration]] =
    &[messagelog::MIGRATIONS, opmonitor::MIGRATIONS, server::CLIENT_MIGRATIONS];
/// The tables of the central server's store.
pub const CENTRAL_MIGRATIONS: &[&[Migration]] = &[central::MIGRATIONS];
