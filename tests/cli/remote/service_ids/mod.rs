//! Service IDs and their groups at the service: what is asked for, what is sent, and what every answer comes to.

mod foreign;
mod many;
mod several;
mod uncertain;

use serde_json::{Value, json};

use super::{Remote, Told};
use crate::support::iam::{BSS_ACCOUNT, EMAIL, error_answer};
use crate::support::server::{Answer, Request};

const TAG: &str = "2-03de16d5f2b14f0b9d0ac0ffee0ac0ff";

fn id(number: usize) -> String {
    format!("ServiceId-00000000-0000-4000-8000-{number:012}")
}

fn group(number: usize) -> String {
    format!("ServiceIdGroup-00000000-0000-4000-8000-{number:012}")
}

fn service_id(number: usize, name: &str) -> Value {
    let id = id(number);
    json!({
        "id": id, "iam_id": format!("iam-{id}"), "entity_tag": TAG,
        "crn": format!("crn:v1:bluemix:public:iam-identity::a/{BSS_ACCOUNT}::serviceid:{id}"),
        "locked": false, "created_at": format!("2026-02-{:02}T18:59+0000", number + 9),
        "modified_at": "2026-03-20T18:59+0000", "account_id": BSS_ACCOUNT, "group_id": group(0),
        "name": name, "description": "", "unique_instance_crns": [],
    })
}

fn page(service_ids: &[Value], next: Option<&str>) -> Answer {
    let mut body = json!({"offset": 0, "limit": 100, "serviceids": service_ids});
    if let Some(token) = next {
        body["next"] = json!(format!("http://ignored.invalid/?pagetoken={token}"));
    }
    Answer::json(200, body)
}

fn group_json(number: usize, name: &str) -> Value {
    json!({
        "id": group(number), "entity_tag": TAG, "account_id": BSS_ACCOUNT, "crn": "crn:v1:g",
        "name": name, "description": "", "created_at": "2026-02-01T18:59+0000",
        "created_by": "IBMid-310000ABCD", "modified_at": "2026-02-01T18:59+0000",
    })
}

fn groups(named: &[&str]) -> Answer {
    let groups: Vec<Value> =
        named.iter().enumerate().map(|(at, name)| group_json(at + 1, name)).collect();
    Answer::json(200, json!({"serviceid_groups": groups}))
}

fn asked(request: &Request, name: &str) -> Option<String> {
    request.query().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn gone() -> Answer {
    error_answer(404, "not_found", "BXNIM0102E", "Unable to find object")
}

/// A service with these service IDs in the default group, and no key; `write` answers what is no reading.
fn serving(
    named: &'static [&'static str],
    mut write: impl FnMut(&Request) -> Answer + Send + 'static,
) -> Remote {
    Remote::scripted(move |request| {
        let found = || named.iter().enumerate().map(|(at, name)| service_id(at + 1, name));
        let route = request.route();
        match (request.method.as_str(), route.split('/').nth(3).filter(|id| !id.is_empty())) {
            ("GET", _) if route.ends_with("/serviceid_groups") => groups(&[]),
            ("GET", _) if route.ends_with("/apikeys") => Answer::json(200, json!({"apikeys": []})),
            ("GET", None) => {
                let name = asked(request, "name");
                let fits = |found: &Value| name.as_ref().is_none_or(|name| found["name"] == **name);
                page(&found().filter(fits).collect::<Vec<_>>(), None)
            }
            ("GET", Some(asked)) => found()
                .find(|found| found["id"] == asked)
                .map_or_else(gone, |found| Answer::json(200, found)),
            _ => write(request),
        }
    })
}

fn line(doing: &str, what: &str) -> String {
    format!("{doing} {what} as {EMAIL}...\n")
}

