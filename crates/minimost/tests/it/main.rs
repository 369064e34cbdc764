//! One test binary: fast to link. Each file is a behaviour; `rebuild` and `crash` alone touch files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod crash;
mod house;
mod live_stream;
mod message_flow;
mod openapi;
mod presence;
mod problems;
mod rebuild;
mod starting;
mod support;
mod tidy;
mod write_path;
