//! What a data directory must be like, and what becomes of it.

use std::fs;
use std::time::Duration;

use crate::support::TestServer;

#[tokio::test]
async fn only_one_server_works_on_a_directory() {
    let server = TestServer::start().await;
    let refused = TestServer::start_in(server.data_dir()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("another MiniMost"), "{refused}");
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
