//! Erasing: gone from every byte on disk, the envelope stays.

use std::fs;

use eventlog::{Batch, Body, Error, Haste, Redaction};

use crate::support::{
    ALICE, BOB, DELETED, EDITED, GENERAL, Place, WHY, about, batch, erasing, everything, posted,
    seqs,
};

#[tokio::test]
async fn erased_text_is_in_no_byte_of_any_file() {
    let place = Place::new();
    let log = place.open();
    let long = "the secret of the long message ".repeat(1_000);
    log.append(batch(vec![
        posted(1, ALICE, GENERAL, "xyzzy is the password"),
        posted(2, BOB, GENERAL, "what stays"),
        posted(3, ALICE, GENERAL, &long),
    ]))
    .await
    .unwrap();
    log.append(batch(vec![about(4, 1, EDITED, "xyzzy was a typo")])).await.unwrap();
    assert!(place.holds("xyzzy is the password"), "or the test could not fail");
    assert!(place.holds("secret of the long"));

    let deleted = about(5, 1, DELETED, "{}");
    let redactions = [1, 3, 4].map(|seq| Redaction { seq, by: 5, why: WHY }).to_vec();
    log.append(Batch { redactions, ..batch(vec![deleted.clone()]) }).await.unwrap();
    log.close().await.unwrap();

    assert!(!place.holds("xyzzy"));
    assert!(!place.holds("secret of the long"));
    assert!(place.holds("what stays"));
    let log = place.open();
    let records = everything(&log).await;
    assert_eq!(seqs(&records), [1, 2, 3, 4, 5]);
    assert_eq!(records[0].body, Body::Redacted { by: 5, why: WHY });
    assert_eq!(records[0].actor, ALICE);
    assert_eq!(records[3].target, Some(1));
    assert_eq!(records[4], deleted);
}

#[tokio::test]
async fn erased_text_leaves_the_disk_of_a_log_that_stays_open() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "xyzzy is the password")])).await.unwrap();
    log.append(erasing(1, about(2, 1, DELETED, "{}"))).await.unwrap();
    // They leave within about a second, however much is appended meanwhile: a bound that no disk's pace reaches.
    for seq in 3..1_000_000 {
        log.append(batch(vec![posted(seq, BOB, GENERAL, "and on")])).await.unwrap();
        if !place.holds("xyzzy") {
            return;
        }
    }
    panic!("xyzzy is still on disk");
}

#[tokio::test]
async fn what_is_erased_at_leisure_leaves_with_what_is_in_haste() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "xyzzy is the password")])).await.unwrap();
    let later = erasing(1, about(2, 1, EDITED, "{}"));
    log.append(Batch { haste: Haste::Later, ..later }).await.unwrap();
    assert!(place.holds("xyzzy"), "for half a minute");
    log.append(batch(vec![posted(3, ALICE, GENERAL, "plugh is another")])).await.unwrap();
    log.append(erasing(3, about(4, 3, DELETED, "{}"))).await.unwrap();
    for seq in 5..1_000_000 {
        log.append(batch(vec![posted(seq, BOB, GENERAL, "and on")])).await.unwrap();
        if !place.holds("xyzzy") {
            assert!(!place.holds("plugh"));
            return;
        }
    }
    panic!("xyzzy is still on disk");
}

#[tokio::test]
async fn what_is_erased_at_leisure_is_gone_when_the_log_is_closed_and_after_a_crash() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "xyzzy is the password")])).await.unwrap();
    let later = erasing(1, about(2, 1, EDITED, "{}"));
    log.append(Batch { haste: Haste::Later, ..later }).await.unwrap();
    // What a crash at this moment would leave.
    let left = Place::new();
    for file in ["log.db", "log.db-wal"] {
        fs::copy(place.path().with_file_name(file), left.path().with_file_name(file)).unwrap();
    }
    log.close().await.unwrap();
    assert!(!place.holds("xyzzy"), "closed in good order");
    assert!(left.holds("xyzzy"), "or there was nothing to erase");
    let log = left.open();
    for seq in 3..1_000_000 {
        log.append(batch(vec![posted(seq, BOB, GENERAL, "and on")])).await.unwrap();
        if !left.holds("xyzzy") {
            return;
        }
    }
    panic!("xyzzy is still on disk");
}

