//! `J08`: a director applies for a construction permit in his company's name, uploads drawings, pays the fee at the bank's
//! page; the official permits; a third person checks the permit by its code and by its file, without any log-in.

use super::{World, pages, person};
use std::path::PathBuf;
use tests::webdriver::Browser;

const DIRECTOR: &str = "RASHAD2";
const COMPANY: &str = "Xəzər Tikinti";
const OFFICIAL: &str = "ELCHN04";

pub async fn from_drawings_to_register(world: &World) {
    let desk = Browser::start(1280, 900, true).await;
    desk.open(&world.portal("/en/services/15.1")).await;
    desk.click("main .actions a.btn").await;
    person::log_in(&desk, DIRECTOR, Some(COMPANY)).await;
    describes_the_building(world, &desk).await;
    uploads_the_drawings(world, &desk).await;
    let reference = signs_and_pays(world, &desk).await;
    official_permits(world, &reference).await;
    let (code, container) = fetches_the_permit(world, &desk).await;
    a_third_person_checks(world, &code, container).await;
}

async fn seen(world: &World, desk: &Browser, name: &str) {
    pages::check(desk, 1280, 900).await;
    world.album.take(desk, &format!("{name}-1280")).await;
}

async fn describes_the_building(world: &World, desk: &Browser) {
    desk.reload_until("form[action$='/step/applicant']").await;
    assert!(desk.text(".masthead").await.contains(COMPANY), "he sees for whom he acts");
    assert!(desk.text(".evidence").await.contains("1400123451"), "the register filled in the company");
    seen(world, desk, "permit-applicant").await;
    person::go_on(desk).await;
    desk.find("form[action$='/step/site']").await;
    // Nothing typed: the page says so and goes nowhere.
    person::go_on(desk).await;
    pages::names_its_mistake(desk, "region").await;
    desk.fill("#region", "Bakı").await;
    desk.fill("#address", "Nizami küçəsi 10").await;
    person::go_on(desk).await;
    desk.find("form[action$='/step/building']").await;
    person::pick(desk, "purpose", "commerce").await;
    person::pick(desk, "category", "II").await;
    desk.fill("#floors", "5").await;
    desk.fill("#area", "2400").await;
    seen(world, desk, "permit-building").await;
    person::go_on(desk).await;
    // Back by the browser's button: what was typed is still there.
    desk.find("form[action$='/step/drawings']").await;
    desk.back().await;
    desk.find("form[action$='/step/building']").await;
    assert_eq!(desk.ask("return document.querySelector('#area').value").await, "2400");
    person::go_on(desk).await;
    desk.find("form[action$='/step/drawings']").await;
}

async fn uploads_the_drawings(world: &World, desk: &Browser) {
    let plan = file(world, "plan.pdf", PDF);
    // The first six bytes of a drawing of AutoCAD 2018 name its version.
    let mut drawing = b"AC1032".to_vec();
    drawing.resize(4096, 0);
    let drawing = file(world, "fasad.dwg", &drawing);
    let disguised = file(world, "layihe.pdf", b"MZ this is no drawing");
    for (path, files) in [(plan, 1), (drawing, 2)] {
        desk.choose("#drawings", &path).await;
        desk.click("button[name=do][value=upload]").await;
        desk.find(&format!("form .tasks li:nth-child({files})")).await;
    }
    desk.choose("#drawings", &disguised).await;
    desk.click("button[name=do][value=upload]").await;
    desk.find(".errors a[href='#drawings']").await;
    assert_eq!(desk.count("form .tasks li").await, 2, "what only calls itself a PDF is not kept");
    seen(world, desk, "permit-drawings").await;
    person::go_on(desk).await;
}

fn file(world: &World, name: &str, content: &[u8]) -> PathBuf {
    let path = world.files.path().join(name);
    std::fs::write(&path, content).expect("room for a small file");
    path
}

