//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Times in microseconds, each with what is to be done by whom.
pub struct Agenda<Due> {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    dues: std::collections::HashMap<u64, (usize, Due)>,
    next: u64,
}

impl<Due> Agenda<Due> {
    pub fn new() -> Agenda<Due> {
        Agenda { heap: BinaryHeap::new(), dues: std::collections::HashMap::new(), next: 0 }
    }

    /// Notes something for a person.
    pub fn add(&mut self, at_micros: u64, person: usize, due: Due) {
        self.heap.push(Reverse((at_micros, self.next)));
        self.dues.insert(self.next, (person, due));
        self.next += 1;
    }

    /// When the next is due.
    pub fn next_micros(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// The next that is due by now.
    pub fn take(&mut self, now_micros: u64) -> Option<(usize, Due)> {
        if self.next_micros()? > now_micros {
            return None;
        }
        let Reverse((_, number)) = self.heap.pop()?;
        self.dues.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_its_order() {
        let mut agenda = Agenda::new();
        agenda.add(30, 1, 'c');
        agenda.add(10, 2, 'a');
        agenda.add(10, 3, 'b');
        assert_eq!(agenda.take(9), None);
        assert_eq!([agenda.take(20), agenda.take(20)], [Some((2, 'a')), Some((3, 'b'))]);
        assert_eq!((agenda.take(20), agenda.next_micros()), (None, Some(30)));
    }
}
