//! "Who looked at my data" as the person sees it, each line with its proof, and whether the lists of all people say the same as
//! the exchange: every question in the list of the person it is about, in nobody else's, and no look that nobody asked for.

use super::Country;
use super::browser::Browser;
use super::html;
use super::traffic::Question;
use crate::wiring::folder::CountryFolder;
use base::Timestamp;
use registers::proof::{self, Proven};
use serde_json::Value as Json;

/// One line of the list and what its proof shows.
pub struct Look {
    /// The cells of the line: when, who, what, why.
    when: String,
    who: String,
    why: String,
    proven: Proven,
    pub message_id: String,
    pub proof: Vec<u8>,
}

/// The lines of the person who is logged in that `wanted` chooses by their text, newest first.
pub async fn looks(
    country: &Country,
    citizen: &mut Browser,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Look>, String> {
    citizen.open(&format!("{}/en/data/who", country.portal)).await?;
    let page = citizen.page.html();
    let forms = citizen.page.forms().into_iter().filter(|form| form.action.contains("/data/proof"));
    let lines = page.split("<tr>").filter(|row| row.contains("/data/proof"));
    let mut looks = Vec::new();
    for (row, form) in lines.zip(forms) {
        if !wanted(&html::text(row)) {
            continue;
        }
        citizen.send(&form).await?;
        let proof = citizen.page.body.to_vec();
        let (proven, message_id) =
            judged(country, &proof).map_err(|reason| format!("{reason}: {}", citizen.page.text()))?;
        let [when, who, why] = cells(row);
        looks.push(Look { when, who, why, proven, message_id, proof });
    }
    Ok(looks)
}

/// What a proof shows, judged with the key of the register's log that the country publishes, and the message it speaks of.
fn judged(country: &Country, proof: &[u8]) -> Result<(Proven, String), String> {
    let proof: Json = serde_json::from_slice(proof).map_err(|cause| format!("no proof: {cause}"))?;
    let code = proof["register"].as_str().and_then(|register| register.rsplit('/').next()).unwrap_or_default();
    let key = country.data.join("trusted").join(format!("log-{code}.der"));
    let key = std::fs::read(&key).map_err(|cause| format!("{}: {cause}", key.display()))?;
    let proven = proof::verify(&proof, &key).map_err(|invalid| format!("a proof that does not hold: {invalid:?}"))?;
    let leaf: Json = serde_json::from_str(proof["leaf"].as_str().unwrap_or_default()).unwrap_or_default();
    Ok((proven, leaf["detail"]["messageId"].as_str().unwrap_or_default().to_owned()))
}

fn cells(row: &str) -> [String; 3] {
    let cell = |place: usize| {
        let inside = row.split("<td").nth(place).and_then(|rest| rest.split_once('>'));
        html::text(inside.map_or("", |(_, inside)| inside.split("</td>").next().unwrap_or_default()))
    };
    let when = row.split("<time>").nth(1).and_then(|rest| rest.split("</time>").next()).unwrap_or_default();
    [html::text(when), cell(1), cell(3)]
}

/// The words of a country that a line must be written with.
pub struct Words {
    folder: CountryFolder,
}

impl Words {
    pub fn of(country: &Country) -> Result<Words, String> {
        Ok(Words { folder: CountryFolder::load(&country.folder).map_err(|problems| problems.join("\n"))? })
    }

    /// PINs of the people who can log in to the demo.
    pub fn people(&self) -> Vec<String> {
        self.folder.people.demo.people.iter().map(|person| person.pin.as_str().to_owned()).collect()
    }

    pub fn utc_offset_hours(&self) -> i8 {
        self.folder.portal.utc_offset_hours
    }

    /// Everything that points to one of these people.
    pub fn personal(&self) -> Vec<String> {
        let of = |person: &registers::people::DemoPerson| {
            let named = format!("{} {}", person.given_name, person.surname);
            let contact = [person.phone.clone(), person.email.clone(), person.document_number.clone()];
            [person.pin.as_str().to_owned(), named, person.surname.clone()].into_iter().chain(contact)
        };
        self.folder.people.demo.people.iter().flat_map(of).collect()
    }

    /// Who directs the company, by the demo's own people; a PIN stands for itself.
    fn person_behind(&self, about: &str) -> String {
        let director = self.folder.people.demo.people.iter().find(|person| person.directs.as_deref() == Some(about));
        director.map_or_else(|| about.to_owned(), |person| person.pin.as_str().to_owned())
    }

    fn member(&self, client: &str) -> &str {
        let mut parts = client.split('/').skip(1);
        let (class, code) = (parts.next(), parts.next());
        let members = &self.folder.exchange.members;
        let member = members.iter().find(|member| Some(&*member.class) == class && Some(&*member.code) == code);
        member.map_or("?", |member| member.name.en.as_str())
    }

    fn register(&self, identifier: &str) -> &str {
        let found = self.folder.registers.values().find(|schema| schema.identifier == identifier);
        found.map_or("?", |schema| schema.name.en.as_str())
    }

    fn purpose(&self, code: &str) -> &str {
        let found = self.folder.registers.values().find_map(|schema| schema.purposes.get(code));
        found.map_or("?", |purpose| purpose.name.en.as_str())
    }

    /// Moves into the country's own time, as the list shows it.
    fn clock(&self, at: Timestamp) -> String {
        let local = jiff::tz::offset(self.utc_offset_hours()).to_datetime(at);
        local.strftime("%d.%m.%Y %H:%M:%S").to_string()
    }

    /// What is wrong with a line as the record of this question about this person.
    pub fn amiss(&self, look: &Look, question: &Question, person: &str) -> Vec<String> {
        let proven = &look.proven;
        let at: Option<Timestamp> = proven.at.parse().ok();
        let in_time = at.is_some_and(|at| question.asked_at <= at && at <= question.answered_at);
        let own = proven.purpose == "own-data" && proven.user == format!("PIN:{person}");
        let reader = if own { "you yourself" } else { self.member(&question.client) };
        let clauses = [
            ("the register", proven.register == question.register),
            ("the asker", proven.reader == question.client),
            ("the user", proven.user == question.user),
            ("the service", proven.service == question.service),
            ("the case", proven.case_reference == question.case_reference),
            ("the purpose", !proven.purpose.is_empty() && proven.purpose == question.purpose),
            ("whom it is about", proven.about == person),
            ("the time", in_time),
            ("the time in its words", at.is_some_and(|at| look.when == self.clock(at))),
            ("the asker in its words", look.who.contains(reader)),
            ("the register in its words", look.who.contains(self.register(&question.register))),
            ("the purpose in its words", look.why.contains(self.purpose(&question.purpose))),
            ("the case in its words", look.why.contains(&question.case_reference)),
        ];
        let wrong = clauses.iter().filter(|(_, holds)| !holds).map(|(clause, _)| *clause);
        wrong.map(|clause| format!("{} {}: {clause} is wrong", question.service, question.message_id)).collect()
    }
}

/// One person's list.
pub struct List {
    pub person: String,
    pub looks: Vec<Look>,
}

/// Where the lists and the exchange differ. `asked` are the questions from before the lists were read, `all` those and the ones
/// that reading them took.
pub fn differences(words: &Words, lists: &[List], asked: &[Question], all: &[Question]) -> Vec<String> {
    let mut found = Vec::new();
    for question in asked.iter().filter(|question| !question.about.is_empty()) {
        let person = words.person_behind(&question.about);
        let mut entries = 0;
        for list in lists {
            for look in list.looks.iter().filter(|look| look.message_id == question.message_id) {
                match list.person == person {
                    true => {
                        entries += 1;
                        found.extend(words.amiss(look, question, &person));
                    }
                    false => {
                        found.push(format!("{} is about {person} and in {}'s list", question.service, list.person))
                    }
                }
            }
        }
        if entries != 1 && lists.iter().any(|list| list.person == person) {
            let (service, id) = (&question.service, &question.message_id);
            found.push(format!("{service} {id} is {entries} times in the list of {person}"));
        }
    }
    let began = asked.iter().map(|question| question.asked_at).min();
    for look in lists.iter().flat_map(|list| &list.looks) {
        let at: Option<Timestamp> = look.proven.at.parse().ok();
        let of_the_tour = began.is_some_and(|began| at.is_none_or(|at| at >= began));
        if of_the_tour && !all.iter().any(|question| question.message_id == look.message_id) {
            found.push(format!("{} {}: nobody asked this over the exchange", look.proven.service, look.message_id));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::cells;

    #[test]
    fn a_line_has_a_time_a_reader_and_a_reason() {
        let row = "<th scope=\"row\"><time>1.2.2026</time></th><td data-label=\"Who\">Labour<br/><small>IAMAS</small></td>\
                   <td>name</td><td>Allowance. Law<br/><small>PN-1</small></td><td><form></form></td></tr>";
        assert_eq!(cells(row), ["1.2.2026", "Labour IAMAS", "Allowance. Law PN-1"]);
    }
}
