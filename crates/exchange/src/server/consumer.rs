//! The client's side of an exchange: from the information system's request to the verified and logged answer. The parts
//! that SOAP and REST share are here, and SOAP itself.

use super::{SecurityServer, signing::Signed, trace::Trace};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Direction,
    opmonitor::Side,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use formats::{
    globalconf::SecurityServer as ServerEntry,
    hashchain::DigestAlgorithm,
    identifier::{ClientId, ServerId},
    message::{self, Decoded, Outgoing, Payload, TEXT_XML, encode},
    mime::ContentType,
    soap::{self, Parsed},
};

const CLIENT: Place = Place::Client;
const HERE: Place = Place::ClientProxy;
/// The version of the transport that we speak.
pub(super) const PROXY_VERSION: &str = "7.8.0";

/// An answer for an information system.
#[derive(Debug)]
pub(super) struct SoapAnswer {
    pub content_type: String,
    pub body: Vec<u8>,
}

/// What is sent to the provider's server.
pub(super) struct Transmission<'a> {
    pub payload: &'a Payload,
    pub body: Option<&'a [u8]>,
    pub signed: &'a Signed,
    pub request_id: &'a str,
    pub soap_action: Option<&'a str>,
}

impl SecurityServer {
    /// A SOAP request of an information system.
    pub(super) async fn ask_soap(
        &self,
        content_type: &str,
        soap_action: Option<&str>,
        body: Bytes,
    ) -> Result<SoapAnswer, ExchangeFault> {
        let mut trace = Trace::new(Side::Client, "soap", self.clock.now());
        trace.request_id = self.uuid();
        trace.request_bytes = body.len();
        let outcome = self.exchange_soap(&mut trace, content_type, soap_action, body).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault).await;
        }
        outcome.map_err(|fault| fault.numbered(&*self.chance))
    }

    async fn exchange_soap(
        &self,
        trace: &mut Trace,
        content_type: &str,
        soap_action: Option<&str>,
        body: Bytes,
    ) -> Result<SoapAnswer, ExchangeFault> {
        self.check_inquiry_size(CLIENT, body.len())?;
        let configuration = self.configuration.current(HERE).await?;
        let kind = ContentType::parse(content_type).filter(|kind| kind.essence == TEXT_XML);
        kind.ok_or_else(|| ExchangeFault::new(CLIENT, Cause::InvalidContentType, "the message must be text/xml"))?;
        let parsed = soap::read(body.to_vec()).map_err(|error| ExchangeFault::coded(CLIENT, error.code(), error))?;
        let Parsed::Message(request) = parsed else {
            return Err(ExchangeFault::new(CLIENT, Cause::MissingSoap, "a request must not be a fault"));
        };
        trace.about(&request.headers.id, &request.headers.client, &request.headers.service);
        let entries = self.check_parties(
            &configuration,
            &request.headers.client,
            &request.headers.service.provider,
            request.headers.security_server.as_ref(),
        )?;
        let payload = Payload::Soap { content_type: content_type.to_owned(), bytes: request.bytes.clone() };
        let signed = self.sign(&configuration, HERE, &request.headers.client, &request.bytes, None).await?;
        let entry =
            trace.entry(Direction::Request, &request.headers.client, content_type, &request.bytes, None, &signed);
        self.log_request(HERE, &entry).await?;
        let request_id = trace.request_id.clone();
        let transmission =
            Transmission { payload: &payload, body: None, signed: &signed, request_id: &request_id, soap_action };
        let answer = self.transmit(&configuration, &entries, &transmission).await?;
        self.take_soap_answer(&configuration, trace, &request, answer).await
    }

    async fn take_soap_answer(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        request: &soap::Message,
        answer: Decoded,
    ) -> Result<SoapAnswer, ExchangeFault> {
        let (Some(Payload::Soap { content_type, bytes }), Some(response)) = (&answer.payload, &answer.soap) else {
            return Err(ExchangeFault::new(HERE, Cause::MissingSoap, "the answer has no SOAP message"));
        };
        let provider = &request.headers.service.provider;
        let signed = signed_of(&answer)?;
        self.check_signature(configuration, HERE, provider, bytes, None, &signed)?;
        let inconsistent = |why: String| ExchangeFault::new(HERE, Cause::InconsistentResponse, why);
        soap::check_consistent(&request.headers, &response.headers).map_err(|error| inconsistent(error.to_string()))?;
        let hash = request_hash(&request.bytes);
        let stated = response.headers.request_hash.as_ref();
        if stated.is_none_or(|stated| *stated != hash) {
            return Err(inconsistent("the answer is not to this request".to_owned()));
        }
        let entry = trace.entry(Direction::Response, provider, content_type, bytes, None, &signed);
        self.log_response(HERE, trace, &entry).await?;
        Ok(SoapAnswer { content_type: content_type.clone(), body: bytes.clone() })
    }

    /// The client must be ours and registered; the provider's servers, in random order so that load spreads.
    pub(super) fn check_parties<'a>(
        &self,
        configuration: &'a Configuration,
        client: &ClientId,
        provider: &'a ClientId,
        wanted: Option<&ServerId>,
    ) -> Result<Vec<&'a ServerEntry>, ExchangeFault> {
        self.check_stamping(HERE)?;
        let refuse = |cause, why: String| Err(ExchangeFault::new(HERE, cause, why));
        if !self.clients.contains(client) || !configuration.is_registered(&self.id, client) {
            return refuse(Cause::UnknownMember, format!("{client} is not a client of this server"));
        }
        let mut entries: Vec<&ServerEntry> = configuration.servers_of(provider).collect();
        if entries.is_empty() {
            return refuse(Cause::UnknownMember, format!("{provider} has no server"));
        }
        if let Some(wanted) = wanted {
            entries.retain(|entry| entry.id == *wanted);
            if entries.is_empty() {
                return refuse(Cause::InvalidSecurityServer, format!("{wanted} does not serve {provider}"));
            }
        }
        if let Some(message) = entries.iter().find_map(|entry| entry.maintenance.as_deref())
            && entries.iter().all(|entry| entry.maintenance.is_some())
        {
            return refuse(Cause::MaintenanceMode, message.to_owned());
        }
        entries.retain(|entry| entry.maintenance.is_none());
        if entries.len() > 1 {
            let first = usize::try_from(self.chance.below(entries.len() as u64)).unwrap_or(0);
            entries.rotate_left(first);
        }
        Ok(entries)
    }

    /// Sends and decodes the answer; a fault of the other side is returned as that side worded it.
    pub(super) async fn transmit(
        &self,
        configuration: &Configuration,
        entries: &[&ServerEntry],
        transmission: &Transmission<'_>,
    ) -> Result<Decoded, ExchangeFault> {
        let own = self.own_status(configuration, HERE, self.authentication.certificate.der()).await?;
        let encoded = encode(
            &Outgoing {
                ocsp: &[own],
                payload: transmission.payload,
                attachments: &[],
                rest_body: transmission.body,
                chain: transmission.signed.chain.as_ref(),
                signature: &transmission.signed.signature,
            },
            &self.random_letters(30),
        );
        let original = match transmission.payload {
            Payload::Soap { content_type, .. } => content_type.as_str(),
            _ => message::REST_REQUEST,
        };
        let mut builder = http::Request::post("/")
            .header("content-type", &encoded.content_type)
            .header("x-road-request-id", transmission.request_id)
            .header("x-hash-algorithm", "SHA-512")
            .header("x-proxy-version", PROXY_VERSION)
            .header("x-original-content-type", original);
        if matches!(transmission.payload, Payload::RestRequest(_)) {
            builder = builder.header("x-road-message-type", "REST");
        }
        if let Some(action) = transmission.soap_action {
            builder = builder.header("x-original-soapaction", action);
        }
        let invalid = |error: &dyn std::fmt::Display| ExchangeFault::new(HERE, Cause::InvalidMessage, error);
        let request = builder.body(Bytes::from(encoded.body)).map_err(|error| invalid(&error))?;
        let answer = self.send(configuration, entries, &request).await?;
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let decoded =
            message::decode(kind, answer.body()).map_err(|error| ExchangeFault::coded(HERE, error.code(), error))?;
        match decoded.fault {
            Some(fault) => Err(ExchangeFault::from_soap(fault)),
            None => Ok(decoded),
        }
    }
}

/// The signature of an answer with its chain.
pub(super) fn signed_of(answer: &Decoded) -> Result<Signed, ExchangeFault> {
    let signature = answer.signature.clone();
    let signature =
        signature.ok_or_else(|| ExchangeFault::new(HERE, Cause::MissingSignature, "the answer is not signed"))?;
    Ok(Signed { signature, chain: answer.hash_chain() })
}

/// `requestHash` of a SOAP request (message protocol §2.3).
pub(super) fn request_hash(request: &[u8]) -> soap::RequestHash {
    let algorithm = DigestAlgorithm::Sha512;
    soap::RequestHash { algorithm: algorithm.uri().to_owned(), value: STANDARD.encode(algorithm.digest(request)) }
}