async fn signs_and_pays(world: &World, desk: &Browser) -> String {
    desk.find("input#declared").await;
    seen(world, desk, "permit-check").await;
    desk.click("label[for=declared]").await;
    person::sign(desk, DIRECTOR).await;
    let reference = desk.text(".done .big").await;
    desk.reload_until(".fee").await;
    seen(world, desk, "permit-receipt").await;
    assert!(desk.text(".fee").await.contains("1,100"), "{}", desk.text(".fee").await);
    desk.click(".actions a.btn.large").await;
    seen(world, desk, "permit-payment").await;
    desk.click("main form button.large").await;
    desk.find("button[value=pay]").await;
    world.album.take(desk, "bank-1280").await;
    assert!(desk.text(".amount").await.contains("100"), "{}", desk.text(".amount").await);
    desk.click("button[value=pay]").await;
    // The bank leads back by itself; its own message to the portal may come before or after the person.
    desk.find("main .fee").await;
    desk.reload_until("main .note.good").await;
    // The receipt's paper is made a moment later; the page links to it as soon as it lies in the e-Safe.
    desk.reload_until("main .facts a[href*='/safe/']").await;
    seen(world, desk, "permit-paid").await;
    desk.click("main .facts a[href*='/safe/']").await;
    desk.find(".qr").await;
    assert_eq!(desk.text("h1").await, "Payment receipt");
    seen(world, desk, "payment-receipt").await;
    let paper = desk.ask("return document.querySelector('main .actions a.btn:not(.second)').href").await;
    let paper = person::fetch(Some(desk), paper.as_str().expect("a link")).await;
    assert!(paper.body().starts_with(b"%PDF"), "the paper can be read without any program of ours: {}", paper.status());
    reference
}

async fn official_permits(world: &World, reference: &str) {
    let office = Browser::start(1280, 900, true).await;
    office.open(&world.office("/en/signin")).await;
    person::log_in(&office, OFFICIAL, None).await;
    person::take(&office, reference).await;
    person::approve(&office, OFFICIAL, "conform").await;
    seen(world, &office, "office-permit").await;
}

/// From his e-Safe: the code of the permit, and the container as a file.
async fn fetches_the_permit(world: &World, desk: &Browser) -> (String, PathBuf) {
    desk.open(&world.portal("/en/safe")).await;
    let permit = "return [...document.querySelectorAll('main .doc a')].find(link => link.textContent.includes('ermit'))?.href ?? ''";
    let mut address = desk.ask(permit).await;
    while address == "" {
        desk.reload_until("main .doc a").await;
        desk.reload().await;
        address = desk.ask(permit).await;
    }
    desk.open(address.as_str().expect("an address")).await;
    desk.find(".qr").await;
    seen(world, desk, "permit-document").await;
    let printed = desk.text(".qr .mono").await;
    let code = printed.rsplit('/').next().unwrap_or_default().to_owned();
    let container = desk.ask("return document.querySelector('main .actions a.btn.second').href").await;
    let container = person::fetch(Some(desk), container.as_str().expect("a link")).await;
    assert!(container.body().starts_with(b"PK"), "a container is a ZIP file: {}", container.status());
    (code, file(world, "permit.asice", container.body()))
}

async fn a_third_person_checks(world: &World, code: &str, container: PathBuf) {
    let stranger = Browser::start(360, 800, false).await;
    let verify = world.portal("/en/verify");
    stranger.open(&verify).await;
    stranger.fill("#code", code).await;
    stranger.click("form[action$='/verify/code'] button").await;
    stranger.find(".seal:not(.bad)").await;
    pages::check(&stranger, 360, 800).await;
    world.album.take(&stranger, "verified-by-code-360").await;
    stranger.open(&verify).await;
    stranger.choose("#file", &container).await;
    stranger.click("form[action$='/verify'] button").await;
    stranger.find(".seal:not(.bad)").await;
    pages::check(&stranger, 360, 800).await;
    world.album.take(&stranger, "verified-by-file-360").await;
    // One byte of the signed document changed is seen.
    let mut forged = std::fs::read(&container).expect("just written");
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    let forged = file(world, "forged.asice", &forged);
    stranger.open(&verify).await;
    stranger.choose("#file", &forged).await;
    stranger.click("form[action$='/verify'] button").await;
    stranger.find(".seal.bad").await;
    let why = stranger.text("main ul").await;
    assert!(why.starts_with("The ") && why.ends_with('.'), "a reason is a sentence: {why}");
    world.album.take(&stranger, "verified-forged-360").await;
}

/// One empty page, written by hand.
const PDF: &[u8] = b"%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
xref
0 4
0000000000 65535 f 
0000000009 00000 n 
0000000052 00000 n 
0000000101 00000 n 
trailer<</Size 4/Root 1 0 R>>
startxref
164
%%EOF
";
