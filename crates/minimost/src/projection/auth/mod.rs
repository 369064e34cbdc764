//! `auth.db`: accounts, settings and logins as tables, for whoever opens it with any SQLite tool.
//!
//! Promises: a row shows what the workspace at the checkpoint knows; a superseded password hash or profile is in neither the
//! file nor its WAL a minute later. Deliberately absent: decisions; `auth` asks the published workspace.
//!
//! Flow: the log says whose rows changed, the published workspace says what they are now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::ids::SessionId;
use chat::{EventKind, Seq, Timestamp, UserId, Workspace};
use eventlog::{Epoch, Log, Reader, Record};
use rusqlite::{Connection, params};
use tokio::time::Instant;

use super::follower::{self, Follower, Moment, Projector};
use super::held::{HeldFiles, Remains};
use super::sqlite::{self, Checkpoint, to_sql};
use super::{InFile, ProjectionError};
use crate::published::PublishedWorkspace;

/// How far behind the file may be.
const TICK: Duration = Duration::from_secs(1);

/// Records in one transaction.
const RECORDS: usize = 4_096;

/// After so many times the time that it took to write the file anew, it is written anew for what was superseded since: at
/// nine in the morning thousands of people change their profiles, one after the other.
const PAUSE_PER_COST: u32 = 100;

/// However long it took, that is the end of it: what was superseded must leave the file.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Version of our own tables; another one means rebuild.
const FORMAT: i64 = 2;

const SCHEMA: &str = include_str!("schema.sql");

const NAME: &str = "auth.db";

/// The path of the file below the data directory.
pub fn auth_path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// The owner of `auth.db`; clones share it.
#[derive(Clone)]
pub struct AuthDb {
    follower: Follower,
}

impl AuthDb {
    /// Starts the owner thread.
    pub fn start(
        data_dir: &Path,
        log: &Log,
        published: PublishedWorkspace,
        held: HeldFiles,
    ) -> Result<AuthDb, ProjectionError> {
        let accounts = Accounts {
            path: auth_path(data_dir),
            file: None,
            epoch: log.epoch(),
            reader: log.reader()?,
            published,
            remains: Remains::unknown(NAME, held),
            rests_until: Instant::now(),
        };
        Ok(AuthDb { follower: Follower::start(NAME, TICK, accounts)? })
    }

    /// Returns when the owner thread has ended.
    pub async fn ended(&self) {
        self.follower.ended().await;
    }

    /// Brings the file to the head.
    pub async fn drain(&self) -> Result<(), ProjectionError> {
        self.follower.drain().await
    }

    /// Brings the file to the head, closes it and ends the thread.
    pub async fn close(&self) {
        self.follower.close().await;
    }
}

struct Accounts {
    path: PathBuf,
    /// `None` before the first use and after a fault.
    file: Option<AuthFile>,
    epoch: Epoch,
    reader: Reader,
    published: PublishedWorkspace,
    /// What was superseded.
    remains: Remains,
    /// Until then the file is not written anew by itself.
    rests_until: Instant,
}

impl Projector for Accounts {
    fn advance(&mut self, moment: Moment) -> Result<(), ProjectionError> {
        let workspace = self.published.now();
        let path = self.path.clone();
        let advanced =
            follower::or_set_aside(&path, workspace.head, || self.follow(&workspace, moment));
        if let Err(error) = &advanced {
            self.remains.fail(error);
        }
        advanced
    }
}

