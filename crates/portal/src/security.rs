//! What every answer carries against misuse: the content security policy and its companions, and a limit on how often one
//! visitor may try what guessing would pay for.

use crate::app::Origins;
use axum::response::Response;
use base::Timestamp;
use http::{HeaderValue, header};
use std::{collections::HashMap, sync::Mutex};

/// Nothing but our own sheet, images and forms. Forms may lead on to the log-in, the card page and the bank, because browsers
/// apply `form-action` to the redirects that follow a form as well.
pub fn content_security_policy(origins: &Origins) -> String {
    let card = origins.card.as_deref().and_then(origin).unwrap_or_default();
    let mut targets = vec!["'self'", origins.identity.as_str(), card, origins.bank.as_str()];
    targets.retain(|target| !target.is_empty());
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {}; frame-ancestors 'none'; base-uri 'none'",
        targets.join(" ")
    )
}

/// `scheme://host:port` of an address with a path.
fn origin(address: &str) -> Option<&str> {
    let host = address.find("://")? + 3;
    Some(&address[..address[host..].find('/').map_or(address.len(), |slash| host + slash)])
}

/// Sets the headers of every answer. Pages of a visit are never kept by anybody; what has its own rule keeps it.
pub fn protect(response: &mut Response, policy: &HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), microphone=(), geolocation=()"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Attempts of one visitor in a window of a minute; kept in memory, because forgetting it at a restart is harmless.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<HashMap<String, (i64, u32)>>);

/// Attempts a minute.
pub const ATTEMPTS_MAX: u32 = 30;
/// Visitors remembered; past this everything older is forgotten.
const VISITORS_MAX: usize = 50_000;

impl Limiter {
    /// Whether this visitor may try once more.
    pub fn allows(&self, visitor: &str, now: Timestamp) -> bool {
        let minute = now.as_second() / 60;
        let mut seen = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if seen.len() >= VISITORS_MAX {
            seen.retain(|_, (when, _)| *when == minute);
        }
        if seen.len() >= VISITORS_MAX {
            return false;
        }
        let entry = seen.entry(visitor.to_owned()).or_insert((minute, 0));
        if entry.0 != minute {
            *entry = (minute, 0);
        }
        entry.1 += 1;
        entry.1 <= ATTEMPTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_reached_and_ends_with_the_minute() {
        let limiter = Limiter::default();
        let now = base::clock::from_micros(0);
        for _ in 0..ATTEMPTS_MAX {
            assert!(limiter.allows("a", now));
        }
        assert!(!limiter.allows("a", now));
        assert!(limiter.allows("b", now));
        assert!(limiter.allows("a", base::clock::from_micros(60_000_000)));
    }

    #[test]
    fn the_policy_names_only_whom_forms_may_reach() {
        let origins = Origins {
            portal: "http://p".into(),
            office: "http://o".into(),
            identity: "http://i".into(),
            card: Some("http://c:1/card".into()),
            bank: "http://b".into(),
        };
        let policy = content_security_policy(&origins);
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; "), "{policy}");
        assert!(policy.contains("form-action 'self' http://i http://c:1 http://b;"), "{policy}");
    }
}
