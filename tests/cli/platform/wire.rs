//! What is sent to a platform, and what is made of every answer that it, its IAM or a router can give.

use std::time::Duration;

use ibmcloud_iam::clock::Clock;
use ibmcloud_iam::http::{Endpoint, Options};
use ibmcloud_iam::model::{CreatedApiKey, NewApiKey, NewValue, Owner, Scope, Selection, Timestamp};
use ibmcloud_iam::secret::Secret;
use ibmcloud_iam::systems::platform::remote::{Credential, Proof, RemotePlatform};
use ibmcloud_iam::systems::{Condition, Keys as _, Proving as _, Result, SystemError};
use serde_json::json;

use crate::support::server::{Answer, Server};

const AUTHORIZE: &str = "POST /icp4d-api/v1/authorize";
const NEW_DOOR: &str = "POST /idprovider/v1/auth/identitytoken";
const OLD_DOOR: &str = "POST /v1/auth/identitytoken";
const VALIDATE: &str = "GET /v1/preauth/validateAuth";
const GENERATE: &str = "GET /usermgmt/v1/user/apiKey";
const WHO: &str = "GET /usermgmt/v1/user/currentUserInfo";

/// What a secret proves.
type Prove = fn(Secret) -> Proof;

/// A page, as a router answers.
fn page(status: u16) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    Answer::Whole { status, headers, body: b"<html><h1>Application is not available</h1>".into() }
}

/// A text, as some platforms refuse a login.
fn plain(status: u16, text: &str) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    Answer::Whole { status, headers, body: text.into() }
}

fn token() -> Answer {
    Answer::json(200, json!({"_messageCode_": "200", "message": "Success", "token": "bearer"}))
}

/// The first answer to each route, and a page for any other. The last of a route is for all that follow.
fn platform(answers: &[(&str, Answer)]) -> Server {
    let mut answers: Vec<(String, Answer)> =
        answers.iter().map(|(route, answer)| ((*route).to_owned(), answer.clone())).collect();
    Server::start(move |request| {
        let route = request.route();
        let here = |(known, _): &&(String, Answer)| *known == route;
        let left = answers.iter().filter(here).count();
        let Some(at) = answers.iter().position(|known| here(&known)) else { return page(404) };
        if left > 1 { answers.remove(at).1 } else { answers[at].1.clone() }
    })
}

fn keys(server: &Server, proof: Prove) -> RemotePlatform {
    let proof = proof(Secret::new("the-secret".to_owned()));
    let credential = Credential { user: "admin".to_owned(), proof };
    let settings = Options { timeout: Some(Duration::from_millis(500)), ..Options::default() };
    RemotePlatform::new(
        Endpoint::parse(&server.url()).unwrap(),
        settings,
        credential,
        Clock::System,
    )
}

/// The words of an error: what it is, what the platform said, and what to do.
fn words(error: SystemError, server: &Server) -> [String; 3] {
    let told = error.service.and_then(|service| service.message).unwrap_or_default();
    let host = server.url().replace("http://", "");
    let condition = format!("{:?}", error.condition).replace(&host, "HOST");
    [condition, told, error.hint.unwrap_or_default()]
}

const CHECK: &str = "Check the user name, and that the password or the API key is one of this platform and still works.";
const WHERE: &str = "The URL of the platform is that of its web console, such as 'https://cpd-NAMESPACE.apps.CLUSTER'.";

