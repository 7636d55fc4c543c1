//! Many at once: logins and renewals leave something readable.

use std::fs;
use std::thread;

use super::{bare, done, log_in, login_file, service, whoami};
use crate::support::{Sandbox, run};

const MANY: usize = 16;

#[test]
fn parallel_logins_leave_one_good_login() {
    let (server, sandbox) = (service(), Sandbox::new());
    let url = server.url();
    thread::scope(|scope| {
        for number in 0..MANY {
            let (sandbox, url) = (&sandbox, &url);
            scope.spawn(move || {
                let args =
                    ["login", "--apikey", "-", "--insecure-storage", "--endpoint", url.as_str()];
                run(&mut bare(sandbox, &args), format!("key-{number}").as_bytes()).ok();
            });
        }
    });
    let home = sandbox.root().join("home");
    let file = fs::read_to_string(login_file(&home)).unwrap();
    let who = whoami(bare(&sandbox, &["whoami", "-o", "json"]));
    let user = who["user"].as_str().unwrap();
    assert!(file.contains(&format!("\"{user}\"")), "{user}: {file}");
}

#[test]
fn parallel_renewals_leave_one_readable_token_and_logins_meanwhile_disturb_nobody() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    let url = server.url();
    thread::scope(|scope| {
        for number in 0..MANY {
            let (sandbox, url) = (&sandbox, &url);
            scope.spawn(move || {
                if number % 4 == 0 {
                    let args = [
                        "login",
                        "--apikey",
                        "-",
                        "--insecure-storage",
                        "--endpoint",
                        url.as_str(),
                    ];
                    run(&mut bare(sandbox, &args), b"key").ok();
                    return;
                }
                let mut command = bare(sandbox, &["bearer-token"]);
                command.env("IBMCLOUD_IAM_NOW", "2026-11-21T11:00:00Z");
                done(command).ok();
            });
        }
    });
    let tokens: Vec<_> = fs::read_dir(sandbox.root().join("home/tokens"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [token] = &tokens[..] else { panic!("{tokens:?}") };
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(token).unwrap()).unwrap();
    assert_eq!(kept["auth"], server.url());
    let before = server.requests().len();
    done(bare(&sandbox, &["bearer-token"])).ok();
    assert_eq!(server.requests().len(), before, "the kept token is used");
}
