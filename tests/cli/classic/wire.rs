//! What is sent to classic infrastructure, and what is made of every answer that it or a gateway can give.

use std::time::Duration;

use ibmcloud_iam::clock::Clock;
use ibmcloud_iam::http::{Endpoint, Options};
use ibmcloud_iam::model::{
    ApiKeyId, CreatedApiKey, Identity, NewApiKey, NewValue, Owner, Scope, Selection,
};
use ibmcloud_iam::secret::Secret;
use ibmcloud_iam::systems::classic::remote::{Credential, RemoteClassic};
use ibmcloud_iam::systems::{Condition, Keys as _, Proving as _, Result};
use serde_json::{Value, json};

use crate::support::server::{Answer, Request, Server};

const WHO: &str = "GET /rest/v3.1/SoftLayer_Account/getCurrentUser.json";
const LIST: &str = "GET /rest/v3.1/SoftLayer_User_Customer/7/getApiAuthenticationKeys.json";
pub(super) const ADD: &str =
    "GET /rest/v3.1/SoftLayer_User_Customer/7/addApiAuthenticationKey.json";
pub(super) const REMOVE: &str =
    "POST /rest/v3.1/SoftLayer_User_Customer/removeApiAuthenticationKey.json";
const SINGLE: &str = "Each user can only have a single API key.";

/// The first answer to each route; the last of a route is for all that follow. The user is there, without a key.
pub(super) fn service(answers: &[(&str, Answer)]) -> Server {
    let user = json!({"id": 7, "username": "1_me@example.com", "accountId": 1});
    let mut answers: Vec<(String, Answer)> =
        answers.iter().map(|(route, answer)| ((*route).to_owned(), answer.clone())).collect();
    answers.push((WHO.to_owned(), Answer::json(200, user)));
    answers.push((LIST.to_owned(), Answer::json(200, json!([]))));
    Server::start(move |request| {
        let route = request.route();
        let here = |(known, _): &&(String, Answer)| *known == route;
        let left = answers.iter().filter(here).count();
        let Some(at) = answers.iter().position(|known| here(&known)) else {
            return exception(404, "", "Not found.");
        };
        if left > 1 { answers.remove(at).1 } else { answers[at].1.clone() }
    })
}

pub(super) fn exception(status: u16, code: &str, error: &str) -> Answer {
    Answer::json(status, json!({"error": error, "code": format!("SoftLayer_Exception{code}")}))
}

fn key(value: Option<&str>) -> Answer {
    let mut key = json!({"id": 42, "timestampKey": 1_700_000_000, "userId": 7});
    if let Some(value) = value {
        key["authenticationKey"] = value.into();
    }
    Answer::json(200, json!([key]))
}

fn keys_with(server: &Server, credential: Credential) -> RemoteClassic {
    let endpoint = Endpoint::parse(&format!("{}/rest/v3.1", server.url())).unwrap();
    let http = Options { timeout: Some(Duration::from_millis(500)), ..Options::default() };
    RemoteClassic::new(endpoint, http, credential, Clock::System)
}

fn basic(user: &str, secret: &str) -> Credential {
    Credential::Basic { user: user.to_owned(), secret: Secret::new(secret.to_owned()) }
}

pub(super) fn keys(server: &Server) -> RemoteClassic {
    keys_with(server, basic("apikey", "the-secret"))
}

fn scope() -> Scope {
    Scope::Of(Owner("7".into()))
}

