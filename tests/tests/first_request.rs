//! `docs/FIRST-REQUEST.md`, followed step by step as it is written.

use host::testing::TempDir;
use serde_json::{Value, json};
use std::{path::Path, process::Command};
use tests::country::{Country, folder, free_ports};

/// A command of the page, and the lines that it says the answer has.
struct Step {
    command: String,
    expected: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect()
        };
        match line {
            "```sh" => steps.push(Step { command: block(&mut lines).join("\n"), expected: Vec::new() }),
            "```text" => steps.last_mut().expect("an answer follows a command").expected = block(&mut lines),
            _ => {}
        }
    }
    steps
}

#[test]
fn the_first_request_works_as_the_page_says() {
    let page = folder().ancestors().nth(2).expect("the checkout").join("docs/FIRST-REQUEST.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (data, base) = (TempDir::new(), free_ports());
    let country = Country::start(&data.path().join("data"), base, 100);
    let steps = steps(&page);
    let answered = steps.iter().filter(|step| !step.expected.is_empty()).count();
    assert!(answered >= 6, "the page has only {answered} commands with answers");
    // Later commands use what earlier ones set, so each runs behind the first one.
    let setting = steps[0].command.replace("BASE=8800", &format!("BASE={base}"));
    assert_ne!(setting, steps[0].command, "the first command sets the base port");
    for step in &steps[1..] {
        let script = format!("set -e\n{setting}\n{}", step.command);
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(data.path()).output().expect("a shell starts");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in &step.expected {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                answer.contains(line.as_str()),
                "no {line:?} in the answer to\n{}\n{answer}{complaint}",
                step.command
            );
        }
    }
    a_program_of_others_asks_the_same(&format!("http://127.0.0.1:{}", base + 11));
    assert!(country.interrupt(), "the country ends when it is told");
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
