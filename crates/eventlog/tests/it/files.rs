//! Files that are taken away or replaced while the log is open: it must not acknowledge into nothing.

use std::fs;
use std::path::PathBuf;

use eventlog::{Error, Log};

use crate::support::{ALICE, GENERAL, Place, batch, everything, posted, seqs};

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
