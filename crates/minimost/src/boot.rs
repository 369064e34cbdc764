//! Starting and stopping everything, in order. The only place that knows all the parts.
//!
//! Start: data directory, log, workspace, writer, projections, hub, channels, doors open.
//! Stop: doors closed, streams ended, writer, projections, log.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chat::{Actor, Command, Rejection, Slug};
use eventlog::Log;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{self, JoinSet};
use tracing::{error, info, warn};

use crate::api;
use crate::app::{App, Parts};
use crate::auth::Auth;
use crate::clock::Clock;
use crate::comparison::Comparer;
use crate::config::{Config, Listen};
use crate::control::{self, Doer};
use crate::data_dir::DataDir;
use crate::history;
use crate::housekeeping;
use crate::live::Hub;
use crate::projection::HeldFiles;
use crate::projection::auth::AuthDb;
use crate::projection::mailbox::Mailboxes;
use crate::projection::presence::PresenceDb;
use crate::projection::snapshot::{self, Snapshots};
use crate::published::ActivePeople;
use crate::reading::Reading;
use crate::scheduler;
use crate::waiting_signals::WaitingSignals;
use crate::write::{SubmitError, Writer};

/// Commits on their way to the hub; when it is full the writer waits, so no screen misses one.
const ANNOUNCEMENTS_MAX: usize = 256;

/// How long stopping may take in all; after that the process ends as if the power had gone, which is safe.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A last record further ahead of the clock than this means that one of the two is wrong.
const FUTURE_MICROS_MAX: i64 = 3_600 * 1_000_000;

/// How to start, beside the configuration.
#[derive(Clone, Debug)]
pub struct Start {
    pub clock: Clock,
    /// Start although the log ends more than an hour in the future.
    pub allow_future_log: bool,
}

/// A running server.
pub struct Server {
    app: App,
    address: SocketAddr,
    log: Log,
    projections: Projections,
    tasks: Tasks,
    shutdown: watch::Sender<bool>,
    data_dir: DataDir,
}

struct Projections {
    presence: PresenceDb,
    auth: AuthDb,
    snapshots: Snapshots,
    mailboxes: Mailboxes,
}

impl Server {
    /// Starts on `listener`; requests are answered when it returns.
    pub async fn start(
        config: Config,
        start: Start,
        listener: TcpListener,
    ) -> anyhow::Result<Server> {
        let address = listener.local_addr().context("the listener has no address")?;
        let data_dir = DataDir::open(&config.data.dir)?;
        let log = open_log(&data_dir, &start).await?;
        let dir = data_dir.path().to_owned();
        let snapshot::Loaded { workspace, stored } = {
            let (dir, log) = (dir.clone(), log.clone());
            tokio::task::spawn_blocking(move || snapshot::load(&dir, &log))
                .await?
                .context("the workspace cannot be made of the log")?
        };
        let (announce, announcements) = mpsc::channel(ANNOUNCEMENTS_MAX);
        let (announce_reading, announced) = mpsc::channel(ANNOUNCEMENTS_MAX);
        let signals = WaitingSignals::default();
        let active = ActivePeople::default();
        let (writer, published) = Writer::start(
            log.clone(),
            workspace,
            start.clock.clone(),
            vec![announce_reading, announce],
            active.clone(),
            config.chat.moderation,
        )?;
        let window_bytes = usize::try_from(config.memory.windows.as_u64())?;
        let reading = Reading::start(&log, published.clone(), announced, window_bytes)?;
        let window = config.chat.mailbox_messages_per_channel;
        let held = HeldFiles::default();
        let waiting = signals.clone();
        let projections = Projections {
            presence: PresenceDb::start(&dir, &log, published.clone(), waiting, held.clone())?,
            auth: AuthDb::start(&dir, &log, published.clone(), held.clone())?,
            snapshots: Snapshots::start(&dir, &log, published.clone(), stored, held.clone())?,
            mailboxes: Mailboxes::start(&dir, &log, published.clone(), window)?,
        };
        let hub = Hub::new(log.clone(), published.clone(), start.clock.clone(), signals, active);
        hub.remember_last_seen(projections.presence.seen_before());
        let mut tasks = Tasks::default();
        tasks.spawn("hub", hub.clone().run(announcements));
        create_channels(&writer, &config.chat.channels).await?;

        let (shutdown, stopping) = watch::channel(false);
        let (comparer, comparisons) = Comparer::new(log.clone(), start.clock.clone());
        let app = App::new(Parts {
            auth: Auth::new(&config.auth, &config.limits, &start.clock),
            config,
            clock: start.clock,
            epoch: log.epoch(),
            writer,
            published,
            reading,
            mailboxes: projections.mailboxes.clone(),
            held_files: held,
            hub,
            comparisons,
        });
        let listen = Listen { port: address.port(), ..app.config.listen.clone() };
        take_commands(&mut tasks, &dir, Doer::new(app.writer.clone(), listen), &stopping);
        tasks.spawn("sweep", housekeeping::sweep(app.clone(), stopping.clone()));
        tasks.spawn("comparison", comparer.run(stopping.clone()));
        tasks.spawn("scheduler", scheduler::run(app.clone(), stopping.clone()));
        let door = api::Door::new(app.clone());
        tasks.spawn("door", api::serve(listener, door, stopped(stopping)));
        Ok(Server { app, address, log, projections, tasks, shutdown, data_dir })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where everything is kept.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The parts, for tests that look inside.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Returns when a task or a thread has ended that never should, and names it. What is left must not go on: it would
    /// answer some people and not others.
    pub async fn broken(&mut self) -> anyhow::Error {
        let Projections { presence, auth, snapshots, mailboxes } = &self.projections;
        // The hub ends with the writer: the one that was first comes first.
        let part = tokio::select! {
            biased;
            thread = self.log.ended() => thread.to_owned(),
            () = self.app.writer.ended() => "writer".to_owned(),
            thread = self.app.reading.ended() => thread,
            thread = mailboxes.ended() => thread,
            () = presence.ended() => "presence.db".to_owned(),
            () = auth.ended() => "auth.db".to_owned(),
            () = snapshots.ended() => "workspace.db".to_owned(),
            task = self.tasks.ended() => task,
        };
        anyhow::anyhow!("a part of the server has ended, {part}; start it again")
    }

    /// Stops: what was accepted is written, files come to rest. Bounded in time.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let stopping = async {
            // An error would say that nobody listens any more, which is what is wanted.
            let _: Result<(), _> = self.shutdown.send(true);
            self.app.hub.close();
            while !self.tasks.are_done() {
                self.tasks.ended().await;
            }
            self.app.writer.close().await;
            self.app.reading.close().await;
            let Projections { presence, auth, snapshots, mailboxes } = &self.projections;
            tokio::join!(presence.close(), auth.close(), snapshots.close(), mailboxes.close());
            self.log.close().await.context("the log did not close")
        };
        let stopped = tokio::time::timeout(STOP_TIMEOUT, stopping).await;
        stopped.context("stopping took too long; what was acknowledged is on disk all the same")?
    }
}

