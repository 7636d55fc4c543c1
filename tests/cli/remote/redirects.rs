//! A redirect is an answer, not an order: no credential goes anywhere but where it was configured to go.

use serde_json::json;

use super::{API_KEY, Remote, Told, command, facts, with_host};
use crate::support::iam::{key_id, key_json};
use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, run, write_private};

const HINT: &str = "Check the endpoint; a credential is sent to the configured endpoint only.";
const MESSAGE: &str = "HOST redirects to 127.0.0.1, and redirects are not followed.";

#[test]
fn a_redirected_token_request_goes_nowhere() {
    let other = Server::start(|_| Answer::empty(204));
    for status in [301, 302, 307, 308] {
        let to = format!("{}/identity/token", other.url());
        let remote = Remote::answering(move |_| Answer::empty(status).header("Location", &to));
        let told = Told {
            exit: 10,
            kind: "unavailable",
            message: MESSAGE,
            hint: HINT,
            status: Some(status),
            ..Told::default()
        };
        told.in_text(&remote.run(&["api-keys"]));
        told.in_json(&remote.run(&["api-key-create", "x", "--error-format", "json"]));
        assert_eq!(remote.tokens(), 2, "once for each command");
    }
    assert_eq!((other.connections(), other.requests().len()), (0, 0));
}

#[test]
fn a_redirected_call_goes_nowhere() {
    let other = Server::start(|_| Answer::empty(204));
    let id = key_id(1);
    for status in [301, 302, 307, 308] {
        for args in [
            &["api-keys"][..],
            &["api-key", &id],
            &["api-key-create", "x", "--file", "k"],
            &["api-key-update", &id, "-n", "y"],
            &["api-key-delete", &id, "--force"],
            &["api-key-lock", &id, "--force"],
            &["api-key-lookup", "@value"],
        ] {
            let to = format!("{}/v1/elsewhere", other.url());
            let reads = !["api-keys", "api-key", "api-key-lookup"].contains(&args[0]);
            let remote = Remote::scripted(move |request| {
                if reads && request.method == "GET" {
                    return Answer::json(200, key_json(1, "x"));
                }
                Answer::empty(status).header("Location", &to)
            });
            write_private(&remote.sandbox.work("value"), "some-value");
            let told = Told {
                exit: 10,
                kind: "unavailable",
                message: MESSAGE,
                hint: HINT,
                status: Some(status),
                ..Told::default()
            };
            let failed = remote.run(args);
            told.in_text_behind(&facts(args[0], "x"), &failed);
            assert_eq!(remote.sandbox.files_in_work(), ["value"], "{args:?}");
            assert_eq!(remote.sandbox.open_entries(), 0, "{args:?}");
        }
    }
    assert_eq!((other.connections(), other.requests().len()), (0, 0));
}

#[test]
fn where_a_redirect_points_is_named_without_a_credential() {
    for (to, shown) in [
        ("https://user:hunter2@evil.example.com/x?token=hunter2", "evil.example.com"),
        ("/login?token=hunter2", "another address"),
        ("", "another address"),
        ("https://[evil", "another address"),
    ] {
        let remote = Remote::answering(move |_| Answer::empty(302).header("Location", to));
        let failed = remote.run(&["api-keys"]);
        let message = format!("HOST redirects to {shown}, and redirects are not followed.");
        failed.code(10).stderr(&format!("FAILED\n{message}\n{HINT}\n\n"));
    }
}

#[test]
fn an_endpoint_that_cannot_be_used_is_a_usage_error() {
    let sandbox = Sandbox::new();
    let plain = "a key must not travel unencrypted; only https:// is allowed, and http:// to 127.0.0.1 or [::1]";
    for (url, shown, why) in [
        ("http://iam.cloud.ibm.com", "'http://iam.cloud.ibm.com'", plain),
        ("http://localhost:9", "'http://localhost:9'", plain),
        ("http://127.0.0.1.example.com", "'http://127.0.0.1.example.com'", plain),
        ("https://user:hunter2@h", "a URL", "it must hold no user name or password"),
        ("https://hunter2@h", "a URL", "it must hold no user name or password"),
        ("https://h/?a=b", "'https://h/?a=b'", "it must end with the path"),
        ("iam.cloud.ibm.com", "'iam.cloud.ibm.com'", "it is not a URL"),
        ("ftp://h", "'ftp://h'", "only https:// is allowed, and http:// to 127.0.0.1 or [::1]"),
    ] {
        let expected = |source: &str| {
            format!(
                "FAILED\n{source} is {shown}, which cannot be used: {why}.\n\
                 Write a URL such as 'https://iam.cloud.ibm.com'.\n\n"
            )
        };
        let good = "http://127.0.0.1:9";
        let told = run(&mut command(&sandbox, url, &["api-keys"]), b"");
        told.is(2, "", &expected("IBMCLOUD_IAM_API_ENDPOINT"));
        let told = run(&mut command(&sandbox, good, &["api-keys", "--endpoint", url]), b"");
        told.is(2, "", &expected("--endpoint"));
        let mut auth = command(&sandbox, good, &["api-keys"]);
        run(auth.env("IAM_IDENTITY_AUTH_URL", url), b"").is(
            2,
            "",
            &expected("IAM_IDENTITY_AUTH_URL"),
        );
        let mut sdk = command(&sandbox, good, &["api-keys"]);
        sdk.env_remove("IBMCLOUD_IAM_API_ENDPOINT").env("IAM_IDENTITY_URL", url);
        run(&mut sdk, b"").is(2, "", &expected("IAM_IDENTITY_URL"));
    }
}

