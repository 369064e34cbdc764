//! Every way of reading, against one small history with gaps.

use eventlog::{Body, Error, Log, Passage, Reader, Wanted};

use crate::support::{
    ALICE, BOB, DELETED, EDITED, GENERAL, POSTED, Place, RANDOM, about, batch, erasing, posted,
    seqs,
};

/// 10 alice, 20 bob, 25 alice edits 10, 30 alice, 40 bob in random, 50 bob, 60 alice deletes 30 (erased), 70 bob.
async fn small_history(place: &Place) -> Log {
    let log = place.open();
    let first = vec![
        posted(10, ALICE, GENERAL, "one"),
        posted(20, BOB, GENERAL, "two"),
        about(25, 10, EDITED, "one, edited"),
        posted(30, ALICE, GENERAL, "three"),
        posted(40, BOB, RANDOM, "elsewhere"),
        posted(50, BOB, GENERAL, "five"),
    ];
    log.append(batch(first)).await.unwrap();
    log.append(erasing(30, about(60, 30, DELETED, "gone"))).await.unwrap();
    log.append(batch(vec![posted(70, BOB, GENERAL, "seven")])).await.unwrap();
    log
}

#[tokio::test]
async fn a_range_excludes_its_start_includes_its_end_and_stops_at_the_limit() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let mut range = |after, up_to, limit| seqs(&reader.range(after, up_to, limit).unwrap());
    assert_eq!(range(0, u64::MAX, usize::MAX), [10, 20, 25, 30, 40, 50, 60, 70]);
    assert_eq!(range(20, 50, 100), [25, 30, 40, 50]);
    assert_eq!(range(20, 49, 100), [25, 30, 40]);
    assert_eq!(range(20, 50, 2), [25, 30]);
    assert_eq!(range(70, u64::MAX, 100), [0; 0]);
    assert_eq!(range(0, u64::MAX, 0), [0; 0]);
}

#[tokio::test]
async fn a_range_that_passes_a_kind_tells_of_it_when_and_where() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let whole = reader.range(0, u64::MAX, usize::MAX).unwrap();
    let expected: Vec<Passage> = whole
        .into_iter()
        .map(|record| match record.kind {
            POSTED => Passage::Passed {
                seq: record.seq,
                ts_micros: record.ts_micros,
                kind: POSTED,
                channel: record.channel,
            },
            _ => Passage::Read(record),
        })
        .collect();
    let mut passing =
        |after, up_to, limit| reader.range_passing(after, up_to, limit, &[POSTED]).unwrap();
    assert_eq!(passing(0, u64::MAX, usize::MAX), expected);
    assert_eq!(passing(20, 50, 100), expected[2..6]);
    assert_eq!(passing(20, 50, 2), expected[2..4]);
}

#[tokio::test]
async fn pages_of_a_channel_exclude_both_ends_and_rise() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let mut newest = |after, before, limit| {
        seqs(&reader.channel_newest(GENERAL, POSTED, after, before, limit).unwrap())
    };
    assert_eq!(newest(0, u64::MAX, 10), [10, 20, 30, 50, 70], "erased ones keep their place");
    assert_eq!(newest(0, u64::MAX, 2), [50, 70]);
    assert_eq!(newest(10, 70, 10), [20, 30, 50]);
    let mut oldest = |after, before, limit| {
        seqs(&reader.channel_oldest(GENERAL, POSTED, after, before, limit).unwrap())
    };
    assert_eq!(oldest(0, u64::MAX, 2), [10, 20]);
    assert_eq!(oldest(10, 70, 2), [20, 30]);
    assert_eq!(oldest(10, 30, 10), [20]);
    assert_eq!(seqs(&reader.channel_oldest(RANDOM, POSTED, 0, u64::MAX, 9).unwrap()), [40]);
    assert_eq!(seqs(&reader.channel_oldest(GENERAL, EDITED, 0, u64::MAX, 9).unwrap()), [25]);
}

