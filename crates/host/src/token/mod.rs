//! Keys in a token (PKCS#11 2.40): made there, used there, never seen here. The module is a library of the token's maker; a
//! key is found by its label and, as `base::Signer`, is used like any other. A token may go away and come back while the
//! process runs: whoever uses it then gets a fault, and the next use opens it again.

mod key;
mod module;
mod pin;

pub use key::TokenKey;
pub use pin::check_pin_file;

use base::Fault;
use cryptoki::{
    error::Error, error::RvError, object::ObjectHandle, session::Session, session::UserType, types::AuthPin,
};
use module::Module;
use pin::Pin;
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Between two attempts to open a token that is away. An attempt starts the module anew, which disturbs its other tokens.
const RETRY: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(2) };
/// Sessions that are kept open. More uses at once open more, which are closed again.
const SESSIONS_KEPT: usize = 4;

/// Where a token is and how one logs in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPlace {
    /// The library of the token's maker.
    pub module: PathBuf,
    pub label: String,
    /// A file of one line that its owner alone can read. It is read at each log-in and not kept.
    pub pin_file: PathBuf,
    /// Where it is noted that the token refused a PIN, so that a process that is started again and again does not lock it.
    pub refusal_file: PathBuf,
}

/// A token that somebody has logged in to.
pub struct Token {
    place: TokenPlace,
    module: Arc<Module>,
    kept: Mutex<Vec<Open>>,
    /// Why it could not be opened the last time; held by the one who opens it.
    away: Mutex<Option<Away>>,
}

/// A session with the keys that were found in it.
struct Open {
    session: Session,
    /// Of which start of the module it is.
    run: u64,
    keys: BTreeMap<String, ObjectHandle>,
}

struct Away {
    at: Instant,
    cause: String,
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::passing("use the token", cause)
}

impl Token {
    /// Opens the token and logs in as its user.
    pub fn open(place: TokenPlace) -> Result<Arc<Token>, Fault> {
        let module = Module::load(&place.module)?;
        let token = Token { place, module, kept: Mutex::default(), away: Mutex::default() };
        token.with(|_| Ok(()))?;
        Ok(Arc::new(token))
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Open>> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Does something in a session. What fails in a session that was open already is tried once more in a new one, because
    /// the token may have been away in between.
    fn with<T>(&self, work: impl Fn(&mut Open) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.in_kept(&work) {
            Some(Ok(done)) => return Ok(done),
            Some(Err(fault)) => tracing::warn!(token = self.place.label, %fault, "the token is opened again"),
            None => {}
        }
        let mut away = self.away.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(away) = away.as_ref().filter(|away| away.at.elapsed() < RETRY) {
            return Err(failed(&away.cause));
        }
        let outcome = self.in_new(&work);
        match &outcome {
            Ok(_) if away.take().is_some() => tracing::warn!(token = self.place.label, "the token is back"),
            Ok(_) => {}
            Err(fault) => *away = Some(Away { at: Instant::now(), cause: fault.cause.clone() }),
        }
        outcome
    }

    /// `None` when no session is open.
    fn in_kept<T>(&self, work: &impl Fn(&mut Open) -> Result<T, Fault>) -> Option<Result<T, Fault>> {
        let run = self.module.running();
        let mut open = loop {
            let open = self.kept().pop()?;
            if Some(open.run) == run.number() {
                break open;
            }
            // Its number may be another session's by now: it must not be closed.
            std::mem::forget(open.session);
        };
        let outcome = work(&mut open);
        match outcome.is_ok() {
            true => self.keep(open),
            // The others are no better. Without any, the token logs its user out.
            false => self.kept().retain(|other| Some(other.run) != run.number()),
        }
        Some(outcome)
    }

    fn keep(&self, open: Open) {
        let mut kept = self.kept();
        if kept.len() < SESSIONS_KEPT {
            kept.push(open);
        }
    }

    /// In a session of the module as it runs, or else of the module started anew: some see a token that is back only then.
    fn in_new<T>(&self, work: &impl Fn(&mut Open) -> Result<T, Fault>) -> Result<T, Fault> {
        let once = || -> Result<T, Fault> {
            let run = self.module.running();
            let mut open = self.log_in(run.number().ok_or_else(|| failed("the module does not start"))?)?;
            let done = work(&mut open)?;
            self.keep(open);
            Ok(done)
        };
        let before = self.module.running().number();
        match once() {
            Ok(done) => Ok(done),
            // Another attempt with this PIN could lock the token.
            Err(fault) if !fault.retry_helps => Err(fault),
            Err(_) => {
                self.module.restart(before)?;
                once()
            }
        }
    }

    fn log_in(&self, run: u64) -> Result<Open, Fault> {
        let absent = || format!("no slot of {} holds a token {:?}", self.place.module.display(), self.place.label);
        let slot = self.module.slot_of(&self.place.label)?.ok_or_else(|| failed(absent()))?;
        let session = self.module.context().open_rw_session(slot).map_err(failed)?;
        let pin = Pin::read(&self.place.pin_file)?;
        pin.check_not_refused(&self.place.refusal_file)?;
        match session.login(UserType::User, Some(&AuthPin::new(pin.secret().into()))) {
            // Another session of this process did it: a log-in is the application's.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                Ok(Open { session, run, keys: BTreeMap::new() })
            }
            Err(Error::Pkcs11(
                error @ (RvError::PinIncorrect
                | RvError::PinLocked
                | RvError::PinExpired
                | RvError::PinInvalid
                | RvError::PinLenRange),
                _,
            )) => Err(pin.refused(&self.place.refusal_file, error)),
            Err(error) => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests;
