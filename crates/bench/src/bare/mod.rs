//! The physical limits: the same bytes to the same disk and the same sockets, with no server around them.

pub mod append;
pub mod broadcast;
