//! A person and where they live.

use super::demo::{DemoAddress, DemoPerson, Sex};
use super::draw;
use super::lists::Lists;
use base::{Date, SeededChance};
use jiff::ToSpan;

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub pin: String,
    pub sex: Sex,
    pub surname: String,
    pub given_name: String,
    pub patronymic: String,
    pub birth_date: Date,
    pub address: String,
    pub document_number: String,
    pub document_issued: Date,
    pub phone: Option<String>,
    pub email: Option<String>,
}

/// Age from which a person has a telephone of their own.
const PHONE_FROM: i16 = 14;

impl Person {
    pub fn age(&self, today: Date) -> i16 {
        age(self.birth_date, today)
    }
}

pub(super) fn age(born: Date, today: Date) -> i16 {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i16::from(!had_birthday)
}

pub(super) fn draw_person(lists: &Lists, chance: &SeededChance, pin: String, today: Date) -> Person {
    let names = &lists.names;
    let figures = &lists.figures.identity;
    let male = draw::permille(chance, 495);
    let band = draw::by_share(chance, &lists.figures.ages, |band| band.share);
    let years = i64::try_from(draw::between(chance, band.from, band.to)).expect("years of a life");
    let birth_date = draw::day_before(chance, today.saturating_sub(years.years()), 365);
    let father = draw::one_of(chance, &names.given.male);
    let pair = draw::one_of(chance, &names.surnames.pairs);
    let (sex, given, surname, child) = if male {
        (Sex::Male, &names.given.male, &pair[0], &names.patronymic.male)
    } else {
        (Sex::Female, &names.given.female, &pair[1], &names.patronymic.female)
    };
    let given_name = draw::one_of(chance, given).clone();
    // A card is valid for `valid_years`, and a child's is not older than the child.
    let document_issued = draw::day_before(chance, today, figures.valid_years * 365).max(birth_date);
    let card = if document_issued.year() >= figures.new_from { &figures.new_card } else { &figures.old_card };
    let adult = age(birth_date, today) >= PHONE_FROM;
    let mailbox = format!("{}.{}", base::fold::fold(&given_name), base::fold::fold(surname)).replace(' ', "-");
    Person {
        sex,
        surname: surname.clone(),
        patronymic: format!("{father} {child}"),
        birth_date,
        address: draw_address(lists, chance),
        document_number: draw::digits(chance, card),
        document_issued,
        phone: adult.then(|| draw::digits(chance, &figures.phone)),
        email: (adult && draw::permille(chance, 700))
            .then(|| format!("{mailbox}.{}@{}", pin.to_lowercase(), figures.mail_domain)),
        given_name,
        pin,
    }
}

pub(super) fn draw_address(lists: &Lists, chance: &SeededChance) -> String {
    let form = &lists.places.form;
    let place = draw::by_share(chance, &lists.places.place, |place| place.share);
    let street = draw::one_of(chance, &place.streets);
    let district = if place.districts.is_empty() {
        String::new()
    } else {
        format!("{}, ", draw::one_of(chance, &place.districts))
    };
    let (house, flat) = (draw::between(chance, 1, 140), draw::between(chance, 0, 90));
    let flat = if flat == 0 { String::new() } else { format!(", {} {flat}", form.flat) };
    format!("{}, {district}{street}, {} {house}{flat}", place.name, form.house)
}

/// `None` when the place's code is not in the list.
pub(super) fn fixed_address(lists: &Lists, address: &DemoAddress) -> Option<String> {
    let form = &lists.places.form;
    let place = lists.places.place.iter().find(|place| place.code == address.place)?;
    let flat = if address.flat == 0 { String::new() } else { format!(", {} {}", form.flat, address.flat) };
    Some(format!("{}, {}, {} {}{flat}", place.name, address.street, form.house, address.house))
}

pub(super) fn fixed_person(lists: &Lists, demo: &DemoPerson, today: Date) -> Option<Person> {
    let child = match demo.sex {
        Sex::Male => &lists.names.patronymic.male,
        Sex::Female => &lists.names.patronymic.female,
    };
    Some(Person {
        pin: demo.pin.as_str().to_owned(),
        sex: demo.sex,
        surname: demo.surname.clone(),
        given_name: demo.given_name.clone(),
        patronymic: format!("{} {child}", demo.father),
        birth_date: demo.birth_date,
        address: fixed_address(lists, &demo.address)?,
        document_number: demo.document_number.clone(),
        // Always two years old, so that no demo card ever runs out.
        document_issued: today.first_of_month().saturating_sub(2.years()),
        phone: Some(demo.phone.clone()),
        email: Some(demo.email.clone()),
    })
}
