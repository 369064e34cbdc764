//! Diagnostics on standard error, for the operator. They never hold text of messages, passwords, cookies or tokens.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts diagnostics; `filter` is in the syntax of [`EnvFilter`].
///
/// Does nothing when they are running already, as in a process with several servers.
pub fn start(filter: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = filter.parse::<EnvFilter>()?;
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    // The only failure is that somebody was first.
    drop(started);
    Ok(())
}
