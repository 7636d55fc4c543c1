//! How it begins and ends, and where its keys are.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::{Sandbox, mode};

#[test]
fn an_empty_store_lists_as_empty_and_its_keys_stay_the_same() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    assert_eq!(emulator.key_file(), sandbox.root().join("home/store/bootstrap.json"));
    assert_eq!(mode(emulator.key_file()), 0o600);
    let client = emulator.client();
    let (status, list) = client.call("GET", "/v1/apikeys");
    assert_eq!((status, &list["apikeys"]), (200, &json!([])));
    let value = emulator.value();
    client.create("kept");
    emulator.stop().is(0, "", "");
    assert_eq!(sandbox.names(), ["kept"], "it is the store of the local backend");

    let again = Emulator::start(&sandbox, &[], &[]);
    assert_eq!(again.value(), value);
    let mut old = again.client();
    old.token = client.token;
    let (status, list) = old.call("GET", "/v1/apikeys");
    assert_eq!((status, &list["apikeys"][0]["name"]), (200, &json!("kept")), "tokens outlive it");
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_none_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    let (file, value) = (emulator.key_file().to_owned(), emulator.value());
    emulator.stop().ok();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = sandbox.run(&["emulate"]);
    let hint = format!("\nIf it is that key, run 'chmod 600 {}'", file.display());
    assert!(refused.code(14).stderr.contains(&hint), "{refused:#?}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    assert_eq!(emulator.value(), value);
    emulator.stop().ok();
    let foreign = r#"{"apikey": "the only copy of something"}"#;
    fs::write(&file, foreign).unwrap();
    sandbox.run(&["emulate"]).code(14);
    assert_eq!(fs::read_to_string(&file).unwrap(), foreign);
    fs::write(&file, "").unwrap();
    Emulator::start(&sandbox, &[], &[]).client();
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn another_directory_can_be_named() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--store", "keys"], &[]);
    assert_eq!(emulator.key_file(), sandbox.work("keys/bootstrap.json"));
    emulator.client().create("there");
    assert!(!sandbox.root().join("home/store").exists());
    let there = sandbox.work("keys");
    let listed = sandbox.run_env(
        &[("IBMCLOUD_IAM_STORE", there.to_str().unwrap())],
        &["api-keys", "--output", "json"],
    );
    assert_eq!(listed.json()[0]["name"], "there");
    let emulator = Emulator::start(&sandbox, &[], &[("IBMCLOUD_IAM_STORE", "elsewhere")]);
    assert_eq!(emulator.key_file(), sandbox.work("elsewhere/bootstrap.json"));
}

#[test]
fn in_memory_nothing_is_left() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.work("tmp");
    fs::create_dir(&temporary).unwrap();
    let before = snapshot(sandbox.root());
    for end in [Signal::TERM, Signal::INT, Signal::HUP] {
        let environment = [("TMPDIR", temporary.to_str().unwrap())];
        let emulator =
            Emulator::start(&sandbox, &["--in-memory", "--seed-keys", "30"], &environment);
        assert_eq!(mode(emulator.key_file()), 0o600);
        assert_eq!(mode(emulator.key_file().parent().unwrap()), 0o700);
        assert!(emulator.key_file().starts_with(&temporary));
        let client = emulator.client();
        let (_, list) = client.call("GET", "/v1/apikeys?pagesize=100");
        assert_eq!(list["apikeys"].as_array().unwrap().len(), 30);
        assert_eq!(snapshot(&sandbox.root().join("home")).len(), 1, "nothing is in the home");
        emulator.signal(end);
        emulator.wait().is(0, "", "");
    }
    assert!(snapshot(sandbox.root()).keys().eq(before.keys()));
}

#[test]
fn many_changes_in_memory_are_compacted_and_kept() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory"], &[]);
    let client = emulator.client();
    let key = client.create("k");
    let path = format!("/v1/apikeys/{}", key["id"].as_str().unwrap());
    for _ in 0..5 {
        assert_eq!(client.log_in(key["apikey"].as_str().unwrap()).0, 200);
    }
    for n in 0..1_100 {
        let update = client.request("PUT", &path).header("If-Match", "*");
        let sent = update.json(&json!({"description": n.to_string()})).send().unwrap();
        assert_eq!(sent.status(), 200);
    }
    let (_, key) =
        client.call("GET", &format!("{path}?include_history=true&include_activity=true"));
    assert_eq!(key["description"], "1099");
    assert_eq!(key["history"].as_array().unwrap().len(), 1_101);
    assert_eq!(key["activity"]["authn_count"], 5);
    assert!(key["entity_tag"].as_str().unwrap().starts_with("1101-"));
}

#[test]
fn only_loopback_is_served() {
    let sandbox = Sandbox::new();
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "example.com:80", "127.0.0.1", "8080"] {
        let outcome = sandbox.run(&["emulate", "--listen", address]);
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains("--listen"), "{outcome:#?}");
    }
    let emulator = Emulator::start(&sandbox, &["--in-memory", "--listen", "localhost:0"], &[]);
    assert!(emulator.endpoint().starts_with("http://127.0.0.1:"));
}

#[test]
fn a_busy_port_is_an_error_that_says_so() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let outcome = sandbox.run(&["emulate", "--listen", &address]);
    outcome.code(1).stdout("");
    assert!(outcome.stderr.contains(&format!("{address} cannot be listened on")), "{outcome:#?}");
    assert!(!sandbox.root().join("home/store").exists());
}

#[test]
fn json_output_is_one_line() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["emulate", "--store", "keys", "--output", "json"]);
    command.stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(said["endpoint"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(said["apikey_file"], sandbox.work("keys/bootstrap.json").to_str().unwrap());
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--fault", "create:delay=700ms,after"], &[]);
    let client = emulator.client();
    let waiting = std::thread::spawn(move || client.create("late"));
    std::thread::sleep(Duration::from_millis(300));
    emulator.signal(Signal::TERM);
    let key = waiting.join().unwrap();
    assert_eq!(key["name"], "late");
    emulator.wait().is(0, "", "");
    assert_eq!(sandbox.names(), ["late"]);
}

#[test]
fn an_idle_connection_does_not_keep_it_alive() {
    use std::io::{Read as _, Write as _};
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory"], &[]);
    let address = emulator.endpoint().trim_start_matches("http://");
    let mut idle = std::net::TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /v1/apikeys HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
    let start = std::time::Instant::now();
    emulator.stop().is(0, "", "");
    assert!(start.elapsed() < Duration::from_secs(4), "nothing was in flight");
}

#[test]
fn a_request_that_never_ends_does_not_keep_it_alive() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory", "--fault", "list:delay=300s"], &[]);
    let client = emulator.client();
    let waiting = std::thread::spawn(move || client.request("GET", "/v1/apikeys").send().is_err());
    std::thread::sleep(Duration::from_millis(300));
    emulator.stop().is(0, "", "");
    assert!(waiting.join().unwrap());
}

#[test]
fn a_damaged_store_stops_the_start_and_later_the_request_only() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    let client = emulator.client();
    fs::write(sandbox.store(), "rubbish\n").unwrap();
    let (status, error) = client.call("GET", "/v1/apikeys");
    assert_eq!((status, &error["status_code"]), (500, &json!(500)));
    emulator.stop().ok();
    let outcome = sandbox.run(&["emulate"]);
    outcome.code(1).stdout("");
    assert!(outcome.stderr.contains("The local store is damaged"), "{outcome:#?}");
}
