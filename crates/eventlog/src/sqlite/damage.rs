//! What is known to be damaged: seen by any reader, it stops the appends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::Error;

/// Damaged records that are told of one by one; a log with more is told of enough.
const TOLD_MAX: usize = 1_000;

/// What is known of damage, in any reader.
#[derive(Default)]
pub(super) struct Damage {
    /// What was seen first, if any was: readers on any thread set it, the owner looks before each commit.
    first: OnceLock<Error>,
    /// The damaged records of which somebody has told.
    told: Mutex<BTreeSet<u64>>,
}

/// Whether a reader hands out damaged records, and of which ones somebody has told.
#[derive(Clone)]
pub struct ReadsOn(pub(super) Option<Arc<Damage>>);

impl ReadsOn {
    /// Whether it hands them out.
    pub fn is_so(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the record at `seq` is to be told of: it is damaged, and nobody has asked this of it before, with any reader
    /// of this log. Each is read again and again.
    pub fn is_first_to_tell(&self, seq: u64) -> bool {
        self.0.as_ref().is_some_and(|damage| {
            let mut told = damage.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.len() < TOLD_MAX && told.insert(seq)
        })
    }
}

impl Damage {
    /// Remembers a damaged record and names it.
    pub(super) fn found(&self, seq: u64) -> Error {
        self.report(Error::Corrupt { seq })
    }

    /// Remembers what is damaged, and hands it back to whoever came upon it.
    pub(super) fn report(&self, damage: Error) -> Error {
        // Failing means that something was found before, and the first one stays.
        let _ = self.first.set(damage.clone());
        damage
    }

    /// Refuses when anything is damaged.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.first.get().map_or(Ok(()), |damage| Err(damage.clone()))
    }
}
