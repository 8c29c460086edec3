//! Asking the management services: the server signs for its owner and its clients' members, and sends through the exchange
//! like anybody else; only a new authentication certificate goes straight to the registration service, over TLS to the
//! certificate that the configuration names.

use super::{
    SecurityServer, SigningIdentity,
    asker::Asker,
    consumer_soap::SoapCall,
    inflow::Inflow,
    tls::{JudgePeer, toward},
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    management::{Asked, ManagementRequest, Piece, request_number, sign, write},
};
use axum::body::{Body, to_bytes};
use base::{Fault, Signer};
use bytes::Bytes;
use formats::{
    globalconf::ManagementService,
    identifier::{ClientId, ServiceId},
    soap::{self, Parsed, RequestHead},
};
use host::http::Client;
use std::{sync::Arc, time::Duration};

const HERE: Place = Place::ClientProxy;
const TIMEOUT: Duration = Duration::from_secs(30);
/// The server asks in its owner's name as an information system within itself.
const OWN: Asker = Asker { tls: true, certificate: None };
const REQUEST_BYTES_MAX: u64 = 100_000;
const ANSWER_BYTES_MAX: usize = 256 * 1024;

fn unsigned(fault: &Fault) -> ExchangeFault {
    ExchangeFault::failed(HERE, Cause::CannotCreateSignature, fault)
}

/// A key in a token takes its time: no other task waits for it.
async fn sign_apart(signer: &Arc<dyn Signer>, soap: &[u8]) -> Result<Piece<'static>, ExchangeFault> {
    let (signer, soap) = (signer.clone(), soap.to_vec());
    let signed = tokio::task::spawn_blocking(move || sign(&*signer, &soap)).await;
    signed.unwrap_or_else(|cause| Err(Fault::new("sign a management request", cause))).map_err(|fault| unsigned(&fault))
}

impl SecurityServer {
    /// Asks the central server for something about this server. Returns the number under which it knows the request.
    pub async fn ask_management(&self, asked: Asked) -> Result<i64, ExchangeFault> {
        let configuration = self.configuration.current(HERE).await?;
        let missing =
            || ExchangeFault::new(HERE, Cause::UnknownMember, "the configuration names no management services");
        let services = configuration.private.management.clone().ok_or_else(missing)?;
        let request = ManagementRequest { server: self.id.clone(), asked };
        let soap = self.management_message(&services, &request);
        let answer = match &request.asked {
            Asked::AuthCertReg { certificate, .. } => {
                let (kind, body) = self.registration_body(&configuration, certificate, &soap).await?;
                self.send_registration(&services, kind, body).await?
            }
            asked if asked.is_signed() => {
                let member = asked.client().map_or_else(|| self.id.owner(), ClientId::member_id);
                let (kind, body) = self.signed_body(&configuration, &member, &soap).await?;
                self.through_exchange(kind, body).await?
            }
            _ => self.through_exchange("text/xml; charset=UTF-8".to_owned(), soap).await?,
        };
        let number = number_of(answer)?;
        if let Some(client) = request.asked.client().filter(|_| request.asked.is_about_registration()) {
            self.note_asked(client, request.asked.service_code()).await;
        }
        Ok(number)
    }

    /// As an information system of the owner would ask.
    async fn through_exchange(&self, content_type: String, body: Vec<u8>) -> Result<Vec<u8>, ExchangeFault> {
        let (body, patience) = (Body::from(body), self.settings.patience);
        let inflow = Inflow::new(body, Place::Client, REQUEST_BYTES_MAX, Cause::InquiryTooLarge, patience);
        let call = SoapCall { asker: OWN, content_type, soap_action: None, inflow };
        let answer = self.ask_soap(call).await?.render();
        let body = to_bytes(Body::new(answer.body.send()), ANSWER_BYTES_MAX).await;
        let body = body.map_err(|error| ExchangeFault::new(HERE, Cause::IoError, error))?;
        Ok(body.to_vec())
    }

