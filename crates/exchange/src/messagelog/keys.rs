//! The keys under which messages lie on the disk (AES-256-GCM). A server has one at a time and keeps the older ones; from
//! it a key is derived for every block of records, every object and every archive, so that no key seals too much.

use super::LOG_KEY_BYTES;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf,
};
use base::{Chance, Clock, Fault, Timestamp, clock};
use host::keys::KeyDir;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, RwLock},
};

/// Records that share a derived key: far below what random nonces bear (2^32).
const BLOCK_BITS: u32 = 20;
const DAY_S: i64 = 24 * 3600;
/// What sealing adds to the plain bytes.
pub(super) const OVERHEAD_BYTES: usize = NONCE_LEN + 16;
/// What makes the key of one archive another than that of any other.
pub(super) const SALT_BYTES: usize = 16;

pub(crate) struct LogKeys {
    folder: KeyDir,
    chance: Arc<dyn Chance>,
    known: RwLock<BTreeMap<u32, Arc<LogKey>>>,
}

/// One key of the server, by number.
pub(crate) struct LogKey {
    pub number: u32,
    made_at: Timestamp,
    material: hkdf::Prk,
    chance: Arc<dyn Chance>,
    /// The derived key of the block that was used last.
    block: Mutex<Option<(u64, Arc<LessSafeKey>)>>,
}

fn damaged(cause: &str) -> Fault {
    Fault::new("open a message of the log", cause)
}

fn name(number: u32) -> String {
    format!("log-{number}")
}

impl LogKeys {
    /// Reads every key in the folder and makes the first one if there is none.
    pub(super) fn open(folder: KeyDir, clock: &dyn Clock, chance: Arc<dyn Chance>) -> Result<LogKeys, Fault> {
        let keys = LogKeys::read(folder, chance)?;
        if keys.known().is_empty() {
            keys.make(1, clock.now())?;
        }
        Ok(keys)
    }

    /// Reads every key in the folder, for what they sealed.
    pub(crate) fn read(folder: KeyDir, chance: Arc<dyn Chance>) -> Result<LogKeys, Fault> {
        let keys = LogKeys { folder, chance, known: RwLock::default() };
        for number in 1.. {
            let Some(secret) = keys.folder.secret(&name(number))? else { break };
            keys.learn(number, &secret)?;
        }
        Ok(keys)
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u32, Arc<LogKey>>> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn current(&self) -> Arc<LogKey> {
        self.known().last_key_value().expect("made when opened").1.clone()
    }

    pub(super) fn of(&self, number: u32) -> Result<Arc<LogKey>, Fault> {
        if let Some(known) = self.known().get(&number) {
            return Ok(known.clone());
        }
        // Whoever looks into another process's log learns a new key when the first record under it comes.
        if let Some(secret) = self.folder.secret(&name(number))? {
            self.learn(number, &secret)?;
        }
        self.known().get(&number).cloned().ok_or_else(|| damaged("the key of this record is not in the folder of keys"))
    }

    /// Makes the next key when the present one has served its days. Older ones stay, for what they sealed.
    pub(super) fn renew(&self, now: Timestamp, days: u32) -> Result<bool, Fault> {
        let current = self.current();
        let due = now.as_second() - current.made_at.as_second() >= i64::from(days) * DAY_S;
        if due {
            self.make(current.number + 1, now)?;
        }
        Ok(due)
    }

    fn make(&self, number: u32, now: Timestamp) -> Result<(), Fault> {
        let secret = self.folder.secret_or_create(&name(number), || {
            let mut secret = vec![0; 8 + LOG_KEY_BYTES];
            secret[..8].copy_from_slice(&now.as_microsecond().to_le_bytes());
            self.chance.fill(&mut secret[8..]);
            Ok(secret)
        })?;
        self.learn(number, &secret)
    }

    fn learn(&self, number: u32, secret: &[u8]) -> Result<(), Fault> {
        if secret.len() != 8 + LOG_KEY_BYTES {
            return Err(Fault::new("read a key of the message log", format!("{} is no such key", name(number))));
        }
        let made_at = i64::from_le_bytes(secret[..8].try_into().expect("eight bytes"));
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"pencere message log");
        let key = LogKey {
            number,
            made_at: clock::from_micros(made_at),
            material: salt.extract(&secret[8..]),
            chance: self.chance.clone(),
            block: Mutex::default(),
        };
        self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(number, Arc::new(key));
        Ok(())
    }
}

impl LogKey {
    fn derive(&self, purpose: &[u8]) -> LessSafeKey {
        let purpose = [purpose];
        let derived = self.material.expand(&purpose, &AES_256_GCM).expect("a key is shorter than HKDF can give");
        LessSafeKey::new(UnboundKey::from(derived))
    }

    fn of_record(&self, number: u64) -> Arc<LessSafeKey> {
        let block = number >> BLOCK_BITS;
        let mut last = self.block.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*last {
            Some((known, key)) if *known == block => key.clone(),
            _ => {
                let key = Arc::new(self.derive(&[b"records ", &block.to_be_bytes()[..]].concat()));
                *last = Some((block, key.clone()));
                key
            }
        }
    }

