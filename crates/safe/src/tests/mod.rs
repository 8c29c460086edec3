//! The store's tests, on both databases.

mod checking;
mod erasing;
mod keeping;

use crate::{
    Document, Failure, Judge, Judgement, Key, NewDocument, PublicFacts, Refusal, Safe, Setup, VerificationCode,
};
use base::{Localized, ManualClock, SystemChance, clock};
use host::blobs::Blobs;
use host::keys::KeyDir;
use host::store::Store;
use host::testing::TempDir;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

const AYTEN: &str = "PIN:AYTEN01";
const TURAL: &str = "PIN:TURAL06";

/// Says "valid" of everything that begins with `signed`.
struct TestJudge;

impl Judge for TestJudge {
    fn judge<'a>(&'a self, container: &'a [u8]) -> Pin<Box<dyn Future<Output = Judgement> + Send + 'a>> {
        let valid = container.starts_with(b"signed");
        let reasons = if valid { vec![] } else { vec!["no_signature".into()] };
        Box::pin(async move { Judgement { valid, signers: vec![], signed_at: None, reasons } })
    }
}

struct World {
    safe: Safe,
    store: Store,
    clock: Arc<ManualClock>,
    dir: TempDir,
}

fn safe(store: &Store, dir: &TempDir, clock: &Arc<ManualClock>) -> Safe {
    let keys = KeyDir::open(&dir.path().join("keys")).expect("a folder of keys");
    Safe::new(Setup {
        store: store.clone(),
        blobs: Blobs::open(&dir.path().join("blobs")).expect("a folder of objects"),
        master: Key::master(&keys, &SystemChance).expect("a key"),
        judge: Arc::new(TestJudge),
        clock: clock.clone(),
        chance: Arc::new(SystemChance),
    })
}

async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for store in host::testing::stores(&[crate::MIGRATIONS]).await {
        let dir = TempDir::new();
        let clock = Arc::new(ManualClock::at(clock::from_micros(1_795_000_000_000_000)));
        worlds.push(World { safe: safe(&store, &dir, &clock), store, clock, dir });
    }
    worlds
}

fn decision(key: &str, owner: &str) -> NewDocument {
    let same = |text: &str| Localized { az: text.into(), en: text.into(), ru: text.into() };
    NewDocument {
        origin: "services",
        key: key.into(),
        owner: owner.into(),
        kind: "decision".into(),
        title: same("Qərar"),
        number: Some("1.1-000001".into()),
        issuer: same("Nazirlik"),
        issued_on: "2026-11-23".parse().expect("a date"),
        file_name: "qerar.asice".into(),
        media_type: "application/vnd.etsi.asic-e+zip".into(),
        case_reference: Some("1.1-000001".into()),
        public: Some(PublicFacts {
            code: VerificationCode::draw(&SystemChance),
            signer: "Leyla Həsənova".into(),
            content_sha256: Some(crate::verification::sha256(b"paper")),
        }),
        actor: "PIN:LEYLA03".into(),
    }
}

impl World {
    async fn put(&self, new: NewDocument, content: &[u8]) -> Result<Document, Failure> {
        let sealed = self.safe.seal(new, content).await?;
        let mut tx = self.store.begin().await?;
        let document = self.safe.put(&mut tx, &sealed).await?;
        tx.commit().await?;
        Ok(document)
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(base::Failure::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
