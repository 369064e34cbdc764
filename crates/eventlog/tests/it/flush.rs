//! A flush that fails: what was refused may be there after a crash, so nobody is told that it is not.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use eventlog::Error;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use tokio::runtime::Builder;

use crate::support::{ALICE, GENERAL, Place, batch, everything, posted, seqs};

/// Lets every flush of this thread, and of the threads that it starts, fail.
fn fail_flushes() {
    let calls = BTreeMap::from([libc::SYS_fsync, libc::SYS_fdatasync].map(|call| (call, vec![])));
    let failing = SeccompAction::Errno(libc::EIO.cast_unsigned());
    let machine = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, failing, machine).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

/// What a crash at this moment would leave.
fn crashed(place: &Place) -> Place {
    let left = Place::new();
    for file in ["log.db", "log.db-wal"] {
        fs::copy(place.path().with_file_name(file), left.path().with_file_name(file)).unwrap();
    }
    left
}

#[test]
fn what_a_failed_flush_refused_can_rise_after_a_crash_so_it_is_called_unknown() {
    let runtime = || Builder::new_current_thread().build().unwrap();
    let place = runtime().block_on(async {
        let place = Place::new();
        let log = place.open();
        log.append(batch(vec![posted(1, ALICE, GENERAL, "before")])).await.unwrap();
        crashed(&place)
    });
    let (answer, next, left) = thread::spawn(move || {
        fail_flushes();
        runtime().block_on(async {
            let log = place.open();
            let answer = log.append(batch(vec![posted(2, ALICE, GENERAL, "on bad disk")])).await;
            let left = crashed(&place);
            let next = log.append(batch(vec![posted(2, ALICE, GENERAL, "again")])).await;
            (answer, next, left)
        })
    })
    .join()
    .unwrap();
    runtime().block_on(async {
        let risen = seqs(&everything(&left.open()).await);
        assert_eq!(risen, [1, 2], "or it could be called refused");
        assert!(matches!(answer, Err(Error::Unknown(_))), "{answer:?}");
        assert!(matches!(next, Err(Error::Unknown(_))), "{next:?}");
    });
}
