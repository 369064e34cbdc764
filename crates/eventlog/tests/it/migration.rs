//! A log of format 1 is brought to this version's, as a whole or not at all.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use eventlog::{Batch, Body, Epoch, Error, Gaps, Log, Record, Redaction, migrate, repair};
use rusqlite::Connection;

use crate::comparison::without_entry;
use crate::support::{
    ALICE, BOB, CHANGED, DELETED, EDITED, GENERAL, Place, Plain, SAID, WHY, about, batch,
    everything, plain, posted,
};

const SCHEMA_1: &str = include_str!("../../src/sqlite/migrate/schema_1.sql");
const EPOCH: i64 = -77;

/// More than fit in a chunk, with edits and deletions of some.
const RECORDS: u64 = 5_000;

/// The same story as commits of this version.
fn story() -> Vec<Batch> {
    let mut batches = Vec::new();
    for seq in 1..=RECORDS {
        let record = match seq % 10 {
            4 => about(seq, seq - 3, EDITED, "edited"),
            7 => about(seq, seq - 5, DELETED, "{}"),
            8 => Record { channel: None, ..posted(seq, BOB, GENERAL, "joined") },
            _ => posted(seq, seq % 2 + 1, GENERAL, "a message"),
        };
        let record = Record { client_msg_id: (seq % 3 > 0).then(|| format!("id.{seq}")), ..record };
        let (is_deletion, target) = (record.kind == DELETED, record.target);
        let mut batch = batch(vec![record]);
        if is_deletion {
            let erased = Redaction { seq: target.unwrap(), by: seq, why: WHY };
            batch.redactions.push(erased);
        } else if seq % 100 == 9 {
            batch.redactions.push(Redaction { seq: seq - 8, by: seq, why: WHY + 1 });
        }
        batches.push(batch);
    }
    batches
}

async fn told(place: &Place) -> Log {
    let log = place.open();
    for batches in story().chunks(500) {
        let mut together = Batch::default();
        for batch in batches {
            together.records.extend(batch.records.iter().cloned());
            together.redactions.extend(batch.redactions.iter().copied());
            together.labels.extend(batch.labels.iter().copied());
        }
        log.append(together).await.unwrap();
    }
    log
}

