//! The shapes that people and programs see: docs/api.md, "Shapes".
//!
//! Deliberately absent: decisions. A shape is made of what its reader was found to see.

mod channel;
mod later;
mod message;
mod notice;
mod notification;
mod people;
mod receipts;

pub use channel::{ChannelView, DirectoryEntry};
pub use later::{DraftView, ReminderView, ScheduledView};
pub use message::{
    ForwardView, MessageView, OptionView, PollView, ThreadView, is_false, mention_names,
};
pub use notification::{VerdictView, reason_word};
pub use people::{DoNotDisturbView, GroupView, ProfileView, SettingsView, StatusView, clock_text};
pub use receipts::ReadMarkersView;
