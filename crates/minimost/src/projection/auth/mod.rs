//! `auth.db`: accounts, settings and logins as tables, for whoever opens it with any SQLite tool.
//!
//! Promises: a row shows what the workspace at the checkpoint knows; a superseded password hash is in neither the file
//! nor its WAL. Deliberately absent: decisions; `auth` asks the published workspace.
//!
//! Flow: the log says whose rows changed, the published workspace says what they are now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::ids::SessionId;
use chat::{EventKind, Seq, Timestamp, UserId, Workspace};
use eventlog::{Epoch, Log, Reader, Record};
use rusqlite::{Connection, params};

use super::follower::{self, Follower, Moment, Projector};
use super::sqlite::{self, Checkpoint, to_sql};
use super::{InFile, ProjectionError};
use crate::published::PublishedWorkspace;

/// How far behind the file may be.
const TICK: Duration = Duration::from_secs(1);

/// Records in one transaction.
const RECORDS: usize = 4_096;

/// Version of our own tables; another one means rebuild.
const FORMAT: i64 = 2;

const SCHEMA: &str = include_str!("schema.sql");

/// The path of the file below the data directory.
pub fn auth_path(data_dir: &Path) -> PathBuf {
    data_dir.join("auth.db")
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
    ) -> Result<AuthDb, ProjectionError> {
        let path = auth_path(data_dir);
        let accounts =
            Accounts { path, file: None, epoch: log.epoch(), reader: log.reader()?, published };
        Ok(AuthDb { follower: Follower::start("auth.db", TICK, accounts)? })
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
}

impl Projector for Accounts {
    fn advance(&mut self, _moment: Moment) -> Result<(), ProjectionError> {
        let workspace = self.published.now();
        let mut file = match self.file.take() {
            Some(file) => file,
            None => follower::or_set_aside(&self.path, workspace.head, || {
                AuthFile::open(&self.path, self.epoch, workspace.head)
            })?,
        };
        file.catch_up(&mut self.reader, self.epoch, &workspace)?;
        self.file = Some(file);
        Ok(())
    }
}

struct AuthFile {
    path: PathBuf,
    connection: Connection,
    checkpoint: Seq,
    /// The WAL still holds pages with a superseded password hash or profile.
    wal_holds_erased: bool,
}

impl AuthFile {
    fn open(path: &Path, epoch: Epoch, head: Seq) -> Result<AuthFile, ProjectionError> {
        let expected = Checkpoint { format: FORMAT, epoch, seq: head };
        let (connection, checkpoint) = follower::open_or_begin(path, expected, SCHEMA)?;
        Ok(AuthFile { path: path.to_owned(), connection, checkpoint, wal_holds_erased: false })
    }

    /// Applies everything up to `workspace.head`.
    fn catch_up(
        &mut self,
        reader: &mut Reader,
        epoch: Epoch,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        while self.checkpoint < workspace.head {
            let (after, head) = (self.checkpoint.get(), workspace.head.get());
            let records = reader.range(after, head, RECORDS)?;
            // A short chunk was the last one: no record lies between its end and the head.
            let last = records.last().filter(|_| records.len() == RECORDS);
            let end = last.map_or(workspace.head, |record| Seq(record.seq));
            let changes = Changes::of(&records);
            self.wal_holds_erased |= changes.superseding;
            let set_ts = changes.password_times(reader, workspace)?;
            let put = || {
                let transaction = self.connection.unchecked_transaction()?;
                changes.write(&transaction, workspace, &set_ts)?;
                let checkpoint = Checkpoint { format: FORMAT, epoch, seq: end };
                sqlite::set_checkpoint(&transaction, checkpoint)?;
                transaction.commit()
            };
            put().in_file(&self.path)?;
            self.checkpoint = end;
        }
        if self.wal_holds_erased {
            let is_done = sqlite::truncate_wal(&self.connection).in_file(&self.path)?;
            self.wal_holds_erased = !is_done;
        }
        Ok(())
    }
}

/// Whose rows some records change; their envelopes say it, so an erased body hides nothing.
#[derive(Default)]
struct Changes {
    users: BTreeSet<UserId>,
    profiles: BTreeSet<UserId>,
    /// Opened or closed.
    sessions: BTreeSet<SessionId>,
    /// Whether a password or a profile was set, which takes the place of one that is not to be found any more.
    superseding: bool,
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
                Some(EventKind::PasswordSet) => {
                    changes.users.extend(target.map(UserId));
                    changes.superseding = true;
                }
                Some(EventKind::AccountLocked | EventKind::AccountChanged) => {
                    changes.users.extend(target.map(UserId));
                }
                Some(EventKind::ProfileChanged) => {
                    changes.profiles.extend(target.map(UserId));
                    changes.superseding = true;
                }
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

    fn write(
        &self,
        file: &Connection,
        workspace: &Workspace,
        password_times: &[Option<f64>],
    ) -> rusqlite::Result<()> {
        for (id, password_set_ts) in self.users.iter().zip(password_times) {
            let Some(user) = workspace.users.get(id) else { continue };
            file.prepare_cached(UPSERT_USER)?.execute(params![
                user.name.as_str(),
                user.password_hash.0,
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
            let parameters = (user.name.as_str(), &profile.name_color, &profile.bio);
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
        Ok(())
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
    file.catch_up(reader, epoch, workspace)
}

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
