//! The program itself in a process of its own: it can be killed, starved of disk, and asked for its exit code.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::person::{PASSWORD, Person};

const BINARY: &str = env!("CARGO_BIN_EXE_minimost");

/// How long a start or an orderly end may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lines of diagnostics that are kept for [`Process::says`].
const LINES_MAX: usize = 10_000;

/// Cheap password hashes, no rate limits, no greeting among the messages that tests count, and a mailbox so small that its
/// window moves and trims in every test.
const SETTINGS: [(&str, &str); 8] = [
    ("MINIMOST_AUTH__ARGON2_MEMORY_KIB", "64"),
    ("MINIMOST_LIMITS__SENDS_PER_MINUTE", "0"),
    ("MINIMOST_LIMITS__SIGNUPS_PER_HOUR", "0"),
    ("MINIMOST_LIMITS__LOGINS_PER_MINUTE", "0"),
    ("MINIMOST_CHAT__GREET_NEW_ACCOUNTS", "false"),
    ("MINIMOST_LIMITS__PASSWORD_CHANGES_PER_HOUR", "0"),
    ("MINIMOST_LIMITS__PASSWORD_RESETS_PER_HOUR", "0"),
    ("MINIMOST_CHAT__MAILBOX_MESSAGES_PER_CHANNEL", "40"),
];

/// A server process; killed when dropped.
pub struct Process {
    child: Child,
    /// Which part is to fail is written here.
    fault_file: PathBuf,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    /// Its diagnostics, line by line.
    diagnostics: mpsc::Receiver<String>,
    /// Reads on what the server says: a full pipe must not stop it.
    _listening: JoinSet<()>,
}

impl Process {
    /// Starts on a free port and waits until it says where it listens.
    pub async fn start(data: &Path) -> Result<Process> {
        // A file that may not grow is a failed write to the server, not a signal that ends it.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", BINARY, "--port", "0", "--data"]);
        let fault_file = data.with_extension("fault");
        // What a former process was told is not for this one.
        drop(std::fs::remove_file(&fault_file));
        command.arg(data).envs(SETTINGS).env("MINIMOST_FAULT_FILE", &fault_file).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("start the server")?;
        let mut out = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
        let stderr = child.stderr.take().context("its diagnostics are piped")?;
        let mut diagnostics = BufReader::new(stderr).lines();
        let starting = async {
            while let Some(line) = out.next_line().await? {
                if let Some((_, url)) = line.split_once("listening on ") {
                    return Ok(url.trim().trim_end_matches('/').to_owned());
                }
            }
            let mut said = Vec::new();
            while let Some(line) = diagnostics.next_line().await? {
                said.push(line);
            }
            bail!("the server ended: {}", said.join("; "))
        };
        let url = timeout(PATIENCE, starting).await;
        let url = url.context("the server did not say where it listens")??;
        let (said, diagnosed) = mpsc::channel(LINES_MAX);
        let mut listening = JoinSet::new();
        listening.spawn(async move { while let Ok(Some(_)) = out.next_line().await {} });
        listening.spawn(async move {
            while let Ok(Some(line)) = diagnostics.next_line().await {
                // Shown with a test that fails.
                eprintln!("{line}");
                // A test that has ended no longer listens, and most never do.
                drop(said.try_send(line));
            }
        });
        Ok(Process { child, fault_file, url, diagnostics: diagnosed, _listening: listening })
    }

    /// Waits until its diagnostics say this.
    pub async fn says(&mut self, what: &str) -> Result<()> {
        self.line(what).await.map(drop)
    }

    /// The next line of its diagnostics that says this.
    pub async fn line(&mut self, what: &str) -> Result<String> {
        let saying = async {
            loop {
                let line = self.diagnostics.recv().await.context("the server is silent now")?;
                if line.contains(what) {
                    return Ok(line);
                }
            }
        };
        timeout(PATIENCE, saying).await.with_context(|| format!("it did not say {what:?}"))?
    }

    /// Signs somebody up.
    pub async fn sign_up(&self, name: &str) -> Result<Person> {
        let body = json!({"username": name, "password": PASSWORD});
        let request = Client::new().post(format!("{}/signup", self.url)).json(&body);
        let answer = request.send().await?;
        ensure!(answer.status() == 201, "sign up: {}", answer.text().await?);
        let account: Value = answer.json().await?;
        let token = account["token"].as_str().context("a token")?.to_owned();
        Ok(Person::new(name, token, self.url.clone()))
    }

    /// The same person at this process.
    pub fn welcome(&self, person: &Person) -> Person {
        Person::new(&person.name, person.token.clone(), self.url.clone())
    }

    /// Makes a part of the server fail at its next step; debug builds only.
    pub fn fail(&self, part: &str) -> Result<()> {
        std::fs::write(&self.fault_file, part).context("tell it to fail")
    }

    /// How it ended by itself, and what it said since the last [`Process::says`].
    pub async fn ended(&mut self) -> Result<(ExitStatus, Vec<String>)> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.context("the server did not end")?.context("wait for the server")?;
        let mut said = Vec::new();
        while let Some(line) = self.diagnostics.recv().await {
            said.push(line);
        }
        Ok((status, said))
    }

    /// SIGKILL, and gone.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("kill the server")
    }

    /// SIGTERM, and how it ended.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        kill_process(self.pid(), Signal::TERM)?;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.context("the server did not end")?.context("wait for the server")
    }

    /// SIGTERM, and what it said since the last [`Process::says`].
    pub async fn terminate_listening(mut self) -> Result<Vec<String>> {
        kill_process(self.pid(), Signal::TERM)?;
        Ok(self.ended().await?.1)
    }

    /// Refuses every write to a file beyond so many bytes, as a full disk would; `None` makes room again.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(self.pid()), Resource::Fsize, limit).context("limit its files").map(drop)
    }

    /// Lets it open no further file; `None` lets it again.
    #[cfg(target_os = "linux")]
    pub fn limit_open_files(&self, files: Option<u64>) -> Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit { current: files.or(maximum), maximum };
        prlimit(Some(self.pid()), Resource::Nofile, limit).context("limit its files").map(drop)
    }

    fn pid(&self) -> Pid {
        let id = self.child.id().expect("it was not waited for yet");
        let id = i32::try_from(id).expect("Linux has at most 2^22 processes");
        Pid::from_raw(id).expect("no child is process 0")
    }
}

/// Runs one command of the program on a data directory to its end.
pub async fn run(data: &Path, args: &[&str]) -> Result<Output> {
    let mut command = Command::new(BINARY);
    // Before the rest: behind `--` stand names.
    let (command_name, rest) = args.split_first().context("a command")?;
    command.arg(command_name).arg("--data").arg(data).args(rest);
    command.envs(SETTINGS).stdin(Stdio::null());
    let done = timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    done.with_context(|| format!("{args:?} did not end"))?.context("run the program")
}

/// Compares every projection with the log, as an operator would.
pub async fn check(data: &Path) -> Result<()> {
    let done = run(data, &["check"]).await?;
    let said = String::from_utf8_lossy(&done.stdout);
    let faults = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "a projection differs from the log:\n{said}\n{faults}");
    Ok(())
}
