//! Where the API key comes from, in which forms, and what is said when it is not there.

use super::{API_KEY, Remote, command};
use crate::support::iam::list_answer;
use crate::support::{Outcome, run, write_private};

/// What comes before every key file's own fields.
const KEY_FILE: &str = "{\n\t\"name\": \"login\",\n\t\"id\": \"ApiKey-1\",\n\t";

fn service() -> Remote {
    Remote::scripted(|_| list_answer("", &[], None))
}

/// Runs `api-keys` with nothing but these variables and flags to log in with.
fn list(remote: &Remote, env: &[(&str, &str)], flags: &[&str], input: &str) -> Outcome {
    let mut command = command(&remote.sandbox, &remote.server.url(), &["api-keys"]);
    command.env_remove("IBMCLOUD_API_KEY").envs(env.iter().copied()).args(flags);
    remote.told(run(&mut command, input.as_bytes()))
}

/// Asserts that a run logged in with a key.
#[track_caller]
fn logs_in(remote: &Remote, key: &str, outcome: &Outcome) {
    outcome.ok().stderr("");
    let requests = remote.server.requests();
    let mut tokens = requests.iter().filter(|request| request.route() == "POST /identity/token");
    let form = tokens.next_back().unwrap().form();
    assert!(form.contains(&("apikey".to_owned(), key.to_owned())), "{form:?}");
}

#[test]
fn a_key_is_found_in_every_place_and_form() {
    for key in [API_KEY, "-begins-with-a-dash", "with+plus/and=percent%41"] {
        let documents = [
            key.to_owned(),
            format!("  {key}\n\n"),
            format!("{KEY_FILE}\"apikey\": \"{key}\"\n}}\n"),
            format!("{KEY_FILE}\"apiKey\": \"{key}\"\n}}\n"),
        ];
        for variable in ["IBMCLOUD_API_KEY", "IC_API_KEY", "IAM_IDENTITY_APIKEY"] {
            let remote = service();
            logs_in(&remote, key, &list(&remote, &[(variable, key)], &[], ""));
        }
        for document in documents {
            let remote = service();
            write_private(&remote.sandbox.work("key.json"), &document);
            let dash = ["--apikey", "-"];
            logs_in(&remote, key, &list(&remote, &[("IBMCLOUD_API_KEY", "@key.json")], &[], ""));
            // Each of them finds the token that the first one kept.
            for outcome in [
                list(&remote, &[("IC_API_KEY", "@key.json")], &[], ""),
                list(&remote, &[], &["--apikey", "@key.json"], ""),
                list(&remote, &[], &["--apikey=@key.json"], ""),
                list(&remote, &[], &dash, &document),
                list(&remote, &[], &["--apikey=-"], &document),
            ] {
                logs_in(&remote, key, &outcome);
            }
            assert_eq!(remote.tokens(), 1, "{document}");
        }
    }
}

#[test]
fn the_first_place_wins_and_a_broken_one_is_not_passed_over() {
    let remote = service();
    write_private(&remote.sandbox.work("k"), "of-the-file");
    let all =
        [("IBMCLOUD_API_KEY", "first"), ("IC_API_KEY", "second"), ("IAM_IDENTITY_APIKEY", "third")];
    logs_in(&remote, "of-the-file", &list(&remote, &all, &["--apikey", "@k"], ""));
    logs_in(&remote, "first", &list(&remote, &all, &[], ""));
    logs_in(&remote, "second", &list(&remote, &all[1..], &[], ""));
    logs_in(&remote, "third", &list(&remote, &all[2..], &[], ""));
    list(&remote, &[("IBMCLOUD_API_KEY", "@missing"), ("IC_API_KEY", "second")], &[], "").code(7);
    list(&remote, &all, &["--apikey", "@missing"], "").code(7);
    assert_eq!(remote.tokens(), 4);
}

