//! A browser without JavaScript: keeps its cookies, fills in the forms it was given, follows the redirects it is told to.

use crate::{App, citizen, office, session::Area};
use axum::{Router, body::Body};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub struct Browser {
    router: Router,
    area: Area,
    pub cookie: Option<String>,
}

pub struct Page {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Page {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn token(&self) -> String {
        let marker = "name=\"token\" value=\"";
        let start = self.text.find(marker).expect("a page with a form") + marker.len();
        self.text[start..].chars().take_while(|letter| *letter != '"').collect()
    }

    #[track_caller]
    pub fn shows(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{} does not show {words:?}:\n{}", self.status, self.text);
        self
    }
}

impl Browser {
    pub fn new(app: &App, area: Area) -> Browser {
        let router = match area {
            Area::Citizen => citizen::router(app.clone()),
            Area::Office => office::router(app.clone()),
        };
        Browser { router, area, cookie: None }
    }

    pub fn with(app: &App, area: Area, cookie: String) -> Browser {
        Browser { cookie: Some(cookie), ..Browser::new(app, area) }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &self.cookie {
            let value = format!("other=1; {}={cookie}", self.area.cookie());
            request.headers_mut().insert(header::COOKIE, value.parse().expect("a header"));
        }
        let response: Response<Body> = self.router.clone().oneshot(request).await.expect("routers do not fail");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let set = parts.headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        if let Some((_, value)) = set.and_then(|set| set.split(';').next()).and_then(|pair| pair.split_once('=')) {
            self.cookie = Some(value.to_owned());
        }
        Page { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    pub async fn follow(&mut self, page: &Page) -> Page {
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let path = page.location().to_owned();
        self.get(&path).await
    }

    /// Posts a form of the page with its token.
    pub async fn post(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = page.token();
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        self.post_bare(path, &all).await
    }

    /// Posts exactly these fields.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", crate::shell::encode(value));
        let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Posts a form with one file.
    pub async fn upload(&mut self, page: &Page, path: &str, field: &str, file: &str, content: &[u8]) -> Page {
        let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{}\r\n", page.token());
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file}\"\r\n\r\n");
        let body = [body.as_bytes(), content, b"\r\n--b--\r\n"].concat();
        let request = Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }
}
