//! Software keys in a folder that only its owner can read. Keys in tokens are in `token`, behind the same `base::Signer`.

use aws_lc_rs::digest::{Digest, SHA256, SHA512};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair, UnparsedPublicKey,
};
use base::{Algorithm, Fault, Signer};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const RSA_BITS_IN_BYTES_MAX: usize = 512;

/// A private key in memory.
pub struct SoftKey {
    pair: Pair,
    public_key_der: Vec<u8>,
    pkcs8: Vec<u8>,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, Algorithm),
}

impl SoftKey {
    pub fn generate(algorithm: Algorithm) -> Result<SoftKey, Fault> {
        let failed = |_| Fault::new("generate a key", "the crypto provider refused");
        let pkcs8 = match algorithm {
            Algorithm::EcdsaP256Sha256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
        };
        SoftKey::from_pkcs8(algorithm, &pkcs8)
    }

    /// Reads a PKCS#8 private key (RFC 5208), DER.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<SoftKey, Fault> {
        let unreadable = |cause| Fault::new("read a key", format!("not a private key of its kind: {cause}"));
        let (pair, public_key_der) = match algorithm {
            Algorithm::EcdsaP256Sha256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(unreadable)?;
                let der = pair.public_key().as_der().map_err(|_| Fault::new("read a key", "no public half"))?;
                let der = der.as_ref().to_vec();
                (Pair::Ecdsa(pair), der)
            }
            Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(unreadable)?;
                let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
                    pair.public_key().as_der().map_err(|_| Fault::new("read a key", "no public half"))?;
                let der = der.as_ref().to_vec();
                (Pair::Rsa(pair, algorithm), der)
            }
        };
        Ok(SoftKey { pair, public_key_der, pkcs8: pkcs8.to_vec() })
    }

    /// The private key itself, for TLS stacks that want it (rustls) and for the folder. Handle as the secret it is.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl Signer for SoftKey {
    fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Ecdsa(_) => Algorithm::EcdsaP256Sha256,
            Pair::Rsa(_, algorithm) => algorithm,
        }
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        if let Pair::Rsa(pair, Algorithm::RsaPkcs1Sha512) = &self.pair {
            return sign_rsa(pair, &RSA_PKCS1_SHA512, &aws_lc_rs::digest::digest(&SHA512, message));
        }
        let digest = aws_lc_rs::digest::digest(&SHA256, message);
        self.sign_digest(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        let failed = |_| Fault::new("sign", "the crypto provider refused");
        let digest = Digest::import_less_safe(digest, &SHA256).map_err(failed)?;
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign_digest(&digest).map_err(failed)?.as_ref().to_vec()),
            Pair::Rsa(_, Algorithm::RsaPkcs1Sha512) => Err(Fault::new("sign", "this key signs digests of SHA-512")),
            Pair::Rsa(pair, _) => sign_rsa(pair, &RSA_PKCS1_SHA256, &digest),
        }
    }
}

fn sign_rsa(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, digest: &Digest) -> Result<Vec<u8>, Fault> {
    let mut signature = vec![0; pair.public_modulus_len().min(RSA_BITS_IN_BYTES_MAX)];
    pair.sign_digest(padding, digest, &mut signature).map_err(|_| Fault::new("sign", "the crypto provider refused"))?;
    Ok(signature)
}

/// Verifies an ECDSA P-256 signature (r‖s) under a SubjectPublicKeyInfo.
pub fn verify_p256(public_key_der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key_der).verify(message, signature).is_ok()
}

/// Verifies an RSASSA-PKCS1-v1_5 signature with SHA-256 (2048 bits and more) under a SubjectPublicKeyInfo.
pub fn verify_rsa(public_key_der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, public_key_der);
    key.verify(message, signature).is_ok()
}

/// A folder of private keys, mode 0700, one file each, mode 0600.
#[derive(Debug, Clone)]
pub struct KeyDir {
    path: PathBuf,
}

