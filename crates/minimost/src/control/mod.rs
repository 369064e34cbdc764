//! Commands to a running server: `minimost reset-password` and what will come after it.
//!
//! Only one process works on a data directory, so a command that finds a server there asks it, through a socket in that
//! directory: one line of JSON, one line of JSON back. Promises: only the user of the server (and root, who can do
//! anything) is listened to, and whoever says nothing holds nothing up. Without a server the command does the same by
//! itself, through the same `write`. Deliberately absent: rules (`chat`), and anything that people do.
//!
//! Neighbours: `boot` starts it; `cli` asks. Inside: `socket` makes and finds the file, `server` answers.

#[cfg(unix)]
mod server;
#[cfg(unix)]
mod socket;

use std::path::Path;

use anyhow::Context;
use chat::{Actor, Command, Rejection, UserName};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing::info;

use crate::auth::Token;
use crate::boot::{self, Start};
use crate::clock::Clock;
use crate::config::{Config, Listen};
use crate::data_dir::DataDir;
use crate::projection::snapshot;
use crate::published::ActivePeople;
use crate::write::{SubmitError, Writer};

#[cfg(unix)]
pub(crate) use server::serve;
#[cfg(unix)]
pub(crate) use socket::Socket;

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Request {
    /// A reset link for somebody.
    ResetPassword { name: String, minutes: u32 },
}

/// What is answered. It may hold a secret, so it is not `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    ResetLink {
        username: String,
        token: String,
        /// What the link begins with, as the one who made it is configured.
        base_url: String,
    },
    /// In words, for who asked.
    Refused(String),
}

/// Who does what was asked.
#[derive(Clone)]
pub(crate) struct Doer {
    writer: Writer,
    /// Where people reach the server.
    listen: Listen,
}

impl Doer {
    pub(crate) fn new(writer: Writer, listen: Listen) -> Doer {
        Doer { writer, listen }
    }

    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let Request::ResetPassword { name, minutes } = request;
        match self.reset_link(&name, minutes).await {
            Ok(answer) => answer,
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    async fn reset_link(&self, name: &str, minutes: u32) -> Result<Answer, SubmitError> {
        // What cannot be a name is nobody's.
        let name = UserName::parse(name).map_err(|_| Rejection::NoSuchUser(vec![name.into()]))?;
        let token = Token::generate();
        let token_hash = token.hash();
        let command = Command::CreatePasswordReset { name: name.clone(), token_hash, minutes };
        let receipt = self.writer.submit(Actor::System, None, command).await?;
        let found = receipt.workspace.find_user(name.as_str());
        let username = found.map_or_else(|| name.to_string(), |(_, user)| user.name.to_string());
        info!(target: "minimost::security", name = username, "was given a reset link by the operator");
        let token = token.as_str().to_owned();
        Ok(Answer::ResetLink { username, token, base_url: self.listen.url() })
    }
}

/// Does it without a server, on a directory that is ours for as long.
pub(crate) async fn do_alone(
    config: &Config,
    data_dir: &DataDir,
    request: Request,
) -> anyhow::Result<Answer> {
    let start = Start { clock: Clock::System, allow_future_log: false };
    let log = boot::open_log(data_dir, &start).await?;
    let workspace = snapshot::load_workspace(data_dir.path(), &log)
        .context("the workspace cannot be made of the log")?;
    // Nobody is connected: what is announced waits here and goes with us.
    let (announce, _announcements) = mpsc::channel(ANNOUNCEMENTS_MAX);
    let (active, is_moderated) = (ActivePeople::default(), config.chat.moderation);
    let (writer, _published) =
        Writer::start(log.clone(), workspace, start.clock, vec![announce], active, is_moderated)?;
    let answer = Doer::new(writer.clone(), config.listen.clone()).answer(request).await;
    writer.close().await;
    log.close().await?;
    Ok(answer)
}

/// One command is one announcement.
const ANNOUNCEMENTS_MAX: usize = 16;

/// Asks the server that works on this directory.
#[cfg(unix)]
pub(crate) async fn ask(dir: &Path, request: &Request) -> anyhow::Result<Answer> {
    let answer = socket::ask(dir, &serde_json::to_vec(request)?).await.with_context(|| {
        format!(
            "another MiniMost is working on {} and takes no commands; when it is just starting, or is not a server, \
             try again when it has",
            dir.display()
        )
    })?;
    serde_json::from_slice(&answer).context("the server is of another version; ask with its own")
}

#[cfg(not(unix))]
pub(crate) async fn ask(dir: &Path, _: &Request) -> anyhow::Result<Answer> {
    anyhow::bail!(
        "another MiniMost is working on {}, and takes no commands on this system; stop it first",
        dir.display()
    )
}