/// Proxies are for the world outside; what stays on this machine never sees one.
#[test]
fn a_proxy_is_for_other_hosts_only() {
    let proxy = Server::start(|_| Answer::json(502, json!({})));
    let remote = Remote::scripted(|_| Answer::json(200, json!({"apikeys": []})));
    let with_password = proxy.url().replace("http://", "http://user:hunter2@");
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"]
    {
        remote.run_env(&[(name, "http://127.0.0.1:9"), ("NO_PROXY", "")], &["api-keys"]).ok();
        remote.run_env(&[(name, &with_password)], &["api-keys"]).ok();
    }
    assert_eq!(proxy.connections(), 0);
    for (n, name) in ["HTTPS_PROXY", "all_proxy"].iter().enumerate() {
        let mut command = command(&remote.sandbox, "https://iam.example.invalid", &["api-keys"]);
        let failed = run(command.env(name, &with_password).env("IBMCLOUD_HTTP_TIMEOUT", "2"), b"");
        let failed = with_host(failed, &proxy);
        failed.code(10);
        let why = format!(
            "FAILED\niam.example.invalid cannot be reached through the proxy HOST ({name}): it refuses.\n\
             Check {name}, or name the host in NO_PROXY to reach it directly.\n\n"
        );
        failed.stderr(&why);
        assert!(!failed.stderr.contains("hunter2") && !failed.stderr.contains(API_KEY));
        let requests = proxy.requests();
        assert!(requests.len() > n && requests.len() <= 4 * (n + 1));
        let last = requests.last().unwrap();
        assert_eq!(last.route(), "CONNECT iam.example.invalid:443");
        assert!(last.header("proxy-authorization").unwrap().starts_with("Basic "));
    }
}

/// Nothing goes past a proxy that is meant, whatever is wrong with it.
#[test]
fn a_proxy_that_cannot_be_used_is_named() {
    let sandbox = Sandbox::new();
    let away = || command(&sandbox, "https://iam.example.invalid", &["api-keys"]);
    for (name, value, why) in [
        ("HTTPS_PROXY", "http://", "it is not a URL"),
        ("https_proxy", "ht tp://user:hunter2@proxy", "it is not a URL"),
        ("ALL_PROXY", "http://user:hunter2@proxy:99999", "it is not a URL"),
        (
            "all_proxy",
            "socks5://user:hunter2@proxy:1080",
            "only http:// and https:// proxies can be used",
        ),
        ("HTTPS_PROXY", "file:///hunter2", "only http:// and https:// proxies can be used"),
        ("HTTPS_PROXY", API_KEY, "its host looks like an API key"),
    ] {
        // A host in NO_PROXY is no reason to leave what is broken unsaid.
        for without in ["", "iam.example.invalid"] {
            let failed = run(away().env(name, value).env("NO_PROXY", without), b"");
            failed.is(
                2,
                "",
                &format!(
                    "FAILED\n{name} names no proxy that can be used: {why}.\n\
                     Write a URL such as 'http://proxy.example.com:3128', or unset it with 'unset {name}'.\n\n"
                ),
            );
        }
    }
    for (name, value) in
        [("HTTPS_PROXY", "127.0.0.1:9"), ("all_proxy", "http://user:hunter2@127.0.0.1:9")]
    {
        let failed = run(away().env(name, value).env("https_proxy", ""), b"");
        failed.code(10).stderr(&format!(
            "FAILED\niam.example.invalid cannot be reached through the proxy 127.0.0.1:9 ({name}): nobody listens there.\n\
             Check {name}, or name the host in NO_PROXY to reach it directly.\n\n"
        ));
    }
}

#[test]
fn a_host_without_a_proxy_is_reached_without_it() {
    let proxy = Server::start(|_| Answer::json(502, json!({})));
    let sandbox = Sandbox::new();
    let mut away = command(&sandbox, "https://iam.example.invalid", &["api-keys"]);
    away.env("IBMCLOUD_HTTP_TIMEOUT", "1").env("HTTPS_PROXY", proxy.url());
    for name in ["NO_PROXY", "no_proxy"] {
        run(away.env_remove("NO_PROXY").env(name, "other.example, .example.invalid"), b"").code(10);
        away.env_remove(name);
    }
    assert_eq!(proxy.connections(), 0);
}
