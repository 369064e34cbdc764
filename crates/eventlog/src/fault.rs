//! Where a debug build fails on purpose: how tests see what becomes of a server whose thread has ended.

/// Panics when the file that `MINIMOST_FAULT_FILE` names holds this name. A release build has nothing here.
#[doc(hidden)]
#[cfg(debug_assertions)]
pub fn fault_point(name: &str) {
    use std::ffi::OsString;
    use std::sync::OnceLock;
    static FILE: OnceLock<Option<OsString>> = OnceLock::new();
    let Some(file) = FILE.get_or_init(|| std::env::var_os("MINIMOST_FAULT_FILE")) else { return };
    let is_named = std::fs::read_to_string(file).is_ok_and(|told| told.trim() == name);
    assert!(!is_named, "{name} was told to fail by a test");
}

/// Does nothing: faults are for tests.
#[doc(hidden)]
#[cfg(not(debug_assertions))]
pub fn fault_point(_name: &str) {}
