//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0).

/// The member of `events` that makes a token a logout token.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
