//! A server on a free port and a directory of its own, with a clock that stands still until a test moves it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chat::Timestamp;
use eventlog::Log;
use minimost::app::App;
use minimost::boot::{Server, Start};
use minimost::clock::Clock;
use minimost::config::Config;
use minimost::projection::check::check;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::person::{Answer, PASSWORD, Person};

/// 2027-01-15 08:00:00 UTC.
const START: Timestamp = Timestamp(1_800_000_000_000_000);

/// A running server; gone with its directory when dropped.
pub struct TestServer {
    server: Option<Server>,
    config: Config,
    clock: Clock,
    /// Removed with it.
    _dir: TempDir,
}

impl TestServer {
    /// Cheap password hashes, no rate limits, and no greeting among the messages that tests count; otherwise the defaults.
    pub async fn start() -> TestServer {
        TestServer::with(|_| {}).await
    }

    /// The same with some settings changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.dir = dir.path().join("data");
        config.auth.argon2_memory_kib = 8;
        config.chat.greet_new_accounts = false;
        config.limits.sends_per_minute = 0;
        config.limits.logins_per_minute = 0;
        config.limits.signups_per_hour = 0;
        config.limits.password_changes_per_hour = 0;
        config.limits.password_resets_per_hour = 0;
        change(&mut config);
        let clock = Clock::manual(START);
        let server = start(&config, &clock).await.unwrap();
        TestServer { server: Some(server), config, clock, _dir: dir }
    }

    /// Starts on a copy of a data directory, with the same settings.
    pub async fn on_copy_of(data_dir: &Path) -> TestServer {
        TestServer::with(|config| super::copy_dir(data_dir, &config.data.dir)).await
    }

    /// Tries a server on an existing directory, at the time at which every test begins.
    pub async fn start_in(data_dir: &Path) -> anyhow::Result<Server> {
        let mut config = Config::default();
        data_dir.clone_into(&mut config.data.dir);
        start(&config, &Clock::manual(START)).await
    }

    /// Stops in good order and starts again on the same directory, on another port.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.server = Some(start(&self.config, &self.clock).await.unwrap());
    }

    /// As [`TestServer::restart`], and compares every projection with one made anew from the log in between.
    pub async fn restart_checked(&mut self) {
        self.stop().await;
        let log = Log::open(&self.data_dir().join("log.db"), 0).unwrap();
        let window = self.config.chat.mailbox_messages_per_channel;
        assert_eq!(check(self.data_dir(), &log, window).unwrap(), []);
        log.close().await.unwrap();
        self.restart_stopped().await;
    }

    /// As [`TestServer::restart_checked`], and without any of the files that follow from the log.
    pub async fn restart_made_anew(&mut self) {
        self.restart_checked().await;
        self.stop().await;
        self.restart_made_anew_stopped().await;
    }

    /// Starts again after [`TestServer::stop`], without any of the files that follow from the log.
    pub async fn restart_made_anew_stopped(&mut self) {
        fs::remove_dir_all(self.data_dir().join("users")).unwrap();
        for file in ["presence.db", "auth.db", "workspace.db"] {
            fs::remove_file(self.data_dir().join(file)).unwrap();
        }
        self.restart_stopped().await;
    }

    /// Starts again after [`TestServer::stop`], on another port.
    pub async fn restart_stopped(&mut self) {
        self.server = Some(start(&self.config, &self.clock).await.unwrap());
    }

    /// Stops in good order; the directory stays until the test ends.
    pub async fn stop(&mut self) {
        self.server.take().expect("it was running").stop().await.unwrap();
    }

    /// `http://127.0.0.1:<port><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().address())
    }

    /// The parts of the server, for tests that look behind the door.
    pub fn app(&self) -> &App {
        self.running().app()
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        &self.config.data.dir
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(i64::try_from(by.as_micros()).unwrap());
    }

    /// Moves the clock back, as a machine does that had a wrong time.
    pub fn set_back(&self, by: Duration) {
        self.clock.advance(-i64::try_from(by.as_micros()).unwrap());
    }

    /// Signs somebody up.
    pub async fn sign_up(&self, name: &str) -> Person {
        let http = reqwest::Client::new();
        let body = json!({"username": name, "password": PASSWORD});
        let request = http.post(self.url("/signup")).json(&body);
        let account = Answer::of(request).await.expect(201);
        let token = account["token"].as_str().unwrap().to_owned();
        Person::new(name, token, self.url(""))
    }

    /// Signs several people up, in this order; the first of a new server is its administrator.
    pub async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.sign_up(name).await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!("as many people as names"))
    }

    /// Somebody without a session.
    pub fn stranger(&self) -> Person {
        Person::new("stranger", String::new(), self.url(""))
    }

    fn running(&self) -> &Server {
        self.server.as_ref().expect("the server is running")
    }
}

async fn start(config: &Config, clock: &Clock) -> anyhow::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let start = Start { clock: clock.clone(), allow_future_log: false };
    Server::start(config.clone(), start, listener).await
}
