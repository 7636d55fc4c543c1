//! The report for code scanning, held against the schema of its standard: SARIF 2.1.0 of OASIS, as it was published.

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::support::Sandbox;

const SCHEMA: &str = include_str!("sarif-schema-2.1.0.json");

/// Fails where a document is not as the schema says.
#[track_caller]
fn check(document: &Value) -> Result<(), String> {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let mut schemas = Schemas::new();
    let schema = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(document, schema).map_err(|error| format!("{error:#}"))
}

/// Audits, and holds the report against the schema.
#[track_caller]
fn audit(sandbox: &Sandbox, more: &[&str]) -> Value {
    let args = ["api-keys-audit", "--format", "sarif", "--fail-on", "none"];
    let report = sandbox.run(&[&args[..], more].concat()).json();
    check(&report).unwrap();
    report["runs"][0].clone()
}

#[test]
fn an_empty_report_is_a_document() {
    let run = audit(&Sandbox::new(), &[]);
    assert_eq!(run["results"], Value::Array(Vec::new()));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), ibmcloud_iam::model::Rule::ALL.len());
    assert_eq!(run["automationDetails"]["id"], "api-keys-audit/10ca1000000000000000000000000000/");
    assert_eq!(run["invocations"][0]["endTimeUtc"], "2026-11-21T09:00:00Z");
    for rule in rules {
        // What GitHub's code scanning wants of a rule.
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().is_some_and(|text| text.ends_with('.')), "{rule}");
        }
        let severity: f64 =
            rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        let level = if severity >= 7.0 {
            "error"
        } else if severity >= 4.0 {
            "warning"
        } else {
            "note"
        };
        assert_eq!(rule["defaultConfiguration"]["level"], level);
    }
}

#[test]
fn what_was_not_checked_is_in_the_report() {
    let run = audit(&Sandbox::new(), &["--skip", "unused"]);
    let left = run["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> =
        left.iter().map(|left| (&left["associatedRule"]["id"], &left["message"]["text"])).collect();
    let expected = [
        (
            "owner-key",
            "The rule 'owner-key' was not checked: no '--account-owner' tells who owns the account.",
        ),
        ("unused", "The rule 'unused' was not checked: it was left out with '--skip'."),
        (
            "use-unknown",
            "The rule 'use-unknown' was not checked: 'unused' was left out with '--skip'.",
        ),
    ];
    let expected = expected.map(|(rule, text)| (Value::from(rule), Value::from(text)));
    let expected: Vec<(&Value, &Value)> =
        expected.iter().map(|(rule, text)| (rule, text)).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_finding_is_a_result() {
    let sandbox = Sandbox::new();
    let id = sandbox.create_at("2026-01-01T00:00:00Z", "old {0} [x](1)", &[]);
    let run = audit(&sandbox, &["--skip", "unused,never-expires"]);
    let fix = format!("ibmcloud-iam api-key-rotate {id} --grace 7d");
    let expected = serde_json::json!([{
        "ruleId": "old",
        "ruleIndex": 1,
        "level": "error",
        "message": {"text": format!(
            r"API key 'old {{{{0}}}} \[x\](1)' ({id}): Created 2026-01-01T00:00+0000, more than 90d ago. Fix: {fix}"
        )},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": format!("apikeys/{id}")},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{
                "name": "old {0} [x](1)",
                "fullyQualifiedName": format!(
                    "crn:v1:bluemix:public:iam-identity::a/10ca1000000000000000000000000000::apikey:{id}"
                ),
                "kind": "resource",
            }],
        }],
        "partialFingerprints": {"primaryLocationLineHash": format!("old/{id}")},
        "properties": {"key_id": id, "iam_id": "IBMid-10CA100000", "fix": fix},
    }]);
    assert_eq!(run["results"], expected);
    assert_eq!(run["tool"]["driver"]["rules"][1]["id"], "old");
    let unused = |run: &Value| run["tool"]["driver"]["rules"][3].clone();
    assert_eq!(unused(&run)["id"], "unused");
    assert_eq!(unused(&run)["defaultConfiguration"]["level"], "warning");
    let cis = audit(&sandbox, &["--policy", "cis"]);
    assert_eq!(unused(&cis)["defaultConfiguration"]["level"], "error");
    assert_eq!(cis["results"][1]["level"], "error");
}

#[test]
fn whatever_a_key_is_called_the_report_fits_the_schema() {
    let sandbox = Sandbox::new();
    sandbox.create("first", &[]);
    for name in
        ["", "two\nlines", "\u{1b}[31m", "naïve 日本 🔑", "\u{202e}back", "\"quotes\" 'both'", "\\"]
    {
        sandbox.create_of("IBMid-2 of/nowhere?", name, &[("leaked", "true")]);
    }
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "2")];
    let args = ["api-keys-audit", "--all-users", "--format", "sarif", "--fail-on", "none"];
    let report = sandbox.run_env(&limit, &args).json();
    check(&report).unwrap();
    let results = report["runs"][0]["results"].as_array().unwrap();
    let uris: Vec<&str> = results
        .iter()
        .filter(|result| result["ruleId"] == "near-limit")
        .map(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap()
        })
        .collect();
    assert_eq!(uris, ["identities/IBMid-2%20of%2Fnowhere%3F"]);
    assert!(
        results.iter().any(|result| {
            result["locations"][0]["logicalLocations"][0]["name"] == "two\nlines"
        })
    );
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-01-01T00:00:00Z", "old", &[]);
    let args = ["api-keys-audit", "--format", "sarif", "--fail-on", "none"];
    let good = sandbox.run(&args).json();
    check(&good).unwrap();
    for (pointer, wrong) in [
        ("/version", Value::from("2.0.0")),
        ("/runs/0/results/0/level", "grave".into()),
        ("/runs/0/results/0/message", Value::Null),
        ("/runs/0/results/0/ruleIndex", (-7).into()),
        ("/runs/0/invocations/0/endTimeUtc", "today".into()),
        ("/runs/0/tool/driver", serde_json::json!({"name": "x", "unheard_of": 1})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(check(&bad).is_err(), "{pointer}");
    }
}
