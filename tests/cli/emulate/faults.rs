//! Requests that fail on purpose, and connections.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use serde_json::json;

use super::{in_memory, path_of, refused};
use crate::support::emulator::{Client, answer};
use crate::support::{IAM_ID, Sandbox};

fn create(client: &Client) -> reqwest::Result<Response> {
    client.request("POST", "/v1/apikeys").json(&json!({"name": "k", "iam_id": IAM_ID})).send()
}

fn count(client: &Client) -> usize {
    client.call("GET", "/v1/apikeys").1["apikeys"].as_array().unwrap().len()
}

#[test]
fn a_status_comes_instead_of_the_act_or_after_it() {
    for (when, made) in [("", 0), (",before", 0), (",after", 1)] {
        let fault = format!("create:status=503,retry-after=7,times=1{when}");
        let (_sandbox, _emulator, client) = in_memory(&["--fault", &fault]);
        let response = create(&client).unwrap();
        assert_eq!(response.headers()["retry-after"], "7");
        refused(
            &answer(response),
            (503, "service_unavailable", None),
            "The service is unavailable",
        );
        assert_eq!(count(&client), made, "{fault}");
        assert_eq!(create(&client).unwrap().status(), 201, "it was once only");
    }
}

#[test]
fn a_connection_is_dropped_before_the_act_or_after_it() {
    for (when, made) in [("before", 0), ("after", 1)] {
        let fault = format!("create:drop,{when}");
        let (_sandbox, _emulator, client) = in_memory(&["--fault", &fault]);
        assert!(create(&client).is_err());
        assert_eq!(count(&client), made, "{fault}");
    }
}

#[test]
fn an_answer_is_cut_off_in_the_middle() {
    let (_sandbox, _emulator, client) =
        in_memory(&["--fault", "create:truncate", "--fault", "delete:truncate,before"]);
    let response = create(&client).unwrap();
    assert_eq!(response.status(), 201);
    let promised = response.content_length().unwrap();
    assert!(promised > 100);
    assert!(response.bytes().is_err(), "the rest never comes");
    let (_, list) = client.call("GET", "/v1/apikeys");
    let path = path_of(&list["apikeys"][0]);
    assert!(client.request("DELETE", &path).send().unwrap().bytes().is_err());
    assert_eq!(count(&client), 1);
}

#[test]
fn an_answer_can_be_garbage() {
    let (_sandbox, _emulator, client) = in_memory(&["--fault", "any:garbage,skip=1,times=3"]);
    let response = create(&client).unwrap();
    assert_eq!(response.status(), 201);
    assert!(serde_json::from_str::<serde_json::Value>(&response.text().unwrap()).is_err());
    let (status, list) = {
        let response = client.request("GET", "/v1/apikeys").send().unwrap();
        (response.status().as_u16(), response.text().unwrap())
    };
    assert!(status == 200 && !list.starts_with('{'));
    let response = client.request("GET", "/v1/apikeys/x").send().unwrap();
    assert_eq!(response.status(), 200, "garbage is never an error of the API");
    assert_eq!(count(&client), 1);
}

#[test]
fn faults_of_the_token_endpoint_have_its_form() {
    let (_sandbox, emulator, client) = in_memory(&["--fault", "token:status=400,skip=1,times=1"]);
    let (status, body) = client.log_in(&emulator.value());
    assert_eq!((status, body.get("errors")), (400, None));
    assert_ne!(body["errorCode"], serde_json::Value::Null);
    assert_eq!(client.log_in(&emulator.value()).0, 200);
}

#[test]
fn a_slow_request_holds_nobody_up() {
    let (_sandbox, _emulator, client) = in_memory(&["--fault", "create:delay=1500ms"]);
    let slow = client.clone();
    let start = Instant::now();
    let waiting = std::thread::spawn(move || create(&slow).unwrap().status());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(count(&client), 0);
    assert!(!waiting.is_finished());
    assert_eq!(waiting.join().unwrap(), 201);
    assert!(start.elapsed() >= Duration::from_millis(1_500));
    assert_eq!(count(&client), 1);
}

#[test]
fn a_fault_that_makes_no_sense_is_explained() {
    let sandbox = Sandbox::new();
    for fault in ["create", "create:explode", "make:drop", "create:status=200"] {
        let outcome = sandbox.run(&["emulate", "--in-memory", "--fault", fault]);
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains("write OPERATION:WHAT[,WHAT]..."), "{outcome:#?}");
    }
    sandbox.run(&["emulate", "--in-memory", "--store", "x"]).code(2).stdout("");
}

/// Sends requests as they are and reads until `parts` answers came, or the end.
fn raw(client: &Client, requests: &[u8]) -> String {
    let mut stream = TcpStream::connect(client.endpoint.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(requests).unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn one_connection_serves_several_requests() {
    let (_sandbox, _emulator, client) = in_memory(&["--seed-keys", "1"]);
    let token = client.token.clone().unwrap();
    let request = |end: &str| {
        format!(
            "GET /v1/apikeys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{end}\r\n"
        )
    };
    let all = [request(""), request(""), request("Connection: close\r\n")].concat();
    let text = raw(&client, all.as_bytes());
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
    assert_eq!(text.matches("seed-000001").count(), 3, "{text}");
}

#[test]
fn what_is_no_http_harms_nobody() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    assert!(raw(&client, b"rubbish\r\n\r\n").starts_with("HTTP/1.1 400"));
    drop(TcpStream::connect(client.endpoint.trim_start_matches("http://")).unwrap());
    assert_eq!(count(&client), 0);
}

#[test]
fn no_value_is_said_or_stored() {
    let sandbox = Sandbox::new();
    let emulator = crate::support::emulator::Emulator::start(&sandbox, &[], &[]);
    let client = emulator.client();
    let made = client.create("k");
    let value = made["apikey"].as_str().unwrap();
    assert_eq!(client.log_in(value).0, 200);
    let request = client.request("GET", "/v1/apikeys/details").header("IAM-ApiKey", value);
    assert_eq!(request.send().unwrap().status(), 200);
    let bootstrap = emulator.value();
    emulator.stop().is(0, "", "");
    for (path, thing) in crate::support::disk::snapshot(sandbox.root()) {
        let text = String::from_utf8_lossy(&thing.bytes);
        assert!(!text.contains(value), "{}", path.display());
        let is_key_file = path.ends_with("bootstrap.json");
        assert_eq!(text.contains(&bootstrap), is_key_file, "{}", path.display());
    }
}
