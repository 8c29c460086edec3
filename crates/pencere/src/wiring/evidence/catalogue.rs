//! Facts of the catalogue: what is published of each service, and how many services and agencies there are.

use base::{Lang, Localized};
use monitor::{Ask, Evidence, Fact, Pointer, Register, Registered, evidence::Found};
use services::catalogue::{Audience, Card, Catalogue};
use std::{collections::BTreeSet, sync::Arc};

/// `members` are the codes of the agencies on the exchange.
pub struct CatalogueFacts {
    pub catalogue: Arc<Catalogue>,
    pub members: BTreeSet<String>,
}

/// The catalogue as monitoring's register of services.
pub fn register_of_services(catalogue: &Catalogue) -> Register {
    let registered = catalogue.cards().iter().map(|card| Registered {
        id: card.id.clone(),
        name: card.title.clone(),
        agency: catalogue.agency(&card.agency).map_or_else(|| card.title.clone(), |agency| agency.name.clone()),
        online: card.online,
    });
    Register::new(registered.collect())
}

impl Evidence for CatalogueFacts {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        let value = match ask.service {
            Some(service) => self.catalogue.card(service).and_then(|card| self.of_service(card, ask.fact)),
            None => self.of_country(ask.fact),
        };
        let source = ask.service.map_or("catalogue".into(), |service| format!("catalogue: service {service}"));
        let link = ask.service.map(|service| format!("/services/{service}"));
        let fact = value.map(|value| Fact { value, pointer: Pointer { source, records: value, leaf: None, link } });
        Box::pin(std::future::ready(Ok(fact)))
    }
}

impl CatalogueFacts {
    fn of_service(&self, card: &Card, fact: &str) -> Option<i64> {
        let definition = self.catalogue.definition(&card.id);
        match fact {
            "catalogue.online" => Some(i64::from(card.online && definition.is_some())),
            "catalogue.sections" => Some(1),
            "catalogue.described_languages" => Some(described_languages(card)),
            "catalogue.regulations" => Some(count(card.legal_basis.len())),
            "catalogue.forms" => Some(i64::from(definition.is_some())),
            "catalogue.help_items" => Some(definition.map_or(0, |definition| {
                let steps = definition.form.steps.iter().filter(|step| step.hint.is_some()).count();
                count(steps + definition.form.fields().filter(|field| field.hint.is_some()).count())
            })),
            _ => None,
        }
    }

    fn of_country(&self, fact: &str) -> Option<i64> {
        let cards = self.catalogue.cards();
        let online = |wanted: &[Audience]| {
            count(cards.iter().filter(|card| card.online && wanted.contains(&card.audience)).count())
        };
        let agencies = |wanted: &dyn Fn(&Card) -> bool| {
            let codes: BTreeSet<&str> =
                cards.iter().filter(|card| wanted(card)).map(|card| card.agency.as_str()).collect();
            count(codes.len())
        };
        match fact {
            "services.in_register" => Some(self.catalogue.announced()),
            "services.signable_citizens" => Some(online(&[Audience::Citizen, Audience::Both])),
            "services.signable_companies" => Some(online(&[Audience::Business, Audience::Both])),
            "services.using_exchange" => {
                let definitions = cards.iter().filter_map(|card| self.catalogue.definition(&card.id));
                Some(count(definitions.filter(|definition| !definition.evidence.questions.is_empty()).count()))
            }
            "agencies.providing" => Some(agencies(&|_| true)),
            "agencies.with_common_identity" => Some(agencies(&|card| card.online)),
            "agencies.on_exchange" => Some(agencies(&|card| self.members.contains(&card.agency))),
            _ => None,
        }
    }
}

/// In how many languages everything that a person must know stands.
fn described_languages(card: &Card) -> i64 {
    let mut texts: Vec<&Localized> = vec![&card.title, &card.summary];
    texts.extend(card.you_bring.iter().chain(&card.we_fetch));
    texts.extend(card.fee.iter().map(|fee| &fee.title));
    // Without these the page does not say who may ask, what comes of it and when.
    let (Some(who), Some(result), Some(period)) = (&card.who, &card.result, &card.period) else { return 0 };
    texts.extend([who, result, &period.note]);
    let written = |lang: &&Lang| texts.iter().all(|text| !text.in_lang(**lang).trim().is_empty());
    count(Lang::ALL.iter().filter(written).count())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("a folder has fewer files than 2^63")
}
