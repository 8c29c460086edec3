//! The engine's door: what it is made of, and the steps that every use case shares. The use cases themselves are methods of
//! `Services` in `apply` (the applicant's), `work` (the official's), `evidence::asking` and `jobs`.

use crate::{
    case::{
        Case, Dossier, Event, Source, State, deadline,
        parts::{self, Actor, count_use, record},
        step,
    },
    catalogue::{Catalogue, Definition},
    ports::{Fees, Safe, SignDocuments},
    refusal::{Outcome, Refusal},
    view::{Applicant, Official},
};
use base::{Chance, Clock, Date, Failure, Id, Localized, Timestamp, dataservice::DataServices};
use host::{
    args,
    blobs::Blobs,
    outbox::Notice,
    store::{Store, Tx},
};
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeMap, sync::Arc};

/// Everything that the engine needs of the world.
pub struct Setup {
    pub store: Store,
    pub blobs: Blobs,
    pub catalogue: Arc<Catalogue>,
    pub data: Arc<dyn DataServices>,
    pub signing: Arc<dyn SignDocuments>,
    pub fees: Arc<dyn Fees>,
    pub safe: Arc<dyn Safe>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
}

/// The use cases; cloning shares them.
#[derive(Clone)]
pub struct Services {
    pub(crate) setup: Arc<Setup>,
}

pub(crate) fn refuse<T>(refusal: Refusal) -> Outcome<T> {
    Err(Failure::Refused(refusal))
}

/// Values of an event, in words of every language.
pub(crate) fn shown<const N: usize>(values: [(&str, Localized); N]) -> Map<String, Json> {
    values.into_iter().map(|(name, words)| (name.to_owned(), json!(words))).collect()
}

impl Services {
    pub fn open(setup: Setup) -> Services {
        Services { setup: Arc::new(setup) }
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.setup.catalogue
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    pub(crate) fn today(&self) -> Date {
        self.catalogue().calendar().day_of(self.now())
    }

    pub(crate) fn new_id(&self) -> Id {
        Id::new(self.now(), self.setup.chance.as_ref())
    }

    pub(crate) fn definition_of(&self, case: &Case) -> Option<Arc<Definition>> {
        self.catalogue().definition(&case.service).cloned()
    }

    /// As committed.
    pub(crate) async fn dossier(&self, reference: &str) -> Outcome<Dossier> {
        Dossier::load(&mut Source::Store(&self.setup.store), reference, |case| self.definition_of(case)).await
    }

    /// As the transaction sees it. The case's row is locked first (an update that changes nothing is the lock that both
    /// databases know): two answers that arrive together must see each other.
    pub(crate) async fn dossier_in(&self, tx: &mut Tx, reference: &str) -> Outcome<Dossier> {
        tx.execute("UPDATE services_case SET version = version WHERE reference = $1", &args![reference]).await?;
        Dossier::load(&mut Source::Tx(tx), reference, |case| self.definition_of(case)).await
    }

    /// The case, if it is this person's own or of the company that the person acts for.
    pub(crate) fn own(&self, who: &Applicant, dossier: Dossier) -> Outcome<Dossier> {
        let by_company =
            || dossier.case.tin.is_some() && dossier.case.tin == who.company.as_ref().map(|it| it.tin.clone());
        if dossier.case.pin == who.pin.as_str() || by_company() {
            return Ok(dossier);
        }
        refuse(Refusal::UnknownCase)
    }

    /// The case, if it has been submitted to this official's agency.
    pub(crate) fn in_queue_of(&self, official: &Official, dossier: Dossier) -> Outcome<Dossier> {
        if dossier.case.submitted_at.is_none() {
            return refuse(Refusal::UnknownCase);
        }
        if dossier.case.agency != official.agency {
            return refuse(Refusal::NotYourQueue);
        }
        Ok(dossier)
    }

    /// Moves the case along one edge of the table, with its event, its audit entry and its clock. The caller saves.
    pub(crate) async fn advance(
        &self,
        tx: &mut Tx,
        case: &mut Case,
        event: Event,
        action: &'static str,
        actor: &Actor,
        values: Map<String, Json>,
    ) -> Outcome<()> {
        let Some(to) = step(case.state, event) else { return refuse(Refusal::NotNow { state: case.state }) };
        let now = self.now();
        let today = self.today();
        if let Some(clock) = case.clock() {
            case.set_clock(match to.pauses_clock() {
                true => deadline::pause(&clock, today),
                false => deadline::resume(self.catalogue().calendar(), &clock, today),
            });
        }
        case.state = to;
        if !to.is_application() {
            case.draft_key = None;
        }
        if to.is_final() {
            case.late = case.due(self.catalogue().calendar(), today).is_some_and(|due| due.late);
            case.decided_at = Some(now);
            self.count(tx, case, to.name(), case.submitted_at.map(|at| now.as_second() - at.as_second())).await?;
        }
        record(tx, case, action, actor, values, now).await
    }

    pub(crate) async fn count(
        &self,
        tx: &mut Tx,
        case: &Case,
        kind: &'static str,
        seconds: Option<i64>,
    ) -> Outcome<()> {
        let month = self.today().strftime("%Y-%m").to_string();
        Ok(count_use(tx, &self.new_id(), case, kind, &month, seconds, self.now()).await?)
    }

    /// Leaves a notice for somebody of the case; `what` names its text in the country's folder of notices.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        case: &Case,
        person: &str,
        what: &str,
        values: &[(&str, &str)],
    ) -> Outcome<()> {
        let title = self.catalogue().card(&case.service).map(|card| card.title.clone());
        let title = title.unwrap_or_else(|| parts::same(&case.service));
        let mut all = BTreeMap::from([
            ("reference".to_owned(), case.reference.clone()),
            ("service.az".to_owned(), title.az),
            ("service.en".to_owned(), title.en),
            ("service.ru".to_owned(), title.ru),
        ]);
        all.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        tx.notice(&Notice {
            key: format!("services.{what}/{}/{}", case.reference, case.version),
            person: person.to_owned(),
            template: what.to_owned(),
            values: all,
            // The back office is another house with other addresses: an official finds the case by its reference.
            link: (person == case.pin).then(|| format!("/cases/{}", case.reference)),
            at: self.now(),
        })
        .await?;
        Ok(())
    }

    pub(crate) fn is_editable(&self, dossier: &Dossier, step: &str) -> bool {
        match dossier.case.state {
            State::Draft | State::ToSign => true,
            State::CorrectionRequested => {
                dossier.case.correction.as_ref().is_some_and(|correction| correction.steps.iter().any(|id| id == step))
            }
            _ => false,
        }
    }
}
