//! What is made once for all who ask for the same version of it.
//!
//! Neighbours: `state` keeps JSON so.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// Versions that are kept: who asked a moment ago may need the one before.
const VERSIONS_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");

/// The last versions of what is shared, each made once for all who ask for it.
pub(super) struct Versions<K: Hash + Eq, V> {
    newest: Mutex<LruCache<K, Arc<OnceCell<Arc<V>>>>>,
}

impl<K: Hash + Eq, V> Default for Versions<K, V> {
    fn default() -> Versions<K, V> {
        Versions { newest: Mutex::new(LruCache::new(VERSIONS_MAX)) }
    }
}

impl<K: Hash + Eq, V: Send + Sync + 'static> Versions<K, V> {
    /// A version, which `make` makes beside the runtime's threads where nobody has yet.
    pub(super) async fn get(
        &self,
        version: K,
        make: impl FnOnce() -> V + Send + 'static,
    ) -> Arc<V> {
        let cell = {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(newest.get_or_insert(version, Arc::default))
        };
        let made = cell.get_or_init(async || {
            Arc::new(spawn_blocking(make).await.expect("what is shared can always be made"))
        });
        Arc::clone(made.await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_version_is_made_once_for_all_who_ask_for_it() {
        let versions = Versions::default();
        let made = Arc::new(AtomicUsize::new(0));
        let ask = |version: u64| {
            let made = Arc::clone(&made);
            versions.get(version, move || {
                made.fetch_add(1, Ordering::Relaxed);
                version
            })
        };
        let (one, same, other) = tokio::join!(ask(1), ask(1), ask(2));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
