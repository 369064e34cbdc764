//! What SQLite puts aside while it works is the same private text as in the files: it stays in the data directory, on the
//! operator's disk and with the directory's mode, and has no name.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::support::TestServer;

/// The files that this process has open and that have no name.
fn nameless_files() -> Vec<PathBuf> {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    open.filter(|path| path.to_string_lossy().ends_with(" (deleted)")).collect()
}

#[tokio::test]
async fn temporary_files_are_made_in_the_data_directory_and_have_no_name() {
    let server = TestServer::start().await;
    // The server is in this process, and SQLite has one place for all of them.
    let file = Connection::open_in_memory().unwrap();
    file.execute_batch(
        "PRAGMA temp_store = FILE;
         CREATE TEMP TABLE much (text TEXT);
         PRAGMA temp.cache_size = 2;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         INSERT INTO much SELECT hex(randomblob(1000)) FROM n",
    )
    .unwrap();
    let found = nameless_files();
    assert!(!found.is_empty(), "so much does not stay in memory");
    for path in found {
        // Where several of these tests share a process it may be the directory of another one.
        let (dir, own) = (path.parent().unwrap(), server.data_dir());
        assert_eq!(dir.file_name(), own.file_name(), "{path:?}");
    }
}
