//! J08: a construction permit with the fee of 1,100 AZN.

use super::browser::{Browser, Upload};
use super::bulletin::{self, Bulletin};
use super::people::{Drawing, approve, fill_in, in_state, log_in, look_until, notice, reference, sign};
use super::report::{Crossings, Walk, unmet};
use super::{Country, html};
use crate::commands::verify;
use crate::wiring;
use host::args;

const DIRECTOR: &str = "RASHAD2";
const COMPANY: &str = "1400123451";
const OFFICIAL: &str = "ELCHN04";
const SERVICE: &str = "15.1";
/// Heading of the verification page (`verified.genuine_title`).
const GENUINE: &str = "The document is genuine";
/// The mark of a document that holds, and of no other.
const SEAL: &str = "class=\"seal\"";
const FEE: &str = "1,100.00";
const FEE_QEPIK: i64 = 110_000;
/// What the receipt's paper is called.
const RECEIPT: &str = "Payment receipt";
const CURRENCY: &str = "AZN";
/// What the permit is called, and who signs it.
const PERMIT: &str = "Construction permit";
const SIGNER: &str = "Elçin Quliyev";
/// Words with which somebody would be told to come: none of them may stand on a page that the applicant reads.
const COME: [&str; 8] =
    ["in person", "come to", "visit", "at the counter", "bring ", "collect ", "pick up", "appointment"];
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
    let [_, before] = bulletin::both(country).await?;
    let logged_in = log_in(country, &country.portal, DIRECTOR, Some(COMPANY)).await;
    let mut director = walk.step("the director logs in and acts for his company", logged_in).await?;
    let filled = start(country, &mut director).await;
    let case =
        walk.step("the company's registration comes from the tax register; drawings are uploaded", filled).await?;
    let form = director.page.form(&format!("/apply/{case}/sign"))?;
    let signed = sign(country, &mut director, form, DIRECTOR).await;
    walk.step("he signs with his card", signed).await?;
    let mut visits = invited("the receipt of the application", &director);

    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    let mut fee = too_early(country, &mut director, &mut official, &case).await?;
    let paid = pay(country, &mut director, &case).await;
    fee.extend(walk.step("he pays at the bank's page and comes back", paid).await?);
    let case_page = format!("{}/en/cases/{case}", country.portal);
    let review = look_until(&mut director, &case_page, "the review", |page| in_state(page, "in_review")).await;
    walk.step("the bank reports to the portal; only now the review begins", review).await?;
    visits.extend(invited("the case under review", &director));
    let receipts = receipts(country, &mut director, &case).await;
    fee.extend(walk.step("the receipt is in his payments", receipts).await?);

    let decided = approve(country, &mut official, &case, OFFICIAL, "Layihə normalara uyğundur.").await;
    walk.step("the committee's official checks the drawings, decides and signs", decided).await?;
    let arrived = look_until(&mut director, &case_page, "the permit", |page| in_state(page, "approved")).await;
    walk.step("the permit is issued", arrived).await?;
    visits.extend(invited("the case's page", &director));
    fee.extend(out_of_order(&director));
    let permit = permit(country, &mut director).await;
    let permit = walk.step("the signed permit lies in the company's e-Safe", permit).await?;
    visits.extend(invited("the permit's page", &director));
    let told = notices(country, &mut director, &case).await;
    visits.extend(walk.step("he is told in his inbox", told).await?);
    let verified = third_person(country, &permit).await;
    let verified = walk.step("a third person checks it by its code and by the file", verified).await?;
    let usage = bulletin::both(country).await;
    let [published, running] = walk.step("the bulletin counts it", usage).await?;
    visits.extend(counted_elsewhere(&before, &running));

    walk.must("no visit to the committee took place: every step was online, nobody was told to come", &visits);
    walk.must("the fee is exactly 1,100 AZN, paid before review, receipt stored", &fee);
    walk.must("the permit can be verified by a third person from its signature", &verified);
    let unpublished: Vec<String> = [&published, &running].into_iter().flat_map(unpublished).collect();
    walk.must("the number of users and growth are published even if zero", &unpublished);
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

