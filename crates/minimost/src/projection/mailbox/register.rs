//! The register, `mailboxes.db`: how far every mailbox was when it was last written down, for the next start.
//!
//! Promises: written by the sweep alone, now and then, in one transaction. What it says of a file is true of it or of
//! what it was a moment before, and whatever happened after its seq is heard of again; so an older one costs openings
//! and forgets no erasure. One that is lost, damaged, or of another log or window says nothing, and each file is opened
//! once, at the sweep's pace; so does one of another start of the machine, unless the server ended in good order and all
//! files were on the disk. Nothing waits for it, whoever holds it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chat::{Seq, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::Instant;

use super::super::sqlite::{self, Checkpoint, count_to_sql, from_sql, to_sql};
use super::super::{InFile, ProjectionError};
use super::file::{FORMAT as MAILBOX_FORMAT, Sources};
use super::standing::{Concern, Erasure, Standing, Standings};

/// Version of our own tables; another one means that nothing is known.
const FORMAT: i64 = 1;

const SCHEMA: &str = include_str!("register.sql");

const SELECT_SWEEP: &str = "
    SELECT boot, mailbox_format, messages_per_channel FROM sweep WHERE id = 1";

const SELECT_MAILBOXES: &str = "
    SELECT user_id, checkpoint, concerned_from, concerned_since, erased_since FROM mailbox";

