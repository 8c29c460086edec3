//! A P-256 key for the tests of this crate (product keys live in `host::keys`).

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base::{Algorithm, Fault, Signer};

pub struct TestKey {
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
}

impl TestKey {
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key is generated");
        let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a key is encoded");
        let spki = der.as_ref().to_vec();
        TestKey { pair, spki }
    }
}

impl Signer for TestKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256Sha256
    }

    fn public_key_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let value = self.pair.sign(&SystemRandom::new(), message).map_err(|cause| Fault::new("sign", cause))?;
        Ok(value.as_ref().to_vec())
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        let imported = aws_lc_rs::digest::Digest::import_less_safe(digest, &aws_lc_rs::digest::SHA256)
            .map_err(|cause| Fault::new("sign", cause))?;
        let value = self.pair.sign_digest(&imported).map_err(|cause| Fault::new("sign", cause))?;
        Ok(value.as_ref().to_vec())
    }
}