impl Accounts {
    /// Brings the file to `workspace.head`. After a fault it is closed.
    fn follow(&mut self, workspace: &Workspace, moment: Moment) -> Result<(), ProjectionError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => AuthFile::open(&self.path, self.epoch, workspace.head)?,
        };
        let superseded = file.catch_up(&mut self.reader, self.epoch, workspace)?;
        self.remains.add(superseded);
        if self.remains.are_there() {
            self.erase(&file.connection, moment).in_file(&self.path)?;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Rids the file of what was superseded, unless it was written anew a moment ago.
    fn erase(&mut self, file: &Connection, moment: Moment) -> rusqlite::Result<()> {
        let begun = Instant::now();
        // While somebody looks at the WAL it would grow by the whole file with each attempt.
        if self.remains.are_held() && !Remains::empty_wal(file, moment)? {
            self.remains.hold(begun);
            return Ok(());
        }
        if moment == Moment::Tick && begun < self.rests_until {
            self.remains.wait();
            return Ok(());
        }
        let is_rid = sqlite::write_anew(file).and_then(|()| Remains::empty_wal(file, moment));
        let done = Instant::now();
        self.rests_until = done + pause_after(done - begun);
        match is_rid {
            Ok(true) => self.remains.are_gone(),
            Ok(false) => self.remains.hold(done),
            // The rows are as they should be.
            Err(error) if sqlite::is_busy(&error) || sqlite::is_refused_by_machine(&error) => {
                self.remains.hold(done);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// How long the file is not written anew after it took so long.
fn pause_after(cost: Duration) -> Duration {
    PAUSE_MAX.min(cost * PAUSE_PER_COST)
}

struct AuthFile {
    path: PathBuf,
    connection: Connection,
    checkpoint: Seq,
}

impl AuthFile {
    fn open(path: &Path, epoch: Epoch, head: Seq) -> Result<AuthFile, ProjectionError> {
        let expected = Checkpoint { format: FORMAT, epoch, seq: head };
        let (connection, checkpoint) = follower::open_or_begin(path, expected, SCHEMA)?;
        Ok(AuthFile { path: path.to_owned(), connection, checkpoint })
    }

    /// Applies everything up to `workspace.head`. Answers since when something that was superseded may be left of it.
    fn catch_up(
        &mut self,
        reader: &mut Reader,
        epoch: Epoch,
        workspace: &Workspace,
    ) -> Result<Option<Timestamp>, ProjectionError> {
        let mut superseded = None;
        while self.checkpoint < workspace.head {
            let (after, head) = (self.checkpoint.get(), workspace.head.get());
            let records = reader.range(after, head, RECORDS)?;
            // A short chunk was the last one: no record lies between its end and the head.
            let last = records.last().filter(|_| records.len() == RECORDS);
            let end = last.map_or(workspace.head, |record| Seq(record.seq));
            let changes = Changes::of(&records);
            let set_ts = changes.password_times(reader, workspace)?;
            let put = || {
                let transaction = self.connection.unchecked_transaction()?;
                let is_superseding = changes.write(&transaction, workspace, &set_ts)?;
                let checkpoint = Checkpoint { format: FORMAT, epoch, seq: end };
                sqlite::set_checkpoint(&transaction, checkpoint)?;
                transaction.commit().map(|()| is_superseding)
            };
            if put().in_file(&self.path)? {
                superseded = superseded.or(records.first().map(|it| Timestamp(it.ts_micros)));
            }
            self.checkpoint = end;
        }
        Ok(superseded)
    }
}

/// Whose rows some records change; their envelopes say it, so an erased body hides nothing.
#[derive(Default)]
struct Changes {
    users: BTreeSet<UserId>,
    profiles: BTreeSet<UserId>,
    /// Opened or closed.
    sessions: BTreeSet<SessionId>,
}

impl Changes {
    fn of(records: &[Record]) -> Changes {
        let mut changes = Changes::default();
        for record in records {
            let target = record.target.map(Seq);
            match EventKind::from_code(record.kind) {
                Some(EventKind::AccountCreated) => {
                    changes.users.insert(UserId(Seq(record.seq)));
                }
                Some(
                    EventKind::PasswordSet | EventKind::AccountLocked | EventKind::AccountChanged,
                ) => changes.users.extend(target.map(UserId)),
                Some(EventKind::ProfileChanged) => changes.profiles.extend(target.map(UserId)),
                Some(EventKind::SessionOpened) => {
                    changes.users.extend(target.map(UserId));
                    changes.sessions.insert(SessionId(Seq(record.seq)));
                }
                Some(EventKind::SessionClosed) => changes.sessions.extend(target.map(SessionId)),
                Some(_) | None => {}
            }
        }
        changes
    }

    /// When the passwords of the changed users were set, in the order of the users.
    fn password_times(
        &self,
        reader: &mut Reader,
        workspace: &Workspace,
    ) -> Result<Vec<Option<f64>>, eventlog::Error> {
        let users = || self.users.iter().map(|user| workspace.users.get(user));
        let seqs: BTreeSet<u64> = users().flatten().map(|user| user.password_set.get()).collect();
        let seqs: Vec<u64> = seqs.into_iter().collect();
        let records = reader.by_seqs(&seqs)?;
        let ts = |user: Option<&chat::workspace::User>| {
            let seq = user?.password_set.get();
            let found = records.binary_search_by_key(&seq, |record| record.seq).ok()?;
            Some(Timestamp(records[found].ts_micros).as_seconds())
        };
        Ok(users().map(ts).collect())
    }

    /// True when a hash or a profile took the place of another one. The hash of a session that is over is none of these: it
    /// is of random bytes that open nothing any more, and logging out is no reason to write the file anew.
    fn write(
        &self,
        file: &Connection,
        workspace: &Workspace,
        password_times: &[Option<f64>],
    ) -> rusqlite::Result<bool> {
        let mut is_superseding = false;
        for (id, password_set_ts) in self.users.iter().zip(password_times) {
            let Some(user) = workspace.users.get(id) else { continue };
            let (name, hash) = (user.name.as_str(), &user.password_hash.0);
            is_superseding |= file.prepare_cached(SELECT_OTHER_HASH)?.exists((name, hash))?;
            file.prepare_cached(UPSERT_USER)?.execute(params![
                name,
                hash,
                user.locked_until.map(Timestamp::as_seconds),
                password_set_ts,
                to_sql(id.0),
                user.is_admin,
                user.created_ts.as_seconds(),
                user.is_deactivated,
            ])?;
        }
        for id in &self.profiles {
            let Some(user) = workspace.users.get(id) else { continue };
            let profile = &user.profile;
            // A status and most else of a profile is not here.
            let parameters = (user.name.as_str(), &profile.name_color, &profile.bio);
            is_superseding |= file.prepare_cached(SELECT_OTHER_SETTINGS)?.exists(parameters)?;
            file.prepare_cached(UPSERT_SETTINGS)?.execute(parameters)?;
        }
        for id in &self.sessions {
            match workspace.sessions.get(id) {
                Some(session) => file.prepare_cached(UPSERT_SESSION)?.execute((
                    to_sql(id.0),
                    to_sql(session.user.0),
                    &session.token_hash.0,
                    session.opened_ts.as_seconds(),
                ))?,
                None => file.prepare_cached(DELETE_SESSION)?.execute([to_sql(id.0)])?,
            };
        }
        Ok(is_superseding)
    }
}

/// Brings the file to `workspace.head` and closes it.
pub(super) fn bring_to_head(
    data_dir: &Path,
    reader: &mut Reader,
    epoch: Epoch,
    workspace: &Workspace,
) -> Result<(), ProjectionError> {
    let mut file = AuthFile::open(&auth_path(data_dir), epoch, workspace.head)?;
    if file.catch_up(reader, epoch, workspace)?.is_some() {
        sqlite::write_anew(&file.connection).in_file(&file.path)?;
        sqlite::truncate_wal(&file.connection).in_file(&file.path)?;
    }
    Ok(())
}

const SELECT_OTHER_HASH: &str = "
    SELECT 1 FROM users WHERE username = ?1 AND password_hash <> ?2";

const SELECT_OTHER_SETTINGS: &str = "
    SELECT 1 FROM user_settings
     WHERE username = ?1 AND (name_color IS NOT ?2 OR bio IS NOT ?3)";

const UPSERT_USER: &str = "
    INSERT INTO users (username, password_hash, lockout_until, password_set_ts, user_id, is_admin,
                       created_ts, is_deactivated)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (username) DO UPDATE
       SET password_hash = excluded.password_hash, lockout_until = excluded.lockout_until,
           password_set_ts = excluded.password_set_ts, user_id = excluded.user_id,
           is_admin = excluded.is_admin, created_ts = excluded.created_ts,
           is_deactivated = excluded.is_deactivated";

const UPSERT_SETTINGS: &str = "
    INSERT INTO user_settings (username, name_color, bio)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (username) DO UPDATE
       SET name_color = excluded.name_color, bio = excluded.bio";

const UPSERT_SESSION: &str = "
    INSERT INTO sessions (session_id, user_id, token_hash, opened_ts)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (session_id) DO UPDATE
       SET user_id = excluded.user_id, token_hash = excluded.token_hash,
           opened_ts = excluded.opened_ts";

const DELETE_SESSION: &str = "
    DELETE FROM sessions WHERE session_id = ?1";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tick_does_not_write_the_file_anew_in_the_pause_and_a_drain_does() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("log.db"), 0).unwrap();
        let (_publish, published) = PublishedWorkspace::new(Workspace::default());
        let mut accounts = Accounts {
            path: auth_path(dir.path()),
            file: None,
            epoch: log.epoch(),
            reader: log.reader().unwrap(),
            published,
            remains: Remains::unknown(NAME, HeldFiles::default()),
            rests_until: Instant::now(),
        };
        accounts.advance(Moment::Tick).unwrap();
        assert!(!accounts.remains.are_there(), "what a process before this one left is gone");
        accounts.remains.add(Some(Timestamp(1)));
        accounts.rests_until = Instant::now() + Duration::from_secs(3_600);
        accounts.advance(Moment::Tick).unwrap();
        assert!(accounts.remains.are_there() && !accounts.remains.are_held());
        for moment in [Moment::Drain, Moment::Close] {
            accounts.remains.add(Some(Timestamp(1)));
            accounts.rests_until = Instant::now() + Duration::from_secs(3_600);
            accounts.advance(moment).unwrap();
            assert!(!accounts.remains.are_there());
        }
    }

    #[test]
    fn the_file_is_written_anew_in_a_hundredth_of_the_time_and_after_a_minute_at_the_latest() {
        let millis = Duration::from_millis;
        assert_eq!(pause_after(Duration::ZERO), Duration::ZERO);
        assert_eq!(pause_after(millis(50)), millis(5_000));
        assert_eq!(pause_after(millis(7_000)), millis(60_000));
    }
}
