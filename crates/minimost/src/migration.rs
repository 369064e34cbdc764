//! A log that an older version wrote is brought to this version's format before anything else looks at it.
//!
//! Promises: whatever goes wrong on the way, the log is as it was, and the next start tries again. There is no way back
//! but a backup. Neighbours: `history` and `restore` open logs, and call this first.

use std::path::Path;

use eventlog::Migration;
use tracing::info;

use crate::codec;
use crate::comparison::repair_hint;

/// Brings a log to this version's format, if it has an older one, and says how far it is. It blocks.
pub(crate) fn migrate(path: &Path) -> anyhow::Result<()> {
    let mut told = None;
    let migrated = eventlog::migrate(path, &*codec::meaning(), |at| tell(path, at, &mut told));
    let is_of_old = told.is_some();
    migrated.map_err(|error| {
        let hint = repair_hint(&error);
        let left = if is_of_old { ", and is as it was" } else { "" };
        let what = format!("{} cannot be opened{left}{hint}", path.display());
        anyhow::Error::new(error).context(what)
    })?;
    if let Some(Migration { to, .. }) = told {
        info!("{} has format {to} now", path.display());
    }
    Ok(())
}

/// Says so at the beginning and after each tenth.
fn tell(path: &Path, at: Migration, told: &mut Option<Migration>) {
    let Migration { from, to, seq, head } = at;
    let tenth = |seq: u64| seq.saturating_mul(10).checked_div(head).unwrap_or(10);
    match told {
        Some(before) if before.to == to && tenth(before.seq) == tenth(seq) => {}
        Some(before) if before.to == to => {
            info!("{seq} of {head} events are done");
            *told = Some(at);
        }
        Some(_) | None => {
            let file = path.display();
            info!(
                "{file} has format {from}, of an older version, and is brought to {to}: {head} events"
            );
            *told = Some(at);
        }
    }
}
