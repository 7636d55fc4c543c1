//! HTTPS, with an authority of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::in_memory;
use super::provider::verified;
use crate::support::emulator::{Client, Emulator};
use crate::support::server::Ca;
use crate::support::service::Service;
use crate::support::{Sandbox, mode, skipped};

const PATIENCE: Duration = Duration::from_secs(30);

fn connect(emulator: &Emulator) -> TcpStream {
    let stream = TcpStream::connect(emulator.endpoint().trim_start_matches("https://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn who_trusts_its_authority_is_served_by_every_name() {
    let (_sandbox, emulator, client) = in_memory(&["--tls"]);
    assert!(emulator.endpoint().starts_with("https://127.0.0.1:"));
    assert_eq!(emulator.ca_file(), emulator.key_file().with_file_name("ca.pem"));
    assert_eq!(mode(emulator.ca_file()), 0o600);
    client.create("k");
    verified(&client, client.token.as_ref().unwrap());
    let (_, page) = client.call("GET", "/v1/apikeys");
    assert_eq!(page["apikeys"][0]["name"], "k");
    assert!(page["first"].as_str().unwrap().starts_with(&format!("{}/v1/", emulator.endpoint())));
    let by_name = emulator.endpoint().replace("127.0.0.1", "localhost");
    let named = Client::trusting(&by_name, Some(emulator.ca_file()));
    assert_eq!(named.log_in(&emulator.value()).0, 200);
    let sandbox = Sandbox::new();
    let six = Emulator::start(&sandbox, &["--in-memory", "--tls", "--listen", "[::1]:0"], &[]);
    assert!(six.endpoint().starts_with("https://[::1]:"));
    six.client();
    let stranger = Client::trusting(emulator.endpoint(), Some(six.ca_file()));
    assert!(stranger.request("GET", "/v1/apikeys").send().is_err(), "each has its own authority");
}

#[test]
fn this_program_reaches_it_with_the_certificate() {
    let service = Service::emulated(&["--tls"]);
    let ca = service.server.ca_file().to_str().unwrap().to_owned();
    service.run(&["api-key-create", "k", "--ca-file", &ca]).ok();
    let listed = service.run_env(&[("SSL_CERT_FILE", &ca)], &["api-keys", "--output", "json"]);
    assert_eq!(listed.ok().json()[0]["name"], "k");
    let other = Ca::new();
    let refused = service.run(&["api-keys", "--ca-file", other.file().to_str().unwrap()]);
    let begins = "FAILED\nThe certificate of HOST is not trusted: ";
    assert!(refused.code(10).stderr.starts_with(begins), "{refused:#?}");
}

#[test]
fn strict_clients_accept_the_certificates() {
    let (sandbox, emulator, _client) = in_memory(&["--tls"]);
    let (endpoint, ca) = (emulator.endpoint(), emulator.ca_file().display());
    let python = format!(
        "import ssl, urllib.request as r
c = ssl.create_default_context(cafile='{ca}')
c.verify_flags |= ssl.VERIFY_X509_STRICT
print(r.build_opener(r.ProxyHandler({{}}), r.HTTPSHandler(context=c)).open('{endpoint}/identity/keys').status)"
    );
    let openssl = format!(
        "openssl s_client -connect {} -CAfile {ca} -x509_strict -purpose sslserver \
         -verify_ip 127.0.0.1 -verify_return_error </dev/null 2>&1 | grep -o 'Verify return code: .*' | head -n 1",
        endpoint.trim_start_matches("https://")
    );
    let scripts = [
        ("python3", format!("python3 -c \"{python}\""), "200\n"),
        ("openssl", openssl, "Verify return code: 0 (ok)\n"),
    ];
    for (tool, script, said) in scripts {
        if sandbox.bash(&format!("command -v {tool}")).code != 0 {
            skipped(&format!("{tool} is not installed"));
            continue;
        }
        sandbox.bash(&script).ok().stdout(said);
    }
}

#[test]
fn json_output_names_the_certificate_and_only_then() {
    let sandbox = Sandbox::new();
    for (flags, has) in [(&["--tls"][..], true), (&[], false)] {
        let mut command = sandbox.command(&["emulate", "--store", "keys", "--output", "json"]);
        command.args(flags).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        crate::support::running::signal(&child, Signal::TERM);
        assert!(child.wait().unwrap().success());
        let said: Value = serde_json::from_str(&line).unwrap();
        let file = sandbox.work("keys/ca.pem");
        assert_eq!(
            said.get("ca_file").map(|file| file.as_str().unwrap()),
            has.then(|| file.to_str().unwrap())
        );
        assert_eq!(said["endpoint"].as_str().unwrap().starts_with("https://"), has);
    }
}

#[test]
fn who_does_not_encrypt_is_let_go() {
    let (_sandbox, emulator, client) = in_memory(&["--tls"]);
    for said in ["GET /v1/apikeys HTTP/1.1\r\nHost: localhost\r\n\r\n", "rubbish\r\n\r\n"] {
        let mut stream = connect(&emulator);
        stream.write_all(said.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"), "{answer:?}");
    }
    client.create("later");
}

#[test]
fn who_does_not_finish_the_handshake_is_not_waited_for() {
    let (_sandbox, emulator, client) = in_memory(&["--tls"]);
    let begun: [&[u8]; 2] = [b"", b"\x16\x03\x01\x02\x00\x01"];
    let open = || {
        begun.map(|begun| {
            let mut stream = connect(&emulator);
            stream.write_all(begun).unwrap();
            stream
        })
    };
    for mut stream in open() {
        match stream.read(&mut [0; 64]) {
            Ok(length) => assert_eq!(length, 0),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    client.create("later");
    let open = open();
    let start = Instant::now();
    emulator.stop().is(0, "", "");
    assert!(start.elapsed() < Duration::from_secs(4), "nothing was in flight");
    drop(open);
}

#[test]
fn the_certificate_is_another_at_each_start_and_is_swept() {
    let sandbox = Sandbox::new();
    let file = sandbox.root().join("home/store/ca.pem");
    let certificate = || {
        let emulator = Emulator::start(&sandbox, &["--tls"], &[]);
        assert_eq!(emulator.ca_file(), file);
        emulator.client();
        emulator.stop().is(0, "", "");
        fs::read(&file).unwrap()
    };
    assert_ne!(certificate(), certificate());

    let temporary = sandbox.work("tmp");
    fs::create_dir(&temporary).unwrap();
    let environment = [("TMPDIR", temporary.to_str().unwrap())];
    let killed = Emulator::start(&sandbox, &["--in-memory", "--tls"], &environment);
    let left = killed.ca_file().to_owned();
    killed.signal(Signal::KILL);
    killed.wait().code(128 + 9);
    assert!(left.exists());
    let next = Emulator::start(&sandbox, &["--in-memory", "--tls"], &environment);
    assert!(!left.parent().unwrap().exists(), "swept");
    next.stop().is(0, "", "");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "nothing is left");
}
