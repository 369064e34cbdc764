//! `minimost reset-password`, with a server on the data directory and without one, and the socket between the two.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::json;

use crate::support::{PASSWORD, Person, Process, check, run};

const NEW: &str = "Battery-staple-2";

/// What a command printed, when it did what it was asked to.
fn printed(done: &Output) -> Result<(String, String)> {
    let said = String::from_utf8(done.stdout.clone())?;
    anyhow::ensure!(done.status.success(), "{said}{}", complaint(done));
    let (heading, link) = said.split_once('\n').context("a heading and a link")?;
    Ok((heading.to_owned(), link.trim_end().to_owned()))
}

fn complaint(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// The path of a link.
fn path(link: &str) -> &str {
    &link[link.find("/reset-password/").expect("a reset link")..]
}

async fn set(person: &Person, link: &str) -> u16 {
    person.post(path(link), &json!({"password": NEW})).await.status
}

async fn log_in(person: &Person, name: &str, password: &str) -> u16 {
    person.post("/login", &json!({"username": name, "password": password})).await.status
}

/// alice and bob have an account there, and no server runs any more.
async fn left_directory(data: &Path) -> Result<()> {
    let server = Process::start(data).await?;
    server.sign_up("alice").await?;
    server.sign_up("bob").await?;
    assert!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn without_a_server_the_command_writes_to_the_log_by_itself() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    left_directory(&data).await?;
    let done = run(&data, &["reset-password", "BOB", "--expires", "1"]).await?;
    let (heading, replaced) = printed(&done)?;
    assert!(heading.contains("bob") && heading.contains("1 minute:"), "{heading}");
    let base = "https://chat.example.org/";
    let (_, link) = printed(&run(&data, &["reset-password", "bob", "--base-url", base]).await?)?;
    assert!(link.starts_with("https://chat.example.org/reset-password/"), "{link}");
    let (heading, link) = printed(&run(&data, &["reset-password", "bob"]).await?)?;
    assert!(heading.contains("60 minutes"), "{heading}");
    assert!(link.starts_with("http://127.0.0.1:6767/reset-password/"), "{link}");
    assert!(!data.join("control.sock").exists());
    check(&data).await?;

    let server = Process::start(&data).await?;
    let bob = server.welcome(&server.sign_up("carol").await?.with_token(""));
    assert_eq!(set(&bob, &replaced).await, 403);
    assert_eq!(set(&bob, &link).await, 200);
    assert_eq!(log_in(&bob, "bob", PASSWORD).await, 401);
    assert_eq!(log_in(&bob, "bob", NEW).await, 200);
    // What was answered is there after the worst end too.
    server.kill().await?;
    check(&data).await?;
    let server = Process::start(&data).await?;
    let bob = server.welcome(&bob);
    assert_eq!(set(&bob, &link).await, 403);
    assert_eq!(log_in(&bob, "bob", NEW).await, 200);
    Ok(())
}

#[tokio::test]
async fn who_is_not_there_and_what_makes_no_sense_is_said_so() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let done = run(&data, &["reset-password", "bob"]).await?;
    assert_eq!(done.status.code(), Some(1), "no directory is made: {}", complaint(&done));
    assert!(!data.exists());
    left_directory(&data).await?;
    for is_running in [true, false] {
        let server = if is_running { Some(Process::start(&data).await?) } else { None };
        for (args, name) in [(vec!["zoe"], "zoe"), (vec!["--", "-rf"], "-rf"), (vec!["a b"], "a b")]
        {
            let args: Vec<_> = ["reset-password"].into_iter().chain(args).collect();
            let done = run(&data, &args).await?;
            assert_eq!(done.status.code(), Some(1), "{is_running}: {done:?}");
            assert_eq!(complaint(&done), format!("minimost: there is no account named {name}\n"));
            assert!(done.stdout.is_empty());
        }
        if let Some(server) = server {
            assert!(server.terminate().await?.success());
        }
    }
    for wrong in [
        &["bob", "--expires", "0"][..],
        &["bob", "--expires", "10081"],
        &["bob", "--base-url", "chat.example.org"],
        &[],
    ] {
        let args: Vec<_> = ["reset-password"].iter().chain(wrong).copied().collect();
        assert_eq!(run(&data, &args).await?.status.code(), Some(2), "{args:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_running_server_is_asked_through_a_socket_of_its_user() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    server.sign_up("alice").await?;
    let bob = server.sign_up("bob").await?;
    let socket = data.join("control.sock");
    let found = fs::metadata(&socket)?;
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o777, 0o600);
    let (_, link) = printed(&run(&data, &["reset-password", "Bob"]).await?)?;
    assert!(link.starts_with(&format!("{}/reset-password/", server.url)), "where it is: {link}");
    let line = server.line("was given a reset link by the operator").await?;
    assert!(line.contains("minimost::security") && line.contains("bob"), "{line}");
    let mut events = bob.events().await;
    let stranger = bob.with_token("");
    assert_eq!(set(&stranger, &link).await, 200);
    while events.next().await.is_some() {}
    assert_eq!(bob.get("/me").await.status, 401);
    assert_eq!(log_in(&stranger, "bob", NEW).await, 200);

    // A server that was killed leaves its socket; the next one puts its own there.
    server.kill().await?;
    assert!(socket.exists());
    let (_, link) = printed(&run(&data, &["reset-password", "bob"]).await?)?;
    let server = Process::start(&data).await?;
    let stranger = server.welcome(&stranger);
    assert_eq!(set(&stranger, &link).await, 200);
    assert_eq!(fs::metadata(&socket)?.mode() & 0o777, 0o600);
    let (_, link) = printed(&run(&data, &["reset-password", "alice"]).await?)?;
    assert_eq!(set(&stranger, &link).await, 200);
    assert!(server.terminate().await?.success());
    assert!(!socket.exists(), "it goes with its server");
    check(&data).await
}

#[tokio::test]
async fn a_directory_with_a_long_name_has_a_socket_too() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("long-".repeat(20)).join("longer-".repeat(20)).join("data");
    let server = Process::start(&data).await?;
    let bob = server.sign_up("bob").await?;
    assert!(data.join("control.sock").exists());
    let (_, link) = printed(&run(&data, &["reset-password", "bob"]).await?)?;
    assert_eq!(set(&bob.with_token(""), &link).await, 200);
    Ok(())
}

