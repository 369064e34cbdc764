//! Appending: order, exactly once, many callers at once, closing.

use std::time::Duration;

use eventlog::{Batch, Error, Log, Reader, Record};

use crate::support::{ALICE, BOB, GENERAL, Place, batch, everything, posted, seqs};

#[tokio::test]
async fn a_new_log_is_empty_and_its_file_is_nobody_elses_to_read() {
    let place = Place::new();
    let log = place.open();
    assert_eq!(log.head(), 0);
    assert_eq!(log.read(Reader::head).await.unwrap(), (0, 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_log_that_is_opened_again_is_the_same_history() {
    let place = Place::new();
    let log = place.open();
    let epoch = log.epoch();
    let records = vec![posted(1, ALICE, GENERAL, "hello"), posted(5, BOB, GENERAL, "hi alice")];
    assert_eq!(log.append(batch(records.clone())).await.unwrap(), 5);
    log.close().await.unwrap();

    let log = place.open();
    assert_eq!(log.epoch(), epoch);
    assert_eq!(log.head(), 5);
    assert_eq!(everything(&log).await, records);
    assert_ne!(Place::new().open().epoch(), epoch, "another log is another history");
}

#[tokio::test]
async fn a_log_that_was_never_closed_has_everything_that_was_acknowledged() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")])).await.unwrap();
    // Another process opens the file while the first one still holds it: what it sees is what a crash would leave.
    let other = place.open();
    assert_eq!(other.head(), 1);
}

#[tokio::test]
async fn what_does_not_follow_the_head_is_refused_whole() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(7, ALICE, GENERAL, "hello")])).await.unwrap();

    let repeated = log.append(batch(vec![posted(7, BOB, GENERAL, "again")])).await;
    assert!(matches!(repeated, Err(Error::OutOfOrder { seq: 7, head: 7 })), "{repeated:?}");

    let falling = vec![
        posted(8, BOB, GENERAL, "a"),
        posted(10, BOB, GENERAL, "b"),
        posted(9, BOB, GENERAL, "c"),
    ];
    let falling = log.append(batch(falling)).await;
    assert!(matches!(falling, Err(Error::OutOfOrder { seq: 9, head: 10 })), "{falling:?}");

    let early = Record { ts_micros: 1, ..posted(8, BOB, GENERAL, "from the past") };
    let early = log.append(batch(vec![early])).await;
    assert!(matches!(early, Err(Error::OutOfOrder { seq: 8, head: 7 })), "{early:?}");

    assert_eq!(log.head(), 7);
    assert_eq!(seqs(&everything(&log).await), [7]);
    assert_eq!(log.append(batch(vec![posted(8, BOB, GENERAL, "hi")])).await.unwrap(), 8);
}

#[tokio::test]
async fn a_client_msg_id_is_used_once_per_actor_for_ever() {
    let place = Place::new();
    let log = place.open();
    let with_id = |seq, actor| Record {
        client_msg_id: Some("4f1c".to_owned()),
        ..posted(seq, actor, GENERAL, "hello")
    };
    log.append(batch(vec![with_id(1, ALICE)])).await.unwrap();
    log.append(batch(vec![with_id(2, BOB)])).await.unwrap();
    log.close().await.unwrap();

    let log = place.open();
    let twice = log.append(batch(vec![posted(3, ALICE, GENERAL, "new"), with_id(4, ALICE)])).await;
    assert!(matches!(twice, Err(Error::DuplicateClientMsgId)), "{twice:?}");
    assert_eq!(seqs(&everything(&log).await), [1, 2], "the rest of the batch is not there either");
    let found = log.read(|reader| reader.by_client_msg_id(BOB, "4f1c")).await.unwrap();
    assert_eq!(found, Some(with_id(2, BOB)));
    let absent = log.read(|reader| reader.by_client_msg_id(BOB, "4f1d")).await.unwrap();
    assert_eq!(absent, None);
}

