//! The password strings of the original, `method$salt$hexdigest` (contract/storage.md, 2.1).

use pbkdf2::pbkdf2_hmac_array;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// Memory that one scrypt may take; an imported string does not get to choose more.
const SCRYPT_BYTES_MAX: u64 = 256 << 20;

/// Rounds that one PBKDF2 may take; ten times the largest that werkzeug ever chose by itself.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;

/// Whether `password` belongs to `hash`; anything that is not understood never verifies.
pub(super) fn verify(password: &[u8], hash: &str) -> bool {
    let mut parts = hash.splitn(3, '$');
    let (Some(method), Some(salt), Some(digest)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let mut arguments = method.split(':');
    let computed = match arguments.next() {
        Some("scrypt") => scrypt_digest(arguments, password, salt.as_bytes()),
        Some("pbkdf2") => pbkdf2_digest(arguments, password, salt.as_bytes()),
        _ => None,
    };
    computed.is_some_and(|computed| hex(&computed).as_bytes().ct_eq(digest.as_bytes()).into())
}

/// `scrypt:N:r:p`; bare `scrypt` means 32768:8:1.
fn scrypt_digest<'a>(
    mut arguments: impl Iterator<Item = &'a str>,
    password: &[u8],
    salt: &[u8],
) -> Option<Vec<u8>> {
    let mut number = |default: u32| arguments.next().map_or(Some(default), |n| n.parse().ok());
    let (n, r, p) = (number(32768)?, number(8)?, number(1)?);
    let bytes = u64::from(n).checked_mul(u64::from(r))?.checked_mul(128)?;
    if !n.is_power_of_two() || n < 2 || r == 0 || !(1..=16).contains(&p) || bytes > SCRYPT_BYTES_MAX
    {
        return None;
    }
    let params = scrypt::Params::new(u8::try_from(n.ilog2()).ok()?, r, p).ok()?;
    let mut digest = vec![0; 64];
    scrypt::scrypt(password, salt, &params, &mut digest).ok()?;
    Some(digest)
}

/// `pbkdf2:hash:rounds`; without a hash SHA-256, without rounds werkzeug 3.1's million.
fn pbkdf2_digest<'a>(
    mut arguments: impl Iterator<Item = &'a str>,
    password: &[u8],
    salt: &[u8],
) -> Option<Vec<u8>> {
    let hash = arguments.next().unwrap_or("sha256");
    let rounds = arguments.next().map_or(Some(1_000_000), |rounds| rounds.parse().ok())?;
    if !(1..=PBKDF2_ROUNDS_MAX).contains(&rounds) {
        return None;
    }
    match hash {
        "sha1" => Some(pbkdf2_hmac_array::<Sha1, 20>(password, salt, rounds).to_vec()),
        "sha224" => Some(pbkdf2_hmac_array::<Sha224, 28>(password, salt, rounds).to_vec()),
        "sha256" => Some(pbkdf2_hmac_array::<Sha256, 32>(password, salt, rounds).to_vec()),
        "sha384" => Some(pbkdf2_hmac_array::<Sha384, 48>(password, salt, rounds).to_vec()),
        "sha512" => Some(pbkdf2_hmac_array::<Sha512, 64>(password, salt, rounds).to_vec()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is below 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
