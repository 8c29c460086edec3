//! One key pair in a token, by its label.

use super::{Open, Token, failed};
use base::{Algorithm, Fault, Signer};
use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};
use formats::{
    asn1::{Cursor, oid, write},
    verify::sha256,
};
use std::sync::Arc;

/// RSA keys sign with SHA-512, P-256 keys with SHA-256, as software keys of the exchange do.
pub struct TokenKey {
    token: Arc<Token>,
    label: String,
    algorithm: Algorithm,
    public_key_der: Vec<u8>,
}

impl TokenKey {
    /// The key pair of this label, made in the token if it is not there.
    pub fn load_or_create(token: &Arc<Token>, label: &str, algorithm: Algorithm) -> Result<TokenKey, Fault> {
        let (public_key_der, algorithm) = token.with(|open| {
            let public = match find_pair(&open.session, label)? {
                Some((public, _)) => public,
                None => create(&open.session, label, algorithm)?.0,
            };
            read_public(&open.session, public)
        })?;
        Ok(TokenKey { token: token.clone(), label: label.to_owned(), algorithm, public_key_der })
    }

    fn sign_in_token(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, Fault> {
        self.token.with(|open| {
            let key = self.private_key(open)?;
            open.session.sign(mechanism, key, data).map_err(failed)
        })
    }

    /// Looked for once a session. Another key under our label would sign what nobody can verify.
    fn private_key(&self, open: &mut Open) -> Result<ObjectHandle, Fault> {
        if let Some(key) = open.keys.get(&self.label) {
            return Ok(*key);
        }
        let key = self.look(&open.session)?;
        open.keys.insert(self.label.clone(), key);
        Ok(key)
    }

    fn look(&self, session: &Session) -> Result<ObjectHandle, Fault> {
        let missing = || failed(format_args!("it has no key {:?}", self.label));
        let (public, private) = find_pair(session, &self.label)?.ok_or_else(missing)?;
        if read_public(session, public)?.0 != self.public_key_der {
            return Err(failed(format_args!("it has another key {:?} than the one that was used", self.label)));
        }
        Ok(private)
    }
}

/// The handles of public and private half.
fn find_pair(session: &Session, label: &str) -> Result<Option<(ObjectHandle, ObjectHandle)>, Fault> {
    let find = |class| -> Result<Option<ObjectHandle>, Fault> {
        let wanted = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        Ok(session.find_objects(&wanted).map_err(failed)?.first().copied())
    };
    match (find(ObjectClass::PUBLIC_KEY)?, find(ObjectClass::PRIVATE_KEY)?) {
        (Some(public), Some(private)) => Ok(Some((public, private))),
        (None, None) => Ok(None),
        _ => Err(failed(format_args!("it has only half of the key pair {label:?}"))),
    }
}

fn create(session: &Session, label: &str, algorithm: Algorithm) -> Result<(ObjectHandle, ObjectHandle), Fault> {
    // Programs of others find the halves of a pair by their common id.
    let names = || [Attribute::Label(label.as_bytes().to_vec()), Attribute::Id(label.as_bytes().to_vec())];
    let mut public = names().to_vec();
    public.extend([Attribute::Token(true), Attribute::Verify(true)]);
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
    let mut private = names().to_vec();
    private.extend([
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ]);
    let made = session.generate_key_pair(&mechanism, &public, &private).map_err(failed)?;
    tracing::info!(label, "a key was made in the token");
    Ok(made)
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
        _ => Err(failed("its key is of no kind that is used here")),
    }
}

impl Signer for TokenKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// Every use goes to the token and back.
    fn signs_in_batches(&self) -> bool {
        true
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        match self.algorithm {
            Algorithm::EcdsaP256Sha256 => self.sign_digest(&sha256(message)),
            _ => self.sign_in_token(&Mechanism::Sha512RsaPkcs, message),
        }
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        match self.algorithm {
            // The value is r‖s already (PKCS#11 2.40 §2.3.1).
            Algorithm::EcdsaP256Sha256 => self.sign_in_token(&Mechanism::Ecdsa, digest),
            _ => Err(Fault::new("use the token", "this key signs digests of SHA-512")),
        }
    }

    /// The token is asked for the key; nothing is signed.
    fn check(&self) -> Result<(), Fault> {
        self.token.with(|open| self.look(&open.session).map(|_| ()))
    }
}
