//! `docs/FIRST-REQUEST.md`, followed step by step as it is written.

use host::testing::TempDir;
use serde_json::{Value, json};
use std::{path::Path, process::Command};
use tests::{
    country::{Country, folder, free_ports},
    page::steps,
};

#[test]
fn the_first_request_works_as_the_page_says() {
    let (data, base) = (TempDir::new(), free_ports());
    let country = Country::start(&data.path().join("data"), base, 100);
    let steps = steps("FIRST-REQUEST.md");
    let answered = steps.iter().filter(|step| !step.expected.is_empty()).count();
    assert!(answered >= 6, "the page has only {answered} commands with answers");
    // Later commands use what earlier ones set, so each runs behind the first one.
    let setting = steps[0].command.replace("BASE=8800", &format!("BASE={base}"));
    assert_ne!(setting, steps[0].command, "the first command sets the base port");
    for step in &steps[1..] {
        step.follow(&setting, data.path());
    }
    a_program_of_others_asks_the_same(&format!("http://127.0.0.1:{}", base + 11));
    country.interrupt();
}

/// `pyxroad` as it is, with the description that the register writes of itself.
fn a_program_of_others_asks_the_same(server: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder");
    let script = folder().ancestors().nth(2).expect("the checkout").join("crates/exchange/tests/python/client.py");
    let ask = |person: &str| {
        let headers =
            json!({ "purpose": "unemployment-allowance", "issue": "1.1-2026-000001", "userId": "PIN:LEYLA03" });
        let arguments = json!({ "pin": person, "_soapheaders": headers }).to_string();
        let output = Command::new(target.join("python/bin/python"))
            .args(["-I", "-X", "utf8"])
            .arg(&script)
            .args([server, "AZ/GOV/10002/employment", "AZ/GOV/10003/iamas/personByPin/v1", &arguments])
            .env_clear()
            .output()
            .expect("others' programs are not installed: run `cargo xtask packages`");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{complaint}"))
    };
    let answer = ask("AYTEN01");
    assert_eq!(answer["answer"]["body"]["surname"], "Məmmədova", "{answer}");
    let answer = ask("NOBODY1");
    assert!(answer["fault"]["code"].is_string(), "{answer}");
}
