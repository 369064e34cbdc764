//! Damaged files: named by seq where possible, refused clearly where not.

use std::fs;

use eventlog::{Error, Log, migrate};

use crate::support::{ALICE, GENERAL, POSTED, Place, Plain, batch, posted};

/// What may be changed in an envelope, as SQL.
const ENVELOPE_CHANGES: [&str; 8] = [
    "ts_us = ts_us + 1",
    "kind = 9",
    "channel = 4",
    "channel = NULL",
    "actor = 2",
    "target = 1",
    "client_msg_id = 'x'",
    "envelope_sum = envelope_sum + 1",
];

async fn three_messages() -> Place {
    let place = Place::new();
    let log = place.open();
    let records = (1..=3).map(|seq| posted(seq, ALICE, GENERAL, "hello")).collect();
    log.append(batch(records)).await.unwrap();
    log.close().await.unwrap();
    Log::open(&place.path(), 0).unwrap().close().await.unwrap();
    place
}

/// What opening and checking everything says.
fn open_error(place: &Place) -> Error {
    Log::open(&place.path(), 0).map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn a_changed_body_is_named() {
    let place = three_messages().await;
    place.tamper("UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = 2");
    let error = open_error(&place);
    assert!(matches!(error, Error::Corrupt { seq: 2 }), "{error:?}");
}

#[tokio::test]
async fn a_change_in_any_number_of_the_envelope_is_named() {
    let others = ["kind = 99999", "body_sum = 0"];
    for change in ENVELOPE_CHANGES.into_iter().chain(others) {
        let place = three_messages().await;
        place.tamper(&["UPDATE record SET ", change, " WHERE seq = 2"].concat());
        let error = open_error(&place);
        assert!(matches!(error, Error::Corrupt { seq: 2 }), "{change}: {error:?}");
    }
}

#[tokio::test]
async fn damage_before_the_verified_part_is_found_when_it_is_read_and_stops_the_appends() {
    let place = three_messages().await;
    place.tamper("UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = 2");
    let log = Log::open(&place.path(), 2).unwrap();
    assert_eq!(log.append(batch(vec![posted(4, ALICE, GENERAL, "hello")])).await.unwrap(), 4);

    let mut reader = log.reader().unwrap();
    reader.verify(2, 4).unwrap();
    reader.verify(0, 1).unwrap();
    let read = reader.by_seqs(&[2]);
    assert!(matches!(read, Err(Error::Corrupt { seq: 2 })), "{read:?}");
    let verified = reader.verify(0, u64::MAX);
    assert!(matches!(verified, Err(Error::Corrupt { seq: 2 })), "{verified:?}");
    let append = log.append(batch(vec![posted(5, ALICE, GENERAL, "hello")])).await;
    assert!(matches!(append, Err(Error::Corrupt { seq: 2 })), "{append:?}");
    assert_eq!(log.head(), 4);
    assert_eq!(reader.range(2, 4, 10).unwrap().len(), 2, "what is whole can still be read");
}

#[tokio::test]
async fn whoever_passes_bodies_is_told_of_a_changed_envelope_all_the_same() {
    for change in ENVELOPE_CHANGES {
        let place = three_messages().await;
        place.tamper(&["UPDATE record SET ", change, " WHERE seq = 2"].concat());
        let log = Log::open(&place.path(), 3).unwrap();
        let read = log.reader().unwrap().range_passing(0, 3, 9, &[POSTED]);
        assert!(matches!(read, Err(Error::Corrupt { seq: 2 })), "{change}: {read:?}");
    }
    let place = three_messages().await;
    place.tamper("UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = 2");
    let log = Log::open(&place.path(), 3).unwrap();
    let mut reader = log.reader().unwrap();
    assert_eq!(reader.range_passing(0, 3, 9, &[POSTED]).unwrap().len(), 3, "it is not read");
    let read = reader.range_passing(0, 3, 9, &[]);
    assert!(matches!(read, Err(Error::Corrupt { seq: 2 })), "{read:?}");
}

#[tokio::test]
async fn whoever_reads_on_at_once_has_the_newest_records_verified_when_it_opens() {
    for (seq, is_among_the_newest) in [(1, false), (2, true), (3, true)] {
        let place = three_messages().await;
        let damage = "UPDATE record SET body = CAST('jello' AS BLOB) WHERE seq = ";
        place.tamper(&[damage, &seq.to_string()].concat());
        let opened = Log::open_verifying(&place.path(), 0, 2).map(|_| ());
        assert_eq!(opened.is_err(), is_among_the_newest, "{seq}: {opened:?}");
        assert!(Log::open_verifying(&place.path(), 3, 2).is_ok(), "it was verified before");
    }
}

#[tokio::test]
async fn a_foreign_file_is_left_as_it_is() {
    let place = Place::new();
    place.tamper("CREATE TABLE users (name TEXT)");
    let before = fs::read(place.path()).unwrap();
    assert!(matches!(open_error(&place), Error::WrongFile));
    assert_eq!(fs::read(place.path()).unwrap(), before);

    let text = Place::new();
    fs::write(text.path(), "a letter to carol, long enough to be no header of anything".repeat(90))
        .unwrap();
    assert!(matches!(open_error(&text), Error::WrongFile));
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_refused() {
    let place = three_messages().await;
    place.tamper("UPDATE meta SET format = 3");
    let refused = open_error(&place);
    assert!(matches!(refused, Error::Newer { format: 3, known: 2 }), "{refused:?}");
    assert!(refused.to_string().contains("written by a newer version"), "{refused}");
    let refused = migrate(&place.path(), &Plain, |_| {});
    assert!(matches!(refused, Err(Error::Newer { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_torn_file_is_refused_and_never_taken_for_a_new_one() {
    let place = Place::new();
    let log = place.open();
    let records = (1..=500).map(|seq| posted(seq, ALICE, GENERAL, &"hello ".repeat(20))).collect();
    log.append(batch(records)).await.unwrap();
    log.close().await.unwrap();
    let whole = fs::read(place.path()).unwrap();

    for length in [whole.len() / 2, whole.len() - 4_096, whole.len() - 100, 5_000, 4_096, 600, 50] {
        fs::write(place.path(), &whole[..length]).unwrap();
        let error = open_error(&place);
        let is_clear = matches!(
            error,
            Error::FileDamaged(_) | Error::Corrupt { .. } | Error::Schema { .. } | Error::WrongFile
        );
        assert!(is_clear, "{length} of {} bytes: {error:?}", whole.len());
    }
}

#[tokio::test]
async fn a_page_of_garbage_is_refused_or_named() {
    let place = Place::new();
    let log = place.open();
    let records = (1..=500).map(|seq| posted(seq, ALICE, GENERAL, &"hello ".repeat(20))).collect();
    log.append(batch(records)).await.unwrap();
    log.close().await.unwrap();
    let whole = fs::read(place.path()).unwrap();

    let mut refused = 0;
    for page in 1..whole.len() / 4_096 {
        let mut torn = whole.clone();
        torn[page * 4_096..(page + 1) * 4_096].fill(0x5a);
        fs::write(place.path(), &torn).unwrap();
        match Log::open(&place.path(), 0) {
            // An index page is not read on opening; the records themselves are whole then.
            Ok(log) => assert_eq!(log.reader().unwrap().range(0, 500, 500).unwrap().len(), 500),
            Err(Error::FileDamaged(_) | Error::Corrupt { .. }) => refused += 1,
            Err(error) => panic!("page {page}: {error:?}"),
        }
    }
    assert!(refused > 10, "most pages hold records, {refused} were refused");
}
