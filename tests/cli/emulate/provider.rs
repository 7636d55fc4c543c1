//! The identity provider, as clients see it that were written for the service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use super::in_memory;
use super::tokens::{BX, BY_KEY, NOW, claims, no_token};
use crate::support::emulator::{Client, Emulator, answer};
use crate::support::{ACCOUNT, IAM_ID, Sandbox, USER};

const ISSUER: &str = "https://iam.cloud.ibm.com/identity";

/// Checks an access token as a client does, with what the service publishes.
#[track_caller]
pub(super) fn verified(client: &Client, token: &str) -> Value {
    let (_, discovery) = client.call("GET", "/identity/.well-known/openid-configuration");
    let (status, jwks) = client.call("GET", discovery["jwks_uri"].as_str().unwrap());
    assert_eq!(status, 200);
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decode(text.split_once('.').unwrap().0)).unwrap();
    let key = &jwks["keys"][0];
    assert_eq!(head, json!({"kid": key["kid"], "alg": "RS256"}));
    let number = |name: &str| decode(key[name].as_str().unwrap());
    let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &decode(signature)).unwrap();
    let claims = claims(token);
    assert_eq!(claims["iss"], discovery["issuer"]);
    claims
}

#[test]
fn a_client_can_check_tokens_with_what_is_published() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    verified(&client, client.token.as_ref().unwrap());
    let nobody = Client::new(emulator.endpoint());
    let (status, jwks) = nobody.call("GET", "/identity/keys");
    assert_eq!(status, 200);
    let key = jwks["keys"][0].as_object().unwrap();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
    let names: Vec<&str> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"], "nothing of the private key");
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&json!("RSA"), &json!("RS256"), &json!("sig"))
    );
    assert_eq!(key["e"], "AQAB");
    let at = |path: &str| format!("{}/identity/{path}", emulator.endpoint());
    let discovery = json!({
        "issuer": format!("{}/identity", emulator.endpoint()),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "passcode_endpoint": at("passcode"),
        "userinfo_endpoint": at("userinfo"),
        "introspection_endpoint": at("introspect"),
        "jwks_uri": at("keys"),
        "response_types_supported": ["cloud_iam", "delegated_refresh_token"],
        "grant_types_supported": [BY_KEY, "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "ibm"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "claims_supported": [
            "iam_id", "id", "realmid", "identifier", "sub", "sub_type", "name", "given_name",
            "family_name", "email", "account",
        ],
    });
    let found = nobody.call("GET", "/identity/.well-known/openid-configuration");
    assert_eq!(found, (200, discovery));
}

#[test]
fn the_issuer_is_the_endpoint_as_the_client_names_it_unless_it_is_set() {
    let (_sandbox, emulator, mut client) = in_memory(&[]);
    client.endpoint = emulator.endpoint().replace("127.0.0.1", "localhost");
    let token = client.log_in(&emulator.value()).1["access_token"].as_str().unwrap().to_owned();
    assert_eq!(verified(&client, &token)["iss"], format!("{}/identity", client.endpoint));
    let (_sandbox, _emulator, client) = in_memory(&["--issuer", ISSUER]);
    let claims = verified(&client, client.token.as_ref().unwrap());
    assert_eq!(claims["iss"], ISSUER);
    let sandbox = Sandbox::new();
    for issuer in ["iam.cloud.ibm.com", "ftp://x/", "https://x/?a=b", "https://x/#a", ""] {
        let refused = sandbox.run(&["emulate", "--in-memory", "--issuer", issuer]);
        refused.code(2).stdout("");
        assert!(refused.stderr.contains("write a URL such as "), "{refused:#?}");
    }
}

#[test]
fn a_token_is_given_at_either_path_and_for_parameters_in_the_query() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let value = emulator.value();
    let post = |target: &str, form: &[(&str, &str)]| {
        answer(Client::new(emulator.endpoint()).request("POST", target).form(form).send().unwrap())
    };
    let form = [("grant_type", BY_KEY), ("apikey", &value)];
    let query = format!("grant_type={BY_KEY}&apikey={value}");
    for path in ["/identity/token", "/oidc/token"] {
        let (status, body) = post(path, &form);
        assert_eq!(status, 200, "{path}");
        verified(&client, body["access_token"].as_str().unwrap());
        assert_eq!(post(&format!("{path}?{query}"), &[]).0, 200, "{path}");
        assert_eq!(post(&format!("{path}?grant_type={BY_KEY}"), &form[1..]).0, 200, "{path}");
        // The form wins.
        assert_eq!(post(&format!("{path}?grant_type=x&apikey=x"), &form).0, 200, "{path}");
        no_token(&post(&format!("{path}?{query}"), &[("apikey", "x")]), 400, "BXNIM0415E");
    }
}

