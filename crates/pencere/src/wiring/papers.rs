//! What the e-service engine owes and keeps elsewhere: fees in payments, documents in the e-Safe.

use super::World;
use base::{Algorithm, Failure, Fault, Localized, Signer, Timestamp};
use formats::asice::{Container, DataFile};
use formats::verify::sha256;
use formats::x509::Profile;
use host::keys::KeyDir;
use host::store::{Store, Tx};
use payments::{DebtState, Payments};
use safe::{NewDocument, PublicFacts, VerificationCode};
use services::ports::{Fees, NewDebt, Paid, PortFuture, SafeDocument};
use std::sync::Arc;
use trust::signing::Signing;
use trust::{Centre, Holder, Order};

/// The part that debts and documents come from.
const ORIGIN: &str = "services";

pub struct Debts(pub Payments);

impl Fees for Debts {
    fn raise<'a>(&'a self, tx: &'a mut Tx, debt: NewDebt) -> PortFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let payer = match &debt.payer_company {
                Some(tin) => format!("TIN:{tin}"),
                None => format!("PIN:{}", debt.payer),
            };
            let new = payments::NewDebt {
                origin: ORIGIN,
                key: debt.case_reference.clone(),
                payer,
                fee: debt.fee,
                case_reference: Some(debt.case_reference),
                actor: format!("PIN:{}", debt.payer),
            };
            let made = self.0.create_debt(tx, &new).await.map_err(|failure| fault("raise a fee", failure))?;
            // Two files name the amount; `pencere check` compares them, and a debt of another amount is never made.
            assert_eq!(made.amount, debt.amount, "the tariff and the e-service agree on the fee");
            Ok(made.code.to_string())
        })
    }

    fn paid<'a>(&'a self, debt_code: &'a str) -> PortFuture<'a, Result<Option<Paid>, Fault>> {
        Box::pin(async move {
            let debt = self.0.debt_by_code(debt_code).await.map_err(|failure| fault("look at a fee", failure))?;
            if debt.state != DebtState::Paid {
                return Ok(None);
            }
            let receipts = self.0.receipts_of_debt(&debt.id).await?;
            let receipt_number = receipts.first().map(|receipt| receipt.number.clone()).unwrap_or_default();
            let at = debt.paid_at.ok_or_else(|| Fault::new("look at a fee", "a paid debt without its time"))?;
            Ok(Some(Paid { at, amount: debt.amount, receipt_number }))
        })
    }

    fn cancel<'a>(
        &'a self,
        tx: &'a mut Tx,
        debt_code: &'a str,
        _at: base::Timestamp,
    ) -> PortFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let debt = self.0.debt_by_code(debt_code).await.map_err(|failure| fault("give up a fee", failure))?;
            match self.0.cancel_debt(tx, &debt.id, ORIGIN).await {
                // A paid debt stays paid; what follows is the agency's decision.
                Ok(()) | Err(Failure::Refused(payments::Refusal::DebtAlreadyPaid)) => Ok(()),
                Err(failure) => Err(fault("give up a fee", failure)),
            }
        })
    }
}

pub struct SafeDeposits {
    pub safe: safe::Safe,
    pub store: Store,
    /// Where verification pages are: the portal's origin.
    pub portal_origin: String,
    pub world: World,
    pub seals: Arc<Seals>,
}

/// The agencies' electronic seals: what no official signs (a receipt) is sealed by its agency, so that everything in the
/// e-Safe can be verified from itself.
pub struct Seals {
    pub centre: Arc<Centre>,
    pub signing: Signing,
    pub keys: KeyDir,
}

