//! Folding of letters for search: what a person types on any keyboard finds what is written in any of the languages.
//! Never used to compare identities.

/// Lower-case letters without diacritics, Azerbaijani dotted and dotless i as one, anything else as single spaces.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            'ə' | 'Ə' => folded.push('e'),
            'ı' | 'I' | 'İ' => folded.push('i'),
            'ğ' | 'Ğ' => folded.push('g'),
            'ş' | 'Ş' => folded.push('s'),
            'ç' | 'Ç' => folded.push('c'),
            'ö' | 'Ö' => folded.push('o'),
            'ü' | 'Ü' => folded.push('u'),
            'ё' | 'Ё' => folded.push('е'),
            _ if letter.is_alphanumeric() => folded.extend(letter.to_lowercase()),
            _ if folded.ends_with(' ') || folded.is_empty() => {}
            _ => folded.push(' '),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn ascii_typing_finds_azerbaijani_writing() {
        for (written, typed) in [
            ("İşsizlik müavinəti", "issizlik muavineti"),
            ("Tikintiyə icazə — ŞƏHƏRSALMA", "tikintiye icaze seherSalma"),
            ("ğıdalı ÇÖL", "gidali col"),
        ] {
            assert_eq!(fold(written), fold(typed));
        }
    }

    #[test]
    fn russian_survives_and_spaces_are_single() {
        assert_eq!(fold("  Учёт,  ПОСОБИЙ! "), "учет пособий");
    }
}
