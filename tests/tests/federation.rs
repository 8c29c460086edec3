//! `docs/FEDERATION.md`, followed step by step as it is written: two countries as processes, and an operator at each.

use host::testing::TempDir;
use tests::{
    country::{Country, binary, folder, free_ports},
    page::{Step, steps},
};

const PEOPLE: u32 = 100;
/// A country publishes every minute; nobody waits that long for a test.
const SOONER: &str =
    "sed -i 's/^configuration_interval_s = 60/configuration_interval_s = 2/' home/exchange.toml partner/exchange.toml";

#[test]
fn two_countries_are_federated_as_the_page_says() {
    let here = TempDir::new();
    let (home, partner) = (free_ports(), free_ports());
    let steps = steps("FEDERATION.md");
    let setting = [
        format!("PENCERE={}", binary().display()),
        format!("COUNTRY={}", folder().display()),
        format!("HOME_BASE={home}"),
        format!("PARTNER_BASE={partner}"),
    ];
    assert_eq!(steps[0].command.lines().count(), setting.len(), "the page sets as many");
    // The page sets the same words in its first command, to what an operator has.
    for (line, ours) in steps[0].command.lines().zip(&setting) {
        assert_eq!(line.split('=').next(), ours.split('=').next(), "the page sets {line}");
    }
    let mut setting = setting.join("\n");
    // The countries start where the page opens terminals for them: before anything is asked of their central servers.
    let started =
        steps.iter().position(|step| step.command.contains(" central ")).expect("the page goes on after the start");
    for step in &steps[1..started] {
        step.follow(&setting, here.path());
    }
    Step { command: SOONER.to_owned(), expected: Vec::new() }.follow(&setting, here.path());
    let start = |name: &str, base| {
        Country::start_of(&here.path().join(name), &here.path().join(format!("{name}-data")), base, PEOPLE)
    };
    let countries = [start("home", home), start("partner", partner)];
    for step in &steps[started..] {
        let mut step = Step { command: step.command.clone(), expected: step.expected.clone() };
        step.expected.iter_mut().for_each(|line| *line = line.replace("within 60 s", "within 2 s"));
        step.follow(&setting, here.path());
        // What a command sets, the next ones use.
        let sets = step.command.lines().filter(|line| line.contains("_HASH=$("));
        setting = sets.fold(setting, |setting, line| format!("{setting}\n{line}"));
    }
    for country in countries {
        country.interrupt();
    }
}
