//! The provider's side of an exchange. The order of the checks is the protocol's (reference §2.3), because the first that
//! fails gives the code.

use super::{
    SecurityServer,
    consumer::{PROXY_VERSION, request_hash},
    consumer_rest::bad_head,
    signing::Signed,
    trace::Trace,
};
use crate::{
    certificates::is_authentication,
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Direction,
    opmonitor::Side,
};
use formats::{
    identifier::{ClientId, ServerId, ServiceId},
    message::{self, Decoded, Encoded, Outgoing, Payload, REST_REQUEST, REST_RESPONSE, encode},
    rest::{self, RequestHead},
    soap,
};

const HERE: Place = Place::ServerProxy;

/// A message from another server as HTTP brought it.
pub(super) struct Incoming {
    pub content_type: String,
    pub request_id: String,
    pub version: Option<String>,
    pub soap_action: Option<String>,
    /// The TLS client's chain, leaf first.
    pub peer: Vec<Vec<u8>>,
    pub body: bytes::Bytes,
}

/// The payload read: either wording.
enum Request {
    Soap(Box<soap::Message>, String),
    Rest(Box<RequestHead>, Vec<u8>, Option<Vec<u8>>),
}

impl Request {
    fn client(&self) -> &ClientId {
        match self {
            Request::Soap(message, _) => &message.headers.client,
            Request::Rest(head, ..) => &head.client,
        }
    }

    fn service(&self) -> &ServiceId {
        match self {
            Request::Soap(message, _) => &message.headers.service,
            Request::Rest(head, ..) => &head.service,
        }
    }

    fn bytes(&self) -> (&[u8], Option<&[u8]>) {
        match self {
            Request::Soap(message, _) => (&message.bytes, None),
            Request::Rest(_, bytes, body) => (bytes, body.as_deref()),
        }
    }

    fn security_server(&self) -> Result<Option<ServerId>, ExchangeFault> {
        match self {
            Request::Soap(message, _) => Ok(message.headers.security_server.clone()),
            Request::Rest(head, ..) => head.security_server().map_err(|error| bad_head(HERE, &error)),
        }
    }
}

