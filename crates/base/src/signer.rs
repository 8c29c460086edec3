//! What a signing key can do, wherever it lives: in a file, in a token, in a card. The implementations are in `host` and `simulator`.

use crate::fault::Fault;

/// Signature algorithms that the product makes and accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; signature values are r‖s, 64 bytes (as in XML-DSig and JWS; X.509 and CMS want DER).
    EcdsaP256Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512: what the exchange's profile signs with RSA keys.
    RsaPkcs1Sha512,
}

/// A private key that signs and never leaves its place.
pub trait Signer: Send + Sync {
    fn algorithm(&self) -> Algorithm;

    /// SubjectPublicKeyInfo, DER (RFC 5280 §4.1.2.7).
    fn public_key_der(&self) -> &[u8];

    /// Signs the whole message (the digest is computed inside).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault>;

    /// Whether one signature for many messages is cheaper than one for each: true of RSA and of every token.
    fn signs_in_batches(&self) -> bool {
        self.algorithm() != Algorithm::EcdsaP256Sha256
    }

    /// Whether the key can be used now. One in memory always can.
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Signs a SHA-256 digest that somebody else computed, as cards and phones do. A key that signs other digests refuses.
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault>;
}
