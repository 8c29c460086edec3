//! Reads the country's service folders and says everything that is wrong with them at once, file by file.

use super::{
    Catalogue,
    card::{Agency, Audience, Card, FeeCard, Grade, Group, Period, Report},
    check,
    definition::{Amount, Definition, DocumentWords},
    search::Index,
};
use crate::calendar::Calendar;
use base::Localized;
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file of a country is small; a larger one is a mistake.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// More folders than this are not read.
const SERVICES_MAX: usize = 2_000;

/// What is wrong, and in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.file.display(), self.what)
    }
}

/// `services/catalogue.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    announced: i64,
    reference_prefix: String,
    receipt_prefix: String,
    #[serde(rename = "agency")]
    agencies: Vec<Agency>,
    #[serde(rename = "group")]
    groups: Vec<Group>,
    /// Recommendations that the report makes to many services, by code.
    recommendation: BTreeMap<String, Localized>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeesFile {
    #[serde(rename = "amount")]
    amounts: Vec<Amount>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Recommendation {
    Code(String),
    Words(Localized),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportFile {
    maturity: Grade,
    participation: Grade,
    transparency: Grade,
    in_portal: String,
    recommendations: Vec<Recommendation>,
}

/// `services/<id>/service.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardFile {
    schema: i64,
    id: String,
    version: String,
    title: Localized,
    summary: Localized,
    keywords: Localized,
    agency: String,
    group: String,
    audience: Audience,
    online: bool,
    report: ReportFile,
    /// Id of an amount in `fees.toml`.
    fee: Option<String>,
    period: Option<Period>,
    who: Option<Localized>,
    result: Option<Localized>,
    #[serde(default)]
    you_bring: Vec<Localized>,
    #[serde(default)]
    we_fetch: Vec<Localized>,
    #[serde(default)]
    legal_basis: Vec<Localized>,
    if_late: Option<Localized>,
    #[serde(default)]
    company_only: bool,
    #[serde(default)]
    one_at_a_time: bool,
}

/// Reads `countries/<code>`: `calendar.toml`, `fees.toml` and `services/`. Nothing is returned unless everything is right.
pub fn load(country: &Path) -> Result<Catalogue, Vec<Problem>> {
    let mut reader = Reader { problems: Vec::new() };
    let services = country.join("services");
    let calendar = reader.calendar(&country.join("calendar.toml"));
    let fees: Option<FeesFile> = reader.read(&country.join("fees.toml"));
    let list: Option<CatalogueFile> = reader.read(&services.join("catalogue.toml"));
    let words: Option<DocumentWords> = reader.read(&services.join("documents.toml"));
    let (Some(calendar), Some(fees), Some(list), Some(words)) = (calendar, fees, list, words) else {
        return Err(reader.problems);
    };
    let amounts: BTreeMap<_, _> = fees.amounts.iter().map(|amount| (amount.id.clone(), amount)).collect();
    let mut cards = Vec::new();
    let mut online = BTreeMap::new();
    for folder in reader.folders(&services) {
        let Some(card) = reader.card(&folder, &list, &amounts) else { continue };
        if card.online
            && let Some(definition) = reader.definition(&folder, &card, &amounts)
        {
            online.insert(card.id.clone(), Arc::new(definition));
        }
        cards.push(card);
    }
    cards.sort_by_key(|card| number(&card.id));
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let index = Index::new(&cards, |card, lang| {
        let agency = list.agencies.iter().find(|agency| agency.code == card.agency);
        agency.map(|agency| agency.name.in_lang(lang).to_owned()).unwrap_or_default()
    });
    Ok(Catalogue {
        cards,
        agencies: list.agencies,
        groups: list.groups,
        announced: list.announced,
        reference_prefix: list.reference_prefix,
        receipt_prefix: list.receipt_prefix,
        index,
        online,
        calendar: Arc::new(calendar),
        words,
    })
}

/// "10.2" comes after "9.1".
fn number(id: &str) -> Vec<u32> {
    id.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, file: &Path, what: impl fmt::Display) {
        self.problems.push(Problem { file: file.to_owned(), what: what.to_string().trim().replace('\n', " ") });
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        let size = std::fs::metadata(file).map(|metadata| metadata.len());
        match size.map(|size| (size <= FILE_BYTES_MAX).then(|| std::fs::read_to_string(file))) {
            Ok(Some(Ok(text))) => return Some(text),
            Ok(Some(Err(error))) | Err(error) => self.problem(file, format!("cannot be read: {error}")),
            Ok(None) => self.problem(file, format!("is larger than {FILE_BYTES_MAX} bytes")),
        }
        None
    }

    fn read<T: DeserializeOwned>(&mut self, file: &Path) -> Option<T> {
        let text = self.text(file)?;
        toml::from_str(&text).map_err(|error| self.problem(file, error)).ok()
    }

    fn calendar(&mut self, file: &Path) -> Option<Calendar> {
        let text = self.text(file)?;
        let parsed = Calendar::parse(&text);
        parsed.map_err(|problems| problems.into_iter().for_each(|what| self.problem(file, what))).ok()
    }

    fn folders(&mut self, services: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(services) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(services, format!("cannot be read: {error}"));
                return Vec::new();
            }
        };
        let mut folders: Vec<_> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_dir()).collect();
        if folders.len() > SERVICES_MAX {
            self.problem(services, format!("holds more than {SERVICES_MAX} services"));
        }
        folders.sort();
        folders
    }

    fn card(&mut self, folder: &Path, list: &CatalogueFile, amounts: &BTreeMap<String, &Amount>) -> Option<Card> {
        let file = folder.join("service.toml");
        let raw: CardFile = self.read(&file)?;
        let fee = raw.fee.as_ref().map(|id| (id, amounts.get(id)));
        if let Some((id, None)) = fee {
            self.problem(&file, format!("the fee {id:?} is not in fees.toml"));
        }
        if raw.schema != 1 {
            self.problem(&file, format!("schema {} is unknown; this version reads 1", raw.schema));
        }
        if folder.file_name().is_none_or(|name| name != raw.id.as_str()) {
            self.problem(&file, format!("the id {:?} is not the folder's name", raw.id));
        }
        if !list.agencies.iter().any(|agency| agency.code == raw.agency) {
            self.problem(&file, format!("the agency {:?} is not in catalogue.toml", raw.agency));
        }
        if !list.groups.iter().any(|group| group.id == raw.group) {
            self.problem(&file, format!("the group {:?} is not in catalogue.toml", raw.group));
        }
        let mut recommendations = Vec::new();
        for recommendation in raw.report.recommendations {
            match recommendation {
                Recommendation::Words(words) => recommendations.push(words),
                Recommendation::Code(code) => match list.recommendation.get(&code) {
                    Some(words) => recommendations.push(words.clone()),
                    None => self.problem(&file, format!("the recommendation {code:?} is not in catalogue.toml")),
                },
            }
        }
        let card = Card {
            id: raw.id,
            version: raw.version,
            title: raw.title,
            summary: raw.summary,
            keywords: raw.keywords,
            agency: raw.agency,
            group: raw.group,
            audience: raw.audience,
            online: raw.online,
            report: Report {
                maturity: raw.report.maturity,
                participation: raw.report.participation,
                transparency: raw.report.transparency,
                in_portal: raw.report.in_portal,
                recommendations,
            },
            fee: fee.and_then(|(_, amount)| {
                amount.map(|amount| FeeCard {
                    id: amount.id.clone(),
                    amount: amount.qepik,
                    title: amount.title.clone(),
                })
            }),
            period: raw.period,
            who: raw.who,
            result: raw.result,
            you_bring: raw.you_bring,
            we_fetch: raw.we_fetch,
            legal_basis: raw.legal_basis,
            if_late: raw.if_late,
            company_only: raw.company_only,
            one_at_a_time: raw.one_at_a_time,
        };
        check::card(&card).into_iter().for_each(|what| self.problem(&file, what));
        Some(card)
    }

    fn definition(&mut self, folder: &Path, card: &Card, amounts: &BTreeMap<String, &Amount>) -> Option<Definition> {
        let form = self.read(&folder.join("form.toml"));
        let evidence = self.read(&folder.join("evidence.toml"));
        let decision = self.read(&folder.join("decision.toml"));
        let mut definition = Definition {
            card: card.clone(),
            form: form?,
            evidence: evidence?,
            decision: decision?,
            rules: BTreeMap::new(),
            amounts: amounts.iter().map(|(id, amount)| (id.clone(), amount.qepik)).collect(),
        };
        for (file, what) in check::definition(&mut definition) {
            self.problem(&folder.join(file), what);
        }
        Some(definition)
    }
}