    /// Nonce, sealed bytes, tag. `bound` is everything that must not be changed without notice.
    pub(super) fn seal(&self, number: u64, bound: &[u8], mut plain: Vec<u8>) -> ([u8; NONCE_LEN], Vec<u8>) {
        let mut nonce = [0; NONCE_LEN];
        self.chance.fill(&mut nonce);
        self.of_record(number)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut plain)
            .expect("a record is far shorter than the cipher can seal");
        (nonce, plain)
    }

    pub(super) fn unseal(&self, number: u64, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        if sealed.len() < OVERHEAD_BYTES {
            return Err(damaged("the sealed part is too short"));
        }
        let (nonce, sealed) = sealed.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("split at its length");
        let mut sealed = sealed.to_vec();
        let opened = self.of_record(number).open_in_place(nonce, Aad::from(bound), &mut sealed);
        let length = opened.map_err(|_| damaged("the record was changed, or belongs elsewhere"))?.len();
        sealed.truncate(length);
        Ok(sealed)
    }

    /// The key of one object, which is sealed in pieces that are counted.
    pub(super) fn of_object(&self, name: &str) -> ObjectKey {
        ObjectKey { key: self.derive(format!("object {name}").as_bytes()), next: 0 }
    }

    /// The key of one archive. An archive that is written again after a crash gets another, so no nonce comes twice.
    pub(super) fn of_archive(&self, salt: &[u8]) -> ObjectKey {
        ObjectKey { key: self.derive(&[b"archive ", salt].concat()), next: 0 }
    }

    pub(super) fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        self.chance.fill(&mut salt);
        salt
    }
}

/// Seals or opens the pieces of one object in their order.
pub(super) struct ObjectKey {
    key: LessSafeKey,
    next: u64,
}

impl ObjectKey {
    /// The nonce counts, so a piece cannot stand in another's place; the last one says that it is the last.
    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[4..].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    pub(super) fn seal(&mut self, piece: &mut Vec<u8>, last: bool) {
        let nonce = self.nonce();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from([u8::from(last)]), piece)
            .expect("a piece is far shorter than the cipher can seal");
    }

    pub(super) fn open(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<(), Fault> {
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::from([u8::from(last)]), piece);
        let length = opened.map_err(|_| damaged("an object was changed, cut, or belongs elsewhere"))?.len();
        piece.truncate(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{ManualClock, SystemChance};
    use host::testing::TempDir;
    use std::os::unix::fs::PermissionsExt;

    fn open(dir: &TempDir, clock: &ManualClock) -> LogKeys {
        let folder = KeyDir::open(&dir.path().join("keys")).expect("a folder");
        LogKeys::open(folder, clock, Arc::new(SystemChance)).expect("keys")
    }

    #[test]
    fn what_is_sealed_opens_only_where_it_belongs() {
        let (dir, clock) = (TempDir::new(), ManualClock::at(clock::from_micros(1)));
        let keys = open(&dir, &clock);
        let (nonce, sealed) = keys.current().seal(7, b"record 7", b"salam".to_vec());
        let whole = [&nonce[..], &sealed].concat();
        assert!(!whole.windows(5).any(|window| window == b"salam"));
        let key = open(&dir, &clock).of(1).expect("read back");
        assert_eq!(key.unseal(7, b"record 7", &whole).expect("opened"), b"salam");
        key.unseal(7, b"record 8", &whole).expect_err("another record's");
        key.unseal(7 + (1 << BLOCK_BITS), b"record 7", &whole).expect_err("another block's");
        key.unseal(7, b"record 7", &whole[..10]).expect_err("cut");
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            key.unseal(7, b"record 7", &changed).expect_err("changed");
        }
        assert!(open(&dir, &clock).of(2).is_err());
        let mode = std::fs::metadata(dir.path().join("keys/log-1")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_serves_its_days_and_the_older_ones_still_open() {
        let (dir, clock) = (TempDir::new(), ManualClock::at(clock::from_micros(1_000_000)));
        let keys = open(&dir, &clock);
        let (nonce, sealed) = keys.current().seal(1, b"", b"old".to_vec());
        assert!(!keys.renew(base::Clock::now(&clock), 1).expect("looked"));
        clock.advance_s(24 * 3600);
        assert!(keys.renew(base::Clock::now(&clock), 1).expect("made"));
        assert!(!keys.renew(base::Clock::now(&clock), 1).expect("looked"));
        let again = open(&dir, &clock);
        assert_eq!((keys.current().number, again.current().number), (2, 2));
        let whole = [&nonce[..], &sealed].concat();
        assert_eq!(again.of(1).expect("kept").unseal(1, b"", &whole).expect("opened"), b"old");
        again.of(2).expect("made").unseal(1, b"", &whole).expect_err("another key's");
    }
}
