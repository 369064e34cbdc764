//! Pages: the newest or the oldest records of one kind, in a channel or about a target.

use super::outline::Found;
use super::reader::{Reader, bound, count};
use crate::{Error, Record};

impl Reader {
    /// Records of one kind in a channel with `after < seq < before`, the newest `limit` of them, rising.
    pub fn channel_newest(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        const NEWEST: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE channel = ?1 AND kind = ?2 AND seq > ?3 AND seq < ?4
             ORDER BY seq DESC
             LIMIT ?5";
        self.page(NEWEST, Found::in_channel(channel, kind), (after, before), limit)
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
        const OLDEST: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE channel = ?1 AND kind = ?2 AND seq > ?3 AND seq < ?4
             ORDER BY seq
             LIMIT ?5";
        self.page(OLDEST, Found::in_channel(channel, kind), (after, before), limit)
    }

    /// Records of one kind about `target` with `after < seq < before`, the newest `limit` of them, rising.
    pub fn target_newest(
        &mut self,
        target: u64,
        kind: u16,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        const NEWEST: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE target = ?1 AND kind = ?2 AND seq > ?3 AND seq < ?4
             ORDER BY seq DESC
             LIMIT ?5";
        self.page(NEWEST, Found::about(target, kind), (after, before), limit)
    }

    /// Records of one kind about `target` with `after < seq < before`, the oldest `limit` of them, rising.
    pub fn target_oldest(
        &mut self,
        target: u64,
        kind: u16,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        const OLDEST: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE target = ?1 AND kind = ?2 AND seq > ?3 AND seq < ?4
             ORDER BY seq
             LIMIT ?5";
        self.page(OLDEST, Found::about(target, kind), (after, before), limit)
    }

    /// The last record of any of these kinds about `target`, up to `up_to` inclusive.
    pub fn target_last(
        &mut self,
        target: u64,
        kinds: [u16; 3],
        up_to: u64,
    ) -> Result<Option<Record>, Error> {
        let before = up_to.saturating_add(1);
        let mut last = None;
        for kind in kinds {
            last = last.max(self.target_newest_seq(target, kind, before)?);
        }
        let Some(last) = last else { return Ok(None) };
        Ok(self.by_seqs(&[last])?.pop())
    }

    /// A page, rising however it was selected.
    fn page(
        &self,
        sql: &str,
        found: Found,
        (after, before): (u64, u64),
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let of = found.channel.or(found.target).unwrap_or_default().cast_signed();
        let parameters = (of, found.kind, bound(after), bound(before), count(limit));
        let mut records = self.found_records(sql, parameters, found)?;
        records.sort_unstable_by_key(|record| record.seq);
        Ok(records)
    }
}