#[test]
fn everything_under_identity_fails_in_the_form_of_the_token_service() {
    let faults = ["token", "jwks", "discovery", "introspect", "userinfo"]
        .map(|it| format!("{it}:status=503,skip=1"));
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    let (_sandbox, _emulator, client) = in_memory(&flags);
    let call = |method: &str, path: &str| client.call(method, path);
    no_token(&call("GET", "/identity/passcode"), 404, "not_found");
    no_token(&call("GET", "/oidc/keys"), 404, "not_found");
    no_token(&call("GET", "/identity"), 404, "not_found");
    for (method, path) in [
        ("GET", "/identity/token"),
        ("PUT", "/oidc/token"),
        ("POST", "/identity/keys"),
        ("POST", "/identity/.well-known/openid-configuration"),
        ("GET", "/identity/introspect"),
        ("DELETE", "/identity/userinfo"),
    ] {
        no_token(&call(method, path), 405, "BXNIM0060E");
    }
    let large = [("apikey", &*"x".repeat(70_000))];
    no_token(&client.grant(&large, None), 413, "request_too_large");
    for (method, path) in [
        ("GET", "/identity/keys"),
        ("GET", "/identity/.well-known/openid-configuration"),
        ("POST", "/identity/introspect"),
        ("GET", "/identity/userinfo"),
    ] {
        call(method, path);
        no_token(&call(method, path), 503, "service_unavailable");
    }
    no_token(&call("POST", "/oidc/token"), 503, "service_unavailable");
}

#[test]
fn a_client_learns_whether_a_token_is_valid_and_what_it_says() {
    let (sandbox, emulator, client) = in_memory(&[]);
    let introspect = |token: &str, basic: Option<(&str, &str)>| {
        let request = Client::new(emulator.endpoint()).request("POST", "/identity/introspect");
        let request = request.form(&[("token", token)]);
        let sent = match basic {
            Some((name, secret)) => request.basic_auth(name, Some(secret)).send(),
            None => request.send(),
        };
        answer(sent.unwrap())
    };
    let token = client.token.clone().unwrap();
    let mut expected = claims(&token);
    expected["active"] = json!(true);
    assert_eq!(introspect(&token, BX), (200, expected));
    let elsewhere = Emulator::start(&sandbox, &["--in-memory"], &[]).client().token.unwrap();
    for token in [&elsewhere, "x", "a.b.c"] {
        assert_eq!(introspect(token, BX), (200, json!({"active": false})), "{token}");
    }
    no_token(&introspect(&token, None), 401, "BXNIM0308E");
    no_token(&introspect(&token, Some(("who", "knows"))), 401, "BXNIM0310E");
    no_token(&introspect("", BX), 400, "BXNIM0109E");
}

#[test]
fn the_user_of_a_token_is_told() {
    let (_sandbox, emulator, mut client) = in_memory(&[]);
    let user = json!({
        "iam_id": IAM_ID, "id": IAM_ID, "realmid": "IBMid", "identifier": "10CA100000",
        "sub": USER, "name": USER, "email": USER, "given_name": "local",
        "family_name": "localhost", "account": {"valid": true, "bss": ACCOUNT},
    });
    for method in ["GET", "POST"] {
        assert_eq!(client.call(method, "/identity/userinfo"), (200, user.clone()));
    }
    client.token = Some("x".to_owned());
    no_token(&client.call("GET", "/identity/userinfo"), 401, "BXNIM0401E");
    let nobody = Client::new(emulator.endpoint());
    no_token(&nobody.call("GET", "/identity/userinfo"), 401, "BXNIM0308E");
}

#[test]
fn another_account_than_that_of_the_key_is_refused() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = client.create("k");
    let value = key["apikey"].as_str().unwrap();
    for name in ["account", "account_id", "bss_account"] {
        let form = |account| [("grant_type", BY_KEY), ("apikey", value), (name, account)];
        assert_eq!(client.grant(&form(ACCOUNT), None).0, 200, "{name}");
        assert_eq!(client.grant(&form(""), None).0, 200, "{name}");
        let refused = client.grant(&form("abc"), None);
        no_token(&refused, 403, "BXNIM0513E");
        let words = format!("Property '{name}' is not the account of the API key");
        assert_eq!(refused.1["errorDetails"], words);
    }
    let path = format!("{}?include_activity=true", super::path_of(&key));
    let (_, key) = client.call("GET", &path);
    assert_eq!(key["activity"]["authn_count"], 6, "what was refused is no login");
}

#[test]
fn a_delegated_refresh_token_can_be_used_by_the_refresh_grant() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let value = emulator.value();
    let ask = |kind: &str| {
        let receivers = ("receiver_client_ids", "one,two");
        let form =
            [("grant_type", BY_KEY), ("apikey", &*value), ("response_type", kind), receivers];
        let (status, body) = client.grant(&form, BX);
        assert_eq!(status, 200, "{body}");
        body
    };
    let names = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let only = ask("delegated_refresh_token");
    assert_eq!(
        names(&only),
        ["delegated_refresh_token", "expiration", "expires_in", "scope", "token_type"]
    );
    assert_eq!((&only["token_type"], &only["expires_in"]), (&json!("Bearer"), &json!(864_000)));
    assert_eq!(only["expiration"], NOW + 864_000);
    let both = ask("cloud_iam,delegated_refresh_token");
    verified(&client, both["access_token"].as_str().unwrap());
    assert_eq!(both["expires_in"], 3_600);
    for body in [&only, &both] {
        let token = body["delegated_refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let (status, body) = client.grant(&form, BX);
        assert_eq!(status, 200);
        verified(&client, body["access_token"].as_str().unwrap());
        no_token(&client.grant(&form, None), 401, "BXNIM0308E");
    }
}
