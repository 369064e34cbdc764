//! The MiniMost server: `api` asks, `write` decides, `eventlog` remembers, `projection` arranges, `live` tells.
//!
//! No arrow points back; ARCHITECTURE.md has the life of one message.

pub mod api;
pub mod app;
pub mod auth;
pub mod clock;
pub mod codec;
pub mod config;
pub mod fold;
pub mod live;
pub mod projection;
pub mod published;
pub mod telemetry;
pub mod wire;
pub mod write;
