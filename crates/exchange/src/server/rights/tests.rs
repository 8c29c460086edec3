//! Rights as values: who may ask for what, and the code of each refusal.

use super::*;
use formats::globalconf::{GlobalGroup, PrivateParameters, SharedParameters};

const AGENCIES: &str = r#"
[[class]]
code = "GOV"
name = { az = "Dövlət", en = "Government", ru = "Государство" }
[[member]]
class = "GOV"
code = "1"
name = { az = "Bir", en = "One", ru = "Один" }
subsystem = [{ code = "a", name = { az = "A", en = "A", ru = "А" } }, { code = "x", name = { az = "X", en = "X", ru = "Х" } }]
[[member]]
class = "GOV"
code = "2"
name = { az = "İki", en = "Two", ru = "Два" }
subsystem = [{ code = "b", name = { az = "B", en = "B", ru = "Б" } }, { code = "c", name = { az = "C", en = "C", ru = "Ц" } }]
"#;

const EXCHANGE: &str = r#"
instance = "AZ"
inquiry_bytes_max = 10240
answer_bytes_max = 65536
configuration_validity_s = 600
configuration_interval_s = 60
ocsp_freshness_s = 3600
time_stamping_interval_s = 60
time_stamping_failure_period_s = 14400
[[server]]
code = "one"
owner = "AZ/GOV/1"
clients = ["AZ/GOV/1/a", "AZ/GOV/1/x"]
[[global_group]]
code = "everyone"
name = { az = "Hamı", en = "Everyone", ru = "Все" }
members = ["AZ/GOV/2/c"]
[[local_group]]
owner = "AZ/GOV/1/a"
code = "friends"
members = ["AZ/GOV/2/c", "AZ/GOV/2"]
[[service]]
provider = "AZ/GOV/1/a"
code = "open"
version = "v1"
clients = ["AZ/GOV/2/b"]
local_groups = ["friends"]
[[service]]
provider = "AZ/GOV/1/a"
code = "open"
version = "v2"
types = ["soap"]
[[service]]
provider = "AZ/GOV/1/a"
code = "off"
clients = ["AZ/GOV/2/b"]
disabled = true
disabled_notice = "until Monday"
[[service]]
provider = "AZ/GOV/1/a"
code = "pets"
types = ["openapi"]
global_groups = ["everyone"]
[[service.endpoint]]
method = "GET"
path = "/pets/*"
clients = ["AZ/GOV/2/b"]
[[service.endpoint]]
method = "*"
path = "/open/**"
local_groups = ["friends"]
[[service.endpoint]]
method = "POST"
path = "/pets"
[[service]]
provider = "AZ/GOV/1/a"
code = "plain"
types = ["rest"]
clients = ["AZ/GOV/2/b"]
"#;

fn country() -> Country {
    Country::parse(AGENCIES, EXCHANGE).expect("a country")
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("a client")
}

fn configuration(groups: &[(&str, &[&str])]) -> Configuration {
    let group = |(code, members): &(&str, &[&str])| GlobalGroup {
        code: (*code).to_owned(),
        description: String::new(),
        members: members.iter().map(|member| id(member)).collect(),
    };
    let global_groups = groups.iter().map(group).collect();
    let shared = SharedParameters { instance: "AZ".to_owned(), global_groups, ..SharedParameters::default() };
    let private = PrivateParameters {
        instance: "AZ".to_owned(),
        anchors: Vec::new(),
        management: None,
        time_stamping_interval_s: 60,
    };
    Configuration::new(shared, private, base::Timestamp::MAX, 0)
}

fn check(client: &str, service: &str, asked: Asked<'_>, expected: Result<(), &str>) {
    let rights = Rights::of(&country(), &[id("AZ/GOV/1/a")]);
    let configuration = configuration(&[("everyone", &["AZ/GOV/2/c"])]);
    let service = ServiceId::parse(service).expect("a service");
    let outcome = rights.check(&configuration, &id(client), &service, asked).map_err(|fault| fault.code);
    let expected = expected.map_err(|code| format!("server.serverproxy.{code}"));
    assert_eq!(outcome, expected, "{client} asks for {service}: {asked:?}");
}

fn get(path: &str) -> Asked<'_> {
    Asked::Rest { method: "GET", path }
}

