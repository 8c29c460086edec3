//! Every refusal of an authorization request, and the table of what comes next.

use super::*;
use crate::testing::settings;
use base::clock::from_micros;

fn good() -> Query {
    Query {
        response_type: Some("code".into()),
        client_id: Some("portal".into()),
        redirect_uri: Some("http://127.0.0.1:8800/login/callback".into()),
        scope: Some("openid profile email pin".into()),
        state: Some("s".into()),
        nonce: Some("n".into()),
        code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
        code_challenge_method: Some("S256".into()),
        ui_locales: Some("de ru-RU en".into()),
        ..Query::default()
    }
}

#[test]
fn a_good_request_is_read() {
    let request = parse(good(), &settings()).expect("good");
    assert_eq!(request.scopes, [Scope::Openid, Scope::Profile, Scope::Pin]);
    assert_eq!((request.lang, request.prompt, request.max_age_s), (Lang::Ru, Prompt::AsNeeded, None));
}

#[test]
fn nothing_is_sent_to_an_unproven_address() {
    let page = |query| parse(query, &settings()).expect_err("refused");
    assert_eq!(page(Query { client_id: Some("stranger".into()), ..good() }), Rejection::Page(Refusal::UnknownClient));
    assert_eq!(page(Query::default()), Rejection::Page(Refusal::UnknownClient));
    for uri in
        ["http://127.0.0.1:8800/login/callback/", "http://127.0.0.1:8800/login/callback?x=1", "https://evil.example"]
    {
        let query = Query { redirect_uri: Some(uri.into()), ..good() };
        assert_eq!(page(query), Rejection::Page(Refusal::ForeignRedirect), "{uri}");
    }
}

#[test]
fn the_client_is_told_what_is_wrong() {
    let long = Some("x".repeat(600));
    for (query, expected) in [
        (Query { response_type: Some("token".into()), ..good() }, "unsupported_response_type"),
        (Query { response_type: Some("code id_token".into()), ..good() }, "unsupported_response_type"),
        (Query { response_mode: Some("fragment".into()), ..good() }, "invalid_request"),
        (Query { scope: None, ..good() }, "invalid_scope"),
        (Query { scope: Some("profile".into()), ..good() }, "invalid_scope"),
        (Query { scope: Some("openid offices".into()), ..good() }, "invalid_scope"),
        (Query { code_challenge: None, ..good() }, "invalid_request"),
        (Query { code_challenge_method: Some("plain".into()), ..good() }, "invalid_request"),
        (Query { code_challenge_method: None, ..good() }, "invalid_request"),
        (Query { code_challenge: Some("short".into()), ..good() }, "invalid_request"),
        (Query { nonce: None, ..good() }, "invalid_request"),
        (Query { nonce: long.clone(), ..good() }, "invalid_request"),
        (Query { state: None, ..good() }, "invalid_request"),
        (Query { state: long, ..good() }, "invalid_request"),
        (Query { prompt: Some("none login".into()), ..good() }, "invalid_request"),
        (Query { max_age: Some("-1".into()), ..good() }, "invalid_request"),
        (Query { request: Some("e30".into()), ..good() }, "request_not_supported"),
        (Query { request_uri: Some("urn:x".into()), ..good() }, "request_uri_not_supported"),
    ] {
        match parse(query.clone(), &settings()) {
            Err(Rejection::ToClient { error, .. }) => assert_eq!(error, expected, "{query:?}"),
            other => panic!("{query:?}: {other:?}"),
        }
    }
}

#[test]
fn what_comes_next() {
    let now = from_micros(1_000_000_000_000);
    let facts = |age_s: i64, has_chosen| SessionFacts {
        auth_time: from_micros(now.as_microsecond() - age_s * 1_000_000),
        has_chosen,
    };
    let (young, old, unchosen) = (Some(facts(10, true)), Some(facts(1000, true)), Some(facts(10, false)));
    let check = |scope: &str, prompt: Option<&str>, max_age: Option<&str>, session, expected| {
        let query = Query {
            scope: Some(scope.into()),
            prompt: prompt.map(Into::into),
            max_age: max_age.map(Into::into),
            ..good()
        };
        let request = parse(query, &settings()).expect("good");
        assert_eq!(next(&request, session, now), expected, "{scope} {prompt:?} {max_age:?}");
    };
    check("openid", None, None, None, Next::LogIn);
    check("openid", Some("none"), None, None, Next::Error("login_required"));
    check("openid", None, None, young, Next::IssueCode);
    check("openid", Some("login"), None, young, Next::LogIn);
    check("openid", None, Some("100"), old, Next::LogIn);
    check("openid", None, Some("100"), young, Next::IssueCode);
    check("openid", Some("none"), Some("100"), old, Next::Error("login_required"));
    check("openid representation", None, None, unchosen, Next::Choose);
    check("openid representation", Some("none"), None, unchosen, Next::Error("interaction_required"));
    check("openid representation", None, None, young, Next::IssueCode);
    check("openid representation", Some("select_account"), None, young, Next::Choose);
    check("openid", Some("select_account"), None, young, Next::IssueCode);
    check("openid", None, None, unchosen, Next::IssueCode);
}
