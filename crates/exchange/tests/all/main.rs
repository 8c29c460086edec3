//! Stories of the exchange over real sockets: two servers, a central server, an authority, an information system.

mod archives;
mod asking;
mod attachments;
mod attacks;
mod batches;
mod configuration;
mod failures;
mod federation;
mod forged;
mod hostile;
mod logs;
mod management;
mod metadata;
mod monitoring;
mod office;
mod peers;
mod refusals;
mod registering;
mod relay;
mod rest;
mod rights;
mod simulation;
mod streaming;
mod wire;
mod world;
