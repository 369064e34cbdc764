//! Password hashes: argon2id for new ones; werkzeug's scrypt and PBKDF2 strings are verified and then replaced.

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use chat::PasswordHash;
use rand::TryRngCore;
use rand::rngs::OsRng;

mod hashers;
mod werkzeug;

use hashers::Hashers;

/// Hashings that may wait for their turn; at 25 ms each these are some seconds. The next one is told to come back.
const WAITING_MAX: usize = 256;

/// Passes over the memory; OWASP Password Storage Cheat Sheet, argon2id.
const PASSES: u32 = 2;

/// More hashings wait than the server can do soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many people log in at once")]
pub struct PasswordBusy;

/// What became of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    /// An outdated hash should be replaced by one of [`Passwords::hash`].
    Right {
        is_outdated: bool,
    },
}

/// Hashes and verifies, off the async threads and only a few at a time, so that logins starve nobody.
pub struct Passwords {
    params: Params,
    /// What a password for an unknown name is compared with, so that it takes as long.
    nobodys_hash: PasswordHash,
    hashers: Hashers,
    waiting: AtomicUsize,
}

impl Passwords {
    /// `memory_kib` per hash, 8 or more.
    pub fn new(memory_kib: u32) -> Passwords {
        let params =
            Params::new(memory_kib, PASSES, 1, None).expect("the configuration checked it");
        // Half of the cores stay free for everybody who is in already.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let nobodys_hash = argon2id(&params, b"nobody's");
        let hashers = Hashers::start((cores / 2).max(1));
        Passwords { params, nobodys_hash, hashers, waiting: AtomicUsize::new(0) }
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, PasswordBusy> {
        let params = self.params.clone();
        self.in_turn(move || argon2id(&params, password.as_bytes())).await
    }

    /// Compares; without a hash (an unknown name) it takes as long and is wrong.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verdict, PasswordBusy> {
        let params = self.params.clone();
        let is_somebodys = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys_hash.clone());
        let verdict = self.in_turn(move || verify(&params, password.as_bytes(), &hash.0)).await?;
        Ok(if is_somebodys { verdict } else { Verdict::Wrong })
    }

    /// A place in the queue for whatever comes before a password is looked at.
    pub(super) fn wait(&self) -> Result<Waiting<'_>, PasswordBusy> {
        Waiting::new(&self.waiting)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordBusy> {
        let _waiting = Waiting::new(&self.waiting)?;
        self.hashers.run(work).await
    }
}

/// One in the queue, until dropped.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn new(count: &AtomicUsize) -> Result<Waiting<'_>, PasswordBusy> {
        if count.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            return Ok(Waiting(count));
        }
        count.fetch_sub(1, Ordering::Relaxed);
        Err(PasswordBusy)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2id(params: &Params, password: &[u8]) -> PasswordHash {
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt).expect("the operating system has randomness");
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_with_salt(password, &salt)
        .expect("a password of at most 1024 characters and a salt of 16 bytes can be hashed");
    PasswordHash(hash.to_string())
}

fn verify(params: &Params, password: &[u8], hash: &str) -> Verdict {
    if !hash.starts_with("$argon2") {
        let is_right = werkzeug::verify(password, hash);
        return if is_right { Verdict::Right { is_outdated: true } } else { Verdict::Wrong };
    }
    let Ok(parsed) = phc::PasswordHash::new(hash) else { return Verdict::Wrong };
    if Argon2::default().verify_password(password, &parsed).is_err() {
        return Verdict::Wrong;
    }
    let is_current = parsed.algorithm.as_str() == "argon2id"
        && Params::try_from(&parsed)
            .is_ok_and(|used| used.m_cost() >= params.m_cost() && used.t_cost() >= params.t_cost());
    Verdict::Right { is_outdated: !is_current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let passwords = Passwords::new(64);
        let hash = passwords.hash("Correct-horse-1".to_owned()).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash:?}");
        let verify = |password: &str, hash: Option<&PasswordHash>| {
            passwords.verify(password.to_owned(), hash.cloned())
        };
        let right = verify("Correct-horse-1", Some(&hash)).await;
        assert_eq!(right, Ok(Verdict::Right { is_outdated: false }));
        assert_eq!(verify("correct-horse-1", Some(&hash)).await, Ok(Verdict::Wrong));
        assert_eq!(verify("nobody's", None).await, Ok(Verdict::Wrong), "an unknown name");
    }

    #[tokio::test]
    async fn a_weaker_hash_is_outdated() {
        let weak = Passwords::new(64).hash("Correct-horse-1".to_owned()).await.unwrap();
        let verdict = Passwords::new(128).verify("Correct-horse-1".to_owned(), Some(weak)).await;
        assert_eq!(verdict, Ok(Verdict::Right { is_outdated: true }));
    }

    #[tokio::test]
    async fn two_hundred_and_fifty_six_wait_to_be_hashed_and_no_more() {
        let passwords = Passwords::new(64);
        let password = || "Correct-horse-1".to_owned();
        let mut waiting = Vec::new();
        for _ in 0..256 {
            waiting.push(passwords.wait().unwrap());
        }
        assert!(passwords.wait().is_err());
        assert_eq!(passwords.hash(password()).await, Err(PasswordBusy));
        assert_eq!(passwords.verify(password(), None).await, Err(PasswordBusy));
        waiting.pop();
        assert!(passwords.hash(password()).await.is_ok(), "who goes makes room for one");
        assert_eq!(passwords.verify(password(), None).await, Ok(Verdict::Wrong));
    }
}
