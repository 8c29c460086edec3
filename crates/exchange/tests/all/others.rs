//! Others' programs in Python, unchanged: `pyxroad` asks through our servers, `fastapi-xroad-soap` answers behind one, and
//! `signxml` judges what we signed. `cargo xtask packages` installs them.

use crate::{
    asking::question,
    attachments::related,
    logs::changed,
    metadata::{fault_code, message, offering_by_get, question_of, soap_at_desk},
    rest::ECHO,
    world::{World, id},
};
use base::{
    Algorithm,
    dataservice::{DataServices, Wording},
};
use bytes::Bytes;
use exchange::{
    archive,
    messagelog::{Direction, LogFilter},
    server::Settings,
};
use formats::{
    identifier::ServiceId,
    mime::{ContentType, read_all},
    soap::{self, EXCHANGE, HEADERS},
};
use host::http::Client;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A script of `tests/python`, with what `cargo xtask packages` has installed and nothing else of this machine.
fn script(name: &str) -> Command {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder");
    let installed = std::fs::read_to_string(target.join("python/requirements.txt")).unwrap_or_default();
    assert!(
        installed == include_str!("../python/requirements.txt"),
        "others' programs are not installed, or others than the list says: run `cargo xtask packages`, as `cargo xtask test` does"
    );
    let mut command = Command::new(target.join("python/bin/python"));
    command.args(["-I", "-X", "utf8"]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name));
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs to the end; whether it succeeded, and what it printed.
async fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().await.expect("a script starts");
    let printed = [&output.stdout[..], &output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).expect("text"))
}

// ---- pyxroad -------------------------------------------------------------------------------------------------------------

/// Asks `service` as the desk, through its server.
async fn pyxroad(world: &World, service: &str, arguments: Value) -> (bool, String) {
    let server = format!("http://{}", world.port("asker", 1));
    let service = format!("AZ/GOV/2/book/{service}/v1");
    run(script("client.py").args([&server, "AZ/GOV/1/desk", &service, &arguments.to_string()])).await
}

#[tokio::test]
async fn pyxroad_asks_through_both_servers() {
    let world = offering_by_get("").await;
    let pyxroad = async |service: &str| pyxroad(&world, service, json!({ "pin": "AYTEN01" })).await;
    let (good, printed) = pyxroad("page").await;
    assert!(good, "{printed}");
    let answer: Value = serde_json::from_str(&printed).expect("JSON");
    let rows = json!([{ "line": "Ə & <ö>" }, { "line": null }]);
    assert_eq!(answer["answer"], json!({ "pin": "AYTEN01", "known": true, "pages": 3, "scan": null, "row": rows }));
    let id = answer["id"].as_str().expect("an identifier");
    for code in ["asker", "keeper"] {
        let log = world.exchange.server(code).expect("a server").log();
        let filter = LogFilter { message_id: Some(id.to_owned()), ..LogFilter::default() };
        assert_eq!(log.records(&filter).await.expect("read").len(), 2, "{code}");
    }
    let (good, printed) = pyxroad("secret").await;
    assert!(good, "{printed}");
    let answer: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(answer["fault"]["code"], "server.serverproxy.access_denied", "{printed}");
    let (good, printed) = pyxroad("nothing").await;
    assert!(!good && printed.contains("missing wsdl:service"), "there is no description of it: {printed}");
    world.shutdown.trigger();
}

