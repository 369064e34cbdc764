//! A machine that opens no file any more: what was asked is answered with what is wrong, and read again afterwards.

use anyhow::Result;

use crate::support::Process;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_opened_is_the_machines_fault_and_passes() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    let bob = server.sign_up("bob").await?;
    alice.send("general", "hi").await;
    // Bob's connection is there already, his mailbox is not.
    bob.get("/me").await.expect(200);
    server.limit_open_files(Some(3))?;
    bob.get("/messages/general").await.expect_problem(503, "storage-unavailable");
    server.limit_open_files(None)?;
    assert_eq!(bob.texts("general").await, ["hi"]);
    Ok(())
}
