//! The whole population, and its form as records: named parts (`people`, `companies` …) of drafts with named fields.

use super::demo::{DemoPerson, Sex};
use super::draw;
use super::lists::Lists;
use super::person::{Person, draw_address, draw_person, fixed_address, fixed_person};
use super::work::{Insured, draw_insured, fixed_employment, fixed_pension};
use base::{Date, Fault, SeededChance};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A record to be: its fields as JSON texts, under the names that schemas use.
#[derive(Debug, Clone)]
pub struct Draft {
    pub key: String,
    pub valid_from: Date,
    pub fields: Vec<(&'static str, String)>,
}

/// Generated parts by name: `people`, `companies`, `sole-traders`, `representations`, `insured`.
#[derive(Debug)]
pub struct Population {
    pub parts: BTreeMap<&'static str, Vec<Draft>>,
}

#[derive(Debug, Clone)]
pub(super) struct Company {
    pub tin: String,
    name: String,
    legal_form: String,
    registered_on: Date,
    address: String,
    director: String,
}

struct SoleTrader {
    pin: String,
    tin: String,
    since: Date,
    activity: String,
}

/// `count` people as they live on the day `today`; the fixed demo people are among them.
pub fn generate(lists: &Lists, count: usize, today: Date) -> Result<Population, Fault> {
    let chance = SeededChance::new(lists.demo.seed);
    let fixed = &lists.demo.people;
    let mut taken: BTreeSet<String> = fixed.iter().map(|person| person.pin.as_str().to_owned()).collect();
    let mut people = Vec::with_capacity(count.max(fixed.len()));
    for person in fixed {
        people
            .push(fixed_person(lists, person, today).ok_or_else(|| incoherent(person, "lives in a place of no list"))?);
    }
    while people.len() < count {
        let pin = draw::pin(&chance);
        if taken.insert(pin.clone()) {
            people.push(draw_person(lists, &chance, pin, today));
        }
    }
    let companies = companies(lists, &chance, &people, today)?;
    let (insured, traders) = livelihoods(lists, &chance, &people, &companies, today)?;
    let parts = BTreeMap::from([
        ("people", people.iter().map(|person| person_draft(lists, person)).collect()),
        ("companies", companies.iter().map(company_draft).collect()),
        ("sole-traders", traders.iter().map(trader_draft).collect()),
        ("representations", companies.iter().map(representation_draft).collect()),
        ("insured", insured.iter().map(|insured| insured_draft(insured, &companies)).collect()),
    ]);
    Ok(Population { parts })
}

fn incoherent(person: &DemoPerson, what: &str) -> Fault {
    Fault::new("generate the population", format!("the demo person {} {what}", person.full_name()))
}

fn companies(lists: &Lists, chance: &SeededChance, people: &[Person], today: Date) -> Result<Vec<Company>, Fault> {
    let figures = &lists.figures;
    let adult = |person: &&Person| person.age(today) >= figures.insurance.working_from;
    let adults: Vec<&Person> = people.iter().filter(adult).collect();
    let mut companies = Vec::new();
    for company in &lists.demo.companies {
        let director = lists.demo.people.iter().find(|person| person.directs.as_ref() == Some(&company.tin));
        let broken = || Fault::new("generate the population", format!("the company {} lies in no place", company.tin));
        companies.push(Company {
            tin: company.tin.clone(),
            name: company.name.clone(),
            legal_form: company.legal_form.clone(),
            registered_on: company.registered_on,
            address: fixed_address(lists, &company.address).ok_or_else(broken)?,
            director: match director {
                Some(director) => director.pin.as_str().to_owned(),
                None => some_director(chance, &adults, lists),
            },
        });
    }
    let mut tins: BTreeSet<String> = companies.iter().map(|company| company.tin.clone()).collect();
    let wanted = people.len() * usize::try_from(figures.tax.companies).unwrap_or(0) / 1000;
    while companies.len() < wanted.max(lists.demo.companies.len()) {
        let tin = draw::digits(chance, &figures.tax.company_number);
        let form = draw::by_share(chance, &figures.tax.legal_forms, |form| form.share);
        let (first, second) =
            (draw::one_of(chance, &figures.tax.name_first), draw::one_of(chance, &figures.tax.name_second));
        let company = Company {
            name: format!("“{first} {second}” {}", form.suffix),
            legal_form: form.code.clone(),
            registered_on: draw::day_before(chance, today, 9000),
            address: draw_address(lists, chance),
            director: some_director(chance, &adults, lists),
            tin,
        };
        if tins.insert(company.tin.clone()) {
            companies.push(company);
        }
    }
    Ok(companies)
}

/// An adult who is none of the fixed people: those direct what their file says and nothing else.
fn some_director(chance: &SeededChance, adults: &[&Person], lists: &Lists) -> String {
    let fixed = lists.demo.people.len();
    let strangers = adults.get(fixed..).filter(|rest| !rest.is_empty()).unwrap_or(adults);
    draw::one_of(chance, strangers).pin.clone()
}

fn livelihoods(
    lists: &Lists,
    chance: &SeededChance,
    people: &[Person],
    companies: &[Company],
    today: Date,
) -> Result<(Vec<Insured>, Vec<SoleTrader>), Fault> {
    let (mut insured, mut traders) = (Vec::new(), Vec::new());
    for demo in &lists.demo.people {
        let employment = demo
            .employment
            .as_ref()
            .map(|job| {
                fixed_employment(job, companies, today).ok_or_else(|| incoherent(demo, "works for no known company"))
            })
            .transpose()?;
        let pension = demo.pension.as_ref().map(fixed_pension);
        if employment.is_some() || pension.is_some() {
            insured.push(Insured { pin: demo.pin.as_str().to_owned(), employment, pension });
        }
        if let Some(trade) = &demo.sole_trader {
            let (tin, activity) = (trade.tin.clone(), trade.activity.clone());
            traders.push(SoleTrader { pin: demo.pin.as_str().to_owned(), tin, since: trade.since, activity });
        }
    }
    let mut tins: BTreeSet<String> = traders.iter().map(|trader| trader.tin.clone()).collect();
    let figures = &lists.figures;
    for person in people.iter().skip(lists.demo.people.len()) {
        let working = (figures.insurance.working_from..=figures.insurance.working_to).contains(&person.age(today));
        let tin = draw::digits(chance, &figures.tax.person_number);
        // A number that is taken already makes one trader fewer, not two with one number.
        let trades = working && draw::permille(chance, figures.tax.sole_traders) && tins.insert(tin.clone());
        if trades {
            let (since, activity) =
                (draw::day_before(chance, today, 3000), draw::one_of(chance, &figures.tax.activities).clone());
            traders.push(SoleTrader { pin: person.pin.clone(), tin, since, activity });
        }
        insured.extend(draw_insured(lists, chance, person, companies, trades, today));
    }
    Ok((insured, traders))
}

/// A JSON text of `text`. The generator's texts hold no control characters; quotes and backslashes are escaped.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

fn optional(text: Option<&String>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| quoted(text))
}

