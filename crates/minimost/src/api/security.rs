//! What the operator reads about who comes and goes: `minimost::security`, the one place in the diagnostics where
//! addresses stand. A name that somebody typed stands there only when it is an account: people type passwords there.

use std::fmt::Display;
use std::net::IpAddr;

use chat::Workspace;
use tracing::{info, warn};

const TARGET: &str = "minimost::security";

pub(super) fn signed_up(address: IpAddr, name: &str) {
    info!(target: TARGET, %address, name, "signed up");
}

pub(super) fn logged_in(address: IpAddr, name: &str) {
    info!(target: TARGET, %address, name, "logged in");
}

pub(super) fn logged_out(address: IpAddr, name: &str) {
    info!(target: TARGET, %address, name, "logged out");
}

/// A log-in came to nothing, and why.
pub(super) fn refused(address: IpAddr, typed: &str, workspace: &Workspace, why: &dyn Display) {
    if let Some((_, user)) = workspace.find_user(typed) {
        let name = user.name.as_str();
        warn!(target: TARGET, %address, name, "a log-in failed: {why}");
    } else {
        warn!(target: TARGET, %address, "a log-in failed, of no account: {why}");
    }
}

/// So many failed that an account is locked, for whatever address.
pub(super) fn locked(address: IpAddr, name: &str) {
    warn!(target: TARGET, %address, name, "locked for every address");
}

pub(super) fn changed_password(address: IpAddr, name: &str) {
    info!(target: TARGET, %address, name, "changed their password");
}

/// A reset link was used.
pub(super) fn reset_password(address: IpAddr, name: &str) {
    info!(target: TARGET, %address, name, "set a new password by a reset link");
}

/// A link that is unknown, used or expired; never the link itself.
pub(super) fn refused_link(address: IpAddr) {
    warn!(target: TARGET, %address, "a reset link was refused");
}

pub(super) fn mistook_own_password(address: IpAddr, name: &str, why: &dyn Display) {
    warn!(target: TARGET, %address, name, "a change of password failed: {why}");
}

/// What an administrator did to an account.
pub(super) fn administered(address: IpAddr, by: &str, name: &str, what: &str) {
    info!(target: TARGET, %address, by, name, "{what}");
}
