//! Signing for one member. A software ECDSA key signs message by message, on as many threads as ask. A dearer key (RSA, a
//! token) signs what waits in its queue with one signature; nothing waits for a batch to fill.

use super::{identity::SigningIdentity, signing::Signed};
use base::{Fault, Timestamp};
use bytes::Bytes;
use formats::{
    hashchain::{Digest, data_chain, message_chains},
    message::{CHAIN_NAME, Covered, SigningCertificate, SigningEvidence, sign_with},
};
use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

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
    /// How long a message waits for its signature. A token may never answer.
    wait: Duration,
    queue: OnceLock<mpsc::UnboundedSender<Waiting>>,
}

struct Key {
    identity: SigningIdentity,
    /// What its signatures carry with the OCSP response that is used at present.
    evidence: Mutex<Option<(Bytes, Arc<SigningEvidence>)>>,
}

impl MemberSigner {
    pub(super) fn new(identity: SigningIdentity, wait: Duration) -> Self {
        MemberSigner { key: Arc::new(Key { identity, evidence: Mutex::default() }), wait, queue: OnceLock::new() }
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
        match timeout(self.wait, signed).await {
            Ok(signed) => signed.map_err(|_| ended(()))?,
            Err(_) => Err(Fault::passing("sign", "the key does not answer")),
        }
    }
}

/// Takes what waits, signs it, and takes what came meanwhile.
async fn work(key: Arc<Key>, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let mut batch = vec![first];
        // Whoever is about to ask gets its turn before the key does, as long as more come: on a busy machine a batch becomes
        // larger and dearer signatures fewer, and on an idle one nobody waits.
        let mut asked = 0;
        while batch.len() > asked && batch.len() < BATCH_MAX {
            asked = batch.len();
            tokio::task::yield_now().await;
            while batch.len() < BATCH_MAX
                && let Ok(next) = queue.try_recv()
            {
                batch.push(next);
            }
        }
        // Who does not wait any more needs no signature.
        batch.retain(|waiting| !waiting.answer.is_closed());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::self_signed;
    use base::{Algorithm, Clock, ManualClock, Signer};
    use formats::{
        asn1::oid,
        identifier::ClientId,
        message::MESSAGE_NAME,
        x509::{Certificate, NameBuilder},
    };
    use host::keys::SoftKey;
    use std::sync::mpsc::{Receiver, channel};

    /// Signs each time it is let.
    struct Slow {
        key: SoftKey,
        let_sign: std::sync::Mutex<Receiver<()>>,
    }

    impl Signer for Slow {
        fn algorithm(&self) -> Algorithm {
            self.key.algorithm()
        }

        fn public_key_der(&self) -> &[u8] {
            self.key.public_key_der()
        }

        fn signs_in_batches(&self) -> bool {
            true
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
            self.let_sign.lock().expect("one at a time").recv().map_err(|_| Fault::new("sign", "nobody lets it"))?;
            self.key.sign(message)
        }

        fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault> {
            self.key.sign_digest(digest)
        }
    }

    fn to_sign(clock: &ManualClock) -> ToSign {
        let message = Bytes::from_static(b"<m/>");
        let parts = vec![(MESSAGE_NAME.to_owned(), Digest::sha512(&message))];
        ToSign { message, parts, ocsp: Bytes::new(), at: clock.now() }
    }

    fn certificate_of(key: &SoftKey, clock: &ManualClock) -> Certificate {
        let name = NameBuilder::new().with(oid::COMMON_NAME, "slow").build();
        self_signed(key, name, Vec::new(), clock.now(), 3600).expect("a certificate")
    }

    #[tokio::test]
    async fn a_key_that_does_not_answer_is_not_waited_for() {
        let clock = ManualClock::at(base::clock::from_micros(1_000_000));
        let (go, let_sign) = channel();
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let certificate = certificate_of(&key, &clock);
        let signer = Arc::new(Slow { key, let_sign: std::sync::Mutex::new(let_sign) });
        let member = ClientId::parse("AZ/GOV/1").expect("a member");
        let identity = SigningIdentity { member, certificate, signer };
        let mut signer = MemberSigner::new(identity, Duration::from_millis(20));
        for _ in 0..3 {
            let fault = signer.sign(to_sign(&clock)).await.expect_err("it does not answer");
            assert!(fault.retry_helps && fault.cause.contains("does not answer"), "{fault}");
        }
        // One for the first message, which was begun, and one for the last; the two between are not signed with it.
        go.send(()).expect("it waits");
        go.send(()).expect("it waits");
        signer.wait = Duration::from_secs(30);
        assert!(signer.sign(to_sign(&clock)).await.expect("signed").chain.is_none(), "it is alone in its batch");
        drop(go);
        assert!(signer.sign(to_sign(&clock)).await.is_err(), "there was one signature for each that waited");
    }
}
