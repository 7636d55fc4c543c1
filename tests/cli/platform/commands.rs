//! The commands at a platform, what they send there, and who they log in as.

use serde_json::json;

use super::rig::{AUTHORIZE, GENERATE, Rig};
use crate::support::{USER, mode};

const WHO: &str = "GET /usermgmt/v1/user/currentUserInfo";

#[test]
fn a_key_is_generated_rotated_checked_and_ended_with_one_request_each() {
    let rig = Rig::new();
    let made = rig.run(&["platform-api-key-create", "--force", "--file", "k.json"]);
    made.is(
        0,
        "Creating platform API key local@localhost as local@localhost...\nOK\n\
         Platform API key local@localhost was generated\n\
         Successfully save platform API key information to k.json\n",
        "",
    );
    // The last one is made with the new key, to prove that it works.
    assert_eq!(rig.routes(), [AUTHORIZE, GENERATE, AUTHORIZE]);
    assert_eq!(mode(&rig.sandbox().work("k.json")), 0o600);
    let first = rig.sandbox().value_in("k.json");
    let checked = rig.run(&["platform-api-key-check", "@k.json"]);
    let said = "Logging in to http://HOST...\nOK\n";
    let by_key = format!("{said}The platform API key logs in as local@localhost (1000330999)\n");
    checked.is(0, &by_key, "");
    assert_eq!(rig.routes()[3..], [AUTHORIZE, WHO]);

    let rotate = ["platform-api-key-rotate", "--force", "--file", "k.json"];
    rig.run(&rotate).is(
        0,
        "Rotating platform API key local@localhost as local@localhost...\nOK\n\
         Platform API key local@localhost was rotated\n\
         Successfully save platform API key information to k.json\n",
        "",
    );
    let second = rig.sandbox().value_in("k.json");
    assert!(!rig.opens(&first) && rig.opens(&second));
    assert_eq!(rig.generated(), 2);

    let checked = rig.run(&["platform-api-key-check"]);
    checked.is(0, &format!("{said}The password logs in as local@localhost (1000330999)\n"), "");
    rig.run_with(&second, &["platform-api-key-check"]).is(0, &by_key, "");
    let checked = rig.run(&["platform-api-key-check", "@k.json", "--output", "json"]);
    let found = json!({"user": USER, "uid": "1000330999", "endpoint": "http://HOST",
                       "proof": "apikey", "outcome": "works"});
    assert_eq!(checked.json(), found);
    assert_eq!(rig.generated(), 2, "a check never generates");

    rig.run(&["platform-api-key-delete", "--force"]).is(
        0,
        "Deleting platform API key local@localhost as local@localhost...\nOK\n\
         Platform API key local@localhost was deleted\n",
        "",
    );
    assert_eq!(rig.generated(), 3);
    assert!(!rig.opens(&second));
    let refused = rig.run(&["platform-api-key-check", "@k.json"]);
    refused.code(7).stdout("Logging in to http://HOST...\n");
    assert!(refused.stderr.contains("The credential was refused."), "{refused:#?}");
}

#[test]
fn a_key_is_printed_once_and_only_where_it_is_asked_for() {
    let rig = Rig::new();
    let made = rig.run(&["platform-api-key-create", "--force", "--output", "json"]).json();
    let key = made["apikey"].as_str().unwrap().to_owned();
    assert!(rig.opens(&key));
    for field in ["id", "user", "user_id"] {
        assert_eq!(made[field], USER, "{field}");
    }
    assert_eq!(
        (made["system"].as_str(), made["account_id"].as_str()),
        (Some("platform"), Some(""))
    );
    let filed = ["platform-api-key-create", "--force", "--file", "k", "--output", "json"];
    assert_eq!(rig.run(&filed).json()["apikey"], "");
    let printed = rig.run(&["platform-api-key-create", "--force"]);
    assert_eq!(
        printed.ok().stderr,
        "Please preserve the platform API key! It cannot be retrieved after it's created.\n"
    );
    let key = printed.stdout.split("API Key        ").nth(1).unwrap().trim();
    assert!(rig.opens(key));
}

