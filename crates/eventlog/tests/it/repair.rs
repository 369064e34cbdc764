//! Making the file anew from its records: what is whole stays, what is not is said.

use std::fs;

use eventlog::{Body, Error, Gaps, Log, Record, repair};

use crate::comparison::{INDEXES, without_entry};
use crate::support::{
    ALICE, BOB, DELETED, GENERAL, Place, about, batch, erasing, everything, plain, posted, seqs,
};

fn named(seq: u64, actor: u64, name: &str) -> Record {
    Record { client_msg_id: Some(name.to_owned()), ..posted(seq, actor, GENERAL, "hello") }
}

async fn small_history(place: &Place) -> Vec<Record> {
    let log = place.open();
    let records = (1..=40).map(|seq| named(seq, ALICE, &format!("id.{seq}"))).collect();
    log.append(batch(records)).await.unwrap();
    log.append(erasing(7, about(41, 7, DELETED, "{}"))).await.unwrap();
    let records = everything(&log).await;
    log.close().await.unwrap();
    records
}

fn whole(place: &Place) {
    assert!(
        repair(&place.path(), Gaps::Lost, &plain()).unwrap().is_none(),
        "nothing is left to mend"
    );
}

#[tokio::test]
async fn a_whole_log_is_left_as_it_is() {
    let place = Place::new();
    small_history(&place).await;
    let before = fs::read(place.path()).unwrap();
    whole(&place);
    assert!(fs::read(place.path()).unwrap() == before);
}

#[tokio::test]
async fn indexes_are_made_anew_and_the_file_is_kept_as_it_was() {
    for index in INDEXES {
        let place = Place::new();
        let records = small_history(&place).await;
        let log = place.open();
        let epoch = log.epoch();
        log.close().await.unwrap();
        // The lost entry of the one index that knows no targets is another record's.
        let lost = if index.0 == "record_target" { 41 } else { 35 };
        place.tamper(&without_entry(index, lost));
        let before = fs::read(place.path()).unwrap();
        let repaired = repair(&place.path(), Gaps::Lost, &plain()).unwrap().unwrap();
        assert!(matches!(repaired.found, Error::IndexDamaged { .. }), "{:?}", repaired.found);
        assert_eq!((repaired.records, repaired.unnamed), (41, vec![]));
        assert!(fs::read(&repaired.kept).unwrap() == before, "kept as it was");
        whole(&place);
        let log = place.open();
        assert_eq!((everything(&log).await, log.epoch()), (records, epoch));
    }
}

#[tokio::test]
async fn of_two_records_with_one_name_both_stay_and_the_later_loses_it() {
    let place = Place::new();
    let mut records = small_history(&place).await;
    // The index forgets the name, so the repeat is taken for new: both are acknowledged.
    place.tamper(&without_entry(INDEXES[2], 35));
    let log = place.open();
    log.append(batch(vec![named(42, ALICE, "id.35"), named(43, BOB, "id.35")])).await.unwrap();
    log.close().await.unwrap();

    let repaired = repair(&place.path(), Gaps::Lost, &plain()).unwrap().unwrap();
    assert_eq!(repaired.unnamed, [(35, 42)]);
    whole(&place);
    let log = place.open();
    records.push(posted(42, ALICE, GENERAL, "hello"));
    records.push(named(43, BOB, "id.35"));
    assert_eq!(everything(&log).await, records);
    let repeat = log.append(batch(vec![named(44, ALICE, "id.35")])).await;
    assert!(matches!(repeat, Err(Error::DuplicateClientMsgId)), "{repeat:?}");
}

#[tokio::test]
async fn a_schema_that_cannot_be_read_is_taken_from_a_new_log() {
    for (old, new) in
        [("CREATE UNIQUE", "CREATE UNYQUE"), ("target        INTEGER,", "target        INTEGEB,")]
    {
        let place = Place::new();
        let records = small_history(&place).await;
        let mut bytes = fs::read(place.path()).unwrap();
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
        fs::write(place.path(), bytes).unwrap();
        let refused = Log::open(&place.path(), u64::MAX).map(|_| ()).unwrap_err();
        assert!(refused.is_repairable(), "{refused:?}");
        repair(&place.path(), Gaps::Lost, &plain()).unwrap().unwrap();
        whole(&place);
        assert_eq!(everything(&place.open()).await, records);
    }
}

