//! The key that signs tokens: where it is kept, and that nothing else signs.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::provider::verified;
use super::{in_memory, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{Sandbox, mode};

#[test]
fn the_key_is_kept_with_the_store_and_is_the_same_for_all_who_serve_it() {
    let sandbox = Sandbox::new();
    let file = sandbox.root().join("home/store/token-key.json");
    let one = Emulator::start(&sandbox, &[], &[]);
    assert!(!file.exists(), "it is made when it is needed");
    let two = Emulator::start(&sandbox, &[], &[]);
    // Both need it at the same time.
    let logins = [&one, &two].map(|emulator| {
        let (client, value) = (Client::new(emulator.endpoint()), emulator.value());
        std::thread::spawn(move || client.log_in(&value).0)
    });
    assert_eq!(logins.map(|login| login.join().unwrap()), [200, 200]);
    let clients = [one.client(), two.client()];
    assert_eq!(mode(&file), 0o600);
    let kept = fs::read(&file).unwrap();
    let key: Value = serde_json::from_slice(&kept).unwrap();
    let jwks = |client: &Client| client.call("GET", "/identity/keys").1["keys"][0].clone();
    assert_eq!(jwks(&clients[0]), jwks(&clients[1]));
    assert_eq!(jwks(&clients[0])["n"], key["n"]);
    for client in &clients {
        for other in &clients {
            verified_elsewhere(client, other);
        }
    }
    one.stop().is(0, "", "");
    let again = Emulator::start(&sandbox, &[], &[]);
    verified_elsewhere(&clients[0], &again.client());
    assert_eq!(fs::read(&file).unwrap(), kept);
}

/// Asserts that the token of one client opens the service of another.
#[track_caller]
fn verified_elsewhere(client: &Client, other: &Client) {
    let mut other = other.clone();
    other.token.clone_from(&client.token);
    assert_eq!(other.call("GET", "/v1/apikeys").0, 200);
}

#[test]
fn each_store_has_a_key_of_its_own() {
    let sandbox = Sandbox::new();
    let flags: [&[&str]; 3] = [&["--in-memory"], &["--in-memory"], &["--store", "keys"]];
    let ids: std::collections::BTreeSet<String> = flags
        .into_iter()
        .map(|flags| {
            let emulator = Emulator::start(&sandbox, flags, &[]);
            let client = emulator.client();
            verified(&client, client.token.as_ref().unwrap());
            client.call("GET", "/identity/keys").1["keys"][0]["kid"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_file_that_others_can_read_or_that_holds_no_key_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    Emulator::start(&sandbox, &[], &[]).client();
    let file = sandbox.root().join("home/store/token-key.json");
    let set_mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o644);
    let hint = format!("\nIf it is that key, run 'chmod 600 {}'", file.display());
    let refused = sandbox.run(&["emulate"]);
    assert!(refused.code(14).stderr.contains(&hint), "{refused:#?}");
    set_mode(0o600);
    let mut key: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    key["p"] = key["q"].clone();
    for foreign in ["{}".to_owned(), "rubbish".to_owned(), key.to_string()] {
        fs::write(&file, &foreign).unwrap();
        sandbox.run(&["emulate"]).code(14).stdout("");
        assert_eq!(fs::read_to_string(&file).unwrap(), foreign);
    }
    fs::write(&file, "").unwrap();
    Emulator::start(&sandbox, &[], &[]).client();
    assert!(fs::read_to_string(&file).unwrap().starts_with(r#"{"kty":"RSA","n":""#));
}

#[test]
fn a_token_that_was_changed_opens_nothing() {
    let (_sandbox, _emulator, mut client) = in_memory(&[]);
    let token = client.token.clone().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["exp"] = json!(4_000_000_000_u32);
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encode(&json!({"alg": "none"}));
    // Whoever took the algorithm from the head would check this with the public key as the secret of an HMAC.
    let (_, jwks) = client.call("GET", "/identity/keys");
    let n = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["n"].as_str().unwrap()).unwrap();
    let text = format!("{}.{}", encode(&json!({"alg": "HS256"})), parts[1]);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &n);
    let hmac = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, text.as_bytes()));
    for changed in [
        format!("{}.{}.{}", parts[0], encode(&claims), parts[2]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{text}.{hmac}"),
    ] {
        client.token = Some(changed);
        refused(
            &client.call("GET", "/v1/apikeys"),
            (401, "invalid_access_token", Some("BXNIM0405E")),
            "Provided token is not signed by this service",
        );
    }
    client.token = Some(token);
    assert_eq!(client.call("GET", "/v1/apikeys").0, 200);
}
