//! What a person does in the same way on every journey: logging in with the card and signing with it. Both go over the
//! simulator's pages, whose forms post back without any script.

use std::time::Duration;
use tests::webdriver::Browser;

const PIN1: &str = "1234";
const PIN2: &str = "12345";
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Presses the label of the choice with this value, as a finger does.
pub async fn pick(browser: &Browser, name: &str, value: &str) {
    browser.click(&format!("input[name=\"{name}\"][value=\"{value}\"] + label")).await;
}

/// On the simulator: this person's card, with its PIN when it is asked, and back to whoever asked.
async fn card(browser: &Browser, person: &str, code: Option<&str>) {
    pick(browser, "person", person).await;
    if let Some(code) = code {
        browser.fill("input#code", code).await;
    }
    browser.click("form[action^='/card/'] button.large").await;
    browser.click("#continue").await;
}

/// From the log-in page back to the page that asked for the log-in, acting for oneself or for the named company.
pub async fn log_in(browser: &Browser, person: &str, company: Option<&str>) {
    browser.click("form[action$='/card/login'] button.large").await;
    card(browser, person, Some(PIN1)).await;
    if let Some(company) = company {
        browser.find("input[name=acting_for]").await;
        let chosen = format!(
            "return [...document.querySelectorAll('label')].find(label => label.textContent.includes('{company}')).htmlFor"
        );
        let id = browser.ask(&chosen).await;
        browser.click(&format!("label[for='{}']", id.as_str().expect("the company is offered"))).await;
        browser.click("main button.large").await;
    }
}

/// From the page with the two ways to sign to the page after the signature.
pub async fn sign(browser: &Browser, person: &str) {
    browser.click("button[name=with][value=card]").await;
    card(browser, person, None).await;
    card(browser, person, Some(PIN2)).await;
}

/// The page on which a form step goes on.
pub async fn go_on(browser: &Browser) {
    browser.click("main button[name=do][value=next]").await;
}

/// The official's way from the queue to the taken case.
pub async fn take(browser: &Browser, reference: &str) {
    let case = format!("main a[href*='{reference}']");
    browser.reload_until(&case).await;
    browser.click(&case).await;
    browser.click("form[action$='/take'] button").await;
    browser.find("form[action$='/decide']").await;
}

/// The official's way from the taken case to the signed approval, with a reason that the service offers.
pub async fn approve(browser: &Browser, official: &str, reason: &str) {
    pick(browser, "outcome", "approve").await;
    browser.click(&format!("select[name=reason] option[value='{reason}']")).await;
    browser.click("form[action$='/decide'] button").await;
    browser.find("form[action$='/sign']").await;
    sign(browser, official).await;
    browser.find(".note.good").await;
}

/// Asks for a page or a file as this browser would, with its cookies; nobody in particular without one.
pub async fn fetch(browser: Option<&Browser>, address: &str) -> http::Response<bytes::Bytes> {
    let mut request = http::Request::builder().uri(address);
    if let Some(browser) = browser {
        request = request.header("cookie", browser.cookies().await);
    }
    let request = request.body(bytes::Bytes::new()).expect("an address of the country");
    let answer = host::http::Client::plain().send(request, FILE_BYTES_MAX, ANSWER_TIMEOUT).await;
    answer.unwrap_or_else(|fault| panic!("{address}: {fault}"))
}

pub async fn headers(address: &str) -> http::HeaderMap {
    fetch(None, address).await.headers().clone()
}
