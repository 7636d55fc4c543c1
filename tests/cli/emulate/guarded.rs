//! What it keeps out, and what it does not let itself be stopped by.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::Value;

use super::in_memory;
use crate::support::emulator::{Client, Emulator};
use crate::support::running::{ended, signal};
use crate::support::{Sandbox, skipped, value_in};

/// How long a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

fn connect(emulator: &Emulator) -> TcpStream {
    let address = emulator.endpoint().trim_start_matches("http://").parse().unwrap();
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a head with `Connection: close`, and returns the status and the body of the answer.
fn answer_to(emulator: &Emulator, head: &str) -> (u16, String) {
    let mut stream = connect(emulator);
    write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn a_request_whose_host_is_not_loopback_is_refused() {
    let (_sandbox, emulator, client) = in_memory(&["--fault", "update:drop"]);
    let port = emulator.endpoint().rsplit(':').next().unwrap();
    let token = client.token.as_ref().unwrap();
    let key = client.create("k");
    let path = super::path_of(&key);
    let ask = |method: &str, target: &str, hosts: &[&str]| {
        let mut lines = vec![format!("{method} {target} HTTP/1.1")];
        lines.extend(hosts.iter().map(|host| format!("Host: {host}")));
        lines.push(format!("Authorization: Bearer {token}\r\n"));
        answer_to(&emulator, &lines.join("\r\n"))
    };
    for host in ["127.0.0.1", "localhost", "LocalHost", "127.9.8.7", "[::1]"] {
        for host in [host.to_owned(), format!("{host}:{port}"), format!("{host}:1")] {
            assert_eq!(ask("GET", &path, &[&host]).0, 200, "{host}");
        }
    }
    assert_eq!(ask("GET", &format!("http://localhost:{port}{path}"), &["127.0.0.1"]).0, 200);
    let refused = |(status, body): (u16, String), what: &str| {
        assert_eq!(status, 421, "{what}: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        // The token service has another form of error.
        let error = &body["errors"][0];
        let code = body.get("errorCode").unwrap_or(&error["code"]);
        assert_eq!(code, "misdirected_request", "{what}");
        assert_eq!(
            body.get("errorMessage").unwrap_or(&error["message"]),
            "The Host of the request is not 127.0.0.1, [::1] or localhost, and the emulator answers to no other"
        );
    };
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil.localhost.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "[2001:db8::1]",
        "not a host",
        "",
    ] {
        refused(ask("DELETE", &path, &[host]), host);
        refused(ask("DELETE", &path, &[&format!("{host}:{port}")]), host);
        refused(ask("GET", "/nothing", &[host]), host);
        // Not even a fault gets as far.
        refused(ask("PUT", &path, &[host]), host);
        refused(ask("POST", "/identity/token", &[host]), host);
    }
    refused(ask("DELETE", &path, &[]), "no Host");
    refused(ask("DELETE", &path, &["127.0.0.1", "evil.example"]), "two");
    refused(ask("DELETE", &path, &["evil.example", "127.0.0.1"]), "two");
    refused(ask("DELETE", &format!("http://evil.example{path}"), &["127.0.0.1"]), "the target");
    assert_eq!(ask("GET", &path, &["127.0.0.1"]).0, 200, "the key is still there");
}

#[test]
fn who_does_not_finish_a_request_is_not_waited_for() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let begun = [
        "",
        "GET /v1/apikeys HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        "POST /identity/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\ngrant",
    ];
    let mut streams = begun.map(|begun| {
        let mut stream = connect(&emulator);
        stream.write_all(begun.as_bytes()).unwrap();
        stream
    });
    for stream in &mut streams {
        // An error is a connection that was reset; the time-out of this test is another one.
        match stream.read(&mut [0; 64]) {
            Ok(length) => assert_eq!(length, 0),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    client.create("later");
}

#[test]
fn many_silent_connections_do_not_stop_it() {
    const MANY: usize = 1_100;
    let limit = getrlimit(Resource::Nofile);
    let needed = MANY as u64 + 400;
    if limit.current.is_some_and(|files| files < needed) {
        let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_err() {
            return skipped("so many files cannot be opened here");
        }
    }
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory"], &[]);
    emulator.limit_files(1_024);
    let address = emulator.endpoint().trim_start_matches("http://").parse().unwrap();
    let begun = [
        "",
        "GET /v1/apikeys HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "POST /identity/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n",
    ];
    let mut silent = Vec::new();
    for (_, begun) in (0..MANY).zip(begun.iter().cycle()) {
        // Where nobody is let in any more the client below is not, either.
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(2)) else {
            break;
        };
        let _ = stream.write_all(begun.as_bytes());
        silent.push(stream);
    }
    let client = emulator.client();
    client.create("in spite of them");
    assert_eq!(client.call("GET", "/v1/apikeys").0, 200);
    assert_eq!(silent.len(), MANY);
    drop(silent);
    emulator.stop().is(0, "", "");
}

#[test]
fn a_hangup_that_was_to_be_ignored_is() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.program("bash");
    command.args(["-c", "trap '' HUP; exec ibmcloud-iam emulate --in-memory"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let endpoint = lines.next().unwrap().replace("Listening on ", "");
    let file = lines.next().unwrap().replace("Bootstrap API key: ", "");
    signal(&child, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    let (status, _) = Client::new(&endpoint).log_in(&value_in(&fs::read(&file).unwrap()));
    signal(&child, Signal::TERM);
    ended(child).code(0);
    assert_eq!(status, 200);
}

#[test]
fn what_a_killed_one_left_is_swept_by_the_next() {
    for flags in [&["--in-memory"][..], &[]] {
        let sandbox = Sandbox::new();
        let temporary = sandbox.work("tmp");
        fs::create_dir(&temporary).unwrap();
        let environment = [("TMPDIR", temporary.to_str().unwrap())];
        let start = |flags: &[&str]| Emulator::start(&sandbox, flags, &environment);
        let killed = start(&["--in-memory"]);
        let left = killed.key_file().to_owned();
        killed.signal(Signal::KILL);
        killed.wait().code(128 + 9);
        assert!(left.exists(), "it had no time to remove it");
        let alive = start(&["--in-memory"]);
        assert!(!left.parent().unwrap().exists(), "swept");
        let decoys = decoys(&temporary);
        let killed = start(&["--in-memory"]);
        let left = killed.key_file().to_owned();
        killed.signal(Signal::KILL);
        killed.wait().code(128 + 9);
        // One that was killed before it had written its key, and one that was killed while it did.
        let tag =
            |digit: &str| temporary.join(format!("ibmcloud-iam-emulator-{}", digit.repeat(16)));
        private(&tag("5"));
        private(&tag("6"));
        fs::write(tag("6").join("bootstrap.json.new"), "{").unwrap();
        let next = start(flags);
        for swept in [left.parent().unwrap(), &tag("5"), &tag("6")] {
            assert!(!swept.exists(), "{}", swept.display());
        }
        for decoy in &decoys {
            assert!(decoy.symlink_metadata().is_ok(), "{}", decoy.display());
        }
        assert!(alive.key_file().exists() && next.key_file().exists());
        alive.client();
        next.client();
    }
}

fn private(path: &Path) {
    fs::DirBuilder::new().mode(0o700).create(path).unwrap();
}

/// Makes what looks like something that was left, and is not; all of it is to stay.
fn decoys(temporary: &Path) -> Vec<std::path::PathBuf> {
    let path = |name: &str| temporary.join(name);
    let named = |digit: &str| path(&format!("ibmcloud-iam-emulator-{}", digit.repeat(16)));
    // Something else is in it.
    private(&named("0"));
    fs::write(named("0").join("bootstrap.json"), "{}").unwrap();
    fs::write(named("0").join("mine"), "").unwrap();
    // Others may write in it.
    fs::DirBuilder::new().mode(0o755).create(named("1")).unwrap();
    fs::write(named("1").join("bootstrap.json"), "{}").unwrap();
    // It is elsewhere.
    private(&path("elsewhere"));
    fs::write(path("elsewhere").join("bootstrap.json"), "{}").unwrap();
    symlink(path("elsewhere"), named("2")).unwrap();
    // It is a file, or has another name.
    fs::write(named("3"), "").unwrap();
    private(&path("ibmcloud-iam-emulator-0123"));
    private(&path("ibmcloud-iam-emulator-ABCDEFABCDEFABCD"));
    let mut decoys = vec![
        named("0").join("bootstrap.json"),
        named("0").join("mine"),
        named("1").join("bootstrap.json"),
        path("elsewhere/bootstrap.json"),
        named("2"),
        named("3"),
        path("ibmcloud-iam-emulator-0123"),
        path("ibmcloud-iam-emulator-ABCDEFABCDEFABCD"),
    ];
    // It belongs to somebody else.
    private(&named("4"));
    fs::write(named("4").join("bootstrap.json"), "{}").unwrap();
    if std::os::unix::fs::chown(named("4"), Some(65_534), None).is_ok() {
        decoys.push(named("4").join("bootstrap.json"));
    } else {
        skipped("a directory cannot be given away here");
    }
    decoys
}
