//! What every suite needs: the options, the server's program, a place for data, and the report.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::process::Server;
use crate::report::{Report, note};
use crate::seed::Seed;

/// How to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Seconds of each single measurement.
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// Appends the figures to this file, a JSON document per line.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// The server's program; without it, it is built.
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    /// Where the temporary data directory is made: durable writes are as fast as this disk.
    #[arg(long, global = true)]
    directory: Option<PathBuf>,
}

impl Options {
    /// The file of figures, where there must be one.
    pub fn json(&self) -> anyhow::Result<&Path> {
        self.json.as_deref().context("--json FILE says which figures")
    }
}

/// One run.
pub struct Bench {
    /// Seconds of each single measurement.
    pub seconds: f64,
    /// This program, to start its own helpers.
    pub program: PathBuf,
    pub report: Report,
    server: PathBuf,
    directory: TempDir,
}

impl Bench {
    /// Builds the server if none was named and makes a place for data, which is removed at the end.
    pub fn new(options: Options) -> anyhow::Result<Bench> {
        let program = std::env::current_exe()?;
        let server = match options.server {
            Some(server) => server,
            None => built_server(&program)?,
        };
        let parent = options.directory.unwrap_or_else(std::env::temp_dir);
        let directory = tempfile::Builder::new().prefix("minimost-bench-").tempdir_in(parent)?;
        raise_open_files()?;
        let report = Report::open(options.json.as_deref())?;
        Ok(Bench { seconds: options.seconds, program, report, server, directory })
    }

    /// The temporary directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A data directory with this history; a name is seeded once, so suites can share what is slow to make.
    pub fn seeded(&self, name: &str, seed: Seed) -> anyhow::Result<PathBuf> {
        let data = self.directory().join(name);
        if !data.exists() {
            note(&format!("seeding {} accounts, {} messages", seed.accounts, seed.messages));
            seed.write(&data)?;
        }
        Ok(data)
    }

    /// The server's program.
    pub fn server(&self) -> &Path {
        &self.server
    }

    /// Starts the server on a data directory.
    pub fn start(&self, data: &Path) -> anyhow::Result<Server> {
        Server::start(&self.server, data)
    }
}

/// Builds the server as this program was built, and finds it beside this program.
fn built_server(program: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--package", "minimost", "--bin", "minimost"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.status().context("cargo could not be started; name a --server")?;
    ensure!(status.success(), "the server does not build");
    Ok(program.with_file_name("minimost"))
}

/// 5,000 streams are as many open files in each of two processes; child processes inherit the limit.
fn raise_open_files() -> anyhow::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("ulimit -n")
}
