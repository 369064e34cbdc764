//! Passwords that are guessed first, whatever digit and mark stand behind them.
//!
//! A list of words and names that people make passwords of, and the few things they do to them, instead of the first
//! million leaked ones: it fits on a screen, costs no dependency and is linear in what it reads (`zxcvbn` brings two
//! dozen crates and reads long input in more than linear time). What it is not: a measure of strength.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Lower-case, written down for this file.
static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_words.txt").split_whitespace().collect());

/// Characters that are looked at. No longer password is common, unless it repeats a short one, which its start shows.
const CHARS_MAX: usize = 64;

/// What a finger runs along, there and back.
const RUNS: [&str; 9] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// Characters of a run that count as one.
const RUN_CHARS_MIN: usize = 3;

/// Different characters that a password has at least.
const DIFFERENT_MIN: usize = 5;

/// Letters of a word that is known with whatever stands between and around them.
const LONG_MIN: usize = 6;

/// Characters around a shorter word that do not make it better.
const ORNAMENT_MAX: usize = 6;

/// Digits alone are dates and numbers of telephones; from here on they are something else.
const DIGITS_MIN: usize = 16;

/// Whether a password is among the first that somebody would try, for the account called `name`.
pub(super) fn is_common(name: &str, password: &str) -> bool {
    let chars: Vec<char> = password.to_lowercase().chars().take(CHARS_MAX).collect();
    let different: HashSet<char> = chars.iter().copied().collect();
    let is_number = chars.iter().all(char::is_ascii_digit) && chars.len() < DIGITS_MIN;
    let whole = unit(&chars);
    let middle = trimmed(whole);
    different.len() < DIFFERENT_MIN
        || is_number
        || is_run(whole)
        || [letters(middle), unmasked(middle)].iter().any(|word| {
            let is_bare = middle.len() == word.chars().count();
            is_known(name, word, is_bare && whole.len() <= middle.len() + ORNAMENT_MAX)
        })
        || [letters(whole), unmasked(whole)].iter().any(|word| is_known(name, word, false))
}

/// Whether it is a word of the list, the account's own name or the product's. A short word is worth nothing only where it
/// stands by itself.
fn is_known(name: &str, word: &str, is_bare: bool) -> bool {
    let unit: String = unit(&word.chars().collect::<Vec<_>>()).iter().collect();
    let own: String = name.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    let is_listed = [unit.as_str(), word].iter().any(|word| {
        WORDS.contains(word) || *word == "minimost" || (*word == own && !own.is_empty())
    });
    is_listed && (is_bare || word.len() >= LONG_MIN)
}

/// The shortest piece that, said again and again, is the whole; the last time it may break off.
fn unit(chars: &[char]) -> &[char] {
    // For each start, how much of it is also the end (Knuth, Morris, Pratt): what is left over repeats.
    let mut ends = vec![0; chars.len()];
    let mut matched = 0;
    for at in 1..chars.len() {
        while matched > 0 && chars[at] != chars[matched] {
            matched = ends[matched - 1];
        }
        if chars[at] == chars[matched] {
            matched += 1;
        }
        ends[at] = matched;
    }
    let repeats = ends.last().copied().unwrap_or_default();
    let period = chars.len() - repeats;
    if repeats >= period { &chars[..period] } else { chars }
}

/// Without what stands before the first and behind the last letter.
fn trimmed(chars: &[char]) -> &[char] {
    let is_letter = |c: &char| c.is_alphabetic();
    let start = chars.iter().position(is_letter).unwrap_or(chars.len());
    let end = chars.iter().rposition(is_letter).map_or(start, |last| last + 1);
    &chars[start..end]
}

fn letters(chars: &[char]) -> String {
    chars.iter().filter(|c| c.is_alphabetic()).collect()
}

/// The letters that digits and marks stand for.
fn unmasked(chars: &[char]) -> String {
    let letter = |c: &char| match c {
        '0' => Some('o'),
        '1' | '!' | '|' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' | '+' => Some('t'),
        '8' => Some('b'),
        c => c.is_alphabetic().then_some(*c),
    };
    chars.iter().filter_map(letter).collect()
}

/// Whether it is made of nothing but runs.
fn is_run(chars: &[char]) -> bool {
    let mut at = 0;
    while at < chars.len() {
        let longest = RUNS.iter().map(|run| along(run, &chars[at..])).max().unwrap_or_default();
        let is_rest = at > 0 && chars.len() - at < RUN_CHARS_MIN;
        if longest < RUN_CHARS_MIN && !is_rest {
            return false;
        }
        at += longest.max(1);
    }
    true
}

/// How many characters follow this run from where it has the first of them, there or back.
fn along(run: &str, chars: &[char]) -> usize {
    let there: Vec<char> = run.chars().collect();
    let back: Vec<char> = run.chars().rev().collect();
    let follows = |run: &[char]| {
        let starts = run.iter().enumerate().filter(|(_, c)| Some(*c) == chars.first());
        let along = |(at, _)| run[at..].iter().zip(chars).take_while(|(a, b)| a == b).count();
        starts.map(along).max().unwrap_or_default()
    };
    follows(&there).max(follows(&back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_common() {
        for password in [
            "password",
            "Password1!",
            "P@ssw0rd",
            "p4$$w0rd2024",
            "12345678",
            "123456789",
            "qwertyui",
            "Qwerty123!",
            "1qaz2wsx",
            "1q2w3e4r5t",
            "abcdefgh",
            "87654321",
            "aaaaaaaa",
            "abababab",
            "letmein1",
            "iloveyou",
            "Sunshine#1",
            "Football2023",
            "Welcome123",
            "Summer2024!",
            "passwordpassword",
            "Admin123!",
            "pass-word-1",
            "trustno1!",
            "19851231",
            "qazwsxedc",
            "dragonDRAGON",
            "zaq12wsx",
            "asdfghjkl;",
            "michael1",
            "00000000",
            "abc12345",
            "Ch0c0late!",
        ] {
            assert!(is_common("bob", password), "{password}");
        }
        assert!(is_common("Rumpelstilz", "rumpelstilz2024"), "one's own name");
        assert!(is_common("bob", "MiniMost1!"), "the name of what it opens");
    }

    #[test]
    fn what_takes_longer_to_guess_is_not() {
        for password in [
            "Correct-horse-1",
            "correct horse battery staple tango",
            "Battery-staple-2",
            "New-horse-2",
            "Another-horse-2",
            "kv7$wqmz",
            "thirsty otters paint fences",
            "3141592653589793",
            "Rumpelstilz1",
            "wine and blue monday",
            "ein Pferd frisst keinen Gurkensalat",
            "\u{5bc6}\u{7801}\u{5f88}\u{96be}\u{731c}",
        ] {
            assert!(!is_common("bob", password), "{password}");
        }
    }

    #[test]
    fn the_longest_and_worst_is_read_to_a_limit() {
        for piece in ["a", "ab", "abcdefgh", "\u{1f600}", "qwertyuio"] {
            let worst = piece.repeat(100_000);
            assert!(is_common("bob", &worst), "{piece:?}");
        }
        assert!(is_common("bob", &"Password1!".repeat(100)), "again and again");
    }
}
