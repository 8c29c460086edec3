//! Keys in a token (PKCS#11 2.40): made there, used there, never seen here. The module is a library of the token's maker; the
//! key is found by its label and, as `base::Signer`, is used like any other.

use base::{Algorithm, Fault, Signer};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use formats::{
    asn1::{Cursor, oid, write},
    verify::sha256,
};
use std::{
    fmt,
    path::Path,
    sync::{Mutex, MutexGuard},
};

/// A token that somebody has logged in to.
pub struct Token {
    session: Mutex<Session>,
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::passing("use a token", cause)
}

fn missing(what: &str) -> Fault {
    Fault::new("use a token", format!("the token has no {what}"))
}

impl Token {
    /// Opens the token of this label in the module at `library` and logs in as its user.
    pub fn open(library: &Path, label: &str, pin: &str) -> Result<std::sync::Arc<Token>, Fault> {
        let module = Pkcs11::new(library).map_err(failed)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another token of the same module was opened before.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let slots = module.get_slots_with_initialized_token().map_err(failed)?;
        let named = slots
            .into_iter()
            .find(|slot| module.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == label));
        let session = module.open_rw_session(named.ok_or_else(|| missing("such label"))?).map_err(failed)?;
        session.login(UserType::User, Some(&AuthPin::new(pin.to_owned().into()))).map_err(failed)?;
        Ok(std::sync::Arc::new(Token { session: Mutex::new(session) }))
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One key in a token. RSA keys sign with SHA-512, P-256 keys with SHA-256, as software keys of the exchange do.
pub struct TokenKey {
    token: std::sync::Arc<Token>,
    private: ObjectHandle,
    algorithm: Algorithm,
    public_key_der: Vec<u8>,
}

impl TokenKey {
    /// The key pair of this label, made in the token if it is not there.
    pub fn load_or_create(token: &std::sync::Arc<Token>, label: &str, algorithm: Algorithm) -> Result<TokenKey, Fault> {
        let session = token.session();
        let find = |class| -> Result<Option<ObjectHandle>, Fault> {
            let wanted = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
            Ok(session.find_objects(&wanted).map_err(failed)?.first().copied())
        };
        let pair = match (find(ObjectClass::PUBLIC_KEY)?, find(ObjectClass::PRIVATE_KEY)?) {
            (Some(public), Some(private)) => (public, private),
            (None, None) => create(&session, label, algorithm)?,
            _ => return Err(missing("whole key pair of this label")),
        };
        let (public_key_der, algorithm) = read_public(&session, pair.0)?;
        drop(session);
        Ok(TokenKey { token: token.clone(), private: pair.1, algorithm, public_key_der })
    }
}

fn create(session: &Session, label: &str, algorithm: Algorithm) -> Result<(ObjectHandle, ObjectHandle), Fault> {
    let label = || Attribute::Label(label.as_bytes().to_vec());
    let mut public = vec![label(), Attribute::Token(true), Attribute::Verify(true)];
    let mechanism = match algorithm {
        Algorithm::EcdsaP256Sha256 => {
            public.push(Attribute::EcParams(write::oid(oid::P256)));
            Mechanism::EccKeyPairGen
        }
        Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => {
            public.push(Attribute::ModulusBits(2048.into()));
            public.push(Attribute::PublicExponent(vec![1, 0, 1]));
            Mechanism::RsaPkcsKeyPairGen
        }
    };
    let private = [
        label(),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ];
    session.generate_key_pair(&mechanism, &public, &private).map_err(failed)
}

/// SubjectPublicKeyInfo and what the key signs with.
fn read_public(session: &Session, key: ObjectHandle) -> Result<(Vec<u8>, Algorithm), Fault> {
    let wanted =
        [AttributeType::KeyType, AttributeType::EcPoint, AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut point, mut modulus, mut exponent, mut kind) = (None, None, None, None);
    for attribute in session.get_attributes(key, &wanted).map_err(failed)? {
        match attribute {
            Attribute::KeyType(found) => kind = Some(found),
            Attribute::EcPoint(found) => point = Some(found),
            Attribute::Modulus(found) => modulus = Some(found),
            Attribute::PublicExponent(found) => exponent = Some(found),
            _ => {}
        }
    }
    match (kind, point, modulus.zip(exponent)) {
        (Some(KeyType::EC), Some(point), _) => {
            // The point stands in an OCTET STRING (PKCS#11 2.40 §2.3.3).
            let mut cursor = Cursor::new(&point, "EC point");
            let point = cursor.octets().map_err(failed)?;
            let algorithm = write::sequence(&[&write::oid(oid::EC_PUBLIC_KEY), &write::oid(oid::P256)]);
            Ok((write::sequence(&[&algorithm, &write::bit_string(point)]), Algorithm::EcdsaP256Sha256))
        }
        (Some(KeyType::RSA), _, Some((modulus, exponent))) => {
            let algorithm = write::sequence(&[&write::oid(oid::RSA_ENCRYPTION), &write::null()]);
            let numbers = write::sequence(&[&write::unsigned(&modulus), &write::unsigned(&exponent)]);
            Ok((write::sequence(&[&algorithm, &write::bit_string(&numbers)]), Algorithm::RsaPkcs1Sha512))
        }
        _ => Err(missing("key of a kind that is used here")),
    }
}

impl Signer for TokenKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// Every use goes to the token and back; there is one at a time.
    fn signs_in_batches(&self) -> bool {
        true
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        match self.algorithm {
            Algorithm::EcdsaP256Sha256 => self.sign_digest(&sha256(message)),
            _ => self.token.session().sign(&Mechanism::Sha512RsaPkcs, self.private, message).map_err(failed),
        }
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        match self.algorithm {
            // The value is r‖s already (PKCS#11 2.40 §2.3.1).
            Algorithm::EcdsaP256Sha256 => {
                self.token.session().sign(&Mechanism::Ecdsa, self.private, digest).map_err(failed)
            }
            _ => Err(Fault::new("use a token", "this key signs digests of SHA-512")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::verify_p256, testing::TempDir};
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey};
    use std::process::Command;

    /// Where Debian puts the module of the package `softhsm2`.
    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    const CONF: &str = "SOFTHSM2_CONF";

    /// The module reads where its tokens are from the environment, so the test runs again as a process of its own with a
    /// token that is made for it.
    #[test]
    fn keys_in_a_token_sign_and_stay() {
        if std::env::var_os(CONF).is_some() {
            return in_the_token();
        }
        let folder = TempDir::new();
        let conf = folder.path().join("softhsm2.conf");
        let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.path().display());
        std::fs::write(&conf, text).expect("written");
        let run = |command: &mut Command| {
            let done = command.env(CONF, &conf).output().expect("the program is there");
            let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            assert!(done.status.success(), "{told}");
            told
        };
        let token = ["--init-token", "--free", "--label", "exchange", "--so-pin", "1234", "--pin", "4321"];
        run(Command::new("softhsm2-util").args(token));
        let own = std::env::current_exe().expect("a test runs from a file");
        let told = run(Command::new(own).args(["token::tests::keys_in_a_token_sign_and_stay", "--exact"]));
        assert!(told.contains("1 passed"), "{told}");
    }

    fn in_the_token() {
        let module = Path::new(MODULE);
        assert!(Token::open(module, "another", "4321").is_err(), "no such token");
        assert!(Token::open(module, "exchange", "0000").is_err(), "another PIN");
        let token = Token::open(module, "exchange", "4321").expect("open");
        let check = |algorithm, verifies: fn(&[u8], &[u8], &[u8]) -> bool| {
            let label = format!("{algorithm:?}");
            let key = TokenKey::load_or_create(&token, &label, algorithm).expect("a key");
            assert_eq!((key.algorithm(), key.signs_in_batches()), (algorithm, true));
            let signature = key.sign(b"message").expect("signed");
            assert!(verifies(key.public_key_der(), b"message", &signature), "{label}");
            assert!(!verifies(key.public_key_der(), b"massage", &signature), "{label}");
            let again = TokenKey::load_or_create(&token, &label, algorithm).expect("the same key");
            assert_eq!(again.public_key_der(), key.public_key_der());
        };
        check(Algorithm::EcdsaP256Sha256, verify_p256);
        check(Algorithm::RsaPkcs1Sha512, |key, message, signature| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, key).verify(message, signature).is_ok()
        });
    }
}
