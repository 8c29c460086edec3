//! The browser on the other side: one HttpOnly cookie, changed at every log-in (session fixation), known to the store only by
//! its hash; and the token of its forms, derived from the cookie (CSRF).

use crate::jwt::sha256_base64url;
use base::Chance;
use http::{HeaderMap, HeaderValue, header};

/// A browser with its cookie's value.
#[derive(Clone)]
pub struct Browser {
    secret: String,
}

impl Browser {
    pub fn fresh(chance: &dyn Chance) -> Self {
        Browser { secret: chance.hex(32) }
    }

    /// The browser that sent our cookie, if it did and the value can be one of ours.
    pub fn known(headers: &HeaderMap, https: bool) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, secret) = pairs.find(|(name, _)| *name == cookie_name(https))?;
        let ours = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        ours.then(|| Browser { secret: secret.to_owned() })
    }

    /// What the store knows the browser by.
    pub fn hash(&self) -> String {
        sha256_base64url(self.secret.as_bytes())
    }

    /// The token that every form of this browser carries.
    pub fn form_token(&self) -> String {
        sha256_base64url(format!("form:{}", self.secret).as_bytes())
    }

    /// Whether a form that was posted is this browser's own.
    pub fn owns_form(&self, token: &str) -> bool {
        let ours = self.form_token();
        aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), token.as_bytes()).is_ok()
    }

    pub fn set_cookie(&self, https: bool) -> HeaderValue {
        let secure = if https { "; Secure" } else { "" };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(https), self.secret);
        HeaderValue::try_from(cookie).expect("hexadecimal letters and our own words")
    }
}

/// The `__Host-` prefix needs https (RFC 6265bis §4.1.3.2); on loopback a plain name must do. Cookies do not know ports, so
/// the name is this part's own.
fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-pencere-identity" } else { "pencere-identity" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SystemChance;

    #[test]
    fn a_cookie_comes_back_as_the_same_browser() {
        let browser = Browser::fresh(&SystemChance);
        for https in [false, true] {
            let set = browser.set_cookie(https);
            let set = set.to_str().expect("text");
            assert_eq!(set.contains("Secure") && set.starts_with("__Host-"), https);
            let mut headers = HeaderMap::new();
            let sent = format!("other=1; {}", set.split(';').next().expect("a pair"));
            headers.insert(header::COOKIE, sent.parse().expect("a header"));
            assert_eq!(Browser::known(&headers, https).expect("known").hash(), browser.hash());
            assert!(Browser::known(&headers, !https).is_none());
        }
    }

    #[test]
    fn only_our_own_form_token_fits() {
        let (one, two) = (Browser::fresh(&SystemChance), Browser::fresh(&SystemChance));
        assert!(one.owns_form(&one.form_token()));
        assert!(!one.owns_form(&two.form_token()));
        assert!(!one.owns_form(""));
    }
}
