//! What people say of the agency's services, for its officials: how each is rated, and the comments. Opening the page is what the
//! monitoring counts as "shown to the agency".

use crate::{
    pages::{self, Cell, Table},
    parts::{Mood, Tag},
    shell::{Place, Shell},
    visit::{Paged, Visit, page as paged},
};
use services::view::{AgencyOpinion, Opinion};

/// From this rating on an opinion is a good one.
const GOOD_FROM: i64 = 4;

fn text(words: impl Into<String>) -> Cell {
    Cell { text: words.into(), ..Cell::default() }
}

pub async fn page(visit: Visit) -> Paged {
    let official = visit.official()?;
    let s = visit.at(Place::Opinions);
    let opinions = visit.app.services.agency_opinions(&official).await?;
    let mut totals = Vec::new();
    let cards = visit.app.services.catalogue().cards().iter();
    for card in cards.filter(|card| card.online && card.agency == official.agency) {
        let opinion = visit.app.services.opinion(&card.id).await?;
        totals.push(total(&s, format!("{} {}", card.id, card.title.in_lang(visit.lang)), &opinion));
    }
    let rows = opinions.iter().map(|opinion| line(&visit, &s, opinion)).collect();
    let heads = |words: &[&'static str]| words.iter().map(|word| (*word).to_owned()).collect();
    let tables = vec![
        Table {
            id: "ratings",
            title: s.t("opinions.ratings").into(),
            heads: heads(&[s.t("cases.service"), s.t("opinions.count"), s.t("opinions.mean")]),
            rows: totals,
        },
        Table {
            id: "comments",
            title: s.t("opinions.comments").into(),
            heads: heads(&[
                s.t("payments.when"),
                s.t("cases.service"),
                s.t("feedback.rating"),
                s.t("feedback.comment"),
                s.t("opinions.state"),
            ]),
            rows,
        },
    ];
    paged(&pages::Opinions { tables, s })
}

/// The mean to one decimal, in whole numbers: half a tenth is rounded up.
fn mean(counts: &[i64; 5]) -> Option<String> {
    let number: i64 = counts.iter().sum();
    let sum: i64 = counts.iter().zip(1..).map(|(count, rating)| count * rating).sum();
    (number > 0).then(|| {
        let tenths = (sum * 20 + number) / (number * 2);
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

fn total(s: &Shell, service: String, opinion: &Opinion) -> Vec<Cell> {
    let mean = mean(&opinion.counts).unwrap_or_else(|| "–".to_owned());
    vec![text(service), text(s.count(opinion.counts.iter().sum())), text(mean)]
}

fn line(visit: &Visit, s: &Shell, opinion: &AgencyOpinion) -> Vec<Cell> {
    let card = visit.app.services.catalogue().card(&opinion.service);
    let title = card.map(|card| card.title.in_lang(visit.lang)).unwrap_or_default();
    let mood = if opinion.rating >= GOOD_FROM { Mood::Good } else { Mood::Warn };
    let tag = |mood, words: String| Cell { tag: Some(Tag::new(mood, words)), ..Cell::default() };
    vec![
        text(s.moment(opinion.at)),
        text(format!("{} {title}", opinion.service)),
        tag(mood, format!("{} / 5", opinion.rating)),
        text(if opinion.comment.is_empty() { "–" } else { &opinion.comment }),
        if opinion.fresh { tag(Mood::Info, s.t("opinions.new").to_owned()) } else { text(s.t("opinions.seen")) },
    ]
}

#[cfg(test)]
mod tests {
    use super::mean;

    #[test]
    fn means_have_one_decimal() {
        for (counts, expected) in [
            ([0, 0, 0, 0, 0], None),
            ([0, 0, 0, 0, 3], Some("5.0")),
            ([1, 0, 0, 0, 1], Some("3.0")),
            ([0, 0, 1, 2, 0], Some("3.7")),
            ([0, 0, 0, 19, 1], Some("4.1")),
        ] {
            assert_eq!(mean(&counts).as_deref(), expected, "{counts:?}");
        }
    }
}
