//! Keys under keys: a document's bytes under a key of its own, that key under its owner's key, the owner's key under the
//! master key. Destroying the owner's key makes every document of the owner unreadable wherever copies of it lie. AES-256-GCM
//! (NIST SP 800-38D); each ciphertext is bound to its place, so that none can be put in another's.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base::{Chance, Fault};
use host::keys::KeyDir;

/// First byte of every ciphertext; another way of encrypting gets another number.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;

/// A 256-bit key in memory. `Debug` shows nothing of it.
pub struct Key([u8; KEY_BYTES]);

/// What a ciphertext is and whose: the bytes that authenticate with it (AAD).
pub(crate) struct Place<'a> {
    /// `owner-key`, `document-key`, `document`.
    pub what: &'static str,
    pub owner: &'a str,
    pub id: &'a str,
}

impl Place<'_> {
    fn aad(&self) -> Vec<u8> {
        // None of the parts may contain the separator: owners and ids have checked alphabets.
        format!("pencere-safe\0{}\0{}\0{}", self.what, self.owner, self.id).into_bytes()
    }
}

impl Key {
    pub(crate) fn draw(chance: &dyn Chance) -> Key {
        let mut bytes = [0; KEY_BYTES];
        chance.fill(&mut bytes);
        Key(bytes)
    }

    /// The master key in its folder, made at first use. Without it nothing in the e-Safe can be read: back it up.
    pub fn master(keys: &KeyDir, chance: &dyn Chance) -> Result<Key, Fault> {
        let bytes = keys.secret_or_create("safe-master", || Ok(Key::draw(chance).0.to_vec()))?;
        let bytes = bytes.try_into().map_err(|_| Fault::new("read the e-Safe's master key", "it has not 32 bytes"))?;
        Ok(Key(bytes))
    }

    pub(crate) fn seal(&self, place: &Place<'_>, plain: &[u8], chance: &dyn Chance) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE_LEN];
        chance.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.aad()), &mut sealed)
            .map_err(|_| Fault::new("encrypt", "the crypto provider refused"))?;
        let mut whole = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        whole.push(VERSION);
        whole.extend_from_slice(&nonce);
        whole.append(&mut sealed);
        Ok(whole)
    }

    /// A fault when the ciphertext was altered, belongs elsewhere or was made with another key.
    pub(crate) fn open(&self, place: &Place<'_>, whole: &[u8]) -> Result<Vec<u8>, Fault> {
        let broken = || Fault::new("decrypt", format!("a {} does not open with its key", place.what));
        let (version, rest) = whole.split_first().ok_or_else(broken)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        if *version != VERSION {
            return Err(broken());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut plain = sealed.to_vec();
        let length =
            self.cipher()?.open_in_place(nonce, Aad::from(place.aad()), &mut plain).map_err(|_| broken())?.len();
        plain.truncate(length);
        Ok(plain)
    }

    /// This key, encrypted under another.
    pub(crate) fn wrap(&self, under: &Key, place: &Place<'_>, chance: &dyn Chance) -> Result<Vec<u8>, Fault> {
        under.seal(place, &self.0, chance)
    }

    pub(crate) fn unwrap(under: &Key, place: &Place<'_>, wrapped: &[u8]) -> Result<Key, Fault> {
        let plain = under.open(place, wrapped)?;
        let bytes = plain.try_into().map_err(|_| Fault::new("decrypt", "a wrapped key has not 32 bytes"))?;
        Ok(Key(bytes))
    }

    fn cipher(&self) -> Result<LessSafeKey, Fault> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).map_err(|_| Fault::new("encrypt", "not a key of AES-256"))?;
        Ok(LessSafeKey::new(key))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    const HERE: Place<'static> = Place { what: "document", owner: "PIN:AYTEN01", id: "1" };

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let chance = SeededChance::new(5);
        let (key, other) = (Key::draw(&chance), Key::draw(&chance));
        let sealed = key.seal(&HERE, b"decision", &chance).expect("sealed");
        assert_eq!(key.open(&HERE, &sealed).expect("opened"), b"decision");
        assert!(other.open(&HERE, &sealed).is_err());
        for elsewhere in [
            Place { what: "document", owner: "PIN:TURAL06", id: "1" },
            Place { what: "document", owner: "PIN:AYTEN01", id: "2" },
            Place { what: "document-key", owner: "PIN:AYTEN01", id: "1" },
        ] {
            assert!(key.open(&elsewhere, &sealed).is_err());
        }
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let chance = SeededChance::new(6);
        let key = Key::draw(&chance);
        let sealed = key.seal(&HERE, b"x", &chance).expect("sealed");
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(key.open(&HERE, &altered).is_err(), "byte {place}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(&HERE, &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn keys_wrap_and_show_nothing() {
        let chance = SeededChance::new(7);
        let (under, key) = (Key::draw(&chance), Key::draw(&chance));
        let wrapped = key.wrap(&under, &HERE, &chance).expect("wrapped");
        assert_eq!(Key::unwrap(&under, &HERE, &wrapped).expect("unwrapped").0, key.0);
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
