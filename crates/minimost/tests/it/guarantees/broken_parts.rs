//! A part of the server that ends by itself ends the process, which says which one it was: whoever watches over the
//! process starts it again, and nobody is answered by half a server.
//!
//! The parts fail at a place that only a debug build has (`eventlog::fault_point`): a real panic on the real thread.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::support::{Process, check};

#[tokio::test]
async fn the_end_of_any_thread_ends_the_server_and_is_named() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    let bob = server.sign_up("bob").await?;
    let mut sent = Vec::new();
    for part in [
        "log-owner",
        "log-reader",
        "writer-reader",
        "reading",
        "folds-0",
        "folds-1",
        "mailboxes",
        "presence.db",
        "auth.db",
        "workspace.db",
        "writer",
        "hub",
    ] {
        let [alice, bob] = [&alice, &bob].map(|person| server.welcome(person));
        sent.push(alice.send("general", part).await);
        let message = format!("/message/{}", sent[0]["id"]);
        // A stream from before all that is kept in memory: it is looked up in the log, and refused.
        let cursor = alice.cursor().await;
        let epoch = cursor.split('.').next().unwrap_or_default();
        let stream = format!("/events?cursor={epoch}.0.00000000");
        server.fail(part)?;
        // Somebody goes on working; what they are answered now does not matter. A repeat is looked up in the log.
        let wish = json!({"text": "still there?", "client_msg_id": "again"});
        let working = async {
            loop {
                // Both at once, so that no thread of several is left out.
                futures_util::future::join_all([&alice, &bob].map(async |person| {
                    drop(person.request(Method::POST, "/send/random").json(&wish).send().await);
                    for question in ["/messages/random", "/saved", "/mentions", &message, &stream] {
                        if let Ok(answer) = person.request(Method::GET, question).send().await {
                            drop(answer.text().await);
                        }
                    }
                }))
                .await;
            }
        };
        let (status, said) = tokio::select! {
            () = working => unreachable!("it goes on until the server has ended"),
            ended = server.ended() => ended?,
        };
        ensure!(status.code() == Some(1), "{part}: it ended with {status}");
        let last = said.iter().rev().find(|line| line.starts_with("minimost: "));
        let last = last.map_or("nothing", String::as_str);
        ensure!(last.contains(part), "{part}: the last word was {last:?}");
        check(&data).await?;
        server = Process::start(&data).await?;
    }
    let alice = server.welcome(&alice);
    assert_eq!(alice.messages("general").await, sent, "nothing that was acknowledged is lost");
    let ended = server.terminate().await?;
    ensure!(ended.success(), "it ended with {ended}");
    Ok(())
}
