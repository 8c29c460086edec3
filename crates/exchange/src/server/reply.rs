//! The provider's answer: the information system's answer signed, logged and sent. A small one leaves as one; a large one
//! is on its way while it comes, and a fault in the place of the signature takes back what had to be given up.

use super::{
    SecurityServer,
    consumer::header,
    consumer_rest::hash_of,
    consumer_soap::request_hash,
    provider::{HERE, Request},
    relay::Relay,
    source::Source,
    system::SoapService,
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{ExchangeFault, Place},
    messagelog::{Attachment, Direction},
};
use bytes::Bytes;
use formats::{
    hashchain::DigestAlgorithm,
    identifier::ClientId,
    message::{Frame, REST_RESPONSE},
    soap,
};
use host::http::{BodySender, SendBody};
use http::HeaderMap;
use std::sync::Arc;

/// A transport message as an HTTP answer.
pub(super) struct PeerAnswer {
    pub content_type: String,
    pub original_content_type: Option<String>,
    pub body: SendBody,
}

/// The information system's answer before it is signed.
pub(super) struct Reply {
    pub provider: ClientId,
    /// Of the signed part, with its other MIME headers.
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub bytes: Bytes,
    pub original_content_type: Option<String>,
    pub source: Source,
}

impl SecurityServer {
    pub(super) async fn answer(
        self: &Arc<Self>,
        configuration: Arc<Configuration>,
        trace: &mut Trace,
        incoming: &HeaderMap,
        request: Request,
        attachments: &[Attachment],
    ) -> Result<PeerAnswer, ExchangeFault> {
        let provider = request.service().provider.clone();
        if let Some(own) = self.own_service(request.service(), request.asked()) {
            let reply = self.answer_own(&configuration, trace, own, &request, attachments).await?;
            return self.reply(configuration, trace, reply).await;
        }
        trace.request_out(self.clock.now());
        let reply = match &request {
            Request::Soap { message, headers, content_type } => {
                let asked = SoapService {
                    request: message,
                    headers,
                    content_type,
                    original_content_type: header(incoming, "x-original-content-type"),
                    soap_action: header(incoming, "x-original-soapaction"),
                    attachments,
                };
                let (answer, response) = self.call_soap(&asked).await?;
                let hash = request_hash(DigestAlgorithm::Sha512, &message.bytes);
                let bytes = soap::with_request_hash(&response, &hash).into();
                Reply { bytes, provider, ..answer }
            }
            Request::Rest { head, bytes } => {
                let hash = hash_of(bytes, attachments);
                let body = attachments.first().map(|only| &only.body);
                let (head, source) = self.call_rest(head, body, &hash).await?;
                trace.details.status_code = Some(head.status);
                let (headers, original_content_type) = (Vec::new(), None);
                let (content_type, bytes) = (REST_RESPONSE.to_owned(), head.encode().into());
                Reply { provider, content_type, headers, bytes, original_content_type, source }
            }
        };
        trace.response_in(self.clock.now());
        self.reply(configuration, trace, reply).await
    }

    async fn reply(
        self: &Arc<Self>,
        configuration: Arc<Configuration>,
        trace: &Trace,
        mut reply: Reply,
    ) -> Result<PeerAnswer, ExchangeFault> {
        let mut limit = self.answer_limit();
        limit.take(reply.bytes.len(), Place::Service)?;
        let source = std::mem::replace(&mut reply.source, Source::Nothing);
        let frame = Frame::new(&self.random_letters(30));
        let mut relay = Relay::new(source, self.spool.clone(), frame, Place::Service, limit);
        relay.frame.message(&mut relay.out, &reply.content_type, &reply.headers, &reply.bytes);
        let content_type = relay.frame.content_type();
        let original_content_type = reply.original_content_type.clone();
        let body = if relay.gather().await? {
            self.seal_answer(&configuration, trace, &reply, &mut relay).await?;
            SendBody::from(relay.take())
        } else {
            let (sender, body) = SendBody::stream(None);
            tokio::spawn(self.clone().stream_answer(configuration, trace.clone(), reply, relay, sender));
            body
        };
        Ok(PeerAnswer { content_type, original_content_type, body })
    }

    /// Sends the rest of an answer while it comes.
    async fn stream_answer(
        self: Arc<Self>,
        configuration: Arc<Configuration>,
        trace: Trace,
        reply: Reply,
        mut relay: Relay,
        sender: BodySender,
    ) {
        let sealed = match relay.run(&sender).await {
            Ok(Ok(())) => self.seal_answer(&configuration, &trace, &reply, &mut relay).await,
            Ok(Err(_)) => {
                tracing::debug!(server = %self.id, "the other server did not read an answer to its end");
                return;
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = sealed {
            self.note_failure(&trace, &fault);
            relay.give_up(&self.told(fault).to_soap());
        }
        if sender.send(relay.take()).await.is_err() || sender.finish().await.is_err() {
            tracing::debug!(server = %self.id, "the other server did not read an answer to its end");
        }
    }

    /// Signs and logs; only then is the answer complete.
    async fn seal_answer(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        reply: &Reply,
        relay: &mut Relay,
    ) -> Result<(), ExchangeFault> {
        let signed = self.sign(configuration, HERE, &reply.provider, &reply.bytes, &relay.attachments).await?;
        let entry = trace.entry(
            Direction::Response,
            &reply.provider,
            &reply.content_type,
            &reply.bytes,
            &relay.attachments,
            &signed,
        );
        self.log_response(HERE, trace, entry).await?;
        relay.seal(signed.chain.as_ref(), &signed.signature);
        Ok(())
    }
}
