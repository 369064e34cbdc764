//! Data directories with a history, made by appending events to a log: no server, no password hashing, no HTTP.

use std::fs;
use std::path::Path;

use anyhow::Context;
use chat::event::{ChannelOrigin, Event, Posting};
use chat::{
    ChannelId, ClientMsgId, LoggedEvent, Seq, Slug, Timestamp, TokenHash, UserId, UserName,
};
use eventlog::{Batch, Log};
use minimost::clock::Clock;
use minimost::codec;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::http::Credentials;

/// Records of one commit.
const BATCH_RECORDS: usize = 10_000;

/// A seeded history ends now and begins this much earlier: within the 30 days that a session lasts.
const HISTORY_MICROS: i64 = 10 * 24 * 3_600 * 1_000_000;

/// What a history has in it.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// People, each with one open session.
    pub accounts: usize,
    /// Messages in `general`, sent by them in turn.
    pub messages: usize,
}

/// The session of the nth account of any seed.
pub fn credentials(account: usize) -> Credentials {
    Credentials::Bearer(token(account))
}

/// The name of the nth account.
pub fn name(account: usize) -> String {
    format!("user{account}")
}

impl Seed {
    /// Writes `log.db` into a new data directory.
    pub fn write(self, data: &Path) -> anyhow::Result<()> {
        let mut history = History::begin(data, self.accounts * 3 + self.messages + 2)?;
        let general = history.add_channel("general")?;
        history.add_channel("random")?;
        let mut users = Vec::with_capacity(self.accounts);
        for account in 0..self.accounts {
            users.push(history.add_account(account)?);
        }
        for number in 0..self.messages {
            let reply_to = (number % 4 == 3).then_some(history.seq);
            let posted = Posting { reply_to, ..Posting::text(general, text(number)) };
            let sender = users[number % users.len()];
            history.add_message(sender, number, Event::MessagePosted(posted))?;
        }
        history.end()
    }
}

/// What the nth message says.
pub fn text(number: usize) -> String {
    format!("Message {number} of the history, about as long as people write")
}

/// A log that is being written.
pub struct History {
    /// Of the last event.
    pub seq: Seq,
    /// Of the last event.
    pub ts: Timestamp,
    step_micros: i64,
    batch: Vec<LoggedEvent>,
    log: Log,
    runtime: Runtime,
}

impl History {
    /// Begins the log of a new data directory, which will have about so many events.
    pub fn begin(data: &Path, events: usize) -> anyhow::Result<History> {
        fs::create_dir_all(data)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let log = Log::open(&data.join("log.db"), 0)?;
        let ts = Clock::System.now().plus_micros(-HISTORY_MICROS);
        let step_micros = HISTORY_MICROS / (i64::try_from(events).expect("a small count") + 1);
        Ok(History { seq: Seq::ZERO, ts, step_micros, batch: Vec::new(), log, runtime })
    }

    /// Writes what is left.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.append()?;
        self.runtime.block_on(self.log.close()).context("the seeded log could not be closed")
    }

    /// Of the event that is added next.
    pub fn next_ts(&self) -> Timestamp {
        self.ts.plus_micros(self.step_micros)
    }

    /// Adds an event; without an actor it is its own.
    pub fn add(&mut self, actor: Option<UserId>, event: Event) -> anyhow::Result<Seq> {
        self.add_named(actor, None, event)
    }

    /// The same with the name that a client gave it.
    fn add_named(
        &mut self,
        actor: Option<UserId>,
        name: Option<ClientMsgId>,
        event: Event,
    ) -> anyhow::Result<Seq> {
        if self.batch.len() >= BATCH_RECORDS {
            self.append()?;
        }
        self.seq = self.seq.next();
        self.ts = self.next_ts();
        let actor = actor.unwrap_or(UserId(self.seq));
        self.batch.push(LoggedEvent::new(self.seq, self.ts, actor, name, event));
        Ok(self.seq)
    }

    /// Adds the nth message.
    pub fn add_message(
        &mut self,
        sender: UserId,
        number: usize,
        posted: Event,
    ) -> anyhow::Result<Seq> {
        let name = ClientMsgId::parse(&format!("4f1c8a02-{number:012}"))?;
        self.add_named(Some(sender), Some(name), posted)
    }

    /// Adds a channel in which everybody is.
    pub fn add_channel(&mut self, slug: &str) -> anyhow::Result<ChannelId> {
        let (slug, name) = (Slug::parse(slug)?, slug.to_owned());
        let origin = ChannelOrigin::Public { slug, name, is_default: true };
        Ok(ChannelId(self.add(Some(UserId::SYSTEM), Event::ChannelCreated { origin })?))
    }

    /// Adds the nth account with its session: three events.
    pub fn add_account(&mut self, account: usize) -> anyhow::Result<UserId> {
        let name = UserName::parse(&name(account))?;
        let created = Event::AccountCreated { name, is_admin: account == 0, invite: None };
        let user = UserId(self.add(None, created)?);
        // Not a hash of any password: these people have their sessions already.
        let password_hash = chat::PasswordHash("!".to_owned());
        self.add(Some(user), Event::PasswordSet { user, password_hash })?;
        let token_hash = token_hash(&token(account));
        self.add(Some(user), Event::SessionOpened { user, token_hash })?;
        Ok(user)
    }

    fn append(&mut self) -> anyhow::Result<()> {
        let batch = self.take();
        self.runtime.block_on(self.log.append(batch))?;
        Ok(())
    }

    fn take(&mut self) -> Batch {
        codec::batch(&std::mem::take(&mut self.batch), Vec::new())
    }
}

/// The token of that session: 43 characters, as real ones have.
pub fn token(account: usize) -> String {
    format!("bench{account:038}")
}

fn token_hash(token: &str) -> TokenHash {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    let hash = Sha256::digest(token.as_bytes());
    TokenHash(hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

#[cfg(test)]
mod tests {
    use chat::Workspace;

    use super::*;

    #[test]
    fn a_seeded_history_has_its_people_logged_in_and_its_messages() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Seed { accounts: 3, messages: 10 }.write(directory.path()).expect("a history");
        let log = Log::open(&directory.path().join("log.db"), 0).expect("a whole log");
        let mut reader = log.reader().expect("a reader");
        let mut workspace = Workspace::default();
        for record in reader.range(0, log.head(), 100).expect("its records") {
            workspace.apply(&codec::decode(&record).expect("an event"));
        }
        assert_eq!(workspace.head, Seq(2 + 3 * 3 + 10));
        for account in 0..3 {
            let (_, session) = workspace.find_session(&token_hash(&token(account))).expect("open");
            assert_eq!(workspace.user_name(session.user), name(account));
        }
    }
}
