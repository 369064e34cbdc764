//! Connections: HTTP/1.1 straight on hyper, so that timeouts, buffers and the end are ours to set.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
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
            Ok((socket, _)) if connections.len() >= CONNECTIONS_MAX => turn_away(&socket),
            Ok((socket, peer)) => {
                let watcher = graceful.watcher();
                let connection = connection(socket, peer, Arc::clone(&door));
                connections.spawn(async move {
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
    peer: SocketAddr,
    door: Arc<Door>,
) -> http1::Connection<
    TokioIo<StallGuard>,
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
    let service = service_fn(move |request: Request<Incoming>| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(request, peer.ip()).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(StallGuard::new(socket)), service)
}

/// Says 503 without reading the request. The kernel's buffer of a fresh connection takes it whole.
fn turn_away(socket: &TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
        Connection: close\r\nContent-Length: 0\r\n\r\n";
    if let Err(error) = socket.try_write(ANSWER) {
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
