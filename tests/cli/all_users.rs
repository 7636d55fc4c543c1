//! `api-keys --all-users`: whose keys, in which form, on the local store.

use crate::support::expected::{array, key_json};
use crate::support::{ACCOUNT, Sandbox, USER};

const OTHER: &str = "IBMid-270000WXYZ";

fn progress() -> String {
    format!("Getting the API keys of all users under {ACCOUNT} as {USER}...\n")
}

/// Three keys of one's own and of others.
fn three_keys() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("ci", &["-d", "old", "--disabled"]);
    sandbox.create_of(OTHER, "ci", &[("locked", "true")]);
    let more = [
        ("description", "\"d\""),
        ("expires_at", "\"2026-11-22T00:00:00Z\""),
        ("leak", "\"delete\""),
    ];
    sandbox.create_of("IBMid-\u{202e}3", "deploy", &more);
    sandbox
}

#[test]
fn the_last_column_says_whose_a_key_is() {
    let sandbox = three_keys();
    let table = "\
ID                                            Name     Description   Created At              Last Updated            Locked   State      IAM ID
[ID1]   ci       old           2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    disabled   IBMid-10CA100000
[ID2]   ci                     2026-11-21T09:00+0000   2026-11-21T09:00+0000   true     active     IBMid-270000WXYZ
[ID3]   deploy   d             2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active     IBMid-\\u{202e}3
";
    let all = ["api-keys", "--all-users"];
    sandbox.run(&all).is(0, &format!("{}OK\n{table}", progress()), "");
    sandbox.run(&["api-keys", "--all-users", "-q"]).is(0, table, "");
    let own = "\
ID                                            Name   Description   Created At              Last Updated            Locked   State
[ID1]   ci     old           2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    disabled
";
    sandbox.run(&["api-keys", "-q"]).is(0, own, "");
}

#[test]
fn whose_a_key_is_stands_behind_the_columns_of_wide() {
    let sandbox = three_keys();
    let table = "\
ID                                            Name     Description   Created At              Last Updated            Locked   State      Expires At              Action If Leaked   Created By         IAM ID
[ID1]   ci       old           2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    disabled   never                   disable            IBMid-10CA100000   IBMid-10CA100000
[ID2]   ci                     2026-11-21T09:00+0000   2026-11-21T09:00+0000   true     active     never                   disable            IBMid-270000WXYZ   IBMid-270000WXYZ
[ID3]   deploy   d             2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active     2026-11-22T00:00+0000   delete             IBMid-\\u{202e}3    IBMid-\\u{202e}3
";
    sandbox.run(&["api-keys", "--all-users", "--wide", "-q"]).is(0, table, "");
}

#[test]
fn json_has_the_fields_that_it_always_has() {
    let sandbox = three_keys();
    let expected = array(&[
        key_json(
            1,
            "ci",
            &[("disabled", "true"), ("description", "\"old\""), ("state", "\"disabled\"")],
        ),
        key_json(
            2,
            "ci",
            &[
                ("locked", "true"),
                ("created_by", "\"IBMid-270000WXYZ\""),
                ("iam_id", "\"IBMid-270000WXYZ\""),
            ],
        ),
        key_json(
            3,
            "deploy",
            &[
                ("description", "\"d\""),
                ("created_by", "\"IBMid-\\u202e3\""),
                ("iam_id", "\"IBMid-\\u202e3\""),
                ("expires_at", "\"2026-11-22T00:00+0000\""),
                ("action_when_leaked", "\"delete\""),
            ],
        ),
    ]);
    sandbox.run(&["api-keys", "--all-users", "--output", "json"]).is(0, &expected, "");
}

#[test]
fn filters_and_order_go_over_the_keys_of_all() {
    let sandbox = three_keys();
    let ids: Vec<String> = sandbox
        .run(&["api-keys", "--all-users", "--uuid"])
        .ok()
        .stdout
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(ids.len(), 3);
    for (args, found) in [
        (&["-n", "ci"][..], &[0, 1][..]),
        (&["-d", "d"], &[0, 2]),
        (&["--state", "active"], &[1, 2]),
        (&["--state", "disabled"], &[0]),
        (&["--state", "phased-out"], &[]),
        (&["--state", "locked"], &[1]),
        (&["--sort", "description"], &[1, 2, 0]),
        (&["--sort", "created_by", "-n", "c"], &[0, 1]),
    ] {
        let printed = sandbox.run(&[&["api-keys", "--all-users", "--uuid"], args].concat());
        let expected: String = found.iter().map(|&at: &usize| ids[at].clone() + "\n").collect();
        assert_eq!(
            (printed.code, printed.stdout, printed.stderr),
            (0, expected, String::new()),
            "{args:?}"
        );
    }
}

#[test]
fn an_account_without_keys_says_so() {
    let sandbox = Sandbox::new();
    let all = ["api-keys", "--all-users"];
    sandbox.run(&all).is(0, &format!("{}OK\nNo API keys found\n", progress()), "");
    sandbox.run(&["api-keys", "--all-users", "--uuid"]).is(0, "", "");
    sandbox.run(&["api-keys", "--all-users", "--output", "json"]).is(0, "[]\n", "");
    assert!(!sandbox.root().join("home/store").exists(), "reading makes nothing");
    // One's own are none, those of others are some.
    sandbox.create("mine", &[]);
    sandbox.create_of(OTHER, "theirs", &[]);
    sandbox.run(&["api-key-delete", "mine", "--force"]).ok();
    sandbox.run(&["api-keys", "-q"]).is(0, "No API keys found\n", "");
    sandbox.run(&["api-keys", "--all-users", "--uuid"]).is(0, "[ID1]\n", "");
}

#[test]
fn the_help_says_who_may() {
    let help = Sandbox::new().run(&["api-keys", "--help"]).ok().stdout.clone();
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "--all-users List the keys of every user of the account; needs the role Administrator on the IAM Identity service";
    assert!(words.contains(said), "{help}");
}
