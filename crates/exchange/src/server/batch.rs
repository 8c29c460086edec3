//! Signing for one member. A software ECDSA key signs message by message, on as many threads as ask. A dearer key (RSA, a
//! token) signs what waits in its queue with one signature; nothing waits for a batch to fill.

use super::{identity::SigningIdentity, signing::Signed};
use base::{Fault, Timestamp};
use bytes::Bytes;
use formats::{
    hashchain::{Digest, data_chain, message_chains},
    message::{CHAIN_NAME, Covered, SigningCertificate, SigningEvidence, sign_with},
};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{mpsc, oneshot};

/// How many messages one signature covers at most; a chain has one step for each doubling.
const BATCH_MAX: usize = 256;

/// One message to be signed.
pub(super) struct ToSign {
    pub message: Bytes,
    /// Message and attachments by their names, the message first.
    pub parts: Vec<(String, Digest)>,
    /// A good OCSP response for the certificate.
    pub ocsp: Bytes,
    pub at: Timestamp,
}

struct Waiting {
    wanted: ToSign,
    answer: oneshot::Sender<Result<Signed, Fault>>,
}

/// The key of one member with its queue.
pub(super) struct MemberSigner {
    key: Arc<Key>,
    queue: OnceLock<mpsc::UnboundedSender<Waiting>>,
}

struct Key {
    identity: SigningIdentity,
    /// What its signatures carry with the OCSP response that is used at present.
    evidence: Mutex<Option<(Bytes, Arc<SigningEvidence>)>>,
}

impl MemberSigner {
    pub(super) fn new(identity: SigningIdentity) -> Self {
        MemberSigner { key: Arc::new(Key { identity, evidence: Mutex::default() }), queue: OnceLock::new() }
    }

    pub(super) fn identity(&self) -> &SigningIdentity {
        &self.key.identity
    }

    pub(super) async fn sign(&self, wanted: ToSign) -> Result<Signed, Fault> {
        if !self.identity().signer.signs_in_batches() {
            return sign_one(&self.key, &wanted);
        }
        let ended = |_| Fault::passing("sign", "the signing task ended");
        let (answer, signed) = oneshot::channel();
        // The queue is as long as there are requests, which have their own limit.
        let queue = self.queue.get_or_init(|| {
            let (queue, waiting) = mpsc::unbounded_channel();
            tokio::spawn(work(self.key.clone(), waiting));
            queue
        });
        queue.send(Waiting { wanted, answer }).map_err(|_| ended(()))?;
        signed.await.map_err(|_| ended(()))?
    }
}

/// Takes what waits, signs it, and takes what came meanwhile.
async fn work(key: Arc<Key>, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let key = key.clone();
        let signing = tokio::task::spawn_blocking(move || {
            let wanted: Vec<&ToSign> = batch.iter().map(|waiting| &waiting.wanted).collect();
            let outcome = sign_batch(&key, &wanted);
            tell(batch, outcome);
        });
        if let Err(cause) = signing.await {
            tracing::error!(%cause, "signing");
        }
    }
}

/// Who asked and has gone needs no answer.
fn tell(batch: Vec<Waiting>, outcome: Result<Vec<Signed>, Fault>) {
    match outcome {
        Ok(signed) => {
            for (waiting, signed) in batch.into_iter().zip(signed) {
                let _gone = waiting.answer.send(Ok(signed));
            }
        }
        Err(fault) => {
            for waiting in batch {
                let copy = Fault { attempt: fault.attempt, cause: fault.cause.clone(), retry_helps: fault.retry_helps };
                let _gone = waiting.answer.send(Err(copy));
            }
        }
    }
}

impl Key {
    fn evidence(&self, ocsp: &Bytes) -> Arc<SigningEvidence> {
        let mut kept = self.evidence.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((_, evidence)) = kept.as_ref().filter(|(known, _)| known == ocsp) {
            return evidence.clone();
        }
        let certificate = &self.identity.certificate;
        let evidence = Arc::new(SigningEvidence::of(&SigningCertificate {
            der: certificate.der().to_vec(),
            issuer: certificate.issuer().rfc4514(),
            serial: certificate.serial_decimal(),
            intermediates: Vec::new(),
            ocsp: vec![ocsp.to_vec()],
        }));
        *kept = Some((ocsp.clone(), evidence.clone()));
        evidence
    }

    fn sign(&self, covered: Covered<'_>, ocsp: &Bytes, at: Timestamp) -> Result<Vec<u8>, Fault> {
        sign_with(covered, &self.evidence(ocsp), &*self.identity.signer, at)
    }
}

/// A message alone is signed itself; with attachments, the chain over its parts is (reference §2.8).
fn sign_one(key: &Key, wanted: &ToSign) -> Result<Signed, Fault> {
    let chain = (wanted.parts.len() > 1).then(|| data_chain(CHAIN_NAME, &wanted.parts));
    let covered = chain.as_ref().map_or(Covered::Message(&wanted.message), |chain| Covered::ChainResult(&chain.result));
    let signature = key.sign(covered, &wanted.ocsp, wanted.at)?;
    Ok(Signed { signature, chain })
}

/// One signature over the root of a tree; each message gets its own way to it.
fn sign_batch(key: &Key, batch: &[&ToSign]) -> Result<Vec<Signed>, Fault> {
    let (Some(first), Some(newest)) = (batch.first(), batch.last()) else { return Ok(Vec::new()) };
    if batch.len() == 1 {
        return Ok(vec![sign_one(key, first)?]);
    }
    let parts: Vec<&[(String, Digest)]> = batch.iter().map(|wanted| wanted.parts.as_slice()).collect();
    let chains = message_chains(CHAIN_NAME, &parts);
    let covered = Covered::ChainResult(&chains[0].result);
    let signature = key.sign(covered, &newest.ocsp, newest.at)?;
    Ok(chains.into_iter().map(|chain| Signed { signature: signature.clone(), chain: Some(chain) }).collect())
}
