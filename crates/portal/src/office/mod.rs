//! The back office's window: the official's queue and case, corrections, opinions and counters, the operator's view. Same
//! log-in, a client of its own.

mod case;
mod corrections;
mod counters;
mod deciding;
mod operator;
mod opinions;
mod queue;

use crate::{
    app::App,
    assets, login,
    posted::FORM_BYTES_MAX,
    session::Area,
    signing,
    visit::{self, preferred_language},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use http::HeaderMap;

async fn choose_language(headers: HeaderMap) -> impl IntoResponse {
    Redirect::to(&format!("/{}/", preferred_language(&headers)))
}

/// Everything that the back office serves, in all languages.
pub fn router(app: App) -> Router {
    let pages = pages();
    let mut router = Router::new()
        .route("/", get(choose_language))
        .route("/signin/return", get(login::finish))
        .route("/signed-out", get(login::signed_out))
        .route("/signin/ended", post(login::ended));
    for lang in base::Lang::ALL {
        let tag = lang.tag();
        router = router.route(&format!("/{tag}/"), get(queue::page)).nest(&format!("/{tag}"), pages.clone());
    }
    router
        .fallback(visit::nowhere)
        .method_not_allowed_fallback(visit::wrong_method)
        .layer(middleware::from_fn_with_state((app, Area::Office), visit::middleware))
        .route("/assets/{name}", get(assets::asset))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

fn pages() -> Router {
    Router::new()
        .route("/signin", get(login::begin))
        .route("/signout", post(login::sign_out))
        .route("/profile", get(queue::profile))
        .route("/help", get(queue::help))
        .route("/cases/{reference}", get(case::page))
        .route("/cases/{reference}/take", post(case::take))
        .route("/cases/{reference}/release", post(case::release))
        .route("/cases/{reference}/ask", post(case::ask))
        .route("/cases/{reference}/original/{evidence}", post(case::read_original))
        .route("/cases/{reference}/decide", post(case::decide))
        .route("/cases/{reference}/confirm", get(case::confirm))
        .route("/cases/{reference}/preview", get(case::preview))
        .route("/cases/{reference}/drop", post(case::drop_decision))
        .route("/cases/{reference}/sign", post(case::sign))
        .route("/cases/{reference}/files/{file}", get(case::file))
        .route("/cases/{reference}/documents/{document}/{form}", get(case::document))
        .route("/sign/{ticket}", get(signing::wait))
        .route("/sign/{ticket}/certificate", post(signing::certificate))
        .route("/sign/{ticket}/signature", post(signing::signature))
        .route("/sign/{ticket}/phone", get(signing::phone).post(signing::push))
        .route("/corrections", get(corrections::page))
        .route("/corrections/{register}/{reference}", post(corrections::decide))
        .route("/opinions", get(opinions::page))
        .route("/counters", get(counters::page))
        .route("/counters/{month}", post(counters::save))
        .route("/operator", get(operator::servers))
        .route("/operator/{tab}", get(operator::tab))
}
