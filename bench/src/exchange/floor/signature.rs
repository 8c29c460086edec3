//! The floor's signatures: SHA-512 of the message in a line of SignedInfo, its signature, and as much evidence behind it
//! (certificate and OCSP response in a real document) as makes a document of 3 to 4 kB.

use super::Mode;
use aws_lc_rs::digest::{SHA512, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base::{Algorithm, Signer};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use host::keys::SoftKey;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

type Hash = [u8; 64];

const BEFORE: &str = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:Reference URI=\"/message.xml\">\
    <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"></ds:DigestMethod><ds:DigestValue>";
const AFTER: &str = "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
const EVIDENCE_BYTES: usize = 2_800;
/// Roots whose signature was verified; more than are under way at once.
const REMEMBERED_MAX: usize = 1_024;

impl Mode {
    pub fn algorithm(self) -> Algorithm {
        match self {
            Mode::RsaBatched => Algorithm::RsaPkcs1Sha256,
            Mode::Tls | Mode::Ecdsa => Algorithm::EcdsaP256Sha256,
        }
    }
}

fn sha512(parts: &[&[u8]]) -> Hash {
    digest(&SHA512, &parts.concat()).as_ref().try_into().expect("SHA-512 has 64 bytes")
}

fn signed_info(hash: &Hash) -> String {
    format!("{BEFORE}{}{AFTER}", STANDARD.encode(hash))
}

/// SignedInfo, the value, for a batch the way to its root, and the evidence: length before each.
fn document(parts: &[&[u8]]) -> Bytes {
    let mut out = Vec::with_capacity(EVIDENCE_BYTES + 1_024);
    for part in parts {
        out.extend_from_slice(&u16::try_from(part.len()).expect("parts are small").to_be_bytes());
        out.extend_from_slice(part);
    }
    Bytes::from(out)
}

fn parts(mut document: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::with_capacity(4);
    while let [high, low, rest @ ..] = document {
        let (part, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        parts.push(part);
        document = rest;
    }
    parts
}

fn key(mode: Mode, directory: &Path, role: &str) -> SoftKey {
    let pkcs8 = std::fs::read(directory.join(format!("sign-{role}.p8"))).expect("made before");
    SoftKey::from_pkcs8(mode.algorithm(), &pkcs8).expect("a key")
}

type Waiting = (Hash, oneshot::Sender<Bytes>);

/// Signs: each message by itself, or what is queued together.
pub enum Signatures {
    Each(SoftKey),
    Together(Sender<Waiting>),
}

impl Signatures {
    pub fn new(mode: Mode, directory: &Path, role: &str) -> Signatures {
        let key = key(mode, directory, role);
        if mode != Mode::RsaBatched {
            return Signatures::Each(key);
        }
        let (queue, waiting) = channel();
        std::thread::spawn(move || sign_batches(&key, &waiting));
        Signatures::Together(queue)
    }

    pub async fn sign(&self, message: &[u8]) -> Bytes {
        let hash = sha512(&[message]);
        match self {
            Signatures::Each(key) => {
                let info = signed_info(&hash);
                let value = key.sign(info.as_bytes()).expect("signed");
                document(&[info.as_bytes(), STANDARD.encode(value).as_bytes(), b"", &[b'E'; EVIDENCE_BYTES]])
            }
            Signatures::Together(queue) => {
                let (done, signed) = oneshot::channel();
                queue.send((hash, done)).expect("the signer lives as long as the process");
                signed.await.expect("the signer answers")
            }
        }
    }
}

fn sign_batches(key: &SoftKey, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let batch: Vec<Waiting> =
            std::iter::once(first).chain(std::iter::from_fn(|| waiting.try_recv().ok())).collect();
        let leaves: Vec<Hash> = batch.iter().map(|(hash, _)| *hash).collect();
        let (root, ways) = tree(&leaves);
        let info = signed_info(&root);
        let value = STANDARD.encode(key.sign(info.as_bytes()).expect("signed"));
        for ((_, done), way) in batch.into_iter().zip(ways) {
            // Whoever waited may have been ended with its connection.
            let _gone = done.send(document(&[info.as_bytes(), value.as_bytes(), &way, &[b'E'; EVIDENCE_BYTES]]));
        }
    }
}

/// The root of a Merkle tree and the way to it from each leaf: one byte for the side of the sibling, then the sibling.
fn tree(leaves: &[Hash]) -> (Hash, Vec<Vec<u8>>) {
    let mut ways = vec![Vec::new(); leaves.len()];
    let (mut level, mut width) = (leaves.to_vec(), 1);
    while level.len() > 1 {
        for (leaf, way) in ways.iter_mut().enumerate() {
            let place = leaf / width;
            if let Some(sibling) = level.get(place ^ 1) {
                way.push(u8::from(place % 2 == 0));
                way.extend_from_slice(sibling);
            }
        }
        level = level.chunks(2).map(|pair| pair.get(1).map_or(pair[0], |right| sha512(&[&pair[0], right]))).collect();
        width *= 2;
    }
    (level[0], ways)
}

pub struct Verifier {
    mode: Mode,
    key: ParsedPublicKey,
    verified: Mutex<HashSet<Hash>>,
}

impl Verifier {
    pub fn new(mode: Mode, directory: &Path, role: &str) -> Verifier {
        let algorithm: &'static dyn VerificationAlgorithm = match mode {
            Mode::RsaBatched => &RSA_PKCS1_2048_8192_SHA256,
            Mode::Tls | Mode::Ecdsa => &ECDSA_P256_SHA256_FIXED,
        };
        let key = key(mode, directory, role);
        let key = ParsedPublicKey::new(algorithm, key.public_key_der()).expect("a key");
        Verifier { mode, key, verified: Mutex::default() }
    }

    pub fn verifies(&self, message: &[u8], document: &[u8]) -> bool {
        let [info, value, way, _] = parts(document)[..] else { return false };
        let mut hash = sha512(&[message]);
        for step in way.chunks(65) {
            hash = if step[0] == 1 { sha512(&[&hash, &step[1..]]) } else { sha512(&[&step[1..], &hash]) };
        }
        if signed_info(&hash).as_bytes() != info {
            return false;
        }
        let batched = self.mode == Mode::RsaBatched;
        let seen = sha512(&[info, value]);
        if batched && self.verified.lock().expect("never poisoned").contains(&seen) {
            return true;
        }
        let Ok(value) = STANDARD.decode(value) else { return false };
        let holds = self.key.verify_sig(info, &value).is_ok();
        if batched && holds {
            let mut verified = self.verified.lock().expect("never poisoned");
            if verified.len() >= REMEMBERED_MAX {
                verified.clear();
            }
            verified.insert(seen);
        }
        holds
    }
}