impl SecurityServer {
    /// Works on a message of another server; the answer is a transport message.
    pub(super) async fn serve_peer(&self, incoming: Incoming) -> Result<Encoded, ExchangeFault> {
        let mut trace = Trace::new(Side::Producer, "soap", self.clock.now());
        trace.request_id.clone_from(&incoming.request_id);
        let outcome = self.serve_checked(&mut trace, incoming).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault).await;
        }
        outcome.map_err(|fault| fault.numbered(&*self.chance))
    }

    async fn serve_checked(&self, trace: &mut Trace, incoming: Incoming) -> Result<Encoded, ExchangeFault> {
        let configuration = self.configuration.current(HERE).await?;
        if !incoming.version.as_deref().is_none_or(is_supported) {
            let text = format!("this server speaks with {PROXY_VERSION} and older ones from 6.26");
            return Err(ExchangeFault::new(HERE, Cause::ClientProxyVersionNotSupported, text));
        }
        let decoded = message::decode(&incoming.content_type, &incoming.body)
            .map_err(|error| ExchangeFault::coded(HERE, error.code(), error))?;
        let (ocsp, signed, request) = take_apart(decoded)?;
        if let Request::Rest(..) = request {
            trace.wording = "rest";
        }
        let id = match &request {
            Request::Soap(message, _) => &message.headers.id,
            Request::Rest(head, ..) => &head.id,
        };
        trace.about(id, request.client(), request.service());
        let (message, body) = request.bytes();
        trace.request_bytes = message.len() + body.map_or(0, <[u8]>::len);
        self.check_inquiry_size(HERE, trace.request_bytes)?;
        self.check_target(&configuration, &request)?;
        self.check_peer(&configuration, request.client(), &incoming.peer, &ocsp)?;
        let signed =
            signed.ok_or_else(|| ExchangeFault::new(HERE, Cause::MissingSignature, "the message is not signed"))?;
        if !super::metadata::is_metadata(request.service()) {
            self.rights.check(request.client(), request.service())?;
        }
        self.check_signature(&configuration, HERE, request.client(), message, body, &signed)?;
        self.check_stamping(HERE)?;
        let kind = match &request {
            Request::Soap(_, kind) => kind.as_str(),
            Request::Rest(..) => REST_REQUEST,
        };
        let entry = trace.entry(Direction::Request, request.client(), kind, message, body, &signed);
        self.log_request(HERE, &entry).await?;
        match &request {
            Request::Soap(message, _) => {
                self.answer_soap(&configuration, trace, message, incoming.soap_action.as_deref()).await
            }
            Request::Rest(head, bytes, body) => {
                self.answer_rest(&configuration, trace, head, bytes, body.as_deref()).await
            }
        }
    }

    /// The message is for this server, and the provider is one of ours.
    fn check_target(&self, configuration: &Configuration, request: &Request) -> Result<(), ExchangeFault> {
        if request.security_server()?.is_some_and(|wanted| wanted != self.id) {
            return Err(ExchangeFault::new(HERE, Cause::InvalidSecurityServer, "the message is for another server"));
        }
        let provider = &request.service().provider;
        if !self.clients.contains(provider) || !configuration.is_registered(&self.id, provider) {
            let text = format!("{provider} is not a client of this server");
            return Err(ExchangeFault::new(HERE, Cause::UnknownMember, text));
        }
        Ok(())
    }

    /// The other end of the connection is a server that has the client registered, with a certificate that is good.
    fn check_peer(
        &self,
        configuration: &Configuration,
        client: &ClientId,
        peer: &[Vec<u8>],
        ocsp: &[Vec<u8>],
    ) -> Result<(), ExchangeFault> {
        let refuse = |why: String| ExchangeFault::new(HERE, Cause::SslAuthenticationFailed, why);
        let leaf = peer.first().ok_or_else(|| refuse("the other server showed no certificate".to_owned()))?;
        let now = self.clock.now();
        let instance = configuration.current_instance(HERE, &client.instance, now)?;
        let trusted = self.judge.path(instance, HERE, leaf, &peer[1..], now)?;
        if !is_authentication(&trusted.certificate) {
            return Err(refuse("the certificate is not for authentication".to_owned()));
        }
        self.judge.check_any_good(instance, HERE, &trusted, ocsp, now)?;
        let server = instance.server_of_certificate(leaf);
        let server = server.ok_or_else(|| refuse("the certificate belongs to no registered server".to_owned()))?;
        if instance.is_registered(&server.id, client) {
            Ok(())
        } else {
            Err(refuse(format!("{} does not serve {client}", server.id)))
        }
    }

    async fn answer_soap(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        request: &soap::Message,
        soap_action: Option<&str>,
    ) -> Result<Encoded, ExchangeFault> {
        let (content_type, response) = self.call_soap(request, soap_action).await?;
        let hashed = match &response.headers.request_hash {
            // A provider that repeats the hash itself has only said what we would add.
            Some(_) => response.bytes.clone(),
            None => soap::with_request_hash(&response, &request_hash(&request.bytes)),
        };
        let provider = &request.headers.service.provider;
        let signed = self.sign(configuration, HERE, provider, &hashed, None).await?;
        let entry = trace.entry(Direction::Response, provider, &content_type, &hashed, None, &signed);
        self.log_response(HERE, trace, &entry).await?;
        Ok(self.encode_answer(&Payload::Soap { content_type, bytes: hashed }, None, &signed))
    }

    async fn answer_rest(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        request: &RequestHead,
        bytes: &[u8],
        body: Option<&[u8]>,
    ) -> Result<Encoded, ExchangeFault> {
        let hash = rest::request_hash(bytes, body);
        let (head, body) = match self.metadata(request) {
            Some(answer) => answer.finish(request, &hash),
            None => self.call_rest(request, body, &hash).await?,
        };
        let message = head.encode();
        let provider = &request.service.provider;
        let signed = self.sign(configuration, HERE, provider, &message, body.as_deref()).await?;
        let entry = trace.entry(Direction::Response, provider, REST_RESPONSE, &message, body.as_deref(), &signed);
        self.log_response(HERE, trace, &entry).await?;
        Ok(self.encode_answer(&Payload::RestResponse(message), body.as_deref(), &signed))
    }

    fn encode_answer(&self, payload: &Payload, rest_body: Option<&[u8]>, signed: &Signed) -> Encoded {
        let outgoing = Outgoing {
            ocsp: &[],
            payload,
            attachments: &[],
            rest_body,
            chain: signed.chain.as_ref(),
            signature: &signed.signature,
        };
        encode(&outgoing, &self.random_letters(30))
    }
}

/// OCSP parts, signature, payload.
type TakenApart = (Vec<Vec<u8>>, Option<Signed>, Request);

fn take_apart(decoded: Decoded) -> Result<TakenApart, ExchangeFault> {
    if let Some(fault) = decoded.fault {
        return Err(ExchangeFault::new(
            HERE,
            Cause::InvalidMessage,
            format!("a request must not be a fault: {}", fault.code),
        ));
    }
    if !decoded.attachments.is_empty() {
        return Err(ExchangeFault::new(HERE, Cause::InvalidMessage, "attachments are not accepted here"));
    }
    let signed = decoded.signature.clone().map(|signature| Signed { signature, chain: decoded.hash_chain() });
    let request = match (decoded.payload, decoded.soap) {
        (Some(Payload::Soap { content_type, .. }), Some(message)) => Request::Soap(message, content_type),
        (Some(Payload::RestRequest(bytes)), _) => {
            let head = RequestHead::decode(&bytes).map_err(|error| bad_head(HERE, &error))?;
            Request::Rest(Box::new(head), bytes, decoded.rest_body)
        }
        (Some(Payload::RestResponse(_)), _) => {
            return Err(ExchangeFault::new(HERE, Cause::MissingRest, "an answer is not a request"));
        }
        _ => return Err(ExchangeFault::new(HERE, Cause::MissingSoap, "there is no message")),
    };
    Ok((decoded.ocsp, signed, request))
}

/// Peers from 6.26 on speak this transport (reference §6.1).
fn is_supported(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    major > 6 || (major == 6 && minor >= 26)
}

#[cfg(test)]
mod tests {
    use super::is_supported;

    #[test]
    fn versions_of_peers() {
        for (version, expected) in
            [("7.8.0", true), ("6.26.1", true), ("6.25.0", false), ("5", false), ("8.0.0-beta2", true)]
        {
            assert_eq!(is_supported(version), expected, "{version}");
        }
    }
}
