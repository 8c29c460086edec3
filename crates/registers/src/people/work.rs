//! What people live on: employment with monthly salaries, a trade of their own, a pension.

use super::demo::{DemoEmployment, DemoPension};
use super::draw;
use super::lists::Lists;
use super::person::Person;
use super::population::Company;
use base::{Date, SeededChance};
use jiff::ToSpan;

/// What the insurance fund knows of one person.
#[derive(Debug, Clone)]
pub(super) struct Insured {
    pub pin: String,
    pub employment: Option<Employment>,
    pub pension: Option<Pension>,
}

#[derive(Debug, Clone)]
pub(super) struct Employment {
    /// Place in the list of companies.
    pub company: usize,
    pub from: Date,
    /// The last day, if it has ended.
    pub to: Option<Date>,
    /// First of the month, qəpik; oldest first.
    pub salaries: Vec<(Date, i64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Pension {
    pub kind: String,
    pub since: Date,
    pub monthly_qepik: i64,
}

/// Out of a thousand employments so many have ended during the months on record.
const ENDED: u64 = 60;
/// Out of a thousand salaries so many came with a bonus of a tenth.
const BONUS: u64 = 40;

pub(super) fn draw_insured(
    lists: &Lists,
    chance: &SeededChance,
    person: &Person,
    companies: &[Company],
    sole_trader: bool,
    today: Date,
) -> Option<Insured> {
    let figures = &lists.figures.insurance;
    let age = person.age(today);
    let retired_at = match person.sex {
        super::demo::Sex::Male => figures.retirement.male,
        super::demo::Sex::Female => figures.retirement.female,
    };
    let pension_amount = |chance| whole_manats(draw::between(chance, figures.pension_from, figures.pension_to));
    let pension = if age >= retired_at {
        let since = person.birth_date.saturating_add(i64::from(retired_at).years());
        Some(Pension { kind: "age".to_owned(), since, monthly_qepik: pension_amount(chance) })
    } else if age >= figures.working_from && draw::permille(chance, figures.disability_pensions) {
        let since = draw::day_before(chance, today, 3000);
        Some(Pension { kind: "disability".to_owned(), since, monthly_qepik: pension_amount(chance) })
    } else {
        None
    };
    let working_age = (figures.working_from..=figures.working_to).contains(&age);
    let employed = working_age && !sole_trader && draw::permille(chance, figures.employed);
    let employment = employed.then(|| draw_employment(lists, chance, companies, today));
    (pension.is_some() || employment.is_some()).then(|| Insured { pin: person.pin.clone(), employment, pension })
}

fn whole_manats(manats: u64) -> i64 {
    i64::try_from(manats).expect("a salary") * 100
}

fn draw_employment(lists: &Lists, chance: &SeededChance, companies: &[Company], today: Date) -> Employment {
    let figures = &lists.figures.insurance;
    let manats = draw::between(chance, figures.salary_from / 10, figures.salary_to / 10) * 10;
    let monthly = whole_manats(manats);
    let months_ago = |months: i64| today.first_of_month().saturating_sub(months.months());
    let last = if draw::permille(chance, ENDED) {
        i64::try_from(draw::between(chance, 1, 8)).expect("at most eight")
    } else {
        1
    };
    let salaries = (last..=figures.months)
        .rev()
        .map(|months| {
            let bonus = if draw::permille(chance, BONUS) { monthly / 10 } else { 0 };
            (months_ago(months), monthly + bonus)
        })
        .collect();
    let from = draw::day_before(chance, months_ago(figures.months), 2500);
    let to = (last > 1).then(|| months_ago(last).last_of_month());
    Employment { company: draw::index(chance, companies.len()), from, to, salaries }
}

/// `None` when the employer is no company of the list.
pub(super) fn fixed_employment(demo: &DemoEmployment, companies: &[Company], today: Date) -> Option<Employment> {
    let company = companies.iter().position(|company| company.tin == demo.employer_tin)?;
    let month = |months: i64| today.first_of_month().saturating_sub(months.months());
    let salaries = (1..=demo.months).rev().map(|months| (month(months), demo.monthly_qepik)).collect();
    let to = demo.ended.then(|| month(1).last_of_month());
    Some(Employment { company, from: month(demo.months), to, salaries })
}

pub(super) fn fixed_pension(demo: &DemoPension) -> Pension {
    Pension { kind: demo.kind.clone(), since: demo.since, monthly_qepik: demo.monthly_qepik }
}