#[test]
fn a_login_takes_the_door_that_opens() {
    let refused = || Answer::json(401, json!({"_messageCode_": "401", "message": "No."}));
    let of_iam = || Answer::json(200, json!({"access_token": "of-iam", "expires_in": 1}));
    let access = || Answer::json(200, json!({"accessToken": "bearer"}));
    let (key, password): (Prove, Prove) = (Proof::ApiKey, Proof::Password);
    for (proof, answers, routes) in [
        (key, vec![(AUTHORIZE, token())], vec![AUTHORIZE]),
        (password, vec![(AUTHORIZE, token())], vec![AUTHORIZE]),
        (key, vec![(AUTHORIZE, access())], vec![AUTHORIZE]),
        (key, vec![(AUTHORIZE, Answer::empty(503)), (AUTHORIZE, token())], vec![AUTHORIZE; 2]),
        (
            password,
            vec![(AUTHORIZE, refused()), (NEW_DOOR, of_iam()), (VALIDATE, access())],
            vec![AUTHORIZE, NEW_DOOR, VALIDATE],
        ),
        (
            password,
            vec![(AUTHORIZE, page(200)), (OLD_DOOR, of_iam()), (VALIDATE, access())],
            vec![AUTHORIZE, NEW_DOOR, OLD_DOOR, VALIDATE],
        ),
    ] {
        let server = platform(&answers);
        let keys = keys(&server, proof);
        assert_eq!(keys.token().unwrap().value.expose(), "bearer");
        keys.token().unwrap();
        assert_eq!(server.routes(), routes);
        for request in server.requests() {
            if request.route() == VALIDATE {
                let headers = (request.header("username"), request.header("iam-token"));
                assert_eq!(headers, (Some("admin"), Some("of-iam")));
            } else if request.route() != AUTHORIZE {
                let form = [
                    ("grant_type", "password"),
                    ("username", "admin"),
                    ("password", "the-secret"),
                    ("scope", "openid"),
                ];
                assert_eq!(request.form(), form.map(|(name, value)| (name.into(), value.into())));
            }
        }
    }
}

#[test]
fn a_refused_login_is_told_as_the_door_told_it_that_is_there() {
    let refused = |status| Answer::json(status, json!({"_messageCode_": "x", "message": "No."}));
    let by_iam = || Answer::json(400, json!({"error": "invalid_grant"}));
    let (key, password): (Prove, Prove) = (Proof::ApiKey, Proof::Password);
    let not_here = |status: u16| {
        let words = format!(
            "Unavailable(\"HOST is not the address of a platform, or the platform does not run ({status})\")"
        );
        [words, String::new(), WHERE.to_owned()]
    };
    let unauthorized = |told: &str| ["Unauthorized".to_owned(), told.to_owned(), CHECK.to_owned()];
    let replaced = |told: &str| {
        let hint = format!(
            "{CHECK} If the key was replaced, the password is needed: set CPD_PASSWORD, or log in with it."
        );
        ["Unauthorized".to_owned(), told.to_owned(), hint]
    };
    for (proof, answers, routes, expected) in [
        (key, vec![(AUTHORIZE, refused(401))], vec![AUTHORIZE], replaced("No.")),
        (key, vec![(AUTHORIZE, refused(400))], vec![AUTHORIZE], replaced("No.")),
        (
            key,
            vec![(AUTHORIZE, Answer::json(403, json!({"exception": "No!", "_statusCode_": 403})))],
            vec![AUTHORIZE],
            replaced("No!"),
        ),
        (
            password,
            vec![(AUTHORIZE, refused(401))],
            vec![AUTHORIZE, NEW_DOOR, OLD_DOOR],
            unauthorized("No."),
        ),
        (
            password,
            vec![(AUTHORIZE, refused(401)), (NEW_DOOR, by_iam())],
            vec![AUTHORIZE, NEW_DOOR],
            unauthorized("invalid_grant"),
        ),
        (
            password,
            vec![
                (AUTHORIZE, refused(401)),
                (NEW_DOOR, Answer::json(200, json!({"access_token": "of-iam"}))),
                (VALIDATE, refused(401)),
            ],
            vec![AUTHORIZE, NEW_DOOR, VALIDATE],
            unauthorized("No."),
        ),
        // Some say it in plain text, or not at all.
        (key, vec![(AUTHORIZE, plain(400, "Bad login\r\nfor the-secret\x1b"))], vec![AUTHORIZE], {
            replaced("Bad login for [PRIVATE DATA HIDDEN]\x1b")
        }),
        (key, vec![(AUTHORIZE, plain(422, ""))], vec![AUTHORIZE], replaced("")),
        (
            password,
            vec![(AUTHORIZE, plain(403, "Go away"))],
            vec![AUTHORIZE, NEW_DOOR, OLD_DOOR],
            unauthorized("Go away"),
        ),
        (
            key,
            vec![(AUTHORIZE, page(403))],
            vec![AUTHORIZE],
            [
                "Forbidden".to_owned(),
                String::new(),
                "Ask an administrator of the platform to permit it.".to_owned(),
            ],
        ),
        // A router that has nobody behind a door is not asked again.
        (
            password,
            vec![(AUTHORIZE, refused(401)), (NEW_DOOR, page(503)), (OLD_DOOR, page(503))],
            vec![AUTHORIZE, NEW_DOOR, OLD_DOOR],
            unauthorized("No."),
        ),
        (key, vec![], vec![AUTHORIZE], not_here(404)),
        (key, vec![(AUTHORIZE, page(200))], vec![AUTHORIZE], not_here(200)),
        (password, vec![], vec![AUTHORIZE, NEW_DOOR, OLD_DOOR], not_here(404)),
        (
            key,
            vec![(AUTHORIZE, Answer::empty(302).header("Location", "https://elsewhere/login"))],
            vec![AUTHORIZE],
            [
                "Unavailable(\"HOST redirects to elsewhere, and redirects are not followed\")"
                    .to_owned(),
                String::new(),
                "Check the endpoint; a credential is sent to the configured endpoint only."
                    .to_owned(),
            ],
        ),
    ] {
        let server = platform(&answers);
        let error = keys(&server, proof).token().unwrap_err();
        assert_eq!(words(error, &server), expected);
        assert_eq!(server.routes(), routes);
    }
    // A router that has nobody to ask may have somebody soon.
    let server = platform(&[(AUTHORIZE, page(503))]);
    let error = keys(&server, password).token().unwrap_err();
    assert_eq!(words(error, &server), not_here(503));
    assert_eq!(server.routes(), [AUTHORIZE; 4]);
}

