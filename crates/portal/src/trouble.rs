//! How a handler ends when it cannot show its page: a rule said no, the world failed, nobody is logged in. The middleware
//! turns each into a page in the visitor's language; a fault is logged there, once, under the number that the person sees.

use axum::response::{IntoResponse, Response};
use base::{Failure, Fault};
use http::StatusCode;
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub enum Trouble {
    Refused {
        code: &'static str,
        status: u16,
    },
    Failed(Fault),
    /// Log in first, then come back here.
    LogIn,
    NotFound,
}

/// The portal's own refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Token,
    FormUnreadable,
    TooLarge,
    TooOften,
    NotOfficial,
    NotOperator,
    LogInAgain,
    NoPin,
    RegisterRefused,
    Method,
}

impl Refusal {
    pub const ALL: [Refusal; 10] = [
        Refusal::Token,
        Refusal::FormUnreadable,
        Refusal::TooLarge,
        Refusal::TooOften,
        Refusal::NotOfficial,
        Refusal::NotOperator,
        Refusal::LogInAgain,
        Refusal::NoPin,
        Refusal::RegisterRefused,
        Refusal::Method,
    ];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::Token => "portal.token",
            Refusal::FormUnreadable => "portal.form_unreadable",
            Refusal::TooLarge => "portal.too_large",
            Refusal::TooOften => "portal.too_often",
            Refusal::NotOfficial => "portal.not_official",
            Refusal::NotOperator => "portal.not_operator",
            Refusal::LogInAgain => "portal.log_in_again",
            Refusal::NoPin => "portal.no_pin",
            Refusal::RegisterRefused => "portal.register_refused",
            Refusal::Method => "portal.method",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::Token | Refusal::NotOfficial | Refusal::NotOperator => 403,
            Refusal::FormUnreadable | Refusal::LogInAgain | Refusal::NoPin => 400,
            Refusal::Method => 405,
            Refusal::TooLarge => 413,
            Refusal::TooOften => 429,
            Refusal::RegisterRefused => 409,
        }
    }
}

impl Trouble {
    pub fn refused(refusal: &dyn base::Refusal) -> Trouble {
        match refusal.status() {
            // Another part's "no such thing" and "nobody is logged in" are the same pages everywhere.
            401 => Trouble::LogIn,
            status => Trouble::Refused { code: refusal.code(), status },
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Trouble::Refused { status, .. } => StatusCode::from_u16(*status).unwrap_or(StatusCode::CONFLICT),
            Trouble::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::LogIn => StatusCode::SEE_OTHER,
            Trouble::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Trouble::Failed(fault)
    }
}

impl<R: base::Refusal> From<Failure<R>> for Trouble {
    fn from(failure: Failure<R>) -> Self {
        match failure {
            Failure::Refused(refusal) => Trouble::refused(&refusal),
            Failure::Failed(fault) => Trouble::Failed(fault),
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Trouble::refused(&refusal)
    }
}

impl From<askama::Error> for Trouble {
    fn from(error: askama::Error) -> Self {
        Trouble::Failed(Fault::new("render a page", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Words;
    use base::{Lang, Refusal as _};

    #[test]
    fn every_refusal_has_words_in_every_language() {
        for (refusal, lang) in Refusal::ALL.iter().flat_map(|refusal| Lang::ALL.map(|lang| (refusal, lang))) {
            let key = format!("refusal.{}", refusal.code());
            assert!(Words::of(lang).find(&key).is_some(), "{key} in {lang}");
            assert!((400..500).contains(&refusal.status()));
        }
    }
}

/// The trouble on its way to the middleware that renders it.
#[derive(Clone)]
pub(crate) struct Carried(pub Arc<Mutex<Option<Trouble>>>);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Carried(Arc::new(Mutex::new(Some(self)))));
        response
    }
}
