//! A small world for the store tests: registers that answer, refuse, stay silent or come back; a signing part, fees and an
//! e-Safe that remember what they were given.

use crate::{
    Services, Setup,
    catalogue::{Catalogue, load},
    ports::*,
    view::{ActingFor, Applicant, Official},
};
use base::{
    Clock, Failure, Fault, ManualClock, Pin, SeededChance, Timestamp,
    dataservice::{Answer, AskError, DataServices, Question},
};
use host::{
    blobs::Blobs,
    jobs::Worker,
    store::{Store, Tx},
    testing::TempDir,
};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    future::Future,
    path::Path,
    pin::Pin as Pinned,
    sync::{Arc, Mutex, OnceLock},
};

/// Monday morning in Baku.
pub const START: &str = "2026-11-23T05:00:00Z";

pub fn pin(text: &str) -> Pin {
    Pin::parse(text).expect("a PIN")
}

pub fn ayten() -> Applicant {
    Applicant { pin: pin("AYTEN01"), name: "Aytən Məmmədova".into(), company: None }
}

pub fn reshad() -> Applicant {
    let company = ActingFor { tin: "1400123451".into(), name: "“Xəzər Tikinti” MMC".into() };
    Applicant { pin: pin("RASHAD2"), name: "Rəşad Əliyev".into(), company: Some(company) }
}

pub fn leyla() -> Official {
    Official { pin: pin("LEYLA03"), name: "Leyla Həsənova".into(), agency: "10002".into(), position: None }
}

pub fn elchin() -> Official {
    Official {
        pin: pin("ELCHN04"),
        name: "Elçin Quliyev".into(),
        agency: "10006".into(),
        position: Some("Baş məsləhətçi".into()),
    }
}

/// How one register behaves, by the code of its data service.
#[derive(Clone)]
pub enum Mood {
    Answers(Json),
    Refuses,
    Silent,
}

#[derive(Default)]
pub struct Registers {
    pub moods: Mutex<BTreeMap<String, Mood>>,
    pub asked: Mutex<Vec<Question>>,
    pub now: Mutex<Option<Timestamp>>,
}

impl Registers {
    pub fn set(&self, service: &str, mood: Mood) {
        self.moods.lock().expect("whole").insert(service.to_owned(), mood);
    }

    /// The data services asked so far, by their codes.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("whole");
        asked.iter().map(|question| code(&question.service).to_owned()).collect()
    }
}

fn code(service: &str) -> &str {
    service.split('/').nth(4).expect("six parts")
}

impl DataServices for Registers {
    fn ask<'a>(&'a self, question: Question) -> Pinned<Box<dyn Future<Output = Result<Answer, AskError>> + Send + 'a>> {
        Box::pin(async move {
            let mood = self.moods.lock().expect("whole").get(code(&question.service)).cloned();
            let at = self.now.lock().expect("whole").expect("the world has set the time");
            let message_id = question.message_id.clone();
            self.asked.lock().expect("whole").push(question);
            match mood {
                Some(Mood::Answers(body)) => Ok(Answer { body, message_id, at }),
                Some(Mood::Refuses) => Err(AskError::Refused { code: "Server.NoSuchRecord".into(), text: "no".into() }),
                _ => Err(AskError::Unreachable(Fault::passing("ask", "no route"))),
            }
        })
    }
}

/// Signs with a certificate that is nothing but the signer's PIN; the signature value must be the digest backwards.
pub struct Cards;

impl SignDocuments for Cards {
    fn prepare<'a>(
        &'a self,
        files: &'a [FileToSign],
        certificate: &'a [u8],
        _at: Timestamp,
    ) -> PortFuture<'a, Result<Prepared, Failure<SignRefusal>>> {
        Box::pin(async move {
            if certificate.is_empty() {
                return Err(Failure::Refused(SignRefusal { code: "trust.certificate_malformed", status: 422 }));
            }
            Ok(Prepared { digest: digest(files), kept: certificate.to_vec() })
        })
    }

    fn complete<'a>(
        &'a self,
        files: &'a [FileToSign],
        kept: &'a [u8],
        signature: &'a [u8],
    ) -> PortFuture<'a, Result<SignedContainer, Failure<SignRefusal>>> {
        Box::pin(async move {
            if signature != signed(&digest(files)) {
                return Err(Failure::Refused(SignRefusal { code: "trust.signature_wrong", status: 422 }));
            }
            let bytes = files.iter().flat_map(|file| file.bytes.clone()).chain(signature.to_vec()).collect();
            Ok(SignedContainer {
                bytes,
                signer_name: "Signer".into(),
                signer_pin: String::from_utf8(kept.to_vec()).expect("a PIN"),
                signed_at: START.parse().expect("a time"),
            })
        })
    }
}

