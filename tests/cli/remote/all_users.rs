//! The keys of every user: what is asked for, page by page, and who may not.

use serde_json::{Value, json};

use super::{Remote, Told, progress};
use crate::support::iam::{BSS_ACCOUNT, IAM_ID, error_answer, key_json, list_answer};
use crate::support::server::{Answer, Request};

const OTHER: &str = "IBMid-270000WXYZ";
const MESSAGE: &str = "The credential does not permit listing the API keys of other users. You are not authorized to use this API";
const ROLE: &str = "The role Administrator on the IAM Identity service is needed; without '--all-users' your own are listed.";

/// The third of three pages, with one key each, is the last.
fn three_pages(request: &Request) -> Answer {
    let token = request.query().into_iter().find(|(name, _)| name == "pagetoken");
    let page: usize =
        token.map_or(0, |(_, token)| token.strip_prefix("p=").unwrap().parse().unwrap());
    let mut key = key_json(page, &format!("key {page}"));
    if page > 0 {
        key["iam_id"] = json!(OTHER);
        key["created_by"] = json!([IAM_ID, OTHER][page - 1]);
    }
    let next = format!("p%3D{}", page + 1);
    list_answer("http://ignored.invalid", &[key], (page < 2).then_some(next.as_str()))
}

fn forbidden() -> Answer {
    error_answer(403, "forbidden", "BXNIM0513E", "You are not authorized to use this API")
}

/// What a listing without permission is told.
fn not_permitted() -> Told<'static> {
    Told {
        exit: 8,
        kind: "not_permitted",
        message: MESSAGE,
        hint: ROLE,
        code: Some("BXNIM0513E"),
        trace: Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa"),
        status: Some(403),
    }
}

#[test]
fn each_page_is_asked_for_in_the_scope_of_the_account() {
    let account = format!("account_id={BSS_ACCOUNT}");
    // The service answers with the keys of others even where they were not asked for.
    for (args, whose, count) in [
        (&["api-keys", "--all-users", "-o", "json"][..], "scope=account&type=user", 3),
        (&["api-keys", "-o", "json"], &format!("iam_id={IAM_ID}"), 1),
    ] {
        let remote = Remote::scripted(three_pages);
        let listed = remote.run(args).json();
        let text = |field: &str| -> Vec<&str> {
            listed.as_array().unwrap().iter().map(|key| key[field].as_str().unwrap()).collect()
        };
        assert_eq!(text("name"), ["key 0", "key 1", "key 2"][..count]);
        assert_eq!(text("iam_id"), [IAM_ID, OTHER, OTHER][..count]);
        assert_eq!(text("created_by"), [IAM_ID, IAM_ID, OTHER][..count]);
        let first = format!("/v1/apikeys?{account}&{whose}&pagesize=100");
        let expected =
            ["", "&pagetoken=p%3D1", "&pagetoken=p%3D2"].map(|more| first.clone() + more);
        let requests = remote.server.requests();
        let asked: Vec<&str> = requests[1..].iter().map(|request| &*request.path).collect();
        assert_eq!(asked, expected, "{args:?}");
        assert!(
            requests[1..].iter().all(|request| request.method == "GET" && request.body.is_empty())
        );
    }
}

#[test]
fn the_table_says_whose_a_key_is() {
    let remote = Remote::scripted(three_pages);
    let table = format!(
        "{}OK\n\
ID                                            Name    Description   Created At              Last Updated            Locked   State    IAM ID
[ID1]   key 0                 2026-02-19T18:59+0000   2026-02-19T18:59+0000   false    active   {IAM_ID}
[ID2]   key 1                 2026-02-19T18:59+0000   2026-02-19T18:59+0000   false    active   {OTHER}
[ID3]   key 2                 2026-02-19T18:59+0000   2026-02-19T18:59+0000   false    active   {OTHER}
",
        progress("Getting", "the API keys of all users")
    );
    remote.run(&["api-keys", "--all-users"]).is(0, &table, "");
}

#[test]
fn who_may_not_see_the_keys_of_others_is_told_which_role_is_missing() {
    let remote = Remote::scripted(|_| forbidden());
    let failed = remote.run(&["api-keys", "--all-users"]);
    not_permitted().in_text(&failed);
    failed.stdout(&progress("Getting", "the API keys of all users"));
    for form in [&["--uuid"][..], &["--output", "json"]] {
        let failed = remote.run(&[&["api-keys", "--all-users"], form].concat());
        not_permitted().in_text(&failed);
        failed.stdout("");
    }
    let args = ["api-keys", "--all-users", "--output", "json", "--error-format", "json"];
    let failed = remote.run(&args);
    not_permitted().in_json(&failed);
    failed.stdout("");
}

/// That would be misleading where it is about one's own.
#[test]
fn the_role_is_not_told_to_who_asks_for_their_own() {
    let remote = Remote::scripted(|_| forbidden());
    let told = Told {
        message: "The credential does not permit this. You are not authorized to use this API",
        hint: "Ask the owner of the account for a role that permits it on the IAM Identity service.",
        ..not_permitted()
    };
    told.in_text(&remote.run(&["api-keys"]));
}

#[test]
fn a_page_that_is_not_permitted_late_shows_no_half_list() {
    let remote = Remote::scripted(|request| {
        if request.path.contains("p%3D2") { forbidden() } else { three_pages(request) }
    });
    let failed = remote.run(&["api-keys", "--all-users", "--output", "json"]);
    not_permitted().in_text(&failed);
    failed.stdout("");
    assert_eq!(remote.routes().len(), 3, "it is not asked for again");
}

#[test]
fn an_account_without_keys_says_so() {
    let remote = Remote::scripted(|_| list_answer("", &[] as &[Value], None));
    let nothing = progress("Getting", "the API keys of all users") + "OK\nNo API keys found\n";
    remote.run(&["api-keys", "--all-users"]).is(0, &nothing, "");
    remote.run(&["api-keys", "--all-users", "-o", "json"]).is(0, "[]\n", "");
}
