//! Register folders: those of the country are sound, and each mistake in a file is found with its line.

use super::*;
use std::path::Path;

fn registers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az/registers")
}

#[test]
fn the_country_s_registers_are_sound() {
    for (folder, member, services) in [
        ("iamas", "10003", "personByPin contactByPin"),
        ("avis", "10004", "entrepreneurStatus companyByTin companiesOfPerson"),
        ("insurance", "10005", "pensionStatus salaries"),
        ("permits", "10006", "recordPermit permitByNumber"),
    ] {
        let schema = load(&registers().join(folder)).expect("a sound register");
        assert_eq!(schema.identifier, format!("AZ/GOV/{member}/{folder}"));
        let standard = "accessLog accessProof recordOf requestCorrection openCorrections decideCorrection";
        let codes: Vec<&str> = schema.services.iter().map(|service| service.code.as_str()).collect();
        assert_eq!(codes.join(" "), format!("{services} {standard}"));
    }
}

/// The problems found after `from` in the tax register's file became `to`, as `line: what`.
fn spoiled(from: &str, to: &str) -> String {
    let folder = host::testing::TempDir::new();
    let register = folder.path().join("registers/avis");
    std::fs::create_dir_all(&register).expect("a folder");
    for file in ["purposes.toml", "every.toml"] {
        std::fs::copy(registers().join(file), folder.path().join("registers").join(file)).expect("a copy");
    }
    let text = std::fs::read_to_string(registers().join("avis/register.toml")).expect("the file");
    assert!(text.contains(from), "{from}");
    std::fs::write(register.join("register.toml"), text.replacen(from, to, 1)).expect("written");
    let problems = load(&register).expect_err("a problem");
    problems.iter().map(|problem| format!("{}: {}", problem.line, problem.what)).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_fault_of_a_file_is_found_with_its_line() {
    for (from, to, expected) in [
        ("key = \"tin\"", "key = \"number\"", "13: the key “number” is no field"),
        (
            "person = \"directorPin\"",
            "person = \"name\"",
            "“name” must be a PIN that is the key or indexed: it says whom the record concerns",
        ),
        ("type = \"text\"", "type = \"story\"", "there is no type “story”"),
        ("format = \"company-tin\"", "format = \"iban\"", "there is no format “iban”"),
        ("code = \"legalForm\"", "code = \"name\"", "the field “name” stands twice"),
        ("code = \"legalForm\"", "code = \"legal form\"", "“legal form” is no code: letters, digits and “-” only"),
        ("en = \"Legal form\"", "en = \"\"", "the field lacks a text in one of the languages"),
        ("entity = \"company\"", "entity = \"firm\"", "there is no entity “firm”"),
        ("{ input = \"pin\" }", "{ input = \"number\" }", "there is no input “number”"),
        ("{ field = \"tin.name\" }", "{ field = \"tin.surname\" }", "the entity behind “tin” has no field “surname”"),
        ("{ field = \"tin.name\" }", "{ field = \"basis.name\" }", "“basis” is no reference"),
        ("record.status == 'active'\", label", "record.status ==\", label", "the rule cannot be read"),
        ("record != null &&", "secret != null &&", "the rule speaks of “secret”"),
        (
            "purposes = [\"unemployment-allowance\", \"form-prefill\"]",
            "purposes = [\"curiosity\"]",
            "there is no purpose “curiosity”",
        ),
        (
            "purposes = [\"unemployment-allowance\", \"form-prefill\"]",
            "purposes = []",
            "a data service without a purpose could never be asked",
        ),
        ("kind = \"rows\"", "kind = \"all\"", "there is no kind of data service “all”"),
        ("by = \"tin\"", "by = \"name\"", "“name” must be the key of the entity"),
        (
            "absent = \"answer\"\ninput = [{ code = \"pin\", type = \"pin\" }]\noutput = [{ field = \"tin\" }",
            "absent = \"refuse\"\ninput = [{ code = \"pin\", type = \"pin\" }]\noutput = [{ field = \"tin\" }",
            "no rows are an answer, never a refusal",
        ),
        ("code = \"companyByTin\"", "code = \"accessLog\"", "the register has a service “accessLog” of its own"),
        (
            "identifier = \"AZ/GOV/10004/avis\"",
            "identifier = \"avis\"",
            "2: the identifier must be instance/class/member/subsystem",
        ),
        ("[formats]", "[colours]", "unknown field `colours`"),
    ] {
        let found = spoiled(from, to);
        assert!(found.contains(expected), "{from} -> {to}\nwanted: {expected}\nfound: {found}");
    }
}

#[test]
fn a_missing_file_is_one_clear_problem() {
    let problems = load(Path::new("/nonexistent/register")).expect_err("nothing there");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().starts_with("/nonexistent/register/register.toml:0: cannot be read"));
}

/// What the country's exchange says that a register publishes, the register publishes, and nothing else.
#[test]
fn the_exchange_knows_exactly_the_registers_services() {
    #[derive(serde::Deserialize)]
    struct Exchange {
        service: Vec<Published>,
    }
    #[derive(serde::Deserialize)]
    struct Published {
        provider: String,
        code: String,
        version: String,
    }
    let text = std::fs::read_to_string(registers().join("../exchange.toml")).expect("the exchange's file");
    let exchange: Exchange = toml::from_str(&text).expect("TOML");
    for folder in ["iamas", "avis", "insurance", "permits"] {
        let schema = load(&registers().join(folder)).expect("a sound register");
        let mut served: Vec<String> = schema.service_identifiers().collect();
        let of_it = exchange.service.iter().filter(|service| service.provider == schema.identifier);
        let mut published: Vec<String> =
            of_it.map(|service| format!("{}/{}/{}", service.provider, service.code, service.version)).collect();
        served.sort();
        published.sort();
        assert_eq!(published, served);
    }
}
