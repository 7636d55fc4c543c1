//! A login is good for the service and the token service that it was made with, whatever its record says later.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{bare, done, log_in, login_file, service};
use crate::support::server::Server;
use crate::support::{Sandbox, run, write_private};

fn config(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("home/config.json")
}

/// Says something else in the record of the only login, and forgets the token that it got.
fn edit(sandbox: &Sandbox, field: &str, value: &Value) {
    let mut document: Value = serde_json::from_slice(&fs::read(config(sandbox)).unwrap()).unwrap();
    let record = document["logins"][0].as_object_mut().unwrap();
    if value.is_null() {
        record.remove(field);
    } else {
        record.insert(field.to_owned(), value.clone());
    }
    write_private(&config(sandbox), document.to_string());
    let _ = fs::remove_dir_all(sandbox.root().join("home/tokens"));
}

/// Logs in at a service whose token service is another one.
fn log_in_with_auth(sandbox: &Sandbox, server: &Server, auth: &Server) {
    let url = server.url();
    let args = ["login", "--apikey", "-", "--insecure-storage", "--endpoint", &url];
    let mut command = bare(sandbox, &args);
    run(command.env("IAM_IDENTITY_AUTH_URL", auth.url()), b"key").ok();
}

#[track_caller]
fn refused(sandbox: &Sandbox, why: &str, unasked: &[&Server]) {
    let before: Vec<usize> = unasked.iter().map(|server| server.requests().len()).collect();
    let outcome = done(bare(sandbox, &["api-keys"]));
    assert!(outcome.code(7).stderr.contains(why), "{outcome:#?}");
    assert!(outcome.stderr.contains("Log in again with 'ibmcloud-iam login'."), "{outcome:#?}");
    let after: Vec<usize> = unasked.iter().map(|server| server.requests().len()).collect();
    assert_eq!(before, after, "nobody was sent the key");
}

const UNBOUND: &str = "it is not bound to the token service that config.json names";

#[test]
fn a_login_goes_to_no_token_service_that_was_written_into_its_record() {
    let (server, stranger, sandbox) = (service(), service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    edit(&sandbox, "auth", &json!(stranger.url()));
    refused(&sandbox, UNBOUND, &[&server, &stranger]);
    edit(&sandbox, "auth", &Value::Null);
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n");
    // The endpoint was bound before.
    edit(&sandbox, "endpoint", &json!(stranger.url()));
    refused(&sandbox, "it belongs to another endpoint", &[&server, &stranger]);
    // Nor does a record lead to another file.
    edit(&sandbox, "endpoint", &json!(server.url()));
    let file = login_file(&sandbox.root().join("home"));
    write_private(&sandbox.root().join("home/login-x.json"), fs::read(&file).unwrap());
    edit(&sandbox, "entry", &json!("x"));
    refused(&sandbox, "its record in config.json is not as it was written", &[&server]);
    assert!(stranger.requests().is_empty());
}

#[test]
fn a_login_with_a_token_service_of_its_own_goes_to_no_other() {
    let (server, auth, stranger, sandbox) = (service(), service(), service(), Sandbox::new());
    log_in_with_auth(&sandbox, &server, &auth);
    let file = login_file(&sandbox.root().join("home"));
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, json!({"endpoint": server.url(), "auth": auth.url(), "apikey": "key"}));
    let works = || done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n").code;
    works();
    for elsewhere in [json!(stranger.url()), json!(server.url()), Value::Null] {
        edit(&sandbox, "auth", &elsewhere);
        refused(&sandbox, UNBOUND, &[&server, &auth, &stranger]);
    }
    edit(&sandbox, "auth", &json!(auth.url()));
    works();
    assert_eq!(auth.routes(), ["POST /identity/token"; 2]);
    assert!(!server.routes().contains(&"POST /identity/token".to_owned()));
    done(bare(&sandbox, &["logout"])).ok();
    assert!(!file.exists());
}

#[test]
fn a_login_of_an_older_version_works_where_it_can_be_told_where_it_belongs() {
    let (server, auth, sandbox) = (service(), service(), Sandbox::new());
    let old = |endpoint: &str| json!({"endpoint": endpoint, "apikey": "key"}).to_string();
    log_in(&sandbox, &server, "key", &[]);
    write_private(&login_file(&sandbox.root().join("home")), old(&server.url()));
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n");
    done(bare(&sandbox, &["logout"])).ok();
    // Of one with a token service of its own only the record said which.
    log_in_with_auth(&sandbox, &server, &auth);
    write_private(&login_file(&sandbox.root().join("home")), old(&server.url()));
    fs::remove_dir_all(sandbox.root().join("home/tokens")).unwrap();
    refused(&sandbox, UNBOUND, &[&server, &auth]);
    log_in_with_auth(&sandbox, &server, &auth);
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n");
}
