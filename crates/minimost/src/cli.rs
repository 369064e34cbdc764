//! The command line. Standard output is for results, standard error for diagnostics.
//!
//! Exit codes: 0 done, 1 refused, different, or a part of the server has ended, 2 wrong usage.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use chat::UserName;
use chat::password_reset::{RESET_MINUTES, RESET_MINUTES_MAX};
use clap::{Args, Parser, Subcommand};
use eventlog::{Gaps, Log, Repaired};
use tokio::net::TcpListener;

use crate::boot::{Server, Start};
use crate::clock::Clock;
use crate::codec;
use crate::config::{Config, Overrides};
use crate::data_dir::DataDir;
use crate::end_signals::EndSignals;
use crate::history;
use crate::migration::migrate;
use crate::projection::check::{self, Projection};
use crate::reset_password;
use crate::restore::{self, Restored};
use crate::telemetry;

/// What commands beside the server say on standard error: what is wrong, and what takes long.
const FILTER: &str = "warn,minimost::migration=info";

/// A team chat server that people run themselves.
#[derive(Debug, Parser)]
#[command(name = "minimost", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Wish>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Wish {
    /// Start the server; also what happens without a command
    Serve(ServeArgs),
    /// Compare every projection with the log; exit code 0 when equal, 1 when not
    Check(CheckArgs),
    /// Make one projection, or all of them, anew
    Rebuild(RebuildArgs),
    /// Put a backup in the place of the log, and begin a new history after it
    Restore(RestoreArgs),
    /// Print a link by which somebody sets a new password, once; also while the server runs
    ResetPassword(ResetPasswordArgs),
    /// Make log.db anew from its records, when they are whole and an index or the schema is not
    RepairLog(Common),
}

#[derive(Args, Debug)]
struct Common {
    /// Where everything is kept [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A file of settings, see config.example.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct ServeArgs {
    #[command(flatten)]
    common: Common,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long)]
    host: Option<String>,
    /// The port to listen on, 0 for any free one [default: 6767]
    #[arg(long)]
    port: Option<u16>,
    /// Public channels to create when they are missing, separated by commas [default: general,random]
    #[arg(long, value_name = "NAMES")]
    channels: Option<String>,
    /// Start although the log ends more than an hour in the future
    #[arg(long)]
    allow_future_log: bool,
}

