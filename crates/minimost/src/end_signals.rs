//! The signals that ask the server to stop.

/// SIGTERM and SIGINT; elsewhere than on Unix, Ctrl-C. Until it listens, they end the process at once, without an
/// orderly end.
pub struct EndSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
    /// Listens from now on. Fails where the operating system has no room for one more file.
    pub fn listen() -> std::io::Result<EndSignals> {
        use tokio::signal::unix::{SignalKind, signal};
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(EndSignals { terminate: terminate?, interrupt: interrupt? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl EndSignals {
    /// Listens as soon as somebody waits.
    pub fn listen() -> std::io::Result<EndSignals> {
        Ok(EndSignals {})
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::signal::ctrl_c().await.expect("Ctrl-C can be listened for");
    }
}
