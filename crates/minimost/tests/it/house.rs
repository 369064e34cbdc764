//! A house without a front door: a writer and a hub on a real log in a temporary directory, with a clock moved by hand.

use std::collections::VecDeque;
use std::path::PathBuf;

use chat::ids::SessionId;
use chat::{
    Actor, ChannelId, ChannelName, ClientMsgId, Command, Message, Seq, Timestamp, TokenHash,
    UserId, UserName, Workspace,
};
use futures_util::StreamExt;
use minimost::clock::Clock;
use minimost::codec;
use minimost::live::{Connect, Cursor, Hub};
use minimost::published::{ActivePeople, PublishedWorkspace};
use minimost::waiting_signals::WaitingSignals;
use minimost::write::{Receipt, SubmitError, Writer};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub struct House {
    dir: TempDir,
    pub log: eventlog::Log,
    pub clock: Clock,
    pub writer: Writer,
    pub published: PublishedWorkspace,
    pub hub: Hub,
    pub signals: WaitingSignals,
    hub_task: JoinSet<()>,
}

/// A user with a session.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
}

impl Person {
    pub fn actor(self) -> Actor {
        Actor::User { user: self.user, session: self.session }
    }
}

/// Parses a channel's name.
pub fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

/// Parses a `client_msg_id`.
pub fn named(id: &str) -> ClientMsgId {
    ClientMsgId::parse(id).unwrap()
}

pub fn post(to: &str, text: &str) -> Command {
    chat::testing::wish::post(to, text)
}

pub fn mark(of: &str, up_to: Seq) -> Command {
    Command::MarkRead { channel: channel(of), up_to: Some(up_to) }
}

impl House {
    /// A house with the channels `general` and `random`.
    pub async fn open() -> House {
        let house = House::start(tempfile::tempdir().unwrap());
        for slug in ["general", "random"] {
            house.submit(Actor::System, chat::testing::wish::create_channel(slug, true)).await;
        }
        house
    }

    fn start(dir: TempDir) -> House {
        let path: PathBuf = dir.path().join("log.db");
        let log = eventlog::Log::open(&path, 0).unwrap();
        let workspace = fold(&log);
        let clock = Clock::manual(Timestamp(workspace.last_ts.0.max(1_716_000_000_000_000)));
        let (sender, announcements) = mpsc::channel(64);
        let active = ActivePeople::default();
        let (writer, published) = Writer::start(
            log.clone(),
            workspace,
            clock.clone(),
            vec![sender],
            active.clone(),
            true,
        )
        .unwrap();
        let signals = WaitingSignals::default();
        let hub = Hub::new(log.clone(), published.clone(), clock.clone(), signals.clone(), active);
        let mut hub_task = JoinSet::new();
        hub_task.spawn(hub.clone().run(announcements));
        House { dir, log, clock, writer, published, hub, signals, hub_task }
    }

    /// Closes everything and starts again on the same files.
    pub async fn restart(mut self) -> House {
        self.writer.close().await;
        self.hub.close();
        while self.hub_task.join_next().await.is_some() {}
        self.log.close().await.unwrap();
        House::start(self.dir)
    }

    pub async fn submit(&self, actor: Actor, command: Command) -> Receipt {
        self.writer.submit(actor, None, command).await.unwrap()
    }

    pub async fn sign_up(&self, name: &str) -> Person {
        let token_hash = TokenHash(format!("{name:0>64}"));
        let password_hash = chat::PasswordHash("not a hash".to_owned());
        let name = UserName::parse(name).unwrap();
        let command = Command::SignUp {
            name,
            password_hash,
            token_hash: token_hash.clone(),
            invite: None,
            greet: false,
        };
        let receipt = self.submit(Actor::Anonymous, command).await;
        let (session, opened) = receipt.workspace.find_session(&token_hash).unwrap();
        Person { user: opened.user, session }
    }

    /// Posts, and answers the message.
    pub async fn post(&self, person: Person, to: &str, text: &str) -> Message {
        self.submit(person.actor(), post(to, text)).await.message.unwrap()
    }

    pub async fn mark_read(&self, person: Person, of: &str, up_to: Seq) -> Result<(), SubmitError> {
        self.writer.mark_read(person.actor(), mark(of, up_to)).await
    }

    pub fn channel(&self, name: &str) -> ChannelId {
        self.published.now().find_channel(&channel(name)).unwrap()
    }

    pub fn head(&self) -> Seq {
        self.published.now().head
    }

    /// A cursor as clients had them before it had a sum.
    pub fn cursor(&self, seq: Seq) -> Cursor {
        Cursor { epoch: self.log.epoch(), seq, sum: None }
    }

    /// A screen that continues after `cursor`.
    pub fn screen(&self, person: Person, cursor: Option<Seq>, open: Option<&str>) -> Screen {
        let cursor = cursor.map(|seq| self.cursor(seq));
        self.connect(person, cursor, open)
    }

    pub fn connect(&self, person: Person, cursor: Option<Cursor>, open: Option<&str>) -> Screen {
        let Person { user, session } = person;
        let place = open.map(|name| self.channel(name).into());
        let outbox = self.hub.connect(&Connect { user, session, cursor, place }).unwrap();
        Screen { outbox, frames: VecDeque::new() }
    }

    /// Every event in the log, folded anew.
    pub fn folded(&self) -> Workspace {
        fold(&self.log)
    }
}

fn fold(log: &eventlog::Log) -> Workspace {
    let mut workspace = Workspace::default();
    for record in log.reader().unwrap().range(0, log.head(), 1_000_000).unwrap() {
        workspace.apply(&codec::decode(&record).unwrap());
    }
    workspace
}

/// The receiving end of a live stream.
pub struct Screen {
    outbox: minimost::live::outbox::Outbox,
    frames: VecDeque<Frame>,
}

/// One Server-Sent Event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The seq of the cursor.
    pub seq: Option<Seq>,
    pub event: String,
    pub data: serde_json::Value,
}

impl Screen {
    /// The next frame; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        while self.frames.is_empty() {
            let bytes = self.outbox.next().await?;
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(text.ends_with("\n\n"), "whole frames only: {text:?}");
            self.frames.extend(text.split_terminator("\n\n").map(Frame::parse));
        }
        self.frames.pop_front()
    }

    /// The frames up to and including the first of this event; heartbeats left out.
    pub async fn until(&mut self, event: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            let is_last = frame.event == event;
            frames.extend((!frame.event.is_empty()).then_some(frame));
            if is_last {
                return frames;
            }
        }
        panic!("the stream ended before {event}: {frames:?}");
    }

    /// The frames before the message with this text; heartbeats left out.
    pub async fn until_text(&mut self, text: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            if frame.event == "message_posted" && frame.data["content"] == text {
                return frames;
            }
            frames.extend((!frame.event.is_empty()).then_some(frame));
        }
        panic!("the stream ended before {text:?}: {frames:?}");
    }
}

impl Frame {
    fn parse(text: &str) -> Frame {
        let mut frame = Frame::default();
        for line in text.lines() {
            match line.split_once(": ").unwrap() {
                ("id", cursor) => frame.seq = Some(Cursor::parse(cursor).unwrap().seq),
                ("event", event) => event.clone_into(&mut frame.event),
                ("data", data) => frame.data = serde_json::from_str(data).unwrap(),
                ("retry", millis) => assert_eq!((frame.event.as_str(), millis), ("", "500")),
                (field, _) => panic!("an unknown field {field:?} in {text:?}"),
            }
        }
        frame
    }
}
