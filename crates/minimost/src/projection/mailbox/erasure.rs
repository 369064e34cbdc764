//! Text that was erased in the log and may still stand in files: who is told of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::{Timestamp, UserId};
use eventlog::HeldErasure;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::ProjectionError;
use super::standing::Standings;

/// Files that another program holds are named one by one up to so many; the rest are counted.
const NAMED_MAX: usize = 20;

/// How long the log may be held before it is told: whoever copies it, or looks at it for a moment, does no harm, and the
/// program itself reads in it.
const LOG_HOLDS: Duration = Duration::from_secs(3);

/// Files that may still hold erased text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillErasing {
    /// How many: mailboxes, also those of which nothing is known, and the log.
    pub files: usize,
    /// When the first of the deletions happened that are known of; `None` where there is none: of mailboxes that were not
    /// opened yet nothing is known, or the log's WAL of before this start is held; they may hold nothing.
    pub since: Option<Timestamp>,
    /// Whose of them could not be written when it was tried, because another program holds them or the machine refuses.
    /// At most 20.
    pub held: Vec<UserId>,
    /// What else another program holds meanwhile: the log, with erased text, and the register, which has none.
    pub held_files: Vec<&'static str>,
}

/// Whether the log may hold erased bytes that could not leave it.
pub(super) type HeldLog = watch::Receiver<Option<HeldErasure>>;

/// What the handles are told; locked for single look-ups only.
pub(super) type ErasureReport = Arc<Mutex<Option<StillErasing>>>;

/// Keeps the report, and names in the diagnostics the files that cannot be written.
pub(super) struct Erasures {
    report: ErasureReport,
    /// Whose file could not be written, and which it was that was named or counted.
    held: HashMap<UserId, PathBuf>,
    log: HeldLog,
    /// Since when the log is held, and whether it was named.
    log_held: Option<(Instant, bool)>,
    /// Since when the register could not be written.
    register_held: Option<Timestamp>,
    /// It could not be written at the last attempt, for another reason than that somebody holds it.
    is_register_failing: bool,
}

impl Erasures {
    pub fn new(report: ErasureReport, log: HeldLog) -> Erasures {
        Erasures {
            report,
            held: HashMap::new(),
            log,
            log_held: None,
            register_held: None,
            is_register_failing: false,
        }
    }

    /// The register was written down, or could not be. Each is told once, since it is tried at every look.
    pub fn tell_register(&mut self, saved: &Result<(), ProjectionError>, ts: Timestamp) {
        let is_held = saved.as_ref().is_err_and(ProjectionError::is_busy);
        let held = is_held.then(|| self.register_held.unwrap_or(ts));
        match (std::mem::replace(&mut self.register_held, held).is_some(), is_held) {
            (false, true) => warn!(
                "mailboxes.db is held by another program and is not written; nothing waits for it, but a start now \
                 hears again of what happened meanwhile, or opens every mailbox"
            ),
            (true, false) => info!("mailboxes.db can be written again"),
            (false, false) | (true, true) => {}
        }
        let failing = saved.as_ref().err().filter(|_| !is_held);
        let was_failing = std::mem::replace(&mut self.is_register_failing, failing.is_some());
        if let Some(error) = failing.filter(|_| !was_failing) {
            let error = error as &dyn std::error::Error;
            warn!(error, "mailboxes.db was not written; the next start opens more mailboxes");
        }
    }

    /// What is told of the log, which is named in the diagnostics while it is held.
    fn see_log(&mut self, now: Instant) -> Option<HeldErasure> {
        let held = *self.log.borrow();
        let (began, was_named) = self.log_held.unwrap_or((now, false));
        let is_long = now.saturating_duration_since(began) >= LOG_HOLDS;
        let why = "because another program looks at it or the machine refuses; it is tried again every second";
        match held.map(|held| held.since.map(|since| Timestamp(since).as_seconds())) {
            Some(Some(since)) if is_long && !was_named => {
                warn!("log.db still holds erased text since {since}, {why}");
            }
            Some(None) if is_long && !was_named => {
                warn!("log.db may still hold erased text of before this start, {why}");
            }
            None if was_named => info!("log.db holds no erased text any more"),
            Some(_) | None => {}
        }
        self.log_held = held.map(|_| (began, was_named || is_long));
        held.filter(|_| is_long)
    }

