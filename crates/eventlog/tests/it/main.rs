//! The promises of the log, kept or broken on real files.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod append;
mod damage;
mod erasure;
mod fault;
mod read;
mod round_trip;
mod support;
