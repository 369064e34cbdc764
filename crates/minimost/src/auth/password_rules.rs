//! What a password must have (contract/rules.md, 1).

use super::common::is_common;
use crate::config;

/// Characters; a longer one is refused unread, so that nobody makes us hash a novel.
pub const PASSWORD_CHARS_MAX: usize = 1024;

/// The 32 marks of ASCII.
const SPECIAL: &str = "!@#$%^&*()_+-=[]{};':\"\\|,.<>/?`~";

/// Every rule that a `password` of `name` breaks, in words.
pub(super) fn broken(rules: &config::Auth, name: &str, password: &str) -> Vec<String> {
    let chars = password.chars().count();
    let has = |wanted: fn(char) -> bool| password.chars().any(wanted);
    let mut broken = Vec::new();
    if chars < rules.password_chars_min {
        broken.push(format!("needs at least {} characters", rules.password_chars_min));
    }
    if chars > PASSWORD_CHARS_MAX {
        broken.push(format!("has at most {PASSWORD_CHARS_MAX} characters"));
    }
    if is_common(name, password) {
        broken.push("is one of those that are guessed first".to_owned());
    }
    if rules.password_needs_digit && !has(char::is_numeric) {
        broken.push("needs a digit".to_owned());
    }
    if rules.password_needs_upper && !has(|c| c.is_ascii_uppercase()) {
        broken.push("needs an upper-case letter A to Z".to_owned());
    }
    if rules.password_needs_special && !has(|c| SPECIAL.contains(c)) {
        broken.push("needs a special character such as ! # - _ .".to_owned());
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_rule_is_named() {
        let mut rules = config::Auth::default();
        assert_eq!(broken(&rules, "alice", "correct horses"), Vec::<String>::new());
        assert_eq!(broken(&rules, "alice", "short").len(), 1);
        assert_eq!(broken(&rules, "alice", "Password1!").len(), 1, "it is guessed first");
        let long = "kv7$wqmz".repeat(129);
        assert_eq!(broken(&rules, "alice", &long).len(), 1, "1032 characters are too many");
        rules.password_needs_digit = true;
        rules.password_needs_upper = true;
        rules.password_needs_special = true;
        assert_eq!(broken(&rules, "alice", "Correct-horse-1"), Vec::<String>::new());
        assert_eq!(broken(&rules, "alice", "short").len(), 4);
        assert_eq!(SPECIAL.chars().count(), 32);
    }
}
