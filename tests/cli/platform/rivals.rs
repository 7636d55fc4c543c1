//! Another key is generated while a command is at work, and what FILE holds of another system.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::rig::{AUTHORIZE, GENERATE, Rig};
use crate::support::server::{Answer, Server};
use crate::support::{Outcome, Sandbox, run, write_private};

const CREATE: [&str; 4] = ["platform-api-key-create", "--force", "--file", "k"];

/// A platform whose password is `pw`, and whose first key is `one`. `meanwhile` is called before that is told.
fn platform(
    live: &Arc<Mutex<&'static str>>,
    mut meanwhile: impl FnMut() + Send + 'static,
) -> Server {
    let live = Arc::clone(live);
    Server::start(move |request| match &*request.route() {
        AUTHORIZE => {
            let body = request.json();
            let is_good = body["password"] == "pw" || body["api_key"] == *live.lock().unwrap();
            if is_good {
                Answer::json(200, json!({"token": "t"}))
            } else {
                Answer::json(401, json!({"message": "no"}))
            }
        }
        GENERATE => {
            meanwhile();
            *live.lock().unwrap() = "one";
            Answer::json(200, json!({"apiKey": "one"}))
        }
        _ => Answer::json(404, json!({})),
    })
}

fn at(sandbox: &Sandbox, url: &str, args: &[&str]) -> Outcome {
    let mut command = sandbox.unchosen(args);
    command.env("CPD_URL", url).env("CPD_USERNAME", "me").env("CPD_PASSWORD", "pw");
    run(&mut command, b"")
}

#[test]
fn a_key_that_another_has_ended_can_be_given_up() {
    let (sandbox, live) = (Sandbox::new(), Arc::new(Mutex::new("")));
    let file = sandbox.work("k");
    let server = platform(&live, move || write_private(&file, "of somebody"));
    let url = server.url();
    at(&sandbox, &url, &CREATE).code(14);
    *live.lock().unwrap() = "two";
    std::fs::remove_file(sandbox.work("k")).unwrap();
    let stuck = at(&sandbox, &url, &["recover"]).code(12).stdout.clone();
    let why = "Platform API key me (me) was created, but does not work: The credential was refused. no. If another one has taken its place since, 'ibmcloud-iam recover --discard' gives it up\n";
    assert!(stuck.ends_with(why), "{stuck}");
    let given_up = at(&sandbox, &url, &["recover", "--discard"]);
    let said = "Recovering interrupted commands as me...\nOK\nPlatform API key me (me) was created, and another one has taken its place since; its value was dropped\n";
    given_up.is(0, said, "");
    assert_eq!((sandbox.open_entries(), sandbox.files_in_work()), (0, Vec::new()));
    at(&sandbox, &url, &CREATE).code(14);
}

#[test]
fn a_second_command_on_the_key_at_the_same_time_is_refused() {
    let rig = Arc::new(Mutex::new(None::<(Sandbox, String)>));
    let second = Arc::new(Mutex::new(None));
    let (inner, told) = (Arc::clone(&rig), Arc::clone(&second));
    let server = platform(&Arc::default(), move || {
        let rig = inner.lock().unwrap();
        let (sandbox, url) = rig.as_ref().unwrap();
        let args = ["platform-api-key-create", "--force", "-q", "--file", "other"];
        *told.lock().unwrap() = Some(at(sandbox, url, &args));
    });
    let sandbox = Sandbox::new();
    let mut first = sandbox.unchosen(&CREATE);
    let url = server.url();
    first.env("CPD_URL", &url).env("CPD_USERNAME", "me").env("CPD_PASSWORD", "pw");
    *rig.lock().unwrap() = Some((sandbox, url));
    run(&mut first, b"").ok();
    second.lock().unwrap().take().unwrap().is(
        5,
        "",
        "Another process is at work on platform API key 'me'.\nNothing was changed; look at the key when it has ended.\n",
    );
}

#[test]
fn what_file_holds_of_another_system_is_not_sent() {
    let rig = Rig::new();
    let classic = "0a".repeat(32);
    for text in [
        r#"{"id":"ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe","name":"ci","apikey":"iam-value"}"#,
        r#"{"name":"ci","description":"","createdAt":"x","apikey":"iam-value"}"#,
        r#"{"id":"1","system":"classic","user":"local@localhost","apikey":"value"}"#,
        &classic,
    ] {
        write_private(&rig.sandbox().work("k"), text);
        rig.run(&["platform-api-key-rotate", "--force", "--file", "k", "-q"]).is(
            14,
            "",
            "'k' holds the key of another system, and not platform API key 'local@localhost'.\nName another file, or move this one away first.\n",
        );
        assert_eq!(std::fs::read_to_string(rig.sandbox().work("k")).unwrap(), text);
    }
    assert_eq!(rig.routes(), [""; 0], "nothing was sent");
}