impl Seals {
    /// The file in a container under the seal of this member. The member's code is its number on the certificate.
    pub async fn seal(&self, member: &str, name: &Localized, file: DataFile) -> Result<Vec<u8>, Fault> {
        const ATTEMPT: &str = "seal a document";
        let key = self.keys.load_or_create(&format!("seal-{member}"), Algorithm::EcdsaP256Sha256)?;
        let holder = Holder::Organisation { name: name.az.clone(), number: member.to_owned() };
        let order = Order::new(holder, Profile::Seal, key.public_key_der());
        let certificate = self.centre.issue(&order).await.map_err(|failure| fault(ATTEMPT, failure))?;
        let sealed = self.signing.seal(&[file], &certificate, key.as_ref(), None).await;
        Ok(sealed.map_err(|failure| fault(ATTEMPT, failure))?.bytes)
    }

    /// Who signed, by the container itself, and the digest of the paper inside.
    pub fn look_inside(&self, container: &[u8], at: Timestamp) -> (String, Option<[u8; 32]>) {
        let verdict = trust::validation::verify_document(container, &self.centre.anchors(), at);
        let names = verdict.signatures.iter().filter_map(|signature| signature.signer.as_ref()).map(|signer| {
            let organisation = signer.organisation.as_ref().filter(|organisation| **organisation != signer.name);
            organisation.map_or_else(|| signer.name.clone(), |organisation| format!("{}, {organisation}", signer.name))
        });
        let files = Container::read(container).map(|container| container.files).unwrap_or_default();
        let paper = files.iter().find(|file| file.media_type == PDF).map(|file| sha256(&file.bytes));
        (names.collect::<Vec<_>>().join("; "), paper)
    }
}

pub const PDF: &str = "application/pdf";
pub const ASICE: &str = "application/vnd.etsi.asic-e+zip";

impl services::ports::Safe for SafeDeposits {
    fn verification_address(&self, verification_code: &str) -> String {
        format!("{}/v/{verification_code}", self.portal_origin)
    }

    fn draw_code(&self) -> String {
        VerificationCode::draw(self.world.chance.as_ref()).to_string()
    }

    fn deposit(&self, document: SafeDocument) -> PortFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            const ATTEMPT: &str = "put a document into the e-Safe";
            let code = VerificationCode::parse(&document.verification_code)
                .map_err(|refusal| Fault::new(ATTEMPT, base::Refusal::code(&refusal)))?;
            let known = self.safe.document_of(ORIGIN, &document.key).await?;
            if known.is_some() {
                return Ok(());
            }
            let (bytes, file_name) = match document.media_type {
                PDF => {
                    let (name, bytes) = (document.file_name.clone(), document.bytes);
                    let file = DataFile { name, media_type: PDF.to_owned(), bytes };
                    let sealed = self.seals.seal(&document.agency, &document.issuer, file).await?;
                    (sealed, document.file_name.replace(".pdf", ".asice"))
                }
                _ => (document.bytes, document.file_name),
            };
            let (signer, content_sha256) = self.seals.look_inside(&bytes, self.world.clock.now());
            let new = NewDocument {
                origin: ORIGIN,
                key: document.key,
                owner: document.owner,
                kind: document.kind.to_owned(),
                title: document.title,
                number: Some(document.number),
                issuer: document.issuer,
                issued_on: document.issued_on,
                file_name,
                media_type: ASICE.to_owned(),
                case_reference: Some(document.case_reference),
                public: Some(PublicFacts { code, signer, content_sha256 }),
                actor: ORIGIN.to_owned(),
            };
            let sealed = self.safe.seal(new, &bytes).await.map_err(|failure| fault(ATTEMPT, failure))?;
            let mut tx = self.store.begin().await?;
            self.safe.put(&mut tx, &sealed).await.map_err(|failure| fault(ATTEMPT, failure))?;
            tx.commit().await
        })
    }
}

/// A refusal of something that the product itself asked for is a fault of the product.
pub fn fault<R: base::Refusal>(attempt: &'static str, failure: Failure<R>) -> Fault {
    match failure {
        Failure::Failed(fault) => fault,
        Failure::Refused(refusal) => Fault::new(attempt, refusal.code()),
    }
}
