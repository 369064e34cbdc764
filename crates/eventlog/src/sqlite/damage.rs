//! What is known to be damaged: seen by any reader, it stops the appends.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// The damaged seq that was seen first; 0 for none.
///
/// Readers on any thread set it, the owner looks before each commit; one number, so relaxed order is enough.
#[derive(Default)]
pub(super) struct Damage(AtomicU64);

impl Damage {
    /// Remembers a damaged record and names it.
    pub(super) fn found(&self, seq: u64) -> Error {
        // Failing means that another damaged record was there before, and the first one stays.
        let _ = self.0.compare_exchange(0, seq, Ordering::Relaxed, Ordering::Relaxed);
        Error::Corrupt { seq }
    }

    /// Refuses when anything is damaged.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            seq => Err(Error::Corrupt { seq }),
        }
    }
}
