//! A machine that opens no file any more: the log is open already, and everybody is answered out of it.

use anyhow::Result;

use crate::support::Process;

#[tokio::test(flavor = "multi_thread")]
async fn whoevers_file_cannot_be_opened_reads_on_from_the_log() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    let bob = server.sign_up("bob").await?;
    alice.send("general", "hi").await;
    // Bob's connection is there already, his mailbox is not.
    bob.get("/me").await.expect(200);
    server.limit_open_files(Some(3))?;
    assert_eq!(bob.texts("general").await, ["hi"]);
    assert_eq!(bob.unreads().await["general"], 1);
    server.limit_open_files(None)?;
    assert_eq!(bob.texts("general").await, ["hi"]);
    Ok(())
}