fn date(date: Date) -> String {
    format!("\"{date}\"")
}

fn person_draft(lists: &Lists, person: &Person) -> Draft {
    let figures = &lists.figures.identity;
    let years = jiff::Span::new().years(i64::try_from(figures.valid_years).unwrap_or(0));
    let sex = match person.sex {
        Sex::Male => "male",
        Sex::Female => "female",
    };
    Draft {
        key: person.pin.clone(),
        valid_from: person.document_issued,
        fields: vec![
            ("pin", quoted(&person.pin)),
            ("surname", quoted(&person.surname)),
            ("givenName", quoted(&person.given_name)),
            ("patronymic", quoted(&person.patronymic)),
            ("birthDate", date(person.birth_date)),
            ("sex", quoted(sex)),
            ("citizenship", quoted(&figures.citizenship)),
            ("address", quoted(&person.address)),
            ("documentNumber", quoted(&person.document_number)),
            ("documentValidUntil", date(person.document_issued.saturating_add(years))),
            ("phone", optional(person.phone.as_ref())),
            ("email", optional(person.email.as_ref())),
        ],
    }
}

fn company_draft(company: &Company) -> Draft {
    Draft {
        key: company.tin.clone(),
        valid_from: company.registered_on,
        fields: vec![
            ("tin", quoted(&company.tin)),
            ("name", quoted(&company.name)),
            ("legalForm", quoted(&company.legal_form)),
            ("registeredOn", date(company.registered_on)),
            ("status", quoted("active")),
            ("address", quoted(&company.address)),
            ("directorPin", quoted(&company.director)),
        ],
    }
}

fn representation_draft(company: &Company) -> Draft {
    let key = format!("{}-{}", company.tin, company.director);
    Draft {
        valid_from: company.registered_on,
        fields: vec![
            ("id", quoted(&key)),
            ("pin", quoted(&company.director)),
            ("tin", quoted(&company.tin)),
            ("basis", quoted("director")),
            ("since", date(company.registered_on)),
        ],
        key,
    }
}

fn trader_draft(trader: &SoleTrader) -> Draft {
    Draft {
        key: trader.pin.clone(),
        valid_from: trader.since,
        fields: vec![
            ("pin", quoted(&trader.pin)),
            ("tin", quoted(&trader.tin)),
            ("since", date(trader.since)),
            ("status", quoted("active")),
            ("activity", quoted(&trader.activity)),
        ],
    }
}

fn insured_draft(insured: &Insured, companies: &[Company]) -> Draft {
    let null = || "null".to_owned();
    let (mut employer, mut from, mut to, mut salaries) = (null(), null(), null(), null());
    let mut valid_from = None;
    if let Some(job) = &insured.employment {
        let company = &companies[job.company];
        employer = quoted(&company.name);
        from = date(job.from);
        to = job.to.map_or_else(null, date);
        valid_from = Some(job.from);
        // Seventy thousand rows at first start: written as text at once, not through a tree of values.
        let tail = format!("\"employer\":{employer},\"employerTin\":\"{}\",\"qepik\":", company.tin);
        salaries = String::with_capacity(job.salaries.len() * (tail.len() + 40));
        for (month, qepik) in &job.salaries {
            salaries.push(if salaries.is_empty() { '[' } else { ',' });
            write!(salaries, "{{\"month\":\"{:04}-{:02}\",{tail}{qepik}}}", month.year(), month.month())
                .expect("writing to a text cannot fail");
        }
        salaries.push(']');
    }
    let (mut kind, mut since, mut monthly) = (null(), null(), null());
    if let Some(pension) = &insured.pension {
        kind = quoted(&pension.kind);
        since = date(pension.since);
        monthly = pension.monthly_qepik.to_string();
        valid_from = Some(valid_from.unwrap_or(pension.since));
    }
    Draft {
        key: insured.pin.clone(),
        valid_from: valid_from.expect("an insured person has an employment or a pension"),
        fields: vec![
            ("pin", quoted(&insured.pin)),
            ("employer", employer),
            ("employedFrom", from),
            ("employedTo", to),
            ("salaries", salaries),
            ("pensionKind", kind),
            ("pensionSince", since),
            ("pensionMonthly", monthly),
        ],
    }
}
