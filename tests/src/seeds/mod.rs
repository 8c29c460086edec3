//! What the fuzzer begins with, made by the house's own writers with keys of its own: whole documents of every kind, so that
//! mutation starts behind the first check. Nothing here is read from anywhere.

mod exchange;
mod pki;
mod plain;

pub use pki::Pki;

/// The target, a name among its seeds, and the bytes.
pub struct Seed {
    pub target: &'static str,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Collects seeds under the target that they are for.
#[derive(Default)]
pub struct Seeds(Vec<Seed>);

impl Seeds {
    fn add(&mut self, target: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push(Seed { target, name: name.into(), bytes: bytes.into() });
    }
}

/// All of them; keys are new each time.
pub fn all() -> Vec<Seed> {
    let (pki, mut seeds) = (Pki::new(), Seeds::default());
    plain::add(&mut seeds, &pki);
    exchange::add(&mut seeds, &pki);
    seeds.0
}
