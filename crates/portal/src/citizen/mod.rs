//! The citizen's window: its list of routes. One file per subject, one function per address.

mod apply;
mod bulletin;
mod cases;
mod data;
mod feedback;
mod home;
mod inbox;
mod payments;
mod profile;
mod safe;
mod scores;
mod service;
mod verify;

use crate::{
    app::App,
    assets, login,
    posted::{FORM_BYTES_MAX, UPLOAD_BYTES_MAX},
    session::Area,
    signing, visit,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

/// Everything that the citizen's window serves, in all languages.
pub fn router(app: App) -> Router {
    let pages = pages();
    let mut router = Router::new()
        .route("/", get(home::choose_language))
        .route("/v/{code}", get(verify::from_qr))
        .route("/signin/return", get(login::finish))
        .route("/signed-out", get(login::signed_out))
        .route("/signin/ended", post(login::ended));
    for lang in base::Lang::ALL {
        let tag = lang.tag();
        router = router.route(&format!("/{tag}/"), get(home::page)).nest(&format!("/{tag}"), pages.clone());
    }
    router
        .fallback(visit::nowhere)
        .method_not_allowed_fallback(visit::wrong_method)
        .layer(middleware::from_fn_with_state((app.clone(), Area::Citizen), visit::middleware))
        .route("/assets/{name}", get(assets::asset))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .merge(::payments::callback::router(app.payments.clone()))
}

fn pages() -> Router {
    let uploads = Router::new()
        .route("/apply/{reference}/step/{step}", get(apply::step).post(apply::save))
        .route("/cases/{reference}/original/{evidence}", get(cases::original).post(cases::give_original))
        .route("/verify", get(verify::form).post(verify::upload))
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX));
    Router::new()
        .route("/signin", get(login::begin))
        .route("/signout", post(login::sign_out))
        .route("/services", get(service::list))
        .route("/services/{id}", get(service::page))
        .route("/services/{id}/start", get(apply::start))
        .route("/apply/{reference}", get(apply::resume))
        .route("/apply/{reference}/check", get(apply::check))
        .route("/apply/{reference}/sign", post(signing::sign_application))
        .route("/sign/{ticket}", get(signing::wait))
        .route("/sign/{ticket}/certificate", post(signing::certificate))
        .route("/sign/{ticket}/signature", post(signing::signature))
        .route("/sign/{ticket}/phone", get(signing::phone).post(signing::push))
        .route("/cases", get(cases::list))
        .route("/cases/{reference}", get(cases::page))
        .route("/cases/{reference}/receipt", get(cases::receipt))
        .route("/cases/{reference}/documents/{document}/{form}", get(cases::document))
        .route("/cases/{reference}/withdraw", get(cases::ask_withdraw).post(cases::withdraw))
        .route("/cases/{reference}/correct", get(cases::correct).post(cases::send_correction))
        .route("/cases/{reference}/dispute/{evidence}/{fact}", get(cases::dispute).post(cases::send_dispute))
        .route("/cases/{reference}/rate", get(feedback::of_case).post(feedback::rate))
        .route("/payments", get(payments::list))
        .route("/payments/{debt}", get(payments::page).post(payments::pay))
        .route("/inbox", get(inbox::list))
        .route("/inbox/{id}", get(inbox::message))
        .route("/safe", get(safe::list))
        .route("/safe/{id}", get(safe::document))
        .route("/safe/{id}/file", get(safe::file))
        .route("/safe/{id}/paper", get(safe::paper))
        .route("/data", get(data::page))
        .route("/data/who", get(data::who))
        .route("/data/proof", post(data::proof))
        .route("/data/correction/{register}/{field}", get(data::correction).post(data::send_correction))
        .route("/profile", get(profile::page).post(profile::save))
        .route("/verify/code", get(verify::by_code))
        .route("/v/{code}", get(verify::page))
        .route("/feedback", get(feedback::form).post(feedback::send))
        .route("/scores", get(scores::live))
        .route("/scores/report", get(scores::report))
        .route("/scores.json", get(scores::json))
        .route("/scores/{service}", get(scores::service))
        .route("/bulletin", get(bulletin::latest))
        .route("/bulletin/{month}", get(bulletin::page))
        .route("/help", get(home::help))
        .route("/accessibility", get(home::accessibility))
        .merge(uploads)
}
