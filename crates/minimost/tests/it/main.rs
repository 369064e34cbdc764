//! One test binary: fast to link. Each file is a behaviour; `rebuild`, `crash`, `storage` and `guarantees` alone look
//! into the data directory's files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod access_matrix;
mod accounts;
mod crash;
mod groups;
mod guarantees;
mod histories;
mod house;
mod invites;
mod live_stream;
mod message_flow;
mod openapi;
mod preferences;
mod presence;
mod problems;
mod profiles;
mod rebuild;
mod reconnect;
mod roles;
mod starting;
mod storage;
mod support;
mod tidy;
mod write_path;
