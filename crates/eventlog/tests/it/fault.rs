//! A disk that fails: nothing is acknowledged that did not happen, and it goes on when it can.

use eventlog::Error;

use crate::support::{
    ALICE, DELETED, GENERAL, Place, about, batch, erasing, everything, posted, seqs,
};

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_recovers() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")])).await.unwrap();
    let head = log.watch_head();

    log.fill_disk_for_test(true).unwrap();
    let large = || batch(vec![posted(2, ALICE, GENERAL, &"hello ".repeat(10_000))]);
    for _ in 0..3 {
        let full = log.append(large()).await;
        assert!(matches!(full, Err(Error::DiskFull(_))), "{full:?}");
    }
    let (one, other) = tokio::join!(log.append(large()), log.append(large()));
    assert!(matches!(one, Err(Error::DiskFull(_))), "{one:?}");
    assert!(other.is_err(), "{other:?}");
    assert_eq!(log.head(), 1);
    assert!(!head.has_changed().unwrap());
    assert_eq!(seqs(&everything(&log).await), [1], "reading goes on");

    log.fill_disk_for_test(false).unwrap();
    assert_eq!(log.append(large()).await.unwrap(), 2);
    log.close().await.unwrap();
    let log = place.open();
    assert_eq!(seqs(&everything(&log).await), [1, 2]);
}

#[tokio::test]
async fn on_a_full_disk_a_message_can_still_be_erased() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, &"xyzzy ".repeat(10_000))])).await.unwrap();
    log.fill_disk_for_test(true).unwrap();
    log.append(erasing(1, about(2, 1, DELETED, "{}"))).await.unwrap();
    log.close().await.unwrap();
    assert!(!place.holds("xyzzy"));
}