#[tokio::test]
async fn the_nth_newest_counts_from_one_and_includes_its_bound() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let mut nth = |up_to, n| reader.channel_nth_newest(GENERAL, POSTED, up_to, n).unwrap();
    assert_eq!(nth(u64::MAX, 1), Some(70));
    assert_eq!(nth(50, 1), Some(50));
    assert_eq!(nth(49, 1), Some(30));
    assert_eq!(nth(u64::MAX, 5), Some(10));
    assert_eq!(nth(u64::MAX, 6), None);
    assert_eq!(nth(u64::MAX, 0), None);
}

#[tokio::test]
async fn an_unread_count_leaves_out_ones_own_and_the_erased() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let mut count =
        |after, up_to, except| reader.channel_count(GENERAL, POSTED, after, up_to, except).unwrap();
    assert_eq!(count(0, u64::MAX, 0), 4, "30 is erased");
    assert_eq!(count(0, u64::MAX, ALICE), 3);
    assert_eq!(count(0, u64::MAX, BOB), 1);
    assert_eq!(count(20, 70, ALICE), 2);
    assert_eq!(count(20, 69, ALICE), 1);
}

#[tokio::test]
async fn records_by_seq_or_by_target_rise_and_come_once() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    assert_eq!(seqs(&reader.by_seqs(&[50, 10, 11, 50, 0, u64::MAX]).unwrap()), [10, 50]);
    assert_eq!(reader.by_seqs(&[]).unwrap(), []);
    assert_eq!(seqs(&reader.by_targets(&[30, 10, 20, 30], u64::MAX).unwrap()), [25, 60]);
    assert_eq!(seqs(&reader.by_targets(&[30, 10], 59).unwrap()), [25]);
}

#[tokio::test]
async fn visited_records_come_target_after_target_until_the_visitor_has_enough() {
    let place = Place::new();
    let log = small_history(&place).await;
    log.append(batch(vec![about(80, 10, EDITED, "one, edited again")])).await.unwrap();
    let mut reader = log.reader().unwrap();
    let mut visited = Vec::new();
    let visit = |record: eventlog::Record| {
        visited.push(record.seq);
        if visited.len() < 3 { Ok(()) } else { Err(Error::Closed) }
    };
    let ended = reader.visit_targets(&[30, 10], u64::MAX, |_| Wanted::All, visit);
    assert!(matches!(ended, Err(Error::Closed)), "{ended:?}");
    assert_eq!(visited, [25, 80, 60]);
}

#[tokio::test]
async fn of_a_kind_of_which_the_last_is_wanted_no_other_is_read_and_an_erased_one_counts() {
    let place = Place::new();
    let log = small_history(&place).await;
    let more = (80..90).map(|seq| about(seq, 10, EDITED, "one, edited again"));
    log.append(batch(more.chain([about(90, 10, DELETED, "gone")]).collect())).await.unwrap();
    let mut reader = log.reader().unwrap();
    let mut visited = |up_to| {
        let mut visited = Vec::new();
        let wanted = |kind| if kind == EDITED { Wanted::Last } else { Wanted::All };
        let visit = |record: eventlog::Record| {
            visited.push((record.seq, matches!(record.body, Body::Redacted { .. })));
            Ok::<_, Error>(())
        };
        reader.visit_targets(&[10], up_to, wanted, visit).unwrap();
        visited
    };
    assert_eq!(visited(u64::MAX), [(89, false), (90, false)]);
    assert_eq!(visited(84), [(84, false)]);
    log.append(erasing(89, about(100, 20, DELETED, "two is gone"))).await.unwrap();
    assert_eq!(visited(u64::MAX), [(89, true), (90, false)]);
}

