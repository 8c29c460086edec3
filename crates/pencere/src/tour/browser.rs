//! A person's browser without the window: cookies, redirects, forms. One per person and device.

use super::html::{self, Form};
use base::Fault;
use bytes::Bytes;
use host::http::Client;
use http::{Method, StatusCode, Uri, header};
use std::collections::BTreeMap;
use std::time::Duration;

const PAGE_BYTES_MAX: usize = 20 * 1024 * 1024;
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);
const REDIRECTS_MAX: usize = 20;
const BOUNDARY: &str = "pencere-tour-boundary-7e3f";

pub struct Browser {
    client: Client,
    /// host:port -> name -> value.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    pub page: Page,
}

/// What is on the screen.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub url: String,
    pub status: u16,
    pub content_type: String,
    pub body: Bytes,
}

/// A file to be put into a form.
pub struct Upload<'a> {
    pub field: &'a str,
    pub name: &'a str,
    pub content_type: &'a str,
    pub bytes: &'a [u8],
}

impl Page {
    pub fn html(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn text(&self) -> String {
        html::text(&self.html())
    }

    pub fn heading(&self) -> String {
        html::heading(&self.html())
    }

    pub fn forms(&self) -> Vec<Form> {
        html::forms(&self.html())
    }

    /// The first form whose address contains `part`.
    pub fn form(&self, part: &str) -> Result<Form, String> {
        let found = self.forms().into_iter().find(|form| form.action.contains(part));
        found.ok_or_else(|| format!("no form for {part} on {} ({} {})", self.url, self.status, self.heading()))
    }

    /// The address of the first link whose address contains `part`.
    pub fn link(&self, part: &str) -> Result<String, String> {
        let found = html::links(&self.html()).into_iter().find(|(href, _)| href.contains(part));
        let found = found.map(|(href, _)| href);
        found.ok_or_else(|| format!("no link to {part} on {} ({} {})", self.url, self.status, self.heading()))
    }
}

impl Browser {
    pub fn new() -> Browser {
        Browser { client: Client::plain(), cookies: BTreeMap::new(), page: Page::default() }
    }

    /// Opens an address, absolute or relative to the page.
    pub async fn open(&mut self, address: &str) -> Result<&Page, String> {
        let url = self.absolute(address)?;
        self.go(Method::GET, url, None).await
    }

    /// Sends a form of the page as it stands.
    pub async fn send(&mut self, form: &Form) -> Result<&Page, String> {
        let query = encode(&form.fields);
        if !form.post {
            let action = form.action.split('?').next().unwrap_or_default();
            return self.open(&format!("{action}?{query}")).await;
        }
        let url = self.absolute(&form.action)?;
        if form.multipart {
            return self.upload(form, &[]).await;
        }
        self.go(Method::POST, url, Some(("application/x-www-form-urlencoded".to_owned(), query.into()))).await
    }

    /// Sends a form with files.
    pub async fn upload(&mut self, form: &Form, files: &[Upload<'_>]) -> Result<&Page, String> {
        let mut body = Vec::new();
        for (name, value) in &form.fields {
            body.extend_from_slice(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        for file in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                file.field, file.name, file.content_type
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(file.bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let url = self.absolute(&form.action)?;
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.go(Method::POST, url, Some((content_type, body.into()))).await
    }

    async fn go(
        &mut self,
        mut method: Method,
        mut url: String,
        mut body: Option<(String, Bytes)>,
    ) -> Result<&Page, String> {
        for _ in 0..REDIRECTS_MAX {
            let response = self.one(&method, &url, body.clone()).await.map_err(|fault| format!("{url}: {fault}"))?;
            self.keep_cookies(&url, response.headers());
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            if let Some(location) = location.filter(|_| response.status().is_redirection()) {
                self.page.url = url.clone();
                url = self.absolute(location)?;
                // 307 and 308 repeat the request; the others are followed with GET (RFC 9110 §15.4).
                if !matches!(response.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                    method = Method::GET;
                    body = None;
                }
                continue;
            }
            let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            self.page = Page {
                url,
                status: response.status().as_u16(),
                content_type: content_type.unwrap_or_default().to_owned(),
                body: response.into_body(),
            };
            return Ok(&self.page);
        }
        Err(format!("more than {REDIRECTS_MAX} redirects, last to {url}"))
    }

    /// The `Cookie` header that goes with a request to this address.
    pub fn cookies_for(&self, url: &str) -> String {
        let cookies = self.cookies.get(&site(url)).into_iter().flatten();
        cookies.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn one(
        &self,
        method: &Method,
        url: &str,
        body: Option<(String, Bytes)>,
    ) -> Result<http::Response<Bytes>, Fault> {
        let url = url.split('#').next().unwrap_or_default();
        let mut request = http::Request::builder().method(method).uri(url);
        let cookies = self.cookies_for(url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        if method == Method::POST {
            // A browser names the page it comes from; parts may check it.
            request = request.header(header::ORIGIN, origin(&self.page.url));
        }
        let (content_type, body) = body.unwrap_or_default();
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request.body(body).map_err(|cause| Fault::new("make a request", cause))?;
        self.client.send(request, PAGE_BYTES_MAX, PAGE_TIMEOUT).await
    }

    fn keep_cookies(&mut self, url: &str, headers: &http::HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            let jar = self.cookies.entry(site(url)).or_default();
            if value.is_empty() || cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn absolute(&self, address: &str) -> Result<String, String> {
        if address.starts_with("http://") {
            return Ok(address.to_owned());
        }
        if address.starts_with('/') {
            return Ok(format!("{}{address}", origin(&self.page.url)));
        }
        if address.is_empty() || address.starts_with('?') || address.starts_with('#') {
            let page = self.page.url.split(['?', '#']).next().unwrap_or_default();
            return Ok(format!("{page}{address}"));
        }
        Err(format!("an address that a browser would not expect here: {address}"))
    }
}

impl Default for Browser {
    fn default() -> Self {
        Browser::new()
    }
}

fn origin(url: &str) -> String {
    format!("http://{}", site(url))
}

/// Cookies do not look at ports (RFC 6265 §8.5), but the parts of the demo share one host, and a real country would not:
/// so the jar is kept per port, as if each part had a host of its own.
fn site(url: &str) -> String {
    url.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string)).unwrap_or_default()
}

fn encode(fields: &[(String, String)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                b' ' => "+".to_owned(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_a_browser_does() {
        let fields = [("a b".to_owned(), "ə&=+".to_owned()), ("c".to_owned(), String::new())];
        assert_eq!(encode(&fields), "a+b=%C9%99%26%3D%2B&c=");
    }

    #[test]
    fn addresses_are_resolved_against_the_page() {
        let mut browser = Browser::new();
        browser.page.url = "http://127.0.0.1:8800/az/x?y=1".into();
        assert_eq!(browser.absolute("/z").as_deref(), Ok("http://127.0.0.1:8800/z"));
        assert_eq!(browser.absolute("?q=2").as_deref(), Ok("http://127.0.0.1:8800/az/x?q=2"));
        assert!(browser.absolute("javascript:alert(1)").is_err());
    }
}
