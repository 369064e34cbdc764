//! A whole server in this process, people who use it through the front door, and their live streams.
//!
//! ```ignore
//! let server = TestServer::start().await;
//! let [alice, bob] = server.people(["alice", "bob"]).await;
//! let mut events = bob.events().await;
//! let message = alice.send("general", "hi @bob").await;
//! assert_eq!(events.next_named("message_posted").await.data["id"], message["id"]);
//! ```

mod event_stream;
mod files;
mod person;
mod process;
mod questions;
mod server;
mod wire;

pub use event_stream::{Event, EventStream};
pub use files::{copy_dir, files_with, forget_last_name, rows};
pub use person::{Answer, PASSWORD, Person};
pub use process::{Process, check, run};
pub use questions::{ask, questions};
pub use server::TestServer;
pub use wire::{Said, Wire};
