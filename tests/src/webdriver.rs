//! A real Chromium, driven over the WebDriver protocol (W3C WebDriver): only the commands that the journeys need.

use base64::Engine;
use bytes::Bytes;
use host::http::Client;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
/// The key under which the protocol names an element (W3C WebDriver §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    profile: host::testing::TempDir,
}

impl Browser {
    /// Starts a driver and a browser of this window size, with an empty profile.
    pub async fn start(width: u32, height: u32, javascript: bool) -> Browser {
        let profile = host::testing::TempDir::new();
        let mut driver = Command::new("/usr/bin/chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed (cargo xtask test does it)");
        let output = driver.stdout.take().expect("asked for a pipe");
        let port = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned()))
            .expect("chromedriver says its port");
        let mut browser = Browser { driver, client: Client::plain(), session: format!("http://127.0.0.1:{port}"), profile };
        let options = browser.options(width, height, javascript);
        let answer = browser.command("POST", "/session", json!({ "capabilities": { "alwaysMatch": options } })).await;
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/session/{id}", browser.session);
        browser
    }

    fn options(&self, width: u32, height: u32, javascript: bool) -> Json {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let size = format!("--window-size={width},{height}");
        let javascript = if javascript { 1 } else { 2 };
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--hide-scrollbars", "--force-device-scale-factor=1", size, profile],
                "mobileEmulation": { "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0 } },
                "prefs": { "profile.managed_default_content_settings.javascript": javascript },
            },
        })
    }

    pub async fn open(&self, url: &str) {
        self.command("POST", "/url", json!({ "url": url })).await;
    }

    pub async fn url(&self) -> String {
        self.command("GET", "/url", Json::Null).await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn title(&self) -> String {
        self.command("GET", "/title", Json::Null).await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn html(&self) -> String {
        self.command("GET", "/source", Json::Null).await.as_str().unwrap_or_default().to_owned()
    }

    /// The text that a person sees in the element.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.command("GET", &format!("/element/{element}/text"), Json::Null).await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn count(&self, css: &str) -> usize {
        let found = self.command("POST", "/elements", json!({ "using": "css selector", "value": css })).await;
        found.as_array().map_or(0, Vec::len)
    }

    /// Waits until the element is there; a page that never shows it is a failed test.
    pub async fn find(&self, css: &str) -> String {
        let began = Instant::now();
        loop {
            let found = self.command("POST", "/elements", json!({ "using": "css selector", "value": css })).await;
            if let Some(id) = found[0][ELEMENT].as_str() {
                return id.to_owned();
            }
            if began.elapsed() > PAGE_TIMEOUT {
                panic!("no {css} on {}:\n{}", self.url().await, self.html().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.command("POST", &format!("/element/{element}/click"), json!({})).await;
    }

    /// Replaces what stands in the field.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.command("POST", &format!("/element/{element}/clear"), json!({})).await;
        self.command("POST", &format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Puts a file into a file field.
    pub async fn choose(&self, css: &str, file: &Path) {
        let element = self.find(css).await;
        let text = file.display().to_string();
        self.command("POST", &format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// A picture of the whole page, PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let picture = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.devtools("Page.captureScreenshot", picture).await;
        let data = answer["data"].as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64")
    }

    /// A command of the browser's own protocol, for what WebDriver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Json) -> Json {
        self.command("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn command(&self, method: &str, path: &str, body: Json) -> Json {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json")
            .body(body)
            .expect("a request");
        let response = self.client.send(request, ANSWER_BYTES_MAX, ANSWER_TIMEOUT).await.expect("the driver answers");
        let mut answer: Json = serde_json::from_slice(response.body()).expect("the driver speaks JSON");
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{method} {path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the driver ends its browser; either may be gone already.
        let _gone = self.driver.kill();
        let _ended = self.driver.wait();
    }
}
