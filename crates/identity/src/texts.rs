//! The words of the log-in pages in three languages, as types: a key that is missing in one language cannot be shown in
//! another, because it does not load.

use crate::Refusal;
use base::Lang;
use std::sync::OnceLock;

/// What a refusal says to a person: what happened, and how to go on.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub title: String,
    pub text: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusals {
    unknown_client: Said,
    foreign_redirect: Said,
    attempt_over: Said,
    form_expired: Said,
    method_off: Said,
    too_many_attempts: Said,
    challenge_over: Said,
    card_not_accepted: Said,
    phone_unreadable: Said,
    phone_not_confirmed: Said,
    no_mandate: Said,
    no_office: Said,
    no_such_page: Said,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub skip: String,
    pub languages: String,
    pub tagline: String,
    pub foot: String,
    pub error_prefix: String,
    pub login_title: String,
    pub front_text: String,
    pub login_sees: String,
    pub sees_profile: String,
    pub sees_pin: String,
    pub sees_representation: String,
    pub sees_offices: String,
    pub sees_nothing: String,
    pub card_title: String,
    pub card_text: String,
    pub card_button: String,
    pub card_simulator: String,
    pub card_extension: String,
    pub phone_title: String,
    pub phone_text: String,
    pub phone_label: String,
    pub phone_hint: String,
    pub pin_label: String,
    pub pin_hint: String,
    pub phone_button: String,
    pub phone_display: String,
    pub decline: String,
    pub wait_title: String,
    pub wait_code: String,
    pub wait_text: String,
    pub wait_refresh: String,
    pub wait_check: String,
    pub wait_again: String,
    pub wait_simulator: String,
    pub choose_hello: String,
    pub choose_title: String,
    pub choose_text: String,
    pub choose_myself: String,
    pub choose_company: String,
    pub basis_director: String,
    pub basis_mandate: String,
    pub choose_silent: String,
    pub choose_button: String,
    pub logout_title: String,
    pub logout_text: String,
    pub logout_button: String,
    pub logged_out_title: String,
    pub logged_out_text: String,
    pub fault_title: String,
    pub fault_text: String,
    refusal: Refusals,
}

impl Texts {
    pub fn of(lang: Lang) -> &'static Texts {
        static TEXTS: OnceLock<[Texts; 3]> = OnceLock::new();
        let texts = TEXTS.get_or_init(|| {
            [include_str!("../texts/az.toml"), include_str!("../texts/en.toml"), include_str!("../texts/ru.toml")]
                .map(|file| toml::from_str(file).expect("the files are part of the program and a test loads them"))
        });
        match lang {
            Lang::Az => &texts[0],
            Lang::En => &texts[1],
            Lang::Ru => &texts[2],
        }
    }

    pub fn refusal(&self, refusal: Refusal) -> &Said {
        let said = &self.refusal;
        match refusal {
            Refusal::UnknownClient => &said.unknown_client,
            Refusal::ForeignRedirect => &said.foreign_redirect,
            Refusal::AttemptOver => &said.attempt_over,
            Refusal::FormExpired => &said.form_expired,
            Refusal::MethodOff => &said.method_off,
            Refusal::TooManyAttempts => &said.too_many_attempts,
            Refusal::ChallengeOver => &said.challenge_over,
            Refusal::CardNotAccepted => &said.card_not_accepted,
            Refusal::PhoneUnreadable => &said.phone_unreadable,
            Refusal::PhoneNotConfirmed => &said.phone_not_confirmed,
            Refusal::NoMandate => &said.no_mandate,
            Refusal::NoOffice => &said.no_office,
            Refusal::NoSuchPage => &said.no_such_page,
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
            // What a phone's screen can show (UCS-2).
            assert!(Texts::of(lang).phone_display.chars().count() <= 50);
        }
    }

    #[test]
    fn places_are_the_same_in_every_language() {
        let places = |file: &str| -> Vec<String> {
            let lines = file.lines().filter(|line| line.contains(" = "));
            lines
                .flat_map(|line| line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name))
                .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase()))
                .map(str::to_owned)
                .collect()
        };
        let az = places(include_str!("../texts/az.toml"));
        assert!(az.contains(&"client".to_owned()));
        assert_eq!(az, places(include_str!("../texts/en.toml")));
        assert_eq!(az, places(include_str!("../texts/ru.toml")));
    }
}
