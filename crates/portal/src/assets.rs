//! The style sheet and the icon, embedded; the sheet's address carries its digest, so that browsers keep it for ever.

use axum::{extract::Path, response::IntoResponse};
use http::{StatusCode, header};
use std::sync::OnceLock;

const STYLE: &str = include_str!("../assets/pencere.css");
/// The one style sheet, also for the pages of others (log-in, simulators).
pub const STYLESHEET: &[u8] = STYLE.as_bytes();
const ICON: &str = include_str!("../assets/icon.svg");

/// `/assets/pencere-0123abcd.css`.
pub fn style_address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let digest = formats::verify::sha256(STYLE.as_bytes());
        format!("/assets/pencere-{}.css", base::hex(&digest[..6]))
    })
}

pub async fn asset(Path(name): Path<String>) -> impl IntoResponse {
    let kept = "public, max-age=31536000, immutable";
    let brief = "public, max-age=3600";
    match name.as_str() {
        "icon.svg" => ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, brief)], ICON).into_response(),
        // The plain name serves pages that cannot know the digest.
        "pencere.css" => ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, brief)], STYLE).into_response(),
        _ if style_address().ends_with(&name) => {
            ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, kept)], STYLE).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