#[tokio::test]
async fn who_says_nothing_or_nonsense_holds_nothing_up() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    server.sign_up("bob").await?;
    let connect = || UnixStream::connect(data.join("control.sock"));
    for nonsense in
        [&b"\n"[..], b"{}\n", b"{\"command\":\"sing\"}\n", b"\xff\xfe\n", &[b'a'; 5_000]]
    {
        let mut stream = connect()?;
        // One that says too much is not heard to its end.
        drop(stream.write_all(nonsense));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        let is_refused = answer.is_empty() || answer.starts_with("{\"refused\":");
        assert!(is_refused, "{answer}");
    }
    // As many as are listened to at one time.
    let silent: Vec<_> = (0..8).map(|_| connect()).collect::<std::io::Result<_>>()?;
    printed(&run(&data, &["reset-password", "bob"]).await?)?;
    drop(silent);
    Ok(())
}

#[tokio::test]
async fn a_directory_that_somebody_else_has_is_left_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    left_directory(&data).await?;
    let lock = fs::File::options().write(true).open(data.join("minimost.lock"))?;
    lock.try_lock()?;
    let done = run(&data, &["reset-password", "bob"]).await?;
    assert_eq!(done.status.code(), Some(1));
    let said = complaint(&done);
    assert!(said.contains("another MiniMost") && said.contains("takes no commands"), "{said}");
    drop(lock);
    printed(&run(&data, &["reset-password", "bob"]).await?)?;
    Ok(())
}
