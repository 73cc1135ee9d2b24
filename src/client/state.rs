//! Where it is remembered what was sent: the state that is kept, or a temporary one. The calls are counted
//! in the kept one's ledger in either case, for the service counts them all.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::Client;
use super::sentences;
use crate::error::Error;
use crate::plan::Desk;
use crate::store::{self, SqliteStore, Store, Target, TenantId};

/// The calls made against one tenant.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Where they are counted.
    pub store: Arc<dyn store::Ledger>,
    /// The tenant in that store.
    pub tenant: TenantId,
}

/// What a plan and a run work on.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Baseline, plans and journal.
    pub store: Arc<dyn Store>,
    /// The target in that store.
    pub target: Target,
    /// The calls.
    pub ledger: Ledger,
    /// Whether the store outlives the run.
    pub kept: bool,
    /// What whoever starts a run should know of it, in sentences.
    pub notes: Vec<String>,
}

impl Workspace {
    /// What plans of this workspace are made with.
    pub fn desk<'a>(&'a self, client: &'a Client) -> Desk<'a> {
        let parts = client.parts();
        Desk {
            store: &*self.store,
            target: self.target,
            ledger: (&*self.ledger.store, self.ledger.tenant),
            batch: parts.config.limits.batch,
            limits: parts.config.call_limits(),
            clock: &*parts.clock,
            random: &parts.random,
            read_text: |path| std::fs::read_to_string(path),
        }
    }
}

impl Client {
    /// The state that is kept: the one handed in, the file that the configuration names, or the platform's.
    /// It is opened, and made if need be, when first asked for. Blocks on the disk.
    ///
    /// # Errors
    /// `InvalidState` where the configuration keeps none; `ConfigInvalid` where the platform has no place for
    /// it, or the file keeps something else than asked for; `StoreFailed`,
    /// `StoreNewer`, `StoreDamaged`.
    pub fn kept(&self) -> Result<Workspace, Error> {
        if !self.keeps_state() {
            return Err(sentences::without_state());
        }
        let state = &self.parts().config.state;
        let mut notes = Vec::new();
        let mut opened = self.parts().kept.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match &*opened {
            Some(store) => Arc::clone(store),
            None => {
                let path = store::state_path(state.path.as_deref())?;
                let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, state.keep)?);
                if store.plans(None, 1)?.is_empty() {
                    notes.push(first_use(&path, state.path.is_some()));
                }
                Arc::clone(opened.insert(store))
            }
        };
        drop(opened);
        let target = store.target(&self.target_key())?;
        let ledger = Ledger { store: store.clone(), tenant: target.tenant };
        Ok(Workspace { store, target, ledger, kept: true, notes })
    }

    /// What a new plan is made on: the kept state, or a temporary one that is gone with the last of its
    /// handles. Blocks on the disk.
    ///
    /// # Errors
    /// As [`Self::kept`], but for `InvalidState`.
    pub fn workspace(&self) -> Result<Workspace, Error> {
        if self.keeps_state() {
            return self.kept();
        }
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary()?);
        let target = store.target(&self.target_key())?;
        let (ledger, notes) = self.ledger()?;
        Ok(Workspace { store, target, ledger, kept: false, notes })
    }

    /// The calls made against the client's tenant, whether or not a state is kept; and what should be known
    /// of where they are counted. Blocks on the disk.
    ///
    /// # Errors
    /// As [`Self::kept`], but for `InvalidState`.
    pub fn ledger(&self) -> Result<(Ledger, Vec<String>), Error> {
        if self.keeps_state() {
            let Workspace { ledger, notes, .. } = self.kept()?;
            return Ok((ledger, notes));
        }
        let mut notes = Vec::new();
        let mut opened = self.parts().kept.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match &*opened {
            Some(store) => Arc::clone(store),
            None => {
                let path = self.ledger_path(&mut notes);
                let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, None)?);
                Arc::clone(opened.insert(store))
            }
        };
        drop(opened);
        let tenant = store.tenant(&self.target_key())?;
        Ok((Ledger { store, tenant }, notes))
    }

    fn ledger_path(&self, notes: &mut Vec<String>) -> PathBuf {
        let given = self.parts().config.state.path.as_deref();
        store::state_path(given).unwrap_or_else(|_| {
            let path = std::env::temp_dir().join("entrabulk-calls").join("state.db");
            notes.push(sentences::calls_elsewhere(path.display()));
            path
        })
    }
}

/// What the run that begins a state says of it.
fn first_use(path: &Path, named: bool) -> String {
    let mut text = sentences::remembered(path.display());
    if !named {
        text.push(' ');
        text.push_str(sentences::OTHER_ACCOUNT);
    }
    text
}
