//! The library of a token's maker: loaded once in a process, whoever uses its tokens, and started anew when one of them
//! cannot be found any more.

use super::failed;
use base::Fault;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    slot::Slot,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock, RwLockReadGuard},
};

/// The modules of this process by their files.
static LOADED: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

pub(super) struct Module {
    context: Pkcs11,
    /// Read by whoever uses a session, for as long as that takes; written by the one who starts the module anew.
    run: RwLock<Run>,
}

struct Run {
    number: u64,
    started: bool,
}

/// The module as it runs; it is not started anew while somebody holds this.
pub(super) struct Running<'a>(RwLockReadGuard<'a, Run>);

impl Running<'_> {
    /// Which start this is; `None` when the last one failed.
    pub(super) fn number(&self) -> Option<u64> {
        self.0.started.then_some(self.0.number)
    }
}

impl Module {
    pub(super) fn load(library: &Path) -> Result<Arc<Module>, Fault> {
        let unusable = |cause: &dyn std::fmt::Display| failed(format_args!("{}: {cause}", library.display()));
        let file = library.canonicalize().map_err(|cause| unusable(&cause))?;
        let mut loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(module) = loaded.get(&file) {
            return Ok(module.clone());
        }
        let context = Pkcs11::new(&file).map_err(|cause| unusable(&cause))?;
        let module = Arc::new(Module { context, run: RwLock::new(Run { number: 0, started: false }) });
        // One that does not start now may start when its token is there.
        if let Err(fault) = module.restart(None) {
            tracing::warn!(%fault, module = %file.display(), "the module of a token does not start");
        }
        loaded.insert(file, module.clone());
        Ok(module)
    }

    pub(super) fn context(&self) -> &Pkcs11 {
        &self.context
    }

    pub(super) fn running(&self) -> Running<'_> {
        Running(self.run.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// Starts the module anew, unless somebody did so after `before` was looked at. Every session is gone afterwards.
    pub(super) fn restart(&self, before: Option<u64>) -> Result<(), Fault> {
        let mut run = self.run.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if run.started && Some(run.number) != before {
            return Ok(());
        }
        if run.started
            && let Err(cause) = self.context.clone().finalize()
        {
            tracing::warn!(%cause, "the module of a token does not end");
        }
        (run.number, run.started) = (run.number + 1, false);
        match self.context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {
                run.started = true;
                Ok(())
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Where the token of this label is, if it is there.
    pub(super) fn slot_of(&self, label: &str) -> Result<Option<Slot>, Fault> {
        let slots = self.context.get_slots_with_initialized_token().map_err(failed)?;
        let is_it =
            |slot: &Slot| self.context.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == label);
        Ok(slots.into_iter().find(is_it))
    }
}
