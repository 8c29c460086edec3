//! Joins monitoring's port to the parts' records: counts over the portal operator's store, facts of the catalogue, traffic and
//! registers. Only counts leave here. A fact that nobody keeps records of stays unanswered, which is "no data".

mod catalogue;
mod counts;
mod exchange;
mod window;

#[cfg(test)]
mod tests;

pub use catalogue::{CatalogueFacts, register_of_services};
pub use exchange::{RegisterRecords, Traffic};
pub use window::WindowRecords;

use host::store::Store;
use monitor::{Methodology, Sources};
use services::catalogue::Catalogue;
use std::{collections::BTreeSet, sync::Arc};

/// Everything that this process can count from.
pub struct Records {
    /// The portal operator's store.
    pub window: Store,
    pub catalogue: Arc<Catalogue>,
    /// Codes of the agencies on the exchange.
    pub members: BTreeSet<String>,
    /// Stores of the security servers in this process.
    pub servers: Vec<Store>,
    /// Stores of the registers in this process, by the identifier of their subsystem.
    pub registers: Vec<(String, Store)>,
}

/// All sources of facts, asked in this order.
pub fn sources(records: Records, methodology: &Methodology) -> Sources {
    let origins = methodology.origins.register.clone();
    Sources::default()
        .with(WindowRecords(records.window))
        .with(CatalogueFacts { catalogue: records.catalogue, members: records.members })
        .with(Traffic { servers: records.servers, registers: origins.clone() })
        .with(RegisterRecords { stores: records.registers, registers: origins })
}
