//! Load: senders that wait for their answers, and screens that read their streams.
//!
//! Each side is one thread with one epoll, so that the machine's few cores are left to the server.

pub mod senders;
pub mod streams;
