//! Knocking at the door: attempts are counted against the address before anything of the body is read.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::extract::Peer;
use super::problem::ApiError;
use crate::app::App;
use crate::auth::Network;

/// An attempt to log in.
pub(super) struct LoginKnock(pub(super) Peer);

/// An attempt to sign up.
pub(super) struct SignupKnock(pub(super) Peer);

/// An attempt to use a reset link.
pub(super) struct ResetKnock(pub(super) Peer);

impl FromRequestParts<App> for LoginKnock {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<LoginKnock, ApiError> {
        let peer = peer(parts, app).await;
        app.auth.logins.check(&peer.network())?;
        Ok(LoginKnock(peer))
    }
}

impl FromRequestParts<App> for SignupKnock {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<SignupKnock, ApiError> {
        let peer = peer(parts, app).await;
        app.auth.signups.check(&peer.network())?;
        Ok(SignupKnock(peer))
    }
}

impl FromRequestParts<App> for ResetKnock {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ResetKnock, ApiError> {
        let peer = peer(parts, app).await;
        app.auth.password_resets.check(&peer.network())?;
        Ok(ResetKnock(peer))
    }
}

impl LoginKnock {
    pub(super) fn network(&self) -> Network {
        self.0.network()
    }

    pub(super) fn address(&self) -> IpAddr {
        self.0.0
    }
}

async fn peer(parts: &mut Parts, app: &App) -> Peer {
    let Ok(peer) = Peer::from_request_parts(parts, app).await;
    peer
}
