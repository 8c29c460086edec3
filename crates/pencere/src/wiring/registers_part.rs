//! The registers: each one's store, schema and log key, filled at the first start, each behind an address of its own.

use super::{Stores, World};
use crate::place::Place;
use crate::ports::Ports;
use base::Algorithm;
use formats::identifier::ClientId;
use host::keys::KeyDir;
use host::store::Store;
use registers::people::{Lists, seed_all};
use registers::{Register, Schema};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub struct Registers {
    /// By subsystem code, in the order of their ports.
    pub all: BTreeMap<String, Arc<Register>>,
    stores: Vec<(String, Store)>,
}

impl Registers {
    pub async fn open(
        place: &Place,
        stores: &Stores,
        world: &World,
        schemas: BTreeMap<String, Schema>,
    ) -> Result<Registers, String> {
        let keys = KeyDir::open(&place.room("keys")?.join("registers")).map_err(|fault| fault.to_string())?;
        let trusted = place.room("trusted")?;
        let (mut all, mut kept) = (BTreeMap::new(), Vec::new());
        for (code, schema) in schemas {
            let store = stores.open(place, &format!("register-{code}"), &[registers::MIGRATIONS]).await?;
            let signer = keys.load_or_create(&code, Algorithm::EcdsaP256Sha256).map_err(|fault| fault.to_string())?;
            kept.push((schema.identifier.clone(), store.clone()));
            let register = Register::open(store, schema, signer, world.clock.clone(), world.chance.clone());
            let file = trusted.join(format!("log-{code}.der"));
            std::fs::write(&file, register.log_key_der()).map_err(|cause| format!("{}: {cause}", file.display()))?;
            all.insert(code, register);
        }
        Ok(Registers { all, stores: kept })
    }

    /// Their stores, for counting.
    pub fn stores(&self) -> Vec<(String, Store)> {
        self.stores.clone()
    }

    /// Fills what is empty.
    pub async fn fill(&self, lists: &Lists, people: u32, world: &World) -> Result<(), String> {
        let today = world.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let count = usize::try_from(people).map_err(|_| "too many people".to_owned())?;
        seed_all(lists, &self.all, count, today).await.map(drop).map_err(|fault| fault.to_string())
    }

    /// Where each register's information system answers, for the security server in front of it.
    pub fn addresses(schemas: &BTreeMap<String, Schema>, ports: Ports) -> Result<HashMap<ClientId, String>, String> {
        let mut addresses = HashMap::new();
        for (index, schema) in (0_u16..).zip(schemas.values()) {
            let id = ClientId::parse(&schema.identifier);
            let id = id.ok_or_else(|| format!("{} is not the identifier of a subsystem", schema.identifier))?;
            addresses.insert(id, format!("http://127.0.0.1:{}", ports.register(index)));
        }
        Ok(addresses)
    }
}
