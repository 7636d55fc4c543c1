//! What docs/ and the help say of the audit is what it does.

use ibmcloud_iam::model::Rule;
use serde_json::Value;

use crate::support::{Sandbox, run};

const GUIDE: &str = include_str!("../../../docs/guide/audit.md");
const CRONTAB: &str = include_str!("../../../examples/cron/crontab");

/// The severity of each rule, as the report for code scanning lists them.
fn severities(sandbox: &Sandbox, more: &[&str]) -> Vec<String> {
    let args = ["api-keys-audit", "--format", "sarif"];
    let report = sandbox.run(&[&args[..], more].concat()).json();
    let rules = report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let level = |rule: &Value| rule["defaultConfiguration"]["level"].as_str().unwrap().to_owned();
    rules.iter().map(level).collect()
}

#[test]
fn every_rule_stands_in_the_guide_and_in_the_help() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["api-keys-audit", "--help"]);
    let severities = severities(&sandbox, &[]);
    for (rule, severity) in Rule::ALL.iter().zip(severities) {
        let row = format!("\n| `{rule}` | {severity} | {} |\n", rule.about());
        assert!(GUIDE.contains(&row), "{row}");
        let line = format!("\n   {:<18}{severity:<10}{}\n", rule.as_str(), rule.title());
        assert!(help.ok().stdout.contains(&line), "{line}");
    }
}

/// What a name must not do to the terminal of whoever reads the mail.
const ODD_NAME: &str = r"x\033[31m\c tail";

/// The command that cron is to run.
fn for_cron() -> String {
    let line = CRONTAB.lines().find(|line| line.contains("api-keys-audit")).unwrap();
    line.split_once("  ").unwrap().1.replace(r"\%", "%")
}

#[test]
fn the_line_for_cron_is_silent_until_something_is_found() {
    let sandbox = Sandbox::new();
    let line = for_cron().replace("IBMCLOUD_API_KEY=@/var/lib/ibmcloud-iam/ci-deploy.json ", "");
    assert_ne!(line, for_cron(), "the local store takes no credential");
    sandbox.create("sound", &["-e", "2027-05-01"]);
    // cron's own shell is not bash, and some of those read backslashes where `echo` stands.
    let cron = || run(sandbox.program("sh").args(["-c", &line]), b"");
    cron().ok().stdout("").stderr("");
    sandbox.create(ODD_NAME, &[]);
    let outcome = cron();
    assert!(outcome.ok().stdout.contains("never-expires (1)"), "{outcome:#?}");
    assert!(outcome.stdout.contains(ODD_NAME), "{outcome:#?}");
}
