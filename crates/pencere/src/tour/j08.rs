//! J08: a construction permit with the fee of 1,100 AZN.

use super::Country;
use super::browser::{Browser, Upload};
use super::people::{Drawing, approve, fill_in, in_state, log_in, look_until, reference, sign};
use super::report::{Crossings, Walk};
use serde_json::Value as Json;

const DIRECTOR: &str = "RASHAD2";
const COMPANY: &str = "1400123451";
const OFFICIAL: &str = "ELCHN04";
const SERVICE: &str = "15.1";
/// Heading of the verification page (`verified.genuine_title`).
const GENUINE: &str = "The document is genuine";
const FEE: &str = "1,100.00 AZN";
const ANSWERS: &[(&str, &str)] = &[
    ("region", "Bakı"),
    ("address", "Nərimanov rayonu, Atatürk prospekti 15"),
    ("plot", "10-245-0713"),
    ("purpose", "dwelling"),
    ("category", "II"),
    ("floors", "5"),
    ("area", "1850"),
    ("about", "Beşmərtəbəli yaşayış binası."),
];
const DRAWINGS: &[Drawing] = &[
    Drawing {
        name: "plan.pdf",
        content_type: "application/pdf",
        bytes: b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n",
    },
    Drawing { name: "facade.dwg", content_type: "application/octet-stream", bytes: b"AC1032\0\0\0\0\0\0\0 drawing" },
];

pub async fn walk<C: Crossings>(country: &Country, walk: &mut Walk<'_, C>) -> Result<(), String> {
    let logged_in = log_in(country, &country.portal, DIRECTOR, Some(COMPANY)).await;
    let mut director = walk.step("the director logs in and acts for his company", logged_in).await?;
    let filled = start(country, &mut director).await;
    let case =
        walk.step("the company's registration comes from the tax register; drawings are uploaded", filled).await?;
    let form = director.page.form(&format!("/apply/{case}/sign"))?;
    let signed = sign(country, &mut director, form, DIRECTOR).await;
    walk.step("he signs with his card", signed).await?;

    let case_page = format!("{}/en/cases/{case}", country.portal);
    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    let before = reviewable(country, &mut official, &case).await;
    let paid = pay(country, &mut director).await;
    let amount = walk.step("he pays at the bank's page and comes back", paid).await?;
    let review = look_until(&mut director, &case_page, "the review", |page| in_state(page, "in_review")).await;
    walk.step("the bank reports to the portal; only now the review begins", review).await?;
    let receipts = receipts(country, &mut director).await;
    let receipt = walk.step("the receipt is in his payments", receipts).await?;

    let decided = approve(country, &mut official, &case, OFFICIAL, "Layihə normalara uyğundur.").await;
    walk.step("the committee's official checks the drawings, decides and signs", decided).await?;
    let arrived = look_until(&mut director, &case_page, "the permit", |page| in_state(page, "approved")).await;
    walk.step("the permit is issued", arrived).await?;
    let container = permit(country, &mut director).await;
    let (code, container) = walk.step("the signed permit lies in the company's e-Safe", container).await?;
    let verified = third_person(country, &code, &container).await;
    let (by_code, by_file, forged) =
        walk.step("a third person checks it by its code and by the file", verified).await?;
    let usage = usage(country).await;
    let published = walk.step("the bulletin counts it", usage).await?;

    let online = published.users >= 1 && published.counter_visits == 0;
    walk.check("no visit to the committee took place: every step was online, no counter counted anybody", online);
    walk.check("the fee is exactly 1,100 AZN, paid before review, receipt stored", amount && !before && receipt);
    walk.check("the permit can be verified by a third person from its signature", by_code && by_file && !forged);
    walk.check("the number of users and growth are published even if zero", published.even_if_zero);
    Ok(())
}

async fn start(country: &Country, director: &mut Browser) -> Result<String, String> {
    director.open(&format!("{}/en/services/{SERVICE}/start", country.portal)).await?;
    let case = reference(director)?;
    if !director.page.text().contains(COMPANY) {
        return Err(format!("the company is not on the first page: {}", director.page.text()));
    }
    fill_in(director, ANSWERS, DRAWINGS).await?;
    Ok(case)
}

/// Whether the official can already decide.
async fn reviewable(country: &Country, official: &mut Browser, case: &str) -> bool {
    let opened = official.open(&format!("{}/en/cases/{case}", country.back_office)).await;
    opened.is_ok_and(|page| page.form("/take").is_ok() || page.form("/decide").is_ok())
}

