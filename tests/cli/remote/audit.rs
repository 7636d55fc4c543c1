//! What an audit asks of the service, no more than it needs, and what it makes of answers that tell nothing.

use serde_json::{Value, json};

use super::{Remote, Told, progress};
use crate::support::iam::{BSS_ACCOUNT, error_answer, key_id, key_json, list_answer};
use crate::support::server::{Answer, Request};

const LIST: &str = "GET /v1/apikeys";

fn is_limits(request: &Request) -> bool {
    request.route() == format!("GET /v1/accounts/{BSS_ACCOUNT}/limits/identity")
}

/// A service with so many keys, made 275 days ago, a limit of 20, and the use that the script tells of each.
fn service(keys: usize, mut activity: impl FnMut(usize) -> Answer + Send + 'static) -> Remote {
    Remote::scripted(move |request| {
        if is_limits(request) {
            return Answer::json(
                200,
                json!({"apikeys_per_identity": {"limit": 20, "identities": []}}),
            );
        }
        if request.route() == LIST {
            let token = request.query().into_iter().find(|(name, _)| name == "pagetoken");
            let from: usize = token.map_or(0, |(_, token)| token.parse().unwrap());
            let to = keys.min(from + 100);
            let page: Vec<Value> =
                (from..to).map(|number| key_json(number, &format!("key {number}"))).collect();
            return list_answer("", &page, (to < keys).then(|| to.to_string()).as_deref());
        }
        assert_eq!(request.query(), [("include_activity".to_owned(), "true".to_owned())]);
        let id = request.route().split('/').nth(3).unwrap().to_owned();
        activity((0..keys).find(|number| id == key_id(*number)).unwrap())
    })
}

/// A key with its use.
fn used(number: usize, activity: &Value) -> Answer {
    let mut key = key_json(number, &format!("key {number}"));
    key["activity"] = activity.clone();
    Answer::json(200, key)
}

fn asked_for_use(remote: &Remote) -> usize {
    remote.routes().iter().filter(|route| route.starts_with("GET /v1/apikeys/")).count()
}

/// The rules that fired on the use of a key.
#[track_caller]
fn fired(remote: &Remote, more: &[&str]) -> Vec<(String, String)> {
    let args = ["api-keys-audit", "--fail-on", "none", "-o", "json"];
    let report = remote.run(&[&args[..], more].concat()).json();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = report.as_array().unwrap().iter();
    let about_use = findings
        .filter(|finding| finding["rule"] == "unused" || finding["rule"] == "use-unknown")
        .map(|finding| (text(finding, "rule"), text(finding, "message")));
    about_use.collect()
}

#[test]
fn the_use_is_asked_for_only_where_a_rule_needs_it() {
    let never = |number| used(number, &json!({"authn_count": 0}));
    let audit = ["api-keys-audit", "--fail-on", "none", "-o", "json"];
    for (more, asked) in [
        (&[][..], 2),
        (&["--max-unused", "274d"], 2),
        (&["--skip", "unused"], 0),
        (&["--skip", "use-unknown"], 2),
        // A key that is younger cannot be unused for longer.
        (&["--max-unused", "275d"], 0),
    ] {
        let remote = service(2, never);
        remote.run(&[&audit[..], more].concat()).json();
        assert_eq!(asked_for_use(&remote), asked, "{more:?}");
    }
    let remote = service(2, never);
    remote.run(&[&audit[..], &["--skip", "unused,near-limit"]].concat()).json();
    assert_eq!(remote.routes(), [LIST]);
    assert_eq!(remote.server.connections(), 1);
}

#[test]
fn unknown_use_is_unknown_and_never_unused() {
    let unknown = "When it was last used is not known.";
    for (activity, rule, message) in [
        (json!(null), "use-unknown", unknown),
        (json!({"authn_count": 3}), "use-unknown", unknown),
        (json!({"authn_count": 3, "last_authn": null}), "use-unknown", unknown),
        (json!({}), "use-unknown", unknown),
        (json!({"last_authn": "2026-11-20T08:59+0000"}), "use-unknown", unknown),
        (
            json!({"authn_count": 0, "last_authn": "2026-10-22T08:59+0000"}),
            "unused",
            "Last used 2026-10-22T08:59+0000, more than 30d ago.",
        ),
        (
            json!({"authn_count": 0}),
            "unused",
            "Never used since it was created 2026-02-19T18:59+0000.",
        ),
        (
            json!({"authn_count": 3, "last_authn": "2026-10-22T08:59+0000"}),
            "unused",
            "Last used 2026-10-22T08:59+0000, more than 30d ago.",
        ),
    ] {
        let remote = service(1, move |number| used(number, &activity));
        assert_eq!(fired(&remote, &[]), [(rule.to_owned(), message.to_owned())]);
    }
    let recent = json!({"authn_count": 3, "last_authn": "2026-10-22T09:00+0000"});
    let remote = service(1, move |number| used(number, &recent));
    assert_eq!(fired(&remote, &[]), []);
    for (status, message_code) in [(403, "BXNIM0513E"), (404, "BXNIM0101E"), (500, "BXNIM0002E")] {
        let remote = service(2, move |number| match number {
            0 => error_answer(status, "refused", message_code, "Not for you")
                .header("Retry-After", "0"),
            _ => used(number, &json!({"authn_count": 0})),
        });
        let found = fired(&remote, &[]);
        let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(rules, ["unused", "use-unknown"], "{status}");
    }
}

