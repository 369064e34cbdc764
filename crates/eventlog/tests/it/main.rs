//! The promises of the log, kept or broken on real files.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod append;
mod comparison;
mod damage;
mod erasure;
mod fault;
mod files;
mod flips;
#[cfg(target_os = "linux")]
mod flush;
mod labels;
mod migration;
mod read;
mod repair;
mod round_trip;
mod support;