/// Where the page tells its reader to come.
fn invited(page: &str, reader: &Browser) -> Vec<String> {
    let text = html::main_text(&reader.page.html()).to_lowercase();
    let told = COME.iter().filter(|words| text.contains(*words));
    told.map(|words| format!("{page} says \"{}\": {text}", words.trim())).collect()
}

/// The notices in the inbox, each opened and read, when the last one of the case has come.
async fn notices(country: &Country, director: &mut Browser, case: &str) -> Result<Vec<String>, String> {
    notice(country, director, "case-granted", case).await?;
    director.open(&format!("{}/en/inbox", country.portal)).await?;
    let links = html::links(&director.page.html()).into_iter();
    let mut told = Vec::new();
    for (href, title) in links.filter(|(href, _)| href.contains("/en/inbox/")).collect::<Vec<_>>() {
        director.open(&href).await?;
        told.extend(invited(&format!("the notice \"{title}\""), director));
    }
    Ok(told)
}

/// The month's bulletin before and after: one more application and decision online, nobody more at a counter.
fn counted_elsewhere(before: &Bulletin, after: &Bulletin) -> Vec<String> {
    let figure = |bulletin: &Bulletin, name: &str| bulletin.usage(SERVICE).and_then(|usage| usage.get(name)?.as_i64());
    let grown = |name: &str| figure(after, name).unwrap_or_default() > figure(before, name).unwrap_or_default();
    unmet(&[
        ("the application is counted among those made online", grown("submissions")),
        ("the decision is counted among those made online", grown("decisions")),
        ("nobody was counted at a counter", figure(before, "offline_users") == figure(after, "offline_users")),
    ])
}

/// What the state of the case allows before the fee is paid.
async fn too_early(
    country: &Country,
    director: &mut Browser,
    official: &mut Browser,
    case: &str,
) -> Result<Vec<String>, String> {
    let case_page = format!("{}/en/cases/{case}", country.portal);
    director.open(&case_page).await?;
    let waits = in_state(&director.page.html(), "awaiting_payment");
    let exact = exactly_the_fee(&director.page.text());
    official.open(&format!("{}/en/", country.back_office)).await?;
    let queued = official.page.status != 200 || official.page.text().contains(case);
    official.open(&format!("{}/en/cases/{case}", country.back_office)).await?;
    let reviewable = official.page.form("/take").is_ok() || official.page.form("/decide").is_ok();
    Ok(unmet(&[
        ("the case waits for the payment", waits),
        ("the case's page states exactly the fee", exact),
        ("the unpaid case is not in the official's queue", !queued),
        ("the official cannot review before the payment", !reviewable),
    ]))
}

/// Whether every amount in the text is the fee, and there is one.
fn exactly_the_fee(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let amounts = words.windows(2).filter(|pair| pair[1].trim_end_matches(['.', ',', ';']) == CURRENCY);
    let mut amounts = amounts.map(|pair| pair[0]).peekable();
    amounts.peek().is_some() && amounts.all(|amount| amount == FEE)
}

/// Pays the case's open debt; where another amount than the fee is asked for.
async fn pay(country: &Country, director: &mut Browser, case: &str) -> Result<Vec<String>, String> {
    director.open(&format!("{}/en/payments/{case}", country.portal)).await?;
    let asked = exactly_the_fee(&director.page.text());
    let form = director.page.form("/en/payments/")?;
    director.send(&form).await?;
    let at_bank = exactly_the_fee(&director.page.text());
    let mut form = director.page.form("/orders/")?;
    form.set("choice", "pay");
    director.send(&form).await?;
    Ok(unmet(&[("the portal asks for exactly the fee", asked), ("the bank asks for exactly the fee", at_bank)]))
}