#[test]
fn rights_are_service_by_service() {
    for service in ["AZ/GOV/1/a/open/v1", "AZ/GOV/1/a/open/v2"] {
        check("AZ/GOV/2/b", service, Asked::Soap, Ok(()));
        check("AZ/GOV/1/x", service, Asked::Soap, Err("access_denied"));
    }
    check("AZ/GOV/2/b", "AZ/GOV/1/a/open", get(""), Ok(()));
    for unknown in ["AZ/GOV/1/a/open/v3", "AZ/GOV/1/a/open", "AZ/GOV/1/a/shut/v1", "AZ/GOV/2/c/open/v1"] {
        check("AZ/GOV/2/b", unknown, Asked::Soap, Err("unknown_service"));
    }
}

#[test]
fn groups_give_rights_to_their_members() {
    check("AZ/GOV/2/c", "AZ/GOV/1/a/open/v1", Asked::Soap, Ok(()));
    check("AZ/GOV/2", "AZ/GOV/1/a/open/v1", Asked::Soap, Ok(()));
    check("AZ/GOV/2/c", "AZ/GOV/1/a/pets", get("/anything"), Ok(()));
    check("AZ/GOV/2", "AZ/GOV/1/a/pets", get("/anything"), Err("access_denied"));
    // What the configuration no longer says is no longer a right.
    let rights = Rights::of(&country(), &[id("AZ/GOV/1/a")]);
    let pets = ServiceId::parse("AZ/GOV/1/a/pets").expect("a service");
    let outcome = rights.check(&configuration(&[]), &id("AZ/GOV/2/c"), &pets, get("/anything"));
    assert_eq!(outcome.map_err(|fault| fault.code), Err("server.serverproxy.access_denied".to_owned()));
}

#[test]
fn an_endpoint_is_a_method_and_a_path() {
    let pets = "AZ/GOV/1/a/pets";
    check("AZ/GOV/2/b", pets, get("/pets/7"), Ok(()));
    check("AZ/GOV/2/b", pets, get("/pets/7/owner"), Err("access_denied"));
    check("AZ/GOV/2/b", pets, get("/pets"), Err("access_denied"));
    check("AZ/GOV/2/b", pets, Asked::Rest { method: "DELETE", path: "/pets/7" }, Err("access_denied"));
    check("AZ/GOV/2", pets, Asked::Rest { method: "DELETE", path: "/open/a/b" }, Ok(()));
    check("AZ/GOV/2", pets, get("/pets/7"), Err("access_denied"));
    // Climbing out is refused even where everything is allowed.
    check("AZ/GOV/2/c", pets, get("/open/..;/x"), Err("access_denied"));
}

/// SOAP knows no endpoints: only a right to the whole service opens it.
#[test]
fn a_right_to_an_endpoint_is_none_to_the_service_by_soap() {
    let both = EXCHANGE.replacen("types = [\"openapi\"]", "types = [\"soap\", \"openapi\"]", 1);
    let rights = Rights::of(&Country::parse(AGENCIES, &both).expect("a country"), &[id("AZ/GOV/1/a")]);
    let configuration = configuration(&[("everyone", &["AZ/GOV/2/c"])]);
    let pets = ServiceId::parse("AZ/GOV/1/a/pets").expect("a service");
    let ask = |client: &str, asked| rights.check(&configuration, &id(client), &pets, asked).map_err(|fault| fault.code);
    assert_eq!(ask("AZ/GOV/2/b", get("/pets/7")), Ok(()));
    assert_eq!(ask("AZ/GOV/2/b", Asked::Soap), Err("server.serverproxy.access_denied".to_owned()));
    assert_eq!(ask("AZ/GOV/2/c", Asked::Soap), Ok(()));
}

#[test]
fn the_first_reason_decides_the_code() {
    check("AZ/GOV/1/x", "AZ/GOV/1/a/pets", Asked::Soap, Err("service_type"));
    check("AZ/GOV/2/b", "AZ/GOV/1/a/plain", Asked::Soap, Err("service_type"));
    check("AZ/GOV/1/x", "AZ/GOV/1/a/off", Asked::Soap, Err("access_denied"));
    check("AZ/GOV/2/b", "AZ/GOV/1/a/off", Asked::Soap, Err("service_disabled"));
    check("AZ/GOV/2/b", "AZ/GOV/1/a/off", get(""), Err("service_disabled"));
}

