//! What has to be done now and then: expired sessions, forgotten rate limits.

use std::time::Duration;

use chat::ids::SessionId;
use chat::{Actor, Command};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::app::App;
use crate::boot::stopped;

/// A session that has expired is refused at once; this only takes it out of the books.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

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