#[tokio::test]
async fn a_refused_batch_does_not_harm_those_that_share_its_commit() {
    let place = Place::new();
    let log = place.open();
    let append = |seq| log.append(batch(vec![posted(seq, ALICE, GENERAL, "hello")]));
    let (first, refused, third) = tokio::join!(append(1), append(1), append(2));
    assert_eq!(first.unwrap(), 1);
    assert!(matches!(refused, Err(Error::OutOfOrder { seq: 1, head: 1 })), "{refused:?}");
    assert_eq!(third.unwrap(), 2);
    assert_eq!(seqs(&everything(&log).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_are_all_in_the_log_in_one_order() {
    const CALLERS: u64 = 16;
    const MESSAGES: u64 = 50;
    let place = Place::new();
    let log = place.open();
    // The right to append, as the writer holds it; the batches themselves wait together.
    let next = tokio::sync::Mutex::new(1);
    let caller = async |actor: u64| {
        for _ in 0..MESSAGES {
            let mut next = next.lock().await;
            let append = log.append(batch(vec![posted(*next, actor, GENERAL, "hello")]));
            let mut append = std::pin::pin!(append);
            // Queued in the order of the seqs, awaited without the right.
            let queued = std::future::poll_fn(|context| {
                std::task::Poll::Ready(append.as_mut().poll(context))
            });
            let at_once = queued.await;
            *next += 1;
            drop(next);
            match at_once {
                std::task::Poll::Ready(answer) => answer.unwrap(),
                std::task::Poll::Pending => append.await.unwrap(),
            };
        }
    };
    let callers = (1..=CALLERS).map(caller);
    futures_join(callers).await;

    let records = everything(&log).await;
    assert_eq!(seqs(&records), (1..=CALLERS * MESSAGES).collect::<Vec<_>>());
    for actor in 1..=CALLERS {
        let theirs = records.iter().filter(|record| record.actor == actor).count();
        assert_eq!(u64::try_from(theirs).unwrap(), MESSAGES, "of actor {actor}");
    }
}

/// Polls all of them together on this task.
async fn futures_join(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut futures: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(move |context| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[tokio::test]
async fn a_follower_hears_of_every_commit_and_can_read_it() {
    let place = Place::new();
    let log = place.open();
    let mut head = log.watch_head();
    let mut reader = log.reader().unwrap();
    for seq in 1..=20 {
        log.append(batch(vec![posted(seq, ALICE, GENERAL, "hello")])).await.unwrap();
        head.changed().await.unwrap();
        assert_eq!(*head.borrow_and_update(), seq);
        assert_eq!(log.head(), seq);
        assert_eq!(reader.head().unwrap().0, seq);
    }
    let idle = log.append(Batch::default()).await.unwrap();
    assert_eq!(idle, 20);
    assert!(!head.has_changed().unwrap(), "nothing was appended, so nobody is woken");
}

#[tokio::test]
async fn a_closed_log_says_so() {
    let place = Place::new();
    let log = place.open();
    log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")])).await.unwrap();
    let clone = log.clone();
    log.close().await.unwrap();
    let append = clone.append(batch(vec![posted(2, ALICE, GENERAL, "late")])).await;
    assert!(matches!(append, Err(Error::Closed)), "{append:?}");
    let read = clone.read(Reader::head).await;
    assert!(matches!(read, Err(Error::Closed)), "{read:?}");
    assert!(matches!(clone.close().await, Err(Error::Closed)));
    assert_eq!(place.open().head(), 1);
}

#[tokio::test]
async fn a_queue_of_closing_and_appending_loses_no_answer() {
    let place = Place::new();
    let log = place.open();
    let append = log.append(batch(vec![posted(1, ALICE, GENERAL, "hello")]));
    let answer = async { tokio::time::timeout(Duration::from_secs(30), append).await.unwrap() };
    let (append, close) = tokio::join!(answer, log.close());
    close.unwrap();
    // Queued before the closing it is there, queued after it is refused; either way the caller hears the truth.
    let head = place.open().head();
    assert_eq!(head, append.unwrap_or(0));
}

#[tokio::test]
async fn a_log_without_a_directory_names_the_trouble() {
    let place = Place::new();
    let opened = Log::open(&place.path().join("missing").join("log.db"), 0).map(|_| ());
    assert!(matches!(opened, Err(Error::Create(_))), "{opened:?}");
}