fn digest(files: &[FileToSign]) -> [u8; 32] {
    let all: Vec<u8> = files.iter().flat_map(|file| file.bytes.clone()).collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all);
    digest.as_ref().try_into().expect("32 bytes")
}

pub fn signed(digest: &[u8; 32]) -> Vec<u8> {
    digest.iter().rev().copied().collect()
}

#[derive(Default)]
pub struct Cashier {
    pub raised: Mutex<Vec<NewDebt>>,
    pub cancelled: Mutex<Vec<String>>,
    pub paid: Mutex<Option<Paid>>,
}

impl Fees for Cashier {
    fn raise<'a>(&'a self, _tx: &'a mut Tx, debt: NewDebt) -> PortFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            self.raised.lock().expect("whole").push(debt);
            Ok("0015-0000-0001".to_owned())
        })
    }

    fn paid<'a>(&'a self, _debt_code: &'a str) -> PortFuture<'a, Result<Option<Paid>, Fault>> {
        Box::pin(async move { Ok(self.paid.lock().expect("whole").clone()) })
    }

    fn cancel<'a>(&'a self, _tx: &'a mut Tx, code: &'a str, _at: Timestamp) -> PortFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.cancelled.lock().expect("whole").push(code.to_owned());
            Ok(())
        })
    }
}

#[derive(Default)]
pub struct Vault {
    pub deposited: Mutex<Vec<SafeDocument>>,
    drawn: Mutex<u32>,
}

impl Safe for Vault {
    fn draw_code(&self) -> String {
        let mut drawn = self.drawn.lock().expect("whole");
        *drawn += 1;
        format!("CODE{drawn:08}")
    }

    fn verification_address(&self, verification_code: &str) -> String {
        format!("http://127.0.0.1:8800/v/{verification_code}")
    }

    fn deposit(&self, document: SafeDocument) -> PortFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            self.deposited.lock().expect("whole").push(document);
            Ok(())
        })
    }
}

pub struct World {
    pub services: Services,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub registers: Arc<Registers>,
    pub cashier: Arc<Cashier>,
    pub vault: Arc<Vault>,
    worker: Worker,
    _blobs: TempDir,
}

fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    let country = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az");
    CATALOGUE.get_or_init(|| Arc::new(load(&country).expect("the country's folder is right"))).clone()
}

/// One world on SQLite and one on PostgreSQL.
pub async fn worlds() -> Vec<World> {
    let stores = host::testing::stores(&[crate::MIGRATIONS]).await;
    stores.into_iter().map(world).collect()
}

fn world(store: Store) -> World {
    let folder = TempDir::new();
    let clock = Arc::new(ManualClock::at(START.parse().expect("a time")));
    let registers = Arc::new(Registers::default());
    everything_answers(&registers);
    let (cashier, vault) = (Arc::new(Cashier::default()), Arc::new(Vault::default()));
    let services = Services::open(Setup {
        store: store.clone(),
        blobs: Blobs::open(folder.path()).expect("a folder"),
        catalogue: catalogue(),
        data: registers.clone(),
        signing: Arc::new(Cards),
        fees: cashier.clone(),
        safe: vault.clone(),
        clock: clock.clone(),
        chance: Arc::new(SeededChance::new(7)),
    });
    let worker = services.jobs(Worker::new(store.clone(), clock.clone()));
    let world = World { services, store, clock, registers, cashier, vault, worker, _blobs: folder };
    world.wait(0);
    world
}

fn everything_answers(registers: &Registers) {
    let month = |number: i64| json!({ "month": format!("2026-{number:02}"), "employer": "Nümunə", "qepik": "112000" });
    for (service, body) in [
        (
            "personByPin",
            json!({ "pin": "AYTEN01", "surname": "Məmmədova", "givenName": "Aytən", "patronymic": "Kamran qızı",
            "birthDate": "1991-03-08", "address": "Bakı, Şərifzadə küçəsi 42", "documentNumber": "AA3100451" }),
        ),
        ("contactByPin", json!({ "phone": "+994505550101", "email": "ayten.memmedova@poct.example" })),
        ("pensionStatus", json!({ "receivesPension": "false" })),
        ("entrepreneurStatus", json!({ "entrepreneur": "false" })),
        ("salaries", json!({ "rows": (1..=12).map(month).collect::<Vec<_>>(), "lastEmploymentEnd": "2026-10-31" })),
        (
            "companyByTin",
            json!({ "tin": "1400123451", "name": "“Xəzər Tikinti” MMC", "legalForm": "MMC",
            "registeredOn": "2011-05-04", "status": "active", "address": "Bakı", "directorPin": "RASHAD2" }),
        ),
        ("recordPermit", json!({ "number": "TI-2026-000001" })),
        ("requestCorrection", json!({ "reference": "C-1" })),
    ] {
        registers.set(service, Mood::Answers(body));
    }
}

