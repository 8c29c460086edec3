//! What people do again and again in every journey: log in, fill in a form, put the card into the reader, decide a case.

use super::Country;
use super::browser::{Browser, Upload};
use super::html::{self, Form};
use std::time::Duration;

/// Card pages in a row at most: certificate, signature, each with its answer.
const CARD_PAGES_MAX: usize = 6;
const STEPS_MAX: usize = 12;
/// How often and how long a person looks again for what the state does in the background.
const LOOKS_MAX: usize = 150;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A drawing that a person uploads.
pub struct Drawing {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

/// Logs in to a window with the card; `company` is the TIN of whom the person acts for.
pub async fn log_in(country: &Country, window: &str, pin: &str, company: Option<&str>) -> Result<Browser, String> {
    let mut browser = Browser::new();
    browser.open(&format!("{window}/en/signin")).await?;
    let form = browser.page.form("/card/login")?;
    browser.send(&form).await?;
    let mut form = browser.page.form("/card/")?;
    form.set("person", pin);
    form.set("code", &country.pin1);
    browser.send(&form).await?;
    let form = browser.page.form("/login/")?;
    browser.send(&form).await?;
    if let Ok(mut form) = browser.page.form("/choose") {
        form.set("acting_for", company.unwrap_or("myself"));
        browser.send(&form).await?;
    }
    browser.page.form("/signout").map_err(|_| format!("{pin} is not logged in: {}", browser.page.heading()))?;
    Ok(browser)
}

/// Fills in the steps of an application until the page before the signature; whether any step asked for a paper.
pub async fn fill_in(browser: &mut Browser, answers: &[(&str, &str)], drawings: &[Drawing]) -> Result<bool, String> {
    let mut asked_for_papers = false;
    for _ in 0..STEPS_MAX {
        let Some(step) = browser.page.url.split("/step/").nth(1).map(str::to_owned) else {
            return Ok(asked_for_papers);
        };
        let page = browser.page.html();
        asked_for_papers |= page.contains("type=\"file\"");
        let mut form = browser.page.form("/step/")?;
        for (name, value) in answers {
            if page.contains(&format!("name=\"{name}\"")) {
                form.set(name, value);
            }
        }
        form.set("do", "next");
        let files: Vec<Upload<'_>> = drawings.iter().map(upload).collect();
        if form.multipart {
            // One drawing a time, as the page's own button does; the last one goes on.
            for file in &files[..files.len().saturating_sub(1)] {
                form.set("do", "upload");
                browser.upload(&form, std::slice::from_ref(file)).await?;
                form = browser.page.form("/step/")?;
            }
            form.set("do", "next");
            browser.upload(&form, &files[files.len().saturating_sub(1)..]).await?;
        } else {
            browser.send(&form).await?;
        }
        if browser.page.url.ends_with(&format!("/step/{step}")) {
            return Err(format!("the step {step} does not go on: {}", browser.page.text()));
        }
    }
    Err("the form has no end".into())
}

fn upload(drawing: &Drawing) -> Upload<'_> {
    Upload { field: "drawings", name: drawing.name, content_type: drawing.content_type, bytes: drawing.bytes }
}

/// Declares and signs what is on the page with the person's card, and comes back.
pub async fn sign(country: &Country, browser: &mut Browser, form: Form, pin: &str) -> Result<(), String> {
    let mut form = form;
    form.set("declared", "yes");
    form.set("with", "card");
    browser.send(&form).await?;
    for _ in 0..CARD_PAGES_MAX {
        let forms = browser.page.forms();
        let at_card =
            |form: &&Form| ["/card/", "/certificate", "/signature"].iter().any(|part| form.action.contains(part));
        let Some(mut form) = forms.iter().find(at_card).cloned() else { return Ok(()) };
        if form.action.contains("/card/") {
            form.set("person", pin);
            form.set("code", &country.pin2);
        }
        browser.send(&form).await?;
    }
    Err(format!("the card asks without end: {}", browser.page.heading()))
}

/// The official's part: open the case, take it, decide it with reasons, sign the decision.
pub async fn approve(
    country: &Country,
    browser: &mut Browser,
    reference: &str,
    pin: &str,
    reasons: &str,
) -> Result<(), String> {
    browser.open(&format!("{}/en/cases/{reference}", country.back_office)).await?;
    if let Ok(take) = browser.page.form("/take") {
        browser.send(&take).await?;
    }
    let mut decide = browser.page.form("/decide")?;
    decide.set("outcome", "approve");
    decide.set("reasons", reasons);
    browser.send(&decide).await?;
    let form = browser.page.form(&format!("/cases/{reference}/sign"))?;
    sign(country, browser, form, pin).await
}

/// Opens the address again until the page says so.
pub async fn look_until(
    browser: &mut Browser,
    address: &str,
    what: &str,
    seen: impl Fn(&str) -> bool,
) -> Result<(), String> {
    for _ in 0..LOOKS_MAX {
        browser.open(address).await?;
        if seen(&browser.page.html()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(format!("{what} did not happen; the page says: {}", browser.page.text()))
}

/// Waits for the country's notice of this kind and opens it; its text, which must name the case.
pub async fn notice(country: &Country, browser: &mut Browser, kind: &str, case: &str) -> Result<String, String> {
    let file = country.folder.join("notices").join(format!("{kind}.toml"));
    let words = std::fs::read_to_string(&file).map_err(|cause| format!("{}: {cause}", file.display()))?;
    let words: toml::Table = words.parse().map_err(|cause| format!("{}: {cause}", file.display()))?;
    let title = words["title"]["en"].as_str().unwrap_or_default().to_owned();
    let inbox = format!("{}/en/inbox", country.portal);
    for _ in 0..LOOKS_MAX {
        browser.open(&inbox).await?;
        let links = html::links(&browser.page.html()).into_iter();
        let messages = links.filter(|(href, words)| href.contains("/en/inbox/") && *words == title);
        for (href, _) in messages.collect::<Vec<_>>() {
            browser.open(&href).await?;
            let text = html::main_text(&browser.page.html());
            if text.contains(case) {
                return Ok(text);
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(format!("no notice \"{title}\" of {case} came"))
}

/// Whether the page's tag says this state of a case, in the portal's own English words.
pub fn in_state(page: &str, state: &str) -> bool {
    let words = portal::texts::Words::of(base::Lang::En).text(&format!("services.state.{state}")).to_owned();
    page.contains(&format!(">{words}</span>"))
}

/// The reference of the application on the page's address.
pub fn reference(browser: &Browser) -> Result<String, String> {
    let path = browser.page.url.split("/apply/").nth(1).or_else(|| browser.page.url.split("/cases/").nth(1));
    let reference = path.and_then(|rest| rest.split(['/', '?']).next()).map(str::to_owned);
    reference.ok_or_else(|| format!("no application on {}: {}", browser.page.url, browser.page.heading()))
}
