//! Whom the messages name that name many, of whom the label says only that they do.
//!
//! What is said now is taken from the events themselves. What was said before the start, or is forgotten, a fold thread
//! reads when somebody asks, many messages at a time: the owner thread reads none.

use std::collections::HashMap;

use chat::event::{Event, Mentions};
use chat::label::{NAMED_MAX, Owner};
use chat::{ChannelId, EventKind, LoggedEvent, Seq, UserId};
use eventlog::Reader;
use lru::LruCache;

use super::super::END;
use super::NAMED;
use crate::fold::{self, FoldError};

/// Bytes of all that is remembered: of 5,000 people in each, 45,000 messages. Beyond, who was asked about least recently
/// is read again when somebody asks.
///
/// What one question asks about fits into it, of up to 60,000 people in each, so that it is answered sometime.
pub(in crate::reading) const BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a message takes beside whom it names.
const ENTRY_BYTES: usize = 96;

/// Messages that are read in one go, and about how many people in them: some 20 ms on a fold thread.
const AT_ONCE: usize = 256;
const PEOPLE_AT_ONCE: usize = 250_000;

/// Whom messages name that name many.
pub(in crate::reading) struct Crowds {
    of: LruCache<Seq, Crowd>,
    /// The number that stands for a person in the crowds.
    numbers: HashMap<UserId, u32>,
    bytes: usize,
    bytes_max: usize,
    /// The last event that was forgotten: what was read before it may be older than what was known.
    forgotten: Seq,
}

struct Crowd {
    people: People,
    /// The event that named them; of what was read the log's head then.
    as_of: Seq,
}

/// A set of numbers, in whichever form is smaller.
enum People {
    Some(Box<[u32]>),
    /// A bit for each number.
    Most(Box<[u64]>),
}

/// Whom messages name, as it was read.
#[derive(Debug)]
pub(in crate::reading) struct FoundCrowds {
    pub named: Vec<(Seq, Vec<UserId>)>,
    /// The log's head when they were read.
    pub read_at: Seq,
}

impl Crowds {
    pub fn new(bytes_max: usize) -> Crowds {
        let (of, numbers) = (LruCache::unbounded(), HashMap::new());
        Crowds { of, numbers, bytes: 0, bytes_max, forgotten: Seq::ZERO }
    }

    /// Whether a message that names many names `user`; `None` when it has to be read.
    ///
    /// Whose owner follows no events asks with the event that says so, which never says anything else.
    pub fn names(&mut self, message: Seq, user: UserId) -> Option<bool> {
        let crowd = self.of.get(&message)?;
        Some(self.numbers.get(&user).is_some_and(|number| crowd.people.has(*number)))
    }

    /// Applies the next event of the log.
    pub fn apply(&mut self, event: &LoggedEvent) {
        if matches!(event.kind, EventKind::MessageEdited | EventKind::MessageDeleted)
            && let Some(message) = event.target
        {
            self.drop(message);
        }
        let named = event.event().and_then(|said| match said {
            Event::MessageEdited { message, mentions, .. } => Some((*message, mentions)),
            said => said.posting().map(|posting| (event.seq, &posting.mentions)),
        });
        if let Some((message, Mentions::Users(users))) = named
            && users.len() > NAMED_MAX
        {
            self.put(message, users, event.seq);
        }
    }

    /// Takes in what was read. Of what is here already more is known: it follows each event.
    pub fn finish(&mut self, found: &FoundCrowds) {
        if found.read_at < self.forgotten {
            // One of them may have been edited since, and that is forgotten. Whoever asked asks again.
            return;
        }
        for (message, users) in &found.named {
            if !self.of.contains(message) {
                self.put(*message, users, found.read_at);
            }
        }
    }

    /// A message names these, as an event said or as it was read at a head.
    pub fn put(&mut self, message: Seq, users: &[UserId], as_of: Seq) {
        let numbers = users.iter().map(|user| {
            let next = u32::try_from(self.numbers.len()).expect("there are fewer people");
            *self.numbers.entry(*user).or_insert(next)
        });
        let people = People::new(numbers.collect());
        self.drop(message);
        self.bytes += people.bytes() + ENTRY_BYTES;
        self.of.put(message, Crowd { people, as_of });
        while self.bytes > self.bytes_max {
            let Some((_, crowd)) = self.of.pop_lru() else { return };
            self.bytes -= crowd.people.bytes() + ENTRY_BYTES;
            self.forgotten = self.forgotten.max(crowd.as_of);
        }
    }

    fn drop(&mut self, message: Seq) {
        if let Some(crowd) = self.of.pop(&message) {
            self.bytes -= crowd.people.bytes() + ENTRY_BYTES;
        }
    }
}

impl People {
    fn new(mut numbers: Vec<u32>) -> People {
        numbers.sort_unstable();
        let words = numbers.last().map_or(0, |last| *last as usize / 64 + 1);
        if 2 * words >= numbers.len() {
            return People::Some(numbers.into());
        }
        let mut bits = vec![0_u64; words];
        for number in numbers {
            bits[number as usize / 64] |= 1 << (number % 64);
        }
        People::Most(bits.into())
    }

    fn has(&self, number: u32) -> bool {
        match self {
            People::Some(numbers) => numbers.binary_search(&number).is_ok(),
            People::Most(bits) => {
                bits.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            People::Some(numbers) => size_of_val(&**numbers),
            People::Most(bits) => size_of_val(&**bits),
        }
    }
}

/// Reads whom the messages of a channel name that name many: `newest`, and as many before it as are read in one go.
pub(in crate::reading) fn read(
    reader: &mut Reader,
    channel: ChannelId,
    newest: Seq,
) -> Result<FoundCrowds, FoldError> {
    let (owner, end) = (Owner::Many.number(), newest.next().get());
    let labels = reader.labels_newest(NAMED, owner, channel.0.get(), 0, end, AT_ONCE)?;
    let (mut named, mut people) = (Vec::with_capacity(labels.len()), 0);
    for (message, _) in labels {
        let message = Seq(message);
        let said = saying(reader, message)?;
        let users = named_in(reader, said)?;
        people += users.len();
        named.push((message, users));
        if people >= PEOPLE_AT_ONCE {
            break;
        }
    }
    Ok(FoundCrowds { named, read_at: Seq(reader.head()?.0) })
}

/// The event that says what a message says now: its newest edit, or what it began with.
pub(super) fn saying(reader: &mut Reader, message: Seq) -> Result<Seq, FoldError> {
    let edited = EventKind::MessageEdited.code();
    Ok(reader.target_newest_seq(message.get(), edited, END.get())?.map_or(message, Seq))
}

/// Whom an event names that says what a message says. Nothing else is read.
pub(super) fn named_in(reader: &mut Reader, said: Seq) -> Result<Vec<UserId>, FoldError> {
    let Some(record) = reader.by_seqs(&[said.get()])?.pop() else { return Ok(Vec::new()) };
    // One that cannot be read names nobody that we know of.
    let Some(logged) = fold::event(&record, &reader.reads_on())? else { return Ok(Vec::new()) };
    let mentions = match logged.event() {
        Some(Event::MessageEdited { mentions, .. }) => Some(mentions),
        Some(about) => about.posting().map(|posting| &posting.mentions),
        None => None,
    };
    Ok(match mentions {
        Some(Mentions::Users(users)) => users.clone(),
        Some(Mentions::Nobody | Mentions::Everyone) | None => Vec::new(),
    })
}
