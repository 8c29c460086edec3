//! The words of the card and phone pages in three languages, as types.

use crate::refusal::Refusal;
use base::Lang;
use std::sync::OnceLock;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub title: String,
    pub text: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusals {
    unreadable: Said,
    foreign_origin: Said,
    unknown: Said,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub brand: String,
    pub tagline: String,
    pub skip: String,
    pub languages: String,
    pub error_prefix: String,
    pub warning_title: String,
    pub warning_card: String,
    pub warning_phone: String,
    pub foot: String,
    pub card_login: String,
    pub card_certificate: String,
    pub card_sign: String,
    pub card_asks: String,
    pub card_login_what: String,
    pub card_certificate_what: String,
    pub card_sign_what: String,
    pub digest: String,
    pub whose: String,
    pub pin1: String,
    pub pin2: String,
    pub pin1_hint: String,
    pub pin2_hint: String,
    pub card_login_button: String,
    pub card_certificate_button: String,
    pub card_sign_button: String,
    pub wrong_title: String,
    pub wrong_text: String,
    pub blocked_title: String,
    pub blocked_text: String,
    pub unblock: String,
    pub done_title: String,
    pub done_login: String,
    pub done_certificate: String,
    pub done_sign: String,
    pub done_button: String,
    pub done_where: String,
    pub phones_title: String,
    pub phones_waiting: String,
    pub phone_title: String,
    pub phone_none: String,
    pub phone_refresh: String,
    pub phone_check: String,
    pub phone_asks: String,
    pub phone_login: String,
    pub phone_sign: String,
    pub phone_code: String,
    pub phone_compare: String,
    pub phone_confirm: String,
    pub phone_decline: String,
    pub phone_blocked: String,
    pub phone_unblock: String,
    pub phone_pin1_hint: String,
    pub phone_pin2_hint: String,
    pub phones_back: String,
    pub fault_title: String,
    pub fault_text: String,
    refusal: Refusals,
}

impl Texts {
    pub fn of(lang: Lang) -> &'static Texts {
        static TEXTS: OnceLock<[Texts; 3]> = OnceLock::new();
        let texts = TEXTS.get_or_init(|| {
            [
                include_str!("../texts/devices/az.toml"),
                include_str!("../texts/devices/en.toml"),
                include_str!("../texts/devices/ru.toml"),
            ]
            .map(|file| toml::from_str(file).expect("the files are part of the program and a test loads them"))
        });
        match lang {
            Lang::Az => &texts[0],
            Lang::En => &texts[1],
            Lang::Ru => &texts[2],
        }
    }

    pub fn refusal(&self, refusal: Refusal) -> &Said {
        match refusal {
            Refusal::Unreadable => &self.refusal.unreadable,
            Refusal::ForeignOrigin => &self.refusal.foreign_origin,
            Refusal::Unknown => &self.refusal.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Refusal as _;

    #[test]
    fn every_language_has_every_word_and_every_refusal() {
        for lang in Lang::ALL {
            for refusal in Refusal::ALL {
                let said = Texts::of(lang).refusal(refusal);
                assert!(!said.title.trim().is_empty() && !said.text.trim().is_empty(), "{lang} {}", refusal.code());
            }
        }
    }
}
