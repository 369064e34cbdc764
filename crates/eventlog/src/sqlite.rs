//! The SQLite engine: one owner thread appends, every reader has its own connection.

use std::path::Path;

use tokio::sync::watch;

use crate::{Batch, Epoch, Error, Record};

/// A handle to an open log; clones share it.
#[derive(Clone)]
pub struct Log {}

impl Log {
    /// Opens or creates the log file and starts its owner thread. Every record after `verified_up_to` is checked.
    pub fn open(path: &Path, verified_up_to: u64) -> Result<Log, Error> {
        let _ = (path, verified_up_to);
        unimplemented!()
    }

    /// The identity of this history.
    pub fn epoch(&self) -> Epoch {
        unimplemented!()
    }

    /// The last durable seq, 0 for an empty log.
    pub fn head(&self) -> u64 {
        unimplemented!()
    }

    /// Changes whenever the head does.
    pub fn watch_head(&self) -> watch::Receiver<u64> {
        unimplemented!()
    }

    /// Appends a batch in one durable commit and returns the new head.
    pub async fn append(&self, batch: Batch) -> Result<u64, Error> {
        let _ = batch;
        unimplemented!()
    }

    /// Runs a reading closure on one of the log's reader threads.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _ = read;
        unimplemented!()
    }

    /// A reader of one's own, for an owner thread.
    pub fn reader(&self) -> Result<Reader, Error> {
        unimplemented!()
    }

    /// Flushes and closes; later calls answer [`Error::Closed`].
    pub async fn close(&self) -> Result<(), Error> {
        unimplemented!()
    }
}

/// A blocking reader with its own connection; sees every commit.
pub struct Reader {}

impl Reader {
    /// The last durable seq and its time.
    pub fn head(&mut self) -> Result<(u64, i64), Error> {
        unimplemented!()
    }

    /// Records after `after` (exclusive) up to `up_to` (inclusive), rising, at most `limit`.
    pub fn range(&mut self, after: u64, up_to: u64, limit: usize) -> Result<Vec<Record>, Error> {
        let _ = (after, up_to, limit);
        unimplemented!()
    }

    /// Records of one kind in a channel with `after < seq < before`, the newest `limit` of them, rising.
    pub fn channel_newest(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let _ = (channel, kind, after, before, limit);
        unimplemented!()
    }

    /// Records of one kind in a channel with `after < seq < before`, the oldest `limit` of them, rising.
    pub fn channel_oldest(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let _ = (channel, kind, after, before, limit);
        unimplemented!()
    }

    /// The seq of the `n`th newest record (1 is the newest) of a kind in a channel up to `up_to` inclusive, from the
    /// index alone.
    pub fn channel_nth_newest(
        &mut self,
        channel: u64,
        kind: u16,
        up_to: u64,
        n: usize,
    ) -> Result<Option<u64>, Error> {
        let _ = (channel, kind, up_to, n);
        unimplemented!()
    }

    /// How many records of a kind a channel has in `after < seq <= up_to` that were not made by `except_actor` and are
    /// not redacted.
    pub fn channel_count(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        up_to: u64,
        except_actor: u64,
    ) -> Result<u64, Error> {
        let _ = (channel, kind, after, up_to, except_actor);
        unimplemented!()
    }

    /// The records with these seqs, rising; absent ones are left out.
    pub fn by_seqs(&mut self, seqs: &[u64]) -> Result<Vec<Record>, Error> {
        let _ = seqs;
        unimplemented!()
    }

    /// The records about any of these targets, up to `up_to` inclusive, rising.
    pub fn by_targets(&mut self, targets: &[u64], up_to: u64) -> Result<Vec<Record>, Error> {
        let _ = (targets, up_to);
        unimplemented!()
    }

    /// The record that this actor appended with this `client_msg_id`.
    pub fn by_client_msg_id(
        &mut self,
        actor: u64,
        client_msg_id: &str,
    ) -> Result<Option<Record>, Error> {
        let _ = (actor, client_msg_id);
        unimplemented!()
    }

    /// The last seq whose time is at most `ts_micros`; 0 when there is none.
    pub fn seq_at(&mut self, ts_micros: i64) -> Result<u64, Error> {
        let _ = ts_micros;
        unimplemented!()
    }

    /// Verifies the checksums of `after < seq <= up_to`; the error names the first damaged record.
    pub fn verify(&mut self, after: u64, up_to: u64) -> Result<(), Error> {
        let _ = (after, up_to);
        unimplemented!()
    }
}
