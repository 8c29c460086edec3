//! The registers of the country over both databases: every data service, every refusal, the access log and its proofs.

mod corrections;
mod http;
mod own_data;
mod refusals;
mod views;

use crate::people::{Lists, seed_all};
use crate::{MIGRATIONS, Question, Reader, Refusal, Register, schema};
use base::{Algorithm, Date, Failure, ManualClock, SystemChance};
use host::keys::SoftKey;
use host::store::Store;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn country_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az")
}

/// One register on one database.
pub(crate) struct World {
    pub register: Arc<Register>,
    pub store: Store,
    pub clock: Arc<ManualClock>,
}

pub(crate) const NOW: &str = "2026-11-23T06:00:00Z";

pub(crate) fn today() -> Date {
    jiff::civil::date(2026, 11, 23)
}

async fn open(code: &str) -> Vec<World> {
    let mut worlds = Vec::new();
    for store in host::testing::stores(&[MIGRATIONS]).await {
        let schema = schema::load(&country_folder().join("registers").join(code)).expect("a sound register");
        let clock = Arc::new(ManualClock::at(NOW.parse().expect("an instant")));
        let key = Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
        let register = Register::open(store.clone(), schema, key, Arc::clone(&clock) as _, Arc::new(SystemChance));
        worlds.push(World { register, store, clock });
    }
    worlds
}

/// One register with nothing in it, on each database.
pub(crate) async fn empty(code: &str) -> Vec<World> {
    open(code).await
}

/// One register with the demo people (and nobody else) in it, on each database.
pub(crate) async fn worlds(code: &str) -> Vec<World> {
    let mut lists = Lists::load(&country_folder()).expect("the country's lists");
    lists.keep_only(code);
    let worlds = open(code).await;
    for world in &worlds {
        let registers = BTreeMap::from([(code.to_owned(), Arc::clone(&world.register))]);
        seed_all(&lists, &registers, 0, today()).await.expect("filled");
    }
    worlds
}

pub(crate) fn reader(purpose: &str, user: &str) -> Reader {
    Reader {
        client: "AZ/GOV/10002/employment".into(),
        user: Some(format!("PIN:{user}")),
        case_reference: Some("1.1-2026-000001".into()),
        purpose: Some(purpose.into()),
        message_id: "m-1".into(),
    }
}

pub(crate) fn question(service: &str, input: Json, reader: Reader) -> Question {
    Question { service: service.into(), input, reader }
}

impl World {
    pub async fn ask(&self, service: &str, input: Json, reader: Reader) -> Result<Json, Refusal> {
        match self.register.ask(&question(service, input, reader)).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(Failure::Failed(fault)) => panic!("{fault}"),
        }
    }

    pub async fn own(&self, service: &str, pin: &str, input: Json) -> Json {
        let mut input = input;
        input["pin"] = pin.into();
        let mut reader = reader("own-data", pin);
        reader.client = "AZ/GOV/10001/portal".into();
        reader.case_reference = None;
        self.ask(service, input, reader).await.expect("an answer")
    }

    pub async fn log(&self, pin: &str) -> Vec<Json> {
        self.own("accessLog", pin, json!({})).await["rows"].as_array().expect("rows").clone()
    }
}
