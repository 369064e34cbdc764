//! Connections: HTTP/1.1 straight on hyper, so that timeouts, buffers and the end are ours to set.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::door::Door;
use super::places::Connection;
use super::problem::BadRequest;
use super::socket::Socket;
use super::stall::StallGuard;

/// Connections at once, streams included; the next one is told to come back.
const CONNECTIONS_MAX: usize = 20_000;

/// How long a request's headers may take, and how long a kept-alive connection may be silent.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes buffered in each direction of a connection: hyper's smallest. A stream holds them for as long as it lives.
const BUFFER_BYTES: usize = 8 * 1024;

/// How long requests may still run after the shutdown began.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause after the system refused a connection, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then lets running requests end.
///
/// Streams must be ended by the hub, or they are cut off after the drain timeout.
pub async fn serve(listener: TcpListener, door: Door, shutdown: impl Future<Output = ()>) {
    let door = Arc::new(door);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) if connections.len() >= CONNECTIONS_MAX => {
                turn_away(&socket, &door.answer_unread(BadRequest::Busy));
            }
            Ok((socket, peer)) => {
                let watcher = graceful.watcher();
                let door = Arc::clone(&door);
                connections.spawn(async move {
                    let Some(place) = door.places().enter(peer.ip()).await else {
                        turn_away(&socket, &door.answer_unread(BadRequest::TooMuchAtOnce));
                        return;
                    };
                    let connection = connection(socket, place, door);
                    if let Err(error) = watcher.watch(connection).await {
                        debug!("a connection ended: {error}");
                    }
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    if drained.is_err() {
        warn!("cut off {} connections that did not end in time", connections.len());
    }
    connections.shutdown().await;
}

/// One connection until its end.
fn connection(
    socket: TcpStream,
    place: Connection,
    door: Arc<Door>,
) -> http1::Connection<
    TokioIo<Socket>,
    impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send,
    >,
> {
    // Without it, small frames of a stream wait for an acknowledgement; a failure only makes them slower.
    if let Err(error) = socket.set_nodelay(true) {
        debug!("TCP_NODELAY was refused: {error}");
    }
    let is_unread = Arc::new(AtomicBool::new(false));
    let socket = StallGuard::new(socket);
    let socket = Socket::new(socket, Arc::clone(&door), Arc::clone(&is_unread));
    let place = Arc::new(place);
    let service = service_fn(move |request: Request<Incoming>| {
        let (door, place, is_unread) =
            (Arc::clone(&door), Arc::clone(&place), Arc::clone(&is_unread));
        async move {
            let response = door.answer(request, &place).await;
            if response.headers().contains_key(CONNECTION) {
                is_unread.store(true, Ordering::Relaxed);
            }
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service)
}

/// Answers without reading the request. The kernel's buffer of a fresh connection takes it whole.
fn turn_away(socket: &TcpStream, answer: &[u8]) {
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