pub(super) fn create(
    keys: &RemoteClassic,
    owner: &str,
    notes: &mut usize,
) -> Result<CreatedApiKey> {
    let new = NewApiKey {
        id: None,
        owner: Owner(owner.into()),
        name: String::new(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    };
    keys.create(&new, NewValue::ServiceChooses, &mut |doubt| {
        assert_eq!(doubt, Duration::from_secs(1), "twice the time-out");
        *notes += 1;
        true
    })
}

/// What kind of failure it is.
pub(super) fn kind(condition: &Condition) -> &'static str {
    match condition {
        Condition::NotFound => "not found",
        Condition::Unauthorized => "unauthorized",
        Condition::Forbidden => "forbidden",
        Condition::LimitReached { limit: Some(1) } => "limit",
        Condition::Rejected(_) => "rejected",
        Condition::Unavailable(_) => "unavailable",
        Condition::OutcomeUnknown(_) => "unknown",
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_request_is_the_one_that_the_clients_of_others_send() {
    let value = "s".repeat(64);
    let added = Answer::json(200, json!(value));
    let removed = Answer::json(200, json!(true));
    let none = Answer::json(200, json!([]));
    let server = service(&[
        (LIST, none),
        (ADD, added),
        (LIST, key(None)),
        (LIST, key(Some(&value))),
        (REMOVE, removed),
    ]);
    let keys = keys(&server);
    let me = Identity {
        iam_id: "7".into(),
        account_id: "1".into(),
        user: "1_me@example.com".to_owned(),
    };
    assert_eq!(keys.identity().unwrap(), me);
    assert!(keys.list(&scope(), &Selection::All).unwrap().is_empty());
    let made = create(&keys, "7", &mut 0).unwrap();
    assert_eq!(made.value.unwrap().expose(), value);
    assert_eq!((made.key.id.as_str(), &*made.key.name), ("42", "1_me@example.com"));
    assert_eq!(made.key.modified_at.seconds(), 1_700_000_000);
    assert_eq!(made.key.creation(), None);
    let read = keys.reading().unwrap().value_of(&made.key.id).unwrap();
    assert_eq!(read.unwrap().expose(), value);
    assert_eq!(keys.acting_key().unwrap(), None);
    keys.delete(&made.key.id).unwrap();
    assert_eq!(server.routes(), [WHO, LIST, ADD, LIST, LIST, REMOVE]);
    let requests = server.requests();
    let masks: Vec<_> = requests.iter().map(Request::query).collect();
    let mask = |mask: &str| vec![("objectMask".to_owned(), format!("mask[{mask}]"))];
    let key = mask("id,timestampKey,userId");
    let user = mask("id,username,accountId");
    assert_eq!(masks, [user, key.clone(), vec![], key, vec![], vec![]]);
    assert_eq!(requests[5].json(), json!({"parameters": [42]}));
    for request in requests {
        // apikey:the-secret
        assert_eq!(request.header("authorization"), Some("Basic YXBpa2V5OnRoZS1zZWNyZXQ="));
    }
}

#[test]
fn a_token_is_sent_as_such_and_a_classic_key_is_known_as_the_acting_one() {
    let server = service(&[(LIST, key(None))]);
    let token = Credential::Bearer(Secret::new("the-token".to_owned()));
    assert_eq!(keys_with(&server, token).acting_key().unwrap(), None);
    let own = keys_with(&server, basic("1_me@example.com", "mine"));
    own.identity().unwrap();
    assert_eq!(own.acting_key().unwrap(), Some(ApiKeyId::new("42")));
    assert_eq!(own.proving().unwrap().own_key_works().unwrap(), Some(true));
    let by_token = keys_with(&server, Credential::Bearer(Secret::new("the-token".to_owned())));
    by_token.identity().unwrap();
    assert_eq!(server.requests().last().unwrap().header("authorization"), Some("Bearer the-token"));

    let denied = || (WHO, exception(401, "_Public", "Access Denied. "));
    let denied = service(&[denied(), denied()]);
    let own = keys_with(&denied, basic("1_me@example.com", "mine"));
    assert_eq!(own.proving().unwrap().own_key_works().unwrap(), Some(false));
    assert_eq!(own.identity().unwrap_err().condition, Condition::Unauthorized);
}

#[test]
fn a_new_key_is_asked_for_once_whatever_the_answer() {
    let gateway = || Answer::json(503, json!("busy"));
    let page = |status| Answer::Whole { status, headers: vec![], body: b"<html>".to_vec() };
    for (answer, expected, looks) in [
        (Answer::Close, "unknown", 0),
        (Answer::Hang, "unknown", 0),
        (Answer::json(200, json!("x")).truncated(1), "unknown", 0),
        (gateway(), "unknown", 0),
        (page(502), "unknown", 0),
        (page(408), "unknown", 0),
        (page(200), "unknown", 0),
        (Answer::json(200, json!("")), "unknown", 0),
        (Answer::json(200, json!(null)), "unknown", 0),
        (exception(200, "_Public", "Internal Error"), "unknown", 0),
        (exception(500, "_Public", "Internal Error"), "unknown", 0),
        (exception(500, "_Public", SINGLE), "limit", 0),
        (exception(200, "_Public", SINGLE), "limit", 0),
        (exception(401, "_Public", "Access Denied. "), "unauthorized", 0),
        (exception(500, "_Account_Authentication_AccessTokenValidation", "x"), "unauthorized", 0),
        (exception(500, "", "Failed to exchange token"), "unauthorized", 0),
        // Said in place of a refusal, too: the user is there.
        (exception(404, "_ObjectNotFound", "x"), "forbidden", 0),
        (exception(500, "_Public", "Access Denied. "), "forbidden", 0),
        (exception(500, "_WebService_RateLimitExceeded", "x"), "unavailable", 0),
        (page(429), "unavailable", 0),
        (page(404), "unavailable", 0),
        (page(302), "unavailable", 0),
        (exception(403, "_Public", "x"), "forbidden", 0),
        // The list tells whether it was made.
        (
            exception(
                500,
                "_Public",
                "Generating an API key for a user in PENDING status is disallowed.",
            ),
            "rejected",
            1,
        ),
        (exception(400, "_WebService_BadRequest", "x"), "rejected", 1),
    ] {
        let server = service(&[(ADD, answer.clone())]);
        let mut notes = 0;
        let error = create(&keys(&server), "7", &mut notes).unwrap_err();
        assert_eq!(kind(&error.condition), expected, "{answer:?}: {error:?}");
        let expected = [vec![WHO, ADD], vec![LIST; looks]].concat();
        assert_eq!(
            (server.routes(), notes),
            (expected.iter().map(|&r| r.to_owned()).collect(), 1),
            "{answer:?}"
        );
    }
}

#[test]
fn what_a_list_cannot_settle_stays_open() {
    let refused = exception(500, "_Public", "Something else.");
    let added = || Answer::json(200, json!("s".repeat(64)));
    for (answers, expected) in [
        (vec![(ADD, refused), (LIST, key(None))], "Something else."),
        // A key whose id is not to be had is read again later, with its value.
        (
            vec![(ADD, added()), (LIST, exception(401, "_Public", "Access Denied. "))],
            "Access Denied.",
        ),
        (vec![(ADD, added())], ""),
    ] {
        let server = service(&answers);
        let error = create(&keys(&server), "7", &mut 0).unwrap_err();
        assert_eq!(kind(&error.condition), "unknown", "{error:?}");
        let told = error.service.and_then(|service| service.message).unwrap_or_default();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_key_that_cannot_be_noted_is_not_asked_for() {
    let server = service(&[]);
    let new = NewApiKey {
        id: None,
        owner: Owner("7".into()),
        name: String::new(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    };
    let keys = keys(&server);
    keys.create(&new, NewValue::ServiceChooses, &mut |_| false).unwrap_err();
    let value = Secret::new("chosen".to_owned());
    let refused = keys.create(&new, NewValue::Chosen(&value), &mut |_| true).unwrap_err();
    assert_eq!(refused.condition, Condition::Unsupported("given a value"));
    assert_eq!(server.routes(), [WHO]);
}

#[test]
fn a_removal_is_sent_again_and_looked_after() {
    let done = || Answer::json(200, json!(true));
    let gone = || exception(404, "_ObjectNotFound", "Unable to find object with id of '42'.");
    let trouble = || Answer::empty(503);
    let denied = || exception(401, "_Public", "Access Denied. ");
    for (answers, expected, routes) in [
        (vec![(REMOVE, done())], Ok(()), vec![REMOVE]),
        (vec![(REMOVE, gone())], Err("not found"), vec![REMOVE]),
        (vec![(REMOVE, trouble()), (REMOVE, done())], Ok(()), vec![REMOVE; 2]),
        // An attempt before may have done it.
        (vec![(REMOVE, trouble()), (REMOVE, gone())], Ok(()), vec![REMOVE, REMOVE, WHO, LIST]),
        (vec![(REMOVE, denied())], Err("unauthorized"), vec![REMOVE]),
        (vec![(REMOVE, Answer::json(200, json!(false)))], Err("rejected"), vec![REMOVE]),
        (
            vec![(REMOVE, exception(500, "_Public", "No.")), (LIST, key(None))],
            Err("rejected"),
            vec![REMOVE],
        ),
        (
            vec![(REMOVE, Answer::json(200, json!("what"))), (LIST, key(None))],
            Err("unknown"),
            vec![REMOVE, WHO, LIST],
        ),
        (vec![(REMOVE, Answer::json(200, json!("what")))], Ok(()), vec![REMOVE, WHO, LIST]),
        (vec![(REMOVE, Answer::Close)], Ok(()), vec![REMOVE, REMOVE, REMOVE, REMOVE, WHO, LIST]),
        (
            vec![(REMOVE, Answer::Close), (LIST, key(None))],
            Err("unknown"),
            vec![REMOVE, REMOVE, REMOVE, REMOVE, WHO, LIST],
        ),
    ] {
        let server = service(&answers);
        let result = keys(&server).delete(&ApiKeyId::new("42"));
        let found = result.as_ref().copied().map_err(|error| kind(&error.condition));
        assert_eq!(found, expected, "{answers:?}: {result:?}");
        let sent = server.routes();
        // Whose key it is was asked first where that matters.
        let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
        assert_eq!(sent, routes, "{answers:?}");
    }
    for id in ["", "42/../7", "4 2", "-1", "ApiKey-1"] {
        let server = service(&[]);
        let error = keys(&server).delete(&ApiKeyId::new(id)).unwrap_err();
        assert_eq!(kind(&error.condition), "rejected");
        assert!(!server.routes().contains(&REMOVE.to_owned()), "{id}");
    }
}

#[test]
fn what_reads_is_sent_again_where_that_may_help() {
    let busy = || Answer::empty(503);
    let limited = || exception(500, "_WebService_RateLimitExceeded", "Too many.");
    let failed = || exception(200, "_Public", "Internal Error");
    for (answers, sent, expected) in [
        (vec![(LIST, busy()), (LIST, key(None))], 2, Ok(1)),
        (vec![(LIST, limited()), (LIST, key(None))], 2, Ok(1)),
        (vec![(LIST, Answer::Close), (LIST, key(None))], 2, Ok(1)),
        (vec![(LIST, exception(500, "", "Failed to exchange token"))], 1, Err("unauthorized")),
        (vec![(LIST, exception(500, "_Public", "No."))], 1, Err("rejected")),
        (vec![(LIST, failed())], 1, Err("unavailable")),
        (vec![(LIST, Answer::json(200, json!({"unknown": 1})))], 1, Err("unavailable")),
        (vec![(LIST, Answer::json(200, Value::Null))], 1, Err("unavailable")),
    ] {
        let server = service(&answers);
        let found = keys(&server).list(&scope(), &Selection::All);
        let found = found.map(|keys| keys.len()).map_err(|error| kind(&error.condition));
        assert_eq!(found, expected, "{answers:?}");
        assert_eq!(server.routes().len(), sent + 1, "{answers:?}");
    }
}

#[test]
fn the_holder_of_a_new_key_is_tried_as_such() {
    let server = service(&[]);
    let keys = keys(&server);
    let value = Secret::new("new".to_owned());
    let other = keys.acting_with(&value).unwrap().unwrap();
    assert_eq!(other.identity().unwrap().iam_id, "7".into());
    // 1_me@example.com:new
    let expected = Some("Basic MV9tZUBleGFtcGxlLmNvbTpuZXc=");
    assert_eq!(server.requests().last().unwrap().header("authorization"), expected);

    let denied = exception(401, "_Public", "Access Denied. ");
    let user = Answer::json(200, json!({"id": 7, "username": "u"}));
    let late = service(&[(WHO, user.clone()), (WHO, denied), (WHO, user)]);
    assert!(self::keys(&late).acting_with(&value).unwrap().is_some());
    assert_eq!(late.routes(), [WHO; 3]);
}
