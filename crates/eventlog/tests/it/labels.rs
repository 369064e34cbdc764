//! Labels: written with the records or not at all, read in order, and what the indexes alone say of records.

use std::time::Duration;

use eventlog::{Batch, Error, Gaps, Label, LabelChange, Log, Redaction, When};

use crate::support::{
    ALICE, BOB, CHANGED, DELETED, EDITED, GENERAL, POSTED, Place, RANDOM, SAID, WHY, about, batch,
    plain, posted,
};

const OTHER: u8 = 9;

fn label(owner: u64, channel: u64, seq: u64) -> Label {
    Label { kind: OTHER, owner, channel, seq }
}

fn set(label: Label, value: u64, when: When) -> LabelChange {
    LabelChange::Set { label, value, when }
}

async fn change(log: &Log, labels: Vec<LabelChange>) {
    log.append(Batch { labels, ..Batch::default() }).await.unwrap();
}

fn all(log: &Log, owner: u64) -> Vec<(u64, u64, u64)> {
    log.reader().unwrap().labels_of(OTHER, owner).unwrap()
}

#[tokio::test]
async fn a_label_is_set_when_it_should_be_and_changes_are_made_in_their_order() {
    let place = Place::new();
    let log = place.open();
    let here = label(ALICE, GENERAL, 5);
    for when in [When::Present, When::Lower] {
        change(&log, vec![set(here, 7, when)]).await;
        assert_eq!(all(&log, ALICE), [], "{when:?}");
    }
    change(&log, vec![set(here, 7, When::Absent), set(here, 8, When::Absent)]).await;
    assert_eq!(all(&log, ALICE), [(GENERAL, 5, 7)]);
    change(&log, vec![set(here, 9, When::Lower)]).await;
    assert_eq!(all(&log, ALICE), [(GENERAL, 5, 7)], "9 is no lower");
    change(&log, vec![set(here, 3, When::Lower)]).await;
    assert_eq!(all(&log, ALICE), [(GENERAL, 5, 3)]);
    change(&log, vec![set(here, 4, When::Present)]).await;
    assert_eq!(all(&log, ALICE), [(GENERAL, 5, 4)]);
    change(&log, vec![set(here, 1, When::Always), LabelChange::Clear(here)]).await;
    assert_eq!(all(&log, ALICE), []);
    change(&log, vec![LabelChange::Clear(here), set(here, 1, When::Always)]).await;
    assert_eq!(all(&log, ALICE), [(GENERAL, 5, 1)]);
}

#[tokio::test]
async fn labels_go_with_their_record_or_with_their_owner_and_no_others_do() {
    let place = Place::new();
    let log = place.open();
    let mut labels = Vec::new();
    for owner in [ALICE, BOB] {
        for channel in [GENERAL, RANDOM] {
            labels.extend((1..=3).map(|seq| set(label(owner, channel, seq), seq, When::Always)));
        }
    }
    let of_another_kind = Label { kind: OTHER + 1, ..label(ALICE, GENERAL, 2) };
    labels.push(set(of_another_kind, 1, When::Always));
    change(&log, labels).await;
    change(&log, vec![LabelChange::ClearRecord { kind: OTHER, seq: 2 }]).await;
    let left = [(GENERAL, 1, 1), (GENERAL, 3, 3), (RANDOM, 1, 1), (RANDOM, 3, 3)];
    assert_eq!(all(&log, ALICE), left);
    assert_eq!(all(&log, BOB), left);
    let (kind, owner, channel) = (OTHER, ALICE, GENERAL);
    change(&log, vec![LabelChange::ClearChannel { kind, owner, channel }]).await;
    assert_eq!(all(&log, ALICE), left[2..]);
    assert_eq!(all(&log, BOB), left);
    let other = log.reader().unwrap().labels_of(OTHER + 1, ALICE).unwrap();
    assert_eq!(other, [(GENERAL, 2, 1)]);
}