#[tokio::test]
async fn the_last_about_a_target_is_of_the_kinds_that_are_asked_for() {
    let place = Place::new();
    let log = small_history(&place).await;
    let more = vec![
        about(80, 10, EDITED, "one, edited again"),
        about(81, 10, POSTED, "a reply"),
        about(82, 20, DELETED, "two is gone"),
    ];
    log.append(batch(more)).await.unwrap();
    let mut reader = log.reader().unwrap();
    let mut last = |target, kinds, up_to| {
        reader.target_last(target, kinds, up_to).unwrap().map(|record| record.seq)
    };
    let changes = [EDITED, DELETED, EDITED];
    assert_eq!(last(10, changes, u64::MAX), Some(80), "the reply is none");
    assert_eq!(last(10, [EDITED, DELETED, POSTED], u64::MAX), Some(81));
    assert_eq!(last(10, changes, 79), Some(25));
    assert_eq!(last(10, changes, 24), None);
    assert_eq!(last(20, changes, u64::MAX), Some(82));
    assert_eq!(last(50, changes, u64::MAX), None);
}

#[tokio::test]
async fn a_time_finds_the_last_record_that_is_not_later() {
    let place = Place::new();
    let mut reader = small_history(&place).await.reader().unwrap();
    let times: Vec<_> =
        reader.range(0, u64::MAX, 100).unwrap().iter().map(|r| (r.seq, r.ts_micros)).collect();
    let mut before = 0;
    for (seq, ts) in times {
        assert_eq!(reader.seq_at(ts - 1).unwrap(), before);
        assert_eq!(reader.seq_at(ts).unwrap(), seq);
        assert_eq!(reader.seq_at(ts + 1).unwrap(), seq);
        before = seq;
    }
    assert_eq!(reader.seq_at(i64::MAX).unwrap(), 70);
    assert_eq!(reader.seq_at(i64::MIN).unwrap(), 0);
    let new = Place::new();
    let mut empty = new.open().reader().unwrap();
    assert_eq!(empty.seq_at(i64::MAX).unwrap(), 0);
}

#[tokio::test]
async fn a_snapshot_sees_neither_appends_nor_erasures_that_come_meanwhile() {
    let place = Place::new();
    let log = small_history(&place).await;
    let mut reader = log.reader().unwrap();
    let body_of = |reader: &mut Reader| Ok::<_, Error>(reader.by_seqs(&[20])?.remove(0).body);
    // The snapshot stands on another thread, as a projection's does, while this one appends.
    let (started, start) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let held = std::thread::spawn(move || {
        reader.snapshot(|reader| {
            let before = (body_of(reader)?, reader.head()?.0);
            started.send(()).unwrap();
            released.recv().unwrap();
            let after =
                reader.snapshot(|inner| Ok::<_, Error>((body_of(inner)?, inner.head()?.0)))?;
            assert_eq!(before, after);
            Ok::<_, Error>(())
        })?;
        Ok::<_, Error>(reader.head()?.0)
    });
    start.recv().unwrap();
    log.append(erasing(20, about(80, 20, DELETED, "gone"))).await.unwrap();
    release.send(()).unwrap();
    assert_eq!(held.join().unwrap().unwrap(), 80);
}

#[tokio::test]
async fn a_panic_in_a_read_reaches_its_caller_and_harms_nobody_else() {
    let place = Place::new();
    let log = small_history(&place).await;
    // More often than there are threads.
    for _ in 0..4 {
        let task = tokio::task::LocalSet::new();
        let caller = task.run_until(async {
            tokio::task::spawn_local(panicking_read(log.clone())).await.unwrap_err()
        });
        assert!(caller.await.is_panic());
    }
    assert_eq!(log.read(Reader::head).await.unwrap().0, 70);
    assert_eq!(log.append(batch(vec![posted(71, BOB, GENERAL, "still here")])).await.unwrap(), 71);
}

async fn panicking_read(log: Log) -> Result<(), Error> {
    let read = |reader: &mut Reader| {
        reader.snapshot(|_| -> Result<(), Error> { panic!("a bug in the closure") })
    };
    log.read(read).await
}