/// Pays the open debt; whether the bank asked for exactly the fee.
async fn pay(country: &Country, director: &mut Browser) -> Result<bool, String> {
    director.open(&format!("{}/en/payments", country.portal)).await?;
    let debt = director.page.link("/en/payments/")?;
    director.open(&debt).await?;
    let exact = director.page.text().contains(FEE);
    let form = director.page.form("/en/payments/")?;
    director.send(&form).await?;
    let at_bank = director.page.text().contains(FEE);
    let mut form = director.page.form("/orders/")?;
    form.set("choice", "pay");
    director.send(&form).await?;
    Ok(exact && at_bank)
}

async fn receipts(country: &Country, director: &mut Browser) -> Result<bool, String> {
    director.open(&format!("{}/en/payments", country.portal)).await?;
    let debt = director.page.link("/en/payments/")?;
    let paid = |page: &str| page.contains("Receipt number");
    look_until(director, &debt, "the receipt", paid).await?;
    let text = director.page.text();
    Ok(text.contains("Receipt") && text.contains(FEE))
}

/// The verification code and the container out of the e-Safe.
async fn permit(country: &Country, director: &mut Browser) -> Result<(String, Vec<u8>), String> {
    let safe = format!("{}/en/safe", country.portal);
    look_until(director, &safe, "delivery", |page| page.matches("/en/safe/").count() >= 2).await?;
    let page = director.page.html();
    let links = super::html::links(&page).into_iter().filter(|(href, _)| href.contains("/en/safe/"));
    for (href, _) in links {
        director.open(&href).await?;
        let code = director
            .page
            .html()
            .split("/v/")
            .nth(1)
            .and_then(|rest| rest.split(['"', '<', '?', ' ']).next())
            .map(str::to_owned);
        let Some(code) = code else { continue };
        let file = format!("{}/file", href.split('?').next().unwrap_or_default());
        director.open(&file).await?;
        if director.page.content_type.contains("asic-e") && director.page.body.starts_with(b"PK") {
            return Ok((code, director.page.body.to_vec()));
        }
    }
    Err("no signed container in the e-Safe".into())
}

/// By the code, by the file, and a file with one changed byte.
async fn third_person(country: &Country, code: &str, container: &[u8]) -> Result<(bool, bool, bool), String> {
    let mut stranger = Browser::new();
    stranger.open(&format!("{}/en/v/{code}", country.portal)).await?;
    let by_code = genuine(&stranger);
    let by_file = upload(country, &mut stranger, container).await?;
    let mut forged = container.to_vec();
    let place = forged.len() / 2;
    forged[place] ^= 1;
    let forged = upload(country, &mut stranger, &forged).await?;
    Ok((by_code, by_file, forged))
}

async fn upload(country: &Country, stranger: &mut Browser, container: &[u8]) -> Result<bool, String> {
    stranger.open(&format!("{}/en/verify", country.portal)).await?;
    let forms = stranger.page.forms();
    let form = forms.iter().find(|form| form.multipart).cloned().ok_or("no form to upload a document")?;
    let file = Upload {
        field: "file",
        name: "permit.asice",
        content_type: "application/vnd.etsi.asic-e+zip",
        bytes: container,
    };
    stranger.upload(&form, &[file]).await?;
    Ok(genuine(stranger))
}

fn genuine(stranger: &Browser) -> bool {
    stranger.page.status == 200 && stranger.page.html().contains("class=\"seal\"") && stranger.page.heading() == GENUINE
}

/// What the bulletin of this month says of the service, and of one that nobody can use online.
struct Published {
    users: u64,
    counter_visits: u64,
    even_if_zero: bool,
}

async fn usage(country: &Country) -> Result<Published, String> {
    let mut anybody = Browser::new();
    anybody.open(&format!("{}/en/bulletin", country.portal)).await?;
    let page = anybody.page.html();
    let months = page.split("/en/bulletin/").skip(1).filter_map(|rest| rest.get(..7));
    let month = months.max().ok_or("the bulletin names no month")?.to_owned();
    anybody.open(&format!("{}/en/bulletin/{month}.json", country.portal)).await?;
    let bulletin: Json = serde_json::from_slice(&anybody.page.body).map_err(|cause| cause.to_string())?;
    let rows = bulletin["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let usage = |service: &str| rows.iter().find(|row| row["service"] == service).map(|row| &row["usage"]);
    let own = usage(SERVICE).ok_or("the bulletin does not speak of the service")?;
    let other = usage("1.2").ok_or("the bulletin does not speak of a service without users")?;
    Ok(Published {
        users: own["users"].as_u64().unwrap_or_default(),
        counter_visits: own["offline_users"].as_u64().unwrap_or_default(),
        even_if_zero: own["users_before"].is_u64() && other["users"] == 0,
    })
}
