//! One bit anywhere in the file: it is refused, or harmless, or the first comparison names it; it never stays a lie.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use eventlog::{Body, Error, Gaps, Log, Reader, Record, Redaction};
use tokio::runtime::Builder;

use crate::support::{
    ALICE, BOB, CHANGED, DELETED, EDITED, POSTED, Place, SAID, WHY, about, batch, plain, posted,
};

/// So large that the index by channel is several pages.
const GENERAL: u64 = 3 << 40;
const RANDOM: u64 = 4 << 40;

const PAGE_BYTES: usize = 4_096;
const RECORDS: u64 = 300;
/// Flips of the header and the schema.
const FLIPS_OF_THE_FIRST_PAGE: usize = 80;

/// Flips of a page's beginning, where one bit moves most, and of any of its bytes.
fn flips_of(page: &[u8]) -> [(usize, usize); 2] {
    match page[0] {
        // SQLite docs, "Database File Format", 1.6: pages of an index, of a table, and others.
        2 | 10 => [(48, 10), (PAGE_BYTES, 12)],
        5 | 13 => [(48, 3), (PAGE_BYTES, 3)],
        _ => [(16, 1), (PAGE_BYTES, 1)],
    }
}

fn named(seq: u64, record: Record) -> Record {
    Record {
        client_msg_id: Some(format!("{:032x}", seq.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        ..record
    }
}

/// Messages in two channels, edits, deletions that erased long texts and left pages free, and records without an index.
async fn history(log: &Log) {
    for seq in 1..=RECORDS {
        let (actor, channel) = (seq % 2 + 1, if seq % 3 == 0 { RANDOM } else { GENERAL });
        let text = if seq % 80 == 42 { "long ".repeat(1_500) } else { "a message".to_owned() };
        let record = match seq % 10 {
            5 | 6 => Record { channel: Some(channel), ..about(seq, seq - 4, EDITED, "edited") },
            7 => Record { channel: Some(channel), ..about(seq, seq - 5, DELETED, "{}") },
            8 => Record { channel: None, ..posted(seq, actor, channel, "joined") },
            _ => posted(seq, actor, channel, &text),
        };
        let mut batch = batch(vec![named(seq, record)]);
        if seq % 10 == 8 {
            batch.records[0].client_msg_id = None;
        }
        let erased = |seq: &u64| seq % 80 == 42 && *seq != 122;
        if seq == RECORDS {
            let erased =
                (1..seq).filter(erased).map(|erased| Redaction { seq: erased, by: seq, why: WHY });
            batch.redactions.extend(erased);
        }
        log.append(batch).await.unwrap();
    }
}

/// What a question was answered with, in short.
fn sum(records: &[Record]) -> u64 {
    let mut sum = DefaultHasher::new();
    for record in records {
        let Record { seq, ts_micros, kind, channel, actor, target, client_msg_id, body, digest } =
            record;
        (seq, ts_micros, kind, channel, actor, target, client_msg_id, digest).hash(&mut sum);
        match body {
            Body::Present(bytes) => bytes.hash(&mut sum),
            Body::Redacted { by, why } => (by, why).hash(&mut sum),
            Body::Damaged => unreachable!("this reader does not read on"),
        }
    }
    sum.finish()
}

/// Everything that can be asked of a log.
fn answers(reader: &mut Reader) -> Result<Vec<u64>, Error> {
    let head = reader.head()?.0;
    let everything = reader.range(0, head, usize::MAX)?;
    let mut answers = vec![head, sum(&everything), sum(&reader.by_targets(&[0, head + 9], head)?)];
    for channel in [GENERAL, RANDOM, 9] {
        for kind in [POSTED, EDITED, DELETED] {
            answers.push(sum(&reader.channel_newest(channel, kind, 0, u64::MAX, 500)?));
            answers.push(sum(&reader.channel_oldest(channel, kind, 50, head, 30)?));
            for n in 1..12 {
                answers.extend(reader.channel_nth_newest(channel, kind, head - n, 3)?);
                answers.push(reader.channel_count(channel, kind, n * 25, head, ALICE)?);
            }
            let posts = reader.channel_posts(channel, kind, 20, head, &[WHY])?;
            answers.extend(posts.iter().flat_map(|(seq, actor)| [*seq, *actor]));
        }
        for (kind, owner) in [(SAID, ALICE), (SAID, BOB), (CHANGED, ALICE)] {
            let labels = reader.labels(kind, owner, channel, 9, head - 9)?;
            let newest = reader.labels_newest(kind, owner, channel, 0, head, 30)?;
            answers.extend(labels.iter().chain(&newest).flat_map(|(seq, value)| [*seq, *value]));
        }
    }
    for (kind, owner) in [(SAID, ALICE), (SAID, BOB), (CHANGED, ALICE), (CHANGED, 0)] {
        let all = reader.labels_of(kind, owner)?;
        let places = [(GENERAL, 9), (GENERAL + 1, 0)];
        let some = reader.labels_in(kind, owner, places, head - 9)?;
        let both = all.iter().chain(&some);
        answers.extend(both.flat_map(|(channel, seq, value)| [*channel, *seq, *value]));
    }
    for seq in 1..=head {
        answers.push(sum(&reader.by_targets(&[seq], head)?));
        for kind in [POSTED, EDITED, DELETED] {
            answers.push(sum(&reader.target_newest(seq, kind, 0, head, 3)?));
            answers.push(sum(&reader.target_oldest(seq, kind, 9, u64::MAX, 3)?));
            // Of some: they take the way of the others.
            if seq % 4 == 0 {
                let asked = [(seq, 0), (seq + 1, 9)];
                let posts = reader.targets_posts(asked, [kind, POSTED], head, &[WHY])?;
                answers.extend(posts.iter().flat_map(|(about, seq, by)| [*about, *seq, *by]));
                answers.extend(reader.target_newest_seq(seq, kind, head)?);
            }
        }
        answers.push(sum(reader.target_last(seq, [POSTED, EDITED, DELETED], head)?.as_slice()));
        let record = reader.by_seqs(&[seq])?;
        answers.push(sum(&record));
        let name = named(seq, posted(seq, ALICE, GENERAL, "")).client_msg_id.unwrap();
        let actor = record.first().map_or(BOB, |record| record.actor);
        answers.extend(reader.by_client_msg_id(actor, &name)?.map(|record| record.seq));
        if seq % 10 == 0 {
            answers.push(reader.seq_at(record.first().map_or(0, |record| record.ts_micros + 1))?);
        }
    }
    Ok(answers)
}

/// What became of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    Harmless,
    Named,
    /// Named, and before that a question was answered wrongly.
    NamedLie,
}

/// A server's life on the flipped file: it starts with a snapshot, so that no record is verified; somebody asks,
/// somebody writes, and the first comparison ends.
async fn fate(place: &Place, truth: &[u64], truth_after: &[u64]) -> Fate {
    let Ok(log) = Log::open(&place.path(), RECORDS) else { return Fate::Refused };
    // The projections know how far the log was.
    if log.head() != RECORDS {
        return Fate::Refused;
    }
    let before = log.reader().and_then(|mut reader| answers(&mut reader));
    let is_lie = before.is_ok_and(|answers| answers != truth);
    let appended = log.append(batch(vec![one_more()])).await;
    let Ok(mut comparison) = log.comparison(Gaps::Lost, plain()) else { return Fate::Refused };
    let compared = loop {
        match comparison.advance(std::time::Duration::from_millis(100)) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    match compared {
        Err(_) if is_lie => Fate::NamedLie,
        Err(_) => Fate::Named,
        Ok(()) => {
            assert!(!is_lie, "a lie, and the comparison found nothing");
            let after = answers(&mut log.reader().unwrap());
            match appended {
                Ok(_) => assert!(after.unwrap() == truth_after, "a lie that an append made"),
                Err(_) => assert!(after.unwrap() == truth, "a refused append changed something"),
            }
            let known = log
                .append(batch(vec![Record { seq: RECORDS + 2, ts_micros: i64::MAX, ..one_more() }]))
                .await;
            if appended_is_there(&log) {
                assert!(known.is_err(), "the same name twice");
                Fate::Harmless
            } else {
                Fate::Refused
            }
        }
    }
}

fn appended_is_there(log: &Log) -> bool {
    log.head() > RECORDS
}

fn one_more() -> Record {
    named(RECORDS + 1, about(RECORDS + 1, 3, EDITED, "one more"))
}

/// A generator as in textbooks: the same flips in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Byte and bit of each flip.
fn flips(whole: &[u8]) -> Vec<(usize, u8)> {
    let mut chance = Chance(27);
    let mut flips = Vec::new();
    let mut flip = |first: usize, bytes: usize, count: usize| {
        for _ in 0..count {
            flips.push((first + chance.below(bytes), 1 << chance.below(8)));
        }
    };
    flip(0, PAGE_BYTES, FLIPS_OF_THE_FIRST_PAGE);
    for page in 1..whole.len() / PAGE_BYTES {
        for (bytes, count) in flips_of(&whole[page * PAGE_BYTES..]) {
            flip(page * PAGE_BYTES, bytes, count);
        }
    }
    flips
}

#[test]
fn no_single_bit_stays_a_lie() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let place = Place::in_memory();
    let (truth, truth_after, whole) = runtime.block_on(async {
        let log = place.open();
        history(&log).await;
        let truth = answers(&mut log.reader().unwrap()).unwrap();
        log.close().await.unwrap();
        let whole = fs::read(place.path()).unwrap();
        let log = place.open();
        log.append(batch(vec![one_more()])).await.unwrap();
        (truth, answers(&mut log.reader().unwrap()).unwrap(), whole)
    });
    assert!(u32::from_be_bytes(whole[36..40].try_into().unwrap()) > 0, "it has free pages");
    let flips = flips(&whole);
    let mut fates = Vec::new();
    for (at, bit) in &flips {
        let place = Place::in_memory();
        let mut bytes = whole.clone();
        bytes[*at] ^= bit;
        fs::write(place.path(), bytes).unwrap();
        println!("page {}, byte {}, bit {bit}", at / PAGE_BYTES + 1, at % PAGE_BYTES);
        fates.push(runtime.block_on(fate(&place, &truth, &truth_after)));
    }
    let count = |fate: Fate| fates.iter().filter(|found| **found == fate).count();
    let counts = [Fate::Refused, Fate::Harmless, Fate::Named, Fate::NamedLie].map(count);
    println!(
        "{} flips: refused, harmless, named, of which lies until then: {counts:?}",
        flips.len()
    );
    assert!(flips.len() >= 200);
    assert!(counts.iter().all(|count| *count >= 10), "each can happen: {counts:?}");
}
