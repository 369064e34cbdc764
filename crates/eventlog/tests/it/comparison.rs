//! The comparison of the records with the indexes: it goes in slices, and the log goes on between them.

use std::time::Duration;

use eventlog::{Comparison, Error, Gaps, Log, Record};

use crate::support::{
    ALICE, BOB, DELETED, EDITED, GENERAL, Place, about, batch, erasing, plain, posted,
};

fn named(seq: u64, record: Record) -> Record {
    Record { client_msg_id: Some(format!("id.{seq}")), ..record }
}

/// Name, kind, columns and condition of an index, as in the schema.
type Index = (&'static str, &'static str, &'static str, &'static str);

pub const INDEXES: [Index; 3] = [
    ("record_channel", "INDEX", "(channel, kind, seq, actor, redacted_why)", "channel IS NOT NULL"),
    ("record_target", "INDEX", "(target, kind, seq, actor, redacted_why)", "target IS NOT NULL"),
    ("record_client_msg_id", "UNIQUE INDEX", "(actor, client_msg_id)", "client_msg_id IS NOT NULL"),
];

/// Makes an index that lacks a record, behind the schema's back.
pub fn without_entry((name, kind, columns, condition): Index, seq: u64) -> String {
    format!(
        "DROP INDEX {name};
         CREATE {kind} {name} ON record {columns} WHERE {condition} AND seq <> {seq};
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE {kind} {name} ON record {columns} WHERE {condition}'
          WHERE name = '{name}';
         PRAGMA writable_schema = RESET;"
    )
}

/// Messages, edits of some, all named, and one of another kind that is in no index.
async fn small_history(place: &Place) -> Log {
    let log = place.open();
    let mut records: Vec<_> =
        (1..=30).map(|seq| named(seq, posted(seq, ALICE, GENERAL, "hi"))).collect();
    records.extend((31..=40).map(|seq| named(seq, about(seq, seq - 30, EDITED, "hi!"))));
    records.push(Record { channel: None, ..posted(41, BOB, GENERAL, "joined") });
    log.append(batch(records)).await.unwrap();
    log
}

/// To its end, a record or an entry at a time; and how many steps that took.
fn finish(comparison: &mut Comparison) -> Result<u32, Error> {
    let mut slices = 1;
    while comparison.advance(Duration::ZERO)? {
        slices += 1;
    }
    Ok(slices)
}

fn compare(log: &Log) -> Result<u32, Error> {
    finish(&mut log.comparison(Gaps::Lost, plain())?)
}

#[tokio::test]
async fn a_whole_log_is_whole_in_any_slices_and_when_it_is_empty() {
    let place = Place::new();
    assert_eq!(compare(&place.open()).unwrap(), 1);
    let log = small_history(&place).await;
    assert!(compare(&log).unwrap() >= 41 + 40 + 10 + 40, "each record and entry was a slice");
    let mut at_once = log.comparison(Gaps::Lost, plain()).unwrap();
    assert!(!at_once.advance(Duration::from_secs(3600)).unwrap(), "nothing is left");
    assert_eq!(at_once.up_to(), 41);
}

