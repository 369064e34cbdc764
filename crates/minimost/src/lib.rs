//! The MiniMost server: `api` asks, `write` decides, `eventlog` remembers, `projection` arranges, `live` tells.
//!
//! No arrow points back; ARCHITECTURE.md has the life of one message.

pub mod api;
pub mod app;
pub mod auth;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod comparison;
pub mod config;
mod control;
mod data_dir;
mod end_signals;
pub mod fold;
mod history;
mod housekeeping;
pub mod live;
mod migration;
pub mod projection;
pub mod published;
pub mod reading;
mod reset_password;
mod restore;
mod scheduler;
pub mod telemetry;
pub mod waiting_signals;
pub mod wire;
pub mod write;

use tokio::net::TcpListener;
use tracing::error;

/// Runs a server on `listener` until `shutdown`.
pub async fn run(
    config: config::Config,
    start: boot::Start,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    run_until(boot::Server::start(config, start, listener).await?, shutdown).await
}

/// Runs until `shutdown`, or until a part of the server breaks.
pub(crate) async fn run_until(
    mut server: boot::Server,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let broken = tokio::select! {
        () = shutdown => return server.stop().await,
        broken = server.broken() => broken,
    };
    error!("{broken}");
    // What broke it is the reason; what it does to the end is a consequence.
    if let Err(error) = server.stop().await {
        error!("{error:#}");
    }
    Err(broken)
}