/// Writes records as format 1 had them.
fn write_as_format_1(place: &Place, records: &[Record]) {
    const INSERT: &str = "
        INSERT INTO record (seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                            redacted_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    place.tamper("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4D4D4C47");
    place.tamper(SCHEMA_1);
    place.tamper(&format!("INSERT INTO meta (id, format, epoch) VALUES (1, 1, {EPOCH})"));
    let mut connection = Connection::open(place.path()).unwrap();
    let transaction = connection.transaction().unwrap();
    let signed = u64::cast_signed;
    for record in records {
        let (body, sum, by) = match &record.body {
            Body::Present(bytes) => (Some(bytes), crc32fast::hash(bytes), None),
            Body::Redacted { by, .. } => (None, 0, Some(signed(*by))),
            Body::Damaged => unreachable!("this reader does not read on"),
        };
        let mut insert = transaction.prepare_cached(INSERT).unwrap();
        insert
            .execute((
                signed(record.seq),
                record.ts_micros,
                record.kind,
                record.channel.map(signed),
                signed(record.actor),
                record.target.map(signed),
                record.client_msg_id.as_deref(),
                record.envelope_sum(),
                body,
                sum,
                by,
            ))
            .unwrap();
    }
    transaction.commit().unwrap();
}

/// A log of format 1, and what it must be when it has this one's.
async fn old_log() -> (Place, Vec<Record>, Labels) {
    let present = Place::new();
    let log = told(&present).await;
    let (records, labels) = (everything(&log).await, labels(&log));
    let place = Place::new();
    write_as_format_1(&place, &records);
    (place, records, labels)
}

/// Of each kind and owner: channel, seq and value.
type Labels = Vec<Vec<(u64, u64, u64)>>;

fn labels(log: &Log) -> Labels {
    let mut reader = log.reader().unwrap();
    let of = [(SAID, ALICE), (SAID, BOB), (CHANGED, ALICE)];
    of.into_iter().map(|(kind, owner)| reader.labels_of(kind, owner).unwrap()).collect()
}

/// The log opens, and is what it must be.
async fn expect_whole(place: &Place, records: &[Record], expected: &Labels) {
    let log = place.open();
    assert_eq!(log.epoch(), Epoch(EPOCH.cast_unsigned()));
    assert!(everything(&log).await == records);
    assert!(labels(&log) == *expected);
    let mut comparison = log.comparison(Gaps::Lost, plain()).unwrap();
    while comparison.advance(Duration::from_secs(60)).unwrap() {}
    log.reader().unwrap().verify_structure().unwrap();
    let next =
        Record { client_msg_id: Some("id.1".to_owned()), ..posted(RECORDS + 1, BOB, GENERAL, "") };
    let again = log.append(batch(vec![next])).await;
    assert!(matches!(again, Err(Error::DuplicateClientMsgId)), "{again:?}");
    log.append(batch(vec![posted(RECORDS + 1, ALICE, GENERAL, "and on")])).await.unwrap();
    log.close().await.unwrap();
}

#[tokio::test]
async fn a_log_of_format_1_becomes_what_this_version_would_have_written() {
    let (place, records, expected) = old_log().await;
    assert!(expected.iter().all(|labels| labels.len() > 100), "or little was shown");
    let redacted = |record: &&Record| matches!(record.body, Body::Redacted { .. });
    assert!(records.iter().filter(redacted).count() > 100);
    let refused = Log::open(&place.path(), 0).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Older { format: 1 }), "{refused:?}");
    let mut heard = Vec::new();
    migrate(&place.path(), &Plain, |at| heard.push(at)).unwrap();
    assert!(heard.len() > 3 && heard.iter().all(|at| (at.from, at.to) == (1, 2)), "{heard:?}");
    assert_eq!((heard[0].seq, heard.last().unwrap().seq), (0, RECORDS));
    expect_whole(&place, &records, &expected).await;
    migrate(&place.path(), &Plain, |at| panic!("it has this format: {at:?}")).unwrap();
}

#[test]
fn there_is_nothing_to_do_where_there_is_no_log_or_an_empty_file() {
    let place = Place::new();
    migrate(&place.path(), &Plain, |at| panic!("{at:?}")).unwrap();
    assert!(!place.path().exists());
    fs::write(place.path(), []).unwrap();
    migrate(&place.path(), &Plain, |at| panic!("{at:?}")).unwrap();
    assert_eq!(fs::read(place.path()).unwrap(), []);
}