    /// A file still holds erased text, or may, because it cannot be written now.
    pub fn tell_held(&mut self, user: UserId, file: &Path, holds: &str, why: &str) {
        let named = self.held.insert(user, file.to_owned());
        if named.as_deref() != Some(file) && self.held.len() <= NAMED_MAX {
            let file = file.display();
            warn!("{file} {holds} erased text, because {why}; it is tried again");
        }
    }

    /// It has left the file.
    pub fn tell_done(&mut self, user: UserId) {
        if self.held.remove(&user).is_some() && self.held.is_empty() {
            info!("no mailbox that was held holds erased text any more");
        }
    }

    /// What the handles are told now.
    #[cfg(test)]
    pub fn told(&self) -> Option<StillErasing> {
        self.report.lock().unwrap().clone()
    }

    pub fn report(&mut self, standings: &Standings, now: Instant) {
        let log = self.see_log(now);
        // What had to leave a file has also left it when the file is gone.
        let is_erasing = |user| standings.find(user).is_some_and(|it| it.erasure.is_some());
        let done: Vec<UserId> = self.held.keys().copied().filter(|it| !is_erasing(*it)).collect();
        for user in done {
            self.tell_done(user);
        }
        let (mailboxes, unknown) = (standings.erasing(), standings.unknown());
        let since = mailboxes.map(|(_, since)| since);
        let of_log = log.and_then(|held| held.since).map(Timestamp);
        let since = since.into_iter().chain(of_log).chain(self.register_held).min();
        let still = (since.is_some() || log.is_some() || unknown > 0).then(|| {
            let mut held: Vec<UserId> = self.held.keys().copied().collect();
            held.sort_unstable();
            held.truncate(NAMED_MAX);
            let files = mailboxes.map_or(0, |(files, _)| files) + unknown;
            let files = files + usize::from(log.is_some());
            let is_held =
                [("log.db", log.is_some()), ("mailboxes.db", self.register_held.is_some())];
            let held_files = is_held.into_iter().filter(|(_, is_held)| *is_held);
            StillErasing { files, since, held, held_files: held_files.map(|(it, _)| it).collect() }
        });
        *self.report.lock().expect("nobody panics holding it") = still;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_of_when_it_is_held_for_long_and_since_when_if_that_is_known() {
        let (tell, log) = watch::channel(None);
        let report = ErasureReport::default();
        let mut erasures = Erasures::new(Arc::clone(&report), log);
        let (began, standings) = (Instant::now(), Standings::default());
        let mut told = |held, millis| {
            tell.send_replace(held);
            erasures.report(&standings, began + Duration::from_millis(millis));
            report.lock().unwrap().clone()
        };
        let still = |since| {
            let held_files = vec!["log.db"];
            Some(StillErasing { files: 1, since, held: Vec::new(), held_files })
        };
        let unknown = Some(HeldErasure { since: None });
        assert_eq!(told(unknown, 0), None);
        assert_eq!(told(unknown, 2_999), None);
        assert_eq!(told(unknown, 3_000), still(None));
        assert_eq!(told(None, 3_001), None);
        let known = Some(HeldErasure { since: Some(7) });
        assert_eq!(told(known, 3_002), None);
        assert_eq!(told(known, 6_002), still(Some(Timestamp(7))));
        assert_eq!(told(None, 6_003), None);
    }

    #[test]
    fn a_file_of_which_nothing_is_known_counts_until_it_is_known_and_one_that_is_not_there_does_not()
     {
        let (_tell, log) = watch::channel(None);
        let report = ErasureReport::default();
        let mut erasures = Erasures::new(report, log);
        let (mut standings, now) = (Standings::default(), Instant::now());
        let [bob, carol] = [1, 2].map(|number| UserId(chat::Seq(number)));
        standings.lose(bob, now);
        standings.miss(carol, now);
        erasures.report(&standings, now);
        let told = |files, since| {
            Some(StillErasing { files, since, held: Vec::new(), held_files: Vec::new() })
        };
        assert_eq!(erasures.told(), told(1, None));
        standings.hold(bob, Timestamp(7), now);
        erasures.report(&standings, now);
        assert_eq!(erasures.told(), told(1, Some(Timestamp(7))));
        standings.reach(bob, chat::Seq(5));
        standings.erase(bob);
        erasures.report(&standings, now);
        assert_eq!(erasures.told(), None);
    }
}
