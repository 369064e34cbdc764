//! What is known to be damaged: seen by any reader, it stops the appends.

use std::sync::OnceLock;

use crate::Error;

/// The damage that was seen first, if any was.
///
/// Readers on any thread set it, the owner looks before each commit.
#[derive(Default)]
pub(super) struct Damage(OnceLock<Error>);

impl Damage {
    /// Remembers a damaged record and names it.
    pub(super) fn found(&self, seq: u64) -> Error {
        self.report(Error::Corrupt { seq })
    }

    /// Remembers what is damaged, and hands it back to whoever came upon it.
    pub(super) fn report(&self, damage: Error) -> Error {
        // Failing means that something was found before, and the first one stays.
        let _ = self.0.set(damage.clone());
        damage
    }

    /// Refuses when anything is damaged.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.0.get().map_or(Ok(()), |damage| Err(damage.clone()))
    }
}