#[test]
fn nothing_is_generated_that_nobody_agreed_to() {
    let rig = Rig::new();
    let variables = rig.variables(None);
    for command in ["platform-api-key-create", "platform-api-key-rotate", "platform-api-key-delete"]
    {
        let in_file = ["platform-api-key-delete"].iter().all(|other| *other != command);
        let file: &[&str] = if in_file { &["--file", "k"] } else { &[] };
        let args = |more: &[&'static str]| [&[command][..], file, more].concat();
        let cancelled = rig.run_in(&variables, &args(&[]), "n\n");
        assert_eq!(cancelled.code(13).stderr, "Cancelled; nothing was changed.\n");
        let unanswered = rig.run_in(&variables, &args(&[]), "");
        assert!(unanswered.code(2).stderr.contains("'--force'"), "{unanswered:#?}");
        rig.run_in(&variables, &args(&["--output", "json"]), "").code(2);
        rig.run(&args(&["--dry-run"])).ok();
        rig.run(&args(&["--dry-run", "--force", "--output", "json"])).ok();
    }
    rig.run(&["platform-token"]).ok();
    rig.run(&["platform-api-key-check"]).ok();
    assert_eq!(rig.generated(), 0);
    assert_eq!(rig.sandbox().files_in_work(), [""; 0]);
    assert_eq!(rig.sandbox().open_entries(), 0);
}

#[test]
fn a_file_that_holds_another_key_is_refused_before_anything_is_generated() {
    let rig = Rig::new();
    std::fs::write(rig.sandbox().work("other"), "some-other-key-0123456789").unwrap();
    for command in ["platform-api-key-create", "platform-api-key-rotate"] {
        let refused = rig.run(&[command, "--force", "--file", "other"]);
        assert_eq!(refused.code, 14, "{refused:#?}");
    }
    assert_eq!(rig.generated(), 0);
    // A file of an earlier command may hold a key that was replaced since.
    rig.create("k.json");
    rig.create("other.json");
    rig.run(&["platform-api-key-rotate", "--force", "--file", "k.json"]).ok();
    assert!(rig.opens(&rig.sandbox().value_in("k.json")));
}

#[test]
fn tokens_open_the_platform() {
    let rig = Rig::new();
    let key = rig.create("k.json");
    let who = |scheme: &str, credential: &str| {
        let client = crate::support::emulator::Client::new(rig.url());
        let request = client.request("GET", "/usermgmt/v1/user/currentUserInfo");
        let header = format!("{scheme} {credential}");
        request.header("Authorization", header).send().unwrap().status().as_u16()
    };
    for outcome in [rig.run(&["platform-token"]), rig.run_with(&key, &["platform-token"])] {
        assert_eq!(who("Bearer", outcome.ok().stdout.trim_end()), 200);
    }
    let bearer = rig.run(&["platform-token", "--output", "json"]).json();
    assert_eq!(who("Bearer", bearer["access_token"].as_str().unwrap()), 200);
    assert_eq!(bearer["token_type"], "Bearer");
    assert_eq!(bearer["expires_at"], "2026-11-21T21:00+0000");
    let before = rig.routes().len();
    let zen = rig.run_with(&key, &["platform-token", "--zen"]);
    let as_json = rig.run_with(&key, &["platform-token", "--zen", "--output", "json"]).json();
    assert_eq!(rig.routes().len(), before, "it is made here");
    let zen = zen.ok().stdout.trim_end();
    assert_eq!(as_json, json!({"zen_api_key": zen, "token_type": "ZenApiKey"}));
    assert_eq!(who("ZenApiKey", zen), 200);
    let refused = rig.run(&["platform-token", "--zen"]);
    refused.is(
        7,
        "",
        "FAILED\n'--zen' needs the platform API key of local@localhost, and the password is not enough.\n\
         Set CPD_APIKEY to a value or '@FILE'.\n\n",
    );
    let both = [&rig.variables(None)[..], &[("CPD_APIKEY", &*key)]].concat();
    assert_eq!(rig.run_in(&both, &["platform-token", "--zen"], "").ok().stdout.trim_end(), zen);
}

#[test]
fn variables_name_where_and_who() {
    let rig = Rig::new();
    let key = rig.create("k.json");
    std::fs::write(rig.sandbox().work("pw"), format!("{}\n", rig.password)).unwrap();
    let check =
        |variables: &[(&str, &str)]| rig.run_in(variables, &["platform-api-key-check", "-q"], "");
    let url = rig.url();
    let console = format!("{url}/zen/#/homepage");
    let api = format!("{url}/icp4d-api/v1/authorize");
    let user = ("CPD_USERNAME", USER);
    let password = "The password logs in as local@localhost (1000330999)\n";
    let by_key = "The platform API key logs in as local@localhost (1000330999)\n";
    for (variables, said) in [
        (vec![("CPD_URL", url), user, ("CPD_PASSWORD", "@pw")], password),
        (vec![("CPD_URL", url), user, ("CPD_APIKEY", "@k.json")], by_key),
        (vec![("CPD_URL", &*console), user, ("CPD_APIKEY", &*key)], by_key),
        (
            vec![("CPD_URL", &*api), user, ("CPD_PASSWORD", &*rig.password), ("CPD_APIKEY", "x")],
            password,
        ),
        // Where IAM is on this machine, the platform is there too.
        (vec![("IBMCLOUD_IAM_API_ENDPOINT", url), user, ("CPD_APIKEY", &*key)], by_key),
    ] {
        check(&variables).is(0, said, "");
    }
    let password = ("CPD_PASSWORD", &*rig.password);
    for (variables, code, said) in [
        (
            vec![user, password],
            7,
            "Variables name a credential for a platform, but CPD_URL is not set.",
        ),
        (
            vec![("CPD_URL", url), password],
            7,
            "Variables name a credential for a platform, but CPD_USERNAME is not set.",
        ),
        (
            vec![("CPD_URL", url), user],
            7,
            "You are not logged in to the platform as local@localhost.",
        ),
        (
            vec![("CPD_URL", url), user, ("CPD_APIKEY", "cpd-apikey-IBMid-1-2026")],
            7,
            "CPD_APIKEY holds the name of an IAM API key, and not a platform API key.",
        ),
        (
            vec![("CPD_URL", url), user, ("CPD_APIKEY", "ApiKey-18f773b0")],
            7,
            "CPD_APIKEY holds the ID of an IAM API key, and not a platform API key.",
        ),
        (
            vec![("CPD_URL", url), user, ("CPD_APIKEY", "bWU6a2V5LW9mLW1pbmU=")],
            7,
            "CPD_APIKEY holds what stands behind 'ZenApiKey': the user and the API key in base64.",
        ),
        (
            vec![("CPD_URL", url), user, ("CPD_APIKEY", "azI6bWU6c2VjcmV0")],
            7,
            "CPD_APIKEY holds a key of the watsonx console on AWS, and not a platform API key.",
        ),
        (vec![("CPD_URL", url), user, ("CPD_PASSWORD", "")], 2, "CPD_PASSWORD is set but empty."),
        (vec![("CPD_URL", ""), user, password], 2, "CPD_URL is set but empty."),
        (
            vec![("CPD_URL", "http://cpd.example.com"), user, password],
            2,
            "CPD_URL is 'http://cpd.example.com', which cannot be used: a key must not travel unencrypted",
        ),
        (vec![("CPD_URL", url), user, ("CPD_PASSWORD", "@nothing")], 1, "'nothing' cannot be read"),
        (
            vec![("CPD_URL", url), user, ("CPD_PASSWORD", "two\nlines")],
            7,
            "CPD_PASSWORD holds no single line.",
        ),
        (vec![], 7, "You are not logged in to a platform: no credential was found."),
    ] {
        let refused = check(&variables);
        assert_eq!((refused.code, &*refused.stdout), (code, ""), "{refused:#?}");
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    for flags in [&["--apikey", "@k.json"][..], &["--endpoint", url]] {
        let args = [&["platform-api-key-check"], flags].concat();
        let refused = rig.run_in(&rig.variables(None), &args, "");
        assert!(refused.code(2).stderr.contains("is for IAM; a platform has a login of its own."));
    }
}

#[test]
fn a_credential_that_ends_with_its_key_is_named() {
    let rig = Rig::new();
    let key = rig.create("k.json");
    let variables = rig.variables(Some("@k.json"));
    let rotate = ["platform-api-key-rotate", "--force", "--file"];
    // The next command reads the new key.
    rig.run_in(&variables, &[&rotate[..], &["k.json"]].concat(), "").ok().stderr("");
    assert!(!rig.opens(&key));
    let key = rig.sandbox().value_in("k.json");
    let rotated = rig.run_with(&key, &[&rotate[..], &["other.json"]].concat());
    rotated.ok().stderr("The credential in use was the old key: put the new one in its place.\n");
}
