//! Forms of numbers and codes as the country writes them down: `AZE########`. `#` is a digit, `@` a Latin capital,
//! anything else stands for itself.

pub(crate) fn fits(mask: &str, text: &str) -> bool {
    let mut letters = text.chars();
    for place in mask.chars() {
        let Some(letter) = letters.next() else { return false };
        let right = match place {
            '#' => letter.is_ascii_digit(),
            '@' => letter.is_ascii_uppercase(),
            fixed => letter == fixed,
        };
        if !right {
            return false;
        }
    }
    letters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn masks_are_exact() {
        for (mask, text, right) in [
            ("AZE########", "AZE12345678", true),
            ("AZE########", "AZE1234567", false),
            ("AZE########", "AZE123456789", false),
            ("AA#######", "AB1234567", false),
            ("@@#", "QX7", true),
            ("@@#", "qX7", false),
            ("", "", true),
        ] {
            assert_eq!(fits(mask, text), right, "{mask} {text}");
        }
    }
}
