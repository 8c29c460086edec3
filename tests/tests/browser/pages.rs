//! What holds for every page that is seen: language, one heading, a title, labelled fields, no sideways scrolling on the
//! narrowest phone, nothing asked from another host. And that a keyboard, another language or a mistake lose nothing.

use super::{World, person};
use serde_json::Value as Json;
use tests::webdriver::Browser;

/// The narrowest windows that count (WCAG 2.2 §1.4.10 names 320).
const WIDTHS: [u32; 2] = [320, 360];

/// Lists what is wrong with the page, as sentences.
const RULES: &str = r"
const problems = [], all = css => [...document.querySelectorAll(css)];
if (!document.documentElement.lang) problems.push('no language');
if (!document.title.trim()) problems.push('no title');
if (all('h1').length !== 1) problems.push(all('h1').length + ' h1');
if (all('main').length !== 1) problems.push(all('main').length + ' main');
for (const field of all('input:not([type=hidden]), select, textarea'))
  if (!field.labels.length && !field.getAttribute('aria-label')) problems.push('no label for ' + field.name);
for (const one of all('a, button')) if (!one.textContent.trim() && !one.getAttribute('aria-label')) problems.push('silent ' + one.outerHTML);
const ids = all('[id]').map(one => one.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) problems.push('id ' + id + ' twice');
for (const id of all('[aria-describedby]').flatMap(one => one.getAttribute('aria-describedby').split(' ')))
  if (!document.getElementById(id)) problems.push('nothing has the id ' + id);
const home = location.hostname;
for (const one of performance.getEntriesByType('resource')) if (new URL(one.name).hostname !== home) problems.push('asks ' + one.name);
for (const one of all('[src], link[href], form[action]')) {
  const address = new URL(one.getAttribute('src') ?? one.getAttribute('href') ?? one.getAttribute('action'), location.href);
  if (!['data:'].includes(address.protocol) && address.hostname !== home) problems.push('leads to ' + address);
}
if (/\{[a-z_]+\}/.test(document.body.innerText)) problems.push('a place in a sentence was left open: ' + document.body.innerText.match(/.*\{[a-z_]+\}.*/)[0]);
if (all('script, [style], [onclick]').length) problems.push('a script or a style of its own');
return problems;";

const WIDE: &str = r"
const root = document.documentElement;
if (root.scrollWidth <= window.innerWidth) return [];
const wide = [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest('.scroll'));
return [root.scrollWidth + ' px wide at ' + window.innerWidth + ': ' + wide.slice(-3).map(one => one.outerHTML.slice(0, 150)).join(' | ')];";

/// Fails with everything that is wrong with the page that the browser shows; gives it its size back.
pub async fn check(browser: &Browser, width: u32, height: u32) {
    let mut problems = sentences(&browser.ask(RULES).await);
    for narrow in WIDTHS {
        browser.resize(narrow, height).await;
        problems.extend(sentences(&browser.ask(WIDE).await));
    }
    browser.resize(width, height).await;
    problems.extend(sentences(&browser.ask(WIDE).await));
    assert!(problems.is_empty(), "{}:\n{}", browser.url().await, problems.join("\n"));
}

fn sentences(answer: &Json) -> Vec<String> {
    let list = answer.as_array().expect("the script returns a list");
    list.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
}

const PUBLIC: [(&str, &str); 12] = [
    ("home", "/"),
    ("services", "/services"),
    ("nothing-found", "/services?q=qqqqqq"),
    ("service-allowance", "/services/1.1"),
    ("service-permit", "/services/15.1"),
    ("service-offline", "/services/4.2"),
    ("verify", "/verify"),
    ("verify-mistyped", "/v/AAAA"),
    ("help", "/help"),
    ("accessibility", "/accessibility"),
    ("feedback", "/feedback"),
    ("not-found", "/no-such-page"),
];

