//! The mount of the platform: logins, the only key of the user, and whose tokens open what.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::in_memory;
use crate::support::emulator::{Client, Emulator, answer};
use crate::support::{Sandbox, USER};

const AUTHORIZE: &str = "/icp4d-api/v1/authorize";
const GENERATE: &str = "/usermgmt/v1/user/apiKey";
const WHO: &str = "/usermgmt/v1/user/currentUserInfo";

/// An emulator with the password of its platform, and a client that brings nothing.
fn start(args: &[&str]) -> (Sandbox, Emulator, Client, String) {
    let (sandbox, emulator, mut client) =
        in_memory(&[&["--env-file", "emulator.env"], args].concat());
    client.token = None;
    let text = std::fs::read_to_string(sandbox.work("emulator.env")).unwrap();
    let password = text.split("export CPD_PASSWORD=").nth(1).unwrap().lines().next().unwrap();
    (sandbox, emulator, client, password.to_owned())
}

/// Logs in with a key or a password, and returns a client that brings the token.
#[track_caller]
fn log_in(client: &Client, field: &str, secret: &str) -> Client {
    let (status, body) = client.send("POST", AUTHORIZE, &json!({"username": USER, field: secret}));
    assert_eq!(status, 200, "{body}");
    let token = body["token"].as_str().unwrap().to_owned();
    assert_eq!(body, json!({"_messageCode_": "200", "message": "Success", "token": token}));
    bringing(client, &token)
}

/// A client that brings a token.
fn bringing(client: &Client, token: &str) -> Client {
    let mut client = client.clone();
    client.token = Some(token.to_owned());
    client
}

/// Has a key generated.
#[track_caller]
fn generate(client: &Client) -> String {
    let (status, body) = client.call("GET", GENERATE);
    assert_eq!(status, 200, "{body}");
    let key = body["apiKey"].as_str().unwrap().to_owned();
    assert_eq!(body, json!({"_messageCode_": "200", "message": "Success", "apiKey": key}));
    key
}

fn unauthorized() -> (u16, Value) {
    let exception = "User unauthorized to invoke this endpoint.";
    (401, json!({"_statusCode_": 401, "exception": exception}))
}

fn failed(status: u16, message: &str) -> (u16, Value) {
    (status, json!({"_messageCode_": status.to_string(), "message": message}))
}

fn zen(client: &Client, path: &str, pair: &str) -> (u16, Value) {
    let header = format!("ZenApiKey {}", STANDARD.encode(pair));
    answer(client.request("GET", path).header("Authorization", header).send().unwrap())
}

#[test]
fn every_login_opens_the_platform() {
    let (_sandbox, _emulator, client, password) = start(&[]);
    let user = (
        200,
        json!({
            "_messageCode_": "200", "message": "Success", "uid": "1000330999", "user_name": USER,
            "displayName": USER,
        }),
    );
    let by_password = log_in(&client, "password", &password);
    assert_eq!(by_password.call("GET", WHO), user);
    let key = generate(&by_password);
    assert_eq!(log_in(&client, "api_key", &key).call("GET", WHO), user);
    // As IBM's SDKs write it.
    let body = json!({"username": USER, "password": null, "api_key": key, "account_id": null});
    assert_eq!(client.send("POST", AUTHORIZE, &body).0, 200);
    let body = json!({"username": USER, "password": password});
    let (status, signed_in) = client.send("POST", "/v1/preauth/signin", &body);
    assert_eq!(status, 200, "{signed_in}");
    for pair in [format!("{USER}:{key}"), format!("{USER}:{key}\n")] {
        assert_eq!(zen(&client, WHO, &pair), user);
        assert_eq!(zen(&client, &format!("/api/v1{WHO}"), &pair), user);
    }
    let payload = by_password.token.unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((claims["username"].as_str(), life), (Some(USER), 43_200));
}

