//! Labels as a log keeps them, in memory.

use std::collections::BTreeMap;

use crate::event::LoggedEvent;
use crate::label::{Label, LabelChange, When, label_changes};

/// The labels after some events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub BTreeMap<Label, u64>);

impl Labels {
    /// The labels that records lead to, one after the other.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a LoggedEvent>) -> Labels {
        let mut labels = Labels::default();
        for record in records {
            labels.apply(record);
        }
        labels
    }

    /// Applies what an event changes.
    pub fn apply(&mut self, record: &LoggedEvent) {
        for change in label_changes(record) {
            match change {
                LabelChange::Set { label, value, when } => self.set(label, value, when),
                LabelChange::Clear(label) => drop(self.0.remove(&label)),
                LabelChange::ClearMessage { kind, message } => {
                    self.0.retain(|label, _| (label.kind, label.message) != (kind, message));
                }
                LabelChange::ClearChannel { kind, owner, channel } => {
                    let is_of = |label: &Label| {
                        (label.kind, label.owner, label.channel) == (kind, owner, channel)
                    };
                    self.0.retain(|label, _| !is_of(label));
                }
            }
        }
    }

    fn set(&mut self, label: Label, value: u64, when: When) {
        let there = self.0.get(&label).copied();
        let is_set = match when {
            When::Always => true,
            When::Absent => there.is_none(),
            When::Present => there.is_some(),
            When::Lower => there.is_some_and(|there| there > value),
        };
        if is_set {
            self.0.insert(label, value);
        }
    }
}
