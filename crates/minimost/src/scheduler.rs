//! What the server does by itself when its time has come: it sends scheduled messages and tells of reminders.
//!
//! The workspace knows what is due (`agenda`), and the rules do everything once: what was sent is no longer on it. So
//! this task remembers nothing, and what became due while the server was down goes out at the start.

use std::time::Duration;

use chat::{Actor, Command, Seq, Timestamp, UserId, Workspace};
use futures_util::future::join_all;
use tokio::sync::watch;
use tracing::warn;

use crate::app::App;
use crate::boot::stopped;
use crate::published::PublishedWorkspace;

/// Things done together, in one commit or few; the others wait for their turn behind what people send meanwhile.
const TOGETHER_MAX: usize = 64;

/// The pause after something could not be written: a full disk is not asked again at once.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Does what is due, until the server stops.
pub(crate) async fn run(app: App, stopping: watch::Receiver<bool>) {
    tokio::select! {
        () = keep_the_agenda(&app) => {}
        () = stopped(stopping) => {}
    }
}

async fn keep_the_agenda(app: &App) {
    let mut published = app.published.clone();
    let mut is_failing = false;
    loop {
        if !next_is_due(app, &mut published).await {
            // The writer has ended: the server is about to.
            return std::future::pending().await;
        }
        let due = due(&published.now(), app.clock.now());
        let done = do_all(app, due).await;
        if let Err(error) = &done
            && !is_failing
        {
            warn!("what was due could not be done, and is tried again: {error}");
        }
        is_failing = done.is_err();
        if is_failing {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

/// Waits until the first thing on the agenda is due; false when nothing will ever be.
async fn next_is_due(app: &App, published: &mut PublishedWorkspace) -> bool {
    loop {
        let next = published.now().next_due();
        let has_come = async {
            match next {
                Some(due) => app.clock.reached(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = has_come => return true,
            goes_on = published.becomes(|workspace| workspace.next_due() != next) => {
                if !goes_on {
                    return false;
                }
            }
        }
    }
}

/// What is due, the first of it.
fn due(workspace: &Workspace, now: Timestamp) -> Vec<Command> {
    let due = workspace.agenda.iter().take_while(|((due, _), _)| *due <= now);
    due.take(TOGETHER_MAX).map(|((_, id), user)| command(workspace, *user, *id)).collect()
}

fn command(workspace: &Workspace, user: UserId, id: Seq) -> Command {
    let account = workspace.users.get(&user);
    if account.is_some_and(|user| user.personal.scheduled.contains_key(&id)) {
        Command::SendScheduled { user, schedule: id }
    } else {
        Command::FireReminder { user, reminder: id }
    }
}

/// Submits them in their order; an error when some of it, or nothing at all, could be done.
async fn do_all(app: &App, due: Vec<Command>) -> Result<(), String> {
    let wishes = due.into_iter().map(|command| app.writer.submit(Actor::System, None, command));
    let mut has_moved = false;
    for outcome in join_all(wishes).await {
        has_moved |= outcome.map_err(|error| error.to_string())?.seq.is_some();
    }
    // Otherwise it would be asked for again at once, and again.
    if has_moved { Ok(()) } else { Err("the rules find nothing to do".to_owned()) }
}
