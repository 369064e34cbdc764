//! The labels that the records lead to, made in memory: as many as fit, in the order of their keys.
//!
//! A pass over the records derives the labels of a range of keys. What grows beyond the bound is let go from the end of the
//! range, and the next pass begins there; so any log is gone through, in as many passes as its labels need.

use std::collections::{BTreeMap, BTreeSet};

use super::super::label::key;
use crate::label::{LabelChange, When};
use crate::{Error, Meaning, Record};

/// Kind, owner, channel and seq of a label.
pub(super) type Key = [i64; 4];

/// Labels from a key on, as the records up to one have them.
pub(super) struct Derived {
    labels: BTreeMap<Key, i64>,
    /// The same keys as seq, kind, owner and channel.
    by_record: BTreeSet<Key>,
    /// The first key of the range.
    first: Key,
    /// The first key beyond it; `None` when all are in it.
    beyond: Option<Key>,
    /// The last record that is in it.
    at: u64,
    max: usize,
    changes: Vec<LabelChange>,
}

impl Derived {
    /// Begins with the first of all keys; at most `max` labels at a time, or all of one key's when that is more.
    pub(super) fn from_first(max: usize) -> Derived {
        Derived::from([i64::MIN; 4], max)
    }

    fn from(first: Key, max: usize) -> Derived {
        Derived {
            labels: BTreeMap::new(),
            by_record: BTreeSet::new(),
            first,
            beyond: None,
            at: 0,
            max,
            changes: Vec::new(),
        }
    }

    /// Goes on with the keys beyond this range, from the first record; false when there are none.
    pub(super) fn begin_next(&mut self) -> bool {
        let beyond = self.beyond.take();
        *self = Derived::from(beyond.unwrap_or(self.first), self.max);
        beyond.is_some()
    }

    /// The last record that it has followed.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The first key beyond the range.
    pub(super) fn beyond(&self) -> Option<Key> {
        self.beyond
    }

    /// The labels after a key, or from the first on.
    pub(super) fn after(&self, after: Option<Key>) -> impl Iterator<Item = (&Key, &i64)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = after.map_or(Included(self.first), Excluded);
        self.labels.range((from, Unbounded))
    }

    /// Where a walk over the range begins: everything in it comes after.
    pub(super) fn start(&self) -> Key {
        // No label has this seq: those of records begin with 1.
        let [kind, owner, channel, seq] = self.first;
        [kind, owner, channel, seq.saturating_sub(1)]
    }

    /// Follows the next record.
    pub(super) fn follow(&mut self, record: &Record, meaning: &dyn Meaning) -> Result<(), Error> {
        let mut changes = std::mem::take(&mut self.changes);
        meaning
            .labels(record, &mut changes)
            .map_err(|_| Error::NotUnderstood { seq: record.seq })?;
        changes.drain(..).for_each(|change| self.change(change));
        self.changes = changes;
        self.at = record.seq;
        Ok(())
    }

    fn change(&mut self, change: LabelChange) {
        match change {
            LabelChange::Set { label, value, when } => self.set(key(label), value, when),
            LabelChange::Clear(label) => self.clear(key(label)),
            LabelChange::ClearRecord { kind, seq } => {
                let of = |owner| [seq.cast_signed(), kind.into(), owner, i64::MIN];
                let until = [seq.cast_signed(), i64::from(kind) + 1, i64::MIN, i64::MIN];
                let found: Vec<Key> = self.by_record.range(of(i64::MIN)..until).copied().collect();
                for [seq, kind, owner, channel] in found {
                    self.clear([kind, owner, channel, seq]);
                }
            }
            LabelChange::ClearChannel { kind, owner, channel } => {
                let of = |seq| [kind.into(), owner.cast_signed(), channel.cast_signed(), seq];
                let found = self.labels.range(of(i64::MIN)..=of(i64::MAX));
                let found: Vec<Key> = found.map(|(key, _)| *key).collect();
                for key in found {
                    self.clear(key);
                }
            }
        }
    }

    fn set(&mut self, key: Key, value: u64, when: When) {
        if key < self.first || self.beyond.is_some_and(|beyond| key >= beyond) {
            return;
        }
        let value = value.cast_signed();
        let there = self.labels.get(&key);
        let is_set = match when {
            When::Always => true,
            When::Absent => there.is_none(),
            When::Present => there.is_some(),
            When::Lower => there.is_some_and(|there| *there > value),
        };
        if !is_set {
            return;
        }
        self.labels.insert(key, value);
        self.by_record.insert(by_record(key));
        while self.labels.len() > self.max.max(1) {
            let (last, _) = self.labels.pop_last().expect("there are more than the bound");
            self.by_record.remove(&by_record(last));
            self.beyond = Some(last);
        }
    }

    fn clear(&mut self, key: Key) {
        if self.labels.remove(&key).is_some() {
            self.by_record.remove(&by_record(key));
        }
    }
}

