//! How a person is reached: name for the greeting, address, language, and whether they want mail. Name and address come from
//! the register of persons (the binary brings them at log-in); language and mail are the person's own choice.

use crate::Notify;
use crate::refusal::{Failure, Refusal, refuse};
use base::{Fault, Lang};
use host::args;
use host::store::{Row, Tx};

/// How one person is reached. Somebody never seen has no address, gets no mail, and reads Azerbaijani first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The PIN.
    pub person: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub lang: Lang,
    pub mail_on: bool,
}

/// What the register says about a person.
#[derive(Debug, Clone)]
pub struct Known {
    pub person: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

impl Notify {
    /// Takes over name and address from the register. Choices that the person made stay; at first sight mail is on and the
    /// language is `lang`.
    pub async fn put_contact(&self, tx: &mut Tx, known: &Known, lang: Lang) -> Result<(), Failure> {
        if known.email.as_deref().is_some_and(|email| email.parse::<lettre::Address>().is_err()) {
            return refuse(Refusal::AddressMalformed);
        }
        tx.execute(
            "INSERT INTO notify_contact (person, name, email, lang, mail_on, changed_at) VALUES ($1, $2, $3, $4, 1, $5)
             ON CONFLICT (person) DO UPDATE SET name = excluded.name, email = excluded.email,
             changed_at = excluded.changed_at",
            &args![&known.person, known.name.clone(), known.email.clone(), lang, self.now()],
        )
        .await?;
        Ok(())
    }

    pub async fn contact(&self, person: &str) -> Result<Contact, Fault> {
        let row = self
            .store()
            .query_opt(
                "SELECT person, name, email, lang, mail_on FROM notify_contact WHERE person = $1",
                &args![person],
            )
            .await?;
        Ok(row.as_ref().map_or_else(|| unseen(person), read))
    }

    /// The person's own choice, from the profile page. Switching mail on or off is an act of consent and kept as one.
    pub async fn set_choice(&self, person: &str, lang: Lang, mail_on: bool) -> Result<(), Failure> {
        if mail_on && self.contact(person).await?.email.is_none() {
            return refuse(Refusal::AddressMissing);
        }
        let mut tx = self.store().begin().await?;
        tx.execute(
            "INSERT INTO notify_contact (person, lang, mail_on, changed_at) VALUES ($1, $2, 0, $3)
             ON CONFLICT (person) DO UPDATE SET lang = excluded.lang, changed_at = excluded.changed_at",
            &args![person, lang, self.now()],
        )
        .await?;
        // Only a switch is an act: choosing the same again, or another language, consents to nothing.
        let sql = "UPDATE notify_contact SET mail_on = $2 WHERE person = $1 AND mail_on <> $2";
        if tx.execute(sql, &args![person, mail_on]).await? > 0 {
            self.record_consent(&mut tx, person, mail_on).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

pub(crate) async fn contact_in(tx: &mut Tx, person: &str) -> Result<Contact, Fault> {
    let sql = "SELECT person, name, email, lang, mail_on FROM notify_contact WHERE person = $1";
    Ok(tx.query_opt(sql, &args![person]).await?.as_ref().map_or_else(|| unseen(person), read))
}

fn unseen(person: &str) -> Contact {
    Contact { person: person.to_owned(), name: None, email: None, lang: Lang::default(), mail_on: false }
}

fn read(row: &Row) -> Contact {
    Contact {
        person: row.text("person").to_owned(),
        name: row.opt_text("name").map(str::to_owned),
        email: row.opt_text("email").map(str::to_owned),
        lang: Lang::parse(row.text("lang")).expect("only tags of languages are stored"),
        mail_on: row.bool("mail_on"),
    }
}
