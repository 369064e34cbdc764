//! One test binary: fast to link. Each file is a behaviour; `rebuild` and `crash` alone touch files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;
mod live_stream;
mod rebuild;
mod write_path;
