//! A request on its way, and what it is about, so that its answer can be understood.

use super::rates::REQUEST_MAX_SECONDS;
use super::route::Route;

/// A request.
pub struct Call {
    pub route: Route,
    pub request: Vec<u8>,
    /// When the person wanted it: waiting for a free connection counts.
    pub wished_micros: u64,
    /// How often it was tried before.
    pub failures: u32,
    pub about: About,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Nothing,
    /// A place.
    Place(usize),
    /// The thread under a message.
    Thread(u64),
    /// A message to a place, in a thread or not.
    Post {
        place: usize,
        thread: Option<u64>,
    },
}

impl Call {
    /// When the client gives it up.
    pub fn deadline_micros(&self) -> u64 {
        self.wished_micros + micros(REQUEST_MAX_SECONDS)
    }
}

/// Seconds as microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "short times that are not negative"
)]
pub fn micros(seconds: f64) -> u64 {
    (seconds * 1_000_000.0) as u64
}