#[test]
fn keys_that_are_not_shown_make_no_fault_of_the_service() {
    let remote = service(4, |number| match number {
        0 | 1 => error_answer(403, "refused", "BXNIM0513E", "Not for you"),
        2 => error_answer(500, "trouble", "BXNIM0002E", "Too much").header("Retry-After", "0"),
        _ => used(number, &json!({"authn_count": 0})),
    });
    let rules: Vec<String> = fired(&remote, &[]).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["unused", "use-unknown", "use-unknown", "use-unknown"]);
}

#[test]
fn a_key_that_tells_no_creation_is_neither_old_nor_unused() {
    let remote = Remote::scripted(move |request| {
        if is_limits(request) {
            return Answer::json(200, json!({"apikeys_per_identity": {"limit": 20}}));
        }
        let mut key = key_json(1, "timeless");
        key.as_object_mut().unwrap().remove("created_at");
        list_answer("", &[key], None)
    });
    let report = remote.run(&["api-keys-audit", "-o", "json", "--fail-on", "none"]).json();
    let rules: Vec<&Value> =
        report.as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(rules, ["never-expires"]);
    assert_eq!(asked_for_use(&remote), 0);
}

#[test]
fn an_audit_that_could_not_be_made_is_no_clean_one() {
    // Not one key that is too much for the service, but a service that is away.
    for (status, from, to) in [(503, 1, 2), (500, 1, 4)] {
        let remote = service(5, move |number| {
            if (from..to).contains(&number) {
                let answer = error_answer(status, "busy", "BXNIM0001E", "Not now");
                return answer.header("Retry-After", "0");
            }
            used(number, &json!({"authn_count": 0}))
        });
        for args in [&[][..], &["--fail-on", "none"], &["--format", "sarif"], &["-o", "json"]] {
            let outcome = remote.run(&[&["api-keys-audit"], args].concat());
            outcome.code(10);
            let is_table = args.is_empty() || args[0] == "--fail-on";
            let shown = if is_table { progress("Auditing", "all API keys") } else { String::new() };
            assert_eq!(outcome.stdout, shown, "no report");
        }
    }
}

#[test]
fn how_far_it_is_is_not_told_where_nobody_looks() {
    let remote = service(250, |number| used(number, &json!({"authn_count": 0})));
    let outcome = remote.run(&["api-keys-audit", "--skip", "near-limit", "--fail-on", "none"]);
    let told = progress("Auditing", "all API keys") + "OK\nRule ";
    assert!(outcome.ok().stdout.starts_with(&told), "{outcome:#?}");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_service_that_tells_no_limit_is_said() {
    let limits = [
        error_answer(403, "not_authorized", "BXNIM0513E", "Not for you"),
        error_answer(404, "not_found", "BXNIM0101E", "No such thing"),
        Answer::json(200, json!({})),
    ];
    for limit in limits {
        let remote = Remote::scripted(move |request| {
            if is_limits(request) { limit.clone() } else { list_answer("", &[], None) }
        });
        let told = "The rule 'near-limit' was not checked: the service does not tell how many API keys are allowed.\n";
        remote.run(&["api-keys-audit"]).ok().stderr(told);
        remote.run(&["api-keys-audit", "--skip", "near-limit"]).ok().stderr("");
        remote.run(&["api-keys-audit", "-o", "json"]).ok().stdout("[]\n").stderr("");
        let gate = remote.run(&["api-keys-audit", "-o", "json", "--fail-on", "near-limit"]);
        gate.code(1).stdout("").stderr(
            "FAILED\n'--fail-on near-limit' cannot be checked: the service does not tell how many API keys are allowed.\n\
             Say '--skip near-limit', or use a credential that may see the limits of the account.\n\n",
        );
    }
}

#[test]
fn the_keys_of_all_users_take_a_role() {
    let message = "Not for you";
    let remote =
        Remote::scripted(move |_| error_answer(403, "not_authorized", "BXNIM0513E", message));
    let outcome = remote.run(&["api-keys-audit", "--all-users"]);
    assert_eq!(outcome.stdout, progress("Auditing", "the API keys of all users"));
    Told {
        exit: 8,
        kind: "not_permitted",
        message: "The credential does not permit listing the API keys of other users. Not for you",
        hint: "The role Administrator on the IAM Identity service is needed; without '--all-users' your own are listed.",
        code: Some("BXNIM0513E"),
        trace: Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa"),
        status: Some(403),
    }
    .in_text(&outcome);
    let query = remote.server.requests().last().unwrap().query();
    let query: Vec<(&str, &str)> =
        query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected =
        [("account_id", BSS_ACCOUNT), ("scope", "account"), ("type", "user"), ("pagesize", "100")];
    assert_eq!(query, expected);
}
