//! From the summary to the receipt: the application is frozen as a PDF and a JSON file, both go under the applicant's
//! signature, then the fee is owed or the application is in.

use crate::{
    case::{
        Case, Dossier, Event, State,
        parts::{Actor, next_number, record, same},
    },
    document,
    ports::{FileToSign, NewDebt, Paid},
    refusal::{Outcome, Refusal},
    services::{Services, refuse, shown},
    view::{Applicant, CaseView, SignRequest, Summary},
};
use base::{Failure, Money};
use host::{
    args,
    jobs::Job,
    store::{Row, Tx},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// A file under signature: its name and where its bytes are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub name: String,
    pub media_type: String,
    pub blob: String,
}

/// A signature in the making, as stored between the two steps.
pub(crate) struct Signing {
    pub request: String,
    pub version: i64,
    pub kept: Vec<u8>,
    pub files: Vec<Kept>,
}

impl Signing {
    fn read(row: &Row) -> Signing {
        Signing {
            request: row.text("request").to_owned(),
            version: row.int("version"),
            kept: row.blob("kept").to_vec(),
            files: serde_json::from_value(row.json("files")).expect("what we stored as JSON reads back"),
        }
    }
}

impl Services {
    /// Everything before the signature, with change links' targets and what is still missing.
    pub async fn summary(&self, who: &Applicant, reference: &str) -> Outcome<Summary> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        Ok(Summary {
            reference: reference.to_owned(),
            service: dossier.case.service.clone(),
            service_title: dossier.definition.card.title.clone(),
            state: dossier.case.state,
            sections: self.sections(&dossier),
            evidence: self.evidence_views(&dossier),
            declaration: dossier.definition.form.declaration.clone(),
            fee: self.fee_view(&dossier),
            missing: dossier.missing_steps(self.today()),
            version: dossier.case.version,
        })
    }

    /// Freezes the application and prepares the signature of the person who is logged in. `certificate`: theirs, DER.
    pub async fn sign_request(&self, who: &Applicant, reference: &str, certificate: &[u8]) -> Outcome<SignRequest> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        if !matches!(dossier.case.state, State::Draft | State::ToSign) {
            return refuse(Refusal::NotNow { state: dossier.case.state });
        }
        let missing = dossier.missing_steps(self.today());
        if !missing.is_empty() {
            return refuse(Refusal::Incomplete(missing));
        }
        let pdf = self.paper(document::application(self.catalogue(), &dossier, self.now())).await?;
        let json = serde_json::to_vec_pretty(&self.submitted_data(&dossier)).expect("a JSON value is JSON");
        let files = vec![
            FileToSign { name: format!("{reference}.pdf"), media_type: "application/pdf".into(), bytes: pdf },
            FileToSign { name: format!("{reference}.json"), media_type: "application/json".into(), bytes: json },
        ];
        let mut seen = dossier.case;
        self.prepare_signing(&mut seen, "application", files, certificate, async |services, tx, case| {
            if case.state == State::ToSign {
                return Ok(());
            }
            let actor = Actor::Applicant { pin: case.pin.clone() };
            services.advance(tx, case, Event::ReadyToSign, "services.ready_to_sign", &actor, Map::new()).await
        })
        .await
    }

    /// Keeps the files, asks the signing part for the digest, then moves the case and remembers the request in one
    /// transaction. The intent is on record before anything is signed.
    pub(crate) async fn prepare_signing(
        &self,
        seen: &mut Case,
        purpose: &'static str,
        files: Vec<FileToSign>,
        certificate: &[u8],
        mover: impl AsyncFn(&Services, &mut Tx, &mut Case) -> Outcome<()>,
    ) -> Outcome<SignRequest> {
        let now = self.now();
        let prepared = self.setup.signing.prepare(&files, certificate, now).await;
        let prepared =
            prepared.map_err(|failure| failure.map(|it| Refusal::Signature { code: it.code, status: it.status }))?;
        let mut kept = Vec::new();
        for file in &files {
            let blob = self.new_id().to_string();
            self.setup.blobs.put(&blob, file.bytes.clone().into()).await?;
            kept.push(Kept { name: file.name.clone(), media_type: file.media_type.clone(), blob });
        }
        let request = self.new_id().to_string();
        let mut tx = self.setup.store.begin().await?;
        // `seen` still has the version that the files were made from: a change since then makes the save stale.
        mover(self, &mut tx, seen).await?;
        seen.save(&mut tx, now).await?;
        tx.execute(
            "INSERT INTO services_signing (reference, purpose, request, version, kept, files, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (reference, purpose) DO UPDATE SET
                request = excluded.request, version = excluded.version, kept = excluded.kept, files = excluded.files,
                at = excluded.at",
            &args![&seen.reference, purpose, &request, seen.version, prepared.kept, json!(kept).to_string(), now],
        )
        .await?;
        tx.commit().await?;
        let files = files.iter().map(|file| (file.name.clone(), file.bytes.len() as u64)).collect();
        Ok(SignRequest { request, digest: prepared.digest, files })
    }

    pub(crate) async fn signing(&self, reference: &str, purpose: &'static str) -> Outcome<Signing> {
        let row = self
            .setup
            .store
            .query_opt(
                "SELECT request, version, kept, files FROM services_signing WHERE reference = $1 AND purpose = $2",
                &args![reference, purpose],
            )
            .await?;
        row.map(|row| Signing::read(&row)).ok_or(Failure::Refused(Refusal::NothingToSign))
    }

    /// Closes the container; its signer must be `pin`. The blob of the container.
    pub(crate) async fn close_container(
        &self,
        signing: &Signing,
        signature: &[u8],
        pin: &str,
    ) -> Outcome<(String, crate::ports::SignedContainer)> {
        let mut files = Vec::new();
        for kept in &signing.files {
            let bytes = self.blob(&kept.blob).await?;
            files.push(FileToSign { name: kept.name.clone(), media_type: kept.media_type.clone(), bytes });
        }
        let closed = self.setup.signing.complete(&files, &signing.kept, signature).await;
        let closed =
            closed.map_err(|failure| failure.map(|it| Refusal::Signature { code: it.code, status: it.status }))?;
        if closed.signer_pin != pin {
            return refuse(Refusal::SignatureOfAnother);
        }
        let blob = self.new_id().to_string();
        self.setup.blobs.put(&blob, closed.bytes.clone().into()).await?;
        Ok((blob, closed))
    }

    /// Takes the signature value: the application is in, or waits for its fee. Repeating it gives the same answer.
    pub async fn sign_complete(
        &self,
        who: &Applicant,
        reference: &str,
        request: &str,
        signature: &[u8],
    ) -> Outcome<CaseView> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        let signing = self.signing(reference, "application").await?;
        if signing.request != request {
            return refuse(Refusal::Stale);
        }
        match dossier.case.state {
            State::ToSign if dossier.case.version == signing.version => {}
            State::Draft | State::ToSign => return refuse(Refusal::Stale),
            // The first click was heard already.
            _ => return self.case(who, reference).await,
        }
        let (container, signed) = self.close_container(&signing, signature, who.pin.as_str()).await?;
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.dossier_in(&mut tx, reference).await?;
        if dossier.case.version != signing.version {
            tx.rollback().await;
            return match dossier.case.state {
                State::Draft | State::ToSign => refuse(Refusal::Stale),
                _ => self.case(who, reference).await,
            };
        }
        let fee = dossier.definition.card.fee.clone();
        let event = if fee.is_some() { Event::SignedWithFee } else { Event::SignedWithoutFee };
        let actor = Actor::Applicant { pin: who.pin.as_str().to_owned() };
        let values = shown([("signer", same(&signed.signer_name))]);
        self.advance(&mut tx, &mut dossier.case, event, "services.signed", &actor, values).await?;
        self.keep_application(&mut tx, &dossier, &signing, &container).await?;
        match fee {
            Some(fee) => self.owe(&mut tx, &mut dossier, fee.amount, fee.title, &fee.id).await?,
            None => self.submit(&mut tx, &mut dossier).await?,
        }
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        self.settle(&mut tx, &mut dossier).await?;
        tx.commit().await?;
        if dossier.case.submitted_at.is_some() {
            self.gather(reference).await;
        }
        self.case(who, reference).await
    }

    async fn keep_application(
        &self,
        tx: &mut Tx,
        dossier: &Dossier,
        signing: &Signing,
        container: &str,
    ) -> Outcome<()> {
        let pdf = signing.files.first().map(|file| file.blob.clone()).unwrap_or_default();
        let words = self.catalogue().words();
        let document = super::NewDocument {
            kind: "application",
            number: dossier.case.reference.clone(),
            title: words.application_title.clone(),
            verification_code: String::new(),
            pdf,
            container: Some(container.to_owned()),
            valid_to: None,
        };
        self.insert_document(tx, &dossier.case, &document).await.map(|_| ())
    }

    async fn owe(
        &self,
        tx: &mut Tx,
        dossier: &mut Dossier,
        amount: Money,
        title: base::Localized,
        fee: &str,
    ) -> Outcome<()> {
        let case = &dossier.case;
        let debt = NewDebt {
            case_reference: case.reference.clone(),
            fee: fee.to_owned(),
            amount,
            title,
            payee: case.agency.clone(),
            payer: case.pin.clone(),
            payer_company: case.tin.clone(),
            at: self.now(),
        };
        let code = self.setup.fees.raise(tx, debt).await?;
        dossier.case.debt_code = Some(code.clone());
        let values = shown([
            (
                "amount",
                base::Localized {
                    az: amount.display(base::Lang::Az),
                    en: amount.display(base::Lang::En),
                    ru: amount.display(base::Lang::Ru),
                },
            ),
            ("code", same(&code)),
        ]);
        record(tx, &dossier.case, "services.fee_owed", &Actor::System, values, self.now()).await?;
        let qepik = amount.qepik().to_string();
        self.tell(tx, &dossier.case, &dossier.case.pin, "case-payment-asked", &[("amount", &qepik), ("code", &code)])
            .await
    }

    /// The fee has arrived: review may begin. Told twice, it changes nothing; told of a withdrawn case, the money is for the
    /// payments part to give back.
    pub async fn fee_paid(&self, reference: &str, paid: &Paid) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.dossier_in(&mut tx, reference).await?;
        if dossier.case.fee_paid_at.is_some() || dossier.case.state != State::AwaitingPayment {
            if dossier.case.fee_paid_at.is_none() {
                tracing::warn!(reference, "a fee was paid for a case that does not wait for it");
            }
            tx.rollback().await;
            return Ok(());
        }
        let owed = dossier.definition.card.fee.as_ref().map(|fee| fee.amount);
        assert!(owed == Some(paid.amount), "payments settles a debt with its whole amount");
        dossier.case.fee_paid_at = Some(paid.at);
        dossier.case.fee_receipt = Some(paid.receipt_number.clone());
        let values = shown([("receipt", same(&paid.receipt_number))]);
        self.advance(&mut tx, &mut dossier.case, Event::FeePaid, "services.fee_paid", &Actor::System, values).await?;
        self.submit(&mut tx, &mut dossier).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        self.settle(&mut tx, &mut dossier).await?;
        tx.commit().await?;
        self.gather(reference).await;
        Ok(())
    }

    /// Looks whether the fee has arrived: for the page to which the bank sends the person back, which need not wait for the
    /// job that tells of it.
    pub async fn look_for_fee(&self, who: &Applicant, reference: &str) -> Outcome<CaseView> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        if let (State::AwaitingPayment, Some(code)) = (dossier.case.state, &dossier.case.debt_code)
            && let Some(paid) = self.setup.fees.paid(code).await?
        {
            self.fee_paid(reference, &paid).await?;
        }
        self.case(who, reference).await
    }

    /// Receipt, legal clock, questions to the registers: the moment of submission, in the caller's transaction.
    async fn submit(&self, tx: &mut Tx, dossier: &mut Dossier) -> Outcome<()> {
        let (now, today) = (self.now(), self.today());
        let prefix = &self.catalogue().receipt_prefix;
        let number = next_number(tx, &format!("{prefix}-{}", today.year())).await?;
        let case = &mut dossier.case;
        case.receipt_number = Some(format!("{prefix}-{}-{number:06}", today.year()));
        case.submitted_at = Some(now);
        case.submitted_on = Some(today);
        let values = shown([("number", same(case.receipt_number.as_deref().unwrap_or_default()))]);
        record(tx, case, "services.submitted", &Actor::System, values, now).await?;
        self.count(tx, case, "submitted", Some(now.as_second() - case.started_at.as_second())).await?;
        self.tell(tx, case, &case.pin, "case-received", &[]).await?;
        let reference = case.reference.clone();
        let payload = json!({ "reference": reference });
        tx.enqueue(&Job { kind: crate::jobs::RECEIPT, key: Some(reference), payload, run_at: now }).await?;
        self.release_evidence(tx, dossier).await
    }

    /// What the applicant sends, as data: answers, values taken from registers, digests of the files.
    fn submitted_data(&self, dossier: &Dossier) -> Json {
        let facts = dossier.facts(self.today());
        let file = |file: &crate::view::FileView| {
            json!({ "field": file.field, "name": file.name, "mediaType": file.kind.media_type(),
                    "sizeBytes": file.size_bytes, "sha256": file.sha256 })
        };
        json!({
            "case": dossier.case.reference,
            "service": dossier.case.service,
            "serviceVersion": dossier.case.service_version,
            "applicant": facts["applicant"],
            "company": facts["company"],
            "answers": facts["answers"],
            "evidence": facts["evidence"],
            "files": dossier.files.iter().map(file).collect::<Vec<_>>(),
            "declaration": dossier.definition.form.declaration,
        })
    }
}