/// Listens for commands of the operator. People are served where that cannot be: some file systems have no sockets.
#[cfg(unix)]
fn take_commands(tasks: &mut Tasks, dir: &Path, doer: Doer, stopping: &watch::Receiver<bool>) {
    match control::Socket::bind(dir) {
        Ok(socket) => tasks.spawn("control", control::serve(socket, doer, stopping.clone())),
        Err(error) => warn!("no command reaches this server, control.sock: {error:#}"),
    }
}

#[cfg(not(unix))]
fn take_commands(_: &mut Tasks, _: &Path, _: Doer, _: &watch::Receiver<bool>) {}

/// The tasks of the server, by name.
#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    names: HashMap<task::Id, &'static str>,
}

impl Tasks {
    fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(task).id();
        self.names.insert(id, name);
    }

    fn are_done(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits for the next that ends, and names it.
    async fn ended(&mut self) -> String {
        let (id, failed) = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => (id, None),
            Some(Err(error)) => (error.id(), Some(error)),
            None => return "all tasks".to_owned(),
        };
        let name = self.names.get(&id).copied().unwrap_or("a task");
        if let Some(error) = failed {
            error!("{name} failed: {error}");
        }
        name.to_owned()
    }
}

pub(crate) async fn open_log(data_dir: &DataDir, start: &Start) -> anyhow::Result<Log> {
    if start.clock.is_before_1970() && !start.allow_future_log {
        bail!(
            "this machine's clock says that it is before 1970, and no message could have such a time. Set the clock, \
             or start with --allow-future-log; messages then have times from 1970 on"
        );
    }
    let dir = data_dir.path().to_owned();
    let verified_up_to = tokio::task::spawn_blocking({
        let dir = dir.clone();
        move || snapshot::stored_seq(&dir).get()
    });
    let log = history::open_log(&dir, verified_up_to.await?).await?;
    let (head, ts_micros) = log.read(eventlog::Reader::head).await?;
    let ahead_micros = ts_micros - start.clock.now().0;
    if head > 0 && ahead_micros > FUTURE_MICROS_MAX && !start.allow_future_log {
        bail!(
            "the log's last record was written {} minutes in the future: this machine's clock is wrong now, or was \
             wrong then. Set the clock, or start with --allow-future-log; new messages then continue from that time",
            ahead_micros / 60_000_000
        );
    }
    info!(log.seq = head, "the log ends at {head}");
    Ok(log)
}

/// Creates the configured public channels that are missing.
async fn create_channels(writer: &Writer, slugs: &[String]) -> anyhow::Result<()> {
    for text in slugs {
        let slug = Slug::parse(text).context("chat.channels")?;
        let name = text.clone();
        let (topic, description) = (String::new(), String::new());
        let command = Command::CreateChannel { slug, name, topic, description, is_default: true };
        match writer.submit(Actor::System, None, command).await {
            Ok(_) | Err(SubmitError::Rejected(Rejection::ChannelExists)) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("the channel {text} was not created"));
            }
        }
    }
    ensure!(!slugs.is_empty(), "chat.channels is empty: nobody could talk to anybody");
    Ok(())
}

/// Returns when the server stops, or is gone.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender was dropped: stopped all the more.
    let _: Result<_, _> = stopping.wait_for(|is_stopping| *is_stopping).await;
}
