//! The door to the network: who comes, is let in or turned away, and what becomes of everybody at the end.
//!
//! Neighbours: `lobby` and `connection` have those who were let in.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::connection::{BUFFER_BYTES, HEADERS_TIMEOUT, answer};
use super::door::Door;
use super::lobby::Lobby;
use super::problem::BadRequest;

/// How long requests may still run after the shutdown began.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause after the system refused a connection, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then lets running requests end.
///
/// Streams must be ended by the hub, or they are cut off after the drain timeout.
pub async fn serve(listener: TcpListener, door: Door, shutdown: impl Future<Output = ()>) {
    let door = Arc::new(door);
    let hall = Arc::clone(door.seats().hall());
    let lobby = Arc::new(Lobby::new(HEADERS_TIMEOUT, hall.others_max()));
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let Some(entered) = hall.enter() else {
                    turn_away(&socket, &door.answer_unread(BadRequest::Busy));
                    continue;
                };
                let (door, lobby) = (Arc::clone(&door), Arc::clone(&lobby));
                let mut closed = closed.clone();
                connections.spawn(async move {
                    let _entered = entered;
                    // A proxy's connections are not told apart before they say for whom they are.
                    let heard = if door.seats().are_behind_proxy() {
                        Some(Vec::new())
                    } else {
                        tokio::select! {
                            heard = lobby.head(&socket, peer.ip()) => heard,
                            _ended = closed.changed() => None,
                        }
                    };
                    if let Some(heard) = heard {
                        answer(socket, heard, peer.ip(), door, closed).await;
                    }
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop((listener, closing));
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, all).await.is_err() {
        warn!("cut off {} connections that did not end in time", connections.len());
    }
    connections.shutdown().await;
}

/// Answers without reading the request. The kernel's buffer of a fresh connection takes it whole.
pub(super) fn turn_away(socket: &TcpStream, answer: &[u8]) {
    // What has come already: unread it would reset the connection before the answer is there. None is no fault.
    let _: io::Result<usize> = socket.try_read(&mut [0; BUFFER_BYTES]);
    if let Err(error) = socket.try_write(answer) {
        debug!("a connection too many was dropped unanswered: {error}");
    }
}

async fn pause_after(error: &io::Error) {
    // The client gave up between its connect and our accept: nothing is wrong here.
    if error.kind() != io::ErrorKind::ConnectionAborted {
        warn!("a connection could not be accepted: {error}");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
