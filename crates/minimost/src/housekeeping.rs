//! What has to be done now and then: expired sessions, forgotten rate limits, a look at old records.

use std::time::Duration;

use chat::ids::SessionId;
use chat::{Actor, Command};
use eventlog::Log;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::app::App;
use crate::boot::stopped;

/// A session that has expired is refused at once; this only takes it out of the books.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Records verified between two pauses: some milliseconds of one core in every second.
const SCRUB_RECORDS: u64 = 1_000;

const SCRUB_INTERVAL: Duration = Duration::from_secs(1);

/// How long the scrub rests after the whole log was read.
const SCRUB_REST: Duration = Duration::from_secs(24 * 3600);

/// Closes expired sessions and forgets the rate limits of the quiet, until the server stops.
pub(crate) async fn sweep(app: App, stopping: watch::Receiver<bool>) {
    let sweeping = async {
        let mut ticks = interval(SWEEP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            app.auth.forget_the_quiet();
            close_expired_sessions(&app).await;
        }
    };
    tokio::select! {
        () = sweeping => {}
        () = stopped(stopping) => {}
    }
}

async fn close_expired_sessions(app: &App) {
    let now = app.clock.now();
    let workspace = app.workspace();
    // Ids rise with the time of opening, so the expired ones come first.
    let expired = workspace.sessions.iter().take_while(|(_, session)| session.has_expired(now));
    let expired: Vec<SessionId> = expired.map(|(id, _)| *id).collect();
    for session in expired {
        let command = Command::ExpireSession { session };
        if let Err(error) = app.writer.submit(Actor::System, None, command).await {
            // The next sweep tries again; meanwhile the session is refused all the same.
            warn!("an expired session was not closed: {error}");
            return;
        }
    }
}

/// Verifies the checksums of the whole log, slowly, again and again, until the server stops.
pub(crate) async fn scrub(log: Log, stopping: watch::Receiver<bool>) {
    tokio::select! {
        () = scrub_for_ever(&log) => {}
        () = stopped(stopping) => {}
    }
}

async fn scrub_for_ever(log: &Log) {
    let mut ticks = interval(SCRUB_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut verified = 0;
    loop {
        ticks.tick().await;
        let up_to = log.head().min(verified + SCRUB_RECORDS);
        match log.read(move |reader| reader.verify(verified, up_to)).await {
            Ok(()) => verified = up_to,
            Err(eventlog::Error::Closed) => return,
            Err(error) => {
                error!(log.seq = verified, "the scrub of the log stops: {error}");
                return std::future::pending().await;
            }
        }
        if verified >= log.head() {
            info!(log.seq = verified, "the log is whole up to {verified}");
            tokio::time::sleep(SCRUB_REST).await;
            verified = 0;
        }
    }
}
