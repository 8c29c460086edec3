//! HTTP stories: a browser without JavaScript against the whole window, the parts real, what lies beyond them (registers, card,
//! bank, log-in) played by stand-ins that answer as the real ones do.

mod beyond;
mod browser;
mod citizen;
mod desk;
mod protection;
mod public;
mod world;