#[tokio::test]
async fn labels_are_read_within_bounds_rising_or_the_newest_first() {
    let place = Place::new();
    let log = place.open();
    let labels = (1..=9).rev().map(|seq| set(label(0, GENERAL, seq), seq * 10, When::Always));
    change(&log, labels.collect()).await;
    let mut reader = log.reader().unwrap();
    let rising = reader.labels(OTHER, 0, GENERAL, 3, 6).unwrap();
    assert_eq!(rising, [(4, 40), (5, 50), (6, 60)]);
    assert_eq!(reader.labels(OTHER, 0, GENERAL, 0, u64::MAX).unwrap().len(), 9);
    let newest = reader.labels_newest(OTHER, 0, GENERAL, 3, 9, 3).unwrap();
    assert_eq!(newest, [(8, 80), (7, 70), (6, 60)]);
    assert_eq!(reader.labels_newest(OTHER, 0, GENERAL, 7, u64::MAX, 9).unwrap().len(), 2);
    assert_eq!(reader.labels(OTHER, 0, RANDOM, 0, 9).unwrap(), []);
    let places = [(RANDOM, 0), (GENERAL, 7), (GENERAL + 100, 0)];
    assert_eq!(reader.labels_in(OTHER, 0, places, 8).unwrap(), [(GENERAL, 8, 80)]);
    assert_eq!(reader.labels_in(OTHER, 0, places, u64::MAX).unwrap().len(), 2);
    assert_eq!(reader.labels_in(OTHER, 0, [], u64::MAX).unwrap(), []);
}

#[tokio::test]
async fn a_batch_that_is_refused_leaves_no_label() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(3, ALICE, GENERAL, "hi")])).await.unwrap();
    let refused = log.append(batch(vec![posted(3, BOB, GENERAL, "hi")])).await;
    assert!(matches!(refused, Err(Error::OutOfOrder { .. })));
    let mut reader = log.reader().unwrap();
    assert_eq!(reader.labels_of(SAID, ALICE).unwrap(), [(GENERAL, 3, 12)]);
    assert_eq!(reader.labels_of(SAID, BOB).unwrap(), []);
}

#[tokio::test]
async fn what_is_gone_is_left_out_of_counts_and_what_was_superseded_is_not() {
    let place = Place::new();
    let log = place.open();
    let replies = (11..=14).map(|seq| about(seq, 1, POSTED, "reply"));
    let records = (1..=10).map(|seq| posted(seq, seq % 2 + 1, GENERAL, "hi")).chain(replies);
    log.append(batch(records.collect())).await.unwrap();
    let redactions = [(2, WHY), (3, WHY + 1), (12, WHY), (13, WHY + 1)]
        .map(|(seq, why)| Redaction { seq, by: 15, why })
        .to_vec();
    let erasing = Batch { redactions, ..batch(vec![about(15, 2, DELETED, "{}")]) };
    log.append(erasing).await.unwrap();
    let mut reader = log.reader().unwrap();
    let seqs = |posts: Vec<(u64, u64)>| posts.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>();
    let posts = reader.channel_posts(GENERAL, POSTED, 1, 5, &[WHY]).unwrap();
    assert_eq!(posts, [(3, BOB), (4, ALICE), (5, BOB)]);
    let all = reader.channel_posts(GENERAL, POSTED, 0, 5, &[]).unwrap();
    assert_eq!(seqs(all), [1, 2, 3, 4, 5]);
    let kinds = [POSTED, DELETED];
    let replies = reader.targets_posts([(1, 0)], kinds, u64::MAX, &[WHY]).unwrap();
    assert_eq!(replies.iter().map(|(_, seq, _)| *seq).collect::<Vec<_>>(), [11, 13, 14]);
    let of_two = reader.targets_posts([(2, 0), (1, 11), (7, 0)], kinds, 15, &[]).unwrap();
    assert_eq!(
        of_two.iter().map(|(of, seq, _)| (*of, *seq)).collect::<Vec<_>>(),
        [(1, 12), (1, 13), (1, 14), (2, 15)]
    );
    assert_eq!(reader.targets_posts([], kinds, 15, &[]).unwrap(), []);
    assert_eq!(reader.target_newest_seq(1, POSTED, u64::MAX).unwrap(), Some(14));
    assert_eq!(reader.target_newest_seq(1, POSTED, 13).unwrap(), Some(12), "erased or not");
    assert_eq!(reader.target_newest_seq(1, EDITED, u64::MAX).unwrap(), None);
}