/// The receipt on the payment's page, and again in the list of what was paid.
async fn receipts(country: &Country, director: &mut Browser, case: &str) -> Result<Vec<String>, String> {
    let payment = format!("{}/en/payments/{case}", country.portal);
    look_until(director, &payment, "the receipt", |page| page.contains("Receipt number")).await?;
    let text = director.page.text();
    let number =
        text.split("Receipt number").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let numbered = number.len() >= 6 && number.contains(|letter: char| letter.is_ascii_digit());
    let exact = exactly_the_fee(&text);
    let number = number.to_owned();
    director.open(&format!("{}/en/payments", country.portal)).await?;
    let page = director.page.html();
    let row = page.split("<tr>").map(html::text).find(|row| row.contains(&number)).unwrap_or_default();
    let kept = stored(country, case).await?;
    let safe = format!("{}/en/safe", country.portal);
    let in_safe = |page: &str| page.contains(RECEIPT) && page.contains(&number);
    let paper = look_until(director, &safe, "the receipt's paper", in_safe).await;
    Ok(unmet(&[
        ("the receipt has a number", numbered),
        ("the receipt is over exactly the fee", exact),
        ("the list of payments holds the receipt, over exactly the fee", numbered && exactly_the_fee(&row)),
        ("one receipt over one payment of the fee is stored", kept == [(number.clone(), FEE_QEPIK)]),
        ("the receipt lies in the e-Safe", paper.is_ok()),
    ]))
}

/// Receipts that the store keeps for the case, and what was paid for them.
async fn stored(country: &Country, case: &str) -> Result<Vec<(String, i64)>, String> {
    let store = wiring::window_store_in(&country.data).await?;
    let rows = store
        .query(
            "SELECT r.number AS number, p.amount AS amount FROM payments_receipt r
             JOIN payments_payment p ON p.id = r.payment_id
             JOIN payments_debt d ON d.id = r.debt_id WHERE d.case_reference = $1",
            &args![case],
        )
        .await;
    let rows = rows.map_err(|fault| fault.to_string())?;
    Ok(rows.iter().map(|row| (row.text("number").to_owned(), row.int("amount"))).collect())
}

/// The case's page at the end. Its history is written by nobody's hand: payment, receipt of the application, review, decision.
fn out_of_order(director: &Browser) -> Vec<String> {
    let page = director.page.html();
    let moments: Vec<String> = page.split("<li").map(html::text).collect();
    let place = |words: &str| moments.iter().position(|moment| moment.contains(words));
    let order = ["Fee paid, receipt", "Application received", "went to review", "An official took", "Approval signed"];
    let places: Vec<Option<usize>> = order.iter().map(|words| place(words)).collect();
    let all = places.iter().all(Option::is_some);
    unmet(&[
        ("the history has payment, receipt, review and decision", all),
        ("the fee was paid before anything else was done with the case", places.is_sorted()),
        ("nobody is sent to pay once more", !page.contains(">Go to payment<")),
    ])
}

/// The signed permit: its verification code, its number and the container.
struct Permit {
    code: String,
    number: String,
    container: Vec<u8>,
}

/// Out of the e-Safe, whose other papers are receipts; the browser is left on the permit's page.
async fn permit(country: &Country, director: &mut Browser) -> Result<Permit, String> {
    let safe = format!("{}/en/safe", country.portal);
    look_until(director, &safe, "delivery", |page| page.contains(PERMIT)).await?;
    let links = html::links(&director.page.html()).into_iter();
    let (href, _) = links
        .into_iter()
        .find(|(href, words)| href.contains("/en/safe/") && words.contains(PERMIT))
        .ok_or("no permit in the e-Safe")?;
    director.open(&href).await?;
    let page = director.page.html();
    let code = page.split("/v/").nth(1).and_then(|rest| rest.split(['"', '<', '?', ' ']).next()).map(str::to_owned);
    let code = code.ok_or("the permit has no verification code")?;
    let text = director.page.text();
    let number = text.split("Number ").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    let number = number.ok_or_else(|| format!("the permit has no number: {text}"))?;
    director.open(&format!("{}/file", href.split('?').next().unwrap_or_default())).await?;
    if !director.page.content_type.contains("asic-e") {
        return Err(format!("the permit is no signed container: {}", director.page.content_type));
    }
    let container = director.page.body.to_vec();
    director.open(&href).await?;
    Ok(Permit { code, number, container })
}