#[tokio::test]
async fn pyxroad_reads_an_answer_by_mtom() {
    let world = offering_by_get("").await;
    let (client, service) = (id("AZ/GOV/1/desk"), ServiceId::parse("AZ/GOV/2/book/page/v1").expect("a service"));
    let head = soap::RequestHead {
        client: &client,
        service: &service,
        id: "m-1",
        user_id: Some("desk"),
        issue: None,
        purpose: None,
    };
    let scan: Vec<u8> = (0..20_000_u64).map(|place| u8::try_from(place * place % 251).expect("a byte")).collect();
    let include = "<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:scan%40book\"/>";
    let body = format!(
        "<ex:pageResponse xmlns:ex=\"{EXCHANGE}\"><pin>AYTEN01</pin><known>true</known><pages>1</pages>\
         <scan>{include}</scan></ex:pageResponse>"
    );
    let envelope = soap::respond_with(&message(&soap::request(&head, &json!({ "pin": "AYTEN01" }))), &body);
    let root = "Content-Type: application/xop+xml; charset=UTF-8; type=\"text/xml\"\r\nContent-ID: <root>";
    let part = "Content-Type: image/png\r\nContent-ID: <scan@book>\r\nContent-Transfer-Encoding: binary";
    let answer = related("mtom", &[(root, &envelope), (part, &scan)]);
    let kind =
        "multipart/related; type=\"application/xop+xml\"; start=\"<root>\"; start-info=\"text/xml\"; boundary=mtom";
    *world.book.answer.lock().expect("a lock") = Some((http::StatusCode::OK, kind, answer));
    let (good, printed) = pyxroad(&world, "page", json!({ "pin": "AYTEN01", "xroad_id": "m-1" })).await;
    assert!(good, "{printed}");
    let answer: Value = serde_json::from_str(&printed).expect("JSON");
    let read = answer["answer"]["scan"].as_str().unwrap_or_else(|| panic!("{printed}"));
    assert!(from_base64(read.as_bytes()) == scan && answer["answer"]["pages"] == 1, "{printed}");
    world.shutdown.trigger();
}

// ---- fastapi-xroad-soap --------------------------------------------------------------------------------------------------

/// Its address, and the process, which ends with its standard input.
async fn provider() -> (String, Child) {
    let mut command = script("provider.py");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a script starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let port = lines.next_line().await.expect("read").expect("the provider says its port");
    (format!("http://127.0.0.1:{port}"), child)
}

async fn world_before(provider: &str) -> World {
    let service = |code: &str| {
        format!("[[service]]\nprovider = \"AZ/GOV/2/book\"\ncode = \"{code}\"\nclients = [\"AZ/GOV/1/desk\"]\n")
    };
    let system = format!(
        "[[system]]\nclient = \"AZ/GOV/2/book\"\naddress = \"{provider}\"\nsoap = \"/service\"\nwsdl = \"/service?wsdl\"\n"
    );
    let more = format!("{}{}{system}", service("countPages"), service("bindSheets"));
    // The sheets are larger than an inquiry of the small country may be.
    World::running_wide(&more, Settings::new).await
}

/// The envelope of a question to the archive. The library reads no XML declaration, and we write none.
fn envelope(service: &str, body: &str) -> Vec<u8> {
    let whole = question_of("AZ/GOV/1/desk", &format!("AZ/GOV/2/book/{service}"), body);
    let text = String::from_utf8(whole).expect("text");
    text.replace("<xroad:id>", "<xroad:userId>AYTEN01</xroad:userId><xroad:id>").into_bytes()
}

async fn ask(world: &World, service: &str, kind: &str, body: Vec<u8>) -> (String, Bytes) {
    let request = http::Request::post(format!("http://{}", world.port("asker", 1)))
        .header("content-type", kind)
        .header("soapaction", format!("\"{service}\""))
        .body(Bytes::from(body))
        .expect("a request");
    let answer = Client::plain().send(request, 10_000_000, Duration::from_secs(20)).await.expect("answered");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (kind, answer.into_body())
}

fn pages(first: &str, last: &str) -> Vec<u8> {
    let body = format!("<ex:countPages><First>{first}</First><Last>{last}</Last></ex:countPages>");
    envelope("countPages", &body)
}

