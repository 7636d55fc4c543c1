//! Certificates: the system's, a private authority's, and none.

use std::fs;

use super::{API_KEY, Told, command};
use crate::support::iam::{list_answer, with_tokens};
use crate::support::server::{Ca, Server};
use crate::support::service::Service;
use crate::support::{Outcome, run};

const NAME_IT: &str = "Name the certificate of its issuer with '--ca-file FILE' or SSL_CERT_FILE.";

struct Encrypted {
    ca: Ca,
    service: Service<Server>,
}

impl Encrypted {
    fn new() -> Self {
        let ca = Ca::new();
        let server = Server::start_tls(&ca, with_tokens(|_| list_answer("", &[], None)));
        Self { ca, service: Service::at(server) }
    }

    fn run(&self, env: &[(&str, &str)], args: &[&str]) -> Outcome {
        self.service.run_env(env, &[&["api-keys"], args].concat())
    }
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let tls = Encrypted::new();
    let ca = tls.ca.file();
    let ca = ca.to_str().unwrap();
    tls.run(&[], &["--ca-file", ca]).ok().stderr("");
    tls.run(&[("SSL_CERT_FILE", ca)], &[]).ok().stderr("");
    // The flag wins, and so does what it names wrongly.
    let other = Ca::new();
    tls.run(&[("SSL_CERT_FILE", ca)], &["--ca-file", other.file().to_str().unwrap()]).code(10);
    tls.run(&[("SSL_CERT_FILE", "/nowhere")], &["--ca-file", ca]).ok();
}

#[test]
fn an_authority_that_nobody_named_is_not_trusted() {
    let tls = Encrypted::new();
    let other = Ca::new();
    let other = other.file();
    let failed = tls.run(&[], &["--ca-file", other.to_str().unwrap()]);
    failed.code(10).stdout("");
    let begins = "FAILED\nThe certificate of HOST is not trusted: ";
    assert!(
        failed.stderr.starts_with(begins) && failed.stderr.ends_with(&format!(".\n{NAME_IT}\n\n")),
        "{failed:#?}"
    );
    assert_eq!(tls.service.server.connections(), 1, "another attempt would end the same");
    assert!(tls.service.server.requests().is_empty(), "no credential was sent");
    let failed =
        tls.run(&[("SSL_CERT_FILE", other.to_str().unwrap())], &["--error-format", "json"]);
    failed.code(10);
    assert!(
        failed.stderr.starts_with(
            r#"{"kind":"unavailable","exit_code":10,"message":"The certificate of HOST"#
        ),
        "{failed:#?}"
    );
    // A certificate for another name is no better.
    let by_name = tls.service.server.url().replace("127.0.0.1", "localhost");
    let mut list = command(&tls.service.sandbox, &by_name, &["api-keys", "--ca-file"]);
    let failed = run(list.arg(tls.ca.file()), b"");
    failed.code(10);
    assert!(failed.stderr.contains("is not trusted: "), "{failed:#?}");
    assert!(!failed.stderr.contains("Context {"), "{failed:#?}");
    assert!(tls.service.server.requests().is_empty());
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_named() {
    let tls = Encrypted::new();
    fs::write(tls.service.sandbox.work("empty.pem"), "").unwrap();
    fs::write(tls.service.sandbox.work("garbage.pem"), "\u{1}garbage").unwrap();
    fs::write(
        tls.service.sandbox.work("bad.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for (file, why) in [
        ("missing.pem", "there is no such file"),
        ("empty.pem", "it holds none"),
        ("garbage.pem", "it holds none"),
        (".", "it is not a regular file"),
    ] {
        let told = Told {
            exit: 10,
            kind: "unavailable",
            message: &format!("The certificates in '{file}' cannot be used: {why}."),
            hint: "'--ca-file' names a file with certificates in PEM.",
            ..Told::default()
        };
        told.in_text(&tls.run(&[], &["--ca-file", file]));
    }
    let failed = tls.run(&[], &["--ca-file", "bad.pem"]);
    failed.code(10);
    assert!(tls.service.server.requests().is_empty());
}

#[test]
fn a_system_without_certificates_is_told_what_is_missing() {
    let tls = Encrypted::new();
    let empty = tls.service.sandbox.work("empty.pem");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    for env in [
        &[("SSL_CERT_FILE", empty)][..],
        &[("SSL_CERT_FILE", "/nowhere/at/all.pem")],
        &[("SSL_CERT_DIR", "/nowhere/at/all")],
        &[("SSL_CERT_FILE", empty), ("SSL_CERT_DIR", "/nowhere/at/all")],
    ] {
        let failed = tls.run(env, &[]);
        failed.code(10).stdout("");
        assert!(failed.stderr.contains("'--ca-file"), "{env:?} {failed:#?}");
        assert!(!failed.stderr.contains(API_KEY) && tls.service.server.requests().is_empty());
    }
}