impl KeyDir {
    pub fn open(path: &Path) -> Result<KeyDir, Fault> {
        let failed =
            |cause: std::io::Error| Fault::new("open the folder of keys", format!("{}: {cause}", path.display()));
        if !path.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        }
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Fault::new("open the folder of keys", format!("{} is open to others", path.display())));
        }
        Ok(KeyDir { path: path.to_owned() })
    }

    /// The key of that name, made at first use. The file is complete and on disk before the key is used for anything.
    pub fn load_or_create(&self, name: &str, algorithm: Algorithm) -> Result<Arc<SoftKey>, Fault> {
        let bytes = self.secret_or_create(name, || SoftKey::generate(algorithm).map(|key| key.pkcs8))?;
        Ok(Arc::new(SoftKey::from_pkcs8(algorithm, &bytes)?))
    }

    /// The secret bytes of that name, if there are any.
    pub fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let file = self.file(name);
        match std::fs::read(&file) {
            Ok(secret) => Ok(Some(secret)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Fault::new("read a key", format!("{}: {cause}", file.display()))),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        assert!(plain && !name.starts_with('.'), "names of keys are ours: letters, digits, - _ .");
        self.path.join(name)
    }

    /// Any secret bytes of that name, made by `create` at first use.
    pub fn secret_or_create(
        &self,
        name: &str,
        create: impl FnOnce() -> Result<Vec<u8>, Fault>,
    ) -> Result<Vec<u8>, Fault> {
        let file = self.file(name);
        let failed = |cause: std::io::Error| Fault::new("keep a key", format!("{}: {cause}", file.display()));
        if file.exists() {
            return std::fs::read(&file).map_err(failed);
        }
        let secret = create()?;
        let partial = self.path.join(format!("{name}.partial"));
        let mut out = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .map_err(failed)?;
        out.write_all(&secret).and_then(|()| out.sync_all()).map_err(failed)?;
        std::fs::rename(&partial, &file).map_err(failed)?;
        std::fs::File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;

    fn check(algorithm: Algorithm, verify: fn(&[u8], &[u8], &[u8]) -> bool) {
        let key = SoftKey::generate(algorithm).expect("a key");
        let signature = key.sign(b"message").expect("signed");
        assert!(verify(key.public_key_der(), b"message", &signature));
        assert!(!verify(key.public_key_der(), b"massage", &signature));
        let digest = aws_lc_rs::digest::digest(&SHA256, b"message");
        let by_digest = key.sign_digest(digest.as_ref().try_into().expect("32")).expect("signed");
        assert!(verify(key.public_key_der(), b"message", &by_digest));
    }

    #[test]
    fn both_kinds_sign_messages_and_digests() {
        check(Algorithm::EcdsaP256Sha256, verify_p256);
        check(Algorithm::RsaPkcs1Sha256, verify_rsa);
    }

    #[test]
    fn an_rsa_key_for_the_exchange_signs_with_sha_512() {
        let key = SoftKey::generate(Algorithm::RsaPkcs1Sha512).expect("a key");
        let signature = key.sign(b"message").expect("signed");
        let public = UnparsedPublicKey::new(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA512, key.public_key_der());
        public.verify(b"message", &signature).expect("the key's");
        assert!(key.signs_in_batches() && key.sign_digest(&[0; 32]).is_err());
    }

    #[test]
    fn keys_stay_the_same_and_stay_private() {
        let dir = TempDir::new();
        let keys = KeyDir::open(&dir.path().join("keys")).expect("a folder");
        let first = keys.load_or_create("root", Algorithm::EcdsaP256Sha256).expect("made");
        let again = keys.load_or_create("root", Algorithm::EcdsaP256Sha256).expect("loaded");
        assert_eq!(first.public_key_der(), again.public_key_der());
        let mode = std::fs::metadata(dir.path().join("keys/root")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let dir = TempDir::new();
        let path = dir.path().join("keys");
        std::fs::create_dir(&path).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
        assert!(KeyDir::open(&path).is_err());
    }
}
