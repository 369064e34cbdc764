//! Decoded events, shared: a sweep over a thousand mailboxes decodes each record once.

use std::num::NonZeroUsize;
use std::sync::Arc;

use chat::{LoggedEvent, Seq};
use eventlog::Reader;
use lru::LruCache;

use super::ProjectionError;
use crate::codec;

/// Seqs in one chunk, which is also the most that one transaction of a projection applies.
///
/// Small enough that a crash in a long rebuild repeats a tenth of a second, large enough that a commit does not count.
pub(super) const CHUNK_SEQS: u64 = 4_096;

/// Chunks that stay decoded: some 16,000 events, a few megabytes unless messages are very long.
const CHUNKS_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// The log, decoded chunk by chunk; one per owner thread.
///
/// A cached event may have been redacted in the log since; whoever applies it learns so from the later event that
/// redacted it, so projections must come to the same rows whichever of the two they saw.
pub(super) struct Feed {
    chunks: LruCache<u64, Chunk>,
}

struct Chunk {
    /// Decoded up to here, inclusive; less than the chunk's end while the log's head is inside it.
    up_to: Seq,
    events: Arc<Vec<Arc<LoggedEvent>>>,
}

/// Consecutive events out of one chunk.
pub(super) struct Events {
    chunk: Arc<Vec<Arc<LoggedEvent>>>,
    from: usize,
    to: usize,
    /// The last seq that these events cover, whether or not there is an event with it.
    pub end: Seq,
}

impl Events {
    pub fn iter(&self) -> impl Iterator<Item = &LoggedEvent> {
        self.chunk[self.from..self.to].iter().map(AsRef::as_ref)
    }
}

impl Feed {
    pub fn new() -> Feed {
        Feed { chunks: LruCache::new(CHUNKS_MAX) }
    }

    /// Events after `after` (exclusive) up to `up_to` (inclusive), or fewer: never beyond the chunk that follows `after`.
    pub fn next(
        &mut self,
        reader: &mut Reader,
        after: Seq,
        up_to: Seq,
    ) -> Result<Events, ProjectionError> {
        let number = after.get() / CHUNK_SEQS;
        let start = Seq(number * CHUNK_SEQS);
        let end = up_to.min(Seq(start.get() + CHUNK_SEQS));
        let chunk = self
            .chunks
            .get_or_insert_mut(number, || Chunk { up_to: start, events: Arc::default() });
        if chunk.up_to < end {
            let limit = usize::try_from(CHUNK_SEQS).expect("a chunk fits in memory");
            let records = reader.range(chunk.up_to.get(), end.get(), limit)?;
            let events: Vec<_> = records
                .iter()
                .map(|record| codec::decode(record).map(Arc::new))
                .collect::<Result<_, _>>()?;
            Arc::make_mut(&mut chunk.events).extend(events);
            chunk.up_to = end;
        }
        let chunk = Arc::clone(&chunk.events);
        let from = chunk.partition_point(|event| event.seq <= after);
        let to = chunk.partition_point(|event| event.seq <= end);
        Ok(Events { chunk, from, to, end })
    }
}
