//! What every page needs to know about its visit: the language, the person, the token of its forms, the place in the
//! menu; and how dates, times and addresses are written in that language.

use crate::{
    parts::{Empty, Mood, Note},
    texts::Words,
};
use base::{Date, Lang, Timestamp};
use jiff::tz::TimeZone;

/// Where in the menu a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    #[default]
    Elsewhere,
    Services,
    Cases,
    Payments,
    Inbox,
    Safe,
    MyData,
    Profile,
    Verify,
    Score,
    Queue,
    Corrections,
    Opinions,
    Counters,
    Operator,
}

/// The person in whose name a page is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub name: String,
    /// The company acted for, by name, when it is not the person itself.
    pub acting_for: Option<String>,
    pub official: bool,
    pub operator: bool,
}

#[derive(Debug, Clone)]
pub struct Shell {
    pub lang: Lang,
    pub place: Place,
    pub office: bool,
    /// Path without the language, with its query: what the language switch keeps.
    pub path: String,
    pub who: Option<Who>,
    /// Unread messages in the inbox.
    pub unread: u64,
    /// Token that every form of this visit carries.
    pub token: String,
    /// The page shows an error: its title says so first, for people who hear it.
    pub failed: bool,
    /// Seconds after which the page asks again by itself; only for waiting pages, which also have a button.
    pub refresh_s: Option<u32>,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub style: &'static str,
}