fn by_record([kind, owner, channel, seq]: Key) -> Key {
    [seq, kind, owner, channel]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Label, NotUnderstood};

    /// Records whose bodies say what they change, a few numbers each.
    struct Plain;

    impl Meaning for Plain {
        fn why(&self, _kind: u16) -> u8 {
            1
        }

        fn labels(
            &self,
            record: &Record,
            changes: &mut Vec<LabelChange>,
        ) -> Result<(), NotUnderstood> {
            let Body::Present(numbers) = &record.body else { return Err(NotUnderstood) };
            let number = |at: usize| u64::from(numbers[at]);
            let (kind, owner, channel) = (numbers[1], number(2), number(3));
            let label = Label { kind, owner, channel, seq: number(4) };
            let value = number(5);
            changes.push(match numbers[0] {
                0..=3 => LabelChange::Set { label, value, when: When::Always },
                4 | 5 => LabelChange::Set { label, value, when: When::Absent },
                6 => LabelChange::Set { label, value, when: When::Present },
                7 => LabelChange::Set { label, value, when: When::Lower },
                8 => LabelChange::Clear(label),
                9 => LabelChange::ClearRecord { kind, seq: label.seq },
                _ => LabelChange::ClearChannel { kind, owner, channel },
            });
            Ok(())
        }
    }

    fn records() -> Vec<Record> {
        let mut chance = 27_u64;
        let mut below = |bound: u64| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            u8::try_from((chance >> 33) % bound).unwrap()
        };
        let record = |seq| Record {
            seq,
            ts_micros: 1,
            kind: 1,
            channel: None,
            actor: 1,
            target: None,
            client_msg_id: None,
            body: Body::Present(vec![
                below(11),
                below(2) + 1,
                below(4),
                below(3),
                below(5) + 1,
                below(9),
            ]),
            digest: None,
        };
        (1..=3_000).map(record).collect()
    }

    fn all(max: usize, records: &[Record]) -> (Vec<(Key, i64)>, usize) {
        let (mut derived, mut all, mut passes) = (Derived::from_first(max), Vec::new(), 1);
        loop {
            for record in records {
                derived.follow(record, &Plain).unwrap();
            }
            all.extend(derived.after(None).map(|(key, value)| (*key, *value)));
            if !derived.begin_next() {
                return (all, passes);
            }
            passes += 1;
        }
    }

    #[test]
    fn however_few_labels_fit_at_a_time_the_passes_come_to_the_same() {
        let records = records();
        for count in [100, 1_000, 3_000] {
            let (whole, passes) = all(usize::MAX, &records[..count]);
            assert!(passes == 1 && whole.len() > 10, "{}", whole.len());
            for max in [1, 2, 7, 30] {
                let (found, passes) = all(max, &records[..count]);
                assert!(found == whole, "{max} at a time");
                assert!(passes >= whole.len() / max, "{passes} passes");
            }
        }
    }
}
