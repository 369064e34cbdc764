//! The stage of these tests: a log with its read side and its projections, and a story that is told to it.

use std::path::PathBuf;
use std::sync::Arc;

use chat::command::{Actor, Command};
use chat::testing::{Batch, Story};
use chat::{ChannelId, ChannelName, Seq, UserId, UserName, Workspace};
use eventlog::Log;
use minimost::codec;
use minimost::projection::HeldFiles;
use minimost::projection::auth::AuthDb;
use minimost::projection::check::{Difference, check};
use minimost::projection::mailbox::{Mailboxes, user_db_path};
use minimost::projection::presence::PresenceDb;
use minimost::projection::snapshot::{Loaded, Snapshots, load, stored_seq};
use minimost::published::{Announcement, Extent, PublishedWorkspace};
use minimost::reading::{PageQuery, Reading};
use minimost::waiting_signals::WaitingSignals;
use minimost::wire::MessageView;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// Few, so that the windows of the busy channels are cut in a long history.
const WINDOW_BYTES: usize = 64 * 1024;

/// A log with its read side and its projections, without the writer: a story is told to it.
pub struct House {
    pub dir: TempDir,
    pub log: Log,
    pub workspace: Workspace,
    pub publish: watch::Sender<Arc<Workspace>>,
    pub announce: mpsc::Sender<Announcement>,
    pub reading: Reading,
    pub mailboxes: Mailboxes,
    pub presence: PresenceDb,
    pub auth: AuthDb,
    pub snapshots: Snapshots,
    pub signals: WaitingSignals,
    pub window: usize,
}

impl House {
    pub fn new(window: usize) -> House {
        House::at(tempfile::tempdir().unwrap(), window)
    }

    pub fn at(dir: TempDir, window: usize) -> House {
        let log = Log::open(&dir.path().join("log.db"), stored_seq(dir.path()).get()).unwrap();
        let Loaded { workspace, stored } = load(dir.path(), &log).unwrap();
        let (publish, published) = PublishedWorkspace::new(workspace.clone());
        let (signals, held) = (WaitingSignals::default(), HeldFiles::default());
        let path = dir.path();
        let (announce, announcements) = mpsc::channel(64);
        let reading = Reading::start(&log, published.clone(), announcements, WINDOW_BYTES).unwrap();
        let mailboxes = Mailboxes::start(path, &log, published.clone(), window).unwrap();
        let waiting = signals.clone();
        let presence =
            PresenceDb::start(path, &log, published.clone(), waiting, held.clone()).unwrap();
        let auth = AuthDb::start(path, &log, published.clone(), held.clone()).unwrap();
        let snapshots = Snapshots::start(path, &log, published, stored, held).unwrap();
        House {
            dir,
            log,
            workspace,
            publish,
            announce,
            reading,
            mailboxes,
            presence,
            auth,
            snapshots,
            signals,
            window,
        }
    }

    /// Appends what a story's steps came to in one commit, and publishes it.
    pub async fn hear(&mut self, batches: &[Batch]) {
        let (mut events, mut redactions) = (Vec::new(), Vec::new());
        for batch in batches {
            let Some(first) = batch.events.first() else { continue };
            let erased = batch.redacted.iter();
            redactions.extend(erased.map(|seq| codec::redaction(*seq, first.seq, first.kind)));
            batch.events.iter().for_each(|event| self.workspace.apply(event));
            events.extend(batch.events.iter().cloned());
        }
        if !events.is_empty() {
            let commit = codec::batch(&events, redactions);
            let extent = Extent::of(&commit);
            self.log.append(commit).await.unwrap();
            let workspace = Arc::new(self.workspace.clone());
            self.publish.send_replace(Arc::clone(&workspace));
            let announcement = Announcement { workspace, events: events.into(), extent };
            assert!(self.announce.send(announcement).await.is_ok(), "the read side listens");
        }
    }

    pub async fn drain(&self) {
        self.mailboxes.drain().await.unwrap();
        self.presence.drain().await.unwrap();
        self.auth.drain().await.unwrap();
        self.snapshots.drain().await.unwrap();
    }

    pub async fn close(self) -> TempDir {
        drop(self.announce);
        self.reading.close().await;
        self.mailboxes.close().await;
        self.presence.close().await;
        self.auth.close().await;
        self.snapshots.close().await;
        self.log.close().await.unwrap();
        self.dir
    }

    pub async fn restart(self) -> House {
        let window = self.window;
        House::at(self.close().await, window)
    }

    pub async fn page(
        &self,
        user: UserId,
        channel: ChannelId,
        query: PageQuery,
    ) -> Vec<MessageView> {
        let page = self.reading.page(user, channel, query, self.workspace.head).await.unwrap();
        assert_eq!(page.workspace.head, self.workspace.head);
        let messages = page.found.expect("who asks may read there");
        messages.iter().map(|message| MessageView::new(message, &page.workspace)).collect()
    }

    pub fn check(&self) -> Vec<Difference> {
        check(self.dir.path(), &self.log, self.window).unwrap()
    }

    pub fn mailbox(&self, name: &str) -> PathBuf {
        user_db_path(self.dir.path(), &UserName::parse(name).unwrap())
    }
}

/// A house that hears a story while it is told.
pub struct Told {
    pub house: House,
    pub story: Story,
}

impl Told {
    pub fn new(window: usize) -> Told {
        Told { house: House::new(window), story: Story::new() }
    }

    pub async fn tell(&mut self, actor: Actor, command: Command) -> Batch {
        let batch = self.story.run(actor, None, &command).unwrap();
        self.house.hear(std::slice::from_ref(&batch)).await;
        batch
    }

    pub async fn sign_up(&mut self, name: &str) -> Actor {
        let before = self.story.log.len();
        let actor = self.story.sign_up(name);
        let batch = Batch { events: self.story.log[before..].to_vec(), redacted: Vec::new() };
        self.house.hear(std::slice::from_ref(&batch)).await;
        actor
    }

    pub async fn create_general(&mut self) {
        self.tell(Actor::System, chat::testing::wish::create_channel("general", true)).await;
    }

    pub async fn post(&mut self, actor: Actor, channel: &str, text: &str) -> Seq {
        let batch = self.tell(actor, chat::testing::wish::post(channel, text)).await;
        batch.events.last().unwrap().seq
    }

    pub async fn read(&mut self, actor: Actor, channel: &str, up_to: Option<Seq>) {
        let channel = ChannelName::parse(channel).unwrap();
        self.tell(actor, Command::MarkRead { channel, up_to }).await;
    }

    pub async fn counts(&self, actor: Actor, channel: &str) -> (u64, u64) {
        let workspace = &self.story.workspace;
        let channel = workspace.find_channel(&ChannelName::parse(channel).unwrap()).unwrap();
        let counts = self.house.reading.counts(user(actor), workspace.head).await.unwrap().found;
        (counts[&channel].unread, counts[&channel].mentions)
    }
}

pub fn user(actor: Actor) -> UserId {
    match actor {
        Actor::User { user, .. } => user,
        Actor::System | Actor::Anonymous => panic!("only people have mailboxes"),
    }
}