#[test]
fn every_group_is_walked_page_by_page_and_each_service_id_is_listed_once() {
    let remote = Remote::scripted(|request| {
        if request.route() == "GET /v1/serviceid_groups" {
            return groups(&["default", "batch"]);
        }
        match (asked(request, "group_id"), asked(request, "pagetoken")) {
            (None, None) => page(&[service_id(3, "c")], Some("2")),
            (None, Some(_)) => page(&[service_id(2, "b")], None),
            // The default group is listed among the others too.
            (Some(asked), None) if asked == group(1) => {
                page(&[service_id(2, "b"), service_id(3, "c")], None)
            }
            (Some(asked), None) if asked == group(2) => page(&[service_id(1, "a")], None),
            other => panic!("{other:?}"),
        }
    });
    let listed = remote.run(&["service-ids", "-o", "json"]).json();
    assert_eq!(listed, json!([service_id(1, "a"), service_id(2, "b"), service_id(3, "c")]));
    let account = format!("account_id={BSS_ACCOUNT}");
    let all = format!("/v1/serviceids/?{account}&show_group_id=true");
    let expected = [
        format!("/v1/serviceid_groups?{account}"),
        // It might tell which of the groups is the default group; here it does not.
        format!("/v1/serviceids/?{account}&pagesize=1&show_group_id=true"),
        format!("{all}&pagesize=100"),
        format!("{all}&pagesize=100&pagetoken=2"),
        format!("{all}&group_id={}&pagesize=100", group(1)),
        format!("{all}&group_id={}&pagesize=100", group(2)),
    ];
    let paths: Vec<String> =
        remote.server.requests().into_iter().skip(1).map(|request| request.path).collect();
    assert_eq!(paths, expected);
}

#[test]
fn a_service_without_groups_has_the_default_group() {
    for status in [403, 404, 405] {
        let remote = Remote::scripted(move |request| match request.route().as_str() {
            "GET /v1/serviceid_groups" => Answer::empty(status),
            _ => page(&[service_id(1, "a")], None),
        });
        remote.run(&["service-ids", "--uuid"]).ok().stdout("[ID1]\n");
    }
    let remote = Remote::scripted(|request| match request.route().as_str() {
        "GET /v1/serviceid_groups" => Answer::empty(500),
        _ => page(&[service_id(1, "a")], None),
    });
    remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", "1")], &["service-ids", "--uuid"]).code(10);
}

#[test]
fn one_group_is_asked_for_alone() {
    let remote = Remote::scripted(|request| match request.route().as_str() {
        "GET /v1/serviceid_groups" => groups(&["batch"]),
        _ => page(&[service_id(1, "a")], None),
    });
    remote.run(&["service-ids", "--group", "batch", "--uuid"]).ok().stdout("[ID1]\n");
    let asked_for = asked(remote.server.requests().last().unwrap(), "group_id");
    assert_eq!(asked_for, Some(group(1)));
    Told {
        exit: 3,
        message: "Service ID group 'Batch' was not found. Names are case-sensitive; there is 'batch'.",
        hint: "Run 'ibmcloud-iam service-id-groups' to list the service ID groups.",
        ..Told::default()
    }
    .in_text(&remote.run(&["service-ids", "--group", "Batch"]));
}

#[test]
fn a_listing_is_as_the_official_cli_prints_it() {
    let remote = serving(&["ci", "deploy to prod"], |_| Answer::empty(500));
    let head = format!("{}OK\n", line("Getting", "all services IDs bound to current account"));
    let header =
        "Name             Created At              Last Updated            Description   Locked";
    let row = |number: usize, name: &str| {
        let times = "2026-03-20T18:59+0000                 false";
        format!("{}   {name:14}   2026-02-{:02}T18:59+0000   {times}\n", id(number), number + 9)
    };
    let listed = remote.run(&["service-ids"]);
    let rows = row(1, "ci") + &row(2, "deploy to prod");
    assert_eq!(listed.stdout, format!("{head}{:46}   {header}\n{rows}", "ID"));
    listed.ok().stderr("");
    // Filters are ours: parts of name and description.
    remote.run(&["service-ids", "-n", "to", "--uuid"]).ok().stdout("[ID1]\n");
    let none = remote.run(&["service-ids", "-n", "nothing"]);
    none.ok().stdout(&format!("{head}No service IDs found\n"));
    remote.run(&["service-ids", "-n", "nothing", "-o", "json"]).ok().stdout("[]\n");
}