#[test]
fn lists_name_what_is_there_and_what_is_allowed() {
    let rights = Rights::of(&country(), &[id("AZ/GOV/1/a")]);
    let configuration = configuration(&[("everyone", &["AZ/GOV/2/c"])]);
    let names = |offers: Vec<Offer>| offers.iter().map(|offer| offer.id.to_string()).collect::<Vec<_>>();
    let rest = [ServiceType::Rest, ServiceType::OpenApi];
    assert_eq!(
        names(rights.offers(&id("AZ/GOV/1/a"), &[ServiceType::Soap])),
        ["AZ/GOV/1/a/off", "AZ/GOV/1/a/open/v1", "AZ/GOV/1/a/open/v2"]
    );
    assert_eq!(
        names(rights.offers(&id("AZ/GOV/1/a"), &rest)),
        ["AZ/GOV/1/a/off", "AZ/GOV/1/a/open", "AZ/GOV/1/a/pets", "AZ/GOV/1/a/plain"]
    );
    let allowed = rights.allowed(&configuration, &id("AZ/GOV/1/a"), &id("AZ/GOV/2"), &rest);
    assert_eq!(names(allowed.clone()), ["AZ/GOV/1/a/open", "AZ/GOV/1/a/pets"]);
    assert_eq!(allowed[1].endpoints, [("*".to_owned(), "/open/**".to_owned())]);
    assert!(rights.allowed(&configuration, &id("AZ/GOV/1/a"), &id("AZ/GOV/1/x"), &rest).is_empty());
    assert!(rights.offers(&id("AZ/GOV/1/x"), &rest).is_empty());
}

/// 100 000 rights cost a question no more than ten: it is a handful of look-ups. Compared by ten thousand questions each,
/// with room for a busy machine; a list that is walked would be thousands of times slower.
#[test]
fn a_question_costs_the_same_with_100_000_rights() {
    let many = |count: usize| {
        let mut country = country();
        let clients = (0..count).map(|number| id(&format!("AZ/GOV/9{number}/s"))).collect();
        country.services[0].clients = clients;
        Rights::of(&country, &[id("AZ/GOV/1/a")])
    };
    let (few, many) = (many(10), many(100_000));
    let configuration = configuration(&[]);
    let service = ServiceId::parse("AZ/GOV/1/a/open/v1").expect("a service");
    let client = id("AZ/GOV/99/s");
    let cost = |rights: &Rights| {
        let begun = std::time::Instant::now();
        for _ in 0..10_000 {
            rights.check(&configuration, &client, &service, Asked::Soap).expect("allowed");
        }
        begun.elapsed()
    };
    let best = |rights: &Rights| (0..5).map(|_| cost(rights)).min().expect("five rounds");
    let (few, many) = (best(&few), best(&many));
    assert!(many < few * 20, "{few:?} with ten, {many:?} with 100 000");
}

#[test]
fn a_country_with_wrong_rights_is_refused() {
    for (from, to) in [
        ("global_groups = [\"everyone\"]", "global_groups = [\"nobody\"]"),
        ("local_groups = [\"friends\"]", "local_groups = [\"foes\"]"),
        ("owner = \"AZ/GOV/1/a\"", "owner = \"AZ/GOV/1/x\""),
        ("members = [\"AZ/GOV/2/c\"]", "members = [\"AZ/GOV/8\"]"),
        ("code = \"plain\"", "code = \"getWsdl\""),
        ("types = [\"rest\"]", "types = []"),
        ("path = \"/pets/*\"", "path = \"pets\""),
        ("method = \"POST\"", "method = \"BREW\""),
        ("disabled = true", "switched_off = true"),
    ] {
        let changed = EXCHANGE.replacen(from, to, 1);
        assert_ne!(changed, EXCHANGE, "{from}");
        assert!(Country::parse(AGENCIES, &changed).is_err(), "{from} -> {to}");
    }
    let system =
        |lines: &str| Country::parse(AGENCIES, &format!("{EXCHANGE}\n[[system]]\nclient = \"AZ/GOV/1/a\"\n{lines}"));
    assert!(system("authentication = \"tls\"").is_ok());
    for lines in [
        "authentication = \"certificate\"",
        "certificates = [\"x\"]",
        "address = \"ftp://x\"",
        "soap = \"soap\"",
        "[[system]]\nclient = \"AZ/GOV/1/a\"",
        "autentication = \"tls\"",
    ] {
        assert!(system(lines).is_err(), "{lines}");
    }
}
