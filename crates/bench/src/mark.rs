//! The mark that every measured message carries in its text: when it was sent, and its number in the run.
//!
//! `~t=<16 digits> n=<8 digits>~`: found in any stream's bytes without parsing frames or JSON.

use memchr::memmem;

/// What the mark begins with; nothing else in a stream does.
const BEGIN: &[u8] = b"~t=";

/// Bytes of a whole mark.
const MARK_LEN: usize = 3 + 16 + 3 + 8 + 1;

/// Sent at `sent_micros` as the `number`th of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub sent_micros: u64,
    pub number: usize,
}

impl Mark {
    /// A text of at least `chars_min` characters with this mark in it.
    pub fn text(self, chars_min: usize) -> String {
        let mark = format!("~t={:016} n={:08}~", self.sent_micros, self.number);
        let filler = " as people write".chars().cycle().take(chars_min.saturating_sub(mark.len()));
        mark.chars().chain(filler).collect()
    }

    fn parse(bytes: &[u8]) -> Option<Mark> {
        let sent_micros = number(bytes.get(3..19)?)?;
        let number = usize::try_from(number(bytes.get(22..30)?)?).ok()?;
        Some(Mark { sent_micros, number })
    }
}

/// All whole marks in `bytes`.
pub fn marks(bytes: &[u8]) -> impl Iterator<Item = Mark> {
    memmem::find_iter(bytes, BEGIN).filter_map(|at| Mark::parse(bytes.get(at..at + MARK_LEN)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_between_other_bytes() {
        let first = Mark { sent_micros: 1_234_567, number: 7 };
        let second = Mark { sent_micros: 7_654_321, number: 12_345_678 };
        let bytes = format!("id: 1\ndata: {}\n\ndata: {}\n\n~t=", first.text(80), second.text(0));
        assert_eq!(marks(bytes.as_bytes()).collect::<Vec<_>>(), [first, second]);
    }

    #[test]
    fn a_text_is_as_long_as_asked() {
        assert_eq!(Mark { sent_micros: 1, number: 1 }.text(64).len(), 64);
    }
}