/// By the code and by the file, on the portal and offline; then a wrong code and files with one changed byte.
async fn third_person(country: &Country, permit: &Permit) -> Result<Vec<String>, String> {
    let mut stranger = Browser::new();
    let trusted = country.data.join("trusted");
    stranger.open(&format!("{}/en/v/{}", country.portal, permit.code)).await?;
    let by_code = genuine(&stranger) && stranger.page.text().contains(&permit.number);
    let by_file = upload(country, &mut stranger, &permit.container).await?;
    let signer = stranger.page.text().contains(&format!("Signed by {SIGNER}"));
    let offline = verify::judge(&permit.container, &trusted)?;
    let signed = offline.lines.iter().any(|line| line.contains("signed by") && line.contains(SIGNER));
    let other: String = permit.code.chars().rev().collect();
    stranger.open(&format!("{}/en/v/{other}", country.portal)).await?;
    let wrong_code = stranger.page.html().contains(SEAL);
    let mut found = unmet(&[
        ("the code leads to the genuine permit with its number", by_code),
        ("the file is genuine", by_file),
        ("the portal names who signed", signer),
        ("the file holds its signature without the portal", offline.valid && signed),
        ("another code leads nowhere", !wrong_code),
    ]);
    for place in [permit.container.len() / 4, permit.container.len() / 2, permit.container.len() / 4 * 3] {
        let mut forged = permit.container.clone();
        forged[place] ^= 1;
        // A true signature under a file that nobody registered has a heading of its own, and the same seal.
        upload(country, &mut stranger, &forged).await?;
        let taken = stranger.page.html().contains(SEAL);
        let offline = verify::judge(&forged, &trusted).is_ok_and(|finding| finding.valid);
        if taken || offline {
            found.push(format!("a permit with byte {place} changed is taken for genuine"));
        }
    }
    Ok(found)
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
    stranger.page.status == 200 && stranger.page.html().contains(SEAL) && stranger.page.heading() == GENUINE
}

/// Services whose users or growth the month's bulletin does not say, in any of its forms.
fn unpublished(bulletin: &Bulletin) -> Vec<String> {
    let mut found = unmet(&[("the bulletin has services", !bulletin.rows().is_empty())]);
    let table = bulletin.table();
    let heads: Vec<&str> = bulletin.csv.first().map(|line| line.split(',').collect()).unwrap_or_default();
    for row in bulletin.rows() {
        let service = row["service"].as_str().unwrap_or_default();
        let figures = ["users", "users_before"].iter().all(|name| row["usage"][name].is_i64());
        let cells =
            table.iter().find(|cells| cells.first().is_some_and(|cell| cell.starts_with(&format!("{service} "))));
        let counted = |cell: Option<&String>| cell.is_some_and(|cell| cell.parse::<i64>().is_ok());
        let shown = cells.is_some_and(|cells| counted(cells.get(1)) && counted(cells.get(3)));
        let line = bulletin.csv.iter().find(|line| line.starts_with(&format!("{},{service},", bulletin.month)));
        // Counted from the end: names and agencies may hold commas.
        let cell = |name: &str| {
            let from_end = heads.len() - heads.iter().position(|head| *head == name)?;
            line?.rsplit(',').nth(from_end - 1)?.parse::<i64>().ok()
        };
        let written = cell("users").is_some() && cell("growth").is_some();
        for (form, there) in [("JSON", figures), ("page", shown), ("CSV", written)] {
            if !there {
                found.push(format!("{} {service}: users or growth are not on the {form}", bulletin.month));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::exactly_the_fee;

    #[test]
    fn only_the_whole_amount_is_the_fee() {
        assert!(exactly_the_fee("Fee 1,100.00 AZN, to pay 1,100.00 AZN."));
        for other in ["11,100.00 AZN", "1,100.01 AZN", "1,100.00 AZN and 2.00 AZN", "1,100.00 EUR", ""] {
            assert!(!exactly_the_fee(other), "{other}");
        }
    }
}