    fn management_message(&self, services: &ManagementService, request: &ManagementRequest) -> Vec<u8> {
        let code = request.asked.service_code().to_owned();
        let service = ServiceId { provider: services.provider.clone(), code, version: None };
        let (client, id) = (self.id.owner(), self.uuid());
        let head =
            RequestHead { client: &client, service: &service, id: &id, user_id: None, issue: None, purpose: None };
        soap::request_with(&head, &request.element())
    }

    fn identity_of(&self, member: &ClientId) -> Result<&SigningIdentity, ExchangeFault> {
        let none = || ExchangeFault::new(HERE, Cause::CannotCreateSignature, "no signing certificate for the member");
        self.signing.get(member).map(|signer| signer.identity()).ok_or_else(none)
    }

    async fn signed_body(
        &self,
        configuration: &Configuration,
        member: &ClientId,
        soap: &[u8],
    ) -> Result<(String, Vec<u8>), ExchangeFault> {
        let identity = self.identity_of(member)?;
        let certificate = identity.certificate.der();
        let ocsp = self.own_status(configuration, HERE, certificate).await?;
        let signature = sign_apart(&identity.signer, soap).await?;
        let pieces = [signature, Piece::Bytes(certificate), Piece::Bytes(&ocsp)];
        Ok(write(soap, &pieces, &format!("xmgmt{}", self.random_letters(30))))
    }

    /// Proof of the authentication key, the owner's signature, both certificates and the owner's OCSP response.
    async fn registration_body(
        &self,
        configuration: &Configuration,
        certificate: &[u8],
        soap: &[u8],
    ) -> Result<(String, Vec<u8>), ExchangeFault> {
        let owner = self.identity_of(&self.id.owner())?;
        let ocsp = self.own_status(configuration, HERE, owner.certificate.der()).await?;
        let proof = sign_apart(&self.authentication.signer, soap).await?;
        let signature = sign_apart(&owner.signer, soap).await?;
        let pieces =
            [proof, signature, Piece::Bytes(certificate), Piece::Bytes(owner.certificate.der()), Piece::Bytes(&ocsp)];
        Ok(write(soap, &pieces, &format!("xmgmt{}", self.random_letters(30))))
    }

    /// Only the holder of the certificate in the configuration is sent anything.
    async fn send_registration(
        &self,
        services: &ManagementService,
        kind: String,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, ExchangeFault> {
        let failed = |fault: &Fault| ExchangeFault::failed(HERE, Cause::NetworkError, fault);
        let missing =
            || ExchangeFault::new(HERE, Cause::UnknownMember, "the configuration names no registration service");
        let named = services.registration_address.as_ref().zip(services.registration_certificate.clone());
        let (address, certificate) = named.ok_or_else(missing)?;
        let tls = toward(&self.authentication, Arc::new(Known(certificate)));
        let client = Client::tls(tls.map_err(|fault| failed(&fault))?);
        let request = http::Request::post(address.as_str())
            .header("content-type", kind)
            .body(Bytes::from(body))
            .map_err(|error| ExchangeFault::new(HERE, Cause::UnknownMember, error))?;
        let answer = client.send(request, ANSWER_BYTES_MAX, TIMEOUT).await.map_err(|fault| failed(&fault))?;
        Ok(answer.into_body().to_vec())
    }
}

/// A fault of the services keeps its own code.
fn number_of(answer: Vec<u8>) -> Result<i64, ExchangeFault> {
    match soap::read(answer) {
        Ok(Parsed::Message(message)) => request_number(&message)
            .ok_or_else(|| ExchangeFault::new(HERE, Cause::InvalidBody, "the answer has no requestId")),
        Ok(Parsed::Fault(fault)) => Err(ExchangeFault::from_soap(fault)),
        Err(error) => Err(ExchangeFault::coded(HERE, error.code(), error)),
    }
}

/// The one certificate that the registration service may show.
struct Known(Vec<u8>);

impl JudgePeer for Known {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        if certificate == self.0 {
            return Ok(());
        }
        Err("the registration service showed another certificate than the configuration names".to_owned())
    }
}
