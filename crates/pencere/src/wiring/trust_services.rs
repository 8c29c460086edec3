//! The trust services: the centre with its endpoints, and what other parts need of it in their own words.

use super::{Stores, World};
use crate::place::Place;
use base::{Failure, Fault, Timestamp};
use exchange::certificates::PROFILE;
use exchange::setup::{CertificateOrder, IssueCertificates, Issuing, TrustServices};
use formats::asn1::oid;
use formats::x509::to_pem;
use host::http::Client;
use host::keys::KeyDir;
use safe::{Judge, Judgement};
use services::ports::{FileToSign, PortFuture, Prepared, SignDocuments, SignRefusal, SignedContainer};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use trust::centre::{Authority, Centre, Holder, Member, Order};
use trust::client::{OcspClient, TsaClient};
use trust::signing::Signing;

/// Opens the centre over its own store and keys, and leaves the anchors where `pencere verify` finds them.
pub async fn open(
    place: &Place,
    stores: &Stores,
    world: &World,
    settings: trust::Settings,
    address: &str,
) -> Result<Arc<Centre>, String> {
    let store = stores.open(place, "trust", &[trust::MIGRATIONS]).await?;
    let keys = KeyDir::open(&place.room("keys")?.join("trust")).map_err(|fault| fault.to_string())?;
    let centre = Centre::open(store, &keys, settings, address, world.clock.clone(), world.chance.clone());
    let centre = centre.await.map_err(|fault| fault.to_string())?;
    let anchors: Vec<_> = std::iter::once(centre.root().clone()).chain(centre.issuing()).collect();
    let file = place.room("trusted")?.join("anchors.pem");
    std::fs::write(&file, to_pem(&anchors)).map_err(|cause| format!("{}: {cause}", file.display()))?;
    Ok(Arc::new(centre))
}

/// Asks for status and time-stamps over HTTP, as any part of any agency does.
pub fn signing(centre: &Centre, address: &str, world: &World) -> Signing {
    let ocsp = ocsp_client(address, world);
    let roots = vec![centre.root().clone()];
    let tsa = TsaClient::new(Client::plain(), format!("{address}/tsa"), roots, world.chance.clone());
    Signing::new(ocsp, tsa, centre.anchors(), world.clock.clone())
}

pub fn ocsp_client(address: &str, world: &World) -> OcspClient {
    OcspClient::new(Client::plain(), format!("{address}/ocsp"), world.clock.clone(), world.chance.clone())
}

/// What the global configuration approves.
pub fn approved(centre: &Centre, address: &str) -> TrustServices {
    let names = &centre.settings().names;
    TrustServices {
        authority: centre.authority(Authority::Exchange).der().to_vec(),
        authority_name: names.exchange.clone(),
        profile: PROFILE.to_owned(),
        ocsp_url: format!("{address}/ocsp"),
        ocsp_responder: None,
        tsa_name: names.time_stamping.clone(),
        tsa_url: format!("{address}/tsa"),
        tsa_certificate: centre.time_stamping_certificate().der().to_vec(),
    }
}

/// The centre as the exchange's set-up sees it.
pub struct MemberCertificates(pub Arc<Centre>);

impl IssueCertificates for MemberCertificates {
    fn issue(&self, order: CertificateOrder) -> Issuing<'_> {
        Box::pin(async move {
            let attribute = |kind| order.subject.attribute(kind).unwrap_or_default().to_owned();
            let serial = attribute(oid::SERIAL_NUMBER);
            let mut parts = serial.split('/').map(str::to_owned);
            let mut part = || parts.next().unwrap_or_default();
            let (instance, server, class) = (part(), part(), part());
            let member = Member {
                instance,
                class,
                code: attribute(oid::COMMON_NAME),
                name: attribute(oid::ORGANIZATION),
                server,
            };
            let mut wanted = Order::new(Holder::Member(member), order.profile, &order.public_key_der);
            wanted.host_names = order.host_names;
            match self.0.issue(&wanted).await {
                Ok(certificate) => Ok(certificate.der().to_vec()),
                Err(failure) => Err(as_fault("have a member's certificate issued", failure)),
            }
        })
    }
}

/// A refusal of an order that we made ourselves is a fault of ours.
pub fn as_fault(attempt: &'static str, failure: trust::Failure) -> Fault {
    match failure {
        Failure::Failed(fault) => fault,
        Failure::Refused(refusal) => Fault::new(attempt, base::Refusal::code(&refusal)),
    }
}

/// Signing of applications and decisions, as the e-service engine asks for it.
pub struct Documents(pub Signing);

impl SignDocuments for Documents {
    fn prepare<'a>(
        &'a self,
        files: &'a [FileToSign],
        certificate: &'a [u8],
        _at: Timestamp,
    ) -> PortFuture<'a, Result<Prepared, Failure<SignRefusal>>> {
        Box::pin(async move {
            let session = self.0.prepare(&data_files(files), certificate, None);
            let session = session.map_err(|refusal| Failure::Refused(sign_refusal(&refusal)))?;
            Ok(Prepared { digest: session.digest, kept: session.kept })
        })
    }

    fn complete<'a>(
        &'a self,
        files: &'a [FileToSign],
        kept: &'a [u8],
        signature: &'a [u8],
    ) -> PortFuture<'a, Result<SignedContainer, Failure<SignRefusal>>> {
        Box::pin(async move {
            let signed = self.0.complete(&data_files(files), kept, signature).await;
            let signed = signed.map_err(|failure| failure.map(|refusal| sign_refusal(&refusal)))?;
            Ok(SignedContainer {
                bytes: signed.bytes,
                signer_name: signed.signer_name,
                signer_pin: signed.signer_identifier.unwrap_or_default(),
                signed_at: signed.signed_at,
            })
        })
    }
}

fn data_files(files: &[FileToSign]) -> Vec<formats::asice::DataFile> {
    let file = |file: &FileToSign| formats::asice::DataFile {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes.clone(),
    };
    files.iter().map(file).collect()
}

fn sign_refusal(refusal: &trust::Refusal) -> SignRefusal {
    SignRefusal { code: base::Refusal::code(refusal), status: base::Refusal::status(refusal) }
}

/// Judging of uploaded containers, as the e-Safe asks for it.
pub struct Containers {
    pub centre: Arc<Centre>,
    pub world: World,
}

impl Judge for Containers {
    fn judge<'a>(&'a self, container: &'a [u8]) -> Pin<Box<dyn Future<Output = Judgement> + Send + 'a>> {
        Box::pin(async move {
            let verdict = trust::validation::verify_document(container, &self.centre.anchors(), self.world.clock.now());
            let signatures = &verdict.signatures;
            Judgement {
                valid: verdict.valid,
                signers: signatures
                    .iter()
                    .filter_map(|signature| Some(signature.signer.as_ref()?.name.clone()))
                    .collect(),
                signed_at: signatures.iter().filter_map(|signature| signature.stamped_at).max(),
                reasons: super::findings(&verdict),
            }
        })
    }
}
