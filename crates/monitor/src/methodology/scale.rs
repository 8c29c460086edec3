//! Bands of points and tiers of maturity: what a number is called. Bands begin at 1 in the method; a score of 0 belongs to
//! the lowest band (reading `zero_undefined`).

use base::Localized;
use serde::Deserialize;

/// Points out of a maximum, cut into bands without gap or overlap.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    pub maximum: u32,
    pub band: Vec<Band>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    pub code: String,
    pub from: u32,
    pub to: u32,
    pub name: Localized,
}

/// A maturity model: levels 0 to `tiers`, each a band of whole percents of the applicable questions answered well.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub tiers: u32,
    pub level: Vec<Level>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub code: String,
    pub level: u32,
    pub percent_from: u32,
    pub percent_to: u32,
    pub name: Localized,
    pub meaning: Localized,
}

impl Scale {
    /// The band of `points`; `None` above the maximum.
    pub fn band(&self, points: u32) -> Option<&Band> {
        if points == 0 {
            return self.band.first();
        }
        self.band.iter().find(|band| (band.from..=band.to).contains(&points))
    }

    pub(super) fn problem(&self) -> Option<String> {
        covers(self.band.iter().map(|band| (band.from, band.to)), self.maximum)
    }
}

impl Model {
    pub fn level(&self, level: u32) -> Option<&Level> {
        self.level.iter().find(|candidate| candidate.level == level)
    }

    /// The level of a whole percent.
    pub fn level_of_percent(&self, percent: u32) -> Option<&Level> {
        if percent == 0 {
            return self.level.first();
        }
        self.level.iter().find(|level| (level.percent_from..=level.percent_to).contains(&percent))
    }

    pub(super) fn problem(&self) -> Option<String> {
        let counted = self.level.iter().zip(0..).all(|(level, expected)| level.level == expected);
        if !counted || self.level.len() != self.tiers as usize + 1 {
            return Some(format!("levels of the model of {} tiers are not 0 to {}", self.tiers, self.tiers));
        }
        covers(self.level.iter().map(|level| (level.percent_from, level.percent_to)), 100)
    }
}

/// Bands must run from 1 to the maximum without a gap or an overlap.
fn covers(bands: impl Iterator<Item = (u32, u32)>, maximum: u32) -> Option<String> {
    let mut next = 1;
    for (from, to) in bands {
        if from != next || to < from {
            return Some(format!("band {from} to {to} does not begin at {next}"));
        }
        next = to + 1;
    }
    (next != maximum + 1).then(|| format!("bands end at {} and not at {maximum}", next - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Localized {
        Localized { az: "a".into(), en: "a".into(), ru: "a".into() }
    }

    fn scale(bands: &[(u32, u32)], maximum: u32) -> Scale {
        let band = |&(from, to)| Band { code: format!("{from}"), from, to, name: name() };
        Scale { maximum, band: bands.iter().map(band).collect() }
    }

    #[test]
    fn bands_answer_at_their_edges_and_zero_is_in_the_lowest() {
        let scale = scale(&[(1, 4), (5, 7), (8, 10)], 10);
        assert_eq!(scale.problem(), None);
        let expected = [(0, "1"), (1, "1"), (4, "1"), (5, "5"), (7, "5"), (8, "8"), (10, "8")];
        for (points, code) in expected {
            assert_eq!(scale.band(points).map(|band| band.code.as_str()), Some(code), "{points}");
        }
        assert!(scale.band(11).is_none());
    }

    #[test]
    fn gaps_overlaps_and_short_scales_are_problems() {
        for bands in [&[(1, 4), (6, 10)][..], &[(1, 4), (4, 10)], &[(1, 9)], &[(2, 10)], &[(1, 11)], &[]] {
            assert!(scale(bands, 10).problem().is_some(), "{bands:?}");
        }
    }
}