#[test]
fn the_iam_of_the_platform_has_two_doors() {
    let (_sandbox, _emulator, client, password) = start(&[]);
    let form = [("grant_type", "password"), ("username", USER), ("password", &*password)];
    let post = |path: &str, form: &[(&str, &str)]| {
        answer(client.request("POST", path).form(form).send().unwrap())
    };
    let validate = |user: &str, token: &str| {
        let request = client.request("GET", "/v1/preauth/validateAuth");
        answer(request.header("username", user).header("iam-token", token).send().unwrap())
    };
    for path in
        ["/idprovider/v1/auth/identitytoken", "/v1/auth/identitytoken", "/v1/auth/identityToken"]
    {
        let (status, body) = post(path, &[&form[..], &[("scope", "openid")]].concat());
        assert_eq!((status, &body["expires_in"]), (200, &json!(43_200)), "{body}");
        let token = body["access_token"].as_str().unwrap();
        let (status, body) = validate(USER, token);
        assert_eq!(status, 200, "{body}");
        let zen = body["accessToken"].as_str().unwrap();
        assert_eq!(body, json!({"accessToken": zen}));
        // Each token opens its own door only.
        assert_eq!(bringing(&client, zen).call("GET", WHO).0, 200);
        assert_eq!(bringing(&client, token).call("GET", WHO), unauthorized());
        assert_eq!(validate(USER, zen), unauthorized());
        assert_eq!(validate("somebody", token), unauthorized());
    }
    let wrong = [form[0], form[1], ("password", "wrong")];
    let refused = (401, json!({"error": "invalid_grant"}));
    assert_eq!(post("/v1/auth/identitytoken", &wrong), refused);
    let refused = (400, json!({"error": "unsupported_grant_type"}));
    assert_eq!(post("/v1/auth/identitytoken", &form[1..]), refused);

    let basic = |password: &str| {
        let request = client.request("GET", "/v1/preauth/validateAuth");
        answer(request.basic_auth(USER, Some(password)).send().unwrap())
    };
    assert_eq!(basic(&password).0, 200);
    assert_eq!(basic("wrong"), unauthorized());
    assert_eq!(client.call("GET", "/v1/preauth/validateAuth"), unauthorized());
}

#[test]
fn a_new_key_kills_the_old_one_at_once() {
    let (_sandbox, _emulator, client, password) = start(&[]);
    let refused = failed(401, "The username, the password or the API key is not valid.");
    let with_key =
        |key: &str| client.send("POST", AUTHORIZE, &json!({"username": USER, "api_key": key}));
    let by_password = log_in(&client, "password", &password);
    let first = generate(&by_password);
    let by_key = log_in(&client, "api_key", &first);
    let second = generate(&by_key);
    assert_eq!(with_key(&first), refused);
    assert_eq!(zen(&client, WHO, &format!("{USER}:{first}")), unauthorized());
    // Its token goes on.
    assert_eq!(by_key.call("GET", WHO).0, 200);
    let (status, body) = zen(&client, &format!("/api/v1{GENERATE}"), &format!("{USER}:{second}"));
    assert_eq!(status, 200, "{body}");
    assert_eq!(with_key(&second), refused);
    let (status, body) = by_key.call("POST", GENERATE);
    assert_eq!(status, 200, "{body}");
    assert_eq!(with_key(body["apiKey"].as_str().unwrap()).0, 200);
    assert_eq!(generate(&by_password).len(), 44);
}

#[test]
fn what_is_no_login_is_refused() {
    let (_sandbox, _emulator, client, password) = start(&[]);
    let not_valid = "The username, the password or the API key is not valid.";
    let half = "A login has a username, and either a password or an api_key.";
    for (body, status, message) in [
        (json!({"username": USER, "password": "wrong"}), 401, not_valid),
        (json!({"username": USER, "api_key": password}), 401, not_valid),
        (json!({"username": "somebody", "password": password}), 401, not_valid),
        (json!({"username": USER}), 400, half),
        (json!({"password": password}), 400, half),
        (json!({"username": USER, "password": password, "api_key": "k"}), 400, half),
        (
            json!({"username": USER, "password": password, "account_id": "a"}),
            400,
            "The account is not known.",
        ),
        (json!([1]), 400, "The request body is not a login."),
    ] {
        assert_eq!(client.send("POST", AUTHORIZE, &body), failed(status, message), "{body}");
    }
    for path in [WHO, GENERATE] {
        assert_eq!(client.call("GET", path), unauthorized());
        assert_eq!(zen(&client, path, USER), unauthorized());
    }
}

