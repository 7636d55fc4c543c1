//! A key file that says of which system it is: its key is sent to no other.

use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, run, write_private};

const PLATFORM: &str = "platform-value-0123456789abcdefghijklmnopqrst";
const CLASSIC: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr";
const IAM: &str = "iam_key-0123456789abcdefghijklmnopqrstuvwxyz";

#[test]
fn a_key_is_sent_to_its_own_system_only() {
    let (server, sandbox) = (Server::start(|_| Answer::empty(500)), Sandbox::new());
    let url = server.url();
    for (file, text) in [
        ("p.json", format!(r#"{{"id":"me","system":"platform","apikey":"{PLATFORM}"}}"#)),
        ("c.json", format!(r#"{{"id":"42","system":"classic","apikey":"{CLASSIC}"}}"#)),
        ("i.json", format!(r#"{{"id":"ApiKey-1","name":"ci","apikey":"{IAM}"}}"#)),
    ] {
        write_private(&sandbox.work(file), text);
    }
    let (platform, classic, iam) = ("a platform API key", "a classic API key", "an IAM API key");
    let at_platform = [("CPD_URL", &*url), ("CPD_USERNAME", "me")];
    let with = |more: (&'static str, &'static str)| [&at_platform[..], &[more]].concat();
    let sdk = "IAM_IDENTITY_APIKEY";
    let check = "platform-api-key-check";
    let login = ["login", "--platform", &url, "--username", "me", "--apikey", "@c.json"];
    let from = ["task-credential-create", "--from", "@p.json", "--region", "us-south"];
    let has_key = [("IBMCLOUD_API_KEY", IAM)];
    for (args, variables, code, source, held, wanted) in [
        (&["api-keys", "--apikey", "@p.json"][..], vec![], 7, "--apikey", platform, iam),
        (&["login", "--apikey", "@p.json"], vec![], 7, "--apikey", platform, iam),
        (
            &["api-keys"],
            vec![("IBMCLOUD_API_KEY", "@p.json")],
            7,
            "IBMCLOUD_API_KEY",
            platform,
            iam,
        ),
        (&["api-keys"], vec![(sdk, "@c.json")], 7, sdk, classic, iam),
        (&["api-key-lookup", "@p.json"], has_key.to_vec(), 2, "The input", platform, iam),
        (&from, has_key.to_vec(), 2, "The input", platform, iam),
        (&[check, "@c.json"], with(("CPD_APIKEY", "x")), 7, check, classic, platform),
        (&login, vec![], 7, "--apikey", classic, platform),
        (&["platform-token"], with(("CPD_APIKEY", "@i.json")), 7, "CPD_APIKEY", iam, platform),
        (
            &["classic-api-key"],
            vec![("SL_USERNAME", "1_me"), ("SL_API_KEY", "@p.json")],
            7,
            "SL_API_KEY",
            platform,
            classic,
        ),
        (
            &["classic-api-key"],
            vec![("SL_USERNAME", "apikey"), ("SL_API_KEY", "@c.json")],
            7,
            "SL_API_KEY",
            classic,
            iam,
        ),
    ] {
        let mut command = sandbox.unchosen(args);
        command.env("IBMCLOUD_IAM_API_ENDPOINT", &url).envs(variables);
        let refused = run(&mut command, b"");
        let said = format!("FAILED\n{source} holds {held}, as the file says, and not {wanted}");
        assert_eq!((refused.code, &*refused.stdout), (code, ""), "{args:?}: {refused:#?}");
        assert!(refused.stderr.starts_with(&said), "{args:?}: {refused:#?}");
        for value in [PLATFORM, CLASSIC, IAM] {
            assert!(!refused.stderr.contains(value), "{refused:#?}");
        }
    }
    // What stands on standard input is judged the same.
    let mut piped = sandbox.unchosen(&["api-keys", "--apikey", "-"]);
    piped.env("IBMCLOUD_IAM_API_ENDPOINT", &url);
    let refused = run(&mut piped, &std::fs::read(sandbox.work("c.json")).unwrap());
    assert!(refused.code(7).stderr.contains("--apikey holds a classic API key, as the file says"));
    assert!(server.requests().is_empty());
}