/// Messages with labels, edits that left some, and deletions that took some.
async fn labelled(place: &Place) -> Log {
    let log = place.open();
    let records = (1..=30).map(|seq| posted(seq, seq % 2 + 1, GENERAL, "hi"));
    let edits = (31..=35).map(|seq| about(seq, seq - 30, EDITED, "hi!"));
    log.append(batch(records.chain(edits).collect())).await.unwrap();
    log.append(batch(vec![about(36, 3, DELETED, "{}")])).await.unwrap();
    log
}

fn compare(log: &Log, slice: Duration) -> Result<(), Error> {
    let mut comparison = log.comparison(Gaps::Lost, plain())?;
    while comparison.advance(slice)? {}
    Ok(())
}

#[tokio::test]
async fn a_label_that_no_record_leads_to_is_named_and_one_that_is_missing_too() {
    let damages = [
        ("DELETE FROM label WHERE kind = 1 AND seq = 9", 9),
        ("UPDATE label SET value = 77 WHERE kind = 2 AND seq = 4", 4),
        ("UPDATE label SET owner = 44 WHERE kind = 1 AND seq = 12", 12),
        ("INSERT INTO label VALUES (1, 1, 3, 7, 28)", 7),
        ("INSERT INTO label VALUES (200, 1, 3, 7, 28)", 7),
        ("UPDATE label SET seq = 16 WHERE kind = 1 AND seq = 15", 15),
    ];
    for (damage, at) in damages {
        for slice in [Duration::ZERO, Duration::from_secs(60)] {
            let place = Place::new();
            let log = labelled(&place).await;
            compare(&log, slice).unwrap();
            log.close().await.unwrap();
            place.tamper(damage);
            let log = place.open();
            let found = compare(&log, slice);
            let is_named = matches!(
                found,
                Err(Error::IndexDamaged { index: "label", seq: Some(seq) }) if seq == at
            );
            assert!(is_named, "{damage}: {found:?}");
            let append = log.append(batch(vec![posted(37, ALICE, GENERAL, "hello")])).await;
            assert!(matches!(append, Err(Error::IndexDamaged { .. })), "{append:?}");
            log.close().await.unwrap();

            let repaired = eventlog::repair(&place.path(), Gaps::Lost, &plain()).unwrap();
            assert!(repaired.is_some(), "{damage}");
            let log = place.open();
            compare(&log, slice).unwrap();
            let changed = log.reader().unwrap().labels_of(CHANGED, ALICE).unwrap();
            assert_eq!(changed, [1, 2, 4, 5].map(|seq| (GENERAL, seq, seq + 30)));
        }
    }
}

#[tokio::test]
async fn labels_that_change_between_the_slices_disturb_nothing() {
    let place = Place::new();
    let log = labelled(&place).await;
    let mut comparison = log.comparison(Gaps::Lost, plain()).unwrap();
    let (mut seq, mut slices) = (37, 0);
    while comparison.advance(Duration::ZERO).unwrap() {
        slices += 1;
        // Messages with labels come, labels of old and of new ones change, and others go.
        if slices % 6 == 0 {
            let told = vec![
                posted(seq, ALICE, GENERAL, "hi"),
                about(seq + 1, slices / 6 % 30 + 1, EDITED, "hi!"),
                about(seq + 2, slices / 3 % 30 + 1, DELETED, "{}"),
            ];
            log.append(batch(told)).await.unwrap();
            seq += 3;
        }
    }
    assert!(seq > 60, "{seq}");
    compare(&log, Duration::ZERO).unwrap();
}