#[tokio::test]
async fn fastapi_xroad_soap_answers_behind_our_server() {
    let (address, mut child) = provider().await;
    let world = world_before(&address).await;
    let (kind, answer) = ask(&world, "countPages", "text/xml; charset=UTF-8", pages("3", "7")).await;
    assert!(kind.starts_with("text/xml"), "{kind} {answer:?}");
    let counted = message(&answer);
    assert!(counted.headers.request_hash.is_some());
    let field =
        |name: &str| counted.body.children.iter().find(|child| child.name == name).map(|child| child.text.trim());
    assert_eq!((field("Count"), field("AskedBy")), (Some("5"), Some("1/desk/AYTEN01")));

    // Its own fault, with 500, comes as it is; what it refuses with 400 is a failure of the service, as in the field.
    let (_, answer) = ask(&world, "countPages", "text/xml", pages("7", "3")).await;
    assert_eq!(fault_code(&answer), "Server");
    assert!(String::from_utf8_lossy(&answer).contains("the last page is before the first one"), "{answer:?}");
    let (_, answer) = ask(&world, "countPages", "text/xml", pages("seven", "3")).await;
    assert_eq!(fault_code(&answer), "server.serverproxy.service_failed.http_error");

    let about = format!(
        "<xroad:getWsdl xmlns:xroad=\"{HEADERS}\"><xroad:serviceCode>countPages</xroad:serviceCode></xroad:getWsdl>"
    );
    let (kind, answer) = soap_at_desk(&world, question_of("AZ/GOV/1/desk", "AZ/GOV/2/book/getWsdl", &about)).await;
    let parts = parts(&kind, &answer);
    let described = String::from_utf8(parts[1].1.clone()).expect("text");
    assert!(described.contains("bindSheets") && described.contains("http://example.org/xroad-endpoint"), "{described}");
    assert!(!described.contains("localhost") && !described.contains("127.0.0.1"), "{described}");
    world.shutdown.trigger();
    drop(child.stdin.take());
    assert!(child.wait().await.expect("ended").success());
}

