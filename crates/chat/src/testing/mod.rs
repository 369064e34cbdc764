//! Histories for tests, here and in other crates (feature `testing`): a [`Story`] is told command by command, a
//! [`History`] is a story made up from a seed.
//!
//! Promises: the same seed and number of steps make the same history on every machine.

mod history;
mod labels;
mod prng;
mod stored;
mod story;
pub mod wish;

pub use history::{History, Step};
pub use labels::Labels;
pub use prng::Prng;
pub use stored::{StoredParts, change_stored, read_back, stored};
pub use story::{Batch, Story};
