//! Session tokens: 32 random bytes, of which only the SHA-256 is kept.

use chat::TokenHash;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// A secret that names a session: 43 characters of `[A-Za-z0-9_-]`.
pub struct Token(String);

impl Token {
    /// Makes a new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness: no session could be safe.
    pub fn generate() -> Token {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).expect("the operating system has randomness");
        Token(base64url(&bytes))
    }

    /// The secret, for its owner only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        token_hash(&self.0)
    }
}

/// The stored form of a token that somebody shows.
pub fn token_hash(token: &str) -> TokenHash {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(token.as_bytes()) {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    TokenHash(text)
}

/// RFC 4648, 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_43_url_safe_characters_and_never_the_same() {
        let token = Token::generate();
        assert_eq!(token.as_str().len(), 43);
        assert!(token.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        assert_ne!(token.as_str(), Token::generate().as_str());
    }

    #[test]
    fn the_encodings_are_the_usual_ones() {
        assert_eq!(base64url(b"f"), "Zg", "RFC 4648, 10");
        assert_eq!(base64url(b"foobar"), "Zm9vYmFy", "RFC 4648, 10");
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(token_hash("abc").0, abc, "FIPS 180-4, SHA-256 of abc");
    }
}