/// Headers and bodies of a multipart message.
fn parts(kind: &str, body: &[u8]) -> Vec<(BTreeMap<String, String>, Vec<u8>)> {
    let kind = ContentType::parse(kind).expect("a content type");
    assert!(kind.essence.starts_with("multipart/"), "{}: {}", kind.essence, String::from_utf8_lossy(body));
    let parts = read_all(body, 0..body.len(), kind.boundary().expect("a boundary")).expect("parts");
    let known = ["content-type", "content-id", "content-disposition", "content-transfer-encoding"];
    let headers = |part: &formats::mime::Part| {
        let named = known.iter().filter_map(|name| Some(((*name).to_owned(), part.header(name)?.to_owned())));
        named.collect()
    };
    parts.iter().map(|part| (headers(part), body[part.body.clone()].to_vec())).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

#[tokio::test]
async fn files_travel_to_fastapi_xroad_soap_and_back() {
    let (address, _child) = provider().await;
    let world = world_before(&address).await;
    let picture: Vec<u8> = (0..70_000_u64).map(|place| u8::try_from(place * place % 251).expect("a byte")).collect();
    let note = b"Three pages, one of them empty.".to_vec();
    let root = "Content-Type: text/xml; charset=UTF-8\r\nContent-ID: <root>";
    let head = |name: &str, encoding: &str| {
        format!(
            "Content-Type: application/octet-stream\r\nContent-ID: <{name}>\r\nContent-Transfer-Encoding: {encoding}\r\n\
             Content-Disposition: attachment; name=\"{name}\"; filename=\"{name}\""
        )
    };
    for files in [vec![("scan.png", &picture)], vec![("scan.png", &picture), ("note.txt", &note)]] {
        let named: String = files.iter().map(|(name, _)| format!("<Sheets>cid:{name}</Sheets>")).collect();
        let envelope = envelope("bindSheets", &format!("<ex:bindSheets>{named}</ex:bindSheets>"));
        let encoded: Vec<(String, String)> =
            files.iter().map(|(name, content)| (head(name, "base64"), base64(content))).collect();
        let mut written: Vec<(&str, &[u8])> = vec![(root, &envelope)];
        written.extend(encoded.iter().map(|(head, content)| (head.as_str(), content.as_bytes())));
        let kind = "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"sheets\"";
        let (kind, answer) = ask(&world, "bindSheets", kind, related("sheets", &written)).await;
        let mut received = parts(&kind, &answer);
        let bound = message(&received.remove(0).1);
        let digest = bound.body.children.iter().find(|child| child.name == "Digest").expect("a digest").text.clone();
        let sent: Vec<u8> = files.iter().flat_map(|(_, content)| content.iter().copied()).collect();
        assert_eq!(digest, base::hex(&formats::verify::Digest::Sha256.of(&sent)), "what came is what was sent");
        // The library puts several files into one part of parts.
        if files.len() > 1 {
            let (headers, body) = received.remove(0);
            received = parts(&headers["content-type"], &body);
        }
        assert_eq!(received.len(), files.len());
        for ((name, content), (headers, body)) in files.iter().zip(&received) {
            assert!(headers["content-disposition"].contains(&format!("bound-{name}")), "{headers:?}");
            let back: Vec<u8> = content.iter().rev().copied().collect();
            assert!(from_base64(body) == back, "{name}");
        }
    }
    world.shutdown.trigger();
}

// ---- signxml -------------------------------------------------------------------------------------------------------------

fn rsa(folder: PathBuf) -> Settings {
    Settings { signing: Algorithm::RsaPkcs1Sha512, ..Settings::new(folder) }
}

/// What a judge is given, and what it must say.
struct Case {
    name: String,
    container: Vec<u8>,
    expected: Result<BTreeSet<String>, &'static str>,
}

/// Judges every container as one that the signer of `server` signed.
async fn judged(world: &World, server: &str, cases: &[Case]) {
    let folder = host::testing::TempDir::new();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let pem = |certificate| formats::x509::to_pem(std::slice::from_ref(certificate));
    let authority = put("authority.pem", pem(&world.authority.certificate).as_bytes());
    let certificates = world.exchange.server(server).expect("a server").certificates();
    let (_, signer) = certificates.iter().find(|(what, _)| *what == "signing").expect("a signer");
    let signer = put("signer.pem", pem(signer).as_bytes());
    let mut command = script("judge.py");
    command.arg(authority).arg(signer).arg(base::Clock::now(&*world.clock).to_string());
    for (place, case) in cases.iter().enumerate() {
        command.arg(put(&format!("{place}.asice"), &case.container));
    }
    let (good, printed) = run(&mut command).await;
    assert!(good, "{printed}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), cases.len(), "{printed}");
    for (case, line) in cases.iter().zip(lines) {
        let verdict: Value = serde_json::from_str(line).expect("JSON");
        match &case.expected {
            Ok(covered) => assert_eq!(verdict["covered"], json!(covered), "{}: {line}", case.name),
            Err(why) => {
                assert!(verdict["refused"].as_str().is_some_and(|said| said.contains(why)), "{}: {line}", case.name);
            }
        }
    }
}

/// The containers of every request in the asker's log.
async fn requests(world: &World) -> Vec<Case> {
    let server = world.exchange.server("asker").expect("a server");
    server.stamp_now().await.expect("stamped");
    let mut cases = Vec::new();
    for found in server.log().records(&LogFilter::default()).await.expect("read") {
        if found.entry.direction != Direction::Request {
            continue;
        }
        let record = server.log().record_of(&found.id).await.expect("read").expect("there");
        let mut covered = BTreeSet::from(["META-INF/signatures.xml", "message.xml"].map(str::to_owned));
        covered.extend((1..=record.attachments.len()).map(|number| format!("attachment{number}")));
        let chain = String::from_utf8(record.entry.chain.clone().unwrap_or_default()).expect("text");
        if !chain.is_empty() {
            covered.insert("sig-hashchainresult.xml".to_owned());
        }
        let steps = chain.matches("<hc:HashStep ").count();
        let name = format!("{} {}, {steps} steps", record.entry.wording, record.entry.message_id);
        cases.push(Case { name, container: archive::export(&record).expect("a container"), expected: Ok(covered) });
    }
    cases
}

/// A change of the first character in the element that is found by these names.
fn other(names: &'static [&'static str]) -> impl Fn(Vec<u8>) -> Option<Vec<u8>> {
    move |mut data| {
        let text = String::from_utf8(data.clone()).expect("text");
        let mut place = 0;
        for name in names {
            place += text[place..].find(&format!("<{name}")).expect(name);
            place += text[place..].find('>').expect("a start tag ends") + 1;
        }
        let place = text.len() - text[place..].trim_start().len();
        data[place] = if data[place] == b'A' { b'B' } else { b'A' };
        Some(data)
    }
}

#[tokio::test]
async fn signxml_agrees_with_our_signatures_and_chains() {
    let world = World::running_wide("", Settings::new).await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
    let mut cases = requests(&world).await;
    let of = |name: &str| cases.iter().find(|case| case.name.starts_with(name)).expect("a case").container.clone();
    let (soap, rest) = (of("soap"), of("rest"));
    let swap = |from: &'static str, to: &'static str| {
        move |data: Vec<u8>| {
            let text = String::from_utf8(data).expect("text");
            assert!(text.contains(from), "{from}");
            Some(text.replacen(from, to, 1).into_bytes())
        }
    };
    let mut spoil = |container: &[u8], entry: &str, change: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>, why: &'static str| {
        cases.push(Case { name: entry.to_owned(), container: changed(container, entry, change), expected: Err(why) });
    };
    let signatures = "META-INF/signatures.xml";
    spoil(&soap, "message.xml", &swap("AYTEN01", "AYTEN02"), "Digest mismatch for reference 0 (/message.xml)");
    spoil(&soap, signatures, &other(&["ds:SignatureValue"]), "Signature verification failed");
    spoil(&soap, signatures, &swap("<xades:SigningTime>2", "<xades:SigningTime>3"), "Digest mismatch for reference 1");
    // What is not signed is covered by the time-stamp.
    spoil(
        &soap,
        signatures,
        &other(&["xades:EncapsulatedOCSPValue"]),
        "META-INF/signatures.xml does not have the digest",
    );
    spoil(
        &soap,
        "ts-hashchain.xml",
        &other(&["hc:DataRef", "ds:DigestValue"]),
        "META-INF/signatures.xml does not have the digest",
    );
    spoil(&soap, "ts-hashchainresult.xml", &other(&["ds:DigestValue"]), "ts-hashchain.xml does not lead to its result");
    spoil(&rest, "message.xml", &swap("page", "cage"), "message.xml does not have the digest");
    spoil(&rest, "attachment1", &swap("AYTEN01", "AYTEN02"), "attachment1 does not have the digest");
    spoil(
        &rest,
        "sig-hashchain.xml",
        &other(&["hc:DataRef", "ds:DigestValue"]),
        "message.xml does not have the digest",
    );
    spoil(
        &rest,
        "sig-hashchain.xml",
        &swap("\"/attachment1\"", "\"/message.xml\""),
        "message.xml does not have the digest",
    );
    spoil(
        &rest,
        "sig-hashchainresult.xml",
        &other(&["ds:DigestValue"]),
        "Digest mismatch for reference 0 (/sig-hashchainresult.xml)",
    );
    judged(&world, "asker", &cases).await;
    // Somebody else's certificate of the same authority.
    let stranger =
        [Case { name: "stranger".to_owned(), container: soap, expected: Err("Signature verification failed") }];
    judged(&world, "keeper", &stranger).await;
    world.shutdown.trigger();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signxml_agrees_with_the_way_from_each_message_to_the_signature_of_its_batch() {
    let world = World::running_wide(ECHO, rsa).await;
    let ask = |number: usize| {
        let (client, wording) = (&world.client, if number.is_multiple_of(2) { Wording::Soap } else { Wording::Rest });
        async move { client.ask(question("page", wording, &format!("m-{number}"))).await.expect("answered") }
    };
    // The first one finds configuration and OCSP responses; the others come together.
    ask(0).await;
    futures_util::future::join_all((1..25).map(ask)).await;
    let mut cases = requests(&world).await;
    assert_eq!(cases.len(), 25);
    let deepest = cases.iter().max_by_key(|case| {
        let steps = case.name.split(", ").last().and_then(|steps| steps.split(' ').next()?.parse::<usize>().ok());
        steps.expect("a number")
    });
    let deepest = deepest.expect("cases");
    assert!(!deepest.name.ends_with(" 0 steps") && !deepest.name.ends_with(" 1 steps"), "{}", deepest.name);
    // A sibling on the way is another one.
    let sibling = other(&["hc:HashValue", "ds:DigestValue"]);
    let container = changed(&deepest.container, "sig-hashchain.xml", &sibling);
    let expected = Err("sig-hashchain.xml does not lead to its result");
    cases.push(Case { name: "a sibling".to_owned(), container, expected });
    judged(&world, "asker", &cases).await;
    world.shutdown.trigger();
}
