//! A workspace as a file would have it.

use std::collections::BTreeMap;

use crate::workspace::{PartKey, Workspace, WorkspaceParts};

/// Every part, as text.
pub type StoredParts = BTreeMap<PartKey, String>;

/// The parts of a workspace.
pub fn stored(workspace: &Workspace) -> StoredParts {
    let mut parts = StoredParts::new();
    change_stored(&mut parts, &Workspace::default(), workspace);
    parts
}

/// Writes over the parts of `before` what has changed since.
pub fn change_stored(parts: &mut StoredParts, before: &Workspace, now: &Workspace) {
    let told = now.changed_parts(before, |key, json| {
        match json {
            Some(json) => drop(parts.insert(key, json.to_owned())),
            None => drop(parts.remove(&key)),
        }
        Ok::<_, serde_json::Error>(())
    });
    told.expect("a workspace is plain data");
}

/// The workspace of these parts.
pub fn read_back(parts: &StoredParts) -> Workspace {
    let mut found = WorkspaceParts::default();
    for (key, json) in parts {
        found.add(*key, json).expect("it was written so");
    }
    found.workspace().expect("all parts are there")
}
