//! One test binary: fast to link. Each file is a behaviour; `rebuild`, `crash`, `storage` and `guarantees` alone look
//! into the data directory's files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod access_matrix;
mod accounts;
mod channels;
mod coming_and_going;
#[cfg(unix)]
mod control;
mod crash;
mod directory;
mod directs;
mod drafts;
mod edit_history;
mod encoding;
mod every_question;
mod every_wish;
mod forgetting;
mod forwarding;
mod groups;
mod guarantees;
mod histories;
mod house;
mod invites;
mod late_joiners;
mod leaving;
mod limits;
mod live_stream;
mod lockout;
mod members;
mod message_flow;
mod moderation;
mod notifications;
mod openapi;
mod password_reset;
mod patience;
mod pins;
mod polling;
mod polls;
mod preferences;
mod presence;
mod private_changes;
mod private_channels;
mod problems;
mod profiles;
mod reading;
mod rebuild;
mod reconnect;
mod reminders;
mod restore;
mod roles;
mod saved;
mod scheduled;
mod session_ends;
mod starting;
mod storage;
mod support;
mod threads;
mod tidy;
mod unopened_directs;
mod viewing;
mod visitors;
mod walkthrough;
mod web_routes;
mod write_path;
