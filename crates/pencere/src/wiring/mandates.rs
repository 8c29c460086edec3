//! Who may act for whom, who holds which post, and how people are reached: identity's and notify's questions, answered by the
//! registers over the exchange and by the country's list of officials.

use super::World;
use super::folder::PortalFile;
use base::dataservice::{AskError, DataServices, Question, Wording};
use base::{Fault, Pin};
use identity::{Answer, Mandates, Office, Offices, Representee};
use registers::people::DemoPerson;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Questions that the portal asks of registers in its own name.
#[derive(Clone)]
pub struct OwnQuestions {
    pub data: Arc<dyn DataServices>,
    pub portal: PortalFile,
    pub world: World,
}

impl OwnQuestions {
    async fn ask(&self, service: &str, purpose: &str, person: &Pin) -> Result<Json, Fault> {
        let question = Question {
            client: self.portal.client.clone(),
            service: service.to_owned(),
            wording: Wording::Rest,
            body: json!({ "pin": person.as_str() }),
            user: Some(format!("PIN:{}", person.as_str())),
            case_reference: None,
            purpose: purpose.to_owned(),
            message_id: base::Id::new(self.world.clock.now(), self.world.chance.as_ref()).to_string(),
        };
        match self.data.ask(question).await {
            Ok(answer) => Ok(answer.body),
            Err(AskError::Unreachable(fault)) => Err(fault),
            Err(AskError::Refused { code, .. }) => Err(Fault::new("ask a register in the portal's name", code)),
        }
    }

    /// Telephone and mail address that the register of persons holds; empty ones are none.
    pub async fn contact(&self, person: &Pin) -> Result<(Option<String>, Option<String>), Fault> {
        let body = self.ask(&self.portal.contact_service, &self.portal.contact_purpose, person).await?;
        let field = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok((field("phone"), field("email")))
    }
}

impl Mandates for OwnQuestions {
    fn of<'a>(&'a self, person: &'a Pin) -> Answer<'a, Result<Vec<Representee>, Fault>> {
        Box::pin(async move {
            let body = self.ask(&self.portal.mandates_service, &self.portal.mandates_purpose, person).await?;
            let rows = body["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
            let text = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let representee =
                |row: &Json| Representee { tin: text(row, "tin"), name: text(row, "name"), basis: text(row, "basis") };
            Ok(rows.iter().map(representee).filter(|representee| !representee.tin.is_empty()).collect())
        })
    }
}

/// The country's list of officials, by PIN.
pub struct Posts(BTreeMap<String, Vec<Office>>);

impl Posts {
    /// Roles of the demo's people that are posts; the agency is the member code in `works_for`.
    pub fn of_demo(people: &[DemoPerson]) -> Posts {
        let mut posts: BTreeMap<String, Vec<Office>> = BTreeMap::new();
        for person in people {
            let agency = person.works_for.as_deref().and_then(|subsystem| subsystem.split('/').nth(2));
            let Some(agency) = agency else { continue };
            for role in person.roles.iter().filter(|role| matches!(role.as_str(), "official" | "operator")) {
                let office = Office { agency: agency.to_owned(), role: role.clone() };
                posts.entry(person.pin.as_str().to_owned()).or_default().push(office);
            }
        }
        Posts(posts)
    }
}

impl Offices for Posts {
    fn of(&self, person: &Pin) -> Vec<Office> {
        self.0.get(person.as_str()).cloned().unwrap_or_default()
    }
}