#[test]
fn tokens_of_iam_and_of_the_platform_are_not_mixed_up() {
    let (_sandbox, emulator, client, password) = start(&[]);
    let of_iam = emulator.client();
    assert_eq!(of_iam.call("GET", WHO), unauthorized());
    assert_eq!(of_iam.call("GET", GENERATE), unauthorized());
    let of_platform = log_in(&client, "password", &password);
    let (status, body) = of_platform.call("GET", "/v1/apikeys");
    assert_eq!((status, &body["errors"][0]["message_code"]), (401, &json!("BXNIM0401E")));
    assert_eq!(of_platform.call("GET", "/identity/userinfo").0, 401);
    let token = of_platform.token.as_deref().unwrap();
    let request = client.request("POST", "/identity/introspect").basic_auth("bx", Some("bx"));
    let told = answer(request.form(&[("token", token)]).send().unwrap());
    assert_eq!(told, (200, json!({"active": false})));
}

#[test]
fn a_fault_loses_a_generate_before_or_after_it_kills_the_old_key() {
    for (fault, kills) in [
        ("drop,before", false),
        ("drop,after", true),
        ("status=503,before", false),
        ("truncate", true),
    ] {
        let fault = format!("platform.generate:{fault},skip=1,times=1");
        let (_sandbox, _emulator, client, password) = start(&["--fault", &fault]);
        let by_password = log_in(&client, "password", &password);
        let old = generate(&by_password);
        let lost = by_password.request("GET", GENERATE).send();
        assert!(lost.is_ok_and(|lost| lost.status() == 503) || !fault.contains("503"));
        let body = json!({"username": USER, "api_key": old});
        let expected = if kills { 401 } else { 200 };
        assert_eq!(client.send("POST", AUTHORIZE, &body).0, expected, "{fault}");
        generate(&by_password);
    }
    for (operation, method, path) in [
        ("authorize", "POST", AUTHORIZE),
        ("identity", "POST", "/v1/auth/identitytoken"),
        ("validate", "GET", "/v1/preauth/validateAuth"),
        ("user", "GET", WHO),
    ] {
        let fault = format!("platform.{operation}:status=418");
        let (_sandbox, _emulator, client, _) = start(&["--fault", &fault]);
        assert_eq!(client.call(method, path).0, 418, "{fault}");
    }
}

#[test]
fn the_key_is_that_of_the_store_and_the_password_of_the_run() {
    let sandbox = Sandbox::new();
    let start = || {
        let flags = ["--store", "keys", "--env-file", "emulator.env"];
        let emulator = Emulator::start(&sandbox, &flags, &[]);
        let text = std::fs::read_to_string(sandbox.work("emulator.env")).unwrap();
        let password = text.split("export CPD_PASSWORD=").nth(1).unwrap().lines().next().unwrap();
        (Client::new(emulator.endpoint()), emulator, password.to_owned())
    };
    let (client, emulator, old_password) = start();
    let key = generate(&log_in(&client, "password", &old_password));
    emulator.stop().is(0, "", "");
    for (path, thing) in crate::support::disk::snapshot(sandbox.root()) {
        let text = String::from_utf8_lossy(&thing.bytes);
        assert!(!text.contains(&key) && !text.contains(&old_password), "{}", path.display());
    }
    let (client, _emulator, password) = start();
    log_in(&client, "api_key", &key);
    assert_ne!(password, old_password);
    let body = json!({"username": USER, "password": old_password});
    assert_eq!(client.send("POST", AUTHORIZE, &body).0, 401);
}
