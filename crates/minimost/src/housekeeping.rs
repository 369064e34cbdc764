//! What has to be done now and then: expired sessions and reset links, why others ended, forgotten rate limits.

use std::time::Duration;

use chat::ids::SessionId;
use chat::session::ENDED_SESSION_SECONDS;
use chat::{Actor, Command};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::app::App;
use crate::boot::stopped;

/// A session that has expired is refused at once; this only takes it out of the books.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Closes expired sessions, erases expired reset links, forgets why sessions ended a month ago, and the rate limits of the
/// quiet, until the server stops.
pub(crate) async fn sweep(app: App, stopping: watch::Receiver<bool>) {
    let sweeping = async {
        let mut ticks = interval(SWEEP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            app.auth.forget_the_quiet();
            close_expired_sessions(&app).await;
            forget_ended_sessions(&app).await;
            erase_expired_resets(&app).await;
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

/// A thousand at a time: a sweep that finds more leaves them to the next one.
async fn forget_ended_sessions(app: &App) {
    let ended_by = app.clock.now().plus_micros(-ENDED_SESSION_SECONDS * 1_000_000);
    if !app.workspace().has_sessions_to_forget(ended_by) {
        return;
    }
    let command = Command::ForgetSessions { ended_by };
    if let Err(error) = app.writer.submit(Actor::System, None, command).await {
        // It is told no longer all the same, and the next sweep tries again.
        warn!("why sessions ended was not forgotten: {error}");
    }
}

async fn erase_expired_resets(app: &App) {
    let now = app.clock.now();
    let workspace = app.workspace();
    let expired = workspace.resets.iter().filter(|(_, reset)| reset.has_expired(now));
    for (user, _) in expired {
        let command = Command::ExpirePasswordReset { user: *user };
        if let Err(error) = app.writer.submit(Actor::System, None, command).await {
            // The next sweep tries again; meanwhile the link is refused all the same.
            warn!("an expired reset link was not erased: {error}");
            return;
        }
    }
}