/// Every page that needs no log-in, in three languages, on a phone and on a desk.
pub async fn public_ones_keep_the_rules(world: &World) {
    let browser = Browser::start(360, 800, true).await;
    for (name, path) in PUBLIC {
        everywhere(world, &browser, name, |lang| world.portal(&format!("/{lang}{path}"))).await;
    }
    browser.resize(1280, 900).await;
    for name in ["identity", "simulators", "bank", "mailbox"] {
        let path = if name == "simulators" { "/phone" } else { "" };
        browser.open(&(world.country.address(name) + path)).await;
        world.album.take(&browser, &format!("front-{name}")).await;
    }
    dark(world, &browser).await;
    the_keyboard_meets_the_skip_link_first(world, &browser).await;
    another_language_keeps_page_and_question(world, &browser).await;
}

/// Looks at one page in every language at both sizes.
pub async fn everywhere(world: &World, browser: &Browser, name: &str, address: impl Fn(&str) -> String) {
    for lang in ["az", "en", "ru"] {
        browser.resize(1280, 900).await;
        browser.open(&address(lang)).await;
        assert_eq!(browser.ask("return document.documentElement.lang").await, lang, "{}", browser.url().await);
        check(browser, 1280, 900).await;
        world.album.take(browser, &format!("{name}-{lang}-1280")).await;
        browser.resize(360, 800).await;
        world.album.take(browser, &format!("{name}-{lang}-360")).await;
    }
}

async fn dark(world: &World, browser: &Browser) {
    browser.prefer("dark").await;
    for (name, path) in [("home", "/az/"), ("service-allowance", "/az/services/1.1"), ("scores", "/az/scores")] {
        browser.open(&world.portal(path)).await;
        world.album.take(browser, &format!("{name}-az-dark")).await;
        let paper = browser.ask("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(paper, "rgb(15, 20, 26)", "{path} is dark for those who ask for it");
    }
    browser.prefer("light").await;
}

async fn the_keyboard_meets_the_skip_link_first(world: &World, browser: &Browser) {
    const TAB: char = '\u{E004}';
    const ENTER: char = '\u{E007}';
    for path in ["/az/", "/en/services/1.1", "/ru/verify"] {
        browser.open(&world.portal(path)).await;
        browser.key(TAB).await;
        let first = browser.ask("return document.activeElement.className").await;
        assert_eq!(first, "skip", "{path}");
        browser.key(ENTER).await;
        let after = browser.ask("return document.activeElement.id").await;
        assert_eq!(after, "content", "the skip link of {path} leads to the content");
    }
}

async fn another_language_keeps_page_and_question(world: &World, browser: &Browser) {
    browser.open(&world.portal("/az/services?q=issizlik")).await;
    browser.click(".langs a[hreflang=ru]").await;
    assert_eq!(browser.url().await, world.portal("/ru/services?q=issizlik"));
    assert_eq!(browser.ask("return document.querySelector('#q').value").await, "issizlik");
}

/// A page of a wrong form names its mistakes on top; each is a link that leads to its field.
pub async fn names_its_mistake(browser: &Browser, field: &str) {
    browser.find(".errors").await;
    let title = browser.title().await;
    assert!(title.starts_with("Xəta") || title.starts_with("Error") || title.starts_with("Ошибка"), "{title}");
    browser.click(&format!(".errors a[href='#{field}']")).await;
    assert_eq!(browser.ask("return document.activeElement.id").await, field, "the link moves the focus");
    assert_eq!(browser.ask(&format!("return document.getElementById('{field}').ariaInvalid")).await, "true");
}

/// What a browser is told before it shows anything, on every door of the country.
pub async fn forbid_foreign_content(world: &World) {
    for door in ["portal", "backOffice", "identity", "simulators", "bank", "mailbox"] {
        let headers = person::headers(&world.country.address(door)).await;
        let policy = headers.get("content-security-policy").unwrap_or_else(|| panic!("{door} has no policy"));
        let policy = policy.to_str().expect("a policy is text");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{door}: {policy}");
    }
}
