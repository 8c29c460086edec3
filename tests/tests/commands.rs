//! The program as an operator meets it: its commands, its exit codes, its one clear sentence when something is wrong.

use base::{Chance, SystemChance};
use host::args;
use host::testing::{SoftToken, TempDir, postgres_url};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tests::country::{Country, binary, end_politely, folder, free_ports};

fn pencere(words: &[&str]) -> Output {
    Command::new(binary()).args(words).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn demo_command(data: &Path, port_base: u16) -> Command {
    let mut command = Command::new(binary());
    command.arg("demo").arg("--data").arg(data).arg("--country").arg(folder());
    command.args(["--port-base", &port_base.to_string(), "--people", "100"]);
    command
}

fn demo(data: &Path, port_base: u16) -> Output {
    demo_command(data, port_base).output().expect("the program starts")
}

#[test]
fn the_tour_walks_every_journey_and_everything_that_must_be_true_is() {
    let country = folder().display().to_string();
    let output = pencere(&["tour", "--json", "--people", "300", "--country", &country]);
    let report: Json = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let failed: Vec<String> = report["journeys"]
        .as_array()
        .expect("journeys")
        .iter()
        .flat_map(|journey| ["steps", "checks"].map(|list| journey[list].as_array().expect("a list")))
        .flatten()
        .filter(|line| line["ok"] != Json::Bool(true))
        .map(|line| line["what"].to_string())
        .collect();
    assert!(failed.is_empty() && output.status.success(), "{failed:?} {}", said(&output));
    assert_eq!(report["country"], "az");
    let walked: Vec<&str> =
        report["journeys"].as_array().expect("journeys").iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(walked, ["J01", "J08", "J11", "J12"]);
    let messages: usize = report["journeys"][0]["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["messages"].as_array().map_or(0, Vec::len))
        .sum();
    assert!(messages >= 5, "only {messages} messages crossed in J01");
}

fn serve(roles: &str, config: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--role", roles, "--config"]).arg(config);
    command
}

/// A process that is killed when the test ends, however it ends.
struct Part(std::process::Child);

impl Part {
    fn start(roles: &str, config: &Path) -> Part {
        Part::begin(serve(roles, config))
    }

    fn begin(mut command: Command) -> Part {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut ready = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("asked for a pipe"));
        output.read_line(&mut ready).expect("it says something");
        assert!(ready.starts_with("ready: "), "{ready}");
        Part(child)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// A database that goes with the test.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn make() -> Database {
        let made = Database { server: postgres_url(), name: format!("pencere_test_{}", SystemChance.hex(8)) };
        made.psql(&format!("CREATE DATABASE {}", made.name));
        made
    }

    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("an address names a database");
        format!("{server}/{}", self.name)
    }

    fn psql(&self, sql: &str) {
        let output = Command::new("psql").args([&self.server, "-q", "-c", sql]).output().expect("psql is installed");
        assert!(output.status.success(), "{}", said(&output));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.psql(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

#[test]
fn parts_run_as_processes_of_their_own() {
    let parts = Parts::start("stores = \"files\"\n");
    let _window = Part::start("window,simulators", &parts.config);
    let (data, folder) = (parts.place.path().join("data").display().to_string(), folder().display().to_string());
    let output = pencere(&["tour", "--json", "--journey", "J08,J12", "--data", &data, "--country", &folder]);
    assert!(output.status.success(), "{} {}", String::from_utf8_lossy(&output.stdout), said(&output));
    at_the_desk(&parts);
}

#[test]
fn parts_run_as_processes_over_one_postgresql() {
    let database = Database::make();
    let parts = Parts::start(&format!("stores = {{ postgres = {:?} }}\n", database.url()));
    let steps = tests::page::steps("FIRST-REQUEST.md");
    for step in &steps[1..] {
        let setting = steps[0].command.replace("BASE=8800", &format!("BASE={}", parts.port));
        step.follow(&setting, parts.place.path());
    }
    a_window_that_starts_later_leaves_the_log_to_its_owner(&parts);
    at_the_desk(&parts);
}

/// A window that starts over logs with messages in them, and a message after it: it is found by the server that runs.
fn a_window_that_starts_later_leaves_the_log_to_its_owner(parts: &Parts) {
    let logged = |message: &str| {
        let server = format!("http://127.0.0.1:{}", parts.port + 11);
        let script = format!(
            "curl -sS -o /dev/null '{server}/r1/AZ/GOV/10003/iamas/personByPin' -H 'X-Road-Client: AZ/GOV/10002/employment' \
             -H 'X-Road-Id: {message}' -H 'Content-Type: application/json' -d '{{\"pin\":\"AYTEN01\"}}'
             curl -sS '{server}/asic?xRoadInstance=AZ&memberClass=GOV&memberCode=10002&subsystemCode=employment&queryId={message}'"
        );
        let output = Command::new("bash").args(["-c", &script]).output().expect("a shell starts");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        answer.starts_with("PK") || answer.contains("has not been timestamped yet")
    };
    assert!(logged("before-the-window"));
    let window = Part::start("window,simulators", &parts.config);
    assert!(logged("beside-the-window"));
    drop(window);
    assert!(logged("after-the-window"));
}

/// A country whose registers and exchange are one process; its window is to be another.
struct Parts {
    place: TempDir,
    config: PathBuf,
    port: u16,
    _behind: Part,
}

impl Parts {
    fn start(stores: &str) -> Parts {
        let (place, port) = (TempDir::new(), free_ports());
        let (config, data) = (place.path().join("pencere.toml"), place.path().join("data"));
        let text = format!("data = {data:?}\ncountry = {:?}\npeople = 100\nport-base = {port}\n{stores}", folder());
        std::fs::write(&config, text).expect("written");
        let behind = Part::start("trust,exchange,registers", &config);
        Parts { place, config, port, _behind: behind }
    }
}

/// A rotation of the key that signs the configuration, as far as it goes before members can have seen the new one.
fn at_the_desk(parts: &Parts) {
    let config = parts.config.display().to_string();
    let desk = |words: &[&str]| pencere(&[&["central", "--config", &config], words].concat());
    let answer = |words: &[&str]| {
        let output = desk(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let refused = |words: &[&str], why: &str| {
        let output = desk(words);
        assert!(!output.status.success() && said(&output).contains(why), "{words:?}: {}", said(&output));
    };
    let keys = answer(&["keys"]);
    let at = format!("at 127.0.0.1:{}", parts.port + 6);
    assert_eq!(keys.lines().filter(|line| line.contains(" signs since ") && line.ends_with(&at)).count(), 2, "{keys}");
    let old = keys.lines().find(|line| line.contains(" internal ")).expect("one for members")[..64].to_owned();
    let new = answer(&["announce-key", "internal"])[..64].to_owned();
    assert_eq!(answer(&["keys"]).lines().count(), 3);
    refused(&["activate-key", &new], "exchange.configuration_key_too_young");
    refused(&["activate-key", &old[..8]], "exchange.configuration_key_active");
    refused(&["retire-key", &old], "exchange.configuration_key_active");
    refused(&["retire-key", &new[..7]], "at least 8 characters");
    refused(&["retire-key", "0000000000"], "no key begins with 0000000000");
    assert!(answer(&["retire-key", &new[..16]]).contains("is trusted no more"));
    assert_eq!(answer(&["keys"]), keys);
    assert_eq!(answer(&["requests", "--all"]), "");
    refused(&["approve", "99"], "there is no request 99");
    refused(&["decline", "99"], "there is no request 99");
    refused(&["forget", "ZZ"], "AZ is not federated with ZZ");
    trust_needs_the_hash(parts, &answer, &refused);
    assert_eq!(answer(&["partners"]), "");
}

/// A partner's anchor is ours with another instance here; a wrong hash, or none, and nothing is trusted.
fn trust_needs_the_hash(parts: &Parts, answer: &dyn Fn(&[&str]) -> String, refused: &dyn Fn(&[&str], &str)) {
    let place = parts.place.path().display().to_string();
    let said = answer(&["anchor", "--external", "--to", &place]);
    let (own, hash) = (said.lines().next().expect("the file"), said.lines().nth(1).expect("the hash"));
    let hash = hash.strip_prefix("hash ").expect("a hash");
    refused(&["trust", own], hash);
    refused(&["trust", own, "--hash", "00:11"], "is not what the partner wrote");
    refused(&["trust", own, "--hash", hash], "an instance is not federated with itself");
}

#[test]
fn a_desk_over_another_countrys_folder_or_stores_is_one_sentence() {
    let database = Database::make();
    let parts = Parts::start(&format!("stores = {{ postgres = {:?} }}\n", database.url()));
    let (data, country) = (parts.place.path().join("data"), folder().display().to_string());
    let output = pencere(&["central", "--data", &data.display().to_string(), "--country", &country, "keys"]);
    assert!(!output.status.success() && said(&output).contains("its stores are elsewhere"), "{}", said(&output));
    assert!(!data.join("stores/central.db").exists(), "and none is made");
    let other = parts.place.path().join("other");
    let copied = Command::new("cp").args(["-r", &country]).arg(&other).status().expect("cp runs");
    assert!(copied.success());
    let edit = "find \"$1\" -name '*.toml' -exec sed -i 's#AZ/#ZZ/#g; s#^instance = \"AZ\"#instance = \"ZZ\"#' {} +";
    let edited = Command::new("bash").args(["-c", edit, "bash"]).arg(&other).status().expect("a shell starts");
    assert!(edited.success());
    let config = std::fs::read_to_string(&parts.config).expect("written");
    let wrong = parts.place.path().join("wrong.toml");
    std::fs::write(&wrong, config.replace(&country, &other.display().to_string())).expect("written");
    let output = pencere(&["central", "--config", &wrong.display().to_string(), "keys"]);
    let sentence = said(&output);
    assert!(sentence.contains("the country folder is of ZZ, and the central server publishes AZ"), "{sentence}");
    assert!(!output.status.success());
}

#[test]
fn a_desk_without_a_central_server_is_one_sentence() {
    let (data, country) = (TempDir::new(), folder().display().to_string());
    let place = data.path().display().to_string();
    let output = pencere(&["central", "--data", &place, "--country", &country, "keys"]);
    assert!(!output.status.success());
    assert!(
        said(&output).starts_with(&format!("pencere: no central server ever ran in {place}, or ")),
        "{}",
        said(&output)
    );
    assert_eq!(said(&output).lines().count(), 1);
    assert_eq!(std::fs::read_dir(data.path()).expect("there").count(), 0, "and nothing was made there");
}

#[test]
fn keys_in_a_token_serve_a_country_and_a_token_that_is_not_there_is_one_sentence() {
    let data = TempDir::new();
    let token = SoftToken::make(&data.path().join("token"));
    let config = data.path().join("pencere.toml");
    let (country, port, place) = (folder(), free_ports(), token.place());
    let text = format!(
        "data = {:?}\ncountry = {country:?}\npeople = 100\nport-base = {port}\n[[token]]\nmodule = {:?}\nlabel = {:?}\n\
         pin-file = {:?}\nservers = [\"portal\", \"social\"]\nkeys = [\"signing\", \"authentication\"]\n",
        data.path().join("data"),
        place.module,
        place.label,
        place.pin_file,
    );
    std::fs::write(&config, text).expect("written");
    let all = || {
        let mut command = serve("trust,exchange,registers,window,simulators", &config);
        command.envs([token.environment()]);
        command
    };
    let refused = |part: &str| {
        let output = all().output().expect("the program starts");
        let sentence = said(&output);
        assert!(!output.status.success() && sentence.contains(part) && !sentence.contains("0000"), "{sentence}");
        assert_eq!(sentence.lines().filter(|line| line.starts_with("pencere: ")).count(), 1, "{sentence}");
    };
    token.pull();
    refused("use the token");
    token.put_back();
    token.write_pin("0000");
    refused("the token refused the PIN in");
    refused("it is tried again when the file is new");
    token.write_pin(SoftToken::PIN);
    let running = Part::begin(all());
    let (folder, home) = (country.display().to_string(), data.path().join("data"));
    let words = ["tour", "--json", "--journey", "J08", "--data", &home.display().to_string(), "--country", &folder];
    let output = pencere(&words);
    assert!(output.status.success(), "{} {}", String::from_utf8_lossy(&output.stdout), said(&output));
    drop(running);
    for (server, in_files) in [("portal", false), ("social", false), ("taxes", true)] {
        let keys = std::fs::read_dir(home.join(format!("exchange/ss-{server}/keys"))).expect("a folder");
        let names = keys.map(|key| key.expect("an entry").file_name().to_string_lossy().into_owned());
        let secret = names.filter(|name| name == "auth" || name.starts_with("sign-")).count();
        assert_eq!(secret > 0, in_files, "{server} has {secret} keys in files");
    }
}

#[test]
fn an_unknown_journey_is_one_sentence() {
    let country = folder().display().to_string();
    let output = pencere(&["tour", "--journey", "J99", "--people", "100", "--country", &country]);
    assert!(!output.status.success());
    assert!(said(&output).contains("there is no journey J99"), "{}", said(&output));
}

#[test]
fn a_taken_port_is_one_sentence() {
    let base = free_ports();
    let _held = TcpListener::bind(("127.0.0.1", base + 2)).expect("free a moment ago");
    let data = TempDir::new();
    let output = demo(&data.path().join("data"), base);
    assert!(!output.status.success());
    let sentence = said(&output);
    assert!(sentence.starts_with(&format!("pencere: port {} is taken", base + 2)), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
}

#[test]
fn an_unwritable_directory_is_one_sentence() {
    let output = demo(Path::new("/proc/pencere"), free_ports());
    assert!(!output.status.success());
    let sentence = said(&output);
    assert!(sentence.starts_with("pencere: the data directory /proc/pencere cannot be used: "), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
}

#[test]
fn a_folder_that_is_no_country_is_one_sentence() {
    let data = TempDir::new();
    let words = ["demo", "--country", "/nonexistent", "--data", &data.path().join("d").display().to_string()];
    let output = pencere(&words);
    assert!(!output.status.success());
    assert!(said(&output).contains("/nonexistent is not a country folder"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_resumes_holds_its_directory_and_refuses_a_newer_store() {
    let data = TempDir::new();
    let base = free_ports();
    let first = Country::start(data.path(), base, 100);
    assert_eq!(first.ready["logins"].as_array().map(Vec::len), Some(7));
    let second = demo(data.path(), free_ports());
    assert!(said(&second).contains("is in use by another running country"), "{}", said(&second));
    first.interrupt();
    let again = Country::start(data.path(), base, 100);
    again.interrupt();

    let store = pencere::wiring::window_store_in(data.path()).await.expect("opens");
    let mut tx = store.begin().await.expect("begun");
    let sql = "INSERT INTO host_migration (part, number, digest) VALUES ($1, $2, $3)";
    tx.execute(sql, &args!["services", 99_i64, "from tomorrow"]).await.expect("written");
    tx.commit().await.expect("committed");
    store.close().await;
    let newer = demo(data.path(), base);
    assert!(!newer.status.success());
    assert!(said(&newer).contains("was written by a newer version"), "{}", said(&newer));
}

#[test]
fn a_start_that_is_told_to_end_ends_and_the_next_goes_on_from_there() {
    let data = TempDir::new();
    let base = free_ports();
    let starting = demo_command(data.path(), base).stdout(Stdio::null()).spawn().expect("the program starts");
    let mut starting = Part(starting);
    while !data.path().join("stores").exists() {
        assert!(starting.0.try_wait().expect("its own child").is_none(), "it has not ended yet");
        std::thread::sleep(Duration::from_millis(1));
    }
    end_politely(&mut starting.0);
    Country::start(data.path(), base, 100).interrupt();
}

#[test]
fn the_country_folder_is_in_order_and_a_broken_one_is_not() {
    let country = folder().display().to_string();
    let output = pencere(&["check", "--country", &country]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let broken = TempDir::new();
    let copied = Command::new("cp").args(["-r", &country]).arg(broken.path()).status().expect("cp runs");
    assert!(copied.success());
    let broken = broken.path().join("az");
    let tariff = std::fs::read_to_string(broken.join("payments.toml")).expect("there");
    std::fs::write(broken.join("payments.toml"), tariff.replace("qepik = 110000", "qepik = 110001")).expect("written");
    let output = pencere(&["check", "--country", &broken.display().to_string()]);
    assert!(!output.status.success());
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("1100.00 in fees.toml and 1100.01 in payments.toml"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_has_its_shape() {
    let data = TempDir::new();
    let country = Country::start(data.path(), free_ports(), 100);
    country.interrupt();
    let (data, folder) = (data.path().display().to_string(), folder().display().to_string());
    let output = pencere(&["score", "--json", "--data", &data, "--country", &folder]);
    let score: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!(score["report"]["infrastructure"], "5");
    for sheet in ["report", "live"] {
        assert_eq!(score[sheet]["services"].as_array().map(Vec::len), Some(30), "{sheet}");
    }
}

#[test]
fn what_is_no_paper_of_this_state_is_not_valid() {
    let dir = TempDir::new();
    std::fs::create_dir(dir.path().join("trusted")).expect("made");
    std::fs::write(dir.path().join("trusted/anchors.pem"), "").expect("written");
    let file = dir.path().join("paper.asice");
    std::fs::write(&file, b"PK nothing").expect("written");
    let data = dir.path().display().to_string();
    let output = pencere(&["verify", &file.display().to_string(), "--data", &data]);
    assert_eq!(output.status.code(), Some(1));
    let missing = pencere(&["verify", "/nonexistent.asice", "--data", &data]);
    assert!(said(&missing).starts_with("pencere: /nonexistent.asice: "), "{}", said(&missing));
}

/// The log of a server in a data directory, with one message that is archived. Returns where the archive is.
async fn archived_message(data: &Path) -> std::path::PathBuf {
    use exchange::messagelog::{Direction, LogEntry, LogParts, LogPolicy, MessageLog, Stamping};
    use host::store::{Location, Store};
    use std::sync::Arc;
    let server = data.join("exchange/ss-asker");
    std::fs::create_dir_all(&server).expect("made");
    let location = Location::Sqlite(server.join("store.db"));
    let parts = LogParts {
        folder: server.join("messagelog"),
        keys: server.join("keys"),
        store: Store::open(&location, exchange::SERVER_MIGRATIONS).await.expect("a store"),
        policy: LogPolicy { time_stamps: Stamping::Immediate, ..LogPolicy::default() },
        clock: Arc::new(base::SystemClock),
        chance: Arc::new(base::SystemChance),
    };
    let log = MessageLog::open(parts).await.expect("a log");
    let entry = LogEntry {
        message_id: "m-1".to_owned(),
        request_id: "r".to_owned(),
        direction: Direction::Request,
        side: exchange::opmonitor::Side::Client,
        wording: "soap",
        client: "AZ/GOV/1/desk".to_owned(),
        service: "AZ/GOV/2/book/page".to_owned(),
        provider: formats::identifier::ClientId::parse("AZ/GOV/2/book").expect("a provider"),
        signer: "AZ/GOV/1".to_owned(),
        content_type: "text/xml".to_owned(),
        message: bytes::Bytes::from_static(b"<m/>"),
        attachments: Vec::new(),
        signature: b"none".to_vec(),
        chain_result: None,
        chain: None,
    };
    log.append(entry).await.expect("logged");
    // It counts as stamped when it was logged; this says so to the archive.
    assert_eq!(log.stamp(&host::http::Client::plain(), &[]).await.expect("nothing waits"), 0);
    let name = log.archive().await.expect("archived").pop().expect("an archive");
    let digest = name.split('.').next().expect("a stem");
    server.join("messagelog/archive").join(&digest[digest.len() - 2..]).join(name)
}

#[tokio::test]
async fn a_sealed_archive_is_opened_for_an_auditor() {
    let dir = TempDir::new();
    let data = dir.path().join("data");
    let sealed = archived_message(&data).await;
    let parameters = formats::globalconf::SharedParameters { instance: "AZ".to_owned(), ..Default::default() };
    std::fs::write(data.join("exchange/shared-params.xml"), parameters.to_xml()).expect("written");
    let to = dir.path().join("auditor");
    std::fs::create_dir(&to).expect("made");
    let text = |path: &Path| path.display().to_string();
    let words = ["unseal", &text(&sealed), "--to", &text(&to), "--data", &text(&data)];
    let output = pencere(&words);
    assert!(output.status.success(), "{}", said(&output));
    let plain = to.join(sealed.file_stem().expect("a stem"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", plain.display()));
    let listed = Command::new("unzip").arg("-l").arg(&plain).output().expect("unzip runs");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("m-1-request-1.asice") && listed.contains("linkinginfo"), "{listed}");
    // Nobody signed the message; the verdict is the same on both, and where no keys are there is none on the sealed one.
    let verdict = |file: &Path, data: &Path| {
        pencere(&["verify", &text(file), "--data", &text(data), "--trust", &text(&data.join("trusted"))])
    };
    std::fs::create_dir(data.join("trusted")).expect("made");
    let (of_plain, of_sealed) = (verdict(&plain, &data), verdict(&sealed, &data));
    let told = String::from_utf8_lossy(&of_plain.stdout).into_owned();
    assert!(told.contains("1 containers chained with") && told.contains("m-1-request-1.asice: not valid"), "{told}");
    assert_eq!(of_plain.stdout, of_sealed.stdout);
    let again = pencere(&words);
    assert!(said(&again).contains("is there already"), "{}", said(&again));
    let elsewhere = dir.path().join("other");
    archived_message(&elsewhere).await;
    std::fs::remove_file(&plain).expect("removed");
    let output = pencere(&["unseal", &text(&sealed), "--to", &text(&to), "--data", &text(&elsewhere)]);
    assert!(!output.status.success() && said(&output).contains("open a sealed archive"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(&to).expect("a folder").count(), 0, "nothing is left of what did not open");
}