impl Shell {
    pub fn t(&self, key: &str) -> &'static str {
        Words::of(self.lang).text(key)
    }

    pub fn f(&self, key: &str, values: &[(&str, &str)]) -> String {
        Words::of(self.lang).fill(key, values)
    }

    /// An address of this portal in the page's language.
    pub fn url(&self, path: &str) -> String {
        format!("/{}{path}", self.lang)
    }

    /// Where a log-in begins that comes back to this page.
    pub fn sign_in(&self) -> String {
        self.url(&format!("/signin?next={}", encode(&self.path)))
    }

    pub fn in_lang(&self, lang: &Lang) -> String {
        format!("/{lang}{}", self.path)
    }

    pub fn langs(&self) -> [(Lang, &'static str); 3] {
        [(Lang::Az, "Azərbaycanca"), (Lang::En, "English"), (Lang::Ru, "Русский")]
    }

    pub fn has_menu(&self) -> bool {
        !self.menu().is_empty()
    }

    /// Address, key of its words and place of every entry that this person may open.
    pub fn menu(&self) -> Vec<(&'static str, &'static str, Place)> {
        let citizen = [
            ("/services", "nav.services", Place::Services),
            ("/cases", "nav.cases", Place::Cases),
            ("/inbox", "nav.inbox", Place::Inbox),
            ("/safe", "nav.safe", Place::Safe),
            ("/payments", "nav.payments", Place::Payments),
            ("/data", "nav.data", Place::MyData),
        ];
        let public = [
            ("/services", "nav.services", Place::Services),
            ("/verify", "nav.verify", Place::Verify),
            ("/scores", "nav.scores", Place::Score),
        ];
        match (&self.who, self.office) {
            (Some(_), false) => citizen.to_vec(),
            (None, false) => public.to_vec(),
            (Some(who), true) => [
                who.official.then_some(("/", "nav.queue", Place::Queue)),
                (who.official || who.operator).then_some(("/corrections", "nav.corrections", Place::Corrections)),
                who.official.then_some(("/opinions", "nav.opinions", Place::Opinions)),
                who.official.then_some(("/counters", "nav.counters", Place::Counters)),
                who.operator.then_some(("/operator", "nav.operator", Place::Operator)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            (None, true) => Vec::new(),
        }
    }

    pub fn empty(&self, title: &str, text: &str) -> Empty {
        Empty { title: self.t(title).to_owned(), text: self.t(text).to_owned(), link: None }
    }

    pub fn empty_to(&self, title: &str, text: &str, path: &str, words: &str) -> Empty {
        Empty { link: Some((self.url(path), self.t(words).to_owned())), ..self.empty(title, text) }
    }

    pub fn note(&self, mood: Mood, title: &str, text: &str) -> Note {
        Note { mood, title: self.t(title).to_owned(), text: self.t(text).to_owned(), link: None }
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// "23 noyabr 2026".
    pub fn day(&self, day: Date) -> String {
        let months = self.t("date.months");
        let month = months.split(' ').nth(usize::from(day.month().unsigned_abs()) - 1).unwrap_or("?");
        format!("{}\u{a0}{month} {}", day.day(), day.year())
    }

    /// "november 2026" of "2026-11"; what is not such a month is shown as it came.
    pub fn month(&self, month: &str) -> String {
        let number = |text: &str, digits: usize| {
            let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            right.then(|| text.parse::<usize>().ok()).flatten()
        };
        let parsed = month.split_once('-');
        let parsed = parsed.and_then(|(year, month)| number(year, 4).and(Some((year, number(month, 2)?))));
        let names = self.t("date.months_alone");
        match parsed.and_then(|(year, number)| Some((year, names.split(' ').nth(number.checked_sub(1)?)?))) {
            Some((year, name)) => format!("{name} {year}"),
            None => month.to_owned(),
        }
    }

    /// "bu gün 14:02", else "23 noyabr 2026, 14:02".
    pub fn moment(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
        if zoned.date() == self.today() {
            return self.f("date.today_at", &[("time", &time)]);
        }
        format!("{}, {time}", self.day(zoned.date()))
    }

    /// Exact to the second, for records that others must be able to compare: "23.11.2026 14:02:09".
    pub fn second(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let (date, time) = (zoned.date(), zoned.time());
        format!(
            "{:02}.{:02}.{} {:02}:{:02}:{:02}",
            date.day(),
            date.month(),
            date.year(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    pub fn today(&self) -> Date {
        self.date_of(self.now)
    }

    pub fn date_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// A whole number with the language's groups: "1 100".
    pub fn count(&self, number: i64) -> String {
        let gap = if self.lang == Lang::En { ',' } else { '\u{a0}' };
        let digits = number.unsigned_abs().to_string();
        let mut text = String::from(if number < 0 { "\u{2212}" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(gap);
            }
            text.push(digit);
        }
        text
    }
}

/// Everything but the unreserved characters of RFC 3986 §2.3 as %XX, for a value in an address's query.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
pub(crate) fn sample(lang: Lang) -> Shell {
    Shell {
        lang,
        place: Place::Elsewhere,
        office: false,
        path: "/sample".into(),
        who: None,
        unread: 0,
        token: "0123456789abcdef".into(),
        failed: false,
        refresh_s: None,
        now: "2026-11-23T10:02:00Z".parse().expect("a timestamp"),
        zone: TimeZone::fixed(jiff::tz::offset(4)),
        style: "/assets/pencere.css",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_language() {
        let late = "2026-11-22T21:30:00Z".parse().expect("a timestamp");
        assert_eq!(sample(Lang::Az).moment(late), "bu gün 01:30");
        let early = "2026-03-05T05:04:09Z".parse().expect("a timestamp");
        assert_eq!(sample(Lang::Az).moment(early), "5\u{a0}mart 2026, 09:04");
        assert_eq!(sample(Lang::Ru).moment(early), "5\u{a0}марта 2026, 09:04");
        assert_eq!(sample(Lang::En).second(early), "05.03.2026 09:04:09");
        assert_eq!(sample(Lang::Ru).month("2026-10"), "октябрь 2026");
        for other in ["soon", "2026-13", "2026-00", "12-05", "2026-5", "2026-10-05", "+026-10"] {
            assert_eq!(sample(Lang::Ru).month(other), other);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(sample(Lang::Az).count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(sample(Lang::En).count(-1100), "\u{2212}1,100");
        assert_eq!(sample(Lang::En).count(449), "449");
    }
}