#[test]
fn a_key_that_cannot_be_read_is_told_by_its_place() {
    let remote = service();
    let work = |name: &str, text: &[u8]| write_private(&remote.sandbox.work(name), text);
    work("empty", b"");
    work("blank", b" \n\t\n");
    work("no-key.json", b"{\"name\": \"x\"}");
    work("empty.json", b"{\"apikey\": \"\"}");
    work("binary", b"\xff\xfe\x00");
    work("large", "x".repeat(70_000).as_bytes());
    work("pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let read = |name: &str, why: &str| format!("names a file: '{name}' cannot be read: {why}");
    for (name, why) in [
        ("missing", read("missing", "No such file or directory (os error 2)")),
        (".", read(".", "Is a directory (os error 21)")),
        ("binary", read("binary", "it is not text")),
        ("large", read("large", "it is too large for a key")),
        ("empty", "holds no API key".to_owned()),
        ("blank", "holds no API key".to_owned()),
        ("empty.json", "holds no API key".to_owned()),
        ("no-key.json", "holds something else than one API key".to_owned()),
        ("pem", "holds something else than one API key".to_owned()),
    ] {
        let expected = |place: &str| {
            format!(
                "FAILED\n{place} {why}.\nGive it an API key, or '@' and the name of a file that holds one.\n\n"
            )
        };
        let file = format!("@{name}");
        list(&remote, &[("IBMCLOUD_API_KEY", &file)], &[], "").is(
            7,
            "",
            &expected("IBMCLOUD_API_KEY"),
        );
        list(&remote, &[("IC_API_KEY", &file)], &[], "").is(7, "", &expected("IC_API_KEY"));
        list(&remote, &[], &["--apikey", &file], "").is(7, "", &expected("--apikey"));
    }
    for input in ["", "\n", "{}", "two words"] {
        let failed = list(&remote, &[], &["--apikey", "-"], input);
        failed.code(7).stdout("");
        assert!(failed.stderr.starts_with("FAILED\n--apikey holds "), "{failed:#?}");
    }
    assert!(remote.server.requests().is_empty(), "nothing of it was sent");
}

#[test]
fn a_key_in_argv_is_refused_and_not_repeated() {
    let remote = service();
    let joined = format!("--apikey={API_KEY}");
    let message = "FAILED\nAn API key is not taken from the command line, where others can see it.\n\
                   Write '--apikey @FILE', or pipe the key in with '--apikey -'.\n\n";
    for flags in [&["--apikey", API_KEY][..], &[&joined], &["--apikey", "-x-y"]] {
        list(&remote, &[], flags, "").is(2, "", message);
        let json = list(&remote, &[], &[flags, &["--error-format", "json"]].concat(), "");
        assert!(json.code(2).stderr.starts_with(r#"{"kind":"usage","exit_code":2,"#), "{json:#?}");
        assert!(!json.stderr.contains(API_KEY));
    }
    // A file name that may be the key itself is not repeated either.
    let failed = list(&remote, &[], &["--apikey", &format!("@{API_KEY}")], "");
    assert!(!failed.code(7).stderr.contains(API_KEY), "{failed:#?}");
    let failed = list(&remote, &[("IBMCLOUD_API_KEY", &format!("@{API_KEY}"))], &[], "");
    assert!(!failed.code(7).stderr.contains(API_KEY), "{failed:#?}");
    assert!(remote.server.requests().is_empty());
}

#[test]
fn without_a_key_nothing_is_sent() {
    let remote = service();
    let hint = "Run 'ibmcloud-iam login', set IBMCLOUD_API_KEY to an API key or '@FILE', or say '--apikey @FILE'; '--backend local' or IBMCLOUD_IAM_BACKEND=local uses the local store.";
    list(&remote, &[], &["--backend", "remote"], "").is(
        7,
        "",
        &format!("FAILED\nYou are not logged in: no credential was found.\n{hint}\n\n"),
    );
    let file = [("IBM_CREDENTIALS_FILE", "ibm-credentials.env")];
    list(&remote, &file, &[], "").is(
        7,
        "",
        "FAILED\nIBM_CREDENTIALS_FILE ('ibm-credentials.env') names no file.\nWrite lines such as \
         'IAM_IDENTITY_APIKEY=...' into it, or do without it; IBMCLOUD_IAM_BACKEND=local asks for the local store.\n\n",
    );
    assert!(remote.server.requests().is_empty());
}
