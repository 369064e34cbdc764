//! The digests were computed with Python's hashlib, which is what werkzeug calls.

use super::*;

const SALT: &str = "abcdefgh12345678";

const SCRYPT_DEFAULT: &str = "34d71a1602d009eb0d02cdab050e0ab65c52be6cc01c39abe51d5c84ca90f168a6c51b5badc26a8b2a75dc79b846aa35482be28a61f787f21d13558d69fd7e69";
const SCRYPT_1024_4_2: &str = "c2bddb5549c8655e90d4c58b20e92b1cddeeca3ff91e34fe28cb7bb4efd04a7828f939922de22dab9ce7a15848f22791d748411b72916653f9357d09f29a4b69";
const PBKDF2_SHA256: &str = "f59a68a3561fd4a3c34cf709ac8f641fea8f189b83243a46be6a02dd0753197b";
const PBKDF2_SHA1: &str = "e3399bb1e1226c82ff2308231bc2c06381aee2cb";
const PBKDF2_SHA512: &str = "fccffed36812795a05cc682e1f838712c3e013ecbeba74561df83650c0084fde491baa4eca5711d6ecd45acb0f09012cb192359e195f01291594e6f312662b25";

fn opens(method: &str, digest: &str) -> bool {
    verify(b"Correct-horse-1", &format!("{method}${SALT}${digest}"))
}

#[test]
fn the_strings_of_the_original_verify() {
    assert!(opens("scrypt:32768:8:1", SCRYPT_DEFAULT));
    assert!(opens("scrypt", SCRYPT_DEFAULT));
    assert!(opens("scrypt:1024:4:2", SCRYPT_1024_4_2));
    assert!(opens("pbkdf2:sha256:1000", PBKDF2_SHA256));
    assert!(opens("pbkdf2:sha1:1000", PBKDF2_SHA1));
    assert!(opens("pbkdf2:sha512:1000", PBKDF2_SHA512));
}

#[test]
fn everything_else_does_not() {
    assert!(!verify(b"another", &format!("pbkdf2:sha1:1000${SALT}${PBKDF2_SHA1}")));
    assert!(!opens("pbkdf2:sha256:1001", PBKDF2_SHA256));
    assert!(!opens("pbkdf2:md4:1000", PBKDF2_SHA1));
    assert!(!opens("sha256", PBKDF2_SHA256), "plain digests are too weak to be believed");
    assert!(!verify(b"", ""));
    assert!(!verify(b"", "pbkdf2:sha1:1000$only-a-salt"));
}

#[test]
fn a_string_does_not_choose_how_much_it_costs() {
    assert!(!opens("scrypt:1073741824:8:1", SCRYPT_DEFAULT));
    assert!(!opens("scrypt:4294967295:4294967295:1", SCRYPT_DEFAULT));
    assert!(!opens("pbkdf2:sha256:4000000000", PBKDF2_SHA256));
    assert!(!opens("pbkdf2:sha256:0", PBKDF2_SHA256));
}
