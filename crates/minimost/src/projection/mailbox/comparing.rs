//! The comparison of what a mailbox says with what it should: one after the other, a piece at a time, for ever.
//!
//! What it should say is built in memory, from the first event on, so that nothing has to be erased there; `check` does
//! the same with a server that is stopped. A file that differs is set aside and made anew, as a damaged one is.

use std::path::Path;
use std::sync::Arc;

use chat::UserId;
use tracing::warn;

use super::super::check::Difference;
use super::super::check::compare::compare_open;
use super::super::{InFile, ProjectionError, sqlite};
use super::file::Mailbox;
use super::group::Group;
use super::owner::Owner;

/// How far it is.
#[derive(Default)]
pub(super) struct Comparing {
    /// Whose mailbox was the last.
    last: Option<UserId>,
    /// What that should say, on its way to where the sweep is.
    expected: Option<Mailbox>,
}

impl Owner {
    /// A piece of the comparison.
    pub fn compare(&mut self) {
        let compared = match self.sweep.comparing.expected.take() {
            None => self.begin_to_compare(),
            Some(expected) => self.go_on_comparing(expected),
        };
        if let Err(error) = compared {
            // What cannot be read or written is told where it is brought on; it will be its turn again.
            tracing::debug!(error = &error as &dyn std::error::Error, "a mailbox was not compared");
        }
    }

    fn begin_to_compare(&mut self) -> Result<(), ProjectionError> {
        let sweep = &mut self.sweep;
        let Some(user) = sweep.standings.next_known(sweep.comparing.last) else { return Ok(()) };
        sweep.comparing.last = Some(user);
        let target = Arc::clone(&sweep.target);
        let expected = Mailbox::in_memory(user, &mut self.sources, &target)?;
        self.sweep.comparing.expected = Some(expected);
        Ok(())
    }

    fn go_on_comparing(&mut self, mut expected: Mailbox) -> Result<(), ProjectionError> {
        let (target, user) = (Arc::clone(&self.sweep.target), expected.owner);
        if expected.checkpoint < target.head {
            expected.advance(&mut self.sources, &target)?;
        }
        if expected.checkpoint < target.head {
            self.sweep.comparing.expected = Some(expected);
            return Ok(());
        }
        let mut found = self.take_for_turn(user)?;
        if found.is_new || Group::is_far(found.checkpoint, target.head) {
            return Ok(());
        }
        let compared = found.catch_up(&mut self.sources, &target).and_then(|()| {
            compare_open(&found.file, &expected.file, &found.path).in_file(&found.path)
        });
        match compared {
            // A read has brought it further than what it is compared with.
            Ok(_) if found.checkpoint != expected.checkpoint => Ok(()),
            Ok(differences) if differences.is_empty() => self.finish(found),
            Ok(differences) => self.replace(found, &differences),
            Err(error) => {
                self.unless_failed(user, Err(error));
                Ok(())
            }
        }
    }

    /// Sets a file aside that does not say what it should. Of several of one person the first is kept.
    fn replace(
        &mut self,
        found: Mailbox,
        differences: &[Difference],
    ) -> Result<(), ProjectionError> {
        let (user, path) = (found.owner, found.path.clone());
        // So that the file shows by itself what was found, where nobody else has it open.
        sqlite::truncate_wal(&found.file).in_file(&path)?;
        drop(found);
        let target = Arc::clone(&self.sweep.target);
        let now = if has_aside(&path) {
            sqlite::remove(&path)?;
            "was removed, because one of before is kept".to_owned()
        } else {
            format!("is now {}", sqlite::set_aside(&path, target.head)?.display())
        };
        let (count, first) = (differences.len(), differences.first().map(ToString::to_string));
        let (file, first) = (path.display(), first.unwrap_or_default());
        warn!(
            "{file} was not what the log says and {now}; it is rebuilt from the log. \
             {count} differences, the first: {first}"
        );
        self.sweep.standings.miss(user, tokio::time::Instant::now());
        Ok(())
    }
}

/// Whether a damaged or differing file of before stands beside this one.
fn has_aside(file: &Path) -> bool {
    let Some((dir, name)) = file.parent().zip(file.file_name()) else { return false };
    let start = format!("{}.damaged-", name.to_string_lossy());
    std::fs::read_dir(dir).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&start))
    })
}