#[tokio::test]
async fn a_crash_at_any_moment_leaves_the_log_as_it_was_and_the_next_start_goes_through() {
    let (place, records, expected) = old_log().await;
    let before = fs::read(place.path()).unwrap();
    // What a crash would leave at each of these moments.
    let mut left = Vec::new();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        migrate(&place.path(), &Plain, |at| {
            let crashed = Place::new();
            for file in ["log.db", "log.db-wal"] {
                let (from, to) = (place.path(), crashed.path());
                fs::copy(from.with_file_name(file), to.with_file_name(file)).unwrap();
            }
            left.push(crashed);
            assert!(at.seq < RECORDS / 2, "the end of it");
        })
    }));
    assert!(ended.is_err(), "it went through");
    assert!(left.len() > 2, "{}", left.len());
    left.push(place);
    for place in left {
        assert!(fs::read(place.path()).unwrap() == before);
        migrate(&place.path(), &Plain, |_| {}).unwrap();
        expect_whole(&place, &records, &expected).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_the_log_as_it_was_and_is_said() {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter,
    };

    /// Lets this thread write no page any more.
    fn fill_disk() {
        let is_page =
            || SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ge, 4_096).unwrap();
        let rules = || vec![SeccompRule::new(vec![is_page()]).unwrap()];
        let calls = [libc::SYS_write, libc::SYS_pwrite64].map(|call| (call, rules()));
        let full = SeccompAction::Errno(libc::ENOSPC.cast_unsigned());
        let machine = std::env::consts::ARCH.try_into().unwrap();
        let calls = BTreeMap::from(calls);
        let filter = SeccompFilter::new(calls, SeccompAction::Allow, full, machine).unwrap();
        apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
    }

    let (place, records, expected) = old_log().await;
    let before = fs::read(place.path()).unwrap();
    let path = place.path();
    let refused = std::thread::spawn(move || {
        migrate(&path, &Plain, |at| {
            if at.seq == 0 {
                fill_disk();
            }
        })
    });
    let refused = refused.join().unwrap();
    assert!(matches!(refused, Err(Error::DiskFull(_))), "{refused:?}");
    assert!(fs::read(place.path()).unwrap() == before);
    migrate(&place.path(), &Plain, |_| {}).unwrap();
    expect_whole(&place, &records, &expected).await;
}

#[tokio::test]
async fn a_damaged_record_is_named_and_the_log_is_left_as_it_was() {
    let damages = [
        "UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = 3011",
        "UPDATE record SET redacted_by = 9999 WHERE seq = 3002",
        "UPDATE record SET body_sum = 5 WHERE seq = 3002",
    ];
    for damage in damages {
        let (place, ..) = old_log().await;
        place.tamper(damage);
        let before = fs::read(place.path()).unwrap();
        let refused = migrate(&place.path(), &Plain, |_| {});
        assert!(matches!(refused, Err(Error::Corrupt { seq: 3_011 | 3_002 })), "{refused:?}");
        let refused = repair(&place.path(), Gaps::Lost, &plain());
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{refused:?}");
        assert!(fs::read(place.path()).unwrap() == before, "{damage}");
    }
}

/// The indexes of format 1, for [`without_entry`].
const INDEXES_OF_1: [(&str, &str, &str, &str); 3] = [
    ("record_channel", "INDEX", "(channel, kind, seq, actor, redacted_by)", "channel IS NOT NULL"),
    ("record_target", "INDEX", "(target)", "target IS NOT NULL"),
    ("record_client_msg_id", "UNIQUE INDEX", "(actor, client_msg_id)", "client_msg_id IS NOT NULL"),
];

#[tokio::test]
async fn what_is_damaged_around_old_records_is_mended_on_the_way_or_by_a_repair() {
    let mut damages: Vec<_> = INDEXES_OF_1.map(|index| without_entry(index, 3_004)).into();
    damages.push("DROP INDEX record_target".to_owned());
    damages.push("PRAGMA application_id = 7".to_owned());
    for damage in damages {
        let (place, records, expected) = old_log().await;
        place.tamper(&damage);
        repair(&place.path(), Gaps::Lost, &plain()).unwrap();
        expect_whole(&place, &records, &expected).await;
    }
}

#[tokio::test]
async fn an_old_log_whose_schema_cannot_be_read_is_made_anew() {
    let (old, new) = ("CREATE UNIQUE", "CREATE UNYQUE");
    let (place, records, expected) = old_log().await;
    let mut bytes = fs::read(place.path()).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
    fs::write(place.path(), bytes).unwrap();
    let refused = migrate(&place.path(), &Plain, |at| panic!("{at:?}")).unwrap_err();
    assert!(refused.is_repairable(), "{refused:?}");
    let refused = Log::open(&place.path(), 0).map(|_| ()).unwrap_err();
    assert!(refused.is_repairable(), "{refused:?}");
    repair(&place.path(), Gaps::Lost, &plain()).unwrap().unwrap();
    expect_whole(&place, &records, &expected).await;
}