#[test]
fn one_is_shown_as_rows_and_as_an_array_of_one() {
    let remote = serving(&["ci"], |_| Answer::empty(500));
    let shown = remote.run(&["service-id", "ci"]);
    shown.ok().stdout(&format!(
        "{}OK\n\nID             [ID1]\nName           ci\nDescription\nCRN            crn:v1:bluemix:public:iam-identity::a/{BSS_ACCOUNT}::serviceid:[ID1]\nVersion        [TAG]\nCreated At     2026-02-10T18:59+0000\nLast Updated   2026-03-20T18:59+0000\nGroup          [ID2]\nLocked         false\n",
        line("Getting", "service ID ci")
    ));
    assert_eq!(
        remote.run(&["service-id", "ci", "-o", "json"]).json(),
        json!([service_id(1, "ci")])
    );
    remote.run(&["service-id", &id(1), "--uuid"]).ok().stdout("[ID1]\n");
    let missing = Told {
        exit: 3,
        message: "Service ID 'x' was not found.",
        hint: "Run 'ibmcloud-iam service-ids' to list the service IDs.",
        ..Told::default()
    };
    missing.in_text(&remote.run(&["service-id", "x"]));
}

#[test]
fn several_of_one_name_are_listed_and_none_is_changed() {
    let remote = serving(&["ci", "ci"], |_| Answer::empty(204));
    let lines = "2 service IDs are named 'ci'; nothing was changed.\n\n";
    for args in [&["service-id", "ci"][..], &["service-id-delete", "ci", "-f"]] {
        let outcome = remote.run(args);
        outcome.code(4);
        let told = crate::support::redact(&outcome.stderr);
        assert!(told.starts_with(&format!("FAILED\n{lines}ID")), "{told}");
        assert!(told.contains("[ID1]") && told.contains("[ID3]"), "{told}");
        assert!(told.contains("('ibmcloud-iam service-ids')."), "{told}");
    }
    assert!(remote.routes().iter().all(|route| !route.starts_with("DELETE")));
}

#[test]
fn what_is_made_is_shown_as_published() {
    let remote = serving(&[], |request| {
        assert_eq!(request.path, "/v1/serviceids/?show_group_id=true");
        let mut made = service_id(1, "logs");
        made["description"] = request.json()["description"].clone();
        made["locked"] = (request.header("Entity-Lock") == Some("true")).into();
        Answer::json(201, made)
    });
    remote.run(&["service-id-create", "logs", "-d", "for logs"]).is(
        0,
        &format!(
            "{}OK\nService ID logs is created successfully\n\nID            [ID1]\nName          logs\nDescription   for logs\nCRN           crn:v1:bluemix:public:iam-identity::a/{BSS_ACCOUNT}::serviceid:[ID1]\nVersion       [TAG]\nLocked        false\n",
            line("Creating", "service ID logs bound to current account")
        ),
        "",
    );
    let made = remote.run(&["service-id-create", "logs", "--lock", "-o", "json"]).json();
    assert_eq!((&made["id"], &made["locked"]), (&json!(id(1)), &json!(true)));
    let bodies: Vec<Value> = remote
        .server
        .requests()
        .iter()
        .filter(|request| request.route() == "POST /v1/serviceids/")
        .map(Request::json)
        .collect();
    let named = json!({"account_id": BSS_ACCOUNT, "name": "logs"});
    let mut described = named.clone();
    described["description"] = json!("for logs");
    assert_eq!(bodies, [described, named]);
    // A dry run sends nothing.
    let before = remote.server.requests().len();
    remote.run(&["service-id-create", "logs", "--dry-run", "-q"]).is(
        0,
        "Dry run: service ID logs would be created\n",
        "",
    );
    assert_eq!(remote.server.requests().len(), before);
}
