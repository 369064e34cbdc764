//! What a search disregards: case and accents. "Nyström" is found by "nystrom", and the other way round.
//!
//! The client asks the same way (`web/src/lib/text/fold.ts`), so one word finds the same in both.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` without case and accents. Linear; ASCII, which most text is, costs one copy.
pub(super) fn search_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    let lower = letters.flat_map(char::to_lowercase).filter(|letter| !is_combining_mark(*letter));
    lower.fold(String::with_capacity(text.len()), |mut key, letter| {
        match plain(letter) {
            Some(letters) => key.push_str(letters),
            None => key.push(letter),
        }
        key
    })
}

/// Letters that Unicode does not take apart.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_are_no_difference() {
        for (text, key) in [
            ("Nyström", "nystrom"),
            ("INÊS", "ines"),
            ("Straße", "strasse"),
            ("Þór Łukasz", "thor lukasz"),
            ("İstanbul", "istanbul"),
            ("فَرح", "فرح"),
            ("日本", "日本"),
            ("ﬁsh №", "fish no"),
        ] {
            assert_eq!(search_key(text), key);
        }
    }

    #[test]
    fn ten_thousand_hostile_letters_become_no_more_than_eighteen_each() {
        // U+FDFA is the one that Unicode takes apart into the most: eighteen.
        for hostile in ["\u{fdfa}", "\u{301}", "İ", "ǅ", "한"] {
            let key = search_key(&hostile.repeat(10_000));
            assert!(key.chars().count() <= 18 * 10_000, "{hostile}");
        }
    }
}