#[derive(Args, Debug)]
struct CheckArgs {
    #[command(flatten)]
    common: Common,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct RebuildArgs {
    /// A user's name, or presence, auth or workspace; all when left out
    name: Option<String>,
    /// A user's name, whatever else it means: -- presence
    #[arg(last = true, value_name = "USER", conflicts_with = "name")]
    user: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct RestoreArgs {
    /// The backup: a copy of a data directory, or of its log.db
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct ResetPasswordArgs {
    /// Whose password; `-- NAME` when it begins with a dash
    name: String,
    /// For how long the link holds, 1 to 10080 (a week)
    #[arg(long, value_name = "MINUTES", default_value_t = RESET_MINUTES,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(RESET_MINUTES_MAX)))]
    expires: u32,
    /// What the link begins with [default: where the server listens]
    #[arg(long, value_name = "URL", value_parser = reset_password::base_url)]
    base_url: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or(Wish::Serve(cli.serve)) {
        Wish::Serve(args) => serve(args),
        Wish::Check(args) => check(args),
        Wish::Rebuild(args) => rebuild(args),
        Wish::Restore(args) => restore(args),
        Wish::ResetPassword(args) => reset_password(args),
        Wish::RepairLog(args) => repair_log(args),
    };
    done.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

#[tokio::main]
async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let overrides = Overrides {
        host: args.host,
        port: args.port,
        data: args.common.data,
        channels: args.channels,
    };
    let config = Config::load(args.common.config.as_deref(), &overrides)?;
    telemetry::start(&config.diagnostics.filter).context("diagnostics.filter")?;
    raise_open_files_limit();
    let (host, port) = (config.listen.host.as_str(), config.listen.port);
    let listener = TcpListener::bind((host, port))
        .await
        .with_context(|| format!("{host}:{port} cannot be listened on"))?;
    let start = Start { clock: Clock::System, allow_future_log: args.allow_future_log };
    let server = Server::start(config, start, listener).await?;
    // Whoever reads the greeting may stop the server at once: it is heard from here on.
    let asked = shutdown_asked(EndSignals::listen().context("no signal would stop the server")?);
    greet(&server)?;
    crate::run_until(server, asked).await?;
    Ok(ExitCode::SUCCESS)
}

fn greet(server: &Server) -> anyhow::Result<()> {
    let address = server.address();
    let data = server.data_dir().display();
    let mut out = std::io::stdout().lock();
    writeln!(out, "MiniMost is listening on http://{address}")?;
    writeln!(out, "Everything is kept in {data}")?;
    writeln!(out, "Ctrl-C stops it")?;
    out.flush().context("standard output is gone")
}

/// Waits until the server is asked to stop. A second time ends the process at once, which loses nothing that was
/// acknowledged.
async fn shutdown_asked(mut signals: EndSignals) {
    signals.next().await;
    #[expect(clippy::disallowed_methods, reason = "lives as long as the process does")]
    drop(tokio::spawn(async move {
        signals.next().await;
        std::process::exit(130);
    }));
}

#[tokio::main(flavor = "current_thread")]
async fn check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let (config, data_dir, log) = open(args.common).await?;
    let window = config.chat.mailbox_messages_per_channel;
    let differences = check::check(data_dir.path(), &log, window)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
        let result = serde_json::json!({ "head": log.head(), "differences": differences });
        writeln!(out, "{result}")?;
    } else if differences.is_empty() {
        writeln!(out, "Every projection is what the log says, up to event {}", log.head())?;
    } else {
        differences.iter().try_for_each(|difference| writeln!(out, "{difference}"))?;
    }
    log.close().await?;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[tokio::main(flavor = "current_thread")]
async fn rebuild(args: RebuildArgs) -> anyhow::Result<ExitCode> {
    let projection = args.projection()?;
    let (config, data_dir, log) = open(args.common).await?;
    let window = config.chat.mailbox_messages_per_channel;
    let files = check::rebuild(data_dir.path(), &log, window, &projection)?;
    ensure!(!files.is_empty(), "there is no account {projection}, so there is nothing to rebuild");
    let mut out = std::io::stdout().lock();
    files.iter().try_for_each(|file| writeln!(out, "{} is made anew", file.display()))?;
    log.close().await?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn restore(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { data: args.common.data, ..Overrides::default() };
    let config = Config::load(args.common.config.as_deref(), &overrides)?;
    telemetry::start(FILTER)?;
    let data_dir = DataDir::open_for_log(&config.data.dir)?;
    let Restored { from, head, aside } = restore::restore(&data_dir, &args.backup).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} is whole, and ends at event {head}", from.display())?;
    if let Some(aside) = aside {
        writeln!(out, "The log from before is now {}", aside.display())?;
        writeln!(out, "It still holds all that it held: delete it when nobody needs it any more")?;
    }
    writeln!(out, "{} begins a new history after it", data_dir.path().join("log.db").display())?;
    writeln!(out, "Everything else is made anew when the server starts")?;
    Ok(ExitCode::SUCCESS)
}

/// 0 when the log is whole now, 1 when it cannot be and was left as it is.
#[tokio::main(flavor = "current_thread")]
async fn repair_log(common: Common) -> anyhow::Result<ExitCode> {
    let (config, data_dir) = open_directory(common)?;
    let file = data_dir.path().join("log.db");
    if let Err(error) = migrate(&file) {
        // The way to this version's format may be barred by what a repair mends, and then it goes the whole way.
        if !error.downcast_ref().is_some_and(eventlog::Error::is_repairable) {
            return Err(error);
        }
    }
    let repaired = eventlog::repair(&file, Gaps::Lost, &codec::meaning())
        .with_context(|| format!("{} cannot be repaired and is left as it is", file.display()))?;
    let mut out = std::io::stdout().lock();
    let Some(repaired) = repaired else {
        writeln!(out, "The log and its indexes are whole; nothing was changed")?;
        return Ok(ExitCode::SUCCESS);
    };
    let Repaired { found, kept, records, unnamed } = repaired;
    writeln!(out, "Found: {found}")?;
    writeln!(out, "{} is made anew from its {records} records", file.display())?;
    writeln!(out, "{} is the file as it was; delete it when all is well:", kept.display())?;
    writeln!(out, "  what is erased from now on stays in it")?;
    for (earlier, later) in unnamed {
        writeln!(out, "{earlier} and {later} have one client_msg_id; {later} has lost it")?;
    }
    // Projections may say what the damaged index said.
    let log = history::open_log(data_dir.path(), u64::MAX).await?;
    let window = config.chat.mailbox_messages_per_channel;
    let mended = check::mend(data_dir.path(), &log, window)?;
    mended.iter().try_for_each(|file| writeln!(out, "{} is made anew", file.display()))?;
    log.close().await?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn reset_password(args: ResetPasswordArgs) -> anyhow::Result<ExitCode> {
    let config = of_existing(args.common)?;
    let ResetPasswordArgs { name, expires, base_url, .. } = args;
    reset_password::run(&config, reset_password::Wish { name, minutes: expires, base_url }).await
}

impl RebuildArgs {
    /// What is to be made anew. After `--` stands the name of a person, whatever else it would mean.
    fn projection(&self) -> anyhow::Result<Projection> {
        if let Some(user) = &self.user {
            return Ok(Projection::Mailbox(UserName::parse(user)?));
        }
        Ok(match self.name.as_deref() {
            None => Projection::All,
            Some("presence") => Projection::Presence,
            Some("auth") => Projection::Auth,
            Some("workspace") => Projection::Workspace,
            Some(name) => Projection::Mailbox(UserName::parse(name)?),
        })
    }
}

/// Opens an existing data directory that no server works on, and its log.
async fn open(common: Common) -> anyhow::Result<(Config, DataDir, Log)> {
    let (config, data_dir) = open_directory(common)?;
    // `check` verifies every record itself.
    let log = history::open_log(data_dir.path(), u64::MAX).await?;
    Ok((config, data_dir, log))
}

fn open_directory(common: Common) -> anyhow::Result<(Config, DataDir)> {
    let config = of_existing(common)?;
    let data_dir = DataDir::open(&config.data.dir)?;
    Ok((config, data_dir))
}

/// The settings of a data directory that is there.
fn of_existing(common: Common) -> anyhow::Result<Config> {
    let overrides = Overrides { data: common.data, ..Overrides::default() };
    let config = Config::load(common.config.as_deref(), &overrides)?;
    telemetry::start(FILTER)?;
    let log_file = config.data.dir.join("log.db");
    ensure!(log_file.is_file(), "there is no {}", log_file.display());
    Ok(config)
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("minimost: {error:#}");
}

/// Every stream and mailbox holds open files; the usual soft limit of 1024 is far below what the system allows.
#[cfg(unix)]
fn raise_open_files_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
}

#[cfg(not(unix))]
fn raise_open_files_limit() {}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn after_two_dashes_stands_a_name() {
        let asked = |args: &[&str]| {
            let args = ["minimost", "rebuild"].iter().chain(args);
            match Cli::try_parse_from(args).ok()?.command? {
                Wish::Rebuild(args) => args.projection().ok(),
                _ => None,
            }
        };
        let mailbox = |name: &str| Some(Projection::Mailbox(UserName::parse(name).unwrap()));
        assert_eq!(asked(&["presence"]), Some(Projection::Presence));
        assert_eq!(asked(&["--", "presence"]), mailbox("presence"));
        assert_eq!(asked(&["--", "-rf"]), mailbox("-rf"));
        assert_eq!(asked(&["--", "--"]), mailbox("--"));
        assert_eq!(asked(&["--data", "x", "--", "bob"]), mailbox("bob"));
        assert_eq!(asked(&["bob"]), mailbox("bob"));
        assert_eq!(asked(&["-rf"]), None, "an option that there is not");
    }

    #[test]
    fn no_new_account_is_called_like_a_word_of_the_command_line() {
        let cli = Cli::command();
        let commands = cli.get_subcommands().map(clap::Command::get_name);
        for word in commands.chain(["help", "presence", "auth", "workspace", "-", "--", "-rf"]) {
            let name = UserName::parse(word).unwrap();
            assert!(name.may_be_account().is_err(), "{word}");
        }
    }
}
