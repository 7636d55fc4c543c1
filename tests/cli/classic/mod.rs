//! Classic API keys: what is sent, what becomes of every answer, and where the credentials come from.

mod credentials;
mod lost;
mod refusals;
mod secrets;
mod wire;

use serde_json::Value;

use crate::support::emulator::{Client, Emulator, answer};

/// The user of the emulator.
const USER: &str = "10ca1_local@localhost";
const OF_USER: &str = "/rest/v3.1/SoftLayer_User_Customer/1000001";

/// The value of the user's key at the service, if there is a key.
#[track_caller]
fn value_at(emulator: &Emulator) -> Option<String> {
    let path = format!("{OF_USER}/getApiAuthenticationKeys.json");
    let (status, keys) = emulator.client().call("GET", &path);
    assert_eq!(status, 200, "{keys}");
    let value = |key: &Value| key["authenticationKey"].as_str().unwrap().to_owned();
    keys.as_array().unwrap().first().map(value)
}

/// Logs in with a classic API key, and says with which status.
fn opens(emulator: &Emulator, value: &str) -> u16 {
    let client = Client::new(emulator.endpoint());
    let request = client.request("GET", "/rest/v3.1/SoftLayer_Account/getCurrentUser.json");
    answer(request.basic_auth(USER, Some(value)).send().unwrap()).0
}
