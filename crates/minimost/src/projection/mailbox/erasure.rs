//! Text that was erased in the log and may still stand in files: who is told of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use chat::{Timestamp, UserId};
use tracing::{info, warn};

use super::standing::Standings;

/// Files that another program holds are named one by one up to so many; the rest are counted.
const NAMED_MAX: usize = 20;

/// Files that may still hold erased text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillErasing {
    /// How many.
    pub files: usize,
    /// When the first of the deletions happened.
    pub since: Timestamp,
    /// Whose of them could not be written when it was tried, because another program holds them or the machine refuses.
    /// At most 20.
    pub held: Vec<UserId>,
}

/// What the handles are told; locked for single look-ups only.
pub(super) type ErasureReport = Arc<Mutex<Option<StillErasing>>>;

/// Keeps the report, and names in the diagnostics the files that cannot be written.
pub(super) struct Erasures {
    report: ErasureReport,
    /// Whose file could not be written, and was named or counted.
    held: HashSet<UserId>,
}

impl Erasures {
    pub fn new(report: ErasureReport) -> Erasures {
        Erasures { report, held: HashSet::new() }
    }

    /// A file still holds erased text, because it cannot be written now.
    pub fn tell_held(&mut self, user: UserId, file: &std::path::Path, why: &str) {
        if self.held.insert(user) && self.held.len() <= NAMED_MAX {
            let file = file.display();
            warn!("{file} still holds erased text, because {why}; it is tried again");
        }
    }

    /// It has left the file.
    pub fn tell_done(&mut self, user: UserId) {
        if self.held.remove(&user) && self.held.is_empty() {
            info!("no mailbox that was held holds erased text any more");
        }
    }

    pub fn report(&self, standings: &Standings) {
        let still = standings.erasing().map(|(files, since)| {
            let mut held: Vec<UserId> = self.held.iter().copied().collect();
            held.sort_unstable();
            held.truncate(NAMED_MAX);
            StillErasing { files, since, held }
        });
        *self.report.lock().expect("nobody panics holding it") = still;
    }
}
