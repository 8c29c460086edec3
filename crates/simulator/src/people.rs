//! The demo people's cards and phones: four keys a person (card and phone, each with one for log-in and one for signatures),
//! in files of their own, with certificates from the trust services.

use base::{Algorithm, Fault, Lang, Localized, Pin, Signer};
use host::{args, keys::KeyDir, store::Store};
use std::{collections::BTreeMap, future::Future, path::Path, sync::Arc};

/// Somebody who has a card and a phone.
#[derive(Debug, Clone)]
pub struct Person {
    pub pin: Pin,
    pub given_name: String,
    pub surname: String,
    /// E.164: `+994501234567`.
    pub phone: String,
    /// The language of the person's own phone.
    pub lang: Lang,
    /// Who this is in the demo: "unemployed since last month".
    pub about: Localized,
}

impl Person {
    /// `+994 50 123 45 67`; numbers of other lengths as they are.
    pub fn phone_display(&self) -> String {
        let parts = [0..4, 4..6, 6..9, 9..11, 11..13].map(|part| self.phone.get(part));
        let national = self.phone.starts_with("+994") && self.phone.len() == 13;
        let grouped: Option<Vec<&str>> = parts.into_iter().collect();
        grouped.filter(|_| national).map_or_else(|| self.phone.clone(), |parts| parts.join("\u{a0}"))
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.surname)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Device {
    Card,
    Phone,
}

impl Device {
    pub fn word(self) -> &'static str {
        match self {
            Device::Card => "card",
            Device::Phone => "phone",
        }
    }
}

/// What a key is for; each has its own code (PIN1, PIN2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Authentication,
    Signature,
}

impl Purpose {
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Authentication => "authentication",
            Purpose::Signature => "signature",
        }
    }
}

/// A certificate that is wanted of the trust services.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub person: Person,
    pub device: Device,
    pub purpose: Purpose,
    /// SubjectPublicKeyInfo, DER.
    pub public_key_der: Vec<u8>,
}

/// A key in a chip, with its certificate.
#[derive(Clone)]
pub struct Chip {
    pub signer: Arc<dyn Signer>,
    pub certificate: Vec<u8>,
}

/// Everybody, in the order given, with their chips.
pub struct People {
    people: Vec<Person>,
    chips: BTreeMap<(String, Device, Purpose), Chip>,
}

const KINDS: [(Device, Purpose); 4] = [
    (Device::Card, Purpose::Authentication),
    (Device::Card, Purpose::Signature),
    (Device::Phone, Purpose::Authentication),
    (Device::Phone, Purpose::Signature),
];

impl People {
    /// Loads keys and certificates, and has issued what is missing. `keys` gets one folder per person.
    pub async fn load_or_issue<I, W>(
        store: &Store,
        keys: &Path,
        people: Vec<Person>,
        issue: I,
    ) -> Result<Arc<People>, Fault>
    where
        I: Fn(Wanted) -> W,
        W: Future<Output = Result<Vec<u8>, Fault>>,
    {
        let mut chips = BTreeMap::new();
        KeyDir::open(keys)?;
        for person in &people {
            let folder = KeyDir::open(&keys.join(person.pin.as_str()))?;
            for (device, purpose) in KINDS {
                let name = format!("{}-{}", device.word(), purpose.word());
                let signer = folder.load_or_create(&name, Algorithm::EcdsaP256Sha256)?;
                let certificate = match issued(store, person, device, purpose).await? {
                    Some(certificate) => certificate,
                    None => {
                        let public_key_der = signer.public_key_der().to_vec();
                        let wanted = Wanted { person: person.clone(), device, purpose, public_key_der };
                        let certificate = issue(wanted).await?;
                        keep(store, person, device, purpose, &certificate).await?;
                        certificate
                    }
                };
                let chip = Chip { signer, certificate };
                chips.insert((person.pin.as_str().to_owned(), device, purpose), chip);
            }
        }
        Ok(Arc::new(People { people, chips }))
    }

    pub fn all(&self) -> &[Person] {
        &self.people
    }

    pub fn by_pin(&self, pin: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.pin.as_str() == pin)
    }

    pub fn by_phone(&self, phone: &str, pin: &str) -> Option<&Person> {
        self.by_pin(pin).filter(|person| person.phone == phone)
    }

    pub fn chip(&self, person: &Person, device: Device, purpose: Purpose) -> &Chip {
        let key = (person.pin.as_str().to_owned(), device, purpose);
        self.chips.get(&key).expect("every person was given every chip when people were loaded")
    }
}

async fn issued(store: &Store, person: &Person, device: Device, purpose: Purpose) -> Result<Option<Vec<u8>>, Fault> {
    let row = store
        .query_opt(
            "SELECT der FROM simulator_certificate WHERE person = $1 AND device = $2 AND purpose = $3",
            &args![&person.pin, device.word(), purpose.word()],
        )
        .await?;
    Ok(row.map(|row| row.blob("der").to_vec()))
}

async fn keep(store: &Store, person: &Person, device: Device, purpose: Purpose, der: &[u8]) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    tx.execute(
        "INSERT INTO simulator_certificate (person, device, purpose, der) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person, device, purpose) DO NOTHING",
        &args![&person.pin, device.word(), purpose.word(), der],
    )
    .await?;
    tx.commit().await
}
