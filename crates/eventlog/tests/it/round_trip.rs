//! Random batches come back as they went in.

use eventlog::{Batch, Body, Error, Record, Redaction};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use crate::support::{Place, WHY};

/// A record without its place, which the test gives it.
fn record() -> impl Strategy<Value = Record> {
    let number = || prop_oneof![0..20_u64, any::<u64>(), Just(u64::MAX)];
    let body = prop_oneof![
        9 => vec(any::<u8>(), 0..300).prop_map(Body::Present),
        1 => vec(any::<u8>(), 5_000..20_000).prop_map(Body::Present),
        1 => (number(), any::<u8>()).prop_map(|(by, why)| Body::Redacted { by, why }),
    ];
    let digest = option::weighted(0.2, vec![any::<u8>(); 32]);
    let numbers = (any::<u16>(), option::of(number()), number(), option::of(number()));
    (numbers, body, digest).prop_map(|((kind, channel, actor, target), body, digest)| {
        let digest = digest.filter(|_| matches!(body, Body::Present(_)));
        Record {
            seq: 0,
            ts_micros: 0,
            kind,
            channel,
            actor,
            target,
            client_msg_id: None,
            body,
            digest,
        }
    })
}

/// Batches whose records rise by random steps, with erasures of what is there; and what the log must be afterwards.
fn history() -> impl Strategy<Value = (Vec<Batch>, Vec<Record>)> {
    let batch = (
        vec((record(), 1..1_000_u64, 1..1_000_000_i64, any::<bool>()), 0..20),
        vec(any::<u64>(), 0..4),
    );
    vec(batch, 0..12).prop_map(|batches| {
        let (mut seq, mut ts, mut expected) = (0, 0, Vec::<Record>::new());
        let batches = batches.into_iter().map(|(records, erased)| {
            let mut batch = Batch::default();
            for (mut record, seq_step, ts_step, has_client_msg_id) in records {
                seq += seq_step;
                ts += ts_step;
                record.seq = seq;
                record.ts_micros = ts;
                record.client_msg_id = has_client_msg_id.then(|| format!("id.{seq}"));
                expected.push(record.clone());
                batch.records.push(record);
            }
            for pick in erased.into_iter().filter(|_| seq > 0) {
                let pick = usize::try_from(pick % u64::try_from(expected.len()).unwrap()).unwrap();
                let record = &mut expected[pick];
                batch.redactions.push(Redaction { seq: record.seq, by: seq, why: WHY });
                if matches!(record.body, Body::Present(_)) {
                    record.body = Body::Redacted { by: seq, why: WHY };
                    record.digest = None;
                }
            }
            batch
        });
        (batches.collect(), expected)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_histories_come_back_as_they_went_in((batches, expected) in history()) {
        let place = Place::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let log = place.open();
            for batch in batches {
                log.append(batch).await?;
            }
            assert_eq!(log.read(|reader| reader.range(0, u64::MAX, usize::MAX)).await?, expected);
            log.close().await?;
            let log = place.open();
            assert_eq!(log.head(), expected.last().map_or(0, |record| record.seq));
            let mut reader = log.reader()?;
            assert_eq!(reader.range(0, u64::MAX, usize::MAX)?, expected);
            for record in &expected {
                assert_eq!(reader.by_seqs(&[record.seq])?, std::slice::from_ref(record));
                if let Some(client_msg_id) = &record.client_msg_id {
                    let found = reader.by_client_msg_id(record.actor, client_msg_id)?;
                    assert_eq!(found.as_ref(), Some(record));
                }
                if let Some(target) = record.target {
                    assert!(reader.by_targets(&[target], record.seq)?.contains(record));
                }
                assert_eq!(reader.seq_at(record.ts_micros)?, record.seq);
            }
            Ok::<_, Error>(())
        }).unwrap();
    }
}
