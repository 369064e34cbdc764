//! The comparison of what a mailbox says with what it should: one after the other, a piece at a time, for ever.
//!
//! What it should say is built from the first event on in a file that has no name: there is no bound to how much that is
//! (a window of 0), and memory has one. `check` does the same with a server that is stopped. A file that differs is set
//! aside and made anew, as a damaged one is.

use std::sync::Arc;

use chat::UserId;
use tracing::warn;

use super::super::check::Difference;
use super::super::check::compare::compare_open;
use super::super::{InFile, ProjectionError, sqlite};
use super::file::Mailbox;
use super::owner::Owner;

/// How far it is.
#[derive(Default)]
pub(super) struct Comparing {
    /// Whose mailbox was the last; at a start that of anybody, so that often starting does not compare the same few.
    last: Option<UserId>,
    /// What that should say, on its way to where the sweep is.
    expected: Option<Mailbox>,
    /// Something was erased meanwhile that may be in it.
    is_to_erase: bool,
}

impl Comparing {
    /// Begins after one of these, whom `chance` says.
    pub fn begin_after(&mut self, mut users: impl ExactSizeIterator<Item = UserId>, chance: u32) {
        let place = usize::try_from(chance).unwrap_or_default() % users.len().max(1);
        self.last = users.nth(place);
    }

    /// Something was erased that may stand in somebody's file.
    pub fn hear_erasure(&mut self, user: UserId) {
        self.is_to_erase |= self.expected.as_ref().is_some_and(|it| it.owner == user);
    }
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
        // One that is being made is compared when it is there.
        if sweep.far_from(user).is_some() {
            return Ok(());
        }
        let target = Arc::clone(&sweep.target);
        let expected = Mailbox::without_name(&self.data_dir, user, &mut self.sources, &target)?;
        self.sweep.comparing.expected = Some(expected);
        self.sweep.comparing.is_to_erase = false;
        Ok(())
    }

    fn go_on_comparing(&mut self, mut expected: Mailbox) -> Result<(), ProjectionError> {
        let (target, user) = (Arc::clone(&self.sweep.target), expected.owner);
        if std::mem::take(&mut self.sweep.comparing.is_to_erase) {
            expected.erase_ahead(&mut self.sources, &target)?;
        }
        if expected.checkpoint < target.head {
            expected.advance(&mut self.sources, &target)?;
        }
        if expected.checkpoint < target.head {
            self.sweep.comparing.expected = Some(expected);
            return Ok(());
        }
        let Some(mut found) = self.take_for_turn(user)? else { return Ok(()) };
        if self.is_far(&found) {
            return self.join_group(found);
        }
        let compared = found.catch_up(&mut self.sources, &target).and_then(|()| {
            compare_open(&found.file, &expected.file, &found.path).in_file(&found.path)
        });
        match compared {
            // It was made at a later head than that of what it is compared with.
            Ok(_) if found.checkpoint != expected.checkpoint => Ok(()),
            Ok(None) => self.finish(found),
            Ok(Some((count, first))) => self.replace(found, count, &first),
            Err(error) => {
                self.unless_failed(user, Err(error));
                Ok(())
            }
        }
    }

    /// Gets a file out of the way that does not say what it should.
    fn replace(
        &mut self,
        found: Mailbox,
        count: u64,
        first: &Difference,
    ) -> Result<(), ProjectionError> {
        let (user, path) = (found.owner, found.path.clone());
        // So that the file shows by itself what was found, where nobody else has it open.
        sqlite::truncate_wal(&found.file).in_file(&path)?;
        drop(found);
        let (now, file) = (self.put_aside(user)?, path.display());
        warn!(
            "{file} was not what the log says and {now}; it is rebuilt from the log. \
             {count} differences, the first: {first}"
        );
        self.sweep.standings.miss(user, tokio::time::Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::stepwise::{Stage, drain};
    use super::*;

    #[tokio::test]
    async fn starts_do_not_all_begin_with_the_same_person() {
        let stage = Stage::with(&["bob", "carol", "dave", "erin"]).await;
        drain(&mut stage.begin()).unwrap();
        let first = |_| {
            let mut owner = stage.begin();
            drain(&mut owner).unwrap();
            owner.compare();
            owner.sweep.comparing.last.expect("somebody is the first")
        };
        // That one of five is drawn each time happens in none of all the runs that there will ever be.
        let firsts: HashSet<UserId> = (0..40).map(first).collect();
        assert!(firsts.len() > 1, "{firsts:?}");
    }
}
