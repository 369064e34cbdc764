//! What administrators see of the log's comparison with its indexes, and how they ask for one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::LoggedIn;
use super::fields::{Input, NoFields};
use super::problem::ApiError;
use crate::app::App;
use crate::comparison::LogState;

/// What is known of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogView {
    /// `comparing`, `whole` or `damaged`; `unknown` when it could not be compared, which is tried again.
    state: &'static str,
    /// Unix seconds when a comparison last found it whole; null before the first has ended.
    whole_ts: Option<f64>,
    /// The last record that was compared then; null before.
    whole_up_to: Option<u64>,
    /// What is damaged, when something is: nothing is written until an operator has acted.
    finding: Option<String>,
    /// Read transactions of the last comparison so far.
    slices: u64,
    /// The longest of them in milliseconds.
    slice_ms_max: f64,
}

impl LogView {
    fn new(known: LogState) -> LogView {
        let state = match (&known.finding, known.is_running, known.whole) {
            (Some(_), _, _) => "damaged",
            (None, true, _) => "comparing",
            (None, false, Some(_)) => "whole",
            (None, false, None) => "unknown",
        };
        LogView {
            state,
            whole_ts: known.whole.map(|(ts, _)| ts.as_seconds()),
            whole_up_to: known.whole.map(|(_, up_to)| up_to),
            finding: known.finding,
            slices: known.slices,
            slice_ms_max: known.slice_longest.as_secs_f64() * 1_000.0,
        }
    }
}

/// Whether the log and its indexes agree; administrators only.
#[utoipa::path(get, path = "/admin/log", responses((status = 200, body = LogView)))]
pub(super) async fn log_state(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Json<LogView>, ApiError> {
    asker.administrator()?;
    Ok(Json(LogView::new(app.comparisons.state())))
}

/// Begins to compare the log with its indexes, unless that is under way; administrators only.
#[utoipa::path(post, path = "/admin/log/compare", responses((status = 200, body = LogView)))]
pub(super) async fn compare(
    State(app): State<App>,
    asker: LoggedIn,
    Input(NoFields): Input<NoFields>,
) -> Result<Json<LogView>, ApiError> {
    asker.administrator()?;
    app.comparisons.ask();
    Ok(Json(LogView::new(app.comparisons.state())))
}
