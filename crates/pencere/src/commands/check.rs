//! `pencere check`: everything that can be wrong before anybody uses it. Says every problem, not the first.

use crate::cli::Check;
use crate::commands::serve::Configuration;
use crate::wiring::folder::CountryFolder;
use exchange::setup::ServerToken;
use std::process::ExitCode;

pub async fn run(check: &Check) -> Result<ExitCode, String> {
    let mut problems = Vec::new();
    let configuration = check.config.as_deref().map(Configuration::read).transpose();
    let configuration = configuration.unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    match CountryFolder::load(&check.country) {
        Ok(country) => {
            problems.extend(configuration.iter().flat_map(|configuration| tokens_fit(configuration, &country)));
            problems.extend(fees_agree(&country));
            problems.extend(names_meet(&country));
        }
        Err(found) => problems.extend(found),
    }
    problems.extend(crate::wiring::migrations_apply().await.err());
    problems.extend(words_agree());
    Ok(say(&problems))
}

/// The tokens are for servers that exist, and their PINs are where nobody else reads them. No token is opened.
fn tokens_fit(configuration: &Configuration, country: &CountryFolder) -> Vec<String> {
    let tokens = configuration.tokens.iter().map(|token| token.in_folder(&configuration.data));
    ServerToken::mistakes(&tokens.collect::<Vec<_>>(), &country.exchange)
}

#[expect(clippy::print_stdout, reason = "the findings are the command's answer")]
fn say(problems: &[String]) -> ExitCode {
    for problem in problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!("everything is in order");
        ExitCode::SUCCESS
    } else {
        println!("{} problems", problems.len());
        ExitCode::FAILURE
    }
}

/// Every word of the windows exists in every language.
fn words_agree() -> Vec<String> {
    let mut problems = Vec::new();
    for lang in base::Lang::ALL {
        for key in portal::texts::Words::of(base::Lang::default()).keys() {
            if portal::texts::Words::of(lang).find(key).is_none() {
                problems.push(format!("the windows have no {key} in {lang}"));
            }
        }
    }
    problems
}

/// The amount that a service states is the amount that payments will ask for.
fn fees_agree(country: &CountryFolder) -> Vec<String> {
    let mut problems = Vec::new();
    for card in country.catalogue.cards() {
        let Some(fee) = &card.fee else { continue };
        match country.tariff.fee(&fee.id) {
            None => problems.push(format!("services/{}: the fee {} is not in payments.toml", card.id, fee.id)),
            Some(tariff) if tariff.amount() != fee.amount => problems.push(format!(
                "services/{}: the fee {} is {} in fees.toml and {} in payments.toml",
                card.id,
                fee.id,
                fee.amount.decimal(),
                tariff.amount().decimal()
            )),
            Some(_) => {}
        }
    }
    problems
}

/// Services, registers and people name only members that exist on the exchange.
fn names_meet(country: &CountryFolder) -> Vec<String> {
    let members = &country.exchange.members;
    let known = |code: &str| members.iter().any(|member| member.code == code);
    let mut problems = Vec::new();
    for card in country.catalogue.cards().iter().filter(|card| card.online && !known(&card.agency)) {
        problems.push(format!("services/{}: the agency {} is no member of the exchange", card.id, card.agency));
    }
    for (code, schema) in &country.registers {
        let member = schema.identifier.split('/').nth(2).unwrap_or_default();
        if !known(member) {
            problems.push(format!("registers/{code}: {} is no member of the exchange", schema.identifier));
        }
    }
    for person in &country.people.demo.people {
        let member = person.works_for.as_deref().map(|subsystem| subsystem.split('/').nth(2).unwrap_or_default());
        if member.is_some_and(|member| !known(member)) {
            problems.push(format!("demo.toml: {} works for nobody on the exchange", person.pin.as_str()));
        }
    }
    problems
}
