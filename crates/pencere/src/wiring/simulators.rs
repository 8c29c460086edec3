//! The demo's stand-ins for people's own things: cards, phones, the test bank and the mailbox. Nothing of this is opened by a
//! real deployment.

use super::trust_services::as_fault;
use super::window::{BANK, MERCHANT, RELYING_PARTY_NAME, RELYING_PARTY_UUID};
use super::{Stores, World};
use crate::place::Place;
use crate::ports::{Door, Ports};
use base::{Algorithm, Lang, Signer};
use formats::x509::Profile;
use host::http::Client;
use host::jobs::Worker;
use host::keys::KeyDir;
use host::store::Store;
use registers::people::DemoPerson;
use simulator::{Device, Devices, People, Person, Purpose, Wanted};
use std::sync::Arc;
use trust::{Carrier, Centre, Holder, Order, Post};

pub struct Simulators {
    pub devices: Arc<Devices>,
    pub bank: simulator::bank::Bank,
    pub worker: Worker,
    pub mailbox: simulator::mailbox::Shelf,
}

/// The bank's key, which the window must know before the simulators run.
pub fn bank_key(place: &Place) -> Result<Arc<dyn Signer>, String> {
    let keys = KeyDir::open(&place.room("keys")?.join("bank")).map_err(|fault| fault.to_string())?;
    Ok(keys.load_or_create("bank", Algorithm::EcdsaP256Sha256).map_err(|fault| fault.to_string())?)
}

pub struct Given<'a> {
    pub place: &'a Place,
    pub stores: &'a Stores,
    pub world: &'a World,
    pub ports: Ports,
    pub demo: &'a [DemoPerson],
    pub centre: Arc<Centre>,
    /// Name of a member of the exchange by its code, for officials' certificates.
    pub member_name: &'a (dyn Fn(&str) -> String + Send + Sync),
    pub merchant_key: Vec<u8>,
    /// Of the country whose mails are read.
    pub utc_offset_hours: i8,
}

impl Given<'_> {
    pub async fn open(self) -> Result<Simulators, String> {
        let store = self.stores.open(self.place, "simulators", &[simulator::MIGRATIONS]).await?;
        let people = self.people(&store).await?;
        let origins = [Door::Identity, Door::Portal, Door::BackOffice].map(|door| self.ports.url(door)).to_vec();
        let settings = simulator::Settings {
            origins,
            relying_parties: vec![simulator::RelyingParty {
                uuid: RELYING_PARTY_UUID.into(),
                name: RELYING_PARTY_NAME.into(),
            }],
            stylesheet: portal::STYLESHEET,
        };
        let World { clock, chance } = self.world.clone();
        let devices = Devices::new(settings, people, store, clock.clone(), chance.clone());
        let store = self.stores.open(self.place, "bank", &[simulator::bank::MIGRATIONS]).await?;
        let worker = Worker::new(store.clone(), clock.clone());
        let bank = simulator::bank::Bank::new(simulator::bank::Setup {
            store,
            bank: BANK.into(),
            merchant: MERCHANT.into(),
            key: bank_key(self.place)?,
            merchant_key: self.merchant_key,
            client: Client::plain(),
            clock: clock.clone(),
            chance,
            wake: Some(worker.waker()),
        });
        let worker = bank.register(worker);
        let mailbox = simulator::mailbox::Shelf::open(&self.place.room("mailbox")?, clock, self.utc_offset_hours);
        Ok(Simulators { devices, bank, worker, mailbox: mailbox.map_err(|fault| fault.to_string())? })
    }

    async fn people(&self, store: &Store) -> Result<Arc<People>, String> {
        let people = self.demo.iter().map(person).collect();
        let keys = self.place.room("keys")?.join("cards");
        let issue = |wanted: Wanted| {
            let order = self.order(&wanted);
            let centre = self.centre.clone();
            async move {
                let issued = centre.issue(&order).await;
                let issued = issued.map_err(|failure| as_fault("have a card's certificate issued", failure))?;
                Ok(issued.der().to_vec())
            }
        };
        People::load_or_issue(store, &keys, people, issue).await.map_err(|fault| fault.to_string())
    }

    fn order(&self, wanted: &Wanted) -> Order {
        let person = trust::Person {
            pin: wanted.person.pin.clone(),
            surname: wanted.person.surname.clone(),
            given_name: wanted.person.given_name.clone(),
        };
        let carrier = match wanted.device {
            Device::Card => Carrier::Card,
            Device::Phone => Carrier::Phone,
        };
        let profile = match wanted.purpose {
            Purpose::Authentication => Profile::PersonAuthentication,
            Purpose::Signature => Profile::PersonSigning,
        };
        let holder = match self.post(&wanted.person) {
            Some(post) => Holder::Official { person, carrier, post },
            None => Holder::Person { person, carrier },
        };
        Order::new(holder, profile, &wanted.public_key_der)
    }

    fn post(&self, person: &Person) -> Option<Post> {
        let demo = self.demo.iter().find(|demo| demo.pin == person.pin)?;
        let member = demo.works_for.as_deref()?.split('/').nth(2)?.to_owned();
        let organisation = (self.member_name)(&member);
        Some(Post { organisation, organisation_number: member, title: String::new() })
    }
}

fn person(demo: &DemoPerson) -> Person {
    Person {
        pin: demo.pin.clone(),
        given_name: demo.given_name.clone(),
        surname: demo.surname.clone(),
        phone: demo.phone.clone(),
        lang: Lang::Az,
        about: demo.about.clone(),
    }
}
