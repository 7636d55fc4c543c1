//! `emulate`: the IAM Identity API over a local store, as a client sees it.

mod account;
mod classic;
mod env_file;
mod faults;
mod groups;
mod guarded;
mod keys;
mod late;
mod listing;
mod platform;
mod provider;
mod scope;
mod service_ids;
mod service_keys;
mod start;
mod task_credentials;
mod tls;
mod token_key;
mod tokens;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::emulator::{Client, Emulator};

/// What is answered to who may not.
const NOT_AUTHORIZED: ((u16, &str, Option<&str>), &str) =
    ((403, "forbidden", Some("BXNIM0513E")), "You are not authorized to use this API");
/// An id of the right form that no key has.
const NO_ID: &str = "ApiKey-00000000-0000-4000-8000-000000000000";

/// An emulator in memory, with a client that is logged in.
fn in_memory(args: &[&str]) -> (Sandbox, Emulator, Client) {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[&["--in-memory"], args].concat(), &[]);
    let client = emulator.client();
    (sandbox, emulator, client)
}

/// The path of a key.
fn path_of(key: &Value) -> String {
    format!("/v1/apikeys/{}", key["id"].as_str().unwrap())
}

/// Asserts an error of the API: status, code, message code, message.
#[track_caller]
fn refused((status, body): &(u16, Value), expected: (u16, &str, Option<&str>), message: &str) {
    let error = &body["errors"][0];
    let found = (*status, error["code"].as_str().unwrap(), error["message_code"].as_str());
    assert_eq!(found, expected, "{body}");
    assert_eq!(error["message"], message, "{body}");
    assert_eq!(body["status_code"], *status);
    assert!(!body["trace"].as_str().unwrap().is_empty());
}
