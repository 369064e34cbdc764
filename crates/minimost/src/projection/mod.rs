//! Projections: files derived from the log, deletable, rebuildable, each with its checkpoint in the same transaction.

pub mod mailbox;
