//! What a data directory must be like, and what becomes of it.

use std::fs;
use std::time::Duration;

use chat::Timestamp;
use minimost::boot::{Server, Start};
use minimost::clock::Clock;
use minimost::config::Config;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Process, TestServer, check};

#[tokio::test]
async fn only_one_server_works_on_a_directory() {
    let server = TestServer::start().await;
    let refused = TestServer::start_in(server.data_dir()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("another MiniMost"), "{refused}");
}

#[tokio::test]
async fn who_stops_the_server_the_moment_it_says_where_it_listens_stops_it_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for _ in 0..20 {
        let ended = Process::start(&data).await.unwrap().terminate().await.unwrap();
        assert!(ended.success(), "it ended with {ended}");
        assert!(!data.join("log.db-wal").exists(), "the log is in one piece");
    }
    check(&data).await.unwrap();
}

#[tokio::test]
async fn a_directory_of_the_original_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("auth.db"), "theirs").unwrap();
    let refused = TestServer::start_in(dir.path()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("original MiniMost"), "{refused}");
    assert_eq!(fs::read(dir.path().join("auth.db")).unwrap(), b"theirs");
    assert!(!dir.path().join("log.db").exists());
}

#[tokio::test]
async fn a_log_from_the_future_is_refused() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    server.advance(Duration::from_secs(2 * 3600));
    alice.send("general", "from the future").await;
    server.stop().await;
    let refused = TestServer::start_in(server.data_dir()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("120 minutes in the future"), "{refused}");
}

#[tokio::test]
async fn before_1970_nothing_begins_unless_somebody_insists_and_what_runs_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let start = async |allow_future_log| {
        let mut config = Config::default();
        config.data.dir = dir.path().join("data");
        let clock = Clock::manual(Timestamp(-3_600_000_000));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server::start(config, Start { clock, allow_future_log }, listener).await
    };
    let refused = start(false).await.err().expect("it is refused");
    assert!(refused.to_string().contains("before 1970"), "{refused}");
    start(true).await.unwrap().stop().await.unwrap();
    let refused = start(false).await.err().expect("it still is");
    assert!(refused.to_string().contains("before 1970"), "{refused}");

    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let before = alice.send("general", "now").await["ts"].as_f64().unwrap();
    server.set_back(Duration::from_secs(100 * 366 * 24 * 3_600));
    let after = alice.send("general", "a hundred years ago").await["ts"].as_f64().unwrap();
    assert!(after > before, "{after} is not after {before}");
    bob.post("/presence", &json!({"state": "active"})).await.expect(204);
    bob.post("/typing/general", &json!({})).await.expect(204);
    bob.get("/online_users").await.expect(200);
    bob.get("/people").await.expect(200);
    server.sign_up("carol").await;
}

#[cfg(unix)]
#[tokio::test]
async fn everything_on_disk_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    alice.messages("general").await;
    let mut waiting = vec![server.data_dir().to_owned()];
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 4, "only {files} files");
}
