//! A real Chromium, driven over the WebDriver protocol (W3C WebDriver): only the commands that the journeys need.

use base64::Engine;
use bytes::Bytes;
use host::http::Client;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
/// Narrower windows behave like a phone: they obey the page's viewport.
const PHONE_BELOW: u32 = 600;
/// What a person reads on the page, for the message of a failed test.
const SHOWN: &str = "return document.body.innerText";
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
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned()))
            .expect("chromedriver says its port");
        // Drained to the end, so that the driver never writes into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser =
            Browser { driver, client: Client::plain(), session: format!("http://127.0.0.1:{port}"), profile };
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
                "mobileEmulation": { "deviceMetrics":
                    { "width": width, "height": height, "pixelRatio": 1.0, "mobile": width < PHONE_BELOW, "touch": false } },
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
        self.command("GET", &format!("/element/{element}/text"), Json::Null)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
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
                panic!("no {css} on {}:\n{}", self.url().await, self.ask(SHOWN).await);
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

    /// Two presses as fast as a hand makes them.
    pub async fn double_click(&self, css: &str) {
        let element = self.find(css).await;
        let press = [json!({ "type": "pointerDown", "button": 0 }), json!({ "type": "pointerUp", "button": 0 })];
        let mut actions =
            vec![json!({ "type": "pointerMove", "duration": 0, "origin": { ELEMENT: element }, "x": 0, "y": 0 })];
        actions.extend(press.iter().chain(&press).cloned());
        let mouse =
            json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": actions });
        self.command("POST", "/actions", json!({ "actions": [mouse] })).await;
    }

    /// Presses one key, wherever the focus is.
    pub async fn key(&self, key: char) {
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("POST", "/actions", json!({ "actions": [keyboard] })).await;
    }

    /// The cookies of the page's host, as the browser would send them.
    pub async fn cookies(&self) -> String {
        let cookies = self.command("GET", "/cookie", Json::Null).await;
        let text = |cookie: &Json, part: &str| cookie[part].as_str().unwrap_or_default().to_owned();
        let pairs = cookies.as_array().into_iter().flatten();
        pairs.map(|one| format!("{}={}", text(one, "name"), text(one, "value"))).collect::<Vec<_>>().join("; ")
    }

    pub async fn back(&self) {
        self.command("POST", "/back", json!({})).await;
    }

    pub async fn reload(&self) {
        self.command("POST", "/refresh", json!({})).await;
    }

    /// Asks the page for itself again until it has the element: for what happens behind it.
    pub async fn reload_until(&self, css: &str) {
        let began = Instant::now();
        while self.count(css).await == 0 {
            if began.elapsed() > PAGE_TIMEOUT {
                panic!("no {css} came on {}:\n{}", self.url().await, self.ask(SHOWN).await);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.reload().await;
        }
    }

    /// What a script says about the page. It is the driver's, so it runs in a browser whose pages may run none.
    pub async fn ask(&self, script: &str) -> Json {
        self.command("POST", "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Gives the window another size, as if it were another device.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE_BELOW });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Says which colours the person prefers: `light` or `dark`.
    pub async fn prefer(&self, colours: &str) {
        let wish = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.devtools("Emulation.setEmulatedMedia", wish).await;
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

    /// A picture of what the window shows, PNG.
    pub async fn window_shot(&self) -> Vec<u8> {
        let data = self.command("GET", "/screenshot", Json::Null).await;
        base64::engine::general_purpose::STANDARD.decode(data.as_str().expect("a picture")).expect("base64")
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

impl Browser {
    /// Ends the driver with every browser of its own, also one that is only starting; blocking, because dropping is.
    fn quit(&self) -> std::io::Result<()> {
        let host = self.session.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PAGE_TIMEOUT))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // It answers when the browser is gone, and may leave the line open.
        stream.read(&mut [0; 64]).map(|_bytes| ())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Told to quit, the driver ends its browser; killed, it would leave it behind. Either may be gone already.
        let _told = self.quit();
        let _gone = self.driver.kill();
        let _ended = self.driver.wait();
    }
}
