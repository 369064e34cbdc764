//! Files that are taken away or replaced while the log is open: it must not acknowledge into nothing.

use std::fs;
use std::path::PathBuf;

use eventlog::{Batch, Error, Log, Redaction};

use crate::support::{ALICE, DELETED, GENERAL, Place, WHY, about, batch, everything, posted, seqs};

async fn one_message(place: &Place) -> Log {
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")])).await.unwrap();
    log
}

/// The outcome of what is appended now is unknown, later appends are refused, the file is named, and reading goes on.
async fn expect_changed(log: &Log, file: &str) {
    let unknown = log.append(batch(vec![posted(2, ALICE, GENERAL, "into nothing")])).await;
    let Err(Error::Unknown(cause)) = unknown else { panic!("{file}: {unknown:?}") };
    assert!(cause.to_string().contains(file), "{cause}");
    for _ in 0..2 {
        let refused = log.append(batch(vec![posted(3, ALICE, GENERAL, "and on")])).await;
        let Err(Error::FileChanged { file: named }) = refused else { panic!("{refused:?}") };
        assert!(named.ends_with(file), "{}", named.display());
    }
    // Who reads it all the same need not wait to hear of it.
    let mut appends = log.appends();
    appends.unacknowledged(2).await;
    assert_eq!(log.head(), 1, "nobody hears of what nobody may rely on");
    assert_eq!(seqs(&everything(log).await)[0], 1);
}

#[tokio::test]
async fn a_deleted_file_is_noticed_before_anything_is_acknowledged() {
    for file in ["log.db", "log.db-wal"] {
        let place = Place::new();
        let log = one_message(&place).await;
        fs::remove_file(place.path().with_file_name(file)).unwrap();
        expect_changed(&log, file).await;
    }
}

#[tokio::test]
async fn a_file_with_its_name_is_not_the_file() {
    for file in ["log.db", "log.db-wal"] {
        let place = Place::new();
        let log = one_message(&place).await;
        let path = place.path().with_file_name(file);
        let copy = path.with_extension("copy");
        fs::copy(&path, &copy).unwrap();
        fs::rename(&copy, &path).unwrap();
        expect_changed(&log, file).await;
        assert!(matches!(log.reader(), Err(Error::FileChanged { .. })), "it would read the other");
    }
}

#[tokio::test]
async fn a_second_name_of_the_file_is_noticed() {
    let place = Place::new();
    let log = one_message(&place).await;
    fs::hard_link(place.path(), place.path().with_file_name("other.db")).unwrap();
    expect_changed(&log, "log.db").await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_log_behind_a_symbolic_link_is_watched_where_it_lies() {
    let place = Place::new();
    place.open().close().await.unwrap();
    let elsewhere: PathBuf = place.path().with_file_name("elsewhere.db");
    fs::rename(place.path(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.path()).unwrap();
    let log = one_message(&place).await;
    fs::remove_file(&elsewhere).unwrap();
    expect_changed(&log, "elsewhere.db").await;
}

/// Cuts a file down in place.
fn cut(place: &Place, file: &str, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(place.path().with_file_name(file)).unwrap();
    file.set_len(bytes).unwrap();
}

/// A log whose file and whose write-ahead log both hold what the other does not.
async fn long_log(place: &Place) -> Log {
    let log = place.open();
    let text = "x".repeat(2_000);
    let records = (1..=20).map(|seq| posted(seq, ALICE, GENERAL, &text)).collect();
    log.append(batch(records)).await.unwrap();
    log.close().await.unwrap();
    let log = place.open();
    log.append(batch((21..=40).map(|seq| posted(seq, ALICE, GENERAL, &text)).collect()))
        .await
        .unwrap();
    log
}

#[tokio::test]
async fn a_file_that_was_cut_short_in_place_is_noticed_before_anything_is_acknowledged() {
    for (file, bytes) in
        [("log.db", 0), ("log.db", 8_192), ("log.db-wal", 0), ("log.db-wal", 50_000)]
    {
        let place = Place::new();
        let log = long_log(&place).await;
        assert!(fs::metadata(place.path().with_file_name(file)).unwrap().len() > bytes);
        cut(&place, file, bytes);
        for seq in [41, 42] {
            let refused = log.append(batch(vec![posted(seq, ALICE, GENERAL, "on")])).await;
            let Err(Error::FileChanged { file: named }) = refused else {
                panic!("{file} to {bytes}: {refused:?}")
            };
            assert!(named.ends_with(file), "{}", named.display());
        }
        assert_eq!(log.head(), 40);
    }
}

#[tokio::test]
async fn what_other_programs_make_shorter_in_good_order_is_no_loss() {
    for sql in ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"] {
        let place = Place::new();
        let log = long_log(&place).await;
        let erased = if sql.starts_with("VACUUM") { 30 } else { 0 };
        let redactions = (1..=erased).map(|seq| Redaction { seq, by: 41, why: WHY }).collect();
        let records = vec![about(41, 1, DELETED, "{}")];
        log.append(Batch { redactions, ..batch(records) }).await.unwrap();
        log.append(batch(vec![posted(42, ALICE, GENERAL, "before")])).await.unwrap();
        let length = |file: &str| fs::metadata(place.path().with_file_name(file)).unwrap().len();
        let before = (length("log.db"), length("log.db-wal"));
        place.tamper(sql);
        let is_shorter = length("log.db") < before.0 || length("log.db-wal") < before.1;
        assert!(is_shorter, "{sql}: {before:?}");
        for seq in 43..50 {
            log.append(batch(vec![posted(seq, ALICE, GENERAL, "and after")])).await.unwrap();
        }
        assert_eq!(seqs(&everything(&log).await).len(), 49, "{sql}");
        log.close().await.unwrap();
        assert_eq!(seqs(&everything(&place.open()).await).len(), 49, "{sql}");
    }
}
