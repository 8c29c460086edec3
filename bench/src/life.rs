//! Something for the pages behind the log-in to show: a director with twenty applications, paid and waiting in the
//! committee's queue, one of them decided, and one application that is being filled in.

use pencere::tour::Country;
use pencere::tour::browser::Browser;
use pencere::tour::people::{Drawing, approve, fill_in, in_state, log_in, look_until, reference, sign};

const CASES: usize = 20;
const DIRECTOR: &str = "RASHAD2";
const COMPANY: &str = "1400123451";
const OFFICIAL: &str = "ELCHN04";
const SERVICE: &str = "15.1";
const ANSWERS: &[(&str, &str)] = &[
    ("region", "Bakı"),
    ("address", "Atatürk prospekti 15"),
    ("plot", "10-245-0713"),
    ("purpose", "dwelling"),
    ("category", "II"),
    ("floors", "5"),
    ("area", "1850"),
    ("about", "Yaşayış binası."),
];
const DRAWINGS: &[Drawing] =
    &[Drawing { name: "plan.pdf", content_type: "application/pdf", bytes: b"%PDF-1.4\ntrailer << >>\n%%EOF\n" }];

/// Two people at their windows, and what they can open.
pub struct Life {
    pub director: Browser,
    pub official: Browser,
    /// A case in review, and the application that is being filled in.
    pub case: String,
    pub draft: String,
}

pub async fn lead(country: &Country) -> Result<Life, String> {
    let mut director = log_in(country, &country.portal, DIRECTOR, Some(COMPANY)).await?;
    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    let mut cases = Vec::new();
    for _ in 0..CASES {
        cases.push(apply_and_pay(country, &mut director).await?);
    }
    let (decided, case) = (cases[0].clone(), cases[1].clone());
    approve(country, &mut official, &decided, OFFICIAL, "Normalara uyğundur.").await?;
    let draft = begin(country, &mut director).await?;
    Ok(Life { director, official, case, draft })
}

async fn begin(country: &Country, director: &mut Browser) -> Result<String, String> {
    director.open(&format!("{}/en/services/{SERVICE}/start", country.portal)).await?;
    reference(director)
}

async fn apply_and_pay(country: &Country, director: &mut Browser) -> Result<String, String> {
    let case = begin(country, director).await?;
    fill_in(director, ANSWERS, DRAWINGS).await?;
    let form = director.page.form(&format!("/apply/{case}/sign"))?;
    sign(country, director, form, DIRECTOR).await?;
    director.open(&format!("{}/en/payments/{case}", country.portal)).await?;
    let form = director.page.form("/en/payments/")?;
    director.send(&form).await?;
    let mut form = director.page.form("/orders/")?;
    form.set("choice", "pay");
    director.send(&form).await?;
    // Until the bank's word is heard the application is the one that is under way.
    let page = format!("{}/en/cases/{case}", country.portal);
    look_until(director, &page, "the review", |page| in_state(page, "in_review")).await?;
    Ok(case)
}
