//! Which records there are and whose, from the indexes alone: for counting, a million in a fraction of a second.

use rusqlite::{OptionalExtension, Params};

use super::reader::{Reader, asked, bound, triple};
use crate::Error;

impl Reader {
    /// The records of one kind in a channel with `after < seq <= up_to`, rising, but for those that were erased for one of
    /// the reasons in `gone`: seq and actor.
    pub fn channel_posts(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        up_to: u64,
        gone: &[u8],
    ) -> Result<Vec<(u64, u64)>, Error> {
        const POSTS: &str = "
            SELECT seq, actor, redacted_why
              FROM record INDEXED BY record_channel
             WHERE channel = ?1 AND kind = ?2 AND seq > ?3 AND seq <= ?4
             ORDER BY seq";
        self.posts(POSTS, (channel.cast_signed(), kind, bound(after), bound(up_to)), gone)
    }

    /// The same of the records of either kind about several targets, by target and rising: target, seq and actor. One
    /// statement for all: `targets` are numbers, each once, with their `after`.
    pub fn targets_posts(
        &mut self,
        targets: impl IntoIterator<Item = (u64, u64)>,
        kinds: [u16; 2],
        up_to: u64,
        gone: &[u8],
    ) -> Result<Vec<(u64, u64, u64)>, Error> {
        const POSTS: &str = "
            SELECT record.target, record.seq, record.actor, record.redacted_why
              FROM json_each(?1) AS asked
             CROSS JOIN record INDEXED BY record_target
             WHERE record.target = CAST(asked.key AS INTEGER) AND record.kind IN (?2, ?3)
               AND record.seq > asked.value AND record.seq <= ?4
             ORDER BY record.target, record.seq";
        let mut statement = self.statement(POSTS)?;
        let mut rows = statement.query((asked(targets), kinds[0], kinds[1], bound(up_to)))?;
        let mut posts = Vec::new();
        while let Some(row) = rows.next()? {
            if !is_gone(row.get(3)?, gone) {
                posts.push(triple(row)?);
            }
        }
        Ok(posts)
    }

    /// Of each of these targets, in their order, the seq of the newest record of either kind about it with
    /// `seq < before`, erased or not: one statement for all.
    pub fn targets_newest_seq(
        &mut self,
        targets: &[u64],
        kinds: [u16; 2],
        before: u64,
    ) -> Result<Vec<Option<u64>>, Error> {
        const NEWEST: &str = "
            SELECT max(
                       coalesce((SELECT seq
                                   FROM record INDEXED BY record_target
                                  WHERE target = asked.value AND kind = ?2 AND seq < ?4
                                  ORDER BY seq DESC
                                  LIMIT 1), 0),
                       coalesce((SELECT seq
                                   FROM record INDEXED BY record_target
                                  WHERE target = asked.value AND kind = ?3 AND seq < ?4
                                  ORDER BY seq DESC
                                  LIMIT 1), 0))
              FROM json_each(?1) AS asked
             ORDER BY asked.key";
        let asked: Vec<_> = targets.iter().map(|target| target.cast_signed().to_string()).collect();
        let asked = format!("[{}]", asked.join(","));
        let mut statement = self.statement(NEWEST)?;
        let found = statement.query_map((asked, kinds[0], kinds[1], bound(before)), |row| {
            let seq: i64 = row.get(0)?;
            Ok((seq > 0).then_some(seq.cast_unsigned()))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The seq of the newest record of one kind about a target with `seq < before`, erased or not.
    pub fn target_newest_seq(
        &mut self,
        target: u64,
        kind: u16,
        before: u64,
    ) -> Result<Option<u64>, Error> {
        const NEWEST: &str = "
            SELECT seq
              FROM record INDEXED BY record_target
             WHERE target = ?1 AND kind = ?2 AND seq < ?3
             ORDER BY seq DESC
             LIMIT 1";
        let seq: Option<i64> = self
            .statement(NEWEST)?
            .query_row((target.cast_signed(), kind, bound(before)), |row| row.get(0))
            .optional()?;
        Ok(seq.map(i64::cast_unsigned))
    }

    fn posts(
        &self,
        sql: &str,
        parameters: impl Params,
        gone: &[u8],
    ) -> Result<Vec<(u64, u64)>, Error> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut posts = Vec::new();
        while let Some(row) = rows.next()? {
            if !is_gone(row.get(2)?, gone) {
                let (seq, actor): (i64, i64) = (row.get(0)?, row.get(1)?);
                posts.push((seq.cast_unsigned(), actor.cast_unsigned()));
            }
        }
        Ok(posts)
    }

    /// Two numbers of each row.
    pub(super) fn pairs(
        &self,
        sql: &str,
        parameters: impl Params,
    ) -> Result<Vec<(u64, u64)>, Error> {
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map(parameters, |row| {
            let number = |column| row.get(column).map(i64::cast_unsigned);
            Ok((number(0)?, number(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Whether a record was erased for one of the reasons in `gone`.
fn is_gone(why: Option<i64>, gone: &[u8]) -> bool {
    why.is_some_and(|why| gone.iter().any(|gone| i64::from(*gone) == why))
}