#[tokio::test]
async fn a_log_that_lost_its_name_or_its_meta_is_a_log_all_the_same() {
    let damages = [
        ("PRAGMA application_id = 7", true),
        ("PRAGMA application_id = 0", true),
        ("DELETE FROM meta", false),
        ("UPDATE meta SET format = 0", false),
        ("UPDATE meta SET format = -31", false),
    ];
    for (damage, keeps_epoch) in damages {
        let place = Place::new();
        let records = small_history(&place).await;
        let log = place.open();
        let epoch = log.epoch();
        log.close().await.unwrap();
        place.tamper(damage);
        let refused = Log::open(&place.path(), u64::MAX).map(|_| ()).unwrap_err();
        assert!(matches!(refused, Error::Schema { .. }), "{damage}: {refused:?}");
        repair(&place.path(), Gaps::Lost, &plain()).unwrap().unwrap();
        whole(&place);
        let log = place.open();
        assert_eq!(everything(&log).await, records, "{damage}");
        assert_eq!(log.epoch() == epoch, keeps_epoch, "{damage}");
    }
}

#[tokio::test]
async fn what_another_program_or_a_later_version_made_is_not_mended() {
    let later = Place::new();
    small_history(&later).await;
    later.tamper("UPDATE meta SET format = 3");
    let other = Place::new();
    other.tamper("CREATE TABLE record (seq INTEGER PRIMARY KEY); PRAGMA user_version = 3");
    let harmless = Place::new();
    small_history(&harmless).await;
    harmless.tamper("PRAGMA user_version = 9");
    whole(&harmless);
    for place in [later, other] {
        let before = fs::read(place.path()).unwrap();
        let refused = repair(&place.path(), Gaps::Lost, &plain());
        let is_clear = matches!(refused, Err(Error::WrongFile | Error::Newer { .. }));
        assert!(is_clear, "{refused:?}");
        assert!(Log::open(&place.path(), 0).is_err());
        assert!(fs::read(place.path()).unwrap() == before);
    }
}

#[tokio::test]
async fn with_a_damaged_or_lost_record_nothing_is_changed() {
    let damages = [
        "UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = 9",
        "DELETE FROM record WHERE seq = 9",
    ];
    for damage in damages {
        let place = Place::new();
        small_history(&place).await;
        place.tamper(&without_entry(INDEXES[0], 3));
        place.tamper(damage);
        let before = fs::read(place.path()).unwrap();
        let refused = repair(&place.path(), Gaps::Lost, &plain());
        assert!(matches!(refused, Err(Error::Corrupt { seq: 9 })), "{refused:?}");
        assert!(fs::read(place.path()).unwrap() == before);
        let directory = place.path();
        let files = fs::read_dir(directory.parent().unwrap()).unwrap();
        let files: Vec<_> = files.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, ["log.db"], "and nothing is left lying about");
    }
}

#[tokio::test]
async fn what_was_appended_before_a_crash_is_in_the_new_file() {
    let place = Place::new();
    small_history(&place).await;
    place.tamper(&without_entry(INDEXES[1], 41));
    let log = place.open();
    log.append(batch(vec![posted(42, BOB, GENERAL, "in the write-ahead log")])).await.unwrap();
    let crashed = Place::new();
    for file in ["log.db", "log.db-wal"] {
        fs::copy(place.path().with_file_name(file), crashed.path().with_file_name(file)).unwrap();
    }
    repair(&crashed.path(), Gaps::Lost, &plain()).unwrap().unwrap();
    let records = everything(&crashed.open()).await;
    assert_eq!(seqs(&records), (1..=42).collect::<Vec<_>>());
    assert!(matches!(records[6].body, Body::Redacted { by: 41, .. }));
}