#[tokio::test]
async fn appends_and_erasures_go_on_between_the_slices_and_disturb_nothing() {
    let place = Place::new();
    let log = small_history(&place).await;
    let mut comparison = log.comparison(Gaps::Lost, plain()).unwrap();
    let (mut seq, mut slices) = (42, 0);
    while comparison.advance(Duration::ZERO).unwrap() {
        slices += 1;
        // Not after each: a slice is one entry here, and new ones are walked too.
        if slices % 5 == 0 {
            log.append(batch(vec![named(seq, posted(seq, BOB, GENERAL, "xyzzy"))])).await.unwrap();
            let erased = if seq < 102 { (seq - 42) / 2 + 1 } else { seq };
            log.append(erasing(erased, about(seq + 1, erased, DELETED, "{}"))).await.unwrap();
            seq += 2;
        }
    }
    assert!(seq > 102, "{seq}: all old messages were erased meanwhile, and new ones");
    // The words of the last erasure leave the disk although a comparison is under way.
    let mut other = log.comparison(Gaps::Lost, plain()).unwrap();
    assert!(other.advance(Duration::ZERO).unwrap());
    log.append(batch(vec![posted(seq, BOB, GENERAL, "plugh")])).await.unwrap();
    log.append(erasing(seq, about(seq + 1, seq, DELETED, "{}"))).await.unwrap();
    for seq in seq + 2..1_000_000 {
        other.advance(Duration::ZERO).unwrap();
        log.append(batch(vec![posted(seq, BOB, GENERAL, "and on")])).await.unwrap();
        if !place.holds("plugh") {
            break;
        }
    }
    assert!(!place.holds("plugh"));
    finish(&mut other).unwrap();
    compare(&log).unwrap();
}

/// What a new message comes to on a log whose index is known to be damaged.
async fn expect_named(log: &Log, damaged: &str, at: u64) {
    let found = compare(log);
    assert!(
        matches!(found, Err(Error::IndexDamaged { index, seq }) if index == damaged && seq == Some(at)),
        "{damaged} at {at}: {found:?}"
    );
    let append = log.append(batch(vec![posted(43, ALICE, GENERAL, "hello")])).await;
    assert!(matches!(append, Err(Error::IndexDamaged { .. })), "{append:?}");
}

#[tokio::test]
async fn an_index_that_lacks_a_record_is_named_and_stops_the_appends() {
    for index in INDEXES {
        let place = Place::new();
        small_history(&place).await.close().await.unwrap();
        place.tamper(&without_entry(index, 35));
        let log = place.open();
        let mut reader = log.reader().unwrap();
        let is_lie = match index.0 {
            "record_channel" => reader.channel_count(GENERAL, EDITED, 0, 99, BOB).unwrap() != 10,
            "record_target" => reader.by_targets(&[5], 99).unwrap().is_empty(),
            _ => reader.by_client_msg_id(ALICE, "id.35").unwrap().is_none(),
        };
        assert!(is_lie, "{index:?}: or it would be seen without a comparison");
        expect_named(&log, index.0, 35).await;
    }
}

#[tokio::test]
async fn an_index_that_has_a_record_too_many_is_named() {
    let place = Place::new();
    let log = small_history(&place).await;
    log.append(batch(vec![posted(42, BOB, GENERAL, "the last one")])).await.unwrap();
    log.close().await.unwrap();
    // SQLite does not know of the indexes while the record goes.
    place.tamper(
        "CREATE TEMP TABLE hidden AS SELECT * FROM sqlite_schema WHERE type = 'index';
         PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE type = 'index';
         PRAGMA writable_schema = RESET;
         DELETE FROM record WHERE seq = 42;
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema SELECT * FROM hidden;
         PRAGMA writable_schema = RESET;",
    );
    let log = place.open();
    assert_eq!(log.head(), 41);
    expect_named(&log, "record_channel", 42).await;
}

#[tokio::test]
async fn a_record_that_is_gone_is_missed_where_none_is_left_out() {
    let place = Place::new();
    let log = small_history(&place).await;
    log.append(batch(vec![posted(42, BOB, GENERAL, "after")])).await.unwrap();
    log.close().await.unwrap();
    place.tamper("DELETE FROM record WHERE seq = 41");
    let log = place.open();
    finish(&mut log.comparison(Gaps::Allowed, plain()).unwrap()).unwrap();
    let lost = compare(&log);
    assert!(matches!(lost, Err(Error::Corrupt { seq: 41 })), "{lost:?}");
    let append = log.append(batch(vec![posted(43, ALICE, GENERAL, "hello")])).await;
    assert!(matches!(append, Err(Error::Corrupt { seq: 41 })), "{append:?}");
}
