//! Bringing a mailbox to the head: one transaction per chunk, rows and checkpoint together.
//!
//! Neighbours: `feed` has the decoded events, `apply` knows what each does, `window` what stays.

use chat::{Seq, Workspace};

use super::super::{InFile, ProjectionError};
use super::ahead::DELETE_AHEAD;
use super::apply::Applying;
use super::file::{Fault, Mailbox, Sources, save_checkpoint};

impl Mailbox {
    /// Applies everything up to `workspace.head`.
    ///
    /// # Errors
    ///
    /// After any error the mailbox must be dropped: its memory may be ahead of its file.
    pub fn catch_up(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        while self.checkpoint < workspace.head {
            self.advance(sources, workspace)?;
        }
        Ok(())
    }

    /// Applies the next chunk on the way to `workspace.head`.
    ///
    /// # Errors
    ///
    /// As [`Mailbox::catch_up`].
    pub fn advance(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        self.checkpoint = self.apply_chunk(sources, workspace).in_file(&self.path)?;
        Ok(())
    }

    fn apply_chunk(&mut self, sources: &mut Sources, workspace: &Workspace) -> Result<Seq, Fault> {
        let events = sources.feed.next(&mut sources.reader, self.checkpoint, workspace.head)?;
        let epoch = sources.epoch;
        let transaction = self.file.unchecked_transaction()?;
        let mut applying = Applying {
            file: &transaction,
            state: &mut self.state,
            sources,
            workspace,
            owner: self.owner,
            has_erased: &mut self.may_hold_erased,
        };
        for event in events.iter() {
            applying.apply(event)?;
        }
        applying.draw_window(events.end)?;
        self.state.save(&transaction)?;
        save_checkpoint(&transaction, epoch, events.end)?;
        let has_passed = self.erased_up_to > Seq::ZERO && self.erased_up_to <= events.end;
        if has_passed {
            transaction.execute(DELETE_AHEAD, [])?;
        }
        transaction.commit()?;
        if has_passed {
            self.erased_up_to = Seq::ZERO;
        }
        Ok(events.end)
    }
}