#[tokio::test]
async fn a_reader_in_the_middle_delays_the_erasure_and_does_not_prevent_it() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "xyzzy is the password")])).await.unwrap();
    let mut reader = log.reader().unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (started, start) = std::sync::mpsc::channel();
    let held = std::thread::spawn(move || {
        reader.snapshot(|reader| {
            let before = reader.range(0, 9, 9)?;
            started.send(()).unwrap();
            released.recv().unwrap();
            Ok::<_, Error>(before)
        })
    });
    start.recv().unwrap();
    log.append(erasing(1, about(2, 1, DELETED, "{}"))).await.unwrap();
    assert!(place.holds("xyzzy"), "the reader still needs it");
    release.send(()).unwrap();
    assert_eq!(seqs(&held.join().unwrap().unwrap()), [1]);
    log.close().await.unwrap();
    assert!(!place.holds("xyzzy"));
}

#[tokio::test]
async fn erasing_twice_keeps_the_first_reason_and_erasing_nothing_is_nothing() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")])).await.unwrap();
    log.append(erasing(1, about(2, 1, DELETED, "{}"))).await.unwrap();
    log.append(erasing(1, about(3, 1, DELETED, "{}"))).await.unwrap();
    log.append(erasing(99, about(4, 99, DELETED, "{}"))).await.unwrap();
    let records = everything(&log).await;
    assert_eq!(seqs(&records), [1, 2, 3, 4]);
    assert_eq!(records[0].body, Body::Redacted { by: 2, why: WHY });
    let later = Batch { redactions: vec![Redaction { seq: 2, by: 5, why: WHY }], ..batch(vec![]) };
    let later = log.append(later).await;
    assert!(matches!(later, Err(Error::OutOfOrder { seq: 5, head: 4 })), "{later:?}");
}

#[tokio::test]
async fn no_order_of_erasing_leaves_a_copy_in_a_page() {
    const MESSAGES: u64 = 4_000;
    let place = Place::new();
    let log = place.open();
    let text =
        |seq: u64| format!("<<{seq:06}>>").repeat(1 + usize::try_from(seq * 7 % 40).unwrap());
    for chunk in (1..=MESSAGES).collect::<Vec<_>>().chunks(100) {
        let records = chunk.iter().map(|seq| posted(*seq, ALICE, GENERAL, &text(*seq))).collect();
        log.append(batch(records)).await.unwrap();
    }
    // 7919 is prime, so this visits them all in an order that jumps about; the last tenth stays.
    let order: Vec<_> = (0..MESSAGES).map(|n| n * 7_919 % MESSAGES + 1).collect();
    let (erased, kept) = order.split_at(order.len() * 9 / 10);
    for (n, chunk) in erased.chunks(20).enumerate() {
        let seq = MESSAGES + 1 + u64::try_from(n).unwrap();
        let redactions =
            chunk.iter().map(|erased| Redaction { seq: *erased, by: seq, why: WHY }).collect();
        let records = vec![posted(seq, ALICE, GENERAL, "{}")];
        log.append(Batch { redactions, ..batch(records) }).await.unwrap();
    }
    log.close().await.unwrap();

    let bytes = place.bytes();
    let mut found = std::collections::BTreeSet::new();
    for window in bytes.windows(10) {
        if let Some(digits) = window.strip_prefix(b"<<").and_then(|rest| rest.strip_suffix(b">>")) {
            found.extend(std::str::from_utf8(digits).unwrap().parse::<u64>());
        }
    }
    let kept: std::collections::BTreeSet<_> = kept.iter().copied().collect();
    let leaked: Vec<_> = found.difference(&kept).collect();
    assert_eq!(leaked, Vec::<&u64>::new(), "{} of {} leaked", leaked.len(), erased.len());
    assert_eq!(found, kept, "what was not erased is all there");
}