fn new() -> NewApiKey {
    NewApiKey {
        id: None,
        owner: Owner("admin".into()),
        name: String::new(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    }
}

/// Has a key generated; returns what came of it, and how often it was noted.
fn generate(keys: &RemotePlatform) -> (Result<CreatedApiKey>, usize) {
    let mut noted = 0;
    let made = keys.create(&new(), NewValue::ServiceChooses, &mut |doubt| {
        assert_eq!(doubt, Duration::from_secs(1));
        noted += 1;
        true
    });
    (made, noted)
}

#[test]
fn a_key_is_asked_for_once_whatever_comes_of_it() {
    let made = Answer::json(200, json!({"_messageCode_": "200", "apiKey": "new-key"}))
        .header("Date", "Sat, 21 Nov 2026 09:00:00 GMT");
    let server = platform(&[(AUTHORIZE, token()), (GENERATE, made)]);
    let keys_here = keys(&server, Proof::Password);
    let (made, noted) = generate(&keys_here);
    let made = made.unwrap();
    assert_eq!((made.value.unwrap().expose(), noted), ("new-key", 1));
    assert_eq!(
        (made.key.id.as_str(), &*made.key.name, &*made.key.iam_id),
        ("admin", "admin", "admin")
    );
    assert_eq!(made.key.created_at, Timestamp::parse("2026-11-21T09:00:00Z").unwrap());
    assert_eq!(server.routes(), [AUTHORIZE, GENERATE]);
    assert_eq!(server.requests()[1].header("authorization"), Some("Bearer bearer"));

    let json = |status| Answer::json(status, json!({"error": "so"}));
    for (answer, is_unknown, condition) in [
        (json(401), false, "Unauthorized"),
        (json(403), false, "Forbidden"),
        (json(400), false, "Invalid"),
        (page(404), false, "Unavailable"),
        (page(301), false, "Unavailable"),
        (json(408), true, ""),
        (json(409), true, ""),
        (json(429), true, ""),
        (json(500), true, ""),
        (page(503), true, ""),
        (page(200), true, ""),
        (json(200), true, ""),
        (Answer::json(200, json!({"apiKey": "two words"})), true, ""),
        (Answer::json(200, json!({"apiKey": "new-key"})).truncated(9), true, ""),
        (Answer::Close, true, ""),
        (Answer::Hang, true, ""),
    ] {
        let server = platform(&[(AUTHORIZE, token()), (GENERATE, answer.clone())]);
        let (made, noted) = generate(&keys(&server, Proof::ApiKey));
        let error = made.unwrap_err();
        assert_eq!(server.routes(), [AUTHORIZE, GENERATE], "{answer:?}");
        assert_eq!(noted, 1);
        let words = format!("{:?}", error.condition);
        assert!(
            words.starts_with(if is_unknown { "OutcomeUnknown" } else { condition }),
            "{words}"
        );
    }
}

#[test]
fn no_key_is_asked_for_that_nobody_noted_or_wants() {
    let server = platform(&[(AUTHORIZE, token())]);
    let keys = keys(&server, Proof::ApiKey);
    let refused = keys.create(&new(), NewValue::ServiceChooses, &mut |_| false).unwrap_err();
    assert!(matches!(refused.condition, Condition::Unavailable(_)), "{refused:?}");
    let chosen = Secret::new("chosen".to_owned());
    let refused = keys.create(&new(), NewValue::Chosen(&chosen), &mut |_| true).unwrap_err();
    assert_eq!(refused.condition, Condition::Unsupported("given a chosen value"));
    let identity = keys.identity().unwrap();
    let listed = keys.list(&Scope::Of(identity.owner()), &Selection::All).unwrap_err();
    assert_eq!(listed.condition, Condition::Unsupported("listed"));
    keys.check_new(&new()).unwrap();
    assert_eq!((&*identity.iam_id, &*identity.account_id, &*identity.user), ("admin", "", "admin"));
    assert_eq!(server.routes(), [AUTHORIZE]);
}

#[test]
fn a_value_is_proven_by_a_login_of_its_own() {
    let refused = || Answer::json(401, json!({"message": "No."}));
    let server = platform(&[(AUTHORIZE, refused()), (AUTHORIZE, token())]);
    let by_password = keys(&server, Proof::Password);
    assert_eq!(by_password.acting_key().unwrap(), None);
    assert_eq!(by_password.own_key_works().unwrap(), None);
    let value = Secret::new("fresh".to_owned());
    let holder = by_password.acting_with(&value).unwrap().unwrap();
    assert_eq!(holder.acting_key().unwrap().unwrap().as_str(), "admin");
    // A new key may not be known at once.
    assert_eq!(server.routes(), [AUTHORIZE; 2]);
    assert_eq!(server.requests()[1].json()["api_key"], "fresh");

    for (answer, works) in [(token(), Some(true)), (refused(), Some(false)), (page(404), None)] {
        let server = platform(&[(AUTHORIZE, token()), (AUTHORIZE, answer)]);
        let by_key = keys(&server, Proof::ApiKey);
        by_key.token().unwrap();
        assert_eq!(by_key.own_key_works().ok().flatten(), works);
        assert_eq!(server.routes(), [AUTHORIZE; 2]);
    }
}

#[test]
fn the_user_of_a_token_is_asked_for() {
    let user = || Answer::json(200, json!({"UserInfo": {"uid": "7", "user_name": "admin"}}));
    let server = platform(&[(AUTHORIZE, token()), (WHO, user())]);
    let found = keys(&server, Proof::ApiKey).current_user().unwrap();
    assert_eq!((&*found.name, found.uid.as_deref()), ("admin", Some("7")));
    assert_eq!(server.routes(), [AUTHORIZE, WHO]);
    let server = platform(&[(AUTHORIZE, token()), (WHO, Answer::json(401, json!({})))]);
    let refused = keys(&server, Proof::ApiKey).current_user().unwrap_err();
    assert_eq!(refused.condition, Condition::Unauthorized);
}