pub fn typed(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect()
}

pub const IBAN: &str = "AZ55DEMO00000000000000100015";

impl World {
    pub fn wait(&self, seconds: i64) {
        self.clock.advance_s(seconds);
        *self.registers.now.lock().expect("whole") = Some(self.clock.now());
    }

    /// Runs every job that is due, and those that these leave.
    pub async fn run_jobs(&self) {
        while self.worker.run_due().await.expect("jobs run") > 0 {}
    }

    /// Service 1.1, filled in as far as the signature.
    pub async fn filled(&self) -> String {
        let who = ayten();
        let reference = self.services.start(&who, "1.1").await.expect("started");
        let work = typed(&[("occupation", "mühasib"), ("region", "baku"), ("ready", "yes")]);
        self.services.answer(&who, &reference, "you", &typed(&[])).await.expect("nothing to answer");
        self.services.answer(&who, &reference, "work", &work).await.expect("right answers");
        let payment = typed(&[("iban", IBAN), ("channel", "sms")]);
        self.services.answer(&who, &reference, "payment", &payment).await.expect("right answers");
        reference
    }

    pub async fn sign(&self, who: &Applicant, reference: &str) -> crate::view::CaseView {
        let services = &self.services;
        let asked = services.sign_request(who, reference, who.pin.as_str().as_bytes()).await.expect("prepared");
        services.sign_complete(who, reference, &asked.request, &signed(&asked.digest)).await.expect("signed")
    }

    pub async fn submitted(&self) -> String {
        let reference = self.filled().await;
        self.sign(&ayten(), &reference).await;
        reference
    }

    /// Service 15.1, filled in, signed, waiting for its fee.
    pub async fn permit_signed(&self) -> String {
        let (who, services) = (reshad(), &self.services);
        let reference = services.start(&who, "15.1").await.expect("started");
        for (step, answers) in [
            ("applicant", typed(&[])),
            ("site", typed(&[("region", "Bakı"), ("address", "Neftçilər prospekti 1"), ("plot", "")])),
            ("building", typed(&[("purpose", "dwelling"), ("category", "II"), ("floors", "9"), ("area", "12 500")])),
        ] {
            services.answer(&who, &reference, step, &answers).await.expect("right answers");
        }
        let drawing = b"AC1032\0\0drawing".to_vec();
        services.attach(&who, &reference, "drawings", "plan.dwg", drawing).await.expect("a drawing");
        services.attach(&who, &reference, "drawings", "plan.pdf", b"%PDF-1.7 plan".to_vec()).await.expect("a drawing");
        self.sign(&who, &reference).await;
        reference
    }

    pub fn fee(&self) -> Paid {
        let at = self.clock.now();
        Paid { at, amount: base::Money::from_qepik(110_000), receipt_number: "R-1".into() }
    }

    pub async fn sign_decision(&self, official: &Official, reference: &str) {
        let services = &self.services;
        let certificate = official.pin.as_str().as_bytes();
        let asked = services.decision_sign_request(official, reference, certificate).await.expect("prepared");
        let signature = signed(&asked.digest);
        services.decision_sign_complete(official, reference, &asked.request, &signature).await.expect("signed");
        services.decision_sign_complete(official, reference, &asked.request, &signature).await.expect("twice is once");
    }

    /// Takes and decides; the decision is signed.
    pub async fn decided(&self, official: &Official, reference: &str, approve: bool) {
        let services = &self.services;
        services.take(official, reference).await.expect("taken");
        let seen = services.official_case(official, reference).await.expect("seen").case.version;
        services.decide(official, reference, seen, approve, "Səbəb").await.expect("written");
        self.sign_decision(official, reference).await;
    }

    /// Number of rows that a count query gives.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.store.query_opt(sql, &[]).await.expect("counted").expect("a row").int("number")
    }
}

pub fn refused<T: std::fmt::Debug>(outcome: crate::Outcome<T>) -> crate::Refusal {
    match outcome.expect_err("refused") {
        Failure::Refused(refusal) => refusal,
        Failure::Failed(fault) => panic!("a fault, not a refusal: {fault}"),
    }
}