const UPSERT_SWEEP: &str = "
    INSERT INTO sweep (id, boot, mailbox_format, messages_per_channel)
    VALUES (1, ?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE
       SET boot = excluded.boot, mailbox_format = excluded.mailbox_format,
           messages_per_channel = excluded.messages_per_channel";

const UPSERT_MAILBOX: &str = "
    INSERT INTO mailbox (user_id, checkpoint, concerned_from, concerned_since, erased_since)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (user_id) DO UPDATE
       SET checkpoint = excluded.checkpoint, concerned_from = excluded.concerned_from,
           concerned_since = excluded.concerned_since, erased_since = excluded.erased_since";

/// Stands for the start of the machine from an end in good order to the next start of the server: nothing that a power cut
/// could take back has happened since.
const AT_REST: &str = "at rest";

const SELECT_BOOT: &str = "
    SELECT boot FROM sweep WHERE id = 1";

const UPDATE_BOOT: &str = "
    UPDATE sweep SET boot = ?1 WHERE id = 1";

/// The path of the register below the data directory.
pub(in crate::projection) fn register_path(data_dir: &Path) -> PathBuf {
    data_dir.join("mailboxes.db")
}

/// The open register.
pub(super) struct Register {
    path: PathBuf,
    file: Connection,
}

impl Register {
    /// Opens it, and says up to which event what is in it goes; `None` when it says nothing of the mailboxes as they are
    /// now. A damaged one is set aside.
    pub fn open(
        data_dir: &Path,
        sources: &Sources,
        head: Seq,
        standings: &mut Standings,
    ) -> Result<(Register, Option<Seq>), ProjectionError> {
        let path = register_path(data_dir);
        let register = super::super::follower::or_set_aside(&path, head, || {
            let register = Register { path: path.clone(), file: sqlite::open(&path)? };
            // A page that cannot be read is met here and not in the middle of what is believed.
            let known = register.find_seq(sources, head).in_file(&path)?;
            let rows = known.map(|_| register.rows().in_file(&path)).transpose()?;
            Ok((register, known.zip(rows)))
        });
        let (register, known) = register?;
        let Some((seq, rows)) = known else { return Ok((register.begun_anew(sources)?, None)) };
        // Before any file is touched.
        register.begin_work().in_file(&path)?;
        sqlite::be_quick(&register.file).in_file(&path)?;
        for (user, standing) in rows {
            standings.load(user, standing);
        }
        Ok((register, Some(seq)))
    }

    /// What it says is on the disk, and so are the mailboxes; nothing happens to them before the next start.
    pub fn leave_at_rest(self) -> Result<(), ProjectionError> {
        self.set_boot(AT_REST).in_file(&self.path)
    }

    /// From now on a power cut can take something back. Where nothing is to be written nobody is waited for.
    fn begin_work(&self) -> rusqlite::Result<()> {
        let written: String = self.file.query_row(SELECT_BOOT, [], |row| row.get(0))?;
        let boot = boot().unwrap_or_default();
        if written == boot { Ok(()) } else { self.set_boot(&boot) }
    }

    /// Returns when that is on the disk, with all that was written before.
    fn set_boot(&self, boot: &str) -> rusqlite::Result<()> {
        self.file.pragma_update(None, "synchronous", "FULL")?;
        self.file.execute(UPDATE_BOOT, [boot])?;
        self.file.pragma_update(None, "synchronous", "NORMAL")
    }

    /// Writes down what has changed; everything up to `seq` has been heard of.
    pub fn save(
        &self,
        sources: &Sources,
        seq: Seq,
        standings: &mut Standings,
    ) -> Result<(), ProjectionError> {
        let changed = standings.take_changed();
        let saved = self.write(sources, seq, standings, &changed).in_file(&self.path);
        if saved.is_err() {
            standings.give_back(changed);
        }
        saved
    }

    fn write(
        &self,
        sources: &Sources,
        seq: Seq,
        standings: &Standings,
        changed: &BTreeSet<UserId>,
    ) -> rusqlite::Result<()> {
        let transaction = self.file.unchecked_transaction()?;
        let checkpoint = Checkpoint { format: FORMAT, epoch: sources.epoch, seq };
        sqlite::set_checkpoint(&transaction, checkpoint)?;
        let known = changed.iter().filter_map(|user| Some((*user, standings.find(*user)?)));
        for (user, standing) in known {
            let Standing { checkpoint, concern, erasure, .. } = standing;
            transaction.prepare_cached(UPSERT_MAILBOX)?.execute(params![
                to_sql(user.0),
                checkpoint.map(to_sql),
                concern.map(|it| to_sql(it.from)),
                concern.map(|it| it.ts.as_seconds()),
                erasure.map(|it| it.ts.as_seconds()),
            ])?;
        }
        transaction.commit()
    }

    /// Up to which event the rows go, when they are of this log and of these mailboxes.
    fn find_seq(&self, sources: &Sources, head: Seq) -> rusqlite::Result<Option<Seq>> {
        let Some(found) = sqlite::checkpoint(&self.file)? else { return Ok(None) };
        let fits = (found.format, found.epoch) == (FORMAT, sources.epoch) && found.seq <= head;
        if !fits {
            return Ok(None);
        }
        let sweep: Option<(String, i64, i64)> = self
            .file
            .query_row(SELECT_SWEEP, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((written, format, size)) = sweep else { return Ok(None) };
        let is_of_now = written == AT_REST || boot().is_some_and(|boot| boot == written);
        let fits = is_of_now && (format, size) == (MAILBOX_FORMAT, window(sources));
        Ok(fits.then_some(found.seq))
    }

    fn rows(&self) -> rusqlite::Result<Vec<(UserId, Standing)>> {
        let now = Instant::now();
        let mut statement = self.file.prepare(SELECT_MAILBOXES)?;
        let rows = statement.query_map([], |row| {
            let concern: Option<(i64, f64)> = row.get::<_, Option<i64>>(2)?.zip(row.get(3)?);
            let concern = concern.map(|(from, ts)| Concern {
                from: from_sql(from),
                ts: timestamp(ts),
                since: now,
            });
            let erasure: Option<f64> = row.get(4)?;
            let erasure =
                erasure.map(|ts| Erasure { ts: timestamp(ts), since: now, is_aside: false });
            let checkpoint = row.get::<_, Option<i64>>(1)?.map(from_sql);
            let standing = Standing::new(checkpoint, concern, erasure);
            Ok((UserId(from_sql(row.get(0)?)), standing))
        })?;
        rows.collect()
    }

    /// Throws the file away and begins a new one, which says nothing yet.
    fn begun_anew(self, sources: &Sources) -> Result<Register, ProjectionError> {
        let path = self.path;
        // Close before removing: a connection to a removed file would write into nothing.
        drop(self.file);
        sqlite::remove(&path)?;
        let file = sqlite::open(&path)?;
        let begin = || {
            file.execute_batch(SCHEMA)?;
            file.execute_batch(sqlite::CHECKPOINT_SCHEMA)?;
            let boot = boot().unwrap_or_default();
            file.execute(UPSERT_SWEEP, params![boot, MAILBOX_FORMAT, window(sources)])
        };
        begin().in_file(&path)?;
        sqlite::be_quick(&file).in_file(&path)?;
        Ok(Register { path, file })
    }
}

fn window(sources: &Sources) -> i64 {
    count_to_sql(sources.messages_per_channel as u64)
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds of our time fit 51 bits")]
fn timestamp(seconds: f64) -> Timestamp {
    Timestamp((seconds * 1e6).round() as i64)
}

/// Which start of the machine this is; `None` where the system does not tell, and a register is then believed only after an
/// end in good order.
fn boot() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.trim().to_owned())
}
